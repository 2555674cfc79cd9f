package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// After a command met the vendor's limit nobody polls until it is over, whatever asks
// for it, and a few commands are tried.
func TestCommandMeetsTheLimit(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		sent  int // of five commands in ten minutes
	}{
		"for a second": {time.Minute, 5},
		"for long":     {2 * time.Hour, 2},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newToy()
				r := startRig(t, "toy", f, auth.NewMemStore())
				pass(5 * time.Second)
				limit := &hubs.Error{Fault: hubs.Limited, Code: "429", After: c.after, Hint: "wait", Err: errors.New("too many calls")}
				f.set(func(f *toy) { f.execute = func(context.Context, hubs.Command) error { return limit } })
				polls, lists := f.polled(), f.listed()
				r.command("p1/plug/set", "ON")
				pass(time.Second)
				var info hubInfo
				if err := json.Unmarshal([]byte(r.board.at("b/toy/info")), &info); err != nil {
					t.Fatal(err)
				}
				if info.State != Limited || *info.ErrorCode != "429" || time.Until(*info.NextPoll) < c.after-2*time.Second {
					t.Errorf("want limited for %v, got %s", c.after, r.board.at("b/toy/info"))
				}
				for range 4 {
					r.relist("push came up")
					r.command("p2/plug/set", "OFF")
					pass(5 * time.Second)
				}
				for _, res := range r.board.results(t) {
					if res.OK || res.Code != "limited" || res.Error == "" {
						t.Errorf("want a refusal in words, got %+v", res)
					}
				}
				if f.commands() != c.sent || len(r.board.results(t)) != 5 {
					t.Errorf("want %d of 5 commands tried, got %d; results %d", c.sent, f.commands(), len(r.board.results(t)))
				}
				if f.polled() != polls || f.listed() != lists {
					t.Error("the vendor is asked though it wants to be left alone")
				}
				f.set(func(f *toy) { f.execute = nil })
				pass(c.after)
				if f.polled() == polls || r.state() != OK {
					t.Errorf("after the limit: %s", r.board.at("b/toy/info"))
				}
				sent := f.commands()
				for range 3 {
					r.command("p2/plug/set", "TOGGLE")
					pass(100 * time.Millisecond)
				}
				if f.commands() != sent+3 {
					t.Error("commands are still held back")
				}
			})
		})
	}
}

// Once a command went well the others are not held back any more, though polls are.
func TestCommandEndsTheRestraint(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		r := startRig(t, "toy", f, auth.NewMemStore())
		pass(5 * time.Second)
		limit := &hubs.Error{Fault: hubs.Limited, After: 2 * time.Hour, Err: errors.New("too many calls")}
		f.set(func(f *toy) { f.execute = func(context.Context, hubs.Command) error { return limit } })
		r.command("p1/plug/set", "ON")
		pass(time.Second)
		r.command("p1/plug/set", "ON") // one more is tried
		pass(2 * time.Minute)
		f.set(func(f *toy) { f.execute = nil })
		polls := f.polled()
		for range 5 {
			r.command("p1/plug/set", "TOGGLE")
			pass(5 * time.Second)
		}
		got := r.board.results(t)
		for i, res := range got {
			if res.OK != (i >= 2) {
				t.Errorf("command %d: %+v", i, res)
			}
		}
		if len(got) != 7 || f.polled() != polls {
			t.Errorf("want 7 results and no poll, got %d and %d", len(got), f.polled()-polls)
		}
	})
}

// Nothing that asks for an inventory cuts the wait short that the vendor asked for.
func TestKicksWaitForTheVendor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.poll = func(context.Context) ([]hubs.Reading, error) {
			return nil, &hubs.Error{Fault: hubs.Limited, After: 10 * time.Minute, Err: errors.New("429")}
		}
		r := startRig(t, "toy", f, auth.NewMemStore())
		for range 9 {
			pass(time.Minute)
			r.relist("push came up")
		}
		if f.polled() != 1 {
			t.Errorf("asked %d times", f.polled())
		}
		f.set(func(f *toy) { f.poll = nil })
		pass(time.Minute + time.Second)
		if f.polled() != 2 || r.state() != OK {
			t.Errorf("want it asked when that is over, got %d times, %s", f.polled(), r.state())
		}
	})
}
