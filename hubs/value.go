package hubs

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Kind is what a Value holds.
type Kind uint8

// The kinds of values. KindUnknown is the zero Value's.
const (
	KindUnknown Kind = iota
	KindBool
	KindNumber
	KindText
	KindTime
)

// String names the kind for messages to people.
func (k Kind) String() string {
	switch k {
	case KindBool:
		return "on/off"
	case KindNumber:
		return "a number"
	case KindText:
		return "a text"
	case KindTime:
		return "a time"
	case KindUnknown:
	}
	return "unknown"
}

// Value is a bool, a number, a text, a time or unknown (its zero). Values compare
// with ==.
type Value struct {
	kind Kind
	num  float64
	text string
}

// Bool is the Value of b.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, num: 1}
	}
	return Value{kind: KindBool}
}

// Num is the Value of f; unknown for NaN and the infinities.
func Num(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}
	}
	return Value{kind: KindNumber, num: f + 0} // +0 makes -0 equal 0, also when printed
}

// Str is the Value of s, the empty text included.
func Str(s string) Value { return Value{kind: KindText, text: s} }

// Time is the Value of t, in whole milliseconds UTC; unknown for the zero time and for
// years that RFC 3339 cannot tell.
func Time(t time.Time) Value {
	t = t.UTC().Truncate(time.Millisecond)
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return Value{}
	}
	return Value{kind: KindTime, text: t.Format(time.RFC3339Nano)}
}

// Kind tells which of the accessors answers.
func (v Value) Kind() Kind { return v.kind }

// Known is false for the zero Value.
func (v Value) Known() bool { return v.kind != KindUnknown }

// Bool reports the bool, and whether v holds one.
func (v Value) Bool() (b, ok bool) { return v.num != 0, v.kind == KindBool }

// Num reports the number, and whether v holds one.
func (v Value) Num() (f float64, ok bool) { return v.num, v.kind == KindNumber }

// Text reports the text (of a time: RFC 3339 UTC), and whether v holds one.
func (v Value) Text() (s string, ok bool) {
	return v.text, v.kind == KindText || v.kind == KindTime
}

// String is v for logs and messages to people.
func (v Value) String() string {
	switch v.kind {
	case KindBool:
		if v.num != 0 {
			return "on"
		}
		return "off"
	case KindNumber:
		return strconv.FormatFloat(v.num, 'f', -1, 64)
	case KindText, KindTime:
		return v.text
	case KindUnknown:
	}
	return "unknown"
}

// MarshalJSON gives true, 1.5, "text" or null.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case KindBool:
		return strconv.AppendBool(nil, v.num != 0), nil
	case KindNumber:
		return json.Marshal(v.num)
	case KindText, KindTime:
		return json.Marshal(v.text)
	case KindUnknown:
	}
	return []byte("null"), nil
}

// Round gives v to so many decimals; anything but a number is returned as it is, and so
// is a number too large to have that many. Beyond 1e299 it may be unknown.
func (v Value) Round(decimals int) Value {
	if v.kind != KindNumber || decimals < 0 || decimals > 9 {
		return v
	}
	p := math.Pow10(decimals)
	units := v.num * p
	if math.Abs(units) >= 1<<51 && !math.IsInf(units, 0) {
		return v
	}
	return Num(math.Round(units) / p)
}

// Point addresses one value of a device.
type Point struct {
	Entity string `json:"entity"`
	Attr   Attr   `json:"attr"`
}

// PointValue is one value and the vendor's time for it (zero: the vendor gives none).
type PointValue struct {
	Point
	Value Value     `json:"value"`
	At    time.Time `json:"at,omitzero"`
}

// Happening is something that happened once at an event entity: a press, a ring.
// Equal ones are two.
type Happening struct {
	Entity string           `json:"entity"`
	Type   string           `json:"type"`
	Data   map[string]Value `json:"data,omitempty"`
	At     time.Time        `json:"at,omitzero"`
}

// Reading is news of one device.
type Reading struct {
	Device DeviceID `json:"device"`
	// Online is nil where the news do not tell.
	Online *bool `json:"online,omitempty"`
	// Full means that Values are all there are: what is missing became unknown.
	Full   bool         `json:"full,omitempty"`
	Values []PointValue `json:"values,omitempty"`
	Events []Happening  `json:"events,omitempty"`
	// Seen is the vendor's time of the device's last report; zero: not told.
	Seen time.Time `json:"seen,omitzero"`
}
