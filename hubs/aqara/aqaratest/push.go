package aqaratest

import (
	"encoding/json"
	"time"
)

// news is the parts of a push that a request would bring along.
func (s *Studio) news() *request {
	return &request{typed: true, plan: plan{skew: s.clock}}
}

// pushValues tells each subscriber what it wants to know, as one message.
func (s *Studio) pushValues(now time.Time, changes []change) {
	if len(s.sockets) == 0 {
		return
	}
	id := s.nextID(now.Add(s.clock))
	for sk := range s.sockets {
		var items []any
		for _, c := range changes {
			if t := s.home.trait(c.Address); t != nil && sk.wants(c.Address) {
				items = append(items, s.valueItem(c.Address, t.Param, c.value, s.news().millis(now)))
			}
		}
		if items != nil {
			s.pushTo(sk, "TraitValueUpdate", id, "", items)
		}
	}
}

// snapshot pushes all values that sk has subscribed to.
func (s *Studio) snapshot(sk *socket, now time.Time) {
	items := []any{}
	s.home.each(nil, func(a Address, t *Trait) {
		if t.Param.Readable && t.Param.Reports && sk.wants(a) {
			items = append(items, s.valueItem(a, t.Param, t.Value, s.news().millis(t.At)))
		}
	})
	if len(items) > 0 {
		s.pushTo(sk, "TraitValueUpdate", s.nextID(now.Add(s.clock)), "", items)
	}
}

// pushEvent tells everyone who ever subscribed to anything.
func (s *Studio) pushEvent(now time.Time, kind string, d *Device) {
	at := s.news().millis(now)
	endpoints := make([]int, len(d.Endpoints))
	for i, e := range d.Endpoints {
		endpoints[i] = e.ID
	}
	s.pushObject(now, kind, d.ID, map[string]any{
		"deviceId": d.ID, "name": d.Name, "deviceTypesList": d.Types, "endpointIds": endpoints, "time": at,
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
	for sk := range s.sockets {
		if sk.subscribed {
			s.pushTo(sk, "objectEvent", s.nextID(now.Add(s.clock)), "success", event)
		}
	}
}

func (s *Studio) pushTo(sk *socket, kind, id, message string, data any) {
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
	times := 1
	if s.opts.DuplicatePush {
		times = 2
	}
	for range times {
		s.counters.Pushes++
		s.say(sk, raw)
	}
}

// say puts a message into the socket's queue, unless all sockets are mute.
func (s *Studio) say(sk *socket, raw []byte) {
	if s.mute {
		return
	}
	select {
	case sk.out <- raw:
	default:
		sk.shut(0, "") // reads too slowly
	}
}
