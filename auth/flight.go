package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"time"
)

const (
	grantTimeout = 30 * time.Second
	storeTimeout = 10 * time.Second
	lockTimeout  = 60 * time.Second // longer than a grant and its saves in another process
)

// flight is one renewal. It has its own deadlines: whoever waits for it may leave, it goes on.
type flight struct{ done chan struct{} }

// wait returns when the flight is over, or after patience if that is not zero, or with ctx's error.
func (f *flight) wait(ctx context.Context, patience time.Duration) error {
	var enough <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		enough = timer.C
	}
	select {
	case <-f.done:
		return nil
	case <-enough:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *flight) over() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// takeOff starts the one flight. m.mu is held.
func (m *Manager) takeOff(ctx context.Context) {
	f := &flight{done: make(chan struct{})}
	m.flight = f
	m.lastTry = m.now()
	epoch := m.epoch
	ctx = context.WithoutCancel(ctx)
	go func() {
		err := errors.New("ended by a panic")
		defer func() {
			if p := recover(); p != nil {
				err = errors.New("renewal panicked") // what it said may hold anything
				m.cfg.Log.Error().Str("account", m.cfg.Account).Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("token renewal panicked")
			}
			m.land(err, epoch)
			close(f.done)
		}()
		err = m.renew(ctx)
	}()
}

// land books the outcome of a flight. A failure is old news if a human logged in since.
func (m *Manager) land(err error, epoch int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flight = nil
	if err != nil && epoch != m.epoch {
		return
	}
	now := m.now()
	if err == nil {
		if m.lastErr != nil {
			m.cfg.Log.Info().Str("account", m.cfg.Account).Msg("token renewal works again")
		}
		m.fails, m.lastErr, m.nextTry = 0, nil, time.Time{}
		if m.saveFails == 0 {
			m.storeErr = nil
		}
		m.settle()
		return
	}
	if le, ok := errors.AsType[*LoginError](err); ok {
		m.needLogin(le, now)
		return
	}
	wait := ladderWait(retryLadder(), m.fails)
	if after, ok := errors.AsType[interface {
		error
		RetryAfter() time.Duration
	}](err); ok {
		wait = max(wait, after.RetryAfter())
	}
	if m.lastErr == nil {
		m.since = now
		m.cfg.Log.Warn().Str("account", m.cfg.Account).Err(err).Msg("token renewal failed, will be tried again")
	}
	if m.login != nil {
		m.nextLook = now.Add(lookEvery)
	}
	m.fails++
	m.lastErr = fmt.Errorf("auth: %s: renew token: %w", m.cfg.Account, err)
	m.nextTry = now.Add(wait)
}

func (m *Manager) needLogin(le *LoginError, now time.Time) {
	m.nextLook = now.Add(lookEvery)
	if m.cfg.Over != nil && !m.blamed {
		m.nextLook = now.Add(trialEvery) // each look asks the vendor
	}
	if m.login == nil {
		m.since = now
		m.nextTrial = now.Add(trialEvery)
		m.cfg.Log.Error().Str("account", m.cfg.Account).Str("reason", le.Reason).Str("code", le.Code).Msg("login needed")
	}
	if m.login != le {
		m.loginRev = m.rev
	}
	m.login = le
	m.fast.Store(nil)
	m.fails, m.lastErr, m.nextTry = 0, nil, time.Time{}
}

// settle opens the fast path if the token in memory needs no attention. m.mu is held.
func (m *Manager) settle() {
	h := m.held
	if m.login == nil && m.lastErr == nil && m.usable(h) && (h.saved || h.isSeed) {
		m.since = time.Time{}
		m.fast.Store(h)
		return
	}
	m.fast.Store(nil)
}

// onTrial returns the refused token to try once more, or nil; the next call lets the Grant be asked again too.
func (m *Manager) onTrial(why error) *holding {
	if !errors.Is(why, ErrLogin) {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	h, now := m.held, m.now()
	if m.login == nil || h == nil || h.tok.Refresh != "" || now.Before(m.nextTrial) {
		return nil
	}
	m.nextTrial = now.Add(trialEvery)
	m.refused.drop(fingerprint(h.tok))
	m.nextLook = now
	if h.tok.Access == "" {
		return nil
	}
	return h
}

// pardon follows a trial that went well.
func (m *Manager) pardon(h *holding) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held != h {
		return
	}
	m.bad = ""
	m.endLogin()
	m.settle()
}

func (m *Manager) endLogin() {
	if m.login == nil {
		return
	}
	m.login = nil
	m.since = time.Time{}
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
	m.cfg.Log.Info().Str("account", m.cfg.Account).Msg("login works again")
}

// load reads the record. A damaged one counts as none: it is said, and replaced by the next save.
func (m *Manager) load(ctx context.Context) (record, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	val, rev, err := m.cfg.Store.Get(ctx, m.key)
	var rec record
	if err == nil {
		rec, err = decodeRecord(val)
	}
	damaged := err != nil && errors.Is(err, ErrDamaged)
	m.mu.Lock()
	news := damaged && !m.damaged
	m.damaged = damaged
	m.mu.Unlock()
	switch {
	case err == nil:
		m.know(rec.token())
		return rec, rev, nil
	case errors.Is(err, fs.ErrNotExist):
		return record{}, 0, nil
	case damaged && news:
		m.cfg.Log.Error().Str("account", m.cfg.Account).Err(err).Msg("stored token is damaged, going on without it")
		fallthrough
	case damaged:
		return record{}, rev, nil
	}
	return record{}, 0, fmt.Errorf("read stored token: %w", err)
}

// know registers what must never show up in a log.
func (m *Manager) know(t Token) {
	if m.cfg.Redact != nil && !t.IsZero() {
		m.cfg.Redact.addPassing(t.Access, t.Refresh)
	}
}
