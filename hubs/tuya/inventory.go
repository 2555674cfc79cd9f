package tuya

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

const (
	accountPage = 100 // the most that each call gives
	modelPage   = 200
	projectPage = 20
	statusChunk = 20
	maxPages    = 200         // against a list that never ends
	listLife    = time.Second // a poll right after an inventory need not list again: what came since is remembered
)

// listing is all devices as one list gave them.
type listing struct {
	devices []device
	values  bool // they carry their values
	asked   time.Time
}

// variant is a way to list devices.
type variant struct {
	name   string
	values bool
	list   func(h *hub, ctx context.Context) ([]device, error)
}

// variants are the ways to list, the cheapest that knows all first: not every project
// may use each. The account's own list is one call for everything; that of all linked
// accounts needs to know nothing before. The last two give no values.
func (h *hub) variants() []variant {
	account := variant{"account", true, (*hub).listAccount}
	linked := variant{"linked accounts", true, (*hub).listLinked}
	models := variant{"account's things", false, (*hub).listModels}
	project := variant{"project", false, (*hub).listProject}
	if h.cfg.uid != "" {
		return []variant{account, linked, models, project}
	}
	return []variant{linked, models, project}
}

// list reads all devices, in the way that worked last time. One that is denied makes
// room for the next; trouble of any other kind is the whole list's.
func (h *hub) list(ctx context.Context) (listing, error) {
	all := h.variants()
	h.mu.Lock()
	start := h.variant
	h.mu.Unlock()
	asked := h.now()
	var first error
	for i := range all {
		n := (start + i) % len(all)
		v := all[n]
		devices, err := v.list(h, ctx)
		if isCode(err, codeNoDevices) {
			devices, err = nil, nil
		}
		if err == nil {
			err = h.plausible(devices, first)
		}
		if err == nil {
			h.mu.Lock()
			if n != h.variant {
				h.log.Info().Str("list", v.name).Msg("devices are listed in another way: the first one is denied to this project")
			}
			h.variant = n
			h.mu.Unlock()
			return listing{devices, v.values, asked}, nil
		}
		if first == nil {
			first = err
		}
		if _, later := errors.AsType[*pageError](err); later || !denied(err) {
			break
		}
	}
	return listing{}, first
}

// plausible refuses an empty home that was never anything else: keys of another data
// centre, and accounts that nobody linked, look like that.
func (h *hub) plausible(devices []device, before error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(devices) > 0 || h.seen {
		return nil
	}
	if before != nil {
		return before
	}
	return &hubs.Error{
		Fault: hubs.Misconfigured, Code: strconv.Itoa(codePermission), Hint: linkHint, After: configWait,
		Err: errors.New("tuya: device list: the project has no devices"),
	}
}

func (h *hub) listAccount(ctx context.Context) ([]device, error) {
	raw, err := h.client.do(ctx, request{
		name: "device list", path: "/v1.0/users/" + url.PathEscape(h.cfg.uid) + "/devices", lists: true,
	})
	if err != nil {
		return nil, err
	}
	var list []device
	if isNull(raw) || json.Unmarshal(raw, &list) != nil {
		return nil, shape("device list", "answered without a list")
	}
	return sound(list)
}

// page is a page of any list.
type page struct {
	Devices []device     `json:"devices"`
	List    []device     `json:"list"`
	More    loose.Truth  `json:"has_more"`
	Next    loose.Text   `json:"last_row_key"`
	Total   loose.Number `json:"total"`
}

// pages puts the pages of a list together. One that cannot be read, or a list shorter
// than announced, is an error: half a home would take the other half away.
func (h *hub) pages(ctx context.Context, first request) ([]device, error) {
	first.name, first.lists = "device list", true
	var out []device
	keys := map[string]bool{}
	total, next := -1, ""
	for n := range maxPages {
		call := first
		call.query = append(slices.Clone(first.query), field{"last_row_key", next})
		raw, err := h.client.do(ctx, call)
		if err != nil {
			return nil, onPage(n, err)
		}
		var p page
		if isNull(raw) || json.Unmarshal(raw, &p) != nil || p.Devices == nil && p.List == nil && (p.More.On || n == 0 && !p.Total.Known) {
			return nil, shape("device list", "answered without a list")
		}
		out = append(append(out, p.Devices...), p.List...)
		if p.Total.Known {
			total = p.Total.Whole()
		}
		if !p.More.On {
			if len(out) < total {
				return nil, shape("device list", fmt.Sprintf("ends early: %d of %d devices", len(out), total))
			}
			return sound(out)
		}
		next = string(p.Next)
		if next == "" || keys[next] {
			return nil, shape("device list", "does not go on where it says")
		}
		keys[next] = true
	}
	return nil, shape("device list", "does not end")
}

// listLinked lists the devices of all accounts that are linked to the project, or of
// the one that the settings name.
func (h *hub) listLinked(ctx context.Context) ([]device, error) {
	list, err := h.pages(ctx, request{
		path: "/v1.0/iot-01/associated-users/devices", query: []field{{"size", strconv.Itoa(h.page)}},
	})
	if h.cfg.uid != "" {
		list = slices.DeleteFunc(list, func(d device) bool { return d.UID != "" && d.UID != h.cfg.uid })
	}
	return list, err
}

// listModels lists the devices of each account that is known: without values, yet with
// the gateways that devices hang behind.
func (h *hub) listModels(ctx context.Context) ([]device, error) {
	uids := h.uids()
	if len(uids) == 0 {
		return nil, &hubs.Error{Fault: hubs.Refused, Err: errors.New("tuya: device list: no account is known")}
	}
	var out []device
	for _, uid := range uids {
		list, err := h.modelsOf(ctx, uid)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func (h *hub) modelsOf(ctx context.Context, uid string) ([]device, error) {
	return h.pages(ctx, request{path: "/v1.3/iot-03/devices", query: []field{
		{"source_type", "tuyaUser"}, {"source_id", uid}, {"page_size", strconv.Itoa(modelPage)},
	}})
}

// listProject lists what the project itself knows, which may lack devices of accounts
// that were linked.
func (h *hub) listProject(ctx context.Context) ([]device, error) {
	var out []device
	last := ""
	for n := range maxPages {
		query := []field{{"page_size", strconv.Itoa(projectPage)}}
		if last != "" {
			query = append(query, field{"last_id", last})
		}
		raw, err := h.client.do(ctx, request{name: "device list", path: "/v2.0/cloud/thing/device", query: query, lists: true})
		if err != nil {
			return nil, onPage(n, err)
		}
		var list []device
		if isNull(raw) || json.Unmarshal(raw, &list) != nil {
			return nil, shape("device list", "answered without a list")
		}
		out = append(out, list...)
		if len(list) < projectPage {
			return sound(out)
		}
		next := list[len(list)-1].ID
		if next == last {
			return nil, shape("device list", "does not go on where it says")
		}
		last = next
	}
	return nil, shape("device list", "does not end")
}

// pageError is about a page behind the first: a list that began is not denied.
type pageError struct {
	page int
	err  error
}

func (e *pageError) Error() string { return fmt.Sprintf("page %d: %v", e.page, e.err) }
func (e *pageError) Unwrap() error { return e.err }

func onPage(n int, err error) error {
	if n == 0 {
		return err
	}
	return &pageError{n + 1, err}
}

// sound refuses lists with an entry that is no device, and takes each device once: pages
// shift when one is added in between.
func sound(list []device) ([]device, error) {
	seen := make(map[string]bool, len(list))
	out := list[:0]
	for i := range list {
		d := &list[i]
		if d.ID == "" {
			return nil, shape("device list", "holds a device without an id")
		}
		if !seen[d.ID] {
			seen[d.ID] = true
			out = append(out, *d)
		}
	}
	return out, nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// statuses reads the values of devices, so many in a call, and of those only.
func (h *hub) statuses(ctx context.Context, ids []hubs.DeviceID) (map[hubs.DeviceID][]point, error) {
	out := make(map[hubs.DeviceID][]point, len(ids))
	for part := range slices.Chunk(ids, statusChunk) {
		raw, err := h.client.do(ctx, request{
			name: "values", path: "/v1.0/iot-03/devices/status", query: []field{{"device_ids", joined(part)}},
		})
		if err != nil {
			return out, err
		}
		var list []struct {
			ID     loose.Text        `json:"id"`
			Status loose.List[point] `json:"status"`
		}
		if isNull(raw) || json.Unmarshal(raw, &list) != nil {
			return out, shape("values", "answered without a list")
		}
		for _, d := range list {
			if id := hubs.DeviceID(d.ID); slices.Contains(part, id) {
				out[id] = d.Status
			}
		}
	}
	return out, nil
}

func joined(ids []hubs.DeviceID) string {
	var b []byte
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, id...)
	}
	return string(b)
}
