package bridge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func testLabels() labels {
	vendor := hubs.Device{ID: "lumi.54EF/1", Name: "Lampe Süd", Area: "Wohnzimmer", Home: "Haus am See", Maker: "Aqara"}
	shown := vendor
	shown.Name, shown.Area = "Desk lamp", "Office"
	return labelsOf("lumi_54EF_1", &vendor, &shown)
}

func mustFilter(t *testing.T, s FilterSettings) Filter {
	t.Helper()
	f, err := ParseFilter(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFilterOfDevices(t *testing.T) {
	cases := []struct {
		name, include, exclude string
		want                   bool
	}{
		{"nothing set", "", "", true},
		{"blank items", " , ", ",", true},
		{"excluded by raw id, any case", "", "LUMI.54ef/1", false},
		{"by DEVICE", "", "lumi_54ef_1", false},
		{"by a glob of it", "", "lumi_*", false},
		{"a star meets a slash", "", "lumi.*1", false},
		{"by the vendor's name, umlauts too", "", "lampe SÜD", false},
		{"by the shown name", "", "desk*", false},
		{"by the vendor's area", "", "wohn?immer", false},
		{"by the shown area", "", "[a-o]ffice", false},
		{"by home", "", "home:haus*", false},
		{"by maker", "", "maker:aqara", false},
		{"a home is not an area", "", "home:office", true},
		{"an area is not a home", "", "Haus am See", true},
		{"another", "", "lumi.54EF", true},
		{"one entity is not the device", "", "lumi_54ef_1/power", true},
		{"included", "other,lumi*", "", true},
		{"not included", "other", "", false},
		{"included by area", "office", "", true},
		{"included by one entity", "desk lamp/power", "", true},
		{"EXCLUDE wins", "lumi*", "maker:*", false},
		{"included by maker", "maker:Aq*", "", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := mustFilter(t, FilterSettings{Include: c.include, Exclude: c.exclude})
			if got := f.admits(testLabels()); got != c.want {
				t.Errorf("want %v, got %v", c.want, got)
			}
		})
	}
}

func TestFilterOfEntities(t *testing.T) {
	cases := []struct{ name, include, exclude, want string }{
		{"all", "", "", "power energy led"},
		{"one hidden", "", "lumi_54ef_1/led", "power energy"},
		{"by a glob", "", "*/*e*", ""},
		{"of another device", "", "other/led", "power energy led"},
		{"by raw id", "", "lumi.54EF/1/led", "power energy"},
		{"by name", "", "desk lamp/energy", "power led"},
		{"an area has no entities", "", "office/led", "power energy led"},
		{"only one included", "desk lamp/power", "", "power"},
		{"one and the whole", "desk lamp/power,office", "", "power energy led"},
		{"EXCLUDE wins", "desk lamp/*", "*/led", "power energy"},
		{"INCLUDE of others does not matter here", "other/led", "", "power energy led"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := mustFilter(t, FilterSettings{Include: c.include, Exclude: c.exclude})
			var got []string
			for _, key := range []string{"power", "energy", "led"} {
				if f.shows(testLabels(), key) {
					got = append(got, key)
				}
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFilterFaults(t *testing.T) {
	_, err := ParseFilter(FilterSettings{
		Include: "[a,fine", Exclude: `home:,/x,x/,[b/c]`, Invert: "door,lamp/contact,maker:a", NewDevices: "perhaps",
	})
	if err == nil {
		t.Fatal("want faults")
	}
	for _, want := range []string{
		`INCLUDE: "[a"`, `EXCLUDE: "home:"`, `EXCLUDE: "/x"`, `EXCLUDE: "x/"`, `EXCLUDE: "[b/c]"`,
		`INVERT: "door"`, `INVERT: "maker:a"`, `NEW_DEVICES: "perhaps"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no fault says %s in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "fine") || strings.Contains(err.Error(), "lamp/contact") {
		t.Errorf("what is right is called a fault:\n%v", err)
	}
}

func TestHold(t *testing.T) {
	for word, want := range map[string]bool{"": false, "announce": false, "hold": true} {
		if f := mustFilter(t, FilterSettings{NewDevices: word}); f.hold != want {
			t.Errorf("%q: want %v", word, want)
		}
	}
}

func TestInvertedThereAndBack(t *testing.T) {
	cases := []struct {
		attr     hubs.Attr
		in, want hubs.Value
	}{
		{hubs.On, hubs.Bool(true), hubs.Bool(false)},
		{hubs.Position, hubs.Num(0), hubs.Num(100)},
		{hubs.Position, hubs.Num(37.5), hubs.Num(62.5)},
		{hubs.Motion, hubs.Str(hubs.Opening), hubs.Str(hubs.Closing)},
		{hubs.Motion, hubs.Str(hubs.Stopped), hubs.Str(hubs.Stopped)},
		{hubs.Tilt, hubs.Num(20), hubs.Num(20)},
		{hubs.Position, hubs.Value{}, hubs.Value{}},
		{hubs.On, hubs.Value{}, hubs.Value{}},
	}
	for _, c := range cases {
		got := inverted(c.attr, c.in)
		if got != c.want || inverted(c.attr, got) != c.in {
			t.Errorf("%s %s: want %s, got %s", c.attr, c.in, c.want, got)
		}
	}
}

func TestInvertedReadingLeavesTheHubsAlone(t *testing.T) {
	point := hubs.Point{Entity: "contact", Attr: hubs.On}
	r := hubs.Reading{Values: []hubs.PointValue{{Point: point, Value: hubs.Bool(true)}}}
	got := (&device{lenses: map[string]lens{"contact": {upside: true}}}).through(r)
	if got.Values[0].Value != hubs.Bool(false) || r.Values[0].Value != hubs.Bool(true) {
		t.Errorf("want the copy upside down and the original as it was, got %v and %v", got.Values, r.Values)
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{"a,b", "home:x", "a/b", "[a-", `\`, "*/**", "a,,/"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) {
		filter, _ := ParseFilter(FilterSettings{Include: s, Exclude: s, Invert: s, NewDevices: s})
		l := testLabels()
		filter.admits(l)
		filter.shows(l, "power")
		filter.inverts(l, "power")
	})
}
