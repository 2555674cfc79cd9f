package discovery

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestTombstones(t *testing.T) {
	d := placed("Lamp", hubs.Entity{Key: "power", Spec: hubs.Light{}}, hubs.Entity{Key: "new", Name: "New", Spec: hubs.Binary{}})
	before := map[string]string{"power": "switch", "gone": "sensor", "button-press": "device_automation"}
	ms, err := testLayout.Announce(d, before)
	if err != nil || len(ms) != 2 {
		t.Fatalf("want two messages, got %d, %v", len(ms), err)
	}
	if ms[0].After != 0 || ms[1].After < time.Second {
		t.Errorf("want a second between them, got %v and %v", ms[0].After, ms[1].After)
	}
	var first struct{ Components map[string]map[string]any }
	if err := json.Unmarshal(ms[0].Payload, &first); err != nil {
		t.Fatal(err)
	}
	for key, platform := range before {
		if diff := cmp.Diff(map[string]any{"platform": platform}, first.Components[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	clean, err := testLayout.Announce(d, testLayout.Components(d))
	if err != nil || len(clean) != 1 {
		t.Fatalf("want one message, got %d, %v", len(clean), err)
	}
	if diff := cmp.Diff(string(clean[0].Payload), string(ms[1].Payload)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, m := range slices.Concat(ms, clean) {
		if err := Lint(m); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(map[string]string{"power": "light", "new": "binary_sensor"}, testLayout.Components(d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnnounceFaults(t *testing.T) {
	for name, e := range map[string]hubs.Entity{
		"no spec":     {Key: "x"},
		"bad key":     {Key: "X/y", Spec: hubs.Binary{}},
		"reserved":    {Key: "set", Spec: hubs.Binary{}},
		"no options":  {Key: "x", Spec: hubs.Choice{Options: []string{""}}},
		"no types":    {Key: "x", Spec: hubs.Event{}},
		"there twice": {Key: "ok", Spec: hubs.Switch{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := placed("Lamp", hubs.Entity{Key: "ok", Spec: hubs.Binary{}}, e)
			ms, err := testLayout.Announce(d, nil)
			if err == nil {
				t.Error("no error")
			}
			if len(ms) != 1 || !strings.Contains(string(ms[0].Payload), `"ok"`) {
				t.Errorf("the others must live: %v", ms)
			}
			if diff := cmp.Diff(map[string]string{"ok": "binary_sensor"}, testLayout.Components(d)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			testLayout.State(d, nil, time.Time{})
		})
	}
}

func TestDiscoveryOff(t *testing.T) {
	l := testLayout
	l.Prefix = ""
	d := placed("Lamp", hubs.Entity{Key: "power", Spec: hubs.Light{}})
	if ms, err := l.Announce(d, map[string]string{"x": "switch"}); ms != nil || err != nil {
		t.Errorf("want nothing, got %v, %v", ms, err)
	}
	want := []string{"home/h2m/aqara/0x01_ab", "home/h2m/aqara/0x01_ab/availability", "home/h2m/aqara/0x01_ab/power"}
	if diff := cmp.Diff(want, l.Topics(d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if l.DiscoveryFilter() != "" || l.ConfigTopic("x") != "" {
		t.Error("there are no discovery topics")
	}
}

func TestWithdraw(t *testing.T) {
	ms := testLayout.Withdraw(everything)
	topics := testLayout.Topics(everything)
	if len(ms) != len(topics) || ms[0].Topic != "homeassistant/device/home_h2m_aqara_0x01_ab/config" || ms[1].After < time.Second {
		t.Fatalf("got %v", ms)
	}
	for i, m := range ms {
		if m.Topic != topics[i] || len(m.Payload) != 0 || !m.Retain {
			t.Errorf("got %+v", m)
		}
		if err := Lint(m); err != nil {
			t.Error(err)
		}
	}
	for _, m := range testLayout.State(everything, nil, time.Time{}) {
		if !slices.Contains(topics, m.Topic) {
			t.Errorf("%s would stay", m.Topic)
		}
	}
}

func TestTopics(t *testing.T) {
	l, bridge := testLayout, Layout{Prefix: "homeassistant", Base: "h2m"}
	want := []string{
		"home/h2m/status", "home/h2m/info", "home/h2m/aqara/status", "home/h2m/aqara/info", "home/h2m/aqara/devices",
		"homeassistant/device/+/config", "home/h2m/bridge/request/#", "home/h2m/bridge/response/refresh",
		"home/h2m/aqara/+/set", "home/h2m/aqara/+/+/set", "home/h2m/aqara/+/+/+/set", "home/h2m/aqara/+/get",
		"h2m/bridge/set", "h2m/bridge/+/set", "h2m/bridge/+/+/set", "h2m/bridge/get", "h2m/bridge", "h2m_bridge",
	}
	got := slices.Concat(
		[]string{l.BridgeStatus(), l.BridgeInfo(), l.HubStatus(), l.HubInfo(), l.HubDevices(), l.DiscoveryFilter(), l.RequestFilter(), l.ResponseTopic("refresh")},
		l.CommandFilters(), bridge.CommandFilters(), []string{bridge.DeviceTopic(BridgeID), bridge.NodeID(BridgeID)})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAvailability(t *testing.T) {
	for _, online := range []bool{true, false} {
		m := testLayout.Availability(everything, online)
		if (string(m.Payload) == Online) != online || !m.Retain || m.Topic != "home/h2m/aqara/0x01_ab/availability" {
			t.Errorf("got %+v", m)
		}
		if err := Lint(m); err != nil {
			t.Error(err)
		}
	}
}

func TestPageURL(t *testing.T) {
	for url, want := range map[string]string{
		"": "", "ftp://x": "", "http://": "", "x": "", "http://%zz": "",
		"http://x:8099": "http://x:8099/#/aqara/d", "https://x/p//": "https://x/p/#/aqara/d",
	} {
		l := testLayout
		l.PublicURL = url
		if got := l.PageURL("d"); got != want {
			t.Errorf("%q: want %q, got %q", url, want, got)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ device, entity, want string }{
		{"Lamp", "", ""},
		{"Lamp", "Lamp", ""},
		{"Lamp", "lamp", ""},
		{"Lamp", "Lamp: power", "Power"},
		{"Lamp", "Lamp Lamp power", "Power"},
		{"Lamp", "Lamps", "Lamps"},
		{"Lamp", "Power of Lamp", "Power of Lamp"},
		{"", "x", "x"},
		{"灯", "灯 电源", "电源"},
	} {
		if got := stripName(c.device, c.entity); got != c.want {
			t.Errorf("%q of %q: want %q, got %q", c.entity, c.device, c.want, got)
		}
	}
	n := naming{device: "Switch", nameless: make(map[string]bool)}
	var got []string
	for _, key := range []string{"a", "switch", "switch_2", "switch__"} {
		got = append(got, n.name("switch", &hubs.Entity{Key: key}))
	}
	if diff := cmp.Diff([]string{"", "Second switch", "2", "Second switch"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEntityIDs(t *testing.T) {
	for _, c := range []struct{ name, id, key, want string }{
		{"Hall lamp", "x", "", "light.hall_lamp"},
		{"Hall lamp", "x", "power_2", "light.hall_lamp_power_2"},
		{"Größe/Äpfel — 1.5", "x", "name_", "light.grosse_apfel_1_5_name"},
		{"Łódź Œuvre Çağrı Þór", "x", "", "light.lodz_oeuvre_cagri_thor"},
		{"Кухня", "x", "", "light.kukhnia"},
		{"客厅", "0x-AB", "p", "light.0x_ab_p"},
		{"客厅", "___", "p", "light.device_p"},
		{"Mom's", "x", "", "light.mom_s"},
	} {
		d := Placed{Device: hubs.Device{Name: c.name}, ID: c.id}
		if got := testLayout.sheet(&d).entityID("light", c.key); got != c.want {
			t.Errorf("%q: want %s, got %s", c.name, c.want, got)
		}
	}
}

func TestEvents(t *testing.T) {
	h := hubs.Happening{Entity: "event", Type: "press", At: testSeen, Data: map[string]hubs.Value{
		"b": hubs.Num(1.5), "a": hubs.Str("x\x00\u007f\""), "time": hubs.Num(1), "event_type": hubs.Num(2), "none": {}, "c": hubs.Bool(true),
	}}
	m := testLayout.Event(everything, h)
	want := `{"event_type":"press","time":"2026-01-31T06:30:15.25Z","a":"x\u0000\u007f\"","b":1.5,"c":true,"none":null}`
	if string(m.Payload) != want || m.Retain || m.Topic != "home/h2m/aqara/0x01_ab/event" {
		t.Errorf("want %s, got %+v %s", want, m, m.Payload)
	}
	config, _ := testLayout.Announce(everything, nil)
	if err := LintState(config[0], m); err != nil {
		t.Error(err)
	}
	if err := LintState(config[0], testLayout.Event(everything, hubs.Happening{Entity: "event", Type: "hold"})); err == nil {
		t.Error("an unknown type must be found")
	}
}

type failer interface {
	Fatalf(format string, args ...any)
}

func checkAll(t failer, d Placed, now map[hubs.Point]hubs.Value) {
	ms, _ := testLayout.Announce(d, map[string]string{"gone": "sensor"})
	for _, m := range ms {
		if err := Lint(m); err != nil {
			t.Fatalf("%v\n%s", err, m.Payload)
		}
	}
	for _, m := range testLayout.State(d, now, time.Time{}) {
		if !utf8.Valid(m.Payload) || !json.Valid(m.Payload) {
			t.Fatalf("%q", m.Payload)
		}
		if err := Lint(m); err != nil {
			t.Fatalf("%v", err)
		}
		if err := LintState(ms[1], m); err != nil {
			t.Fatalf("%v\n%s\n%s", err, m.Payload, ms[1].Payload)
		}
	}
}

// FuzzMakeTopic: whatever a vendor calls its devices, entities and values, topics are
// safe and payloads are taken.
func FuzzMakeTopic(f *testing.F) {
	f.Add("0x01:ab", "Lamp", "Power", "powerOn", "x")
	f.Add("hub", "", "", "", "\xff")
	f.Add("0", "", "\xfe", "", "\xff")
	f.Add("客厅/+#", "客厅", "客厅 灯", "set", "\u2028")
	f.Fuzz(func(t *testing.T, raw, name, entity, code, value string) {
		ids := Assign([]hubs.DeviceID{hubs.DeviceID(raw)}, nil)
		key := hubs.MakeKey(code)
		d := Placed{Device: hubs.Device{ID: hubs.DeviceID(raw), Name: name, Area: entity, Entities: []hubs.Entity{
			{Key: key, Name: entity, Spec: hubs.Text{}, Attrs: []hubs.Field{{Attr: "a", Kind: hubs.KindText}}},
			{Key: key + "2", Spec: hubs.Sensor{Kind: hubs.KindText}},
			{Key: key + "3", Spec: hubs.Event{Types: []string{value, entity, "x"}}},
			{Key: key + "4", Name: name + " " + entity, Spec: hubs.Choice{Options: []string{value, "x"}}},
		}}, ID: ids[hubs.DeviceID(raw)]}
		v := hubs.Str(value)
		checkAll(t, d, known(at(key, hubs.Main, v), at(key, "a", v), at(key+"2", hubs.Main, v), at(key+"4", hubs.Main, v)))
		m := testLayout.Event(d, hubs.Happening{Entity: key + "3", Type: "x", Data: map[string]hubs.Value{name: v}})
		if err := Lint(m); err != nil {
			t.Fatal(err)
		}
	})
}

// bulb and meter are what the benchmarks render.
func benchDevice() (Placed, map[hubs.Point]hubs.Value) {
	d := placed("Living room lamp", hubs.Entity{Key: "light", Spec: hubs.Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500, HS: true}})
	now := known(at("light", hubs.On, hubs.Bool(true)), at("light", hubs.Level, hubs.Num(50)), at("light", hubs.Kelvin, hubs.Num(3000)))
	for i := range 10 {
		key := fmt.Sprintf("sensor_%d", i)
		d.Entities = append(d.Entities, hubs.Entity{Key: key, Name: "Sensor", Class: hubs.Temperature, Spec: hubs.Sensor{Unit: hubs.Celsius, Decimals: 1, Accumulates: hubs.Measurement}})
		at(key, hubs.Main, hubs.Num(float64(i)+0.5))(now)
	}
	return d, now
}

func BenchmarkState(b *testing.B) {
	d, now := benchDevice()
	b.ReportAllocs()
	for b.Loop() {
		testLayout.State(d, now, testSeen)
	}
}

func BenchmarkAnnounce(b *testing.B) {
	d, _ := benchDevice()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := testLayout.Announce(d, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	payload := []byte(`{"state":"ON","brightness":128,"color":{"h":10,"s":20}}`)
	b.ReportAllocs()
	for b.Loop() {
		testLayout.Parse("home/h2m/aqara/0x01_ab/light/set", payload, findAll)
	}
}
