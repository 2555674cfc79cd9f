package auth

import (
	"context"
	"errors"
	"time"
)

// A layered account has a token that is made with another account's token: its Grant calls Config.Over.Do. Each layer's
// refusal repairs that layer: a refused token here asks Grant for another, and a refusal within Grant is Over's to
// repair. What this file adds is that a login which Over needs is not held against the token of this layer, and ends
// for this layer at the moment when it ends for Over.

// blames tells whether err, of this layer's Grant, is about a login that the layer above needs.
func (m *Manager) blames(err error) bool {
	return m.cfg.Over != nil && errors.Is(err, ErrLogin) && m.cfg.Over.State().LoginNeeded
}

// nextLookIn is when a layer that needs a login is looked at next. m.mu is held; locks are only ever taken upwards.
func (m *Manager) nextLookIn(now time.Time) time.Time {
	if m.blamed && m.cfg.Over.worthAsking(now) {
		return now
	}
	return m.nextLook
}

// worthAsking tells whether m may have a token again.
func (m *Manager) worthAsking(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.login == nil || !now.Before(m.nextLook)
}

// Look reads the store, if a login is needed, for one that another process took, and reports whether there may be one:
// the next call then finds it at once. It is cheap enough to be called every few seconds.
func (m *Manager) Look(ctx context.Context) bool {
	if over := m.cfg.Over; over != nil {
		m.mu.Lock()
		blamed := m.login != nil && m.blamed
		m.mu.Unlock()
		if blamed {
			return over.Look(ctx) || !over.State().LoginNeeded
		}
	}
	m.mu.Lock()
	needed, known := m.login != nil, m.rev
	m.mu.Unlock()
	if !needed {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	_, rev, err := m.cfg.Store.Get(ctx, m.key)
	if err != nil || rev == known {
		return false // what is wrong with the store is found and said by those who need it
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.login == nil {
		return false
	}
	m.nextLook = time.Time{}
	return true
}
