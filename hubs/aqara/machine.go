package aqara

import (
	"slices"
	"strconv"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// vacuum is a robot that takes orders.
type vacuum struct {
	state  *trait
	orders map[hubs.Action]*order
	resume *order // of a robot that pauses; nil: starting does that
}

// robots are the two functions of robots, and what their orders are called.
func robots() []struct{ function, state, start, pause, stop, dock, resume string } {
	return []struct{ function, state, start, pause, stop, dock, resume string }{
		{"VacuumOperationalState", "VacuumOperationalState", "Start", "Pause", "Stop", "GoHome", "Resume"},
		{"Sweeper", "SweeperState", "StartCleaning", "PauseCleaning", "StopCleaning", "", "ContinueCleaning"},
	}
}

func buildVacuum(e *endpoint) (part, bool) {
	for _, r := range robots() {
		u := &vacuum{
			state: e.find(r.function, r.state), resume: e.order(r.function, r.resume), orders: map[hubs.Action]*order{},
		}
		var can []hubs.Action
		for _, a := range []struct {
			do   hubs.Action
			code string
		}{{hubs.Start, r.start}, {hubs.Pause, r.pause}, {hubs.Stop, r.stop}, {hubs.Dock, r.dock}} {
			if o := e.order(r.function, a.code); o != nil {
				u.orders[a.do] = o
				can = append(can, a.do)
			}
		}
		if !u.state.canRead() || u.orders[hubs.Start] == nil {
			continue
		}
		e.use(u.state)
		return part{
			name: "Vacuum", key: r.function, composite: true, unit: u, entity: hubs.Entity{Spec: hubs.Vacuum{Can: can}},
		}, true
	}
	return part{}, false
}

func (u *vacuum) uses() []*trait { return []*trait{u.state} }

func (u *vacuum) read(v values, say sayer) {
	word, ok := v.modelWord(u.state)
	state, known := map[string]string{
		"running": "cleaning", "cleaning": "cleaning", "paused": "paused", "stopped": "idle", "not_cleaning": "idle",
		"error": "error", "seeking_charger": "returning", "charging": "docked", "docked": "docked",
	}[word]
	say.text(hubs.State, state, ok && known, v.at(u.state))
}

func (u *vacuum) write(cmd *hubs.Command, v values) ([]write, error) {
	o := u.orders[cmd.Do]
	if word, _ := v.modelWord(u.state); cmd.Do == hubs.Start && word == "paused" && u.resume != nil {
		o = u.resume
	}
	if o == nil {
		return nil, refused("this robot cannot be told that")
	}
	return []write{o.do()}, nil
}

// mode is a choice that is read from a trait and made by an order.
type mode struct {
	t      *trait
	change *order
}

const fieldMode = "CurrentMode"

func buildMode(e *endpoint) (part, bool) {
	u := &mode{e.find("Mode", "CurrentMode"), e.order("Mode", "ChangeToMode", fieldMode)}
	if !u.t.canRead() || u.t.writable || len(u.t.options) == 0 || u.change == nil {
		return part{}, false
	}
	e.use(u.t)
	return part{
		name: "Mode", key: "Mode_CurrentMode", unit: u, entity: hubs.Entity{Spec: hubs.Choice{Options: u.t.words()}},
	}, true
}

func (u *mode) uses() []*trait { return []*trait{u.t} }

func (u *mode) read(v values, say sayer) {
	w, ok := v.word(u.t)
	say.text(hubs.Main, w, ok, v.at(u.t))
}

func (u *mode) write(cmd *hubs.Command, _ values) ([]write, error) {
	slug, _ := textOf(cmd, hubs.Main)
	w, err := u.t.setWord(slug)
	if err != nil {
		return nil, err
	}
	raw, _ := w.value.(string)
	n, err := strconv.Atoi(raw)
	if err != nil {
		return nil, refused("the mode has no number")
	}
	return []write{u.change.do(arg{fieldMode, n})}, nil
}

// press is an order on a button.
type press struct{ o *order }

// buildOrder makes a button of an order that no other entity gives.
func buildOrder(o *order) (part, bool) {
	code := o.function + "." + o.code
	r, known := orderRules[code]
	if !o.needsOnly() || !known && orderFunctions[o.function] || skippedFunctions[o.function] {
		return part{}, false
	}
	if !known {
		r = rule{name: humanise(o.code), role: hubs.Config, hidden: true}
	}
	p := part{name: r.name, key: o.function + "_" + o.code, unit: &press{o}}
	p.entity = hubs.Entity{Role: r.role, Class: r.class, Hidden: r.hidden, Spec: hubs.Button{}}
	return p, true
}

func (u *press) uses() []*trait     { return nil }
func (u *press) read(values, sayer) {}

func (u *press) write(cmd *hubs.Command, _ values) ([]write, error) {
	if cmd.Do != hubs.Press {
		return nil, nil
	}
	return []write{u.o.do()}, nil
}

// takes tells whether the order knows a field.
func (o *order) takes(field string) bool {
	return slices.Contains(o.mandatory, field) || slices.Contains(o.optional, field)
}
