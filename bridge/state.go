package bridge

import (
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// source says where a reading comes from. A push carries news; a poll is what the
// vendor said when it was asked.
type source struct {
	push  bool
	asked time.Time // our clock, when the poll was sent
}

// cell is the last value read of one point.
type cell struct {
	value hubs.Value
	at    time.Time // the vendor's time, may be zero
	got   time.Time // ours, when it was read
}

// device is all that is known of one device. Not safe for concurrent use: its
// hubRun locks.
type device struct {
	placed  discovery.Placed
	fields  map[hubs.Point]hubs.Field
	values  map[hubs.Point]cell
	pending map[hubs.Point]pend
	events  map[string]time.Time // entity → time of its last event
	online  bool
	heard   bool // polled or read at least once: before that the retained state stands
	seen    time.Time

	dirty       bool   // what is shown changed since it was published
	seenDirty   bool   // only last_seen did
	announced   string // the shape last announced
	announcedAt time.Time
	deleted     bool // by the user in Home Assistant: not announced any more
	published   time.Time
	flush       *time.Timer // a publication that waits for the end of the burst
	queue       queue
}

func newDevice(p discovery.Placed) *device {
	d := &device{
		values:  map[hubs.Point]cell{},
		pending: map[hubs.Point]pend{},
		events:  map[string]time.Time{},
		online:  true,
	}
	d.place(p)
	return d
}

// place takes a new description and forgets the values of what left.
func (d *device) place(p discovery.Placed) {
	d.placed = p
	d.fields = make(map[hubs.Point]hubs.Field)
	for i := range p.Entities {
		e := &p.Entities[i]
		for _, f := range e.Spec.Fields() {
			d.fields[hubs.Point{Entity: e.Key, Attr: f.Attr}] = f
		}
		for _, f := range e.Attrs {
			d.fields[hubs.Point{Entity: e.Key, Attr: f.Attr}] = f
		}
	}
	for point := range d.values {
		if _, ok := d.fields[point]; !ok {
			delete(d.values, point)
			delete(d.pending, point)
		}
	}
	d.dirty = true
}

// merge takes a reading in and returns the events to publish.
func (d *device) merge(r hubs.Reading, from source, now time.Time) []hubs.Happening {
	if r.Full {
		d.forget(r, from)
	}
	for _, v := range r.Values {
		d.accept(v, from, now)
	}
	d.heard = d.heard || !from.push
	if r.Seen.After(d.seen) {
		d.seen, d.seenDirty = r.Seen, true
	}
	return d.news(r.Events, from)
}

// forget makes unknown what a full reading lacks.
func (d *device) forget(r hubs.Reading, from source) {
	has := make(map[hubs.Point]bool, len(r.Values))
	for _, v := range r.Values {
		has[v.Point] = true
	}
	for point, c := range d.values {
		if !has[point] && c.value.Known() && !c.got.After(from.asked) {
			d.put(point, cell{})
		}
	}
}

// accept takes one value, unless it is older than what is known or not what the
// entity declared.
func (d *device) accept(v hubs.PointValue, from source, now time.Time) {
	f, ok := d.fields[v.Point]
	if !ok || v.Value.Known() && v.Value.Kind() != f.Kind {
		return
	}
	old, known := d.values[v.Point]
	if known && stale(old, v, from) {
		return
	}
	d.settle(f, v, from)
	if known && old.value == v.Value && (v.At.IsZero() || old.at.Equal(v.At)) {
		return
	}
	d.put(v.Point, cell{value: v.Value, at: v.At, got: now})
	if v.At.After(d.seen) {
		d.seen, d.seenDirty = v.At, true
	}
}

// stale tells whether v is older than old. A poll that was asked after old came is
// what the vendor says now, whatever its clock says: that heals a clock that was
// wrong for a while.
func stale(old cell, v hubs.PointValue, from source) bool {
	older := !v.At.IsZero() && v.At.Before(old.at)
	if from.push {
		return older
	}
	return old.got.After(from.asked) && (older || v.At.IsZero())
}

// put stores c and notes whether what is shown changed.
func (d *device) put(p hubs.Point, c cell) {
	before := d.shown(p)
	d.values[p] = c
	if d.shown(p) != before {
		d.dirty = true
	}
}

// shown is the value that people see: the pending one while there is one.
func (d *device) shown(p hubs.Point) hubs.Value {
	if w, ok := d.pending[p]; ok {
		return w.value
	}
	return d.values[p].value
}

// snapshot is everything shown.
func (d *device) snapshot() map[hubs.Point]hubs.Value {
	now := make(map[hubs.Point]hubs.Value, len(d.values)+len(d.pending))
	for p, c := range d.values {
		now[p] = c.value
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
		fresh := e.At.IsZero() || !known || e.At.After(last)
		if !from.push {
			fresh = !e.At.IsZero() && known && e.At.After(last)
		}
		if !known || e.At.After(last) {
			d.events[e.Entity] = e.At
		}
		if fresh {
			out = append(out, e)
		}
	}
	return out
}
