package tuyatest

import (
	"net/http"
	"strconv"
)

func (c *Cloud) deviceRoutes() []route {
	return []route{
		{http.MethodGet, "/v1.0/devices/factory-infos", OpFactory, IoTCore, c.factory},
		{http.MethodGet, "/v1.0/iot-03/devices/factory-infos", OpFactory, IoTCore, c.factory},
		{http.MethodGet, "/v1.0/devices/{device}", OpDevice, IoTCore, c.detail},
		{http.MethodGet, "/v1.0/iot-03/devices/{device}", OpDevice, IoTCore, c.detailBare},
		{http.MethodGet, "/v2.0/cloud/thing/{device}", OpDevice, IoTCore, c.detailThing},
		{http.MethodGet, "/v1.0/devices/{device}/sub-devices", OpSubDevices, IoTCore, c.subDevices},
		{http.MethodPost, "/v1.0/devices/{device}/stream/actions/allocate", OpStream, VideoStream, c.stream},
	}
}

func (c *Cloud) homeRoutes() []route {
	return []route{
		{http.MethodGet, "/v1.0/users/{uid}/homes", OpHomes, SmartHome, c.homes},
		{http.MethodGet, "/v1.0/homes/{home}/rooms", OpRooms, SmartHome, c.rooms},
		{http.MethodGet, "/v1.0/homes/{home}/rooms/{room}/devices", OpRoomDevices, SmartHome, c.roomDevices},
		{http.MethodGet, "/v1.0/homes/{home}/members", OpMembers, SmartHome, c.members},
	}
}

// deviceOf finds the device that the path names, if the project may see it.
func (c *Cloud) deviceOf(q *request) (*Device, answer) {
	d := c.home.device(q.args["device"])
	if d == nil || !q.project.sees(d) {
		return nil, refuse(c.opts.UnknownDevice, "device unknown or not linked")
	}
	return d, answer{}
}

// placeOf finds the home that the path names, if the project may see it.
func (c *Cloud) placeOf(q *request) (*Place, answer) {
	id, err := strconv.ParseInt(q.args["home"], 10, 64)
	if err != nil {
		return nil, refuse(codeType, "home_id is no number")
	}
	place, account := c.home.place(id)
	if place == nil || !q.project.linked(account.UID) {
		return nil, refuse(codePermission, "home unknown or not linked")
	}
	return place, answer{}
}

func (c *Cloud) detail(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	return ok(c.describe(q, d))
}

func (c *Cloud) detailBare(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	out := c.describe(q, d)
	out.Status = nil
	return ok(out)
}

func (c *Cloud) detailThing(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	return ok(map[string]any{
		"id": d.ID, "name": d.ProductName, "custom_name": d.Name, "category": d.Category, "product_id": d.ProductID,
		"product_name": d.ProductName, "icon": icon(d), "ip": d.IP, "lat": c.coordinate(d, true),
		"lon": c.coordinate(d, false), "local_key": d.LocalKey, "uuid": d.UUID, "sub": d.sub(), "is_online": d.Online,
		"active_time": d.Active.Unix(), "create_time": d.Active.Unix(), "update_time": d.Updated.Unix(),
		"time_zone": d.TimeZone, "bind_space_id": strconv.FormatInt(d.Place, 10), "model": d.Model,
	})
}

func (c *Cloud) factory(q *request) answer {
	found, a := c.named(q, 50)
	if a.code != 0 {
		return a
	}
	out := []any{}
	for _, d := range found {
		out = append(out, map[string]any{"id": d.ID, "uuid": d.UUID, "sn": "", "mac": ""})
	}
	return ok(out)
}

// subDevices lists what hangs on a gateway.
func (c *Cloud) subDevices(q *request) answer {
	gateway, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	out := []any{}
	for _, d := range c.visible(q.project, func(d *Device) bool { return d.Gateway == gateway.ID }) {
		out = append(out, map[string]any{
			"id": d.ID, "name": d.Name, "online": d.Online, "owner_id": strconv.FormatInt(d.Place, 10),
			"category": d.Category, "product_id": d.ProductID, "active_time": d.Active.Unix(), "update_time": d.Updated.Unix(),
		})
	}
	return ok(out)
}

// stream gives the address of a camera's picture, good for ten minutes.
func (c *Cloud) stream(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	var in struct {
		Type string `json:"type"`
	}
	switch {
	case d.Category != "sp" && d.Category != "dghsxj":
		return refuse(codeNotSupported, "no camera")
	case !q.body(&in) || in.Type != "rtsp" && in.Type != "hls":
		return refuse(codeIllegal, "type is neither rtsp nor hls")
	case !d.Online:
		return refuse(codeOffline, "device offline")
	}
	return ok(map[string]any{"url": in.Type + "://stream.invalid/" + c.random(32)})
}

func (c *Cloud) homes(q *request) answer {
	account := c.home.account(q.args["uid"])
	if account == nil || !q.project.linked(account.UID) {
		return refuse(codePermission, "account is not linked")
	}
	out := []any{}
	for _, p := range account.Places {
		out = append(out, map[string]any{
			"home_id": p.ID, "name": p.Name, "geo_name": p.GeoName, "lat": p.Lat, "lon": p.Lon, "role": "OWNER",
		})
	}
	return ok(out)
}

func (c *Cloud) rooms(q *request) answer {
	place, a := c.placeOf(q)
	if a.code != 0 {
		return a
	}
	rooms := []any{}
	for _, r := range place.Rooms {
		rooms = append(rooms, map[string]any{"room_id": r.ID, "name": r.Name})
	}
	if c.opts.RoomsAsList {
		return ok(rooms)
	}
	return ok(map[string]any{
		"home_id": place.ID, "name": place.Name, "geo_name": place.GeoName, "lat": place.Lat, "lon": place.Lon,
		"rooms": rooms,
	})
}

func (c *Cloud) roomDevices(q *request) answer {
	place, a := c.placeOf(q)
	if a.code != 0 {
		return a
	}
	for _, r := range place.Rooms {
		if strconv.FormatInt(r.ID, 10) != q.args["room"] {
			continue
		}
		list := []*Device{}
		for _, id := range r.Devices {
			if d := c.home.device(id); d != nil && q.project.sees(d) {
				list = append(list, d)
			}
		}
		return ok(c.listV1(q, list))
	}
	return refuse(codePermission, "room unknown")
}

func (c *Cloud) members(q *request) answer {
	place, a := c.placeOf(q)
	if a.code != 0 {
		return a
	}
	out := []any{}
	for _, m := range place.Members {
		out = append(out, map[string]any{
			"uid": m.UID, "name": m.Name, "member_account": m.Account, "country_code": m.Country, "admin": m.Admin,
			"avatar": "",
		})
	}
	return ok(out)
}
