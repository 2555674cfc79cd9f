package hubtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Home is n believable devices with one to five entities each. The same n gives the
// same home, and a larger one begins with it.
func Home(n int) []hubs.Device {
	rooms := []string{"Kitchen", "Living room", "Bedroom", "Hall", "Bathroom", "Office", "Garage", "Garden"}
	kinds := kinds()
	out := make([]hubs.Device, 0, n)
	for i := range n {
		d := kinds[i%len(kinds)]
		room := rooms[(i+i/len(kinds))%len(rooms)]
		d.ID = hubs.DeviceID(fmt.Sprintf("dev-%05d", i+1))
		d.Name = fmt.Sprintf("%s %s %d", room, d.Name, i/len(kinds)+1)
		d.Area, d.Home, d.Maker = room, "Home", "Acme"
		d.Firmware, d.Serial = fmt.Sprintf("1.%d.%d", i%4, i%7), fmt.Sprintf("SN%08d", i+1)
		d.Entities = slices.Clone(d.Entities)
		out = append(out, d)
	}
	return out
}

func kinds() []hubs.Device {
	battery := hubs.Entity{
		Key: "battery", Name: "Battery", Role: hubs.Diagnostic, Class: hubs.Battery,
		Spec: hubs.Sensor{Unit: hubs.Percent, Accumulates: hubs.Measurement},
	}
	signal := hubs.Entity{
		Key: "rssi", Name: "Signal strength", Role: hubs.Diagnostic, Class: hubs.SignalStrength, Hidden: true,
		Spec: hubs.Sensor{Unit: hubs.DBm, Accumulates: hubs.Measurement},
	}
	return []hubs.Device{
		{Name: "lamp", Model: "Colour lamp", Entities: []hubs.Entity{
			{Key: "light", Spec: hubs.Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500, HS: true, Effects: []string{"none", "sunrise"}}},
			{Key: "power_on", Name: "Power-on state", Role: hubs.Config, Spec: hubs.Choice{Options: []string{"on", "off", "last"}}},
			signal,
		}},
		{Name: "plug", Model: "Metering plug", Entities: []hubs.Entity{
			{Key: "switch", Class: hubs.Outlet, Spec: hubs.Switch{}},
			measured("power", "Power", hubs.Power, hubs.Watt, hubs.Measurement),
			measured("energy", "Energy", hubs.Energy, hubs.KiloWattH, hubs.Increasing),
			measured("voltage", "Voltage", hubs.Voltage, hubs.Volt, hubs.Measurement),
			{Key: "child_lock", Name: "Child lock", Role: hubs.Config, Spec: hubs.Switch{}},
		}},
		{Name: "climate sensor", Model: "Climate sensor", Entities: []hubs.Entity{
			measured("temperature", "Temperature", hubs.Temperature, hubs.Celsius, hubs.Measurement),
			measured("humidity", "Humidity", hubs.HumidityClass, hubs.Percent, hubs.Measurement),
			battery, signal,
		}},
		{Name: "contact", Model: "Contact sensor", Entities: []hubs.Entity{
			{Key: "contact", Class: hubs.DoorClass, Spec: hubs.Binary{}}, battery,
		}},
		{Name: "blind", Model: "Roller blind", Entities: []hubs.Entity{
			{Key: "cover", Class: hubs.Shutter, Spec: hubs.Cover{Positions: true, Stops: true}},
		}},
		{Name: "thermostat", Model: "Radiator thermostat", Entities: []hubs.Entity{
			{Key: "climate", Spec: hubs.Climate{
				Modes: []string{"off", "heat", "auto"}, Acts: true, Target: true, Min: 5, Max: 30, Step: 0.5, Measures: true,
			}},
			battery,
			{Key: "offset", Name: "Temperature offset", Role: hubs.Config, Spec: hubs.Number{Unit: hubs.Celsius, Min: -5, Max: 5, Step: 0.1}},
		}},
		{Name: "motion sensor", Model: "Motion sensor", Entities: []hubs.Entity{
			{Key: "motion", Class: hubs.MotionClass, Spec: hubs.Binary{}},
			measured("illuminance", "Illuminance", hubs.Illuminance, hubs.Lux, hubs.Measurement), battery,
		}},
		{Name: "lock", Model: "Door lock", Entities: []hubs.Entity{{Key: "lock", Spec: hubs.Lock{Opens: true}}, battery}},
		{Name: "button", Model: "Wireless button", Entities: []hubs.Entity{
			{Key: "press", Class: hubs.ButtonClass, Spec: hubs.Event{Types: []string{"single", "double", "long"}}}, battery,
		}},
		{Name: "fan", Model: "Ceiling fan", Entities: []hubs.Entity{
			{Key: "fan", Spec: hubs.Fan{Speeds: 100, Presets: []string{"normal", "night"}, Oscillates: true}},
			{Key: "reset", Name: "Reset filter", Role: hubs.Config, Spec: hubs.Button{}},
		}},
	}
}

func measured(key, name string, c hubs.Class, u hubs.Unit, a hubs.Accumulation) hubs.Entity {
	return hubs.Entity{Key: key, Name: name, Class: c, Spec: hubs.Sensor{Unit: u, Decimals: 1, Accumulates: a}}
}

// Readings is a full reading of every device with believable values. Another seed gives
// other values.
func Readings(devices []hubs.Device, seed int) []hubs.Reading {
	out := make([]hubs.Reading, 0, len(devices))
	for i := range devices {
		r := hubs.Reading{Device: devices[i].ID, Online: new(true), Full: true}
		for j := range devices[i].Entities {
			e := &devices[i].Entities[j]
			for _, f := range slices.Concat(e.Spec.Fields(), e.Attrs) {
				if f.Unseen {
					continue
				}
				r.Values = append(r.Values, hubs.PointValue{
					Point: hubs.Point{Entity: e.Key, Attr: f.Attr}, Value: believable(e, f, seed+i+j),
				})
			}
		}
		out = append(out, r)
	}
	return out
}

func believable(e *hubs.Entity, f hubs.Field, seed int) hubs.Value {
	switch f.Kind {
	case hubs.KindBool:
		return hubs.Bool(seed%2 == 0)
	case hubs.KindNumber:
		return number(f, seed)
	case hubs.KindTime:
		return hubs.Time(time.Date(2026, 1, 31, 7, 30, seed%60, 0, time.UTC))
	case hubs.KindText:
		return hubs.Str(text(e, f, seed))
	case hubs.KindUnknown:
	}
	return hubs.Value{}
}

func number(f hubs.Field, seed int) hubs.Value {
	share := float64(seed*37%101) / 100
	if f.Bounded() {
		return hubs.Num(f.Snap(f.Min + share*(f.Max-f.Min))).Round(1)
	}
	top := map[hubs.Unit]float64{
		hubs.Percent: 100, hubs.Celsius: 30, hubs.Watt: 2000, hubs.KiloWattH: 900, hubs.Volt: 240, hubs.Lux: 1000, hubs.DBm: -90,
	}[f.Unit]
	if top == 0 {
		top = 100
	}
	return hubs.Num(top * (0.5 + share/2)).Round(1)
}

func text(e *hubs.Entity, f hubs.Field, seed int) string {
	switch {
	case f.Attr == hubs.ColourMode: // only what the light can do
		for _, way := range []struct {
			attr hubs.Attr
			mode string
		}{{hubs.Kelvin, hubs.ColourKelvin}, {hubs.Hue, hubs.ColourHS}, {hubs.ColourX, hubs.ColourXY}} {
			if _, ok := e.Field(way.attr); ok {
				return way.mode
			}
		}
		return hubs.ColourWhite
	case f.Attr == hubs.Motion:
		return hubs.Stopped
	case f.Attr == hubs.State && len(f.Options) > 1:
		return f.Options[seed%2] // the first ones last, the others are on the way
	case len(f.Options) > 0:
		return f.Options[seed%len(f.Options)]
	case f.Format == hubs.FormatDate:
		return "2026-01-31"
	case f.Format == hubs.FormatTime:
		return "07:30:00"
	}
	s := "1.2.3"
	for float64(len(s)) < f.Min {
		s += "0"
	}
	if f.Max > 0 && float64(len(s)) > f.Max {
		s = s[:int(f.Max)]
	}
	return s
}
