package hubs

import "testing"

func TestParseUnit(t *testing.T) {
	for in, want := range map[string]Unit{
		"": NoUnit, "  ": NoUnit, " %": Percent, "％": Percent,
		"℃": Celsius, "°C": Celsius, "C": Celsius, "℉": Fahrenheit, "K": KelvinUnit,
		"W": Watt, "w": Watt, "kW": KiloWatt, "KW": KiloWatt, "mW": "mW", "MW": "MW",
		"kwh": KiloWattH, "kW·h": KiloWattH, "度": KiloWattH, "Wh": WattHour,
		"Pa": Pascal, "pa": Pascal, "hPa": HectoPascal, "kpa": KiloPascal,
		"lux": Lux, "LUX": Lux, "μg/m3": MicrogramM3, "ug/m3": MicrogramM3, "µg/m³": MicrogramM3,
		"µS/cm": "μS/cm", "steps": "steps", "M": Meter, "mm": "mm", "㎡": "m²",
		"秒": Second, "Min": Minute, "ms": Millisecond, "dBm": DBm,
		"MHz": "MHz", "kHz": "kHz", "mAh": "mAh",
	} {
		if got := ParseUnit(in); got != want {
			t.Errorf("ParseUnit(%q) = %q, want %q", in, got, want)
		}
	}
}

// What we publish parses to itself, so that a unit that went round is the same one.
func TestParseUnitIsStable(t *testing.T) {
	ours := []Unit{
		NoUnit, Percent, Celsius, Fahrenheit, KelvinUnit, Lux, Watt, KiloWatt, WattHour, KiloWattH, Volt, MilliVolt,
		Ampere, MilliAmpere, Hertz, Pascal, HectoPascal, KiloPascal, PPM, PPB, MicrogramM3, Degree, Millisecond,
		Second, Minute, Hour, Day, DBm, Decibel, CubicMeter, CubicMeterH, Liter, Meter, Centimeter, Mired,
	}
	for _, table := range []map[string]Unit{unitSpellings, caseUnits} {
		for spelling, u := range table {
			ours = append(ours, u)
			if got := ParseUnit(spelling); got != u {
				t.Errorf("ParseUnit(%q) = %q, want %q", spelling, got, u)
			}
		}
	}
	for _, u := range ours {
		if got := ParseUnit(string(u)); got != u {
			t.Errorf("ParseUnit(%q) = %q", u, got)
		}
	}
}
