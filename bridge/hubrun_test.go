package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
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
	cfg.Vendor, cfg.Log = "toy", zerolog.Nop()
	cfg.Pace = hubs.Pace{Inventory: time.Minute, Values: 10 * time.Second, Reconcile: 10 * time.Minute}
	b := newBoard()
	h := newHubRun(cfg, discovery.Layout{Prefix: "homeassistant", Base: "b", Hub: cfg.Name, Version: "1"}, b, store, func() {})
	h.prepare(t.Context())
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return &rig{h, f, b, ctx}
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

func TestHubIsPublished(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), auth.NewMemStore())
		pass(time.Second)
		for topic, want := range map[string]string{
			"b/toy/status":          "online",
			"b/toy/p1/availability": "online",
			"b/toy/p1":              `{"name":"Plug p1","area":null,"last_seen":null,"plug":"OFF"}`,
		} {
			var w, g any
			got := r.board.at(topic)
			_ = json.Unmarshal([]byte(want), &w)
			_ = json.Unmarshal([]byte(got), &g)
			if want != got && (w == nil || !cmp.Equal(w, g)) {
				t.Errorf("%s: want %s, got %s", topic, want, got)
			}
		}
		var info hubInfo
		if err := json.Unmarshal([]byte(r.board.at("b/toy/info")), &info); err != nil {
			t.Fatal(err)
		}
		if info.State != OK || info.Devices < 2 || info.NextPoll == nil {
			t.Errorf("info: %+v", info)
		}
		if got := r.board.history("homeassistant/device/b_toy_p1/config"); len(got) != 1 {
			t.Errorf("want one announcement, got %d", len(got))
		}
		_, before := r.board.all()
		pass(5 * time.Minute)
		_, after := r.board.all()
		for _, topic := range after[len(before):] {
			if topic != "b/toy/info" {
				t.Errorf("nothing changed, yet %s was published", topic)
			}
		}
	})
}

func TestEveryMessageIsAccepted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), auth.NewMemStore())
		pass(time.Second)
		n := 0
		held, _ := r.board.all()
		for topic, payload := range held {
			if strings.HasPrefix(topic, "homeassistant/") {
				n++
				if err := discovery.Lint(discovery.Message{Topic: topic, Payload: []byte(payload), Retain: true}); err != nil {
					t.Errorf("%s: %v", topic, err)
				}
			}
		}
		if n != 3 {
			t.Errorf("want the hub's and two devices' messages, got %d", n)
		}
	})
}

func TestCommandThereAndBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), auth.NewMemStore())
		pass(time.Second)
		r.command("p1/plug/set", "ON")
		synctest.Wait()
		if got := r.board.at("b/toy/p1"); !strings.Contains(got, `"ON"`) {
			t.Errorf("want it shown at once, got %s", got)
		}
		pass(time.Minute)
		if r.toy.commands() != 1 || !strings.Contains(r.board.at("b/toy/p1"), `"ON"`) || r.board.count("b/toy/p1") != 2 {
			t.Errorf("want one call and one change, got %d calls, %d publications", r.toy.commands(), r.board.count("b/toy/p1"))
		}
		if got := r.board.results(t); len(got) != 1 || !got[0].OK || got[0].Entity != "plug" {
			t.Errorf("want one good result, got %+v", got)
		}
	})
}

func TestNothingConfirms(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), auth.NewMemStore())
		pass(time.Second)
		r.toy.set(func(f *toy) { f.deaf = true })
		r.command("p1/plug/set", "ON")
		pass(29 * time.Second)
		if got := r.board.at("b/toy/p1"); !strings.Contains(got, `"ON"`) {
			t.Errorf("stale reads flipped it back: %s", got)
		}
		pass(2 * time.Second)
		if got := r.board.at("b/toy/p1"); !strings.Contains(got, `"OFF"`) {
			t.Errorf("after 30 s want the last read value, got %s", got)
		}
	})
}

func TestRefusalsAreSaid(t *testing.T) {
	cases := []struct {
		name, topic, payload string
		err                  error
		code                 string
		calls                int
	}{
		{"refused", "p1/plug/set", "ON", &hubs.Error{Fault: hubs.Refused, Err: errors.New("no")}, "refused", 1},
		{"offline", "p1/plug/set", "ON", &hubs.Error{Fault: hubs.Offline, Err: errors.New("no")}, "offline", 1},
		{"login", "p1/plug/set", "ON", auth.ErrLogin, "login_needed", 1},
		{"limited", "p1/plug/set", "ON", &hubs.Error{Fault: hubs.Limited, Err: errors.New("no")}, "limited", 1},
		{"no answer", "p1/plug/set", "ON", context.DeadlineExceeded, "timeout", 1},
		{"our bug", "p1/plug/set", "ON", errors.New("oops"), "refused", 1},
		{"wrong word", "p1/plug/set", "PERHAPS", nil, "invalid", 0},
		{"unknown device", "p9/plug/set", "ON", nil, "unknown_device", 0},
		{"unknown entity", "p1/plough/set", "ON", nil, "unknown_entity", 0},
		{"an event cannot be set", "p1/press/set", "single", nil, "read_only", 0},
		{"too long", "p1/plug/set", strings.Repeat("x", 1<<20), nil, "invalid", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := startRig(t, "toy", newToy(), auth.NewMemStore())
				pass(time.Second)
				if c.err != nil {
					r.toy.set(func(f *toy) { f.execute = func(context.Context, hubs.Command) error { return c.err } })
				}
				r.command(c.topic, c.payload)
				pass(2 * time.Second)
				got := r.board.results(t)
				if len(got) != 1 || got[0].OK || got[0].Code != c.code || got[0].Error == "" || r.toy.commands() != c.calls {
					t.Errorf("want one result %s and %d calls, got %+v and %d", c.code, c.calls, got, r.toy.commands())
				}
				if state := r.board.at("b/toy/p1"); !strings.Contains(state, `"OFF"`) {
					t.Errorf("want the last read value, got %s", state)
				}
			})
		})
	}
}

func TestQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		r := startRig(t, "toy", f, auth.NewMemStore())
		pass(time.Second)
		gate := make(chan struct{})
		f.set(func(f *toy) {
			f.execute = func(ctx context.Context, _ hubs.Command) error {
				select {
				case <-gate:
				case <-ctx.Done():
				}
				return nil
			}
		})
		for _, word := range []string{"ON", "OFF", "ON", "OFF"} { // the first is under way, the others wait
			r.command("p1/plug/set", word)
			synctest.Wait()
		}
		r.command("p2/plug/set", "OFF") // another device does not wait
		synctest.Wait()
		if f.commands() != 2 {
			t.Errorf("want two devices served at once, got %d calls", f.commands())
		}
		close(gate)
		pass(time.Second)
		var words []bool
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, cmd := range f.executed {
			v, _ := cmd.Value(hubs.On)
			if on, _ := v.Bool(); cmd.Device == "p1" {
				words = append(words, on)
			}
		}
		if diff := cmp.Diff([]bool{true, false}, words); diff != "" {
			t.Errorf("want the first and the newest sent (-want +got)\n%s", diff)
		}
		codes := map[string]int{}
		for _, res := range r.board.results(t) {
			codes[res.Code]++
		}
		if diff := cmp.Diff(map[string]int{"": 3, "superseded": 2}, codes); diff != "" {
			t.Errorf("results (-want +got)\n%s", diff)
		}
	})
}

func TestTransactionIsExecutedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), auth.NewMemStore())
		pass(time.Second)
		const order = `{"plug":"TOGGLE","transaction":{"n":7}}`
		r.command("p1/set", order)
		pass(time.Second)
		r.command("p1/set", order)
		pass(time.Second)
		got := r.board.results(t)
		if r.toy.commands() != 1 || len(got) != 2 || got[1].Code != "duplicate" || string(got[1].Transaction) != `{"n":7}` {
			t.Errorf("want it executed once, got %d calls, %+v", r.toy.commands(), got)
		}
		pass(time.Minute)
		r.command("p1/set", order)
		pass(time.Second)
		if r.toy.commands() != 2 {
			t.Error("after a minute it is a new one")
		}
	})
}

func TestToggleSeesPendingTruth(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), auth.NewMemStore())
		pass(time.Second)
		r.command("p1/plug/set", "TOGGLE")
		pass(time.Second)
		r.command("p1/plug/set", "toggle")
		pass(time.Second)
		if got := r.board.at("b/toy/p1"); r.toy.commands() != 2 || !strings.Contains(got, `"OFF"`) {
			t.Errorf("on and off again: got %d calls, %s", r.toy.commands(), got)
		}
	})
}
