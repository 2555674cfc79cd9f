package aqara

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
)

// home is a case's in.json: the data of the Studio's answers. Without values those of
// the specs count.
type home struct {
	List   json.RawMessage `json:"list"`
	Specs  json.RawMessage `json:"specs"`
	Spaces json.RawMessage `json:"spaces"`
	Values json.RawMessage `json:"values"`
}

func loadHome(tb testing.TB, name string) home {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "cases", name, "in.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var h home
	if err := json.Unmarshal(raw, &h); err != nil {
		tb.Fatal(err)
	}
	return h
}

func (h home) decode(tb testing.TB) (devices []hubs.Device, readings []hubs.Reading, models map[string]*model) {
	tb.Helper()
	list, err := decodeList(h.List)
	if err != nil {
		tb.Fatal("list:", err)
	}
	specs, err := decodeSpecs(h.Specs)
	if err != nil {
		tb.Fatal("specs:", err)
	}
	areas, err := decodeSpaces(h.Spaces)
	if err != nil {
		tb.Fatal("spaces:", err)
	}
	values, err := decodeValues(h.Values)
	if err != nil {
		tb.Fatal("values:", err)
	}
	models = map[string]*model{}
	for i := range specs {
		m := newModel(&specs[i], nil)
		models[m.id] = m
	}
	for i := range list {
		m := models[string(list[i].ID)]
		v := m.first
		if got, ok := values[hubs.DeviceID(m.id)]; ok {
			v = got
		}
		devices = append(devices, m.device(&list[i], areas))
		readings = append(readings, m.reading(v, list[i].State))
	}
	return devices, readings, models
}

func TestCases(t *testing.T) {
	dirs, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(dirs) < 12 {
		t.Fatalf("%d cases, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			devices, readings, _ := loadHome(t, name).decode(t)
			golden(t, filepath.Join(dir, "devices.json"), devices)
			golden(t, filepath.Join(dir, "readings.json"), readings)
			checkHome(t, devices, readings)
		})
	}
}

func golden(t *testing.T, path string, v any) {
	t.Helper()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	if hubtest.Updating() {
		if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), buf.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// checkHome holds what every decoded home must keep, whatever came in.
func checkHome(t *testing.T, devices []hubs.Device, readings []hubs.Reading) {
	t.Helper()
	byID := map[hubs.DeviceID]*hubs.Device{}
	for i := range devices {
		d := &devices[i]
		byID[d.ID] = d
		keys, names := map[string]bool{}, map[string]bool{}
		if d.Name == "" || d.Name != strings.TrimSpace(d.Name) {
			t.Errorf("%s: name %q", d.ID, d.Name)
		}
		for _, e := range d.Entities {
			if keys[e.Key] || e.Key != hubs.MakeKey(e.Key) {
				t.Errorf("%s: key %q is no key or not unique", d.ID, e.Key)
			}
			if names[e.Name] {
				t.Errorf("%s: name %q is not unique", d.ID, e.Name)
			}
			keys[e.Key], names[e.Name] = true, true
		}
	}
	for _, r := range readings {
		checkReading(t, byID[r.Device], r)
	}
}

func checkReading(t *testing.T, d *hubs.Device, r hubs.Reading) {
	t.Helper()
	if d == nil {
		t.Errorf("reading of unknown device %q", r.Device)
		return
	}
	seen := map[hubs.Point]bool{}
	for _, v := range r.Values {
		e, ok := d.Entity(v.Entity)
		if !ok {
			t.Errorf("%s: value of unknown entity %q", d.ID, v.Entity)
			continue
		}
		f, ok := e.Field(v.Attr)
		if !ok {
			t.Errorf("%s: %s has no %q", d.ID, e.Key, v.Attr)
			continue
		}
		if seen[v.Point] {
			t.Errorf("%s: %v is there twice", d.ID, v.Point)
		}
		seen[v.Point] = true
		// A number beyond its range is shown as the device says it.
		if _, number := v.Value.Num(); !v.Value.Known() || number && f.Attr == hubs.Main {
			continue
		}
		if err := f.Check(v.Value); err != nil {
			t.Errorf("%s: %s: %v", d.ID, e.Key, err)
		}
	}
}

// command is a file of testdata/commands.
type command struct {
	Case   string            `json:"case"`
	Device string            `json:"device"`
	Entity string            `json:"entity"`
	Set    map[hubs.Attr]any `json:"set,omitempty"`
	Do     hubs.Action       `json:"do,omitempty"`
	Items  []map[string]any  `json:"items,omitempty"`
	Error  string            `json:"error,omitempty"`
}

func (c *command) neutral() hubs.Command {
	out := hubs.Command{Device: hubs.DeviceID(c.Device), Entity: c.Entity, Do: c.Do}
	for a, v := range c.Set {
		var val hubs.Value
		switch x := v.(type) {
		case bool:
			val = hubs.Bool(x)
		case float64:
			val = hubs.Num(x)
		case string:
			val = hubs.Str(x)
		}
		out.Set = append(out.Set, hubs.AttrValue{Attr: a, Value: val})
	}
	return out
}

func TestCommands(t *testing.T) {
	files, err := filepath.Glob("testdata/commands/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d commands, %v", len(files), err)
	}
	homes := map[string]map[string]*model{}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var c command
			if err := json.Unmarshal(raw, &c); err != nil {
				t.Fatal(err)
			}
			if homes[c.Case] == nil {
				_, _, homes[c.Case] = loadHome(t, c.Case).decode(t)
			}
			m := homes[c.Case][c.Device]
			if m == nil {
				t.Fatalf("case %s has no device %q", c.Case, c.Device)
			}
			cmd := c.neutral()
			if p := m.part(c.Entity); p != nil {
				if err := cmd.Check(&p.entity); err != nil {
					t.Errorf("the bridge would refuse: %v", err)
				}
			}
			got := c
			got.Items, got.Error = nil, ""
			out, err := m.encode(&cmd, m.first)
			if err != nil {
				got.Error = hubs.FaultOf(err).String() + ": " + err.Error()
			}
			sent := []any{}
			for _, x := range out.items {
				sent = append(sent, x)
			}
			for _, x := range out.orders {
				sent = append(sent, x)
			}
			wire, _ := json.Marshal(sent)
			if err := json.Unmarshal(wire, &got.Items); err != nil {
				t.Fatal(err)
			}
			golden(t, path, got)
		})
	}
}
