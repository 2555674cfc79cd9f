package bridge

import (
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// source says where a reading comes from. A push carries news; a poll is what the
// vendor said when it was asked.
type source struct {
	push  bool
	asked time.Time // our clock, when the poll was sent
	whole bool      // a poll of all values
}

// cell is the last value read of one point.
type cell struct {
	value hubs.Value
	at    time.Time // the vendor's time, may be zero
	got   time.Time // ours, when it was read
	// pushed: the stream brought this point once, so it should bring it again.
	pushed bool
}

// lastEvent is when an event entity last had news, and which: two different ones may
// carry the same time.
type lastEvent struct {
	at    time.Time
	types []string
}

// point is one value of a device: what it may be, and what was read last.
type point struct {
	hubs.Point
	kind  hubs.Kind
	field *hubs.Field
	cell  cell   // its got is zero: nothing was read yet
	watch *watch // nil: it is shown as it is read
}

// device is all that is known of one device. Not safe for concurrent use: its
// hubRun locks.
type device struct {
	placed  discovery.Placed
	points  []point
	index   map[hubs.Point]int // into points; made when first needed
	pending map[hubs.Point]pend
	events  map[string]lastEvent // by entity
	lenses  map[string]lens      // of the entities that are shown otherwise than the hub has them
	paces   map[string]*pace     // of those that are shown anew only so often
	watches bool                 // some of the points are watched
	found   found                // by the poll under way
	held    int                  // values held back since they were counted last
	online  bool
	heard   bool // polled or read at least once: before that the retained state stands
	seen    time.Time

	dirty       bool // what is shown changed since it was published
	seenDirty   bool // only last_seen did
	shape       int  // counts its descriptions
	announcedAt time.Time
	untold      bool // its description is still to come: tombstones are out, or it was asked for anew
	deleted     bool // by the user in Home Assistant: not announced any more
	published   time.Time
	pushedAt    time.Time   // the first news of the stream that is not published yet; zero: none
	flush       *time.Timer // a publication that waits for the end of the burst
	queue       queue
}

func newDevice(p discovery.Placed) *device {
	d := &device{
		pending: map[hubs.Point]pend{},
		events:  map[string]lastEvent{},
		online:  true,
	}
	d.place(p)
	return d
}

// place takes a new description and forgets the values of what left.
func (d *device) place(p discovery.Placed) {
	old := d.cells()
	d.placed = p
	d.points = make([]point, 0, len(p.Entities)) // most have one each
	for i := range p.Entities {
		e := &p.Entities[i]
		for _, fields := range [][]hubs.Field{e.Spec.Fields(), e.Attrs} {
			for j := range fields {
				f := &fields[j]
				at := hubs.Point{Entity: e.Key, Attr: f.Attr}
				d.points = append(d.points, point{Point: at, kind: f.Kind, field: f, cell: old[at]})
			}
		}
	}
	d.index = nil
	for at := range d.pending {
		if _, ok := d.at(at, 0); !ok {
			delete(d.pending, at)
		}
	}
	d.watchPoints()
	d.dirty = true
}

func (d *device) cells() map[hubs.Point]cell {
	if len(d.points) == 0 {
		return nil
	}
	all := make(map[hubs.Point]cell, len(d.points))
	for i := range d.points {
		all[d.points[i].Point] = d.points[i].cell
	}
	return all
}

// at finds a point; hint is where it is expected: readings come in the same order
// again and again, and comparing is cheaper than hashing.
func (d *device) at(p hubs.Point, hint int) (int, bool) {
	if hint < len(d.points) && d.points[hint].Point == p {
		return hint, true
	}
	if d.index == nil {
		d.index = make(map[hubs.Point]int, len(d.points))
		for i := range d.points {
			d.index[d.points[i].Point] = i
		}
	}
	i, ok := d.index[p]
	return i, ok
}

// read is the last value read of p.
func (d *device) read(p hubs.Point) hubs.Value {
	if i, ok := d.at(p, 0); ok {
		return d.points[i].cell.value
	}
	return hubs.Value{}
}

// merge takes a reading in and returns the events to publish.
func (d *device) merge(r hubs.Reading, from source, now time.Time) []hubs.Happening {
	if r.Full {
		d.forget(r, from, now)
	}
	next := 0
	for i := range r.Values {
		v := &r.Values[i]
		if at, ok := d.at(v.Point, next); ok {
			d.accept(&d.points[at], v, from, now)
			next = at + 1
		}
	}
	d.heard = d.heard || !from.push
	if r.Seen.After(d.seen) {
		d.seen, d.seenDirty = r.Seen, true
	}
	return d.news(r.Events, from)
}

// forget makes unknown what a full reading lacks.
func (d *device) forget(r hubs.Reading, from source, now time.Time) {
	has := make(map[hubs.Point]bool, len(r.Values))
	for _, v := range r.Values {
		has[v.Point] = true
	}
	for i := range d.points {
		p := &d.points[i]
		if !has[p.Point] && p.cell.value.Known() && !p.cell.got.After(from.asked) {
			d.put(p, cell{}, now)
		}
	}
}

// accept takes one value, unless it is older than what is known or not what the
// entity declared.
func (d *device) accept(p *point, v *hubs.PointValue, from source, now time.Time) {
	if v.Value.Known() && v.Value.Kind() != p.kind {
		return
	}
	old := &p.cell
	known := !old.got.IsZero()
	if known && stale(old, v, from) {
		d.held++
		return
	}
	if len(d.pending) > 0 {
		d.settle(p.field, v, from)
	}
	if p.watch != nil && p.watch.rises && p.watch.dips(old.value, v.Value, now) {
		steady := *v
		steady.Value = old.value
		v = &steady
	}
	same := old.value == v.Value
	if known && same && (v.At.IsZero() || old.at.Equal(v.At)) && (old.pushed || !from.push) {
		return
	}
	if known && !same && !from.push {
		d.found.count(old.pushed)
	}
	d.put(p, cell{value: v.Value, at: v.At, got: now, pushed: old.pushed || from.push}, now)
	if v.At.After(d.seen) {
		d.seen, d.seenDirty = v.At, true
	}
}

// stale tells whether v is older than old. A poll that was asked after old came is
// what the vendor says now, whatever its clock says: that heals a clock that was
// wrong for a while.
func stale(old *cell, v *hubs.PointValue, from source) bool {
	older := !v.At.IsZero() && v.At.Before(old.at)
	if from.push {
		return older
	}
	return old.got.After(from.asked) && (older || v.At.IsZero())
}

// put stores c and notes whether what is shown changed.
func (d *device) put(p *point, c cell, now time.Time) {
	_, waits := d.pending[p.Point]
	if p.cell.value != c.value && !waits {
		d.changes(p, now)
	}
	p.cell = c
}

// set stores a value of ours in a device of ours.
func (d *device) set(p hubs.Point, v hubs.Value, now time.Time) {
	if i, ok := d.at(p, 0); ok && d.points[i].cell.value != v {
		d.put(&d.points[i], cell{value: v, got: now}, now)
	}
}

// shown is the value that people see: the pending one while there is one.
func (d *device) shown(p hubs.Point) hubs.Value {
	if w, ok := d.pending[p]; ok {
		return w.value
	}
	return d.read(p)
}

// snapshot is everything shown.
func (d *device) snapshot() map[hubs.Point]hubs.Value {
	now := make(map[hubs.Point]hubs.Value, len(d.points))
	for i := range d.points {
		if p := &d.points[i]; !p.cell.got.IsZero() {
			now[p.Point] = p.visible()
		}
	}
	for p, w := range d.pending {
		now[p] = w.value
	}
	return now
}

// news drops events that were seen before. From a push that is an exact repetition;
// from a poll everything whose vendor time did not advance, and whatever was there
// at the first look.
func (d *device) news(events []hubs.Happening, from source) []hubs.Happening {
	var out []hubs.Happening
	for _, e := range events {
		last, known := d.events[e.Entity]
		later := !known || e.At.After(last.at)
		again := known && e.At.Equal(last.at) && slices.Contains(last.types, e.Type)
		fresh := e.At.IsZero() || later || e.At.Equal(last.at) && !again
		if !from.push {
			fresh = fresh && !e.At.IsZero() && known
		}
		switch {
		case later:
			d.events[e.Entity] = lastEvent{e.At, []string{e.Type}}
		case e.At.Equal(last.at) && !again:
			d.events[e.Entity] = lastEvent{e.At, append(last.types, e.Type)}
		}
		if fresh {
			out = append(out, e)
		}
	}
	return out
}
