package aqara

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
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
	first values // what came with the spec
}

// endpoint is one part of a device: 0 is the root, 1 what all parts share.
type endpoint struct {
	id         int
	name, kind string
	traits     []*trait
	used       map[*trait]bool
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

func newModel(spec *wireSpec) *model {
	m := &model{id: string(spec.ID), name: strings.TrimSpace(string(spec.Name)), first: values{}}
	es := m.endpoints(spec)
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
	return m
}

// endpoints takes the spec apart. What is there twice counts once.
func (m *model) endpoints(spec *wireSpec) []*endpoint {
	live := liveEndpoints(spec)
	byID := map[int]*endpoint{}
	var out []*endpoint
	for i := range spec.Endpoints {
		w := &spec.Endpoints[i]
		id := w.ID.whole()
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
		m.traits(e, w)
	}
	return out
}

func (m *model) traits(e *endpoint, w *wireEndpoint) {
	for i := range w.Functions {
		f := &w.Functions[i]
		for j := range f.Traits {
			t := &f.Traits[j]
			a := address{e.id, string(f.Code), string(t.Code)}
			if _, twice := m.first[a]; twice || a.function == "" || a.code == "" {
				continue
			}
			m.first[a] = sample{t.Value, t.Time.Time}
			e.traits = append(e.traits, newTrait(a, &t.Param))
		}
	}
}

// liveEndpoints is the list of those that exist, for devices that describe more; nil
// for the others.
func liveEndpoints(spec *wireSpec) map[int]bool {
	var list, supported json.RawMessage
	for i := range spec.Endpoints {
		for j := range spec.Endpoints[i].Functions {
			f := &spec.Endpoints[i].Functions[j]
			if spec.Endpoints[i].ID.whole() != 0 || f.Code != "Descriptor" {
				continue
			}
			for k := range f.Traits {
				switch t := &f.Traits[k]; t.Code {
				case "EndpointArrayDynamic":
					list = t.Value
				case "SupportedEndpointDynamic":
					supported = t.Value
				}
			}
		}
	}
	// A device that says "not supported" may still carry an old list.
	if on, ok := parseBool(supported); ok && !on {
		return nil
	}
	s, _ := unquote(list)
	var ids []number
	if err := json.Unmarshal([]byte(s), &ids); err != nil || len(ids) == 0 {
		return nil
	}
	live := map[int]bool{}
	for _, id := range ids {
		live[id.whole()] = true
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
	for _, p := range buildDoor(e) {
		add(p, true)
	}
	for _, t := range e.traits {
		if !e.used[t] {
			add(buildSingle(e, t, m.first))
		}
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

// setKeys gives every entity its key: the endpoint's number, the function, and the
// trait where the entity is one trait, as in x2_output or
// x1_power_source_bat_percent_remaining. A key depends on nothing else of the device,
// so that it stays what it is whatever comes or goes beside it.
func (m *model) setKeys() {
	taken := map[string]bool{}
	for i := range m.parts {
		p := &m.parts[i]
		code := strconv.Itoa(p.endpoint.id) + "_" + p.key
		key := hubs.MakeKey(code)
		if len(key) > 56 || taken[key] { // near the limit, two could be cut to the same
			sum := sha256.Sum256([]byte(code))
			key = strings.TrimRight(key[:min(len(key), 48)], "_") + "_" + hex.EncodeToString(sum[:3])
		}
		taken[key] = true
		p.entity.Key = key
	}
}

// setNames leaves the main feature without a name and makes the others differ.
func (m *model) setNames() {
	main := m.main()
	count := map[string]int{}
	for i := range m.parts {
		if i != main {
			count[strings.ToLower(m.parts[i].name)]++
		}
	}
	labels := m.labels()
	taken := map[string]bool{}
	for i := range m.parts {
		p := &m.parts[i]
		if i == main {
			continue
		}
		name := p.name
		if count[strings.ToLower(name)] > 1 {
			name = labelled(labels[p.endpoint], p)
		}
		if taken[strings.ToLower(name)] {
			name += " (" + strings.ReplaceAll(p.entity.Key, "_", " ") + ")"
		}
		taken[strings.ToLower(name)] = true
		p.entity.Name = name
	}
}

// main is the one thing a device is bought for; -1: there are several, or none.
func (m *model) main() int {
	composite, lead, composites, leads := -1, -1, 0, 0
	for i, p := range m.parts {
		if p.composite {
			composite = i
			composites++
		}
		if p.lead {
			lead = i
			leads++
		}
	}
	switch {
	case composites == 1:
		return composite
	case composites == 0 && leads == 1:
		return lead
	}
	return -1
}

// labels name the endpoints as their owner or the device does, each differently.
func (m *model) labels() map[*endpoint]string {
	out := map[*endpoint]string{}
	count := map[string]int{}
	for i := range m.parts {
		e := m.parts[i].endpoint
		if _, done := out[e]; done {
			continue
		}
		label := e.name
		if label == "" {
			label = humanise(e.kind) + " " + strconv.Itoa(e.id)
		}
		out[e] = label
		count[strings.ToLower(label)]++
	}
	for e, label := range out {
		if count[strings.ToLower(label)] > 1 {
			out[e] = label + " " + strconv.Itoa(e.id)
		}
	}
	return out
}

func labelled(label string, p *part) string {
	if p.composite || strings.Contains(strings.ToLower(label), strings.ToLower(p.name)) {
		return label
	}
	name := p.name
	if len(name) > 1 && name[1] >= 'a' && name[1] <= 'z' { // not of PM2.5, HEPA and the like
		name = strings.ToLower(name[:1]) + name[1:]
	}
	return label + " " + name
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
