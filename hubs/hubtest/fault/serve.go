package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

type planKey struct{}

// PlanOf gives the plan of a request that came through Wrap: how wrong the clock is,
// whether a read is to be stale, and the simulator's own faults.
func PlanOf(ctx context.Context) Plan {
	p, _ := ctx.Value(planKey{}).(Plan)
	return p
}

// Wrap puts the faults before next. What is not struck reaches next as it came.
func (t *Table) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		p := t.Take(t.describe(r, body))
		r = r.WithContext(context.WithValue(r.Context(), planKey{}, p))
		r.Body = io.NopCloser(bytes.NewReader(body))
		t.Strike(w, r, p, next)
	})
}

func (t *Table) describe(r *http.Request, body []byte) Request {
	var q Request
	if t.Describe != nil {
		q = t.Describe(r, body)
	}
	q.Path = r.URL.Path
	return q
}

// Strike answers a request in the way of its plan; next does the work. It is what Wrap
// ends in, for simulators that ask Take by themselves.
func (t *Table) Strike(w http.ResponseWriter, r *http.Request, p Plan, next http.Handler) {
	if !Pause(r.Context(), p.Before) {
		return
	}
	if p.Skew != 0 {
		w.Header().Set("Date", time.Now().Add(p.Skew).UTC().Format(http.TimeFormat))
	}
	if !p.AfterWork() {
		t.Reply(w, r, *p.Decisive)
		return
	}
	if p.Flap != nil {
		ctx, cancel := context.WithTimeout(r.Context(), p.Flap.Delay)
		defer cancel()
		r = r.WithContext(ctx)
	}
	if p.Decisive == nil && p.Later == 0 {
		next.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body) // it is in memory
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := Record(func(w http.ResponseWriter) { next.ServeHTTP(w, r) })
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case !Pause(r.Context(), p.Later):
	case p.Decisive == nil:
		rec.send(w)
	case p.Spoils():
		t.behind(w, *p.Decisive, rec)
	default:
		t.Reply(w, r, *p.Decisive)
	}
}

// Pause waits, and reports whether ctx still lives.
func Pause(ctx context.Context, d time.Duration) bool {
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

// Reply gives the answer of a fault that stands Instead of one.
func (t *Table) Reply(w http.ResponseWriter, r *http.Request, f Fault) {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	switch f.Kind {
	case Hang:
		select {
		case <-r.Context().Done():
		case <-t.hanging():
		}
		panic(http.ErrAbortHandler)
	case Reset:
		panic(http.ErrAbortHandler)
	case HTML:
		answer(w, f, status, "text/html; charset=utf-8", "<!DOCTYPE html>\n<html><head><title>Gateway</title></head>"+
			"<body><div id=\"app\">{\"code\":0}</div></body></html>\n")
	case Empty:
		answer(w, f, status, "application/json", "")
	case Answer:
		answer(w, f, status, f.Type, f.Body)
	case Huge:
		huge(r.Context(), w, f.Size)
	case Deep:
		answer(w, f, status, "application/json", `{"data":`+strings.Repeat("[", f.Size)+strings.Repeat("]", f.Size)+"}")
	case Echo:
		echo(w, r, f)
	default:
		t.say(w, r, f)
	}
}

func (t *Table) say(w http.ResponseWriter, r *http.Request, f Fault) {
	if t.Say != nil {
		t.Say(w, r, f)
		return
	}
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	text, _ := json.Marshal(map[string]string{"error": http.StatusText(status)}) // a text never fails
	answer(w, f, status, "application/json", string(text))
}

func answer(w http.ResponseWriter, f Fault, status int, kind, body string) {
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that is gone is none of our business
}

// behind spoils the answer to work that is done.
func (t *Table) behind(w http.ResponseWriter, f Fault, rec Recorded) {
	switch f.Kind {
	case LostReply:
		panic(http.ErrAbortHandler)
	case Cut:
		rec.Header.Set("Content-Length", strconv.Itoa(len(rec.Body)+1))
		rec.Body = rec.Body[:len(rec.Body)/2]
		rec.send(w)
		_ = http.NewResponseController(w).Flush() // the cut follows in any case
		panic(http.ErrAbortHandler)
	default:
		rec.Header.Del("Content-Length")
		rec.Body = t.Spoiled(f, rec.Body)
		rec.send(w)
	}
}

// Spoiled gives what a fault that is Behind makes of an answer or of a push.
func (t *Table) Spoiled(f Fault, body []byte) []byte {
	switch {
	case f.Kind == Truncated:
		return body[:len(body)/2]
	case t.Spoil != nil:
		return t.Spoil(f, body)
	case f.Kind == WrongTypes:
		return Rewrite(body, "", Retype)
	}
	return body
}

// Recorded is an answer that was not sent yet.
type Recorded struct {
	Status int
	Header http.Header
	Body   []byte
}

// Record runs do and keeps what it answers. A handler that aborts aborts all the same.
func Record(do func(w http.ResponseWriter)) Recorded {
	rec := &recorder{Recorded: Recorded{Header: http.Header{}}}
	do(rec)
	rec.WriteHeader(http.StatusOK)
	return rec.Recorded
}

type recorder struct{ Recorded }

func (r *recorder) Header() http.Header { return r.Recorded.Header }

func (r *recorder) WriteHeader(status int) {
	if r.Status == 0 {
		r.Status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	r.Body = append(r.Body, p...)
	return len(p), nil
}

func (r Recorded) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.Header)
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body)
}

// huge sends one JSON text, a piece at a time, for as long as it is read.
func huge(ctx context.Context, w http.ResponseWriter, mib int) {
	piece := strings.Repeat("a", 1<<16)
	w.Header().Set("Content-Type", "application/json")
	_, err := io.WriteString(w, `{"data":"`)
	for i := 0; i < mib<<4 && err == nil && ctx.Err() == nil; i++ {
		_, err = io.WriteString(w, piece)
	}
	if err == nil {
		_, _ = io.WriteString(w, `"}`)
	}
}

// echo quotes the request in every text that an error answer may have.
func echo(w http.ResponseWriter, r *http.Request, f Fault) {
	status := f.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	body, _ := io.ReadAll(r.Body) // it is in memory
	words := []string{r.Method, r.URL.String(), string(body)}
	for name, values := range r.Header {
		words = append(words, name+":", strings.Join(values, ", "))
	}
	text := strings.Join(words, " ")
	quoted, _ := json.Marshal(map[string]any{ // texts never fail
		"error": text, "error_description": text, "message": text, "msg": text, "detail": text, "code": status,
		"errors": []any{map[string]string{"message": text}}, "result": text,
	})
	answer(w, f, status, "application/json", string(quoted))
}

// Rewrite changes every leaf of a JSON text, those below this member of the object only
// if it is named. What is no JSON stays as it is.
func Rewrite(body []byte, member string, change func(key string, v any) any) []byte {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return body
	}
	if o, ok := v.(map[string]any); ok && member != "" {
		o[member] = walk("", o[member], change)
	} else {
		v = walk("", v, change)
	}
	out, err := json.Marshal(v)
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

// Retype gives v another JSON type, always the same for the same v.
func Retype(_ string, v any) any {
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
