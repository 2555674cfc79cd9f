package hubs

import (
	"fmt"
	"slices"
	"testing"
)

// specs is every Spec, bare and with everything it can have.
func specs() []Spec {
	modes := []string{"a", "b"}
	return []Spec{
		Switch{},
		Switch{WriteOnly: true},
		Siren{},
		Siren{Tones: modes, Duration: true, Volume: true},
		Binary{},
		Sensor{},
		Sensor{Kind: KindText},
		Sensor{Kind: KindTime},
		Sensor{Options: modes},
		Sensor{Unit: Celsius, Decimals: 1},
		Number{},
		Number{Min: 1, Max: 5, Step: 0.5, WriteOnly: true},
		Choice{Options: modes},
		Choice{Options: modes, WriteOnly: true},
		Text{},
		Text{Max: 10, Format: FormatDate, Password: true, WriteOnly: true},
		Lock{},
		Lock{Opens: true, Code: `\d+`},
		Light{},
		Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500, HS: true, XY: true, Effects: modes, Transition: true},
		Cover{},
		Cover{Positions: true, Tilts: true, Stops: true},
		Valve{},
		Valve{Positions: true, Stops: true},
		Climate{},
		Climate{Modes: modes},
		Climate{Modes: modes, Humidity: true},
		fullClimate(modes),
		WaterHeater{Modes: modes},
		WaterHeater{Modes: modes, Min: 30, Max: 60, Step: 1, Measures: true},
		Fan{},
		Fan{Speeds: 3, Presets: modes, Oscillates: true, Reverses: true},
		Humidifier{},
		Humidifier{Min: 30, Max: 80, Modes: modes, Measures: true, Acts: true},
		Vacuum{},
		Vacuum{Can: []Action{Start, Pause, Dock}, FanSpeeds: modes},
		Mower{},
		Mower{Can: []Action{Start}},
		Alarm{},
		Alarm{Arms: []string{"armed_home"}, Code: "digits", Triggers: true},
		Update{},
		Update{Installs: true},
		Button{},
		Scene{},
		Event{},
		Event{Types: modes},
	}
}

func fullClimate(modes []string) Climate {
	return Climate{
		Modes: modes, Acts: true, Target: true, Range: true, Min: 5, Max: 30, Step: 0.5, Measures: true,
		MeasuresHumidity: true, Humidity: true, MinHumidity: 30, MaxHumidity: 70,
		FanModes: modes, SwingModes: modes, Presets: modes,
	}
}

func TestFieldsAreSane(t *testing.T) {
	for _, s := range specs() {
		s.spec()
		seen := map[Attr]bool{}
		for _, f := range s.Fields() {
			name := fmt.Sprintf("%+T %+v: %s", s, s, f.Attr)
			if f.Attr == "" || seen[f.Attr] {
				t.Errorf("%s is empty or there twice", name)
			}
			seen[f.Attr] = true
			checkField(t, name, f)
		}
		for _, a := range s.Actions() {
			if a == "" || a == Toggle {
				t.Errorf("%T: action %q", s, a)
			}
		}
	}
}

func checkField(t *testing.T, name string, f Field) {
	t.Helper()
	if f.Kind == KindUnknown {
		t.Errorf("%s has no kind", name)
	}
	if f.Min > f.Max || f.Step < 0 {
		t.Errorf("%s: from %v to %v by %v", name, f.Min, f.Max, f.Step)
	}
	if f.Kind != KindText && (len(f.Options) > 0 || f.Format != "") {
		t.Errorf("%s has options or a format, but is no text", name)
	}
	if f.Kind != KindNumber && (f.Unit != "" || f.Step != 0) {
		t.Errorf("%s has a unit or a step, but is no number", name)
	}
	if f.Unit == Percent && (f.Bounded() || f.Settable && f.Attr != Main) && (f.Min < 0 || f.Max <= f.Min || f.Max > 100) {
		t.Errorf("%s: from %v to %v %%", name, f.Min, f.Max)
	}
	if f.Unseen && !f.Settable {
		t.Errorf("%s can be neither seen nor set", name)
	}
	sorted := slices.Sorted(slices.Values(f.Options))
	if len(slices.Compact(sorted)) != len(f.Options) {
		t.Errorf("%s has an option twice: %v", name, f.Options)
	}
	for _, o := range f.Options {
		if err := f.Check(Str(o)); err != nil {
			t.Errorf("%s refuses its own option: %v", name, err)
		}
	}
}

// The first field is the main one: discovery and the bridge rely on it.
func TestMainField(t *testing.T) {
	want := map[string]Attr{
		"Switch": On, "Siren": On, "Binary": On, "Sensor": Main, "Number": Main, "Choice": Main, "Text": Main,
		"Lock": State, "Light": On, "Cover": Position, "Valve": Position, "Climate": Mode, "WaterHeater": Mode,
		"Fan": On, "Humidifier": On, "Vacuum": State, "Mower": State, "Alarm": State, "Update": Installed,
		"Button": "", "Scene": "", "Event": "",
	}
	for _, s := range specs() {
		name := fmt.Sprintf("%T", s)[len("hubs."):]
		var got Attr
		if fs := s.Fields(); len(fs) > 0 {
			got = fs[0].Attr
		}
		if w, ok := want[name]; !ok || got != w {
			t.Errorf("%s: want %q, got %q", name, w, got)
		}
	}
}

// Fields come from the Spec alone: a list that a caller changes is his own.
func TestFieldsAreCopies(t *testing.T) {
	for _, s := range specs() {
		fs := s.Fields()
		if len(fs) == 0 {
			continue
		}
		fs[0].Attr = "changed"
		if s.Fields()[0].Attr == "changed" {
			t.Errorf("%T hands out the same list twice", s)
		}
	}
}

func TestSensorKinds(t *testing.T) {
	for _, c := range []struct {
		s    Sensor
		want Kind
	}{
		{Sensor{}, KindNumber},
		{Sensor{Kind: KindText}, KindText},
		{Sensor{Kind: KindTime}, KindTime},
		{Sensor{Kind: KindNumber, Options: []string{"a"}}, KindText},
	} {
		if got := c.s.Fields()[0].Kind; got != c.want {
			t.Errorf("%+v: want %s, got %s", c.s, c.want, got)
		}
	}
}
