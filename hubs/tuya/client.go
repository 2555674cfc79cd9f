package tuya

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// tokens gives calls their rights.
type tokens interface {
	Do(ctx context.Context, call func(context.Context, auth.Token) error) error
}

// client makes signed calls, with the token of the moment.
type client struct {
	rest   *rest.Client
	http   http.RoundTripper // for the WebSocket
	tokens tokens
	base   string
	id     string // the Access ID
	secret *secret
	clock  skew
	fight  *fight
	log    zerolog.Logger
}

// request is one call of the API.
type request struct {
	name   string // what people read: "device list"
	method string // empty: GET, or POST with a body
	path   string
	query  []field
	body   any
	lists  bool // it is about the whole account: what it is denied is the settings' fault
}

// do makes a call and gives its result.
func (c *client) do(ctx context.Context, call request) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.tokens.Do(ctx, func(ctx context.Context, t auth.Token) error {
		got, err := c.send(ctx, call, t.Access)
		c.fight.note(t, err)
		out = got
		return err
	})
	if err != nil {
		return nil, c.fight.explain(err, call.name)
	}
	return out, nil
}

// send makes a call with a token, or with none for calls that give one. What was refused
// for the time in it or for its signature was not done: it is sent once more if the
// answer tells the time, or if the settings hold another secret by now.
func (c *client) send(ctx context.Context, call request, token auth.Secret) (json.RawMessage, error) {
	before := c.clock.ahead()
	got, err := c.once(ctx, call, token)
	switch {
	case isCode(err, codeTime) && c.clock.ahead() != before:
	case (isCode(err, codeSign) || isCode(err, codeSecret)) && c.secret.renew():
	default:
		return got, err
	}
	return c.once(ctx, call, token)
}

func (c *client) once(ctx context.Context, call request, token auth.Secret) (json.RawMessage, error) {
	u := unsigned{method: call.method, path: call.path, query: call.query}
	var body any
	if call.body != nil {
		raw, err := json.Marshal(call.body)
		if err != nil {
			return nil, &hubs.Error{Fault: hubs.Bug, Err: errors.New("tuya: " + call.name + ": the request cannot be written as JSON")}
		}
		// Written once: what is signed is what is sent.
		u.body, body = raw, json.RawMessage(raw)
	}
	if u.method == "" {
		u.method = http.MethodGet
		if body != nil {
			u.method = http.MethodPost
		}
	}
	var e envelope
	sent := time.Now()
	err := c.rest.Do(ctx, rest.Call{
		Name: call.name, Method: u.method, URL: c.base + u.wirePath(), Header: c.header(&u, token), Body: body,
		Once: token == "", // a refresh token works once: a lost answer must be told
		Classify: func(status int, header http.Header, raw []byte) (err error) {
			if token != "" { // an answer that gives a token is kept nowhere
				rest.Record(ctx, call.name, status, raw)
			}
			e, err = c.open(&call, status, header, raw, sent, token)
			return err
		},
	})
	if err != nil {
		if e.trace != "" {
			c.log.Debug().Str("call", call.name).Str("tid", e.trace).Int("code", e.code).Msg("Tuya's id of a call that failed")
		}
		return nil, err
	}
	return e.result, nil
}

// open takes the envelope off an answer.
func (c *client) open(call *request, status int, header http.Header, raw []byte, sent time.Time, token auth.Secret) (envelope, error) {
	e, ok := parseEnvelope(raw)
	c.clock.learn(e, header, sent)
	switch {
	case !ok && status/100 == 2:
		return e, rest.Garbage("answered something that Tuya's cloud does not")
	case !ok || e.ok:
		return e, nil // the status says it all
	}
	return e, classify(call, header, e, token, auth.Secret(c.secret.reveal()), auth.Secret(c.id))
}

func (c *client) header(u *unsigned, token auth.Secret) http.Header {
	millis := strconv.FormatInt(c.clock.now().UnixMilli(), 10)
	nonce := newNonce()
	// The names are written as Tuya has them, in lower case; net/http and every server
	// treat them alike.
	h := http.Header{}
	h.Set("client_id", c.id)
	h.Set("sign", u.sign(c.secret.reveal(), c.id, token.Reveal(), millis, nonce))
	h.Set("sign_method", "HMAC-SHA256")
	h.Set("t", millis)
	h.Set("nonce", nonce)
	h.Set("lang", "en")
	if token != "" {
		h.Set("access_token", token.Reveal())
	}
	return h
}

func newNonce() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
