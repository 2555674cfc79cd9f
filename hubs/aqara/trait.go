package aqara

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// address names a trait inside its device. The code alone is never enough: the same
// one stands in several functions and endpoints.
type address struct {
	endpoint       int
	function, code string
}

func (a address) rule() string { return a.function + "." + a.code }

// sample is one value as it came, with the Studio's time for it.
type sample struct {
	raw json.RawMessage
	at  time.Time
	got time.Time // our time, of what was pushed; zero: it was polled
}

// values is what is known of a device.
type values map[address]sample

// after gives what is known once v was polled: v, but for what was pushed while the
// poll was under way and is newer, and what no poll brings.
func (v values) after(old values, asked time.Time) values {
	if v == nil {
		v = values{}
	}
	for a, was := range old {
		now, ok := v[a]
		if was.got.IsZero() || ok && (was.got.Before(asked) || !was.at.After(now.at)) {
			continue
		}
		v[a] = was
	}
	return v
}

// trait is one trait with what its device says about it. A nil trait is one that the
// device does not have: it reads as unknown and writes nothing.
type trait struct {
	address
	kind               string // Bool, Integer, Float, String, Enum, Struct, List[X], Data
	readable, writable bool
	min, max, step     number
	unit               hubs.Unit
	options            []option
}

// option is one word of an enumeration.
type option struct {
	slug, value string
}

func newTrait(a address, p *wireParam) *trait {
	t := &trait{
		address: a, kind: string(p.Type), readable: p.Readable.Or(true), writable: p.Writable.Or(false),
		min: p.Min, max: p.Max, step: p.Step, unit: hubs.ParseUnit(string(p.Unit)),
	}
	if t.min.Known && t.max.Known && t.min.F > t.max.F {
		t.min, t.max = number{}, number{}
	}
	if t.step.F <= 0 {
		t.step = number{}
	}
	if strings.EqualFold(t.kind, "enum") || strings.HasPrefix(strings.ToLower(t.kind), "enum") {
		t.kind = "Enum"
		t.options = optionsOf(a.code, p.choices())
	}
	return t
}

// admit adds values that the device has though it does not list them.
func (t *trait) admit(raws []string) {
	for _, raw := range raws {
		v := values{t.address: {raw: json.RawMessage(strconv.Quote(raw))}}
		if _, ok := v.option(t); ok || t.kind != "Enum" || raw == "" || len(raw) > maxWord {
			continue
		}
		slug := slugOf(raw)
		if n, err := strconv.Atoi(raw); err == nil {
			if word, ok := enums[t.code][n]; ok {
				slug = slugOf(word)
			}
		}
		if slug == "" || slices.Contains(t.words(), slug) {
			slug = raw
		}
		t.options = append(t.options, option{slug, raw})
	}
}

// optionsOf gives the device's own words, or those of the data model where the device
// lists none.
func optionsOf(code string, choices []wireChoice) []option {
	var out []option
	for _, c := range choices {
		value := strings.TrimSpace(string(c.Value))
		if value == "" {
			continue
		}
		slug := slugOf(string(c.Key))
		if slug == "" {
			slug = slugOf(value)
		}
		out = append(out, option{slug, value})
	}
	if len(out) > 0 {
		return out
	}
	table := enums[code]
	for n := range 256 {
		if word, ok := table[n]; ok {
			out = append(out, option{slugOf(word), strconv.Itoa(n)})
		}
	}
	return out
}

// slugOf turns a word of the vendor into one of ours: LowSpeed into low_speed.
func slugOf(word string) string {
	if strings.TrimSpace(word) == "" {
		return ""
	}
	slug := hubs.MakeKey(word)
	if slug == "x" && !strings.EqualFold(word, "x") {
		return strings.TrimSpace(word) // nothing Latin in it
	}
	if slug[0] == 'x' && word[0] >= '0' && word[0] <= '9' {
		slug = slug[1:]
	}
	if strings.HasSuffix(slug, "_") { // MakeKey's mark on reserved words; no key is made of this
		slug = strings.TrimRight(slug, "_")
	}
	return slug
}

// words lists the options, each once.
func (t *trait) words() []string {
	var out []string
	for _, o := range t.options {
		if !slices.Contains(out, o.slug) {
			out = append(out, o.slug)
		}
	}
	return out
}

func (t *trait) canWrite() bool { return t != nil && t.writable }
func (t *trait) canRead() bool  { return t != nil && t.readable }

// tells is false for what no poll brings and no push brought yet.
func (v values) tells(t *trait) bool {
	_, ok := v.raw(t)
	return t.readable || ok && !t.writable
}

func (v values) raw(t *trait) (json.RawMessage, bool) {
	if t == nil {
		return nil, false
	}
	s, ok := v[t.address]
	if !ok || len(s.raw) == 0 || string(s.raw) == "null" {
		return nil, false
	}
	return s.raw, true
}

// at is the newest time of these traits.
func (v values) at(traits ...*trait) time.Time {
	var newest time.Time
	for _, t := range traits {
		if t != nil && v[t.address].at.After(newest) {
			newest = v[t.address].at
		}
	}
	return newest
}

func (v values) num(t *trait) (float64, bool) {
	raw, ok := v.raw(t)
	if !ok {
		return 0, false
	}
	return loose.ParseNumber(raw)
}

func (v values) boolean(t *trait) (on, ok bool) {
	raw, ok := v.raw(t)
	if !ok {
		return false, false
	}
	return loose.ParseBool(raw)
}

// word gives the option's slug; false for values that the device did not announce.
func (v values) word(t *trait) (string, bool) {
	o, ok := v.option(t)
	return o.slug, ok
}

func (v values) option(t *trait) (option, bool) {
	raw, ok := v.raw(t)
	if !ok || len(t.options) == 0 {
		return option{}, false
	}
	s, _ := loose.Unquote(raw)
	if s = strings.TrimSpace(s); s == "" {
		return option{}, false
	}
	for _, o := range t.options {
		if o.value == s {
			return o, true
		}
	}
	if f, ok := loose.ParseNumber(raw); ok {
		for _, o := range t.options {
			if n, err := strconv.ParseFloat(o.value, 64); err == nil && n == f {
				return o, true
			}
		}
		return option{}, false
	}
	for _, o := range t.options {
		if o.slug == slugOf(s) {
			return o, true
		}
	}
	return option{}, false
}

// modelWord gives the data model's word for a value. Devices may call it otherwise:
// then the number decides, which is right where the numbers mean the same everywhere.
func (v values) modelWord(t *trait) (string, bool) {
	o, ok := v.option(t)
	if !ok {
		return "", false
	}
	table := enums[t.code]
	for _, word := range table {
		if slugOf(word) == o.slug {
			return o.slug, true
		}
	}
	n, err := strconv.Atoi(o.value)
	if word, known := table[n]; err == nil && known {
		return slugOf(word), true
	}
	return o.slug, true
}

// text is a value of any type for people, not longer than Home Assistant takes.
func (v values) text(t *trait) (string, bool) {
	raw, ok := v.raw(t)
	if !ok {
		return "", false
	}
	s, quoted := loose.Unquote(raw)
	if !quoted && len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
		if flat, err := json.Marshal(raw); err == nil {
			s = string(flat)
		}
	}
	return short(s), true
}

const maxText = 255

// write is one new value, as the Studio wants it, or one order.
type write struct {
	t     *trait
	value any
	order *order
	args  []arg
}

func (t *trait) set(value any) write { return write{t: t, value: value} }

// setNum brings f into the device's range and onto its step.
func (t *trait) setNum(f float64) write {
	const most = 1e15 // beyond that, rounding to a step means nothing
	f = min(max(f, -most), most)
	if t.step.Known {
		base := 0.0
		if t.min.Known {
			base = t.min.F
		}
		f = base + math.Round((f-base)/t.step.F)*t.step.F
		f = math.Round(f*1e9) / 1e9 // no 21.500000000000004
		if t.max.Known && f > t.max.F {
			f = base + math.Floor((t.max.F-base)/t.step.F+1e-9)*t.step.F
		}
	}
	if t.min.Known {
		f = max(f, t.min.F)
	}
	if t.max.Known {
		f = min(f, t.max.F)
	}
	if strings.EqualFold(t.kind, "integer") {
		// The Studio takes an integer only without a decimal point.
		return t.set(int64(math.Round(min(max(f, math.MinInt32), math.MaxUint32))))
	}
	return t.set(f)
}

// setWord chooses by slug; the first of several values of one name.
func (t *trait) setWord(slug string) (write, error) {
	for _, o := range t.options {
		if o.slug == slug {
			return t.set(o.value), nil
		}
	}
	return write{}, invalid("%s does not know %q", t.code, slug)
}

func invalid(format string, args ...any) error {
	return &hubs.Error{Fault: hubs.Invalid, Err: fmt.Errorf("aqara: "+format, args...)}
}
