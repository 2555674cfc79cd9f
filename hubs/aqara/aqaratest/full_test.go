package aqaratest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestFullHomeBeginsWithTheDefault(t *testing.T) {
	want, got := DefaultHome(), FullHome()
	same := cmp.Options{cmpopts.IgnoreUnexported(Home{}, Trait{})}
	if d := cmp.Diff(want.Devices, got.Devices[:8], same); d != "" {
		t.Error(d)
	}
	if n := len(want.Devices); n != 8 {
		t.Errorf("want 8 devices in the default home, got %d", n)
	}
	for i := range want.Automations {
		got.Automations[i].Actions = nil
	}
	if d := cmp.Diff(want.Automations, got.Automations); d != "" {
		t.Error(d)
	}
	got.Devices[0].Endpoints[1].Functions[0].Traits[0].Value = "changed"
	if d := cmp.Diff(want.Devices, FullHome().Devices[:8], same); d != "" {
		t.Error("two homes must share nothing", d)
	}
}

// check says what is wrong with a value of a trait in a spec of our own.
func (t *Trait) check() string {
	if t.Value == nil {
		return ""
	}
	v, err := convert(t.Param, t.Value)
	if err != nil || v != t.Value {
		return fmt.Sprintf("%v (%T) is not in its stored form: %v", t.Value, t.Value, err)
	}
	raw, err := json.Marshal(t.Value)
	if err != nil {
		return err.Error()
	}
	p := t.Param
	p.Step = nil // measuring knows no steps
	if strings.HasPrefix(p.Type, "List") && !strings.HasPrefix(t.Value.(string), "[") {
		return "no list"
	}
	_, fault := checkWrite(p, raw)
	return fault
}

func TestFullHomeIsSound(t *testing.T) {
	h := FullHome()
	if len(h.Devices) < 50 {
		t.Errorf("got %d devices only", len(h.Devices))
	}
	seen := map[string]bool{}
	for _, d := range h.Devices {
		if d.ID == "" || d.Name == "" || len(d.Types) == 0 || seen[d.ID] {
			t.Errorf("%s %q: no ID, name or type, or there twice", d.ID, d.Name)
		}
		seen[d.ID] = true
		if sp, _ := findSpace(h.Spaces, "", d.Space); sp == nil && d.Space != "" {
			t.Errorf("%s: no space %s", d.Name, d.Space)
		}
		ids := d.endpointIDs()
		if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Errorf("%s: endpoints %v", d.Name, ids)
		}
		if live, some := d.live(); some && slices.ContainsFunc(live, func(id int) bool { return !slices.Contains(ids, id) }) {
			t.Errorf("%s: live %v of %v", d.Name, live, ids)
		}
		addresses := map[Address]bool{}
		d.each(func(a Address, tr *Trait) {
			if fault := tr.check(); fault != "" {
				t.Errorf("%s %s: %s", d.Name, a, fault)
			}
			if addresses[a] {
				t.Errorf("%s %s: twice", d.Name, a)
			}
			addresses[a] = true
			if !tr.Param.Readable && tr.Value != nil {
				t.Errorf("%s %s: a value that cannot be read", d.Name, a)
			}
			if tr.Param.Type == "Enum" && len(tr.Param.Enum) == 0 {
				t.Errorf("%s %s: no choices", d.Name, a)
			}
		})
	}
}

// TestFullHomeHasEveryKind wants each function that the reference names for the bridge.
func TestFullHomeHasEveryKind(t *testing.T) {
	have := map[string]bool{}
	for _, d := range FullHome().Devices {
		for _, kind := range d.Types {
			have[kind] = true
		}
		d.each(func(a Address, _ *Trait) { have[a.Function+"."+a.Trait] = true })
	}
	for want := range strings.FieldsSeq(`
		AirConditioner Thermostat FloorHeating Fan AirPurifier Ventilation DoorLock GarageDoor GeneralValve Pump
		RoboticVacuumCleaner SweepingRobot SmokeAlarm COAlarm NaturalGasAlarm WaterLeakSensor RainSensor WaterFreezeDetector
		OnOffSensor OccupancySensor MotionSensor IlluminanceSensor AirQualitySensor CO2Sensor ParticulateMatterSensor Cube Knob
		VibrationSensor Doorbell Speaker WindowCovering ClotheDryingMachine Light Switch Outlet Button Camera Hub IRDevice
		ElectricalSensor FlowSensor SleepMonitor AttitudeDetector LocationSensor ContactSensor TemperatureSensor HumiditySensor
		AtmosphericPressureSensor LaundryWasher Refrigerator ElectricVehicleSupplyEquipment BinaryInputDevice BinaryOutputDevice
		AnalogInputDevice AnalogOutputDevice MultiStateInputDevice MultiStateOutputDevice CharStringValueDevice Root Aquarium
		HeaterCooler.CurrentTemperature HeaterCooler.AntiFreezeTemperature FanControl.RockSetting FreshAirControl.FreshAirMode
		ParticulateMatter.PM2.5Density ParticulateMatter.PM1.0Density ParticulateMatter.PM10Density DoorLock.RemoteUnlock
		HEPAFilterMonitoring.Condition HumanPresence.Presence Knob.RotationAngle Cube.TopFace IRControl.IRKey EVSE.EvseState
		WindowCovering.TargetRotationAngle WindowCovering.WindowCoveringMotorsBinding MediaPlayback.MediaInformation
		Descriptor.EndpointArrayDynamic Descriptor.SupportedEndpointDynamic NetworkCommissioning.WiFiRSSI Camera.CameraActiveStatus
	`) {
		if !have[want] {
			t.Errorf("no %s", want)
		}
	}
}

func TestFullHomeAsAnswers(t *testing.T) {
	b := newBench(t, Options{Home: FullHome()})
	type spec struct {
		DeviceID  string
		GatewayID *string
		Endpoints []struct {
			EndpointID int
			Functions  []struct {
				FunctionCode string
				Commands     []struct{ CommandCode string }
			}
		}
	}
	var specs []spec
	b.call("GetDevicesRequest", "").decode(t, &specs)
	if len(specs) != len(FullHome().Devices) {
		t.Errorf("want all devices, got %d", len(specs))
	}
	ids := make([]string, len(specs))
	for i, s := range specs {
		ids[i] = s.DeviceID
	}
	specs = nil
	b.must("GET", BasePath+"/devices/definitions?deviceIds="+strings.Join(ids, ","), "").decode(t, &specs)
	commands := map[string]string{}
	gateways := map[string]string{}
	for _, s := range specs {
		gateways[s.DeviceID] = "null"
		if s.GatewayID != nil {
			gateways[s.DeviceID] = *s.GatewayID
		}
		for _, e := range s.Endpoints {
			for _, f := range e.Functions {
				for _, c := range f.Commands {
					commands[s.DeviceID] += c.CommandCode + " "
				}
			}
		}
	}
	for id, want := range map[string]string{
		Lock: "LockDoor UnlockDoor UnboltDoor QuietLockDoor QuietUnlockDoor GetUser ", PlainLock: "", Valve: "Open Close ", Garage: "Toggle ",
		Vacuum: "Start Stop Pause Resume GoHome ChangeToMode ", Bare: "",
	} {
		if commands[id] != want {
			t.Errorf("%s: want commands %q, got %q", id, want, commands[id])
		}
	}
	for id, want := range map[string]string{Strip: Gateway, Lock: Gateway, Gateway: Gateway, Imported: "null", Points: "null", Button: "null"} {
		if gateways[id] != want {
			t.Errorf("%s: want gateway %s, got %s", id, want, gateways[id])
		}
	}
	for _, c := range []struct{ id, has, lacks string }{
		{Bare, `"endpoints":[{"deviceType":"Root","endpointId":0,"endpointName":"Root"}]`, "functions"},
		{Thermostat, `"step":null`, ""},
		{AirQuality, `"traitCode":"PM2.5Density"`, ""},
		{Points, `"max":null`, `"endpointId":0,"endpointName":"DeviceObject","deviceType":"Root","functions"`},
		{Oddity, `"value":"{\"salt\":1.2,\"co2\":{\"ppm\":18}}"`, ""},
		{Oddity, `"value":"0x01AB3F"`, ""},
		{Away, `"traitCode":"Reachable","value":false`, ""},
		{Imported, `"endpointId":1`, `"endpointId":0`},
		{Speaker, `"endpointId":3,"functionCode":"Speaker"`, ""},
	} {
		if r := b.call("GetDevicesRequest", `{"deviceIds":["`+c.id+`"]}`); !strings.Contains(r.body, c.has) || c.lacks != "" && strings.Contains(r.body, c.lacks) {
			t.Errorf("%s: want %s without %s, got %s", c.id, c.has, c.lacks, r.body)
		}
	}
	if r := b.call("GetAllDeviceInfoRequest", ""); strings.Count(r.body, `"state":false`) != 1 || strings.Contains(r.body, "gatewayId") {
		t.Errorf("want one offline, and no gateways in generation A: %s", r.body)
	}
}

func TestOfflineIsOld(t *testing.T) {
	b := newBench(t, Options{Home: FullHome()})
	for _, d := range b.Devices() {
		if d.ID != Away {
			continue
		}
		f := d.function(2, "Contact")
		if age := time.Since(f.Traits[0].At); age < 48*time.Hour {
			t.Errorf("want an old value, got one of %v ago", age)
		}
	}
}

func TestGrow(t *testing.T) {
	const want = 1200
	best := time.Hour
	var h *Home
	for range 3 { // other tests want the processor, too
		start := time.Now()
		h = FullHome()
		h.Grow(want)
		best = min(best, time.Since(start))
	}
	if best > 100*time.Millisecond {
		t.Errorf("want %d devices within 100 ms, took %v", want, best)
	}
	seen := map[string]bool{}
	for _, d := range h.Devices {
		if seen[d.ID] || d.Gateway == Gateway && d.ID != Gateway && strings.HasPrefix(d.ID, Gateway) {
			t.Errorf("%s is there twice, or a gateway of another", d.ID)
		}
		seen[d.ID] = true
	}
	if len(h.Devices) != want {
		t.Errorf("want %d devices, got %d", want, len(h.Devices))
	}
	b := newBench(t, Options{Home: h})
	last := h.Devices[want-1]
	if r := b.call("GetDevicesRequest", `{"deviceIds":["`+last.ID+`"]}`); !strings.Contains(r.body, last.ID) {
		t.Errorf("got %.200s", r.body)
	}
	if r := b.must("GET", BasePath+"/studio/statistics?dimensions=deviceCount", ""); !strings.Contains(r.body, `"deviceCount":1200`) {
		t.Errorf("got %s", r.body)
	}
	if err := b.Remove(h.Devices[0].ID); err != nil { // what stands behind moves up
		t.Fatal(err)
	}
	for _, i := range []int{1, 600, want - 1} {
		if d := b.home.device(h.Devices[i].ID); d == nil || d.ID != h.Devices[i].ID {
			t.Errorf("device %d is gone", i)
		}
	}
	few := FullHome()
	few.Grow(3)
	if len(few.Devices) != len(FullHome().Devices) {
		t.Error("a home does not shrink")
	}
}

func BenchmarkGrow(b *testing.B) {
	for b.Loop() {
		h := FullHome()
		h.Grow(1000)
		New(Options{Home: h})
	}
}

func TestManualTriggers(t *testing.T) {
	b := newBench(t, Options{Home: FullHome()})
	type trigger struct {
		AutomationID, TriggerNodeID, TriggerName string
		Enabled                                  bool
	}
	list := func(query string) (out []trigger) {
		b.must("GET", BasePath+"/automations/manual-triggers"+query, "").decode(t, &out)
		return out
	}
	want := []trigger{
		{"auto_15b0cde_1273", "n1", "Alle weg", true}, {"auto_15b0cde_1274", "n4", "Film ab", true}, {"auto_15b0cde_1275", "n1", "Urlaub", false},
	}
	if d := cmp.Diff(want, list("")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want[:2], list("?enabledOnly=true")); d != "" {
		t.Error(d)
	}
	run := func(i int) reply {
		return b.must("POST", BasePath+"/automations/manual-triggers/execute",
			fmt.Sprintf(`{"automationId":%q,"triggerNodeId":%q}`, want[i].AutomationID, want[i].TriggerNodeID))
	}
	run(0).is(t, 200, 0)
	b.check(Strip, "2 Output OnOff=false")
	b.check(Outlet, "2 Output OnOff=false; 3 Output OnOff=false")
	b.check(Lamp, "2 Output OnOff=false")
	_ = b.SetOnline(Blind, false)
	run(1).is(t, 200, 0)
	b.check(Strip, "2 LevelControl CurrentLevel=20")
	b.check(Blind, "2 WindowCovering TargetPositionPercentage=100") // offline
	b.Faults().Fail(fault.Fault{Match: "ExecuteManualTriggerRequest", Kind: fault.Ignored})
	_ = b.Set(Strip, 2, "Output", "OnOff", true)
	run(0).is(t, 200, 0)
	b.check(Strip, "2 Output OnOff=true")
	run(2).is(t, 400, 400)
	if err := b.Enable(want[2].AutomationID, true); err != nil {
		t.Fatal(err)
	}
	run(2).is(t, 200, 0)
	if b.Enable("nobody", true) == nil {
		t.Error("want an error for an automation that is not there")
	}
	if n := len(list("?enabledOnly=true")); n != 3 {
		t.Errorf("want 3 enabled, got %d", n)
	}
}
