package bridge

import (
	"math"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// How long a commanded value is shown although nothing confirms it.
const (
	confirmWithin     = 30 * time.Second
	confirmMoveWithin = 180 * time.Second
)

// pend is a value that is shown because it was commanded. It is dropped when the
// goal is read, when the device reports something else later, when the hub refuses,
// or at its end.
type pend struct {
	value hubs.Value
	goal  hubs.PointValue // what a reading must say to confirm it
	since time.Time       // accepted into the queue
	sent  time.Time       // accepted by the vendor; zero before
	until time.Time
	id    uint64 // of the command
}

// wish is one point that a command makes pending.
type wish struct {
	point hubs.Point
	value hubs.Value
	goal  hubs.PointValue
}

// wishes lists what is to be shown of cmd before the hub confirms it, and for how
// long. Things that move show that they move, and stay where they are.
func (d *device) wishes(cmd hubs.Command, e *hubs.Entity) ([]wish, time.Duration) {
	at := func(a hubs.Attr, v hubs.Value) hubs.PointValue {
		return hubs.PointValue{Point: hubs.Point{Entity: cmd.Entity, Attr: a}, Value: v}
	}
	same := func(a hubs.Attr, v hubs.Value) wish {
		return wish{point: at(a, v).Point, value: v, goal: at(a, v)}
	}
	switch e.Spec.(type) {
	case hubs.Cover, hubs.Valve:
		if cmd.Do == hubs.Stop {
			return []wish{same(hubs.Motion, hubs.Str(hubs.Stopped))}, confirmWithin
		}
		return d.moveWishes(cmd, at, same), confirmMoveWithin
	case hubs.Lock:
		if v, ok := cmd.Value(hubs.State); ok {
			return []wish{{
				point: at(hubs.State, v).Point, value: hubs.Str(onTheWay(v)), goal: at(hubs.State, v),
			}}, confirmMoveWithin
		}
	}
	var out []wish
	for _, s := range cmd.Set {
		if f, ok := e.Field(s.Attr); ok && !f.Unseen {
			out = append(out, same(s.Attr, s.Value))
		}
		if mode := colourModeOf(s.Attr); mode != "" {
			out = append(out, same(hubs.ColourMode, hubs.Str(mode)))
		}
	}
	return out, confirmWithin
}

func (d *device) moveWishes(cmd hubs.Command, at func(hubs.Attr, hubs.Value) hubs.PointValue,
	same func(hubs.Attr, hubs.Value) wish,
) []wish {
	var out []wish
	if v, ok := cmd.Value(hubs.Position); ok {
		to, _ := v.Num()
		goal := at(hubs.Position, v)
		from, known := d.read(goal.Point).Num()
		if known && math.Abs(to-from) >= 1 {
			word := hubs.Opening
			if to < from {
				word = hubs.Closing
			}
			out = append(out, wish{point: at(hubs.Motion, v).Point, value: hubs.Str(word), goal: goal})
		}
	}
	if v, ok := cmd.Value(hubs.Tilt); ok {
		out = append(out, same(hubs.Tilt, v))
	}
	return out
}

func onTheWay(v hubs.Value) string {
	switch s, _ := v.Text(); s {
	case hubs.Locked:
		return hubs.Locking
	case hubs.Open:
		return hubs.Opening
	default:
		return hubs.Unlocking
	}
}

func colourModeOf(a hubs.Attr) string {
	switch a {
	case hubs.Hue:
		return hubs.ColourHS
	case hubs.ColourX:
		return hubs.ColourXY
	case hubs.Kelvin:
		return hubs.ColourKelvin
	default:
		return ""
	}
}

// want makes a command's values the pending truth.
func (d *device) want(cmd hubs.Command, ws []wish, id uint64, now time.Time, within time.Duration) {
	if _, moves := cmd.Value(hubs.Position); moves { // where an older one was on its way to counts no more
		d.revoke(hubs.Point{Entity: cmd.Entity, Attr: hubs.Motion})
	}
	for _, w := range ws {
		before := d.shown(w.point)
		d.pending[w.point] = pend{value: w.value, goal: w.goal, since: now, until: now.Add(within), id: id}
		if before != w.value {
			d.dirty = true
		}
	}
}

// revoke takes the pending value of one point back.
func (d *device) revoke(p hubs.Point) {
	if w, waits := d.pending[p]; waits {
		delete(d.pending, p)
		d.dirty = d.dirty || d.read(p) != w.value
	}
}

// sent notes that the vendor accepted command id: what a push says from now on is news.
func (d *device) sent(id uint64, now time.Time) {
	for p, w := range d.pending {
		if w.id == id {
			w.sent = now
			d.pending[p] = w
		}
	}
}

// drop takes back what matches, so that the last read value shows again.
func (d *device) drop(match func(pend) bool) {
	for p, w := range d.pending {
		if !match(w) {
			continue
		}
		delete(d.pending, p)
		d.release(p.Entity)
		if d.read(p) != w.value {
			d.dirty = true
		}
	}
}

// settle looks whether a reading ends something pending: it says what was wanted, or
// a push tells that the device went elsewhere after the vendor had the command. A
// read that differs is held back: clouds answer from caches.
func (d *device) settle(f *hubs.Field, v *hubs.PointValue, from source) {
	for p, w := range d.pending {
		if w.goal.Point != v.Point && p != v.Point {
			continue
		}
		reached := w.goal.Point == v.Point && near(f, w.goal.Value, v.Value)
		moves := p == v.Point && v.Value == w.value
		elsewhere := p == v.Point && from.push && !w.sent.IsZero() && v.At.After(w.sent)
		if !reached && !moves && !elsewhere {
			if p == v.Point && !from.push {
				d.held++
			}
			continue
		}
		delete(d.pending, p)
		d.release(p.Entity)
		if d.read(p) != w.value {
			d.dirty = true // put notes it only if the read value itself changes what is shown
		}
	}
}

// near tells whether a reading confirms a wanted value: vendors round to their own
// steps, and white in mired is coarse.
func near(f *hubs.Field, want, got hubs.Value) bool {
	a, ok := want.Num()
	b, ok2 := got.Num()
	if !ok || !ok2 {
		return want == got
	}
	off := math.Abs(a - b)
	switch f.Attr {
	case hubs.Kelvin:
		return off <= a*0.02
	case hubs.Level, hubs.Position, hubs.Tilt, hubs.Saturation, hubs.Humidity:
		return off <= max(1, f.Step/2)
	case hubs.Hue:
		return min(off, 360-off) <= 2
	case hubs.ColourX, hubs.ColourY:
		return off <= 0.01
	default:
		return off <= f.Step/2+1e-6
	}
}
