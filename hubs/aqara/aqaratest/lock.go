package aqaratest

import (
	"fmt"
	"time"
)

// The states of LockState.
const (
	lockNotFully = "0"
	lockLocked   = "1"
	lockUnlocked = "2"
)

// doorClosed is the DoorState that a bolt needs.
const doorClosed = "1"

// sourceRemote is who turned a lock over the API. The documentation does not say what
// the numbers of LockOperation stand for; these are Matter's.
const sourceRemote = 7

func (s *Studio) addLockCommands(out map[string]deed) {
	for command, locked := range map[string]bool{
		"LockDoor": true, "QuietLockDoor": true, "UnlockDoor": false, "QuietUnlockDoor": false, "UnboltDoor": false,
	} {
		out["DoorLock."+command] = func(a Address, _ map[string]any, now time.Time) { s.remoteTurn(a, locked) }
	}
}

// remoteTurn turns a lock after a moment, unless its owner forbids it.
func (s *Studio) remoteTurn(a Address, locked bool) {
	if s.remoteForbidden(a) {
		return
	}
	s.schedule(a, s.opts.StepTime, func(now time.Time) { s.turn(a, locked, sourceRemote, 0, now) })
}

func (s *Studio) remoteForbidden(a Address) bool {
	t := s.home.trait(a.sibling("EnableRemoteControl"))
	return t != nil && t.Value != true
}

// forbidden says why the device does not take an order for a trait or a command, if it
// says so at all.
func (s *Studio) forbidden(a Address, what string) (code int, text string) {
	if !s.home.device(a.Device).alive(a.Endpoint) {
		return codeParam, "endpoint is not active"
	}
	if a.Function == "DoorLock" && what != "EnableRemoteControl" && s.remoteForbidden(a) && !s.opts.DeafLocks {
		return codeParam, "remote control is not enabled"
	}
	return 0, ""
}

// remoteUnlock is a trait that works as a button.
func (s *Studio) remoteUnlock(a Address, value any, now time.Time) {
	if value == true {
		s.remoteTurn(a, false)
		s.follow(a, false, now)
	}
}

// turn moves the bolt and tells who did it. A bolt that meets no frame is not fully out.
func (s *Studio) turn(a Address, locked bool, source, user int, now time.Time) {
	state, kind := lockUnlocked, 1
	if locked {
		state, kind = lockLocked, 0
		if t := s.home.trait(a.sibling("DoorState")); t != nil && t.Value != doorClosed {
			state = lockNotFully
		}
	}
	event := fmt.Sprintf(`{"LockOperationType":%d,"OperationSource":%d}`, kind, source)
	if user > 0 {
		event = fmt.Sprintf(`{"LockOperationType":%d,"OperationSource":%d,"UserSource":1,"UserId":%d,"CredentialId":%d}`, kind, source, user, user)
	}
	s.report(now, change{Address: a.sibling("LockState"), value: state}, change{Address: a.sibling("LockOperation"), value: event})
}

// Turn is a person at a lock: source is how, in the numbers of Matter (1 by hand, 3 by
// keypad, 9 by finger), user is who, or 0.
func (s *Studio) Turn(device string, endpoint int, locked bool, source, user int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := Address{Device: device, Endpoint: endpoint, Function: "DoorLock"}
	if s.home.function(a) == nil {
		return fmt.Errorf("aqaratest: no lock %s %d", device, endpoint)
	}
	s.cancel(a)
	s.turn(a, locked, source, user, time.Now())
	return nil
}
