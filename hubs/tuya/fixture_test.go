package tuya

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// Dumps of real devices, and the products of a public list, lie beside the repository.
const fixtures = "../../../shared/fixtures/tuya"

func fixture(tb testing.TB, name string) string {
	tb.Helper()
	path := filepath.Join(fixtures, name)
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("no fixtures of real devices: %v", err)
	}
	return path
}

// dump is a real device as Home Assistant's own diagnostics give it.
type dump struct {
	name string
	device
	spec specification
}

func (d *dump) model(with ...choice) *model { return newModel(d.device, d.spec, with...) }

func loadDumps(tb testing.TB) []*dump {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(fixture(tb, "dumps"), "*.json"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("%d dumps, %v", len(files), err)
	}
	var out []*dump
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, readDump(tb, strings.TrimSuffix(filepath.Base(file), ".json"), raw))
	}
	return out
}

// ordered are the members of a JSON object as they stand.
type ordered []struct {
	key   string
	value json.RawMessage
}

func (o *ordered) UnmarshalJSON(raw []byte) error {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		*o = append(*o, struct {
			key   string
			value json.RawMessage
		}{key.(string), value})
	}
	return nil
}

// readDump puts a dump, which keys by code, into the shapes of the cloud's answers.
func readDump(tb testing.TB, name string, raw []byte) *dump {
	tb.Helper()
	var w struct {
		device
		Function    ordered `json:"function"`
		StatusRange ordered `json:"status_range"`
		Values      ordered `json:"status"`
	}
	if err := json.Unmarshal(raw, &w.device); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	var maps struct {
		Function    ordered `json:"function"`
		StatusRange ordered `json:"status_range"`
		Values      ordered `json:"status"`
	}
	if err := json.Unmarshal(raw, &maps); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	d := &dump{name: name, device: w.device}
	d.ID = strings.ReplaceAll(name, ".", "_")
	list := func(o ordered) []map[string]json.RawMessage {
		out := []map[string]json.RawMessage{}
		for _, m := range o {
			entry := map[string]json.RawMessage{}
			if err := json.Unmarshal(m.value, &entry); err != nil {
				tb.Fatalf("%s: %v", name, err)
			}
			entry["code"] = mustJSON(m.key)
			entry["values"] = mustJSON(string(entry["value"])) // as the cloud gives it: JSON in a string
			delete(entry, "value")
			out = append(out, entry)
		}
		return out
	}
	answer := mustJSON(map[string]any{"category": d.Category, "functions": list(maps.Function), "status": list(maps.StatusRange)})
	if err := json.Unmarshal(answer, &d.spec); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	for _, m := range maps.Values {
		d.Status = append(d.Status, point{Code: m.key, Value: m.value})
	}
	return d
}

func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// product is a product of the public list: its thing model, more or less.
type product struct {
	id   string
	spec specification
}

func loadProducts(tb testing.TB) []product {
	tb.Helper()
	f, err := os.Open(fixture(tb, "products.jsonl"))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []product
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var w struct {
			Product string `json:"product"`
			Points  []struct {
				ID       loose.Number    `json:"id"`
				Code     string          `json:"code"`
				Mode     string          `json:"mode"`
				Type     string          `json:"type"`
				Name     string          `json:"name"`
				Property json.RawMessage `json:"property"`
			} `json:"points"`
		}
		if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
			tb.Fatal(err)
		}
		var t thing
		for _, p := range w.Points {
			var kind struct {
				Type string `json:"type"`
			}
			_ = json.Unmarshal(p.Property, &kind)
			if kind.Type == "" {
				kind.Type = p.Type
			}
			t.Properties = append(t.Properties, property{
				Code: p.Code, DP: max(p.ID.Whole(), 0), Name: p.Name, Access: p.Mode, Type: kind.Type, Values: p.Property,
			})
		}
		var s specification
		s.add(t)
		s.Category = guessCategory(s)
		out = append(out, product{w.Product, s})
	}
	if err := lines.Err(); err != nil || len(out) == 0 {
		tb.Fatalf("%d products, %v", len(out), err)
	}
	return out
}

// guessCategory tells what a product is by its codes, for a list that does not say.
func guessCategory(s specification) string {
	codes := map[string]bool{}
	for _, list := range [][]codeSpec{s.Functions, s.Status} {
		for _, c := range list {
			codes[normal(c.Code)] = true
		}
	}
	has := func(all ...string) bool {
		return !slices.ContainsFunc(all, func(c string) bool { return !codes[c] })
	}
	switch {
	case has("power_go") || has("suction"):
		return "sd"
	case has("basic_flip") || has("sd_status"):
		return "sp"
	case has("unlock_fingerprint") || has("unlock_password"):
		return "ms"
	case has("control", "percent_control"), has("control", "work_state"), has("control", "control_back"):
		return "cl"
	case has("switch_led"):
		return "dj"
	case has("doorcontact_state") && !has("switch_1"):
		return "mcs"
	case has("watersensor_state"):
		return "sj"
	case has("pir"), has("pir_state"):
		return "pir"
	case has("temp_set", "temp_current"), has("temp_set", "upper_temp"):
		return "wk"
	case has("pm25"), has("filter_reset", "switch"):
		return "kj"
	case has("temp_current", "humidity_value"), has("va_temperature"):
		return "wsdcg"
	case has("switch_1", "cur_power"), has("switch", "cur_power"), has("switch_1", "add_ele"):
		return "cz"
	case has("switch_1"):
		return "kg"
	}
	return ""
}

// checkModel holds what every model must keep, whatever came in.
func checkModel(tb rapid.TB, m *model, r hubs.Reading) {
	tb.Helper()
	d := m.device()
	if err := hubtest.CheckDevices([]hubs.Device{d}); err != nil {
		tb.Error(err)
	}
	if err := hubtest.CheckReadings([]hubs.Device{d}, []hubs.Reading{r}); err != nil {
		tb.Error(err)
	}
	names := map[string]bool{}
	for _, e := range d.Entities {
		name := fmt.Sprintf("%T %s", e.Spec, e.Name)
		if e.Name != "" && names[name] {
			tb.Errorf("name %q is not unique", name)
		}
		names[name] = true
	}
	for _, v := range r.Values { // what is known is in its range, but for numbers: those are shown as the device says
		e, _ := d.Entity(v.Entity)
		_, number := v.Value.Num()
		if f, ok := e.Field(v.Attr); ok && v.Value.Known() && (!number || v.Attr != hubs.Main) {
			if err := f.Check(v.Value); err != nil {
				tb.Errorf("%s: %v", e.Key, err)
			}
		}
	}
	// Every data point is shown or left out for a reason.
	out := map[string]bool{}
	for _, o := range m.omitted {
		out[o.code] = o.why != ""
	}
	for code, datum := range m.data {
		if !out[code] && len(m.touch[code]) == 0 && !m.pressed(datum) {
			tb.Errorf("%s is neither shown nor left out", code)
		}
	}
}

// pressed tells data points behind buttons, which nothing reads.
func (m *model) pressed(d *datum) bool {
	return slices.ContainsFunc(m.parts, func(p part) bool {
		u, ok := p.unit.(*press)
		return ok && u.d == d
	})
}
