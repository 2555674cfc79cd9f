package aqara

import (
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// climate is an air conditioner, a thermostat, a floor heating.
type climate struct {
	on, mode         *trait
	cooling, heating *trait
	measured, humid  *trait
	fan, swing       *trait
	modes            []choice // HeaterCoolerMode's values that are modes
	presets          []choice // those that are not
	spec             hubs.Climate
}

// choice is a word of ours and the value that sets it.
type choice struct{ word, value string }

func buildClimate(e *endpoint, elsewhere *trait) (part, bool) {
	hc := func(code string) *trait { return e.find("HeaterCooler", code) }
	c := &climate{
		on: e.find("Output", "OnOff"), mode: hc("HeaterCoolerMode"),
		cooling: hc("CoolingTemperature"), heating: hc("HeatingTemperature"),
		measured: hc("CurrentTemperature"), humid: hc("CurrentHumidity"),
		fan: e.find("FanControl", "FanMode"), swing: e.find("FanControl", "RockSetting"),
	}
	for _, t := range []**trait{&c.on, &c.mode, &c.cooling, &c.heating, &c.fan, &c.swing} {
		if !(*t).canWrite() {
			*t = nil
		}
	}
	if c.mode == nil && c.cooling == nil && c.heating == nil {
		return part{}, false
	}
	e.use(c.uses()...)
	if c.measured == nil {
		c.measured = elsewhere
	}
	c.buildModes()
	c.buildSpec()
	return part{
		name: climateName(e.kind), key: "HeaterCooler", composite: true, unit: c,
		entity: hubs.Entity{Spec: c.spec},
	}, true
}

func climateName(kind string) string {
	if strings.HasPrefix(strings.ToLower(kind), "airconditioner") {
		return "Air conditioner"
	}
	return "Thermostat"
}

func (c *climate) buildModes() {
	both := c.cooling != nil && c.heating != nil
	if c.on != nil {
		c.modes = append(c.modes, choice{word: "off"})
	}
	if c.mode != nil {
		for _, o := range c.mode.options {
			word, isMode := climateModes[o.slug]
			if word == "auto" && both {
				word = "heat_cool"
			}
			switch {
			case !isMode:
				c.presets = append(c.presets, choice{o.slug, o.value})
			case word != "off" || c.on == nil:
				c.modes = append(c.modes, choice{word, o.value})
			}
		}
	}
	if len(words(c.modes)) > 1 || c.mode != nil && len(c.modes) > 0 {
		return
	}
	// No choice of modes: what it does follows from which temperature can be set.
	word := "heat"
	if c.heating == nil && c.cooling != nil {
		word = "cool"
	}
	c.modes = append(c.modes, choice{word: word})
}

func words(cs []choice) []string {
	var out []string
	for _, c := range cs {
		if !slices.Contains(out, c.word) {
			out = append(out, c.word)
		}
	}
	return out
}

func (c *climate) buildSpec() {
	s := hubs.Climate{
		Modes: words(c.modes), Presets: words(c.presets),
		Target:   c.cooling != nil || c.heating != nil,
		Range:    c.cooling != nil && c.heating != nil && slices.Contains(words(c.modes), "heat_cool"),
		Measures: c.measured.canRead(), MeasuresHumidity: c.humid.canRead(),
	}
	if s.Target {
		s.Min, s.Max, s.Step = 7, 35, 0.5
		for i, t := range slices.DeleteFunc([]*trait{c.cooling, c.heating}, func(t *trait) bool { return t == nil }) {
			if t.min.Known && t.max.Known && t.max.F > t.min.F {
				if i == 0 {
					s.Min, s.Max = t.min.F, t.max.F
				}
				s.Min, s.Max = min(s.Min, t.min.F), max(s.Max, t.max.F)
			}
			if t.step.Known {
				s.Step = t.step.F
			}
		}
	}
	if c.fan != nil {
		for _, w := range c.fan.words() {
			s.FanModes = append(s.FanModes, fanWord(w))
		}
	}
	if c.swing != nil {
		s.SwingModes = c.swing.words()
	}
	c.spec = s
}

func fanWord(slug string) string {
	if w, ok := fanWords[slug]; ok {
		return w
	}
	return slug
}

func (c *climate) uses() []*trait {
	return []*trait{c.on, c.mode, c.cooling, c.heating, c.measured, c.humid, c.fan, c.swing}
}

func (c *climate) read(v values, say sayer) {
	mode, preset := c.modeOf(v)
	at := v.at(c.on, c.mode)
	say.text(hubs.Mode, mode, mode != "", at)
	on, ok := v.boolean(c.on)
	if c.on == nil {
		on, ok = mode != "off", mode != ""
	}
	say.bool(hubs.On, on, ok, at)
	if len(c.presets) > 0 {
		say.text(hubs.Preset, preset, preset != "", at)
	}
	c.readTargets(v, say, mode)
	if c.spec.Measures {
		f, ok := v.num(c.measured)
		say.num(hubs.Measured, f, ok, v.at(c.measured))
	}
	if c.spec.MeasuresHumidity {
		f, ok := v.num(c.humid)
		say.num(hubs.MeasuredHumidity, f, ok, v.at(c.humid))
	}
	if c.fan != nil {
		w, ok := v.word(c.fan)
		say.text(hubs.FanMode, fanWord(w), ok, v.at(c.fan))
	}
	if c.swing != nil {
		w, ok := v.word(c.swing)
		say.text(hubs.Swing, w, ok, v.at(c.swing))
	}
}

// modeOf gives mode and preset. A mode that is a preset to us runs under the last
// mode, which nobody tells: the first one that is not off stands for it.
func (c *climate) modeOf(v values) (mode, preset string) {
	if on, ok := v.boolean(c.on); ok && !on {
		return "off", ""
	}
	if c.mode == nil {
		if _, known := v.boolean(c.on); !known && c.on != nil {
			return "", ""
		}
		return c.running().word, ""
	}
	o, ok := v.option(c.mode)
	if !ok {
		return "", ""
	}
	for _, m := range c.modes {
		if m.value == o.value {
			return m.word, ""
		}
	}
	for _, p := range c.presets {
		if p.value == o.value {
			return c.running().word, p.word
		}
	}
	return "off", "" // the mode "off" of a device with a switch of its own
}

// running is the first mode in which it does something.
func (c *climate) running() choice {
	for _, m := range c.modes {
		if m.word != "off" {
			return m
		}
	}
	return choice{}
}

// readTargets tells what counts in this mode; the time of the mode counts too, since a
// change of it brings values back.
func (c *climate) readTargets(v values, say sayer, mode string) {
	cool, okCool := v.num(c.cooling)
	heat, okHeat := v.num(c.heating)
	at := v.at(c.on, c.mode, c.cooling, c.heating)
	if c.spec.Range {
		both := mode == "heat_cool"
		say.num(hubs.TargetLow, heat, okHeat && both, at)
		say.num(hubs.TargetHigh, cool, okCool && both, at)
	}
	if !c.spec.Target {
		return
	}
	switch t := c.setpoints(mode); {
	case c.spec.Range && mode == "heat_cool":
		say.num(hubs.Target, 0, false, at)
	case len(t) > 0 && t[0] == c.heating:
		say.num(hubs.Target, heat, okHeat, at)
	default:
		say.num(hubs.Target, cool, okCool, at)
	}
}

// setpoints are the temperatures that a target means in this mode.
func (c *climate) setpoints(mode string) []*trait {
	switch {
	case c.cooling == nil:
		return []*trait{c.heating}
	case c.heating == nil:
		return []*trait{c.cooling}
	case mode == "heat":
		return []*trait{c.heating}
	case mode == "heat_cool", mode == "":
		return []*trait{c.heating, c.cooling}
	}
	return []*trait{c.cooling}
}

func (c *climate) write(cmd *hubs.Command, v values) ([]write, error) {
	mode, _ := c.modeOf(v)
	var out []write
	if w, ok := textOf(cmd, hubs.Mode); ok {
		mode = w
		out = append(out, c.writeMode(w)...)
	} else if on, ok := boolOf(cmd, hubs.On); ok {
		out = append(out, c.writeOn(on)...)
	}
	if w, ok := textOf(cmd, hubs.Preset); ok {
		i := slices.IndexFunc(c.presets, func(p choice) bool { return p.word == w })
		if i < 0 {
			return nil, invalid("no such preset: %q", w)
		}
		out = append(out, c.mode.set(c.presets[i].value))
	}
	out = append(out, c.writeTargets(cmd, mode)...)
	for _, s := range []struct {
		attr hubs.Attr
		t    *trait
	}{{hubs.FanMode, c.fan}, {hubs.Swing, c.swing}} {
		w, ok := textOf(cmd, s.attr)
		if !ok || s.t == nil {
			continue
		}
		for _, o := range s.t.options {
			if o.slug == w || s.attr == hubs.FanMode && fanWord(o.slug) == w {
				out = append(out, s.t.set(o.value))
				break
			}
		}
	}
	return out, nil
}

func (c *climate) writeOn(on bool) []write {
	switch {
	case c.on != nil:
		return []write{c.on.set(on)}
	case !on:
		return c.writeMode("off")
	}
	return c.writeMode(c.running().word)
}

func (c *climate) writeMode(word string) []write {
	if word == "off" && c.on != nil {
		return []write{c.on.set(false)}
	}
	var out []write
	if c.on != nil {
		out = append(out, c.on.set(true))
	}
	for _, m := range c.modes {
		if m.word == word && m.value != "" {
			return append(out, c.mode.set(m.value))
		}
	}
	return out
}

func (c *climate) writeTargets(cmd *hubs.Command, mode string) []write {
	var out []write
	if f, ok := numOf(cmd, hubs.Target); ok {
		for _, t := range c.setpoints(mode) {
			if t != nil {
				out = append(out, t.setNum(f))
			}
		}
	}
	if f, ok := numOf(cmd, hubs.TargetLow); ok && c.heating != nil {
		out = append(out, c.heating.setNum(f))
	}
	if f, ok := numOf(cmd, hubs.TargetHigh); ok && c.cooling != nil {
		out = append(out, c.cooling.setNum(f))
	}
	return out
}

// elsewhereTemperature is the device's own thermometer beside the climate.
func elsewhereTemperature(es []*endpoint) *trait {
	var found *trait
	for _, e := range es {
		t := e.find("Temperature", "CurrentTemperature")
		if t.canRead() && found != nil {
			return nil // several: none is the climate's
		}
		if t.canRead() {
			found = t
		}
	}
	return found
}
