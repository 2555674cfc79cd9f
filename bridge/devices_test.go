package bridge

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// everyKind is one entity of each kind, with all that it can have.
func everyKind() []hubs.Entity {
	some := []string{"a", "b"}
	specs := []hubs.Spec{
		hubs.Switch{},
		hubs.Siren{Tones: some},
		hubs.Binary{},
		hubs.Sensor{Unit: hubs.Celsius},
		hubs.Sensor{Options: some},
		hubs.Number{Unit: hubs.Second, Min: 1, Max: 60, Step: 0.5},
		hubs.Choice{Options: some},
		hubs.Text{Min: 1, Max: 20},
		hubs.Lock{Opens: true},
		hubs.Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500, HS: true, Effects: some},
		hubs.Cover{Positions: true, Tilts: true, Stops: true},
		hubs.Cover{},
		hubs.Valve{Positions: true},
		hubs.Valve{},
		hubs.Climate{
			Modes: []string{"off", "heat"}, Target: true, Range: true, Min: 5, Max: 30, Step: 0.5, Humidity: true, MinHumidity: 30, MaxHumidity: 70,
			FanModes: some, SwingModes: some, Presets: some,
		},
		hubs.WaterHeater{Modes: []string{"off", "eco"}, Min: 30, Max: 60, Step: 1},
		hubs.Fan{Speeds: 3, Presets: some, Oscillates: true, Reverses: true},
		hubs.Fan{},
		hubs.Humidifier{Min: 30, Max: 80, Modes: some},
		hubs.Vacuum{Can: []hubs.Action{hubs.Start, hubs.Send}, FanSpeeds: some},
		hubs.Mower{Can: []hubs.Action{hubs.Start, hubs.Dock}},
		hubs.Alarm{Arms: []string{"armed_home"}},
		hubs.Update{Installs: true},
		hubs.Update{},
		hubs.Button{},
		hubs.Scene{},
		hubs.Event{Types: some},
	}
	out := make([]hubs.Entity, len(specs))
	for i, s := range specs {
		out[i] = hubs.Entity{Key: "e" + string(rune('a'+i/10)) + string(rune('0'+i%10)), Name: "E", Spec: s}
	}
	return out
}

// TestCommandTopicsAreThoseOfDiscovery holds the list against what Home Assistant is told.
func TestCommandTopicsAreThoseOfDiscovery(t *testing.T) {
	l := discovery.Layout{Prefix: "homeassistant", Base: "b", Hub: "toy"}
	p := discovery.Placed{Device: hubs.Device{ID: "x", Name: "X", Entities: everyKind()}, ID: "x"}
	messages, err := l.Announce(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Components map[string]map[string]any `json:"components"`
	}
	if err := json.Unmarshal(messages[0].Payload, &config); err != nil {
		t.Fatal(err)
	}
	h := newHubRun(HubConfig{Name: "toy"}, l, newBoard(), auth.NewMemStore(), func() {})
	for _, e := range h.describe(p).Entities {
		told := map[string]bool{}
		for _, v := range config.Components[e.Key] {
			if topic, ok := v.(string); ok && strings.HasSuffix(topic, "/set") {
				told[topic] = true
			}
		}
		got := map[string]bool{}
		for _, topic := range e.Topics {
			got[topic] = true
		}
		// ENTITY/set takes words everywhere, also where Home Assistant uses the parts alone.
		delete(told, "b/toy/x/"+e.Key+"/set")
		delete(got, "b/toy/x/"+e.Key+"/set")
		if e.Kind == "valve" { // Home Assistant sends positions to the one topic, we take them at both
			delete(got, "b/toy/x/"+e.Key+"/position/set")
		}
		if diff := cmp.Diff(told, got); diff != "" {
			t.Errorf("%s %s (-discovery +list)\n%s", e.Key, e.Kind, diff)
		}
		if platform := config.Components[e.Key]["platform"]; platform != e.Kind {
			t.Errorf("%s: kind %s, announced as %v", e.Key, e.Kind, platform)
		}
		if e.Settable != (len(e.Topics) > 0) {
			t.Errorf("%s: settable without topics", e.Key)
		}
	}
}

func TestEntityIsDescribed(t *testing.T) {
	h := newHubRun(HubConfig{Name: "toy"}, discovery.Layout{Base: "b", Hub: "toy"}, newBoard(), auth.NewMemStore(), func() {})
	cases := []struct {
		name string
		spec hubs.Spec
		want string
	}{
		{
			"number",
			hubs.Number{Unit: hubs.Second, Min: 1, Max: 60, Step: 0.5},
			`{"key":"x","name":"X","kind":"number","unit":"s","range":{"min":1,"max":60,"step":0.5},"options":null,"settable":true,"command_topics":["b/toy/d/x/set"]}`,
		},
		{
			"sensor",
			hubs.Sensor{Unit: hubs.Celsius},
			`{"key":"x","name":"X","kind":"sensor","unit":"°C","range":null,"options":null,"settable":false,"command_topics":[]}`,
		},
		{
			"cover",
			hubs.Cover{Positions: true},
			`{"key":"x","name":"X","kind":"cover","unit":"%","range":{"min":0,"max":100,"step":null},"options":null,"settable":true,` +
				`"command_topics":["b/toy/d/x/set","b/toy/d/x/position/set"]}`,
		},
		{
			"water heater",
			hubs.WaterHeater{Modes: []string{"off", "eco"}, Min: 30, Max: 60, Step: 1},
			`{"key":"x","name":"X","kind":"water_heater","unit":"°C","range":{"min":30,"max":60,"step":1},"options":["off","eco"],"settable":true,` +
				`"command_topics":["b/toy/d/x/set","b/toy/d/x/mode/set","b/toy/d/x/temperature/set"]}`,
		},
		{"text", hubs.Text{Max: 20}, `{"key":"x","name":"X","kind":"text","unit":null,"range":null,"options":null,"settable":true,"command_topics":["b/toy/d/x/set"]}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := hubs.Device{ID: "d", Name: "D", Entities: []hubs.Entity{{Key: "x", Name: "X", Spec: c.spec}}}
			got, err := json.Marshal(h.describe(discovery.Placed{Device: d, ID: "d"}).Entities[0])
			if err != nil || string(got) != c.want {
				t.Errorf("want %s\ngot  %s, %v", c.want, got, err)
			}
		})
	}
}

func TestListIsPublished(t *testing.T) {
	const topic = "b/toy/devices"
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), oneToy())
		pass(time.Second)
		var list []listedDevice
		if err := json.Unmarshal([]byte(s.board.at(topic)), &list); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, d := range list {
			ids = append(ids, d.Device)
		}
		if diff := cmp.Diff([]string{"hub", "p1", "p2"}, ids); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		i := slices.IndexFunc(list[0].Entities, func(e listedEntity) bool { return e.Key == "refresh" })
		if i < 0 || list[0].Entities[i].Topics[0] != "b/toy/hub/refresh/set" {
			t.Errorf("the hub's buttons are missing: %+v", list[0].Entities)
		}
		pass(time.Minute)
		before := s.board.count(topic)
		for i := range 20 { // in 10 s
			name := "Lamp " + string(rune('a'+i))
			s.must(t, "device/rename", `{"device":"p1","value":"`+name+`"}`)
			pass(500 * time.Millisecond)
		}
		if n := s.board.count(topic) - before; n < 1 || n > 2 {
			t.Errorf("want it at most once in 10 s, got %d", n)
		}
		pass(10 * time.Second)
		if !strings.Contains(s.board.at(topic), `"Lamp t"`) {
			t.Errorf("want the last name in the end, got %s", s.board.at(topic))
		}
		s.toys["toy"].set(func(f *toy) { f.poll = func(context.Context) ([]hubs.Reading, error) { return nil, nil } })
		s.hub("toy").apply([]hubs.Reading{{Device: "p2", Online: new(false)}}, source{push: true, asked: time.Now()})
		pass(10 * time.Second)
		if strings.Count(s.board.at(topic), `"online":false`) != 1 {
			t.Errorf("want p2 offline, got %s", s.board.at(topic))
		}
		s.toys["toy"].set(func(f *toy) {
			delete(f.on, "p2")
			f.on["p5"] = true
		})
		pass(4 * time.Minute)
		if l := s.board.at(topic); strings.Contains(l, `"p2"`) || !strings.Contains(l, `"p5"`) {
			t.Errorf("got %s", l)
		}
	})
}
