package bridge

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// list is when BASE/HUB/devices was published, and whether that is to be done again.
type list struct {
	at     time.Time
	booked bool
	stale  bool // it changed while messages were held
}

const (
	listEvery = 10 * time.Second
	listFirst = 200 * time.Millisecond
)

// listedDevice is one device of BASE/HUB/devices, for people and flows.
type listedDevice struct {
	Device   string         `json:"device"`
	ID       hubs.DeviceID  `json:"id"`
	Name     string         `json:"name"`
	Area     *string        `json:"area"`
	Model    *string        `json:"model"`
	Online   *bool          `json:"online"` // null: it is held, so nobody knows
	Held     bool           `json:"held"`
	Entities []listedEntity `json:"entities"`
}

// listedEntity is one entity there.
type listedEntity struct {
	Key      string       `json:"key"`
	Name     string       `json:"name"` // empty: the device's own is enough
	Kind     string       `json:"kind"`
	Unit     *hubs.Unit   `json:"unit"`
	Range    *listedRange `json:"range"`
	Options  []string     `json:"options"`
	Settable bool         `json:"settable"`
	Topics   []string     `json:"command_topics"`
}

type listedRange struct {
	Min  float64  `json:"min"`
	Max  float64  `json:"max"`
	Step *float64 `json:"step"`
}

// listSoon publishes the list, in which something changed: at once, or when the last
// time is long enough ago.
func (h *hubRun) listSoon(now time.Time) {
	if h.holding {
		h.list.stale = true
		return
	}
	h.list.stale = false
	if h.list.booked || h.settled.list == nil {
		return
	}
	h.list.booked = true
	publish := func() {
		h.list.booked, h.list.at = false, time.Now()
		h.publishList()
	}
	wait := listFirst // after what the list is about
	if !h.list.at.IsZero() {
		wait = max(wait, h.list.at.Add(listEvery).Sub(now))
	}
	h.later(wait, publish)
}

// publishList lists what is shown, the hub's own device too, and what is held.
func (h *hubRun) publishList() {
	all := make([]listedDevice, 0, len(h.devices))
	for _, d := range h.devices {
		one := h.describe(d.placed)
		one.Online = new(d.online)
		all = append(all, one)
	}
	for _, d := range h.settled.list {
		if _, shown := h.devices[d.ID]; !shown && h.choices.Seen[d.ID].Held {
			one := h.describe(discovery.Placed{Device: h.dress(&d).Device, ID: h.settled.places[d.ID]})
			one.Held = true
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b listedDevice) int { return strings.Compare(a.Device, b.Device) })
	if raw, err := json.Marshal(all); err == nil {
		h.send(discovery.Message{Topic: h.layout.HubDevices(), Payload: raw, Retain: true})
	}
}

func (h *hubRun) describe(p discovery.Placed) listedDevice {
	one := listedDevice{
		Device: p.ID, ID: p.Device.ID, Name: p.Name, Area: textOrNil(p.Area), Model: textOrNil(p.Model),
		Entities: make([]listedEntity, len(p.Entities)),
	}
	platforms := h.layout.Components(p)
	for i := range p.Entities {
		e := &p.Entities[i]
		one.Entities[i] = h.describeEntity(p.ID, e, platforms[e.Key])
	}
	return one
}

func (h *hubRun) describeEntity(id string, e *hubs.Entity, kind string) listedEntity {
	if kind == "" { // it cannot be announced
		kind = strings.ToLower(reflect.TypeOf(e.Spec).Name())
	}
	one := listedEntity{Key: e.Key, Name: e.Name, Kind: kind, Options: optionsOf(e.Spec), Topics: h.commandTopics(id, e)}
	one.Settable = len(one.Topics) > 0
	f, ok := rangeField(e.Spec)
	if !ok {
		return one
	}
	if f.Unit != hubs.NoUnit {
		one.Unit = &f.Unit
	}
	if f.Bounded() && f.Kind == hubs.KindNumber {
		one.Range = &listedRange{Min: f.Min, Max: f.Max}
		if f.Step > 0 {
			one.Range.Step = &f.Step
		}
	}
	return one
}

// rangeField is the field whose unit and range describe the entity.
func rangeField(s hubs.Spec) (hubs.Field, bool) {
	fields := s.Fields()
	for _, attr := range []hubs.Attr{hubs.Main, hubs.Position, hubs.Target, hubs.TargetLow} {
		for _, f := range fields {
			if f.Attr == attr {
				return f, true
			}
		}
	}
	switch s.(type) {
	case hubs.Humidifier, hubs.Fan: // a light's level is 0–255 in its JSON, and 0–100 here
		for _, f := range fields {
			if f.Attr == hubs.Humidity || f.Attr == hubs.Level {
				return f, true
			}
		}
	}
	return hubs.Field{}, false
}

// optionsOf are the words that the entity's main value takes or shows.
func optionsOf(s hubs.Spec) []string {
	switch s := s.(type) {
	case hubs.Sensor:
		return s.Options
	case hubs.Choice:
		return s.Options
	case hubs.Event:
		return s.Types
	case hubs.Climate:
		return s.Modes
	case hubs.WaterHeater:
		return s.Modes
	case hubs.Alarm:
		return s.Arms
	case hubs.Light:
		return s.Effects
	case hubs.Fan:
		return s.Presets
	case hubs.Humidifier:
		return s.Modes
	case hubs.Vacuum:
		return s.FanSpeeds
	case hubs.Siren:
		return s.Tones
	}
	return nil
}

// commandTopics are where the entity takes commands, the main one first.
func (h *hubRun) commandTopics(id string, e *hubs.Entity) []string {
	parts := commandParts(e.Spec)
	main := len(e.Spec.Actions()) > 0
	for _, f := range e.Spec.Fields() {
		main = main || f.Settable
	}
	for _, f := range e.Attrs {
		if f.Settable {
			parts = append(parts, string(f.Attr))
		}
	}
	topics := make([]string, 0, 1+len(parts))
	if main {
		topics = append(topics, h.layout.CommandTopic(id, e.Key))
	}
	for _, part := range parts {
		topics = append(topics, h.layout.AttrTopic(id, e.Key, part))
	}
	return topics
}

// commandParts are the attributes that have a command topic of their own, by the names
// that they have in our JSON. A light's come in one JSON command.
func commandParts(s hubs.Spec) (parts []string) {
	switch s.(type) {
	case hubs.Light, hubs.Lock, hubs.Alarm:
		return nil
	}
	for _, f := range s.Fields() {
		if name, ok := partNames[f.Attr]; ok && f.Settable && !(f.Attr == hubs.Position && f.Step == 100) {
			parts = append(parts, name)
		}
	}
	if v, ok := s.(hubs.Vacuum); ok && slices.Contains(v.Can, hubs.Send) {
		parts = append(parts, "send_command")
	}
	return parts
}

var partNames = map[hubs.Attr]string{ //nolint:gochecknoglobals // a constant
	hubs.Position: "position", hubs.Tilt: "tilt", hubs.Level: "percentage", hubs.Mode: "mode", hubs.Target: "temperature",
	hubs.TargetLow: "temperature_low", hubs.TargetHigh: "temperature_high", hubs.Humidity: "humidity", hubs.FanMode: "fan_mode",
	hubs.Swing: "swing_mode", hubs.Preset: "preset_mode", hubs.Oscillates: "oscillation", hubs.Direction: "direction",
	hubs.FanSpeed: "fan_speed",
}
