package hubs

import (
	"encoding/json"
	"reflect"
	"strings"
)

// DeviceID is the vendor's, unique in one hub.
type DeviceID string

// Self is the hub's own device, which carries scenes, flows, modes and variables.
const Self DeviceID = ""

// Device is one physical thing, or the hub's own device.
type Device struct {
	ID   DeviceID `json:"id"`
	Name string   `json:"name"` // as the user wrote it, blanks around it cut; never empty
	Area string   `json:"area,omitempty"`
	// Home is the vendor's home, location or account part, for filters.
	Home     string   `json:"home,omitempty"`
	Maker    string   `json:"maker,omitempty"`
	Model    string   `json:"model,omitempty"`    // what people call it
	ModelID  string   `json:"model_id,omitempty"` // the product code
	Firmware string   `json:"firmware,omitempty"`
	Hardware string   `json:"hardware,omitempty"`
	Serial   string   `json:"serial,omitempty"`
	MAC      string   `json:"mac,omitempty"`
	Via      DeviceID `json:"via,omitempty"` // the device it hangs behind; Self: the hub
	Entities []Entity `json:"entities"`
}

// Entity finds an entity by its key.
func (d *Device) Entity(key string) (*Entity, bool) {
	for i := range d.Entities {
		if d.Entities[i].Key == key {
			return &d.Entities[i], true
		}
	}
	return nil, false
}

// Entity is one thing of a device that can be seen or set. Its fields are neutral:
// what Home Assistant calls them is decided in discovery alone.
type Entity struct {
	// Key is stable in the device for ever, [a-z0-9_]+ (MakeKey): part of topics and ids.
	Key string `json:"key"`
	// Name is English, in sentence case; empty: the device's main feature.
	Name   string `json:"name,omitempty"`
	Role   Role   `json:"role,omitempty"`
	Class  Class  `json:"class,omitempty"`
	Icon   string `json:"icon,omitempty"`
	Hidden bool   `json:"hidden,omitempty"` // announced, but disabled until a user wants it
	// Attrs are extra values shown beside the main one.
	Attrs []Field `json:"attrs,omitempty"`
	Spec  Spec    `json:"spec"`
}

// Field finds what the entity says of attr.
func (e *Entity) Field(attr Attr) (Field, bool) {
	for _, f := range e.Spec.Fields() {
		if f.Attr == attr {
			return f, true
		}
	}
	for _, f := range e.Attrs {
		if f.Attr == attr {
			return f, true
		}
	}
	return Field{}, false
}

// MarshalJSON writes the Spec under the name of its kind: {"Light":{…}}.
func (e Entity) MarshalJSON() ([]byte, error) {
	type plain Entity
	var spec map[string]Spec
	if e.Spec != nil {
		spec = map[string]Spec{reflect.TypeOf(e.Spec).Name(): e.Spec}
	}
	return json.Marshal(struct {
		plain
		Spec map[string]Spec `json:"spec"`
	}{plain(e), spec})
}

// Role says what an entity is for. Main things have none.
type Role string

// The roles.
const (
	Primary    Role = ""
	Config     Role = "config"     // a setting
	Diagnostic Role = "diagnostic" // health of the device itself
)

// MakeKey turns a vendor's code into an entity key: camelCase split, lower case,
// other characters _, runs collapsed, a leading digit prefixed with x, at most 64
// bytes; words that mean something in the device's topics and JSON get a trailing _.
// It returns "x" when nothing is left.
func MakeKey(code string) string {
	var b strings.Builder
	prev := '_'
	rs := []rune(code)
	for i, r := range rs {
		switch {
		case r >= 'A' && r <= 'Z':
			lowerBefore := prev >= 'a' && prev <= 'z' || prev >= '0' && prev <= '9'
			startsWord := prev >= 'A' && prev <= 'Z' && i+1 < len(rs) && rs[i+1] >= 'a' && rs[i+1] <= 'z'
			if lowerBefore || startsWord {
				b.WriteByte('_')
			}
			b.WriteRune(r + 'a' - 'A')
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
		prev = r
	}
	key := collapse(b.String())
	if key == "" {
		return "x"
	}
	if key[0] >= '0' && key[0] <= '9' {
		key = "x" + key
	}
	if len(key) > maxKey {
		key = strings.TrimRight(key[:maxKey], "_")
	}
	if Reserved(key) {
		key += "_"
	}
	return key
}

const maxKey = 64

func collapse(s string) string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '_' })
	return strings.Join(parts, "_")
}

// Reserved tells the words that stand beside entity keys in topics and JSON, and so
// cannot be one.
func Reserved(key string) bool {
	switch key {
	case "set", "get", "result", "availability", "name", "area", "last_seen", "transaction", "value":
		return true
	}
	return false
}
