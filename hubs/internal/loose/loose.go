// Package loose holds JSON values that vendors write in several ways. Decoding one never
// fails: what makes no sense is empty or not known.
package loose

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// List is an array, or empty whatever else stands there.
type List[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *List[T]) UnmarshalJSON(raw []byte) error {
	*l = nil
	if len(raw) == 0 || raw[0] != '[' {
		return nil
	}
	return json.Unmarshal(raw, (*[]T)(l))
}

// Text is a string, or a number as it is written; anything else is empty.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(raw []byte) error {
	*t = ""
	switch {
	case len(raw) == 0:
	case raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = Text(s)
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		*t = Text(raw)
	}
	return nil
}

// Number is a JSON number, or one in a string; anything else is not known.
type Number struct {
	Known bool
	F     float64
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(raw []byte) error {
	f, ok := ParseNumber(raw)
	*n = Number{ok, f}
	return nil
}

// Whole is the number as an id or a code; negative if it is none.
func (n Number) Whole() int {
	if !n.Known || n.F != math.Trunc(n.F) || n.F < 0 || n.F > math.MaxInt32 {
		return -1
	}
	return int(n.F)
}

// Truth is true, false, 1, 0 or one of these in a string; anything else is not known.
type Truth struct{ Known, On bool }

// UnmarshalJSON implements json.Unmarshaler.
func (f *Truth) UnmarshalJSON(raw []byte) error {
	on, ok := ParseBool(raw)
	*f = Truth{ok, on}
	return nil
}

// Or gives other where nothing is known.
func (f Truth) Or(other bool) bool {
	if f.Known {
		return f.On
	}
	return other
}

// Time is a time in seconds or milliseconds since 1970, whichever makes sense; anything
// else is the zero time.
type Time struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (m *Time) UnmarshalJSON(raw []byte) error {
	m.Time = time.Time{}
	const (
		year9999 = 253402300799000
		seconds  = 1e11 // more than that are milliseconds
	)
	f, ok := ParseNumber(raw)
	switch {
	case !ok || f <= 0 || f > year9999:
	case f > seconds:
		m.Time = time.UnixMilli(int64(f)).UTC()
	default:
		m.Time = time.UnixMilli(int64(f * 1000)).UTC()
	}
	return nil
}

// Unquote gives the text of a JSON string, or raw as it is.
func Unquote(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return string(raw), false
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", true
	}
	return s, true
}

// ParseNumber reads a JSON number, or one in a string.
func ParseNumber(raw []byte) (float64, bool) {
	s, quoted := Unquote(raw)
	if s = strings.TrimSpace(s); s == "" {
		return 0, false
	}
	// ParseFloat knows words such as Inf and forms such as 0x10 that are no numbers here.
	if c := s[len(s)-1]; c < '0' || c > '9' || quoted && strings.ContainsAny(s, "xXpP_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}

// ParseBool reads true, false, 1, 0, on, off, also in a string.
func ParseBool(raw []byte) (on, ok bool) {
	s, _ := Unquote(raw)
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "1.0", "on":
		return true, true
	case "false", "0", "0.0", "off":
		return false, true
	}
	return false, false
}
