package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/oauth2"
)

const (
	attemptLife = 10 * time.Minute // how long a human gets between the address and its answer
	maxAttempts = 32               // of one hub under way: somebody presses the button again and again
)

// Attempt is one login by browser between its two halves: the address that a person opens and the answer that comes
// back. A hub keeps nothing of it, so the process that ends it need not be the one that began it.
type Attempt struct {
	State    string // comes back with the answer; random, good for one answer
	Redirect string // where the answer goes; the code is exchanged with the very same
	Verifier Secret // of PKCE, for vendors that have it
}

// AttemptError says in plain words why an answer is not taken. Its text holds nothing of the answer.
type AttemptError struct{ Reason, Hint string }

// Error returns the reason and what to do.
func (e *AttemptError) Error() string { return e.Reason + ": " + e.Hint }

const againHint = "begin the login again"

func unknownAttempt() error {
	return &AttemptError{
		"this answer belongs to no login of this hub that is under way: it is older than 10 minutes, or of another hub", againHint,
	}
}

func usedAttempt() error {
	return &AttemptError{"this answer was used already, it works once", "look whether the login worked, else " + againHint}
}

// Outcome is how an attempt stands.
type Outcome struct {
	Ended   bool
	Problem string // why it failed; empty: it worked
}

// Attempts keeps logins under way in the store. It is safe for concurrent use, in one process and in several.
type Attempts struct {
	store KV
	now   func() time.Time
}

// NewAttempts returns the attempts that store holds.
func NewAttempts(store KV) *Attempts { return &Attempts{store: store, now: time.Now} }

// attemptRecord is an Attempt in the store. Its state is in the key, and there only as a hash.
type attemptRecord struct {
	Redirect string    `json:"redirect"`
	Verifier string    `json:"verifier"`
	Began    time.Time `json:"began"`
	Taken    bool      `json:"taken,omitempty"`
	Ended    bool      `json:"ended,omitempty"`
	Problem  string    `json:"problem,omitempty"`
}

func attemptsOf(hub string) string { return "logins/" + hub + "/" }

func attemptKey(hub, state string) string { return attemptsOf(hub) + digest("state", state)[:32] }

// Begin starts an attempt for a hub: it is good for one answer within ten minutes.
func (a *Attempts) Begin(ctx context.Context, hub, redirect string) (Attempt, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := a.prune(ctx, hub); err != nil {
		return Attempt{}, fmt.Errorf("begin a login: %w", err)
	}
	// Both are 32 random bytes in URL-safe letters.
	at := Attempt{State: oauth2.GenerateVerifier(), Redirect: redirect, Verifier: Secret(oauth2.GenerateVerifier())}
	rec := attemptRecord{Redirect: redirect, Verifier: at.Verifier.Reveal(), Began: a.now().UTC().Round(0)}
	if err := a.put(ctx, attemptKey(hub, at.State), rec, 0); err != nil {
		return Attempt{}, fmt.Errorf("begin a login: %w", err)
	}
	return at, nil
}

// Take gives the attempt that an answer with state belongs to. It does so once: of several takers, in whatever
// processes, one gets it. All others get an *AttemptError.
func (a *Attempts) Take(ctx context.Context, hub, state string) (Attempt, error) {
	if state == "" {
		return Attempt{}, &AttemptError{"this answer has no state, so it cannot be told which login it belongs to", againHint}
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	key := attemptKey(hub, state)
	rec, rev, err := a.get(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrDamaged):
		return Attempt{}, unknownAttempt()
	case err != nil:
		return Attempt{}, fmt.Errorf("look for the login: %w", err)
	case rec.Taken:
		return Attempt{}, usedAttempt()
	case a.over(rec):
		return Attempt{}, unknownAttempt()
	}
	rec.Taken = true
	if err := a.put(ctx, key, rec, rev); errors.Is(err, ErrConflict) {
		return Attempt{}, usedAttempt()
	} else if err != nil {
		return Attempt{}, fmt.Errorf("take the login: %w", err)
	}
	return Attempt{State: state, Redirect: rec.Redirect, Verifier: Secret(rec.Verifier)}, nil
}

// End notes what came of an attempt that was taken, for whoever began it. problem is a sentence without secrets; empty:
// it worked.
func (a *Attempts) End(ctx context.Context, hub, state, problem string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	key := attemptKey(hub, state)
	rec, rev, err := a.get(ctx, key)
	if err == nil {
		rec.Verifier, rec.Ended, rec.Problem = "", true, problem
		err = a.put(ctx, key, rec, rev)
	}
	if err != nil {
		return fmt.Errorf("note the end of a login: %w", err)
	}
	return nil
}

// Outcome tells how an attempt stands; one that is over and never got an answer has ended with a problem.
func (a *Attempts) Outcome(ctx context.Context, hub, state string) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	rec, _, err := a.get(ctx, attemptKey(hub, state))
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !rec.Ended && a.over(rec):
		return Outcome{Ended: true, Problem: "no answer came within 10 minutes: " + againHint}, nil
	case err != nil:
		return Outcome{}, fmt.Errorf("look at the login: %w", err)
	}
	return Outcome{Ended: rec.Ended, Problem: rec.Problem}, nil
}

// over tells whether an attempt is too old. A clock that was set back does not make it immortal.
func (a *Attempts) over(rec attemptRecord) bool { return a.now().Sub(rec.Began).Abs() >= attemptLife }

// prune deletes what is over, and the oldest ones where there are too many.
func (a *Attempts) prune(ctx context.Context, hub string) error {
	keys, err := a.store.List(ctx, attemptsOf(hub))
	if err != nil {
		return err
	}
	left, oldest, oldestBegan := 0, "", time.Time{}
	for _, key := range keys {
		rec, _, err := a.get(ctx, key)
		if err == nil && !a.over(rec) {
			left++
			if oldest == "" || rec.Began.Before(oldestBegan) {
				oldest, oldestBegan = key, rec.Began
			}
			continue
		}
		if err == nil || errors.Is(err, ErrDamaged) {
			if err := a.store.Delete(ctx, key); err != nil {
				return err
			}
		}
	}
	if left >= maxAttempts {
		return a.store.Delete(ctx, oldest)
	}
	return nil
}

func (a *Attempts) get(ctx context.Context, key string) (attemptRecord, uint64, error) {
	raw, rev, err := a.store.Get(ctx, key)
	if err != nil {
		return attemptRecord{}, 0, err
	}
	var rec attemptRecord
	if json.Unmarshal(raw, &rec) != nil { // its text may quote the verifier
		return attemptRecord{}, rev, fmt.Errorf("login under way: %w", ErrDamaged)
	}
	return rec, rev, nil
}

func (a *Attempts) put(ctx context.Context, key string, rec attemptRecord, rev uint64) error {
	raw, err := json.Marshal(rec)
	if err == nil {
		_, err = a.store.Put(ctx, key, raw, rev)
	}
	return err
}
