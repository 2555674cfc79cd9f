//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// outage is how long the hub stays away in the matrix after its devices have become
// unavailable, which takes a minute: five minutes together.
const outage = 4 * time.Minute

// TestRestartMatrix ends, interrupts and restarts each part. All entities must come
// back with the right values, without a human, and the broker must hold exactly the
// topics that it held before.
func TestRestartMatrix(t *testing.T) {
	t.Parallel()
	matrix(t, "", outage)
}

// row is one thing that happens to an installation.
type row struct {
	name string
	play func(t *testing.T, s *stage)
}

func rows(outage time.Duration) []row {
	return []row{
		{"broker restarted empty", func(t *testing.T, s *stage) {
			s.brokerProcess.end(t, syscall.SIGTERM)
			s.gone(t)
			s.startBroker(t)
		}},
		{"Home Assistant restarted", func(t *testing.T, s *stage) {
			s.ha.end(t, syscall.SIGTERM)
			s.ha = startHA(t, s.broker, "--dir", s.haDir)
		}},
		{"hub down for minutes", func(t *testing.T, s *stage) {
			s.sim.do(t, "/fault", map[string]any{"Kind": "status", "Status": 503, "Times": -1})
			s.gone(t)
			settle(t, outage)
			s.sim.do(t, "/heal", nil)
		}},
		{"bridge killed", func(t *testing.T, s *stage) {
			s.bridge.end(t, syscall.SIGKILL)
			s.gone(t)
			s.bridge = hub2mqtt(t, s.broker, s.sim, s.dir)
		}},
		{"bridge ended and started again while the hub is down", func(t *testing.T, s *stage) {
			s.sim.do(t, "/fault", map[string]any{"Kind": "status", "Status": 503, "Times": -1})
			s.bridge.end(t, syscall.SIGTERM)
			s.gone(t)
			s.bridge = hub2mqtt(t, s.broker, s.sim, s.dir)
			settle(t, 10*time.Second)
			s.sim.do(t, "/heal", nil)
		}},
		{"first start of all, while broker and hub are down", func(t *testing.T, s *stage) {
			s.bridge.end(t, syscall.SIGTERM)
			s.brokerProcess.end(t, syscall.SIGTERM)
			s.sim.do(t, "/fault", map[string]any{"Kind": "status", "Status": 503, "Times": -1})
			s.dir = t.TempDir() // nothing is known of what was
			s.bridge = hub2mqtt(t, s.broker, s.sim, s.dir)
			settle(t, 5*time.Second)
			s.startBroker(t)
			waitFor(t, time.Minute, "the bridge to say that the hub is away", func() bool {
				return strings.Contains(s.mqttOf(t, "hub2mqtt/"+s.sim.Hub+"/info"), `"unreachable"`)
			})
			s.sim.do(t, "/heal", nil)
		}},
		{"bridge restarted while the broker is down", func(t *testing.T, s *stage) {
			s.brokerProcess.end(t, syscall.SIGTERM)
			s.bridge.end(t, syscall.SIGTERM)
			s.bridge = hub2mqtt(t, s.broker, s.sim, s.dir)
			settle(t, 5*time.Second)
			s.startBroker(t)
		}},
	}
}

// matrix plays all rows with one of the simulators' homes.
func matrix(t *testing.T, home string, outage time.Duration) {
	t.Helper()
	for _, c := range rows(outage) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := setUpHome(t, home)
			s.settled(t)
			before := s.retained(t)
			c.play(t, s)
			s.settled(t)
			s.ha.cleanLog(t)
			var after []string
			for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
				if after = s.retained(t); slices.Equal(before, after) {
					break
				}
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("retained topics (-before +after)\n%s", diff)
			}
		})
	}
}

// gone waits until Home Assistant shows the lamp as unavailable.
func (s *stage) gone(t *testing.T) {
	t.Helper()
	waitFor(t, 2*time.Minute, "Home Assistant to notice", func() bool {
		return s.ha.states(t)[s.probe].State == "unavailable"
	})
}

// mqttOf reads one retained message with a connection of its own.
func (s *stage) mqttOf(t *testing.T, topic string) string {
	t.Helper()
	l := listenAs(t, s.broker, "one-"+time.Now().Format("150405.000000"))
	defer l.client.Disconnect(50)
	settle(t, 300*time.Millisecond)
	return l.get(topic)
}

// retained lists what the broker holds, but for Home Assistant's own topics.
func (s *stage) retained(t *testing.T) []string {
	t.Helper()
	l := listenAs(t, s.broker, "retained-"+time.Now().Format("150405.000000"))
	defer l.client.Disconnect(50)
	settle(t, 500*time.Millisecond)
	l.mu.Lock()
	defer l.mu.Unlock()
	held := map[string]bool{}
	for _, m := range l.all {
		if m.retained && m.payload != "" && !strings.HasPrefix(m.topic, "homeassistant/status") {
			held[m.topic] = true
		}
	}
	return slices.Sorted(maps.Keys(held))
}

// TestDevicesThatLeaveAreForgotten removes a device from the hub while Home Assistant
// is down, and expects nothing dead in its registry.
func TestDevicesThatLeaveAreForgotten(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	s.settled(t)
	s.ha.end(t, syscall.SIGTERM)
	s.sim.do(t, "/remove", map[string]any{"deviceId": "lumi.158d0003d1a2b4"})
	const config = "homeassistant/device/hub2mqtt_aqara_lumi_158d0003d1a2b4/config"
	waitFor(t, 3*time.Minute, "the bridge to take it back", func() bool { return !slices.Contains(s.retained(t), config) })
	s.ha = startHA(t, s.broker, "--dir", s.haDir)
	waitFor(t, time.Minute, "Home Assistant to forget the device", func() bool {
		for id := range s.ha.registry(t) {
			if strings.Contains(id, "lumi_158d0003d1a2b4") {
				return false
			}
		}
		return true
	})
	for _, topic := range s.retained(t) {
		if strings.Contains(topic, "lumi_158d0003d1a2b4") {
			t.Errorf("%s is left behind", topic)
		}
	}
	s.ha.cleanLog(t)
}

// TestDeletedInHomeAssistant deletes a device as a person does, expects it to stay
// away, and has it back on request.
func TestDeletedInHomeAssistant(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	s.settled(t)
	const (
		unique = "hub2mqtt_aqara_lumi_158d0003d1a2b4_x2_contact_contact_sensor_state"
		config = "homeassistant/device/hub2mqtt_aqara_lumi_158d0003d1a2b4/config"
	)
	there := func() bool { _, ok := s.ha.registry(t)[unique]; return ok }
	var answer any
	s.ha.ask(t, map[string]any{"type": "config/device_registry/remove", "device_id": s.ha.registry(t)[unique].DeviceID}, &answer)
	waitFor(t, 10*time.Second, "the bridge to notice", func() bool {
		return strings.Contains(s.bridge.log.String(), "deleted in Home Assistant")
	})
	settle(t, 5*time.Second) // several inventories
	if there() || slices.Contains(s.retained(t), config) {
		t.Error("it was announced again")
	}
	s.mqtt.publish(t, "hub2mqtt/bridge/request/rediscover", `{}`, false)
	waitFor(t, 30*time.Second, "it to be back", func() bool { return there() && cmp.Equal(home(), s.ours(t)) })
	// Home Assistant empties the topic once for each entity, and wonders at the second.
	s.ha.cleanLog(t, "No device components to cleanup")
}
