package aqara

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// unit is what stands behind an entity: it reads traits into values and writes
// commands into traits.
type unit interface {
	// uses lists the traits that it reads; nil ones are not there.
	uses() []*trait
	read(v values, say sayer)
	write(cmd *hubs.Command, v values) ([]write, error)
}

// part is an entity and its unit.
type part struct {
	entity    hubs.Entity
	unit      unit
	endpoint  *endpoint
	name      string // English; what is shown depends on the other parts
	key       string // function, or function and trait
	lead      bool
	composite bool
}

// model is one device as we understand it. It never changes once made.
type model struct {
	id    string
	name  string
	parts []part
	asks  []readItem
	reach *trait
	// gateway is what generation B says it hangs on.
	gateway gateway
	first   values // what came with the spec
	// traits are all there are, also those that are not shown; touch are the parts that
	// one is read by.
	traits map[address]*trait
	touch  map[address][]*part
}

// endpoint is one part of a device: 0 is the root, 1 what all parts share.
type endpoint struct {
	id         int
	name, kind string
	traits     []*trait
	used       map[*trait]bool
	orders     []*order
}

// order is a command of a function, as the device describes it.
type order struct {
	endpoint       int
	function, code string
	mandatory      []string // fields
	optional       []string
}

// order finds a command that needs no other fields than those given.
func (e *endpoint) order(function, code string, gives ...string) *order {
	for _, o := range e.orders {
		if o.function == function && o.code == code && o.needsOnly(gives...) {
			return o
		}
	}
	return nil
}

func (o *order) needsOnly(gives ...string) bool {
	return !slices.ContainsFunc(o.mandatory, func(f string) bool { return !slices.Contains(gives, f) })
}

// do is the order with these fields.
func (o *order) do(args ...arg) write {
	if args == nil {
		args = []arg{}
	}
	return write{order: o, args: args}
}

func (e *endpoint) find(function, code string) *trait {
	for _, t := range e.traits {
		if t.function == function && t.code == code {
			return t
		}
	}
	return nil
}

func (e *endpoint) use(traits ...*trait) {
	for _, t := range traits {
		if t != nil {
			e.used[t] = true
		}
	}
}

// newModel makes sense of a spec; odd are values that the device was seen to have
// though the spec does not list them.
func newModel(spec *wireSpec, odd unlisted) *model {
	m := &model{
		id: string(spec.ID), name: strings.TrimSpace(string(spec.Name)), first: values{},
		traits: map[address]*trait{}, touch: map[address][]*part{}, gateway: spec.Gateway,
	}
	es := m.endpoints(spec, odd)
	elsewhere := elsewhereTemperature(es)
	for _, e := range es {
		m.build(e, elsewhere)
		if t := e.find("BasicInformation", "Reachable"); e.id == 0 && t.canRead() {
			m.reach = t
		}
	}
	m.setKeys()
	m.setNames()
	m.setAsks()
	m.setTouch()
	return m
}

// endpoints takes the spec apart. What is there twice counts once.
func (m *model) endpoints(spec *wireSpec, odd unlisted) []*endpoint {
	live := liveEndpoints(spec)
	byID := map[int]*endpoint{}
	var out []*endpoint
	for i := range spec.Endpoints {
		w := &spec.Endpoints[i]
		id := w.ID.Whole()
		if id < 0 || id > 1 && live != nil && !live[id] {
			continue
		}
		e := byID[id]
		if e == nil {
			e = &endpoint{
				id: id, name: strings.TrimSpace(string(w.Name)), kind: string(w.Type), used: map[*trait]bool{},
			}
			if types := spec.types(); e.kind == "" && id > 1 && len(types) == 1 {
				e.kind = string(types[0])
			}
			byID[id] = e
			out = append(out, e)
		}
		m.takeTraits(e, w, odd)
	}
	return out
}

func (m *model) takeTraits(e *endpoint, w *wireEndpoint, odd unlisted) {
	for i := range w.Functions {
		f := &w.Functions[i]
		e.takeOrders(f)
		for j := range f.Traits {
			t := &f.Traits[j]
			a := address{e.id, string(f.Code), string(t.Code)}
			if _, twice := m.first[a]; twice || a.function == "" || a.code == "" {
				continue
			}
			m.first[a] = sample{raw: t.Value, at: t.Time.Time}
			made := newTrait(a, &t.Param)
			if now, ok := m.first.text(made); ok {
				made.admit([]string{now})
			}
			made.admit(odd[a])
			m.traits[a] = made
			e.traits = append(e.traits, made)
		}
	}
}

func (e *endpoint) takeOrders(f *wireFunction) {
	for i := range f.Commands {
		c := &f.Commands[i]
		known := slices.ContainsFunc(e.orders, func(o *order) bool {
			return o.function == string(f.Code) && o.code == string(c.Code)
		})
		if c.Code == "" || f.Code == "" || known {
			continue
		}
		o := &order{endpoint: e.id, function: string(f.Code), code: string(c.Code)}
		for _, field := range c.Fields {
			if field.Param.Mandatory.Or(false) {
				o.mandatory = append(o.mandatory, string(field.Code))
			} else {
				o.optional = append(o.optional, string(field.Code))
			}
		}
		e.orders = append(e.orders, o)
	}
}

// liveEndpoints is the list of those that exist, for devices that describe more; nil
// for the others.
func liveEndpoints(spec *wireSpec) map[int]bool {
	t := spec.live()
	if t == nil {
		return nil
	}
	s, _ := loose.Unquote(t.Value)
	var ids []number
	if err := json.Unmarshal([]byte(s), &ids); err != nil || len(ids) == 0 {
		return nil
	}
	live := map[int]bool{}
	for _, id := range ids {
		live[id.Whole()] = true
	}
	return live
}

// build makes the parts of one endpoint: first those of several traits, then one of
// each trait that is left.
func (m *model) build(e *endpoint, elsewhere *trait) {
	add := func(p part, ok bool) bool {
		if ok {
			p.endpoint = e
			m.parts = append(m.parts, p)
		}
		return ok
	}
	// Output serves one part only, whoever comes first.
	_ = add(buildLight(e)) || add(buildClimate(e, elsewhere)) || add(buildFan(e)) || add(buildSwitch(e))
	add(buildCover(e, m.first))
	add(buildGarage(e))
	add(buildLock(e))
	add(buildValve(e))
	add(buildVacuum(e))
	add(buildMode(e))
	for _, p := range buildDoor(e) {
		add(p, true)
	}
	for _, t := range e.traits {
		if !e.used[t] {
			add(buildSingle(e, t, m.first))
		}
	}
	for _, o := range e.orders {
		add(buildOrder(o))
	}
}

func buildSwitch(e *endpoint) (part, bool) {
	on := e.find("Output", "OnOff")
	if on == nil {
		return part{}, false
	}
	e.use(on)
	p := part{name: "Switch", key: "Output", composite: true, unit: &onOff{t: on}}
	p.entity.Spec = boolSpec(on)
	switch {
	case !on.writable:
		p.name, p.entity.Class, p.composite, p.lead = "Power", hubs.Power, false, true
	case strings.EqualFold(e.kind, "Outlet"):
		p.name, p.entity.Class = "Outlet", hubs.Outlet
	}
	return p, true
}

// buildDoor adds what a lock's enumerations say as yes and no. The enumerations are
// shown too: they know more.
func buildDoor(e *endpoint) []part {
	var out []part
	add := func(t *trait, p part) {
		if t.canRead() && !e.used[t] {
			p.entity.Spec = hubs.Binary{}
			out = append(out, p)
		}
	}
	state := e.find("DoorLock", "LockState")
	add(state, part{
		name: "Lock", key: "DoorLock", lead: true, entity: hubs.Entity{Class: hubs.LockClass},
		unit: &onOff{state, []string{"unlocked", "not_fully_locked"}, []string{"locked"}},
	})
	door := e.find("DoorLock", "DoorState")
	add(door, part{
		name: "Door", key: "DoorLock_Door", entity: hubs.Entity{Class: hubs.DoorClass},
		unit: &onOff{door, []string{"door_open", "door_forced_open", "door_ajar"}, []string{"door_closed"}},
	})
	return out
}

// setAsks lists what a poll reads: each readable trait of each part, once.
func (m *model) setAsks() {
	seen := map[*trait]bool{}
	at := map[address]int{}
	ask := func(t *trait) {
		if !t.canRead() || seen[t] {
			return
		}
		seen[t] = true
		group := address{t.endpoint, t.function, ""}
		i, ok := at[group]
		if !ok {
			i = len(m.asks)
			at[group] = i
			m.asks = append(m.asks, readItem{Device: m.id, Endpoint: t.endpoint, Function: t.function})
		}
		m.asks[i].Traits = append(m.asks[i].Traits, t.code)
	}
	ask(m.reach)
	for i := range m.parts {
		for _, t := range m.parts[i].unit.uses() {
			ask(t)
		}
	}
}

// setTouch finds the parts that a new value of a trait changes.
func (m *model) setTouch() {
	for i := range m.parts {
		p := &m.parts[i]
		for _, t := range p.unit.uses() {
			if t != nil && !slices.Contains(m.touch[t.address], p) {
				m.touch[t.address] = append(m.touch[t.address], p)
			}
		}
	}
}
