package tuya

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// own finds one of our own products.
func own(tb testing.TB, name string) *dump {
	tb.Helper()
	for _, d := range loadOwn(tb) {
		if d.name == name {
			return d
		}
	}
	tb.Fatalf("no product %q", name)
	return nil
}

// compact writes what is sent: code=value, those of the thing model with a star.
func compact(writes []write) string {
	var out []string
	for _, w := range writes {
		text := w.Code + "=" + string(mustJSON(w.Value))
		if w.Property {
			text += "*"
		}
		if w.Door {
			text = "door=" + string(mustJSON(w.Value))
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestEncode(t *testing.T) {
	set := func(pairs ...any) []hubs.AttrValue {
		var out []hubs.AttrValue
		for i := 0; i < len(pairs); i += 2 {
			var v hubs.Value
			switch x := pairs[i+1].(type) {
			case bool:
				v = hubs.Bool(x)
			case int:
				v = hubs.Num(float64(x))
			case float64:
				v = hubs.Num(x)
			case string:
				v = hubs.Str(x)
			}
			out = append(out, hubs.AttrValue{Attr: pairs[i].(hubs.Attr), Value: v})
		}
		return out
	}
	const allWhite, allColour = "Bulb of all colours in white", "Bulb of all colours in colour"
	for name, c := range map[string]struct {
		product, entity string
		set             []hubs.AttrValue
		do              hubs.Action
		want            string
	}{
		"switch":                     {"Plug with meter", "switch_1", set(hubs.On, false), "", "switch_1=false"},
		"number with a scale":        {"Thermostat for the floor", "temp_correction", set(hubs.Main, -1.5), "", "temp_correction=-15"},
		"select of numbers":          {"Humidifier", "moodlighting", set(hubs.Main, "2"), "", `moodlighting="2"`},
		"light off":                  {allWhite, "switch_led", set(hubs.On, false, hubs.Level, 50), "", "switch_led=false"},
		"light to nothing":           {allWhite, "switch_led", set(hubs.Level, 0), "", "switch_led=false"},
		"brightness in white":        {allWhite, "switch_led", set(hubs.On, true, hubs.Level, 128/2.55), "", "switch_led=true bright_value_v2=507"},
		"least brightness":           {allWhite, "switch_led", set(hubs.Level, 1/2.55), "", "switch_led=true bright_value_v2=14"},
		"brightness in colour":       {allColour, "switch_led", set(hubs.Level, 20), "", `switch_led=true work_mode="colour" colour_data_v2={"h":240,"s":500,"v":200}`},
		"white":                      {allColour, "switch_led", set(hubs.Kelvin, 4000), "", `switch_led=true work_mode="white" temp_value_v2=722`},
		"white and brightness":       {allColour, "switch_led", set(hubs.Kelvin, 2700, hubs.Level, 100), "", `switch_led=true work_mode="white" temp_value_v2=374 bright_value_v2=1000`},
		"colour":                     {allWhite, "switch_led", set(hubs.Hue, 10, hubs.Saturation, 50), "", `switch_led=true work_mode="colour" colour_data_v2={"h":10,"s":500,"v":500}`},
		"colour and brightness":      {allWhite, "switch_led", set(hubs.Hue, 10, hubs.Saturation, 50, hubs.Level, 100), "", `switch_led=true work_mode="colour" colour_data_v2={"h":10,"s":500,"v":1000}`},
		"hue alone":                  {allColour, "switch_led", set(hubs.Hue, 90), "", `switch_led=true work_mode="colour" colour_data_v2={"h":90,"s":500,"v":1000}`},
		"scene":                      {allWhite, "switch_led", set(hubs.On, true, hubs.Effect, "music"), "", `switch_led=true work_mode="music"`},
		"older colour":               {"Older bulb", "switch_led", set(hubs.Hue, 120, hubs.Saturation, 100), "", `switch_led=true work_mode="colour" colour_data={"h":120,"s":255,"v":128}`},
		"hexadecimal colour":         {"Bulb whose colour is hexadecimal", "switch_led", set(hubs.Hue, 240, hubs.Saturation, 100), "", `switch_led=true work_mode="colour" colour_data="00f003e801f4"`},
		"dimmer with limits":         {"Dimmer with limits", "switch_led_1", set(hubs.Level, 50), "", "switch_led_1=true bright_value_1=258"},
		"cover opens":                {"Curtain", "control", set(hubs.Position, 100), "", `control="open"`},
		"cover closes":               {"Curtain", "control", set(hubs.Position, 0), "", `control="close"`},
		"cover stops":                {"Curtain", "control", nil, hubs.Stop, `control="stop"`},
		"cover halfway":              {"Curtain", "control", set(hubs.Position, 30), "", "percent_control=70"},
		"cover that runs forward":    {"Curtain switch", "control", set(hubs.Position, 30), "", "percent_control=30"},
		"cover of the old words":     {"Curtain of the old words", "mach_operate", set(hubs.Position, 100), "", `mach_operate="FZ"`},
		"slats":                      {"Blind with slats", "control", set(hubs.Tilt, 75), "", "angle_horizontal=45"},
		"garage door":                {"Garage door", "switch_1", set(hubs.Position, 100), "", "switch_1=true"},
		"valve":                      {"Irrigator with two outlets", "switch_2", set(hubs.Position, 100), "", "switch_2=true"},
		"climate mode":               {"Air conditioner", "climate", set(hubs.Mode, "dry"), "", `switch=true mode="wet"`},
		"climate off":                {"Air conditioner", "climate", set(hubs.Mode, "off"), "", "switch=false"},
		"climate on":                 {"Air conditioner", "climate", set(hubs.On, true), "", "switch=true"},
		"climate all at once":        {"Air conditioner", "climate", set(hubs.Mode, "cool", hubs.Target, 22, hubs.FanMode, "low"), "", `switch=true mode="cold" temp_set=22 fan_speed_enum="low"`},
		"swing":                      {"Air conditioner", "climate", set(hubs.Swing, "vertical"), "", "switch_horizontal=false switch_vertical=true"},
		"climate of presets":         {"Thermostat for the floor", "climate", set(hubs.Preset, "holiday"), "", `mode="holiday"`},
		"target on the step":         {"Thermostat for the floor", "climate", set(hubs.Target, 21.7), "", "temp_set=215"},
		"target in Fahrenheit":       {"Heater in degrees Fahrenheit", "climate", set(hubs.Target, 20), "", "temp_set=68"},
		"mode without a switch":      {"Radiator valve", "climate", set(hubs.On, false), "", `mode="off"`},
		"fan speed in words":         {"Fan with words for speeds", "fan", set(hubs.On, true, hubs.Level, 50), "", `switch=true fan_speed_enum="middle"`},
		"fan speed":                  {"Fan with a lamp", "fan", set(hubs.Level, 100), "", "fan_switch=true fan_speed=6"},
		"fan stops":                  {"Tower fan", "fan", set(hubs.Level, 0), "", "switch=false"},
		"fan swings":                 {"Tower fan", "fan", set(hubs.Oscillates, true), "", "switch_vertical=true"},
		"humidity on the step":       {"Dehumidifier", "switch", set(hubs.Humidity, 58), "", "dehumidify_set_value=60"},
		"vacuum starts":              {"Robot", "vacuum", nil, hubs.Start, "power_go=true"},
		"vacuum goes home":           {"Robot", "vacuum", nil, hubs.Dock, "switch_charge=true"},
		"vacuum cannot spot":         {"Robot", "vacuum", nil, hubs.CleanSpot, "invalid"},
		"suction":                    {"Robot", "vacuum", set(hubs.FanSpeed, "strong"), "", `suction="strong"`},
		"alarm":                      {"Alarm host", "master_mode", set(hubs.State, "armed_home"), "", `master_mode="home"`},
		"alarm is triggered":         {"Alarm host", "master_mode", nil, hubs.Trigger, `master_mode="sos"`},
		"button":                     {"Cat toilet", "manual_clean", nil, hubs.Press, "manual_clean=true"},
		"siren":                      {"Siren", "alarm_switch", set(hubs.On, true), "", "alarm_switch=true"},
		"lock":                       {"Door lock", "lock", set(hubs.State, hubs.Unlocked), "", "door=true"},
		"text":                       {"Something of a category nobody knows", "notes", set(hubs.Main, "hi"), "", `notes="hi"`},
		"an object":                  {"Something of a category nobody knows", "plan", set(hubs.Main, "{}"), "", "read_only"},
		"bytes that must be base64":  {"Breaker with signed phases", "alarm_set_1", set(hubs.Main, "?"), "", "invalid"},
		"a word that it has not":     {"Bulb in a scene", "switch_led", set(hubs.Effect, "disco"), "", "invalid"},
		"a sensor":                   {"Plug with meter", "cur_power", set(hubs.Main, 3), "", "read_only"},
		"a problem":                  {"Plug with meter", "fault", set(hubs.On, true), "", "read_only"},
		"an entity that it has not":  {"Plug with meter", "nothing", set(hubs.On, true), "", "unknown_entity"},
		"nothing that could be sent": {"Air conditioner", "climate", set(hubs.Humidity, 3), "", "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			d := own(t, c.product)
			m := d.model(withLocks())
			writes, err := m.encode(hubs.Command{Entity: c.entity, Set: c.set, Do: c.do}, d.Status...)
			got := compact(writes)
			if err != nil {
				got = hubs.FaultOf(err).String()
			}
			if got != c.want {
				t.Errorf("want %s, got %s (%v)", c.want, got, err)
			}
		})
	}
}

// Without what is known of the device a command still says something sensible.
func TestEncodeUnknownState(t *testing.T) {
	m := own(t, "Bulb of all colours in colour").model()
	m.about.Status = nil
	for want, attr := range map[string]hubs.AttrValue{
		"switch_led=true bright_value_v2=505":                                          {Attr: hubs.Level, Value: hubs.Num(50)},
		`switch_led=true work_mode="colour" colour_data_v2={"h":30,"s":1000,"v":1000}`: {Attr: hubs.Hue, Value: hubs.Num(30)},
	} {
		writes, err := m.encode(hubs.Command{Entity: "switch_led", Set: []hubs.AttrValue{attr}})
		if got := compact(writes); err != nil || got != want {
			t.Errorf("want %s, got %s (%v)", want, got, err)
		}
	}
}

// A property that only the thing model knows is marked.
func TestEncodeProperty(t *testing.T) {
	m := newModel(device{ID: "d", Category: "cz"}, specification{
		Functions: []codeSpec{{Code: "switch_1", Type: "bool"}, {Code: "beep", Type: "bool", Property: true}},
	})
	writes, err := m.encode(hubs.Command{Entity: "beep", Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}})
	if got := compact(writes); err != nil || got != "beep=true*" {
		t.Errorf("want beep=true*, got %s (%v)", got, err)
	}
}

func TestEvents(t *testing.T) {
	push := func(code, value string) []point { return []point{{Code: code, Value: json.RawMessage(value)}} }
	for name, c := range map[string]struct {
		product string
		points  []point
		pushed  bool
		want    string
	}{
		"a press":               {"Remote with two buttons", push("switch_mode2", `"press"`), true, "switch_mode2 press"},
		"two presses are two":   {"Remote with two buttons", append(push("switch_mode1", `"click"`), push("switch_mode1", `"click"`)...), true, "switch_mode1 click, switch_mode1 click"},
		"not from a poll":       {"Remote with two buttons", push("switch_mode2", `"press"`), false, ""},
		"a word it has not":     {"Remote with two buttons", push("switch_mode2", `"shake"`), true, ""},
		"no value":              {"Remote with two buttons", push("switch_mode2", `null`), true, ""},
		"another word for it":   {"Remote of another word", push("switch_type_1", `"long_press"`), true, "switch_type_1 long_press"},
		"a message":             {"Camera", push("alarm_message", `"eyJ0IjoxfQ=="`), true, `alarm_message triggered {"message":"{\"t\":1}"}`},
		"a message that is sad": {"Camera", push("alarm_message", `""`), true, ""},
		"a ring":                {"Door lock", push("doorbell", "true"), true, "doorbell ring"},
		"the ring ends":         {"Door lock", push("doorbell", "false"), true, ""},
		"no event at all":       {"Plug with meter", push("switch_1", "true"), true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := own(t, c.product)
			r := d.model().readings(c.points, c.pushed, d.Status...)
			var got []string
			for _, h := range r.Events {
				text := h.Entity + " " + h.Type
				if h.Data != nil {
					text += " " + string(mustJSON(h.Data))
				}
				got = append(got, text)
			}
			if all := strings.Join(got, ", "); all != c.want {
				t.Errorf("want %q, got %q", c.want, all)
			}
		})
	}
}

// What is pushed tells only of what it changes, and sees the rest.
func TestPushed(t *testing.T) {
	d := own(t, "Bulb of all colours in white")
	m := d.model()
	r := m.readings([]point{{Code: "work_mode", Value: json.RawMessage(`"colour"`)}}, true, d.Status...)
	got := map[string]string{}
	for _, v := range r.Values {
		got[v.Entity+" "+string(v.Attr)] = v.Value.String()
	}
	if got["switch_led colour_mode"] != "hs" || got["switch_led level"] != "50" || got["switch_led hue"] != "120" {
		t.Errorf("want the colour that was known, got %v", got)
	}
	if _, told := got["do_not_disturb on"]; told {
		t.Error("want nothing of what did not change")
	}
	if n := len(m.readings([]point{{Code: "never_heard"}}, true).Values); n != 0 {
		t.Errorf("want nothing of an unknown code, got %d values", n)
	}
}
