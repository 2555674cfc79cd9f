package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAttemptIsGoodForOneAnswer(t *testing.T) {
	begin := func(t *testing.T, a *Attempts) Attempt {
		t.Helper()
		at, err := a.Begin(t.Context(), "homey", "http://localhost:8099/callback/homey")
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	take := func(t *testing.T, a *Attempts, hub, state string) error {
		t.Helper()
		_, err := a.Take(t.Context(), hub, state)
		return err
	}
	cases := []struct {
		name string
		do   func(t *testing.T, a *Attempts, at Attempt) error
		want string // part of the refusal; empty: it is taken
	}{
		{"at once", func(t *testing.T, a *Attempts, at Attempt) error { return take(t, a, "homey", at.State) }, ""},
		{"in another process", func(t *testing.T, a *Attempts, at Attempt) error {
			return take(t, NewAttempts(a.store), "homey", at.State)
		}, ""},
		{"just in time", func(t *testing.T, a *Attempts, at Attempt) error {
			pass(attemptLife - time.Second)
			return take(t, a, "homey", at.State)
		}, ""},
		{"too late", func(t *testing.T, a *Attempts, at Attempt) error {
			pass(attemptLife)
			return take(t, a, "homey", at.State)
		}, "10 minutes"},
		{"twice", func(t *testing.T, a *Attempts, at Attempt) error {
			if err := take(t, a, "homey", at.State); err != nil {
				t.Errorf("the first: %v", err)
			}
			return take(t, a, "homey", at.State)
		}, "used already"},
		{"another hub's", func(t *testing.T, a *Attempts, at Attempt) error { return take(t, a, "cabin", at.State) }, "another hub"},
		{"made up", func(t *testing.T, a *Attempts, at Attempt) error { return take(t, a, "homey", at.State+"x") }, "no login"},
		{"none", func(t *testing.T, a *Attempts, _ Attempt) error { return take(t, a, "homey", "") }, "no state"},
		{"of a hostile shape", func(t *testing.T, a *Attempts, _ Attempt) error { return take(t, a, "homey", "../../x\x00/") }, "no login"},
		{"beside another", func(t *testing.T, a *Attempts, at Attempt) error {
			begin(t, a)
			return take(t, a, "homey", at.State)
		}, ""},
		{"after the clock was set back a day", func(t *testing.T, a *Attempts, at Attempt) error {
			a.now = func() time.Time { return time.Now().Add(-24 * time.Hour) }
			return take(t, a, "homey", at.State)
		}, "10 minutes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := NewAttempts(NewMemStore())
				at := begin(t, a)
				err := c.do(t, a, at)
				_, told := errors.AsType[*AttemptError](err)
				switch {
				case c.want == "" && err != nil:
					t.Errorf("want it taken, got %v", err)
				case c.want != "" && (!told || !strings.Contains(err.Error(), c.want)):
					t.Errorf("want a sentence with %q, got %v", c.want, err)
				case err != nil && strings.Contains(err.Error(), at.State):
					t.Errorf("the state is shown: %v", err)
				}
			})
		})
	}
}

func TestAttemptCarriesWhatTheExchangeNeeds(t *testing.T) {
	a := NewAttempts(NewMemStore())
	began, err := a.Begin(t.Context(), "homey", "https://h.example/x/callback/homey")
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Take(t.Context(), "homey", began.State)
	if err != nil || got != began || len(got.State) < 43 || len(got.Verifier) < 43 || got.State == got.Verifier.Reveal() {
		t.Errorf("want %+v back with long secrets, got %+v, %v", began, got, err)
	}
}

func TestOneOfManyTakersGetsTheAttempt(t *testing.T) {
	store, err := OpenFileStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at, err := NewAttempts(store).Begin(t.Context(), "homey", "r")
	if err != nil {
		t.Fatal(err)
	}
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			switch _, err := NewAttempts(store).Take(t.Context(), "homey", at.State); {
			case err == nil:
				taken.Add(1)
			case !strings.Contains(err.Error(), "used already"):
				t.Errorf("want it told that it was used, got %v", err)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 1 {
		t.Errorf("want one taker, got %d", taken.Load())
	}
}

func TestOutcomeOfAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(NewMemStore())
		outcome := func(state string) Outcome {
			t.Helper()
			o, err := a.Outcome(t.Context(), "homey", state)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		at, _ := a.Begin(t.Context(), "homey", "r")
		if got := outcome(at.State); got != (Outcome{}) {
			t.Errorf("under way: got %+v", got)
		}
		_, _ = a.Take(t.Context(), "homey", at.State)
		if got := outcome(at.State); got.Ended {
			t.Errorf("taken: got %+v", got)
		}
		if err := a.End(t.Context(), "homey", at.State, "no luck"); err != nil {
			t.Fatal(err)
		}
		if got := outcome(at.State); !got.Ended || got.Problem != "no luck" {
			t.Errorf("failed: got %+v", got)
		}
		raw, _, _ := a.store.Get(t.Context(), attemptKey("homey", at.State))
		if strings.Contains(string(raw), at.Verifier.Reveal()) || strings.Contains(string(raw), at.State) {
			t.Errorf("a secret is kept that nobody needs: %s", raw)
		}
		late, _ := a.Begin(t.Context(), "homey", "r")
		pass(attemptLife)
		if got := outcome(late.State); !got.Ended || !strings.Contains(got.Problem, "10 minutes") {
			t.Errorf("never answered: got %+v", got)
		}
	})
}

func TestOldAttemptsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(NewMemStore())
		count := func() int {
			keys, _ := a.store.List(t.Context(), "logins/")
			return len(keys)
		}
		first, _ := a.Begin(t.Context(), "homey", "r")
		for range 3 * maxAttempts {
			pass(time.Second)
			if _, err := a.Begin(t.Context(), "homey", "r"); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(); n != maxAttempts {
			t.Errorf("want %d kept, got %d", maxAttempts, n)
		}
		if _, err := a.Take(t.Context(), "homey", first.State); err == nil {
			t.Error("want the oldest gone")
		}
		pass(attemptLife)
		if _, err := a.Begin(t.Context(), "homey", "r"); err != nil || count() != 1 {
			t.Errorf("want only the new one left, got %d, %v", count(), err)
		}
	})
}

func TestAttemptsOnABrokenStore(t *testing.T) {
	store := &shakyStore{KV: NewMemStore()}
	a := NewAttempts(store)
	at, err := a.Begin(t.Context(), "homey", "r")
	if err != nil {
		t.Fatal(err)
	}
	store.set(func(s *shakyStore) { s.noPut = errDisk })
	if _, err := a.Begin(t.Context(), "homey", "r"); !errors.Is(err, errDisk) {
		t.Errorf("Begin: got %v", err)
	}
	if _, err := a.Take(t.Context(), "homey", at.State); !errors.Is(err, errDisk) {
		t.Errorf("an attempt that could be taken twice: got %v", err)
	}
	store.set(func(s *shakyStore) { s.noPut = nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Take(ctx, "homey", at.State); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if _, err := a.Take(t.Context(), "homey", at.State); err != nil {
		t.Errorf("the store works again: got %v", err)
	}
}
