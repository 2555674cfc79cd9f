package bridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime/debug"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// mqttLink is one connection, from CONNECT until the library has ended all that served it.
type mqttLink struct {
	client paho.Client
	conn   *mqttConn
	since  time.Time
	lost   chan struct{} // closed when the connection is gone and nothing of it runs any more
	cause  error         // of lost
	giveUp context.CancelFunc

	subscribed map[string]bool
	pending    []mqttShot // sent, and not yet known to have arrived
	weight     int        // their bytes
	unmarked   int        // values sent since the last one that the broker has to confirm
	events     int        // sent since the broker confirmed something
	alone      *mqttShot  // the only one under way
	replay     int        // messages that are left until the replay is done
	online     bool       // was said
}

// connect makes one attempt. A link may come with an ended ctx: it must be closed then.
func (m *MQTT) connect(ctx context.Context, will bool) (*mqttLink, error) {
	secrets, err := m.cfg.Credentials()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMQTTCredentials, err)
	}
	life, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	l := &mqttLink{lost: make(chan struct{}), giveUp: giveUp, subscribed: map[string]bool{}}
	attempt, done := context.WithTimeout(ctx, m.timing.connect)
	defer done()

	o := m.options(secrets, will)
	o.SetConnectionLostHandler(func(_ paho.Client, cause error) {
		l.cause = cause
		close(l.lost)
	})
	var keep func() bool
	var dialled error
	o.SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) {
		conn, err := dialMQTT(attempt, life, m.cfg.URL, secrets)
		if err != nil {
			dialled = err
			return nil, err
		}
		l.conn = conn
		keep = context.AfterFunc(attempt, conn.sever) // ends the wait for CONNACK
		return conn, nil
	})
	l.client = paho.NewClient(o)
	token := l.client.Connect()
	<-token.Done() // the limit is attempt's
	if keep != nil {
		keep()
	}
	if err := token.Error(); err != nil {
		giveUp()
		late, ok := errors.AsType[net.Error](err)
		if ctx.Err() == nil && (attempt.Err() != nil || (ok && late.Timeout())) {
			return nil, fmt.Errorf("%w within %v", errMQTTSilent, m.timing.connect)
		}
		if dialled != nil {
			return nil, dialled
		}
		return nil, fmt.Errorf("%w: %w", errMQTTLogin, err)
	}
	l.since = time.Now()
	return l, nil
}

func (m *MQTT) options(secrets MQTTCredentials, will bool) *paho.ClientOptions {
	username, password := secrets.Username, secrets.Password
	if user := m.cfg.URL.User; user != nil && username == "" && password == "" {
		username = user.Username()
		password, _ = user.Password()
	}
	o := paho.NewClientOptions().
		SetClientID(m.cfg.ClientID).
		SetUsername(username).
		SetPassword(password).
		SetProtocolVersion(4). // or a refusal is answered with a second attempt in 3.1
		SetCleanSession(true). // commands sent while we were away must not be carried out later
		SetOrderMatters(true).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetConnectTimeout(m.timing.connect).
		SetWriteTimeout(time.Second). // for handing a packet over; the connection limits its own writes
		SetKeepAlive(30 * time.Second).
		SetPingTimeout(10 * time.Second).
		SetDefaultPublishHandler(m.receive)
	o.Servers = []*url.URL{{Scheme: "mqtt", Host: m.cfg.URL.Host}} // only to have one: we dial ourselves
	if will && m.cfg.Will.Topic != "" {
		o.SetBinaryWill(m.cfg.Will.Topic, m.cfg.Will.Payload, 1, true)
	}
	return o
}

// receive runs in the library's goroutine: a panic in it would end the program.
func (m *MQTT) receive(_ paho.Client, msg paho.Message) {
	defer func() {
		if p := recover(); p != nil {
			m.log.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Str("topic", msg.Topic()).Msg("message handler failed")
		}
	}()
	m.cfg.OnMessage(msg.Topic(), msg.Payload(), msg.Retained())
}

// gone says whether the connection is lost.
func (l *mqttLink) gone() bool {
	select {
	case <-l.lost:
		return true
	default:
		return false
	}
}

// drop gives the connection up and waits until the library has noticed.
func (l *mqttLink) drop() {
	l.conn.sever()
	<-l.lost
	l.giveUp()
}

// close says goodbye, so that the broker forgets the will, and waits until nothing is left.
func (l *mqttLink) close() {
	l.client.Disconnect(250)
	l.conn.sever()
	l.client.Disconnect(250) // waits for the first, or for a loss under way
	l.giveUp()
}

var (
	errMQTTGone    = errors.New("connection lost")
	errMQTTStopped = errors.New("stopped")
	errMQTTNoAck   = errors.New("the broker does not answer")
)

// publish hands one message over, or finds the link broken: its own limits end the wait.
func (l *mqttLink) publish(topic string, qos byte, retain bool, payload []byte) (paho.Token, error) {
	for range 30 {
		if l.gone() || !l.client.IsConnectionOpen() { // else the library says that all is well and throws it away
			return nil, errMQTTGone
		}
		token := l.client.Publish(topic, qos, retain, payload)
		select {
		case <-token.Done():
			if token.Error() == nil {
				return token, nil
			}
			// Not handed over: what came before is still being written, or the connection is just breaking.
		default:
			return token, nil
		}
	}
	return nil, errMQTTNoAck
}

// await returns when token is complete: written for QoS 0, answered for the others.
func (l *mqttLink) await(ctx context.Context, token paho.Token, limit time.Duration) error {
	select { // mostly so, and spares the timer
	case <-token.Done():
		return token.Error()
	default:
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-l.lost:
		return errMQTTGone
	case <-ctx.Done():
		return errMQTTStopped
	case <-timer.C:
		return errMQTTNoAck
	}
}
