package bridge

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// What people said of devices: the file of OVERRIDES, and above it what device/options
// wrote into the store.

// dressed is a device as it is to be shown.
type dressed struct {
	hubs.Device
	in       bool // it is shown at all
	lenses   map[string]lens
	waits    map[string]time.Duration // min_interval by entity
	faults   []overrides.Fault        // options that cannot be followed
	refusals []string                 // entities that INVERT cannot turn
	met      []int                    // entries of the file that mean it
}

// lens is how one entity's values and commands differ from the hub's. Its zero value
// shows them as they are.
type lens struct {
	view   overrides.View
	upside bool // INVERT
	adds   bool // increments, of which the sum is shown
}

func (l lens) in(attr hubs.Attr, v hubs.Value) (hubs.Attr, hubs.Value) {
	attr, v = l.view.In(attr, v)
	if l.upside {
		v = inverted(attr, v)
	}
	return attr, v
}

func (l lens) out(cmd hubs.Command) hubs.Command {
	if l.upside {
		set := make([]hubs.AttrValue, len(cmd.Set))
		for i, s := range cmd.Set {
			set[i] = hubs.AttrValue{Attr: s.Attr, Value: inverted(s.Attr, s.Value)}
		}
		cmd.Set = set
	}
	return l.view.Out(cmd)
}

// through is r as people see it. r is the hub's own and stays as it is.
func (d *device) through(r hubs.Reading) hubs.Reading {
	if len(d.lenses) == 0 {
		return r
	}
	values := make([]hubs.PointValue, 0, len(r.Values)+len(d.lenses))
	for _, v := range r.Values {
		l, special := d.lenses[v.Entity]
		switch {
		case special && l.adds && v.Attr == hubs.Main:
			continue // it is counted, and shown with the sum
		case special:
			v.Attr, v.Value = l.in(v.Attr, v.Value)
		}
		values = append(values, v)
	}
	for key, l := range d.lenses {
		if sum := (hubs.Point{Entity: key, Attr: hubs.Main}); r.Full && l.adds {
			values = append(values, hubs.PointValue{Point: sum, Value: d.read(sum)}) // ours does not become unknown
		}
	}
	r.Values = values
	return r
}

// subject is what the file may call a device.
func subject(id string, vendor *hubs.Device, own string) overrides.Subject {
	return overrides.Subject{
		Names:    []string{hubs.Fold(string(vendor.ID)), hubs.Fold(id), hubs.Fold(vendor.Name), hubs.Fold(own)},
		Products: []string{hubs.Fold(vendor.ModelID), hubs.Fold(vendor.Model)},
	}
}

// placeOf is a device's place in topics; empty: it has none yet.
func (h *hubRun) placeOf(raw hubs.DeviceID) string {
	if raw == hubs.Self {
		return discovery.HubID
	}
	if id, ok := h.settled.places[raw]; ok {
		return id
	}
	return h.choices.Seen[raw].ID
}

// dress gives a device the names, kinds and entities that it shows with, and tells
// whether it is shown at all.
func (h *hubRun) dress(vendor *hubs.Device) dressed {
	return h.dressAs(vendor, h.choices.Devices[vendor.ID])
}

func (h *hubRun) dressAs(vendor *hubs.Device, own choice) dressed {
	d := dressed{Device: *vendor}
	id := h.placeOf(d.ID)
	mine := own.said(id)
	var file overrides.Said
	if h.overrides != nil {
		file = h.overrides.For(subject(id, vendor, mine.Device.Text(overrides.Name)))
	}
	said := file.Device.With(mine.Device)
	if name := said.Text(overrides.Name); name != "" {
		d.Name = name
	}
	if area := said.Text(overrides.Area); area != "" {
		d.Area = area
	}
	l := labelsOf(id, vendor, &d.Device)
	d.Entities = make([]hubs.Entity, 0, len(vendor.Entities))
	keys := make([]string, 0, len(vendor.Entities))
	for i := range vendor.Entities {
		key := vendor.Entities[i].Key
		keys = append(keys, key)
		o := file.Entity(key).With(mine.Entity(key))
		if h.cfg.Filter.shows(l, key) && !o.Flag(overrides.Hidden) {
			d.Entities = append(d.Entities, vendor.Entities[i])
			d.wear(&d.Entities[len(d.Entities)-1], o, h.cfg.Filter.inverts(l, key))
		}
	}
	for i := range d.refusals {
		d.refusals[i] = id + "/" + d.refusals[i]
	}
	d.met = file.Meets(keys...)
	if said.Flag(overrides.Hidden) && d.ID == hubs.Self {
		d.faults = append(d.faults, overrides.Fault{At: said[overrides.Hidden].At, Text: "hidden: the hub's own device cannot be hidden"})
	}
	d.in = d.ID == hubs.Self || h.cfg.Filter.admits(l) && !own.Excluded && !said.Flag(overrides.Hidden) && !h.choices.Seen[d.ID].Held &&
		(len(d.Entities) > 0 || len(vendor.Entities) == 0) // not all of it is hidden
	if !d.in {
		d.faults, d.refusals = nil, nil // nobody sees what they are about
	}
	return d
}

// wear gives an entity what is said of it.
func (d *dressed) wear(e *hubs.Entity, o overrides.Options, invert bool) {
	view, faults := overrides.Apply(e, o, discovery.Fit)
	d.faults = append(d.faults, faults...)
	one := lens{view: view}
	if s, ok := e.Spec.(hubs.Sensor); ok {
		one.adds = s.Deltas
	}
	if invert {
		one.upside = invertible(e.Spec)
		if !one.upside {
			d.refusals = append(d.refusals, e.Key)
		}
	}
	if one != (lens{}) {
		if d.lenses == nil {
			d.lenses = map[string]lens{}
		}
		d.lenses[e.Key] = one
	}
	if every := o.Interval(); every > 0 {
		if d.waits == nil {
			d.waits = map[string]time.Duration{}
		}
		d.waits[e.Key] = every
	}
}

// fileSays is what the file says of a device, as far as it can be known by now.
func (h *hubRun) fileSays(raw hubs.DeviceID) overrides.Said {
	vendor := hubs.Device{ID: raw, Name: h.choices.Seen[raw].Name}
	if d, ok := h.listed(raw); ok {
		vendor = *d
	}
	id := h.placeOf(raw)
	return h.overrides.For(subject(id, &vendor, h.choices.Devices[raw].said(id).Device.Text(overrides.Name)))
}

// listed finds a device of the last inventory, as the vendor describes it.
func (h *hubRun) listed(raw hubs.DeviceID) (*hubs.Device, bool) {
	for i := range h.settled.list {
		if d := &h.settled.list[i]; d.ID == raw {
			return d, true
		}
	}
	return nil, false
}

// tryOptions tells what of new options an entity that is there cannot follow.
func (h *hubRun) tryOptions(raw hubs.DeviceID, change func(*choices)) error {
	vendor, there := h.listed(raw)
	if !there {
		return nil // it is told when the device comes
	}
	next := h.choices.clone()
	change(&next)
	before := h.dress(vendor).faults
	for _, f := range h.dressAs(vendor, next.Devices[raw]).faults {
		if !slices.Contains(before, f) {
			return fmt.Errorf("%s", f.Text)
		}
	}
	return nil
}

// adopt has a device shown as its description says. What was read before and would now
// be shown otherwise is unknown until it is read again.
func (h *hubRun) adopt(d *device, now time.Time) {
	as := h.settled.dressed[d.placed.Device.ID]
	if d.adopt(as.lenses, as.waits) {
		h.repoll("options changed how values are shown")
	}
	h.showSums(d, now)
}

// adopt takes new lenses and waits, and tells whether something is to be read again.
func (d *device) adopt(lenses map[string]lens, waits map[string]time.Duration) (again bool) {
	for i := range d.points {
		p := &d.points[i]
		if d.lenses[p.Entity] == lenses[p.Entity] {
			continue
		}
		again = again || !p.cell.got.IsZero()
		d.dirty = d.dirty || !p.cell.got.IsZero()
		p.cell = cell{}
		delete(d.pending, p.Point)
	}
	d.lenses = lenses
	d.pacing(waits)
	return again
}

// tellFaults logs what cannot be followed when that changes. before is how it was.
func (h *hubRun) tellFaults(before map[hubs.DeviceID]dressed) {
	faults, refusals := collect(before)
	for _, f := range h.faults() {
		if !slices.Contains(faults, f) {
			h.log.Error().Str("at", f.At).Str("fault", f.Text).Msg("an option cannot be followed, the rest applies")
		}
	}
	_, now := collect(h.settled.dressed)
	for _, r := range now {
		if !slices.Contains(refusals, r) {
			h.log.Error().Str("entity", r).Msg("INVERT names what has no upside down, it is shown as it is")
		}
	}
	h.tellIdle()
}

// tellIdle says once which entries of the file mean nothing that is there.
func (h *hubRun) tellIdle() {
	if h.idleTold || h.settled.list == nil {
		return
	}
	h.idleTold = true
	met := map[int]bool{}
	for _, d := range h.settled.dressed {
		for _, id := range d.met {
			met[id] = true
		}
	}
	if idle := h.overrides.Idle(met); len(idle) > 0 {
		h.log.Warn().Strs("entries", idle).Msg("these entries of OVERRIDES mean nothing that is there, are they misspelt?")
	}
}

// faults are the options of devices that cannot be followed.
func (h *hubRun) faults() []overrides.Fault {
	faults, _ := collect(h.settled.dressed)
	return faults
}

func collect(all map[hubs.DeviceID]dressed) (faults []overrides.Fault, refusals []string) {
	for _, raw := range slices.Sorted(maps.Keys(all)) {
		faults, refusals = append(faults, all[raw].faults...), append(refusals, all[raw].refusals...)
	}
	return faults, refusals
}

// refusal says what of INVERT cannot be followed; empty: nothing.
func (h *hubRun) refusal() string {
	_, refusals := collect(h.settled.dressed)
	if len(refusals) == 0 {
		return ""
	}
	return fmt.Sprintf("INVERT: %s has no upside down, only binary sensors, covers and valves have: it is shown as it is",
		strings.Join(refusals, ", "))
}

// overrideTrouble is what is wrong with OVERRIDES and options; no text: nothing.
func (h *hubRun) overrideTrouble() trouble {
	if h.overridesErr != nil {
		return trouble{text: "OVERRIDES: " + h.overridesErr.Error(), hint: "correct the file, then rediscover; what it said before stands"}
	}
	all := h.faults()
	if h.overrides != nil {
		all = slices.Concat(h.overrides.Faults, all)
	}
	if len(all) == 0 {
		return trouble{}
	}
	text := all[0].Error()
	if n := len(all) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more, see the log)", n)
	}
	return trouble{text: text, hint: "correct it, the rest applies; rediscover reads the file of OVERRIDES anew"}
}

// useOverrides takes what a file says from now on; devices follow with the next inventory.
func (h *hubRun) useOverrides(f *overrides.File) {
	h.overrides, h.idleTold = f, f == nil
	if f == nil {
		return
	}
	for _, fault := range f.Faults {
		h.log.Error().Str("at", fault.At).Str("fault", fault.Text).Msg("an entry of OVERRIDES is wrong, the rest applies")
	}
}

// rereadOverrides reads the file anew. One that cannot be read leaves what it said before.
func (h *hubRun) rereadOverrides() {
	if h.cfg.Reread == nil {
		return
	}
	f, err := h.cfg.Reread()
	if h.overridesErr = err; err != nil {
		h.log.Error().Err(err).Msg("OVERRIDES cannot be read, what it said before stands")
		return
	}
	h.useOverrides(f)
}
