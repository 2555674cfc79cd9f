package discovery

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

type eventKind struct{}

func (eventKind) platform() string { return "event" }

func (eventKind) config(c *component) {
	c.str("state_topic", c.l.EntityTopic(c.d.ID, c.key))
	c.list("event_types", options(c.e.Spec.(hubs.Event).Types))
}

func (eventKind) state(w *writer, _ values) { w.b = append(w.b, "null"...) }

func (eventKind) command(*Request, *hubs.Entity, string, input) error { return errReadOnly }

// triggers gives an event's types as device triggers, which automations may start with.
func (s *sheet) triggers(e *hubs.Entity) []component {
	ev, ok := e.Spec.(hubs.Event)
	if !ok {
		return nil
	}
	types := options(ev.Types)
	parts := make([]component, 0, len(types))
	taken := make(map[string]bool, len(types))
	for _, typ := range types {
		plain := e.Key + "-" + safeID(typ)
		key := plain
		for n := 2; taken[key]; n++ {
			key = plain + "-" + strconv.Itoa(n)
		}
		taken[key] = true
		parts = append(parts, component{sheet: s, e: e, key: key, platform: triggerPlatform, trigger: typ})
	}
	return parts
}

func (c *component) triggerConfig() {
	c.str("platform", triggerPlatform)
	c.str("automation_type", "trigger")
	c.str("topic", c.l.EntityTopic(c.d.ID, c.e.Key))
	c.str("type", c.trigger)
	c.str("subtype", c.e.Key)
	c.str("payload", c.trigger)
	c.str("value_template", "{{ value_json['event_type'] }}")
	c.num("qos", 1)
}

// Event is one happening: {"event_type","time",…}. It is not retained.
func (l Layout) Event(d Placed, h hubs.Happening) Message {
	w := writer{b: make([]byte, 0, 128)}
	w.open()
	w.str("event_type", h.Type)
	if !h.At.IsZero() {
		w.str("time", h.At.UTC().Format(time.RFC3339Nano))
	}
	for _, k := range slices.Sorted(maps.Keys(h.Data)) {
		if k != "event_type" && k != "time" {
			w.any(k, h.Data[k])
		}
	}
	w.close()
	return Message{Topic: l.EntityTopic(d.ID, h.Entity), Payload: w.b}
}
