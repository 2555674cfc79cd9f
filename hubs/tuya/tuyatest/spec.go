package tuyatest

import (
	"cmp"
	"net/http"
	"strings"
)

// specEntry is one code of a specification. Values is JSON in a text.
type specEntry struct {
	Code   string  `json:"code"`
	Type   string  `json:"type"`
	Values string  `json:"values"`
	DPID   *int    `json:"dp_id,omitempty"` // since v1.1
	Name   *string `json:"name,omitempty"`
	Desc   *string `json:"desc,omitempty"`
}

func (c *Cloud) specRoutes() []route {
	get := func(path, op string, f func(*request) answer) route {
		return route{http.MethodGet, path, op, IoTCore, f}
	}
	out := []route{
		get("/v1.0/devices/{device}/functions", OpFunctions, c.functions),
		get("/v1.0/iot-03/devices/{device}/functions", OpFunctions, c.functions),
		get("/v1.0/functions/{category}", OpCategory, c.categoryFunctions),
	}
	for _, version := range []string{"/v1.0", "/v1.1", "/v1.2"} {
		out = append(
			out,
			get(version+"/devices/{device}/specifications", OpSpecification, c.specification),
			get(version+"/iot-03/devices/{device}/specification", OpSpecification, c.specification),
		)
	}
	return out
}

// modelled refuses what the endpoints outside iot-03 do not know.
func (q *request) modelled(d *Device) (answer, bool) {
	if d.Unmodelled && !strings.Contains(q.http.URL.Path, "/iot-03/") {
		return refuse(codeNoFunction, "device is not modelled in v1.0"), false
	}
	return answer{}, true
}

// specification lists what can be written, and what is reported.
func (c *Cloud) specification(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	if a, fine := q.modelled(d); !fine {
		return a
	}
	more := !strings.HasPrefix(q.http.URL.Path, "/v1.0/")
	functions, status := []specEntry{}, []specEntry{}
	for i := range d.DPs {
		p := &d.DPs[i]
		if p.ThingOnly {
			continue
		}
		if p.writable() {
			functions = append(functions, p.entry(p.Type, p.Values, more))
		}
		if p.reports() {
			status = append(status, p.entry(cmp.Or(p.StatusType, p.Type), cmp.Or(p.StatusValues, p.Values), more))
		}
	}
	return ok(map[string]any{"category": d.Category, "functions": functions, "status": status})
}

func (p *DP) entry(kind, values string, more bool) specEntry {
	e := specEntry{Code: p.Code, Type: kind, Values: values}
	if more {
		name := cmp.Or(p.Name, p.Code)
		e.DPID, e.Name, e.Desc = &p.ID, &name, &p.Values
	}
	return e
}

// functions is the older shape, with names.
func (c *Cloud) functions(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	if a, fine := q.modelled(d); !fine {
		return a
	}
	return ok(map[string]any{"category": d.Category, "functions": d.functions()})
}

func (d *Device) functions() []map[string]any {
	out := []map[string]any{}
	for i := range d.DPs {
		if p := &d.DPs[i]; p.writable() && !p.ThingOnly {
			out = append(out, map[string]any{
				"code": p.Code, "name": cmp.Or(p.Name, p.Code), "desc": p.Values, "type": p.Type, "values": p.Values,
			})
		}
	}
	return out
}

// categoryFunctions answers for a category with what its first device knows.
func (c *Cloud) categoryFunctions(q *request) answer {
	for _, d := range c.visible(q.project, func(d *Device) bool { return d.Category == q.args["category"] }) {
		return ok(map[string]any{"category": d.Category, "functions": d.functions()})
	}
	return refuse(codeIllegal, "category unknown")
}
