package aqaratest

import (
	"slices"
	"time"
)

// Kind is a way of going wrong.
type Kind string

// The kinds of faults. Those of a call strike HTTP calls and messages on a WebSocket:
// those marked "answer" after the Studio has done the work, the others before, unless
// Fault.After says otherwise. Those of a push strike updates, which are what one report
// of a device, or one objectEvent, makes for all sockets; Fault.Times counts updates.
//
//	of a push    what happens                                        fields
//	Duplicate    the message comes again, the same to the last byte  Size: how often (0: once)
//	Bounce       after the new value the old one, then the new one   Size: how often (0: once)
//	Split        each value of an update comes as its own message    with OutOfOrder: last one first
//	OutOfOrder   the next update overtakes this one                  Delay: waits that long at most (0: 10 s)
//	Delayed      comes late, with the time of its happening;         Delay
//	             updates after it that are not delayed overtake it
//	Lost         never comes                                         -
//	Truncated,   as for answers, if Fault.Match names the            -
//	WrongTypes,  push's type
//	LooseValues
//
//	of a socket  what happens                                        fields
//	Flap         the next sockets end soon after their upgrade       Delay: how soon, Code: of the close (0: none)
//	Studio.Mute  all sockets stay open and say nothing, no pong      -
//	DropSockets  all sockets end                                     code of the close (0: none)
//
// Options has DuplicatePush and PushUnchanged for what never ends. Neither a greeting nor
// a snapshot is an update.
const (
	FailStatus  Kind = "status"       // HTTP Status, with an envelope that says the same; RetryAfter if set
	FailCode    Kind = "code"         // HTTP 200 (or Status) and an ErrorMessage with Code
	Hang        Kind = "hang"         // never answers, until the client goes away
	Reset       Kind = "reset"        // closes the connection without an answer
	Cut         Kind = "cut"          // answer: half the body, then the connection breaks
	Truncated   Kind = "truncated"    // answer: half the JSON, in an otherwise complete HTTP answer
	HTML        Kind = "html"         // a page of HTML with status 200 (or Status)
	Empty200    Kind = "empty"        // no body at all, status 200 (or Status)
	Huge        Kind = "huge"         // a valid envelope of Size MiB
	Deep        Kind = "deep"         // an envelope whose data nests Size levels of arrays
	WrongTypes  Kind = "wrong-types"  // answer: every value in data gets another JSON type
	LooseValues Kind = "loose-values" // answer: values as 0/1 and "12.5" instead of true/false and 12.5
	LostReply   Kind = "lost-reply"   // answer: the work is done, the connection closes silently
	Slow        Kind = "slow"         // waits for Delay first
	Clock       Kind = "clock"        // Date header and times are off by Offset
	Stale       Kind = "stale"        // reads give what was there before the last write
	Ignored     Kind = "ignored"      // writes are accepted and change nothing
	ItemFails   Kind = "item"         // writes to Device (empty: all) fail with Code (0: 1103)

	Flap       Kind = "flap"
	Duplicate  Kind = "duplicate"
	Bounce     Kind = "bounce"
	Split      Kind = "split"
	OutOfOrder Kind = "out-of-order"
	Delayed    Kind = "delayed"
	Lost       Kind = "lost"
)

// Fault makes matching calls go wrong.
type Fault struct {
	// Match is a message type such as ExecuteTraitRequest, or a path; empty matches
	// every call, or every update if the kind is one of a push. The types of pushes are
	// TraitValueUpdate and objectEvent. The refresh call has the type RefreshTokenRequest, the upgrade of
	// the WebSocket the type WebSocket; REST calls have the type of their typed twin.
	// The path of the WebSocket matches its upgrade and all of its messages.
	Match string `json:"match"`
	Kind  Kind   `json:"kind"`
	// Times is how many calls are struck: 0 stands for 1, -1 for all.
	Times int `json:"times"`
	// Skip lets that many matching calls pass first.
	Skip int `json:"skip"`
	// After lets the Studio do the work before the fault strikes.
	After bool `json:"after"`

	Status     int           `json:"status"`
	RetryAfter string        `json:"retryAfter"`
	Code       int           `json:"code"`
	Device     string        `json:"device"`
	Size       int           `json:"size"`
	Delay      time.Duration `json:"delay"`  // in JSON: nanoseconds
	Offset     time.Duration `json:"offset"` // in JSON: nanoseconds
}

// decisive faults replace the answer; the others change how it comes about.
func (f Fault) decisive() bool {
	switch f.Kind {
	case Slow, Clock, Stale, Ignored, ItemFails, Flap:
		return false
	default:
		return true
	}
}

// ofPush faults do not strike calls.
func (f Fault) ofPush() bool {
	switch f.Kind {
	case Duplicate, Bounce, Split, OutOfOrder, Delayed, Lost:
		return true
	default:
		return false
	}
}

// strikes says whether f concerns this call.
func (f Fault) strikes(kind, path string) bool {
	if f.ofPush() || f.Kind == Flap && kind != "WebSocket" || f.Times == 0 {
		return false
	}
	return f.Match == "" || f.Match == kind || f.Match == path
}

func (f Fault) after() bool {
	switch f.Kind {
	case Cut, Truncated, WrongTypes, LooseValues, LostReply:
		return true
	default:
		return f.After
	}
}

// Fail adds a fault. Faults strike in the order they were added; of those that
// replace the answer a call takes one only.
func (s *Studio) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Heal removes all faults and sets the clock right.
func (s *Studio) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.clock = nil, 0
}

// SetClock puts the Studio's clock wrong by offset from now on: Date headers, times of
// values, pushes and what new JWTs claim. Tokens still die when they really should.
func (s *Studio) SetClock(offset time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = offset
}

// plan is what the faults have in store for one call.
type plan struct {
	decisive *Fault
	before   time.Duration
	later    time.Duration
	skew     time.Duration
	stale    bool
	ignored  bool
	items    []Fault
	flap     *Fault
}

// takeFaults counts the matching faults down. It needs the lock.
func (s *Studio) takeFaults(kind, path string) plan {
	p := plan{skew: s.clock}
	for _, f := range s.faults {
		if !f.strikes(kind, path) {
			continue
		}
		if f.decisive() && p.decisive != nil {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		p.add(f)
	}
	s.faults = slices.DeleteFunc(s.faults, func(f *Fault) bool { return f.Times == 0 })
	return p
}

func (p *plan) add(f *Fault) {
	switch f.Kind {
	case Slow:
		if f.After {
			p.later += f.Delay
		} else {
			p.before += f.Delay
		}
	case Clock:
		p.skew += f.Offset
	case Stale:
		p.stale = true
	case Ignored:
		p.ignored = true
	case ItemFails:
		p.items = append(p.items, *f)
	case Flap:
		one := *f
		p.flap = &one
	default:
		one := *f
		p.decisive = &one
	}
}

// item says whether a fault wants writes to the device to fail.
func (p *plan) item(device string) (code int, text string) {
	for _, f := range p.items {
		if f.Device != "" && f.Device != device {
			continue
		}
		if f.Code == 0 || f.Code == codeOffline {
			return codeOffline, "device offline"
		}
		return f.Code, "scripted failure"
	}
	return 0, ""
}
