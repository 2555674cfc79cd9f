package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// renew is the body of a flight: it ends with a good token in m.held, or with the reason why there is none.
func (m *Manager) renew(ctx context.Context) error {
	m.mu.Lock()
	m.lookNow = false
	m.mu.Unlock()
	m.readSeed() // a flight is rare: the user may have given another token since the last one
	cand, _, err := m.consult(ctx, m.memory())
	switch {
	case err != nil && cand == nil:
		return err
	case err != nil: // judged again under the lock
	case m.good(cand) && (cand.saved || cand.isSeed):
		m.adopt(cand)
		return nil
	case !m.good(cand) && m.isRefused(cand):
		return m.refusal(nil)
	default:
		m.hold(cand)
	}
	job, unlock, err := m.lock(ctx)
	if err != nil {
		m.noteStore(err)
		if cand == nil || cand.tok.Refresh != "" {
			return fmt.Errorf("lock the token: %w", err) // another process may be spending it
		}
		job, unlock = ctx, func() {}
	}
	defer unlock()
	return m.renewLocked(ctx, job)
}

// renewLocked loads again, since another process may have done the work while we waited for the lock.
func (m *Manager) renewLocked(ctx, job context.Context) error {
	var refusal *LoginError
	for range maxRounds {
		cand, rec, storeErr := m.consult(ctx, m.memory())
		switch {
		case cand == nil:
			return storeErr
		case m.good(cand) && cand.isSeed:
			m.adopt(cand)
			return nil
		case m.good(cand):
			m.save(ctx, cand, rec)
			return nil
		case m.isRefused(cand):
			return m.refusal(refusal)
		case job.Err() != nil:
			return fmt.Errorf("lost the lock of the token: %w", context.Cause(job))
		}
		m.hold(cand)
		before := rec.Pending
		if cand.tok.Refresh != "" {
			if storeErr != nil {
				m.noteStore(storeErr)
				return storeErr // another process may have spent it: only the store knows
			}
			cand, rec, storeErr = m.probe(ctx, cand, rec)
			if errors.Is(storeErr, ErrConflict) {
				continue
			}
		}
		if storeErr != nil {
			m.noteStore(storeErr)
			if m.works(cand) {
				return storeErr // nothing is spent that could not be saved, as long as the old token works
			}
		}
		tok, err := m.grant(ctx, cand, before)
		if err == nil {
			return m.commit(ctx, cand, rec, tok)
		}
		le, ok := errors.AsType[*LoginError](err)
		if !ok || m.cfg.Over != nil { // the token of another layer was tried, there is nothing here to choose instead
			return err
		}
		refusal = le // what is chosen next may be another token: a login while this one was tried
	}
	return fmt.Errorf("the stored token changes all the time: %w", ErrConflict)
}

func (m *Manager) lock(ctx context.Context) (context.Context, func(), error) {
	// A plain deadline would also end the job, which lasts longer than the wait.
	waitCtx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(lockTimeout, func() { cancel(context.DeadlineExceeded) })
	job, unlock, err := m.cfg.Store.Lock(waitCtx, m.key)
	timer.Stop()
	if err != nil {
		if cause := context.Cause(waitCtx); cause != nil {
			err = fmt.Errorf("another process holds it: %w", cause)
		}
		cancel(nil)
		return nil, nil, err
	}
	return job, func() { unlock(); cancel(nil) }, nil
}

// probe proves that the store takes a write, with a note that the refresh token is about to be spent.
func (m *Manager) probe(ctx context.Context, cand *holding, rec record) (*holding, record, error) {
	rec.Pending = &pending{Token: fingerprint(cand.tok), Since: m.now().UTC().Round(0)}
	rev, err := m.put(ctx, rec, cand.rev)
	if err != nil {
		return cand, rec, fmt.Errorf("save token: %w", err)
	}
	next := *cand
	next.rev = rev
	return &next, rec, nil
}

func (m *Manager) put(ctx context.Context, rec record, rev uint64) (uint64, error) {
	val, err := rec.encode()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return m.cfg.Store.Put(ctx, m.key, val, rev)
}

// grant asks the vendor once, with a deadline of its own: neither a caller who left nor a lost lock cuts an answer off.
func (m *Manager) grant(ctx context.Context, cand *holding, before *pending) (Token, error) {
	ctx, cancel := context.WithTimeout(ctx, grantTimeout)
	defer cancel()
	var tok Token
	err := error(&LoginError{Reason: "this kind of token cannot be renewed", Hint: "give a new token in the settings"})
	if m.cfg.Grant != nil {
		tok, err = m.cfg.Grant.Grant(ctx, cand.tok)
	}
	if err == nil && tok.Access == "" {
		err = errors.New("the vendor's answer holds no access token")
	}
	if err == nil {
		m.know(tok)
		return tok, nil
	}
	blamed := m.blames(err)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures++
	m.blamed = blamed
	if !errors.Is(err, ErrLogin) {
		return Token{}, err
	}
	le := asLogin(err)
	if m.cfg.Over != nil {
		return Token{}, le // nothing was spent, and the next login above may make it good
	}
	fp := fingerprint(cand.tok)
	m.refused.add(fp)
	if before != nil && before.Token == fp && cand.tok.Refresh != "" {
		told := *le
		told.Reason += fmt.Sprintf("; a renewal begun at %s got no usable answer, so the vendor may have replaced the token then",
			before.Since.Format(time.RFC3339))
		le = &told
	}
	return Token{}, le
}

// commit books a grant, saves it, and only then lets it be used.
func (m *Manager) commit(ctx context.Context, cand *holding, rec record, tok Token) error {
	m.mu.Lock()
	now := m.now()
	tok = normal(tok, now)
	if !cand.tok.IsZero() && !cand.tok.same(tok) {
		m.spent.add(fingerprint(cand.tok))
	}
	m.refreshes++
	m.last = now
	if m.bad != "" && cand.tok.Access.Equal(m.bad) {
		if now.Sub(m.rejectAt) > rejectMemory {
			m.rejects = 0
		}
		m.rejects++
		m.rejectAt = now
	}
	if tok.Access.Equal(m.bad) {
		m.bad = "" // the vendor insists on it; the next refusal has to wait
	}
	m.mu.Unlock()
	m.save(ctx, m.holding(tok, holding{seed: cand.seed, rev: cand.rev}), rec)
	m.cfg.Log.Info().Str("account", m.cfg.Account).Time("expires", tok.Expiry).Msg("token renewed")
	return nil
}

// save puts h into the store and into use. A store that fails keeps it from neither: it is said, and tried again.
func (m *Manager) save(ctx context.Context, h *holding, rec record) {
	var err error
	for range maxRounds {
		next := rec.with(h.tok)
		next.Identity, next.Seed, next.Pending = m.identity, h.seed, nil
		var rev uint64
		if rev, err = m.put(ctx, next, h.rev); err == nil {
			h = m.holding(h.tok, holding{seed: h.seed, rev: rev, saved: true})
			break
		}
		if !errors.Is(err, ErrConflict) {
			break
		}
		// Either our own write that was reported as failed, or somebody else's.
		var theirs *holding
		if theirs, rec, err = m.consult(ctx, h); err != nil {
			break
		}
		h = theirs
		if h.saved {
			break
		}
	}
	m.saved(h, err)
}

func (m *Manager) saved(h *holding, err error) {
	m.adopt(h)
	m.mu.Lock()
	defer m.mu.Unlock()
	if h.saved {
		if m.saveFails > 0 {
			m.cfg.Log.Info().Str("account", m.cfg.Account).Msg("token saved after all")
		}
		m.saveFails, m.storeErr, m.nextSave = 0, nil, time.Time{}
		return
	}
	if m.saveFails == 0 {
		m.cfg.Log.Error().Str("account", m.cfg.Account).Err(err).Msg("token could not be saved: it is lost if the process ends")
	}
	m.storeErr = err
	m.nextSave = m.now().Add(ladderWait(saveLadder(), m.saveFails))
	m.saveFails++
}

func (m *Manager) noteStore(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.storeErr == nil {
		m.cfg.Log.Error().Str("account", m.cfg.Account).Err(err).Msg("token store does not take a write")
	}
	m.storeErr = err
}

// Login takes the token that a human's login produced: it is saved with the hash of the current seed, so that an old
// seed never beats it, and wakes whoever waits for a login; other processes notice within a minute. If it cannot be
// saved it is used all the same, and an error says so.
func (m *Manager) Login(ctx context.Context, t Token) error {
	m.know(t)
	m.readSeed()
	t = normal(t, m.now())
	_, unlock, err := m.lock(ctx)
	if err != nil {
		unlock = func() {}
	}
	defer unlock()
	ctx = context.WithoutCancel(ctx) // from here on a browser that is closed must not lose the login
	rec, rev, loadErr := m.load(ctx)
	h := holding{seed: m.seedNow(rec), rev: rev}
	m.mu.Lock()
	m.epoch++
	m.refused.drop(fingerprint(t))
	for _, old := range []Token{rec.token(), m.tokenLocked()} {
		if !old.IsZero() && !old.same(t) {
			m.spent.add(fingerprint(old)) // a login replaces what was, whoever writes it again
		}
	}
	if t.Access.Equal(m.bad) {
		m.bad = ""
	}
	m.fails, m.lastErr, m.nextTry = 0, nil, time.Time{}
	m.mu.Unlock()
	err = errors.Join(err, loadErr)
	if err == nil {
		m.save(ctx, m.holding(t, h), rec)
	} else {
		m.saved(m.holding(t, h), err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.endLogin()
	m.settle()
	if m.saveFails > 0 {
		return fmt.Errorf("auth: %s: the login works but could not be saved: %w", m.cfg.Account, m.storeErr)
	}
	return nil
}

func (m *Manager) tokenLocked() Token {
	if m.held == nil {
		return Token{}
	}
	return m.held.tok
}

// seedNow is what a login is marked with. A process without the settings keeps the mark that is there.
func (m *Manager) seedNow(rec record) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seedHash == "" && rec.Identity == m.identity {
		return rec.Seed
	}
	return m.seedHash
}
