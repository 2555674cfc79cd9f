package tuyatest

import (
	"slices"
	"time"
)

// holdTime is how long an update waits for the next one to overtake it, unless
// Fault.Delay says otherwise.
const holdTime = 10 * time.Second

// The kinds of updates that Fault.Match can name: values, and events such as online.
const (
	OpReport = "report"
	OpEvent  = "event"
)

// pushPlan is what the faults have in store for one update.
type pushPlan struct {
	copies  int
	bounces int
	split   bool
	reorder bool
	wait    time.Duration // of a reorder
	delay   time.Duration
	lost    bool
	spoil   Kind // Truncated, WrongTypes, LooseValues or Garbled
}

// takePush counts the faults down that strike an update of this kind. It needs the lock.
func (c *Cloud) takePush(op string) pushPlan {
	var p pushPlan
	for _, f := range c.faults {
		if f.Times == 0 || f.Match != op && (f.Match != "" || !f.ofPush()) {
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
	case Truncated, WrongTypes, LooseValues, Garbled:
		p.spoil = f.Kind
	default: // kinds that make no sense for a push
	}
}

// parts spreads changes over as many messages as the plan wants.
func (p *pushPlan) parts(changes []change) [][]change {
	out := [][]change{changes}
	if p.split {
		out = nil
		for _, ch := range changes {
			out = append(out, []change{ch})
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
				if back && again[i].was != nil {
					again[i].value = again[i].was
				}
			}
			out = append(out, again)
		}
	}
	return out
}

// inner writes the encrypted part of a message in the way of the plan.
func (p *pushPlan) inner(m message) []byte {
	raw := marshal(m.inner)
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

// sealed spoils what no key opens.
func (p *pushPlan) sealed(text string) string {
	if p.spoil != Garbled {
		return text
	}
	return text[:len(text)/2] + "AAAA" + text[len(text)/2+4:]
}

// hand delivers one update in the way of the plan.
func (c *Cloud) hand(p pushPlan, deliver func()) {
	switch {
	case p.lost:
	case p.delay > 0:
		c.postpone(p.delay, deliver)
	case p.reorder:
		c.held = append(c.held, deliver)
		time.AfterFunc(p.wait, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.release()
		})
	default:
		deliver()
		c.release()
	}
}

// release delivers what waited for another update to overtake it.
func (c *Cloud) release() {
	held := c.held
	c.held = nil
	for _, deliver := range held {
		deliver()
	}
}

// lateMail is an update whose time is still to come.
type lateMail struct {
	due     time.Time
	deliver func()
}

// postpone keeps the order of updates that are due at the same time.
func (c *Cloud) postpone(d time.Duration, deliver func()) {
	c.late = append(c.late, lateMail{time.Now().Add(d), deliver})
	slices.SortStableFunc(c.late, func(a, b lateMail) int { return a.due.Compare(b.due) })
	time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for len(c.late) > 0 && !c.late[0].due.After(time.Now()) {
			deliver := c.late[0].deliver
			c.late = c.late[1:]
			deliver()
		}
	})
}
