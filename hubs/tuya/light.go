package tuya

import (
	"math"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// lightRow says which codes make a light. Each list names the alternatives in order.
type lightRow struct {
	on, mode, level, temp, colour string
	low, high                     string // what the brightness really reaches
	name                          string
	role                          hubs.Role
}

// light is a lamp. Data points it does not have are nil.
type light struct {
	on, mode, level, temp, colour *datum
	low, high                     *datum
	wide                          bool // the colour's ranges end at 1000 where the specification is silent
	effects                       []string
}

// The whites that Home Assistant gives lamps of Tuya, which tell none.
const (
	warmest = 2000
	coldest = 6500
)

const (
	modeWhite  = "white"
	modeColour = "colour"
)

func (b *builder) lights() {
	for _, row := range slices.Concat(lightRows[b.category], anyLight) {
		b.light(row)
	}
}

func (b *builder) light(row lightRow) {
	on := b.find(row.on, typeBool)
	if on == nil || b.used[on] || on.fn == nil && on.st == nil {
		return
	}
	l := &light{
		on: on, mode: b.find(row.mode, typeEnum), level: b.ranged(b.find(row.level, typeInt)), temp: b.ranged(b.find(row.temp, typeInt)),
		colour: b.find(row.colour, typeJSON, typeString), low: b.ranged(b.find(row.low, typeInt)), high: b.ranged(b.find(row.high, typeInt)),
	}
	for _, d := range []**datum{&l.mode, &l.level, &l.temp, &l.colour, &l.low, &l.high} {
		if *d != nil && b.used[*d] {
			*d = nil
		}
	}
	if l.low == nil || l.high == nil {
		l.low, l.high = nil, nil
	}
	l.wide = l.isWide(b.category)
	s := hubs.Light{Dims: l.level != nil || l.colour != nil, HS: l.colour != nil}
	if l.temp != nil {
		s.MinKelvin, s.MaxKelvin = warmest, coldest
	}
	if l.mode.writable() {
		for _, w := range l.mode.fn.options {
			if w != modeWhite && w != modeColour {
				l.effects = append(l.effects, w)
			}
		}
		s.Effects = l.effects
	}
	b.use(l.on, l.mode, l.level, l.temp, l.colour)
	if row.role == hubs.Primary { // the limits of a dimmer are settings of their own
		row.name = strings.TrimSpace(row.name)
	}
	b.add(part{entity: hubs.Entity{Key: on.key, Name: row.name, Role: row.role, Spec: s}, unit: l})
}

// isWide tells colours whose parts end at 1000, for specifications that say nothing.
func (l *light) isWide(category string) bool {
	if l.colour == nil {
		return false
	}
	return l.colour.norm == "colour_data_v2" || category == "dd" || l.level != nil && l.level.integer().max > 255
}

func (l *light) uses() []*datum {
	return []*datum{l.on, l.mode, l.level, l.temp, l.colour, l.low, l.high}
}

func (l *light) read(v values, say sayer) {
	on, ok := v.boolean(l.on)
	say.bool(hubs.On, on, ok, v.at(l.on))
	mode := l.modeOf(v)
	l.readLevel(v, say, mode)
	l.readEffect(v, say)
	if l.colour == nil && l.temp == nil {
		return
	}
	at := v.at(l.mode, l.temp, l.colour)
	say.text(hubs.ColourMode, mode, mode != "", at)
	if l.temp != nil {
		f, ok := v.number(l.temp)
		say.num(hubs.Kelvin, l.kelvin(f), ok, at)
	}
	if l.colour != nil {
		c, ok := l.colourOf(v)
		say.num(hubs.Hue, c.h, ok, at)
		say.num(hubs.Saturation, c.s, ok, at)
	}
}

func (l *light) readEffect(v values, say sayer) {
	if len(l.effects) == 0 {
		return
	}
	w, ok := v.text(l.mode)
	say.text(hubs.Effect, w, ok && slices.Contains(l.effects, w), v.at(l.mode))
}

func (l *light) readLevel(v values, say sayer, mode string) {
	if l.level == nil && l.colour == nil {
		return
	}
	at := v.at(l.mode, l.level, l.colour)
	if mode == hubs.ColourHS || l.level == nil {
		c, ok := l.colourOf(v)
		say.num(hubs.Level, c.v, ok, at)
		return
	}
	f, ok := v.number(l.level)
	say.num(hubs.Level, percentOf(l.reach(v, l.level.integer().span().share(f))), ok, at)
}

func percentOf(share float64) float64 {
	f, _ := hubs.Num(min(max(share, 0), 1) * 100).Round(2).Num()
	return f
}

// reach widens a share of the brightness to what the dimmer's limits make of it.
func (l *light) reach(v values, share float64) float64 {
	lo, hi, ok := l.limits(v)
	if !ok {
		return share
	}
	return (share - lo) / (hi - lo)
}

// narrow is the way back.
func (l *light) narrow(v values, share float64) float64 {
	lo, hi, ok := l.limits(v)
	if !ok {
		return share
	}
	return lo + share*(hi-lo)
}

func (l *light) limits(v values) (lo, hi float64, ok bool) {
	if l.low == nil {
		return 0, 0, false
	}
	a, okA := v.number(l.low)
	z, okZ := v.number(l.high)
	lo, hi = l.low.integer().span().share(a), l.high.integer().span().share(z)
	return lo, hi, okA && okZ && hi > lo
}

// modeOf is which of its values the lamp shines by; empty: not known. Any word but white
// means its colour, and so does a colour while there is no word.
func (l *light) modeOf(v values) string {
	switch {
	case l.colour == nil && l.temp == nil:
		return ""
	case l.colour == nil:
		return hubs.ColourKelvin
	}
	word, ok := v.text(l.mode)
	white := word == modeWhite || l.mode == nil
	switch _, coloured := l.colourOf(v); {
	case white && l.temp != nil:
		return hubs.ColourKelvin
	case word == modeWhite && l.level != nil:
		return hubs.ColourWhite
	case !ok && !coloured && l.level != nil:
		return ""
	}
	return hubs.ColourHS
}

// kelvin goes by mired, in which the data point is linear; 0 is warm.
func (l *light) kelvin(raw float64) float64 {
	const warm, cold = 1e6 / warmest, 1e6 / coldest
	return math.Round(1e6 / (warm - l.temp.integer().span().share(raw)*(warm-cold)))
}

func (l *light) temperature(kelvin float64) float64 {
	const warm, cold = 1e6 / warmest, 1e6 / coldest
	k := min(max(kelvin, warmest), coldest)
	return l.temp.control().span().at((warm - 1e6/k) / (warm - cold))
}

func (l *light) write(cmd *hubs.Command, v values) ([]write, error) {
	on, hasOn := boolOf(cmd, hubs.On)
	level, hasLevel := numOf(cmd, hubs.Level)
	if hasOn && !on || !hasOn && hasLevel && level <= 0 {
		return []write{l.on.set(false)}, nil
	}
	out := []write{l.on.set(true)}
	if effect, ok := textOf(cmd, hubs.Effect); ok && l.mode != nil {
		w, err := l.mode.setWord(effect)
		if err != nil {
			return nil, err
		}
		return append(out, w), nil // a scene brings its own colours and brightness
	}
	kelvin, hasKelvin := numOf(cmd, hubs.Kelvin)
	h, hasH := numOf(cmd, hubs.Hue)
	s, hasS := numOf(cmd, hubs.Saturation)
	inColour := l.colour != nil && l.modeOf(v) == hubs.ColourHS
	switch {
	case l.colour != nil && (hasH || hasS), !hasKelvin && hasLevel && inColour, l.level == nil && l.colour != nil && hasLevel:
		c := l.around(v, h, hasH, s, hasS)
		if hasLevel {
			c.v = level
		}
		return append(append(out, l.setMode(modeColour)...), l.setColour(c, v)), nil
	case hasKelvin && l.temp != nil:
		out = append(append(out, l.setMode(modeWhite)...), l.temp.set(whole(l.temperature(kelvin))))
	}
	if hasLevel && l.level != nil {
		out = append(out, l.level.set(whole(l.level.control().span().at(l.narrow(v, max(level, 0)/100)))))
	}
	return out, nil
}

// setMode switches between white and colour, where the lamp has such a switch.
func (l *light) setMode(word string) []write {
	if !l.mode.writable() || !slices.Contains(l.mode.fn.options, word) {
		return nil
	}
	return []write{l.mode.set(word)}
}

// around is the colour to set: what the command leaves out stays as it is.
func (l *light) around(v values, h float64, hasH bool, s float64, hasS bool) hsv {
	c, ok := l.colourOf(v)
	if !ok {
		c = hsv{0, 100, 100}
		if l.level != nil {
			if f, known := v.number(l.level); known {
				c.v = percentOf(l.level.integer().span().share(f))
			}
		}
	}
	if hasH {
		c.h = h
	}
	if hasS {
		c.s = s
	}
	return c
}
