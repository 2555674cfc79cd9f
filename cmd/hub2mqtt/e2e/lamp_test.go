//go:build e2e

package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The simulated home, by its ids on MQTT.
const (
	strip  = "hub2mqtt/aqara/lumi_54ef4410007a1b2c"
	outlet = "hub2mqtt/aqara/lumi_54ef441000c0ffee"
	motion = "hub2mqtt/aqara/lumi_54ef44100055aa01"
)

// shown is what a person sees of an entity in Home Assistant.
type shown struct{ State, Class, Unit string }

// home is what Home Assistant must make of the simulated home: all eight devices,
// each entity that is not disabled by default.
func home() map[string]shown {
	return map[string]shown{
		"binary_sensor.aqara_connection":                                           {"on", "connectivity", ""},
		"binary_sensor.aqara_login_needed":                                         {"off", "problem", ""},
		"binary_sensor.bewegung_flur_x1_power_source_state_of_low_bat":             {"off", "battery", ""},
		"binary_sensor.bewegung_flur_x2_occupancy_sensing_occupancy":               {"off", "motion", ""},
		"binary_sensor.haustur":                                                    {"off", "door", ""},
		"binary_sensor.haustur_x1_power_source_state_of_low_bat":                   {"off", "battery", ""},
		"binary_sensor.klima_bad_1_og_x1_power_source_state_of_low_bat":            {"off", "battery", ""},
		"binary_sensor.taster_gaste_x1_power_source_state_of_low_bat":              {"unknown", "battery", ""},
		"button.aqara_rediscover":                                                  {"unknown", "", ""},
		"button.aqara_refresh":                                                     {"unknown", "", ""},
		"button.hub2mqtt_rediscover":                                               {"unknown", "", ""},
		"cover.vorhang_wohnzimmer":                                                 {"open", "curtain", ""},
		"event.steckdose_buro_x5_button_button_event":                              {"unknown", "button", ""},
		"event.taster_gaste":                                                       {"unknown", "button", ""},
		"light.tv_lichtleiste_sud":                                                 {"on", "", ""},
		"number.bewegung_flur_x2_occupancy_sensing_hold_time":                      {"30", "", ""},
		"select.hub2mqtt_log_level":                                                {"debug", "", ""},
		"select.schalter_kuche_x2_output_start_up_on_off":                          {"hold", "", ""},
		"select.tv_lichtleiste_sud_x2_output_start_up_on_off":                      {"hold", "", ""},
		"sensor.aqara_devices":                                                     {"8", "", ""},
		"scene.aqara_scene_auto_15b0cde_1273_n1":                                   {"unknown", "", ""},
		"scene.aqara_scene_auto_15b0cde_1274_n4":                                   {"unknown", "", ""},
		"sensor.aqara_push":                                                        {"up", "enum", ""},
		"sensor.aqara_last_error":                                                  {"unknown", "", ""},
		"sensor.aqara_state":                                                       {"ok", "enum", ""},
		"sensor.bewegung_flur_x1_power_source_bat_percent_remaining":               {"64.5", "battery", "%"},
		"sensor.bewegung_flur_x3_illuminance_current_illuminance":                  {"118", "illuminance", "lx"},
		"sensor.haustur_x1_power_source_bat_percent_remaining":                     {"100", "battery", "%"},
		"sensor.hub2mqtt_hubs":                                                     {"1", "", ""},
		"sensor.hub2mqtt_version":                                                  {"devel", "", ""},
		"sensor.klima_bad_1_og_x1_power_source_bat_percent_remaining":              {"87", "battery", "%"},
		"sensor.klima_bad_1_og_x2_temperature_current_temperature":                 {"21.37", "temperature", "°C"},
		"sensor.klima_bad_1_og_x3_relative_humidity_current_humidity":              {"48.6", "humidity", "%"},
		"sensor.klima_bad_1_og_x4_pressure_current_pressure":                       {"984.0", "atmospheric_pressure", "hPa"},
		"sensor.steckdose_buro_x1_energy_management_cumulative_energy_consumption": {"12873.4", "energy", "Wh"},
		"sensor.steckdose_buro_x1_energy_management_current_power":                 {"41.3", "power", "W"},
		"sensor.steckdose_buro_x1_energy_management_current_voltage":               {"229.8", "voltage", "V"},
		"sensor.taster_gaste_x1_power_source_bat_percent_remaining":                {"unknown", "battery", "%"},
		"switch.schalter_kuche_x2_output":                                          {"off", "", ""},
		"switch.schalter_kuche_x3_output":                                          {"on", "", ""},
		"switch.steckdose_buro_x2_output":                                          {"on", "outlet", ""},
		"switch.steckdose_buro_x3_output":                                          {"off", "outlet", ""},
		"switch.vorhang_wohnzimmer_x2_window_covering_motor_direction_reversed":    {"off", "", ""},
	}
}

// stage is a whole installation.
type stage struct {
	broker        string
	port          int
	brokerProcess *process
	sim           *simulator
	ha            *homeAssistant
	mqtt          *listener
	dir, haDir    string
	bridge        *process
	// want is what Home Assistant shows when all is well; probe is one entity of it.
	want  map[string]shown
	probe string
}

func (s *stage) startBroker(t *testing.T) {
	t.Helper()
	s.broker, s.brokerProcess = mosquitto(t, s.port)
}

func setUp(t *testing.T) *stage {
	t.Helper()
	return setUpHome(t, "")
}

// setUpHome sets up with one of the simulator's homes; empty: the small one.
func setUpHome(t *testing.T, which string, more ...string) *stage {
	t.Helper()
	s := &stage{dir: t.TempDir(), haDir: t.TempDir(), port: freePort(t)}
	s.startBroker(t)
	s.sim = startSimulator(t, which, more...)
	s.mqtt = listen(t, s.broker)
	s.ha = startHA(t, s.broker, "--dir", s.haDir)
	s.bridge = hub2mqtt(t, s.broker, s.sim, s.dir)
	waitFor(t, 30*time.Second, "the bridge to publish", func() bool { return s.mqtt.get("hub2mqtt/"+s.sim.Hub+"/status") == "online" })
	if which == "" {
		s.want, s.probe = home(), "light.tv_lichtleiste_sud"
	}
	return s
}

// settled waits until Home Assistant shows the whole home as it is.
func (s *stage) settled(t *testing.T) {
	t.Helper()
	if s.want == nil {
		s.learn(t)
	}
	waitFor(t, 100*time.Second, "Home Assistant to show the home", func() bool { return cmp.Equal(s.want, s.ours(t)) })
}

// learn takes what Home Assistant shows, once all is there and rests, for the truth.
func (s *stage) learn(t *testing.T) {
	t.Helper()
	s.complete(t)
	for before := s.ours(t); ; before = s.want {
		settle(t, 5*time.Second)
		if s.want = s.ours(t); cmp.Equal(before, s.want) {
			break
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.want)) {
		if domain, _, _ := strings.Cut(id, "."); (domain == "light" || domain == "switch") && s.want[id].State != "unavailable" {
			s.probe = id
			return
		}
	}
	t.Fatalf("there is nothing to look at: %v", s.want)
}

// ours are Home Assistant's states of our entities.
func (s *stage) ours(t *testing.T) map[string]shown {
	t.Helper()
	states := s.ha.states(t)
	out := map[string]shown{}
	for _, e := range s.ha.registry(t) {
		st, there := states[e.EntityID]
		if !there || e.DisabledBy != "" || strings.HasPrefix(e.UniqueID, "hub2mqtt_tuya_hub_") { // counts go on
			continue
		}
		text := func(k string) string { v, _ := st.Attributes[k].(string); return v }
		out[e.EntityID] = shown{st.State, text("device_class"), text("unit_of_measurement")}
	}
	return out
}

func TestHomeAssistantShowsTheHome(t *testing.T) {
	s := setUp(t)
	var got map[string]shown
	waitFor(t, 60*time.Second, "all entities to be there", func() bool {
		got = s.ours(t)
		return len(got) >= len(home())
	})
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && !cmp.Equal(home(), got); {
		got = s.ours(t)
	}
	if diff := cmp.Diff(home(), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	s.ha.cleanLog(t)
}

// execution is a write that the simulated Studio accepted.
type execution struct {
	Device    string `json:"deviceId"`
	Endpoint  int    `json:"endpointId"`
	Function  string `json:"functionCode"`
	TraitCode string `json:"traitCode"`
	Value     any    `json:"value"`
}

// executed gives the writes, and how many control calls came, since the last forget.
func (s *simulator) executed(t *testing.T) (writes []execution, calls int) {
	t.Helper()
	s.get(t, "/executed", &writes)
	var all []struct{ Type string }
	s.get(t, "/calls", &all)
	for _, c := range all {
		if c.Type == "ExecuteTraitRequest" {
			calls++
		}
	}
	return writes, calls
}

func TestHomeAssistantSwitchesTheLamp(t *testing.T) {
	s := setUp(t)
	const lamp = "light.tv_lichtleiste_sud"
	state := func() entityState { return s.ha.states(t)[lamp] }
	waitFor(t, 60*time.Second, "the lamp to be there and on", func() bool { return state().State == "on" })

	const device, endpoint = "lumi.54ef4410007a1b2c", 2
	cases := []struct {
		name, service string
		data          map[string]any
		want          []execution
		state         string
	}{
		{"off", "turn_off", nil, []execution{{device, endpoint, "Output", "OnOff", false}}, "off"},
		{"on", "turn_on", nil, []execution{{device, endpoint, "Output", "OnOff", true}}, "on"},
		{"dimmed and warm", "turn_on", map[string]any{"brightness": 51, "color_temp_kelvin": 4000}, []execution{
			{device, endpoint, "Output", "OnOff", true},
			{device, endpoint, "LevelControl", "CurrentLevel", 20.0},
			{device, endpoint, "ColorControl", "ColorTemperature", 250.0},
		}, "on"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s.sim.do(t, "/forget", nil)
			data := map[string]any{"entity_id": lamp}
			maps.Copy(data, c.data)
			before := s.mqtt.count()
			s.ha.call(t, "light", c.service, data)
			waitFor(t, 10*time.Second, "a good result", func() bool {
				return strings.Contains(strings.Join(s.mqtt.since(before, strip+"/result"), ""), `"ok":true`)
			})
			waitFor(t, 10*time.Second, "the state "+c.state, func() bool { return state().State == c.state })
			got, calls := s.sim.executed(t)
			if diff := cmp.Diff(c.want, got); diff != "" || calls != 1 {
				t.Errorf("want one call, got %d (-want +got)\n%s", calls, diff)
			}
		})
	}
	waitFor(t, 10*time.Second, "the lamp to be dim and warm", func() bool {
		st := state()
		return st.Attributes["brightness"] == 51.0 && st.Attributes["color_temp_kelvin"] == 4000.0
	})
	s.ha.cleanLog(t)
}

func TestOtherThingsCanBeDriven(t *testing.T) {
	s := setUp(t)
	s.settled(t)
	cases := []struct {
		domain, service, entity string
		data                    map[string]any
		want                    string
	}{
		{"switch", "turn_off", "switch.steckdose_buro_x2_output", nil, "off"},
		{"switch", "toggle", "switch.schalter_kuche_x2_output", nil, "on"},
		{"number", "set_value", "number.bewegung_flur_x2_occupancy_sensing_hold_time", map[string]any{"value": 60}, "60"},
		{"select", "select_option", "select.schalter_kuche_x2_output_start_up_on_off", map[string]any{"option": "off"}, "off"},
		{"cover", "close_cover", "cover.vorhang_wohnzimmer", nil, "closing"},
	}
	for _, c := range cases {
		data := map[string]any{"entity_id": c.entity}
		maps.Copy(data, c.data)
		s.ha.call(t, c.domain, c.service, data)
		waitFor(t, 10*time.Second, c.entity+" to be "+c.want, func() bool { return s.ha.states(t)[c.entity].State == c.want })
	}
	waitFor(t, 30*time.Second, "the curtain to arrive", func() bool {
		return s.ha.states(t)["cover.vorhang_wohnzimmer"].State == "closed"
	})
	s.ha.cleanLog(t)
}

func TestWrongPayloadsSendNothing(t *testing.T) {
	broker, _ := mosquitto(t, freePort(t))
	sim := startSimulator(t, "")
	mq := listen(t, broker)
	hub2mqtt(t, broker, sim, t.TempDir())
	waitFor(t, 30*time.Second, "the bridge", func() bool { return mq.get(outlet) != "" })
	sim.do(t, "/forget", nil)
	cases := []struct{ name, topic, payload, code string }{
		{"no word of a switch", outlet + "/x2_output/set", "PERHAPS", "invalid"},
		{"out of range", motion + "/x2_occupancy_sensing_hold_time/set", "-5", "invalid"},
		{"no number", motion + "/x2_occupancy_sensing_hold_time/set", "NaN", "invalid"},
		{"no option", "hub2mqtt/aqara/b1654af4fda39824/x2_output_start_up_on_off/set", "maybe", "invalid"},
		{"wrong type in JSON", outlet + "/set", `{"x2_output": [1]}`, "invalid"},
		{"broken JSON", outlet + "/set", `{"x2_output":`, "invalid"},
		{"a megabyte", outlet + "/x2_output/set", strings.Repeat("A", 1<<20), "invalid"},
		{"not UTF-8", outlet + "/x2_output/set", "\xff\xfe", "invalid"},
		{"read only", motion + "/x3_illuminance_current_illuminance/set", "5", "read_only"},
		{"unknown entity", outlet + "/x9_output/set", "ON", "unknown_entity"},
		{"unknown device", "hub2mqtt/aqara/nobody/x2_output/set", "ON", "unknown_device"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := mq.count()
			mq.publish(t, c.topic, c.payload, false)
			result := strings.Join(strings.Split(c.topic, "/")[:3], "/") + "/result"
			var got []string
			waitFor(t, 10*time.Second, "a result", func() bool { got = mq.since(before, result); return len(got) > 0 })
			if len(got) != 1 || !strings.Contains(got[0], `"ok":false`) || !strings.Contains(got[0], `"`+c.code+`"`) {
				t.Errorf("want one result %s, got %v", c.code, got)
			}
		})
	}
	t.Run("an empty or a retained one has no result at all", func(t *testing.T) {
		before := mq.count()
		mq.publish(t, outlet+"/x2_output/set", "", false)
		mq.publish(t, outlet+"/x3_output/set", "ON", true) // live: acted upon
		waitFor(t, 10*time.Second, "the live one's result", func() bool { return len(mq.since(before, outlet+"/result")) == 1 })
	})
	if writes, calls := sim.executed(t); calls != 1 || len(writes) != 1 {
		t.Errorf("the Studio was asked to write: %d calls, %v", calls, writes)
	}
}

func TestRetainedCommandIsNotReplayed(t *testing.T) {
	broker, _ := mosquitto(t, freePort(t))
	sim := startSimulator(t, "")
	mq := listen(t, broker)
	mq.publish(t, outlet+"/x3_output/set", "ON", true)
	b := hub2mqtt(t, broker, sim, t.TempDir())
	waitFor(t, 30*time.Second, "the bridge", func() bool { return mq.get(outlet) != "" })
	waitFor(t, 10*time.Second, "a word about it in the log", func() bool {
		return strings.Contains(b.log.String(), "retained on the broker and was ignored")
	})
	if _, calls := sim.executed(t); calls != 0 || mq.get(outlet+"/result") != "" {
		t.Errorf("it was carried out: %d calls", calls)
	}
}

func TestBridgeRestartLeavesNoTrace(t *testing.T) {
	s := setUp(t)
	s.settled(t)
	whole := t
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			before := s.ours(t)
			seen := s.ha.watch(t)
			s.bridge.end(t, sig)
			waitFor(t, 60*time.Second, "Home Assistant to notice", func() bool {
				return s.ha.states(t)["light.tv_lichtleiste_sud"].State == "unavailable"
			})
			s.bridge = hub2mqtt(whole, s.broker, s.sim, s.dir)
			waitFor(t, 60*time.Second, "everything to be back", func() bool { return cmp.Equal(before, s.ours(t)) })
			settle(t, 4*time.Second)
			for entity, states := range seen.of() {
				if want := before[entity].State; want != "" && !slices.Equal(states, []string{"unavailable", want}) {
					t.Errorf("%s went through %v, want unavailable and %s again", entity, states, want)
				}
			}
		})
	}
	s.ha.cleanLog(t)
}

// settle watches for a while: something that must not happen would happen now.
func settle(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

func TestHomeAssistantsOwnLint(t *testing.T) {
	lint := os.Getenv("HUB2MQTT_TEST_HA_LINT")
	if lint == "" {
		t.Skip("HUB2MQTT_TEST_HA_LINT does not name a command that checks discovery messages")
	}
	broker, _ := mosquitto(t, freePort(t))
	sim := startSimulator(t, "")
	mq := listen(t, broker)
	hub2mqtt(t, broker, sim, t.TempDir())
	const prefix = "homeassistant/device/"
	waitFor(t, 30*time.Second, "all devices", func() bool { return len(mq.under(prefix)) == 10 && mq.get(motion) != "" })
	var messages, states strings.Builder
	for topic, payload := range mq.under(prefix) {
		line, _ := json.Marshal(map[string]any{"topic": topic, "payload": json.RawMessage(payload)})
		messages.Write(append(line, '\n'))
		device := strings.TrimSuffix(strings.TrimPrefix(topic, prefix+"hub2mqtt_aqara_"), "/config")
		if state := mq.get("hub2mqtt/aqara/" + device); state != "" {
			line, _ = json.Marshal(map[string]any{
				"discovery": json.RawMessage(payload), "topic": "hub2mqtt/aqara/" + device, "state": json.RawMessage(state),
			})
			states.Write(append(line, '\n'))
		}
	}
	for _, c := range []struct{ name, in string }{{"", messages.String()}, {"--state", states.String()}} {
		cmd := exec.Command(lint, strings.Fields(c.name)...)
		cmd.Stdin = strings.NewReader(c.in)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("lint %s: %v\n%s", c.name, err, out)
		}
	}
}
