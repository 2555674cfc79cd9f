package discovery

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// lintComponent is one component of a discovery message under test.
type lintComponent struct {
	key, platform string
	m             map[string]any
	*faults
}

func (c *lintComponent) want(ok bool, format string, args ...any) {
	c.check(ok, c.key+": "+format, args...)
}

var (
	entityIDPattern = regexp.MustCompile(`^([a-z_]+)\.[a-z0-9]+(_[a-z0-9]+)*$`)
	pathPattern     = regexp.MustCompile(`value_json((?:\['[^']*'\])+)`)
	dotPattern      = regexp.MustCompile(`value_json\s*\.|\]\s*\.[a-z]|value_json\s*\(`)
)

// common checks what holds for components of all platforms.
func (c *lintComponent) common() {
	for _, k := range slices.Sorted(maps.Keys(c.m)) {
		v := c.m[k]
		c.want(v != nil || k == "name" || k == "payload_stop", "null in %q", k)
		if strings.HasSuffix(k, "topic") {
			c.topic(c.key+"."+k, v)
		}
		if strings.HasSuffix(k, "template") {
			c.want(!dotPattern.MatchString(text(v)), "%s: keys are read with brackets: a dot may find a method", k)
		}
		if strings.HasSuffix(k, "_template") && !strings.HasPrefix(k, "command") {
			c.want(topicOf(c.m, k) != "", "%s without its topic", k)
		}
	}
	for _, k := range required(c.platform) {
		_, given := c.m[k]
		c.want(given, "%s is missing", k)
	}
}

// required are the keys that a platform insists on, and those without which it does
// something else than we mean.
func required(platform string) []string {
	switch platform {
	case "alarm_control_panel":
		return []string{"command_topic", "state_topic", "supported_features"}
	case "binary_sensor", "sensor":
		return []string{"state_topic"}
	case "button", "fan", "lock", "notify", "number", "switch", "text":
		return []string{"command_topic"}
	case "device_automation":
		return []string{"automation_type", "topic", "type", "subtype"}
	case "event":
		return []string{"state_topic", "event_types"}
	case "humidifier":
		return []string{"command_topic", "target_humidity_command_topic"}
	case "light":
		return []string{"command_topic", "schema", "supported_color_modes", "brightness", "flash", "transition"}
	case "scene":
		return []string{"command_topic", "payload_on"}
	case "select":
		return []string{"command_topic", "options"}
	case "siren":
		return []string{"command_topic", "support_duration", "support_volume_set"}
	case "tag":
		return []string{"topic"}
	case "update":
		return []string{"state_topic"}
	case "vacuum":
		return []string{"supported_features"}
	}
	return nil
}

// entity checks what holds for all entities.
func (c *lintComponent) entity(device string) {
	c.want(text(c.m["unique_id"]) != "", "unique_id is missing: the whole device is refused")
	name, given := c.m["name"]
	c.want(given, "name is missing; null is what the device's own name takes")
	if name != nil {
		c.want(text(name) != "", "an empty name; null is meant")
		c.want(!startsWithName(device, text(name)), "name %q begins with the device's", name)
	}
	if id, given := c.m["default_entity_id"]; given {
		parts := entityIDPattern.FindStringSubmatch(text(id))
		c.want(parts != nil && parts[1] == c.platform && len(text(id)) <= maxState, "default_entity_id %q", id)
	}
	category, given := c.m["entity_category"]
	c.want(!given || category == "config" || category == "diagnostic", "entity_category %q", category)
	if c.platform == "sensor" || c.platform == "binary_sensor" {
		c.want(category != "config", "what can only be read is no setting")
	}
	if icon, given := c.m["icon"]; given {
		c.want(iconPattern.MatchString(text(icon)), "icon %q", icon)
	}
	c.want(c.m["retain"] != true, "retain makes commands retained")
	c.availability(c.m)
	class, given := c.m["device_class"]
	if list, ok := classes[c.platform]; given && ok {
		c.want(slices.Contains(list, hubs.Class(text(class))), "device_class %q", class)
	}
}

func (c *lintComponent) byPlatform() {
	switch c.platform {
	case "sensor":
		c.sensor()
	case "number":
		c.measure("")
		lo, hi := c.number("min", 1), c.number("max", 100)
		c.want(lo < hi, "min %v is not under max %v", lo, hi)
		c.want(c.number("step", 1) >= minStep, "step is under %v", minStep)
	case "select":
		c.list("options")
	case "text":
		lo, hi := c.number("min", 0), c.number("max", maxState)
		c.want(0 <= lo && lo <= hi && hi <= maxState, "lengths from %v to %v", lo, hi)
	case "event":
		types := c.list("event_types")
		c.want(c.m["device_class"] != "doorbell" || slices.Contains(types, "ring"), "a doorbell without ring")
	case "light":
		c.light()
	case "cover", "valve":
		c.moving()
	case "climate":
		c.climate()
	case "fan":
		c.pair("preset_mode_command_topic", "preset_modes")
		lo, hi := c.number("speed_range_min", 1), c.number("speed_range_max", 100)
		c.want(lo >= 1 && lo < hi, "speeds from %v to %v", lo, hi)
	case "humidifier":
		c.pair("mode_command_topic", "modes")
		c.humidity(0, 100)
	case "vacuum":
		c.subset("supported_features", words("start pause stop return_home fan_speed status send_command locate clean_spot"))
	case "alarm_control_panel":
		c.subset("supported_features", words("arm_home arm_away arm_night arm_vacation arm_custom_bypass trigger"))
	case "water_heater":
		c.subset("modes", heaterModes())
		c.want(c.number("min_temp", 43.3) < c.number("max_temp", 60), "min_temp is not under max_temp")
	case "image":
		c.want((c.m["image_topic"] == nil) != (c.m["url_topic"] == nil), "exactly one of image_topic and url_topic")
	case triggerPlatform:
		c.want(c.m["automation_type"] == "trigger", "automation_type %q", c.m["automation_type"])
	}
}

func (c *lintComponent) sensor() {
	class, counts := text(c.m["device_class"]), text(c.m["state_class"])
	_, hasUnit := c.m["unit_of_measurement"]
	_, hasOptions := c.m["options"]
	c.want(hasOptions == (class == "enum"), "options and device_class enum go together")
	switch class {
	case "enum", "timestamp", "date":
		c.want(!hasUnit && counts == "", "device_class %s with unit or state_class", class)
		if class == "enum" {
			c.list("options")
		}
		return
	}
	_, resets := c.m["last_reset_value_template"]
	c.want(!resets || counts == "total", "last_reset_value_template is for state_class total")
	c.measure(counts)
}

// measure checks class, unit and statistics against each other.
func (c *lintComponent) measure(counts string) {
	class, unit := hubs.Class(text(c.m["device_class"])), text(c.m["unit_of_measurement"])
	c.want(!strings.Contains(unit, "\u00b5"), "unit %q with the micro sign U+00B5 for U+03BC", unit)
	c.want(counts != "measurement_angle" || unit == "°", "state_class measurement_angle with unit %q", unit)
	c.want(slices.Contains([]string{"", "measurement", "measurement_angle", "total", "total_increasing"}, counts), "state_class %q", counts)
	if class == "" {
		return
	}
	m, ok := measures[class]
	c.want(ok, "device_class %q", class)
	if !ok {
		return
	}
	c.want(m.takes(class, unit), "device_class %s with unit %q", class, unit)
	var allowed []string
	for _, a := range m.adds {
		allowed = append(allowed, map[hubs.Accumulation]string{
			hubs.Measurement: "measurement", hubs.Angle: "measurement_angle", hubs.Total: "total", hubs.Increasing: "total_increasing",
		}[a])
	}
	c.want(counts == "" || slices.Contains(allowed, counts), "device_class %s with state_class %s", class, counts)
}

func (c *lintComponent) light() {
	c.want(c.m["schema"] == "json", "schema %q", c.m["schema"])
	modes := c.list("supported_color_modes")
	c.subset("supported_color_modes", words("onoff brightness color_temp hs xy rgb rgbw rgbww white"))
	for _, alone := range []string{"onoff", "brightness"} {
		c.want(len(modes) == 1 || !slices.Contains(modes, alone), "colour mode %s beside others", alone)
	}
	c.want(!slices.Equal(modes, []string{"white"}), "colour mode white alone")
	c.want(slices.Contains(modes, "onoff") == (c.m["brightness"] == false), "brightness does not fit the colour modes")
	if slices.Contains(modes, "color_temp") {
		c.want(c.m["color_temp_kelvin"] == true, "color_temp_kelvin is not set")
		c.want(c.number("min_kelvin", 0) > 0 && c.number("min_kelvin", 0) < c.number("max_kelvin", 0), "min_kelvin is not under max_kelvin")
	}
	if c.m["effect"] == true {
		c.list("effect_list")
	}
}

func (c *lintComponent) moving() {
	_, sets := c.m["set_position_topic"]
	_, position := c.m["position_topic"]
	c.want(!sets || position, "set_position_topic without position_topic")
	if c.m["reports_position"] != true {
		return
	}
	for _, k := range []string{"payload_open", "payload_close", "state_open", "state_closed"} {
		_, given := c.m[k]
		c.want(!given, "%s with reports_position", k)
	}
}

func (c *lintComponent) climate() {
	c.subset("modes", climateModes())
	c.pair("preset_mode_command_topic", "preset_modes")
	c.pair("fan_mode_command_topic", "fan_modes")
	c.pair("swing_mode_command_topic", "swing_modes")
	presets, _ := c.m["preset_modes"].([]any)
	c.want(!slices.Contains(presets, any("none")), "preset none is Home Assistant's own")
	c.want(c.number("min_temp", 7) < c.number("max_temp", 35), "min_temp is not under max_temp")
	c.humidity(30, 99)
}

// humidity checks the bounds of a humidity, given Home Assistant's own.
func (c *lintComponent) humidity(lo, hi float64) {
	lo, hi = c.number("min_humidity", lo), c.number("max_humidity", hi)
	c.want(0 <= lo && lo < hi && hi <= 100, "humidity from %v to %v", lo, hi)
}

// pair checks that two keys come together.
func (c *lintComponent) pair(a, b string) {
	_, hasA := c.m[a]
	_, hasB := c.m[b]
	c.want(hasA == hasB, "%s and %s come together", a, b)
}

// list checks a list of different texts that is not empty.
func (c *lintComponent) list(key string) []string {
	raw, _ := c.m[key].([]any)
	var all []string
	for _, v := range raw {
		s, ok := v.(string)
		c.want(ok && s != "" && !slices.Contains(all, s), "%s: %v is no text, or there twice", key, v)
		all = append(all, s)
	}
	c.want(len(all) > 0, "%s is empty", key)
	return all
}

// subset checks that a list holds known words alone.
func (c *lintComponent) subset(key string, known []string) {
	raw, given := c.m[key].([]any)
	c.want(given, "%s is missing", key)
	for _, v := range raw {
		c.want(slices.Contains(known, text(v)), "%s: %v", key, v)
	}
}

func (c *lintComponent) number(key string, otherwise float64) float64 {
	v, given := c.m[key]
	if !given {
		return otherwise
	}
	f, ok := v.(float64)
	c.want(ok, "%s: %v is not a number", key, v)
	return f
}
