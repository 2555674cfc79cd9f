package aqaratest

import (
	"encoding/json"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// news is the parts of a push that a request would bring along.
func (s *Studio) news() *request {
	return &request{typed: true, Plan: fault.Plan{Skew: s.faults.Clock()}}
}

// pushValues tells each subscriber what it wants to know, as one message unless a fault
// has it otherwise.
func (s *Studio) pushValues(now time.Time, changes []change) {
	if len(s.sockets) == 0 {
		return
	}
	p := s.faults.Push("TraitValueUpdate")
	for _, part := range fault.Spread(&p, changes, func(c change) change { c.value = c.was; return c }) {
		id := s.nextID(now.Add(s.faults.Clock()))
		for sk := range s.sockets {
			var items []any
			for _, c := range part {
				if t := s.home.trait(c.Address); t != nil && sk.wants(c.Address) {
					items = append(items, s.valueItem(c.Address, t.Param, c.value, s.news().millis(now)))
				}
			}
			if items != nil {
				s.pushTo(sk, "TraitValueUpdate", id, "", items, p)
			}
		}
	}
}

// snapshot pushes all values that sk has subscribed to.
func (s *Studio) snapshot(sk *socket, now time.Time) {
	items := []any{}
	s.home.each(func(a Address, t *Trait) {
		if t.Param.Readable && t.Param.Reports && sk.wants(a) && s.home.device(a.Device).alive(a.Endpoint) {
			items = append(items, s.valueItem(a, t.Param, t.Value, s.news().millis(t.At)))
		}
	})
	if len(items) > 0 {
		s.pushTo(sk, "TraitValueUpdate", s.nextID(now.Add(s.faults.Clock())), "", items, fault.Push{})
	}
}

// pushEvent tells everyone who ever subscribed to anything.
func (s *Studio) pushEvent(now time.Time, kind string, d *Device) {
	s.pushEndpoints(now, kind, d, d.endpointIDs())
}

// pushEndpoints is pushEvent about some endpoints of the device only.
func (s *Studio) pushEndpoints(now time.Time, kind string, d *Device, endpoints []int) {
	s.pushObject(now, kind, d.ID, map[string]any{
		"deviceId": d.ID, "name": d.Name, "deviceTypesList": d.Types, "endpointIds": endpoints,
		"time": s.news().millis(now),
	})
}

// pushRange tells that a trait's parameter is another one now.
func (s *Studio) pushRange(now time.Time, a Address, p Param) {
	value := map[string]any{"endpointId": a.Endpoint, "functionCode": a.Function, "traitCode": a.Trait, "unit": p.Unit}
	for k, f := range map[string]*float64{"min": p.Min, "max": p.Max, "step": p.Step} {
		value[k] = nil
		if f != nil {
			value[k] = double(*f)
		}
	}
	s.pushObject(now, "DEVICE_TRAIT_PARAMETER_UPDATE", a.Device, map[string]any{
		"deviceId": a.Device, "endpointId": a.Endpoint, "functionCode": a.Function, "traitCode": a.Trait,
		"newValue": value, "oldValue": map[string]any{},
	})
}

func (s *Studio) pushObject(now time.Time, kind, object string, data map[string]any) {
	event := map[string]any{
		"eventType": kind, "objectId": object, "time": s.news().millis(now), "data": data,
	}
	if len(s.sockets) == 0 {
		return
	}
	p := s.faults.Push("objectEvent")
	for sk := range s.sockets {
		if sk.subscribed {
			s.pushTo(sk, "objectEvent", s.nextID(now.Add(s.faults.Clock())), "success", event, p)
		}
	}
}

func (s *Studio) pushTo(sk *socket, kind, id, message string, data any, p fault.Push) {
	if why := s.checkAccess(sk.token, time.Now(), false); why != "" && !s.opts.OutliveToken {
		sk.shut(closePolicy, "token no longer valid")
		return
	}
	raw, err := json.Marshal(data)
	if err == nil {
		raw, err = json.Marshal(envelope{Type: kind, Version: "v1", MsgID: id, Message: message, Data: raw})
	}
	if err != nil {
		panic("aqaratest: " + err.Error()) // only a value of the home that JSON cannot hold
	}
	if s.opts.DuplicatePush {
		p.Copies++
	}
	s.counters.Pushes += 1 + p.Copies
	sk.line.Send(raw, p)
}
