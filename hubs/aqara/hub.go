package aqara

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

const (
	chunk    = 50            // devices in one call: their specs are large
	pageSize = 200           // the most that the Studio gives
	maxPages = 100           // against a Studio that never ends
	specLife = 6 * time.Hour // then a spec is read again: no event is promised for its changes
)

// hub is one Aqara Studio.
type hub struct {
	client *client
	now    func() time.Time

	mu     sync.Mutex
	models map[hubs.DeviceID]cached // all specs that were read, also of devices not listed now
	listed []hubs.DeviceID          // what the last Devices returned
	last   map[hubs.DeviceID]values // for commands that build on what is
	states map[hubs.DeviceID]truth  // online, as the last list said
	spaces map[string]string        // names of rooms, where devices do not tell
	paged  bool                     // the Studio does not know the list of all devices
}

type cached struct {
	model *model
	read  time.Time
}

var (
	_ hubs.Hub    = (*hub)(nil)
	_ hubs.Reader = (*hub)(nil)
)

func newHub(c *client) *hub {
	return &hub{
		client: c, now: time.Now,
		models: map[hubs.DeviceID]cached{}, last: map[hubs.DeviceID]values{}, states: map[hubs.DeviceID]truth{},
	}
}

// Devices implements hubs.Hub. A device whose spec the Studio does not give yet, as it
// happens right after one was added, is left out until it comes; one that was known
// stays as it was.
func (h *hub) Devices(ctx context.Context) ([]hubs.Device, error) {
	list, err := h.list(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.readSpecs(ctx, list); err != nil {
		return nil, err
	}
	areas, err := h.areas(ctx, list)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]hubs.Device, 0, len(list))
	h.listed = make([]hubs.DeviceID, 0, len(list))
	keep := make(map[hubs.DeviceID]bool, len(list))
	for i := range list {
		id := hubs.DeviceID(list[i].ID)
		keep[id] = true
		if c, ok := h.models[id]; ok {
			out = append(out, c.model.device(&list[i], areas))
			h.listed = append(h.listed, id)
		}
	}
	for id := range h.models {
		if !keep[id] {
			delete(h.models, id)
			delete(h.last, id)
		}
	}
	return out, nil
}

// list reads all devices, and notes which are online.
func (h *hub) list(ctx context.Context) ([]wireInfo, error) {
	h.mu.Lock()
	paged := h.paged
	h.mu.Unlock()
	var list []wireInfo
	var err error
	if !paged {
		list, err = h.listAll(ctx)
		if notKnown(err) {
			paged = true
		}
	}
	if paged {
		list, err = h.listPages(ctx)
	}
	if err != nil {
		return nil, err
	}
	states := make(map[hubs.DeviceID]truth, len(list))
	for i := range list {
		states[hubs.DeviceID(list[i].ID)] = list[i].State
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paged, h.states = paged, states
	return list, nil
}

// notKnown tells whether the Studio is too old for a message.
func notKnown(err error) bool {
	e, ok := errors.AsType[*hubs.Error](err)
	return ok && e.Fault == hubs.Refused && e.Code == strconv.Itoa(codeUnreadable)
}

func (h *hub) listAll(ctx context.Context) ([]wireInfo, error) {
	data, err := h.client.query(ctx, "device list", typeAllDevices, struct{}{})
	if err != nil {
		return nil, err
	}
	list, err := decodeList(data)
	return list, h.shape("device list", err)
}

// listPages reads the list page by page. One that cannot be read, or a list shorter
// than announced, is an error: half a home would take the other half away.
func (h *hub) listPages(ctx context.Context) ([]wireInfo, error) {
	var out []wireInfo
	seen := map[text]bool{}
	for page := 1; page <= maxPages; page++ {
		data, err := h.client.query(ctx, "device list", typeDevicePage, map[string]any{
			"orderBy": "createTime asc", "pageNum": page, "pageSize": pageSize,
		})
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", page, err)
		}
		list, total, err := decodePage(data)
		if err != nil {
			return nil, h.shape("device list", err)
		}
		for _, d := range list {
			if !seen[d.ID] {
				seen[d.ID] = true
				out = append(out, d)
			}
		}
		switch {
		case total >= 0 && len(out) >= total, total < 0 && len(list) < pageSize:
			return out, nil
		case len(list) == 0:
			return nil, h.shape("device list", errors.New("list ends early"))
		}
	}
	return nil, h.shape("device list", errors.New("list does not end"))
}

// shape makes an error of an answer that was no good in itself.
func (h *hub) shape(call string, err error) error {
	if err == nil {
		return nil
	}
	e := rest.Garbage("")
	e.Err = fmt.Errorf("aqara: %s: %w", call, err)
	return e
}

// readSpecs reads what devices can do, where that is not known or old.
func (h *hub) readSpecs(ctx context.Context, list []wireInfo) error {
	now := h.now()
	var want []string
	h.mu.Lock()
	for i := range list {
		c, ok := h.models[hubs.DeviceID(list[i].ID)]
		if !ok || now.Sub(c.read) >= specLife || now.Before(c.read) {
			want = append(want, string(list[i].ID))
		}
	}
	h.mu.Unlock()
	for ids := range slices.Chunk(want, chunk) {
		data, err := h.client.query(ctx, "device specs", typeSpecs, map[string]any{"deviceIds": ids})
		if err != nil {
			return err
		}
		models, err := decodeSpecs(data)
		if err != nil {
			return h.shape("device specs", err)
		}
		if !h.keep(ids, models, now) {
			return h.shape("device specs", errors.New("none of the devices asked for is described"))
		}
	}
	return nil
}

// keep stores specs that were asked for; false: there was none among them.
func (h *hub) keep(ids []string, models []*model, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	some := false
	for _, m := range models {
		if !slices.Contains(ids, m.id) {
			continue
		}
		some = true
		id := hubs.DeviceID(m.id)
		h.models[id] = cached{m, now}
		if h.last[id] == nil {
			h.last[id] = m.first
		}
	}
	return some
}

// areas gives the names of rooms by id, read only if some device names no room but
// its id.
func (h *hub) areas(ctx context.Context, list []wireInfo) (map[string]string, error) {
	h.mu.Lock()
	known := h.spaces
	h.mu.Unlock()
	missing := slices.ContainsFunc(list, func(d wireInfo) bool {
		if d.Space == nil || d.Space.ID == "" || d.Space.Name != "" {
			return false
		}
		_, ok := known[string(d.Space.ID)]
		return !ok
	})
	if !missing {
		return known, nil
	}
	data, err := h.client.query(ctx, "rooms", typeSpaces, nil)
	if f := hubs.FaultOf(err); err != nil && (f == hubs.Refused || f == hubs.Misconfigured) {
		return known, nil // too old or not allowed: a home without rooms is a home
	}
	if err != nil {
		return nil, err
	}
	spaces, err := decodeSpaces(data)
	if err != nil {
		return nil, h.shape("rooms", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spaces = spaces
	return spaces, nil
}

// Poll implements hubs.Hub: the list for who is online, then all values that mean
// something, from the Studio's own memory.
func (h *hub) Poll(ctx context.Context) ([]hubs.Reading, error) {
	list, err := h.list(ctx)
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
	return h.readValues(ctx, ids)
}

// Read implements hubs.Reader.
func (h *hub) Read(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	return h.readValues(ctx, ids)
}

func (h *hub) readValues(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	var out []hubs.Reading
	var errs []error
	for part := range slices.Chunk(ids, chunk) {
		news, err := h.readChunk(ctx, part)
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

func (h *hub) readChunk(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	var errs []error
	var asks []readItem
	models := make([]*model, 0, len(ids))
	for _, id := range ids {
		m, err := h.model(id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		models = append(models, m)
		asks = append(asks, m.asks...)
	}
	got := map[hubs.DeviceID]values{}
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
		h.last[id] = v
		out = append(out, m.reading(v, h.states[id]))
	}
	return out, errors.Join(errs...)
}

func (h *hub) model(id hubs.DeviceID) (*model, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c, ok := h.models[id]; ok {
		return c.model, nil
	}
	return nil, &hubs.Error{Fault: hubs.UnknownDevice, Err: fmt.Errorf("aqara: no device %s", id)}
}

// Execute implements hubs.Hub. A cover's stop is the one command that needs to know
// something first, and asks for it; see stop.
func (h *hub) Execute(ctx context.Context, cmd hubs.Command) error {
	m, err := h.model(cmd.Device)
	if err != nil {
		return err
	}
	h.mu.Lock()
	v := h.last[cmd.Device]
	h.mu.Unlock()
	if cmd.Do == hubs.Stop {
		v = h.stop(ctx, m, cmd.Entity, v)
	}
	items, err := m.encode(&cmd, v)
	if err != nil {
		return err
	}
	return h.client.execute(ctx, items)
}

// stop gives what is known with the cover's position of this moment. This API has no
// stop: a cover is stopped by being sent where it is, and the position of the last poll
// would send it back there. If it cannot be read, the last one has to do.
func (h *hub) stop(ctx context.Context, m *model, entity string, v values) values {
	p := m.part(entity)
	if p == nil {
		return v
	}
	c, ok := p.unit.(*cover)
	if !ok || !c.position.canRead() {
		return v
	}
	data, err := h.client.query(ctx, "position", typeValues, []readItem{{
		Device: m.id, Endpoint: c.position.endpoint, Function: c.position.function, Traits: []string{c.position.code},
	}})
	if err != nil {
		return v
	}
	if got, err := decodeValues(data); err == nil && got[hubs.DeviceID(m.id)] != nil {
		return got[hubs.DeviceID(m.id)]
	}
	return v
}
