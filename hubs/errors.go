package hubs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// Fault is the kind of trouble an error is: what the bridge and people do about it.
type Fault uint8

// The faults. Bug is the zero value: what nobody classified is ours.
const (
	Bug           Fault = iota // ours, or an answer that nobody understands
	Transient                  // network, 5xx, garbage: try again later
	Limited                    // quota or rate: wait as told
	LoginNeeded                // only a human can help: no call until then
	Misconfigured              // wrong region, plan expired, scope missing: a human, elsewhere
	Offline                    // the vendor cannot reach that device
	Refused                    // the vendor does not want this call
	Invalid                    // a command does not fit the entity
	ReadOnly                   // a command for what can only be read
	UnknownDevice              // no such device (any more)
	UnknownEntity              // no such entity
)

// String names the fault as logs and results do.
func (f Fault) String() string {
	names := [...]string{
		"bug", "transient", "limited", "login_needed", "misconfigured", "offline",
		"refused", "invalid", "read_only", "unknown_device", "unknown_entity",
	}
	if int(f) < len(names) {
		return names[f]
	}
	return fmt.Sprintf("fault(%d)", uint8(f))
}

// Error is trouble with a hub, in terms that people can act on. Its text never
// holds a secret, a URL's query or a body.
type Error struct {
	Fault Fault
	// Code is the vendor's (an HTTP status where it has none).
	Code string
	// Hint says what to do, in a sentence; empty where waiting is all there is.
	Hint string
	// After is how long the vendor wants to be left alone; zero: it did not say.
	After time.Duration
	Err   error
}

// Error gives what was attempted and what came back, without the hint.
func (e *Error) Error() string {
	text := e.Fault.String()
	if e.Err != nil {
		text = e.Err.Error()
	}
	if e.Code != "" && !names(text, e.Code) {
		return text + " (code " + e.Code + ")"
	}
	return text
}

// names tells whether text holds the code by itself, not inside another number or word.
func names(text, code string) bool {
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for at := 0; ; at++ {
		i := strings.Index(text[at:], code)
		if i < 0 {
			return false
		}
		at += i
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(code):])
		if !part(before) && !part(after) {
			return true
		}
	}
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// RetryAfter gives After, for the token manager's own retries.
func (e *Error) RetryAfter() time.Duration { return e.After }

// Is lets the token manager see what a classified error means to it.
func (e *Error) Is(target error) bool {
	return target == auth.ErrLogin && e.Fault == LoginNeeded
}

// HintOf is what a person can do about err, in a sentence; empty: nothing is known.
func HintOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Hint != "" {
		return e.Hint
	}
	if e, ok := errors.AsType[*auth.LoginError](err); ok {
		return e.Hint
	}
	return ""
}

// FaultOf says what kind of trouble err is: what its outermost classified error says,
// and of joined ones the gravest. Deadlines and unclassified network errors are
// Transient, auth.ErrLogin and a token that stays refused LoginNeeded; what is left is
// Bug.
func FaultOf(err error) Fault {
	f, _ := classify(err)
	return f
}

// classify walks down by hand: errors.As would find the cause of a LoginError, and
// the first of joined errors, though the second may end all calls.
func classify(err error) (worst Fault, ok bool) {
	switch e := err.(type) { //nolint:errorlint // one layer at a time is the point
	case *Error:
		return e.Fault, true
	case *auth.LoginError:
		return LoginNeeded, true
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			f, known := classify(part)
			if known && (!ok || f.gravity() > worst.gravity()) {
				worst, ok = f, true
			}
		}
	case interface{ Unwrap() error }:
		worst, ok = classify(e.Unwrap())
	}
	if ok {
		return worst, true
	}
	var netErr interface{ Timeout() bool }
	switch {
	case errors.Is(err, auth.ErrLogin), errors.Is(err, auth.ErrRejected):
		return LoginNeeded, true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.As(err, &netErr):
		return Transient, true
	}
	return Bug, false
}

// gravity orders faults by how much of a hub they stop.
func (f Fault) gravity() int {
	switch f {
	case LoginNeeded:
		return 4
	case Misconfigured:
		return 3
	case Limited:
		return 2
	case Transient:
		return 1
	default:
		return 0
	}
}
