package aqara

import (
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// What a Studio writes in several ways: these types take them all.
type (
	list[T any] = loose.List[T]
	text        = loose.Text
	number      = loose.Number
	truth       = loose.Truth
)

// millis is a time in milliseconds since 1970; anything else is the zero time.
type millis struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (m *millis) UnmarshalJSON(raw []byte) error {
	m.Time = time.Time{}
	const year9999 = 253402300799000
	if f, ok := loose.ParseNumber(raw); ok && f > 0 && f <= year9999 {
		m.Time = time.UnixMilli(int64(f)).UTC()
	}
	return nil
}
