package aqaratest

import (
	"encoding/json"
	"fmt"
	"time"
)

// readTyped is GetTraitValueRequest.
func (s *Studio) readTyped(q *request) answer {
	items, fault := itemList(q.data, "$.data")
	if fault != "" {
		return unreadable(fault)
	}
	return s.read(q, items)
}

// readItem is one item of a read or of a subscription.
type readItem struct {
	Address
	traits []string
}

func parseReadItems(items []json.RawMessage) (out []readItem, fault string) {
	for i, raw := range items {
		in := parseObject(raw, fmt.Sprintf("$.data[%d]", i), "deviceId", "endpointId", "functionCode", "traitCodes")
		it := readItem{
			Address: Address{
				Device: in.str("deviceId", true), Endpoint: in.num("endpointId", true, 0),
				Function: in.str("functionCode", true),
			},
			traits: in.strings("traitCodes", true),
		}
		if in.fault != "" {
			return nil, in.fault
		}
		out = append(out, it)
	}
	return out, ""
}

// read gives stored values. What does not exist or cannot be read is left out.
func (s *Studio) read(q *request, raw []json.RawMessage) answer {
	items, fault := parseReadItems(raw)
	if fault != "" {
		return badRequest(q, fault)
	}
	list := []any{}
	for _, it := range items {
		if s.opts.UnknownAsError && s.home.device(it.Device) == nil {
			return refusal(400, codeNoDevice, "device does not exist: "+it.Device)
		}
		for _, code := range it.traits {
			a := it.Address
			a.Trait = code
			if t := s.home.trait(a); t != nil && t.Param.Readable {
				value, at := t.seen(q)
				if !s.home.device(a.Device).alive(a.Endpoint) {
					value, at = nil, nil
				}
				list = append(list, s.valueItem(a, t.Param, value, at))
			}
		}
	}
	return done(list)
}

// valueItem is one value as reads and pushes give it.
func (s *Studio) valueItem(a Address, p Param, value, at any) map[string]any {
	return map[string]any{
		"deviceId": a.Device, "endpointId": a.Endpoint, "functionCode": a.Function, "traitCode": a.Trait,
		"value": s.valueJSON(p, value), "time": at,
	}
}

// executeTyped is ExecuteTraitRequest.
func (s *Studio) executeTyped(q *request) answer {
	items, fault := itemList(q.data, "$.data")
	if fault != "" {
		return unreadable(fault)
	}
	return s.execute(q, items)
}

// write is one item of a command.
type write struct {
	Address
	raw json.RawMessage
}

// execute writes traits. A message that does not parse changes nothing; otherwise each
// item stands for itself.
func (s *Studio) execute(q *request, raw []json.RawMessage) answer {
	writes := make([]write, 0, len(raw))
	for i, r := range raw {
		in := parseObject(r, fmt.Sprintf("$.data[%d]", i), "deviceId", "endpointId", "functionCode", "traitCode", "value")
		w := write{Address: Address{
			in.str("deviceId", true), in.num("endpointId", true, 0), in.str("functionCode", true), in.str("traitCode", true),
		}}
		w.raw, _ = in.get("value", true)
		if in.fault != "" {
			return badRequest(q, in.fault)
		}
		writes = append(writes, w)
	}
	if len(writes) == 0 {
		return badParam("data must not be empty")
	}
	var failed []itemFailure
	for _, w := range writes {
		if code, text := s.write(q, w); code != 0 {
			failed = append(failed, itemFailure{
				Device: w.Device, Endpoint: w.Endpoint, Function: w.Function, Trait: w.Trait, Code: code, Message: text,
			})
		}
	}
	return batch(len(writes), failed)
}

func (s *Studio) write(q *request, w write) (code int, text string) {
	if code, text = s.reachable(q, w.Device); code != 0 {
		return code, text
	}
	t := s.home.trait(w.Address)
	switch {
	case t == nil:
		return codeParam, "trait does not exist"
	case !t.Param.Writable:
		return codeParam, "trait is not writable"
	}
	if code, text = s.forbidden(w.Address, w.Trait); code != 0 {
		return code, text
	}
	value, fault := checkWrite(t.Param, w.raw)
	if fault != "" {
		return codeParam, fault
	}
	s.executed = append(s.executed, Executed{At: q.now, Call: q.index, Address: w.Address, Value: value, Ignored: q.Ignored})
	if !q.Ignored {
		s.later(func(now time.Time) { s.effect(w.Address, value, now) })
	}
	return 0, ""
}

// reachable says why a device cannot be commanded now.
func (s *Studio) reachable(q *request, id string) (code int, text string) {
	d := s.home.device(id)
	if d == nil {
		return codeNoDevice, "device does not exist"
	}
	if code, text = q.item(id); code != 0 {
		return code, text
	}
	if !d.Online {
		return codeOffline, "device offline"
	}
	return 0, ""
}

// later runs f now, or after the effect delay. It needs the lock, and so does f.
func (s *Studio) later(f func(now time.Time)) {
	if s.opts.EffectDelay <= 0 {
		f(time.Now())
		return
	}
	time.AfterFunc(s.opts.EffectDelay, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		f(time.Now())
	})
}
