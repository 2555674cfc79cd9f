package discovery

import (
	"slices"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// vacuumKind reads a topic of its own, as the platform knows no template.
type vacuumKind struct{}

func (vacuumKind) platform() string { return "vacuum" }

func (vacuumKind) config(c *component) {
	s := c.e.Spec.(hubs.Vacuum)
	c.str("state_topic", c.l.EntityTopic(c.d.ID, c.key))
	c.takes("command_topic", "")
	features := []string{"status"}
	for _, a := range s.Can {
		if f := vacuumFeature(a); f != "" && !slices.Contains(features, f) {
			features = append(features, f)
		}
	}
	if speeds := options(s.FanSpeeds); len(speeds) > 0 {
		features = append(features, "fan_speed")
		c.takes("set_fan_speed_topic", "fan_speed")
		c.list("fan_speed_list", speeds)
	}
	if slices.Contains(s.Can, hubs.Send) {
		c.takes("send_command_topic", "send_command")
	}
	c.list("supported_features", features)
}

func vacuumFeature(a hubs.Action) string {
	switch a {
	case hubs.Start:
		return "start"
	case hubs.Pause:
		return "pause"
	case hubs.Stop:
		return "stop"
	case hubs.Dock:
		return "return_home"
	case hubs.CleanSpot:
		return "clean_spot"
	case hubs.Locate:
		return "locate"
	case hubs.Send:
		return "send_command"
	default:
		return ""
	}
}

func (vacuumKind) state(w *writer, v values) {
	s := v.e.Spec.(hubs.Vacuum)
	w.open()
	state, _ := v.get(hubs.State).Text()
	if slices.Contains([]string{"cleaning", "docked", "paused", "idle", "returning", "error"}, state) {
		w.str("state", state)
	} else {
		w.null("state")
	}
	if len(s.FanSpeeds) > 0 {
		w.option("fan_speed", v.get(hubs.FanSpeed), s.FanSpeeds)
	}
	w.close()
}

// raw: the vendor's own command is passed on as it is.
func (vacuumKind) raw(part string) bool { return part == "send_command" }

func (vacuumKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	switch part {
	case "", "state":
		return r.setTask(in, map[string]hubs.Action{
			"start": hubs.Start, "cleaning": hubs.Start,
			"pause": hubs.Pause, "paused": hubs.Pause,
			"stop": hubs.Stop, "idle": hubs.Stop,
			"return_to_base": hubs.Dock, "dock": hubs.Dock, "docked": hubs.Dock, "returning": hubs.Dock,
			"clean_spot": hubs.CleanSpot, "locate": hubs.Locate,
		})
	case "fan_speed":
		return r.setOption(e, hubs.FanSpeed, in)
	case "send_command":
		r.With.Text = in.raw
		return r.do(hubs.Send)
	}
	return errNoPart
}

func (r *Request) setTask(in input, tasks map[string]hubs.Action) error {
	w, err := in.word()
	if err != nil {
		return err
	}
	a, ok := tasks[w]
	if !ok {
		return invalid("%s is not a command", in.shown())
	}
	return r.do(a)
}

type mowerKind struct{}

func (mowerKind) platform() string { return "lawn_mower" }

func (mowerKind) config(c *component) {
	c.reads("activity_state_topic", "activity_value_template", "")
	for _, a := range c.e.Spec.(hubs.Mower).Can {
		switch a {
		case hubs.Start:
			c.takes("start_mowing_command_topic", "")
		case hubs.Pause:
			c.takes("pause_command_topic", "")
		case hubs.Dock:
			c.takes("dock_command_topic", "")
		default:
		}
	}
}

func (mowerKind) state(w *writer, v values) {
	w.optionValue(v.get(hubs.State), []string{"mowing", "docked", "paused", "returning", "error", "idle"})
}

func (mowerKind) command(r *Request, _ *hubs.Entity, part string, in input) error {
	if part != "" && part != "state" {
		return errNoPart
	}
	return r.setTask(in, map[string]hubs.Action{
		"start_mowing": hubs.Start, "start": hubs.Start, "mowing": hubs.Start,
		"pause": hubs.Pause, "paused": hubs.Pause,
		"dock": hubs.Dock, "docked": hubs.Dock, "returning": hubs.Dock,
	})
}
