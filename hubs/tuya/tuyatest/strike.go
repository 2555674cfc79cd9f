package tuyatest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// strike answers in the way of f; out is the right answer if there is one already.
func (c *Cloud) strike(w http.ResponseWriter, q *request, f *Fault, out output) {
	switch f.Kind {
	case Hang:
		<-q.http.Context().Done()
		panic(http.ErrAbortHandler)
	case Reset, LostReply:
		panic(http.ErrAbortHandler)
	case Cut:
		out.header.Set("Content-Length", strconv.Itoa(len(out.body)))
		out.body = out.body[:len(out.body)/2]
		c.send(w, q, out)
		_ = http.NewResponseController(w).Flush() // the cut follows in any case
		panic(http.ErrAbortHandler)
	case Truncated:
		out.body = out.body[:len(out.body)/2]
	case WrongTypes:
		out.body = rewrite(out.body, func(_ string, v any) any { return otherType(v) })
	case LooseValues:
		out.body = rewrite(out.body, loose)
	case Huge:
		c.send(w, q, f.output(http.StatusOK, ""))
		streamHuge(w, f.Size)
		return
	default:
		out = c.replace(q, f)
	}
	c.send(w, q, out)
}

// output is an answer of the fault's own.
func (f *Fault) output(status int, body string) output {
	h := jsonHeader()
	if f.RetryAfter != "" {
		h.Set("Retry-After", f.RetryAfter)
	}
	return output{status: cmp.Or(f.Status, status), header: h, body: []byte(body)}
}

// replace makes the answer of the faults that need no right one.
func (c *Cloud) replace(q *request, f *Fault) output {
	switch f.Kind {
	case HTML:
		out := f.output(http.StatusOK, "<!DOCTYPE html>\n<html><head><title>Gateway</title></head>"+
			"<body><h1>{\"success\":true}</h1></body></html>\n")
		out.header.Set("Content-Type", "text/html; charset=utf-8")
		return out
	case Empty200:
		return f.output(http.StatusOK, "")
	case Deep:
		return f.output(http.StatusOK, `{"success":true,"t":1700000000000,"result":`+
			strings.Repeat("[", f.Size)+strings.Repeat("]", f.Size)+"}")
	case FailCode:
		return f.output(http.StatusOK, string(c.failure(q, f.Code)))
	default: // FailStatus
	}
	status := cmp.Or(f.Status, http.StatusInternalServerError)
	return f.output(status, string(c.failure(q, cmp.Or(f.Code, status))))
}

// failure is an envelope that says no.
func (c *Cloud) failure(q *request, code int) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.call.Code = code
	c.counters.ByCode[code]++
	return c.envelope(q, refuse(code, "scripted failure"))
}

func streamHuge(w io.Writer, mib int) {
	_, err := io.WriteString(w, `{"success":true,"t":1700000000000,"msg":"`)
	chunk := bytes.Repeat([]byte("a"), 64<<10)
	for i := 0; i < mib*16 && err == nil; i++ {
		_, err = w.Write(chunk)
	}
	if err == nil {
		_, _ = io.WriteString(w, `","result":[]}`) // a client that is gone is none of our business
	}
}

// rewrite changes every leaf below result of an answer, or below the parts of a message
// that hold data.
func rewrite(body []byte, change func(key string, v any) any) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var e map[string]any
	if dec.Decode(&e) != nil {
		return body
	}
	for _, k := range []string{"result", "bizData", "status"} {
		if v, found := e[k]; found {
			e[k] = walk(k, v, change)
		}
	}
	return marshal(e)
}

func walk(key string, v any, change func(key string, v any) any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = walk(k, x[k], change)
		}
		return x
	case []any:
		for i := range x {
			x[i] = walk(key, x[i], change)
		}
		return x
	}
	return change(key, v)
}

// otherType gives v another JSON type, always the same for the same v.
func otherType(v any) any {
	switch x := v.(type) {
	case string:
		return map[string]any{"text": x}
	case json.Number:
		return []any{x, "?"}
	case bool:
		return "perhaps"
	}
	return 17
}

// loose writes values in the other ways that were seen in the wild.
func loose(key string, v any) any {
	if key != "value" {
		return v
	}
	switch x := v.(type) {
	case bool:
		return strconv.FormatBool(x)
	case json.Number:
		return x.String()
	case string:
		if n, err := strconv.Atoi(x); err == nil && strconv.Itoa(n) == x {
			return n
		}
	}
	return v
}
