package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// says reads overrides that have no faults.
func says(t *testing.T, yaml string) *overrides.File {
	t.Helper()
	f, err := overrides.Parse("o.yaml", []byte(yaml))
	if err != nil || len(f.Faults) > 0 {
		t.Fatal(err, f)
	}
	return f
}

// oneDevice is a hub of one device, whose values can be changed.
func oneDevice(entities ...hubs.Entity) (f *toy, set func(entity string, attr hubs.Attr, v hubs.Value)) {
	f = newToy()
	now := map[hubs.Point]hubs.Value{}
	f.devices = func(context.Context) ([]hubs.Device, error) {
		return []hubs.Device{{ID: "d1", Name: "Box", ModelID: "BX-7", Entities: entities}}, nil
	}
	f.poll = func(context.Context) ([]hubs.Reading, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		r := hubs.Reading{Device: "d1", Online: new(true)}
		for p, v := range now {
			r.Values = append(r.Values, hubs.PointValue{Point: p, Value: v})
		}
		return []hubs.Reading{r}, nil
	}
	return f, func(entity string, attr hubs.Attr, v hubs.Value) {
		f.mu.Lock()
		defer f.mu.Unlock()
		now[hubs.Point{Entity: entity, Attr: attr}] = v
	}
}

// last is the newest command that the hub got.
func (f *toy) last() *hubs.Command {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.executed); n > 0 {
		return &f.executed[n-1]
	}
	return &hubs.Command{}
}

func pushed(entity string, attr hubs.Attr, v hubs.Value, at time.Time) []hubs.Reading {
	return []hubs.Reading{{Device: "d1", Values: []hubs.PointValue{{Point: hubs.Point{Entity: entity, Attr: attr}, Value: v, At: at}}}}
}

func (s *house) push(entity string, attr hubs.Attr, v hubs.Value, at time.Time) {
	sink{s.hub("toy")}.Readings(pushed(entity, attr, v, at))
}

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

func TestScaleThereAndBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, set := oneDevice(
			hubs.Entity{Key: "volts", Name: "Volts", Spec: hubs.Sensor{}},
			hubs.Entity{Key: "wanted", Name: "Wanted", Spec: hubs.Number{Unit: hubs.Celsius, Min: 50, Max: 300, Step: 5}})
		set("volts", hubs.Main, hubs.Num(2305))
		set("wanted", hubs.Main, hubs.Num(215))
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f, Overrides: says(t,
			`devices: {d1: {entities: {volts: {scale: 0.1, unit: V, class: voltage}, wanted: {scale: 0.1, class: temperature}}}}`)})
		pass(time.Second)
		s.lint(t)
		if s.member("b/toy/d1", "volts") != 230.5 || s.member("b/toy/d1", "wanted") != 21.5 {
			t.Errorf("got %s", s.board.at("b/toy/d1"))
		}
		for _, want := range []string{
			`"device_class":"voltage","unit_of_measurement":"V","state_class":"measurement","suggested_display_precision":1`,
			`"min":5,"max":30,"step":0.5`,
		} {
			if c := s.board.at("homeassistant/device/b_toy_d1/config"); !strings.Contains(c, want) {
				t.Errorf("want %s in %s", want, c)
			}
		}
		if l := s.board.at("b/toy/devices"); !strings.Contains(l, `"range":{"min":5,"max":30,"step":0.5}`) {
			t.Errorf("the list says %s", l)
		}
		s.receive("b/toy/d1/wanted/set", []byte("22.5"), false)
		synctest.Wait()
		if v, _ := f.last().Value(hubs.Main); v != hubs.Num(225) || s.member("b/toy/d1", "wanted") != 22.5 {
			t.Errorf("want 225 sent and 22.5 shown, got %v and %v", v, s.member("b/toy/d1", "wanted"))
		}
		s.receive("b/toy/d1/wanted/set", []byte("225"), false)
		synctest.Wait()
		if r := s.board.results(t); r[len(r)-1].Code != "invalid" {
			t.Errorf("want the range in people's numbers, got %+v", r)
		}
	})
}

// TestScaleLaterIsReadAgain lets a command that waits come out by the scale that it came in.
func TestScaleLaterIsReadAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, set := oneDevice(hubs.Entity{Key: "wanted", Spec: hubs.Number{Min: 0, Max: 1000}})
		set("wanted", hubs.Main, hubs.Num(215))
		gate := make(chan struct{})
		f.execute = func(ctx context.Context, _ hubs.Command) error {
			select {
			case <-gate:
			case <-ctx.Done():
			}
			return nil
		}
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f})
		pass(time.Second)
		s.receive("b/toy/d1/wanted/set", []byte("300"), false)
		synctest.Wait()
		s.receive("b/toy/d1/wanted/set", []byte("400"), false) // waits for the first
		s.must(t, "device/options", `{"device":"Box/wanted","value":{"scale":0.1}}`)
		close(gate)
		pass(3 * time.Second)
		if v, _ := f.last().Value(hubs.Main); v != hubs.Num(400) || f.commands() != 2 {
			t.Errorf("want what was ordered, got %v", v)
		}
		if s.member("b/toy/d1", "wanted") != 21.5 {
			t.Errorf("want it read again, got %s", s.board.at("b/toy/d1"))
		}
	})
}

// TestFileBelowRequests changes options over the file's, with the hub down, over restarts.
func TestFileBelowRequests(t *testing.T) {
	const file = `
devices:
  "box*": {name: File, area: Attic, entities: {relay: {icon: mdi:pump, name: Pump, min_interval: 10m}, gone: {hidden: true}}}
  shed: {hidden: true}
`
	store := auth.NewMemStore()
	start := func(t *testing.T, down bool) (*house, *toy) {
		t.Helper()
		f, _ := oneDevice(hubs.Entity{Key: "relay", Spec: hubs.Switch{}}, hubs.Entity{Key: "gone", Spec: hubs.Switch{}})
		one := f.devices
		f.devices = func(ctx context.Context) ([]hubs.Device, error) {
			if down {
				return nil, errors.New("down")
			}
			all, err := one(ctx)
			return append(all, hubs.Device{ID: "s", Name: "Shed", Entities: []hubs.Entity{{Key: "x", Spec: hubs.Switch{}}}}), err
		}
		return startHouse(t, store, HubConfig{Name: "toy", Hub: f, Overrides: says(t, file)}), f
	}
	bubble(t, func(t *testing.T) {
		s, _ := start(t, false)
		pass(time.Second)
		c := s.board.at("homeassistant/device/b_toy_d1/config")
		if s.member("b/toy/d1", "name") != "File" || s.member("b/toy/d1", "area") != "Attic" || !strings.Contains(c, `"mdi:pump"`) || strings.Contains(c, "gone") {
			t.Errorf("got %s %s", s.board.at("b/toy/d1"), c)
		}
		if s.board.at("b/toy/s") != "" {
			t.Error("want the shed hidden")
		}
		s.must(t, "device/options", `{"device":"File","value":{"name":"Request"}}`) // found by the file's name
		pass(3 * time.Second)
		if s.member("b/toy/d1", "name") != "Request" || s.member("b/toy/d1", "area") != "Attic" {
			t.Errorf("got %s", s.board.at("b/toy/d1"))
		}
		s.must(t, "device/include", `{"device":"Shed"}`)
		pass(time.Second)
		if s.board.at("b/toy/s") == "" {
			t.Error("want the shed shown: a request stands above the file")
		}
	})
	bubble(t, func(t *testing.T) {
		s, _ := start(t, true)
		pass(time.Second)
		s.must(t, "device/options", `{"device":"d1/relay","value":{"kind":"light","icon":"mdi:lamp"}}`)
		s.must(t, "device/options", `{"device":"d1","value":{"name":null}}`)
		s.must(t, "device/exclude", `{"device":"s"}`)
		if r := s.ask(t, "device/options", `{"device":"d1/relay","value":{"scale":"x"}}`); r.Status != "error" {
			t.Errorf("got %+v", r)
		}
	})
	bubble(t, func(t *testing.T) {
		s, _ := start(t, false)
		pass(3 * time.Second)
		c := s.board.at("homeassistant/device/b_toy_d1/config")
		if s.member("b/toy/d1", "name") != "File" || !strings.Contains(c, `"platform":"light"`) || !strings.Contains(c, `"mdi:lamp"`) || !strings.Contains(c, `"name":"Pump"`) {
			t.Errorf("got %s", c)
		}
		if s.board.at("b/toy/s") != "" {
			t.Error("want the shed excluded")
		}
		s.lint(t)
	})
}

// TestOptionsOfALaterVersionSurvive keeps what this one cannot read.
func TestOptionsOfALaterVersionSurvive(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store := auth.NewMemStore()
		_, err := store.Put(t.Context(), choicesKey("toy"), []byte(
			`{"devices":{"d1":{"options":{"name":"N","colour":"red","hidden":7},"entities":{"relay":{"kind":"hologram","icon":"mdi:lamp"}}}}}`), 0)
		if err != nil {
			t.Fatal(err)
		}
		f, _ := oneDevice(hubs.Entity{Key: "relay", Spec: hubs.Switch{}})
		s := startHouse(t, store, HubConfig{Name: "toy", Hub: f})
		pass(time.Second)
		s.must(t, "device/area", `{"device":"d1","value":"Hall"}`)
		pass(3 * time.Second)
		if s.member("b/toy/d1", "name") != "N" || !strings.Contains(s.board.at("homeassistant/device/b_toy_d1/config"), `"mdi:lamp"`) {
			t.Errorf("got %s", s.board.at("b/toy/d1"))
		}
		raw, _, _ := store.Get(t.Context(), choicesKey("toy"))
		for _, want := range []string{`"colour":"red"`, `"hologram"`, `"Hall"`} {
			if !strings.Contains(string(raw), want) {
				t.Errorf("%s is lost from %s", want, raw)
			}
		}
	})
}

// TestWrongEntriesAreSaid wants each named with its line, in log and status, and the rest
// to apply; and the file to be read again.
func TestWrongEntriesAreSaid(t *testing.T) {
	parse := func(text string) (*overrides.File, error) { return overrides.Parse("o.yaml", []byte(text)) }
	bubble(t, func(t *testing.T) {
		f, set := oneDevice(hubs.Entity{Key: "relay", Spec: hubs.Switch{}}, hubs.Entity{Key: "power", Name: "P", Class: hubs.Power, Spec: hubs.Sensor{Unit: hubs.Watt}})
		set("power", hubs.Main, hubs.Num(5))
		text := "devices:\n  box:\n    colour: red\n    area: Hall\n    entities:\n      relay: {kind: number, name: Pump}\n      power: {unit: kWh}\n  typo: {area: x}\n"
		first, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		again := func() (*overrides.File, error) { return parse("devices: [") }
		var log bytes.Buffer
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f, Overrides: first, Log: zerolog.New(zerolog.SyncWriter(&log)), Reread: func() (*overrides.File, error) {
			mu.Lock()
			defer mu.Unlock()
			return again()
		}})
		pass(30 * time.Second)
		if s.member("b/toy/d1", "area") != "Hall" || s.member("b/toy/d1", "power") != 5.0 {
			t.Errorf("want the rest to apply, got %s", s.board.at("b/toy/d1"))
		}
		info := fmt.Sprint(s.member("b/toy/info", "error"))
		if !strings.Contains(info, "o.yaml:3") || !strings.Contains(info, "2 more") {
			t.Errorf("want the first fault and how many more, got %s", info)
		}
		for _, want := range []string{"o.yaml:3", "o.yaml:6", "o.yaml:7", "o.yaml:8 typo", "takes as unit mW, W"} {
			if n := strings.Count(log.String(), want); n != 1 {
				t.Errorf("want %s logged once, got %d times in\n%s", want, n, log.String())
			}
		}
		s.must(t, "rediscover", `{}`)
		pass(15 * time.Second)
		if info := fmt.Sprint(s.member("b/toy/info", "error")); !strings.Contains(info, "OVERRIDES: o.yaml") || s.member("b/toy/d1", "area") != "Hall" {
			t.Errorf("want what it said before to stand, got %s and %s", info, s.board.at("b/toy/d1"))
		}
		mu.Lock()
		again = func() (*overrides.File, error) { return parse("devices: {box: {area: Office}}") }
		mu.Unlock()
		s.must(t, "rediscover", `{}`)
		pass(15 * time.Second)
		if info := s.member("b/toy/info", "error"); info != nil || s.member("b/toy/d1", "area") != "Office" {
			t.Errorf("want it well again, got %v and %s", info, s.board.at("b/toy/d1"))
		}
		s.lint(t)
	})
}

// TestHiddenHub wants that said, not done.
func TestHiddenHub(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: home(), Overrides: says(t,
			`devices: {hub: {hidden: true, entities: {movie: {kind: button, name: Film}}}}`)})
		pass(15 * time.Second)
		c := s.board.at("homeassistant/device/b_toy_hub/config")
		if !strings.Contains(c, `"movie":{"platform":"button"`) || !strings.Contains(s.board.at("b/toy/info"), "cannot be hidden") {
			t.Errorf("got %s and %s", c, s.board.at("b/toy/info"))
		}
	})
}

// TestStoredOptions takes what readOptions makes of a request through the store.
func TestStoredOptions(t *testing.T) {
	set, err := readOptions([]byte(`{"kind":"Light","class":"none","unit":"none","scale":0.5,"min_interval":"90s","accumulate":true,"hidden":false,"name":" A\tB "}`), overrides.OfEntity)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(options{}.all(set))
	if err != nil {
		t.Fatal(err)
	}
	var o options
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	want := overrides.Options{
		"kind": {Value: "light", At: "x"}, "class": {Value: hubs.NoClass, At: "x"}, "unit": {Value: hubs.NoUnit, At: "x"}, "scale": {Value: 0.5, At: "x"},
		"min_interval": {Value: 90 * time.Second, At: "x"}, "accumulate": {Value: true, At: "x"}, "hidden": {Value: false, At: "x"}, "name": {Value: "A B", At: "x"},
	}
	if diff := cmp.Diff(want, o.checked(overrides.OfEntity, "x")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func FuzzReadOptions(f *testing.F) {
	for _, s := range []string{`{"name":"x"}`, `{"scale":1e999}`, `{"kind":null,"class":""}`, `{"min_interval":"1h"}`, `[]`, `{"x":{}}`} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, entity bool) {
		set, err := readOptions([]byte(s), overrides.Target(entity))
		if err != nil {
			return
		}
		raw, err := json.Marshal(options{}.all(set))
		if err != nil {
			t.Fatalf("what was taken cannot be kept: %v", err)
		}
		var o options
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		kept := o.checked(overrides.Target(entity), "")
		for name, v := range set {
			if _, there := kept[name]; there != (v != nil) {
				t.Errorf("%s: %v was taken, and is there: %v", name, v, there)
			}
		}
	})
}
