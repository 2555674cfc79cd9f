package tuya

import (
	"math"
	"slices"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// fan moves air. Data points it does not have are nil.
type fan struct {
	on, speed, preset, direction *datum
	swings                       []*datum
}

func (b *builder) fan() {
	if !isFan[b.category] {
		return
	}
	f := &fan{
		on: b.control("switch_fan fan_switch switch", typeBool), speed: b.control(speedCodes, typeInt),
		preset: b.control("fan_mode mode", typeEnum), direction: b.control("fan_direction", typeEnum),
	}
	if f.speed != nil && !f.speed.fn.bounded() {
		f.speed = nil
	}
	if d := b.control(speedCodes, typeEnum); f.speed == nil && d != nil && len(d.fn.options) > 0 {
		f.speed = d
	}
	for _, code := range []string{"switch_horizontal", "switch_vertical"} {
		if d := b.control(code, typeBool); d != nil {
			f.swings = append(f.swings, d)
		}
	}
	if f.on == nil && f.speed == nil && f.direction == nil && f.swings == nil {
		return
	}
	s := hubs.Fan{Oscillates: len(f.swings) > 0, Reverses: f.direction != nil}
	switch {
	case f.speed == nil:
	case f.speed.fn.kind == typeEnum:
		s.Speeds = len(f.speed.fn.options)
	default:
		s.Speeds = int(min(f.speeds(), 100))
	}
	if f.preset != nil {
		s.Presets = f.preset.fn.options
	}
	b.use(f.on, f.speed, f.preset, f.direction)
	b.use(f.swings...)
	b.add(part{entity: hubs.Entity{Key: "fan", Spec: s}, unit: f})
}

const speedCodes = "fan_speed_percent fan_speed speed fan_speed_enum"

func (f *fan) uses() []*datum {
	return append([]*datum{f.on, f.speed, f.preset, f.direction}, f.swings...)
}

func (f *fan) read(v values, say sayer) {
	on, ok := v.boolean(f.on)
	level, levelOK := f.level(v)
	if f.on == nil { // a fan that only has speeds
		on, ok = level > 0, levelOK
	}
	say.bool(hubs.On, on, ok, v.at(f.on))
	if f.speed != nil {
		say.num(hubs.Level, level, levelOK, v.at(f.speed))
	}
	if f.preset != nil {
		w, ok := v.text(f.preset)
		say.text(hubs.Preset, w, ok && slices.Contains(f.preset.fn.options, w), v.at(f.preset))
	}
	if len(f.swings) > 0 {
		swings, known := false, false
		for _, d := range f.swings {
			on, ok := v.boolean(d)
			swings, known = swings || on, known || ok
		}
		say.bool(hubs.Oscillates, swings, known, v.at(f.swings...))
	}
	if f.direction != nil {
		w, ok := v.text(f.direction)
		say.text(hubs.Direction, w, ok && (w == "forward" || w == "reverse"), v.at(f.direction))
	}
}

// level is the speed in percent.
func (f *fan) level(v values) (float64, bool) {
	if f.speed == nil {
		return 0, false
	}
	if f.speed.fn.kind == typeEnum {
		w, ok := v.text(f.speed)
		i := slices.Index(f.speed.fn.options, w)
		return float64((i + 1) * 100 / max(len(f.speed.fn.options), 1)), ok && i >= 0
	}
	n, ok := v.number(f.speed)
	t := f.speed.integer()
	nth := 1 + math.Round(t.span().share(n)*(f.speeds()-1))
	return percentWhole(nth / f.speeds()), ok
}

// speeds is how many speeds an Integer knows.
func (f *fan) speeds() float64 {
	t := f.speed.fn
	return max(math.Floor((t.max-t.min)/t.step)+1, 1)
}

func (f *fan) write(cmd *hubs.Command, _ values) ([]write, error) {
	on, hasOn := boolOf(cmd, hubs.On)
	level, hasLevel := numOf(cmd, hubs.Level)
	off := hasOn && !on || !hasOn && hasLevel && level <= 0
	if off && f.on != nil {
		return []write{f.on.set(false)}, nil
	}
	if (hasOn || hasLevel) && f.on == nil && (off || !hasLevel) {
		return nil, invalid("%s cannot be switched on or off", cmd.Entity)
	}
	var out []write
	if (hasOn || hasLevel) && f.on != nil {
		out = append(out, f.on.set(true))
	}
	if hasLevel && f.speed != nil && level > 0 {
		out = append(out, f.setLevel(level))
	}
	if word, ok := textOf(cmd, hubs.Preset); ok && f.preset != nil {
		w, err := f.preset.setWord(word)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	if word, ok := textOf(cmd, hubs.Direction); ok && f.direction != nil {
		w, err := f.direction.setWord(word)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	if swing, ok := boolOf(cmd, hubs.Oscillates); ok {
		for _, d := range f.swings {
			out = append(out, d.set(swing))
		}
	}
	return out, nil
}

// setLevel picks the first speed that is fast enough.
func (f *fan) setLevel(level float64) write {
	t := f.speed.fn
	if t.kind != typeEnum {
		nth := max(math.Ceil(level*f.speeds()/100-0.5), 1)
		return f.speed.set(whole(t.raw(t.real(t.min + (nth-1)*t.step))))
	}
	n := len(t.options)
	for i, w := range t.options {
		if float64((i+1)*100/n) >= level {
			return f.speed.set(w)
		}
	}
	return f.speed.set(t.options[n-1])
}
