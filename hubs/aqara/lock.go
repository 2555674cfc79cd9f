package aqara

import "github.com/hub2mqtt/hub2mqtt/hubs"

// lock is a door lock that can be turned from afar: over generation B, or, unlocking
// alone, by a trait.
type lock struct {
	state, unlock, remote *trait
	locks, unlocks, pulls *order
}

// fieldCode is the one field that the orders of a lock may have.
const fieldCode = "Code"

func buildLock(e *endpoint) (part, bool) {
	find := func(code string) *trait { return e.find("DoorLock", code) }
	l := &lock{state: find("LockState"), unlock: find("RemoteUnlock"), remote: find("EnableRemoteControl")}
	if !l.unlock.canWrite() {
		l.unlock = nil
	}
	l.locks = e.order("DoorLock", "LockDoor", fieldCode)
	l.unlocks = e.order("DoorLock", "UnlockDoor", fieldCode)
	l.pulls = e.order("DoorLock", "UnboltDoor", fieldCode)
	if !l.state.canRead() || l.locks == nil && l.unlocks == nil && l.unlock == nil {
		return part{}, false
	}
	e.use(l.state, l.unlock)
	spec := hubs.Lock{Opens: l.pulls != nil}
	if l.wantsCode() {
		spec.Code = ".+"
	}
	return part{
		name: "Lock", key: "DoorLock", composite: true, unit: l, entity: hubs.Entity{Spec: spec},
	}, true
}

// wantsCode tells whether nothing can be done without a code.
func (l *lock) wantsCode() bool {
	for _, o := range []*order{l.locks, l.unlocks} {
		if o != nil && len(o.mandatory) > 0 {
			return true
		}
	}
	return false
}

func (l *lock) uses() []*trait { return []*trait{l.state, l.unlock} }

func (l *lock) read(v values, say sayer) {
	word, ok := v.modelWord(l.state)
	state, known := map[string]string{
		"locked": hubs.Locked, "unlocked": hubs.Unlocked, "not_fully_locked": hubs.Jammed,
	}[word]
	say.text(hubs.State, state, ok && known, v.at(l.state))
}

func (l *lock) write(cmd *hubs.Command, v values) ([]write, error) {
	state, _ := textOf(cmd, hubs.State)
	o := map[string]*order{hubs.Locked: l.locks, hubs.Unlocked: l.unlocks, hubs.Open: l.pulls}[state]
	if o == nil && (state != hubs.Unlocked || l.unlock == nil) {
		return nil, refused("this lock cannot be told that over the Studio's API")
	}
	if on, ok := v.boolean(l.remote); ok && !on {
		return nil, refused("the lock does not allow remote control: its setting \"Remote control\" is off")
	}
	if o == nil {
		return []write{l.unlock.set(true)}, nil
	}
	code := cmd.With.Code.Reveal()
	switch {
	case code != "" && o.takes(fieldCode):
		return []write{o.do(arg{fieldCode, code})}, nil
	case len(o.mandatory) > 0:
		return nil, invalid("the lock wants a code")
	}
	return []write{o.do()}, nil
}

// valve is a valve that takes orders. It tells when it is on its way, but not where to.
type valve struct {
	state       *trait
	open, close *order
}

func buildValve(e *endpoint) (part, bool) {
	const function = "ValveControl"
	u := &valve{
		state: e.find(function, "CurrentValveState"), open: e.order(function, "Open"), close: e.order(function, "Close"),
	}
	if !u.state.canRead() || u.open == nil || u.close == nil {
		return part{}, false
	}
	e.use(u.state)
	return part{name: "Valve", key: function, composite: true, unit: u, entity: hubs.Entity{Spec: hubs.Valve{}}}, true
}

func (u *valve) uses() []*trait { return []*trait{u.state} }

func (u *valve) read(v values, say sayer) {
	word, _ := v.modelWord(u.state)
	at := v.at(u.state)
	if word == "transitioning" {
		return // where it was is what is known, until it is there
	}
	position := 0.0
	if word == "open" {
		position = 100
	}
	ok := word == "open" || word == "closed"
	say.num(hubs.Position, position, ok, at)
	say.text(hubs.Motion, hubs.Stopped, ok, at)
}

func (u *valve) write(cmd *hubs.Command, _ values) ([]write, error) {
	f, ok := numOf(cmd, hubs.Position)
	switch {
	case !ok:
		return nil, nil
	case f > 0:
		return []write{u.open.do()}, nil
	}
	return []write{u.close.do()}, nil
}
