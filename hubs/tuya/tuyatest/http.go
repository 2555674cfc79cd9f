package tuyatest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

const maxBody = 4 << 20

// request is one call on its way through.
type request struct {
	http    *http.Request
	raw     []byte
	query   url.Values
	args    map[string]string // of the path
	route   *route            // nil: unknown path
	op      string
	now     time.Time // by the data centre's clock
	project *project
	pair    *pair // of the access token
	call    *Call
	index   int // of the call
	fault.Plan
}

// requestKey is where a call's context has its request.
type requestKey struct{}

// business calls carry an access token; the others get one.
func (q *request) business() bool { return q.route == nil || q.route.group != groupToken }

// answer is what a call comes to: a result, or a code and the true reason for it.
type answer struct {
	result any
	code   int
	why    string
}

func ok(result any) answer { return answer{result: result} }

func refuse(code int, why string) answer { return answer{code: code, why: why} }

// output is an answer as it goes out.
type output struct {
	status int
	header http.Header
	body   []byte
}

// Handler serves the API, and Pulsar's WebSocket beside it.
func (c *Cloud) Handler() http.Handler {
	return http.HandlerFunc(c.serve)
}

func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	q := c.parse(r)
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
	if q.op == OpPulsar {
		c.servePulsar(w, r, q)
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client left
	}
	q.raw = raw
	c.begin(q)
	defer c.end()
	r.Body = io.NopCloser(bytes.NewReader(raw)) // for faults that quote it
	plan := q.Plan
	plan.Flap = nil // the link sees to that
	c.faults.Strike(noting{w, c, q}, r, plan, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.process(q).send(w)
	}))
}

// parse says what a call is, as far as its first line tells.
func (c *Cloud) parse(r *http.Request) *request {
	q := &request{http: r, query: r.URL.Query(), op: OpUnknown}
	if strings.HasPrefix(r.URL.Path, pulsarPath) {
		q.op = OpPulsar
		return q
	}
	if q.route, q.args = c.match(r.Method, r.URL.Path); q.route != nil {
		q.op = q.route.op
	}
	return q
}

// begin logs the call and draws its faults.
func (c *Cloud) begin(q *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.record(q, q.http.Header.Get("client_id"))
	c.counters.InFlight++
	c.counters.MaxInFlight = max(c.counters.MaxInFlight, c.counters.InFlight)
}

func (c *Cloud) record(q *request, accessID string) {
	about, r := c.about(q), q.http
	q.call = &Call{
		At: c.opts.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Op: q.op,
		AccessID: accessID, Header: r.Header.Clone(), Body: string(q.raw), Page: about.Page,
	}
	q.index = len(c.calls)
	c.calls = append(c.calls, q.call)
	c.counters.Calls++
	c.counters.ByOp[q.op]++
	q.Plan = c.faults.Take(about)
	if q.Decisive != nil {
		q.call.Fault = q.Decisive.Kind
	}
	q.now = c.opts.Now().Add(q.Skew)
}

func (c *Cloud) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters.InFlight--
}

// process does the work and writes the envelope.
func (c *Cloud) process(q *request) output {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.answer(q)
	q.call.Code, q.call.Refused = a.code, a.why
	c.counters.ByCode[a.code]++
	return output{status: http.StatusOK, header: jsonHeader(), body: c.envelope(q, a)}
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json;charset=UTF-8"}} }

// answer admits the call and hands it to its route.
func (c *Cloud) answer(q *request) answer {
	if a, fine := c.checkSign(q); !fine {
		return a
	}
	if q.route == nil {
		return refuse(codePath, "no such method and path")
	}
	over := c.count(q)
	if q.business() {
		if a, fine := c.checkToken(q); !fine {
			return a
		}
		if a, fine := c.permit(q, over); !fine {
			return a
		}
	}
	return q.route.serve(q)
}

// envelope is the frame around every answer.
func (c *Cloud) envelope(q *request, a answer) []byte {
	e := map[string]any{"success": a.code == 0}
	if !c.opts.NoTime {
		e["t"] = q.now.UnixMilli()
	}
	if !c.opts.NoTrace {
		e["tid"] = hexDigits(c.traces, 32)
	}
	if c.opts.UnknownKeys {
		e["traceInfo"] = map[string]any{"span": 1}
	}
	if a.code != 0 {
		e["code"], e["msg"] = a.code, messages[a.code]
		return marshal(e)
	}
	e["result"] = a.result
	switch c.opts.Success {
	case SuccessAbsent:
	case SuccessZero:
		e["code"], e["msg"] = 0, ""
	default:
		e["code"], e["msg"] = nil, nil
	}
	return marshal(e)
}

// marshal leaves <, > and & as they are, as the vendor does.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("tuyatest: " + err.Error()) // only a value of the home that JSON cannot hold
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// noting keeps the status of an answer in the books, and dates it.
type noting struct {
	http.ResponseWriter
	c *Cloud
	q *request
}

// WriteHeader implements http.ResponseWriter.
func (n noting) WriteHeader(status int) {
	n.c.mu.Lock()
	n.q.call.Status = status
	n.c.counters.ByStatus[status]++
	n.c.mu.Unlock()
	n.Header().Set("Date", n.q.now.UTC().Format(http.TimeFormat))
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (n noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

func (o output) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), o.header)
	w.WriteHeader(o.status)
	_, _ = w.Write(o.body) // a client that is gone is none of our business
}

// body reads the JSON object of the request into v.
func (q *request) body(v any) bool {
	return json.Unmarshal(q.raw, v) == nil
}
