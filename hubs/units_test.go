package hubs

import (
	"strings"
	"testing"
)

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
		"MHz": "MHz", "kHz": "kHz", "mAh": "mAh", "mWh": "mWh", "MWh": "MWh", "mV": MilliVolt, "MV": "MV",
		"μg/m^3": MicrogramM3, "µg/m^3": MicrogramM3, "mg/m3": "mg/m³", "mg/m^3": "mg/m³", "m^3": CubicMeter,
		"% RH": Percent, "pct": Percent, "Celsius": Celsius, "watt": Watt, "Kilowatt-Hour": KiloWattH,
		"分": Minute, "天": Day, "℃ ℉": Celsius, "\u212a": KelvinUnit, "\u00a0%\u00a0": Percent, "inHg": "inHg",
		"°": Degree, "lbs": "lbs", "Bq/m³": "Bq/m³", "CAQI": "CAQI", "\xff": "\xff",
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

// The units that Home Assistant knows are spelled right already.
func TestParseUnitKeepsGoodOnes(t *testing.T) {
	for u := range strings.FieldsSeq(`
		% °C °F K lx W kW mW MW GW VA var kvar Wh kWh mWh MWh GWh J kJ MJ GJ cal kcal V mV kV MV μV A mA Hz kHz MHz GHz
		Pa hPa kPa bar cbar mbar inHg mmHg psi ppm ppb μg/m³ mg/m³ g/m³ ° μs ms s min h d dBm dB dBA m³ ft³ L mL gal
		m³/h L/min L/h ft³/min mm cm m km in ft yd mi m² cm² km² ft² ha μS/cm mS/cm S/cm kg g mg μg oz lb st
		m/s km/h mph kn mm/h in/h bit kbit B kB MB GB KiB MiB bit/s Mbit/s B/s kB/s W/m² mired`) {
		if got := ParseUnit(u); got != Unit(u) {
			t.Errorf("ParseUnit(%q) = %q", u, got)
		}
	}
}

func FuzzParseUnit(f *testing.F) {
	for _, s := range []string{"", "µ", " \u00b5g/m3 ", "℃ ℉", "MW", "\u2126", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u := ParseUnit(raw)
		if strings.ContainsRune(string(u), '\u00b5') {
			t.Errorf("ParseUnit(%q) = %q has the other micro sign", raw, u)
		}
		if again := ParseUnit(string(u)); again != u {
			t.Errorf("ParseUnit(%q) = %q, and of that %q", raw, u, again)
		}
	})
}
