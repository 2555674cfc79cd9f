package bridge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const (
	callLimit   = 60 * time.Second // a whole inventory or poll
	loginRetry  = time.Minute      // while a human is needed: the token manager looks for a new login, without the network
	misRetry    = 5 * time.Minute
	jitterShare = 0.1
	longestWait = 40 * time.Second // for a hub that is away; backoff adds up to half of it
)

// clock is when a hub is asked next.
type clock struct {
	inventory, values time.Time
	listed            time.Time // when the last good inventory was asked for
	policy            *backoff.ExponentialBackOff
	slow              bool // the last round took longer than the interval
	pacing            pacing
}

// pollLoop asks the hub at its pace. A round that overruns delays the next; rounds
// never stack up, since there is one loop.
func (h *hubRun) pollLoop(ctx context.Context) {
	c := clock{policy: backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(2*time.Second), backoff.WithMultiplier(2),
		backoff.WithMaxInterval(longestWait), backoff.WithMaxElapsedTime(0))}
	for ctx.Err() == nil {
		began := time.Now()
		wait := h.round(ctx, &c, began)
		h.overrun(&c, time.Since(began))
		wait = max(wait, h.tooSoon(&c, time.Now()))
		h.evaluate(time.Now(), wait)
		h.await(ctx, &c, wait)
	}
}

// longNap is how long a wait goes by without a look at the clock: a machine that slept,
// or whose clock was wrong, may be past the end of a budget's period.
const longNap = 10 * time.Minute

// await waits for the next round, wakes for the hub's state to fall due, and for
// whoever wants an inventory now.
func (h *hubRun) await(ctx context.Context, c *clock, wait time.Duration) {
	end := time.Now().Add(wait)
	t := time.NewTimer(min(wait, longNap))
	defer t.Stop()
	due := time.NewTimer(h.offlineIn(time.Now()))
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-due.C:
			h.evaluate(time.Now(), 0)
			continue
		case reason := <-h.kick:
			h.log.Debug().Str("reason", reason).Msg("inventory asked for")
			c.inventory, c.values = time.Time{}, time.Time{}
			end = time.Now().Add(h.tooSoon(c, time.Now()))
		case reason := <-h.poke:
			h.log.Debug().Str("reason", reason).Msg("values asked for")
			c.values = time.Time{}
			if time.Since(c.listed) >= apart { // devices may have come and gone, too
				c.inventory = time.Time{}
			}
			end = time.Now().Add(h.tooSoon(c, time.Now()))
		}
		now := time.Now()
		left := max(min(end.Sub(now), end.Round(0).Sub(now.Round(0))), h.alone(now))
		if left <= 0 {
			return
		}
		t.Reset(min(left, longNap))
	}
}

// round does what is due and returns how long to wait.
func (h *hubRun) round(ctx context.Context, c *clock, now time.Time) time.Duration {
	if !now.Before(c.inventory) {
		if err := c.pacing.measured(ctx, &c.pacing.list, h.inventory); err != nil {
			return h.failed(ctx, c, err)
		}
		c.listed, c.inventory = now, now.Add(h.pace(c, now).Inventory)
	}
	if !now.Before(c.values) {
		select { // who asked for values gets them now
		case <-h.poke:
		default:
		}
		poll := func(ctx context.Context) error { return h.poll(ctx, now) }
		if err := c.pacing.measured(ctx, &c.pacing.values, poll); err != nil {
			return h.failed(ctx, c, err)
		}
		c.values = now.Add(h.pace(c, now).Values)
	}
	c.policy.Reset()
	h.succeeded(time.Now())
	next := c.values
	if c.inventory.Before(next) {
		next = c.inventory
	}
	return max(time.Until(next), 0)
}

func (h *hubRun) valuesPace() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.push.up {
		return h.cfg.Pace.Reconcile
	}
	return h.cfg.Pace.Values
}

func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 + jitterShare*(2*rand.Float64()-1)))
}

// failed notes err and says how long to wait: what the vendor asked for, and at
// least the backoff's own step.
func (h *hubRun) failed(ctx context.Context, c *clock, err error) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	h.mu.Lock()
	h.health.fail(err, time.Now())
	h.restraint.rein(err, time.Now())
	h.health.awaitsLogin = hubs.FaultOf(err) == hubs.LoginNeeded && h.tokensNeedLogin()
	h.mu.Unlock()
	wait := c.policy.NextBackOff()
	if e, ok := errors.AsType[*hubs.Error](err); ok {
		wait = max(wait, e.After)
	}
	switch hubs.FaultOf(err) {
	case hubs.LoginNeeded:
		return loginRetry
	case hubs.Misconfigured:
		return max(wait, misRetry)
	default:
		return wait
	}
}

func (h *hubRun) succeeded(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.health.succeed(now)
}

// inventory reads all devices and publishes what came, changed and left.
func (h *hubRun) inventory(ctx context.Context) error {
	var list []hubs.Device
	err := h.call(ctx, "inventory", callLimit, func(ctx context.Context) (err error) {
		list, err = h.cfg.Hub.Devices(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	return h.settleInventory(ctx, list, time.Now())
}

// poll reads all values. Failures of single devices do not make it a failure.
func (h *hubRun) poll(ctx context.Context, asked time.Time) error {
	var news []hubs.Reading
	err := h.call(ctx, "poll", callLimit, func(ctx context.Context) (err error) {
		news, err = h.cfg.Hub.Poll(ctx)
		return err
	})
	h.meter.pollSeconds.Observe(time.Since(asked).Seconds())
	if err != nil && len(news) == 0 {
		return fmt.Errorf("poll: %w", err)
	}
	h.apply(news, source{asked: asked, whole: true})
	h.firstPoll()
	if err != nil {
		h.log.Debug().Err(err).Int("read", len(news)).Msg("some devices could not be read")
	}
	return nil
}

// firstPoll publishes the devices that a poll said nothing of: unknown is what is
// known of them. Before a poll worked, the retained states of the last run stand.
func (h *hubRun) firstPoll() {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for raw, d := range h.devices {
		if !d.heard && raw != hubs.Self { // its own device is told by showSelf
			d.heard, d.dirty = true, true
		}
		h.touch(d, now)
	}
}

// overrun says once when rounds take longer than their interval, and once when that ends.
func (h *hubRun) overrun(c *clock, took time.Duration) {
	slow := took > h.cfg.Pace.Values && took > h.cfg.Pace.Inventory
	if slow != c.slow {
		c.slow = slow
		h.log.Warn().Dur("took", took).Dur("interval", h.cfg.Pace.Values).Bool("slow", slow).
			Msg("polling takes longer than its interval: rounds are skipped")
	}
}

// read reads a few devices now, or has everything polled where the hub cannot. It
// serves a command, or a person who asked.
func (h *hubRun) read(ctx context.Context, ids []hubs.DeviceID) error {
	r, ok := h.cfg.Hub.(hubs.Reader)
	if !ok {
		h.relist("a device was to be read")
		return nil
	}
	var news []hubs.Reading
	asked := time.Now()
	if _, err := h.inTurn(asked, 0); err != nil {
		return err
	}
	err := h.call(hubs.WithPurpose(ctx, hubs.ForCommand), "read", callLimit/2, func(ctx context.Context) (err error) {
		news, err = r.Read(ctx, ids)
		return err
	})
	h.apply(news, source{asked: asked})
	h.limited(err, time.Now())
	return err
}
