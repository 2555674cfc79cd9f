//go:build e2e

package e2e

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// component is one entity as its discovery message describes it.
type component struct {
	device   string // its device's topic
	key      string
	Platform string   `json:"platform"`
	UniqueID string   `json:"unique_id"`
	Class    string   `json:"device_class"`
	Options  []string `json:"options"`
	Modes    []string `json:"modes"`
	FanModes []string `json:"fan_modes"`
	Min      float64  `json:"min"`
	Max      float64  `json:"max"`
	Step     float64  `json:"step"`
	MinTemp  float64  `json:"min_temp"`
	MaxTemp  float64  `json:"max_temp"`
	Features []string `json:"supported_features"`
	Position string   `json:"set_position_topic"`
	Percent  string   `json:"percentage_command_topic"`
	Target   string   `json:"temperature_command_topic"`
	Stop     string   `json:"payload_stop"`
}

// service is one call of Home Assistant that drives an entity.
type service struct {
	domain, name string
	data         map[string]any
}

// services lists what a person can do with an entity; none: it only shows something.
func services(c component, now entityState) []service {
	one := func(names ...string) (out []service) {
		for _, n := range names {
			out = append(out, service{c.Platform, n, nil})
		}
		return out
	}
	switch c.Platform {
	case "light", "switch", "siren", "humidifier":
		return one("turn_off", "turn_on")
	case "fan":
		out := one("turn_on")
		if c.Percent != "" {
			out = append(out, service{"fan", "set_percentage", map[string]any{"percentage": 60}})
		}
		return append(out, one("turn_off")...)
	case "number":
		half := c.Min + math.Floor((c.Max-c.Min)/2/c.Step)*c.Step
		return []service{{"number", "set_value", map[string]any{"value": half}}}
	case "select":
		return []service{{"select", "select_option", map[string]any{"option": c.Options[len(c.Options)-1]}}}
	case "text":
		return []service{{"text", "set_value", map[string]any{"value": "abc"}}}
	case "button":
		return one("press")
	case "scene":
		return one("turn_on")
	case "cover":
		out := one("open_cover")
		if c.Position != "" {
			out = append(out, service{"cover", "set_cover_position", map[string]any{"position": 40}})
		}
		return append(out, one("close_cover")...)
	case "valve":
		return one("open_valve", "close_valve")
	case "lock":
		return one("unlock", "lock")
	case "vacuum":
		var out []service
		for _, f := range []struct{ feature, name string }{{"start", "start"}, {"pause", "pause"}, {"return_home", "return_to_base"}} {
			if slices.Contains(c.Features, f.feature) {
				out = append(out, service{"vacuum", f.name, nil})
			}
		}
		return out
	case "climate":
		return climateServices(c)
	}
	return nil
}

func climateServices(c component) []service {
	var out []service
	for _, m := range c.Modes {
		out = append(out, service{"climate", "set_hvac_mode", map[string]any{"hvac_mode": m}})
	}
	// A target can be set while a mode with a target runs.
	for _, m := range []string{"heat", "cool", "auto"} {
		if slices.Contains(c.Modes, m) && c.Target != "" {
			out = append(out,
				service{"climate", "set_hvac_mode", map[string]any{"hvac_mode": m}},
				service{"climate", "set_temperature", map[string]any{"temperature": math.Ceil((c.MinTemp + c.MaxTemp) / 2)}})
			break
		}
	}
	if len(c.FanModes) > 0 {
		out = append(out, service{"climate", "set_fan_mode", map[string]any{"fan_mode": c.FanModes[0]}})
	}
	return out
}

// components reads all entities from the discovery messages, by unique id.
func (s *stage) components(t *testing.T) map[string]component {
	t.Helper()
	out := map[string]component{}
	prefix := "homeassistant/device/hub2mqtt_" + s.sim.Hub + "_"
	for topic, payload := range s.mqtt.under(prefix) {
		var m struct {
			Components map[string]component `json:"components"`
		}
		if err := json.Unmarshal([]byte(payload), &m); err != nil {
			t.Fatal(err)
		}
		device := strings.TrimSuffix(strings.TrimPrefix(topic, prefix), "/config")
		for key, c := range m.Components {
			c.device, c.key = "hub2mqtt/"+s.sim.Hub+"/"+device, key
			if c.Step == 0 {
				c.Step = 1
			}
			out[c.UniqueID] = c
		}
	}
	return out
}

// TestEverythingCanBeDriven lets Home Assistant's own services act on every entity of
// a home with all kinds of devices, and expects one good result for each.
func TestEverythingCanBeDriven(t *testing.T) {
	t.Parallel()
	setUpHome(t, "full").driveAll(t, 150)
}

// complete waits until every entity that is announced is there.
func (s *stage) complete(t *testing.T) {
	t.Helper()
	waitFor(t, 90*time.Second, "the whole home to be there", func() bool {
		states, n := s.ha.states(t), 0
		for _, e := range s.ha.registry(t) {
			if _, there := states[e.EntityID]; there || e.DisabledBy != "" {
				n++
			}
		}
		parts := len(s.components(t))
		return parts > 0 && n >= parts
	})
}

// driveAll drives every entity, of which there must be so many at least, and kills the
// bridge then.
func (s *stage) driveAll(t *testing.T, least int) {
	t.Helper()
	s.learn(t)
	parts, registry := s.components(t), s.ha.registry(t)
	driven := map[string]int{}
	ids := slices.Sorted(maps.Keys(registry))
	last := func(id string) bool { return parts[id].Class == "restart" } // the device is away for a while
	ids = append(slices.DeleteFunc(slices.Clone(ids), last), slices.DeleteFunc(ids, func(id string) bool { return !last(id) })...)
	for _, id := range ids {
		e, c := registry[id], parts[id]
		now, there := s.ha.states(t)[e.EntityID]
		if !there || e.DisabledBy != "" || now.State == "unavailable" {
			continue
		}
		for _, call := range services(c, now) {
			driven[c.Platform]++
			s.drive(t, e.EntityID, c, call)
		}
	}
	if len(parts) < least {
		t.Errorf("want %d entities at least, got %d", least, len(parts))
	}
	t.Logf("driven: %v", driven)
	s.sameAfterKill(t)
	s.ha.cleanLog(t)
}

// sameAfterKill kills the bridge with the whole home as it stands, and expects every
// entity to come back with the state it had.
func (s *stage) sameAfterKill(t *testing.T) {
	t.Helper()
	// What moves has come to rest, what nothing confirmed is given up, and what changed
	// while its device was away is read.
	settle(t, 35*time.Second)
	s.mqtt.publish(t, "hub2mqtt/bridge/request/refresh", `{}`, false)
	s.learn(t)
	before, topics := s.want, s.retained(t)
	s.bridge.end(t, syscall.SIGKILL)
	s.gone(t)
	s.bridge = hub2mqtt(t, s.broker, s.sim, s.dir)
	var diff string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if diff = cmp.Diff(before, s.ours(t)) + cmp.Diff(topics, s.retained(t)); diff == "" {
			return
		}
	}
	t.Errorf("after a kill (-before +after)\n%s", diff)
}

func (s *stage) drive(t *testing.T, entity string, c component, call service) {
	t.Helper()
	before := s.mqtt.count()
	data := map[string]any{"entity_id": entity}
	maps.Copy(data, call.data)
	s.ha.call(t, call.domain, call.name, data)
	var got []string
	for end := time.Now().Add(10 * time.Second); len(got) == 0 && time.Now().Before(end); {
		for _, r := range s.mqtt.since(before, c.device+"/result") {
			if strings.Contains(r, `"entity":"`+c.key+`"`) {
				got = append(got, r)
			}
		}
	}
	if len(got) != 1 || !strings.Contains(got[0], `"ok":true`) {
		t.Errorf("%s.%s %v on %s: want one good result, got %v", call.domain, call.name, call.data, entity, got)
	}
}
