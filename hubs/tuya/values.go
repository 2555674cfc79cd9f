package tuya

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// datum is a data point of a product: what is reported and what can be written.
type datum struct {
	code string // on the wire
	key  string // what its entity is called by: the code, or a better one
	norm string // the key as tables know it: lower case, words parted by _
	dp   int
	name string // the maker's
	// fn is how it is written, st how it is reported; one of them may be nil.
	fn, st   *typed
	property bool
}

// shown is the type that readings go by.
func (d *datum) shown() *typed {
	if d.st != nil {
		return d.st
	}
	return d.fn
}

// control is the type that commands go by; read-only data points have one too.
func (d *datum) control() *typed {
	if d.fn != nil {
		return d.fn
	}
	return d.st
}

func (d *datum) writable() bool { return d != nil && d.fn != nil }

func (d *datum) set(v any) write { return write{Code: d.code, Value: v, Property: d.property} }

// setNum writes a real number.
func (d *datum) setNum(n float64) write { return d.set(whole(d.control().raw(n))) }

// whole makes a JSON integer of a number.
func whole(n float64) int64 {
	const most = 1 << 53 // beyond that there are no whole numbers to tell apart
	return int64(min(max(n, -most), most))
}

// integer is the side of d that is an Integer, for its range and scale.
func (d *datum) integer() *typed {
	if t := d.shown(); t.kind == typeInt || !d.fn.is(typeInt) {
		return t
	}
	return d.fn
}

// sample is the last report of a data point.
type sample struct {
	raw json.RawMessage
	at  time.Time
}

// values are the last reports, by code.
type values map[string]sample

// none tells reports that say nothing: null, and an empty text whatever the type.
func none(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" || string(raw) == `""` }

// raw gives what was reported of d; false where nothing was.
func (v values) raw(d *datum) (json.RawMessage, bool) {
	if d == nil {
		return nil, false
	}
	s, ok := v[d.code]
	if !ok || none(s.raw) {
		return nil, false
	}
	return s.raw, true
}

// at is the time of the latest report of any of them.
func (v values) at(ds ...*datum) (at time.Time) {
	for _, d := range ds {
		if d == nil {
			continue
		}
		if s := v[d.code]; s.at.After(at) {
			at = s.at
		}
	}
	return at
}

func (v values) boolean(d *datum) (on, ok bool) {
	raw, ok := v.raw(d)
	if !ok {
		return false, false
	}
	return loose.ParseBool(raw)
}

// number is the raw value of an Integer; not known where it lies outside its range.
func (v values) number(d *datum) (float64, bool) {
	raw, ok := v.raw(d)
	if !ok {
		return 0, false
	}
	f, ok := loose.ParseNumber(raw)
	if t := d.integer(); ok && t.kind == typeInt && t.bounded() && (f < t.min || f > t.max) {
		return 0, false
	}
	return f, ok
}

// real is the number that an Integer stands for.
func (v values) real(d *datum) (float64, bool) {
	f, ok := v.number(d)
	if !ok {
		return 0, false
	}
	return d.integer().real(f), true
}

// text is a report as a text: numbers and truths as they are written.
func (v values) text(d *datum) (string, bool) {
	raw, ok := v.raw(d)
	if !ok {
		return "", false
	}
	s, _ := loose.Unquote(raw)
	return s, s != ""
}

// option is a word of an Enum's range; other words are not known.
func (v values) option(d *datum) (string, bool) {
	s, ok := v.text(d)
	if !ok || !slices.Contains(d.options(), s) {
		return "", false
	}
	return s, true
}

// options are the words that an Enum can have, those that can be written first.
func (d *datum) options() []string {
	var out []string
	for _, t := range []*typed{d.fn, d.st} {
		if t == nil {
			continue
		}
		for _, o := range t.options {
			if !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

// sayer takes what a unit reads; values that are not known included.
type sayer func(attr hubs.Attr, v hubs.Value, at time.Time)

func (s sayer) bool(a hubs.Attr, b, ok bool, at time.Time) {
	if ok {
		s(a, hubs.Bool(b), at)
		return
	}
	s(a, hubs.Value{}, at)
}

func (s sayer) num(a hubs.Attr, f float64, ok bool, at time.Time) {
	if ok {
		s(a, hubs.Num(f), at)
		return
	}
	s(a, hubs.Value{}, at)
}

func (s sayer) text(a hubs.Attr, w string, ok bool, at time.Time) {
	if ok {
		s(a, hubs.Str(w), at)
		return
	}
	s(a, hubs.Value{}, at)
}

// bits is the value of a Bitmap.
func (v values) bits(d *datum) (uint64, bool) {
	raw, ok := v.raw(d)
	if !ok {
		return 0, false
	}
	f, ok := loose.ParseNumber(raw)
	if !ok || f < 0 || f >= 1<<63 {
		return 0, false
	}
	return uint64(f), true
}
