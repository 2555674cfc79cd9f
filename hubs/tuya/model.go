package tuya

import (
	"reflect"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// unit is what stands behind an entity: it reads data points and writes them.
type unit interface {
	// uses lists the data points that it reads; nil ones are not there.
	uses() []*datum
	read(v values, say sayer)
	// write gives what a command takes, in order; v is what is known of the device, for
	// what can only be said relative to that.
	write(cmd *hubs.Command, v values) ([]write, error)
}

// ringer is a unit that makes events of what is pushed.
type ringer interface {
	// rings tells what a new report of one of its data points means.
	rings(v values, d *datum) []hubs.Happening
}

// part is an entity and its unit.
type part struct {
	entity  hubs.Entity
	unit    unit
	generic bool        // no table knows the data point
	unseen  []hubs.Attr // declared as never reported
}

// omission is a data point that is not shown, and why.
type omission struct{ code, why string }

// model is one device as we understand it. It never changes once made.
type model struct {
	about   device
	parts   []part
	omitted []omission
	data    map[string]*datum // by code
	byDP    map[int]*datum
	touch   map[string][]int // the parts that a data point is read by
}

// choice changes how a model is made.
type choice func(*builder)

// withLocks gives doors that can be opened from afar a lock, which only who asked for it
// wants: a write of it has Door set, and no data point.
func withLocks() choice { return func(b *builder) { b.locks = true } }

// newModel makes sense of a device and the specification of its product. Whatever a
// specification says that makes no sense costs the data point concerned only.
func newModel(d device, s specification, with ...choice) *model {
	m := &model{about: d, data: map[string]*datum{}, byDP: map[int]*datum{}, touch: map[string][]int{}}
	b := &builder{m: m, category: strings.ToLower(d.Category), used: map[*datum]bool{}, fix: fixes()[d.Product]}
	if b.category == "" {
		b.category = strings.ToLower(s.Category)
	}
	for _, w := range with {
		w(b)
	}
	s = b.fix.apply(s)
	if b.fix.category != "" {
		b.category = b.fix.category
	}
	b.take(s)
	b.now = m.values(d.Status)
	if !listed[b.category] {
		b.category = b.shape()
	}
	b.build()
	m.parts, m.omitted = b.parts, b.omitted
	m.finish()
	return m
}

// builder makes the parts of a model.
type builder struct {
	m        *model
	category string
	fix      fix
	locks    bool
	order    []*datum
	used     map[*datum]bool // by a part of several data points
	now      values          // the first values, for what a specification does not tell
	parts    []part
	omitted  []omission
}

// take reads a specification. What is there twice counts once.
func (b *builder) take(s specification) {
	for _, c := range s.Functions {
		if d := b.datum(&c); d.fn == nil {
			d.fn = newTyped(&c)
			d.property = c.Property
		}
	}
	for _, c := range s.Status {
		if d := b.datum(&c); d.st == nil {
			d.st = newTyped(&c)
		}
	}
}

func (b *builder) datum(c *codeSpec) *datum {
	d := b.m.data[c.Code]
	if d == nil {
		d = &datum{code: c.Code, key: c.Code}
		if c.as != "" {
			d.key = c.as
		}
		d.norm = normal(d.key)
		b.m.data[c.Code] = d
		b.order = append(b.order, d)
	}
	if d.dp == 0 {
		d.dp = c.DP
	}
	if d.name == "" {
		d.name = c.Name
	}
	if d.dp > 0 {
		b.m.byDP[d.dp] = d
	}
	return d
}

// normal is a code as tables know it: makers write temp_set, TempSet and Temp_set.
func normal(code string) string { return strings.TrimSuffix(hubs.MakeKey(code), "_") }

// find is the first of these codes that is there with one of the types.
func (b *builder) find(codes string, kinds ...dpType) *datum {
	for code := range strings.FieldsSeq(codes) {
		for _, d := range b.order {
			if d.norm == code && (d.fn.is(kinds...) || d.st.is(kinds...)) {
				return d
			}
		}
	}
	return nil
}

// control is like find, for what can be written: an Enum that knows no words cannot.
func (b *builder) control(codes string, kinds ...dpType) *datum {
	for code := range strings.FieldsSeq(codes) {
		if d := b.find(code, kinds...); d != nil && d.fn.is(kinds...) && (d.fn.kind != typeEnum || len(d.fn.options) > 0) {
			return d
		}
	}
	return nil
}

// ranged is d if it has a range, without which a number is no share of anything; where
// the specification is silent, the range is the usual one of such a code.
func (b *builder) ranged(d *datum) *datum {
	if d == nil {
		return nil
	}
	usual := usualSpans[d.norm]
	for _, t := range []*typed{d.fn, d.st} {
		if t.is(typeInt) && !t.bounded() && usual.lo < usual.hi {
			t.min, t.max = usual.lo, usual.hi
		}
		if t.is(typeInt) && !t.bounded() {
			return nil
		}
	}
	return d
}

func (b *builder) use(ds ...*datum) {
	for _, d := range ds {
		if d != nil && !also[b.category+"/"+d.norm] {
			b.used[d] = true
		}
	}
}

func (b *builder) add(p part) { b.parts = append(b.parts, p) }

// build makes the parts of several data points, then one of each that is left.
func (b *builder) build() {
	b.lights()
	b.covers()
	b.climate()
	b.fan()
	b.humidifier()
	b.vacuum()
	b.alarm()
	b.lock()
	for _, d := range b.order {
		if b.used[d] {
			continue
		}
		if why := omit(b.category, d); why != "" {
			b.omitted = append(b.omitted, omission{d.code, why})
			continue
		}
		for _, p := range b.single(d) {
			b.add(p)
		}
	}
}

// finish gives keys that are unique in the device, names that are unique among entities
// of a kind, and the way from data points to parts.
func (m *model) finish() {
	keys, names := map[string]bool{}, map[string]bool{}
	for i := range m.parts {
		p := &m.parts[i]
		e := &p.entity
		e.Key = unused(keys, hubs.MakeKey(e.Key))
		e.Name = clean(e.Name)
		kind := reflect.TypeOf(e.Spec).Name() + " "
		if e.Name != "" && names[kind+e.Name] {
			e.Name += " (" + strings.ReplaceAll(e.Key, "_", " ") + ")"
		}
		names[kind+e.Name] = true
		for _, f := range e.Spec.Fields() {
			if f.Unseen {
				p.unseen = append(p.unseen, f.Attr)
			}
		}
		for _, d := range p.unit.uses() {
			if d != nil && !slices.Contains(m.touch[d.code], i) {
				m.touch[d.code] = append(m.touch[d.code], i)
			}
		}
	}
}

// unused makes a key unlike all others.
func unused(keys map[string]bool, key string) string {
	for n := 2; keys[key]; n++ {
		const room = 60 // of the 64 that a key may have
		if len(key) > room {
			key = strings.TrimRight(key[:room], "_")
		}
		if next := key + "_" + itoa(n); !keys[next] {
			key = next
		}
	}
	keys[key] = true
	return key
}

// clean puts a name on one line.
func clean(name string) string { return strings.Join(strings.Fields(name), " ") }

// device is the neutral form of the device; area, home and gateway are the hub's to add.
func (m *model) device() hubs.Device {
	d := hubs.Device{
		ID: hubs.DeviceID(m.about.ID), Name: clean(m.about.Name), Maker: "Tuya",
		Model: clean(m.about.Model), ModelID: m.about.Product, Entities: make([]hubs.Entity, len(m.parts)),
	}
	if d.Name == "" {
		d.Name = d.Model
	}
	if d.Name == "" {
		d.Name = m.about.ID
	}
	for i := range m.parts {
		d.Entities[i] = m.parts[i].entity
	}
	return d
}

func (m *model) part(key string) *part {
	for i := range m.parts {
		if m.parts[i].entity.Key == key {
			return &m.parts[i]
		}
	}
	return nil
}
