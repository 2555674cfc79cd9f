package aqaratest

import (
	"slices"
	"time"
)

// holdTime is how long an update waits for the next one to overtake it, unless
// Fault.Delay says otherwise.
const holdTime = 10 * time.Second

// pushPlan is what the faults have in store for one update.
type pushPlan struct {
	copies  int
	bounces int
	split   bool
	reorder bool
	wait    time.Duration // of a reorder
	delay   time.Duration
	lost    bool
	spoil   Kind // Truncated, WrongTypes or LooseValues
}

// takePush counts the faults down that strike an update of this type. It needs the lock.
func (s *Studio) takePush(kind string) pushPlan {
	var p pushPlan
	for _, f := range s.faults {
		if f.Times == 0 || f.Match != kind && (f.Match != "" || !f.ofPush()) {
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

func (p *pushPlan) add(f *Fault) {
	switch f.Kind {
	case Duplicate:
		p.copies += max(f.Size, 1)
	case Bounce:
		p.bounces += max(f.Size, 1)
	case Split:
		p.split = true
	case OutOfOrder:
		p.reorder, p.wait = true, f.Delay
		if f.Delay == 0 {
			p.wait = holdTime
		}
	case Delayed, Slow:
		p.delay += f.Delay
	case Lost:
		p.lost = true
	case Truncated, WrongTypes, LooseValues:
		p.spoil = f.Kind
	default: // kinds that make no sense for a push
	}
}

// messages spreads changes over as many messages as the plan wants.
func (p *pushPlan) messages(changes []change) [][]change {
	out := [][]change{changes}
	if p.split {
		out = nil
		for _, c := range changes {
			out = append(out, []change{c})
		}
		if p.reorder && len(out) > 1 {
			slices.Reverse(out)
			p.reorder = false // that is disorder enough
		}
	}
	for range p.bounces {
		for _, back := range []bool{true, false} {
			again := slices.Clone(changes)
			for i := range again {
				if back {
					again[i].value = again[i].was
				}
			}
			out = append(out, again)
		}
	}
	return out
}

func (p *pushPlan) spoiled(raw []byte) []byte {
	switch p.spoil {
	case Truncated:
		return raw[:len(raw)/2]
	case WrongTypes:
		return rewrite(raw, func(_ string, v any) any { return otherType(v) })
	case LooseValues:
		return rewrite(raw, loose)
	default:
		return raw
	}
}

// hand gives one message of an update to a socket in the way of the plan.
func (s *Studio) hand(sk *socket, raw []byte, p pushPlan) {
	raw = p.spoiled(raw)
	switch {
	case p.lost:
	case p.delay > 0:
		s.postpone(sk, raw, p.delay)
	case p.reorder:
		sk.held = append(sk.held, raw)
		time.AfterFunc(p.wait, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.release(sk)
		})
	default:
		s.say(sk, raw)
		s.release(sk)
	}
}

// release sends what waited for another update to overtake it.
func (s *Studio) release(sk *socket) {
	held := sk.held
	sk.held = nil
	for _, raw := range held {
		s.say(sk, raw)
	}
}

// lateMessage is one whose time is still to come.
type lateMessage struct {
	due time.Time
	sk  *socket
	raw []byte
}

// postpone keeps the order of messages that are due at the same time.
func (s *Studio) postpone(sk *socket, raw []byte, d time.Duration) {
	s.late = append(s.late, lateMessage{time.Now().Add(d), sk, raw})
	slices.SortStableFunc(s.late, func(a, b lateMessage) int { return a.due.Compare(b.due) })
	time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for len(s.late) > 0 && !s.late[0].due.After(time.Now()) {
			s.say(s.late[0].sk, s.late[0].raw)
			s.late = s.late[1:]
		}
	})
}

// flap lets a fresh socket end soon.
func (s *Studio) flap(sk *socket, f *Fault) {
	if f == nil {
		return
	}
	time.AfterFunc(f.Delay, func() { sk.shut(f.Code, "") })
}
