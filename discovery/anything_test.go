package discovery

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// anySpec draws a Spec of any kind, sense or not.
func anySpec() *rapid.Generator[hubs.Spec] {
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"", "off", "none", "heat", "eco", "armed_home", "ring", "auto", "a", "a", "ü"}), 0, 4)
	flag := rapid.Bool()
	number := rapid.SampledFrom([]float64{0, 1, -1, 0.5, 100, 1e300, math.NaN(), math.Inf(1)})
	whole := rapid.SampledFrom([]int{-3, 0, 1, 2, 7, 100, 2000, 6500})
	unit := rapid.SampledFrom([]hubs.Unit{"", "%", "°C", "kWh", "\u00b5g/m³", "x", "°", "EUR"})
	adds := rapid.SampledFrom([]hubs.Accumulation{"", hubs.Measurement, hubs.Angle, hubs.Total, hubs.Increasing})
	can := rapid.SliceOfN(rapid.SampledFrom([]hubs.Action{hubs.Start, hubs.Pause, hubs.Stop, hubs.Dock, hubs.Send, hubs.Locate, hubs.Start, "odd"}), 0, 5)
	return rapid.Custom(func(t *rapid.T) hubs.Spec {
		b := func() bool { return flag.Draw(t, "flag") }
		n := func() float64 { return number.Draw(t, "number") }
		i := func() int { return whole.Draw(t, "whole") }
		w := func() []string { return words.Draw(t, "words") }
		return rapid.SampledFrom([]hubs.Spec{
			hubs.Switch{WriteOnly: b()},
			hubs.Siren{Tones: w(), Duration: b(), Volume: b()},
			hubs.Binary{},
			hubs.Sensor{Kind: hubs.Kind(max(0, i()%5)), Unit: unit.Draw(t, "unit"), Decimals: i(), Accumulates: adds.Draw(t, "adds"), Options: w()},
			hubs.Sensor{Unit: unit.Draw(t, "unit"), Decimals: i(), Accumulates: adds.Draw(t, "adds")},
			hubs.Number{Unit: unit.Draw(t, "unit"), Min: n(), Max: n(), Step: n(), WriteOnly: b()},
			hubs.Choice{Options: w(), WriteOnly: b()},
			hubs.Text{Min: i(), Max: i(), Password: b(), WriteOnly: b(), Format: rapid.SampledFrom([]hubs.Format{"", hubs.FormatDate, hubs.FormatTime}).Draw(t, "format")},
			hubs.Lock{Opens: b(), Code: rapid.SampledFrom([]string{"", "(", "^x$"}).Draw(t, "code")},
			hubs.Light{Dims: b(), MinKelvin: i(), MaxKelvin: i(), HS: b(), XY: b(), Effects: w(), Transition: b()},
			hubs.Cover{Positions: b(), Tilts: b(), Stops: b()},
			hubs.Valve{Positions: b(), Stops: b()},
			hubs.Climate{
				Modes: w(), Acts: b(), Target: b(), Range: b(), Min: n(), Max: n(), Step: n(), Measures: b(), MeasuresHumidity: b(), Humidity: b(),
				MinHumidity: n(), MaxHumidity: n(), FanModes: w(), SwingModes: w(), Presets: w(),
			},
			hubs.WaterHeater{Modes: w(), Min: n(), Max: n(), Step: n(), Measures: b()},
			hubs.Fan{Speeds: i(), Presets: w(), Oscillates: b(), Reverses: b()},
			hubs.Humidifier{Min: n(), Max: n(), Modes: w(), Measures: b(), Acts: b()},
			hubs.Vacuum{Can: can.Draw(t, "can"), FanSpeeds: w()},
			hubs.Mower{Can: can.Draw(t, "can")},
			hubs.Alarm{Arms: w(), Code: rapid.SampledFrom([]string{"", "digits", "text"}).Draw(t, "code"), Triggers: b()},
			hubs.Update{Installs: b()},
			hubs.Button{},
			hubs.Scene{},
			hubs.Event{Types: w()},
		}).Draw(t, "spec")
	})
}

func anyValue() *rapid.Generator[hubs.Value] {
	return rapid.OneOf(
		rapid.Map(rapid.Float64(), hubs.Num), rapid.Map(rapid.IntRange(-2, 300), func(i int) hubs.Value { return hubs.Num(float64(i)) }),
		rapid.Map(rapid.Bool(), hubs.Bool), rapid.Map(rapid.String(), hubs.Str), rapid.Just(hubs.Value{}), rapid.Just(hubs.Time(testSeen)),
		rapid.Map(rapid.SampledFrom([]string{"off", "heat", "hs", "xy", "kelvin", "white", "open", "closing", "locked", "a", strings.Repeat("é", 300)}), hubs.Str))
}

// sample is a device with what is known of it.
type sample struct {
	device Placed
	now    map[hubs.Point]hubs.Value
}

func anyDevice() *rapid.Generator[sample] {
	classes := []hubs.Class{
		"", hubs.Temperature, hubs.Energy, hubs.DoorClass, hubs.Connectivity, hubs.Outlet, hubs.Doorbell, hubs.Date,
		hubs.Garage, hubs.GlassBreak, hubs.Monetary, hubs.WindDirection, hubs.PowerFactor, hubs.Firmware, "odd",
	}
	return rapid.Custom(func(t *rapid.T) sample {
		d := Placed{ID: "x-1", ViaID: rapid.SampledFrom([]string{"", "hub", "x-1", "y"}).Draw(t, "via")}
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"Lamp", "a", "客厅"}))
		d.Name, d.Area, d.Model = name.Draw(t, "name"), name.Draw(t, "area"), name.Draw(t, "model")
		now := make(map[hubs.Point]hubs.Value)
		for i := range rapid.IntRange(0, 8).Draw(t, "entities") {
			e := hubs.Entity{
				Key: fmt.Sprintf("e%d", i), Name: name.Draw(t, "entity"), Role: rapid.SampledFrom([]hubs.Role{"", hubs.Config, hubs.Diagnostic}).Draw(t, "role"),
				Class: rapid.SampledFrom(classes).Draw(t, "class"), Icon: rapid.SampledFrom([]string{"", "mdi:x", "x"}).Draw(t, "icon"),
				Hidden: rapid.Bool().Draw(t, "hidden"), Spec: anySpec().Draw(t, "spec"),
			}
			if rapid.Bool().Draw(t, "attrs") {
				e.Attrs = []hubs.Field{{Attr: "extra", Kind: hubs.KindText}}
			}
			d.Entities = append(d.Entities, e)
			for _, f := range append(e.Spec.Fields(), e.Attrs...) {
				if rapid.IntRange(0, 3).Draw(t, "known") > 0 {
					now[hubs.Point{Entity: e.Key, Attr: f.Attr}] = anyValue().Draw(t, "value")
				}
			}
		}
		return sample{d, now}
	})
}

// TestAnythingPassesLint: whatever a vendor describes and reports, nothing of it is
// refused by Home Assistant.
func TestAnythingPassesLint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyDevice().Draw(t, "device")
		checkAll(t, s.device, s.now)
	})
}

// TestHomeAssistantTakesAnything asks Home Assistant itself.
func TestHomeAssistantTakesAnything(t *testing.T) {
	lint := lintCommand(t)
	var configs, states bytes.Buffer
	for i := range 150 {
		s := anyDevice().Example(i)
		s.device.ID = fmt.Sprintf("x-%d", i)
		ms, _ := testLayout.Announce(s.device, nil)
		linesFor(t, &configs, &states, ms[0], testLayout.State(s.device, s.now, testSeen))
	}
	runLint(t, &configs, lint)
	runLint(t, &states, lint, "--state")
}
