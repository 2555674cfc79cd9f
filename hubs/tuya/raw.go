package tuya

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// Data points whose bytes have a meaning of their own.

// unbase64 gives the bytes of a Raw value; nil where there are none.
func unbase64(raw json.RawMessage) []byte {
	s, quoted := loose.Unquote(raw)
	if !quoted {
		return nil
	}
	s = strings.TrimRight(strings.TrimSpace(s), "=")
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// wideText reads UTF-16 of the higher byte first, as alarm hosts write messages.
func wideText(raw json.RawMessage) string {
	b := unbase64(raw)
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, binary.BigEndian.Uint16(b[i:]))
	}
	return oneLine(string(utf16.Decode(units)))
}

// narrowText reads UTF-8 in base64; what is none is a text already.
func narrowText(raw json.RawMessage) string {
	if b := unbase64(raw); b != nil && utf8.Valid(b) {
		return string(b)
	}
	s, _ := loose.Unquote(raw)
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// mealPlan tells what a feeder gives and when: every day 04:00 ×2 off; Mon Wed 18:30 ×1.
func mealPlan(raw json.RawMessage) string {
	const size = 5
	b := unbase64(raw)
	var out []string
	for ; len(b) >= size; b = b[size:] {
		if b[1] > 23 || b[2] > 59 {
			return "" // a product that writes it otherwise
		}
		meal := fmt.Sprintf("%s %02d:%02d ×%d", weekdays(b[0]), b[1], b[2], b[3])
		if b[4] == 0 {
			meal += " off"
		}
		out = append(out, meal)
	}
	return strings.Join(out, "; ")
}

// weekdays reads a set of days, Monday first.
func weekdays(bits byte) string {
	switch bits & 0x7f {
	case 0x7f:
		return "every day"
	case 0:
		return "once"
	}
	var out []string
	for i, day := range strings.Fields("Mon Tue Wed Thu Fri Sat Sun") {
		if bits>>i&1 == 1 {
			out = append(out, day)
		}
	}
	return strings.Join(out, " ")
}

// decoded is a text that bytes stand for. It cannot be written.
type decoded struct {
	d      *datum
	decode func(json.RawMessage) string
}

func (b *builder) decoded(d *datum, decode func(json.RawMessage) string) part {
	r, ok := textRules.find(b.category, d.norm)
	s := hubs.Sensor{Kind: hubs.KindText}
	if !ok {
		return b.other(d, s, &decoded{d, decode})
	}
	return part{entity: b.entity(d, r, s), unit: &decoded{d, decode}}
}

func (u *decoded) uses() []*datum { return []*datum{u.d} }

func (u *decoded) read(v values, say sayer) {
	raw, _ := v.raw(u.d)
	s := u.decode(raw)
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest-1]) + "…"
	}
	say.text(hubs.Main, s, s != "", v.at(u.d))
}

func (u *decoded) write(cmd *hubs.Command, _ values) ([]write, error) {
	return nil, readOnly(cmd.Entity)
}
