package tuya

import (
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// single makes the parts of a data point that belongs to no larger one. There is always
// one.
func (b *builder) single(d *datum) []part {
	if ps := b.special(d); ps != nil {
		return ps
	}
	switch d.control().kind {
	case typeBool:
		return []part{b.boolean(d)}
	case typeInt:
		return []part{b.integer(d)}
	case typeEnum:
		return []part{b.enum(d)}
	case typeBitmap:
		return b.bitmap(d)
	case typeString, typeJSON, typeRaw, typeOther:
	}
	return []part{b.text(d)}
}

// special makes what only a code's meaning tells.
func (b *builder) special(d *datum) []part {
	if ps := b.phase(d); ps != nil {
		return ps
	}
	if p, ok := b.event(d); ok {
		return []part{p}
	}
	if d.norm == "shock_state" && d.shown().kind == typeEnum {
		return b.shocks(d)
	}
	if r, ok := binaryRules.find(b.category, d.norm); ok && r.on != "" && d.shown().is(typeRaw, typeString) {
		return []part{{entity: b.entity(d, r, hubs.Binary{}), unit: &onOff{d: d, on: strings.Fields(r.on), rest: true}}}
	}
	if decode := decoders[d.norm]; decode != nil && !d.shown().is(typeBool, typeInt, typeEnum, typeBitmap) {
		return []part{b.decoded(d, decode)}
	}
	return nil
}

func (b *builder) entity(d *datum, r rule, s hubs.Spec) hubs.Entity {
	return hubs.Entity{Key: d.key, Name: b.called(r, d), Role: r.role, Class: r.class, Hidden: r.hidden, Spec: s}
}

// other is the part of a setting or detail that is what its type says; generic where no
// table knows even its name.
func (b *builder) other(d *datum, s hubs.Spec, u unit) part {
	e := hubs.Entity{Key: d.key, Name: title(d), Hidden: true, Spec: s, Role: hubs.Config}
	switch s.(type) {
	case hubs.Sensor, hubs.Binary:
		e.Role = hubs.Diagnostic
	}
	r, known := detailRules.find(b.category, d.norm)
	if known {
		e.Name, e.Hidden = b.called(r, d), r.hidden
		if f, ok := e.Field(hubs.Main); ok && isTime(f.Unit) {
			e.Class = hubs.Duration
		}
	}
	return part{entity: e, unit: u, generic: !known}
}

func isTime(u hubs.Unit) bool {
	return slices.Contains([]hubs.Unit{hubs.Millisecond, hubs.Second, hubs.Minute, hubs.Hour, hubs.Day}, u)
}

func (b *builder) boolean(d *datum) part {
	u := &onOff{d: d}
	if d.st.is(typeEnum) { // written as a truth, reported as a word
		u.on = onWords(d.st.options, "")
	}
	if r, ok := binaryRules.find(b.category, d.norm); ok && (d.fn == nil || !r.may) {
		return part{entity: b.entity(d, r, hubs.Binary{}), unit: u}
	}
	s := hubs.Switch{WriteOnly: d.st == nil}
	if d.fn == nil {
		if r, ok := switchRules.find(b.category, d.norm); ok {
			if slices.Contains([]hubs.Class{hubs.Outlet, hubs.SwitchClass, hubs.Water}, r.class) {
				r.class = hubs.NoClass
			}
			return part{entity: b.entity(d, r, hubs.Binary{}), unit: u}
		}
		return b.other(d, hubs.Binary{}, u)
	}
	if r, ok := buttonRules.find(b.category, d.norm); ok {
		return part{entity: b.entity(d, r, hubs.Button{}), unit: &press{d}}
	}
	if r, ok := sirenRules.find(b.category, d.norm); ok {
		return part{entity: b.entity(d, r, hubs.Siren{}), unit: u}
	}
	if r, ok := valveRules.find(b.category, d.norm); ok {
		return part{entity: b.entity(d, r, hubs.Valve{}), unit: &valve{d}}
	}
	if r, ok := switchRules.find(b.category, d.norm); ok {
		return part{entity: b.entity(d, r, s), unit: u}
	}
	return b.other(d, s, u)
}

// integer makes a sensor of what is measured, a number of what can be set.
func (b *builder) integer(d *datum) part {
	sensor, isSensor := sensorRules.find(b.category, d.norm)
	number, isNumber := numberRules.find(b.category, d.norm)
	switch {
	case isNumber && d.fn != nil && (!isSensor || sensor.may):
		return b.number(d, number)
	case isSensor && (d.fn == nil || !sensor.may):
		return b.sensor(d, sensor)
	case d.fn != nil:
		p := b.number(d, rule{})
		return b.other(d, p.entity.Spec, p.unit)
	case isNumber:
		number.role = hubs.Diagnostic
		return b.sensor(d, number)
	}
	if r, ok := guess(d); ok {
		return b.sensor(d, r)
	}
	p := b.sensor(d, rule{})
	return b.other(d, p.entity.Spec, p.unit)
}

func (b *builder) sensor(d *datum, r rule) part {
	t := d.integer()
	u := &number{d: d, factor: 1, sensor: true}
	unit := b.unitOf(d)
	if unit == "" {
		unit = r.unit
	}
	unit, u.factor = convert(r.class, unit)
	if r.class == hubs.PrecipitationRate && unit == "mm" {
		unit = "mm/h"
	}
	if r.class == hubs.Conductivity && strings.EqualFold(string(unit), "us") {
		unit = "μS/cm"
	}
	if r.class == hubs.PH {
		unit = ""
	}
	u.decimals = t.scale
	if u.factor < 1 {
		u.decimals += 3
	}
	adds := r.adds
	if t.sum && adds != hubs.Total {
		adds = hubs.Increasing
	}
	s := hubs.Sensor{Unit: unit, Decimals: u.decimals, Accumulates: adds, Deltas: t.sum}
	return part{entity: b.entity(d, r, s), unit: u}
}

func (b *builder) number(d *datum, r rule) part {
	t := d.fn
	unit := b.unitOf(d)
	if unit == "" {
		unit = r.unit
	}
	s := hubs.Number{Unit: unit, WriteOnly: d.st == nil}
	s.Min, s.Max, s.Step = t.bounds()
	if !t.bounded() {
		s.Min, s.Max = 0, 0
	}
	return part{entity: b.entity(d, r, s), unit: &number{d: d, factor: 1, decimals: t.scale}}
}

// enum makes a yes or no of what is one, a choice of what can be set, a sensor of the
// rest.
func (b *builder) enum(d *datum) part {
	if r, ok := binaryRules.find(b.category, d.norm); ok && (d.fn == nil || !r.may) {
		if on := onWords(d.options(), r.on); len(on) > 0 {
			return part{entity: b.entity(d, r, hubs.Binary{}), unit: &onOff{d: d, on: on}}
		}
		r.class = hubs.NoClass
		return part{entity: b.entity(d, r, hubs.Sensor{Kind: hubs.KindText, Options: d.options()}), unit: &choices{d: d}}
	}
	sensor, isSensor := sensorRules.find(b.category, d.norm)
	choice, isChoice := choiceRules.find(b.category, d.norm)
	u := &choices{d: d}
	switch {
	case d.fn != nil && len(d.fn.options) > 0 && (isChoice && (!isSensor || sensor.may) || !isSensor || sensor.may):
		s := hubs.Choice{Options: d.fn.options, WriteOnly: d.st == nil}
		if isChoice {
			return part{entity: b.entity(d, choice, s), unit: u}
		}
		return b.other(d, s, u)
	case isSensor:
		sensor.class = hubs.NoClass
		if d.norm == "wind_direct" && compass(d.options()) {
			sensor.class = hubs.WindDirection
			return part{entity: b.entity(d, sensor, hubs.Sensor{Unit: hubs.Degree, Decimals: 1, Accumulates: hubs.Angle}), unit: &bearing{d}}
		}
		return part{entity: b.entity(d, sensor, hubs.Sensor{Kind: hubs.KindText, Options: d.options()}), unit: u}
	case isChoice:
		choice.role = hubs.Diagnostic
		return part{entity: b.entity(d, choice, hubs.Sensor{Kind: hubs.KindText, Options: d.options()}), unit: u}
	}
	return b.other(d, hubs.Sensor{Kind: hubs.KindText, Options: d.options()}, u)
}

// onWords are the words that mean yes: those listed that the range has, else those that
// mean it everywhere.
func onWords(options []string, listed string) []string {
	for _, words := range []string{listed, "alarm open opened presence pir motion detected true on yes leak fire"} {
		var out []string
		for w := range strings.FieldsSeq(words) {
			if slices.Contains(options, w) {
				out = append(out, w)
			}
		}
		if out != nil {
			return out
		}
	}
	if len(options) > 0 && !slices.ContainsFunc(options, func(o string) bool { return !isNo(o) }) {
		return strings.Fields(listed) // it only tells the no
	}
	return nil
}

func isNo(word string) bool {
	return slices.Contains([]string{"normal", "none", "no", "close", "closed", "off", "false", "0", "idle"}, word)
}

// bitmap makes one problem of all faults, and one of each that people know by name.
func (b *builder) bitmap(d *datum) []part {
	t := d.shown()
	var out []part
	for i, label := range t.labels {
		r, ok := faultRules.find(b.category, normal(label))
		if !ok {
			continue
		}
		out = append(out, part{
			entity: hubs.Entity{Key: bitKey(d, label), Name: r.name, Role: hubs.Diagnostic, Class: hubs.Problem, Spec: hubs.Binary{}},
			unit:   &bit{d, i},
		})
	}
	e := hubs.Entity{
		Key: d.key, Name: title(d), Role: hubs.Diagnostic, Class: hubs.Problem, Spec: hubs.Binary{},
		Attrs: []hubs.Field{{Attr: activeAttr, Kind: hubs.KindText}},
	}
	r, known := faultRules.find("", d.norm)
	if known {
		e.Name = r.name
	}
	if !isFault(d.norm) { // what is set need not be a trouble
		e.Class, e.Hidden = hubs.NoClass, true
	}
	return append(out, part{entity: e, unit: &faults{d}, generic: !known && !isFault(d.norm)})
}

// bitKey names a fault: some labels are enough by themselves, as Home Assistant has it.
func bitKey(d *datum, label string) string {
	if slices.Contains([]string{"tankfull", "defrost", "wet"}, label) {
		return label
	}
	return d.key + "_" + label
}

func isFault(code string) bool {
	return slices.ContainsFunc([]string{"fault", "alarm", "error", "warn", "alert"}, func(w string) bool { return strings.Contains(code, w) })
}

// activeAttr names the labels that are set, beside a problem.
const activeAttr hubs.Attr = "active"

// shocks makes a yes or no of each thing that a vibration sensor can feel.
func (b *builder) shocks(d *datum) []part {
	var out []part
	for _, w := range d.options() {
		if r, ok := shockRules[w]; ok {
			out = append(out, part{
				entity: hubs.Entity{Key: d.key + "_" + w, Name: r.name, Class: r.class, Spec: hubs.Binary{}},
				unit:   &onOff{d: d, on: []string{w}},
			})
		}
	}
	return out
}

// text makes a text of what has no better form.
func (b *builder) text(d *datum) part {
	u := &plain{d: d, max: longest}
	r, ok := textRules.find(b.category, d.norm)
	if d.fn == nil || d.fn.kind == typeJSON { // an object that only the maker's app can make
		s := hubs.Sensor{Kind: hubs.KindText}
		if ok {
			if r.role == hubs.Config {
				r.role = hubs.Diagnostic
			}
			return part{entity: b.entity(d, r, s), unit: u}
		}
		return b.other(d, s, u)
	}
	s := hubs.Text{WriteOnly: d.st == nil}
	if n := d.fn.maxLen; d.fn.kind == typeString && n > 0 {
		s.Max = min(n, longest)
	} else {
		s.Max = longest
	}
	u.max = s.Max
	if ok {
		return part{entity: b.entity(d, r, s), unit: u}
	}
	return b.other(d, s, u)
}

// longest is how long a text can be where it is shown.
const longest = 255
