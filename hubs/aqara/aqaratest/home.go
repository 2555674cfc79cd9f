package aqaratest

import (
	"time"
)

// The devices of DefaultHome.
const (
	Strip   = "lumi.54ef4410007a1b2c" // colour strip with white temperature
	Outlet  = "lumi.54ef441000c0ffee" // two sockets, a meter, a button
	Climate = "lumi.158d0002c660dc"   // temperature, humidity and pressure; battery
	Door    = "lumi.158d0003d1a2b4"   // contact; battery
	Motion  = "lumi.54ef44100055aa01" // motion and illuminance; battery
	Button  = "57190441014857"        // wireless button; nowhere in the tree of spaces
	Curtain = "matt.519d1fb0c2e84a77" // curtain motor; its spec spells out nulls
	Switch  = "b1654af4fda39824"      // wall switch with two gangs
)

// Gateway is the gateway that DefaultHome's Aqara devices hang on.
const Gateway = "lumi.54ef4410ffee0001"

// DefaultHome is a small household as people name it. The caller owns the result.
func DefaultHome() *Home {
	h := &Home{
		Devices: []Device{
			stripDevice(), outletDevice(), climateDevice(), doorDevice(),
			motionDevice(), buttonDevice(), curtainDevice(), switchDevice(),
		},
		Spaces: []Space{{ID: "a1", Name: "Haus am Dörrberg", Children: []Space{
			{ID: "a1-001", Name: "Wohnzimmer", Marking: "living_room"},
			{ID: "a1-002", Name: "Küche"},
			{ID: "a1-003", Name: "Büro / Gäste"},
			{ID: "a1-004", Name: "Obergeschoß", Children: []Space{
				{ID: "a1-004-1", Name: "Bad oben"},
				{ID: "a1-004-2", Name: "Flur"},
			}},
		}}},
		Automations: []Automation{
			{
				ID: "auto_15b0cde_1273", Name: "Away", Kind: "SCRIPT_TEXT", Enabled: true,
				Created: time.UnixMilli(1766043229326), Node: "n1", Trigger: "Alle weg",
			},
			{
				ID: "auto_15b0cde_1274", Name: "Filmabend", Kind: "WHEN_IF_THEN", Enabled: true,
				Created: time.UnixMilli(1766043330000), Node: "n4", Trigger: "Film ab", Space: "a1-001",
			},
			{
				ID: "auto_15b0cde_1275", Name: "Urlaub", Kind: "SCRIPT_TEXT",
				Created: time.UnixMilli(1766043440000), Node: "n1", Trigger: "Urlaub",
			},
			{
				ID: "auto_15b0cde_1276", Name: "Licht bei Bewegung", Kind: "SCRIPT_JSON", Enabled: true,
				Created: time.UnixMilli(1766043550000),
			},
		},
	}
	for i := range h.Devices {
		d := &h.Devices[i]
		d.Online = true
		d.Created = time.UnixMilli(1758549173093 + int64(i)*86_400_000)
		if d.ID != Button {
			d.Gateway = Gateway
		}
	}
	return h
}

func onOff(on any, more ...Trait) Function {
	return function("Output", append([]Trait{boolean("OnOff", "RWP", on)}, more...)...).
		with(command("On"), command("Off"), command("Toggle"))
}

func startUp(value string) Trait {
	return enum("StartUpOnOff", "RWP", "Off=0 On=1 Hold=3", value)
}

func stripDevice() Device {
	level := rangedField("Level", "Float", 1, 100)
	light := Endpoint{ID: 2, Name: "Light", Type: "Light", Functions: []Function{
		onOff(true, startUp("3")),
		function(
			"LevelControl",
			float("CurrentLevel", "RWP", 1, 100, 1, "%", 62.0),
		).with(
			command("SetBrightness", level, optional("Time", "Integer"), optional("ExecuteIfOff", "Bool")),
			command("SetBrightnessWithOnOff", level, optional("Time", "Integer")),
		),
		function(
			"ColorControl",
			enum("ColorMode", "RP", "XY=1 ColorTemperature=2", "2"),
			integer("ColorTemperature", "RWP", 153, 370, 1, int64(300)),
			integer("ColorXY", "RWP", 0, 4294967295, 0, int64(1684301142)),
		).with(command(
			"MoveToColorTemperature",
			rangedField("ColorTemperature", "Integer", 153, 370),
			optional("Time", "Integer"), optional("ExecuteIfOff", "Bool"),
		)),
	}}
	return Device{
		ID: Strip, Name: "TV-Lichtleiste Süd", Types: []string{"Light"}, Space: "a1-001",
		Endpoints: []Endpoint{root("lumi.light.acn132", "0.0.0_0027", "TV-Lichtleiste Süd"), light},
	}
}

func outletDevice() Device {
	return Device{
		ID: Outlet, Name: "Steckdose Büro", Types: []string{"Outlet", "Button"}, Space: "a1-003",
		Endpoints: []Endpoint{
			root("lumi.plug.aeu002", "0.0.0_0041", "Steckdose Büro"),
			{ID: 1, Name: "Public", Type: "Public", Functions: []Function{function(
				"EnergyManagement",
				float("CurrentVoltage", "RP", 100, 380, 0.001, "V", 229.8),
				float("CurrentPower", "RP", 0, 9999, 0.1, "W", 41.3),
				float("CumulativeEnergyConsumption", "RP", 0, 1e8, 0.1, "W·h", 12873.4),
			)}},
			{ID: 2, Name: "Socket 1", Type: "Outlet", Functions: []Function{onOff(true)}},
			{ID: 3, Name: "Socket 2", Type: "Outlet", Functions: []Function{onOff(false)}},
			{ID: 5, Name: "Button 1", Type: "Button", Functions: []Function{function(
				"Button",
				enum("ButtonEvent", "P", "SinglePress=0 DoublePress=1 LongPress=2", nil),
			)}},
		},
	}
}

func climateDevice() Device {
	return Device{
		ID: Climate, Name: "Klima Bad, 1. OG", Space: "a1-004-1",
		Types: []string{"TemperatureSensor", "HumiditySensor", "AtmosphericPressureSensor"},
		Endpoints: []Endpoint{
			root("lumi.weather.v1", "0.0.0_0005", "Klima Bad, 1. OG"),
			battery(87, 3.02),
			{ID: 2, Name: "Temperature", Type: "TemperatureSensor", Functions: []Function{function(
				"Temperature", float("CurrentTemperature", "RP", -50, 100, 0.01, "℃", 21.37),
			)}},
			{ID: 3, Name: "Humidity", Type: "HumiditySensor", Functions: []Function{function(
				"RelativeHumidity", float("CurrentHumidity", "RP", 0, 100, 0, "%", 48.6),
			)}},
			{ID: 4, Name: "Pressure", Type: "AtmosphericPressureSensor", Functions: []Function{function(
				"Pressure", float("CurrentPressure", "RP", 0, 200000, 0, "kPa", 98.4),
			)}},
		},
	}
}

func doorDevice() Device {
	bare := root("lumi.magnet.agl02", "", "Haustür")
	bare.Functions = nil
	bare.Name = "DeviceObject"
	return Device{
		ID: Door, Name: "Haustür", Types: []string{"ContactSensor"}, Space: "a1-004-2",
		Endpoints: []Endpoint{
			bare,
			battery(100, 3.15),
			{ID: 2, Name: "Contact", Type: "ContactSensor", Functions: []Function{function(
				"Contact", boolean("ContactSensorState", "RP", false),
			)}},
		},
	}
}

func motionDevice() Device {
	hold := integer("HoldTime", "RWP", 1, 300, 1, int64(30))
	return Device{
		ID: Motion, Name: "Bewegung  Flur ", Types: []string{"MotionSensor", "IlluminanceSensor"}, Space: "a1-004-2",
		Endpoints: []Endpoint{
			root("lumi.motion.agl04", "0.0.0_0012", "Bewegung  Flur "),
			battery(64.5, 2.94),
			{ID: 2, Name: "Motion", Type: "MotionSensor", Functions: []Function{function(
				"OccupancySensing",
				boolean("Occupancy", "RP", false), hold,
				enum("OccupancySensorType", "RP", "PIR=0", "0"),
			)}},
			{ID: 3, Name: "Illuminance", Type: "IlluminanceSensor", Functions: []Function{function(
				"Illuminance", float("CurrentIlluminance", "RP", 0, 100000, 0, "lux", 118.0),
			)}},
		},
	}
}

func buttonDevice() Device {
	f := function("Button", enum("ButtonEvent", "P", "SinglePress=0 DoublePress=1 LongPress=2 LongPressRelease=3", nil))
	f.RepeatID = true
	return Device{
		ID: Button, Name: "Taster „Gäste“", Types: []string{"Button"},
		Endpoints: []Endpoint{
			{ID: 0, Name: "DeviceObject", Type: "Root"},
			battery(0, 0).unknown(),
			{ID: 2, Name: "Button", Type: "Button", Functions: []Function{f}},
		},
	}
}

// unknown takes all values away: the device has not reported yet.
func (e Endpoint) unknown() Endpoint {
	for i := range e.Functions {
		for j := range e.Functions[i].Traits {
			e.Functions[i].Traits[j].Value = nil
		}
	}
	return e
}

func curtainDevice() Device {
	position := rangedField("PositionPercentage", "Float", 0, 100)
	motor := function(
		"WindowCovering",
		float("CurrentPositionPercentage", "RP", 0, 100, 1, "%", 35.0),
		float("TargetPositionPercentage", "RWP", 0, 100, 1, "%", 35.0),
		enum("MotorOperationStatus", "RP", "Closing=0 Opening=1 Stopped=2 ObstacleStop=3", motorStopped),
		enum("WindowCoveringType", "RWP", "Curtain=4", "4"),
		boolean("MotorDirectionReversed", "RWP", false),
	).with(
		command("StopMotion"), command("GoToMinPositionPercentage"), command("GoToMaxPositionPercentage"),
		command("GoToPositionPercentage", position, optional("TransitionTime", "Integer")),
		command("StepPosition", rangedField("Size", "Float", -100, 100), optional("Time", "Integer")),
	)
	return Device{
		ID: Curtain, Name: "Vorhang Wohnzimmer", Types: []string{"WindowCovering"}, Space: "a1-001", Nulls: true,
		Endpoints: []Endpoint{
			root("lumi.curtain.acn010", "0.0.0_0020", "Vorhang Wohnzimmer"),
			{ID: 2, Name: "Curtain", Type: "WindowCovering", Functions: []Function{motor}},
		},
	}
}

func switchDevice() Device {
	gang := func(id int, name string, on bool) Endpoint {
		return Endpoint{ID: id, Name: name, Type: "Switch", Functions: []Function{onOff(on)}}
	}
	first := Endpoint{ID: 2, Name: "Links", Type: "Switch", Functions: []Function{onOff(false, startUp("3"))}}
	return Device{
		ID: Switch, Name: "Schalter Küche", Types: []string{"Switch"}, Space: "a1-002",
		Endpoints: []Endpoint{
			root("lumi.switch.acn031", "0.0.0_0031", "Schalter Küche"),
			first, gang(3, "Rechts (Außen)", true),
		},
	}
}

func (h *Home) setDefaults(o *Options, now time.Time) {
	for i := range h.Devices {
		d := &h.Devices[i]
		d.Created = cmpTime(d.Created, now)
		heard := now.Add(-time.Minute)
		if !d.Online {
			heard = now.Add(-49 * time.Hour)
			setReachable(d, false, now)
		}
		d.each(func(a Address, t *Trait) {
			if open, ok := t.Value.(bool); ok && a.Trait == "ContactSensorState" && o.ClosedIsTrue {
				t.Value = !open
			}
			if t.Value != nil && t.At.IsZero() {
				t.At = heard
			}
		})
	}
	for _, id := range o.Offline {
		if d := h.device(id); d != nil {
			d.Online = false
			setReachable(d, false, now)
		}
	}
}

func cmpTime(t, or time.Time) time.Time {
	if t.IsZero() {
		return or
	}
	return t
}
