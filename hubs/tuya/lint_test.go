package tuya

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

var layout = discovery.Layout{Prefix: "homeassistant", Base: "hub2mqtt", Hub: "tuya", Version: "1"}

// messages are what would be published of a device.
func messages(tb rapid.TB, m *model, r hubs.Reading) (config discovery.Message, states []discovery.Message) {
	tb.Helper()
	placed := discovery.Placed{Device: m.device(), ID: string(m.device().ID)}
	ms, err := layout.Announce(placed, nil)
	if err != nil || len(ms) != 1 {
		tb.Fatalf("Announce: %d messages, %v", len(ms), err)
	}
	now := map[hubs.Point]hubs.Value{}
	for _, v := range r.Values {
		now[v.Point] = v.Value
	}
	return ms[0], layout.State(placed, now, time.Time{})
}

// checkMessages holds what would be published against Home Assistant's rules.
func checkMessages(tb rapid.TB, m *model, r hubs.Reading) {
	tb.Helper()
	config, states := messages(tb, m, r)
	if err := discovery.Lint(config); err != nil {
		tb.Errorf("config: %v", err)
	}
	for _, s := range states {
		if err := discovery.Lint(s); err != nil {
			tb.Errorf("%s: %v", s.Topic, err)
		}
		if err := discovery.LintState(config, s); err != nil {
			tb.Errorf("%s: %v", s.Topic, err)
		}
	}
}

func TestDumps(t *testing.T) {
	for _, d := range loadDumps(t) {
		t.Run(d.name, func(t *testing.T) {
			m := d.model()
			r := m.readings(d.Status, false)
			checkModel(t, m, r)
			checkMessages(t, m, r)
			m = d.model(withLocks())
			checkModel(t, m, m.readings(nil, false))
		})
	}
}

// TestHomeAssistantLint lets Home Assistant itself judge what would be published of all
// dumps, of products, and of our own.
func TestHomeAssistantLint(t *testing.T) {
	lint := os.Getenv("HUB2MQTT_TEST_HA_LINT")
	if lint == "" {
		t.Skip("HUB2MQTT_TEST_HA_LINT names no lint command")
	}
	var configs, states bytes.Buffer
	add := func(m *model, points []point) {
		config, all := messages(t, m, m.readings(points, false))
		configs.Write(append(mustJSON(map[string]any{"topic": config.Topic, "payload": json.RawMessage(config.Payload)}), '\n'))
		for _, s := range all {
			if bytes.Contains(config.Payload, []byte(`topic":"`+s.Topic+`"`)) {
				states.Write(append(mustJSON(map[string]any{
					"discovery": json.RawMessage(config.Payload), "topic": s.Topic, "state": json.RawMessage(s.Payload),
				}), '\n'))
			}
		}
	}
	for _, d := range append(loadDumps(t), loadOwn(t)...) {
		add(d.model(withLocks()), d.Status)
	}
	for _, p := range loadProducts(t) {
		add(newModel(device{ID: p.id, Category: p.spec.Category}, p.spec), nil)
	}
	for _, run := range []struct {
		in   *bytes.Buffer
		args []string
	}{{&configs, nil}, {&states, []string{"--state"}}} {
		cmd := exec.CommandContext(t.Context(), lint, run.args...)
		cmd.Stdin, cmd.Stderr = run.in, os.Stderr
		if out, err := cmd.Output(); err != nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("lint %v: %v\n%s", run.args, err, out)
		}
	}
}
