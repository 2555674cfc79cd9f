package tuya

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// How long the parts of a household are taken as they were. None of them is in the
// device list, and all cost calls.
const (
	homesLife   = 12 * time.Hour
	roomsLife   = 24 * time.Hour
	gatewayLife = 24 * time.Hour
	remotesLife = 24 * time.Hour
)

// section is something of a household with its age. A part that is denied stays as it was:
// what was there once does not vanish with a right.
type section[T any] struct {
	Read  time.Time `json:"read"`
	For   []string  `json:"for"` // the ids that it was read for: new ones make it old
	Value T         `json:"value"`
}

// household is what is known beside devices and their values. It is stored as it is.
type household struct {
	Homes    section[[]home]                          `json:"homes"`
	Scenes   section[[]scene]                         `json:"scenes"`
	Rooms    section[map[hubs.DeviceID]string]        `json:"rooms"`
	Gateways section[map[hubs.DeviceID]hubs.DeviceID] `json:"gateways"`
	Remotes  section[[]remote]                        `json:"remotes"`
}

type home struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// readHousehold brings up to date what the list does not tell. It is kept on disk, and
// only trouble with a part that was never read is trouble of the inventory.
func (h *hub) readHousehold(ctx context.Context, list []device) error {
	h.mu.Lock()
	was := h.house
	h.mu.Unlock()
	if was == nil {
		was = &household{}
		h.cache.get(ctx, "household", was)
	}
	next := *was
	changed := false
	read := func(did bool, err error) error {
		changed = changed || did
		return err
	}
	homeIDs := idsOf(list, func(d *device) string { return d.Home })
	subs := idsOf(list, func(d *device) string {
		if !d.Sub || d.Gateway != "" {
			return ""
		}
		return d.ID
	})
	all := idsOf(list, func(d *device) string { return d.ID })
	hubIDs := idsOf(list, func(d *device) string {
		if !infraredHub(d.Category) {
			return ""
		}
		return d.ID
	})
	uids := accountsOf(list, h.cfg.uid)
	err := read(renew(ctx, h, "homes", &next.Homes, homesLife, slices.Concat(uids, homeIDs), func(ctx context.Context) ([]home, error) { return h.askHomes(ctx, uids) }))
	if err == nil {
		err = read(renew(ctx, h, "scenes", &next.Scenes, homesLife, homesOf(next.Homes.Value), func(ctx context.Context) ([]scene, error) { return h.askScenes(ctx, next.Homes.Value) }))
	}
	if err == nil {
		err = read(renew(ctx, h, "rooms", &next.Rooms, roomsLife, all, func(ctx context.Context) (map[hubs.DeviceID]string, error) { return h.askRooms(ctx, next.Homes.Value) }))
	}
	if err == nil {
		err = read(renew(ctx, h, "gateways", &next.Gateways, gatewayLife, subs, func(ctx context.Context) (map[hubs.DeviceID]hubs.DeviceID, error) { return h.askGateways(ctx, uids) }))
	}
	if err == nil {
		err = read(renew(ctx, h, "remotes", &next.Remotes, remotesLife, hubIDs, func(ctx context.Context) ([]remote, error) { return h.askRemotes(ctx, hubIDs) }))
	}
	h.mu.Lock()
	h.house = &next
	h.mu.Unlock()
	if changed {
		h.cache.put(ctx, "household", &next)
	}
	return err
}

// renew reads a part if it is old or was read for other ids. Nothing to read it for means
// that there is none.
func renew[T any](ctx context.Context, h *hub, name string, p *section[T], life time.Duration, ids []string,
	ask func(context.Context) (T, error),
) (did bool, err error) {
	now := h.now()
	age := now.Sub(p.Read)
	fresh := !p.Read.IsZero() && age >= 0 && age < life
	if fresh && !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(p.For, id) }) {
		return false, nil
	}
	if len(ids) == 0 {
		var none T
		p.Value = none
		return false, nil
	}
	value, err := ask(ctx)
	switch {
	case err == nil:
		*p = section[T]{now, ids, value}
		return true, nil
	case denied(err):
		h.deniedSection(name, err)
		p.Read, p.For = now, ids
		return true, nil
	case !p.Read.IsZero():
		h.log.Debug().Str("part", name).Err(err).Msg("cannot be read now, what was known of it stays")
		return false, nil
	case hubs.FaultOf(err) == hubs.Limited || h.gaveUp(name):
		h.log.Debug().Str("part", name).Err(err).Msg("cannot be read, the home goes without it for now")
		return false, nil
	}
	return false, err
}

// gaveUp counts the failures of a part that was never read, and reports whether the home
// has waited for it long enough.
func (h *hub) gaveUp(name string) bool {
	const most = 3
	h.mu.Lock()
	defer h.mu.Unlock()
	h.partFails[name]++
	return h.partFails[name] > most
}

// deniedSection says once what the project may not read.
func (h *hub) deniedSection(name string, err error) {
	h.mu.Lock()
	said := h.deniedParts[name]
	h.deniedParts[name] = true
	h.mu.Unlock()
	if !said {
		h.log.Info().Str("part", name).Err(err).Str("code", codeOf(err)).
			Msg("the project may not read a part of the home: it is left out, everything else works; to have it, authorise its service on the project's Service API page")
	}
}

// idsOf collects what of gives, sorted, each once.
func idsOf(list []device, of func(*device) string) []string {
	var out []string
	for i := range list {
		if id := of(&list[i]); id != "" {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// accountsOf are the app accounts of a list, or the one that the settings name.
func accountsOf(list []device, uid string) []string {
	if uid != "" {
		return []string{uid}
	}
	return idsOf(list, func(d *device) string { return d.UID })
}

func homesOf(list []home) []string {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	slices.Sort(ids)
	return ids
}

func (h *hub) askHomes(ctx context.Context, uids []string) ([]home, error) {
	var out []home
	for _, uid := range uids {
		raw, err := h.client.do(ctx, request{name: "homes", path: "/v1.0/users/" + url.PathEscape(uid) + "/homes"})
		if err != nil {
			return nil, err
		}
		var list []struct {
			ID   loose.Text `json:"home_id"`
			Name loose.Text `json:"name"`
		}
		if json.Unmarshal(raw, &list) != nil {
			return nil, shape("homes", "answered without a list")
		}
		for _, w := range list {
			one := home{string(w.ID), strings.TrimSpace(string(w.Name))}
			if w.ID != "" && !slices.ContainsFunc(out, func(o home) bool { return o.ID == one.ID }) {
				out = append(out, one)
			}
		}
	}
	return out, nil
}

// askRooms gives the room of each device. The calls are not among those that are
// documented for everybody: a reply that makes no sense means no rooms.
func (h *hub) askRooms(ctx context.Context, homes []home) (map[hubs.DeviceID]string, error) {
	out := map[hubs.DeviceID]string{}
	for _, one := range homes {
		path := "/v1.0/homes/" + url.PathEscape(one.ID) + "/rooms"
		raw, err := h.client.do(ctx, request{name: "rooms", path: path})
		if err != nil {
			return nil, err
		}
		for _, r := range readRooms(raw) {
			raw, err := h.client.do(ctx, request{name: "room", path: path + "/" + url.PathEscape(string(r.ID)) + "/devices"})
			if err != nil {
				return nil, err
			}
			for _, d := range readMembers(raw) {
				out[hubs.DeviceID(d.ID)] = strings.TrimSpace(string(r.Name))
			}
		}
	}
	return out, nil
}

type room struct {
	ID   loose.Text `json:"room_id"`
	Name loose.Text `json:"name"`
}

// readRooms takes a list, and one inside an object.
func readRooms(raw json.RawMessage) []room {
	var list loose.List[room]
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		var outer struct {
			Rooms loose.List[room] `json:"rooms"`
		}
		if json.Unmarshal(raw, &outer) != nil {
			return nil
		}
		list = outer.Rooms
	}
	return slices.DeleteFunc(list, func(r room) bool { return r.ID == "" || r.Name == "" })
}

type memberID struct {
	ID loose.Text `json:"id"`
}

func readMembers(raw json.RawMessage) []memberID {
	var list loose.List[memberID]
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		var outer struct {
			Devices loose.List[memberID] `json:"devices"`
		}
		if json.Unmarshal(raw, &outer) != nil {
			return nil
		}
		list = outer.Devices
	}
	return slices.DeleteFunc(list, func(d memberID) bool { return d.ID == "" })
}

// askGateways gives the device that each sub-device hangs behind.
func (h *hub) askGateways(ctx context.Context, uids []string) (map[hubs.DeviceID]hubs.DeviceID, error) {
	out := map[hubs.DeviceID]hubs.DeviceID{}
	for _, uid := range uids {
		list, err := h.modelsOf(ctx, uid)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if d.Gateway != "" && d.Gateway != d.ID {
				out[hubs.DeviceID(d.ID)] = hubs.DeviceID(d.Gateway)
			}
		}
	}
	return out, nil
}
