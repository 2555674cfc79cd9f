package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
)

type tapeKey struct{}

// Tape keeps the answers to calls, for a hub's raw answers (hubs.Dumper). It is safe for
// concurrent use.
type Tape struct {
	mu      sync.Mutex
	answers map[string]json.RawMessage
}

// WithTape lets the tape keep what is recorded with the context.
func WithTape(ctx context.Context) (context.Context, *Tape) {
	t := &Tape{answers: map[string]json.RawMessage{}}
	return context.WithValue(ctx, tapeKey{}, t), t
}

// Record keeps an answer, a refused one too, under the call's name, and under "name 2"
// the next one. What is no JSON is told about and not kept: nobody can say what stands in
// it. Vendors record no answer that gives tokens.
func Record(ctx context.Context, name string, status int, body []byte) {
	t, ok := ctx.Value(tapeKey{}).(*Tape)
	if !ok {
		return
	}
	raw := json.RawMessage(body)
	if !json.Valid(body) {
		raw = fmt.Appendf(nil, `{"status":%d,"bytes":%d,"problem":"the answer is no JSON"}`, status, len(body))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := name
	for n := 2; t.answers[key] != nil; n++ {
		key = fmt.Sprintf("%s %d", name, n)
	}
	t.answers[key] = raw
}

// All gives what was kept so far.
func (t *Tape) All() map[string]json.RawMessage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.answers)
}
