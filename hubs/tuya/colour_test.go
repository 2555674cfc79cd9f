package tuya

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseColour(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want rawColour
		ok   bool
	}{
		"object":                           {`{"h":120,"s":1000,"v":500}`, rawColour{h: 120, s: 1000, v: 500}, true},
		"object in a string":               {`"{\"h\":120,\"s\":255,\"v\":128}"`, rawColour{h: 120, s: 255, v: 128}, true},
		"numbers as strings":               {`{"h":"120","s":"1","v":2.5}`, rawColour{h: 120, s: 1, v: 2.5}, true},
		"12 digits":                        {`"007803e801f4"`, rawColour{120, 1000, 500, 12}, true},
		"14 digits":                        {`"00ff000078ff80"`, rawColour{120, 255, 128, 14}, true},
		"14 digits by red, green and blue": {`"ff00000168ffff"`, rawColour{0, 255, 255, 14}, true},
		"a part is missing":                {`{"h":120,"s":1000}`, rawColour{}, false},
		"no digits":                        {`"00zz03e801f4"`, rawColour{}, false},
		"empty":                            {`""`, rawColour{}, false},
		"null":                             {`null`, rawColour{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := parseColour(json.RawMessage(c.in))
			if ok != c.ok || got != c.want {
				t.Errorf("want %+v %v, got %+v %v", c.want, c.ok, got, ok)
			}
		})
	}
}

func TestWrittenColour(t *testing.T) {
	lamp := func(colour *typed, last string) (*light, values) {
		d := &datum{code: "c", norm: "colour_data", fn: colour, st: colour}
		v := values{}
		if last != "" {
			v["c"] = sample{raw: json.RawMessage(last)}
		}
		return &light{colour: d}, v
	}
	wide := &typed{kind: typeJSON, s: &span{0, 1000}, v: &span{0, 1000}}
	for name, c := range map[string]struct {
		colour *typed
		last   string
		want   any
	}{
		"the specification's ranges": {wide, "", map[string]int64{"h": 120, "s": 1000, "v": 500}},
		"an empty specification":     {&typed{kind: typeJSON}, "", map[string]int64{"h": 120, "s": 255, "v": 128}},
		"proved by what it reported": {&typed{kind: typeJSON}, `{"h":1,"s":900,"v":2}`, map[string]int64{"h": 120, "s": 1000, "v": 500}},
		"a text":                     {&typed{kind: typeString}, "", "007803e801f4"},
		"a text of the older form":   {&typed{kind: typeString}, `"00ff000078ff80"`, "0080000078ff80"},
		"a text that held an object": {&typed{kind: typeString}, `"{\"h\":1,\"s\":2,\"v\":3}"`, map[string]int64{"h": 120, "s": 255, "v": 128}},
	} {
		t.Run(name, func(t *testing.T) {
			l, v := lamp(c.colour, c.last)
			if diff := cmp.Diff(c.want, l.setColour(hsv{120, 100, 50}, v).Value); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhites(t *testing.T) {
	l := &light{temp: &datum{fn: &typed{kind: typeInt, min: 0, max: 1000, step: 1}}}
	for _, c := range []struct{ raw, kelvin float64 }{{0, 2000}, {250, 2419}, {500, 3059}, {1000, 6500}} {
		if got := l.kelvin(c.raw); got != c.kelvin {
			t.Errorf("%v: want %v K, got %v", c.raw, c.kelvin, got)
		}
	}
	for _, c := range []struct{ kelvin, raw float64 }{{2000, 0}, {2700, 374}, {4000, 722}, {6500, 1000}, {100, 0}, {9000, 1000}} {
		if got := l.temperature(c.kelvin); got != c.raw {
			t.Errorf("%v K: want %v, got %v", c.kelvin, c.raw, got)
		}
	}
}

func TestColourWheel(t *testing.T) {
	for h := 0.0; h < 360; h += 7 {
		r, g, b := hsvToRGB(h, 1, 1)
		back, s, v := rgbToHSV(r, g, b)
		if math.Abs(back-h) > 1 || s < 0.99 || v < 0.99 {
			t.Errorf("%v: came back as %v %v %v", h, back, s, v)
		}
	}
}
