package discovery

import (
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// values are what is known of one entity.
type values struct {
	now map[hubs.Point]hubs.Value
	e   *hubs.Entity
}

func (v values) get(a hubs.Attr) hubs.Value { return v.now[hubs.Point{Entity: v.e.Key, Attr: a}] }

// State is the device JSON, complete, and the topics of the entities that have one of
// their own. A zero lastSeen is null.
func (l Layout) State(d Placed, now map[hubs.Point]hubs.Value, lastSeen time.Time) []Message {
	w := writer{b: make([]byte, 0, 128+48*len(d.Entities))}
	own := 0
	w.open()
	for i := range d.Entities {
		e := &d.Entities[i]
		k, err := kindOf(e.Spec)
		if err != nil || silent(e.Spec) {
			continue
		}
		if ownTopic(e.Spec) {
			own++
		}
		w.key(e.Key)
		k.state(&w, values{now, e})
		if len(e.Attrs) > 0 {
			w.key(d.attrsKey(e))
			writeAttrs(&w, values{now, e})
		}
	}
	w.str("name", d.deviceName())
	w.key("area")
	if area := oneLine(d.Area); area != "" {
		w.b = appendQuoted(w.b, area)
	} else {
		w.b = append(w.b, "null"...)
	}
	w.key("last_seen")
	w.b = appendTime(w.b, lastSeen)
	w.close()

	ms := make([]Message, 1, 1+own)
	ms[0] = Message{Topic: l.DeviceTopic(d.ID), Payload: w.b, Retain: true}
	if own == 0 {
		return ms
	}
	return append(ms, l.ownStates(&d, now)...)
}

func (l Layout) ownStates(d *Placed, now map[hubs.Point]hubs.Value) []Message {
	var ms []Message
	for i := range d.Entities {
		e := &d.Entities[i]
		if !ownTopic(e.Spec) {
			continue
		}
		k, _ := kindOf(e.Spec)
		w := writer{b: make([]byte, 0, 128), sparse: true}
		k.state(&w, values{now, e})
		ms = append(ms, Message{Topic: l.EntityTopic(d.ID, e.Key), Payload: w.b, Retain: true})
	}
	return ms
}

func writeAttrs(w *writer, v values) {
	w.open()
	for _, f := range v.e.Attrs {
		w.any(string(f.Attr), v.get(f.Attr))
	}
	w.close()
}
