package aqara

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
)

// What the Studio has from Home Assistant is left out, said once, and what it pushes
// asks for nothing.
func TestImportedDevicesAreLeftOut(t *testing.T) {
	for _, onlyA := range []bool{false, true} {
		bubble(t, aqaratest.Options{
			Home: homeOf(aqaratest.Imported, aqaratest.Lamp), FirmwareOptions: aqaratest.FirmwareOptions{OnlyA: onlyA},
		}, func(t *testing.T, r *rig) {
			r.devices()
			ds := r.devices()
			if slices.ContainsFunc(ds, func(d hubs.Device) bool { return d.ID == aqaratest.Imported }) {
				t.Error("it is there")
			}
			if n := strings.Count(r.log.String(), "it is left out"); n != 1 {
				t.Errorf("said %d times", n)
			}
			w := r.live()
			for range 3 {
				_ = r.studio.Set(aqaratest.Imported, 1, "Output", "OnOff", true)
				pass(time.Minute)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if len(w.news) != 0 || len(w.wishes) != 0 {
				t.Errorf("news %v, wishes %v", w.news, w.wishes)
			}
		})
	}
}

func TestFromHomeAssistant(t *testing.T) {
	for name, c := range map[string]struct {
		id, vendor, gateway, name string
		want                      bool
	}{
		"named so, no gateway":  {"a", "", "null", "Home Assistant Lamp", true},
		"named so, Aqara's own": {"a", "Aqara", `"gw"`, "Home Assistant Lamp", false},
		"named so, old Studio":  {"a", "Aqara", "", "Home Assistant Lamp", false},
		"nothing else known":    {"a", "", "", "home-assistant lamp", true},
		"vendor":                {"a", "Home Assistant", "", "Lamp", true},
		"id":                    {"homeassistant.light.x", "X", "", "Lamp", true},
		"plain":                 {"a", "Aqara", "null", "Lamp", false},
	} {
		raw := `[{"deviceId":"` + c.id + `","endpoints":[{"endpointId":0,"functions":[{"functionCode":"BasicInformation","traits":[
			{"traitCode":"VendorName","value":"` + c.vendor + `"}]}]}]`
		if c.gateway != "" {
			raw += `,"gatewayId":` + c.gateway
		}
		specs, err := decodeSpecs(json.RawMessage(raw + `}]`))
		if err != nil {
			t.Fatal(err)
		}
		if got := newModel(&specs[0], nil).fromHomeAssistant(c.name); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A device hangs behind its gateway if that is there, and behind the hub if not.
func TestGateways(t *testing.T) {
	for _, d := range newRig(t, aqaratest.Options{Home: aqaratest.FullHome()}).devices() {
		want := hubs.DeviceID(aqaratest.Gateway)
		switch d.ID {
		case aqaratest.Gateway, aqaratest.Flow, aqaratest.Points, aqaratest.Virtual, aqaratest.Oddity, aqaratest.Speaker,
			aqaratest.Button, hubs.Self:
			want = hubs.Self
		}
		if d.Via != want {
			t.Errorf("%s hangs behind %q, want %q", d.ID, d.Via, want)
		}
	}
	for _, d := range newRig(t, aqaratest.Options{}).devices() {
		if d.Via != hubs.Self {
			t.Errorf("%s hangs behind %q, which is not there", d.ID, d.Via)
		}
	}
}
