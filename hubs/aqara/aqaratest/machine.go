package aqaratest

import (
	"math"
	"time"
)

// The states of CurrentGarageDoorState.
const (
	garageOpen           = "2"
	garageClosed         = "3"
	garageOpening        = "4"
	garageClosing        = "5"
	garageNotFullyOpen   = "6"
	garageNotFullyClosed = "7"
)

// garage opens or closes a garage door, which takes its time.
func (s *Studio) garage(a Address, value any, now time.Time) {
	moving, end := garageClosing, garageClosed
	if value == "1" {
		moving, end = garageOpening, garageOpen
	}
	state := a.sibling("CurrentGarageDoorState")
	t := s.home.trait(state)
	if t == nil || t.Value == end || t.Value == moving {
		return
	}
	s.follow(state, moving, now)
	s.schedule(a, s.opts.TravelTime, func(now time.Time) { s.follow(state, end, now) })
}

// garageToggle is the button of a garage door: it stops a moving one where it is and
// sends one that stands the other way.
func (s *Studio) garageToggle(a Address, _ map[string]any, now time.Time) {
	state, target := a.sibling("CurrentGarageDoorState"), a.sibling("TargetGarageDoorState")
	t := s.home.trait(state)
	if t == nil {
		return
	}
	switch t.Value {
	case garageOpening:
		s.cancel(a)
		s.follow(state, garageNotFullyOpen, now)
	case garageClosing:
		s.cancel(a)
		s.follow(state, garageNotFullyClosed, now)
	case garageClosed, garageNotFullyClosed:
		s.effect(target, "1", now)
	default:
		s.effect(target, "0", now)
	}
}

// The states of CurrentValveState.
const (
	valveClosed = "0"
	valveOpen   = "1"
	valveMoves  = "2"
)

// openValve opens a valve for as long as it is set to stay open.
func (s *Studio) openValve(a Address, _ map[string]any, now time.Time) {
	state := a.sibling("CurrentValveState")
	s.follow(state, valveMoves, now)
	s.schedule(a, s.opts.StepTime, func(now time.Time) {
		length, limited := s.number(a.sibling("DefaultOpenDuration"))
		changes := []change{{Address: state, value: valveOpen}}
		if limited {
			changes = append(changes, change{Address: a.sibling("RemainingDuration"), value: length})
		}
		s.report(now, changes...)
		if limited {
			s.countDown(a, length)
		}
	})
}

func (s *Studio) closeValve(a Address, _ map[string]any, now time.Time) {
	state := a.sibling("CurrentValveState")
	s.follow(state, valveMoves, now)
	s.schedule(a, s.opts.StepTime, func(now time.Time) {
		s.report(now, change{Address: state, value: valveClosed}, change{Address: a.sibling("RemainingDuration"), value: 0.0})
	})
}

// valveTime gives an open valve another time to stay so.
func (s *Studio) valveTime(a Address, value any, now time.Time) {
	left, _ := value.(float64)
	if t := s.home.trait(a.sibling("CurrentValveState")); t == nil || t.Value != valveOpen {
		s.follow(a, 0.0, now)
		return
	}
	s.countDown(a, left)
}

// countDown reports every minute how long the valve stays open, and closes it then.
func (s *Studio) countDown(a Address, left float64) {
	step := math.Min(left, 60)
	s.schedule(a, time.Duration(step*float64(time.Second)), func(now time.Time) {
		if left -= step; left <= 0 {
			s.closeValve(a, nil, now)
			return
		}
		s.follow(a.sibling("RemainingDuration"), left, now)
		s.countDown(a, left)
	})
}

// The states of VacuumOperationalState; OperationalState has the first four.
const (
	machineStopped  = "0"
	machineRuns     = "1"
	machinePaused   = "2"
	robotReturns    = "64"
	robotCharges    = "65"
	robotDocked     = "66"
	cleaningTravels = 30 // how many TravelTimes a robot cleans
)

func (s *Studio) addRobotCommands(out map[string]deed) {
	for function, state := range map[string]string{
		"VacuumOperationalState": "VacuumOperationalState", "OperationalState": "OperationalState",
	} {
		run := func(a Address, _ map[string]any, now time.Time) { s.work(a.sibling(state), now) }
		out[function+".Start"], out[function+".Resume"] = run, run
		out[function+".Stop"] = func(a Address, _ map[string]any, now time.Time) {
			s.cancel(a)
			s.follow(a.sibling(state), machineStopped, now)
		}
		out[function+".Pause"] = func(a Address, _ map[string]any, now time.Time) {
			if t := s.home.trait(a.sibling(state)); t != nil && (t.Value == machineRuns || t.Value == robotReturns) {
				s.cancel(a)
				s.follow(a.sibling(state), machinePaused, now)
			}
		}
	}
	out["VacuumOperationalState.GoHome"] = func(a Address, _ map[string]any, now time.Time) {
		s.goHome(a.sibling("VacuumOperationalState"), now)
	}
	for command, state := range map[string]string{
		"StartCleaning": "0", "ContinueCleaning": "0", "PauseCleaning": "1", "StopCleaning": "2",
	} {
		out["Sweeper."+command] = s.writes("SweeperState", state)
	}
}

// work runs a machine until it is done; a robot goes home then.
func (s *Studio) work(state Address, now time.Time) {
	s.follow(state, machineRuns, now)
	s.charge(state, "3", now)
	s.schedule(state, cleaningTravels*s.opts.TravelTime, func(now time.Time) {
		if state.Function == "VacuumOperationalState" {
			s.goHome(state, now)
			return
		}
		s.follow(state, machineStopped, now)
	})
}

// goHome lets a robot seek its charger, charge and be ready.
func (s *Studio) goHome(state Address, now time.Time) {
	if t := s.home.trait(state); t == nil || t.Value == robotCharges || t.Value == robotDocked {
		return
	}
	s.follow(state, robotReturns, now)
	s.schedule(state, s.opts.TravelTime, func(now time.Time) {
		s.follow(state, robotCharges, now)
		s.charge(state, "1", now)
		s.schedule(state, 5*s.opts.TravelTime, func(now time.Time) {
			s.follow(state, robotDocked, now)
			s.charge(state, "2", now)
			s.follow(Address{state.Device, 1, "PowerSource", "BatPercentRemaining"}, 100.0, now)
		})
	})
}

func (s *Studio) charge(state Address, value string, now time.Time) {
	s.follow(Address{state.Device, 1, "PowerSource", "BatChargeState"}, value, now)
}
