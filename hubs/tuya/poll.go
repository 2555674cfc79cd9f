package tuya

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// Poll implements hubs.Hub: one list, which tells values and who is online. Where the
// list has no values they are read twenty devices at a time.
func (h *hub) Poll(ctx context.Context) ([]hubs.Reading, error) {
	if _, ok := h.spared(); ok {
		return nil, nil
	}
	list, err := h.listForPoll(ctx)
	if err != nil {
		return nil, err
	}
	points := map[hubs.DeviceID][]point{}
	var ids []hubs.DeviceID
	h.mu.Lock()
	for i := range list.devices {
		d := &list.devices[i]
		id := hubs.DeviceID(d.ID)
		if h.members[id] == nil {
			continue
		}
		ids = append(ids, id)
		points[id] = d.Status
	}
	h.mu.Unlock()
	if !list.values {
		points, err = h.statuses(ctx, ids)
	}
	online := make(map[hubs.DeviceID]bool, len(ids))
	for i := range list.devices {
		online[hubs.DeviceID(list.devices[i].ID)] = list.devices[i].Online.Or(true)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.push.listed = list.asked
	out := make([]hubs.Reading, 0, len(ids))
	for _, id := range ids {
		got, answered := points[id]
		if !answered && err == nil {
			err = errors.Join(err, &hubs.Error{Fault: hubs.UnknownDevice, Err: fmt.Errorf("tuya: values: no answer for device %s", id)})
		}
		if m := h.members[id]; m != nil {
			m.memory.add(got, list.asked)
			out = append(out, h.polled(m, answered, online))
		}
	}
	for _, r := range h.remotesAlone() {
		s := h.ac[hubs.DeviceID(r.ID)]
		out = append(out, s.reading(hubs.DeviceID(r.ID)))
	}
	return out, err
}

// polled makes the reading of one device. What hangs behind a gateway that is offline is
// offline too, whatever the list says of it. h.mu is held.
func (h *hub) polled(m *member, answered bool, online map[hubs.DeviceID]bool) hubs.Reading {
	id := hubs.DeviceID(m.wire.ID)
	m.online = online[id]
	r := hubs.Reading{}
	if h.remote(id) != nil {
		s := h.ac[id]
		r = s.reading(id)
	} else if answered {
		r = m.model.readings(m.memory.reports(), false)
	}
	on := m.online
	if gate, known := online[m.via]; known && m.via != hubs.Self && !gate {
		on = false
	}
	r.Device, r.Online = id, &on
	return r
}

// remotesAlone are the remote controls that the device list does not hold. h.mu is held.
func (h *hub) remotesAlone() []remote {
	if h.house == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(h.house.Remotes.Value), func(r remote) bool {
		return h.members[hubs.DeviceID(r.ID)] != nil || h.members[hubs.DeviceID(r.Hub)] == nil
	})
}

// listForPoll takes the list over that an inventory has just read, once.
func (h *hub) listForPoll(ctx context.Context) (listing, error) {
	h.mu.Lock()
	was := h.fresh
	h.fresh = listing{}
	age := h.now().Sub(was.asked)
	h.mu.Unlock()
	if was.devices != nil && age >= 0 && age < listLife {
		return was, nil
	}
	return h.list(ctx)
}

// early is a command whose outcome is to be seen.
type early struct {
	at   time.Time
	read bool
}

const (
	earlyFor  = 30 * time.Second // so long after a command reads are taken for looks at its outcome
	pushFirst = 5 * time.Second  // an open stream tells the outcome itself, and for nothing
)

// worth tells whether a read of id is worth its call: of the looks at a command's outcome
// one is, and while the stream is open only if that has said nothing for a while.
func (h *hub) worth(id hubs.DeviceID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, ok := h.early[id]
	since := h.now().Sub(e.at)
	switch {
	case !ok || since < 0 || since > earlyFor:
		return true
	case e.read, h.push.open && since < pushFirst:
		return false
	}
	e.read = true
	h.early[id] = e
	return true
}

// Read implements hubs.Reader.
func (h *hub) Read(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	var out []hubs.Reading
	var errs []error
	var ask []hubs.DeviceID
	for _, id := range ids {
		h.mu.Lock()
		r, m := h.remote(id), h.members[id]
		h.mu.Unlock()
		switch {
		case id == hubs.Self: // scenes have no values
		case r != nil:
			got, err := h.readRemote(ctx, r)
			out, errs = append(out, got), append(errs, err)
		case m == nil:
			errs = append(errs, unknownDevice(id))
		case h.worth(id):
			ask = append(ask, id)
		}
	}
	if len(ask) == 0 {
		return out, errors.Join(errs...)
	}
	asked := h.now()
	points, err := h.statuses(ctx, ask)
	for _, id := range ask {
		err = errors.Join(err, h.readThing(ctx, id))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ask {
		got, answered := points[id]
		m := h.members[id]
		switch {
		case m != nil && answered:
			m.memory.add(got, asked)
			r := m.model.readings(m.memory.reports(), false)
			r.Device = id
			out = append(out, r)
		case err == nil:
			errs = append(errs, unknownDevice(id))
		}
	}
	return out, errors.Join(append(errs, err)...)
}

// How old the answer of the thing model's call may be, which is one a device.
const (
	thingPushed = 12 * time.Hour   // while the stream tells what changes
	thingPolled = 50 * time.Minute // with each inventory
)

// readThings asks for what only the thing model's call tells, of those devices that have
// such data points, where it is not known or old. Values are no part of an inventory:
// what cannot be read now is read with the next.
func (h *hub) readThings(ctx context.Context) {
	for _, id := range h.dueThings() {
		err := h.readThing(ctx, id)
		if err != nil && hubs.FaultOf(err) != hubs.Offline {
			h.log.Debug().Err(err).Msg("data points that only the thing model tells cannot be read now")
			return // the next one would fare no better
		}
	}
}

func (h *hub) dueThings() []hubs.DeviceID {
	h.mu.Lock()
	defer h.mu.Unlock()
	life := thingPolled
	if h.push.open {
		life = thingPushed
	}
	var due []hubs.DeviceID
	for id, m := range h.members {
		if m.things && m.online && (m.thing.IsZero() || h.now().Sub(m.thing) >= life) {
			due = append(due, id)
		}
	}
	return due
}

// readThing asks for all data points of one device, if there are some that no other call
// tells. What is denied is asked for as rarely as what is known.
func (h *hub) readThing(ctx context.Context, id hubs.DeviceID) error {
	h.mu.Lock()
	m := h.members[id]
	ask := m != nil && m.things
	if ask {
		m.thing = h.now()
	}
	h.mu.Unlock()
	if !ask {
		return nil
	}
	asked := h.now()
	raw, err := h.client.do(ctx, request{name: "properties", path: "/v2.0/cloud/thing/" + url.PathEscape(string(id)) + "/shadow/properties"})
	if denied(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var w struct {
		Properties loose.List[point] `json:"properties"`
	}
	if json.Unmarshal(raw, &w) != nil {
		return shape("properties", "answered something else")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m.memory.add(w.Properties, asked)
	return nil
}
