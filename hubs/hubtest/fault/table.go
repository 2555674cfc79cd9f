package fault

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Table holds the faults that are due, and counts what comes in. Its fields are set
// before it is used; then it is safe for concurrent use. The zero value works: it knows
// calls by their paths, and answers as HTTP does.
type Table struct {
	// Describe says what a request is. The body is there to be read; r.Body is not. nil:
	// every request is a Call.
	Describe func(r *http.Request, body []byte) Request
	// Say gives the answer of a Status, and of the simulator's own kinds that stand
	// Instead of an answer, in the vendor's words; r.Body can be read. nil: as Reply does.
	Say func(w http.ResponseWriter, r *http.Request, f Fault)
	// Spoil gives what WrongTypes and the simulator's own kinds that are Behind make of a
	// body; nil: WrongTypes rewrites all of it.
	Spoil func(f Fault, body []byte) []byte
	// Own are the simulator's own kinds.
	Own map[Kind]Manner

	mu     sync.Mutex
	rules  []*rule
	healed chan struct{} // closed by Heal
	clock  time.Duration
	lines  map[*Line]bool
	seen   Seen
}

// rule is a fault that is due.
type rule struct {
	Fault
	manner Manner
	until  time.Time // zero: it does not end by itself
}

// Seen is what came in so far.
type Seen struct {
	// Calls, Renewals and Streams count requests by their role.
	Calls, Renewals, Streams int
	// Struck counts what faults did something to, requests that never arrived included.
	Struck int
	// ByName counts all requests, ByLayer the renewals.
	ByName, ByLayer map[string]int
}

// Knows tells whether k is a kind of this package or one of the simulator's own.
func (t *Table) Knows(k Kind) bool { return t.manner(k) != 0 }

func (t *Table) manner(k Kind) Manner {
	if m, ok := t.Own[k]; ok {
		return m
	}
	return k.manner()
}

// Fail adds a fault. Faults strike in the order they were added; of those that replace
// or spoil an answer a call takes one. It panics on a kind that nobody knows: whoever
// takes kinds from outside asks Knows first.
func (t *Table) Fail(f Fault) {
	r := &rule{Fault: f, manner: t.manner(f.Kind)}
	if r.manner == 0 {
		panic("fault: nobody knows the kind " + string(f.Kind))
	}
	if r.Times == 0 {
		r.Times = 1
	}
	if f.For > 0 {
		r.until = time.Now().Add(f.For)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rules = append(t.rules, r)
}

// Heal removes all faults, sets the clock right, and lets go of what hangs.
func (t *Table) Heal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.healed != nil {
		close(t.healed)
	}
	t.rules, t.clock, t.healed = nil, 0, nil
}

// Lift removes the faults of one kind.
func (t *Table) Lift(k Kind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rules = slices.DeleteFunc(t.rules, func(r *rule) bool { return r.Kind == k })
}

// Pending is how many faults are due.
func (t *Table) Pending() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	return len(t.rules)
}

// SetClock puts the simulator's clock wrong by offset from now on.
func (t *Table) SetClock(offset time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clock = offset
}

// Clock is how wrong the simulator's clock is.
func (t *Table) Clock() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.clock
}

// Muted tells whether streams say nothing at all, answers to pings included.
func (t *Table) Muted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	return slices.ContainsFunc(t.rules, func(r *rule) bool { return r.Kind == Mute })
}

// Drop breaks the open streams: with this code where the vendor's streams end with one,
// without a word if it is 0.
func (t *Table) Drop(code int) {
	t.mu.Lock()
	open := slices.Collect(maps.Keys(t.lines))
	t.mu.Unlock()
	for _, l := range open {
		l.end(code)
	}
}

// Open is how many streams are open.
func (t *Table) Open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.lines)
}

// Seen tells what came in so far.
func (t *Table) Seen() Seen {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.seen
	s.ByName, s.ByLayer = maps.Clone(s.ByName), maps.Clone(s.ByLayer)
	return s
}

// Take counts a request and gives what the faults have in store for it. Wrap does it for
// whole requests; a simulator asks by itself for what is said on a stream.
func (t *Table) Take(q Request) Plan {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen.count(q)
	p := Plan{Skew: t.clock}
	t.draw(func(r *rule) bool {
		switch {
		case r.manner == OfPush || r.manner == OfNetwork || r.Kind == Mute,
			r.Kind == Flap && q.role() != Stream,
			p.Decisive != nil && (r.manner == Instead || r.manner == Behind):
			return false
		}
		return r.fits(q)
	}, func(r *rule) { p.add(r.Fault, r.manner) })
	return p
}

// Push gives what the faults have in store for an update of this name. It is asked once
// for all streams that the update goes to.
func (t *Table) Push(name string) Push {
	t.mu.Lock()
	defer t.mu.Unlock()
	var p Push
	t.draw(func(r *rule) bool { return r.strikesPush(r.manner, name) }, func(r *rule) { p.add(r.Fault) })
	return p
}

// draw counts down the faults that fit and hands them over. t.mu is held.
func (t *Table) draw(fits func(*rule) bool, take func(*rule)) {
	t.expire()
	struck := false
	for _, r := range t.rules {
		switch {
		case !fits(r):
		case r.Skip > 0:
			r.Skip--
		default:
			if r.Times > 0 {
				r.Times--
			}
			take(r)
			struck = true
		}
	}
	t.rules = slices.DeleteFunc(t.rules, func(r *rule) bool { return r.Times == 0 })
	if struck {
		t.seen.Struck++
	}
}

// expire forgets faults whose time is over. t.mu is held.
func (t *Table) expire() {
	t.rules = slices.DeleteFunc(t.rules, func(r *rule) bool { return !r.until.IsZero() && !time.Now().Before(r.until) })
}

func (s *Seen) count(q Request) {
	if s.ByName == nil {
		s.ByName, s.ByLayer = map[string]int{}, map[string]int{}
	}
	s.ByName[q.Name]++
	switch q.role() {
	case Call:
		s.Calls++
	case Renewal:
		s.Renewals++
		s.ByLayer[q.Layer]++
	case Stream:
		s.Streams++
	case Message, Any, Pushed:
	}
}

// hanging ends with Heal.
func (t *Table) hanging() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.healed == nil {
		t.healed = make(chan struct{})
	}
	return t.healed
}
