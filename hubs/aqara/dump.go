package aqara

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

var _ hubs.Dumper = (*hub)(nil)

// Raw implements hubs.Dumper. It reads with a hub that knows nothing yet: this one has
// most answers already, and would not ask again.
func (h *hub) Raw(ctx context.Context) (map[string]json.RawMessage, error) {
	tape := &tape{answers: map[string]json.RawMessage{}}
	ctx = context.WithValue(ctx, tapeKey{}, tape)
	scratch := newHub(h.client, h.log)
	_, err := scratch.Devices(ctx)
	if err == nil {
		_, err = scratch.Poll(ctx)
	}
	return tape.all(), err
}

type tapeKey struct{}

// tape keeps the answers to the calls made with its context, refused ones too.
type tape struct {
	mu      sync.Mutex
	answers map[string]json.RawMessage
}

// record keeps an answer under the call's name, and under "name 2" the next one. What
// is no JSON is told about and not kept: nobody can say what stands in it.
func record(ctx context.Context, name string, status int, body []byte) {
	t, ok := ctx.Value(tapeKey{}).(*tape)
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

func (t *tape) all() map[string]json.RawMessage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.answers)
}
