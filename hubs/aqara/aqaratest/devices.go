package aqaratest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

const maxPage = 200

// devicePage is GetDeviceInfoRequest.
func (s *Studio) devicePage(q *request) answer {
	if q.data == nil {
		return unreadable("Field 'data' is required, but it was missing at path: $")
	}
	in := q.object("deviceTypesList", "orderBy", "pageNum", "pageSize")
	types, order := in.strings("deviceTypesList", false), in.str("orderBy", false)
	num, size := in.num("pageNum", false, 1), in.num("pageSize", false, maxPage)
	if in.fault != "" {
		return unreadable(in.fault)
	}
	return s.page(q, func(d *Device) bool { return hasType(d, types, false) }, order, num, size)
}

// page answers with one page of the devices that are wanted.
func (s *Studio) page(q *request, want func(*Device) bool, order string, num, size int) answer {
	devices, bad := s.sorted(want, order)
	if bad != "" {
		return badParam("%s", bad)
	}
	if s.opts.ClampPages {
		size = min(max(size, 1), maxPage)
	}
	if size < 1 || size > maxPage {
		return badParam("pageSize must be in (0, %d]", maxPage)
	}
	num = min(max(num, 1), 1<<20)
	total := len(devices)
	devices = devices[min((num-1)*size, total):min(num*size, total)]
	list := make([]any, len(devices))
	for i, d := range devices {
		list[i] = s.deviceInfo(q, d)
	}
	a := done(map[string]any{"totalCount": total, "pageSize": size, "pageNum": num, "data": list})
	a.message = ""
	return a
}

// deviceList is GetAllDeviceInfoRequest.
func (s *Studio) deviceList(q *request) answer {
	in := q.object("deviceTypesList", "orderBy")
	types, order := in.strings("deviceTypesList", false), in.str("orderBy", false)
	if in.fault != "" {
		return unreadable(in.fault)
	}
	devices, bad := s.sorted(func(d *Device) bool { return hasType(d, types, false) }, order)
	if bad != "" {
		return badParam("%s", bad)
	}
	list := make([]any, len(devices))
	for i, d := range devices {
		list[i] = s.deviceInfo(q, d)
	}
	a := done(list)
	a.message = ""
	return a
}

func (s *Studio) sorted(want func(*Device) bool, order string) (devices []*Device, fault string) {
	for i := range s.home.Devices {
		if d := &s.home.Devices[i]; want(d) {
			devices = append(devices, d)
		}
	}
	byAge := func(a, b *Device) int { return cmp.Compare(a.Created.UnixMilli(), b.Created.UnixMilli()) }
	switch order {
	case "":
	case "createTime asc":
		slices.SortStableFunc(devices, byAge)
	case "createTime desc":
		slices.SortStableFunc(devices, func(a, b *Device) int { return byAge(b, a) })
	default:
		return nil, "orderBy must be createTime asc or createTime desc"
	}
	return devices, ""
}

// hasType says whether d has one of the types, or all; an empty list wants anything.
func hasType(d *Device, types []string, all bool) bool {
	has := func(t string) bool {
		return slices.ContainsFunc(d.Types, func(have string) bool { return strings.EqualFold(have, t) })
	}
	if all {
		return !slices.ContainsFunc(types, func(t string) bool { return !has(t) })
	}
	return len(types) == 0 || slices.ContainsFunc(types, has)
}

func (s *Studio) types(q *request, d *Device) []string {
	if q.typed || !s.opts.LowerTypes {
		return d.Types
	}
	out := make([]string, len(d.Types))
	for i, t := range d.Types {
		out[i] = strings.ToLower(t)
	}
	return out
}

// gateway is what generation B adds: null for a third party's device.
func gateway(d *Device) any {
	if d.Gateway == "" {
		return nil
	}
	return d.Gateway
}

func (s *Studio) deviceInfo(q *request, d *Device) map[string]any {
	out := map[string]any{
		"deviceId": d.ID, s.opts.TypesKey: s.types(q, d), "deviceName": d.Name, "createTime": q.millis(d.Created),
	}
	if !s.opts.NoState {
		out["state"] = d.Online
	}
	if !q.typed {
		out["gatewayId"] = gateway(d)
	}
	if d.Space != "" && !s.opts.Old {
		if sp := s.spaceJSON(d.Space); sp != nil {
			out["space"] = sp
		}
	}
	return out
}

// deviceSpecs is GetDevicesRequest.
func (s *Studio) deviceSpecs(q *request) answer {
	in := q.object("deviceIds")
	ids := in.strings("deviceIds", false)
	if in.fault != "" {
		return unreadable(in.fault)
	}
	return s.specs(q, ids)
}

// specs describes the devices; no ids stand for all.
func (s *Studio) specs(q *request, ids []string) answer {
	list := []any{}
	if len(ids) == 0 {
		for i := range s.home.Devices {
			list = append(list, s.deviceSpec(q, &s.home.Devices[i]))
		}
	}
	for _, id := range ids {
		d := s.home.device(id)
		if d == nil && s.opts.UnknownAsError {
			return refusal(400, codeNoDevice, "device does not exist: "+id)
		}
		if d != nil {
			list = append(list, s.deviceSpec(q, d))
		}
	}
	return done(list)
}

func (s *Studio) deviceSpec(q *request, d *Device) map[string]any {
	endpoints := make([]any, len(d.Endpoints))
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		out := map[string]any{"endpointId": e.ID, "endpointName": e.Name, "deviceType": e.Type}
		if e.Functions != nil {
			functions := make([]any, len(e.Functions))
			for j := range e.Functions {
				functions[j] = s.functionSpec(q, d, e, &e.Functions[j])
			}
			out["functions"] = functions
		}
		endpoints[i] = out
	}
	out := map[string]any{
		"deviceId": d.ID, "name": d.Name, s.opts.TypesKey: s.types(q, d), "endpoints": endpoints,
	}
	if !q.typed {
		out["gatewayId"] = gateway(d)
	}
	return out
}

func (s *Studio) functionSpec(q *request, d *Device, e *Endpoint, f *Function) map[string]any {
	nulls := d.Nulls || s.opts.ParameterNulls
	traits := make([]any, len(f.Traits))
	for i := range f.Traits {
		t := &f.Traits[i]
		value, at := t.seen(q)
		hidden := s.opts.DynamicByRead && t.Code == "EndpointArrayDynamic"
		if !t.Param.Readable || hidden || !d.alive(e.ID) {
			value, at = nil, nil
		}
		traits[i] = map[string]any{
			"traitCode": t.Code, "parameter": s.paramJSON(t.Param, nulls),
			"value": s.valueJSON(t.Param, value), "time": at,
		}
	}
	out := map[string]any{"functionCode": f.Code, "traits": traits}
	if f.RepeatID {
		out["endpointId"] = e.ID
	}
	if !q.typed {
		out["commands"] = s.commandSpecs(f)
	}
	return out
}

func (s *Studio) commandSpecs(f *Function) []any {
	commands := make([]any, len(f.Commands))
	for i, c := range f.Commands {
		fields := make([]any, len(c.Fields))
		for j, fl := range c.Fields {
			p := s.paramJSON(fl.Param, true)
			for _, k := range []string{"readable", "writable", "subscribable"} {
				delete(p, k)
			}
			p["mandatory"] = fl.Mandatory
			fields[j] = map[string]any{"fieldCode": fl.Code, "parameter": p}
		}
		commands[i] = map[string]any{"commandCode": c.Code, "fields": fields}
	}
	return commands
}

// seen is the trait's value and time as this request gets them.
func (t *Trait) seen(q *request) (value, at any) {
	if q.Stale && t.written {
		return t.before, q.millis(t.beforeAt)
	}
	return t.Value, q.millis(t.At)
}

// spaceTree is GetSpacesRequest.
func (s *Studio) spaceTree(q *request) answer {
	if fault := q.object().fault; fault != "" {
		return unreadable(fault)
	}
	return done(spacesJSON(s.home.Spaces, "", true))
}

func spacesJSON(in []Space, parent string, deep bool) []any {
	out := make([]any, len(in))
	for i := range in {
		m := map[string]any{"spaceId": in[i].ID, "name": in[i].Name}
		if in[i].Marking != "" {
			m["spatialMarking"] = in[i].Marking
		}
		if parent != "" {
			m["parentSpaceId"] = parent
		}
		if deep && len(in[i].Children) > 0 {
			m["children"] = spacesJSON(in[i].Children, in[i].ID, true)
		}
		out[i] = m
	}
	return out
}

// spaceJSON is how a device shows its place.
func (s *Studio) spaceJSON(id string) map[string]any {
	sp, parent := findSpace(s.home.Spaces, "", id)
	if sp == nil {
		return nil
	}
	m := map[string]any{"spaceId": sp.ID, "name": sp.Name, "spatialMarking": nil, "parentSpaceId": nil}
	if sp.Marking != "" {
		m["spatialMarking"] = sp.Marking
	}
	if parent != "" {
		m["parentSpaceId"] = parent
	}
	return m
}

// automationPage is GetAutomationListRequest.
func (s *Studio) automationPage(q *request) answer {
	in := q.object("definitionTypes", "orderBy", "pageNum", "pageSize")
	types := in.strings("definitionTypes", false)
	in.str("orderBy", false)
	num, size := min(max(in.num("pageNum", true, 1), 1), 1<<20), in.num("pageSize", true, maxPage)
	if in.fault != "" {
		return unreadable(in.fault)
	}
	if size < 1 || size > maxPage {
		return badParam("pageSize must be in (0, %d]", maxPage)
	}
	list := []any{}
	for _, a := range s.home.Automations {
		if len(types) == 0 || slices.Contains(types, a.Kind) {
			list = append(list, map[string]any{
				"automationId": a.ID, "definitionType": a.Kind, "name": a.Name,
				"enabled": a.Enabled, "createTime": q.millis(a.Created),
			})
		}
	}
	total := len(list)
	return done(map[string]any{
		"totalCount": total, "pageNum": num, "pageSize": size,
		"data": list[min((num-1)*size, total):min(num*size, total)],
	})
}

// itemList reads the array of items of a read, a write or a subscription.
func itemList(raw json.RawMessage, at string) ([]json.RawMessage, string) {
	if raw == nil {
		return nil, "Field 'data' is required, but it was missing at path: $"
	}
	return parseList(raw, at)
}
