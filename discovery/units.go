package discovery

import (
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// measure says what Home Assistant takes with a numeric device class: units of
// measurement ("" stands for none) and state classes.
type measure struct {
	units []string
	adds  []hubs.Accumulation
}

func words(s string) []string { return strings.Fields(s) }

var (
	instant  = []hubs.Accumulation{hubs.Measurement}
	counted  = []hubs.Accumulation{hubs.Total, hubs.Increasing}
	anyCount = []hubs.Accumulation{hubs.Measurement, hubs.Total, hubs.Increasing}

	noUnit      = []string{""}
	micrograms  = []string{"μg/m³"}
	pressures   = words("Pa hPa kPa bar cbar mbar inHg mmHg psi")
	energies    = words("J kJ MJ GJ mWh Wh kWh MWh GWh TWh cal kcal Mcal Gcal")
	volumes     = append(words("L mL m³ ft³ gal CCF"), "fl. oz.")
	temperature = words("°C °F K")
)

// measures are the classes of sensors and numbers. Units that came to Home Assistant
// after 2025.10, or that we could not date, are left out on purpose.
var measures = map[hubs.Class]measure{
	hubs.AbsoluteHumidity:    {words("g/m³ mg/m³"), instant},
	hubs.ApparentPower:       {words("VA kVA"), instant},
	hubs.AirQualityIndex:     {noUnit, instant},
	hubs.Area:                {words("ac cm² ft² ha in² km² mi² mm² m² yd²"), anyCount},
	hubs.AtmosphericPressure: {pressures, instant},
	hubs.Battery:             {words("%"), instant},
	hubs.CarbonDioxide:       {words("ppm"), instant},
	hubs.CarbonMonoxide:      {words("ppm"), instant},
	hubs.Conductivity:        {words("S/cm mS/cm μS/cm"), instant},
	hubs.Current:             {words("A mA"), instant},
	hubs.DataRate:            {words("bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s GB/s KiB/s MiB/s GiB/s"), instant},
	hubs.DataSize:            {words("bit kbit Mbit Gbit B kB MB GB TB PB EB ZB YB KiB MiB GiB TiB PiB EiB ZiB YiB"), anyCount},
	hubs.Distance:            {words("mm cm m km in ft yd mi nmi"), anyCount},
	hubs.Duration:            {words("d h min s ms μs"), anyCount},
	hubs.Energy:              {energies, counted},
	hubs.EnergyStorage:       {energies, instant},
	hubs.Frequency:           {words("Hz kHz MHz GHz"), instant},
	hubs.Gas:                 {words("m³ ft³ CCF L"), counted},
	hubs.HumidityClass:       {words("%"), instant},
	hubs.Illuminance:         {words("lx"), instant},
	hubs.Irradiance:          {words("W/m² BTU/(h⋅ft²)"), instant},
	hubs.Moisture:            {words("%"), instant},
	hubs.Monetary:            {nil, []hubs.Accumulation{hubs.Total}},
	hubs.NitrogenDioxide:     {micrograms, instant},
	hubs.Ozone:               {micrograms, instant},
	hubs.PH:                  {noUnit, instant},
	hubs.PM1:                 {micrograms, instant},
	hubs.PM10:                {micrograms, instant},
	hubs.PM25:                {micrograms, instant},
	hubs.Power:               {words("mW W kW MW GW TW"), instant},
	hubs.PowerFactor:         {[]string{"%", ""}, instant},
	hubs.Precipitation:       {words("mm cm in"), anyCount},
	hubs.PrecipitationRate:   {words("mm/h mm/d in/h in/d"), instant},
	hubs.Pressure:            {pressures, instant},
	hubs.ReactiveEnergy:      {words("varh kvarh"), counted},
	hubs.ReactivePower:       {words("var kvar"), instant},
	hubs.SignalStrength:      {words("dB dBm"), instant},
	hubs.SoundPressure:       {words("dB dBA"), instant},
	hubs.Speed:               {words("m/s km/h mph kn ft/s in/s in/h in/d mm/s mm/h mm/d Beaufort"), instant},
	hubs.SulphurDioxide:      {micrograms, instant},
	hubs.Temperature:         {temperature, instant},
	hubs.VOC:                 {words("μg/m³ mg/m³"), instant},
	hubs.VOCParts:            {words("ppb ppm"), instant},
	hubs.Voltage:             {words("V mV kV MV μV"), instant},
	hubs.Volume:              {volumes, counted},
	hubs.VolumeFlow:          {words("m³/h m³/s L/h L/min L/s mL/s ft³/min gal/min"), instant},
	hubs.VolumeStorage:       {volumes, instant},
	hubs.Water:               {words("L m³ ft³ gal CCF"), counted},
	hubs.Weight:              {words("kg g mg μg oz lb st"), anyCount},
	hubs.WindDirection:       {words("°"), []hubs.Accumulation{hubs.Angle}},
	hubs.WindSpeed:           {words("m/s km/h mph kn ft/s in/s mm/s Beaufort"), instant},
}

// takes tells whether the class may carry the unit.
func (m measure) takes(class hubs.Class, unit string) bool {
	if class == hubs.Monetary { // an ISO 4217 code
		return len(unit) == 3 && strings.Trim(unit, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	}
	return slices.Contains(m.units, unit)
}

// numeric is what a sensor or number announces of its class, unit and statistics:
// the unit always, the others where Home Assistant takes them together.
func numeric(class hubs.Class, raw hubs.Unit, adds hubs.Accumulation) (deviceClass, unit, stateClass string) {
	unit = strings.ReplaceAll(string(raw), "\u00b5", "\u03bc")
	m, known := measures[class]
	known = known && m.takes(class, unit)
	if known {
		deviceClass = string(class)
	}
	switch adds {
	case hubs.Measurement:
		stateClass = "measurement"
	case hubs.Angle:
		if unit == string(hubs.Degree) {
			stateClass = "measurement_angle"
		}
	case hubs.Total:
		stateClass = "total"
	case hubs.Increasing:
		stateClass = "total_increasing"
	case hubs.NotCounted:
	}
	if known && !slices.Contains(m.adds, adds) {
		stateClass = ""
	}
	return deviceClass, unit, stateClass
}

// classes are the device classes of the platforms that have no units.
var classes = map[string][]hubs.Class{
	"binary_sensor": {
		hubs.Battery, hubs.Charging, hubs.CarbonMonoxide, hubs.Cold, hubs.Connectivity, hubs.DoorClass,
		hubs.GarageDoor, hubs.Gas, hubs.Heat, hubs.LightSeen, hubs.LockClass, hubs.Moisture,
		hubs.MotionClass, hubs.Moving, hubs.Occupancy, hubs.OpeningClass, hubs.Plug, hubs.Power, hubs.Presence,
		hubs.Problem, hubs.Running, hubs.Safety, hubs.Smoke, hubs.Sound, hubs.Tamper, hubs.UpdateClass,
		hubs.Vibration, hubs.WindowClass,
	},
	"switch": {hubs.Outlet, hubs.SwitchClass},
	"button": {hubs.Identify, hubs.Restart, hubs.UpdateClass},
	"event":  {hubs.ButtonClass, hubs.Doorbell, hubs.MotionClass},
	"cover": {
		hubs.Awning, hubs.Blind, hubs.Curtain, hubs.Damper, hubs.DoorClass, hubs.Garage, hubs.Gate,
		hubs.Shade, hubs.Shutter, hubs.WindowClass,
	},
	"valve":      {hubs.Water, hubs.Gas},
	"humidifier": {hubs.Humidifies, hubs.Dehumidifies},
	"update":     {hubs.Firmware},
}

// renamed are classes that a platform knows by another word, or that only the newest
// Home Assistant knows.
var renamed = map[string]map[hubs.Class]hubs.Class{
	"binary_sensor": {hubs.GlassBreak: hubs.Safety, hubs.Garage: hubs.GarageDoor},
	"cover":         {hubs.GarageDoor: hubs.Garage},
}

// deviceClass is the platform's word for the class; empty: it has none.
func deviceClass(platform string, class hubs.Class) string {
	if other, ok := renamed[platform][class]; ok {
		class = other
	}
	if !slices.Contains(classes[platform], class) {
		return ""
	}
	return string(class)
}
