package discovery

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const (
	originName = "hub2mqtt"
	supportURL = "https://github.com/hub2mqtt/hub2mqtt"

	triggerPlatform = "device_automation"
)

var iconPattern = regexp.MustCompile(`^[a-z]+:[a-z0-9-]+$`)

// isKey tells what may be an entity's key: letters, digits and _, at most 80.
func isKey(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 80
}

// Announce describes d in one retained message. before maps component keys to the
// platforms announced last time: where some left or changed their platform, a message
// with their tombstones comes first. The error names the entities that cannot be
// announced; the messages hold the others.
func (l Layout) Announce(d Placed, before map[string]string) ([]Message, error) {
	if l.Prefix == "" {
		return nil, nil
	}
	parts, err := l.components(&d)
	gone := left(before, parts)
	clean := l.config(&d, parts, nil)
	if len(gone) == 0 {
		return []Message{clean}, err
	}
	clean.After = settle
	return []Message{l.config(&d, parts, gone), clean}, err
}

// left are the components of before that are none any more, or of another platform.
func left(before map[string]string, parts []component) map[string]string {
	if len(before) == 0 {
		return nil
	}
	now, gone := platforms(parts), make(map[string]string)
	for key, platform := range before {
		if now[key] != platform {
			gone[key] = platform
		}
	}
	return gone
}

// Components maps the component keys of d to their platforms, to be remembered.
func (l Layout) Components(d Placed) map[string]string {
	parts, _ := l.components(&d)
	return platforms(parts)
}

func platforms(parts []component) map[string]string {
	all := make(map[string]string, len(parts))
	for i := range parts {
		all[parts[i].key] = parts[i].platform
	}
	return all
}

// component is one part of a device for Home Assistant.
type component struct {
	writer
	*sheet
	e        *hubs.Entity
	key      string
	platform string
	name     string // empty: null
	// trigger is the event type that a device trigger waits for.
	trigger string
}

// sheet is what all components of one device share. Its names are made once.
type sheet struct {
	l     *Layout
	d     *Placed
	node  string // the device's identifier
	topic string // of the device JSON
	slug  string // of the device's name, for entity ids
}

func (l *Layout) sheet(d *Placed) *sheet {
	return &sheet{l: l, d: d, node: l.NodeID(d.ID), topic: l.DeviceTopic(d.ID), slug: d.slug()}
}

// components lists what the device consists of, without rendering it.
func (l *Layout) components(d *Placed) ([]component, error) {
	var faults []error
	s := l.sheet(d)
	parts := make([]component, 0, len(d.Entities))
	for i := range d.Entities {
		e := &d.Entities[i]
		if err := unfit(e); err != nil {
			faults = append(faults, err)
			continue
		}
		if twice(d.Entities[:i], e.Key) {
			faults = append(faults, fmt.Errorf("%s: two entities have this key", e.Key))
			continue
		}
		k, _ := kindOf(e.Spec)
		parts = append(parts, component{
			sheet: s, e: e, key: e.Key, platform: k.platform(),
		})
		parts = append(parts, s.triggers(e)...)
	}
	if len(faults) > 0 {
		return parts, fmt.Errorf("announce %s: %w", d.ID, errors.Join(faults...))
	}
	return parts, nil
}

// twice tells whether an entity that can be announced has the key already. Devices have
// few entities: looking is cheaper than remembering.
func twice(earlier []hubs.Entity, key string) bool {
	for i := range earlier {
		if o := &earlier[i]; o.Key == key && unfit(o) == nil {
			return true
		}
	}
	return false
}

// config renders the discovery message. Tombstones stand where their keys do.
func (l Layout) config(d *Placed, parts []component, gone map[string]string) Message {
	w := writer{b: make([]byte, 0, 512+448*len(parts))}
	w.open()
	w.object("device", func() { l.deviceBlock(&w, d) })
	w.object("origin", func() {
		w.str("name", originName)
		w.some("sw_version", l.Version)
		w.str("support_url", supportURL)
	})
	l.availability(&w, d)
	names := naming{device: d.deviceName(), nameless: make(map[string]bool)}
	w.object("components", func() {
		for i := range parts {
			if p := &parts[i]; p.trigger == "" {
				p.name = names.name(p.platform, p.e)
			}
			if _, dead := gone[parts[i].key]; dead {
				continue
			}
			w.object(parts[i].key, func() { w.b = parts[i].render(w.b) })
		}
		for _, key := range slices.Sorted(maps.Keys(gone)) {
			w.object(key, func() { w.str("platform", gone[key]) })
		}
	})
	w.close()
	return Message{Topic: l.ConfigTopic(d.ID), Payload: w.b, Retain: true}
}

func (l Layout) deviceBlock(w *writer, d *Placed) {
	w.list("identifiers", []string{l.NodeID(d.ID)})
	w.str("name", d.deviceName())
	w.some("manufacturer", oneLine(d.Maker))
	w.some("model", oneLine(d.Model))
	w.some("model_id", oneLine(d.ModelID))
	w.some("sw_version", oneLine(d.Firmware))
	w.some("hw_version", oneLine(d.Hardware))
	w.some("serial_number", oneLine(d.Serial))
	w.some("suggested_area", oneLine(d.Area))
	w.some("via_device", l.via(d))
	w.some("configuration_url", l.PageURL(d.ID))
}

func (l Layout) via(d *Placed) string {
	switch {
	case l.Hub == "":
		return ""
	case d.ID == HubID:
		return Layout{Base: l.Base}.NodeID(BridgeID)
	case d.ViaID == "" || d.ViaID == d.ID:
		return l.NodeID(HubID)
	}
	return l.NodeID(d.ViaID)
}

// availability lists what must be online. The bridge's own device always is: what it
// shows is worth seeing when the rest is gone.
func (l Layout) availability(w *writer, d *Placed) {
	if l.Hub == "" {
		return
	}
	topics := []string{l.BridgeStatus(), l.HubStatus(), l.AvailabilityTopic(d.ID)}
	if d.ID == HubID {
		topics = topics[:1]
	}
	w.key("availability")
	w.b = append(w.b, '[')
	for _, t := range topics {
		w.comma()
		w.open()
		w.str("topic", t)
		w.close()
	}
	w.b = append(w.b, ']')
	w.str("availability_mode", "all")
}

// render appends the members of the component.
func (c *component) render(b []byte) []byte {
	c.b = b
	if c.trigger != "" {
		c.triggerConfig()
		return c.b
	}
	k, _ := kindOf(c.e.Spec)
	c.str("platform", c.platform)
	c.join("unique_id", c.node, "_", c.key)
	suffix := c.key
	if c.name == "" {
		suffix = ""
		c.null("name")
	} else {
		c.str("name", c.name)
	}
	c.str("default_entity_id", c.entityID(c.platform, suffix))
	c.some("entity_category", c.category())
	if c.e.Hidden {
		c.flag("enabled_by_default", false)
	}
	if c.e.Icon != "" && iconPattern.MatchString(c.e.Icon) {
		c.str("icon", c.e.Icon)
	}
	if c.platform != "sensor" && c.platform != "number" { // there it depends on the unit
		c.some("device_class", c.class())
	}
	k.config(c)
	c.attributes()
	c.num("qos", 1)
	if c.platform == "binary_sensor" && c.e.Class == hubs.Connectivity {
		c.list("availability", nil) // it tells just what availability would hide
	}
	return c.b
}

func (c *component) class() string {
	class := deviceClass(c.platform, c.e.Class)
	if ev, ok := c.e.Spec.(hubs.Event); ok && class == string(hubs.Doorbell) && !slices.Contains(ev.Types, "ring") {
		return "" // Home Assistant's doorbells ring
	}
	return class
}

// category is the entity's place on the device's page. What can only be read is
// never a setting there.
func (c *component) category() string {
	switch {
	case c.e.Role == hubs.Primary && c.platform == "button" && c.e.Class == hubs.Identify:
		return string(hubs.Diagnostic)
	case c.e.Role == hubs.Primary:
		return ""
	case c.platform == "sensor", c.platform == "binary_sensor", c.platform == "event":
		return string(hubs.Diagnostic)
	}
	return string(c.e.Role)
}

// attributes names the extra values, if the entity has any.
func (c *component) attributes() {
	if len(c.e.Attrs) == 0 || silent(c.e.Spec) {
		return
	}
	c.str("json_attributes_topic", c.stateTopic())
	c.str("json_attributes_template", "{{ value_json['"+c.d.attrsKey(c.e)+"'] | tojson }}")
}

// attrsKey is where the device JSON holds an entity's extra values.
func (d *Placed) attrsKey(e *hubs.Entity) string {
	key := e.Key + "_attributes"
	for {
		if _, taken := d.Entity(key); !taken {
			return key
		}
		key += "_"
	}
}

func (c *component) stateTopic() string { return c.topic }

// reads names a topic of ours and the template that finds the value in it: the
// entity's own member of the device JSON, or a member of that.
func (c *component) reads(topicKey, templateKey string, member string) {
	c.str(topicKey, c.stateTopic())
	c.join(templateKey, "{{ ", c.path(member), " }}")
}

// readsText does it where null must not become the text "None".
func (c *component) readsText(topicKey, templateKey, member string) {
	p := c.path(member)
	c.str(topicKey, c.stateTopic())
	c.str(templateKey, "{{ "+p+" if "+p+" is not none else '' }}")
}

func (c *component) path(member string) string {
	p := "value_json['" + c.key + "']"
	if member != "" {
		p += "['" + member + "']"
	}
	return p
}

// takes names the topic of the entity's commands, or of one of its parts.
func (c *component) takes(topicKey, part string) {
	if part == "" {
		c.str(topicKey, c.l.CommandTopic(c.d.ID, c.key))
		return
	}
	c.str(topicKey, c.l.AttrTopic(c.d.ID, c.key, part))
}

// options are the choices that may be announced: each once, none that is no choice.
func options(all []string) []string {
	seen := make(map[string]bool, len(all))
	var out []string
	for _, o := range all {
		if isOption(o) && !seen[o] {
			seen[o] = true
			out = append(out, o)
		}
	}
	return out
}

// isOption tells whether a text can be a choice: not empty, and UTF-8, since JSON shows
// different broken texts as the same one.
func isOption(s string) bool { return s != "" && utf8.ValidString(s) }
