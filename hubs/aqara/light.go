package aqara

import (
	"math"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// light is a lamp's endpoint. Traits it does not have are nil.
type light struct {
	on, level, mode, white  *trait
	xy, x, y                *trait
	hue, sat                *trait
	rgb, red, green, blue   *trait
	effect                  *trait
	kelvin                  bool // white counts in kelvin, not in mired
	takesXY, takesHS, hasHS bool
}

func buildLight(e *endpoint) (part, bool) {
	on := e.find("Output", "OnOff")
	color := func(code string) *trait { return e.find("ColorControl", code) }
	if !on.canWrite() || !strings.EqualFold(e.kind, "Light") &&
		!color("ColorTemperature").canWrite() && !color("ColorXY").canWrite() && !color("Hue").canWrite() {
		return part{}, false
	}
	l := &light{on: on, mode: color("ColorMode")}
	take := func(into **trait, t *trait) bool {
		if t.canWrite() {
			*into = t
		}
		return t.canWrite()
	}
	take(&l.level, e.find("LevelControl", "CurrentLevel"))
	take(&l.effect, color("LightingDynamicSceneMode"))
	spec := hubs.Light{Dims: l.level != nil}
	if take(&l.white, color("ColorTemperature")) {
		l.kelvin = countsKelvin(l.white)
		spec.MinKelvin, spec.MaxKelvin = l.whiteRange()
	}
	l.buildColour(color, take)
	spec.XY, spec.HS = l.takesXY, l.takesHS
	if l.effect != nil {
		spec.Effects = l.effect.words()
	}
	e.use(l.uses()...)
	return part{name: "Light", key: "Output", composite: true, unit: l, entity: hubs.Entity{Spec: spec}}, true
}

// buildColour takes the way of setting a colour that needs the fewest values.
func (l *light) buildColour(color func(string) *trait, take func(**trait, *trait) bool) {
	l.takesXY = take(&l.xy, color("ColorXY"))
	if !l.takesXY && color("CurrentX").canWrite() && color("CurrentY").canWrite() {
		l.takesXY = take(&l.x, color("CurrentX")) && take(&l.y, color("CurrentY"))
	}
	switch {
	case color("Hue").canWrite() && color("Saturation").canWrite():
		l.takesHS = take(&l.hue, color("Hue")) && take(&l.sat, color("Saturation"))
		l.hasHS = true
	case l.takesXY:
	case take(&l.rgb, color("ColorRGB")):
		l.takesHS = true
	case color("CurrentR").canWrite() && color("CurrentG").canWrite() && color("CurrentB").canWrite():
		l.takesHS = take(&l.red, color("CurrentR")) && take(&l.green, color("CurrentG")) && take(&l.blue, color("CurrentB"))
	}
}

// countsKelvin reads the unit, and the range where there is none: lamps that name no
// unit count in mired, 153 to 500, and no lamp shines at 1000 mired.
func countsKelvin(t *trait) bool {
	if t.unit == hubs.KelvinUnit || t.unit == hubs.Mired {
		return t.unit == hubs.KelvinUnit
	}
	return t.min.Known && t.min.F >= 1000
}

func (l *light) whiteRange() (low, high int) {
	lo, hi := 153.0, 370.0 // the data model's
	if l.kelvin {
		lo, hi = 2700, 6500
	}
	if l.white.min.Known && l.white.max.Known && l.white.min.F > 0 && l.white.max.F > l.white.min.F {
		lo, hi = l.white.min.F, l.white.max.F
	}
	if !l.kelvin {
		lo, hi = 1e6/hi, 1e6/lo
	}
	return int(math.Round(min(lo, 1e6))), int(math.Round(min(hi, 1e6)))
}

func (l *light) uses() []*trait {
	return []*trait{
		l.on, l.level, l.mode, l.white, l.xy, l.x, l.y, l.hue, l.sat, l.rgb, l.red, l.green, l.blue, l.effect,
	}
}

func (l *light) read(v values, say sayer) {
	on, ok := v.boolean(l.on)
	say.bool(hubs.On, on, ok, v.at(l.on))
	if l.level != nil {
		f, ok := v.num(l.level)
		say.num(hubs.Level, clampPercent(f*100/l.levelTop()), ok, v.at(l.level))
	}
	if l.effect != nil {
		w, ok := v.word(l.effect)
		say.text(hubs.Effect, w, ok, v.at(l.effect))
	}
	l.readColour(v, say)
}

// levelTop is the value of full brightness: 100, unless the device counts further.
func (l *light) levelTop() float64 {
	if l.level.max.Known && l.level.max.F > 100 {
		return l.level.max.F
	}
	return 100
}

// readColour tells the values of the mode that counts; those of the others are old and
// reported as unknown. All carry the time of the last change of mode too: what a mode
// brings back is newer than what its end took away.
func (l *light) readColour(v values, say sayer) {
	if l.white == nil && !l.takesXY && !l.takesHS {
		return
	}
	mode := l.modeOf(v)
	say.text(hubs.ColourMode, mode, mode != "", v.at(l.uses()[2:]...))
	if l.white != nil {
		f, ok := v.num(l.white)
		if ok && !l.kelvin {
			ok = f > 0
			f = math.Round(1e6 / max(f, 1))
		}
		low, high := l.whiteRange()
		f = min(max(f, float64(low)), float64(high))
		say.num(hubs.Kelvin, f, ok && (mode == hubs.ColourKelvin || mode == ""), v.at(l.mode, l.white))
	}
	if l.takesXY {
		x, y, ok := l.xyOf(v)
		ok = ok && (mode == hubs.ColourXY || mode == "")
		at := v.at(l.mode, l.xy, l.x, l.y)
		say.num(hubs.ColourX, x, ok, at)
		say.num(hubs.ColourY, y, ok, at)
	}
	if l.takesHS {
		h, s, ok := l.hsOf(v)
		ok = ok && (mode == hubs.ColourHS || mode == "")
		at := v.at(l.mode, l.hue, l.sat, l.rgb, l.red, l.green, l.blue)
		say.num(hubs.Hue, h, ok, at)
		say.num(hubs.Saturation, s, ok, at)
	}
}

// modeOf names the mode the light is in, in ways that it can be set to; without the
// trait that tells, the value that changed last decides.
func (l *light) modeOf(v values) string {
	word, _ := v.modelWord(l.mode)
	switch word {
	case "color_temperature", "ct", "temperature":
		if l.white != nil {
			return hubs.ColourKelvin
		}
	case "xy", "hsv", "hs", "rgb":
		return l.colourMode(word)
	}
	white, colour := v.at(l.white), v.at(l.xy, l.x, l.y, l.hue, l.sat, l.rgb, l.red, l.green, l.blue)
	switch {
	case l.white == nil:
		return l.colourMode("")
	case !l.takesXY && !l.takesHS, white.After(colour):
		return hubs.ColourKelvin
	case colour.After(white):
		return l.colourMode("")
	}
	return ""
}

func (l *light) colourMode(word string) string {
	switch {
	case l.takesXY && (word == "xy" || !l.takesHS):
		return hubs.ColourXY
	case l.takesHS:
		return hubs.ColourHS
	}
	return ""
}

func (l *light) xyOf(v values) (x, y float64, ok bool) {
	if l.xy != nil {
		f, ok := v.num(l.xy)
		if !ok || f < 0 || f > math.MaxUint32 {
			return 0, 0, false
		}
		n := uint32(f)
		return fraction(float64(n >> 16)), fraction(float64(n & 0xffff)), true
	}
	x, okX := v.num(l.x)
	y, okY := v.num(l.y)
	return fraction(x), fraction(y), okX && okY
}

// fraction gives a CIE coordinate to the four places that mean anything.
func fraction(n float64) float64 {
	return math.Round(min(max(n/65536, 0), 1)*1e4) / 1e4
}

func (l *light) hsOf(v values) (h, s float64, ok bool) {
	if l.hasHS {
		h, okH := v.num(l.hue)
		s, okS := v.num(l.sat)
		return min(max(h, 0), 360), clampPercent(s), okH && okS
	}
	var r, g, b float64
	if l.rgb != nil {
		f, ok := v.num(l.rgb)
		if !ok || f < 0 || f > 0xffffff {
			return 0, 0, false
		}
		n := uint32(f)
		r, g, b = float64(n>>16), float64(n>>8&0xff), float64(n&0xff)
	} else {
		var okR, okG, okB bool
		r, okR = v.num(l.red)
		g, okG = v.num(l.green)
		b, okB = v.num(l.blue)
		if !okR || !okG || !okB {
			return 0, 0, false
		}
	}
	h, s = rgbToHS(r, g, b)
	return h, s, true
}

func (l *light) write(cmd *hubs.Command, v values) ([]write, error) {
	on, hasOn := boolOf(cmd, hubs.On)
	level, hasLevel := numOf(cmd, hubs.Level)
	if hasOn && !on || !hasOn && hasLevel && level <= 0 {
		return []write{l.on.set(false)}, nil
	}
	out := []write{l.on.set(true)}
	if hasLevel && l.level != nil {
		out = append(out, l.level.setNum(max(math.Round(level), 1)*l.levelTop()/100))
	}
	if k, ok := numOf(cmd, hubs.Kelvin); ok && l.white != nil && k > 0 {
		if !l.kelvin {
			k = math.Round(1e6 / k)
		}
		out = append(out, l.white.setNum(k))
	}
	colour, err := l.writeColour(cmd, v)
	if err != nil {
		return nil, err
	}
	out = append(out, colour...)
	if word, ok := textOf(cmd, hubs.Effect); ok && l.effect != nil {
		w, err := l.effect.setWord(word)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

func (l *light) writeColour(cmd *hubs.Command, v values) ([]write, error) {
	x, hasX := numOf(cmd, hubs.ColourX)
	y, hasY := numOf(cmd, hubs.ColourY)
	switch {
	case hasX != hasY:
		return nil, invalid("x and y of a colour come together")
	case hasX && l.takesXY:
		return l.writeXY(x, y), nil
	}
	h, hasH := numOf(cmd, hubs.Hue)
	s, hasS := numOf(cmd, hubs.Saturation)
	if !hasH && !hasS || !l.takesHS {
		return nil, nil
	}
	lastH, lastS, known := l.hsOf(v)
	if !hasH {
		h = lastH
	}
	if !hasS {
		if s = 100; known {
			s = lastS
		}
	}
	if l.hasHS {
		return []write{l.hue.setNum(h), l.sat.setNum(s)}, nil
	}
	r, g, b := hsToRGB(h, s)
	if l.rgb != nil {
		return []write{l.rgb.setNum(r*65536 + g*256 + b)}, nil
	}
	return []write{l.red.setNum(r), l.green.setNum(g), l.blue.setNum(b)}, nil
}

// writeXY prefers the one value that holds both coordinates: two might be applied apart.
func (l *light) writeXY(x, y float64) []write {
	const top = 65279 // the data model's greatest coordinate
	nx := min(math.Round(max(x, 0)*65536), top)
	ny := min(math.Round(max(y, 0)*65536), top)
	if l.xy != nil {
		return []write{l.xy.setNum(nx*65536 + ny)}
	}
	return []write{l.x.setNum(nx), l.y.setNum(ny)}
}

func clampPercent(f float64) float64 { return math.Round(min(max(f, 0), 100)) }

func rgbToHS(r, g, b float64) (h, s float64) {
	top, low := max(r, g, b), min(r, g, b)
	d := top - low
	if top <= 0 || d <= 0 {
		return 0, 0
	}
	switch top {
	case r:
		h = math.Mod((g-b)/d+6, 6)
	case g:
		h = (b-r)/d + 2
	default:
		h = (r-g)/d + 4
	}
	return math.Round(min(max(h*60, 0), 360)), clampPercent(d / top * 100)
}

func hsToRGB(h, s float64) (r, g, b float64) {
	part := func(n float64) float64 {
		k := math.Mod(n+h/60, 6)
		return math.Round(255 * (1 - s/100*max(0, min(k, 4-k, 1))))
	}
	return part(5), part(3), part(1)
}

// sayer takes what a unit reads.
type sayer func(attr hubs.Attr, v hubs.Value, at time.Time)

func (s sayer) bool(a hubs.Attr, b, ok bool, at time.Time) {
	if ok {
		s(a, hubs.Bool(b), at)
		return
	}
	s(a, hubs.Value{}, at)
}

func (s sayer) num(a hubs.Attr, f float64, ok bool, at time.Time) {
	if ok {
		s(a, hubs.Num(f), at)
		return
	}
	s(a, hubs.Value{}, at)
}

func (s sayer) text(a hubs.Attr, w string, ok bool, at time.Time) {
	if ok {
		s(a, hubs.Str(w), at)
		return
	}
	s(a, hubs.Value{}, at)
}
