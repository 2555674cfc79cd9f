package bridge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The vendor's inventory on its way to what people see: the settings' filter and the
// user's choices decide which devices and entities are shown, and how they are called.

// settled is the last complete inventory and what was made of it. It is under its
// hubRun's lock.
type settled struct {
	list     []hubs.Device // the vendor's
	places   map[hubs.DeviceID]string
	barred   map[hubs.DeviceID]bool            // listed, but not shown
	inverted map[hubs.DeviceID]map[string]bool // entities that are shown upside down
	refusals []string                          // INVERT entries that cannot be followed
}

// loadChoices reads what the user decided.
func (h *hubRun) loadChoices(ctx context.Context) {
	var err error
	if h.choices, err = loadChoices(ctx, h.store, h.cfg.Name); err != nil {
		h.log.Error().Err(err).Msg("the user's names, areas and exclusions cannot be read, devices show as the vendor describes them")
	}
}

// takeInventory remembers a new inventory and shows what of it is to be shown.
func (h *hubRun) takeInventory(ctx context.Context, list []hubs.Device, now time.Time) {
	places, changed := h.choices.notice(list, h.manifest.places(), h.cfg.Filter.hold)
	if changed {
		h.listSoon(now) // one more may be held
		if err := h.choices.save(ctx, h.store, h.cfg.Name); err != nil {
			h.health.note(h.log, err)
		}
	}
	h.settled.list, h.settled.places = list, places
	h.admitAll(now)
}

// admitAll shows the last inventory as filter and choices want it. What they keep out
// is taken back at once.
func (h *hubRun) admitAll(now time.Time) {
	s := &h.settled
	s.barred, s.inverted = map[hubs.DeviceID]bool{}, map[hubs.DeviceID]map[string]bool{}
	refused := s.refusals
	s.refusals = nil
	shown := make([]hubs.Device, 0, len(s.list))
	var self hubs.Device
	for i := range s.list {
		if s.list[i].ID == hubs.Self {
			self = s.list[i]
			continue
		}
		if d, in := h.dress(&s.list[i]); in {
			shown = append(shown, d)
		} else {
			s.barred[d.ID] = true
		}
	}
	h.placeSelf(self, now)
	for _, d := range shown {
		via := s.places[d.Via]
		if s.barred[d.Via] || d.Via == hubs.Self {
			via = "" // behind the hub; what is barred Home Assistant does not know
		}
		h.place(discovery.Placed{Device: d, ID: s.places[d.ID], ViaID: via}, now)
	}
	for raw := range s.barred {
		h.expel(raw)
	}
	if !slices.Equal(refused, s.refusals) {
		for _, r := range s.refusals {
			h.log.Error().Str("entity", r).Msg("INVERT names what has no upside down, it is shown as it is")
		}
	}
}

// expel takes a device back that is not to be shown.
func (h *hubRun) expel(raw hubs.DeviceID) {
	if o, published := h.manifest.Devices[raw]; published {
		h.log.Info().Str("device", o.ID).Msg("device is excluded, taking it back")
		h.takeBack(raw, o)
	}
}

// dress gives a device the names and entities that it shows with, and tells whether
// it is shown at all.
func (h *hubRun) dress(vendor *hubs.Device) (d hubs.Device, in bool) {
	d = *vendor
	own := h.choices.Devices[d.ID]
	if name := own.Options.text(optName); name != "" {
		d.Name = name
	}
	if area := own.Options.text(optArea); area != "" {
		d.Area = area
	}
	id := h.settled.places[d.ID]
	if d.ID == hubs.Self {
		id = discovery.HubID
	}
	l := labelsOf(id, vendor, &d)
	d.Entities = make([]hubs.Entity, 0, len(vendor.Entities))
	for _, e := range vendor.Entities {
		if h.cfg.Filter.shows(l, e.Key) && dressEntity(&e, own) {
			d.Entities = append(d.Entities, e)
		}
	}
	in = d.ID == hubs.Self || h.cfg.Filter.admits(l) && !own.barred() && !h.choices.Seen[d.ID].Held &&
		(len(d.Entities) > 0 || len(vendor.Entities) == 0) // not all of it is hidden
	if in {
		h.turn(&d, id, l)
	}
	return d, in
}

// turn notes which entities of a device are shown upside down.
func (h *hubRun) turn(d *hubs.Device, id string, l labels) {
	upside := map[string]bool{}
	for i := range d.Entities {
		e := &d.Entities[i]
		switch {
		case !h.cfg.Filter.inverts(l, e.Key):
		case invertible(e.Spec):
			upside[e.Key] = true
		default:
			h.settled.refusals = append(h.settled.refusals, id+"/"+e.Key)
		}
	}
	if len(upside) > 0 {
		h.settled.inverted[d.ID] = upside
	}
}

// barred tells whether the user keeps the device out.
func (c choice) barred() bool {
	hidden := c.Options.flag(optHidden)
	return c.Excluded || hidden != nil && *hidden
}

// dressEntity gives an entity what the user chose for it and its device, and tells
// whether it is shown.
func dressEntity(e *hubs.Entity, of choice) bool {
	mine := of.Entities[e.Key]
	if hidden := mine.flag(optHidden); hidden != nil && *hidden {
		return false
	}
	if off := of.Options.flag(optDisabled); off != nil {
		e.Hidden = *off
	}
	if off := mine.flag(optDisabled); off != nil {
		e.Hidden = *off
	}
	if name := mine.text(optName); name != "" {
		e.Name = name
	}
	if icon := mine.text(optIcon); icon != "" {
		e.Icon = icon
	}
	return true
}

// isBarred tells whether news of an unknown device are none: it is known and kept out.
func (h *hubRun) isBarred(raw hubs.DeviceID) bool { return h.settled.barred[raw] }

// refusal says what of INVERT cannot be followed; empty: nothing.
func (h *hubRun) refusal() string {
	if len(h.settled.refusals) == 0 {
		return ""
	}
	return fmt.Sprintf("INVERT: %s has no upside down, only binary sensors, covers and valves have: it is shown as it is",
		strings.Join(h.settled.refusals, ", "))
}

// decide changes the user's choices, keeps them, and shows the devices accordingly.
// Nothing is changed if they cannot be kept.
func (h *hubRun) decide(ctx context.Context, raw hubs.DeviceID, change func(*choices)) error {
	now := time.Now()
	next := h.choices.clone()
	change(&next)
	if err := next.save(ctx, h.store, h.cfg.Name); err != nil {
		return fmt.Errorf("it could not be kept, so nothing was changed: %w", err)
	}
	h.choices = next
	h.holding = true
	defer h.release()
	h.listSoon(now)
	if h.settled.list != nil {
		h.admitAll(now)
	} else if h.choices.Devices[raw].barred() {
		h.expel(raw) // the hub was not reached yet, what the last run left stands
	}
	if err := h.manifest.save(ctx, h.store, h.cfg.Name); err != nil {
		h.health.note(h.log, err)
	}
	return nil
}

// known are the places of all devices that were ever seen, for a first run after an
// update: older versions kept them in the manifest alone.
func (h *hubRun) known() choices {
	c := h.choices
	c.Seen = maps.Clone(c.Seen)
	for raw, o := range h.manifest.Devices {
		if _, there := c.Seen[raw]; !there && raw != hubs.Self {
			c.Seen[raw] = sight{ID: o.ID}
		}
	}
	return c
}
