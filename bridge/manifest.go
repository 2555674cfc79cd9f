package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// manifest is what of one hub stands on the broker: which device has which place in
// our topics, and which components Home Assistant was told of. It outlives the
// process, so that places never change and what left can be taken back.
type manifest struct {
	// Base and Prefix are the settings that the topics were made with.
	Base    string                  `json:"base,omitempty"`
	Prefix  string                  `json:"prefix,omitempty"`
	Devices map[hubs.DeviceID]owned `json:"devices"`
	// Cleared are topics taken back since the last start. A crash may have come before
	// the broker heard of it, so the next start takes them back again.
	Cleared []string `json:"cleared,omitempty"`
	// Debts are removals that Home Assistant may have missed.
	Debts []debt `json:"debts,omitempty"`

	rev   uint64
	dirty bool
}

// owned is one device's part of the manifest.
type owned struct {
	ID         string            `json:"id"`                   // DEVICE
	Components map[string]string `json:"components,omitempty"` // component key → platform
	Topics     []string          `json:"topics,omitempty"`     // every retained topic of the device
}

func (m *manifest) places() map[hubs.DeviceID]string {
	known := make(map[hubs.DeviceID]string, len(m.Devices))
	for raw, o := range m.Devices {
		known[raw] = o.ID
	}
	return known
}

func manifestKey(hub string) string { return "manifest/" + hub }

// loadManifest reads the manifest; without one, or with a damaged one, it begins anew.
func loadManifest(ctx context.Context, store auth.KV, hub string) (manifest, error) {
	m := manifest{Devices: map[hubs.DeviceID]owned{}}
	raw, rev, err := store.Get(ctx, manifestKey(hub))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if raw == nil {
		return m, fmt.Errorf("manifest of %s: %w", hub, err)
	}
	m.rev = rev
	if err := json.Unmarshal(raw, &m); err != nil || m.Devices == nil {
		m.Devices = map[hubs.DeviceID]owned{}
		return m, fmt.Errorf("manifest of %s: %w", hub, err)
	}
	return m, err
}

// save writes the manifest if it changed.
func (m *manifest) save(ctx context.Context, store auth.KV, hub string) error {
	if !m.dirty {
		return nil
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("manifest of %s: %w", hub, err)
	}
	rev, err := store.Put(ctx, manifestKey(hub), raw, m.rev)
	if errors.Is(err, auth.ErrConflict) {
		// Another process of the same user wrote it: ours is newer, since hubs are asked by one process only.
		if _, m.rev, err = store.Get(ctx, manifestKey(hub)); err == nil {
			rev, err = store.Put(ctx, manifestKey(hub), raw, m.rev)
		}
	}
	if err != nil {
		return fmt.Errorf("manifest of %s: %w", hub, err)
	}
	m.rev, m.dirty = rev, false
	return nil
}

// missing counts the complete inventories that lacked a device.
type missing struct {
	count int
	last  time.Time
}

// apart is the least time between two inventories that count as two.
const apart = 50 * time.Second // 60 s less the poll's jitter

// gone notes one more inventory without the device, and tells whether it has left:
// two of them, or three when more than half of the home is missing, which is more
// often a fault of the hub than a move.
func (m *missing) gone(now time.Time, halfLost bool) bool {
	if m.count == 0 || now.Sub(m.last) >= apart {
		m.count++
		m.last = now
	}
	if halfLost {
		return m.count >= 3
	}
	return m.count >= 2
}

// settleInventory compares a complete inventory with what is known, and publishes
// what came, changed and left.
func (h *hubRun) settleInventory(ctx context.Context, list []hubs.Device, now time.Time) error {
	if err := checkInventory(list); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holding = true
	defer h.release()
	h.takeInventory(ctx, list, now)
	listed := make(map[hubs.DeviceID]bool, len(list))
	for _, d := range list {
		listed[d.ID] = true
	}
	h.dropMissing(listed, now)
	if err := h.manifest.save(ctx, h.store, h.cfg.Name); err != nil {
		h.health.note(h.log, err)
	}
	return nil
}

// checkInventory refuses an inventory that breaks the contract of hubs.Hub: half of
// it would be worse than none.
func checkInventory(list []hubs.Device) error {
	seen := make(map[hubs.DeviceID]bool, len(list))
	for _, d := range list {
		if seen[d.ID] {
			return fmt.Errorf("inventory: the hub names device %q twice", d.ID)
		}
		seen[d.ID] = true
		keys := make(map[string]bool, len(d.Entities))
		for _, e := range d.Entities {
			if keys[e.Key] || e.Spec == nil {
				return fmt.Errorf("inventory: entity %q of device %q is there twice or has no kind", e.Key, d.ID)
			}
			keys[e.Key] = true
		}
	}
	return nil
}

// place announces p where it is new or changed its shape.
func (h *hubRun) place(p discovery.Placed, now time.Time) {
	raw := p.Device.ID
	delete(h.missing, raw)
	d, known := h.devices[raw]
	switch {
	case !known:
		d = newDevice(p)
		h.devices[raw], h.byID[p.ID] = d, d
		h.adopt(d, now)
		if !h.lastWhole.IsZero() {
			h.repoll("a device came: while push is up its first values would wait for long")
		}
		h.announce(d, now)
		h.send(h.layout.Availability(p, d.online))
	case !reflect.DeepEqual(p, d.placed):
		h.reshapeSoon(d, p, now)
	default:
		d.shape++ // what was to come is not true any more
		h.adopt(d, now)
		h.tellAgain(d, now)
		h.touch(d, now)
		return
	}
	h.listSoon(now)
	h.touch(d, now)
}

// tellAgain announces d if Home Assistant lacks its description.
func (h *hubRun) tellAgain(d *device, now time.Time) {
	if d.untold {
		d.untold = false
		h.announce(d, now)
	}
}

// reshapeSoon gives d a new description, not sooner than announceWait after the last
// one: Home Assistant loses components of a device that is announced twice in a moment.
func (h *hubRun) reshapeSoon(d *device, p discovery.Placed, now time.Time) {
	d.shape++
	wait := d.announcedAt.Add(announceWait).Sub(now)
	if wait <= 0 {
		h.reshape(d, p, now)
		return
	}
	h.laterIfSame(d, wait, func() { h.reshape(d, p, time.Now()) })
}

// laterIfSame runs do after wait, unless d has got yet another description or left.
func (h *hubRun) laterIfSame(d *device, wait time.Duration, do func()) {
	shape := d.shape
	h.later(wait, func() {
		if d.shape == shape && h.devices[d.placed.Device.ID] == d {
			do()
		}
	})
}

// reshape gives d its new description. What it loses gets its tombstone first, and
// stays in the states until Home Assistant has forgotten it: its templates would
// stumble over what is missing.
func (h *hubRun) reshape(d *device, p discovery.Placed, now time.Time) {
	raw := p.Device.ID
	messages, _ := h.layout.Announce(p, h.manifest.Devices[raw].Components) // announce reports the fault
	if len(messages) < 2 || d.deleted {
		d.place(p)
		h.adopt(d, now)
		d.untold = false
		h.announce(d, now)
		h.touch(d, now)
		return
	}
	d.announcedAt = now
	if !h.haOnline() {
		h.owe(messages[0].Topic, string(h.configOf(d)), string(messages[0].Payload), string(messages[1].Payload))
	}
	h.send(messages[0])
	d.untold = true
	h.laterIfSame(d, messages[1].After, func() {
		d.untold = false
		d.place(p)
		h.adopt(d, time.Now())
		owned := h.manifest.Devices[raw]
		owned.Components = h.layout.Components(p)
		h.manifest.Devices[raw] = owned
		h.announce(d, time.Now())
		h.touch(d, time.Now())
		h.listSoon(time.Now())
		h.relist("a device changed its shape")
	})
}

// announce notes in the manifest what d owns, and then publishes its discovery message.
func (h *hubRun) announce(d *device, now time.Time) {
	raw := d.placed.Device.ID
	d.announcedAt = now
	topics := h.layout.Topics(d.placed)
	before := h.manifest.Devices[raw]
	for _, t := range before.Topics {
		if !slices.Contains(topics, t) {
			h.clear(t)
		}
	}
	h.manifest.Devices[raw] = owned{ID: d.placed.ID, Components: h.layout.Components(d.placed), Topics: topics}
	h.configs[h.layout.ConfigTopic(d.placed.ID)] = raw
	delete(h.leftovers, h.layout.ConfigTopic(d.placed.ID))
	h.manifest.Cleared = slices.DeleteFunc(h.manifest.Cleared, func(t string) bool { return slices.Contains(topics, t) })
	h.manifest.dirty = true
	if d.deleted {
		return // the user's wish
	}
	if h.holding {
		h.held = append(h.held, func() { h.tell(d, before.Components) })
		return
	}
	h.tell(d, before.Components)
}

// tell publishes the discovery message of d: what left gets its tombstone first.
func (h *hubRun) tell(d *device, before map[string]string) {
	raw, at := d.placed.Device.ID, d.announcedAt
	messages, err := h.layout.Announce(d.placed, before)
	if err != nil {
		h.log.Error().Err(err).Str("device", d.placed.ID).Msg("device cannot be announced, its values are published all the same")
	}
	if len(messages) > 1 && !h.haOnline() { // it lost them while the bridge was down
		h.owe(messages[0].Topic, h.stash[messages[0].Topic], string(messages[0].Payload), string(messages[1].Payload))
	}
	delete(h.stash, h.layout.ConfigTopic(d.placed.ID))
	h.sendInTurn(messages, func() bool { return h.devices[raw] == d && !d.deleted && d.announcedAt.Equal(at) })
}

// sendInTurn sends the first message now and the others after their waits, while still holds.
func (h *hubRun) sendInTurn(messages []discovery.Message, still func() bool) {
	var wait time.Duration
	for _, m := range messages {
		wait += m.After
		if wait == 0 {
			h.send(m)
			continue
		}
		h.later(wait, func() {
			if still() {
				h.send(m)
			}
		})
	}
}

// later runs do under the lock, unless the hub is closing then.
func (h *hubRun) later(wait time.Duration, do func()) {
	time.AfterFunc(wait, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if !h.closing {
			do()
		}
	})
}

// dropMissing takes back what has left the hub.
func (h *hubRun) dropMissing(listed map[hubs.DeviceID]bool, now time.Time) {
	absent := 0
	for raw := range h.manifest.Devices {
		if !listed[raw] && raw != hubs.Self {
			absent++
		}
	}
	halfLost := absent*2 > len(h.manifest.Devices)
	for raw, o := range h.manifest.Devices {
		if listed[raw] || raw == hubs.Self {
			continue
		}
		m := h.missing[raw]
		left := m.gone(now, halfLost)
		h.missing[raw] = m
		if !left {
			continue
		}
		h.log.Info().Str("device", o.ID).Msg("device has left the hub, taking it back")
		h.takeBack(raw, o)
	}
}
