package tuya

import (
	"cmp"
	"context"
	"maps"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// hub is the linked accounts of one project.
type hub struct {
	cfg    config
	client *client
	quota  *rest.Quota
	cache  *cache
	// unlocks tells whose door may be opened from afar; nil: nobody's.
	unlocks func(hubs.Device) bool
	log     zerolog.Logger
	now     func() time.Time
	page    int                                               // devices on a page of the list
	dial    func(context.Context, *url.URL) (net.Conn, error) // to an MQTT broker

	mu          sync.Mutex
	members     map[hubs.DeviceID]*member // of the last inventory
	inventory   []hubs.Device             // as Devices returned it last
	products    map[string]description
	house       *household
	deniedParts map[string]bool
	partFails   map[string]int
	variant     int     // the way to list that works
	seen        bool    // there were devices once
	fresh       listing // what the next Poll may use
	byThing     map[string]bool
	ac          map[hubs.DeviceID]acState
	gone        map[hubs.DeviceID]time.Time // devices that the stream said were removed
	early       map[hubs.DeviceID]early
	push        pushMemory
}

// member is a device of the inventory.
type member struct {
	wire   device
	model  *model
	via    hubs.DeviceID
	online bool
	last   *newest // what the stream brought last
	memory *memory
	things bool      // some data points are told by the thing model's call alone
	thing  time.Time // when that was asked for; zero: never
}

var (
	_ hubs.Hub      = (*hub)(nil)
	_ hubs.Reader   = (*hub)(nil)
	_ hubs.Watcher  = (*hub)(nil)
	_ hubs.Budgeted = (*hub)(nil)
)

// Budget implements hubs.Budgeted.
func (h *hub) Budget() (hubs.Budget, bool) { return h.quota.Budget() }

func newHub(cfg config, c *client, deps hubs.Deps) *hub {
	return &hub{
		cfg: cfg, client: c, log: deps.Log, now: time.Now, page: accountPage, dial: dialMQTT, unlocks: deps.Unlocks,
		cache:   &cache{kv: deps.Cache, prefix: "cache/" + deps.Name, log: deps.Log},
		members: map[hubs.DeviceID]*member{}, products: map[string]description{},
		deniedParts: map[string]bool{}, partFails: map[string]int{}, byThing: map[string]bool{},
		ac: map[hubs.DeviceID]acState{}, gone: map[hubs.DeviceID]time.Time{}, early: map[hubs.DeviceID]early{},
		push: pushMemory{strangers: map[hubs.DeviceID]time.Time{}},
	}
}

// Devices implements hubs.Hub.
func (h *hub) Devices(ctx context.Context) ([]hubs.Device, error) {
	if was, ok := h.spared(); ok {
		return was, nil
	}
	h.mu.Lock()
	h.fresh = listing{}
	h.mu.Unlock()
	list, err := h.list(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.readProducts(ctx, list.devices); err != nil {
		return nil, err
	}
	if err := h.readHousehold(ctx, list.devices); err != nil {
		return nil, err
	}
	h.askRemotesNow(ctx)
	h.mu.Lock()
	out := h.settle(list)
	h.mu.Unlock()
	h.readThings(ctx)
	return out, nil
}

const goneFor = time.Minute // the list may lag behind the word of the stream so long

// settle makes the inventory of a list, and forgets what is not in it. h.mu is held.
func (h *hub) settle(list listing) []hubs.Device {
	members := make(map[hubs.DeviceID]*member, len(list.devices))
	out := make([]hubs.Device, 0, len(list.devices)+1)
	for id, at := range h.gone {
		if list.asked.Sub(at) >= goneFor {
			delete(h.gone, id)
		}
	}
	for i := range list.devices {
		d := &list.devices[i]
		id := hubs.DeviceID(d.ID)
		if _, left := h.gone[id]; left {
			continue
		}
		m := &member{wire: *d, online: d.Online.Or(true), last: newNewest(), memory: newMemory()}
		if was := h.members[id]; was != nil {
			m.last, m.memory, m.thing = was.last, was.memory, was.thing
		}
		m.memory.add(d.Status, list.asked)
		spec := h.products[productOf(d)].Spec
		m.model = newModel(m.wire, spec, h.locks(&m.wire)...)
		m.things = slices.ContainsFunc(spec.Status, func(c codeSpec) bool { return c.Property })
		m.wire.Status = nil
		m.via = hubs.DeviceID(cmp.Or(d.Gateway, string(h.house.Gateways.Value[id])))
		members[id] = m
		out = append(out, h.placed(m))
	}
	for i := range h.house.Remotes.Value {
		r := &h.house.Remotes.Value[i]
		if members[hubs.DeviceID(r.ID)] == nil && members[hubs.DeviceID(r.Hub)] != nil {
			out = append(out, r.device(nil))
		}
	}
	listed := func(id hubs.DeviceID) bool { return members[id] != nil }
	for i := range out {
		if out[i].Via == out[i].ID || !listed(out[i].Via) {
			out[i].Via = hubs.Self
		}
		if listed(out[i].ID) {
			members[out[i].ID].via = out[i].Via
		}
	}
	if d, ok := h.self(); ok {
		out = append(out, d)
	}
	h.members, h.fresh, h.inventory = members, list, out
	h.seen = h.seen || len(members) > 0
	maps.DeleteFunc(h.early, func(id hubs.DeviceID, _ early) bool { return members[id] == nil })
	return slices.Clone(out)
}

// placed is a member with its place in the home. h.mu is held.
func (h *hub) placed(m *member) hubs.Device {
	id := hubs.DeviceID(m.wire.ID)
	d := m.model.device()
	if r := h.remote(id); r != nil {
		d = r.device(&m.wire)
	}
	d.ID = id
	d.Via = cmp.Or(m.via, d.Via)
	d.Area = h.house.Rooms.Value[id]
	for _, one := range h.house.Homes.Value {
		if one.ID == m.wire.Home {
			d.Home = one.Name
		}
	}
	return d
}

// uids are the app accounts that are known.
func (h *hub) uids() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]device, 0, len(h.members))
	for _, m := range h.members {
		list = append(list, m.wire)
	}
	uids := accountsOf(list, h.cfg.uid)
	if len(uids) == 0 && h.house != nil {
		return h.house.Homes.For // not only accounts, see readHousehold
	}
	return uids
}
