package tuya

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/crew"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/socket"
)

const (
	pulsarName = "tuya: push"
	maxMessage = 1 << 20
	dialLimit  = 10 * time.Second
	pingEvery  = 30 * time.Second
	pongLimit  = 10 * time.Second
	ackLimit   = 5 * time.Second
	ackQueue   = 1000
)

const (
	serviceOffHint = "Switch the Message Service on in the project on " + console + " (Message Service page, for the environment that PUSH_ENV names) and check that the project has the service Device Status Notification."
	hostHint       = "Give the address of the message service of your data centre in PUSH_URL, or set PUSH=mqtt."
)

// pulsar is one connection to the message service. It gives each message until it is
// acknowledged, which is done once the message is merged: none gets lost on the way.
type pulsar struct {
	*listener
	conn *websocket.Conn
	end  context.CancelCauseFunc
	// acks are the ids to acknowledge. They are written apart from the reading: where both
	// sides only write, both wait for ever.
	acks chan string
}

// watchPulsar opens the message service and listens to it until it breaks.
func (h *hub) watchPulsar(ctx context.Context, l *listener) error {
	conn, err := h.dialPulsar(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }() // broken already, mostly
	ctx, end := context.WithCancelCause(ctx)
	p := &pulsar{listener: l, conn: conn, end: end, acks: make(chan string, ackQueue)}
	tasks := crew.New(end)
	defer tasks.Wait()
	defer end(nil)
	tasks.Go(func() { p.keepAlive(ctx) })
	tasks.Go(func() { p.acknowledge(ctx) })
	for {
		_, raw, err := conn.Read(ctx)
		if err == nil {
			err = p.hear(ctx, raw)
		}
		switch why := context.Cause(ctx); {
		case err == nil:
		case why != nil:
			return why
		default:
			return socket.Broken(pulsarName, "the connection broke", err)
		}
	}
}

// dialPulsar opens the WebSocket. Certificates are verified, though the vendor's own
// programs do not.
func (h *hub) dialPulsar(ctx context.Context) (*websocket.Conn, error) {
	if h.cfg.pulsar == "" {
		e := socket.Fail(pulsarName, hubs.Misconfigured, "nobody wrote down where the message service of this data centre is")
		e.Hint = hostHint
		return nil, e
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	id, secret := h.client.id, h.client.secret.reveal()
	//nolint:bodyclose // Dial says that there is never a need to
	conn, resp, err := websocket.Dial(ctx, h.cfg.pulsar+"/ws/v2/consumer/persistent/"+id+"/out/"+h.cfg.topic+"/"+id+
		"-sub?ackTimeoutMillis=3000&subscriptionType=Failover", &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport: h.client.http,
			// A password is for the address that it was meant for, and for no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader: http.Header{"username": {id}, "password": {pushPassword(id, secret)}}, //nolint:canonicalheader // as documented
	})
	if err == nil {
		conn.SetReadLimit(maxMessage)
		return conn, nil
	}
	if resp == nil {
		return nil, socket.Broken(pulsarName, "no connection", err)
	}
	return nil, h.refusedPulsar(resp, err)
}

func (h *hub) refusedPulsar(resp *http.Response, err error) error {
	status := strconv.Itoa(resp.StatusCode)
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		if h.client.secret.renew() {
			return socket.Fail(pulsarName, hubs.Transient, "the secret in the settings is another one by now")
		}
		e := socket.Fail(pulsarName, hubs.Misconfigured, "the message service does not take this project")
		e.Code, e.Hint = status, serviceOffHint
		return e
	case http.StatusTooManyRequests:
		e := socket.Fail(pulsarName, hubs.Limited, "the message service asks for fewer connections")
		e.Code, e.After = status, rest.RetryAfter(resp.Header)
		return e
	}
	e := socket.Broken(pulsarName, "no WebSocket", err)
	e.Code, e.After = status, rest.RetryAfter(resp.Header)
	return e
}

// keepAlive ends the stream when nobody answers any more. That it is open is believed
// once it has answered.
func (p *pulsar) keepAlive(ctx context.Context) {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for first := true; ; first = false {
		if !first {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
		pong, cancel := context.WithTimeout(ctx, pongLimit)
		err := p.conn.Ping(pong)
		cancel()
		if err != nil {
			p.end(socket.Fail(pulsarName, hubs.Transient, "the message service no longer answers"))
			return
		}
		if first {
			p.stands(true)
			continue
		}
		p.to.Alive()
	}
}

// frame is one message of the WebSocket.
type frame struct {
	ID         loose.Text `json:"messageId"`
	Payload    loose.Text `json:"payload"`
	Properties struct {
		Mode loose.Text `json:"em"`
	} `json:"properties"`
}

// hear merges a message, then acknowledges it: what cannot be opened too, since it would
// come again for ever.
func (p *pulsar) hear(ctx context.Context, raw []byte) error {
	p.to.Alive()
	var f frame
	if json.Unmarshal(raw, &f) != nil || f.ID == "" {
		return nil //nolint:nilerr // an answer to an acknowledgement
	}
	n, err := p.hub.openFrame(&f)
	p.sealed(err)
	if err == nil {
		p.take(n)
	}
	select {
	case p.acks <- string(f.ID):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// acknowledge writes what hear has merged.
func (p *pulsar) acknowledge(ctx context.Context) {
	for {
		var id string
		select {
		case <-ctx.Done():
			return
		case id = <-p.acks:
		}
		raw, err := json.Marshal(map[string]string{"messageId": id})
		if err == nil {
			written, cancel := context.WithTimeout(ctx, ackLimit)
			err = p.conn.Write(written, websocket.MessageText, raw)
			cancel()
		}
		if err != nil {
			p.end(socket.Broken(pulsarName, "no acknowledgement can be sent", err))
			return
		}
	}
}

// openFrame takes the wrappings off a message. Where the key does not fit, the secret may
// have been replaced since it was read.
func (h *hub) openFrame(f *frame) (news, error) {
	n, err := readFrame(f, h.client.secret.reveal())
	if (errors.Is(err, errSealed) || errors.Is(err, errMessage)) && h.client.secret.renew() {
		return readFrame(f, h.client.secret.reveal())
	}
	return n, err
}

func readFrame(f *frame, secret string) (news, error) {
	payload, err := decode64(string(f.Payload))
	if err != nil {
		return news{}, err
	}
	var outer wireOuter
	if json.Unmarshal(payload, &outer) != nil {
		return news{}, errMessage
	}
	key, err := pushKey(secret)
	if err != nil {
		return news{}, err
	}
	plain, err := openPulsar(string(outer.Data), string(f.Properties.Mode), key)
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

// sealed says once that messages cannot be opened, and once that they can again.
func (l *listener) sealed(err error) {
	h := l.hub
	h.mu.Lock()
	changed := h.push.sealed != (err != nil)
	h.push.sealed = err != nil
	h.mu.Unlock()
	if changed {
		h.log.Warn().Err(err).Bool("sealed", err != nil).Msg("what is pushed cannot be read: is ACCESS_SECRET that of the project?")
	}
}
