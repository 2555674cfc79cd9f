package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
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

// What opens doors is allowed in the file alone.
func TestNobodyAllowsUnlockOverMQTT(t *testing.T) {
	for _, given := range []string{`{"unlock":true}`, `{"unlock":false}`, `{"unlock":null}`, `{"name":"x","unlock":true}`} {
		if set, err := readOptions([]byte(given), overrides.OfDevice); err == nil || !strings.Contains(err.Error(), "OVERRIDES") {
			t.Errorf("%s: want it refused, got %v and %v", given, set, err)
		}
	}
}
