package aqaratest

import (
	"slices"
	"strings"
	"time"
)

// The devices that FullHome has besides those of DefaultHome.
const (
	AirConditioner = "lumi.54ef4410000ac503" // controller of an air conditioner
	Thermostat     = "lumi.54ef4410007e57a1" // heats and cools, with a dead band and presets; its spec spells out nulls
	Radiator       = "lumi.54ef441000ad1a70" // valve of a radiator, of the type AirConditioner
	FloorHeating   = "lumi.54ef44100f100207"
	Fan            = "lumi.54ef44100000fa01" // speed in percent, direction, swing
	Purifier       = "lumi.54ef441000a1f117" // air purifier, fine dust, two filters
	Ventilation    = "lumi.54ef4410f4e5a141" // fresh air

	Lock      = "lumi.54ef441000d10c01" // can be locked and unlocked over REST
	PlainLock = "lumi.54ef441000d10c02" // cannot
	Garage    = "lumi.54ef4410006a4a6e"
	Valve     = "lumi.54ef441000a1be01" // closes by itself
	Blind     = "lumi.54ef4410b11d0001" // venetian blind, tilt in percent
	Jalousie  = "lumi.54ef4410b11d0002" // outside, tilt in degrees
	Twin      = "lumi.54ef4410c4c4c4c4" // curtain with two motors and dynamic endpoints
	Dryer     = "lumi.54ef4410d47e4001" // lifts clothes

	Vacuum  = "matt.7a1c99d0e0c84b20" // a Matter robot
	Sweeper = "lumi.54ef44105bee9e01" // a robot of the older model
	Washer  = "matt.7a1c99d0e0c84b21" // and the fridge below: temperature control
	Fridge  = "matt.7a1c99d0e0c84b22"
	Wallbox = "matt.7a1c99d0e0c84b23" // charges a car

	Smoke      = "lumi.158d0005a0c3e1"
	CO         = "lumi.158d0005a0c3e2"
	Gas        = "lumi.158d0005a0c3e3"
	Leak       = "lumi.158d0005a0c3e4"
	Rain       = "lumi.158d0005a0c3e5"
	Frost      = "lumi.158d0005a0c3e6"
	Presence   = "lumi.54ef4410f9200001" // zones as dynamic endpoints
	AirQuality = "lumi.54ef4410a19a0001" // CO2, VOC, fine dust
	Sleep      = "lumi.54ef4410513e9001"
	Flow       = "bacnet.1201.7" // pump and flow
	Meter      = "lumi.54ef4410e1ec0001"

	Cube      = "lumi.158d0006c0be01"
	Knob      = "lumi.54ef44106b0b0001"
	Vibration = "lumi.158d0006b1b4a1"
	Doorbell  = "lumi.54ef4410be110001"
	Speaker   = "57190441014858"
	Camera    = "lumi1.54ef4410ca3e4a01"
	Siren     = "lumi.54ef44105143e001"  // a hub with a ringtone, below the gateway
	Remote    = "virtual.99421761295152" // infrared

	Lamp     = "lumi.54ef4410007a1b3d" // hue, saturation and effects
	Matter   = "matt.519d1fb0c2e84a99" // Matter light with x and y; one of its endpoints is not live
	Points   = "bacnet.1201.4"         // points of a building: nothing is said about their ranges
	Oddity   = "virtual.99421761295999"
	Imported = "a3f0c1d2e4b59687" // a lamp out of Home Assistant; no root endpoint, no gateway
	Virtual  = "virtual.99421761295777"
	Away     = "lumi.158d0007dead01"   // offline
	Bare     = "lumi.54ef4410ba4e0001" // nothing but a root endpoint
)

// FullHome is a household with a device of every kind: those of DefaultHome come first,
// with the same IDs and values. The caller owns the result.
func FullHome() *Home {
	h := DefaultHome()
	h.Spaces[0].Children = append(h.Spaces[0].Children, Space{ID: "a1-005", Name: "Keller"})
	h.Spaces = append(h.Spaces, Space{ID: "b7", Name: "Draußen", Children: []Space{
		{ID: "b7-001", Name: "Garage & Einfahrt"}, {ID: "b7-002", Name: "Garten"},
	}})
	h.Automations[0].Actions = []Action{
		{Address{Strip, 2, "Output", "OnOff"}, false},
		{Address{Outlet, 2, "Output", "OnOff"}, false},
		{Address{Lamp, 2, "Output", "OnOff"}, false},
	}
	h.Automations[1].Actions = []Action{
		{Address{Strip, 2, "LevelControl", "CurrentLevel"}, 20}, {Address{Blind, 2, "WindowCovering", "TargetPositionPercentage"}, 0},
	}
	first := len(h.Devices)
	for _, some := range [][]Device{climateDevices(), coverDevices(), machineDevices(), alarmDevices(), sensorDevices(), controlDevices(), otherDevices()} {
		h.Devices = append(h.Devices, some...)
	}
	for i := range h.Devices[first:] {
		d := &h.Devices[first+i]
		d.Online = d.ID != Away
		d.Created = time.UnixMilli(1759449173093 + int64(i)*43_200_000)
		d.Gateway = Gateway
		if slices.Contains(thirdParty(), d.ID) {
			d.Gateway = ""
		}
	}
	return h
}

// thirdParty lists what is no Aqara device and hangs on no gateway.
func thirdParty() []string { return []string{Flow, Points, Imported, Virtual, Oddity, Speaker} }

// product is a device whose first endpoint is the root.
func product(id, name, model, space, types string, parts ...Endpoint) Device {
	return Device{
		ID: id, Name: name, Types: strings.Fields(types), Space: space,
		Endpoints: append([]Endpoint{root(model, "1.4.9_0003", name)}, parts...),
	}
}

func part(id int, name, kind string, functions ...Function) Endpoint {
	return Endpoint{ID: id, Name: name, Type: kind, Functions: functions}
}

// mains is endpoint 1 of what has mains and Wi-Fi, with the plumbing that such devices
// report.
func mains(more ...Function) Endpoint {
	return part(1, "Public", "Public", append([]Function{
		function("PowerSource", enum("PowerMode", "RP", powerModes, "1")),
		function(
			"NetworkCommissioning", integer("WiFiRSSI", "RP", -100, 0, 0, int64(-61)),
			text("WiFiSSID", "RP", "FRITZ!Box 7590 „Dörrberg“"),
		),
		function("GeneralDiagnostics", integer("UpTime", "RP", 0, 4294967295, 0, int64(86412))),
	}, more...)...)
}

// What the tables of enumerations say.
const (
	powerModes = "Unknown=0 Mains=1 Battery=2 DCSource=3 ACSource=4"
	qualities  = "Unknown=0 Excellent=1 Good=2 Fair=3 Inferior=4 Poor=5"
	fanModes   = "Off=0 LowSpeed=1 MediumSpeed=2 HighSpeed=3 Auto=4"
)

func metering(power, energy float64) Function {
	return function(
		"EnergyManagement",
		float("CurrentVoltage", "RP", 0, 500, 0.01, "V", 230.4),
		float("CircuitCurrent", "RP", 0, 10000, 0.001, "A", 0.182),
		float("CurrentPower", "RP", 0, 5000, 0.1, "W", power),
		float("CumulativeEnergyConsumption", "RP", 0, 1e8, 0.1, "W·h", energy),
	)
}

func temperature(value any) Trait {
	return float("CurrentTemperature", "RP", -50, 100, 0.01, "℃", value)
}

// unbounded is a number about which nothing else is said.
func unbounded(code, kind, access string, value any) Trait {
	return trait(code, param(kind, access), value)
}

func textField(code string, mandatory bool) Field {
	return Field{Code: code, Mandatory: mandatory, Param: Param{Type: "String"}}
}

// descriptor is the function that lists the live endpoints as JSON text; supported is
// left out for Matter devices.
func descriptor(supported, list any) Function {
	f := function("Descriptor", trait("EndpointArrayDynamic", param("List[Integer]", "RP"), list))
	if supported != nil {
		f.Traits = append(f.Traits, integer("SupportedEndpointDynamic", "R", 0, 1, 0, supported))
	}
	return f
}

// rooted adds functions to the root endpoint.
func (d Device) rooted(functions ...Function) Device {
	d.Endpoints[0].Functions = append(d.Endpoints[0].Functions, functions...)
	return d
}
