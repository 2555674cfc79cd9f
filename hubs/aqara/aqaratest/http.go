package aqaratest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
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
	fault.Plan
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
	r.Body = io.NopCloser(bytes.NewReader(raw))
	s.faults.Strike(noting{w, s, q}, r, q.Plan, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.process(q).send(w)
	}))
}

// begin logs the call and draws its faults.
func (s *Studio) begin(r *http.Request, raw []byte) *request {
	q := &request{http: r, raw: raw, now: time.Now(), typed: r.URL.Path == BasePath}
	q.kind, q.msgID, q.data = sniff(raw)
	about := s.describe(r, raw)
	q.kind = about.Name
	q.call = &Call{
		At: q.now, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Type: q.kind, MsgID: q.msgID,
		Authorization: r.Header.Values("Authorization"), Data: q.data, Items: countItems(q.data), Body: string(raw),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(q, about)
	s.counters.InFlight++
	s.counters.MaxInFlight = max(s.counters.MaxInFlight, s.counters.InFlight)
	return q
}

func (s *Studio) record(q *request, about fault.Request) {
	q.index = len(s.calls)
	s.calls = append(s.calls, q.call)
	s.counters.Calls++
	s.counters.ByType[q.kind]++
	about.Path = q.call.Path
	q.Plan = s.faults.Take(about)
	if q.Decisive != nil {
		q.call.Fault = q.Decisive.Kind
	}
}

func (s *Studio) end(*request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters.InFlight--
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
		if refused, bad := wrongTransport(r, http.MethodPost); bad {
			return refused
		}
		if why := s.refusedToken(r, q.now); why != "" {
			return s.tokenRefused(q, why)
		}
		return s.typedMessage(q)
	case r.URL.Path == RefreshPath && !s.opts.NamedTokens:
		if refused, bad := wrongTransport(r, http.MethodPost); bad {
			return refused
		}
		return s.refresh(q)
	}
	return s.restCall(q)
}

func (s *Studio) refusedToken(r *http.Request, now time.Time) string {
	token, why := bearer(r.Header.Values("Authorization"))
	if why == "" {
		why = s.checkAccess(token, now, false)
	}
	return why
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

// noting keeps the status of an answer in the books.
type noting struct {
	http.ResponseWriter
	s *Studio
	q *request
}

// WriteHeader implements http.ResponseWriter.
func (n noting) WriteHeader(status int) {
	n.s.mu.Lock()
	n.q.call.Status = status
	n.s.counters.ByStatus[status]++
	n.s.mu.Unlock()
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (n noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

func (o output) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), o.header)
	w.WriteHeader(o.status)
	_, _ = w.Write(o.body) // a client that is gone is none of our business
}
