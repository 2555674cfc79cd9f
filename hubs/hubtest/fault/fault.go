// Package fault is how simulators of vendors go wrong: one vocabulary of faults, a Table
// of those that are due, and what they do to HTTP answers (Table.Wrap), to connections
// (Table.Transport) and to what a stream pushes (Line). Control is how another process
// makes a simulator go wrong.
//
// A simulator keeps one Table, tells by Describe what a request is and by Say how the
// vendor words a refusal; the rest is one line, Wrap. It must know neither hubs nor
// testing, since the demo serves simulators too.
package fault

import (
	"path"
	"slices"
	"time"
)

// Kind is a way of going wrong.
type Kind string

// The kinds. Those of a call strike requests, and what clients say on a stream where a
// simulator asks Take for that too. "Answer" marks those that let the simulator do the
// work first and then spoil what it says.
//
//	of a call    what happens                                         fields
//	Status       HTTP Status, in the vendor's own words (Table.Say)   Status, RetryAfter, Code
//	Answer       Body instead of an answer, as a proxy would say it   Status (0: 200), Type, Body, RetryAfter
//	HTML         a page with status 200                               Status
//	Empty        no body at all, status 200                           Status
//	Huge         JSON of Size MiB                                     Size
//	Deep         JSON that nests Size levels of arrays                Size
//	Echo         the whole request in the answer, credentials         Status (0: 400)
//	             included
//	Hang         no answer until the client goes away or Heal         -
//	Reset        the connection breaks before the answer              -
//	Cut          answer: half of it, then the connection breaks       -
//	LostReply    answer: the work is done, the connection breaks      -
//	Truncated    answer: half the body in a complete HTTP answer      -
//	WrongTypes   answer: every value gets another JSON type           -
//	Slow         waits for Delay first, or with After before it       Delay, After
//	             answers
//	Clock        the Date header and the times of the answer are      Offset
//	             off; Table.SetClock does it for good
//	Stale        reads give what was there before the last write      -
//	Ignored      writes are accepted and change nothing               -
//
//	of a network, where Table.Transport carries the requests
//	DNS          the host's name is not known                         -
//	TLS          the host's certificate is not trusted                -
//
//	of a stream
//	Flap         the next streams end soon after they open            Delay: how soon, Code: of the close
//	Mute         streams stay open and say nothing at all             -
//
//	of a push; Times counts updates: what one happening makes for all streams
//	Duplicate    comes again, the same to the last byte               Size: how often (0: once)
//	Bounce       after the new value the old one, then the new one    Size: how often (0: once)
//	Split        each value of an update comes as its own message     with OutOfOrder: last one first
//	OutOfOrder   the next update overtakes this one                   Delay: waits that long at most (0: 10 s)
//	Delayed      comes late, with the time of its happening; those    Delay
//	             after it overtake it
//	Lost         never comes                                          -
//	Truncated, WrongTypes and Slow strike pushes too, if Match names what is pushed or
//	Role is Pushed
const (
	Status     Kind = "status"
	Answer     Kind = "answer"
	HTML       Kind = "html"
	Empty      Kind = "empty"
	Huge       Kind = "huge"
	Deep       Kind = "deep"
	Echo       Kind = "echo"
	Hang       Kind = "hang"
	Reset      Kind = "reset"
	Cut        Kind = "cut"
	LostReply  Kind = "lost-reply"
	Truncated  Kind = "truncated"
	WrongTypes Kind = "wrong-types"
	Slow       Kind = "slow"
	Clock      Kind = "clock"
	Stale      Kind = "stale"
	Ignored    Kind = "ignored"

	DNS Kind = "dns"
	TLS Kind = "tls"

	Flap Kind = "flap"
	Mute Kind = "mute"

	Duplicate  Kind = "duplicate"
	Bounce     Kind = "bounce"
	Split      Kind = "split"
	OutOfOrder Kind = "out-of-order"
	Delayed    Kind = "delayed"
	Lost       Kind = "lost"
)

// Manner is what a kind does to an answer, or what else it is about.
type Manner uint8

// The manners.
const (
	Instead   Manner = iota + 1 // replaces the answer, before the work unless Fault.After
	Behind                      // spoils the answer to work that is done
	Beside                      // changes how the answer comes about
	OfNetwork                   // strikes before a connection is there
	OfStream                    // strikes streams as such
	OfPush                      // strikes what streams bring
)

// manner gives 0 for a kind that this package does not know.
func (k Kind) manner() Manner {
	switch k {
	case Status, Answer, HTML, Empty, Huge, Deep, Echo, Hang, Reset:
		return Instead
	case Cut, LostReply, Truncated, WrongTypes:
		return Behind
	case Slow, Clock, Stale, Ignored:
		return Beside
	case DNS, TLS:
		return OfNetwork
	case Flap, Mute:
		return OfStream
	case Duplicate, Bounce, Split, OutOfOrder, Delayed, Lost:
		return OfPush
	}
	return 0
}

// AfterWork tells whether the kind lets the simulator do its work first.
func (k Kind) AfterWork() bool { return k.manner() == Behind }

// Role is what a request is for, as far as it matters here.
type Role string

// The roles. A request has one of the last four.
const (
	Any     Role = ""     // in a Fault: all of them
	Pushed  Role = "push" // in a Fault: nothing that is asked, only what is pushed
	Call    Role = "call"
	Renewal Role = "renewal" // trades a token for another one
	Stream  Role = "stream"  // opens a stream
	Message Role = "message" // is said on an open stream
)

// Always is the Times of a fault that lasts until Heal.
const Always = -1

// Fault makes matching calls, streams or pushes go wrong. In JSON, durations are
// nanoseconds.
type Fault struct {
	Kind Kind `json:"kind"`
	// Match is the simulator's name of a call or of a push, or a path; * stands for
	// anything but a slash. Empty matches every call, or every push if the kind is one
	// of those.
	Match string `json:"match"`
	// Role, Layer and Page narrow down which calls are struck: by what they are for, by
	// the token they need or renew, by the page of the inventory they ask for (from 1).
	Role  Role   `json:"role"`
	Layer string `json:"layer"`
	Page  int    `json:"page"`
	// Times is how many are struck: 0 stands for 1, Always for all.
	Times int `json:"times"`
	// Skip lets that many matching ones pass first.
	Skip int `json:"skip"`
	// For ends the fault that long after it was added; zero: it does not end by itself.
	For time.Duration `json:"for"`
	// After lets the simulator do the work before the fault replaces the answer.
	After bool `json:"after"`

	Status     int           `json:"status"`
	RetryAfter string        `json:"retryAfter"` // the header of that name
	Type       string        `json:"type"`       // the Content-Type of an Answer
	Body       string        `json:"body"`
	Code       int           `json:"code"` // the vendor's, or of a stream's close
	Device     string        `json:"device"`
	Size       int           `json:"size"`
	Delay      time.Duration `json:"delay"`
	Offset     time.Duration `json:"offset"`
}

// Request is what a simulator says of a request that came in.
type Request struct {
	// Name is the simulator's own for this kind of call.
	Name string
	// Path is the URL's; Wrap and Transport fill it in.
	Path string
	// Role is Call if it is empty.
	Role Role
	// Layer names the token that the call needs or renews, where the vendor has several.
	Layer string
	// Page is the page of the inventory that is asked for, from 1; 0: something else.
	Page int
}

// fits tells whether f is about this call.
func (f *Fault) fits(q Request) bool {
	return (f.Role == Any || f.Role == q.role()) &&
		(f.Layer == "" || f.Layer == q.Layer) &&
		(f.Page == 0 || f.Page == q.Page) &&
		(f.Match == "" || f.names(q.Name) || f.names(q.Path))
}

func (q Request) role() Role {
	if q.Role == Any {
		return Call
	}
	return q.Role
}

func (f *Fault) names(what string) bool {
	if f.Match == what {
		return true
	}
	ok, err := path.Match(f.Match, what)
	return ok && err == nil
}

// strikesPush tells whether f is about a push of this name.
func (f *Fault) strikesPush(m Manner, name string) bool {
	if m == OfPush {
		return f.Match == "" || f.names(name)
	}
	named := f.Match != "" && f.names(name) || f.Match == "" && f.Role == Pushed
	return named && (m == Behind || f.Kind == Slow)
}

// Plan is what the faults have in store for one call.
type Plan struct {
	// Decisive replaces or spoils the answer; nil: none does.
	Decisive *Fault
	// Before and Later are the waits before the work and before the answer.
	Before, Later time.Duration
	// Skew is how wrong the simulator's clock is.
	Skew time.Duration
	// Stale and Ignored are for the simulator to see to.
	Stale, Ignored bool
	// Flap ends a stream that the call opens; Strike and Open do that.
	Flap *Fault
	// Own are those of the simulator's kinds that stand beside the answer.
	Own []Fault

	manner Manner // of Decisive
}

func (p *Plan) add(f Fault, m Manner) {
	switch {
	case m == Instead, m == Behind:
		p.Decisive, p.manner = &f, m
	case f.Kind == Slow && f.After:
		p.Later += f.Delay
	case f.Kind == Slow:
		p.Before += f.Delay
	case f.Kind == Clock:
		p.Skew += f.Offset
	case f.Kind == Stale:
		p.Stale = true
	case f.Kind == Ignored:
		p.Ignored = true
	case f.Kind == Flap:
		p.Flap = &f
	default:
		p.Own = append(p.Own, f)
	}
}

// AfterWork tells whether the simulator does its work although a fault strikes.
func (p *Plan) AfterWork() bool {
	return p.Decisive == nil || p.manner == Behind || p.Decisive.After
}

// Spoils tells whether the decisive fault changes the right answer instead of giving
// another one.
func (p *Plan) Spoils() bool { return p.manner == Behind }

// Push is what the faults have in store for one update.
type Push struct {
	Copies  int
	Bounces int
	Split   bool
	// Spoil is what Line.Send does to a message; nil: nothing. A simulator that encrypts
	// what it pushes does it before, by Table.Spoiled, and clears it.
	Spoil *Fault

	reorder bool
	wait    time.Duration // of a reorder
	delay   time.Duration
	lost    bool
}

// holdTime is how long an update waits for the next one to overtake it, unless
// Fault.Delay says otherwise.
const holdTime = 10 * time.Second

func (p *Push) add(f Fault) {
	switch f.Kind {
	case Duplicate:
		p.Copies += max(f.Size, 1)
	case Bounce:
		p.Bounces += max(f.Size, 1)
	case Split:
		p.Split = true
	case OutOfOrder:
		p.reorder, p.wait = true, f.Delay
		if f.Delay == 0 {
			p.wait = holdTime
		}
	case Delayed, Slow:
		p.delay += f.Delay
	case Lost:
		p.lost = true
	default:
		p.Spoil = &f
	}
}

// Spread gives the messages that an update of these changes makes: one, or more where
// the plan splits it or lets it bounce. back gives a change with the value of before.
// With a plan that splits and reorders, the disorder is in what Spread returns.
func Spread[T any](p *Push, changes []T, back func(T) T) [][]T {
	out := [][]T{changes}
	if p.Split {
		out = nil
		for _, c := range changes {
			out = append(out, []T{c})
		}
		if p.reorder && len(out) > 1 {
			slices.Reverse(out)
			p.reorder = false
		}
	}
	for range p.Bounces {
		was := make([]T, len(changes))
		for i, c := range changes {
			was[i] = back(c)
		}
		out = append(out, was, changes)
	}
	return out
}
