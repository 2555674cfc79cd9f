package aqara

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
)

// The whole way of each order: what the bridge sends, what the Studio does, and what
// push tells of it.
func TestOrders(t *testing.T) {
	bubble(t, aqaratest.Options{Home: aqaratest.FullHome()}, func(t *testing.T, r *rig) {
		r.devices()
		if _, err := r.hub.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		w := r.live()
		open := func(n float64) hubs.Command { return set(aqaratest.Valve, "x2_valve_control", hubs.Position, n) }
		for _, c := range []struct {
			cmd  hubs.Command
			done string
			attr hubs.Attr
			want hubs.Value
		}{
			{set(aqaratest.Lock, "x2_door_lock", hubs.State, hubs.Unlocked), "DoorLock.UnlockDoor", hubs.State, hubs.Str(hubs.Unlocked)},
			{set(aqaratest.Lock, "x2_door_lock", hubs.State, hubs.Locked), "DoorLock.LockDoor", hubs.State, hubs.Str(hubs.Locked)},
			{set(aqaratest.Lock, "x2_door_lock", hubs.State, hubs.Open), "DoorLock.UnboltDoor", hubs.State, hubs.Str(hubs.Unlocked)},
			{open(100), "ValveControl.Open", hubs.Position, hubs.Num(100)},
			{open(0), "ValveControl.Close", hubs.Position, hubs.Num(0)},
			{act(aqaratest.Vacuum, "x2_vacuum_operational_state", hubs.Start), "VacuumOperationalState.Start", hubs.State, hubs.Str("cleaning")},
			{act(aqaratest.Vacuum, "x2_vacuum_operational_state", hubs.Pause), "VacuumOperationalState.Pause", hubs.State, hubs.Str("paused")},
			{act(aqaratest.Vacuum, "x2_vacuum_operational_state", hubs.Start), "VacuumOperationalState.Resume", hubs.State, hubs.Str("cleaning")},
			{act(aqaratest.Vacuum, "x2_vacuum_operational_state", hubs.Dock), "VacuumOperationalState.GoHome", hubs.State, hubs.Str("docked")},
			{act(aqaratest.Sweeper, "x2_sweeper", hubs.Start), "Sweeper.StartCleaning", hubs.State, hubs.Str("cleaning")},
			{act(aqaratest.Sweeper, "x2_sweeper", hubs.Stop), "Sweeper.StopCleaning", hubs.State, hubs.Str("idle")},
			{set(aqaratest.Vacuum, "x2_mode_current_mode", hubs.Main, "mop"), "Mode.ChangeToMode", hubs.Main, hubs.Str("mop")},
			{set(aqaratest.Garage, "x2_garage_door_opener", hubs.Position, 100), "GarageDoorOpener.TargetGarageDoorState", hubs.Position, hubs.Num(100)},
			{set(aqaratest.Speaker, "x3_speaker_volume", hubs.Main, 12), "Speaker.Volume", hubs.Main, hubs.Num(12)},
		} {
			before := len(r.done())
			if err := r.hub.Execute(t.Context(), c.cmd); err != nil {
				t.Errorf("%+v: %v", c.cmd, err)
				continue
			}
			if got := r.done()[before:]; !slices.Equal(got, []string{c.done}) {
				t.Errorf("%+v: did %v, want %s", c.cmd, got, c.done)
			}
			w.until(c.done, func() bool { return w.value(string(c.cmd.Device), c.cmd.Entity, c.attr) == c.want })
		}
		checkHome(t, r.devices(), w.heard())
	})
}

// A cover is stopped by the order for that, wherever it is.
func TestCoverStopsByOrder(t *testing.T) {
	bubble(t, aqaratest.Options{}, func(t *testing.T, r *rig) {
		r.devices()
		if err := r.hub.Execute(t.Context(), set(aqaratest.Curtain, "x2_window_covering", hubs.Position, 100)); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		r.studio.Forget()
		if err := r.hub.Execute(t.Context(), act(aqaratest.Curtain, "x2_window_covering", hubs.Stop)); err != nil {
			t.Fatal(err)
		}
		if c := r.studio.Counters(); c.Calls != 1 {
			t.Errorf("%d calls to stop", c.Calls)
		}
		at := r.value(aqaratest.Curtain, "x2_window_covering", hubs.Position)
		pass(time.Minute)
		if now := r.value(aqaratest.Curtain, "x2_window_covering", hubs.Position); now != at || now == hubs.Num(100) {
			t.Errorf("stopped at %v, then at %v", at, now)
		}
	})
}

func TestLockWithoutRemoteControl(t *testing.T) {
	r := newRig(t, aqaratest.Options{Home: homeOf(aqaratest.Lock), FirmwareOptions: aqaratest.FirmwareOptions{DeafLocks: true}})
	r.devices()
	if err := r.hub.Execute(t.Context(), set(aqaratest.Lock, "x2_door_lock_enable_remote_control", hubs.On, false)); err != nil {
		t.Fatal(err)
	}
	r.value(aqaratest.Lock, "x2_door_lock", hubs.State)
	err := r.hub.Execute(t.Context(), set(aqaratest.Lock, "x2_door_lock", hubs.State, hubs.Locked))
	if hubs.FaultOf(err) != hubs.Refused || !strings.Contains(err.Error(), "Remote control") {
		t.Errorf("got %v", err)
	}
	if got := r.done(); slices.Contains(got, "DoorLock.LockDoor") {
		t.Errorf("did %v", got)
	}
	r.noSecrets(err)
}

// A lock that wants a code gets it, and nobody else does.
func TestLockCode(t *testing.T) {
	e := &endpoint{used: map[*trait]bool{}, traits: []*trait{{address: address{2, "DoorLock", "LockState"}, readable: true}}}
	e.orders = []*order{
		{function: "DoorLock", code: "LockDoor", optional: []string{fieldCode}},
		{function: "DoorLock", code: "UnlockDoor", mandatory: []string{fieldCode}},
		{function: "DoorLock", code: "UnboltDoor", mandatory: []string{"Reason"}},
	}
	p, ok := buildLock(e)
	if l, _ := p.entity.Spec.(hubs.Lock); !ok || l.Code == "" || l.Opens {
		t.Fatalf("built %v %+v", ok, p.entity.Spec)
	}
	for _, c := range []struct {
		state, code string
		args        int // -1: refused
	}{{hubs.Locked, "", 0}, {hubs.Locked, "1234", 1}, {hubs.Unlocked, "1234", 1}, {hubs.Unlocked, "", -1}, {hubs.Open, "1234", -1}} {
		cmd := set("d", "e", hubs.State, c.state)
		cmd.With.Code = "1234"
		if c.code == "" {
			cmd.With.Code = ""
		}
		got, err := p.unit.write(&cmd, nil)
		if (err != nil) != (c.args < 0) || err == nil && len(got[0].args) != c.args {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
}
