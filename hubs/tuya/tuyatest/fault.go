package tuyatest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// The data centre's own kinds of faults, beside those of package fault.
const (
	FailCode    fault.Kind = "code"         // HTTP 200 (or Status), success false and Code
	LooseValues fault.Kind = "loose-values" // answers and pushes: values as "true", "12", and numbers for words of digits
	EmptyPage   fault.Kind = "empty-page"   // a page of a list comes without rows, whatever has_more says
	RepeatKey   fault.Kind = "repeat-key"   // a later page gives its own key again, and says that there is more
	Garbled     fault.Kind = "garbled"      // a push that no key opens
)

// The names of pushes: values, and events such as online.
const (
	OpReport = "report"
	OpEvent  = "event"
)

// Faults is how the data centre is made to go wrong. Calls are named by the Op constants,
// pushes OpReport and OpEvent; what Options has for either never ends. A few things are
// the data centre's own:
//
//   - A fault.Status comes as the vendor tells it: with HTTP 200, success false and the
//     code that means this status, or Fault.Code. Only the upgrade of Pulsar's WebSocket
//     has statuses of HTTP. What a proxy says is a fault.Answer.
//   - Streams are Pulsar's consumers and the links of Open-Hub, which access-config opens:
//     where those end, the broker parts with their clients, and the credentials stay good.
//   - The messages of an update are struck before Pulsar queues them: copies have a message
//     ID each, and what is lost never comes again. What is spoiled is so below the
//     encryption, but for Garbled.
//   - What Pulsar says while streams are mute is not heard: it comes again once its
//     ackTimeout is over, or to the next consumer.
//   - The clock is that of t in answers, of what t of calls is held against, and of the
//     times of values and pushes. Tokens and links die when they really should.
func (c *Cloud) Faults() *fault.Table { return c.faults }

func (c *Cloud) newTable() *fault.Table {
	return &fault.Table{
		Describe: c.identify, Say: c.sayFault, Spoil: spoil,
		Own: map[fault.Kind]fault.Manner{
			FailCode: fault.Instead, LooseValues: fault.Behind, EmptyPage: fault.Beside, RepeatKey: fault.Beside,
			Garbled: fault.OfPush,
		},
	}
}

func (c *Cloud) identify(r *http.Request, _ []byte) fault.Request {
	q := c.parse(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.about(q)
}

// about says what a call is, as far as faults want to know. It needs the lock.
func (c *Cloud) about(q *request) fault.Request {
	about := fault.Request{Name: q.op, Path: q.http.URL.Path, Role: fault.Call, Page: c.pageOf(q)}
	switch q.op {
	case OpToken, OpRefresh:
		about.Role = fault.Renewal
	case OpPulsar, OpAccessConfig:
		about.Role = fault.Stream
	}
	return about
}

// has tells whether a fault of one of the data centre's own kinds is about this call.
func (q *request) has(k fault.Kind) bool {
	for _, f := range q.Own {
		if f.Kind == k {
			return true
		}
	}
	return false
}

// sayFault words a fault as the data centre does.
func (c *Cloud) sayFault(w http.ResponseWriter, r *http.Request, f fault.Fault) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	q, _ := r.Context().Value(requestKey{}).(*request)
	status := cmp.Or(f.Status, http.StatusInternalServerError)
	if q.op == OpPulsar {
		w.WriteHeader(status)
		return
	}
	code := f.Code
	if f.Kind == FailCode {
		status = cmp.Or(f.Status, http.StatusOK)
	} else {
		status, code = http.StatusOK, cmp.Or(code, c.codeOf(status))
	}
	c.mu.Lock()
	q.call.Code = code
	c.counters.ByCode[code]++
	out := output{status, jsonHeader(), c.envelope(q, refuse(code, "a fault"))}
	c.mu.Unlock()
	out.send(w)
}

// codeOf is how the data centre says what others have a status for.
func (c *Cloud) codeOf(status int) int {
	switch status {
	case http.StatusUnauthorized:
		return c.opts.InvalidCode
	case http.StatusForbidden:
		return codeAuthorize
	case http.StatusNotFound:
		return codePath
	case http.StatusTooManyRequests:
		return c.opts.RateCode
	case http.StatusServiceUnavailable:
		return codeBusy
	}
	if status < http.StatusInternalServerError {
		return codeIllegal
	}
	return codeSystem
}

// spoil leaves the frame of answers and messages as it is.
func spoil(f fault.Fault, body []byte) []byte {
	var frame map[string]json.RawMessage
	_ = json.Unmarshal(body, &frame) // what is none has no such member
	for _, member := range []string{"result", "bizData", "status"} {
		if _, found := frame[member]; !found {
			continue
		}
		if f.Kind == LooseValues {
			return fault.Rewrite(body, member, loose)
		}
		return fault.Rewrite(body, member, fault.Retype)
	}
	return body
}

// loose writes values in the other ways that were seen in the wild.
func loose(key string, v any) any {
	if key != "value" {
		return v
	}
	switch x := v.(type) {
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case string:
		if n, err := strconv.Atoi(x); err == nil && strconv.Itoa(n) == x {
			return n
		}
	}
	return v
}

// garble spoils what is encrypted, so that no key opens it.
func garble(sealed string) string {
	half := len(sealed) / 2
	instead := "AAAA"
	if strings.HasPrefix(sealed[half:], instead) {
		instead = "BBBB"
	}
	return sealed[:half] + instead + sealed[half+len(instead):]
}
