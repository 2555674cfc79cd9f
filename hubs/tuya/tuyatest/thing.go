package tuyatest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func (c *Cloud) thingRoutes() []route {
	return []route{
		{http.MethodGet, "/v2.0/cloud/thing/{device}/model", OpModel, IoTCore, c.model},
		{http.MethodGet, "/v2.0/cloud/thing/{device}/shadow/properties", OpShadow, IoTCore, c.shadow},
		{http.MethodPost, "/v2.0/cloud/thing/{device}/shadow/properties/issue", OpIssue, IoTCore, c.issue},
		{http.MethodPost, "/v2.0/cloud/thing/{device}/shadow/properties/desired", OpDesired, IoTCore, c.desired},
	}
}

// property is one data point in the thing model.
type property struct {
	AbilityID  int            `json:"abilityId"`
	AccessMode Mode           `json:"accessMode"`
	Code       string         `json:"code"`
	Name       string         `json:"name"`
	Desc       string         `json:"description"`
	Extensions map[string]any `json:"extensions"`
	TypeSpec   map[string]any `json:"typeSpec"`
}

// model tells all data points, those of no standard too. The model is JSON in a text.
func (c *Cloud) model(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	properties := []property{}
	for i := range d.DPs {
		p := &d.DPs[i]
		properties = append(properties, property{
			AbilityID: p.ID, AccessMode: p.Mode, Code: p.Code, Name: cmp.Or(p.Name, p.Code),
			Extensions: map[string]any{"iconName": "icon-dp_" + strings.ToLower(p.Type), "attribute": "0"}, TypeSpec: p.typeSpec(),
		})
	}
	inner := map[string]any{
		"modelId": "0000" + d.ProductID,
		"services": []any{map[string]any{
			"code": "", "name": "default", "description": "", "properties": properties, "actions": []any{}, "events": []any{},
		}},
	}
	return ok(map[string]any{"model": string(marshal(inner))})
}

func (p *DP) typeSpec() map[string]any {
	l := p.limits()
	spec := map[string]any{}
	switch plainType(p.Type) {
	case typeBoolean:
		spec["type"], spec["typeDefaultValue"] = "bool", false
	case typeInteger:
		spec["type"], spec["scale"], spec["unit"] = "value", l.Scale, l.Unit
		for k, f := range map[string]*float64{"min": l.Min, "max": l.Max, "step": l.Step} {
			if f != nil {
				spec[k] = *f
			}
		}
	case typeEnum:
		spec["type"], spec["range"] = "enum", slices.Concat([]string{}, l.Range)
	case typeBitmap:
		spec["type"], spec["label"], spec["maxlen"] = "bitmap", slices.Concat([]string{}, l.Label), len(l.Label)
	case typeRaw:
		spec["type"], spec["maxlen"] = "raw", cmp.Or(l.maxLen(), 128)
	default: // the thing model has no Json
		spec["type"], spec["maxlen"] = "string", cmp.Or(l.maxLen(), 255)
	}
	return spec
}

// shadow tells values with their times and the numbers of their data points.
func (c *Cloud) shadow(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	var codes []string
	if text := q.query.Get("codes"); text != "" {
		codes = strings.Split(text, ",")
	}
	out := []any{}
	for i := range d.DPs {
		p := &d.DPs[i]
		v, at := p.read(q.Stale)
		if !p.reports() || v == nil || codes != nil && !slices.Contains(codes, p.Code) {
			continue
		}
		out = append(out, map[string]any{
			"code": p.Code, "custom_name": "", "dp_id": p.ID, "time": c.shown(at).UnixMilli(), "value": v,
		})
	}
	return ok(map[string]any{"properties": out})
}

// issue is a command by the thing model: one object in a text.
func (c *Cloud) issue(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	orders, a := q.properties()
	if a.code != 0 {
		return a
	}
	if !d.Online {
		return refuse(codeOffline, "device offline")
	}
	if a := c.order(q, d, orders, true); a.code != 0 {
		return a
	}
	return ok(map[string]any{})
}

// desired is for low-power devices, which fetch it when they wake. This home has none.
func (c *Cloud) desired(q *request) answer {
	if _, a := c.deviceOf(q); a.code != 0 {
		return a
	}
	if _, a := q.properties(); a.code != 0 {
		return a
	}
	return refuse(codeNotSupported, "no low-power device")
}

// properties reads {"properties":"{\"code\":value}"}.
func (q *request) properties() ([]order, answer) {
	var in struct {
		Properties *string `json:"properties"`
	}
	if !q.body(&in) {
		return nil, refuse(codeIllegal, "properties is no text")
	}
	if in.Properties == nil {
		return nil, refuse(codeEmpty, "properties is missing")
	}
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(*in.Properties), &values) != nil {
		return nil, refuse(codeIllegal, "properties holds no object")
	}
	if len(values) == 0 {
		return nil, refuse(codeEmpty, "properties is empty")
	}
	out := make([]order, 0, len(values))
	for code, v := range values {
		out = append(out, order{Code: code, Value: v})
	}
	slices.SortFunc(out, func(a, b order) int { return strings.Compare(a.Code, b.Code) })
	return out, answer{}
}
