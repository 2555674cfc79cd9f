package auth

import (
	"errors"
	"time"
)

var (
	// ErrLogin reports that only a human can help: by a login, another token or another setting.
	ErrLogin = errors.New("login needed")
	// ErrRejected is what a call reports when the server refused the token.
	ErrRejected = errors.New("token refused by the server")
)

// LoginError says in plain words why a human is needed. It matches ErrLogin.
type LoginError struct {
	Reason string // a sentence for people, without secrets
	Hint   string // what to do about it
	Code   string // the vendor's own code, if it gave one
	Err    error  // the cause; not part of the text
}

// Error returns the reason and the vendor's code.
func (e *LoginError) Error() string {
	text := ErrLogin.Error()
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text
}

// Is makes every LoginError match ErrLogin.
func (e *LoginError) Is(target error) bool { return target == ErrLogin }

// Unwrap returns the cause.
func (e *LoginError) Unwrap() error { return e.Err }

// asLogin makes a LoginError of whatever a Grant reported with ErrLogin.
func asLogin(err error) *LoginError {
	if le, ok := errors.AsType[*LoginError](err); ok {
		return le
	}
	return &LoginError{
		Reason: "the vendor no longer accepts the stored login",
		Hint:   "log in again, or give a new token in the settings",
		Err:    err,
	}
}

// State is what people want to know about an account.
type State struct {
	Expires     time.Time // of the token in use; zero: there is none, or it does not end
	LoginNeeded bool      // a human must act; the token in use may still work until Expires
	Reason      string    // why LoginNeeded, or why the last renewal failed; empty if all is well
	Hint        string    // what a human can do
	Code        string    // the vendor's code
	Since       time.Time // when the trouble began
	NextTry     time.Time // when it is tried again; zero: nothing is planned
	Unsaved     bool      // the token in use could not be saved: it is lost if the process ends
	StoreError  string    // why the store does not take a write; empty if it does, as far as known
	Refreshes   int       // grants that worked, in this process
	Failures    int       // grants that failed, in this process
	Last        time.Time // the last grant that worked
}

// State returns what is known now. It does no I/O.
func (m *Manager) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := State{
		Unsaved:   m.saveFails > 0,
		Since:     m.since,
		Refreshes: m.refreshes,
		Failures:  m.failures,
		Last:      m.last,
	}
	if h := m.held; h != nil {
		s.Expires = h.expires
	}
	if m.storeErr != nil {
		s.StoreError = m.storeErr.Error()
	}
	switch {
	case m.login != nil:
		s.LoginNeeded = true
		s.Reason, s.Hint, s.Code = m.login.Reason, m.login.Hint, m.login.Code
		s.NextTry = m.nextLook
	case m.lastErr != nil:
		s.Reason = m.lastErr.Error()
		s.NextTry = m.nextTry
	}
	return s
}
