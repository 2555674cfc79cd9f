package aqara

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/crew"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/socket"
)

const (
	maxMessage     = 16 << 20         // of one push: a snapshot of a large home fits
	dialLimit      = 10 * time.Second // until the WebSocket is open
	subscribeLimit = 10 * time.Second // until the subscription is confirmed
)

// The ways in which a stream ends that Watch has an answer to.
var (
	errRenewed = errors.New("aqara: push: another token counts now")
	errDoubt   = errors.New("aqara: push: the token was refused")
)

// pushMemory is what one stream leaves to the next.
type pushMemory struct {
	sink      hubs.Sink              // of the stream that stands; nil: none does
	greets    bool                   // the Studio wants to be told the token in a message
	strangers map[hubs.DeviceID]bool // devices that pushed but are not known, asked about once
	recent    ring                   // messages of values, to know copies of them
}

// Watch implements hubs.Watcher. It ends when the connection does; only a change of the
// token, which ends every old one, is seen to here. Alive is called once the
// subscription stands, not before: the poll it brings about must not miss what happens
// in between. From then on every message and every pong calls it, so that a stream
// without Alive for a minute is dead or mute, however quiet the home is.
//
// The Studio does not say what it does with a bad token. Any sign of one is checked
// over HTTP, where a refusal is plain and the token manager knows what to do: its word
// decides whether a human is needed.
func (h *hub) Watch(ctx context.Context, to hubs.Sink) error {
	for first, retold := true, false; ; first = false {
		changed := h.client.tokens.Changed() // before Token: no change in between gets lost
		tok, err := h.client.tokens.Token(ctx)
		if err != nil {
			return err
		}
		if !first {
			to.Relist("the stream is opened anew, with another token")
		}
		stood, err := h.stream(ctx, to, tok, changed)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		again, err := h.judge(ctx, tok, err)
		if errors.Is(err, errDoubt) {
			if !stood && !retold { // HTTP takes the token, the WebSocket does not: say it the other way
				retold = true
				h.mu.Lock()
				h.push.greets = !h.push.greets
				h.mu.Unlock()
				continue
			}
			err = pushError(hubs.Transient, "the Studio hung up on a token that it takes elsewhere")
		}
		if !again {
			return err
		}
	}
}

// judge says what follows the end of a stream: another one at once, or an error, which
// is errDoubt if nobody but the WebSocket refuses the token.
func (h *hub) judge(ctx context.Context, tok auth.Token, end error) (again bool, err error) {
	another := func() (bool, error) {
		next, err := h.client.tokens.Token(ctx)
		if err == nil && next.Access.Equal(tok.Access) {
			err = end
		}
		return err == nil, err
	}
	if again, err = another(); again || !errors.Is(err, errDoubt) {
		return again, err
	}
	if _, err := h.list(ctx); err != nil {
		return false, err
	}
	return another()
}

// stream is one connection.
type stream struct {
	hub  *hub
	to   hubs.Sink
	conn *websocket.Conn
	log  func(msg, key string, value text)
	up   chan struct{} // closed once the subscription stands
	wish chan string   // reasons for a new inventory
	end  context.CancelCauseFunc
	beat heart
	sent []auth.Secret // the token, which the Studio may quote
	// tasks are waited for before the stream is left.
	tasks *crew.Crew
}

// stream opens one connection and listens to it until it breaks; stood tells whether
// the subscription ever did.
func (h *hub) stream(
	ctx context.Context, to hubs.Sink, tok auth.Token, changed <-chan struct{},
) (stood bool, err error) {
	conn, err := h.dial(ctx, tok)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.CloseNow() }() // broken already, mostly
	ctx, end := context.WithCancelCause(ctx)
	s := &stream{
		hub: h, to: to, conn: conn, end: end, up: make(chan struct{}), wish: make(chan string, 1), beat: newHeart(),
		tasks: crew.New(end), sent: []auth.Secret{tok.Access, tok.Refresh},
		log: func(msg, key string, value text) { h.log.Debug().Str(key, harmless(value)).Msg(msg) },
	}
	defer s.tasks.Wait()
	defer end(nil)
	defer s.leave()
	s.tasks.Go(func() { s.awaitToken(ctx, tok, changed) })
	s.tasks.Go(func() { s.passWishes(ctx) })
	s.tasks.Go(func() { s.keepAlive(ctx) })
	if err := s.open(ctx, tok); err != nil {
		return false, s.ended(ctx, err)
	}
	for err == nil {
		var raw []byte
		if _, raw, err = conn.Read(ctx); err == nil {
			err = s.hear(ctx, raw)
		}
	}
	return s.stands(), s.ended(ctx, err)
}

// awaitToken ends the stream when another token counts. A change may be older than tok:
// the token that ended the need for a login is one.
func (s *stream) awaitToken(ctx context.Context, tok auth.Token, changed <-chan struct{}) {
	tokens := s.hub.client.tokens
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		changed = tokens.Changed()
		if next, err := tokens.Token(ctx); err != nil || !next.Access.Equal(tok.Access) {
			s.end(errRenewed)
			return
		}
	}
}

// dial opens the WebSocket. The token goes along in the header, which needs no answer.
func (h *hub) dial(ctx context.Context, tok auth.Token) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	//nolint:bodyclose // Dial says that there is never a need to
	conn, resp, err := websocket.Dial(ctx, h.client.base+socketPath, &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport: h.client.http,
			// A token is for the address that the user gave, and for no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader: http.Header{"Authorization": {"Bearer " + tok.Access.Reveal()}},
	})
	if err == nil {
		conn.SetReadLimit(maxMessage)
		return conn, nil
	}
	if resp == nil {
		return nil, broken("no connection", err)
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, errDoubt
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e := pushError(hubs.Refused, "this Studio has no WebSocket")
		e.Code = "404"
		return nil, e
	case http.StatusTooManyRequests:
		e := pushError(hubs.Limited, "the Studio asks for fewer connections")
		e.Code, e.After = "429", rest.RetryAfter(resp.Header)
		return nil, e
	}
	e := broken("no WebSocket", err)
	e.After = rest.RetryAfter(resp.Header)
	return nil, e
}

// open says who we are, where that is needed, and what we want to know: everything.
// Nothing is asked for before the subscription: what the poll after it brings is then
// older than what it misses.
func (s *stream) open(ctx context.Context, tok auth.Token) error {
	s.hub.mu.Lock()
	greets := s.hub.push.greets
	s.hub.push.strangers = map[hubs.DeviceID]bool{}
	s.hub.rest.asked = time.Time{} // it may be another Studio after an update
	s.hub.mu.Unlock()
	if greets {
		_, err := s.send(ctx, typeAuth, map[string]string{"authType": "token", "token": "Bearer " + tok.Access.Reveal()})
		if err != nil {
			return err
		}
	}
	_, err := s.send(ctx, typeSubscribeAll, nil)
	return err
}

// ended says why the stream ended: what was decided here counts more than what that
// did to the connection. A close at once is how a Studio may refuse a token.
func (s *stream) ended(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	if websocket.CloseStatus(err) == websocket.StatusPolicyViolation || !s.stands() && isBreak(err) {
		return errDoubt
	}
	if _, ok := errors.AsType[*hubs.Error](err); ok || errors.Is(err, errDoubt) {
		return err
	}
	return broken("the connection broke", err)
}

// stands tells whether the subscription is confirmed.
func (s *stream) stands() bool {
	select {
	case <-s.up:
		return true
	default:
		return false
	}
}

// isBreak tells the end of a connection from what we made of a message.
func isBreak(err error) bool {
	_, ours := errors.AsType[*hubs.Error](err)
	return !ours
}

// hear takes one message.
func (s *stream) hear(ctx context.Context, raw []byte) error {
	var m wireMessage
	if !isObject(raw, &m) {
		s.log("push: what is no message", "type", "")
		s.alive()
		return nil
	}
	switch {
	case strings.EqualFold(string(m.Type), typeNews):
		s.stand()
		s.news(m.MsgID, m.Data)
	case strings.EqualFold(string(m.Type), typeObject):
		s.stand()
		s.object(ctx, m.Data)
	case m.Type == typeFailure || m.Code.Known && m.Code.Whole() != 0:
		if err := s.failure(&m); err != nil {
			return err
		}
	case m.Type == typeSubscribed:
		s.stand()
	case s.beat.answered(string(m.MsgID)):
	default:
		s.log("push: a message that nobody asked for", "type", m.Type)
	}
	s.alive()
	return nil
}

// stand notes that the subscription stands. Readers of the stream alone call it.
func (s *stream) stand() {
	if s.stands() {
		return
	}
	close(s.up)
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.push.sink = s.to
}

func (s *stream) leave() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.push.sink = nil
}

func (s *stream) alive() {
	s.beat.heard()
	if s.stands() {
		s.to.Alive()
	}
}

// failure is about an ErrorMessage, whose id may be lost. Nothing is pending but the
// first messages and, once these are answered, a ping: whatever the Studio says of that,
// it lives.
func (s *stream) failure(m *wireMessage) error {
	m.sent = s.sent
	code := m.Code.Whole()
	switch {
	case code == codeToken, code == codeTokenOld:
		return errDoubt
	case s.stands():
		s.beat.refused(string(m.MsgID), code)
		s.hub.log.Debug().Int("code", code).Msg("push: the Studio does not take a message" + m.says(m.Message))
		return nil
	case s.beat.greeted(string(m.MsgID)):
		return nil // an older Studio: it has the header
	case code == codeScope:
		e := pushError(hubs.Misconfigured, "the Studio does not allow this token to subscribe")
		e.Code, e.Hint = "403", scopeHint(apiRead)
		return e
	case code == codeTooMany:
		return pushError(hubs.Limited, "the Studio asks for fewer connections")
	}
	e := pushError(hubs.Refused, "the Studio does not take the subscription"+m.says(m.Message))
	e.Code = "" // its codes mean nothing here
	return e
}

// harmless lets the names of messages through, and nothing that could be a token.
func harmless(s text) string {
	const most = 40
	other := func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }
	if len(s) > most || strings.ContainsFunc(string(s), other) {
		return "?"
	}
	return string(s)
}

const pushName = "aqara: push"

func pushError(f hubs.Fault, what string) *hubs.Error { return socket.Fail(pushName, f, what) }

// broken is about the connection.
func broken(what string, err error) *hubs.Error { return socket.Broken(pushName, what, err) }
