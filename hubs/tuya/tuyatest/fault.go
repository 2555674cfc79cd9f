package tuyatest

import (
	"slices"
	"time"
)

// Kind is a way of going wrong.
type Kind string

// The kinds of faults. Those of a call strike HTTP calls: those marked "answer" after the
// data centre has done the work, the others before, unless Fault.After says otherwise.
// Those of a push strike updates, which are what one report of a device, or one event,
// makes for both channels; Fault.Times counts updates.
//
//	of a push    what happens                                        fields
//	Duplicate    the message comes again                             Size: how often (0: once)
//	Bounce       after the new value the old one, then the new one   Size: how often (0: once)
//	Split        each value of an update comes as its own message    with OutOfOrder: last one first
//	OutOfOrder   the next update overtakes this one                  Delay: waits that long at most (0: 10 s)
//	Delayed      comes late, with the time of its happening;         Delay
//	             updates after it that are not delayed overtake it
//	Lost         never comes                                         -
//	Garbled      no key opens it                                     -
//	Truncated,   as for answers, within the encrypted part, if       -
//	WrongTypes,  Fault.Match names the update
//	LooseValues
//
//	of a channel     what happens                                    fields
//	Flap             the next consumers end soon after their upgrade Delay: how soon, Code: of the close (0: none)
//	Cloud.Mute       consumers stay and hear nothing, no pong        -
//	DropConsumers    all consumers end                               code of the close (0: none)
//	DropLinks        all Open-Hub credentials die                    -
//
// Options has Unchanged for what never ends.
const (
	FailStatus  Kind = "status"       // HTTP Status, with an envelope; RetryAfter if set; Code 0: the status
	FailCode    Kind = "code"         // HTTP 200 (or Status), success false and Code
	Hang        Kind = "hang"         // never answers, until the client goes away
	Reset       Kind = "reset"        // closes the connection without an answer
	Cut         Kind = "cut"          // answer: half the body, then the connection breaks
	Truncated   Kind = "truncated"    // answer: half the JSON, in an otherwise complete HTTP answer
	HTML        Kind = "html"         // a page of HTML with status 200 (or Status)
	Empty200    Kind = "empty"        // no body at all, status 200 (or Status)
	Huge        Kind = "huge"         // a valid envelope of Size MiB
	Deep        Kind = "deep"         // an envelope whose result nests Size levels of arrays
	WrongTypes  Kind = "wrong-types"  // answer: every value in result gets another JSON type
	LooseValues Kind = "loose-values" // answer: values as 0/1, "12" and numbers for words of digits
	LostReply   Kind = "lost-reply"   // answer: the work is done, the connection closes silently
	Slow        Kind = "slow"         // waits for Delay first
	Clock       Kind = "clock"        // the clock is off by Offset for this call, 1013 included
	Stale       Kind = "stale"        // reads give what was there before the last command
	Ignored     Kind = "ignored"      // orders are accepted and change nothing
	EmptyPage   Kind = "empty-page"   // a page of a list comes without rows, whatever has_more says
	RepeatKey   Kind = "repeat-key"   // a later page gives its own key again, and says that there is more

	Flap       Kind = "flap"
	Duplicate  Kind = "duplicate"
	Bounce     Kind = "bounce"
	Split      Kind = "split"
	OutOfOrder Kind = "out-of-order"
	Delayed    Kind = "delayed"
	Lost       Kind = "lost"
	Garbled    Kind = "garbled"
)

// Fault makes matching calls go wrong.
type Fault struct {
	// Match is one of the Op constants, or a path; empty matches every call, or every
	// update if the kind is one of a push. Updates are called OpReport and OpEvent.
	Match string `json:"match"`
	Kind  Kind   `json:"kind"`
	// Page strikes only calls for that page of a list, from 1; 0: all calls.
	Page int `json:"page"`
	// Times is how many calls are struck: 0 stands for 1, -1 for all.
	Times int `json:"times"`
	// Skip lets that many matching calls pass first.
	Skip int `json:"skip"`
	// After lets the data centre do the work before the fault strikes.
	After bool `json:"after"`

	Status     int           `json:"status"`
	RetryAfter string        `json:"retryAfter"`
	Code       int           `json:"code"`
	Size       int           `json:"size"`
	Delay      time.Duration `json:"delay"`  // in JSON: nanoseconds
	Offset     time.Duration `json:"offset"` // in JSON: nanoseconds
}

// decisive faults replace the answer; the others change how it comes about.
func (f Fault) decisive() bool {
	switch f.Kind {
	case Slow, Clock, Stale, Ignored, EmptyPage, RepeatKey, Flap:
		return false
	default:
		return true
	}
}

// ofPush faults do not strike calls.
func (f Fault) ofPush() bool {
	switch f.Kind {
	case Duplicate, Bounce, Split, OutOfOrder, Delayed, Lost, Garbled:
		return true
	default:
		return false
	}
}

// strikes says whether f concerns this call.
func (f Fault) strikes(op, path string, page int) bool {
	if f.ofPush() || f.Kind == Flap && op != OpPulsar || f.Times == 0 || f.Page != 0 && f.Page != page {
		return false
	}
	return f.Match == "" || f.Match == op || f.Match == path
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
func (c *Cloud) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, &f)
}

// Heal removes all faults and sets the clock right.
func (c *Cloud) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults, c.clock = nil, 0
}

// SetClock puts the data centre's clock wrong by offset from now on: t of answers, what
// t of calls is held against, times of values and pushes. Tokens and links die when they
// really should.
func (c *Cloud) SetClock(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = offset
}

// plan is what the faults have in store for one call.
type plan struct {
	decisive  *Fault
	before    time.Duration
	later     time.Duration
	skew      time.Duration
	stale     bool
	ignored   bool
	emptyPage bool
	repeatKey bool
	flap      *Fault
}

// takeFaults counts the matching faults down. It needs the lock.
func (c *Cloud) takeFaults(op, path string, page int) plan {
	var p plan
	for _, f := range c.faults {
		if !f.strikes(op, path, page) {
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
	c.faults = slices.DeleteFunc(c.faults, func(f *Fault) bool { return f.Times == 0 })
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
	case EmptyPage:
		p.emptyPage = true
	case RepeatKey:
		p.repeatKey = true
	case Flap:
		one := *f
		p.flap = &one
	default:
		one := *f
		p.decisive = &one
	}
}
