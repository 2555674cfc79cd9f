package discovery

import (
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestFit(t *testing.T) {
	sensor := func(unit hubs.Unit, adds hubs.Accumulation) hubs.Sensor {
		return hubs.Sensor{Unit: unit, Accumulates: adds}
	}
	cases := []struct {
		name  string
		class hubs.Class
		spec  hubs.Spec
		says  string            // empty: it fits
		adds  hubs.Accumulation // of a sensor
	}{
		{"no class", hubs.NoClass, sensor("anything", hubs.Total), "", hubs.Total},
		{"temperature", hubs.Temperature, sensor(hubs.Celsius, hubs.Measurement), "", hubs.Measurement},
		{"a class that is measured", hubs.Power, sensor(hubs.Watt, hubs.NotCounted), "", hubs.Measurement},
		{"power was a total", hubs.Power, sensor(hubs.Watt, hubs.Increasing), "", hubs.Measurement},
		{"energy was measured", hubs.Energy, sensor(hubs.WattHour, hubs.Measurement), "", hubs.Increasing},
		{"energy is a total", hubs.Energy, sensor(hubs.WattHour, hubs.Total), "", hubs.Total},
		{"distance may be all", hubs.Distance, sensor(hubs.Meter, hubs.Total), "", hubs.Total},
		{"money", hubs.Monetary, sensor("EUR", hubs.NotCounted), "", hubs.Total},
		{"wind", hubs.WindDirection, sensor(hubs.Degree, hubs.Measurement), "", hubs.Angle},
		{"money in coins", hubs.Monetary, sensor("coins", hubs.Total), "such as EUR", hubs.Total},
		{"a wrong unit", hubs.Power, sensor(hubs.KiloWattH, hubs.Measurement), "mW, W, kW", hubs.Measurement},
		{"no unit", hubs.Temperature, sensor("", hubs.Measurement), "not none", hubs.Measurement},
		{"a unit too many", hubs.PH, sensor(hubs.Percent, hubs.Measurement), "unit none", hubs.Measurement},
		{"a class of another kind", hubs.MotionClass, sensor("", hubs.Measurement), "not for numbers", hubs.Measurement},
		{"sums of power", hubs.Power, hubs.Sensor{Unit: hubs.Watt, Accumulates: hubs.Increasing, Deltas: true}, "of a moment", hubs.Increasing},
		{"a sensor of words", hubs.Power, hubs.Sensor{Options: []string{"a"}}, "for numbers", hubs.NotCounted},
		{"a date", hubs.Date, hubs.Sensor{Kind: hubs.KindText}, "", hubs.NotCounted},
		{"a number", hubs.Temperature, hubs.Number{Unit: hubs.Celsius}, "", ""},
		{"a number of another unit", hubs.Temperature, hubs.Number{Unit: hubs.Watt}, "°C", ""},
		{"an outlet", hubs.Outlet, hubs.Switch{}, "", ""},
		{"a switch that blinds", hubs.Blind, hubs.Switch{}, "but outlet", ""},
		{"a garage seen", hubs.Garage, hubs.Binary{}, "", ""},
		{"a light has none", hubs.Outlet, hubs.Light{}, "a light has no class", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := hubs.Entity{Key: "x", Name: "X", Class: c.class, Spec: c.spec}
			err := Fit(&e)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("want %q, got %v", c.says, err)
			}
			if s, ok := e.Spec.(hubs.Sensor); ok && s.Accumulates != c.adds {
				t.Errorf("want it to count as %q, got %q", c.adds, s.Accumulates)
			}
			if err != nil {
				return
			}
			ms, err := testLayout.Announce(placed("X", e), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := Lint(ms[0]); err != nil {
				t.Error(err)
			}
			if c.class != hubs.NoClass && !strings.Contains(string(ms[0].Payload), `"device_class"`) {
				t.Errorf("it fits, and its class was not announced: %s", ms[0].Payload)
			}
		})
	}
}
