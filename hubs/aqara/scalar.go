package aqara

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// What a Studio writes in several ways: these types take them all.

// list is an array, or empty whatever else stands there.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(raw []byte) error {
	*l = nil
	if len(raw) == 0 || raw[0] != '[' {
		return nil
	}
	return json.Unmarshal(raw, (*[]T)(l))
}

// text is a string, or a number as it is written; anything else is empty.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	*t = ""
	switch {
	case len(raw) == 0:
	case raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = text(s)
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		*t = text(raw)
	}
	return nil
}

// number is a JSON number, or one in a string; anything else is not known.
type number struct {
	known bool
	f     float64
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(raw []byte) error {
	f, ok := parseNumber(raw)
	*n = number{ok, f}
	return nil
}

// whole is the number as an endpoint's or an error's; negative if it is none.
func (n number) whole() int {
	if !n.known || n.f != math.Trunc(n.f) || n.f < 0 || n.f > math.MaxInt32 {
		return -1
	}
	return int(n.f)
}

// truth is true, false, 1, 0 or one of these in a string; anything else is not known.
type truth struct{ known, on bool }

// UnmarshalJSON implements json.Unmarshaler.
func (f *truth) UnmarshalJSON(raw []byte) error {
	on, ok := parseBool(raw)
	*f = truth{ok, on}
	return nil
}

func (f truth) or(other bool) bool {
	if f.known {
		return f.on
	}
	return other
}

// millis is a time in milliseconds since 1970; anything else is the zero time.
type millis struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (m *millis) UnmarshalJSON(raw []byte) error {
	m.Time = time.Time{}
	const year9999 = 253402300799000
	if f, ok := parseNumber(raw); ok && f > 0 && f <= year9999 {
		m.Time = time.UnixMilli(int64(f)).UTC()
	}
	return nil
}

// unquote gives the text of a JSON string, or raw as it is.
func unquote(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return string(raw), false
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", true
	}
	return s, true
}

func parseNumber(raw []byte) (float64, bool) {
	s, quoted := unquote(raw)
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

func parseBool(raw []byte) (on, ok bool) {
	s, _ := unquote(raw)
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "1.0", "on":
		return true, true
	case "false", "0", "0.0", "off":
		return false, true
	}
	return false, false
}
