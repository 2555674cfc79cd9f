package bridge

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

var (
	noon    = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	onPoint = hubs.Point{Entity: "lamp", Attr: hubs.On}
)

func testDevice() *device {
	d := newDevice(discovery.Placed{ID: "d1", Device: hubs.Device{ID: "d.1", Name: "Hall", Entities: []hubs.Entity{
		{Key: "lamp", Spec: hubs.Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500, HS: true}},
		{Key: "blind", Name: "Blind", Spec: hubs.Cover{Positions: true, Stops: true}},
		{Key: "door", Name: "Door", Spec: hubs.Lock{}},
		{Key: "knob", Name: "Knob", Spec: hubs.Event{Types: []string{"single"}}},
	}}})
	d.dirty = false
	return d
}

func value(entity string, a hubs.Attr, v hubs.Value, at time.Time) hubs.Reading {
	return hubs.Reading{Device: "d.1", Values: []hubs.PointValue{{Point: hubs.Point{Entity: entity, Attr: a}, Value: v, At: at}}}
}

func TestMergeOrdersByTime(t *testing.T) {
	push := source{push: true, asked: noon}
	step := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	type news struct {
		on   bool
		at   time.Time // vendor's
		from source
		got  time.Time // ours
	}
	cases := []struct {
		name string
		news []news
		want bool
	}{
		{"a later push wins", []news{{false, step(1), push, step(1)}, {true, step(2), push, step(2)}}, true},
		{"an older push that comes late is dropped", []news{{true, step(2), push, step(2)}, {false, step(1), push, step(3)}}, true},
		{"equal times: the last one wins", []news{{false, step(1), push, step(1)}, {true, step(1), push, step(1)}}, true},
		{
			"a poll asked before a push came does not undo it",
			[]news{{true, step(2), push, step(2)}, {false, step(1), source{asked: step(1)}, step(3)}},
			true,
		},
		{
			"a poll without times, asked before a push came, does not undo it",
			[]news{{true, time.Time{}, push, step(2)}, {false, time.Time{}, source{asked: step(1)}, step(3)}},
			true,
		},
		{
			"a poll asked later is the truth, though the vendor's clock was wrong before",
			[]news{{false, step(3600), push, step(2)}, {true, step(4), source{asked: step(4)}, step(5)}},
			true,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := testDevice()
			for _, n := range c.news {
				d.merge(value("lamp", hubs.On, hubs.Bool(n.on), n.at), n.from, n.got)
			}
			if got, _ := d.shown(onPoint).Bool(); got != c.want {
				t.Errorf("want %v, got %v", c.want, got)
			}
		})
	}
}

func TestMergeRefusesWhatWasNotDeclared(t *testing.T) {
	d := testDevice()
	d.merge(value("ghost", hubs.On, hubs.Bool(true), noon), source{}, noon)
	d.merge(value("lamp", hubs.On, hubs.Str("yes"), noon), source{}, noon)
	if len(d.snapshot()) != 0 || d.dirty {
		t.Errorf("want nothing taken, got %v", d.snapshot())
	}
}

func TestMergeUnchangedIsNotDirty(t *testing.T) {
	d := testDevice()
	d.merge(value("lamp", hubs.On, hubs.Bool(true), noon), source{}, noon)
	if !d.dirty {
		t.Fatal("the first value must be published")
	}
	d.dirty = false
	d.merge(value("lamp", hubs.On, hubs.Bool(true), noon.Add(time.Second)), source{asked: noon}, noon.Add(time.Second))
	if d.dirty || !d.seenDirty {
		t.Errorf("want only last_seen news, got dirty=%v seen=%v", d.dirty, d.seenDirty)
	}
}

func TestFullReadingForgetsTheRest(t *testing.T) {
	d := testDevice()
	d.merge(value("lamp", hubs.Level, hubs.Num(50), time.Time{}), source{asked: noon}, noon)
	full := value("lamp", hubs.On, hubs.Bool(true), time.Time{})
	full.Full = true
	d.merge(full, source{asked: noon.Add(time.Second)}, noon.Add(time.Second))
	if v := d.shown(hubs.Point{Entity: "lamp", Attr: hubs.Level}); v.Known() {
		t.Errorf("want the level unknown, got %v", v)
	}
}

func command(entity string, a hubs.Attr, v hubs.Value) hubs.Command {
	return hubs.Command{Entity: entity, Set: []hubs.AttrValue{{Attr: a, Value: v}}}
}

func (d *device) order(t *testing.T, cmd hubs.Command, id uint64, now time.Time) {
	t.Helper()
	e, ok := d.placed.Entity(cmd.Entity)
	if !ok {
		t.Fatalf("no entity %s", cmd.Entity)
	}
	ws, within := d.wishes(cmd, e)
	d.want(cmd, ws, id, now, within)
}

func TestPendingTruth(t *testing.T) {
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	read := func(s int) source { return source{asked: at(s)} }
	push := source{push: true}
	shows := func(d *device, want bool) string {
		if got, _ := d.shown(onPoint).Bool(); got != want {
			return "wrong state shown"
		}
		return ""
	}
	cases := []struct {
		name    string
		play    func(*device)
		want    bool
		pending int
	}{
		{"shown at once", func(*device) {}, true, 1},
		{"a stale read never flips it back", func(d *device) {
			d.merge(value("lamp", hubs.On, hubs.Bool(false), at(0)), read(2), at(2))
		}, true, 1},
		{"a read confirms it", func(d *device) {
			d.merge(value("lamp", hubs.On, hubs.Bool(true), at(2)), read(2), at(2))
		}, true, 0},
		{"a read that never changed confirms what it was already", func(d *device) {
			d.merge(value("lamp", hubs.On, hubs.Bool(true), time.Time{}), read(2), at(2))
		}, true, 0},
		{"a push from before the vendor had it is no news", func(d *device) {
			d.sent(1, at(1))
			d.merge(value("lamp", hubs.On, hubs.Bool(false), at(0)), push, at(2))
		}, true, 1},
		{"a read that differs is held back, whatever its time: clouds answer from caches", func(d *device) {
			d.sent(1, at(1))
			d.merge(value("lamp", hubs.On, hubs.Bool(false), at(2)), read(3), at(3))
		}, true, 1},
		{"a push from after it is: somebody pressed the switch", func(d *device) {
			d.sent(1, at(1))
			d.merge(value("lamp", hubs.On, hubs.Bool(false), at(2)), push, at(2))
		}, false, 0},
		{"a refusal shows the last read value again", func(d *device) {
			d.drop(func(p pend) bool { return p.id == 1 })
		}, false, 0},
		{"nothing confirms it", func(d *device) {
			d.drop(func(p pend) bool { return !p.until.After(at(30)) })
		}, false, 0},
		{"not before its time", func(d *device) {
			d.drop(func(p pend) bool { return !p.until.After(at(29)) })
		}, true, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := testDevice()
			d.merge(value("lamp", hubs.On, hubs.Bool(false), at(-60)), read(-60), at(-60))
			d.order(t, command("lamp", hubs.On, hubs.Bool(true)), 1, at(0))
			c.play(d)
			if fault := shows(d, c.want); fault != "" || len(d.pending) != c.pending {
				t.Errorf("want %v with %d pending: %s, %d pending", c.want, c.pending, fault, len(d.pending))
			}
		})
	}
}

func TestPendingRoundsAsVendorsDo(t *testing.T) {
	cases := []struct {
		attr      hubs.Attr
		want, got float64
		near      bool
	}{
		{hubs.Level, 19.6, 20, true},
		{hubs.Level, 19.6, 22, false},
		{hubs.Kelvin, 3000, 3003, true}, // 333 mired
		{hubs.Kelvin, 3000, 4000, false},
		{hubs.Hue, 359.5, 0.5, true},
		{hubs.Main, 21.5, 21.5, true},
		{hubs.Main, 21.5, 22, false},
	}
	for _, c := range cases {
		if got := near(&hubs.Field{Attr: c.attr}, hubs.Num(c.want), hubs.Num(c.got)); got != c.near {
			t.Errorf("%s %v against %v: want %v, got %v", c.attr, c.want, c.got, c.near, got)
		}
	}
}

func TestColourModeIsPendingToo(t *testing.T) {
	d := testDevice()
	d.order(t, command("lamp", hubs.Kelvin, hubs.Num(3000)), 1, noon)
	if got := d.shown(hubs.Point{Entity: "lamp", Attr: hubs.ColourMode}); got != hubs.Str(hubs.ColourKelvin) {
		t.Errorf("want kelvin, got %v", got)
	}
}

func TestMovingThings(t *testing.T) {
	motion := hubs.Point{Entity: "blind", Attr: hubs.Motion}
	position := hubs.Point{Entity: "blind", Attr: hubs.Position}
	d := testDevice()
	d.merge(value("blind", hubs.Position, hubs.Num(0), time.Time{}), source{asked: noon}, noon)
	d.order(t, command("blind", hubs.Position, hubs.Num(100)), 1, noon)
	if got := d.shown(motion); got != hubs.Str(hubs.Opening) {
		t.Fatalf("want opening at once, got %v", got)
	}
	if got := d.shown(position); got != hubs.Num(0) {
		t.Fatalf("want it where it is, got %v", got)
	}
	d.merge(value("blind", hubs.Motion, hubs.Str(hubs.Stopped), time.Time{}), source{asked: noon}, noon)
	if got := d.shown(motion); got != hubs.Str(hubs.Opening) {
		t.Fatalf("a stale stop must be held back, got %v", got)
	}
	d.merge(value("blind", hubs.Position, hubs.Num(100), time.Time{}), source{asked: noon}, noon)
	if got := d.shown(motion); got != hubs.Str(hubs.Stopped) {
		t.Fatalf("arrived: want the read motion again, got %v", got)
	}
}

// A blind that is told to go and then to stay, before it moved, is not on its way.
func TestMoveIsTakenBack(t *testing.T) {
	motion := hubs.Point{Entity: "blind", Attr: hubs.Motion}
	d := testDevice()
	d.merge(value("blind", hubs.Position, hubs.Num(0), time.Time{}), source{asked: noon}, noon)
	d.order(t, command("blind", hubs.Position, hubs.Num(100)), 1, noon)
	d.dirty = false
	d.order(t, command("blind", hubs.Position, hubs.Num(0)), 2, noon)
	if got := d.shown(motion); got == hubs.Str(hubs.Opening) || !d.dirty {
		t.Fatalf("want it shown as read, and published, got %v, %v", got, d.dirty)
	}
	d.order(t, command("blind", hubs.Position, hubs.Num(60)), 3, noon)
	if got := d.shown(motion); got != hubs.Str(hubs.Opening) {
		t.Fatalf("want opening, got %v", got)
	}
}

func TestLockIsOnItsWay(t *testing.T) {
	d := testDevice()
	state := hubs.Point{Entity: "door", Attr: hubs.State}
	d.merge(value("door", hubs.State, hubs.Str(hubs.Unlocked), time.Time{}), source{asked: noon}, noon)
	d.order(t, command("door", hubs.State, hubs.Str(hubs.Locked)), 1, noon)
	if got := d.shown(state); got != hubs.Str(hubs.Locking) {
		t.Fatalf("want locking, got %v", got)
	}
	d.merge(value("door", hubs.State, hubs.Str(hubs.Locked), time.Time{}), source{asked: noon}, noon)
	if got := d.shown(state); got != hubs.Str(hubs.Locked) || len(d.pending) != 0 {
		t.Fatalf("want locked and settled, got %v", got)
	}
}

func TestEvents(t *testing.T) {
	press := func(s int) hubs.Happening {
		return hubs.Happening{Entity: "knob", Type: "single", At: noon.Add(time.Duration(s) * time.Second)}
	}
	timeless := hubs.Happening{Entity: "knob", Type: "single"}
	push, poll := source{push: true}, source{}
	cases := []struct {
		name string
		from []source
		in   [][]hubs.Happening
		want int
	}{
		{"two equal presses are two", []source{push, push}, [][]hubs.Happening{{press(1)}, {press(2)}}, 2},
		{"a repeated message is one", []source{push, push}, [][]hubs.Happening{{press(1)}, {press(1)}}, 1},
		{"two different ones of the same moment are two", []source{push}, [][]hubs.Happening{{press(1), {Entity: "knob", Type: "double", At: press(1).At}}}, 2},
		{"and each of them comes once", []source{push, push}, [][]hubs.Happening{
			{press(1), {Entity: "knob", Type: "double", At: press(1).At}}, {{Entity: "knob", Type: "double", At: press(1).At}, press(1)},
		}, 2},
		{"without a time each counts", []source{push, push}, [][]hubs.Happening{{timeless}, {timeless}}, 2},
		{"the first poll is not news", []source{poll}, [][]hubs.Happening{{press(1)}}, 0},
		{"a poll whose time advanced is", []source{poll, poll}, [][]hubs.Happening{{press(1)}, {press(2)}}, 1},
		{"a poll that repeats a push is not", []source{push, poll}, [][]hubs.Happening{{press(1)}, {press(1)}}, 1},
		{"a poll without a time never is", []source{push, poll}, [][]hubs.Happening{{press(1)}, {timeless}}, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := testDevice()
			got := 0
			for i, es := range c.in {
				got += len(d.merge(hubs.Reading{Device: "d.1", Events: es}, c.from[i], noon))
			}
			if got != c.want {
				t.Errorf("want %d events, got %d", c.want, got)
			}
		})
	}
}

func TestReplacedShapeForgetsWhatLeft(t *testing.T) {
	d := testDevice()
	d.merge(value("lamp", hubs.On, hubs.Bool(true), noon), source{}, noon)
	p := d.placed
	p.Entities = p.Entities[1:]
	d.place(p)
	if diff := cmp.Diff(map[hubs.Point]hubs.Value{}, d.snapshot(), cmp.AllowUnexported(hubs.Value{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
