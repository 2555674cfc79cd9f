package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Lint tells what Home Assistant would refuse in a message, or do wrong with it: all
// faults joined. It knows discovery messages thoroughly, of others what can be said
// without their device. Every test should run it on every message of ours.
func Lint(m Message) error {
	var f faults
	f.topic("the topic", m.Topic)
	f.check(utf8.Valid(m.Payload), "the payload is not UTF-8")
	levels := strings.Split(m.Topic, "/")
	n := len(levels)
	switch last := levels[n-1]; {
	case last == "set", last == "get", last == "result":
		f.check(!m.Retain, "commands and results must not be retained")
	case len(m.Payload) == 0:
		f.check(m.Retain, "an empty payload clears a topic only when retained")
	case last == "availability", last == "status":
		word := string(m.Payload)
		f.check(word == Online || word == Offline, "%q is neither online nor offline", word)
		f.check(m.Retain, "availability must be retained")
	case n >= 3 && last == "config" && levels[n-3] == "device":
		f.check(m.Retain, "discovery must be retained")
		f.check(idPattern.MatchString(levels[n-2]), "%q may not stand in a discovery topic", levels[n-2])
		f.device(m.Payload)
	default:
		f.value(m)
	}
	return f.join(m.Topic)
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// faults collects what is wrong.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

func (f *faults) check(ok bool, format string, args ...any) {
	if !ok {
		f.add(format, args...)
	}
}

func (f faults) join(topic string) error {
	if len(f) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", topic, errors.Join(f...))
}

// topic checks a topic to publish on or to subscribe as it is.
func (f *faults) topic(where string, topic any) {
	s, ok := topic.(string)
	f.check(ok && s != "" && len(s) < 1<<16 && !strings.ContainsAny(s, "+#\x00"), "%s %q is no topic", where, topic)
}

// value checks what can be said of any state or event.
func (f *faults) value(m Message) {
	if !json.Valid(m.Payload) {
		f.check(!m.Retain, "the payload is not JSON")
		return
	}
	var object map[string]any
	if json.Unmarshal(m.Payload, &object) == nil && object["event_type"] != nil {
		f.check(!m.Retain, "events must not be retained")
	}
}

func rootKeys() []string {
	return []string{
		"device", "origin", "components", "availability", "availability_topic", "availability_template",
		"availability_mode", "payload_available", "payload_not_available", "state_topic", "command_topic", "qos", "encoding",
	}
}

// device checks the discovery message of a device.
func (f *faults) device(payload []byte) {
	var root map[string]any
	if err := json.Unmarshal(payload, &root); err != nil {
		f.add("the payload is no JSON object")
		return
	}
	for _, k := range slices.Sorted(maps.Keys(root)) {
		f.check(slices.Contains(rootKeys(), k), "key %q at the root: the whole device is refused", k)
		f.check(root[k] != nil, "null in %q at the root", k)
	}
	f.check(root["state_topic"] == nil, "a state_topic at the root is every component's")
	origin, _ := root["origin"].(map[string]any)
	f.check(text(origin["name"]) != "", "origin.name is missing")
	device, _ := root["device"].(map[string]any)
	f.deviceBlock(device)
	f.availability(root)
	components, ok := root["components"].(map[string]any)
	f.check(ok, "components are missing")
	f.components(components, text(device["name"]))
}

func (f *faults) deviceBlock(device map[string]any) {
	f.check(text(device["name"]) != "", "device.name is missing")
	identifiers, _ := device["identifiers"].([]any)
	connections, _ := device["connections"].([]any)
	f.check(len(identifiers)+len(connections) > 0, "device has neither identifiers nor connections")
	for k, v := range device {
		f.check(v != nil, "null in device.%s: the whole device is refused", k)
	}
	if url, given := device["configuration_url"]; given {
		f.check(urlPattern.MatchString(text(url)), "configuration_url %q: the whole device is refused", url)
	}
}

var urlPattern = regexp.MustCompile(`^(https?|homeassistant)://[^/ ]+`)

// availability checks where a device or component says whether it can be reached.
func (f *faults) availability(m map[string]any) {
	list, _ := m["availability"].([]any)
	f.check(m["availability"] == nil || m["availability_topic"] == nil, "both availability and availability_topic")
	f.check(len(list) < 2 || m["availability_mode"] == "all", "several availability topics need the mode all")
	for _, entry := range list {
		object, _ := entry.(map[string]any)
		f.topic("availability", object["topic"])
	}
}

func (f *faults) components(all map[string]any, device string) {
	ids := make(map[string]string)
	nameless := make(map[string]string)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		m, _ := all[key].(map[string]any)
		c := lintComponent{key: key, platform: text(m["platform"]), m: m, faults: f}
		f.check(idPattern.MatchString(key), "component key %q", key)
		if !slices.Contains(knownPlatforms(), c.platform) {
			f.add("%s: platform %q: the whole device is refused", key, c.platform)
			continue
		}
		if len(m) == 1 { // a tombstone
			continue
		}
		c.common()
		if c.platform != triggerPlatform {
			c.entity(device)
			id := c.platform + " " + text(m["unique_id"])
			f.check(ids[id] == "", "%s: the unique_id of %s", key, ids[id])
			ids[id] = key
			if m["name"] == nil {
				f.check(nameless[c.platform] == "", "%s: second %s without a name, beside %s", key, c.platform, nameless[c.platform])
				nameless[c.platform] = key
			}
		}
		c.byPlatform()
	}
}

// knownPlatforms are those that every Home Assistant since 2025.6 has: one unknown
// platform costs the whole device.
func knownPlatforms() []string {
	return []string{
		"alarm_control_panel", "binary_sensor", "button", "camera", "climate", "cover", "device_automation",
		"device_tracker", "event", "fan", "humidifier", "image", "lawn_mower", "light", "lock", "notify", "number",
		"scene", "select", "sensor", "siren", "switch", "tag", "text", "update", "vacuum", "valve", "water_heater",
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
