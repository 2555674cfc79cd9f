package hubtest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestHome(t *testing.T) {
	home := Home(100)
	if len(home) != 100 {
		t.Fatalf("%d devices", len(home))
	}
	if err := CheckDevices(home); err != nil {
		t.Error(err)
	}
	names := map[string]bool{}
	for i := range home {
		if names[home[i].Name] {
			t.Errorf("%q is there twice", home[i].Name)
		}
		names[home[i].Name] = true
	}
	if diff := cmp.Diff(home[:10], Home(10)); diff != "" {
		t.Errorf("a small home is not the beginning of a large one:\n%s", diff)
	}
	for seed := range 20 {
		news := Readings(home, seed)
		if err := CheckReadings(home, news); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		checkRanges(t, home, news)
	}
}

func checkRanges(t *testing.T, home []hubs.Device, news []hubs.Reading) {
	t.Helper()
	for i, r := range news {
		for _, v := range r.Values {
			e, _ := home[i].Entity(v.Entity)
			f, _ := e.Field(v.Attr)
			if err := f.Check(v.Value); err != nil {
				t.Errorf("%s %s: %v", home[i].Name, v.Entity, err)
			}
		}
	}
}

// Devices of a home are nobody's but the caller's.
func TestHomesAreApart(t *testing.T) {
	a, b := Home(1), Home(1)
	a[0].Entities[0].Key = "other"
	if b[0].Entities[0].Key == "other" {
		t.Error("two homes share entities")
	}
}

// Home Assistant would take everything of such a home.
func TestHomeIsPublishable(t *testing.T) {
	layout := discovery.Layout{Prefix: "homeassistant", Base: "h", Hub: "home", Version: "1"}
	home := Home(10)
	for i, r := range Readings(home, 3) {
		placed := discovery.Placed{Device: home[i], ID: string(home[i].ID)}
		messages, err := layout.Announce(placed, nil)
		if err != nil || len(messages) == 0 {
			t.Errorf("%s: %d messages, %v", home[i].Name, len(messages), err)
			continue
		}
		now := map[hubs.Point]hubs.Value{}
		for _, v := range r.Values {
			now[v.Point] = v.Value
		}
		for _, m := range append(messages, layout.State(placed, now, time.Time{})...) {
			if err := discovery.Lint(m); err != nil {
				t.Errorf("%s: %v", home[i].Name, err)
			}
		}
		for _, m := range layout.State(placed, now, time.Time{}) {
			if err := discovery.LintState(messages[0], m); err != nil {
				t.Errorf("%s: %v", home[i].Name, err)
			}
		}
	}
}

func TestCheckDevicesFinds(t *testing.T) {
	device := func(e ...hubs.Entity) hubs.Device { return hubs.Device{ID: "a", Name: "A", Entities: e} }
	entity := func(s hubs.Spec) hubs.Device { return device(hubs.Entity{Key: "k", Spec: s}) }
	attrs := func(f ...hubs.Field) hubs.Device {
		return device(hubs.Entity{Key: "k", Spec: hubs.Switch{}, Attrs: f})
	}
	for want, d := range map[string]hubs.Device{
		"its name is":            {ID: "a"},
		"no UTF-8":               {ID: "a", Name: "A", Serial: "\xff"},
		"hangs behind":           {ID: "a", Name: "A", Via: "b"},
		"a-z":                    device(hubs.Entity{Key: strings.Repeat("k", 65), Spec: hubs.Switch{}}),
		"reserved":               device(hubs.Entity{Key: "last_seen", Spec: hubs.Switch{}}),
		"no Spec":                device(hubs.Entity{Key: "k"}),
		"pointer":                entity(&hubs.Switch{}),
		"no blanks":              device(hubs.Entity{Key: "k", Name: "K ", Spec: hubs.Switch{}}),
		`key "k" is there twice`: device(hubs.Entity{Key: "k", Spec: hubs.Switch{}}, hubs.Entity{Key: "k", Spec: hubs.Switch{}}),
		"Choice without":         entity(hubs.Choice{}),
		"Event without":          entity(hubs.Event{}),
		`"x" is there twice`:     entity(hubs.Choice{Options: []string{"x", "x"}}),
		`"on" is empty or there`: attrs(hubs.Field{Attr: hubs.On, Kind: hubs.KindBool}),
		"it has no kind":         attrs(hubs.Field{Attr: "x"}),
		"its range is":           attrs(hubs.Field{Attr: "x", Kind: hubs.KindNumber, Min: 2, Max: 1}),
		"it can be neither":      attrs(hubs.Field{Attr: "x", Kind: hubs.KindNumber, Unseen: true}),
		"":                       attrs(hubs.Field{Attr: "x", Kind: hubs.KindNumber}),
	} {
		err := CheckDevices([]hubs.Device{d})
		switch {
		case want == "" && err == nil:
		case want == "":
			t.Errorf("a good device: %v", err)
		case err == nil || !strings.Contains(err.Error(), want):
			t.Errorf("want …%s…, got %v", want, err)
		}
	}
	if err := CheckDevices([]hubs.Device{device(), device()}); err == nil || !strings.Contains(err.Error(), "listed twice") {
		t.Errorf("the same device twice: %v", err)
	}
}

func TestCheckReadingsFinds(t *testing.T) {
	home := []hubs.Device{{ID: "a", Name: "A", Entities: []hubs.Entity{
		{Key: "on", Spec: hubs.Switch{}},
		{Key: "quiet", Spec: hubs.Switch{WriteOnly: true}},
		{Key: "mode", Spec: hubs.Choice{Options: []string{"x"}}},
		{Key: "free", Spec: hubs.Text{}},
		{Key: "press", Spec: hubs.Event{Types: []string{"single"}}},
	}}}
	value := func(e string, a hubs.Attr, v hubs.Value) hubs.PointValue {
		return hubs.PointValue{Point: hubs.Point{Entity: e, Attr: a}, Value: v}
	}
	on := value("on", hubs.On, hubs.Bool(true))
	for want, r := range map[string]hubs.Reading{
		"no such device":           {Device: "b"},
		"is there twice":           {Device: "a", Values: []hubs.PointValue{on, on}},
		"entity is not declared":   {Device: "a", Values: []hubs.PointValue{value("x", hubs.On, hubs.Value{})}},
		"attribute is not":         {Device: "a", Values: []hubs.PointValue{value("on", hubs.Level, hubs.Num(1))}},
		"never reported":           {Device: "a", Values: []hubs.PointValue{value("quiet", hubs.On, hubs.Bool(true))}},
		"on/off is declared":       {Device: "a", Values: []hubs.PointValue{value("on", hubs.On, hubs.Num(1))}},
		"not among its options":    {Device: "a", Values: []hubs.PointValue{value("mode", hubs.Main, hubs.Str("y"))}},
		"is no UTF-8":              {Device: "a", Values: []hubs.PointValue{value("free", hubs.Main, hubs.Str("\xff"))}},
		"which is not declared":    {Device: "a", Events: []hubs.Happening{{Entity: "x", Type: "single"}}},
		`declare that "double"`:    {Device: "a", Events: []hubs.Happening{{Entity: "press", Type: "double"}}},
		`declare that "on" happen`: {Device: "a", Events: []hubs.Happening{{Entity: "on", Type: "on"}}},
		"": {
			Device: "a", Values: []hubs.PointValue{on, value("mode", hubs.Main, hubs.Value{})},
			Events: []hubs.Happening{{Entity: "press", Type: "single"}, {Entity: "press", Type: "single"}},
		},
	} {
		err := CheckReadings(home, []hubs.Reading{r})
		if want == "" {
			if err != nil {
				t.Errorf("a good reading: %v", err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want …%s…, got %v", want, err)
		}
	}
}

func BenchmarkReadings(b *testing.B) {
	home := Home(1000)
	for b.Loop() {
		Readings(home, 1)
	}
}
