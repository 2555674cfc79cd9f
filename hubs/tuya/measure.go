package tuya

import (
	"math"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// convert gives the unit that a class is shown in, and the factor from the maker's.
func convert(c hubs.Class, u hubs.Unit) (hubs.Unit, float64) {
	const thousandth = 1e-3
	switch {
	case c == hubs.Current && u == hubs.MilliAmpere:
		return hubs.Ampere, thousandth
	case c == hubs.Voltage && u == hubs.MilliVolt:
		return hubs.Volt, thousandth
	case (c == hubs.CarbonDioxide || c == hubs.CarbonMonoxide) && u == hubs.PPB:
		return hubs.PPM, thousandth
	case (c == hubs.PM1 || c == hubs.PM25 || c == hubs.PM10) && u == "mg/m³":
		return hubs.MicrogramM3, 1000
	}
	return u, 1
}

// unitOf is the unit of an Integer. A temperature without one is what the device says it
// shows, else in °C.
func (b *builder) unitOf(d *datum) hubs.Unit {
	t := d.integer()
	switch {
	case t.unit != "" && t.unit != hubs.Percent:
		return t.unit
	case t.unit == "" && strings.HasSuffix(d.norm, "_f"):
		return hubs.Fahrenheit
	case t.unit == "" && isTemperature(d.norm):
		if w, _ := b.now.text(b.find("temp_unit_convert", typeEnum)); strings.EqualFold(w, "f") {
			return hubs.Fahrenheit
		}
		return hubs.Celsius
	}
	return t.unit
}

func isTemperature(code string) bool {
	r, ok := sensorRules[code]
	return ok && r.class == hubs.Temperature || code == "temp_set"
}

// guess types a measurement that no table knows by its unit and its code.
func guess(d *datum) (rule, bool) {
	u, has := d.shown().unit, func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(d.norm, p) })
	}
	r := rule{name: title(d), adds: hubs.Measurement}
	switch {
	case u == hubs.Percent && has("batter", "electricity", "soc"):
		r.class, r.role = hubs.Battery, hubs.Diagnostic
	case u == hubs.Percent && has("humid"):
		r.class = hubs.HumidityClass
	case u == hubs.Celsius || u == hubs.Fahrenheit:
		r.class = hubs.Temperature
	case u == hubs.Watt || u == hubs.KiloWatt:
		r.class = hubs.Power
	case u == hubs.Volt || u == hubs.MilliVolt:
		r.class = hubs.Voltage
	case u == hubs.Ampere || u == hubs.MilliAmpere:
		r.class = hubs.Current
	case u == hubs.KiloWattH || u == hubs.WattHour:
		r.class, r.adds = hubs.Energy, hubs.Increasing
	case u == hubs.Hertz:
		r.class = hubs.Frequency
	case u == hubs.Lux:
		r.class = hubs.Illuminance
	case u == hubs.HectoPascal || u == hubs.KiloPascal || u == hubs.Pascal:
		r.class = hubs.Pressure
	case u == hubs.PPM && has("co2"):
		r.class = hubs.CarbonDioxide
	case u == hubs.MicrogramM3 && has("pm25", "pm2_5"):
		r.class = hubs.PM25
	case u == "var" || u == "kvar":
		r.class = hubs.ReactivePower
	case u == "VA":
		r.class = hubs.ApparentPower
	default:
		return rule{}, false
	}
	return r, true
}

// round keeps a converted number to the places that mean anything.
func round(f float64, decimals int) float64 {
	p := math.Pow10(decimals)
	return math.Round(f*p) / p
}
