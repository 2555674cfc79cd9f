package aqaratest

import (
	"fmt"
	"slices"
	"time"
)

// Home is what one Studio manages.
type Home struct {
	Devices     []Device     `json:"devices"`
	Spaces      []Space      `json:"spaces"`
	Automations []Automation `json:"automations"`

	places map[string]int // where in Devices a device was seen last
}

// Space is a node of the tree of places.
type Space struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Marking  string  `json:"marking,omitempty"`
	Children []Space `json:"children,omitempty"`
}

// Automation is a rule of the Studio; one with a Trigger can be started by hand.
type Automation struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Kind    string    `json:"kind"` // SCRIPT_TEXT, SCRIPT_JSON, WHEN_IF_THEN, …
	Enabled bool      `json:"enabled"`
	Created time.Time `json:"created"`
	Node    string    `json:"node,omitempty"`    // triggerNodeId
	Trigger string    `json:"trigger,omitempty"` // triggerName
	Space   string    `json:"space,omitempty"`
	Actions []Action  `json:"actions,omitempty"` // what the trigger does
}

// Action is a write that an automation makes. For an enumeration Value is a key or a
// number.
type Action struct {
	Address
	Value any `json:"value"`
}

// Device is one physical thing: endpoints hold functions, functions hold traits.
type Device struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Types     []string   `json:"types"`
	Created   time.Time  `json:"created"`
	Online    bool       `json:"online"`
	Space     string     `json:"space,omitempty"`   // a Space's ID; empty: unassigned
	Gateway   string     `json:"gateway,omitempty"` // empty: a third party's device
	Nulls     bool       `json:"nulls,omitempty"`   // its spec spells out keys without a value
	Endpoints []Endpoint `json:"endpoints"`
}

// Endpoint is one part of a device: 0 is the root, 1 what all parts share.
type Endpoint struct {
	ID        int        `json:"id"`
	Name      string     `json:"name"`
	Type      string     `json:"type"`
	Functions []Function `json:"functions,omitempty"` // none: the key is missing in answers
}

// Function groups traits and commands.
type Function struct {
	Code     string    `json:"code"`
	RepeatID bool      `json:"repeatId,omitempty"` // its spec repeats the endpoint's number
	Traits   []Trait   `json:"traits"`
	Commands []Command `json:"commands,omitempty"`
}

// Trait is one value of a function.
type Trait struct {
	Code  string    `json:"code"`
	Param Param     `json:"param"`
	Value any       `json:"value"` // bool, int64, float64, string or nil
	At    time.Time `json:"at"`    // of the last report; zero: never

	before   any // what a stale read gives: the value before the last write
	beforeAt time.Time
	written  bool
}

// Param says which values a trait or a command's field takes.
type Param struct {
	Type     string   `json:"type"` // Bool, Integer, Float, String, Enum, Struct, List[X], Data
	Readable bool     `json:"readable"`
	Writable bool     `json:"writable"`
	Reports  bool     `json:"reports"`
	Min      *float64 `json:"min,omitempty"`
	Max      *float64 `json:"max,omitempty"`
	Step     *float64 `json:"step,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	Enum     []Choice `json:"enum,omitempty"`
}

// Choice is one value of an enumeration: a name, and a decimal number in a string.
type Choice struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Command is something a function does; generation B only.
type Command struct {
	Code   string  `json:"code"`
	Fields []Field `json:"fields,omitempty"`
}

// Field is one argument of a command.
type Field struct {
	Code      string `json:"code"`
	Mandatory bool   `json:"mandatory"`
	Param     Param  `json:"param"`
}

// Address names one trait of the home.
type Address struct {
	Device   string `json:"deviceId"`
	Endpoint int    `json:"endpointId"`
	Function string `json:"functionCode"`
	Trait    string `json:"traitCode"`
}

// String joins the parts with blanks.
func (a Address) String() string {
	return fmt.Sprintf("%s %d %s %s", a.Device, a.Endpoint, a.Function, a.Trait)
}

// Grow adds copies of the home's devices, with IDs and names of their own, until there
// are n. Their order is that of the originals, over and over.
func (h *Home) Grow(n int) {
	kinds := len(h.Devices)
	h.Devices = slices.Grow(h.Devices, max(0, n-kinds))
	for i := kinds; kinds > 0 && i < n; i++ {
		d := cloneDevice(h.Devices[i%kinds])
		id := fmt.Sprintf("%s.%d", d.ID, i/kinds)
		if d.Gateway == d.ID {
			d.Gateway = id // a gateway is its own
		}
		d.ID = id
		d.Name = fmt.Sprintf("%s %d", d.Name, i/kinds+1)
		d.Created = d.Created.Add(time.Duration(i) * time.Hour)
		h.Devices = append(h.Devices, d)
	}
}

func (h *Home) device(id string) *Device {
	if i, ok := h.places[id]; ok && i < len(h.Devices) && h.Devices[i].ID == id {
		return &h.Devices[i]
	}
	i := slices.IndexFunc(h.Devices, func(d Device) bool { return d.ID == id })
	if i < 0 {
		return nil
	}
	if h.places == nil {
		h.places = map[string]int{}
	}
	h.places[id] = i
	return &h.Devices[i]
}

func (d *Device) function(endpoint int, code string) *Function {
	for i := range d.Endpoints {
		if d.Endpoints[i].ID != endpoint {
			continue
		}
		for j := range d.Endpoints[i].Functions {
			if d.Endpoints[i].Functions[j].Code == code {
				return &d.Endpoints[i].Functions[j]
			}
		}
	}
	return nil
}

func (h *Home) function(a Address) *Function {
	d := h.device(a.Device)
	if d == nil {
		return nil
	}
	return d.function(a.Endpoint, a.Function)
}

func (h *Home) trait(a Address) *Trait {
	if f := h.function(a); f != nil {
		return f.trait(a.Trait)
	}
	return nil
}

func (f *Function) trait(code string) *Trait {
	for i := range f.Traits {
		if f.Traits[i].Code == code {
			return &f.Traits[i]
		}
	}
	return nil
}

// each calls f for every trait of the home.
func (h *Home) each(f func(Address, *Trait)) {
	for i := range h.Devices {
		h.Devices[i].each(f)
	}
}

func (d *Device) each(f func(Address, *Trait)) {
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		for j := range e.Functions {
			fn := &e.Functions[j]
			for k := range fn.Traits {
				f(Address{d.ID, e.ID, fn.Code, fn.Traits[k].Code}, &fn.Traits[k])
			}
		}
	}
}

func (h *Home) automation(id string) *Automation {
	i := slices.IndexFunc(h.Automations, func(a Automation) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &h.Automations[i]
}

// findSpace returns the space and the ID of its parent.
func findSpace(in []Space, parent, id string) (space *Space, parentID string) {
	for i := range in {
		if in[i].ID == id {
			return &in[i], parent
		}
		if found, p := findSpace(in[i].Children, in[i].ID, id); found != nil {
			return found, p
		}
	}
	return nil, ""
}
