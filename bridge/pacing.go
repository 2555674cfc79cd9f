package bridge

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const (
	listShare  = 0.25      // inventories may take so much of a budget, the rest is for values
	burstShare = 0.02      // of the limit may be called ahead of the plan, by retries and what is asked for at once
	endNear    = time.Hour // a period's end is waited for where the budget pays no round any more
)

// pacing fits the rounds of one hub to what its account may call.
type pacing struct {
	list, values cost
	spare        float64 // calls that may be made ahead of the plan
	settled      time.Time
	warned       bool
}

// cost is what one sort of round takes, in calls. The first one after a start may be
// much dearer than all others and counts only until there is a second.
type cost struct {
	rounds int
	mean   float64
}

func (c *cost) add(calls int) {
	const weight = 0.3
	c.rounds++
	if c.rounds <= 2 {
		c.mean = float64(calls)
		return
	}
	c.mean += weight * (float64(calls) - c.mean)
}

// expected is what the next one takes.
func (c *cost) expected() float64 {
	const usual = 8
	if c.rounds == 1 {
		return max(c.mean/4, min(c.mean, usual))
	}
	return c.mean
}

// measured runs one job of a round and learns what it costs.
func (p *pacing) measured(ctx context.Context, c *cost, job func(context.Context) error) error {
	var t hubs.Tally
	err := job(hubs.WithTally(ctx, &t))
	p.spare -= float64(t.Calls())
	if err == nil {
		c.add(t.Calls())
	}
	return err
}

// plan stretches want so far that the calls left for polls last until the period ends.
func (p *pacing) plan(b hubs.Budget, want hubs.Pace, now time.Time) hubs.Pace {
	left, rate := p.rate(b, now)
	lists, values := p.list.expected(), p.values.expected()
	switch {
	case rate > 0 && lists/want.Inventory.Seconds()+values/want.Values.Seconds() <= rate:
		return want
	case rate > 0:
	case left > endNear || left <= 0: // the hub will refuse, and say why
		return want
	default:
		return hubs.Pace{Inventory: max(want.Inventory, left+time.Second), Values: max(want.Values, left+time.Second)}
	}
	stretch := func(least time.Duration, calls, rate float64) time.Duration {
		seconds := min(calls/rate, left.Seconds()+1) // the next period has its own plan
		return max(least, time.Duration(seconds*float64(time.Second)))
	}
	out := hubs.Pace{Inventory: stretch(want.Inventory, lists, rate*listShare)}
	out.Values = stretch(want.Values, values, rate-min(lists/out.Inventory.Seconds(), rate*listShare))
	return out
}

// rate is how many calls a second polls may make until the period ends, with one round
// kept in hand so that none breaks off in the middle. Zero: nothing is left, or, near
// the end, no whole round.
func (p *pacing) rate(b hubs.Budget, now time.Time) (left time.Duration, rate float64) {
	left = b.Ends.Sub(now)
	if left <= 0 {
		return left, 0
	}
	spare := float64(b.Polls) - p.list.expected() - p.values.expected()
	if spare <= 0 && left > endNear {
		spare = float64(b.Polls)
	}
	return left, max(spare, 0) / left.Seconds()
}

// tooSoon is how long the next round must wait for the plan to hold, whatever asks for
// it. The first round is free: what a start costs cannot be spread.
func (p *pacing) tooSoon(b hubs.Budget, now time.Time) time.Duration {
	burst := burstShare * float64(b.Limit)
	left, rate := p.rate(b, now)
	if p.settled.IsZero() {
		p.spare = burst
	} else {
		p.spare = min(burst, p.spare+rate*now.Sub(p.settled).Seconds())
	}
	p.settled = now
	switch {
	case rate == 0 && left > 0 && left <= endNear:
		return left + time.Second
	case rate == 0 || p.spare >= 0:
		return 0
	}
	return time.Duration(min(-p.spare/rate, left.Seconds()+1) * float64(time.Second))
}

// budget is what the hub's account allows; false: no limit is known.
func (h *hubRun) budget() (hubs.Budget, bool) {
	if b, ok := h.cfg.Hub.(hubs.Budgeted); ok {
		return b.Budget()
	}
	return hubs.Budget{}, false
}

// pace is the time to the next inventory and to the next poll.
func (h *hubRun) pace(c *clock, now time.Time) hubs.Pace {
	want := hubs.Pace{Inventory: h.cfg.Pace.Inventory, Values: h.valuesPace()}
	b, limited := h.budget()
	if !limited {
		return hubs.Pace{Inventory: jitter(want.Inventory), Values: jitter(want.Values)}
	}
	lasts := c.pacing.plan(b, want, now)
	if h.cfg.FixedPace {
		h.warnShort(&c.pacing, b, want, lasts)
		return hubs.Pace{Inventory: jitter(want.Inventory), Values: jitter(want.Values)}
	}
	later := 1 + jitterShare*rand.Float64() // never sooner than planned
	return hubs.Pace{
		Inventory: time.Duration(later * float64(lasts.Inventory)), Values: time.Duration(later * float64(lasts.Values)),
	}
}

// warnShort says once that the interval the user chose asks for more than QUOTA allows.
func (h *hubRun) warnShort(p *pacing, b hubs.Budget, want, lasts hubs.Pace) {
	h.mu.Lock()
	fresh := h.pushes && !h.push.up && time.Since(h.health.started) < time.Minute
	h.mu.Unlock()
	if p.warned || fresh || p.values.rounds == 0 || lasts.Values <= want.Values && lasts.Inventory <= want.Inventory {
		return
	}
	p.warned = true
	h.log.Warn().Dur("interval", want.Values).Dur("lasting", max(lasts.Values, lasts.Inventory)).Int("quota", b.Limit).Int("used", b.Used).
		Time("until", b.Ends).Msg("POLL_INTERVAL is too short for QUOTA: polls will stop before the period ends; POLL_INTERVAL=auto fits itself to it")
}

// tooSoon is how long the next round has to wait for the budget's sake.
func (h *hubRun) tooSoon(c *clock, now time.Time) time.Duration {
	b, limited := h.budget()
	if !limited || h.cfg.FixedPace {
		return 0
	}
	return c.pacing.tooSoon(b, now)
}
