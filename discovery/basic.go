package discovery

import "github.com/hub2mqtt/hub2mqtt/hubs"

type switchKind struct{}

func (switchKind) platform() string { return "switch" }

func (switchKind) config(c *component) {
	if !silent(c.e.Spec) {
		c.reads("state_topic", "value_template", "")
	}
	c.takes("command_topic", "")
}

func (switchKind) state(w *writer, v values) { w.onOffValue(v.get(hubs.On)) }

func (switchKind) command(r *Request, _ *hubs.Entity, part string, in input) error {
	if part != "" && part != "state" {
		return errNoPart
	}
	return r.setOn(in)
}

type binaryKind struct{}

func (binaryKind) platform() string { return "binary_sensor" }

func (binaryKind) config(c *component) { c.reads("state_topic", "value_template", "") }

func (binaryKind) state(w *writer, v values) { w.onOffValue(v.get(hubs.On)) }

func (binaryKind) command(*Request, *hubs.Entity, string, input) error { return errReadOnly }

type sirenKind struct{}

func (sirenKind) platform() string { return "siren" }

func (sirenKind) config(c *component) {
	s := c.e.Spec.(hubs.Siren)
	c.reads("state_topic", "state_value_template", "")
	c.takes("command_topic", "")
	if tones := options(s.Tones); len(tones) > 0 {
		c.list("available_tones", tones)
	}
	c.flag("support_duration", s.Duration)
	c.flag("support_volume_set", s.Volume)
}

func (sirenKind) state(w *writer, v values) { w.onOffValue(v.get(hubs.On)) }

func (sirenKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	s := e.Spec.(hubs.Siren)
	switch part {
	case "", "state":
		return r.setOn(in)
	case "tone":
		f := hubs.Field{Attr: "tone", Kind: hubs.KindText, Options: s.Tones}
		if err := in.scalar(); err != nil {
			return err
		}
		if len(s.Tones) == 0 {
			return errNoPart
		}
		r.With.Tone = in.text
		return f.Check(hubs.Str(in.text))
	case "duration":
		d, err := in.seconds()
		r.With.Duration = d
		return err
	case "volume_level":
		f, err := in.number()
		if err == nil && (f < 0 || f > 1) {
			err = invalid("volume_level must be from 0 to 1, not %s", in.shown())
		}
		r.With.Volume = f * 100
		return err
	}
	return errNoPart
}

// finish lets a tone or a duration alone mean that it should sound.
func (sirenKind) finish(r *Request) {
	if len(r.Set) == 0 && r.Do == "" {
		r.set(hubs.On, hubs.Bool(true))
	}
}

type buttonKind struct{}

func (buttonKind) platform() string { return "button" }

func (buttonKind) config(c *component) { c.takes("command_topic", "") }

func (buttonKind) state(w *writer, _ values) { w.nothing() }

func (buttonKind) command(r *Request, _ *hubs.Entity, part string, in input) error {
	if part != "" {
		return errNoPart
	}
	if w, err := in.word(); err != nil || w != "press" {
		return invalid("PRESS is wanted, not %s", in.shown())
	}
	return r.do(hubs.Press)
}

type sceneKind struct{}

func (sceneKind) platform() string { return "scene" }

func (sceneKind) config(c *component) {
	c.takes("command_topic", "")
	c.str("payload_on", "ON")
}

func (sceneKind) state(w *writer, _ values) { w.nothing() }

func (sceneKind) command(r *Request, _ *hubs.Entity, part string, in input) error {
	if part != "" && part != "state" {
		return errNoPart
	}
	if on, err := in.boolean(); err != nil || !on {
		return invalid("ON is wanted, not %s", in.shown())
	}
	return r.do(hubs.Activate)
}
