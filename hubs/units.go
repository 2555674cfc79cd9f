package hubs

import "strings"

// Unit is a unit of measurement in the one spelling that we publish. μ is always
// U+03BC.
type Unit string

// The units that code names; others pass through ParseUnit as they are.
const (
	NoUnit      Unit = ""
	Percent     Unit = "%"
	Celsius     Unit = "°C"
	Fahrenheit  Unit = "°F"
	KelvinUnit  Unit = "K"
	Lux         Unit = "lx"
	Watt        Unit = "W"
	KiloWatt    Unit = "kW"
	WattHour    Unit = "Wh"
	KiloWattH   Unit = "kWh"
	Volt        Unit = "V"
	MilliVolt   Unit = "mV"
	Ampere      Unit = "A"
	MilliAmpere Unit = "mA"
	Hertz       Unit = "Hz"
	Pascal      Unit = "Pa"
	HectoPascal Unit = "hPa"
	KiloPascal  Unit = "kPa"
	PPM         Unit = "ppm"
	PPB         Unit = "ppb"
	MicrogramM3 Unit = "μg/m³"
	Degree      Unit = "°"
	Millisecond Unit = "ms"
	Second      Unit = "s"
	Minute      Unit = "min"
	Hour        Unit = "h"
	Day         Unit = "d"
	DBm         Unit = "dBm"
	Decibel     Unit = "dB"
	CubicMeter  Unit = "m³"
	CubicMeterH Unit = "m³/h"
	Liter       Unit = "L"
	Meter       Unit = "m"
	Centimeter  Unit = "cm"
	Mired       Unit = "mired"
)

var unitSpellings = map[string]Unit{
	"℃": Celsius, "°c": Celsius, "c": Celsius, "degc": Celsius, "celsius": Celsius, "摄氏度": Celsius,
	"℉": Fahrenheit, "°f": Fahrenheit, "f": Fahrenheit, "fahrenheit": Fahrenheit,
	"℃ ℉": Celsius,
	"k":   KelvinUnit,
	"lux": Lux, "lx": Lux,
	"w": Watt, "watt": Watt, "kw": KiloWatt, "kilowatt": KiloWatt,
	"wh": WattHour, "w·h": WattHour, "w.h": WattHour, "watthour": WattHour,
	"kwh": KiloWattH, "kw·h": KiloWattH, "kw.h": KiloWattH, "kw*h": KiloWattH, "度": KiloWattH,
	"kilowatt-hour": KiloWattH,
	"v":             Volt, "volt": Volt, "mv": MilliVolt, "millivolt": MilliVolt,
	"a": Ampere, "ampere": Ampere, "ma": MilliAmpere, "milliampere": MilliAmpere, "hz": Hertz,
	"hpa": HectoPascal, "hectopascal": HectoPascal, "kpa": KiloPascal, "kilopascal": KiloPascal,
	"mbar": "mbar", "millibar": "mbar", "inhg": "inHg",
	"ppm": PPM, "ppb": PPB,
	"ug/m3": MicrogramM3, "ug/m³": MicrogramM3, "μg/m3": MicrogramM3, "μg/m³": MicrogramM3,
	"ug/m^3": MicrogramM3, "μg/m^3": MicrogramM3, "mg/m3": "mg/m³", "mg/m^3": "mg/m³",
	"deg": Degree, "°": Degree,
	"s": Second, "sec": Second, "second": Second, "seconds": Second, "秒": Second,
	"min": Minute, "minute": Minute, "minutes": Minute, "分": Minute, "分钟": Minute,
	"h": Hour, "hour": Hour, "hours": Hour, "ms": Millisecond,
	"day": Day, "days": Day, "d": Day, "天": Day,
	"dbm": DBm, "db": Decibel,
	"m3": CubicMeter, "m³": CubicMeter, "m^3": CubicMeter, "ft3": "ft³", "m3/h": CubicMeterH, "m³/h": CubicMeterH,
	"l": Liter, "㎡": "m²", "m2": "m²", "kg/m^2": "kg/m²",
	"m": Meter, "cm": Centimeter, "mm": "mm", "km": "km",
	"mired": Mired, "mireds": Mired,
	"％": Percent, "%": Percent, "percent": Percent, "pct": Percent, "% rh": Percent,
}

// caseUnits are units that differ from another one in case alone.
var caseUnits = map[string]Unit{"Pa": Pascal, "pa": Pascal, "MW": "MW", "mW": "mW", "MV": "MV", "M": Meter}

// ParseUnit gives the one spelling of a vendor's unit. What no table knows is
// returned as it is, with U+03BC for the micro sign.
func ParseUnit(raw string) Unit {
	raw = strings.ReplaceAll(strings.TrimSpace(raw), "\u00b5", "\u03bc")
	if u, ok := caseUnits[raw]; ok {
		return u
	}
	if u, ok := unitSpellings[strings.ToLower(raw)]; ok {
		return u
	}
	return Unit(raw)
}
