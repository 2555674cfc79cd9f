package discovery

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// edit changes one place of a discovery message: a path of keys, and what to put there.
// The text "-" takes the key out.
func edit(t *testing.T, payload []byte, path string, value any) []byte {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(payload, &root); err != nil {
		t.Fatal(err)
	}
	keys := strings.Split(path, "/")
	at := root
	for _, k := range keys[:len(keys)-1] {
		next, ok := at[k].(map[string]any)
		if !ok {
			t.Fatalf("no %s in %s", k, path)
		}
		at = next
	}
	last := keys[len(keys)-1]
	if value == "-" {
		delete(at, last)
	} else {
		at[last] = value
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestLintFinds breaks every rule once.
func TestLintFinds(t *testing.T) {
	cases := testCases()
	for _, c := range []struct {
		file, path string
		value      any
		want       string
	}{
		{"switch", "icon", "mdi:x", "the whole device is refused"},
		{"switch", "~", "x", "the whole device is refused"},
		{"switch", "qos", nil, "null in"},
		{"switch", "state_topic", "x", "every component's"},
		{"switch", "origin", "-", "origin.name"},
		{"switch", "origin/name", "", "origin.name"},
		{"switch", "device/name", "", "device.name"},
		{"switch", "device/identifiers", "-", "neither identifiers"},
		{"switch", "device/model", nil, "null in device.model"},
		{"switch", "device/configuration_url", "http:///", "configuration_url"},
		{"switch", "device/configuration_url", "ftp://x", "configuration_url"},
		{"switch", "components", "-", "components are missing"},
		{"switch", "availability_topic", "x", "both availability"},
		{"switch", "availability_mode", "-", "mode all"},
		{"switch", "availability", []any{map[string]any{"topic": "a/#"}}, "is no topic"},
		{"switch", "components/power/platform", "infrared", "the whole device is refused"},
		{"switch", "components/power/platform", "-", "the whole device is refused"},
		{"switch", "components/p q", map[string]any{"platform": "switch"}, "component key"},
		{"switch", "components/power/unique_id", "-", "unique_id is missing"},
		{"switch", "components/power/unique_id", "home_h2m_aqara_0x01_ab_led", "the unique_id of"},
		{"switch", "components/led/name", "-", "name is missing"},
		{"switch", "components/led/name", "", "empty name"},
		{"switch", "components/led/name", nil, "without a name"},
		{"switch", "components/led/name", "Plug", "begins with the device's"},
		{"switch", "components/led/name", "Plug LED", "begins with the device's"},
		{"switch", "components/power/default_entity_id", "plug", "default_entity_id"},
		{"switch", "components/power/default_entity_id", "light.plug", "default_entity_id"},
		{"switch", "components/power/default_entity_id", "switch.Plug", "default_entity_id"},
		{"switch", "components/power/default_entity_id", "switch.plug_", "default_entity_id"},
		{"switch", "components/power/command_topic", "-", "command_topic is missing"},
		{"switch", "components/power/command_topic", "a/+", "is no topic"},
		{"switch", "components/power/state_topic", "", "is no topic"},
		{"switch", "components/power/icon", nil, `null in "icon"`},
		{"switch", "components/power/icon", "x", "icon"},
		{"switch", "components/power/entity_category", "system", "entity_category"},
		{"switch", "components/power/device_class", "plug", "device_class"},
		{"switch", "components/power/retain", true, "retain makes"},
		{"switch", "components/power/value_template", "{{ value_json.power }}", "brackets"},
		{"switch", "components/power/value_template", "{{ value_json['a'].items() }}", "brackets"},
		{"switch", "components/power/json_attributes_template", "{{ value_json['a'] }}", ""},
		{"cover", "components/blind/tilt_status_topic", "-", ""},
		{"binary_sensor", "components/contact/entity_category", "config", "no setting"},
		{"binary_sensor", "components/contact/device_class", "temperature", "device_class"},
		{"sensor", "components/temperature/unit_of_measurement", "C", "with unit"},
		{"sensor", "components/temperature/unit_of_measurement", "-", "with unit"},
		{"sensor", "components/temperature/state_class", "total", "with state_class"},
		{"sensor", "components/temperature/state_class", "often", "state_class"},
		{"sensor", "components/temperature/state_topic", "-", "state_topic is missing"},
		{"sensor", "components/pm/unit_of_measurement", "\u00b5g/m³", "U+00B5"},
		{"sensor", "components/angle/state_class", "measurement_angle", "measurement_angle"},
		{"sensor", "components/count/options", []any{"a"}, "go together"},
		{"sensor", "components/count/device_class", "enum", "go together"},
		{"sensor", "components/count/device_class", "odd", "device_class"},
		{"sensor", "components/count/last_reset_value_template", "{{ 1 }}", "last_reset"},
		{"sensor_text", "components/mode/unit_of_measurement", "W", "with unit or state_class"},
		{"sensor_text", "components/ends/state_class", "measurement", "with unit or state_class"},
		{"number", "components/level/min", 100, "is not under"},
		{"number", "components/level/step", 0, "step"},
		{"number", "components/level/step", "1", "is not a number"},
		{"number", "components/offset/device_class", "timestamp", "device_class"},
		{"select", "components/mode/options", []any{}, "is empty"},
		{"select", "components/mode/options", []any{"a", "a"}, "there twice"},
		{"text", "components/message/max", 256, "lengths"},
		{"event", "components/bell/event_types", []any{"press"}, "without ring"},
		{"event", "components/bell/event_types", []any{}, "is empty"},
		{"event", "components/bell-ring/type", "-", "type is missing"},
		{"event", "components/bell-ring/automation_type", "action", "automation_type"},
		{"light", "components/white/schema", "basic", "schema"},
		{"light", "components/white/supported_color_modes", []any{"brightness", "hs"}, "beside others"},
		{"light", "components/white/supported_color_modes", []any{"white"}, "white alone"},
		{"light", "components/white/supported_color_modes", []any{"odd"}, "odd"},
		{"light", "components/white/brightness", false, "does not fit"},
		{"light", "components/white/color_temp_kelvin", "-", "color_temp_kelvin"},
		{"light", "components/white/min_kelvin", 6500, "min_kelvin"},
		{"light", "components/white/flash", "-", "flash is missing"},
		{"light", "components/colour/effect_list", "-", "effect_list"},
		{"cover", "components/blind/position_topic", "-", "without position_topic"},
		{"valve", "components/valve/payload_open", "OPEN", "with reports_position"},
		{"climate", "components/thermostat/modes", []any{"eco"}, "modes"},
		{"climate", "components/thermostat/modes", "-", "modes is missing"},
		{"climate", "components/thermostat/preset_modes", []any{"none"}, "Home Assistant's own"},
		{"climate", "components/thermostat/preset_modes", "-", "come together"},
		{"climate", "components/thermostat/fan_modes", "-", "come together"},
		{"climate", "components/thermostat/min_temp", 40, "min_temp"},
		{"climate", "components/thermostat/min_humidity", -1, "humidity from"},
		{"water_heater", "components/boiler/modes", []any{"x"}, "modes"},
		{"water_heater", "components/boiler/max_temp", 10, "min_temp"},
		{"fan", "components/fan/preset_modes", "-", "come together"},
		{"fan", "components/fan/speed_range_min", 0, "speeds from"},
		{"humidifier", "components/mist/target_humidity_command_topic", "-", "is missing"},
		{"humidifier", "components/mist/max_humidity", 10, "humidity from"},
		{"vacuum", "components/robot/supported_features", []any{"battery"}, "battery"},
		{"vacuum", "components/robot/supported_features", "-", "is missing"},
		{"alarm", "components/alarm/supported_features", "-", "is missing"},
		{"siren", "components/alarm/support_duration", "-", "is missing"},
		{"button", "components/relax/payload_on", "-", "payload_on is missing"},
		{"update", "components/firmware/state_topic", "-", "is missing"},
		{"switch", "components/cam", map[string]any{"platform": "image", "unique_id": "u", "name": "x"}, "exactly one"},
		{"switch", "components/tag", map[string]any{"platform": "tag", "qos": 1}, "topic is missing"},
	} {
		t.Run(c.file+" "+c.path, func(t *testing.T) {
			config, _ := cases[c.file].messages(t)
			config.Payload = edit(t, config.Payload, c.path, c.value)
			expect(t, c.want, Lint(config))
		})
	}
}

func expect(t *testing.T, want string, err error) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("want no fault, got %v", err)
	case want != "" && err == nil:
		t.Errorf("want %q, got none", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("want %q, got %v", want, err)
	}
}

func TestLintMessages(t *testing.T) {
	const config = "homeassistant/device/x/config"
	for _, c := range []struct {
		name string
		m    Message
		want string
	}{
		{"state", Message{Topic: "a/b", Payload: []byte(`{"x":1}`), Retain: true}, ""},
		{"not a number", Message{Topic: "a/b", Payload: []byte(`{"x":NaN}`), Retain: true}, "not JSON"},
		{"word, not retained", Message{Topic: "a/b", Payload: []byte(`x`)}, ""},
		{"event", Message{Topic: "a/b", Payload: []byte(`{"event_type":"x"}`)}, ""},
		{"retained event", Message{Topic: "a/b", Payload: []byte(`{"event_type":"x"}`), Retain: true}, "events must not"},
		{"retained command", Message{Topic: "a/set", Payload: []byte("ON"), Retain: true}, "must not be retained"},
		{"retained result", Message{Topic: "a/result", Payload: []byte("{}"), Retain: true}, "must not be retained"},
		{"clear", Message{Topic: "a/b", Retain: true}, ""},
		{"clears nothing", Message{Topic: "a/b"}, "only when retained"},
		{"no topic", Message{Payload: []byte("{}")}, "is no topic"},
		{"wildcard", Message{Topic: "a/+", Payload: []byte("{}")}, "is no topic"},
		{"bytes", Message{Topic: "a/b", Payload: []byte("\"\xff\""), Retain: true}, "UTF-8"},
		{"availability", Message{Topic: "a/availability", Payload: []byte("up"), Retain: true}, "neither online"},
		{"availability not retained", Message{Topic: "a/status", Payload: []byte("online")}, "must be retained"},
		{"no config", Message{Topic: config, Payload: []byte("[]"), Retain: true}, "no JSON object"},
		{"config not retained", Message{Topic: config, Payload: []byte("{}")}, "must be retained"},
		{"config topic", Message{Topic: "homeassistant/device/a:b/config", Payload: []byte("{}"), Retain: true}, "may not stand"},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, c.want, Lint(c.m)) })
	}
}

func TestLintStateFinds(t *testing.T) {
	cases := testCases()
	for _, c := range []struct{ file, path, state, want string }{
		{"switch", "", `{`, "no JSON object"},
		{"switch", "", `{"power":"ON"}`, "['led']"},
		{"switch", "", `{"power":true,"led":null}`, "neither ON nor OFF"},
		{"switch", "", `{"power":"OFF","led":null}`, ""},
		{"cover", "", `{"blind":null}`, "['blind']['state']"},
		{"cover", "", `{"blind":{"state":"open"}}`, "['blind']['position']"},
		{"sensor_text", "", `{"mode":"x"}`, "not among the options"},
		{"sensor_text", "", `{"ends":"12:00"}`, "no timestamp"},
		{"sensor_text", "", `{"day":"today"}`, "no date"},
		{"sensor_text", "", `{"note":"` + strings.Repeat("ü", 256) + `"}`, "255 characters"},
		{"sensor", "", `{"temperature":"warm"}`, "is not a number"},
		{"number", "", `{"level":101}`, "not in the range"},
		{"select", "", `{"mode":"eco"}`, "not among the options"},
		{"text", "", `{"message":5}`, "not a text"},
		{"text", "", `{"message":"123456789"}`, "9 characters"},
		{"light", "/white", `{"brightness":3}`, "without the key state"},
		{"light", "/white", `{"state":"ON","brightness":2.5}`, "brightness 2.5"},
		{"light", "/white", `{"state":"ON","color_mode":"hs"}`, "not announced"},
		{"light", "/white", `{"state":"ON","color_mode":"color_temp"}`, "without color_temp"},
		{"light", "/dark", `{"state":"ON","color_mode":"hs"}`, "without h and s"},
		{"light", "/xy", `{"state":"ON","color_mode":"xy","color":{"x":1}}`, "without x and y"},
		{"vacuum", "/robot", `{}`, "without the key state"},
		{"event", "/bell", `{"event_type":"knock"}`, "not announced"},
	} {
		t.Run(c.file+" "+c.state[:min(len(c.state), 30)], func(t *testing.T) {
			config, _ := cases[c.file].messages(t)
			d := cases[c.file].device
			err := LintState(config, Message{Topic: testLayout.DeviceTopic(d.ID) + c.path, Payload: []byte(c.state), Retain: true})
			expect(t, c.want, err)
		})
	}
	if LintState(Message{Payload: []byte("x")}, Message{}) == nil {
		t.Error("a config that is no JSON must be found")
	}
}

// TestLintIgnoresOthers: a component that reads another topic has no say.
func TestLintIgnoresOthers(t *testing.T) {
	config, _ := testCases()["light"].messages(t)
	for _, m := range testLayout.State(testCases()["light"].device, nil, time.Time{}) {
		if err := LintState(config, m); err != nil {
			t.Error(err)
		}
	}
}
