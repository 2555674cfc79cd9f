package aqaratest

import "time"

// schedule lets f happen after d, in place of whatever was still to happen to the
// function of a. It needs the lock, and f runs with it.
func (s *Studio) schedule(a Address, d time.Duration, f func(now time.Time)) {
	a.Trait = ""
	s.cancel(a)
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.agenda[a] != t {
			return // another order came in between
		}
		delete(s.agenda, a)
		f(time.Now())
	})
	s.agenda[a] = t
}

// cancel forgets what was still to happen to the function of a.
func (s *Studio) cancel(a Address) {
	a.Trait = ""
	if t := s.agenda[a]; t != nil {
		t.Stop()
		delete(s.agenda, a)
	}
}

// forgetDevice stops everything that is under way for a device that left.
func (s *Studio) forgetDevice(device string) {
	for a := range s.motors {
		if a.Device == device {
			delete(s.motors, a)
		}
	}
	for a := range s.agenda {
		if a.Device == device {
			s.cancel(a)
		}
	}
}
