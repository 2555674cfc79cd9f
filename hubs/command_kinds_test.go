package hubs

import (
	"errors"
	"reflect"
	"testing"
)

func to(a Attr, v Value) Command { return set(AttrValue{a, v}) }

func do(a Action) Command { return Command{Entity: "e", Do: a} }

// What each kind of entity takes, and what it refuses and why.
var kindCases = map[string]struct {
	spec                  Spec
	takes, wrong, onlySee []Command
}{
	"Switch": {
		Switch{},
		[]Command{to(On, Bool(true)), to(On, Bool(false)), do(Toggle)},
		[]Command{to(On, Str("ON")), to(On, Num(1)), to(On, Value{}), to(Level, Num(1)), do(Press), do("fly")},
		nil,
	},
	"Siren": {
		Siren{Tones: []string{"fire"}},
		[]Command{to(On, Bool(true)), do(Toggle)},
		[]Command{to(Main, Str("fire")), do(Start)},
		nil,
	},
	"Binary": {
		Binary{},
		nil,
		[]Command{to(Main, Bool(true)), {}},
		[]Command{to(On, Bool(true)), do(Toggle), do(Press)},
	},
	"Sensor": {
		Sensor{Options: []string{"a"}},
		nil,
		[]Command{to(On, Bool(true))},
		[]Command{to(Main, Str("a")), to(Main, Num(1)), do(Toggle)},
	},
	"Number": {
		Number{Min: -5, Max: 5, Step: 0.5},
		[]Command{to(Main, Num(-5)), to(Main, Num(0)), to(Main, Num(5)), to(Main, Num(0.3))},
		[]Command{to(Main, Num(5.0001)), to(Main, Num(-6)), to(Main, Str("1")), to(Main, Value{}), do(Toggle), do(Press)},
		nil,
	},
	"Choice": {
		Choice{Options: []string{"eco", "boost"}},
		[]Command{to(Main, Str("eco"))},
		[]Command{to(Main, Str("ECO")), to(Main, Str("")), to(Main, Num(0))},
		nil,
	},
	"Choice of nothing": {Choice{}, nil, []Command{to(Main, Str("a")), to(Main, Str(""))}, nil},
	"Text": {
		Text{Min: 1, Max: 3},
		[]Command{to(Main, Str("a")), to(Main, Str("äöü"))},
		[]Command{to(Main, Str("")), to(Main, Str("abcd")), to(Main, Bool(true))},
		nil,
	},
	"time of day": {
		Text{Max: 8, Format: FormatTime, WriteOnly: true},
		[]Command{to(Main, Str("00:00:00"))},
		[]Command{to(Main, Str("0:00:00")), to(Main, Str("07:60:00"))},
		nil,
	},
	"Lock": {
		Lock{},
		[]Command{to(State, Str(Locked)), to(State, Str(Unlocked))},
		[]Command{to(State, Str(Locking)), to(State, Str(Open)), to(State, Str("LOCKED")), to(On, Bool(true)), do(Stop)},
		nil,
	},
	"Light": {
		Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500, HS: true, XY: true, Effects: []string{"party"}},
		[]Command{
			to(On, Bool(false)), to(Level, Num(0)), to(Level, Num(100)), to(Kelvin, Num(6500)), to(Hue, Num(360)),
			to(Saturation, Num(0)), to(ColourX, Num(1)), to(ColourY, Num(0.33)), to(Effect, Str("party")), do(Toggle),
		},
		[]Command{
			to(Level, Num(100.5)), to(Level, Num(-1)), to(Kelvin, Num(1999)), to(Hue, Num(361)), to(ColourX, Num(1.01)),
			to(Effect, Str("none")), set(AttrValue{On, Bool(true)}, AttrValue{Position, Num(1)}), do(Stop),
		},
		[]Command{to(ColourMode, Str(ColourHS)), set(AttrValue{On, Bool(true)}, AttrValue{ColourMode, Str(ColourXY)})},
	},
	"plain light": {Light{}, []Command{to(On, Bool(true))}, []Command{to(Level, Num(50)), to(Kelvin, Num(3000)), to(Effect, Str(""))}, nil},
	"Cover": {
		Cover{Tilts: true, Stops: true},
		[]Command{to(Position, Num(0)), to(Position, Num(100)), to(Tilt, Num(33)), do(Stop)},
		[]Command{to(Position, Num(50)), to(Position, Num(101)), to(Tilt, Num(101)), do(Toggle), do(Start)},
		[]Command{to(Motion, Str(Opening))},
	},
	"Valve": {
		Valve{Positions: true},
		[]Command{to(Position, Num(50))},
		[]Command{to(Tilt, Num(1)), do(Stop)},
		[]Command{to(Motion, Str(Stopped))},
	},
	"Climate": {
		fullClimate([]string{"off", "heat"}),
		[]Command{
			to(Mode, Str("heat")), to(On, Bool(true)), to(Target, Num(5)), to(TargetLow, Num(18)), to(TargetHigh, Num(30)),
			to(Humidity, Num(70)), to(FanMode, Str("off")), to(Swing, Str("off")), to(Preset, Str("heat")),
		},
		[]Command{
			to(Mode, Str("cool")), to(Target, Num(4.9)), to(Target, Str("21")), to(Humidity, Num(71)), to(FanMode, Str("turbo")),
		},
		[]Command{to(Measured, Num(21)), to(MeasuredHumidity, Num(50)), to(Doing, Str("heating"))},
	},
	"plain climate": {
		Climate{Humidity: true},
		[]Command{to(Humidity, Num(0)), to(Humidity, Num(100)), to(On, Bool(false))},
		[]Command{to(Mode, Str("heat")), to(Mode, Str("")), to(Target, Num(20)), to(Humidity, Num(101)), to(Humidity, Num(-1))},
		nil,
	},
	"WaterHeater": {
		WaterHeater{Modes: []string{"eco"}, Min: 30, Max: 60, Measures: true},
		[]Command{to(Mode, Str("eco")), to(On, Bool(false)), to(Target, Num(30))},
		[]Command{to(Mode, Str("gas")), to(Target, Num(61))},
		[]Command{to(Measured, Num(40))},
	},
	"plain heater": {WaterHeater{Min: 30, Max: 60}, []Command{to(Target, Num(45))}, []Command{to(Mode, Str("eco")), to(Measured, Num(1))}, nil},
	"Fan": {
		Fan{Speeds: 3, Presets: []string{"sleep"}, Oscillates: true, Reverses: true},
		[]Command{
			to(On, Bool(true)), to(Level, Num(33)), to(Preset, Str("sleep")), to(Oscillates, Bool(true)),
			to(Direction, Str("reverse")), do(Toggle),
		},
		[]Command{to(Level, Num(101)), to(Preset, Str("")), to(Oscillates, Num(1)), to(Direction, Str("up"))},
		nil,
	},
	"plain fan": {Fan{}, []Command{to(On, Bool(true))}, []Command{to(Level, Num(1)), to(Oscillates, Bool(true))}, nil},
	"Humidifier": {
		Humidifier{Min: 30, Max: 80, Modes: []string{"auto"}, Measures: true, Acts: true},
		[]Command{to(On, Bool(true)), to(Humidity, Num(30)), to(Mode, Str("auto"))},
		[]Command{to(Humidity, Num(29)), to(Mode, Str("eco"))},
		[]Command{to(MeasuredHumidity, Num(50)), to(Doing, Str("idle"))},
	},
	"plain humidifier": {
		Humidifier{},
		[]Command{to(Humidity, Num(100))},
		[]Command{to(Humidity, Num(101)), to(Mode, Str("auto"))},
		nil,
	},
	"Vacuum": {
		Vacuum{Can: []Action{Start, Dock, Send}, FanSpeeds: []string{"max"}},
		[]Command{do(Start), do(Dock), do(Send), to(FanSpeed, Str("max"))},
		[]Command{do(Pause), do(Toggle), to(FanSpeed, Str("min"))},
		[]Command{to(State, Str("docked"))},
	},
	"Mower": {
		Mower{Can: []Action{Start}},
		[]Command{do(Start)},
		[]Command{do(Dock), to(FanSpeed, Str("max"))},
		[]Command{to(State, Str("mowing"))},
	},
	"mower that tells": {Mower{}, nil, nil, []Command{do(Start), to(State, Str("mowing"))}},
	"Alarm": {
		Alarm{Arms: []string{"armed_home"}, Triggers: true},
		[]Command{to(State, Str("armed_home")), to(State, Str("disarmed")), do(Trigger)},
		[]Command{to(State, Str("armed_away")), to(State, Str("pending")), to(State, Str("triggered")), do(Toggle)},
		nil,
	},
	"Update": {
		Update{Installs: true},
		[]Command{do(Install)},
		[]Command{do(Press), to(Main, Str("1"))},
		[]Command{to(Installed, Str("1")), to(Latest, Str("2")), to(InProgress, Bool(true))},
	},
	"Button": {Button{}, []Command{do(Press)}, []Command{do(Activate), do(Toggle), to(On, Bool(true)), {}}, nil},
	"Scene":  {Scene{}, []Command{do(Activate)}, []Command{do(Press), to(State, Str("on"))}, nil},
	"Event":  {Event{Types: []string{"press"}}, nil, []Command{to(Main, Str("press"))}, []Command{do(Press), do(Toggle)}},
}

func TestCommandsOfEveryKind(t *testing.T) {
	for _, s := range specs() {
		if name := reflect.TypeOf(s).Name(); kindCases[name].spec == nil {
			t.Errorf("no case for %s", name)
		}
	}
	for name, c := range kindCases {
		e := &Entity{Key: "e", Spec: c.spec}
		for i, cmd := range c.takes {
			if err := cmd.Check(e); err != nil {
				t.Errorf("%s takes %d %+v: %v", name, i, cmd, err)
			}
		}
		refuses := func(what string, cmds []Command, want Fault) {
			for i, cmd := range cmds {
				err := cmd.Check(e)
				if got, ok := errors.AsType[*Error](err); !ok || got.Fault != want || got.Err == nil {
					t.Errorf("%s, %s %d %+v: want %s and a sentence, got %v", name, what, i, cmd, want, err)
				}
			}
		}
		refuses("wrong", c.wrong, Invalid)
		refuses("read-only", c.onlySee, ReadOnly)
	}
}

// Every value of the wrong kind is refused by every field that can be set.
func TestWrongKindsAreRefused(t *testing.T) {
	for _, s := range specs() {
		e := &Entity{Key: "e", Spec: s}
		for _, f := range s.Fields() {
			for _, v := range []Value{{}, Bool(true), Num(1), Str("a")} {
				cmd := to(f.Attr, v)
				err := cmd.Check(e)
				switch {
				case !f.Settable && FaultOf(err) != ReadOnly:
					t.Errorf("%T: %s cannot be set, got %v", s, f.Attr, err)
				case f.Settable && v.Kind() != f.Kind && FaultOf(err) != Invalid:
					t.Errorf("%T: %s set to %v %s: got %v", s, f.Attr, v.Kind(), v, err)
				}
			}
		}
	}
}
