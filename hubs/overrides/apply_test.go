package overrides

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// say makes options of what a file would hold, each with its own place.
func say(t *testing.T, pairs ...any) Options {
	t.Helper()
	out := Options{}
	for i := 0; i < len(pairs); i += 2 {
		name := pairs[i].(string)
		v, err := Check(name, pairs[i+1], OfEntity)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = Option{v, "f:" + name}
	}
	return out
}

// refuse is a fit that knows no power in kWh.
func refuse(e *hubs.Entity) error {
	if s, ok := e.Spec.(hubs.Sensor); ok && e.Class == hubs.Power && s.Unit == hubs.KiloWattH {
		return errors.New("power is in W")
	}
	return nil
}

func TestApply(t *testing.T) {
	watt := hubs.Entity{Key: "p", Name: "P", Class: hubs.Power, Spec: hubs.Sensor{Unit: hubs.Watt, Accumulates: hubs.Measurement}}
	with := func(change func(*hubs.Entity, *hubs.Sensor)) hubs.Entity {
		e, s := watt, watt.Spec.(hubs.Sensor)
		change(&e, &s)
		e.Spec = s
		return e
	}
	plug := hubs.Entity{Key: "s", Class: hubs.Outlet, Spec: hubs.Switch{}}
	number := hubs.Entity{Key: "n", Class: hubs.Temperature, Spec: hubs.Number{Unit: hubs.Celsius, Min: -50, Max: 300, Step: 5}}
	cases := []struct {
		name  string
		in    hubs.Entity
		say   []any
		want  hubs.Entity
		fault string // empty: none
	}{
		{"nothing", watt, nil, watt, ""},
		{
			"looks", plug,
			[]any{Name, "Lamp", Icon, "mdi:lamp", Disabled, true},
			hubs.Entity{Key: "s", Name: "Lamp", Icon: "mdi:lamp", Class: hubs.Outlet, Hidden: true, Spec: hubs.Switch{}},
			"",
		},
		{"enabled", hubs.Entity{Key: "s", Hidden: true, Spec: hubs.Switch{}}, []any{Disabled, false}, hubs.Entity{Key: "s", Spec: hubs.Switch{}}, ""},
		{"a light, whose class was a switch's", plug, []any{Kind, "Light"}, hubs.Entity{Key: "s", Spec: hubs.Light{}}, ""},
		{"the kind that it is", plug, []any{Kind, "switch"}, plug, ""},
		{"a kind with a class", plug, []any{Kind, "valve", Class, "water"}, hubs.Entity{Key: "s", Class: hubs.Water, Spec: hubs.Valve{}}, ""},
		{
			"no such way", plug,
			[]any{Kind, "number", Name, "Rest"},
			hubs.Entity{Key: "s", Name: "Rest", Class: hubs.Outlet, Spec: hubs.Switch{}},
			"f:kind: s: kind: it is a switch, which can be shown as light, fan, siren, binary_sensor, valve, cover, lock, button, not as number",
		},
		{"no way at all", hubs.Entity{Key: "c", Spec: hubs.Climate{}}, []any{Kind, "fan"}, hubs.Entity{Key: "c", Spec: hubs.Climate{}}, "cannot be shown as anything else"},
		{"a sensor does not become a light", watt, []any{Kind, "light"}, watt, "as binary_sensor, not as light"},
		{"a sensor cannot be set", watt, []any{Kind, "number"}, watt, "not as number"},
		{
			"write-only",
			hubs.Entity{Key: "w", Spec: hubs.Switch{WriteOnly: true}},
			[]any{Kind, "light"},
			hubs.Entity{Key: "w", Spec: hubs.Switch{WriteOnly: true}},
			"shown as button, not as light",
		},
		{"class and unit", watt, []any{Class, "energy", Unit, "kwh"}, with(func(e *hubs.Entity, s *hubs.Sensor) {
			e.Class, s.Unit = hubs.Energy, hubs.KiloWattH
		}), ""},
		{"neither", watt, []any{Class, "none", Unit, "none"}, with(func(e *hubs.Entity, s *hubs.Sensor) {
			e.Class, s.Unit = hubs.NoClass, hubs.NoUnit
		}), ""},
		{"what is refused, the rest applies", watt, []any{Unit, "kWh", Name, "Q", Scale, 0.1}, with(func(e *hubs.Entity, s *hubs.Sensor) {
			e.Name, s.Decimals = "Q", 1
		}), "f:unit: p: unit: power is in W"},
		{"a unit of a switch", plug, []any{Unit, "W"}, plug, "only numbers"},
		{
			"a unit of words",
			hubs.Entity{Key: "o", Spec: hubs.Sensor{Options: []string{"a"}}},
			[]any{Unit, "W", Scale, 2},
			hubs.Entity{Key: "o", Spec: hubs.Sensor{Options: []string{"a"}}},
			"only numbers",
		},
		{
			"added up", with(func(e *hubs.Entity, s *hubs.Sensor) { e.Class, s.Unit = hubs.Energy, hubs.KiloWattH }),
			[]any{Accumulate, true},
			with(func(e *hubs.Entity, s *hubs.Sensor) {
				e.Class, s.Unit, s.Accumulates, s.Deltas = hubs.Energy, hubs.KiloWattH, hubs.Increasing, true
			}), "",
		},
		{
			"a total that may fall is added up", with(func(_ *hubs.Entity, s *hubs.Sensor) { s.Accumulates = hubs.Total }),
			[]any{Accumulate, true},
			with(func(_ *hubs.Entity, s *hubs.Sensor) { s.Accumulates, s.Deltas = hubs.Total, true }), "",
		},
		{
			"not added up", with(func(_ *hubs.Entity, s *hubs.Sensor) { s.Accumulates, s.Deltas = hubs.Total, true }),
			[]any{Accumulate, false},
			with(func(_ *hubs.Entity, s *hubs.Sensor) { s.Accumulates = hubs.Total }), "",
		},
		{"a switch is not added up", plug, []any{Accumulate, true}, plug, "only a sensor of numbers"},
		{"a switch is not added up anyway", plug, []any{Accumulate, false}, plug, ""},
		{"a switch is not multiplied", plug, []any{Scale, 2}, plug, "this is a switch"},
		{
			"a scaled number", number,
			[]any{Scale, 0.1},
			hubs.Entity{Key: "n", Class: hubs.Temperature, Spec: hubs.Number{Unit: hubs.Celsius, Min: -5, Max: 30, Step: 0.5}},
			"",
		},
		{
			"a number upside down", number,
			[]any{Scale, -2},
			hubs.Entity{Key: "n", Class: hubs.Temperature, Spec: hubs.Number{Unit: hubs.Celsius, Min: -600, Max: 100, Step: 10}},
			"",
		},
		{
			"a number that is only shown", number,
			[]any{Kind, "sensor", Scale, 0.1},
			hubs.Entity{Key: "n", Class: hubs.Temperature, Spec: hubs.Sensor{Unit: hubs.Celsius, Decimals: 1}},
			"",
		},
		{
			"a setting that is only shown",
			hubs.Entity{Key: "c", Spec: hubs.Choice{Options: []string{"a"}}},
			[]any{Kind, "sensor"},
			hubs.Entity{Key: "c", Spec: hubs.Sensor{Options: []string{"a"}}},
			"",
		},
		{
			"a number of 0 and 1", watt,
			[]any{Kind, "binary_sensor", Class, "motion"},
			hubs.Entity{Key: "p", Name: "P", Class: hubs.MotionClass, Spec: hubs.Binary{}},
			"",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := c.in
			_, faults := Apply(&got, say(t, c.say...), refuse)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			var texts []string
			for _, f := range faults {
				texts = append(texts, f.Error())
			}
			all := strings.Join(texts, "\n")
			if (c.fault == "") != (all == "") || !strings.Contains(all, c.fault) {
				t.Errorf("want the fault %q, got %q", c.fault, all)
			}
		})
	}
}

// TestViews sends values in and the commands that mean the same out again.
func TestViews(t *testing.T) {
	set := func(a hubs.Attr, v hubs.Value) hubs.AttrValue { return hubs.AttrValue{Attr: a, Value: v} }
	on, off := set(hubs.On, hubs.Bool(true)), set(hubs.On, hubs.Bool(false))
	cases := []struct {
		name   string
		spec   hubs.Spec
		say    []any
		hub    hubs.AttrValue
		people hubs.AttrValue
		oneWay bool
	}{
		{"a light on", hubs.Switch{}, []any{Kind, "light"}, on, on, false},
		{"a dimmer as a fan", hubs.Light{Dims: true}, []any{Kind, "fan"}, off, off, false},
		{"a fan as a switch", hubs.Fan{Speeds: 3}, []any{Kind, "switch"}, on, on, false},
		{"a siren as a light", hubs.Siren{}, []any{Kind, "light"}, on, on, false},
		{"a valve open", hubs.Switch{}, []any{Kind, "valve"}, on, set(hubs.Position, hubs.Num(100)), false},
		{"a valve closed", hubs.Switch{}, []any{Kind, "valve"}, off, set(hubs.Position, hubs.Num(0)), false},
		{"a cover open", hubs.Switch{}, []any{Kind, "cover"}, on, set(hubs.Position, hubs.Num(100)), false},
		{"a lock unlocked", hubs.Switch{}, []any{Kind, "lock"}, on, set(hubs.State, hubs.Str(hubs.Unlocked)), false},
		{"a lock locked", hubs.Switch{}, []any{Kind, "lock"}, off, set(hubs.State, hubs.Str(hubs.Locked)), false},
		{"a lock that nobody knows of", hubs.Switch{}, []any{Kind, "lock"}, set(hubs.On, hubs.Value{}), set(hubs.State, hubs.Value{}), true},
		{"a valve that nobody knows of", hubs.Switch{}, []any{Kind, "valve"}, set(hubs.On, hubs.Value{}), set(hubs.Position, hubs.Value{}), true},
		{"a blind as a valve", hubs.Cover{Positions: true}, []any{Kind, "valve"}, set(hubs.Position, hubs.Num(30)), set(hubs.Position, hubs.Num(30)), false},
		{"zero is off", hubs.Sensor{}, []any{Kind, "binary_sensor"}, set(hubs.Main, hubs.Num(0)), off, true},
		{"seven is on", hubs.Sensor{}, []any{Kind, "binary_sensor"}, set(hubs.Main, hubs.Num(7)), on, true},
		{"a sensor of on and off", hubs.Sensor{Kind: hubs.KindBool}, []any{Kind, "binary_sensor"}, set(hubs.Main, hubs.Bool(true)), on, true},
		{"tenths", hubs.Number{Min: 0, Max: 1000}, []any{Scale, 0.1}, set(hubs.Main, hubs.Num(235)), set(hubs.Main, hubs.Num(23.5)), false},
		{"no noise", hubs.Number{}, []any{Scale, 0.1}, set(hubs.Main, hubs.Num(3)), set(hubs.Main, hubs.Num(0.3)), false},
		{"thousands", hubs.Number{}, []any{Scale, 1000}, set(hubs.Main, hubs.Num(1.234)), set(hubs.Main, hubs.Num(1234)), false},
		{"another sign", hubs.Number{Min: -5, Max: 5}, []any{Scale, -1}, set(hubs.Main, hubs.Num(4)), set(hubs.Main, hubs.Num(-4)), false},
		{"the end of a range", hubs.Number{Min: 0, Max: 0.7}, []any{Scale, 3}, set(hubs.Main, hubs.Num(0.7)), set(hubs.Main, hubs.Num(2.1)), false},
		{"thirds stay inside the range", hubs.Number{Min: 0, Max: 1}, []any{Scale, 1. / 3}, set(hubs.Main, hubs.Num(1)), set(hubs.Main, hubs.Num(0.333333333333)), false},
		{"unknown stays so", hubs.Number{}, []any{Scale, 2}, set(hubs.Main, hubs.Value{}), set(hubs.Main, hubs.Value{}), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := hubs.Entity{Key: "k", Spec: c.spec}
			v, faults := Apply(&e, say(t, c.say...), nil)
			if len(faults) > 0 || v.Plain() {
				t.Fatal(faults, v)
			}
			attr, value := v.In(c.hub.Attr, c.hub.Value)
			if got := set(attr, value); got != c.people {
				t.Errorf("in: want %v, got %v", c.people, got)
			}
			if _, there := e.Field(attr); !there {
				t.Errorf("%T has no %s", e.Spec, attr)
			}
			if c.oneWay {
				return
			}
			cmd := hubs.Command{Entity: "k", Set: []hubs.AttrValue{c.people}, With: hubs.Extras{Tone: "x"}}
			got := v.Out(cmd)
			if len(got.Set) != 1 || got.Set[0] != c.hub {
				t.Errorf("out: want %v, got %v", c.hub, got.Set)
			}
			if cmd.Set[0] != c.people {
				t.Error("the command itself was changed")
			}
		})
	}
}

func TestViewsOfActions(t *testing.T) {
	cases := []struct {
		name     string
		spec     hubs.Spec
		kind     string
		in, want hubs.Command
	}{
		{
			"a switch pressed",
			hubs.Switch{WriteOnly: true},
			"button",
			hubs.Command{Do: hubs.Press},
			hubs.Command{Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}},
		},
		{"a button as a scene", hubs.Button{}, "scene", hubs.Command{Do: hubs.Activate}, hubs.Command{Do: hubs.Press}},
		{"a scene as a button", hubs.Scene{}, "button", hubs.Command{Do: hubs.Press}, hubs.Command{Do: hubs.Activate}},
		{"a valve stopped", hubs.Cover{Stops: true}, "valve", hubs.Command{Do: hubs.Stop}, hubs.Command{Do: hubs.Stop, Set: []hubs.AttrValue{}}},
		{
			"a switch knows no transition",
			hubs.Switch{},
			"light",
			hubs.Command{
				Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}, With: hubs.Extras{Transition: time.Second, Code: auth.Secret("1")},
			},
			hubs.Command{Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := hubs.Entity{Key: "k", Spec: c.spec}
			v, faults := Apply(&e, say(t, Kind, c.kind), nil)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			if err := c.in.Check(&e); err != nil {
				t.Errorf("what is shown does not take it: %v", err)
			}
			if diff := cmp.Diff(c.want, v.Out(c.in), cmp.AllowUnexported(hubs.Value{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestEveryTurn holds the table against itself: what is shown has the attribute that
// values come under, and the hub takes what commands become.
func TestEveryTurn(t *testing.T) {
	from := map[string]hubs.Spec{
		"switch": hubs.Switch{}, "light": hubs.Light{Dims: true}, "fan": hubs.Fan{Speeds: 3}, "siren": hubs.Siren{}, "cover": hubs.Cover{Tilts: true},
		"valve": hubs.Valve{}, "number": hubs.Number{}, "select": hubs.Choice{Options: []string{"a"}}, "text": hubs.Text{}, "sensor": hubs.Sensor{},
		"button": hubs.Button{}, "scene": hubs.Scene{},
	}
	for word := range turns {
		if from[word] == nil || kindWord(from[word]) != word {
			t.Errorf("%s: no such kind, or it is not tried here", word)
		}
	}
	tried := 0
	for word, spec := range from {
		for _, turn := range turnsOf(spec) {
			tried++
			e := hubs.Entity{Key: "k", Spec: spec}
			if _, faults := Apply(&e, say(t, Kind, turn.to), nil); len(faults) > 0 || kindWord(e.Spec) != turn.to {
				t.Errorf("%s as %s: %v %T", word, turn.to, faults, e.Spec)
			}
			before := hubs.Entity{Key: "k", Spec: spec}
			if f, ok := before.Field(turn.was); turn.was != "" && !ok {
				t.Errorf("%s has no %s", word, turn.was)
			} else if g, ok := e.Field(turn.is); turn.is != "" && (!ok || g.Settable && !f.Settable) {
				t.Errorf("%s as %s: it has no %s, or takes what the hub does not", word, turn.to, turn.is)
			}
		}
	}
	if tried < 30 {
		t.Errorf("want all ways tried, got %d", tried)
	}
}

func TestViewsThatDoTheSameAreEqual(t *testing.T) {
	view := func(s hubs.Spec, pairs ...any) View {
		v, _ := Apply(&hubs.Entity{Key: "k", Spec: s}, say(t, pairs...), nil)
		return v
	}
	if view(hubs.Switch{}, Kind, "lock") != view(hubs.Switch{}, Kind, "lock", Name, "Other") || view(hubs.Number{Max: 5}, Scale, 2) != view(hubs.Number{Max: 5}, Scale, 2) {
		t.Error("want equal views equal")
	}
	if view(hubs.Switch{}, Kind, "lock") == view(hubs.Switch{}, Kind, "valve") || view(hubs.Number{}, Scale, 2) == view(hubs.Number{}, Scale, 3) || view(hubs.Number{}) != (View{}) {
		t.Error("want different views different")
	}
}

func TestScaledDecimals(t *testing.T) {
	for _, c := range []struct {
		decimals int
		scale    float64
		want     int
	}{
		{0, 0.1, 1},
		{0, 0.001, 3},
		{1, 10, 0},
		{0, 1000, 0},
		{2, 0.01, 4},
		{0, 0.5, 1},
		{1, 3.6, 2},
		{0, 25, 0},
		{-1, 0.1, -1},
		{0, 1. / 3, 9},
		{8, 0.001, 9},
		{0, -0.1, 1},
		{3, 1e-9, 9},
	} {
		t.Run(fmt.Sprint(c.decimals, c.scale), func(t *testing.T) {
			if got := scaledDecimals(c.decimals, c.scale); got != c.want {
				t.Errorf("want %d, got %d", c.want, got)
			}
		})
	}
}
