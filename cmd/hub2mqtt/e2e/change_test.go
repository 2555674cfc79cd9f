//go:build e2e

package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// uniqueIDs are those that Home Assistant's registry holds of ours.
func (s *stage) uniqueIDs(t *testing.T) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(s.ha.registry(t)))
}

// TestRenamedAndReadded: what a user renames and moves at the hub shows so and keeps
// its ids; what leaves and comes back has the ids that it had.
func TestRenamedAndReadded(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	s.settled(t)
	ids, topics := s.uniqueIDs(t), s.retained(t)
	const door = "lumi.158d0003d1a2b4"
	name := func() string {
		st := s.ha.states(t)["binary_sensor.haustur"]
		text, _ := st.Attributes["friendly_name"].(string)
		return text
	}
	s.sim.do(t, "/rename", map[string]any{"deviceId": door, "name": "Kellertür"})
	waitFor(t, 30*time.Second, "Home Assistant to show the new name", func() bool { return name() == "Kellertür" })
	if diff := cmp.Diff(ids, s.uniqueIDs(t)); diff != "" {
		t.Errorf("unique ids after a rename (-before +after)\n%s", diff)
	}
	s.sim.do(t, "/rename", map[string]any{"deviceId": door, "name": "Haustür"})
	waitFor(t, 30*time.Second, "the old name", func() bool { return name() == "Haustür" })

	var all []json.RawMessage
	s.sim.get(t, "/devices", &all)
	at := slices.IndexFunc(all, func(d json.RawMessage) bool { return strings.Contains(string(d), `"`+door+`"`) })
	if at < 0 {
		t.Fatalf("the simulator has no %s", door)
	}
	s.sim.do(t, "/remove", map[string]any{"deviceId": door})
	waitFor(t, 30*time.Second, "the hub's word that it has left to be followed", func() bool {
		return !slices.ContainsFunc(s.uniqueIDs(t), func(id string) bool { return strings.Contains(id, "158d0003d1a2b4") })
	})
	s.sim.do(t, "/add", map[string]any{"device": all[at]})
	s.settled(t)
	if diff := cmp.Diff(ids, s.uniqueIDs(t)); diff != "" {
		t.Errorf("unique ids after it came back (-before +after)\n%s", diff)
	}
	if diff := cmp.Diff(topics, s.retained(t)); diff != "" {
		t.Errorf("retained topics after it came back (-before +after)\n%s", diff)
	}
	s.ha.cleanLog(t)
}

// TestOtherNames: another BASE_TOPIC, and then another name of the hub, leave nothing
// behind on the broker and in Home Assistant.
func TestOtherNames(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	s.settled(t)
	entities := slices.Sorted(maps.Keys(s.ours(t)))
	s.bridge.end(t, syscall.SIGTERM)
	s.bridge = hub2mqtt(t, s.broker, s.sim, s.dir, "BASE_TOPIC=home/h2m")
	s.onlyUnder(t, "home/h2m/", "home_h2m_aqara_", len(entities))
	s.settled(t)
	s.bridge.end(t, syscall.SIGTERM)
	s.bridge = hub2mqtt(t, s.broker, s.sim, s.dir, "BASE_TOPIC=home/h2m", "HUBS=studio:aqara",
		"STUDIO_URL="+s.sim.URL, "STUDIO_ACCESS_TOKEN="+s.sim.Access, "STUDIO_REFRESH_TOKEN="+s.sim.Refresh, "STUDIO_POLL_INTERVAL=1s")
	s.onlyUnder(t, "home/h2m/", "home_h2m_studio_", len(entities))
	s.ha.cleanLog(t)
}

// onlyUnder waits until all that is retained and registered is under the new names.
func (s *stage) onlyUnder(t *testing.T, base, node string, atLeast int) {
	t.Helper()
	bridge := strings.ReplaceAll(base, "/", "_") + "bridge_"
	var strange []string
	fits := func() bool {
		strange = nil
		for _, topic := range s.retained(t) {
			ours := strings.HasPrefix(topic, base) || strings.HasPrefix(topic, "homeassistant/device/"+node) ||
				topic == "homeassistant/device/"+strings.TrimSuffix(bridge, "_")+"/config"
			if !ours {
				strange = append(strange, topic)
			}
		}
		ids := s.uniqueIDs(t)
		for _, id := range ids {
			if !strings.HasPrefix(id, node) && !strings.HasPrefix(id, bridge) {
				strange = append(strange, id)
			}
		}
		return len(strange) == 0 && len(ids) >= atLeast
	}
	for end := time.Now().Add(90 * time.Second); !fits(); {
		if time.Now().After(end) {
			t.Fatalf("left behind, or not there yet: %q", strange)
		}
	}
}
