package bridge

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// The vendor's inventory on its way to what people see: the settings' filter and the
// user's choices decide which devices and entities are shown, and how they are called.

// settled is the last complete inventory and what was made of it. It is under its
// hubRun's lock.
type settled struct {
	list    []hubs.Device // the vendor's
	places  map[hubs.DeviceID]string
	barred  map[hubs.DeviceID]bool // listed, but not shown
	dressed map[hubs.DeviceID]dressed
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
	before := s.dressed
	s.barred, s.dressed = map[hubs.DeviceID]bool{}, make(map[hubs.DeviceID]dressed, len(s.list))
	shown := make([]hubs.Device, 0, len(s.list))
	var self hubs.Device
	for i := range s.list {
		if s.list[i].ID == hubs.Self {
			self = s.list[i]
			continue
		}
		d := h.dress(&s.list[i])
		if d.in {
			shown = append(shown, d.Device)
		} else {
			s.barred[d.ID] = true
		}
		raw := d.ID
		d.Device = hubs.Device{} // the shown one has it
		s.dressed[raw] = d
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
	h.tellFaults(before)
}

// expel takes a device back that is not to be shown.
func (h *hubRun) expel(raw hubs.DeviceID) {
	if o, published := h.manifest.Devices[raw]; published {
		h.log.Info().Str("device", o.ID).Msg("device is excluded, taking it back")
		h.takeBack(raw, o)
	}
}

// barred tells whether the user keeps the device out.
func (c choice) barred() bool { return c.Excluded || c.said("").Device.Flag(overrides.Hidden) }

// isBarred tells whether news of an unknown device are none: it is known and kept out.
func (h *hubRun) isBarred(raw hubs.DeviceID) bool { return h.settled.barred[raw] }

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
	for raw, d := range h.devices {
		if s, there := c.Seen[raw]; there {
			s.shown = d.placed.Name
			c.Seen[raw] = s
		}
	}
	return c
}
