package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Grant turns an old token (zero at first) into a new one. Vendors implement it.
// It makes one attempt and reports ErrLogin, best as a *LoginError, when only a human can help: a token without Refresh
// that the vendor cannot renew is such a case, and must not cost a request. An error with a method
// RetryAfter() time.Duration says when the next attempt may come. The new token's Issued may be left zero.
type Grant interface {
	Grant(ctx context.Context, old Token) (Token, error)
}

// Config is what a Manager is built from.
type Config struct {
	Account  string                // part of the store's key, unique per account: the hub's name
	Identity string                // what makes it this account (URL, client id, region); another one drops the stored token
	Seed     func() (Token, error) // reads the user's settings anew; a zero Token if there are none; nil: never any
	Grant    Grant                 // nil: the token is never renewed
	Over     *Manager              // the account whose token Grant makes this one with; nil: none
	Store    KV
	Clock    *Clock    // the server's, to judge times that it set; may be nil
	Redact   *Redactor // learns every token; may be nil
	Log      zerolog.Logger
	// Late renews a token only once it has ended or was refused: for a short visit beside a process that renews early.
	Late bool
}

// Manager gives calls a valid token. One per account, shared by all who use it; safe for concurrent use.
type Manager struct {
	cfg      Config
	key      string
	identity string
	now      func() time.Time // wall time is what counts: a laptop sleeps, its monotonic clock does not go on
	fast     atomic.Pointer[holding]

	mu        sync.Mutex // guards what follows; never held while anything waits
	held      *holding   // the token in memory; nil before the first load
	bad       Secret     // the access token that the server refused last
	flight    *flight    // the one renewal under way
	changed   chan struct{}
	seed      Token // the settings' token as read last
	seedHash  string
	lookNow   bool // a flight is due though the token is good
	seedErr   error
	damaged   bool // the stored record, and it was said
	spent     ring // tokens exchanged for newer ones by this Manager
	refused   ring // tokens that the Grant reported ErrLogin for
	login     *LoginError
	blamed    bool   // it is the layer above that needs the login
	rev       uint64 // of the record as loaded last
	epoch     int    // counts logins
	loginRev  uint64 // the record's revision when login became needed: a later one may be a human's
	nextLook  time.Time
	nextTrial time.Time
	fails     int // failed flights in a row
	lastTry   time.Time
	nextTry   time.Time
	lastErr   error
	since     time.Time
	saveFails int
	nextSave  time.Time
	storeErr  error
	rejects   int // renewals caused by refusals of young tokens, in a row
	rejectAt  time.Time
	refreshes int
	failures  int
	last      time.Time
}

// NewManager returns a Manager that has done no I/O yet: the first Do or Token reads the store.
func NewManager(cfg Config) *Manager {
	return &Manager{
		cfg:      cfg,
		key:      "tokens/" + cfg.Account,
		identity: digest("identity", cfg.Identity),
		now:      time.Now,
	}
}

// Do runs call with a valid token. If call reports ErrRejected, that very token is dropped, a new one fetched, and call
// runs once more. It reports ErrLogin without running call when a human is needed, and the last renewal's error when
// there is no token and the next attempt is not due.
func (m *Manager) Do(ctx context.Context, call func(ctx context.Context, t Token) error) error {
	h, err := m.acquire(ctx)
	if err != nil {
		return m.trial(ctx, call, err)
	}
	err = call(ctx, h.tok)
	if err == nil || !errors.Is(err, ErrRejected) {
		return err
	}
	return m.again(ctx, h, call, err)
}

// again follows a refusal of h. A second one is the caller's: a token just granted and refused will not get better by
// asking for yet another.
func (m *Manager) again(ctx context.Context, h *holding, call func(context.Context, Token) error, first error) error {
	m.reject(h.tok)
	next, err := m.acquire(ctx)
	if err != nil {
		return err
	}
	if next.tok.same(h.tok) {
		return fmt.Errorf("auth: %s: a token renewed only a short while ago is refused, it is kept for now: %w", m.cfg.Account, first)
	}
	err = call(ctx, next.tok)
	if err != nil && errors.Is(err, ErrRejected) {
		return fmt.Errorf("auth: %s: the server refuses the renewed token too: %w", m.cfg.Account, err)
	}
	return err
}

// trial runs call with a named token (one that cannot be renewed) although it was refused, once in a while: the vendor
// may have enabled it again, and no other sign tells.
func (m *Manager) trial(ctx context.Context, call func(context.Context, Token) error, why error) error {
	h := m.onTrial(why)
	if h == nil {
		return why
	}
	err := call(ctx, h.tok)
	if err == nil {
		m.pardon(h)
		return nil
	}
	if errors.Is(err, ErrRejected) {
		return why
	}
	return err
}

// Token returns a valid token for a stream. Take Changed first: it is closed when another token replaces this one.
func (m *Manager) Token(ctx context.Context) (Token, error) {
	h, err := m.acquire(ctx)
	if err != nil {
		return Token{}, err
	}
	return h.tok, nil
}

// Changed returns a channel that is closed when another token replaces the current one, or when a login ends the need
// for one. The very first token that a Manager reads is no change.
func (m *Manager) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.changed == nil {
		m.changed = make(chan struct{})
	}
	return m.changed
}

// Invalidate drops t if it is still the current token: the server refused it. A token of the past changes nothing, and
// a token that was granted after a refusal just now is kept, so that refusals cannot make a storm of renewals.
func (m *Manager) Invalidate(t Token) { m.reject(t) }

func (m *Manager) reject(t Token) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.held
	if h == nil || !h.tok.Access.Equal(t.Access) || h.tok.Access.Equal(m.bad) {
		return
	}
	now := m.now()
	if now.Before(m.rejectAt.Add(ladderWait(rejectLadder(), m.rejects))) {
		// No renewal now, but settings and store may hold another token already.
		if !now.Before(m.nextLook) {
			m.nextLook = now.Add(lookEvery)
			m.lookNow = true
			m.fast.Store(nil)
		}
		return
	}
	m.bad = t.Access
	m.fast.Store(nil)
	// The refusal proves that the server is there: no need to sit out a long wait from when it was not.
	if early := m.lastTry.Add(rejectedRetry); m.nextTry.After(early) {
		m.nextTry = early
	}
}

// acquire returns a token that may be used, renewing it if need be.
func (m *Manager) acquire(ctx context.Context) (*holding, error) {
	if h := m.fast.Load(); h != nil && h.fresh(m.now(), m.cfg.Clock) {
		return h, nil
	}
	for range maxRounds {
		v := m.decide(ctx)
		if v.flight == nil {
			return v.serve, v.err
		}
		if err := v.flight.wait(ctx, v.patience); err != nil {
			return nil, err
		}
		if v.serve != nil && !v.flight.over() {
			return v.serve, nil // the renewal hangs, the token works
		}
	}
	return nil, fmt.Errorf("auth: %s: every token is outdated as soon as it comes", m.cfg.Account)
}

type verdict struct {
	serve    *holding
	flight   *flight // wait for it, then decide again
	patience time.Duration
	err      error
}

// decide says what a caller gets now, and starts a flight if one is due.
func (m *Manager) decide(ctx context.Context) verdict {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	h := m.held
	usable := m.usable(h)
	due := !usable || m.lookNow || h.due(now, m.cfg.Clock)
	unsaved := usable && !h.saved && !h.isSeed
	next := m.nextTry
	switch {
	case m.login != nil:
		next = m.nextLookIn(now)
	case !due:
		next = m.nextSave
	}
	if m.flight == nil && (due || unsaved) && !now.Before(next) {
		m.takeOff(ctx)
	}
	f := m.flight
	switch {
	case usable && (f == nil || !due):
		return verdict{serve: h}
	case usable:
		return verdict{serve: h, flight: f, patience: earlyPatience}
	case f != nil:
		return verdict{flight: f}
	case m.login != nil:
		return verdict{err: m.login}
	case m.lastErr != nil:
		return verdict{err: m.lastErr}
	}
	return verdict{err: fmt.Errorf("auth: %s: no token", m.cfg.Account)}
}

// Close waits for a renewal under way and tries once more to save a token that could not be saved. Call it before the
// process ends, when nobody uses m any more: the answer to a spent token must not be lost.
func (m *Manager) Close(ctx context.Context) error {
	for range 2 {
		m.mu.Lock()
		if m.flight == nil && m.unsavedLocked() {
			m.takeOff(ctx)
		}
		f := m.flight
		m.mu.Unlock()
		if f == nil {
			return nil
		}
		if err := f.wait(ctx, 0); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unsavedLocked() && m.storeErr != nil {
		return fmt.Errorf("auth: %s: token is lost, it could not be saved: %w", m.cfg.Account, m.storeErr)
	}
	return nil
}

func (m *Manager) unsavedLocked() bool { return m.held != nil && !m.held.saved && !m.held.isSeed }
