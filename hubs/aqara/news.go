package aqara

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// What a push says, as news of devices. All of it is pure.

// pushed is one value of a push.
type pushed struct {
	address
	sample
}

// decodePush reads the values of a push, by device, in the order they came in. What
// cannot be read is left out: one bad value must not cost the others.
func decodePush(data json.RawMessage, now time.Time) (order []string, byDevice map[string][]pushed) {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '{' { // the reference says array, an old client saw objects
		data = slices.Concat([]byte{'['}, data, []byte{']'})
	}
	raws, err := items(data)
	if err != nil {
		return nil, nil
	}
	byDevice = map[string][]pushed{}
	for _, raw := range raws {
		var v wireValue
		if json.Unmarshal(raw, &v) != nil || v.Device == "" || v.Endpoint.Whole() < 0 {
			continue
		}
		id := string(v.Device)
		if byDevice[id] == nil {
			order = append(order, id)
		}
		byDevice[id] = append(byDevice[id], pushed{
			address{v.Endpoint.Whole(), string(v.Function), string(v.Trait)},
			sample{raw: v.Value, at: v.Time.Time, got: now},
		})
	}
	return order, byDevice
}

// news makes readings of what one push says of a device, oldest first, and gives what
// is known of it then. A trait that is there twice makes two readings: what came and
// went in between was there.
func (m *model) news(push []pushed, last values) (values, []hubs.Reading) {
	now := make(values, len(last)+len(push))
	maps.Copy(now, last)
	var out []hubs.Reading
	batch := newBatch(m)
	for i, p := range inTime(push) {
		t := m.traits[p.address]
		if t == nil {
			continue
		}
		if batch.has[p.address] {
			out = batch.flush(now, out)
		}
		if old := now[p.address]; p.at.IsZero() || !p.at.Before(old.at) {
			now[p.address] = p.sample
		}
		batch.add(t, p)
		if e, ok := m.event(p.address); ok {
			batch.happen(e, p, m.companions(push, i, p))
		}
	}
	return now, batch.flush(now, out)
}

// inTime puts values into the order of their times, where all of them have one.
func inTime(push []pushed) []pushed {
	if slices.ContainsFunc(push, func(p pushed) bool { return p.at.IsZero() }) {
		return push
	}
	slices.SortStableFunc(push, func(a, b pushed) int { return a.at.Compare(b.at) })
	return push
}

// event finds the event entity of a trait.
func (m *model) event(a address) (*part, bool) {
	for _, p := range m.touch[a] {
		if _, ok := p.unit.(*event); ok {
			return p, true
		}
	}
	return nil, false
}

// batch is a reading in the making.
type batch struct {
	m     *model
	r     hubs.Reading
	has   map[address]bool
	parts []*part // that have news
}

func newBatch(m *model) *batch {
	return &batch{m: m, r: hubs.Reading{Device: hubs.DeviceID(m.id)}, has: map[address]bool{}}
}

func (b *batch) add(t *trait, p pushed) {
	b.has[p.address] = true
	for _, part := range b.m.touch[p.address] {
		if !slices.Contains(b.parts, part) {
			b.parts = append(b.parts, part)
		}
	}
	if b.m.reach == t {
		if on, ok := loose.ParseBool(p.raw); ok {
			b.r.Online = &on
		}
	}
	if p.at.After(b.r.Seen) {
		b.r.Seen = p.at
	}
}

// flush ends the reading and begins another one.
func (b *batch) flush(v values, out []hubs.Reading) []hubs.Reading {
	for _, p := range b.parts {
		p.tell(v, &b.r)
	}
	r := b.r
	parts := b.parts
	*b = *newBatch(b.m)
	if len(r.Values) == 0 && len(r.Events) == 0 && r.Online == nil && len(parts) == 0 {
		return out
	}
	return append(out, r)
}

// happen adds what happened at an event entity. A value that the device does not list
// has no type to go by; see noteWord.
func (b *batch) happen(p *part, v pushed, with map[string]hubs.Value) {
	e, _ := p.unit.(*event)
	h := hubs.Happening{Entity: p.entity.Key, At: v.at, Data: with}
	now := values{v.address: v.sample}
	if e.kind == "" {
		word, ok := now.word(e.t)
		if !ok {
			return
		}
		h.Type = word
	} else {
		raw, ok := now.raw(e.t)
		if !ok {
			return
		}
		h.Type = e.kind
		h.Data = structData(raw)
	}
	b.r.Events = append(b.r.Events, h)
}

// companions are the values of the same push that say more about the event push[i]:
// how far a knob was turned. Of several the one of the same time counts, or else the one
// in the event's place in line.
func (m *model) companions(push []pushed, i int, e pushed) map[string]hubs.Value {
	nth := 0
	for _, p := range push[:i] {
		if p.address == e.address {
			nth++
		}
	}
	lines := map[string][]pushed{}
	for _, p := range push {
		if p.endpoint == e.endpoint && p.function == e.function && eventData[p.rule()] {
			lines[p.code] = append(lines[p.code], p)
		}
	}
	var out map[string]hubs.Value
	for code, line := range lines {
		p := line[min(nth, len(line)-1)]
		for _, other := range line {
			if !e.at.IsZero() && other.at.Equal(e.at) && !p.at.Equal(e.at) {
				p = other
			}
		}
		v := plainValue(code, p.raw)
		if word, ok := (values{p.address: p.sample}).word(m.traits[p.address]); ok {
			v = hubs.Str(word)
		}
		if v.Known() {
			if out == nil {
				out = map[string]hubs.Value{}
			}
			out[hubs.MakeKey(code)] = v
		}
	}
	return out
}

// plainValue is a value without a spec that says what it is; enumerations of the data
// model by their words. code is the trait's, empty for a member of a struct.
func plainValue(code string, raw json.RawMessage) hubs.Value {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return hubs.Value{}
	}
	if n, ok := loose.ParseNumber(raw); ok && (code != "" || raw[0] != '"') { // a user's "007" is no number
		if word, ok := enums[code][int(n)]; ok {
			return hubs.Str(slugOf(word))
		}
		return hubs.Num(n)
	}
	switch raw[0] {
	case 't', 'f':
		if on, ok := loose.ParseBool(raw); ok {
			return hubs.Bool(on)
		}
	case '"':
		if s, _ := loose.Unquote(raw); s != "" {
			return hubs.Str(short(s))
		}
	case '{', '[':
		return hubs.Str(short(string(raw)))
	}
	return hubs.Value{}
}

const maxMembers = 32

// structData takes a struct apart, which comes as JSON in a text. What is no object is
// kept as it is.
func structData(raw json.RawMessage) map[string]hubs.Value {
	s, _ := loose.Unquote(raw)
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(s), &members) != nil {
		if s = short(s); s == "" {
			return nil
		}
		return map[string]hubs.Value{"text": hubs.Str(s)}
	}
	out := map[string]hubs.Value{}
	for name, member := range members {
		if v := plainValue("", member); v.Known() && len(out) < maxMembers {
			out[hubs.MakeKey(name)] = v
		}
	}
	return out
}

// short is a text that fits where texts are shown.
func short(s string) string {
	s = strings.ToValidUTF8(s, "")
	if r := []rune(s); len(r) > maxText {
		s = string(r[:maxText])
	}
	return s
}
