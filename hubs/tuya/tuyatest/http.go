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
	plan
}

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
	if strings.HasPrefix(r.URL.Path, pulsarPath) {
		c.servePulsar(w, r)
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client left
	}
	q := c.begin(r, raw)
	defer c.end()
	if !pause(r.Context(), q.before) {
		return
	}
	f := q.decisive
	if f != nil && !f.after() {
		c.strike(w, q, f, output{})
		return
	}
	out := c.process(q)
	if !pause(r.Context(), q.later) {
		return
	}
	if f != nil {
		c.strike(w, q, f, out)
		return
	}
	c.send(w, q, out)
}

// begin logs the call and draws its faults.
func (c *Cloud) begin(r *http.Request, raw []byte) *request {
	q := &request{http: r, raw: raw, query: r.URL.Query(), op: OpUnknown}
	q.route, q.args = c.match(r.Method, r.URL.Path)
	if q.route != nil {
		q.op = q.route.op
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	q.call = &Call{
		At: c.opts.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Op: q.op,
		AccessID: r.Header.Get("client_id"), Header: r.Header.Clone(), Body: string(raw), Page: c.pageOf(q),
	}
	c.record(q)
	c.counters.InFlight++
	c.counters.MaxInFlight = max(c.counters.MaxInFlight, c.counters.InFlight)
	return q
}

func (c *Cloud) record(q *request) {
	q.index = len(c.calls)
	c.calls = append(c.calls, q.call)
	c.counters.Calls++
	c.counters.ByOp[q.op]++
	q.plan = c.takeFaults(q.op, q.call.Path, q.call.Page)
	if q.decisive != nil {
		q.call.Fault = q.decisive.Kind
	}
	q.now = c.now().Add(q.skew)
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
		e["tid"] = c.random(32)
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

func (c *Cloud) send(w http.ResponseWriter, q *request, out output) {
	c.mu.Lock()
	q.call.Status = out.status
	c.counters.ByStatus[out.status]++
	c.mu.Unlock()
	maps.Copy(w.Header(), out.header)
	w.Header().Set("Date", q.now.UTC().Format(http.TimeFormat))
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // a client that is gone is none of our business
}

// body reads the JSON object of the request into v.
func (q *request) body(v any) bool {
	return json.Unmarshal(q.raw, v) == nil
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
