package discovery

import (
	"math"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// lightKind is Home Assistant's light of schema json. It reads a topic of its own.
type lightKind struct{}

func (lightKind) platform() string { return "light" }

func (lightKind) config(c *component) {
	s := c.e.Spec.(hubs.Light)
	c.str("schema", "json")
	c.str("state_topic", c.l.EntityTopic(c.d.ID, c.key))
	c.takes("command_topic", "")
	modes := colourModes(s)
	c.list("supported_color_modes", modes)
	c.flag("brightness", modes[0] != "onoff") // Home Assistant wants it for every other mode
	if shiftsWhite(s) {
		c.flag("color_temp_kelvin", true)
		c.num("min_kelvin", float64(s.MinKelvin))
		c.num("max_kelvin", float64(s.MaxKelvin))
	}
	if effects := options(s.Effects); len(effects) > 0 {
		c.flag("effect", true)
		c.list("effect_list", effects)
	}
	c.flag("flash", false)
	c.flag("transition", s.Transition)
}

func shiftsWhite(s hubs.Light) bool { return s.MinKelvin > 0 && s.MinKelvin < s.MaxKelvin }

// colourModes are the modes that may stand together.
func colourModes(s hubs.Light) []string {
	var modes []string
	if shiftsWhite(s) {
		modes = append(modes, "color_temp")
	}
	if s.HS {
		modes = append(modes, "hs")
	}
	if s.XY {
		modes = append(modes, "xy")
	}
	switch {
	case len(modes) > 0:
		return modes
	case s.Dims:
		return []string{"brightness"}
	}
	return []string{"onoff"}
}

func (lightKind) state(w *writer, v values) {
	s := v.e.Spec.(hubs.Light)
	w.open()
	on, known := v.get(hubs.On).Bool()
	if known {
		w.str("state", onWord(on))
	} else {
		w.null("state")
	}
	if s.Dims {
		writeBrightness(w, v.get(hubs.Level), on)
	}
	if s.HS || s.XY || shiftsWhite(s) {
		writeColour(w, s, v)
	} else if s.Dims {
		w.str("color_mode", "brightness")
	} else {
		w.str("color_mode", "onoff")
	}
	if len(s.Effects) > 0 {
		w.option("effect", v.get(hubs.Effect), s.Effects)
	}
	w.close()
}

// writeBrightness gives 0–100 as 0–255. A light that is on is never shown as dark.
func writeBrightness(w *writer, level hubs.Value, on bool) {
	f, ok := level.Num()
	if !ok || f < 0 || f > 100 {
		w.unknown("brightness")
		return
	}
	b := math.Round(f * 255 / 100)
	if on && b == 0 {
		b = 1
	}
	w.num("brightness", b)
}

// writeColour writes mode and colour. Home Assistant refuses a mode without its
// values, so both are unknown together.
func writeColour(w *writer, s hubs.Light, v values) {
	mode := colourMode(s, v)
	kelvin, _ := v.get(hubs.Kelvin).Num()
	w.some("color_mode", mode)
	if mode == "" {
		w.unknown("color_mode")
	}
	if shiftsWhite(s) {
		if mode == "color_temp" {
			w.num("color_temp", math.Round(kelvin))
		} else {
			w.unknown("color_temp")
		}
	}
	if !s.HS && !s.XY {
		return
	}
	switch mode {
	case "hs":
		w.object("color", func() { writeHS(w, v) })
	case "xy":
		w.object("color", func() {
			w.number("x", v.get(hubs.ColourX), 4)
			w.number("y", v.get(hubs.ColourY), 4)
		})
	default:
		w.unknown("color")
	}
}

func writeHS(w *writer, v values) {
	if whiteOnly(v) { // a colour light has no mode for plain white
		w.num("h", 0)
		w.num("s", 0)
		return
	}
	w.number("h", v.get(hubs.Hue), 2)
	w.number("s", v.get(hubs.Saturation), 2)
}

func whiteOnly(v values) bool {
	mode, _ := v.get(hubs.ColourMode).Text()
	return mode == hubs.ColourWhite
}

// colourMode is Home Assistant's word for the mode the light is in, where its values
// are known too; empty: not known.
func colourMode(s hubs.Light, v values) string {
	hs := s.HS && inside(v.get(hubs.Hue), 360) && inside(v.get(hubs.Saturation), 100)
	xy := s.XY && inside(v.get(hubs.ColourX), 1) && inside(v.get(hubs.ColourY), 1)
	kelvin, ok := v.get(hubs.Kelvin).Num()
	white := shiftsWhite(s) && ok && kelvin >= 1 && kelvin <= 1e5
	mode, _ := v.get(hubs.ColourMode).Text()
	switch {
	case mode == hubs.ColourHS && hs, mode == "" && hs && !white && !xy:
		return "hs"
	case mode == hubs.ColourXY && xy, mode == "" && xy && !white:
		return "xy"
	case (mode == hubs.ColourKelvin || mode == hubs.ColourWhite) && white, mode == "" && white && !hs && !xy:
		return "color_temp"
	case mode == hubs.ColourWhite && !shiftsWhite(s) && s.HS:
		return "hs"
	}
	return ""
}

func inside(v hubs.Value, most float64) bool {
	f, ok := v.Num()
	return ok && f >= 0 && f <= most
}

func (lightKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	s := e.Spec.(hubs.Light)
	switch part {
	case "", "state":
		return r.setOn(in)
	case "brightness":
		return r.setBrightness(s, in)
	case "color_temp":
		if !shiftsWhite(s) {
			return errNoPart
		}
		return r.setNumber(hubs.Kelvin, in)
	case "color":
		if !s.HS && !s.XY {
			return errNoPart
		}
		return r.setColour(s, in)
	case "effect":
		return r.setOption(e, hubs.Effect, in)
	case "transition":
		d, err := in.seconds()
		if s.Transition {
			r.With.Transition = d
		}
		return err
	case "color_mode": // comes along when a state is sent back
		return in.scalar()
	}
	return errNoPart
}

// finish makes a light's members one command: attributes without a state turn it on,
// and off leaves nothing else to do.
func (lightKind) finish(r *Request) {
	if r.Do != "" {
		return
	}
	on, given := r.Value(hubs.On)
	if level, ok := r.Value(hubs.Level); ok && level == hubs.Num(0) {
		on, given = hubs.Bool(false), true
	}
	if !given && len(r.Set) > 0 {
		on = hubs.Bool(true)
		r.Set = append([]hubs.AttrValue{{Attr: hubs.On, Value: on}}, r.Set...)
	}
	if on == hubs.Bool(false) {
		r.Set = []hubs.AttrValue{{Attr: hubs.On, Value: on}}
	}
}

func (r *Request) setBrightness(s hubs.Light, in input) error {
	b, err := in.number()
	switch {
	case err != nil:
		return err
	case b < 0 || b > 255:
		return invalid("brightness must be from 0 to 255, not %s", in.shown())
	case b == 0:
		r.set(hubs.Level, hubs.Num(0)) // finish turns it into off
	case s.Dims:
		r.set(hubs.Level, hubs.Num(b*100/255).Round(2))
	case s.HS || s.XY || shiftsWhite(s): // announced as dimmable, since colours must be
		if _, given := r.Value(hubs.On); !given {
			r.set(hubs.On, hubs.Bool(true))
		}
	default:
		return errNoPart
	}
	return nil
}
