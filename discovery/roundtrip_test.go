package discovery

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// TestRoundTrip sends states back as commands: what they say is what is set.
func TestRoundTrip(t *testing.T) {
	now := known(
		at("switch", hubs.On, hubs.Bool(true)), at("number", hubs.Main, hubs.Num(7.5)), at("select", hubs.Main, hubs.Str("Eco")),
		at("text", hubs.Main, hubs.Str(` {"x":"ü"} `)), at("lock", hubs.State, hubs.Str(hubs.Locked)),
		at("cover", hubs.Position, hubs.Num(30)), at("cover", hubs.Tilt, hubs.Num(3)),
		at("fan", hubs.On, hubs.Bool(true)), at("fan", hubs.Level, hubs.Num(40)),
		at("light", hubs.On, hubs.Bool(true)), at("light", hubs.Level, hubs.Num(50.2)), at("light", hubs.ColourMode, hubs.Str(hubs.ColourHS)),
		at("light", hubs.Hue, hubs.Num(10)), at("light", hubs.Saturation, hubs.Num(20.5)),
	)
	for _, m := range testLayout.State(everything, now, time.Time{}) {
		if m.Topic != testLayout.DeviceTopic(everything.ID) {
			got := testLayout.Parse(m.Topic+"/set", m.Payload, findAll)
			key := m.Topic[strings.LastIndex(m.Topic, "/")+1:]
			if key == "light" {
				compareSets(t, now, got)
			}
			continue
		}
		var state map[string]json.RawMessage
		if err := json.Unmarshal(m.Payload, &state); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"switch", "number", "select", "text", "lock"} {
			compareSets(t, now, testLayout.Parse(m.Topic+"/set", []byte(`{"`+key+`":`+string(state[key])+`}`), findAll))
		}
	}
}

func compareSets(t *testing.T, now map[hubs.Point]hubs.Value, rs []Request) {
	t.Helper()
	if len(rs) != 1 || rs[0].Err != nil || len(rs[0].Set) == 0 {
		t.Fatalf("want one request, got %v", rs)
	}
	for _, s := range rs[0].Set {
		if want := now[hubs.Point{Entity: rs[0].Entity, Attr: s.Attr}]; want != s.Value {
			t.Errorf("%s %s: want %s, got %s", rs[0].Entity, s.Attr, want, s.Value)
		}
	}
}

func TestBrightnessRoundTrip(t *testing.T) {
	e := hubs.Entity{Key: "l", Spec: hubs.Light{Dims: true}}
	d := placed("L", e)
	for b := 1; b <= 255; b++ {
		rs := testLayout.Parse(testLayout.CommandTopic(d.ID, "l"), fmt.Appendf(nil, `{"brightness":%d}`, b), func(string) (Placed, bool) { return d, true })
		level, _ := rs[0].Value(hubs.Level)
		m := testLayout.State(d, known(at("l", hubs.On, hubs.Bool(true)), at("l", hubs.Level, level)), time.Time{})[1]
		if want := fmt.Sprintf(`{"state":"ON","brightness":%d,"color_mode":"brightness"}`, b); string(m.Payload) != want {
			t.Errorf("want %s, got %s", want, m.Payload)
		}
	}
}

func TestColourConversions(t *testing.T) {
	for h := 0.0; h < 360; h += 7 {
		for s := 40.0; s <= 100; s += 20 {
			gotH, gotS := xyToHS(hsToXY(h, s))
			if d := min(abs(gotH-h), 360-abs(gotH-h)); d > 4 || abs(gotS-s) > 4 {
				t.Errorf("%v %v came back as %v %v", h, s, gotH, gotS)
			}
		}
	}
}

// TestColoursLikeHomeAssistant compares with what its own functions gave.
func TestColoursLikeHomeAssistant(t *testing.T) {
	for _, c := range []struct{ h, s, x, y, backH, backS float64 }{
		{0, 100, 0.701, 0.299, 0.0, 100.0},
		{30, 100, 0.611, 0.375, 30.472, 99.608},
		{60, 50, 0.406, 0.458, 60.472, 49.804},
		{120, 33.3, 0.277, 0.456, 120.0, 33.333},
		{180, 100, 0.151, 0.343, 179.765, 100.0},
		{240, 80, 0.15, 0.063, 239.697, 77.647},
		{300, 20, 0.343, 0.274, 301.176, 20.0},
		{359.5, 99, 0.699, 0.299, 358.566, 98.431},
		{0, 0, 0.323, 0.329, 0.0, 0.392},
		{10.5, 5, 0.336, 0.33, 9.231, 5.098},
	} {
		if x, y := hsToXY(c.h, c.s); x != c.x || y != c.y {
			t.Errorf("hs %v %v: want %v %v, got %v %v", c.h, c.s, c.x, c.y, x, y)
		}
		if h, s := xyToHS(c.x, c.y); h != c.backH || s != c.backS {
			t.Errorf("xy %v %v: want %v %v, got %v %v", c.x, c.y, c.backH, c.backS, h, s)
		}
	}
}

func abs(f float64) float64 { return max(f, -f) }
