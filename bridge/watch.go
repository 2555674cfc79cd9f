package bridge

import (
	"math"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// pace limits how often one entity's value is shown anew (min_interval).
type pace struct {
	every  time.Duration
	last   time.Time // it was shown anew
	free   bool      // the next publication shows what is read: it is the first, or follows a command
	moved  bool      // while one publication is prepared
	late   bool      // a value waits
	booked bool      // somebody comes back for it
}

func (p *pace) due(now time.Time) bool { return p.free || !now.Before(p.last.Add(p.every)) }

// watch is what is remembered of a point that is not simply shown as it is read.
type watch struct {
	pace *pace      // nil: shown at once
	out  hubs.Value // what is shown, where there is a pace

	rises bool      // a total that only grows
	step  float64   // the smallest it can fall by; 0: not known
	fell  time.Time // since when it reads a little less than what is shown
}

// fallLasts is how long a total may read a little less than it did before that counts:
// then it was corrected.
const fallLasts = 24 * time.Hour

// pacing takes new waits, by entity, and fits what is remembered of the points.
func (d *device) pacing(waits map[string]time.Duration) {
	if len(waits) == 0 && len(d.paces) == 0 {
		return
	}
	old := d.paces
	d.paces = make(map[string]*pace, len(waits))
	for key, every := range waits {
		if d.paces[key] = old[key]; old[key] == nil || old[key].every != every {
			d.paces[key] = &pace{every: every, free: true}
		}
	}
	for key, p := range old {
		d.dirty = d.dirty || p.late && d.paces[key] != p // what waited need not any more
	}
	d.watchPoints()
}

// watchPoints fits the watches to the points.
func (d *device) watchPoints() {
	for i := range d.placed.Entities {
		e := &d.placed.Entities[i]
		p := d.paces[e.Key]
		s, _ := e.Spec.(hubs.Sensor)
		rises := s.Accumulates == hubs.Increasing && !s.Deltas
		if p == nil && !rises && !d.watches {
			continue
		}
		d.watches = true
		for j := range d.points {
			if at := &d.points[j]; at.Entity == e.Key {
				at.observe(p, rises && at.Attr == hubs.Main, s.Decimals)
			}
		}
	}
}

func (p *point) observe(at *pace, rises bool, decimals int) {
	if at == nil && !rises {
		p.watch = nil
		return
	}
	if p.watch == nil || p.watch.pace != at {
		p.watch = &watch{pace: at, out: p.cell.value}
	}
	p.watch.rises, p.watch.step = rises, 0
	if decimals > 0 {
		p.watch.step = math.Pow10(-decimals)
	}
}

// dips tells whether a value of a growing total is a little less than before, by
// rounding or by a server that lags behind. Home Assistant would take a fall of a tenth
// for a new beginning, and count all of the value once more. A new beginning is a
// larger fall, or zero.
func (w *watch) dips(old, value hubs.Value, now time.Time) bool {
	before, known := old.Num()
	n, ok := value.Num()
	small := known && ok && n > 0 && n < before && (n >= before*0.9 || before-n <= w.step*1.001)
	switch {
	case !small:
		w.fell = time.Time{}
	case w.fell.IsZero():
		w.fell = now
	case now.Sub(w.fell) >= fallLasts:
		w.fell = time.Time{}
		return false
	}
	return small
}

// changes notes that the read value of p changed: it is shown anew, or waits until it may.
func (d *device) changes(p *point, now time.Time) {
	if p.watch == nil || p.watch.pace == nil || p.watch.pace.due(now) {
		d.dirty = true
		return
	}
	p.watch.pace.late = true
}

// letOut prepares a publication: what may be shown anew, is.
func (d *device) letOut(now time.Time) {
	if len(d.paces) == 0 {
		return
	}
	for i := range d.points {
		if w := d.points[i].watch; w != nil && w.pace != nil && w.out != d.points[i].cell.value && w.pace.due(now) {
			w.out, w.pace.moved = d.points[i].cell.value, true
		}
	}
	for _, p := range d.paces {
		if p.moved || p.free {
			p.last, p.moved, p.free, p.late = now, false, false, false
		}
	}
}

// visible is what people see of a point that nothing is pending for.
func (p *point) visible() hubs.Value {
	if p.watch != nil && p.watch.pace != nil {
		return p.watch.out
	}
	return p.cell.value
}

// release lets an entity's next value out at once: somebody commanded it.
func (d *device) release(entity string) {
	if p := d.paces[entity]; p != nil {
		p.free = true
	}
}

// bookLate comes back for the values that wait.
func (h *hubRun) bookLate(d *device, now time.Time) {
	for _, p := range d.paces {
		if !p.late || p.booked {
			continue
		}
		p.booked = true
		h.later(p.last.Add(p.every).Sub(now), func() {
			p.booked = false
			if !p.late || h.devices[d.placed.Device.ID] != d {
				return
			}
			p.late, d.dirty = false, true
			h.touch(d, time.Now())
		})
	}
}
