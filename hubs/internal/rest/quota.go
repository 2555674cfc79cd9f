package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Quota is what an account may call: the budget that QUOTA sets for each day or month.
// All hubs of the account that use one store share it, in other processes too. It is
// safe for concurrent use; nil is no budget.
//
// The count is in the store. Each hub reserves calls there in blocks, so that not every
// call is a write to the disk: of half the calls that this run made, at least one and at
// most 1 % of the limit. What a crash leaves reserved counts as used. The count is thus
// never too low, and too high by no more than that, also if a process is started over
// and over. While the store does not take a write, calls go on and are counted in
// memory; they are written once it does.
type Quota struct {
	allow allowance
	hub   string
	key   string
	store auth.KV
	log   zerolog.Logger
	clock *auth.Clock

	saving chan struct{} // who fills it talks to the store

	mu      sync.Mutex
	windows []*window // the one used last at the end
	calls   int       // of this run
	orders  int       // those of them that are not for polls
	opened  time.Time // when it made the first
	failing time.Time // the store last failed; zero: it works
}

// Account says whose calls a Quota counts.
type Account struct {
	// Identity names vendor and account; what is stored is its hash. Hubs with the same
	// one share a budget, and are to be given the same QUOTA.
	Identity string
	// Default is QUOTA where the user sets none; empty: off.
	Default string
	// Clock is the vendor's, whose days and months count; nil: this machine's.
	Clock *auth.Clock
}

// OpenQuota reads QUOTA from a hub's settings. The error names the setting and what it
// should look like. It does no I/O.
func OpenQuota(from hubs.Settings, deps hubs.Deps, a Account) (*Quota, error) {
	s := struct {
		Quota string `split_words:"true"`
	}{}
	if err := from.Decode(&s); err != nil {
		return nil, err
	}
	for _, text := range []string{a.Default, "off"} {
		if s.Quota == "" {
			s.Quota = text
		}
	}
	allow, err := parseAllowance(s.Quota)
	if err != nil {
		return nil, err
	}
	store := deps.Cache
	if store == nil {
		store = auth.NewMemStore()
	}
	id := sha256.Sum256([]byte(a.Identity))
	return &Quota{
		allow: allow, hub: deps.Name, key: "quota/" + hex.EncodeToString(id[:8]), store: store, log: deps.Log,
		clock: a.Clock, saving: make(chan struct{}, 1),
	}, nil
}

// window is one period as this run knows it.
type window struct {
	period string
	ends   time.Time
	seen   bool // the store was asked, or has failed
	used   int  // by all hubs, as last stored; what they have reserved is in it
	owed   int  // reserved here while the store failed: not stored yet
	left   int  // of what is reserved here
	over   bool // what is left is kept for commands
	hubs   int  // that share the budget
}

// gone is what is used or reserved by anybody.
func (w *window) gone() int { return w.used + w.owed }

func (q *Quota) limits() bool { return q != nil && q.allow.calls > 0 }

// Budget implements hubs.Budgeted for the hub that embeds or asks it.
func (q *Quota) Budget() (hubs.Budget, bool) {
	if !q.limits() {
		return hubs.Budget{}, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.window()
	polls := max(q.allow.polls()-w.gone(), 0) / max(w.hubs, 1)
	if !w.over {
		polls += w.left
	}
	polls = max(polls-q.expected(w), polls/4)
	return hubs.Budget{
		Limit: q.allow.calls, Used: w.gone() - w.left, Polls: polls, Ends: w.ends.Add(-q.clock.Offset()),
	}, true
}

// expected is how many calls for commands will come until w ends, if they go on as in
// this run so far. Polls leave room for them, or they would find nothing left in the
// last hours. q.mu is held.
func (q *Quota) expected(w *window) int {
	if q.orders == 0 {
		return 0
	}
	begun := q.allow.length() / 16 // the first commands say little
	return int(float64(q.orders) * float64(q.untilEnd(w)) / float64(time.Since(q.opened)+begun))
}

// window is the running period's. q.mu is held.
func (q *Quota) window() *window {
	period, ends := q.allow.period(q.clock.Now())
	for i, w := range q.windows {
		if w.period == period {
			last := len(q.windows) - 1
			q.windows[i], q.windows[last] = q.windows[last], w
			return w
		}
	}
	w := &window{period: period, ends: ends}
	q.windows = append(q.windows, w)
	if len(q.windows) > periodsKept {
		q.windows = q.windows[1:]
	}
	return w
}

// take counts a call that is about to go out, or refuses it. back takes the count back,
// for a call that did not leave this machine.
func (q *Quota) take(ctx context.Context) (back func(), err error) {
	if !q.limits() {
		return func() {}, nil
	}
	purpose := hubs.PurposeOf(ctx)
	for {
		if back, err = q.spend(purpose); back != nil || err != nil {
			return back, err
		}
		if err := q.refill(ctx, purpose); err != nil {
			return nil, err
		}
	}
}

// spend counts a call from what is reserved. It returns nothing where more is to be
// reserved first.
func (q *Quota) spend(purpose hubs.Purpose) (back func(), err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.window()
	switch {
	case w.left > 0 && (!w.over || purpose != hubs.ForPoll):
		w.left--
		q.count(purpose)
		return func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			w.left++
		}, nil
	case !w.seen:
		return nil, nil
	}
	if n, _ := q.allow.grant(w.gone(), 1, purpose); n > 0 {
		return nil, nil
	}
	return nil, q.refusal(w, purpose)
}

// grant is how many of ask calls may be reserved where used ones are gone, and whether
// they are from the share of commands.
func (a allowance) grant(used, ask int, purpose hubs.Purpose) (n int, over bool) {
	if polls := a.polls() - used; polls > 0 {
		return min(ask, polls), false
	}
	left := max(a.calls-used, 0)
	switch purpose {
	case hubs.ForPoll:
		left = 0
	case hubs.ForToken:
		left = max(left, 1)
	case hubs.ForCommand:
	}
	return min(ask, left), true
}

// count notes a call that goes out. q.mu is held.
func (q *Quota) count(purpose hubs.Purpose) {
	if q.calls == 0 {
		q.opened = time.Now()
	}
	q.calls++
	if purpose != hubs.ForPoll {
		q.orders++
	}
}

func (q *Quota) refusal(w *window, purpose hubs.Purpose) error {
	until := w.ends.Format(time.RFC3339)
	what := fmt.Sprintf("was not called: all %d calls of this %s (QUOTA) are used, the next can be made at %s",
		q.allow.calls, q.allow.word(), until)
	hint := "If the account allows more, raise QUOTA."
	if purpose == hubs.ForPoll {
		what = fmt.Sprintf("was not called: %d of %d calls of this %s (QUOTA) are used and the rest is kept for commands, polls start again at %s",
			w.gone()-w.left, q.allow.calls, q.allow.word(), until)
		hint = "Use push or POLL_INTERVAL=auto, or a longer interval. If the account allows more, raise QUOTA."
	}
	e := Fail(hubs.Limited, "", what)
	e.Hint, e.After = hint, q.untilEnd(w)
	return e
}

func (q *Quota) untilEnd(w *window) time.Duration {
	return max(w.ends.Sub(q.clock.Now()), time.Second)
}

// block is how many calls to reserve. q.mu is held.
func (q *Quota) block() int { return max(min(q.calls/2, q.allow.calls/100), 1) }

// failPause is how long a store that failed is not asked again.
const failPause = time.Minute

// refill reserves calls, in the store or, while that fails, in memory. Its only error is
// that of ctx.
func (q *Quota) refill(ctx context.Context, purpose hubs.Purpose) error {
	select {
	case q.saving <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-q.saving }()
	q.mu.Lock()
	w, ask := q.window(), q.block()
	debts := q.debts()
	again := w.left > 0 // somebody else was here
	if !again && !q.failing.IsZero() && time.Since(q.failing) < failPause {
		q.reserve(w, ask, purpose)
		again = true
	}
	q.mu.Unlock()
	if again {
		return nil
	}

	var n int
	var over bool
	var stored page
	damage, err := updateLedger(ctx, q.store, q.key, func(l *ledger) bool {
		for period, owed := range debts {
			l.page(period).Used += owed
		}
		p := l.page(w.period)
		n, over = q.allow.grant(p.Used, ask, purpose)
		p.Used += n
		news := p.join(q.hub)
		stored = *p
		return news || n > 0 || len(debts) > 0
	})
	if damage != nil {
		q.log.Warn().Err(damage).Msg("how many calls the account has made is not known, counting begins anew")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.note(err)
	if err != nil {
		q.reserve(w, ask, purpose)
		return nil
	}
	for _, d := range q.windows {
		if debts[d.period] > 0 {
			d.used, d.owed = d.used+d.owed, 0
		}
	}
	w.seen, w.used, w.left, w.over, w.hubs = true, stored.Used, n, over, len(stored.Hubs)
	return nil
}

// debts are the calls of each period that were not stored. q.mu is held.
func (q *Quota) debts() map[string]int {
	out := map[string]int{}
	for _, w := range q.windows {
		if w.owed > 0 {
			out[w.period] = w.owed
		}
	}
	return out
}

// reserve does without the store. q.mu is held.
func (q *Quota) reserve(w *window, ask int, purpose hubs.Purpose) {
	w.seen = true
	w.left, w.over = q.allow.grant(w.gone(), ask, purpose)
	w.owed += w.left
}

// note remembers how the store is, and says once that it fails and that it works again.
func (q *Quota) note(err error) {
	switch {
	case err != nil && q.failing.IsZero():
		q.log.Warn().Err(err).Msg("the count of calls cannot be saved, counting goes on in memory: if the bridge restarts now, QUOTA counts too few")
	case err == nil && !q.failing.IsZero():
		q.log.Info().Msg("the count of calls is saved again")
	}
	q.failing = time.Time{}
	if err != nil {
		q.failing = time.Now()
	}
}

// probeEvery is how often a spent account is asked again: the vendor's period may end at
// another time than ours.
const probeEvery = 2 * time.Hour

var errExhausted = errors.New("no call is left in this period")

// Exhausted makes the error of an account that has no call left in the vendor's day or
// month: the budget is spent whatever was counted. After is the end of our period, or two
// hours if that is earlier. The code is the vendor's.
func Exhausted(code string) *hubs.Error {
	const what = "says that the account has no call left in this period"
	e := Fail(hubs.Limited, code, what)
	e.Err = &said{text: what, cause: errExhausted}
	e.After = probeEvery
	e.Hint = "Wait for the vendor's next period, or extend the plan there. If this comes back, set QUOTA to what the account allows."
	return e
}

// learn completes an error that Exhausted made.
func (q *Quota) learn(err error) error {
	e, ok := errors.AsType[*hubs.Error](err)
	if !q.limits() || !ok || !errors.Is(e, errExhausted) {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	told := *e
	told.After = min(told.After, q.untilEnd(q.window()))
	return &told
}
