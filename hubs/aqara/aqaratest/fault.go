package aqaratest

import (
	"slices"
	"time"
)

// Kind is a way of going wrong.
type Kind string

// The kinds of faults. Those marked "answer" strike after the Studio has done the
// work, the others before, unless Fault.After says otherwise.
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
)

// Fault makes matching calls go wrong.
type Fault struct {
	// Match is a message type such as ExecuteTraitRequest, or a path; empty matches
	// every call. The refresh call has the type RefreshTokenRequest, the upgrade of
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
	case Slow, Clock, Stale, Ignored, ItemFails:
		return false
	default:
		return true
	}
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
}

// takeFaults counts the matching faults down. It needs the lock.
func (s *Studio) takeFaults(kind, path string) plan {
	p := plan{skew: s.clock}
	for _, f := range s.faults {
		if f.Match != "" && f.Match != kind && f.Match != path || f.Times == 0 {
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
