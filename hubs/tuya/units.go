package tuya

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// What stands behind the entities of one data point.

// onOff is a yes or no: a Boolean, or an Enum with words that mean yes.
type onOff struct {
	d  *datum
	on []string
	// rest: every other word means no, not only those that the range has.
	rest bool
}

func (u *onOff) uses() []*datum { return []*datum{u.d} }

func (u *onOff) read(v values, say sayer) {
	on, ok := v.boolean(u.d)
	if u.on != nil && (!ok || u.d.shown().is(typeEnum)) {
		w, known := v.text(u.d)
		on = slices.Contains(u.on, w)
		ok = known && (on || u.rest || isNo(w) || slices.Contains(u.d.options(), w))
	}
	say.bool(hubs.On, on, ok, v.at(u.d))
}

func (u *onOff) write(cmd *hubs.Command, _ values) ([]write, error) {
	on, ok := boolOf(cmd, hubs.On)
	if !ok || !u.d.fn.is(typeBool) {
		return nil, readOnly(cmd.Entity)
	}
	return []write{u.d.set(on)}, nil
}

// press is a Boolean that does something when set.
type press struct{ d *datum }

func (u *press) uses() []*datum { return nil }

func (u *press) read(values, sayer) {}

func (u *press) write(*hubs.Command, values) ([]write, error) { return []write{u.d.set(true)}, nil }

// valve lets water through, or not.
type valve struct{ d *datum }

func (u *valve) uses() []*datum { return []*datum{u.d} }

func (u *valve) read(v values, say sayer) {
	on, ok := v.boolean(u.d)
	place := 0.0
	if on {
		place = 100
	}
	say.num(hubs.Position, place, ok, v.at(u.d))
}

func (u *valve) write(cmd *hubs.Command, _ values) ([]write, error) {
	p, ok := numOf(cmd, hubs.Position)
	if !ok {
		return nil, invalid("%s can only be opened and closed", cmd.Entity)
	}
	return []write{u.d.set(p > 0)}, nil
}

// number is an Integer, shown as the number that it stands for.
type number struct {
	d        *datum
	factor   float64 // from the maker's unit to ours
	decimals int
	sensor   bool
}

func (u *number) uses() []*datum { return []*datum{u.d} }

func (u *number) read(v values, say sayer) {
	f, ok := v.real(u.d)
	say.num(hubs.Main, round(f*u.factor, u.decimals), ok, v.at(u.d))
}

func (u *number) write(cmd *hubs.Command, _ values) ([]write, error) {
	f, ok := numOf(cmd, hubs.Main)
	if !ok || u.sensor || !u.d.writable() {
		return nil, readOnly(cmd.Entity)
	}
	return []write{u.d.setNum(f)}, nil
}

// choices is an Enum.
type choices struct{ d *datum }

func (u *choices) uses() []*datum { return []*datum{u.d} }

func (u *choices) read(v values, say sayer) {
	w, ok := v.text(u.d)
	if len(u.d.options()) > 0 {
		ok = ok && slices.Contains(u.d.options(), w)
	}
	if t := u.d.fn; ok && t != nil && len(t.options) > 0 {
		ok = slices.Contains(t.options, w)
	}
	say.text(hubs.Main, w, ok && utf8.ValidString(w), v.at(u.d))
}

func (u *choices) write(cmd *hubs.Command, _ values) ([]write, error) {
	word, ok := textOf(cmd, hubs.Main)
	if !ok || !u.d.writable() {
		return nil, readOnly(cmd.Entity)
	}
	w, err := u.d.setWord(word)
	return []write{w}, err
}

// bearing is a direction in words, as degrees.
type bearing struct{ d *datum }

func (u *bearing) uses() []*datum { return []*datum{u.d} }

func (u *bearing) read(v values, say sayer) {
	w, _ := v.text(u.d)
	i := slices.Index(bearings[:], w)
	say.num(hubs.Main, float64(i)*360/float64(len(bearings)), i >= 0, v.at(u.d))
}

func (u *bearing) write(cmd *hubs.Command, _ values) ([]write, error) {
	return nil, readOnly(cmd.Entity)
}

// compass tells ranges whose words are directions.
func compass(options []string) bool {
	return len(options) > 0 && !slices.ContainsFunc(options, func(o string) bool { return !slices.Contains(bearings[:], o) })
}

// faults is a bitmap: on while any bit is set, with the names of those that are.
type faults struct{ d *datum }

func (u *faults) uses() []*datum { return []*datum{u.d} }

func (u *faults) read(v values, say sayer) {
	f, ok := v.bits(u.d)
	at := v.at(u.d)
	say.bool(hubs.On, f != 0, ok, at)
	var active []string
	for i := range 64 {
		if f>>i&1 == 0 {
			continue
		}
		label := "bit " + itoa(i)
		if labels := u.d.shown().labels; i < len(labels) && labels[i] != "" {
			label = labels[i]
		}
		active = append(active, label)
	}
	say.text(activeAttr, strings.Join(active, ", "), ok, at)
}

func (u *faults) write(cmd *hubs.Command, _ values) ([]write, error) {
	return nil, readOnly(cmd.Entity)
}

// bit is one bit of a bitmap.
type bit struct {
	d *datum
	n int
}

func (u *bit) uses() []*datum { return []*datum{u.d} }

func (u *bit) read(v values, say sayer) {
	f, ok := v.bits(u.d)
	say.bool(hubs.On, f>>u.n&1 == 1, ok, v.at(u.d))
}

func (u *bit) write(cmd *hubs.Command, _ values) ([]write, error) { return nil, readOnly(cmd.Entity) }

// plain is a text as it comes, or JSON as it is written.
type plain struct {
	d   *datum
	max int // characters
}

func (u *plain) uses() []*datum { return []*datum{u.d} }

func (u *plain) read(v values, say sayer) {
	s, ok := v.text(u.d)
	if utf8.RuneCountInString(s) > u.max || !utf8.ValidString(s) {
		ok = false // a part of it would be taken for the whole
	}
	say.text(hubs.Main, s, ok, v.at(u.d))
}

func (u *plain) write(cmd *hubs.Command, _ values) ([]write, error) {
	s, ok := textOf(cmd, hubs.Main)
	if !ok || !u.d.writable() {
		return nil, readOnly(cmd.Entity)
	}
	if u.d.fn.kind == typeJSON {
		return nil, readOnly(cmd.Entity)
	}
	if u.d.fn.kind == typeRaw {
		if _, err := base64.StdEncoding.DecodeString(s); err != nil {
			return nil, invalid("%s takes bytes in base64", cmd.Entity)
		}
	}
	return []write{u.d.set(s)}, nil
}
