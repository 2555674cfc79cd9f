package discovery

import (
	"slices"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The words that Home Assistant knows.
func climateModes() []string {
	return []string{"off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only"}
}

func climateActions() []string {
	return []string{"off", "heating", "cooling", "drying", "idle", "fan", "preheating", "defrosting"}
}

func heaterModes() []string {
	return []string{"off", "eco", "electric", "gas", "heat_pump", "high_demand", "performance"}
}

// among gives those of all that Home Assistant knows.
func among(all, known []string) []string {
	return slices.DeleteFunc(options(all), func(o string) bool { return !slices.Contains(known, o) })
}

const tempDecimals = 2

type climateKind struct{}

func (climateKind) platform() string { return "climate" }

func (climateKind) config(c *component) {
	s := c.e.Spec.(hubs.Climate)
	c.takes("power_command_topic", "")
	c.list("modes", among(s.Modes, climateModes()))
	if len(s.Modes) > 0 {
		c.reads("mode_state_topic", "mode_state_template", "mode")
		c.takes("mode_command_topic", "mode")
	}
	if s.Acts {
		c.reads("action_topic", "action_template", "action")
	}
	if s.Target {
		c.readsTarget("temperature")
	}
	if s.Range {
		c.readsTarget("temperature_low")
		c.readsTarget("temperature_high")
	}
	c.temperatures(s.Min, s.Max)
	c.num("temp_step", stepOr(s.Step, 0.1))
	if s.Measures {
		c.reads("current_temperature_topic", "current_temperature_template", "current_temperature")
	}
	if s.Humidity {
		c.reads("target_humidity_state_topic", "target_humidity_state_template", "humidity")
		c.takes("target_humidity_command_topic", "humidity")
		c.humidities(s.MinHumidity, s.MaxHumidity)
	}
	if s.MeasuresHumidity {
		c.reads("current_humidity_topic", "current_humidity_template", "current_humidity")
	}
	c.climateLists(s)
}

func (c *component) readsTarget(part string) {
	c.reads(part+"_state_topic", part+"_state_template", part)
	c.takes(part+"_command_topic", part)
}

func (c *component) temperatures(lo, hi float64) {
	c.between("min_temp", "max_temp", lo, hi)
	c.str("temperature_unit", "C")
	c.num("precision", 0.1)
}

// between writes bounds where there are some.
func (c *component) between(least, most string, lo, hi float64) {
	if bounded(lo, hi) {
		c.num(least, lo)
		c.num(most, hi)
	}
}

// humidities writes bounds of a humidity, which is a percentage.
func (c *component) humidities(lo, hi float64) {
	c.between("min_humidity", "max_humidity", max(lo, 0), min(hi, 100))
}

func (c *component) climateLists(s hubs.Climate) {
	if fans := options(s.FanModes); len(fans) > 0 {
		c.reads("fan_mode_state_topic", "fan_mode_state_template", "fan_mode")
		c.takes("fan_mode_command_topic", "fan_mode")
		c.list("fan_modes", fans)
	}
	if swings := options(s.SwingModes); len(swings) > 0 {
		c.reads("swing_mode_state_topic", "swing_mode_state_template", "swing_mode")
		c.takes("swing_mode_command_topic", "swing_mode")
		c.list("swing_modes", swings)
	}
	if presets := withoutNone(s.Presets); len(presets) > 0 {
		c.reads("preset_mode_state_topic", "preset_mode_value_template", "preset_mode")
		c.takes("preset_mode_command_topic", "preset_mode")
		c.list("preset_modes", presets)
	}
}

// withoutNone leaves out the preset that Home Assistant adds by itself.
func withoutNone(presets []string) []string {
	return slices.DeleteFunc(options(presets), func(o string) bool { return o == "none" })
}

func (climateKind) state(w *writer, v values) {
	s := v.e.Spec.(hubs.Climate)
	w.open()
	if len(s.Modes) > 0 {
		w.known("mode", v.get(hubs.Mode), s.Modes, climateModes())
	}
	if s.Acts {
		w.option("action", v.get(hubs.Doing), climateActions())
	}
	if s.Target {
		w.number("temperature", v.get(hubs.Target), tempDecimals)
	}
	if s.Range {
		w.number("temperature_low", v.get(hubs.TargetLow), tempDecimals)
		w.number("temperature_high", v.get(hubs.TargetHigh), tempDecimals)
	}
	if s.Measures {
		w.number("current_temperature", v.get(hubs.Measured), tempDecimals)
	}
	if s.Humidity {
		w.percent("humidity", v.get(hubs.Humidity))
	}
	if s.MeasuresHumidity {
		w.percent("current_humidity", v.get(hubs.MeasuredHumidity))
	}
	if len(s.FanModes) > 0 {
		w.option("fan_mode", v.get(hubs.FanMode), s.FanModes)
	}
	if len(s.SwingModes) > 0 {
		w.option("swing_mode", v.get(hubs.Swing), s.SwingModes)
	}
	if len(s.Presets) > 0 {
		w.option("preset_mode", v.get(hubs.Preset), s.Presets)
	}
	w.close()
}

// known writes a word that both the entity and Home Assistant have.
func (w *writer) known(k string, v hubs.Value, declared, words []string) {
	if s, _ := v.Text(); !slices.Contains(words, s) {
		v = hubs.Value{}
	}
	w.option(k, v, declared)
}

func (climateKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	switch part {
	case "":
		return r.setBool(hubs.On, in)
	case "mode":
		return r.setOption(e, hubs.Mode, in)
	case "temperature":
		return r.setNumber(hubs.Target, in)
	case "temperature_low":
		return r.setNumber(hubs.TargetLow, in)
	case "temperature_high":
		return r.setNumber(hubs.TargetHigh, in)
	case "humidity":
		return r.setPercent(hubs.Humidity, in)
	case "fan_mode":
		return r.setOption(e, hubs.FanMode, in)
	case "swing_mode":
		return r.setOption(e, hubs.Swing, in)
	case "preset_mode":
		return r.setOption(e, hubs.Preset, in)
	}
	return errNoPart
}

type heaterKind struct{}

func (heaterKind) platform() string { return "water_heater" }

func (heaterKind) config(c *component) {
	s := c.e.Spec.(hubs.WaterHeater)
	c.takes("power_command_topic", "")
	c.list("modes", among(s.Modes, heaterModes()))
	if len(s.Modes) > 0 {
		c.reads("mode_state_topic", "mode_state_template", "mode")
		c.takes("mode_command_topic", "mode")
	}
	c.readsTarget("temperature")
	c.temperatures(s.Min, s.Max)
	if s.Measures {
		c.reads("current_temperature_topic", "current_temperature_template", "current_temperature")
	}
}

func (heaterKind) state(w *writer, v values) {
	s := v.e.Spec.(hubs.WaterHeater)
	w.open()
	if len(s.Modes) > 0 {
		w.known("mode", v.get(hubs.Mode), s.Modes, heaterModes())
	}
	w.number("temperature", v.get(hubs.Target), tempDecimals)
	if s.Measures {
		w.number("current_temperature", v.get(hubs.Measured), tempDecimals)
	}
	w.close()
}

func (heaterKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	switch part {
	case "":
		return r.setBool(hubs.On, in)
	case "mode":
		return r.setOption(e, hubs.Mode, in)
	case "temperature":
		return r.setNumber(hubs.Target, in)
	}
	return errNoPart
}
