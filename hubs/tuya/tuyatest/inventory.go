package tuyatest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxIDs = 20 // how many devices one call may name

// deviceV1 is a device as v1.0 tells of it, with its status.
type deviceV1 struct {
	ID          string        `json:"id"`
	UUID        string        `json:"uuid"`
	UID         string        `json:"uid"`
	BizType     int           `json:"biz_type"`
	OwnerID     string        `json:"owner_id"`
	Name        string        `json:"name"`
	ProductID   string        `json:"product_id"`
	ProductName string        `json:"product_name"`
	Category    string        `json:"category"`
	Icon        string        `json:"icon"`
	Model       string        `json:"model"`
	IP          string        `json:"ip,omitempty"`
	LocalKey    string        `json:"local_key,omitempty"`
	Lat         string        `json:"lat"`
	Lon         string        `json:"lon"`
	TimeZone    string        `json:"time_zone,omitempty"`
	Sub         bool          `json:"sub"`
	Online      bool          `json:"online"`
	ActiveTime  int64         `json:"active_time"`
	CreateTime  int64         `json:"create_time"`
	UpdateTime  int64         `json:"update_time"`
	GatewayID   *string       `json:"gateway_id,omitempty"` // v1.3 only
	AssetID     *string       `json:"asset_id,omitempty"`   // v1.3 only
	Status      []statusEntry `json:"status,omitzero"`
}

type statusEntry struct {
	Code  string `json:"code"`
	Value any    `json:"value"`
}

func (c *Cloud) listRoutes() []route {
	get := func(path, op string, group Group, f func(*request) answer) route {
		return route{http.MethodGet, path, op, group, f}
	}
	return []route{
		get("/v1.0/users/{uid}/devices", OpUserDevices, SmartHome, c.userDevices),
		get("/v1.0/iot-01/associated-users/devices", OpLinkedDevices, IoTCore, c.linkedDevices),
		get("/v1.3/iot-03/devices", OpPagedDevices, IoTCore, c.pagedDevices),
		get("/v2.0/cloud/thing/device", OpThingDevices, IoTCore, c.thingDevices),
		get("/v1.0/devices", OpSomeDevices, IoTCore, c.someDevices),
		get("/v1.0/homes/{home}/devices", OpHomeDevices, SmartHome, c.homeDevices),
	}
}

// linked says whether the project may see the account.
func (p *project) linked(uid string) bool {
	return p.Elsewhere != ElsewhereEmpty && (p.Linked == nil || slices.Contains(p.Linked, uid))
}

func (p *project) sees(d *Device) bool {
	return p.linked(d.UID) || d.Shared != "" && p.linked(d.Shared)
}

// visible lists the devices that fit, in the order of their rows.
func (c *Cloud) visible(p *project, fits func(*Device) bool) []*Device {
	out := []*Device{}
	for i := range c.home.Devices {
		if d := &c.home.Devices[i]; p.sees(d) && fits(d) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b *Device) int { return cmp.Compare(a.row, b.row) })
	return out
}

// userDevices lists all of an account with their status. It has pages only for who asks.
func (c *Cloud) userDevices(q *request) answer {
	uid := q.args["uid"]
	if !q.project.linked(uid) || c.home.account(uid) == nil {
		return refuse(codePermission, "account is not linked")
	}
	from := q.query.Get("from")
	if !slices.Contains([]string{"", "home", "sharing"}, from) {
		return refuse(codeIllegal, "from is neither home nor sharing")
	}
	list := c.visible(q.project, func(d *Device) bool {
		own := d.UID == uid && from != "sharing"
		return own || d.Shared == uid && from != "home"
	})
	if q.query.Has("page_no") || q.query.Has("page_size") {
		no, size, a := q.numberedPage()
		if a.code != 0 {
			return a
		}
		list = list[min(len(list), (no-1)*size):min(len(list), no*size)]
	}
	return ok(c.listV1(q, list))
}

// numberedPage reads page_no and page_size.
func (q *request) numberedPage() (no, size int, a answer) {
	no, size = 1, 20
	for name, into := range map[string]*int{"page_no": &no, "page_size": &size} {
		if text := q.query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return 0, 0, refuse(codeType, name+" is no number")
			}
			*into = n
		}
	}
	if no < 1 || size < 1 || size > 100 {
		return 0, 0, refuse(codeRange, "page out of range")
	}
	return no, size, answer{}
}

// linkedDevices lists those of all linked accounts, in pages.
func (c *Cloud) linkedDevices(q *request) answer {
	list := c.visible(q.project, func(*Device) bool { return true })
	page, more, key, a := c.page(q, list, "size", "last_row_key", 20, 100)
	if a.code != 0 {
		return a
	}
	return ok(map[string]any{
		"devices": c.listV1(q, page), "has_more": more, "last_row_key": key, "total": len(list),
	})
}

// pagedDevices lists by account, home or product, or names single devices; without status.
func (c *Cloud) pagedDevices(q *request) answer {
	if q.query.Has("device_ids") {
		found, a := c.named(q, maxIDs)
		if a.code != 0 {
			return a
		}
		return ok(map[string]any{
			"list": c.listV13(q, found), "has_more": false, "last_row_key": "", "total": len(found),
		})
	}
	source := q.query.Get("source_id")
	var fits func(*Device) bool
	switch q.query.Get("source_type") {
	case "tuyaUser":
		if !q.project.linked(source) || c.home.account(source) == nil {
			return refuse(codePermission, "account is not linked")
		}
		fits = func(d *Device) bool { return d.UID == source }
	case "homeApp":
		fits = func(d *Device) bool { return strconv.FormatInt(d.Place, 10) == source }
	case "product":
		fits = func(d *Device) bool { return d.ProductID == source }
	case "asset":
		fits = func(*Device) bool { return false } // Smart Home projects have none
	default:
		return refuse(codeIllegal, "source_type unknown")
	}
	if source == "" {
		return refuse(codeEmpty, "source_id is missing")
	}
	list := c.visible(q.project, fits)
	page, more, key, a := c.page(q, list, "page_size", "last_row_key", 20, 200)
	if a.code != 0 {
		return a
	}
	return ok(map[string]any{
		"list": c.listV13(q, page), "has_more": more, "last_row_key": key, "total": len(list),
	})
}

// thingDevices lists what the project sees in v2.0, in camel case and without status.
func (c *Cloud) thingDevices(q *request) answer {
	if !q.query.Has("page_size") {
		return refuse(codeEmpty, "page_size is missing")
	}
	list := c.visible(q.project, func(d *Device) bool { return !d.Unlisted })
	page, _, _, a := c.page(q, list, "page_size", "last_id", 20, 20)
	if a.code != 0 {
		return a
	}
	out := []any{}
	for _, d := range page {
		out = append(out, map[string]any{
			"id": d.ID, "name": d.ProductName, "customName": d.Name, "category": d.Category,
			"productId": d.ProductID, "productName": d.ProductName, "icon": icon(d), "ip": d.IP,
			"lat": c.coordinate(d, true), "lon": c.coordinate(d, false), "localKey": d.LocalKey, "uuid": d.UUID,
			"sub": d.sub(), "isOnline": d.Online, "activeTime": d.Active.Unix(), "createTime": d.Active.Unix(),
			"updateTime": d.Updated.Unix(), "timeZone": d.TimeZone, "bindSpaceId": strconv.FormatInt(d.Place, 10),
			"model": d.Model,
		})
	}
	return ok(out)
}

func (c *Cloud) someDevices(q *request) answer {
	found, a := c.named(q, maxIDs)
	if a.code != 0 {
		return a
	}
	return ok(map[string]any{
		"devices": c.listV1(q, found), "has_more": false, "last_row_key": "", "total": len(found),
	})
}

func (c *Cloud) homeDevices(q *request) answer {
	place, a := c.placeOf(q)
	if a.code != 0 {
		return a
	}
	return ok(c.listV1(q, c.visible(q.project, func(d *Device) bool { return d.Place == place.ID })))
}

// named finds the devices that device_ids lists; strange ones are left out.
func (c *Cloud) named(q *request, most int) ([]*Device, answer) {
	text := q.query.Get("device_ids")
	if text == "" {
		return nil, refuse(codeEmpty, "device_ids is missing")
	}
	ids := strings.Split(text, ",")
	if len(ids) > most {
		return nil, refuse(codeRange, "more than "+strconv.Itoa(most)+" device_ids")
	}
	out := []*Device{}
	for _, id := range ids {
		if d := c.home.device(id); d != nil && q.project.sees(d) {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return nil, refuse(c.opts.UnknownDevice, "no device known")
	}
	return out, answer{}
}

func (c *Cloud) listV1(q *request, list []*Device) []deviceV1 {
	out := make([]deviceV1, 0, len(list))
	for _, d := range list {
		out = append(out, c.describe(q, d))
	}
	return out
}

func (c *Cloud) listV13(q *request, list []*Device) []deviceV1 {
	out := c.listV1(q, list)
	for i, d := range list {
		none := ""
		out[i].Status, out[i].GatewayID, out[i].AssetID = nil, &d.Gateway, &none
	}
	return out
}

// describe tells all there is, with the status. A sub-device has neither address nor key.
func (c *Cloud) describe(q *request, d *Device) deviceV1 {
	out := deviceV1{
		ID: d.ID, UUID: d.UUID, UID: d.UID, BizType: 18, OwnerID: strconv.FormatInt(d.Place, 10), Name: d.Name,
		ProductID: d.ProductID, ProductName: d.ProductName, Category: d.Category, Icon: icon(d), Model: d.Model,
		Lat: c.coordinate(d, true), Lon: c.coordinate(d, false), TimeZone: d.TimeZone, Sub: d.sub(), Online: d.Online,
		ActiveTime: unix(d.Active), CreateTime: unix(d.Active), UpdateTime: unix(d.Updated), Status: c.statusOf(q, d),
	}
	if !d.sub() {
		out.IP, out.LocalKey = d.IP, d.LocalKey
	}
	return out
}

func icon(d *Device) string { return "smart/icon/bay16/" + d.Category + ".png" }

func unix(t time.Time) int64 { return t.Unix() }

func (c *Cloud) coordinate(d *Device, lat bool) string {
	p, _ := c.home.place(d.Place)
	switch {
	case p == nil:
		return ""
	case lat:
		return strconv.FormatFloat(p.Lat, 'f', 4, 64)
	}
	return strconv.FormatFloat(p.Lon, 'f', 4, 64)
}

// statusOf lists what a device in its control mode has reported, stale if a fault says so.
func (c *Cloud) statusOf(q *request, d *Device) []statusEntry {
	out := []statusEntry{}
	for i := range d.DPs {
		p := &d.DPs[i]
		if v, _ := p.read(q.Stale); p.reports() && !p.ThingOnly && v != nil {
			out = append(out, statusEntry{p.Code, c.outward(p, v)})
		}
	}
	return out
}

// read gives the value, or the one before the last command.
func (p *DP) read(stale bool) (any, time.Time) {
	if stale && p.written {
		return p.before, p.beforeAt
	}
	return p.Value, p.At
}

// outward is how a value looks in an answer.
func (c *Cloud) outward(p *DP, v any) any {
	text, isText := v.(string)
	if c.opts.JSONObjects && isText && text != "" && plainType(p.Type) == typeJSON {
		return json.RawMessage(text)
	}
	return v
}
