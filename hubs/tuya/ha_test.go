package tuya

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// row is an entity that Home Assistant's own integration makes of a dump.
type row map[string]string

func loadRows(tb testing.TB) map[string][]row {
	tb.Helper()
	f, err := os.Open(fixture(tb, "entities.csv"))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) < 2 {
		tb.Fatalf("%d lines, %v", len(lines), err)
	}
	out := map[string][]row{}
	for _, line := range lines[1:] {
		r := row{}
		for i, name := range lines[0] {
			r[name] = line[i]
		}
		out[r["fixture"]] = append(out[r["fixture"]], r)
	}
	return out
}

// announced is a component of our discovery message, with its state.
type announced struct {
	Platform   string   `json:"platform"`
	Class      string   `json:"device_class"`
	Unit       string   `json:"unit_of_measurement"`
	StateClass string   `json:"state_class"`
	Category   string   `json:"entity_category"`
	Options    []string `json:"options"`
	Enabled    *bool    `json:"enabled_by_default"`
	Min        float64  `json:"min"`
	Max        float64  `json:"max"`
	Name       string   `json:"name"`
	entity     hubs.Entity
	values     map[hubs.Attr]hubs.Value
}

// announce gives what Home Assistant would see of a dump, by key.
func announce(tb testing.TB, d *dump) map[string]announced {
	tb.Helper()
	m := d.model()
	r := m.readings(d.Status, false)
	config, _ := messages(tb, m, r)
	var w struct {
		Components map[string]announced `json:"components"`
	}
	if err := json.Unmarshal(config.Payload, &w); err != nil {
		tb.Fatal(err)
	}
	dev := m.device()
	for key, a := range w.Components {
		e, ok := dev.Entity(key)
		if !ok {
			delete(w.Components, key) // a device trigger
			continue
		}
		a.entity, a.values = *e, map[hubs.Attr]hubs.Value{}
		for _, v := range r.Values {
			if v.Entity == key {
				a.values[v.Attr] = v.Value
			}
		}
		w.Components[key] = a
	}
	return w.Components
}

// keyOf is our key of Home Assistant's unique id, which is the code, most of all.
func keyOf(r row) string {
	id := r["unique_id"]
	if id == "" {
		return r["domain"]
	}
	for suffix, ours := range map[string]string{
		"electriccurrent": "_current", "reactivepower": "_reactive_power", "apparentpower": "_apparent_power",
		"powerfactor": "_power_factor", "voltage": "_voltage", "power": "_power",
	} {
		if stem, ok := strings.CutSuffix(id, suffix); ok && strings.HasPrefix(id, "phase_") && len(stem) == len("phase_a") {
			return stem + ours
		}
	}
	if id == "total_powerpower" {
		return "total_power"
	}
	return hubs.MakeKey(id)
}

// stateOf is the state that Home Assistant shows of one of our entities.
func (a announced) stateOf() string {
	v := func(attr hubs.Attr) hubs.Value { return a.values[attr] }
	onOff := func(attr hubs.Attr, on, off string) string {
		b, ok := v(attr).Bool()
		switch {
		case !ok:
			return "unknown"
		case b:
			return on
		}
		return off
	}
	text := func(attr hubs.Attr) string {
		if !v(attr).Known() {
			return "unknown"
		}
		return v(attr).String()
	}
	switch a.Platform {
	case "switch", "light", "binary_sensor", "fan", "humidifier", "siren":
		return onOff(hubs.On, "on", "off")
	case "cover", "valve":
		p, ok := v(hubs.Position).Num()
		switch {
		case !ok:
			return "unknown"
		case p > 0:
			return "open"
		}
		return "closed"
	case "climate":
		return text(hubs.Mode)
	case "vacuum", "alarm_control_panel":
		return text(hubs.State)
	case "event", "button":
		return "unknown"
	}
	return text(hubs.Main)
}

// differ tells how an entity of ours differs from Home Assistant's; empty: not at all.
func differ(r row, a announced) []string {
	var out []string
	note := func(what, want, got string) {
		if want != got {
			out = append(out, fmt.Sprintf("%s: want %q, got %q", what, want, got))
		}
	}
	note("domain", r["domain"], a.Platform)
	class := r["device_class"]
	if class == "enum" && len(a.Options) == 0 {
		class = ""
	}
	note("class", class, a.Class)
	note("unit", string(hubs.ParseUnit(r["unit"])), string(hubs.ParseUnit(a.Unit)))
	note("state class", r["state_class"], a.StateClass)
	note("category", r["entity_category"], a.Category)
	if r["disabled_by_default"] == "" && a.Enabled != nil && !*a.Enabled {
		out = append(out, "disabled")
	}
	if a.Platform == "select" || class == "enum" {
		note("options", r["options"], strings.ReplaceAll(strings.Join(a.Options, "|"), "(none)", "none"))
	}
	if a.Platform == "number" {
		var c struct{ Min, Max, Step float64 }
		_ = json.Unmarshal([]byte(r["capabilities"]), &c)
		if c.Min != a.Min || c.Max != a.Max {
			note("range", fmt.Sprint(c.Min, c.Max), fmt.Sprint(a.Min, a.Max))
		}
	}
	state := r["state"]
	if state == "unavailable" {
		state = r["state_if_online"]
	}
	got := a.stateOf()
	x, errX := strconv.ParseFloat(state, 64)
	y, errY := strconv.ParseFloat(got, 64)
	if errX != nil || errY != nil || math.Abs(x-y) > 1e-6*math.Max(1, math.Abs(x)) {
		note("state", state, got)
	}
	return append(out, a.differAttributes(r)...)
}

// differAttributes compares what stands beside a state.
func (a announced) differAttributes(r row) []string {
	var w struct {
		Brightness  *float64  `json:"brightness"`
		Kelvin      *float64  `json:"color_temp_kelvin"`
		HS          []float64 `json:"hs_color"`
		Mode        string    `json:"color_mode"`
		Position    *float64  `json:"current_position"`
		Current     *float64  `json:"current_temperature"`
		Target      *float64  `json:"temperature"`
		FanMode     *string   `json:"fan_mode"`
		Preset      *string   `json:"preset_mode"`
		Percentage  *float64  `json:"percentage"`
		Oscillating *bool     `json:"oscillating"`
		Direction   *string   `json:"direction"`
		Humidity    *float64  `json:"humidity"`
		Measured    *float64  `json:"current_humidity"`
		FanSpeed    *string   `json:"fan_speed"`
	}
	_ = json.Unmarshal([]byte(r["attributes"]), &w)
	var out []string
	number := func(attr hubs.Attr, want *float64, scale, near float64) {
		got, ok := a.values[attr].Num()
		if want != nil && (!ok || math.Abs(*want-got*scale) > near) {
			out = append(out, fmt.Sprintf("%s: want %v, got %v", attr, *want, a.values[attr]))
		}
	}
	text := func(attr hubs.Attr, want *string) {
		if got, _ := a.values[attr].Text(); want != nil && *want != got {
			out = append(out, fmt.Sprintf("%s: want %v, got %v", attr, *want, got))
		}
	}
	number(hubs.Level, w.Brightness, 2.55, 1)
	number(hubs.Level, w.Percentage, 1, 0.5)
	number(hubs.Position, w.Position, 1, 0.5)
	number(hubs.Measured, w.Current, 1, 0.01)
	number(hubs.Target, w.Target, 1, 0.01)
	number(hubs.Humidity, w.Humidity, 1, 0.01)
	number(hubs.MeasuredHumidity, w.Measured, 1, 0.01)
	if w.Mode == "color_temp" {
		number(hubs.Kelvin, w.Kelvin, 1, 2)
	}
	if w.Mode == "hs" && len(w.HS) == 2 {
		number(hubs.Hue, &w.HS[0], 1, 1)
		number(hubs.Saturation, &w.HS[1], 1, 1)
	}
	text(hubs.FanMode, w.FanMode)
	text(hubs.Preset, w.Preset)
	text(hubs.Direction, w.Direction)
	text(hubs.FanSpeed, w.FanSpeed)
	if got, _ := a.values[hubs.Oscillates].Bool(); w.Oscillating != nil && *w.Oscillating != got {
		out = append(out, "oscillating differs")
	}
	return out
}

// substituted says why a difference is none that matters; empty: it matters.
func substituted(r row, a announced, diffs []string) string {
	all := strings.Join(diffs, "; ")
	switch {
	case r["domain"] == "camera":
		return "no camera over MQTT: its other entities are there"
	case len(diffs) == 1 && strings.HasPrefix(all, "state: want \"unknown\"") && a.values != nil:
		return "Home Assistant compares a number with a range of texts"
	case strings.Contains(r["attributes"], "393.307"):
		return "Home Assistant shows a color out of range"
	case r["unique_id"] == "feed_report":
		return "Home Assistant starts increments at 0"
	case len(diffs) == 1 && r["domain"] == "fan" && strings.HasPrefix(all, "level"):
		return "Home Assistant counts the lowest of several speeds as 1 %"
	case all == `unit: want "km/h", got "m/s"`:
		return "Home Assistant shows it in km/h, also what comes over MQTT"
	case all == `class: want "", got "wind_direction"; unit: want "", got "°"; state class: want "measurement", got "measurement_angle"`:
		return "Home Assistant has no class for a direction that comes in words"
	}
	return ""
}

// unmatched are the reasons for what is left, by what is missing or differs.
func unmatched(r row, d *dump, a announced) string {
	switch {
	case len(d.spec.Functions)+len(d.spec.Status) == 0:
		return "an entity of a device without data points"
	case r["domain"] == "select" && a.Platform == "sensor":
		return "a choice that cannot be written"
	case fixes()[d.Product].points != nil:
		return "a data point that only Home Assistant's own correction knows"
	}
	return ""
}

// TestLikeHomeAssistant compares what is made of each dump with what Home Assistant's own
// integration makes of it.
func TestLikeHomeAssistant(t *testing.T) {
	rows := loadRows(t)
	total, good, alike := 0, 0, map[string]int{}
	for _, d := range loadDumps(t) {
		ours := announce(t, d)
		for _, r := range rows[d.name] {
			total++
			a, ok := ours[keyOf(r)]
			if !ok {
				a, ok = ours[r["domain"]]
			}
			diffs := []string{"missing"}
			if ok {
				diffs = differ(r, a)
			}
			why := substituted(r, a, diffs)
			switch {
			case len(diffs) == 0:
				good++
			case why != "":
				good++
				alike[why]++
			default:
				reason := unmatched(r, d, a)
				t.Logf("%s %s %s: %s (%s)", d.name, r["domain"], r["unique_id"], strings.Join(diffs, "; "), reason)
				if reason == "" {
					t.Errorf("%s %s %s differs for no reason", d.name, r["domain"], r["unique_id"])
				}
			}
		}
	}
	for _, why := range slices.Sorted(maps.Keys(alike)) {
		t.Logf("%d substituted: %s", alike[why], why)
	}
	t.Logf("%d of %d entities are as Home Assistant has them", good, total)
	if good*100 < total*98 {
		t.Errorf("want 98 %% alike, got %d of %d", good, total)
	}
}
