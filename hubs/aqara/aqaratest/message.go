package aqaratest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// hear handles one message of a client. It reports whether the socket lives on.
func (s *Studio) hear(ctx context.Context, r *http.Request, sk *socket, text bool, raw []byte) bool {
	q := s.beginMessage(r, sk, raw)
	if !pause(ctx, q.before) {
		return false
	}
	f := q.decisive
	if f != nil && !f.after() {
		return s.strikeMessage(sk, q, f, nil)
	}
	out := s.processMessage(q, text, f == nil && q.later == 0)
	if f == nil && q.later == 0 {
		return true
	}
	if !pause(ctx, q.later) {
		return false
	}
	return s.strikeMessage(sk, q, f, out)
}

func (s *Studio) beginMessage(r *http.Request, sk *socket, raw []byte) *request {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.news()
	q.http, q.raw, q.via = r, raw, sk
	q.now = time.Now()
	q.kind, q.msgID, q.data = sniff(raw)
	q.call = &Call{
		At: q.now, Socket: true, Path: r.URL.Path, Type: q.kind, MsgID: q.msgID, Data: q.data,
		Items: countItems(q.data), Body: string(raw),
	}
	s.record(q)
	return q
}

// processMessage answers, and sends the answer itself if it may: nothing can come
// between an answer and the pushes after it then.
func (s *Studio) processMessage(q *request, text, send bool) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(q.now)
	sk := q.via
	a := unreadable("binary frame")
	if text {
		a = s.socketMessage(q)
	}
	if a.refused != "" {
		s.counters.Refused++
	}
	out := s.render(q, a)
	q.call.Status = http.StatusOK
	fresh := a.code == 0 && strings.HasPrefix(q.kind, "Subscribe")
	if fresh && s.opts.Snapshot == SnapshotBefore {
		s.snapshot(sk, q.now)
	}
	if send {
		s.say(sk, out.body)
	}
	if fresh && s.opts.Snapshot == SnapshotAfter {
		s.snapshot(sk, q.now)
	}
	if q.doomed || q.kind == "AuthRequest" && sk.token == "" && a.code != codeParse {
		sk.shut(closePolicy, "unauthorized") // not before the answer is in the queue
	}
	return out.body
}

// strikeMessage is strike for a message on a socket; f may be nil.
func (s *Studio) strikeMessage(sk *socket, q *request, f *Fault, out []byte) bool {
	kind := Kind("")
	if f != nil {
		kind = f.Kind
	}
	switch kind {
	case Hang, LostReply, Empty200:
		return true
	case Reset, Cut:
		return false
	case Truncated:
		out = out[:len(out)/2]
	case WrongTypes:
		out = rewrite(out, func(_ string, v any) any { return otherType(v) })
	case LooseValues:
		out = rewrite(out, loose)
	case Huge:
		out = errorMessage(q.msgID, 0, strings.Repeat("a", f.Size<<20))
	case "":
	default:
		out = f.replace(q, s.opts.ExpiredCode).body
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say(sk, out)
	return true
}

// socketMessage answers a message on a WebSocket.
func (s *Studio) socketMessage(q *request) answer {
	in, bad := s.openEnvelope(q)
	if bad != nil {
		return *bad
	}
	q.data, _ = in.get("data", false)
	if q.kind == "AuthRequest" && !s.opts.NoAuthRequest {
		return s.authMessage(q)
	}
	if why := s.socketToken(q); why != "" {
		return s.tokenRefused(q, why)
	}
	switch q.kind {
	case "ping":
		if !s.opts.NoPing {
			a := done("pong")
			a.kind, a.message = "pong", "success"
			return a
		}
	case "SubscribeAllRequest", "UnsubscribeAllRequest", "SubscribeTraitValueRequest", "UnsubscribeTraitValueRequest":
		return s.subscription(q)
	}
	op, ok := s.ops[q.kind]
	if !ok || s.opts.NoQueries {
		return unreadable("Serializer for subclass '" + q.kind + "' is not found in the polymorphic scope of 'Message'")
	}
	if !s.inScope(op.scope) {
		return refusal(http.StatusForbidden, codeScope, "no permission for "+op.scope)
	}
	return op.do(q)
}

func (s *Studio) socketToken(q *request) string {
	switch {
	case q.via.token == "":
		return "not authenticated yet"
	case s.opts.OutliveToken:
		return ""
	}
	why := s.checkAccess(q.via.token, q.now, false)
	if why != "" {
		q.doomed = true
	}
	return why
}

func (s *Studio) authMessage(q *request) answer {
	in := q.object("authType", "token")
	kind, header := in.str("authType", true), in.str("token", true)
	if in.fault != "" {
		return unreadable(in.fault)
	}
	if kind != "token" {
		return badParam("authType must be token")
	}
	token, why := bearer([]string{header})
	if why == "" {
		why = s.checkAccess(token, q.now, false)
	}
	if why != "" {
		return s.tokenRefused(q, why)
	}
	q.via.token = token
	a := done("")
	a.message = "Authentication successful. Welcome admin"
	return a
}

// subscription changes what a socket wants to hear.
func (s *Studio) subscription(q *request) answer {
	const scope = "/devices/trait/read"
	if !s.inScope(scope) {
		return refusal(http.StatusForbidden, codeScope, "no permission for "+scope)
	}
	var fault string
	if strings.HasSuffix(q.kind, "AllRequest") {
		fault = q.via.subscribeDevices(q.kind == "SubscribeAllRequest", q.data)
	} else {
		fault = q.via.subscribeTraits(q.kind == "SubscribeTraitValueRequest", q.data)
	}
	if fault != "" {
		return unreadable(fault)
	}
	if strings.HasPrefix(q.kind, "Subscribe") {
		q.via.subscribed = true
	}
	a := done("")
	a.message = "success"
	return a
}

func (sk *socket) subscribeDevices(on bool, data json.RawMessage) (fault string) {
	var ids []string
	if data != nil {
		in := parseObject([]byte(`{"data":`+string(data)+"}"), "$", "data")
		if ids = in.strings("data", true); in.fault != "" {
			return in.fault
		}
	}
	sk.traits = nil
	switch {
	case on && data == nil:
		sk.all, sk.devices = true, nil
	case on && len(ids) > 0:
		sk.all = false
		if sk.devices == nil {
			sk.devices = map[string]bool{}
		}
		for _, id := range ids {
			sk.devices[id] = true
		}
	case on: // an empty list: accepted, and nothing is subscribed
	case len(ids) == 0:
		sk.all, sk.devices = false, nil
	default:
		for _, id := range ids {
			delete(sk.devices, id)
		}
	}
	return ""
}

func (sk *socket) subscribeTraits(on bool, data json.RawMessage) (fault string) {
	raw, fault := itemList(data, "$.data")
	if fault != "" {
		return fault
	}
	items, fault := parseReadItems(raw)
	if fault != "" {
		return fault
	}
	if sk.traits == nil {
		sk.traits = map[Address]bool{}
	}
	for _, it := range items {
		for _, code := range it.traits {
			a := it.Address
			a.Trait = code
			if on {
				sk.traits[a] = true
			} else {
				delete(sk.traits, a)
			}
		}
	}
	return ""
}
