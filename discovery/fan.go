package discovery

import "github.com/hub2mqtt/hub2mqtt/hubs"

func fanDirections() []string { return []string{"forward", "reverse"} }

type fanKind struct{}

func (fanKind) platform() string { return "fan" }

func (fanKind) config(c *component) {
	s := c.e.Spec.(hubs.Fan)
	c.reads("state_topic", "state_value_template", "state")
	c.takes("command_topic", "")
	if s.Speeds > 0 {
		c.reads("percentage_state_topic", "percentage_value_template", "percentage")
		c.takes("percentage_command_topic", "percentage")
	}
	if presets := options(s.Presets); len(presets) > 0 {
		c.reads("preset_mode_state_topic", "preset_mode_value_template", "preset_mode")
		c.takes("preset_mode_command_topic", "preset_mode")
		c.list("preset_modes", presets)
	}
	if s.Oscillates {
		c.reads("oscillation_state_topic", "oscillation_value_template", "oscillation")
		c.takes("oscillation_command_topic", "oscillation")
		c.str("payload_oscillation_on", "ON")
		c.str("payload_oscillation_off", "OFF")
	}
	if s.Reverses {
		c.readsText("direction_state_topic", "direction_value_template", "direction")
		c.takes("direction_command_topic", "direction")
	}
}

func (fanKind) state(w *writer, v values) {
	s := v.e.Spec.(hubs.Fan)
	w.open()
	w.onOff("state", v.get(hubs.On))
	if s.Speeds > 0 {
		w.percent("percentage", v.get(hubs.Level))
	}
	if len(s.Presets) > 0 {
		w.option("preset_mode", v.get(hubs.Preset), s.Presets)
	}
	if s.Oscillates {
		w.onOff("oscillation", v.get(hubs.Oscillates))
	}
	if s.Reverses {
		w.option("direction", v.get(hubs.Direction), fanDirections())
	}
	w.close()
}

func (fanKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	switch part {
	case "", "state":
		return r.setOn(in)
	case "percentage":
		return r.setPercent(hubs.Level, in)
	case "preset_mode":
		return r.setOption(e, hubs.Preset, in)
	case "oscillation":
		return r.setBool(hubs.Oscillates, in)
	case "direction":
		return r.setOption(e, hubs.Direction, in)
	}
	return errNoPart
}

type humidifierKind struct{}

func (humidifierKind) platform() string { return "humidifier" }

func (humidifierKind) config(c *component) {
	s := c.e.Spec.(hubs.Humidifier)
	c.reads("state_topic", "state_value_template", "state")
	c.takes("command_topic", "")
	c.reads("target_humidity_state_topic", "target_humidity_state_template", "humidity")
	c.takes("target_humidity_command_topic", "humidity")
	c.humidities(s.Min, s.Max)
	if modes := options(s.Modes); len(modes) > 0 {
		c.reads("mode_state_topic", "mode_state_template", "mode")
		c.takes("mode_command_topic", "mode")
		c.list("modes", modes)
	}
	if s.Measures {
		c.reads("current_humidity_topic", "current_humidity_template", "current_humidity")
	}
	if s.Acts {
		c.reads("action_topic", "action_template", "action")
	}
}

func (humidifierKind) state(w *writer, v values) {
	s := v.e.Spec.(hubs.Humidifier)
	w.open()
	w.onOff("state", v.get(hubs.On))
	target := v.get(hubs.Humidity)
	if f, _ := target.Num(); bounded(s.Min, s.Max) && (f < s.Min || f > s.Max) {
		target = hubs.Value{}
	}
	w.percent("humidity", target)
	if s.Measures {
		w.percent("current_humidity", v.get(hubs.MeasuredHumidity))
	}
	if len(s.Modes) > 0 {
		w.option("mode", v.get(hubs.Mode), s.Modes)
	}
	if s.Acts {
		w.option("action", v.get(hubs.Doing), []string{"off", "humidifying", "drying", "idle"})
	}
	w.close()
}

func (humidifierKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	switch part {
	case "", "state":
		return r.setOn(in)
	case "humidity":
		return r.setPercent(hubs.Humidity, in)
	case "mode":
		return r.setOption(e, hubs.Mode, in)
	}
	return errNoPart
}
