package aqara

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

const (
	chunk    = 50            // devices in one call: their specs are large
	specLife = 6 * time.Hour // then a spec is read again: no event is promised for its changes
)

// cached is what is known of a device's abilities.
type cached struct {
	model *model
	read  time.Time
	stale time.Time // something said then that the device changed; zero: nothing did
}

// readSpecs reads what devices can do, where that is not known or old.
func (h *hub) readSpecs(ctx context.Context, list []wireInfo) error {
	now := h.now()
	var want []string
	h.mu.Lock()
	for i := range list {
		c, ok := h.models[hubs.DeviceID(list[i].ID)]
		if h.gone.has(list[i].ID) {
			continue
		}
		if !ok || !c.stale.IsZero() || now.Sub(c.read) >= specLife || now.Before(c.read) {
			want = append(want, string(list[i].ID))
		}
	}
	h.mu.Unlock()
	for ids := range slices.Chunk(want, chunk) {
		specs, err := h.askSpecs(ctx, ids)
		if err != nil {
			return err
		}
		if !h.keep(ids, specs, now) {
			return h.shape("device specs", errors.New("none of the devices asked for is described"))
		}
	}
	return nil
}

func (h *hub) askSpecs(ctx context.Context, ids []string) ([]wireSpec, error) {
	data, err := h.client.query(ctx, "device specs", typeSpecs, map[string]any{"deviceIds": ids})
	if err != nil {
		return nil, err
	}
	specs, err := decodeSpecs(data)
	if err != nil {
		return nil, h.shape("device specs", err)
	}
	if err := h.addOrders(ctx, specs); err != nil {
		return nil, err
	}
	return specs, h.addLive(ctx, specs)
}

// addLive asks for the live endpoints of devices that have such a list, but not in
// their spec.
func (h *hub) addLive(ctx context.Context, specs []wireSpec) error {
	var asks []readItem
	for i := range specs {
		if t := specs[i].live(); t != nil && (len(t.Value) == 0 || string(t.Value) == "null") {
			asks = append(asks, readItem{string(specs[i].ID), 0, functionDescriptor, []string{codeLive}})
		}
	}
	if len(asks) == 0 {
		return nil
	}
	data, err := h.client.query(ctx, "live endpoints", typeValues, asks)
	if err != nil {
		return err
	}
	got, err := decodeValues(data)
	if err != nil {
		return h.shape("live endpoints", err)
	}
	for i := range specs {
		s, ok := got[hubs.DeviceID(specs[i].ID)][address{0, functionDescriptor, codeLive}]
		if t := specs[i].live(); ok && t != nil {
			t.Value = s.raw
		}
	}
	return nil
}

// The traits that say which endpoints of a spec exist.
const (
	functionDescriptor = "Descriptor"
	codeLive           = "EndpointArrayDynamic"
	codeDynamic        = "SupportedEndpointDynamic"
)

// live is the trait that lists the live endpoints; nil where there is none, or the
// device says that it does not count.
func (s *wireSpec) live() *wireTrait {
	var list *wireTrait
	for i := range s.Endpoints {
		for j := range s.Endpoints[i].Functions {
			f := &s.Endpoints[i].Functions[j]
			if s.Endpoints[i].ID.Whole() != 0 || f.Code != functionDescriptor {
				continue
			}
			for k := range f.Traits {
				switch t := &f.Traits[k]; t.Code {
				case codeLive:
					list = t
				case codeDynamic:
					// A device that says "not supported" may still carry an old list.
					if on, ok := loose.ParseBool(t.supported()); ok && !on {
						return nil
					}
				}
			}
		}
	}
	return list
}

// supported is the value of a trait that never changes, which may stand in its
// description alone.
func (t *wireTrait) supported() json.RawMessage {
	var about struct {
		Default json.RawMessage `json:"defaultValue"`
	}
	if isObject(t.Attribute, &about) && len(about.Default) > 0 {
		return about.Default
	}
	return t.Value
}

// keep stores specs that were asked for. It reports false if there was none among them
// and no inventory before: half a home would be taken for all of it. Later a device
// that is not described is a new one, or stays as it was.
func (h *hub) keep(ids []string, specs []wireSpec, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	some := false
	for i := range specs {
		id := hubs.DeviceID(specs[i].ID)
		if !slices.Contains(ids, string(id)) {
			continue
		}
		some = true
		m := newModel(&specs[i], h.odd[id])
		c := cached{model: m, read: now}
		if old := h.models[id].stale; !old.Before(now) { // it changed while it was being read
			c.stale = old
		}
		h.models[id] = c
		if h.last[id] == nil {
			h.last[id] = m.first
		}
	}
	return some || h.before != nil
}

// respec has a device described again by the next Devices.
func (h *hub) respec(id hubs.DeviceID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stale(id)
}

// stale is respec for those who hold the lock.
func (h *hub) stale(id hubs.DeviceID) {
	if c, ok := h.models[id]; ok {
		c.stale = h.now()
		h.models[id] = c
	}
	h.fresh = inventory{}
}

// unlisted are values of enumerations that a device reported but does not list.
type unlisted map[address][]string

const maxUnlisted = 16 // of one enumeration

// noteWord remembers a value that its enumeration does not list, says so once, and has
// the device described again, with that value among the others. It reports whether the
// value is new. h.mu is held.
func (h *hub) noteWord(m *model, a address, s sample) bool {
	t := m.traits[a]
	if t == nil || t.kind != "Enum" || len(t.options) == 0 {
		return false
	}
	if _, ok := (values{a: s}).option(t); ok {
		return false
	}
	raw, _ := loose.Unquote(s.raw)
	raw = strings.TrimSpace(raw)
	id := hubs.DeviceID(m.id)
	known := h.odd[id][a]
	if raw == "" || raw == "null" || len(raw) > maxWord || len(known) >= maxUnlisted || slices.Contains(known, raw) {
		return false
	}
	if h.odd[id] == nil {
		h.odd[id] = unlisted{}
	}
	h.odd[id][a] = append(slices.Clone(known), raw)
	h.stale(id)
	h.log.Info().Str("device", m.id).Str("trait", a.rule()).Str("value", raw).
		Msg("a value that the device does not list for this trait: it is added")
	return true
}

const maxWord = 32
