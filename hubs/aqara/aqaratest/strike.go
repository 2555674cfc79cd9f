package aqaratest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// strike answers in the way of f; out is the right answer if there is one already.
func (s *Studio) strike(w http.ResponseWriter, q *request, f *Fault, out output) {
	switch f.Kind {
	case Hang:
		<-q.http.Context().Done()
		panic(http.ErrAbortHandler)
	case Reset, LostReply:
		panic(http.ErrAbortHandler)
	case Cut:
		out.header.Set("Content-Length", strconv.Itoa(len(out.body)))
		out.body = out.body[:len(out.body)/2]
		s.send(w, q, out)
		_ = http.NewResponseController(w).Flush() // the cut follows in any case
		panic(http.ErrAbortHandler)
	case Truncated:
		out.body = out.body[:len(out.body)/2]
	case WrongTypes:
		out.body = rewrite(out.body, func(_ string, v any) any { return otherType(v) })
	case LooseValues:
		out.body = rewrite(out.body, loose)
	case Huge:
		s.send(w, q, f.output(http.StatusOK, ""))
		streamHuge(w, f.Size)
		return
	default:
		out = f.replace(q, s.opts.ExpiredCode)
	}
	s.send(w, q, out)
}

// output is an answer of the fault's own.
func (f *Fault) output(status int, body string) output {
	if f.Status != 0 {
		status = f.Status
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if f.RetryAfter != "" {
		h.Set("Retry-After", f.RetryAfter)
	}
	return output{status: status, header: h, body: []byte(body)}
}

// replace makes the answer of the faults that need no right one.
func (f *Fault) replace(q *request, tokenCode int) output {
	switch f.Kind {
	case HTML:
		out := f.output(http.StatusOK, "<!DOCTYPE html>\n<html><head><title>Aqara Studio</title></head>"+
			"<body><div id=\"app\">{\"code\":0}</div></body></html>\n")
		out.header.Set("Content-Type", "text/html; charset=utf-8")
		return out
	case Empty200:
		return f.output(http.StatusOK, "")
	case Deep:
		return f.output(http.StatusOK, `{"type":"DeepResponse","version":"v1","msgId":"1","code":0,"message":"","data":`+
			strings.Repeat("[", f.Size)+strings.Repeat("]", f.Size)+"}")
	case FailCode:
		return f.output(http.StatusOK, string(errorMessage(q.msgID, f.Code, "scripted failure")))
	default: // FailStatus
	}
	code := f.Code
	if code == 0 {
		code = f.Status
		if code == http.StatusUnauthorized {
			code = tokenCode
		}
	}
	return f.output(http.StatusInternalServerError, string(errorMessage(unknownID, code, http.StatusText(f.Status))))
}

func errorMessage(msgID string, code int, text string) []byte {
	if msgID == "" {
		msgID = unknownID
	}
	raw, _ := json.Marshal(envelope{ // strings and a number always marshal
		Type: "ErrorMessage", Version: "v1", MsgID: msgID, Code: code, Message: text, Data: json.RawMessage("null"),
	})
	return raw
}

func streamHuge(w io.Writer, mib int) {
	_, err := io.WriteString(w, `{"type":"HugeResponse","version":"v1","msgId":"1","code":0,"message":"`)
	chunk := bytes.Repeat([]byte("a"), 64<<10)
	for i := 0; i < mib*16 && err == nil; i++ {
		_, err = w.Write(chunk)
	}
	if err == nil {
		_, _ = io.WriteString(w, `","data":[]}`) // a client that is gone is none of our business
	}
}

// rewrite changes every leaf and list below data.
func rewrite(body []byte, change func(key string, v any) any) []byte {
	var e map[string]any
	if json.Unmarshal(body, &e) != nil {
		return body
	}
	e["data"] = walk("", e["data"], change)
	out, err := json.Marshal(e)
	if err != nil {
		return body
	}
	return out
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
	case float64:
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
		if x {
			return 1
		}
		return 0
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case string:
		if n, err := strconv.Atoi(x); err == nil {
			return n
		}
	}
	return v
}
