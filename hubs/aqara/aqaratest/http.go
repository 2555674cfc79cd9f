package aqaratest

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"time"
)

// The paths of the API.
const (
	BasePath    = "/open/api/v1"
	RefreshPath = BasePath + "/auth/refresh-token"
	SocketPath  = "/open/ws"
)

const maxBody = 8 << 20

// request is one message on its way through.
type request struct {
	http   *http.Request
	typed  bool   // generation A, over HTTP or WebSocket
	kind   string // the message's type, or the one its path stands for
	msgID  string
	raw    []byte
	data   json.RawMessage
	now    time.Time
	call   *Call
	index  int // of the call
	via    *socket
	doomed bool // the socket ends after the answer
	plan
}

// body reads the request's JSON object.
func (q *request) body(allowed ...string) *object {
	return parseObject(q.raw, "$", allowed...)
}

// Handler serves the API.
func (s *Studio) Handler() http.Handler {
	return http.HandlerFunc(s.serve)
}

func (s *Studio) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == SocketPath && !s.opts.NoSocket {
		s.serveSocket(w, r)
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client left
	}
	q := s.begin(r, raw)
	defer s.end(q)
	if !pause(r.Context(), q.before) {
		return
	}
	f := q.decisive
	if f != nil && !f.after() {
		s.strike(w, q, f, output{})
		return
	}
	out := s.process(q)
	if !pause(r.Context(), q.later) {
		return
	}
	if f != nil {
		s.strike(w, q, f, out)
		return
	}
	s.send(w, q, out)
}

// begin logs the call and draws its faults.
func (s *Studio) begin(r *http.Request, raw []byte) *request {
	q := &request{http: r, raw: raw, now: time.Now(), typed: r.URL.Path == BasePath}
	q.kind, q.msgID, q.data = sniff(raw)
	if !q.typed {
		q.kind = s.kindOf(r)
	}
	q.call = &Call{
		At: q.now, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Type: q.kind, MsgID: q.msgID,
		Authorization: r.Header.Values("Authorization"), Data: q.data, Items: countItems(q.data), Body: string(raw),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(q)
	s.counters.InFlight++
	s.counters.MaxInFlight = max(s.counters.MaxInFlight, s.counters.InFlight)
	return q
}

func (s *Studio) record(q *request) {
	q.index = len(s.calls)
	s.calls = append(s.calls, q.call)
	s.counters.Calls++
	s.counters.ByType[q.kind]++
	q.plan = s.takeFaults(q.kind, q.call.Path)
	if q.decisive != nil {
		q.call.Fault = q.decisive.Kind
	}
}

func (s *Studio) end(*request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters.InFlight--
}

// kindOf names a call that is no typed message.
func (s *Studio) kindOf(r *http.Request) string {
	if r.URL.Path == RefreshPath {
		return "RefreshTokenRequest"
	}
	return s.rest[r.Method+" "+r.URL.Path].kind
}

func (s *Studio) process(q *request) output {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(q.now)
	a := s.route(q)
	if a.refused != "" {
		s.counters.Refused++
	}
	return s.render(q, a)
}

func (s *Studio) route(q *request) answer {
	r := q.http
	switch {
	case q.typed:
		if fault, bad := wrongTransport(r, http.MethodPost); bad {
			return fault
		}
		if why := s.refusedToken(r, q.now); why != "" {
			return s.tokenRefused(q, why)
		}
		return s.typedMessage(q)
	case r.URL.Path == RefreshPath && !s.opts.NamedTokens:
		if fault, bad := wrongTransport(r, http.MethodPost); bad {
			return fault
		}
		return s.refresh(q)
	}
	return s.restCall(q)
}

func (s *Studio) refusedToken(r *http.Request, now time.Time) string {
	token, fault := bearer(r.Header.Values("Authorization"))
	if fault == "" {
		fault = s.checkAccess(token, now, false)
	}
	return fault
}

// wrongTransport refuses a wrong method, a query where none belongs, and a body that
// does not say it is JSON.
func wrongTransport(r *http.Request, method string) (answer, bool) {
	if r.Method != method {
		return refusal(http.StatusMethodNotAllowed, http.StatusMethodNotAllowed, "method not allowed"), true
	}
	if method == http.MethodGet {
		return answer{}, false
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return refusal(http.StatusUnsupportedMediaType, codeParam, "Content-Type must be application/json"), true
	}
	return answer{}, false
}

func (s *Studio) send(w http.ResponseWriter, q *request, out output) {
	s.mu.Lock()
	q.call.Status = out.status
	s.counters.ByStatus[out.status]++
	s.mu.Unlock()
	maps.Copy(w.Header(), out.header)
	if q.skew != 0 {
		w.Header().Set("Date", time.Now().Add(q.skew).UTC().Format(http.TimeFormat))
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // a client that is gone is none of our business
}

// pause waits, and reports whether the client is still there.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
