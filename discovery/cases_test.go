package discovery

import (
	"maps"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// testLayout is what the golden payloads are rendered with.
var testLayout = Layout{
	Prefix: "homeassistant", Base: "home/h2m", Hub: "aqara", PublicURL: "https://h.example/x/", Version: "1.2.3",
}

// testCase is one device with what is known of it.
type testCase struct {
	layout *Layout // nil: testLayout
	device Placed
	now    map[hubs.Point]hubs.Value
}

func at(entity string, attr hubs.Attr, v hubs.Value) func(map[hubs.Point]hubs.Value) {
	return func(m map[hubs.Point]hubs.Value) { m[hubs.Point{Entity: entity, Attr: attr}] = v }
}

func known(vs ...func(map[hubs.Point]hubs.Value)) map[hubs.Point]hubs.Value {
	m := make(map[hubs.Point]hubs.Value)
	for _, v := range vs {
		v(m)
	}
	return m
}

func placed(name string, es ...hubs.Entity) Placed {
	return Placed{Device: hubs.Device{ID: "0x01:ab", Name: name, Entities: es}, ID: "0x01_ab"}
}

var testSeen = time.Date(2026, 1, 31, 7, 30, 15, 250e6, time.FixedZone("", 3600))

func testCases() map[string]testCase {
	all := make(map[string]testCase)
	for _, group := range []map[string]testCase{
		deviceCases(), switchCases(), sensorCases(), settingCases(), lightCases(), movingCases(), climateCases(), otherCases(),
	} {
		maps.Copy(all, group)
	}
	return all
}

func deviceCases() map[string]testCase {
	full := placed("Schäffers Lampe №1",
		hubs.Entity{Key: "power", Spec: hubs.Switch{}},
		hubs.Entity{Key: "child_lock", Name: "Schäffers Lampe №1 child lock", Role: hubs.Config, Spec: hubs.Switch{}},
		hubs.Entity{Key: "second", Spec: hubs.Switch{}},
		hubs.Entity{Key: "name_", Name: "schäffers Lampe №1", Icon: "mdi:lamp", Spec: hubs.Text{}},
		hubs.Entity{Key: "rssi", Name: "Signal", Class: hubs.SignalStrength, Role: hubs.Diagnostic, Hidden: true, Spec: hubs.Sensor{Unit: hubs.DBm, Accumulates: hubs.Measurement}},
	)
	full.Area, full.Maker, full.Model, full.ModelID = "Küche", "Aqara", "Bulb", "lumi.light"
	full.Firmware, full.Hardware, full.Serial, full.MAC = "1.0", "2", "S1", "02:00:00:00:00:01"
	full.Via, full.ViaID = "gw", "gw"
	hub := placed("Cabin", hubs.Entity{Key: "movie", Name: "Movie night", Spec: hubs.Scene{}})
	hub.Device.ID, hub.ID = hubs.Self, HubID
	bridge := placed("hub2mqtt",
		hubs.Entity{Key: "version", Name: "Version", Role: hubs.Diagnostic, Spec: hubs.Sensor{Kind: hubs.KindText}},
		hubs.Entity{Key: "restart", Name: "Restart", Class: hubs.Restart, Role: hubs.Config, Spec: hubs.Button{}})
	bridge.ID = BridgeID
	chinese := placed("客厅灯", hubs.Entity{Key: "power", Spec: hubs.Switch{}}, hubs.Entity{Key: "wifi", Name: "WLAN", Spec: hubs.Binary{}})
	attrs := placed("Lamp",
		hubs.Entity{Key: "power", Spec: hubs.Switch{}, Attrs: []hubs.Field{
			{Attr: "fault", Kind: hubs.KindText}, {Attr: "count", Kind: hubs.KindNumber, Settable: true}, {Attr: "sure", Kind: hubs.KindBool},
		}},
		hubs.Entity{Key: "power_attributes", Name: "Odd", Spec: hubs.Binary{}})
	return map[string]testCase{
		"device_full": {device: full, now: known(at("power", hubs.On, hubs.Bool(true)), at("rssi", hubs.Main, hubs.Num(-61)), at("name_", hubs.Main, hubs.Str("x\"\n\u2028y")))},
		"device_hub":  {device: hub},
		"device_bridge": {
			layout: &Layout{Prefix: "homeassistant", Base: "hub2mqtt", Version: "1.2.3"}, device: bridge,
			now: known(at("version", hubs.Main, hubs.Str("1.2.3"))),
		},
		"device_chinese": {device: chinese},
		"device_attributes": {device: attrs, now: known(at("power", hubs.On, hubs.Bool(false)),
			at("power", "fault", hubs.Str("E1")), at("power", "count", hubs.Num(3)))},
	}
}

func switchCases() map[string]testCase {
	return map[string]testCase{
		"switch": {device: placed("Plug",
			hubs.Entity{Key: "power", Class: hubs.Outlet, Spec: hubs.Switch{}},
			hubs.Entity{Key: "led", Name: "Indicator", Role: hubs.Config, Spec: hubs.Switch{}},
			hubs.Entity{Key: "pulse", Name: "Pulse", Spec: hubs.Switch{WriteOnly: true}}), now: known(at("power", hubs.On, hubs.Bool(true)))},
		"siren": {device: placed("Siren",
			hubs.Entity{Key: "alarm", Spec: hubs.Siren{Tones: []string{"fire", "burglar"}, Duration: true, Volume: true}},
			hubs.Entity{Key: "plain", Name: "Plain", Spec: hubs.Siren{}}), now: known(at("alarm", hubs.On, hubs.Bool(false)))},
		"button": {device: placed("Remote",
			hubs.Entity{Key: "find", Name: "Find", Class: hubs.Identify, Spec: hubs.Button{}},
			hubs.Entity{Key: "run", Name: "Run", Spec: hubs.Button{}},
			hubs.Entity{Key: "relax", Name: "Relax", Spec: hubs.Scene{}})},
		"event": {device: placed("Remote",
			hubs.Entity{Key: "button_1", Name: "Button 1", Class: hubs.ButtonClass, Spec: hubs.Event{Types: []string{"press", "double press", "double_press", "press"}}},
			hubs.Entity{Key: "bell", Name: "Bell", Class: hubs.Doorbell, Role: hubs.Config, Spec: hubs.Event{Types: []string{"ring"}}},
			hubs.Entity{Key: "no_bell", Name: "No bell", Class: hubs.Doorbell, Spec: hubs.Event{Types: []string{"rings"}}})},
		"binary_sensor": {device: placed("Door",
			hubs.Entity{Key: "contact", Class: hubs.DoorClass, Spec: hubs.Binary{}},
			hubs.Entity{Key: "online", Name: "Connected", Class: hubs.Connectivity, Role: hubs.Config, Spec: hubs.Binary{}},
			hubs.Entity{Key: "glass", Name: "Glass", Class: hubs.GlassBreak, Spec: hubs.Binary{}},
			hubs.Entity{Key: "odd", Name: "Odd", Class: hubs.Temperature, Spec: hubs.Binary{}}), now: known(at("contact", hubs.On, hubs.Bool(true)), at("online", hubs.On, hubs.Bool(false)))},
	}
}

func sensorCases() map[string]testCase {
	text := "0123456789"
	for range 5 {
		text += text
	}
	return map[string]testCase{
		"sensor": {device: placed("Meter",
			hubs.Entity{Key: "temperature", Class: hubs.Temperature, Spec: hubs.Sensor{Unit: hubs.Celsius, Decimals: 1, Accumulates: hubs.Measurement}},
			hubs.Entity{Key: "energy", Name: "Energy", Class: hubs.Energy, Spec: hubs.Sensor{Unit: hubs.KiloWattH, Decimals: -1, Accumulates: hubs.Increasing}},
			hubs.Entity{Key: "power", Name: "Power", Class: hubs.Power, Spec: hubs.Sensor{Unit: "furlong", Decimals: 2, Accumulates: hubs.Measurement}},
			hubs.Entity{Key: "pm", Name: "PM2.5", Class: hubs.PM25, Spec: hubs.Sensor{Unit: "\u00b5g/m³", Accumulates: hubs.Total}},
			hubs.Entity{Key: "count", Name: "Count", Role: hubs.Config, Spec: hubs.Sensor{Accumulates: hubs.Increasing}},
			hubs.Entity{Key: "raw", Name: "Raw", Spec: hubs.Sensor{Decimals: -1}},
			hubs.Entity{Key: "angle", Name: "Angle", Spec: hubs.Sensor{Unit: "%", Accumulates: hubs.Angle}},
			hubs.Entity{Key: "wind", Name: "Wind", Class: hubs.WindDirection, Spec: hubs.Sensor{Unit: hubs.Degree, Accumulates: hubs.Angle}},
			hubs.Entity{Key: "ph", Name: "pH", Class: hubs.PH, Spec: hubs.Sensor{Decimals: 2}},
			hubs.Entity{Key: "cost", Name: "Cost", Class: hubs.Monetary, Spec: hubs.Sensor{Unit: "EUR", Decimals: 2, Accumulates: hubs.Total}},
		), now: known(at("temperature", hubs.Main, hubs.Num(-0.04)), at("energy", hubs.Main, hubs.Num(21.500000000000004)),
			at("power", hubs.Main, hubs.Num(3)), at("raw", hubs.Main, hubs.Num(1e300)), at("pm", hubs.Main, hubs.Num(1e-9)))},
		"sensor_text": {device: placed("Thing",
			hubs.Entity{Key: "mode", Spec: hubs.Sensor{Options: []string{"eco", "party", "eco", ""}}},
			hubs.Entity{Key: "other", Name: "Other", Spec: hubs.Sensor{Options: []string{"a"}}},
			hubs.Entity{Key: "ends", Name: "Ends", Spec: hubs.Sensor{Kind: hubs.KindTime}},
			hubs.Entity{Key: "day", Name: "Day", Class: hubs.Date, Spec: hubs.Sensor{Kind: hubs.KindText}},
			hubs.Entity{Key: "note", Name: "Note", Spec: hubs.Sensor{Kind: hubs.KindText, Unit: "W"}},
			hubs.Entity{Key: "empty", Name: "Empty", Spec: hubs.Sensor{Kind: hubs.KindText}},
			hubs.Entity{Key: "yes", Name: "Yes", Spec: hubs.Sensor{Kind: hubs.KindBool}},
		), now: known(at("mode", hubs.Main, hubs.Str("party")), at("other", hubs.Main, hubs.Str("b")), at("ends", hubs.Main, hubs.Time(testSeen)),
			at("day", hubs.Main, hubs.Str("2026-01-31")), at("note", hubs.Main, hubs.Str(text)), at("empty", hubs.Main, hubs.Str("")),
			at("yes", hubs.Main, hubs.Bool(true)))},
	}
}

func settingCases() map[string]testCase {
	return map[string]testCase{
		"number": {device: placed("Box",
			hubs.Entity{Key: "level", Spec: hubs.Number{Unit: hubs.Percent, Max: 100, Step: 1}},
			hubs.Entity{Key: "offset", Name: "Offset", Class: hubs.Temperature, Role: hubs.Config, Spec: hubs.Number{Unit: hubs.Celsius, Min: -5, Max: 5, Step: 0.0001}},
			hubs.Entity{Key: "free", Name: "Free", Spec: hubs.Number{}},
			hubs.Entity{Key: "delay", Name: "Delay", Spec: hubs.Number{Max: 10, Step: 1, Unit: hubs.Second, WriteOnly: true}},
		), now: known(at("level", hubs.Main, hubs.Num(101)), at("offset", hubs.Main, hubs.Num(-2.5)))},
		"select": {device: placed("Box",
			hubs.Entity{Key: "mode", Spec: hubs.Choice{Options: []string{"Eco", "Party"}}},
			hubs.Entity{Key: "tune", Name: "Tune", Spec: hubs.Choice{Options: []string{"a"}, WriteOnly: true}},
			hubs.Entity{Key: "lost", Name: "Lost", Spec: hubs.Choice{Options: []string{"a"}}},
			hubs.Entity{Key: "lamp", Name: "Lamp", Spec: hubs.Choice{Options: []string{"relay", "none"}}},
		), now: known(at("mode", hubs.Main, hubs.Str("Party")), at("lost", hubs.Main, hubs.Str("z")), at("lamp", hubs.Main, hubs.Str("none")))},
		"text": {device: placed("Box",
			hubs.Entity{Key: "message", Spec: hubs.Text{Min: 1, Max: 8}},
			hubs.Entity{Key: "pin", Name: "PIN", Spec: hubs.Text{Max: 9000, Password: true}},
			hubs.Entity{Key: "say", Name: "Say", Spec: hubs.Text{WriteOnly: true}},
			hubs.Entity{Key: "day", Name: "Day", Spec: hubs.Text{Format: hubs.FormatDate}},
			hubs.Entity{Key: "wake", Name: "Wake", Spec: hubs.Text{Format: hubs.FormatTime}},
			hubs.Entity{Key: "bad", Name: "Bad", Spec: hubs.Text{Format: hubs.FormatTime}},
		), now: known(at("message", hubs.Main, hubs.Str("too long for it")), at("day", hubs.Main, hubs.Str("2026-01-31")),
			at("wake", hubs.Main, hubs.Str("07:30:00")), at("bad", hubs.Main, hubs.Str("7:30")))},
	}
}

func lightCases() map[string]testCase {
	all := hubs.Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500, HS: true, Effects: []string{"fire", "sea"}, Transition: true}
	return map[string]testCase{
		"light": {device: placed("Lamp",
			hubs.Entity{Key: "onoff", Name: "On off", Spec: hubs.Light{}},
			hubs.Entity{Key: "dim", Name: "Dim", Spec: hubs.Light{Dims: true}},
			hubs.Entity{Key: "white", Name: "White", Spec: hubs.Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500}},
			hubs.Entity{Key: "colour", Name: "Colour", Spec: all},
			hubs.Entity{Key: "xy", Name: "XY", Spec: hubs.Light{Dims: true, XY: true}},
			hubs.Entity{Key: "dark", Name: "Dark", Spec: hubs.Light{Dims: true, HS: true}},
			hubs.Entity{Key: "fixed", Name: "Fixed", Spec: hubs.Light{HS: true}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500, HS: true, XY: true, Effects: []string{"a"}}},
		), now: known(
			at("onoff", hubs.On, hubs.Bool(true)),
			at("dim", hubs.On, hubs.Bool(true)), at("dim", hubs.Level, hubs.Num(0.1)),
			at("white", hubs.On, hubs.Bool(true)), at("white", hubs.Level, hubs.Num(50)), at("white", hubs.Kelvin, hubs.Num(2702.7)),
			at("colour", hubs.On, hubs.Bool(true)), at("colour", hubs.ColourMode, hubs.Str(hubs.ColourHS)), at("colour", hubs.Hue, hubs.Num(120)),
			at("colour", hubs.Saturation, hubs.Num(33.333)), at("colour", hubs.Kelvin, hubs.Num(3000)), at("colour", hubs.Effect, hubs.Str("sea")),
			at("xy", hubs.On, hubs.Bool(true)), at("xy", hubs.ColourX, hubs.Num(0.3)), at("xy", hubs.ColourY, hubs.Num(0.41234567)),
			at("dark", hubs.On, hubs.Bool(false)), at("dark", hubs.Level, hubs.Num(0)), at("dark", hubs.ColourMode, hubs.Str(hubs.ColourWhite)),
			at("fixed", hubs.On, hubs.Bool(true)), at("fixed", hubs.Hue, hubs.Num(0)), at("fixed", hubs.Saturation, hubs.Num(0)),
		)},
	}
}

func movingCases() map[string]testCase {
	return map[string]testCase{
		"cover": {device: placed("Blind",
			hubs.Entity{Key: "blind", Class: hubs.Blind, Spec: hubs.Cover{Positions: true, Tilts: true, Stops: true}},
			hubs.Entity{Key: "gate", Name: "Gate", Class: hubs.GarageDoor, Spec: hubs.Cover{}},
			hubs.Entity{Key: "moving", Name: "Moving", Spec: hubs.Cover{Positions: true}},
			hubs.Entity{Key: "stopped", Name: "Stopped", Spec: hubs.Cover{Stops: true}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.Cover{Positions: true, Tilts: true, Stops: true}},
		), now: known(at("blind", hubs.Position, hubs.Num(49.6)), at("blind", hubs.Tilt, hubs.Num(10)), at("gate", hubs.Position, hubs.Num(0)),
			at("moving", hubs.Motion, hubs.Str(hubs.Closing)), at("moving", hubs.Position, hubs.Num(20)),
			at("stopped", hubs.Motion, hubs.Str(hubs.Stopped)))},
		"valve": {device: placed("Water",
			hubs.Entity{Key: "valve", Class: hubs.Water, Spec: hubs.Valve{Positions: true, Stops: true}},
			hubs.Entity{Key: "tap", Name: "Tap", Spec: hubs.Valve{}},
			hubs.Entity{Key: "moving", Name: "Moving", Spec: hubs.Valve{Positions: true}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.Valve{Positions: true}},
			hubs.Entity{Key: "unknown2", Name: "Unknown two", Spec: hubs.Valve{}},
			hubs.Entity{Key: "stopped", Name: "Stopped", Spec: hubs.Valve{Stops: true}},
		), now: known(at("valve", hubs.Position, hubs.Num(30)), at("tap", hubs.Position, hubs.Num(0)), at("stopped", hubs.Motion, hubs.Str(hubs.Stopped)),
			at("moving", hubs.Position, hubs.Num(30)), at("moving", hubs.Motion, hubs.Str(hubs.Opening)))},
		"lock": {device: placed("Lock",
			hubs.Entity{Key: "lock", Spec: hubs.Lock{}},
			hubs.Entity{Key: "latch", Name: "Latch", Spec: hubs.Lock{Opens: true, Code: `^\d{4}$`}},
			hubs.Entity{Key: "odd", Name: "Odd", Spec: hubs.Lock{Code: `(`}},
		), now: known(at("lock", hubs.State, hubs.Str(hubs.Jammed)), at("latch", hubs.State, hubs.Str(hubs.Opening)))},
	}
}

func climateCases() map[string]testCase {
	full := hubs.Climate{
		Modes: []string{"off", "heat", "cool", "heat_cool", "odd"}, Acts: true, Target: true, Range: true, Min: 5, Max: 30, Step: 0.5,
		Measures: true, MeasuresHumidity: true, Humidity: true, MinHumidity: 20, MaxHumidity: 80,
		FanModes: []string{"low", "high"}, SwingModes: []string{"up", "down"}, Presets: []string{"none", "eco"},
	}
	return map[string]testCase{
		"climate": {device: placed("Heating",
			hubs.Entity{Key: "thermostat", Spec: full},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: full},
			hubs.Entity{Key: "plain", Name: "Plain", Spec: hubs.Climate{Modes: []string{"heat", "off"}, Target: true}},
			hubs.Entity{Key: "bare", Name: "Bare", Spec: hubs.Climate{Target: true, Min: 5, Max: 30}},
		), now: known(at("thermostat", hubs.Mode, hubs.Str("heat_cool")), at("thermostat", hubs.Doing, hubs.Str("idle")),
			at("thermostat", hubs.Target, hubs.Num(21.5)), at("thermostat", hubs.TargetLow, hubs.Num(19)), at("thermostat", hubs.TargetHigh, hubs.Num(23)),
			at("thermostat", hubs.Measured, hubs.Num(20.123)), at("thermostat", hubs.MeasuredHumidity, hubs.Num(44.4)), at("thermostat", hubs.Humidity, hubs.Num(50)),
			at("thermostat", hubs.FanMode, hubs.Str("low")), at("thermostat", hubs.Swing, hubs.Str("up")), at("thermostat", hubs.Preset, hubs.Str("eco")),
			at("plain", hubs.Mode, hubs.Str("dry")))},
		"water_heater": {device: placed("Boiler",
			hubs.Entity{Key: "boiler", Spec: hubs.WaterHeater{Modes: []string{"off", "eco", "odd"}, Min: 30, Max: 70, Measures: true}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.WaterHeater{Modes: []string{"off", "eco"}, Min: 30, Max: 70, Measures: true}},
			hubs.Entity{Key: "bare", Name: "Bare", Spec: hubs.WaterHeater{}},
		), now: known(at("boiler", hubs.Mode, hubs.Str("eco")), at("boiler", hubs.Target, hubs.Num(50)), at("boiler", hubs.Measured, hubs.Num(48.2)))},
		"fan": {device: placed("Air",
			hubs.Entity{Key: "fan", Spec: hubs.Fan{Speeds: 3, Presets: []string{"auto", "sleep"}, Oscillates: true, Reverses: true}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.Fan{Speeds: 3, Presets: []string{"auto", "sleep"}, Oscillates: true, Reverses: true}},
			hubs.Entity{Key: "plain", Name: "Plain", Spec: hubs.Fan{}},
		), now: known(at("fan", hubs.On, hubs.Bool(true)), at("fan", hubs.Level, hubs.Num(33.333)), at("fan", hubs.Preset, hubs.Str("auto")),
			at("fan", hubs.Oscillates, hubs.Bool(true)), at("fan", hubs.Direction, hubs.Str("reverse")))},
		"humidifier": {device: placed("Mist",
			hubs.Entity{Key: "mist", Class: hubs.Dehumidifies, Spec: hubs.Humidifier{Min: 30, Max: 80, Modes: []string{"auto"}, Measures: true, Acts: true}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.Humidifier{Min: 30, Max: 80, Modes: []string{"auto"}, Measures: true, Acts: true}},
			hubs.Entity{Key: "plain", Name: "Plain", Spec: hubs.Humidifier{}},
		), now: known(at("mist", hubs.On, hubs.Bool(true)), at("mist", hubs.Humidity, hubs.Num(45)), at("mist", hubs.MeasuredHumidity, hubs.Num(41)),
			at("mist", hubs.Mode, hubs.Str("auto")), at("mist", hubs.Doing, hubs.Str("drying")))},
	}
}

func otherCases() map[string]testCase {
	return map[string]testCase{
		"vacuum": {device: placed("Robby",
			hubs.Entity{Key: "robot", Spec: hubs.Vacuum{
				Can:       []hubs.Action{hubs.Start, hubs.Pause, hubs.Stop, hubs.Dock, hubs.CleanSpot, hubs.Locate, hubs.Send},
				FanSpeeds: []string{"low", "max"},
			}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.Vacuum{}},
		), now: known(at("robot", hubs.State, hubs.Str("cleaning")), at("robot", hubs.FanSpeed, hubs.Str("max")))},
		"lawn_mower": {device: placed("Mow",
			hubs.Entity{Key: "mower", Spec: hubs.Mower{Can: []hubs.Action{hubs.Start, hubs.Pause, hubs.Dock}}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.Mower{}},
		), now: known(at("mower", hubs.State, hubs.Str("mowing")))},
		"alarm": {device: placed("House",
			hubs.Entity{Key: "alarm", Spec: hubs.Alarm{Arms: []string{"armed_home", "armed_away", "odd"}, Code: "digits", Triggers: true}},
			hubs.Entity{Key: "text", Name: "Text", Spec: hubs.Alarm{Arms: []string{"armed_home"}, Code: "text"}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.Alarm{}},
		), now: known(at("alarm", hubs.State, hubs.Str("armed_away")), at("text", hubs.State, hubs.Str("pending")))},
		"update": {device: placed("Thing",
			hubs.Entity{Key: "firmware", Name: "Firmware", Class: hubs.Firmware, Role: hubs.Config, Spec: hubs.Update{Installs: true}},
			hubs.Entity{Key: "half", Name: "Half", Spec: hubs.Update{}},
			hubs.Entity{Key: "unknown", Name: "Unknown", Spec: hubs.Update{}},
		), now: known(at("firmware", hubs.Installed, hubs.Str("1.0")), at("firmware", hubs.Latest, hubs.Str("1.1")), at("firmware", hubs.InProgress, hubs.Bool(true)),
			at("half", hubs.Installed, hubs.Str("1.0")))},
	}
}
