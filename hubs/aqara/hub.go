package aqara

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// hub is one Aqara Studio.
type hub struct {
	client *client
	quota  *rest.Quota
	login  func(context.Context, auth.Token) error // takes a token that a person pasted
	log    zerolog.Logger
	now    func() time.Time

	mu     sync.Mutex
	models map[hubs.DeviceID]cached // all specs that were read, also of devices not listed now
	listed []hubs.DeviceID          // what the last Devices returned
	before map[hubs.DeviceID]bool   // what the last list held; nil: there was none
	fresh  inventory                // what the next Poll may use
	gone   departed
	last   map[hubs.DeviceID]values // for commands and pushes that build on what is
	states map[hubs.DeviceID]truth  // online, as the last list or push said
	spaces map[string]string        // names of rooms, where devices do not tell
	paged  bool                     // the Studio does not know the list of all devices
	odd    map[hubs.DeviceID]unlisted
	push   pushMemory
	rest   generationB
	loops  map[hubs.DeviceID]bool // devices that are left out, and it was said
}

var (
	_ hubs.Hub      = (*hub)(nil)
	_ hubs.Reader   = (*hub)(nil)
	_ hubs.Watcher  = (*hub)(nil)
	_ hubs.Budgeted = (*hub)(nil)
)

// Budget implements hubs.Budgeted.
func (h *hub) Budget() (hubs.Budget, bool) { return h.quota.Budget() }

func newHub(c *client, log zerolog.Logger) *hub {
	return &hub{
		client: c, log: log, now: time.Now,
		models: map[hubs.DeviceID]cached{}, last: map[hubs.DeviceID]values{}, states: map[hubs.DeviceID]truth{},
		gone: departed{}, odd: map[hubs.DeviceID]unlisted{},
		loops: map[hubs.DeviceID]bool{}, push: pushMemory{strangers: map[hubs.DeviceID]bool{}}, rest: generationB{denied: map[string]bool{}},
	}
}

// Devices implements hubs.Hub. A device whose spec the Studio does not give yet, as it
// happens right after one was added, is left out until it comes; one that was known
// stays as it was.
func (h *hub) Devices(ctx context.Context) ([]hubs.Device, error) {
	h.mu.Lock()
	h.fresh = inventory{}
	asked := h.now()
	h.mu.Unlock()
	list, err := h.list(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.probe(ctx); err != nil {
		return nil, err
	}
	if err := h.readSpecs(ctx, list); err != nil {
		return nil, err
	}
	areas, err := h.areas(ctx, list)
	if err != nil {
		return nil, err
	}
	if err := h.readTriggers(ctx); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.settle(list, areas, asked), nil
}

// settle makes the inventory of a list, and forgets what is not in it. h.mu is held.
func (h *hub) settle(list []wireInfo, areas map[string]string, asked time.Time) []hubs.Device {
	out := make([]hubs.Device, 0, len(list))
	h.listed = make([]hubs.DeviceID, 0, len(list))
	h.before = make(map[hubs.DeviceID]bool, len(list))
	for i := range list {
		id := hubs.DeviceID(list[i].ID)
		h.before[id] = true
		c, ok := h.models[id]
		if !ok || h.gone.has(list[i].ID) || h.imported(c.model, &list[i]) {
			continue
		}
		out = append(out, c.model.device(&list[i], areas))
		h.listed = append(h.listed, id)
	}
	for i := range out {
		if !slices.Contains(h.listed, out[i].Via) {
			out[i].Via = hubs.Self
		}
	}
	if d, ok := h.self(); ok {
		out = append(out, d)
	}
	for id := range h.models {
		if !h.before[id] {
			delete(h.models, id)
			delete(h.last, id)
			delete(h.odd, id)
		}
	}
	h.fresh = inventory{list, asked}
	return out
}

func (h *hub) model(id hubs.DeviceID) (*model, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c, ok := h.models[id]; ok {
		return c.model, nil
	}
	return nil, &hubs.Error{Fault: hubs.UnknownDevice, Err: fmt.Errorf("aqara: no device %s", id)}
}

// Execute implements hubs.Hub. Stopping a cover without an order for that is the one
// command that needs to know something first, and asks for it; see stop.
func (h *hub) Execute(ctx context.Context, cmd hubs.Command) error {
	if cmd.Device == hubs.Self {
		return h.start(ctx, cmd.Entity)
	}
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
	c, err := m.encode(&cmd, v)
	if err != nil {
		return err
	}
	if len(c.items) > 0 {
		if err := h.client.execute(ctx, c.items); err != nil {
			return err
		}
	}
	if len(c.orders) > 0 {
		return h.give(ctx, c.orders)
	}
	return nil
}

// stop gives what is known with the cover's position of this moment. Generation A has
// no stop: a cover is stopped by being sent where it is, and the position of the last
// poll would send it back there. If it cannot be read, the last one has to do.
func (h *hub) stop(ctx context.Context, m *model, entity string, v values) values {
	p := m.part(entity)
	if p == nil {
		return v
	}
	c, ok := p.unit.(*cover)
	if !ok || c.halt != nil || !c.position.canRead() {
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
