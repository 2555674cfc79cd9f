package tuya

import (
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

var layout = discovery.Layout{Prefix: "homeassistant", Base: "hub2mqtt", Hub: "tuya", Version: "1"}

// messages are what would be published of a device.
func messages(tb testing.TB, m *model, r hubs.Reading) (config discovery.Message, states []discovery.Message) {
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
func checkMessages(tb testing.TB, m *model, r hubs.Reading) {
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
			checkModel(t, d.model(withLocks()), m.readings(nil, false))
		})
	}
}
