package aqaratest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scene is one thing that a client does, and what must be true some time after it.
type scene struct {
	// do is "write <ep> <function> <trait>=<JSON>" or "command <ep> <function> <code>
	// <args>"; empty does nothing.
	do   string
	wait time.Duration
	code int
	want string // "<ep> <function> <trait>=<value>", several with semicolons
}

// address reads "2 Output OnOff".
func address(t *testing.T, device, text string) Address {
	t.Helper()
	f := strings.Fields(text)
	if len(f) != 3 {
		t.Fatalf("no address: %q", text)
	}
	n, err := strconv.Atoi(f[0])
	if err != nil {
		t.Fatal(err)
	}
	return Address{device, n, f[1], f[2]}
}

// perform does one thing over either generation; commands know B only.
func (b *bench) perform(device, do string, rest bool) reply {
	b.t.Helper()
	verb, what, _ := strings.Cut(do, " ")
	if verb == "write" {
		left, value, _ := strings.Cut(what, "=")
		a := address(b.t, device, left)
		item := writeItem(device, a.Endpoint, a.Function, a.Trait, value)
		if rest {
			return b.must("POST", BasePath+"/devices/trait/execute", `{"data":[`+item+`]}`)
		}
		return b.call("ExecuteTraitRequest", "["+item+"]")
	}
	f := strings.SplitN(what, " ", 4)
	args := "[]"
	if len(f) == 4 {
		args = f[3]
	}
	return b.must("POST", BasePath+"/devices/command/execute", fmt.Sprintf(
		`{"data":[{"deviceId":%q,"endpointId":%s,"functionCode":%q,"commandCode":%q,"args":%s}]}`, device, f[0], f[1], f[2], args))
}

// check compares values as text.
func (b *bench) check(device, want string) {
	b.t.Helper()
	for w := range strings.SplitSeq(want, ";") {
		left, value, found := strings.Cut(strings.TrimSpace(w), "=")
		if !found {
			continue
		}
		if got := fmt.Sprint(b.value(address(b.t, device, left))); got != value {
			b.t.Errorf("%s %s: want %s, got %s", device, left, value, got)
		}
	}
}

// tell plays the scenes over both generations, each in a home of its own.
func tell(t *testing.T, o Options, device string, scenes []scene) {
	t.Helper()
	for _, rest := range []bool{false, true} {
		o.Home = FullHome()
		bubble(t, o, func(b *bench) {
			for i, sc := range scenes {
				if sc.do != "" {
					if r := b.perform(device, sc.do, rest); r.status != 200 || r.Code != sc.code {
						b.t.Errorf("%d %s: want code %d, got %s", i, sc.do, sc.code, r.body)
					}
				}
				time.Sleep(sc.wait) //nolint:forbidigo // in a bubble
				b.check(device, sc.want)
				if b.t.Failed() {
					b.t.Fatalf("scene %d: %+v (REST: %v)", i, sc, rest)
				}
			}
		})
	}
}

const garageState = "2 GarageDoorOpener CurrentGarageDoorState="

func TestStories(t *testing.T) {
	const (
		valve  = "2 ValveControl "
		robot  = "2 VacuumOperationalState VacuumOperationalState="
		wash   = "2 OperationalState OperationalState="
		player = "3 MediaPlayback CurrentPlaybackState="
	)
	for name, c := range map[string]struct {
		device string
		scenes []scene
	}{
		"garage by target": {Garage, []scene{
			{do: `write 2 GarageDoorOpener TargetGarageDoorState="1"`, want: garageState + "4"},
			{wait: 9 * time.Second, want: garageState + "4"},
			{wait: 2 * time.Second, want: garageState + "2; 2 GarageDoorOpener TargetGarageDoorState=1"},
			{do: `write 2 GarageDoorOpener TargetGarageDoorState="1"`, want: garageState + "2"},
			{do: `write 2 GarageDoorOpener TargetGarageDoorState="0"`, wait: time.Second, want: garageState + "5"},
			{do: `write 2 GarageDoorOpener TargetGarageDoorState="1"`, wait: time.Second, want: garageState + "4"},
			{wait: time.Minute, want: garageState + "2"},
			{do: `write 2 GarageDoorOpener TargetGarageDoorState="2"`, code: 400},
			{do: `write 2 GarageDoorOpener CurrentGarageDoorState="2"`, code: 400},
		}},
		"garage by button": {Garage, []scene{
			{do: "command 2 GarageDoorOpener Toggle", wait: 3 * time.Second, want: garageState + "4"},
			{do: "command 2 GarageDoorOpener Toggle", wait: time.Minute, want: garageState + "6"},
			{do: "command 2 GarageDoorOpener Toggle", wait: time.Second, want: garageState + "5"},
			{do: "command 2 GarageDoorOpener Toggle", wait: time.Minute, want: garageState + "7"},
			{do: "command 2 GarageDoorOpener Toggle", wait: time.Minute, want: garageState + "2"},
			{do: "command 2 GarageDoorOpener Toggle", wait: time.Minute, want: garageState + "3"},
		}},
		"valve": {Valve, []scene{
			{do: "command 2 ValveControl Open", want: valve + "CurrentValveState=2"},
			{wait: 3 * time.Second, want: valve + "CurrentValveState=1; " + valve + "RemainingDuration=600"},
			{wait: time.Minute, want: valve + "RemainingDuration=540"},
			{do: "command 2 ValveControl Close", want: valve + "CurrentValveState=2"},
			{wait: 3 * time.Second, want: valve + "CurrentValveState=0; " + valve + "RemainingDuration=0"},
			{do: "write 2 ValveControl DefaultOpenDuration=90", want: valve + "CurrentValveState=0"},
			{do: "command 2 ValveControl Open", wait: 70 * time.Second, want: valve + "CurrentValveState=1; " + valve + "RemainingDuration=30"},
			{wait: 30 * time.Second, want: valve + "CurrentValveState=0; " + valve + "RemainingDuration=0"},
			{do: "write 2 ValveControl RemainingDuration=30", want: valve + "RemainingDuration=0"},
			{do: "command 2 ValveControl Open", wait: 3 * time.Second, want: valve + "CurrentValveState=1"},
			{do: "write 2 ValveControl RemainingDuration=1000", wait: 10*time.Minute + time.Second, want: valve + "CurrentValveState=1; " + valve + "RemainingDuration=400"},
			{wait: 10 * time.Minute, want: valve + "CurrentValveState=0"},
			{do: `write 2 ValveControl CurrentValveState="1"`, code: 400},
		}},
		"vacuum": {Vacuum, []scene{
			{want: robot + "66"},
			{do: "command 2 VacuumOperationalState GoHome", want: robot + "66"},
			{do: "command 2 VacuumOperationalState Pause", want: robot + "66"},
			{do: "command 2 VacuumOperationalState Start", wait: time.Minute, want: robot + "1; 1 PowerSource BatChargeState=3"},
			{do: "command 2 VacuumOperationalState Pause", wait: time.Hour, want: robot + "2"},
			{do: "command 2 VacuumOperationalState Resume", wait: time.Second, want: robot + "1"},
			{do: "command 2 VacuumOperationalState GoHome", wait: time.Second, want: robot + "64"},
			{wait: 10 * time.Second, want: robot + "65; 1 PowerSource BatChargeState=1"},
			{wait: time.Minute, want: robot + "66; 1 PowerSource BatChargeState=2; 1 PowerSource BatPercentRemaining=100"},
			{do: "command 2 VacuumOperationalState Start", wait: 305 * time.Second, want: robot + "64"}, // done
			{wait: time.Hour, want: robot + "66"},
			{do: "command 2 VacuumOperationalState Start"},
			{do: "command 2 VacuumOperationalState Stop", wait: time.Hour, want: robot + "0"},
			{do: `command 2 Mode ChangeToMode [{"fieldCode":"CurrentMode","value":2}]`, want: "2 Mode CurrentMode=2"},
			{do: `command 2 Mode ChangeToMode []`, code: 400, want: "2 Mode CurrentMode=2"},
		}},
		"sweeper": {Sweeper, []scene{
			{do: "command 2 Sweeper StartCleaning", want: "2 Sweeper SweeperState=0"},
			{do: "command 2 Sweeper PauseCleaning", want: "2 Sweeper SweeperState=1"},
			{do: "command 2 Sweeper ContinueCleaning", want: "2 Sweeper SweeperState=0"},
			{do: "command 2 Sweeper StopCleaning", want: "2 Sweeper SweeperState=2"},
		}},
		"washer": {Washer, []scene{
			{do: "command 2 OperationalState Start", wait: time.Minute, want: wash + "1"},
			{do: "command 2 OperationalState Pause", wait: time.Hour, want: wash + "2"},
			{do: "command 2 OperationalState Resume", wait: time.Minute, want: wash + "1"},
			{wait: time.Hour, want: wash + "0"},
			{do: "command 2 OperationalState GoHome", code: 400},
		}},
		"player": {Speaker, []scene{
			{do: `write 3 MediaPlayback TargetPlaybackState="0"`, want: player + "0"},
			{do: `write 3 MediaPlayback TargetPlaybackState="1"`, want: player + "1"},
			{do: "command 3 MediaPlayback Next", want: player + "3"},
			{wait: 3 * time.Second, want: player + "0; 3 MediaPlayback SampledPosition=0"},
			{do: "command 3 MediaPlayback Next"},
			{do: "command 3 MediaPlayback Stop", wait: time.Minute, want: player + "2; 3 MediaPlayback TargetPlaybackState=2"},
			{do: "write 3 Speaker Volume=12.5", want: "3 Speaker Volume=12.5"},
			{do: "write 3 Speaker Mute=true", want: "3 Speaker Mute=true"},
		}},
		"fridge": {Fridge, []scene{
			{do: `command 2 TemperatureControl ChangeTemperature [{"fieldCode":"SetTemperature","value":3}]`, want: "2 TemperatureControl SetTemperature=3"},
			{do: `command 2 TemperatureControl ChangeTemperature [{"fieldCode":"SetTemperature","value":12}]`, code: 400},
		}},
	} {
		t.Run(name, func(t *testing.T) { tell(t, Options{}, c.device, c.scenes) })
	}
}

func TestClimateStories(t *testing.T) {
	const heater, fan = "2 HeaterCooler ", "2 FanControl "
	for name, c := range map[string]struct {
		device string
		scenes []scene
	}{
		"air conditioner": {AirConditioner, []scene{
			{do: "write 2 Output OnOff=true", want: "2 Output OnOff=true"},
			{do: `write 2 HeaterCooler HeaterCoolerMode="1"`, want: heater + "HeaterCoolerMode=1"},
			{do: `write 2 HeaterCooler HeaterCoolerMode="12"`, code: 400, want: heater + "HeaterCoolerMode=1"},
			{do: "write 2 HeaterCooler HeatingTemperature=22", want: heater + "HeatingTemperature=22; " + heater + "CoolingTemperature=25"},
			{do: "write 2 HeaterCooler HeatingTemperature=22.5", code: 400},
			{do: "write 2 HeaterCooler CoolingTemperature=32", code: 400},
			{do: `write 2 FanControl FanMode="0"`, want: fan + "FanMode=0; 2 Output OnOff=true"}, // 0 is Low here
			{do: `write 2 FanControl RockSetting="2"`, want: fan + "RockSetting=2"},
			{do: "command 2 Output Off", want: "2 Output OnOff=false; " + heater + "HeaterCoolerMode=1"},
		}},
		"dead band": {Thermostat, []scene{
			{do: "write 2 HeaterCooler HeatingTemperature=24.5", want: heater + "CoolingTemperature=25.5"},
			{do: "write 2 HeaterCooler HeatingTemperature=20", want: heater + "CoolingTemperature=25.5"},
			{do: "write 2 HeaterCooler CoolingTemperature=18", want: heater + "HeatingTemperature=17"},
			{do: `write 2 HeaterCooler HeaterCoolerMode="12"`, want: heater + "HeaterCoolerMode=12"},
			{do: `command 2 HeaterCooler SetActivePreset [{"fieldCode":"PresetHandle","value":"away"}]`, want: heater + "ActivePresetHandle=away"},
			{do: "command 2 HeaterCooler SetActivePreset", code: 400},
			{do: "command 2 HeaterCooler ClearActivePreset", want: heater + "ActivePresetHandle="},
			{do: `write 2 HeaterCooler Preset="[]"`, want: heater + "Preset=[]"},
			{do: `write 2 HeaterCooler Preset="[["`, code: 400},
		}},
		"radiator": {Radiator, []scene{
			{do: "write 2 HeaterCooler CurrentTemperatureCalibration=-1.5", want: heater + "CurrentTemperature=18.6"},
			{do: "write 2 HeaterCooler CurrentTemperatureCalibration=1", want: heater + "CurrentTemperature=21.1"},
			{do: `write 2 HeaterCooler HeaterCoolerMode="14"`, want: heater + "HeaterCoolerMode=14"},
			{do: "write 2 HeaterCooler CurrentTemperature=30", code: 400},
		}},
		"floor": {FloorHeating, []scene{
			{do: "write 2 HeaterCooler HeatingTemperature=27.5", want: heater + "HeatingTemperature=27.5"},
			{do: "command 2 Output Toggle", want: "2 Output OnOff=false"},
		}},
		"fan": {Fan, []scene{
			{do: "write 2 Output OnOff=true", want: "2 Output OnOff=true"},
			{do: "write 2 FanControl FanSpeed=100", want: fan + "FanMode=3"},
			{do: "write 2 FanControl FanSpeed=50", want: fan + "FanMode=2"},
			{do: "write 2 FanControl FanSpeed=1", want: fan + "FanMode=1"},
			{do: `write 2 FanControl FanMode="3"`, want: fan + "FanSpeed=100; 2 Output OnOff=true"},
			{do: `write 2 FanControl FanMode="4"`, want: fan + "FanSpeed=100"},
			{do: "write 2 FanControl FanSpeed=0", want: "2 Output OnOff=false"},
			{do: "write 2 Output OnOff=true"},
			{do: `write 2 FanControl FanMode="0"`, want: "2 Output OnOff=false"},
			{do: `write 2 FanControl AirflowDirection="1"`, want: fan + "AirflowDirection=1"},
			{do: "write 2 FanControl FanSpeed=50.0", code: 400},
		}},
		"purifier": {Purifier, []scene{
			{do: "write 2 FanControl FanSpeed=0", code: 400},
			{do: "command 2 ActivatedCarbonFilterMonitoring ResetCondition", want: "2 ActivatedCarbonFilterMonitoring Condition=100; 2 HEPAFilterMonitoring Condition=63"},
		}},
		"ventilation": {Ventilation, []scene{
			{do: `write 2 FreshAirControl FreshAirMode="9"`, want: "2 FreshAirControl FreshAirMode=9"},
			{do: `write 2 FreshAirControl FreshAirMode="5"`, code: 400},
		}},
		"smoke": {Smoke, []scene{
			{do: "command 2 Smoke SelfTestRequest", want: "2 Smoke ExpressedState=4"},
			{wait: 3 * time.Second, want: "2 Smoke ExpressedState=0"},
			{do: "write 2 Smoke SelfCheck=true", want: "2 Smoke SelfCheck=true"},
			{wait: 3 * time.Second, want: "2 Smoke SelfCheck=false"},
			{do: "write 2 Smoke Mute=true", want: "2 Smoke Mute=true"},
			{do: "command 2 Smoke TriggerWarning", want: "2 Smoke SmokeDetected=false"},
		}},
		"CO": {CO, []scene{{do: "command 2 CO SelfTestRequest", want: "2 CO ExpressedState=4"}}},
		"colours": {Lamp, []scene{
			{do: "write 2 ColorControl ColorTemperature=400", want: "2 ColorControl ColorMode=2"},
			{do: "write 2 ColorControl Hue=120.5", want: "2 ColorControl ColorMode=0"},
			{
				do:   `command 2 ColorControl MoveToHueAndSaturation [{"fieldCode":"Hue","value":10},{"fieldCode":"Saturation","value":20}]`,
				want: "2 ColorControl Hue=10; 2 ColorControl Saturation=20",
			},
			{do: `write 2 ColorControl LightingDynamicSceneMode="3"`, want: "2 ColorControl LightingDynamicSceneMode=3"},
		}},
		"x and y": {Matter, []scene{{do: "write 2 ColorControl CurrentX=1000", want: "2 ColorControl ColorMode=1; 2 ColorControl CurrentY=21561"}}},
		"points": {Points, []scene{
			{do: "write 4 AnalogOutputObject AnalogOutputPV=-1234.56", want: "4 AnalogOutputObject AnalogOutputPV=-1234.56"},
			{do: "write 6 MultiStateOutputObject MultiStateOutputPV=7", want: "6 MultiStateOutputObject MultiStateOutputPV=7"},
			{do: "write 5 MultiStateInputObject MultiStateInputPV=7", code: 400},
			{do: `write 7 CharacterStringValueObject CharStringValuePV="Ä"`, want: "7 CharacterStringValueObject CharStringValuePV=Ä"},
		}},
		"odd types": {Oddity, []scene{
			{do: `write 2 WaterChemistry Mixture="{\"salt\":2}"`, want: `2 WaterChemistry Mixture={"salt":2}`},
			{do: `write 2 WaterChemistry Mixture={"salt":2}`, code: 400},
			{do: "command 2 WaterChemistry FeedNow"},
			{do: `command 2 WaterChemistry FeedNow [{"fieldCode":"Portions","value":2}]`},
		}},
		"infrared": {Remote, []scene{
			{do: `write 2 IRControl IRKey="1"`},
			{do: `command 2 IRControl SendIRCode [{"fieldCode":"IRCode","value":"0102"}]`},
		}},
		"offline": {Away, []scene{{do: `write 0 EndpointLabel EndpointName="x"`, code: 1103}}},
	} {
		t.Run(name, func(t *testing.T) { tell(t, Options{}, c.device, c.scenes) })
	}
}
