package tuya

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/crew"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/socket"
)

const (
	mqttName     = "tuya: push over MQTT"
	mqttQueue    = 1024 // messages that wait to be merged
	mqttDial     = 10 * time.Second
	mqttAlive    = 30 * time.Second
	mqttCheck    = 20 * time.Second // how often the connection is looked at
	shortestMQTT = time.Minute
)

// errRenew ends a connection whose password is about to end.
var errRenew = errors.New("tuya: push over MQTT: the password is about to end")

// access is what one MQTT connection needs. It ends by itself after some two hours.
type access struct {
	url, client, user string
	password          auth.Secret
	topics            []string
	life              time.Duration
}

// watchMQTT listens to the channels of all accounts until one of them breaks. Unlike the
// message service this one keeps nothing: after each new connection the list is needed.
func (h *hub) watchMQTT(ctx context.Context, l *listener) error {
	uids := h.uids()
	if len(uids) == 0 {
		return socket.Fail(mqttName, hubs.Transient, "the account is not known before the devices were listed")
	}
	link := h.linkID(ctx)
	for first := true; ; first = false {
		stands := func() {
			l.stands(false)
			if !first { // not before: what happens until then nobody tells
				l.to.Relist("the stream was opened anew, with another password")
			}
		}
		if err := h.channels(ctx, l, uids, link, stands); !errors.Is(err, errRenew) {
			return err
		}
	}
}

// channels holds one connection for each account. It calls stands when all are open, and
// ends when the first of them does.
func (h *hub) channels(ctx context.Context, l *listener, uids []string, link string, stands func()) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	tasks := crew.New(end)
	defer tasks.Wait()
	ready := make(chan struct{}, len(uids))
	for i, uid := range uids {
		tasks.Go(func() { end(h.channel(ctx, l, uid, fmt.Sprintf("%s.%d", link, i), ready)) })
	}
	for range uids {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ready:
		}
	}
	stands()
	<-ctx.Done()
	return context.Cause(ctx)
}

// channel is the connection of one account: from its password to its end.
func (h *hub) channel(ctx context.Context, l *listener, uid, link string, ready chan<- struct{}) error {
	a, err := h.askAccess(ctx, uid, link)
	if err != nil {
		return err
	}
	lost := make(chan error, 1)
	messages := make(chan []byte, mqttQueue)
	o := mqttOptions(a, messages, lost)
	o.SetCustomOpenConnectionFn(func(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
		conn, err := h.dial(ctx, u)
		if err == nil { // the library would wait for an answer of the broker for as long as it likes
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	})
	c := mqtt.NewClient(o)
	if err := connect(ctx, c); err != nil {
		return err
	}
	// Disconnect waits for what is under way; nobody may be left behind it.
	defer c.Disconnect(100)
	if err := subscribe(ctx, c, a.topics); err != nil {
		return err
	}
	ready <- struct{}{}
	key, err := pushKey(a.password.Reveal())
	if err != nil {
		return socket.Fail(mqttName, hubs.Transient, "the password that was given has no key in it")
	}
	share := 0.7 + 0.1*mathrand.Float64()
	renew := time.NewTimer(time.Duration(float64(max(a.life, shortestMQTT)) * share))
	defer renew.Stop()
	check := time.NewTicker(mqttCheck)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-renew.C:
			return errRenew
		case err := <-lost:
			return err
		case raw := <-messages:
			n, err := readMQTT(raw, key)
			l.sealed(err)
			l.to.Alive()
			if err == nil {
				l.take(n)
			}
		case <-check.C:
			if c.IsConnectionOpen() { // the library's own pings see to it
				l.to.Alive()
			}
		}
	}
}

// readMQTT takes the wrappings off a message. The time in the envelope is taken as it is
// printed, since the encryption is bound to that.
func readMQTT(raw, key []byte) (news, error) {
	var outer wireOuter
	if json.Unmarshal(raw, &outer) != nil {
		return news{}, errMessage
	}
	printed, _ := loose.Unquote(outer.T)
	plain, err := openMQTT(string(outer.Data), printed, key)
	if err != nil {
		return news{}, err
	}
	n, err := readNews(plain)
	if n.at.IsZero() {
		var t loose.Time
		_ = t.UnmarshalJSON(outer.T) // it never fails
		n.at = t.Time
	}
	return n, err
}

// mqttOptions: we open connections anew ourselves, with another password, so the library
// must not; its handler only passes messages on, and never waits.
func mqttOptions(a access, messages chan<- []byte, lost chan<- error) *mqtt.ClientOptions {
	end := func(err error) {
		select {
		case lost <- err:
		default:
		}
	}
	return mqtt.NewClientOptions().AddBroker(a.url).SetClientID(a.client).
		SetUsername(a.user).SetPassword(a.password.Reveal()).
		SetProtocolVersion(4).SetCleanSession(true).SetOrderMatters(true).
		SetAutoReconnect(false).SetConnectRetry(false).
		SetConnectTimeout(mqttDial).SetWriteTimeout(5 * time.Second).
		SetKeepAlive(mqttAlive).SetPingTimeout(10 * time.Second).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { end(socket.Broken(mqttName, "the connection broke", err)) }).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
			select {
			case messages <- m.Payload():
			default: // the reader hangs: what got lost is in the list
				end(socket.Fail(mqttName, hubs.Transient, "messages come faster than they can be merged"))
			}
		})
}

// dialMQTT opens a connection, and lets the certificate be verified where there is TLS.
func dialMQTT(ctx context.Context, u *url.URL) (net.Conn, error) {
	d := &net.Dialer{Timeout: mqttDial}
	dial := d.DialContext
	if slices.Contains([]string{"ssl", "tls", "mqtts"}, strings.ToLower(u.Scheme)) {
		dial = (&tls.Dialer{NetDialer: d, Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext
	}
	return dial(ctx, "tcp", u.Host)
}

// connect waits for the connection, or for ctx.
func connect(ctx context.Context, c mqtt.Client) error {
	t := c.Connect()
	err := await(ctx, t)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		<-t.Done() // its connection has ended with ctx
		return context.Cause(ctx)
	}
	return socket.Broken(mqttName, "no connection", err)
}

// subscribe wants each topic confirmed: a refusal is no error to the library.
func subscribe(ctx context.Context, c mqtt.Client, topics []string) error {
	filters := make(map[string]byte, len(topics))
	for _, topic := range topics {
		filters[topic] = 0
	}
	t := c.SubscribeMultiple(filters, nil)
	if err := await(ctx, t); err != nil {
		return socket.Broken(mqttName, "no subscription", err)
	}
	if s, ok := t.(*mqtt.SubscribeToken); ok {
		for _, qos := range s.Result() {
			if qos > 2 {
				return socket.Fail(mqttName, hubs.Refused, "the broker refuses a topic")
			}
		}
	}
	return nil
}

func await(ctx context.Context, t mqtt.Token) error {
	limit := time.NewTimer(2 * mqttDial)
	defer limit.Stop()
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return ctx.Err()
	case <-limit.C:
		return context.DeadlineExceeded
	}
}

// askAccess asks for the password of one account's channel, by the call of today or by
// the older one.
func (h *hub) askAccess(ctx context.Context, uid, link string) (access, error) {
	body := map[string]string{
		"uid": uid, "link_id": link, "link_type": "mqtt", "topics": "device", "msg_encrypted_version": "2.0",
	}
	raw, err := h.firstOf(ctx,
		request{name: "push access", path: "/v1.0/iot-03/open-hub/access-config", body: body},
		request{name: "push access", path: "/v1.0/open-hub/access/config", body: body})
	if err != nil {
		return access{}, err
	}
	var w struct {
		URL      loose.Text            `json:"url"`
		Client   loose.Text            `json:"client_id"`
		User     loose.Text            `json:"username"`
		Password loose.Text            `json:"password"`
		Life     loose.Number          `json:"expire_time"`
		Topics   map[string]loose.Text `json:"source_topic"`
	}
	if json.Unmarshal(raw, &w) != nil {
		return access{}, shape("push access", "answered something else")
	}
	a := access{
		url: string(w.URL), client: string(w.Client), user: string(w.User), password: auth.Secret(w.Password),
		life: 2 * time.Hour,
	}
	if w.Life.F > 0 && w.Life.F < 1e7 {
		a.life = time.Duration(w.Life.F * float64(time.Second))
	}
	for _, topic := range slices.Sorted(maps.Values(w.Topics)) {
		if topic != "" {
			a.topics = append(a.topics, string(topic))
		}
	}
	u, err := url.Parse(a.url)
	if err != nil || u.Host == "" || !slices.Contains([]string{"ssl", "tls", "mqtts", "tcp", "mqtt"}, strings.ToLower(u.Scheme)) || len(a.topics) == 0 {
		return access{}, shape("push access", "answered without an address or topic")
	}
	return a, nil
}

// linkID names this installation to the cloud, for ever: two with one name would cut each
// other off.
func (h *hub) linkID(ctx context.Context) string {
	var id string
	if h.cache.get(ctx, "link", &id) && id != "" {
		return id
	}
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	id = "hub2mqtt." + hex.EncodeToString(b)
	h.cache.put(ctx, "link", id)
	return id
}
