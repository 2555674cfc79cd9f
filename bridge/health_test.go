package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestStatesOfHealth(t *testing.T) {
	down := func(err error) func(*toy) {
		return func(f *toy) {
			f.poll = func(context.Context) ([]hubs.Reading, error) { return nil, err }
		}
	}
	cases := []struct {
		name   string
		err    error
		state  HubState
		status string // after 30 s
		later  string // after 2 minutes
	}{
		{"login needed", &auth.LoginError{Reason: "the token is dead", Hint: "paste a new one"}, LoginNeeded, "offline", "offline"},
		{"misconfigured", &hubs.Error{Fault: hubs.Misconfigured, Err: errors.New("scope")}, Misconfigured, "offline", "offline"},
		{"limited", &hubs.Error{Fault: hubs.Limited, After: time.Hour, Err: errors.New("quota")}, Limited, "online", "online"},
		{"unreachable", &hubs.Error{Fault: hubs.Transient, Err: errors.New("503")}, Unreachable, "online", "offline"},
		{"our bug", errors.New("oops"), Unreachable, "online", "offline"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := startRig(t, "toy", newToy(), auth.NewMemStore())
				pass(time.Second)
				r.toy.set(down(c.err))
				pass(30 * time.Second)
				var info hubInfo
				if err := json.Unmarshal([]byte(r.board.at("b/toy/info")), &info); err != nil {
					t.Fatal(err)
				}
				if info.State != c.state || info.Error == nil || info.ErrorSince == nil {
					t.Errorf("want %s with an error, got %+v", c.state, info)
				}
				if got := r.board.at("b/toy/status"); got != c.status {
					t.Errorf("after 30 s want %s, got %s", c.status, got)
				}
				pass(90 * time.Second)
				if got := r.board.at("b/toy/status"); got != c.later {
					t.Errorf("after 2 min want %s, got %s", c.later, got)
				}
				r.toy.set(func(f *toy) { f.poll = nil })
				r.relist("test")
				pass(time.Second)
				if got := r.board.at("b/toy/status"); got != "online" {
					t.Errorf("recovered: want online, got %s", got)
				}
			})
		})
	}
}

func TestStartingKeepsTheRetainedStatusForAMinute(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.devices = func(context.Context) ([]hubs.Device, error) {
			return nil, &hubs.Error{Fault: hubs.Transient, Err: errors.New("no route")}
		}
		r := startRig(t, "toy", f, auth.NewMemStore())
		pass(50 * time.Second)
		if got := r.board.count("b/toy/status"); got != 0 {
			t.Error("want nothing said yet")
		}
		pass(15 * time.Second)
		if got := r.board.at("b/toy/status"); got != "offline" {
			t.Errorf("want offline, got %q", got)
		}
	})
}

func TestBackoffObeysTheVendor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.devices = func(context.Context) ([]hubs.Device, error) {
			return nil, &hubs.Error{Fault: hubs.Limited, After: 10 * time.Minute, Err: errors.New("429")}
		}
		startRig(t, "toy", f, auth.NewMemStore())
		pass(9 * time.Minute)
		if f.listed() != 1 {
			t.Errorf("asked %d times within the time the vendor wants to be left alone", f.listed())
		}
		pass(2 * time.Minute)
		if f.listed() != 2 {
			t.Errorf("want it tried again then, got %d", f.listed())
		}
	})
}

func TestDeadHubIsAskedEverLess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.devices = func(context.Context) ([]hubs.Device, error) { return nil, errors.New("dead") }
		startRig(t, "toy", f, auth.NewMemStore())
		pass(time.Hour)
		if f.listed() < 40 || f.listed() > 140 {
			t.Errorf("want about once a minute, got %d times in an hour", f.listed())
		}
	})
}

// TestOneBadHubLeavesTheOtherAlone runs a hub that misbehaves beside a good one.
func TestOneBadHubLeavesTheOtherAlone(t *testing.T) {
	cases := []struct {
		name string
		bad  func(*toy, chan struct{})
	}{
		{"panics in every call", func(f *toy, _ chan struct{}) {
			f.devices = func(context.Context) ([]hubs.Device, error) { panic("devices") }
			f.execute = func(context.Context, hubs.Command) error { panic("execute") }
		}},
		{"hangs until its deadline", func(f *toy, _ chan struct{}) {
			f.devices = func(ctx context.Context) ([]hubs.Device, error) { <-ctx.Done(); return nil, ctx.Err() }
		}},
		{"hangs and does not look at its context", func(f *toy, free chan struct{}) {
			f.devices = func(context.Context) ([]hubs.Device, error) { <-free; return nil, nil }
		}},
		{"panics in commands only", func(f *toy, _ chan struct{}) {
			f.execute = func(context.Context, hubs.Command) error { panic("execute") }
		}},
		{"names a device twice", func(f *toy, _ chan struct{}) {
			f.devices = func(context.Context) ([]hubs.Device, error) { return []hubs.Device{plug("p1"), plug("p1")}, nil }
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				free := make(chan struct{})
				defer close(free)
				f := newToy()
				c.bad(f, free)
				store := auth.NewMemStore()
				bad, good := startRig(t, "bad", f, store), startRig(t, "good", newToy(), store)
				pass(time.Second)
				bad.command("p1/plug/set", "ON")
				good.command("p1/plug/set", "ON")
				pass(3 * time.Minute)
				if got := good.board.at("b/good/p1"); !strings.Contains(got, `"ON"`) || good.board.at("b/good/status") != "online" {
					t.Errorf("the good hub suffers: %s", got)
				}
				if got := bad.board.results(t); len(got) != 1 || got[0].OK {
					t.Errorf("the bad hub's command: want one bad result, got %+v", got)
				}
				if f.listed() > 10 {
					t.Errorf("asked %d times in three minutes", f.listed())
				}
			})
		})
	}
}

func TestCommandThatHangsIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		free := make(chan struct{})
		defer close(free)
		r := startRig(t, "toy", f, auth.NewMemStore())
		pass(time.Second)
		f.set(func(f *toy) { f.execute = func(context.Context, hubs.Command) error { <-free; return nil } })
		r.command("p1/plug/set", "ON")
		pass(18 * time.Second)
		got := r.board.results(t)
		if len(got) != 1 || got[0].Code != "timeout" {
			t.Errorf("want a timeout, got %+v", got)
		}
		f.set(func(f *toy) { f.execute = nil })
		r.command("p1/plug/set", "ON")
		pass(time.Second)
		if got := r.board.results(t); len(got) != 2 || !got[1].OK {
			t.Errorf("the next one must go through, got %+v", got)
		}
	})
}

func TestDevicesThatLeave(t *testing.T) {
	leave := func(ids ...hubs.DeviceID) func(*toy) {
		return func(f *toy) {
			for _, id := range ids {
				delete(f.on, id)
			}
		}
	}
	config := "homeassistant/device/b_toy_p1/config"
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.on["p3"], f.on["p4"] = true, true
		store := auth.NewMemStore()
		r := startRig(t, "toy", f, store)
		pass(time.Second)
		f.set(leave("p1"))
		pass(70 * time.Second) // one inventory lacks it
		if r.board.at(config) == "" {
			t.Error("one inventory is not enough")
		}
		pass(2 * time.Minute)
		for _, topic := range []string{config, "b/toy/p1", "b/toy/p1/availability"} {
			if got := r.board.at(topic); got != "" {
				t.Errorf("%s still holds %s", topic, got)
			}
		}
		if r.board.at("b/toy/p2") == "" {
			t.Error("the others must stay")
		}
	})
}

func TestDevicesThatLeftWhileDown(t *testing.T) {
	store := auth.NewMemStore()
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.on["p3"] = true
		startRig(t, "toy", f, store)
		pass(time.Second)
	})
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), store)
		r.board.Set("b/toy/p3", []byte("{}")) // as the broker still has it
		pass(3 * time.Minute)
		if got := r.board.at("b/toy/p3"); got != "" {
			t.Errorf("p3 left while the bridge was down, yet its state is %s", got)
		}
	})
}

func TestPlacesNeverChange(t *testing.T) {
	store := auth.NewMemStore()
	home := func(ids ...hubs.DeviceID) *toy {
		f := newToy()
		clear(f.on)
		for _, id := range ids {
			f.on[id] = true
		}
		return f
	}
	place := func(f *toy, raw hubs.DeviceID) (id string) {
		bubble(t, func(t *testing.T) {
			r := startRig(t, "toy", f, store)
			pass(time.Second)
			r.mu.Lock()
			id = r.devices[raw].placed.ID
			r.mu.Unlock()
		})
		return id
	}
	first := place(home("a.b"), "a.b")
	if first != "a_b" {
		t.Fatalf("want the plain form, got %s", first)
	}
	if got := place(home("a b", "a.b"), "a.b"); got != first {
		t.Errorf("another device with the same form took its place: %s", got)
	}
}

func TestStoreThatFailsIsSaid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), fullStore{auth.NewMemStore()})
		pass(time.Second)
		if got := r.board.at("b/toy/info"); !strings.Contains(got, "no space") || r.board.at("b/toy/p1") == "" {
			t.Errorf("want the trouble said and values published, got %s", got)
		}
	})
}

// fullStore is a disk that is full.
type fullStore struct{ auth.KV }

func (fullStore) Put(context.Context, string, []byte, uint64) (uint64, error) {
	return 0, errors.New("no space left on device")
}

func TestBurstsAreMerged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		r := startRig(t, "toy", f, auth.NewMemStore())
		pass(time.Second)
		before := r.board.count("b/toy/p1")
		for i := range 100 {
			r.apply([]hubs.Reading{{Device: "p1", Values: []hubs.PointValue{
				{Point: hubs.Point{Entity: "plug", Attr: hubs.On}, Value: hubs.Bool(i%2 == 0)},
			}}}, source{push: true})
		}
		synctest.Wait()
		if got := r.board.count("b/toy/p1") - before; got != 1 {
			t.Errorf("want the first change at once and no more, got %d", got)
		}
		pass(burst)
		if got := r.board.at("b/toy/p1"); !strings.Contains(got, `"OFF"`) {
			t.Errorf("want the last value at the end, got %s", got)
		}
	})
}
