//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// request sends one of the request verbs and waits for its good response.
func (s *stage) request(t *testing.T, verb, payload string) {
	t.Helper()
	before := s.mqtt.count()
	s.mqtt.publish(t, "hub2mqtt/bridge/request/"+verb, payload, false)
	var got []string
	waitFor(t, 10*time.Second, "the response to "+verb, func() bool {
		got = s.mqtt.since(before, "hub2mqtt/bridge/response/"+verb)
		return len(got) > 0
	})
	if len(got) != 1 || !strings.Contains(got[0], `"status":"ok"`) {
		t.Fatalf("%s %s: %v", verb, payload, got)
	}
}

func TestWhatTheUserWantsIsSeenInHomeAssistant(t *testing.T) {
	s := setUp(t)
	s.settled(t)
	const lamp, id = "light.tv_lichtleiste_sud", `"lumi_54ef4410007a1b2c"`
	there := func() bool { _, ok := s.ours(t)[lamp]; return ok }
	friendly := func() string { v, _ := s.ha.states(t)[lamp].Attributes["friendly_name"].(string); return v }

	name := friendly()
	s.request(t, "device/rename", `{"hub":"aqara","device":`+id+`,"value":"Desk lamp"}`)
	waitFor(t, 15*time.Second, "the new name", func() bool { return friendly() == "Desk lamp" })
	s.request(t, "device/rename", `{"device":"Desk lamp","value":""}`)
	waitFor(t, 15*time.Second, "the old name", func() bool { return friendly() == name })

	s.request(t, "device/exclude", `{"device":`+id+`}`)
	waitFor(t, 15*time.Second, "the lamp to go", func() bool { return !there() })
	waitFor(t, 15*time.Second, "the topics to go", func() bool { return s.mqtt.get(strip) == "" && s.mqtt.get(strip+"/availability") == "" })
	s.request(t, "device/include", `{"device":`+id+`}`)
	s.settled(t) // the same ids and states

	before := s.mqtt.count()
	s.ha.call(t, "button", "press", map[string]any{"entity_id": "button.aqara_refresh"})
	waitFor(t, 10*time.Second, "the button's result", func() bool {
		return strings.Contains(strings.Join(s.mqtt.since(before, "hub2mqtt/aqara/hub/result"), ""), `"ok":true`)
	})
	s.ha.call(t, "select", "select_option", map[string]any{"entity_id": "select.hub2mqtt_log_level", "option": "warn"})
	waitFor(t, 10*time.Second, "the log level", func() bool { return s.ha.states(t)["select.hub2mqtt_log_level"].State == "warn" })
	s.ha.cleanLog(t)
}
