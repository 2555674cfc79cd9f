package tuya

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// one makes a device of points "code type values value", each reported and writable.
func one(category string, points ...[4]string) *dump {
	d := &dump{device: device{ID: "d", Name: "n", Category: category}}
	for _, p := range points {
		c := codeSpec{Code: p[0], Type: p[1], Values: json.RawMessage(p[2])}
		d.spec.Functions = append(d.spec.Functions, c)
		d.spec.Status = append(d.spec.Status, c)
		if p[3] != "" {
			d.Status = append(d.Status, point{Code: p[0], Value: json.RawMessage(p[3])})
		}
	}
	return d
}

// shows gives what an attribute reads as.
func (d *dump) shows(entity string, attr hubs.Attr) string {
	for _, v := range d.model().readings(d.Status, false).Values {
		if v.Entity == entity && v.Attr == attr {
			return v.Value.String()
		}
	}
	return "nothing"
}

// TestBrightness: Home Assistant counts to 255, the hub in percent.
func TestBrightness(t *testing.T) {
	const wide = `{"min":10,"max":1000,"scale":0,"step":1}`
	lamp := func(values, raw string) *dump {
		return one("dj", [4]string{"switch_led", "Boolean", `{}`, "true"}, [4]string{"bright_value_v2", "Integer", values, raw})
	}
	for raw, want := range map[string]string{"10": "0", "505": "50", "1000": "100", "9": "unknown", "1001": "unknown", `"505"`: "50", "null": "unknown"} {
		if got := lamp(wide, raw).shows("switch_led", hubs.Level); got != want {
			t.Errorf("%s: want %q %%, got %q", raw, want, got)
		}
	}
	for level, want := range map[float64]string{1: "14", 128: "507", 255: "1000"} {
		m := lamp(wide, "10").model()
		writes, err := m.encode(hubs.Command{Entity: "switch_led", Set: []hubs.AttrValue{{Attr: hubs.Level, Value: hubs.Num(level / 255 * 100)}}})
		if err != nil || len(writes) != 2 || fmt.Sprint(writes[1].Value) != want {
			t.Errorf("%v of 255: want %s, got %v, %v", level, want, writes, err)
		}
	}
	if got := lamp(`{}`, "505").shows("switch_led", hubs.Level); got != "50" {
		t.Errorf("without a range: want that of bright_value_v2, so 50, got %q", got)
	}
}

// TestColourModes: which of its values a lamp shines by.
func TestColourModes(t *testing.T) {
	on := [4]string{"switch_led", "Boolean", `{}`, "true"}
	level := [4]string{"bright_value", "Integer", `{"min":10,"max":1000}`, "505"}
	temp := [4]string{"temp_value", "Integer", `{"min":0,"max":1000}`, "500"}
	colour := [4]string{"colour_data", "Json", `{}`, `{"h":120,"s":1000,"v":300}`}
	dark := [4]string{"colour_data", "Json", `{}`, ""}
	mode := func(word string) [4]string {
		return [4]string{"work_mode", "Enum", `{"range":["white","colour","scene"]}`, word}
	}
	for name, c := range map[string]struct {
		d           *dump
		mode, level string
	}{
		"white":                       {one("dj", on, level, temp, colour, mode(`"white"`)), hubs.ColourKelvin, "50"},
		"colour":                      {one("dj", on, level, temp, colour, mode(`"colour"`)), hubs.ColourHS, "30"},
		"a scene":                     {one("dj", on, level, temp, colour, mode(`"scene"`)), hubs.ColourHS, "30"},
		"no word":                     {one("dj", on, level, temp, colour, mode("")), hubs.ColourHS, "30"},
		"no word and no colour":       {one("dj", on, level, temp, dark, mode("")), "unknown", "50"},
		"no mode":                     {one("dj", on, level, temp, colour), hubs.ColourKelvin, "50"},
		"no mode, no whites":          {one("dj", on, level, colour), hubs.ColourHS, "30"},
		"white without a temperature": {one("dj", on, level, colour, mode(`"white"`)), hubs.ColourWhite, "50"},
	} {
		if got := c.d.shows("switch_led", hubs.ColourMode); got != c.mode {
			t.Errorf("%s: want mode %q, got %q", name, c.mode, got)
		}
		if got := c.d.shows("switch_led", hubs.Level); got != c.level {
			t.Errorf("%s: want level %s, got %q", name, c.level, got)
		}
	}
}

// TestCoercion: how raw values read.
func TestCoercion(t *testing.T) {
	tenths := `{"unit":"V","min":0,"max":5000,"scale":1,"step":1}`
	for name, c := range map[string]struct {
		category, code, kind, values, raw string
		attr                              hubs.Attr
		want                              string
	}{
		"tenths":                     {"cz", "cur_voltage", "Integer", tenths, "1211", hubs.Main, "121.1"},
		"a number as text":           {"cz", "cur_voltage", "Integer", tenths, `"1211"`, hubs.Main, "121.1"},
		"beyond the range":           {"cz", "cur_voltage", "Integer", tenths, "5001", hubs.Main, "unknown"},
		"no range":                   {"cz", "cur_voltage", "value", `{"unit":"V","scale":1}`, "99999", hubs.Main, "9999.9"},
		"thousandths of an ampere":   {"cz", "cur_current", "Integer", `{"unit":"mA","min":0,"max":30000,"scale":0}`, "3156", hubs.Main, "3.156"},
		"energy":                     {"cz", "add_ele", "Integer", `{"unit":"kW·h","min":0,"max":50000,"scale":3}`, "100", hubs.Main, "0.1"},
		"a truth as number":          {"cz", "switch_1", "bool", `{}`, "1", hubs.On, "on"},
		"a truth as text":            {"cz", "switch_1", "Boolean", `{}`, `"false"`, hubs.On, "off"},
		"a word as number":           {"cz", "relay_status", "Enum", `{"range":["0","1","2"]}`, "1", hubs.Main, "1"},
		"a word of no range":         {"cz", "relay_status", "Enum", `{"range":["0","1"]}`, `"cancle"`, hubs.Main, "unknown"},
		"the sixth fault":            {"cs", "fault", "Bitmap", `{"label":["a","b","c","d","e","f"]}`, "32", "active", "f"},
		"two faults, one unlabelled": {"cs", "fault", "bitmap", `{"label":["a"]}`, "5", "active", "a, bit 2"},
		"no fault":                   {"cs", "fault", "Bitmap", `{"label":["a"]}`, "0", hubs.On, "off"},
	} {
		entity := c.code
		if got := one(c.category, [4]string{c.code, c.kind, c.values, c.raw}).shows(entity, c.attr); got != c.want {
			t.Errorf("%s: want %q, got %q", name, c.want, got)
		}
	}
	curtain := one("cl", [4]string{"control", "Enum", `{"range":["open","stop","close"]}`, `"stop"`}, [4]string{"percent_control", "Integer", `{}`, "30"})
	if got := curtain.shows("control", hubs.Position); got != "70" {
		t.Errorf("a curtain 30 %% closed, its range not told: want 70, got %q", got)
	}
}
