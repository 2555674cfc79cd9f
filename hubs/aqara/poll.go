package aqara

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Poll implements hubs.Hub: the list for who is online, then all values that mean
// something, from the Studio's own memory.
func (h *hub) Poll(ctx context.Context) ([]hubs.Reading, error) {
	list, fresh, err := h.listForPoll(ctx)
	if err != nil {
		return nil, err
	}
	there := make(map[hubs.DeviceID]bool, len(list))
	for i := range list {
		there[hubs.DeviceID(list[i].ID)] = true
	}
	h.mu.Lock()
	ids := slices.DeleteFunc(slices.Clone(h.listed), func(id hubs.DeviceID) bool { return !there[id] })
	h.mu.Unlock()
	return h.readValues(ctx, ids, fresh)
}

// Read implements hubs.Reader.
func (h *hub) Read(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	return h.readValues(ctx, ids, false)
}

// readValues reads the values of devices; listed says that the list was read just now.
func (h *hub) readValues(ctx context.Context, ids []hubs.DeviceID, listed bool) ([]hubs.Reading, error) {
	var out []hubs.Reading
	var errs []error
	for part := range slices.Chunk(ids, chunk) {
		news, err := h.readChunk(ctx, part, listed)
		out = append(out, news...)
		if err == nil {
			continue
		}
		errs = append(errs, err)
		if f := hubs.FaultOf(err); ctx.Err() != nil || f == hubs.LoginNeeded || f == hubs.Limited {
			break // the next one would fare no better
		}
	}
	return out, errors.Join(errs...)
}

func (h *hub) readChunk(ctx context.Context, ids []hubs.DeviceID, listed bool) ([]hubs.Reading, error) {
	var errs []error
	var asks []readItem
	models := make([]*model, 0, len(ids))
	for _, id := range ids {
		if id == hubs.Self {
			continue // automations have no values
		}
		m, err := h.model(id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		models = append(models, m)
		asks = append(asks, m.asks...)
	}
	got := map[hubs.DeviceID]values{}
	asked := h.now()
	if len(asks) > 0 {
		data, err := h.client.query(ctx, "values", typeValues, asks)
		if err != nil {
			return nil, errors.Join(append(errs, err)...)
		}
		if got, err = decodeValues(data); err != nil {
			return nil, errors.Join(append(errs, h.shape("values", err))...)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]hubs.Reading, 0, len(models))
	for _, m := range models {
		id := hubs.DeviceID(m.id)
		v := got[id]
		if v == nil && len(m.asks) > 0 {
			errs = append(errs, &hubs.Error{
				Fault: hubs.UnknownDevice, Err: fmt.Errorf("aqara: values: no answer for device %s", id),
			})
			continue
		}
		for a, s := range v {
			h.noteWord(m, a, s)
		}
		v = v.after(h.last[id], asked)
		h.last[id] = v
		out = append(out, m.reading(v, h.state(m, v, listed)))
	}
	return out, errors.Join(errs...)
}

// state is the list's word on whether a device is online. Where the list is not of this
// moment, the device's own word can only make it worse. h.mu is held.
func (h *hub) state(m *model, v values, listed bool) truth {
	s := h.states[hubs.DeviceID(m.id)]
	if on, ok := v.boolean(m.reach); ok && !on && !listed {
		return truth{Known: true}
	}
	return s
}
