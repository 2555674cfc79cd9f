package auth

import (
	"errors"
	"sync"
)

// Shared hands out one Manager per account to all hubs of a process that use it: boxes of one cloud account share its
// grant, and a token that is good for one renewal is renewed once. The zero value is ready; it is safe for concurrent use.
type Shared struct {
	mu       sync.Mutex
	accounts map[string]*sharedAccount
}

type sharedAccount struct {
	manager *Manager
	mu      sync.Mutex
	seeds   []func() (Token, error)
}

// Manager returns the Manager of the account that cfg.Account and cfg.Identity name together. The first who asks gives
// Grant, Store, Clock, Redact and Log; every hub's Seed counts, the first that holds a token wins. In the store it lies
// beside all hubs' own accounts: no hub's name begins with "_".
func (s *Shared) Manager(cfg Config) *Manager {
	key := "_shared/" + cfg.Account + "/" + digest("identity", cfg.Identity)[:12]
	s.mu.Lock()
	defer s.mu.Unlock()
	acc := s.accounts[key]
	if acc == nil {
		acc = &sharedAccount{}
		first := cfg
		first.Account, first.Seed = key, acc.seed
		acc.manager = NewManager(first)
		if s.accounts == nil {
			s.accounts = map[string]*sharedAccount{}
		}
		s.accounts[key] = acc
	}
	if cfg.Seed != nil {
		acc.mu.Lock()
		acc.seeds = append(acc.seeds, cfg.Seed)
		acc.mu.Unlock()
	}
	return acc.manager
}

// seed is the first hub's token. An unreadable setting before it is an error: whether it holds another token is not known.
func (a *sharedAccount) seed() (Token, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var faults []error
	for _, read := range a.seeds {
		t, err := read()
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if !t.IsZero() && len(faults) == 0 {
			return t, nil
		}
	}
	return Token{}, errors.Join(faults...)
}
