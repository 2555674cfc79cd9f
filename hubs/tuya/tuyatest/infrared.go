package tuyatest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

func (c *Cloud) infraredRoutes() []route {
	const hub = "/v2.0/infrareds/{device}"
	return []route{
		{http.MethodGet, hub + "/remotes", OpRemotes, Infrared, c.remotes},
		{http.MethodGet, hub + "/remotes/{remote}/keys", OpKeys, Infrared, c.keys},
		{http.MethodPost, hub + "/remotes/{remote}/raw/command", OpKey, Infrared, c.sendKey},
		{http.MethodPost, hub + "/air-conditioners/{remote}/scenes/command", OpAC, Infrared, c.sendAC},
		{http.MethodGet, hub + "/remotes/{remote}/ac/status", OpACStatus, Infrared, c.acStatus},
	}
}

// hubOf finds the infrared hub that the path names.
func (c *Cloud) hubOf(q *request) (*Device, answer) {
	d, a := c.deviceOf(q)
	if a.code == 0 && !slices.Contains([]string{"wnykq", "hwktwkq", "wsdykq"}, d.Category) {
		a = refuse(codeNotSupported, "no infrared hub")
	}
	return d, a
}

// remoteOf finds hub and remote control that the path names.
func (c *Cloud) remoteOf(q *request) (*Device, *Remote, answer) {
	d, a := c.hubOf(q)
	if a.code != 0 {
		return nil, nil, a
	}
	r := d.remote(q.args["remote"])
	if r == nil {
		return nil, nil, refuse(c.opts.UnknownDevice, "no such remote control of this hub")
	}
	return d, r, answer{}
}

func (c *Cloud) remotes(q *request) answer {
	d, a := c.hubOf(q)
	if a.code != 0 {
		return a
	}
	out := []any{}
	for _, r := range d.Remotes {
		out = append(out, map[string]any{
			"remote_id": r.ID, "remote_name": r.Name, "category_id": r.CategoryID, "brand_id": r.BrandID,
			"brand_name": r.BrandName, "remote_index": r.Index,
		})
	}
	return ok(out)
}

func (c *Cloud) keys(q *request) answer {
	_, r, a := c.remoteOf(q)
	if a.code != 0 {
		return a
	}
	list := []any{}
	for _, k := range r.Keys {
		list = append(list, map[string]any{"key": k.Key, "key_id": k.ID, "key_name": k.Name, "standard_key": k.Standard})
	}
	return ok(map[string]any{
		"category_id": r.CategoryID, "brand_id": r.BrandID, "remote_index": r.Index, "key_list": list, "single_air": r.AC != nil,
	})
}

// sendKey has the hub send the code of one key. Nothing says whether it arrived.
func (c *Cloud) sendKey(q *request) answer {
	d, r, a := c.remoteOf(q)
	if a.code != 0 {
		return a
	}
	var in struct {
		Category *int   `json:"category_id"`
		Index    *int   `json:"remote_index"`
		Key      string `json:"key"`
		ID       *int   `json:"key_id"`
	}
	switch {
	case !q.body(&in):
		return refuse(codeIllegal, "body is no such object")
	case in.Category == nil || in.Key == "" && in.ID == nil:
		return refuse(codeEmpty, "category_id, or key and key_id, are missing")
	case *in.Category != r.CategoryID || in.Index != nil && *in.Index != r.Index:
		return refuse(codeIllegal, "category_id or remote_index is another remote's")
	case !d.Online:
		return refuse(codeOffline, "hub offline")
	}
	i := slices.IndexFunc(r.Keys, func(k Key) bool {
		return (in.Key == "" || k.Key == in.Key) && (in.ID == nil || k.ID == *in.ID)
	})
	if i < 0 {
		return refuse(codeUnsupported, "no such key")
	}
	c.note(q, r.ID, r.Keys[i].Key, int64(r.Keys[i].ID), q.Ignored)
	if r.AC != nil && r.Keys[i].Key == "power" && !q.Ignored {
		r.AC.Power = 1 - r.AC.Power // as far as the hub can know
	}
	return ok(true)
}

// sendAC sends a whole state; switching off takes the power alone.
func (c *Cloud) sendAC(q *request) answer {
	d, r, a := c.remoteOf(q)
	if a.code != 0 {
		return a
	}
	if r.AC == nil {
		return refuse(codeNotSupported, "no air conditioner")
	}
	var in struct{ Power, Mode, Temp, Wind *int }
	if !q.body(&in) || in.Power == nil {
		return refuse(codeIllegal, "power is missing")
	}
	next := *r.AC
	next.Power = *in.Power
	for _, f := range []struct {
		got       *int
		into      *int
		low, high int
		name      string
	}{
		{in.Power, &next.Power, 0, 1, "power"},
		{in.Mode, &next.Mode, 0, 4, "mode"},
		{in.Temp, &next.Temp, 16, 30, "temp"},
		{in.Wind, &next.Wind, 0, 3, "wind"},
	} {
		switch {
		case f.got == nil && next.Power == 1:
			return refuse(codeEmpty, f.name+" is missing")
		case f.got == nil:
		case *f.got < f.low || *f.got > f.high:
			return refuse(codeUnsupported, fmt.Sprintf("%s is not within %d and %d", f.name, f.low, f.high))
		default:
			*f.into = *f.got
		}
	}
	if !d.Online {
		return refuse(codeOffline, "hub offline")
	}
	c.note(q, r.ID, "scene", next, q.Ignored)
	if !q.Ignored {
		*r.AC = next
	}
	return ok(true)
}

// acStatus is what the hub sent last, in texts. The appliance has no say.
func (c *Cloud) acStatus(q *request) answer {
	_, r, a := c.remoteOf(q)
	if a.code != 0 {
		return a
	}
	if r.AC == nil {
		return refuse(codeNotSupported, "no air conditioner")
	}
	return ok(map[string]any{
		"remote_id": r.ID, "power": strconv.Itoa(r.AC.Power), "mode": strconv.Itoa(r.AC.Mode),
		"temp": strconv.Itoa(r.AC.Temp), "wind": strconv.Itoa(r.AC.Wind),
	})
}
