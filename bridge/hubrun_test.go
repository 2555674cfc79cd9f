package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

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

func TestEarlyReadConfirms(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), auth.NewMemStore())
		pass(time.Second)
		r.command("p1/plug/set", "ON")
		pass(time.Second) // long before the next poll
		r.mu.Lock()
		defer r.mu.Unlock()
		if n := len(r.devices["p1"].pending); n != 0 {
			t.Errorf("want it confirmed by an early read, %d values are pending", n)
		}
	})
}
