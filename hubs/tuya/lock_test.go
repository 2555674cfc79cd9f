package tuya

import (
	"slices"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// A door is opened from afar only where the user let it be, by a ticket that shows
// nowhere.
func TestDoor(t *testing.T) {
	bubble(t, tuyatest.Options{}, nil, func(t *testing.T, s *sim) {
		if _, ok := func() (*hubs.Entity, bool) { d := find(s.devices(), tuyatest.Lock); return d.Entity("lock") }(); ok {
			t.Fatal("a lock that nobody asked for")
		}
		unlock := set(tuyatest.Lock, "lock", hubs.State, hubs.Unlocked)
		if err := s.hub.Execute(t.Context(), unlock); hubs.FaultOf(err) != hubs.UnknownEntity {
			t.Errorf("want it refused, got %v", err)
		}
		if n := s.cloud.Counters().ByOp[tuyatest.OpTicket]; n != 0 {
			t.Errorf("%d tickets were asked for", n)
		}
		s.hub.unlocks = func(d hubs.Device) bool { return d.ID == tuyatest.Lock && d.Name != "" }
		d := find(s.devices(), tuyatest.Lock)
		if e, ok := d.Entity("lock"); !ok || e.Spec == nil {
			t.Fatal("want a lock, allowed by now")
		}
		for _, want := range []bool{true, false} {
			cmd := unlock
			if !want {
				cmd = set(tuyatest.Lock, "lock", hubs.State, hubs.Locked)
			}
			if err := s.hub.Execute(t.Context(), cmd); err != nil {
				t.Fatal(err)
			}
			if got, err := s.cloud.Value(tuyatest.Lock, "lock_motor_state"); err != nil || got != want {
				t.Errorf("want the door open %v, got %v, %v", want, got, err)
			}
		}
		done := s.cloud.Executed()
		if i := slices.IndexFunc(done, func(x tuyatest.Executed) bool { return x.Op != tuyatest.OpDoor }); len(done) != 2 || i >= 0 {
			t.Errorf("want two orders to the door, got %+v", done)
		}
		for _, c := range s.cloud.Calls() {
			_, ticket, ok := strings.Cut(c.Body, `"ticket_id":"`)
			if ticket, _, _ = strings.Cut(ticket, `"`); ok && strings.Contains(s.log.String(), ticket) {
				t.Error("a ticket is in the log")
			}
		}
	})
}

// Locks of before know the older calls, which open and do not close.
func TestOlderDoor(t *testing.T) {
	s := &script{}
	s.say = freshTokens(func(_ int, call string) string {
		switch {
		case strings.Contains(call, "/smart-lock/"):
			return failure(1108)
		case strings.HasSuffix(call, "/door-lock/password-ticket"):
			return result(`{"ticket_id":"t1","ticket_key":"k","expire_time":300}`)
		}
		return result("true")
	})
	r := newRig(t, s, nil)
	if err := r.hub.operate(t.Context(), "door1", true); err != nil {
		t.Error(err)
	}
	if got, want := s.bodies[len(s.bodies)-1], `{"ticket_id":"t1"}`; got != want {
		t.Errorf("want %s, got %s", want, got)
	}
	if err := r.hub.operate(t.Context(), "door1", false); !isCode(err, 1108) {
		t.Errorf("want closing refused, got %v", err)
	}
	s.say = freshTokens(func(int, string) string { return result(`{}`) })
	if err := r.hub.operate(t.Context(), "door1", true); hubs.FaultOf(err) != hubs.Transient {
		t.Errorf("no ticket in the answer: want transient, got %v", err)
	}
}
