package tuya

import (
	"math"
	"slices"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// climate heats or cools. Data points it does not have are nil.
type climate struct {
	on, mode, measured, target, humid, wet, fan *datum
	swing, swingH, swingV                       *datum
	modes                                       map[string]string // hub's mode by the maker's word
	all                                         []string          // the modes it can be in
	presets                                     []string
	alone                                       string // the mode of a device that can only be switched
	fahrenheit                                  bool
}

// hvacModes are the maker's words that are modes.
func hvacMode(word string) string {
	switch word {
	case "auto", "manual":
		return "heat_cool"
	case "cold", "freeze", "cool":
		return "cool"
	case "heat", "hot":
		return "heat"
	case "off":
		return "off"
	case "wet", "dry":
		return "dry"
	case "wind", "fan":
		return "fan_only"
	}
	return ""
}

func (b *builder) climate() {
	alone, ok := climateAlone[b.category]
	if !ok {
		return
	}
	c := &climate{
		on: b.control("switch power_switch", typeBool), mode: b.control("mode", typeEnum),
		humid: b.find("humidity_current", typeInt), wet: b.control("humidity_set", typeInt),
		fan:   b.control("fan_speed_enum level windspeed", typeEnum),
		swing: b.control("swing shake", typeBool), swingH: b.control("switch_horizontal", typeBool), swingV: b.control("switch_vertical", typeBool),
		alone: alone, modes: map[string]string{},
	}
	c.temperatures(b)
	modes := c.pickModes()
	if len(modes) == 0 {
		return // an empty device, or a thermometer
	}
	s := hubs.Climate{
		Target: c.target != nil, Measures: c.measured != nil, MeasuresHumidity: c.humid != nil, Humidity: c.wet != nil,
		Modes: modes, Presets: c.presets,
	}
	if c.target != nil {
		s.Min, s.Max, s.Step = c.span()
	}
	if c.wet != nil {
		lo, hi, step := c.wet.control().bounds()
		s.MinHumidity, s.MaxHumidity, s.HumidityStep = math.Round(lo), math.Round(hi), step
	}
	if c.fan != nil {
		s.FanModes = c.fan.fn.options
	}
	s.SwingModes = c.swings()
	b.use(c.on, c.mode, c.target, c.measured, c.humid, c.wet, c.fan, c.swing, c.swingH, c.swingV)
	b.add(part{entity: hubs.Entity{Key: "climate", Spec: s}, unit: c})
}

// temperatures picks the pair in °C where there is one.
func (c *climate) temperatures(b *builder) {
	pick := func(codes string, fahrenheit bool) *datum {
		d := b.find(codes, typeInt)
		if d == nil || (b.unitOf(d) == hubs.Fahrenheit) != fahrenheit {
			return nil
		}
		return d
	}
	const nowC, nowF = "temp_current upper_temp", "temp_current_f upper_temp_f"
	for _, f := range []bool{false, true} {
		c.fahrenheit = f
		if c.target = pick("temp_set", f); c.target == nil {
			c.target = pick("temp_set_f", f)
		}
		if c.measured = pick(nowC, f); c.measured == nil {
			c.measured = pick(nowF, f)
		}
		if c.target != nil || c.measured != nil {
			break
		}
	}
	if c.target != nil && !c.target.writable() {
		c.target = nil
	}
}

// pickModes sorts the maker's words into modes and presets: two words for one mode are
// presets both, since the mode alone would not tell them apart.
func (c *climate) pickModes() []string {
	modes := []string{"off"}
	if c.on == nil {
		modes = nil
	}
	if c.mode != nil {
		count := map[string]int{}
		for _, w := range c.mode.fn.options {
			count[hvacMode(w)]++
		}
		for _, w := range c.mode.fn.options {
			hvac := hvacMode(w)
			if hvac == "" || count[hvac] > 1 {
				c.presets = append(c.presets, w)
			}
			if hvac == "" {
				continue
			}
			c.modes[w] = hvac
			if count[hvac] == 1 && !slices.Contains(modes, hvac) {
				modes = append(modes, hvac)
			}
		}
	}
	if (c.on != nil && c.mode == nil || len(c.presets) > 0) && !slices.Contains(modes, c.alone) {
		modes = append(modes, c.alone)
	}
	c.all = modes
	return modes
}

func (c *climate) swings() []string {
	var out []string
	if c.swing != nil {
		out = append(out, "on")
	}
	if c.swingH != nil {
		out = append(out, "horizontal")
	}
	if c.swingV != nil {
		out = append(out, "vertical")
	}
	if c.swingH != nil && c.swingV != nil {
		out = append(out, "both")
	}
	if out == nil {
		return nil
	}
	return append([]string{"off"}, out...)
}

func (c *climate) uses() []*datum {
	return []*datum{c.on, c.mode, c.measured, c.target, c.humid, c.wet, c.fan, c.swing, c.swingH, c.swingV}
}

// span is the range of the target in °C.
func (c *climate) span() (lo, hi, step float64) {
	lo, hi, step = c.target.control().bounds()
	if !c.fahrenheit {
		return lo, hi, step
	}
	// A whole degree Fahrenheit is more than half a degree Celsius: only whole ones of
	// these find their way back.
	return math.Ceil(celsius(lo)), math.Floor(celsius(hi)), max(math.Round(step/1.8), 1)
}

func celsius(f float64) float64 {
	c, _ := hubs.Num((f - 32) / 1.8).Round(1).Num()
	return c
}

func (c *climate) degrees(v values, d *datum) (float64, bool) {
	f, ok := v.real(d)
	if c.fahrenheit {
		f = celsius(f)
	}
	return f, ok
}

func (c *climate) read(v values, say sayer) {
	mode := c.modeNow(v)
	say.text(hubs.Mode, mode, mode != "", v.at(c.on, c.mode))
	if c.target != nil {
		f, ok := c.degrees(v, c.target)
		say.num(hubs.Target, f, ok, v.at(c.target))
	}
	if c.measured != nil {
		f, ok := c.degrees(v, c.measured)
		say.num(hubs.Measured, f, ok, v.at(c.measured))
	}
	if c.wet != nil {
		f, ok := v.real(c.wet)
		say.num(hubs.Humidity, math.Round(f), ok, v.at(c.wet))
	}
	if c.humid != nil {
		f, ok := v.real(c.humid)
		say.num(hubs.MeasuredHumidity, math.Round(f), ok, v.at(c.humid))
	}
	if c.fan != nil {
		w, ok := v.option(c.fan)
		say.text(hubs.FanMode, w, ok && slices.Contains(c.fan.fn.options, w), v.at(c.fan))
	}
	if len(c.presets) > 0 {
		w, ok := v.text(c.mode)
		say.text(hubs.Preset, w, ok && slices.Contains(c.presets, w), v.at(c.mode))
	}
	c.readSwing(v, say)
}

func (c *climate) modeNow(v values) string {
	on, known := v.boolean(c.on)
	if c.on != nil && known && !on {
		return "off"
	}
	if c.on != nil && !known {
		return ""
	}
	if c.mode == nil {
		if c.on == nil {
			return ""
		}
		return c.alone
	}
	w, _ := v.text(c.mode)
	switch hvac := c.modes[w]; {
	case slices.Contains(c.all, hvac):
		return hvac
	case slices.Contains(c.presets, w):
		return c.alone
	}
	return ""
}

func (c *climate) readSwing(v values, say sayer) {
	if c.swing == nil && c.swingH == nil && c.swingV == nil {
		return
	}
	all, okAll := v.boolean(c.swing)
	h, okH := v.boolean(c.swingH)
	z, okV := v.boolean(c.swingV)
	word := "off"
	switch {
	case all:
		word = "on"
	case h && z:
		word = "both"
	case h:
		word = "horizontal"
	case z:
		word = "vertical"
	}
	say.text(hubs.Swing, word, okAll || okH || okV, v.at(c.swing, c.swingH, c.swingV))
}

func (c *climate) write(cmd *hubs.Command, v values) ([]write, error) {
	var out []write
	if on, ok := boolOf(cmd, hubs.On); ok {
		w, err := c.turn(on, v)
		if err != nil {
			return nil, err
		}
		out = append(out, w...)
	}
	if mode, ok := textOf(cmd, hubs.Mode); ok {
		w, err := c.setMode(mode, v)
		if err != nil {
			return nil, err
		}
		out = append(out, w...)
	}
	if f, ok := numOf(cmd, hubs.Target); ok && c.target != nil {
		if c.fahrenheit {
			f = f*1.8 + 32
		}
		out = append(out, c.target.setNum(f))
	}
	if f, ok := numOf(cmd, hubs.Humidity); ok && c.wet != nil {
		out = append(out, c.wet.setNum(f))
	}
	for _, word := range []struct {
		attr hubs.Attr
		d    *datum
	}{{hubs.FanMode, c.fan}, {hubs.Preset, c.mode}} {
		text, ok := textOf(cmd, word.attr)
		if !ok || word.d == nil {
			continue
		}
		w, err := word.d.setWord(text)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	if word, ok := textOf(cmd, hubs.Swing); ok {
		out = append(out, c.setSwing(word)...)
	}
	return out, nil
}

// turn switches on or off; without a switch, off is a mode and on the first of the others.
func (c *climate) turn(on bool, v values) ([]write, error) {
	if c.on != nil {
		return []write{c.on.set(on)}, nil
	}
	if !on {
		return c.setMode("off", v)
	}
	if c.mode != nil {
		for _, w := range c.mode.fn.options {
			if c.modes[w] != "off" {
				return []write{c.mode.set(w)}, nil
			}
		}
	}
	return nil, invalid("it cannot be switched on")
}

func (c *climate) setMode(mode string, v values) ([]write, error) {
	var out []write
	if c.on != nil {
		out = append(out, c.on.set(mode != "off"))
	}
	if c.mode == nil {
		return out, nil
	}
	for _, w := range c.mode.fn.options {
		if c.modes[w] == mode && !slices.Contains(c.presets, w) {
			return append(out, c.mode.set(w)), nil
		}
	}
	if now, _ := v.text(c.mode); mode == c.alone && len(c.presets) > 0 {
		switch {
		case !slices.Contains(c.presets, now):
			return append(out, c.mode.set(c.presets[0])), nil
		case len(out) == 0:
			return append(out, c.mode.set(now)), nil // it is in it: said again, so that something is
		}
	}
	if len(out) == 0 {
		return nil, invalid("%s is no mode of it", mode)
	}
	return out, nil
}

func (c *climate) setSwing(word string) []write {
	var out []write
	for _, s := range []struct {
		d  *datum
		on bool
	}{
		{c.swing, word == "on"}, {c.swingH, word == "both" || word == "horizontal"}, {c.swingV, word == "both" || word == "vertical"},
	} {
		if s.d != nil {
			out = append(out, s.d.set(s.on))
		}
	}
	return out
}
