package discovery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// maxCommand is how long a command may be.
const maxCommand = 64 << 10

// address is where a command topic points.
type address struct {
	device, entity, part string
	get                  bool
}

// address reads a command topic of this layout.
func (l Layout) address(topic string) (address, bool) {
	rest, ok := strings.CutPrefix(topic, l.root()+"/")
	if !ok {
		return address{}, false
	}
	levels := strings.Split(rest, "/")
	verb := levels[len(levels)-1]
	levels = levels[:len(levels)-1]
	switch {
	case slices.Contains(levels, ""):
	case l.Hub == "" && (len(levels) == 0 || levels[0] != BridgeID):
	case verb == "get" && len(levels) == 1:
		return address{device: levels[0], get: true}, true
	case verb == "set" && len(levels) >= 1 && len(levels) <= 3:
		levels = append(levels, "", "")
		return address{device: levels[0], entity: levels[1], part: levels[2]}, true
	}
	return address{}, false
}

// Parse turns a message on a command topic into requests, one for each entity
// commanded, in order. Commands are checked against the Specs; those that do not fit
// carry Err. It returns nil for an empty payload and for topics that are not commands.
func (l Layout) Parse(topic string, payload []byte, find func(id string) (Placed, bool)) []Request {
	at, ok := l.address(topic)
	if !ok || len(payload) == 0 {
		return nil
	}
	one := Request{DeviceID: at.device}
	one.Entity = echo(at.entity)
	switch {
	case len(payload) > maxCommand:
		one.Err = invalid("a command of %d bytes; %d are allowed", len(payload), maxCommand)
		return []Request{one}
	case !utf8.Valid(payload):
		one.Err = invalid("a command must be UTF-8")
		return []Request{one}
	}
	d, ok := find(at.device)
	if !ok {
		one.Err = &hubs.Error{Fault: hubs.UnknownDevice, Err: fmt.Errorf("there is no device %q", echo(at.device))}
		one.Transaction = transactionOf(payload)
		return []Request{one}
	}
	one.Device = d.Device.ID
	switch {
	case at.get:
		one.Get = true
		return []Request{one}
	case at.entity != "":
		return []Request{decode(one, &d, at.part, payloadInput(payload))}
	}
	return parseDevice(one, &d, payload)
}

// parseDevice reads a message for several entities.
func parseDevice(one Request, d *Placed, payload []byte) []Request {
	in := payloadInput(payload)
	if in.object == nil {
		one.Err = invalid(`a JSON object is wanted, {"ENTITY": value}, not %s`, in.shown())
		return []Request{one}
	}
	ms, err := members(in.object)
	if err != nil {
		one.Err = err
		return []Request{one}
	}
	var rs []Request
	for _, m := range ms {
		if m.key == "transaction" {
			one.Transaction = bytes.Clone(m.value)
		}
	}
	for _, m := range ms {
		if m.key == "transaction" {
			continue
		}
		r := one
		r.Entity = m.key
		rs = append(rs, decode(r, d, "", jsonInput(m.value)))
	}
	if rs == nil {
		one.Err = invalid("the message names no entity")
		return []Request{one}
	}
	return rs
}

// decode reads what came for one entity.
func decode(r Request, d *Placed, part string, in input) Request {
	e, ok := d.Entity(r.Entity)
	if !ok {
		r.Err = unknownEntity(r.Entity)
		r.Entity = echo(r.Entity)
		return r
	}
	err := r.read(e, part, in)
	if err == nil {
		err = r.fit(e)
	}
	if err == nil {
		return r
	}
	r.Set, r.Do, r.With = nil, "", hubs.Extras{}
	if errors.Is(err, errReadOnly) {
		err = &hubs.Error{Fault: hubs.ReadOnly, Err: fmt.Errorf("%s can only be read", e.Key)}
	}
	r.Err = err
	return r
}

func unknownEntity(key string) error {
	switch key {
	case "name", "area", "last_seen":
		return &hubs.Error{Fault: hubs.ReadOnly, Err: fmt.Errorf("%s can only be read", key)}
	}
	return &hubs.Error{Fault: hubs.UnknownEntity, Err: fmt.Errorf("there is no entity %q", echo(key))}
}

// fit makes sure that the parts go together and suit the entity.
func (r *Request) fit(e *hubs.Entity) error {
	k, err := kindOf(e.Spec)
	if err != nil {
		return invalid("%w", err)
	}
	if f, ok := k.(finisher); ok {
		f.finish(r)
	}
	if r.Do != "" && len(r.Set) > 0 {
		return invalid("%s and new values at once", r.Do)
	}
	return r.Check(e)
}

// read understands one value, or the members of an object one by one.
func (r *Request) read(e *hubs.Entity, part string, in input) error {
	k, err := kindOf(e.Spec)
	if err != nil {
		return invalid("%w", err)
	}
	if _, ok := e.Spec.(hubs.Siren); ok {
		r.With.Volume = -1
	}
	if part == "value" {
		part = ""
	}
	if in.object == nil {
		return r.part(k, e, part, in)
	}
	ms, err := members(in.object)
	if err != nil {
		return err
	}
	taker, _ := k.(interface{ raw(part string) bool })
	if taker != nil && taker.raw(part) {
		return r.readRaw(k, e, part, in, ms)
	}
	if part != "" { // ENTITY/color/set takes an object, ENTITY/position/set {"value": x}
		return r.part(k, e, part, r.unwrap(in, ms))
	}
	if inner := r.unwrap(in, ms); inner.object == nil {
		return r.part(k, e, part, inner)
	} else if ms, err = members(inner.object); err != nil {
		return err
	}
	return r.readMembers(k, e, ms)
}

// readMembers takes an entity's parts from one object.
func (r *Request) readMembers(k kind, e *hubs.Entity, ms []member) error {
	for _, m := range ms {
		if m.key == "transaction" {
			continue
		}
		in, name := jsonInput(m.value), m.key
		if in.odd == "null" { // as in a state that is sent back: leave it as it is
			continue
		}
		switch name {
		case "":
			return invalid("a member without a name")
		case "value":
			name = ""
		}
		if err := r.part(k, e, name, in); err != nil {
			return err
		}
	}
	return nil
}

// unwrap finds x in {"value": x}, and keeps a transaction that stands beside it.
func (r *Request) unwrap(in input, ms []member) input {
	value := in
	for _, m := range ms {
		switch m.key {
		case "transaction":
			if r.Transaction == nil {
				r.Transaction = bytes.Clone(m.value)
			}
		case "value":
			value = jsonInput(m.value)
		default:
			return in
		}
	}
	return value
}

// readRaw takes JSON as text, unless it is {"value": x}.
func (r *Request) readRaw(k kind, e *hubs.Entity, part string, in input, ms []member) error {
	for _, m := range ms {
		if m.key == "value" {
			return r.part(k, e, part, r.unwrap(in, ms))
		}
	}
	return r.part(k, e, part, in)
}

// part hands one part to the kind; what it does not know may be an extra value.
func (r *Request) part(k kind, e *hubs.Entity, part string, in input) error {
	err := k.command(r, e, part, in)
	if !errors.Is(err, errNoPart) {
		return err
	}
	for _, f := range e.Attrs {
		if string(f.Attr) == part {
			return r.setAttr(f, in)
		}
	}
	return invalid("%s has no %q", e.Key, echo(part))
}

// setAttr reads an extra value.
func (r *Request) setAttr(f hubs.Field, in input) error {
	switch f.Kind {
	case hubs.KindBool:
		return r.setBool(f.Attr, in)
	case hubs.KindNumber:
		return r.setNumber(f.Attr, in)
	case hubs.KindText, hubs.KindTime, hubs.KindUnknown:
	}
	if err := in.scalar(); err != nil {
		return err
	}
	r.set(f.Attr, hubs.Str(in.text))
	return nil
}

func transactionOf(payload []byte) json.RawMessage {
	in := payloadInput(payload)
	if in.object == nil {
		return nil
	}
	ms, err := members(in.object)
	if err != nil {
		return nil
	}
	for _, m := range ms {
		if m.key == "transaction" {
			return bytes.Clone(m.value)
		}
	}
	return nil
}

// echo keeps a sender's name for a thing short enough for an answer.
func echo(s string) string { return clip(s, 64) }
