package tuya

import (
	"fmt"
	"math"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// choicesOf are values that a field takes: ends, middle and steps, all words, yes and no.
func choicesOf(e *hubs.Entity, f hubs.Field) []hubs.Value {
	switch f.Kind {
	case hubs.KindBool:
		return []hubs.Value{hubs.Bool(true), hubs.Bool(false)}
	case hubs.KindNumber:
		lo, hi := f.Min, f.Max
		if !f.Bounded() {
			lo, hi = -5, 1000
		}
		var out []hubs.Value
		for _, share := range []float64{0, 0.01, 0.3, 0.5, 0.77, 1} {
			out = append(out, hubs.Num(f.Snap(lo+share*(hi-lo))))
		}
		return out
	case hubs.KindText:
		var out []hubs.Value
		for _, o := range f.Options {
			out = append(out, hubs.Str(o))
		}
		if s, ok := e.Spec.(hubs.Text); ok {
			word := "AQID" // base64 too, and JSON in quotes
			if s.Max >= len(word) {
				out = append(out, hubs.Str(word))
			}
		}
		return out
	case hubs.KindTime, hubs.KindUnknown:
	}
	return nil
}

// after is what the cloud would report once the writes were carried out.
func after(m *model, known []point, writes []write) []point {
	out := append([]point{}, known...)
	set := func(d *datum, v any) {
		if d != nil {
			out = append(out, point{Code: d.code, Value: mustJSON(v)})
		}
	}
	for _, w := range writes {
		set(m.data[w.Code], w.Value)
		for i := range m.parts {
			switch u := m.parts[i].unit.(type) {
			case *cover:
				u.arrive(m, known, w, set)
			case *alarm:
				if u.state != nil {
					set(u.state, "normal") // nobody is in any more
				}
			}
		}
	}
	return out
}

// arrive reports where a cover has come to.
func (c *cover) arrive(m *model, known []point, w write, set func(*datum, any)) {
	closing := w.Value == c.close || w.Value == false
	switch m.data[w.Code] {
	case c.target:
		set(c.position, w.Value)
	case c.order:
		set(c.contact, !closing)
		if c.position == nil {
			return
		}
		end := c.position.shown().min
		if closing == c.backward(m.values(known)) {
			end = c.position.shown().max
		}
		set(c.position, end)
	}
}

// near tells whether a value came back as well as the field can say it.
func near(f hubs.Field, want, got hubs.Value, coarse float64) bool {
	x, okX := want.Num()
	y, okY := got.Num()
	if !okX || !okY {
		return want == got
	}
	return math.Abs(x-y) <= math.Max(f.Step/2, coarse)+1e-6
}

// coarse is how far a value may be off because the device knows fewer of them.
func coarse(m *model, e *hubs.Entity, f hubs.Field) float64 {
	span := func(codes ...string) float64 {
		worst := 0.0
		for _, c := range codes {
			if d := m.data[c]; d != nil && d.fn.is(typeInt) && d.fn.bounded() {
				worst = math.Max(worst, 100*d.fn.step/(d.fn.max-d.fn.min))
			}
		}
		return worst
	}
	p := m.part(e.Key)
	switch u := p.unit.(type) {
	case *cover:
		for _, d := range []*datum{u.target, u.tilt} {
			if d != nil {
				return math.Max(1, span(d.code)/2)
			}
		}
	case *fan:
		if u.speed != nil && f.Attr == hubs.Level {
			if u.speed.fn.kind == typeEnum {
				return 100 / float64(len(u.speed.fn.options))
			}
			return math.Max(1, span(u.speed.code))
		}
	case *light:
		switch f.Attr {
		case hubs.Kelvin:
			return 60 // of 4500, in steps of a data point that may have a hundred
		case hubs.Level, hubs.Saturation:
			if u.level != nil {
				return math.Max(0.3, span(u.level.code))
			}
			return 0.3
		case hubs.Hue:
			return 0.5
		default:
		}
	case *climate:
		if u.wet != nil && f.Attr == hubs.Humidity {
			return stepOf(u.wet)
		}
	case *humidifier:
		if u.target != nil {
			return stepOf(u.target)
		}
	}
	return 0
}

// stepOf is how far apart a humidity's values are.
func stepOf(d *datum) float64 { return math.Max(0.5, d.fn.step/math.Pow10(d.fn.scale)/2) }

// checkRoundTrips sends every value that every entity takes, and reads it back.
func checkRoundTrips(t *testing.T, m *model, known []point) (count int) {
	t.Helper()
	dev := m.device()
	for i := range dev.Entities {
		e := &dev.Entities[i]
		for _, f := range e.Spec.Fields() {
			if !f.Settable {
				continue
			}
			for _, v := range choicesOf(e, f) {
				if n := roundTrip(t, m, known, e, f, v); n != "" {
					t.Errorf("%s %s = %s: %s", e.Key, f.Attr, v, n)
				}
				count++
			}
		}
	}
	return count
}

func roundTrip(t *testing.T, m *model, known []point, e *hubs.Entity, f hubs.Field, v hubs.Value) (fault string) {
	t.Helper()
	cmd := hubs.Command{Device: m.device().ID, Entity: e.Key, Set: []hubs.AttrValue{{Attr: f.Attr, Value: v}}}
	if _, isLight := e.Spec.(hubs.Light); isLight && f.Attr != hubs.On {
		if v == hubs.Num(0) && f.Attr == hubs.Level {
			return "" // off
		}
		cmd.Set = append(cmd.Set, hubs.AttrValue{Attr: hubs.On, Value: hubs.Bool(true)})
	}
	if _, isFan := e.Spec.(hubs.Fan); isFan && f.Attr == hubs.Level && v == hubs.Num(0) {
		return ""
	}
	if cmd.Check(e) != nil {
		return "" // the bridge refuses it: a lock's locking, an alarm's pending
	}
	writes, err := m.encode(cmd, known...)
	if err != nil {
		if hubs.FaultOf(err) != hubs.Invalid {
			return fmt.Sprintf("encode: %v", err)
		}
		return ""
	}
	for _, w := range writes {
		if w.Door {
			return ""
		}
		if d := m.data[w.Code]; d == nil || d.fn == nil && d.st == nil {
			return "unknown code " + w.Code
		}
	}
	if f.Unseen {
		return ""
	}
	r := m.readings(after(m, known, writes), false)
	for _, got := range r.Values {
		if got.Entity == e.Key && got.Attr == f.Attr {
			if !near(f, v, got.Value, coarse(m, e, f)) {
				return fmt.Sprintf("came back as %s (%v)", got.Value, writes)
			}
			return ""
		}
	}
	return "did not come back"
}

func TestDumpsRoundTrip(t *testing.T) {
	count := 0
	for _, d := range loadDumps(t) {
		t.Run(d.name, func(t *testing.T) { count += checkRoundTrips(t, d.model(withLocks()), d.Status) })
	}
	t.Logf("%d values", count)
}

func TestProductsRoundTrip(t *testing.T) {
	count := 0
	for _, p := range loadProducts(t) {
		t.Run(p.id, func(t *testing.T) {
			count += checkRoundTrips(t, newModel(device{ID: p.id, Category: p.spec.Category}, p.spec), nil)
		})
	}
	t.Logf("%d values", count)
}
