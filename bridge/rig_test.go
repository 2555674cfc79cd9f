package bridge

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// board is a publisher that remembers: what the broker would hold, and each message.
type board struct {
	mu     sync.Mutex
	held   map[string]string
	past   map[string][]string // what each topic held, in turn
	sent   []string            // topics of Set calls that changed something
	events []string            // topic and payload
}

func newBoard() *board { return &board{held: map[string]string{}, past: map[string][]string{}} }

func (b *board) Set(topic string, payload []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, ok := b.held[topic]; ok && old == string(payload) {
		return
	}
	b.sent = append(b.sent, topic)
	b.past[topic] = append(b.past[topic], string(payload))
	if len(payload) == 0 {
		delete(b.held, topic)
		return
	}
	b.held[topic] = string(payload)
}

func (b *board) Event(topic string, payload []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, topic+" "+string(payload))
}

func (b *board) at(topic string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held[topic]
}

// all is what the broker would hold, and the topics that changed so far.
func (b *board) all() (held map[string]string, sent []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.held), slices.Clone(b.sent)
}

// count is how often a topic changed.
func (b *board) count(topic string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.sent {
		if s == topic {
			n++
		}
	}
	return n
}

// results are the result messages, decoded.
func (b *board) results(t *testing.T) (out []discovery.Result) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		topic, payload, _ := strings.Cut(e, " ")
		if !strings.HasSuffix(topic, "/result") {
			continue
		}
		var r discovery.Result
		if err := json.Unmarshal([]byte(payload), &r); err != nil {
			t.Errorf("result %s: %v", payload, err)
		}
		out = append(out, r)
	}
	return out
}

// toy is a hub of functions, with two plugs and a blind.
type toy struct {
	mu       sync.Mutex
	devices  func(context.Context) ([]hubs.Device, error)
	poll     func(context.Context) ([]hubs.Reading, error)
	execute  func(context.Context, hubs.Command) error
	executed []hubs.Command
	on       map[hubs.DeviceID]bool
	deaf     bool // accepts commands and does nothing
	lists    int
	polls    int
}

func newToy() *toy { return &toy{on: map[hubs.DeviceID]bool{"p1": false, "p2": true}} }

func plug(id hubs.DeviceID) hubs.Device {
	return hubs.Device{ID: id, Name: "Plug " + string(id), Entities: []hubs.Entity{
		{Key: "plug", Spec: hubs.Switch{}},
		{Key: "press", Name: "Button", Spec: hubs.Event{Types: []string{"single"}}},
	}}
}

func (f *toy) list(...hubs.DeviceID) []hubs.Device {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []hubs.Device
	for _, id := range slices.Sorted(maps.Keys(f.on)) {
		out = append(out, plug(id))
	}
	return out
}

func (f *toy) read() []hubs.Reading {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []hubs.Reading
	for id, on := range f.on {
		out = append(out, hubs.Reading{Device: id, Online: new(true), Values: []hubs.PointValue{
			{Point: hubs.Point{Entity: "plug", Attr: hubs.On}, Value: hubs.Bool(on)},
		}})
	}
	return out
}

func (f *toy) Devices(ctx context.Context) ([]hubs.Device, error) {
	f.mu.Lock()
	f.lists++
	do := f.devices
	f.mu.Unlock()
	if do != nil {
		return do(ctx)
	}
	return f.list(), nil
}

func (f *toy) Poll(ctx context.Context) ([]hubs.Reading, error) {
	f.mu.Lock()
	f.polls++
	do := f.poll
	f.mu.Unlock()
	if do != nil {
		return do(ctx)
	}
	return f.read(), nil
}

func (f *toy) Read(_ context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	return slices.DeleteFunc(f.read(), func(r hubs.Reading) bool { return !slices.Contains(ids, r.Device) }), nil
}

func (f *toy) Execute(ctx context.Context, cmd hubs.Command) error {
	f.mu.Lock()
	f.executed = append(f.executed, cmd)
	do := f.execute
	if on, ok := cmd.Value(hubs.On); ok && do == nil && !f.deaf {
		f.on[cmd.Device], _ = on.Bool()
	}
	f.mu.Unlock()
	if do != nil {
		return do(ctx, cmd)
	}
	return nil
}

func (f *toy) commands() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.executed)
}

func (f *toy) listed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lists
}

func (f *toy) polled() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.polls
}

func (f *toy) set(change func(*toy)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

var (
	_ hubs.Hub    = (*toy)(nil)
	_ hubs.Reader = (*toy)(nil)
)

// rig is one running hub in a bubble of driven time.
type rig struct {
	*hubRun
	toy   *toy
	board *board
	ctx   context.Context //nolint:containedctx // a test's
}

func startRig(t *testing.T, name string, f *toy, store auth.KV) *rig {
	t.Helper()
	return startHub(t, HubConfig{Name: name, Hub: f}, f, store)
}

func startHub(t *testing.T, cfg HubConfig, f *toy, store auth.KV) *rig {
	t.Helper()
	r := prepareHub(t, cfg, f, store)
	r.start(t)
	return r
}

// prepareHub makes a rig that does not run yet.
func prepareHub(t *testing.T, cfg HubConfig, f *toy, store auth.KV) *rig {
	t.Helper()
	cfg.Vendor, cfg.Log = "toy", zerolog.Nop()
	cfg.Pace = hubs.Pace{Inventory: time.Minute, Values: 10 * time.Second, Reconcile: 10 * time.Minute}
	b := newBoard()
	h := newHubRun(cfg, discovery.Layout{Prefix: "homeassistant", Base: "b", Hub: cfg.Name, Version: "1"}, b, store, func() {})
	return &rig{h, f, b, nil}
}

func (r *rig) start(t *testing.T) {
	t.Helper()
	r.prepare(t.Context())
	ctx, cancel := context.WithCancel(context.Background())
	r.ctx = ctx
	var wg sync.WaitGroup
	wg.Go(func() { r.run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
}

func (r *rig) command(topic, payload string) {
	for _, req := range r.layout.Parse("b/"+r.cfg.Name+"/"+topic, []byte(payload), r.find) {
		r.submit(r.ctx, req)
	}
}

// bubble runs a test with driven time, and waits for what it started.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // driven time
	synctest.Wait()
}
