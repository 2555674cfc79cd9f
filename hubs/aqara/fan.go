package aqara

import (
	"math"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// fan is a fan, an air purifier or a ventilation.
type fan struct {
	on, speed, mode, rock, flow *trait
	presets                     []string
}

func buildFan(e *endpoint) (part, bool) {
	kinds := []string{"fan", "airpurifier", "ventilation"}
	f := &fan{
		on: e.find("Output", "OnOff"), speed: e.find("FanControl", "FanSpeed"), mode: e.find("FanControl", "FanMode"),
		rock: e.find("FanControl", "RockSetting"), flow: e.find("FanControl", "AirflowDirection"),
	}
	if !f.on.canWrite() || !slices.Contains(kinds, strings.ToLower(e.kind)) {
		return part{}, false
	}
	for _, t := range []**trait{&f.speed, &f.mode, &f.rock, &f.flow} {
		if !(*t).canWrite() {
			*t = nil
		}
	}
	spec := hubs.Fan{Reverses: f.flow != nil}
	if f.speed != nil {
		spec.Speeds = 100
		if f.speed.step.Known && f.speed.step.F >= 2 {
			spec.Speeds = int(max(100/f.speed.step.F, 1))
		}
	}
	if f.mode != nil {
		f.presets = slices.DeleteFunc(f.mode.words(), func(w string) bool { return w == "off" })
		spec.Presets = f.presets
	}
	if f.rock != nil {
		spec.Oscillates = true
	}
	e.use(f.uses()...)
	return part{name: "Fan", key: "Output", composite: true, unit: f, entity: hubs.Entity{Spec: spec}}, true
}

func (f *fan) uses() []*trait { return []*trait{f.on, f.speed, f.mode, f.rock, f.flow} }

func (f *fan) read(v values, say sayer) {
	on, ok := v.boolean(f.on)
	say.bool(hubs.On, on, ok, v.at(f.on))
	if f.speed != nil {
		n, ok := v.num(f.speed)
		say.num(hubs.Level, clampPercent(n), ok, v.at(f.speed))
	}
	if len(f.presets) > 0 {
		w, ok := v.word(f.mode)
		say.text(hubs.Preset, w, ok && w != "off", v.at(f.mode))
	}
	if f.rock != nil {
		w, ok := v.word(f.rock)
		still := w == "off" || w == "fixed" || w == "fixed_direction"
		say.bool(hubs.Oscillates, !still, ok, v.at(f.rock))
	}
	if f.flow != nil {
		w, ok := v.modelWord(f.flow)
		say.text(hubs.Direction, w, ok && (w == "forward" || w == "reverse"), v.at(f.flow))
	}
}

func (f *fan) write(cmd *hubs.Command, _ values) ([]write, error) {
	on, hasOn := boolOf(cmd, hubs.On)
	level, hasLevel := numOf(cmd, hubs.Level)
	if hasOn && !on || hasLevel && level <= 0 {
		return []write{f.on.set(false)}, nil
	}
	var out []write
	preset, hasPreset := textOf(cmd, hubs.Preset)
	if hasOn || hasLevel || hasPreset {
		out = append(out, f.on.set(true))
	}
	if hasLevel && f.speed != nil {
		out = append(out, f.speed.setNum(max(math.Round(level), 1)))
	}
	if hasPreset && f.mode != nil {
		w, err := f.mode.setWord(preset)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	if yes, ok := boolOf(cmd, hubs.Oscillates); ok && f.rock != nil {
		w, err := f.writeRock(yes)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	if word, ok := textOf(cmd, hubs.Direction); ok && f.flow != nil {
		w, err := f.flow.setWord(word)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

func (f *fan) writeRock(yes bool) (write, error) {
	for _, o := range f.rock.options {
		still := o.slug == "off" || o.slug == "fixed" || o.slug == "fixed_direction"
		if still != yes {
			return f.rock.set(o.value), nil
		}
	}
	return write{}, refused("the fan does not know how to do that")
}
