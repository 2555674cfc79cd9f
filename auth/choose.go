package auth

import (
	"context"
)

// readSeed reads the settings. If that fails the value read before stays.
func (m *Manager) readSeed() {
	if m.cfg.Seed == nil {
		return
	}
	t, err := m.cfg.Seed()
	if err == nil {
		m.know(t)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		if m.seedErr == nil {
			m.cfg.Log.Warn().Str("account", m.cfg.Account).Err(err).Msg("token setting cannot be read, keeping the old value")
		}
		m.seedErr = err
		return
	}
	if m.seedErr != nil {
		m.cfg.Log.Info().Str("account", m.cfg.Account).Msg("token setting can be read again")
	}
	m.seedErr = nil
	m.seed, m.seedHash = t, seedHash(t)
}

func (m *Manager) memory() *holding {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held
}

// consult loads the record and chooses among it, the token in memory and the seed. With an unreadable store the token
// in memory is the best guess, but a seed never is: the store may hold what became of it.
func (m *Manager) consult(ctx context.Context, mem *holding) (*holding, record, error) {
	rec, rev, err := m.load(ctx)
	if err != nil {
		if mem == nil {
			return nil, rec, err
		}
		return mem, rec, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rev = rev
	return m.choose(mem, rec, rev), rec, nil
}

// choose is the seed rule: the stored token wins over the seed it descends from, a changed seed over the stored token,
// nothing over another account's, and a token that is known to be spent over nothing. m.mu is held.
func (m *Manager) choose(mem *holding, rec record, rev uint64) *holding {
	stored := rec.token()
	mine := !stored.IsZero() && rec.Identity == m.identity
	memOurs := mem != nil && (m.seedHash == "" || mem.seed == m.seedHash)
	fp := fingerprint(stored)
	switch {
	case mine && memOurs && m.spent.has(fp):
		return mem.unsaved(rev) // the store fell back to what this Manager has exchanged since
	case mine && memOurs && !stored.same(mem.tok) && !m.refused.has(fingerprint(mem.tok)) && mem.newerThan(rec, rev):
		return mem.unsaved(rev)
	case mine && (m.seedHash == "" || rec.Seed == m.seedHash):
		return m.holding(stored, holding{seed: rec.Seed, rev: rev, saved: true})
	case mine && memOurs && m.login != nil && rev != m.loginRev && !m.refused.has(fp):
		// Written since login became needed, by somebody who does not know our seed: a login in a bare terminal.
		return m.holding(stored, holding{seed: m.seedHash, rev: rev})
	case memOurs:
		return mem.unsaved(rev)
	}
	return m.holding(m.seed, holding{seed: m.seedHash, rev: rev, isSeed: true})
}

// newerThan tells whether the record is behind what this Manager holds. A store may fall back: to a previous version, to
// a backup, or because it could not even be read when a token came.
func (h *holding) newerThan(rec record, rev uint64) bool {
	switch {
	case h.isSeed:
		return false
	case !h.saved:
		return rec.Issued.Before(h.tok.Issued)
	case rev <= h.rev:
		return true
	}
	// Written later, yet only to mark that its token is being spent: by a process that knows no better.
	return rec.Pending != nil && rec.Issued.Before(h.tok.Issued)
}

// unsaved is h, to be put on revision rev.
func (h *holding) unsaved(rev uint64) *holding {
	next := *h
	next.rev, next.saved = rev, false
	return &next
}

func (m *Manager) works(h *holding) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.usable(h)
}

// good tells whether h may be used and needs no renewal.
func (m *Manager) good(h *holding) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.goodLocked(h)
}

func (m *Manager) goodLocked(h *holding) bool {
	return m.usable(h) && !h.due(m.now(), m.cfg.Clock)
}

func (m *Manager) isRefused(h *holding) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused.has(fingerprint(h.tok))
}

// refusal returns why login is needed: the news, or what is known since earlier.
func (m *Manager) refusal(news *LoginError) *LoginError {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case news != nil:
		return news
	case m.login != nil:
		return m.login
	}
	return asLogin(ErrLogin)
}

// hold keeps a token that is yet to be renewed: it may still serve if the renewal fails.
func (m *Manager) hold(h *holding) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held != nil && m.held.tok.same(h.tok) {
		return
	}
	m.login = nil // whatever was refused, it was another token
	m.replace(h)
}

// adopt puts h into use.
func (m *Manager) adopt(h *holding) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.goodLocked(h) {
		m.endLogin()
	}
	m.replace(h)
	m.settle()
}

// replace sets the token in memory and tells those who wait for another one.
func (m *Manager) replace(h *holding) {
	old := m.held
	m.held = h
	if old == nil || old.tok.Access.Equal(h.tok.Access) {
		return
	}
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
}
