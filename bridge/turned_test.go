package bridge

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
)

// turned are entities of one kind that are shown as another, with a value there and a
// command back.
type turned struct {
	spec    hubs.Spec
	kind    string
	attr    hubs.Attr
	value   hubs.Value
	shows   any // in the device JSON
	command string
	gets    []hubs.AttrValue
	do      hubs.Action
}

func turnedCases() []turned {
	on := []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}
	off := []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(false)}}
	position := func(n float64) []hubs.AttrValue { return []hubs.AttrValue{{Attr: hubs.Position, Value: hubs.Num(n)}} }
	open := map[string]any{"state": "open", "position": 100.0}
	return []turned{
		{hubs.Switch{}, "light", hubs.On, hubs.Bool(false), map[string]any{"state": "OFF", "color_mode": "onoff"}, "TOGGLE", on, ""},
		{hubs.Switch{}, "fan", hubs.On, hubs.Bool(true), map[string]any{"state": "ON"}, "OFF", off, ""},
		{hubs.Switch{}, "siren", hubs.On, hubs.Bool(true), "ON", `{"state":"OFF"}`, off, ""},
		{hubs.Switch{}, "valve", hubs.On, hubs.Bool(true), open, "CLOSE", off, ""},
		{hubs.Switch{}, "cover", hubs.On, hubs.Bool(true), open, "0", off, ""},
		{hubs.Switch{}, "lock", hubs.On, hubs.Bool(false), "LOCKED", "UNLOCK", on, ""},
		{hubs.Switch{}, "binary_sensor", hubs.On, hubs.Bool(true), "ON", "", nil, ""},
		{hubs.Switch{WriteOnly: true}, "button", hubs.On, hubs.Value{}, nil, "PRESS", on, ""},
		{hubs.Light{Dims: true}, "switch", hubs.On, hubs.Bool(true), "ON", "toggle", off, ""},
		{hubs.Fan{Speeds: 4}, "light", hubs.On, hubs.Bool(true), map[string]any{"state": "ON", "color_mode": "onoff"}, "OFF", off, ""},
		{hubs.Siren{}, "switch", hubs.On, hubs.Bool(false), "OFF", "ON", on, ""},
		{hubs.Cover{Positions: true, Stops: true}, "valve", hubs.Position, hubs.Num(40), map[string]any{"state": "open", "position": 40.0}, "70", position(70), ""},
		{hubs.Valve{}, "cover", hubs.Position, hubs.Num(0), map[string]any{"state": "closed", "position": 0.0}, "OPEN", position(100), ""},
		{hubs.Number{Unit: hubs.Celsius, Step: 0.5, Max: 50}, "sensor", hubs.Main, hubs.Num(21.5), 21.5, "", nil, ""},
		{hubs.Choice{Options: []string{"slow", "fast"}}, "sensor", hubs.Main, hubs.Str("fast"), "fast", "", nil, ""},
		{hubs.Text{}, "sensor", hubs.Main, hubs.Str("hello"), "hello", "", nil, ""},
		{hubs.Sensor{}, "binary_sensor", hubs.Main, hubs.Num(3), "ON", "", nil, ""},
		{hubs.Button{}, "scene", "", hubs.Value{}, nil, "ON", nil, hubs.Press},
		{hubs.Scene{}, "button", "", hubs.Value{}, nil, "PRESS", nil, hubs.Activate},
	}
}

// TestKinds shows things as something else: what is announced, what they show, and what
// the hub gets of commands.
func TestKinds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var entities []hubs.Entity
		yaml := "devices:\n  box:\n    entities:\n"
		for i, c := range turnedCases() {
			key := fmt.Sprintf("e%d", i)
			entities = append(entities, hubs.Entity{Key: key, Name: "E" + key[1:], Role: hubs.Config, Class: hubs.Outlet, Spec: c.spec})
			yaml += fmt.Sprintf("      %s: {kind: %s}\n", key, c.kind)
		}
		f, set := oneDevice(entities...)
		for i, c := range turnedCases() {
			if c.value.Known() {
				set(entities[i].Key, c.attr, c.value)
			}
		}
		f.execute = func(context.Context, hubs.Command) error { return nil }
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f, Overrides: says(t, yaml)})
		pass(time.Second)
		s.lint(t)
		hubtest.GoldenFile(t, filepath.Join("testdata", "kinds", "config.json"), []byte(s.board.at("homeassistant/device/b_toy_d1/config")))
		for i, c := range turnedCases() {
			key := entities[i].Key
			if diff := cmp.Diff(c.shows, s.member("b/toy/d1", key)); diff != "" {
				t.Errorf("%T as %s (-want +got)\n%s", c.spec, c.kind, diff)
			}
			if c.command == "" {
				continue
			}
			before := f.commands()
			s.receive("b/toy/d1/"+key+"/set", []byte(c.command), false)
			pass(100 * time.Millisecond)
			got := f.last()
			if f.commands() != before+1 || got.Entity != key || got.Do != c.do {
				t.Errorf("%T as %s: %s gave %+v", c.spec, c.kind, c.command, got)
				continue
			}
			if diff := cmp.Diff(c.gets, got.Set, cmp.AllowUnexported(hubs.Value{})); diff != "" {
				t.Errorf("%T as %s: command (-want +got)\n%s", c.spec, c.kind, diff)
			}
		}
	})
}

// TestKindChangesAtRunTime turns a switch into a light and back, by request.
func TestKindChangesAtRunTime(t *testing.T) {
	const config = "homeassistant/device/b_toy_d1/config"
	bubble(t, func(t *testing.T) {
		f, set := oneDevice(hubs.Entity{Key: "relay", Spec: hubs.Switch{}})
		set("relay", hubs.On, hubs.Bool(true))
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f})
		s.hub("toy").haOnline = func() bool { return true }
		pass(5 * time.Second)
		s.must(t, "device/options", `{"device":"d1/relay","value":{"kind":"valve","class":"water"}}`)
		pass(100 * time.Millisecond)
		if got := s.board.at(config); !strings.Contains(got, `"relay":{"platform":"switch"}`) && !strings.Contains(got, `"platform":"valve"`) {
			t.Errorf("want the switch taken back first, got %s", got)
		}
		pass(5 * time.Second)
		if got := s.board.at(config); !strings.Contains(got, `"platform":"valve"`) || strings.Contains(got, `"switch"`) || !strings.Contains(got, `"device_class":"water"`) {
			t.Errorf("want a valve, got %s", got)
		}
		if diff := cmp.Diff(map[string]any{"state": "open", "position": 100.0}, s.member("b/toy/d1", "relay")); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		pass(10 * time.Second)
		if l := s.board.at("b/toy/devices"); !strings.Contains(l, `"kind":"valve"`) {
			t.Errorf("the list says %s", l)
		}
		s.must(t, "device/options", `{"device":"d1/relay","value":{"kind":null,"class":""}}`)
		pass(10 * time.Second)
		if s.member("b/toy/d1", "relay") != "ON" || !strings.Contains(s.board.at(config), `"platform":"switch"`) {
			t.Errorf("want the switch again, got %s", s.board.at("b/toy/d1"))
		}
		s.lint(t)
	})
}

// TestInvertOfAnotherKind turns what became a valve upside down.
func TestInvertOfAnotherKind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, set := oneDevice(hubs.Entity{Key: "relay", Spec: hubs.Switch{}}, hubs.Entity{Key: "bolt", Name: "Bolt", Spec: hubs.Switch{}})
		set("relay", hubs.On, hubs.Bool(true))
		set("bolt", hubs.On, hubs.Bool(true))
		s := startHouse(t, auth.NewMemStore(), HubConfig{
			Name: "toy", Hub: f, Filter: mustFilter(t, FilterSettings{Invert: "box/relay,box/bolt"}),
			Overrides: says(t, "products: {bx-*: {entities: {relay: {kind: valve}, bolt: {kind: lock}}}}"),
		})
		pass(time.Second)
		if diff := cmp.Diff(map[string]any{"state": "closed", "position": 0.0}, s.member("b/toy/d1", "relay")); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if s.member("b/toy/d1", "bolt") != "UNLOCKED" || !strings.Contains(s.board.at("b/toy/info"), "d1/bolt") {
			t.Errorf("want a lock to refuse it and that said, got %s", s.board.at("b/toy/info"))
		}
		s.receive("b/toy/d1/relay/set", []byte("OPEN"), false)
		synctest.Wait()
		if v, _ := f.last().Value(hubs.On); v != hubs.Bool(false) {
			t.Errorf("OPEN: want the relay off, got %+v", f.last())
		}
	})
}
