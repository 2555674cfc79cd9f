package tuya

import (
	"sync"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// secret is the Access Secret. It signs calls and opens what is pushed.
type secret struct {
	read func() (auth.Secret, error) // from the settings, anew

	mu  sync.Mutex
	now auth.Secret
}

func newSecret(now auth.Secret, read func() (auth.Secret, error)) *secret {
	return &secret{now: now, read: read}
}

func (s *secret) reveal() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.Reveal()
}

// renew reads the settings again, since the secret was refused, and reports whether
// there is another one. What cannot be read changes nothing.
func (s *secret) renew() bool {
	next, err := s.read()
	if err != nil || next == "" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := !next.Equal(s.now)
	s.now = next
	return changed
}
