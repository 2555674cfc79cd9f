package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// While a vendor wants to be left alone nobody polls, whatever asks for it. Commands
// are tried until one is refused for that reason; from then on a few.
const (
	shortLimit = 10 * time.Minute // a wait so long is about calls in a second or minute, a longer one about a day or month
	shortGap   = 2 * time.Second  // between two commands in a short one
	longGap    = time.Minute      // and in a long one
	longestGap = 10 * time.Second // a command that would wait longer is refused
)

// restraint is how long the vendor wants to be left alone. It is under its hubRun's lock.
type restraint struct {
	until time.Time
	said  *hubs.Error // to the last command; nil: commands go
	next  time.Time   // when one may go
}

// limitOf is err where it tells how long the vendor wants to be left alone.
func limitOf(err error) (*hubs.Error, bool) {
	e, ok := errors.AsType[*hubs.Error](err)
	return e, ok && e.After > 0 && hubs.FaultOf(err) == hubs.Limited
}

// alone is how long nobody may poll yet.
func (h *hubRun) alone(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(h.restraint.until.Sub(now), 0)
}

// rein takes from the answer to a poll how long nobody polls. h.mu is held.
func (r *restraint) rein(err error, now time.Time) {
	if e, ok := limitOf(err); ok {
		r.until = later(r.until, now.Add(e.After))
	}
}

// limited takes from the answer to a command, or to a read for one, how the vendor is.
func (h *hubRun) limited(err error, now time.Time) {
	e, ok := limitOf(err)
	h.mu.Lock()
	if !ok {
		if err == nil {
			h.restraint.said = nil
		}
		h.mu.Unlock()
		return
	}
	h.restraint.rein(err, now)
	h.restraint.said = e
	h.health.fail(err, now)
	h.mu.Unlock()
	h.evaluate(now, e.After)
	h.relist("the vendor wanted to be left alone") // when that is over
}

// order makes the call of a command when it is its turn.
func (h *hubRun) order(ctx context.Context, do func(context.Context) error) error {
	wait, err := h.inTurn(time.Now(), longestGap)
	if err != nil {
		return err
	}
	if wait > 0 {
		sleep(ctx, wait)
	}
	err = h.call(hubs.WithPurpose(ctx, hubs.ForCommand), "command", executeLimit, do)
	h.limited(err, time.Now())
	return err
}

// inTurn is how long a command has to wait for its turn, or why it is not sent: it
// would wait longer than longest.
func (h *hubRun) inTurn(now time.Time, longest time.Duration) (time.Duration, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &h.restraint
	left := r.until.Sub(now)
	if r.said == nil || left <= 0 {
		r.said = nil
		return 0, nil
	}
	gap := shortGap
	if r.said.After > shortLimit {
		gap = longGap
	}
	if r.next.Before(now) {
		r.next = now
	}
	wait := r.next.Sub(now)
	if wait > longest {
		return 0, &hubs.Error{
			Fault: hubs.Limited, Code: r.said.Code, Hint: r.said.Hint, After: wait,
			Err: fmt.Errorf("not sent, since the last command was refused: %w", r.said.Err),
		}
	}
	r.next = r.next.Add(gap)
	return wait, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
