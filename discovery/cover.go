package discovery

import "github.com/hub2mqtt/hub2mqtt/hubs"

type coverKind struct{}

func (coverKind) platform() string { return "cover" }

func (coverKind) config(c *component) {
	s := c.e.Spec.(hubs.Cover)
	c.takes("command_topic", "")
	if !s.Stops {
		c.null("payload_stop")
	}
	c.reads("state_topic", "value_template", "state")
	if s.Positions {
		c.readsText("position_topic", "position_template", "position")
		c.takes("set_position_topic", "position")
	}
	if s.Tilts {
		c.readsText("tilt_status_topic", "tilt_status_template", "tilt")
		c.takes("tilt_command_topic", "tilt")
	}
}

func (coverKind) state(w *writer, v values) {
	w.open()
	writeMoving(w, v, true)
	if v.e.Spec.(hubs.Cover).Tilts {
		w.percent("tilt", v.get(hubs.Tilt))
	}
	w.close()
}

// writeMoving writes state and position. Home Assistant knows no stopped valves.
func writeMoving(w *writer, v values, stops bool) {
	if s := movingState(v); s != "" && (stops || s != hubs.Stopped) {
		w.str("state", s)
	} else {
		w.unknown("state")
	}
	w.percent("position", v.get(hubs.Position))
}

// movingState is where it moves, else where it stands.
func movingState(v values) string {
	motion, _ := v.get(hubs.Motion).Text()
	if motion == hubs.Opening || motion == hubs.Closing {
		return motion
	}
	position, known := v.get(hubs.Position).Round(0).Num()
	switch {
	case known && position <= 0:
		return "closed"
	case known:
		return "open"
	case motion == hubs.Stopped:
		return hubs.Stopped
	}
	return ""
}

func (coverKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	s := e.Spec.(hubs.Cover)
	if part == "tilt" && s.Tilts {
		return r.setMoving(hubs.Tilt, true, in)
	}
	if part != "" && part != "state" && part != "position" {
		return errNoPart
	}
	return r.setMoving(hubs.Position, s.Positions, in)
}

// setMoving reads a word or a number for a position or tilt.
func (r *Request) setMoving(a hubs.Attr, anywhere bool, in input) error {
	w, err := in.word()
	if err != nil {
		return err
	}
	switch w {
	case "open", "opening", "opened":
		r.set(a, hubs.Num(100))
		return nil
	case "close", "closing", "closed":
		r.set(a, hubs.Num(0))
		return nil
	case "stop", "stopped":
		return r.do(hubs.Stop)
	}
	f, err := in.number()
	if err != nil {
		return invalid("OPEN, CLOSE, STOP or a number from 0 to 100 is wanted, not %s", in.shown())
	}
	if !anywhere && f != 0 && f != 100 {
		return invalid("only 0 and 100 can be set, not %s", in.shown())
	}
	return r.setPercent(a, in)
}

type valveKind struct{}

func (valveKind) platform() string { return "valve" }

func (valveKind) config(c *component) {
	s := c.e.Spec.(hubs.Valve)
	c.takes("command_topic", "")
	if s.Stops {
		c.str("payload_stop", "STOP")
	}
	if s.Positions { // then the state must be both at once
		c.flag("reports_position", true)
		c.valvePosition()
		return
	}
	c.reads("state_topic", "value_template", "state")
}

func (c *component) valvePosition() {
	c.str("state_topic", c.stateTopic())
	c.str("value_template", "{{ "+c.path("")+" | tojson if "+c.path("position")+" is not none else '' }}")
}

func (valveKind) state(w *writer, v values) {
	w.open()
	writeMoving(w, v, false)
	w.close()
}

func (valveKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	if part != "" && part != "state" && part != "position" {
		return errNoPart
	}
	return r.setMoving(hubs.Position, e.Spec.(hubs.Valve).Positions, in)
}
