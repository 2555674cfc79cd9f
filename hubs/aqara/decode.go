package aqara

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// errShape says that an answer has another shape than the reference gives it.
var errShape = errors.New("answer of an unexpected shape")

// items splits the data of an answer that is a list. Every shape that the reference
// gives an empty list counts as one: no data, null, "", [], [{}].
func items(data json.RawMessage) ([]json.RawMessage, error) {
	data = bytes.TrimSpace(data)
	switch string(data) {
	case "", "null", `""`:
		return nil, nil
	}
	var list []json.RawMessage
	if data[0] != '[' || json.Unmarshal(data, &list) != nil {
		return nil, errShape
	}
	out := list[:0]
	for _, raw := range list {
		if !isEmptyObject(raw) {
			out = append(out, raw)
		}
	}
	return out, nil
}

func isEmptyObject(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) >= 2 && raw[0] == '{' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
}

// decodeList reads a device list. An item without an id makes the list unusable: a
// device must not get lost in silence.
func decodeList(data json.RawMessage) ([]wireInfo, error) {
	raws, err := items(data)
	if err != nil {
		return nil, err
	}
	out := make([]wireInfo, 0, len(raws))
	seen := make(map[text]bool, len(raws))
	for _, raw := range raws {
		var d wireInfo
		if err := json.Unmarshal(raw, &d); err != nil || d.ID == "" {
			return nil, errShape
		}
		if !seen[d.ID] {
			seen[d.ID] = true
			out = append(out, d)
		}
	}
	return out, nil
}

// decodePage reads a page of the device list and how many devices there are in all
// (negative: it does not say).
func decodePage(data json.RawMessage) (list []wireInfo, total int, err error) {
	var page struct {
		Total number          `json:"totalCount"`
		Data  json.RawMessage `json:"data"`
	}
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' || json.Unmarshal(data, &page) != nil {
		return nil, 0, errShape
	}
	list, err = decodeList(page.Data)
	return list, page.Total.Whole(), err
}

// decodeSpecs reads what devices can do.
func decodeSpecs(data json.RawMessage) ([]wireSpec, error) {
	raws, err := items(data)
	if err != nil {
		return nil, err
	}
	out := make([]wireSpec, 0, len(raws))
	for _, raw := range raws {
		var spec wireSpec
		if err := json.Unmarshal(raw, &spec); err != nil || spec.ID == "" {
			return nil, errShape
		}
		out = append(out, spec)
	}
	return out, nil
}

// decodeSpaces reads the tree of rooms: names by id.
func decodeSpaces(data json.RawMessage) (map[string]string, error) {
	raws, err := items(data)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	var walk func(s *wireSpace)
	walk = func(s *wireSpace) {
		if s.ID != "" {
			out[string(s.ID)] = strings.TrimSpace(string(s.Name))
		}
		for i := range s.Children {
			walk(&s.Children[i])
		}
	}
	for _, raw := range raws {
		var s wireSpace
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, errShape
		}
		walk(&s)
	}
	return out, nil
}

// decodeValues reads values, by device.
func decodeValues(data json.RawMessage) (map[hubs.DeviceID]values, error) {
	raws, err := items(data)
	if err != nil {
		return nil, err
	}
	out := map[hubs.DeviceID]values{}
	for _, raw := range raws {
		var v wireValue
		if err := json.Unmarshal(raw, &v); err != nil || v.Device == "" || v.Endpoint.Whole() < 0 {
			return nil, errShape
		}
		id := hubs.DeviceID(v.Device)
		if out[id] == nil {
			out[id] = values{}
		}
		out[id][address{v.Endpoint.Whole(), string(v.Function), string(v.Trait)}] = sample{raw: v.Value, at: v.Time.Time}
	}
	return out, nil
}

// decodeFailures reads the items of a command that did not work.
func decodeFailures(data json.RawMessage) []wireFailure {
	raws, err := items(data)
	if err != nil {
		return nil // something else than a list of failures: there are none
	}
	var out []wireFailure
	for _, raw := range raws {
		var f wireFailure
		if json.Unmarshal(raw, &f) == nil && f.Device != "" && f.Code.F != 0 {
			out = append(out, f)
		}
	}
	return out
}

// device is the neutral form of a device in the list; area names rooms by id.
func (m *model) device(info *wireInfo, area map[string]string) hubs.Device {
	about := func(code string) string {
		s, _ := m.first.text(&trait{address: address{0, "BasicInformation", code}})
		return strings.TrimSpace(s)
	}
	d := hubs.Device{
		ID: hubs.DeviceID(m.id), Name: strings.TrimSpace(string(info.Name)),
		Maker: about("VendorName"), Model: about("ProductName"), ModelID: about("ModelValue"),
		Firmware: about("FirmwareRevisionString"), Hardware: about("HardwareVersionString"),
		Serial: about("SerialNumber"), MAC: about("Mac"),
		Entities: make([]hubs.Entity, len(m.parts)),
	}
	if d.Name == "" {
		d.Name = m.name
	}
	if d.Name == "" {
		d.Name = m.id
	}
	if d.Maker == "" {
		d.Maker = "Aqara"
	}
	if d.Model == "" {
		d.Model = d.ModelID
	}
	if m.gateway.id != "" && string(m.gateway.id) != m.id {
		d.Via = hubs.DeviceID(m.gateway.id)
	}
	if info.Space != nil {
		d.Area = strings.TrimSpace(string(info.Space.Name))
		if d.Area == "" {
			d.Area = area[string(info.Space.ID)]
		}
	}
	for i := range m.parts {
		d.Entities[i] = m.parts[i].entity
	}
	return d
}

// reading turns what is known of a device into news: a value for everything that polls
// can see, unknown where the Studio gave none. What is only pushed is there once it was
// pushed, which is why the news are not Full. online is the list's word on the device;
// without one the device's own counts.
func (m *model) reading(v values, online truth) hubs.Reading {
	r := hubs.Reading{Device: hubs.DeviceID(m.id)}
	for i := range m.parts {
		m.parts[i].tell(v, &r)
	}
	for _, s := range v {
		if s.at.After(r.Seen) {
			r.Seen = s.at
		}
	}
	r.Online = m.online(v, online)
	return r
}

func (m *model) online(v values, listed truth) *bool {
	on, ok := listed.On, listed.Known
	if !ok {
		on, ok = v.boolean(m.reach)
	}
	if !ok {
		return nil
	}
	return &on
}

// tell adds what v says of the part to a reading.
func (p *part) tell(v values, r *hubs.Reading) {
	p.unit.read(v, func(a hubs.Attr, val hubs.Value, at time.Time) {
		r.Values = append(r.Values, hubs.PointValue{Point: hubs.Point{Entity: p.entity.Key, Attr: a}, Value: val, At: at})
	})
}
