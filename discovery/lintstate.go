package discovery

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// LintState tells what of a state or event Home Assistant would refuse, given the
// discovery message of its device.
func LintState(config, state Message) error {
	var f faults
	var root struct {
		Components map[string]map[string]any `json:"components"`
	}
	if err := json.Unmarshal(config.Payload, &root); err != nil {
		f.add("the discovery message is not JSON")
		return f.join(config.Topic)
	}
	var value map[string]any
	if err := json.Unmarshal(state.Payload, &value); err != nil {
		f.add("the state is no JSON object")
		return f.join(state.Topic)
	}
	for _, key := range slices.Sorted(maps.Keys(root.Components)) {
		m := root.Components[key]
		s := lintState{lintComponent{key: key, platform: text(m["platform"]), m: m, faults: &f}, state.Topic, value}
		s.component()
	}
	return f.join(state.Topic)
}

// lintState is one component of a device against one state.
type lintState struct {
	lintComponent
	topic string
	value map[string]any
}

func (s *lintState) component() {
	for _, k := range slices.Sorted(maps.Keys(s.m)) {
		if strings.HasSuffix(k, "template") && !strings.Contains(k, "command") && s.m[topicOf(s.m, k)] == s.topic {
			s.paths(k)
		}
	}
	if s.m["state_topic"] != s.topic {
		return
	}
	switch s.platform {
	case "light", "vacuum":
		_, given := s.value["state"]
		s.want(given, "a state without the key state is ignored")
		s.light()
	case "event":
		types, _ := s.m["event_types"].([]any)
		s.want(slices.Contains(types, s.value["event_type"]), "event_type %v is not announced", s.value["event_type"])
	case "sensor":
		s.sensor()
	case "number":
		s.ranged()
	case "select":
		s.option("options")
	case "switch", "siren", "binary_sensor":
		v := s.main()
		s.want(v == nil || v == "ON" || v == "OFF", "%v is neither ON nor OFF", v)
	case "text":
		v := s.main()
		_, isText := v.(string)
		s.want(v == nil || isText, "%v is not a text", v)
		n := float64(utf8.RuneCountInString(text(v)))
		s.want(n <= s.number("max", maxState), "a text of %v characters", n)
	}
}

// topicOf finds the topic that a template reads.
func topicOf(m map[string]any, template string) string {
	base := strings.TrimSuffix(template, "_template")
	stem := strings.TrimSuffix(base, "value")
	for _, k := range []string{base + "_topic", stem + "topic", stem + "state_topic", "state_topic", "topic"} {
		if _, given := m[k]; given {
			return k
		}
	}
	return ""
}

// paths checks that every key a template names is there, and every parent an object.
func (s *lintState) paths(template string) {
	for _, match := range pathPattern.FindAllStringSubmatch(text(s.m[template]), -1) {
		at := any(s.value)
		for key := range strings.SplitSeq(strings.Trim(match[1], "[']"), "']['") {
			object, ok := at.(map[string]any)
			at, ok = object[key], ok && contains(object, key)
			s.want(ok, "%s: the state has no %s", template, match[1])
			if !ok {
				break
			}
		}
	}
}

func contains(m map[string]any, key string) bool {
	_, ok := m[key]
	return ok
}

// main is the value that the component's own template finds, where it is a plain one.
func (s *lintState) main() any {
	template := text(s.m["value_template"])
	if template == "" {
		template = text(s.m["state_value_template"])
	}
	match := pathPattern.FindStringSubmatch(template)
	if match == nil {
		return nil
	}
	return s.value[strings.Trim(match[1], "[']")]
}

func (s *lintState) sensor() {
	v := s.main()
	if v == nil {
		return
	}
	if t, ok := v.(string); ok {
		s.want(utf8.RuneCountInString(t) <= maxState, "a state of more than %d characters", maxState)
	}
	class := text(s.m["device_class"])
	switch class {
	case "enum":
		s.option("options")
		return
	case "timestamp":
		_, err := time.Parse(time.RFC3339, text(v))
		s.want(err == nil, "%v is no timestamp", v)
		return
	case "date":
		_, err := time.Parse(time.DateOnly, text(v))
		s.want(err == nil, "%v is no date", v)
		return
	}
	_, isNumber := v.(float64)
	_, unit := s.m["unit_of_measurement"]
	_, counts := s.m["state_class"]
	s.want(isNumber || class == "" && !unit && !counts, "%v is not a number", v)
}

func (s *lintState) ranged() {
	v := s.main()
	if v == nil {
		return
	}
	f, ok := v.(float64)
	s.want(ok && f >= s.number("min", 1) && f <= s.number("max", 100), "%v is not in the range", v)
}

func (s *lintState) option(key string) {
	v := s.main()
	all, _ := s.m[key].([]any)
	inBrackets := s.platform == "select" && slices.Contains(all, any(bracketed(text(v)))) // none
	s.want(v == nil || slices.Contains(all, v) || inBrackets, "%v is not among the %s", v, key)
}

// light checks the members of a light's own JSON.
func (s *lintState) light() {
	if s.platform != "light" {
		return
	}
	if b, given := s.value["brightness"]; given {
		f, ok := b.(float64)
		s.want(ok && f >= 0 && f <= 255 && f == math.Trunc(f), "brightness %v", b)
	}
	mode, given := s.value["color_mode"]
	if !given {
		return
	}
	modes, _ := s.m["supported_color_modes"].([]any)
	s.want(slices.Contains(modes, mode), "color_mode %v is not announced", mode)
	colour, _ := s.value["color"].(map[string]any)
	switch mode {
	case "color_temp":
		s.want(contains(s.value, "color_temp"), "color_mode color_temp without color_temp")
	case hubs.ColourHS:
		s.want(contains(colour, "h") && contains(colour, "s"), "color_mode hs without h and s")
	case hubs.ColourXY:
		s.want(contains(colour, "x") && contains(colour, "y"), "color_mode xy without x and y")
	}
}
