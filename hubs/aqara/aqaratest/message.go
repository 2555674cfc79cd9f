package aqaratest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// hear handles one message of a client. It reports whether the socket lives on.
func (s *Studio) hear(ctx context.Context, r *http.Request, sk *socket, text bool, raw []byte) bool {
	q := s.beginMessage(r, sk, raw)
	if !fault.Pause(ctx, q.Before) {
		return false
	}
	if !q.AfterWork() {
		return s.strikeMessage(ctx, q, nil)
	}
	plain := q.Decisive == nil && q.Later == 0
	out := s.processMessage(q, text, plain)
	return plain || fault.Pause(ctx, q.Later) && s.strikeMessage(ctx, q, out)
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
	s.record(q, fault.Request{Name: q.kind, Role: fault.Message})
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
		sk.line.Say(out.body)
	}
	if fresh && s.opts.Snapshot == SnapshotAfter {
		s.snapshot(sk, q.now)
	}
	if q.doomed || q.kind == "AuthRequest" && sk.token == "" && a.code != codeParse {
		sk.shut(closePolicy, "unauthorized") // not before the answer is in the queue
	}
	return out.body
}

// strikeMessage answers a message in the way of its fault, if there is one; out is the
// right answer. It reports whether the socket lives on.
func (s *Studio) strikeMessage(ctx context.Context, q *request, out []byte) bool {
	if f := q.Decisive; f != nil {
		switch {
		case f.Kind == fault.Hang, f.Kind == fault.LostReply, f.Kind == fault.Empty:
			return true
		case f.Kind == fault.Reset, f.Kind == fault.Cut:
			return false
		case q.Spoils():
			out = s.faults.Spoiled(*f, out)
		default:
			r := q.http.WithContext(ctx)
			r.Body = io.NopCloser(bytes.NewReader(q.raw))
			out = fault.Record(func(w http.ResponseWriter) { s.faults.Reply(w, r, *f) }).Body
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q.via.line.Say(out)
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
	var why string
	if strings.HasSuffix(q.kind, "AllRequest") {
		why = q.via.subscribeDevices(q.kind == "SubscribeAllRequest", q.data)
	} else {
		why = q.via.subscribeTraits(q.kind == "SubscribeTraitValueRequest", q.data)
	}
	if why != "" {
		return unreadable(why)
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
