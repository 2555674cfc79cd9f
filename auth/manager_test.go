package auth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDoRenewsOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		r.store.openLock = true // within a process one flight must be enough
		pass(2 * time.Hour)
		v.set(nil, func(context.Context) error { pass(time.Second); return nil })
		var wg sync.WaitGroup
		var failed atomic.Int64
		for range 200 {
			wg.Go(func() {
				if r.Do(t.Context(), v.call) != nil {
					failed.Add(1)
				}
			})
		}
		wg.Wait()
		if grants, calls := v.count(); grants != 1 || calls != 200 || failed.Load() != 0 {
			t.Errorf("got %d grants, %d calls, %d failed, want 1, 200, 0", grants, calls, failed.Load())
		}
		if got := r.stored(t); !got.same(v.token()) {
			t.Error("the new token is not in the store")
		}
	})
}

func TestTwoManagersRenewOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		a := newRig(v, v.token())
		b := newRig(v, v.token())
		b.store = a.store
		b.restart()
		pass(2 * time.Hour)
		v.set(nil, func(context.Context) error { pass(time.Second); return nil })
		var wg sync.WaitGroup
		for _, r := range []*rig{a, b} {
			wg.Go(func() {
				if err := r.Do(t.Context(), v.call); err != nil {
					t.Errorf("Do: %v", err)
				}
			})
		}
		wg.Wait()
		if grants, _ := v.count(); grants != 1 {
			t.Errorf("got %d grants, want 1", grants)
		}
	})
}

func TestWaiterLeavesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		v.set(func(ctx context.Context) error {
			select {
			case <-time.After(10 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := r.Do(ctx, v.call); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("impatient caller: got %v, want its deadline", err)
		}
		if got := time.Since(start); got != time.Second {
			t.Errorf("impatient caller left after %v, want 1s", got)
		}
		r.mustDo(t)
		if grants, _ := v.count(); grants != 1 {
			t.Errorf("got %d grants, want 1", grants)
		}
	})
}

func TestHangingGrantHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		v.set(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, nil)
		start := time.Now()
		if err := r.do(t); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the grant's deadline", err)
		}
		if got := time.Since(start); got != grantTimeout {
			t.Errorf("waited %v, want %v", got, grantTimeout)
		}
	})
}

func TestHangingEarlyRenewalServesTheOldToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		r.mustDo(t)
		pass(50 * time.Minute)
		v.set(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, nil)
		start := time.Now()
		r.mustDo(t)
		if got := time.Since(start); got != earlyPatience {
			t.Errorf("waited %v, want %v", got, earlyPatience)
		}
		r.mustIdle(t)
		start = time.Now()
		r.mustDo(t) // within the ladder's first wait: no attempt
		if got := time.Since(start); got != 0 {
			t.Errorf("waited %v after the failure, want 0", got)
		}
	})
}

func TestFailuresFollowTheLadder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		start := time.Now()
		var got []time.Duration
		v.set(func(context.Context) error { got = append(got, time.Since(start)); return errDown }, nil)
		for time.Since(start) < 28*time.Minute {
			if err := r.do(t); !errors.Is(err, errDown) {
				t.Fatalf("got %v, want %v", err, errDown)
			}
			pass(time.Second)
		}
		want := []time.Duration{0}
		for _, w := range retryLadder()[:7] {
			want = append(want, want[len(want)-1]+w)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("attempts (-want +got):\n%s", d)
		}
		s := r.State()
		if s.LoginNeeded || s.Reason == "" || s.Failures != 8 || s.NextTry.IsZero() {
			t.Errorf("state does not tell: %+v", s)
		}
		v.set(nil, nil)
		pass(10 * time.Minute)
		r.mustDo(t)
		if s := r.State(); s.Reason != "" || !s.Since.IsZero() || s.Refreshes != 1 {
			t.Errorf("state after recovery: %+v", s)
		}
	})
}

type waitError struct{ wait time.Duration }

func (e waitError) Error() string             { return "slow down" }
func (e waitError) RetryAfter() time.Duration { return e.wait }

func TestRetryAfterWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		v.set(func(context.Context) error { return waitError{7 * time.Minute} }, nil)
		_ = r.do(t)
		v.set(nil, nil)
		pass(7*time.Minute - time.Second)
		if r.do(t) == nil {
			t.Error("renewed before the vendor's wait was over")
		}
		pass(time.Second)
		r.mustDo(t)
	})
}

func TestInvalidateOnlyTheCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		r.mustDo(t)
		old, err := r.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pass(50 * time.Minute)
		r.mustDo(t)
		r.Invalidate(old)
		r.mustDo(t)
		if grants, _ := v.count(); grants != 1 {
			t.Errorf("got %d grants, want 1: a refusal of an old token must not touch the new one", grants)
		}
		now, err := r.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.Invalidate(now)
		r.mustDo(t)
		if grants, _ := v.count(); grants != 2 {
			t.Errorf("got %d grants, want 2", grants)
		}
	})
}

func TestRefusalsMakeNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(1000 * time.Hour)
		r := newRig(v, v.token())
		refuse := func(context.Context, Token) error { return ErrRejected }
		for range 3600 {
			err := r.Do(t.Context(), refuse)
			if !errors.Is(err, ErrRejected) || errors.Is(err, ErrLogin) {
				t.Fatalf("got %v, want ErrRejected", err)
			}
			pass(time.Second)
		}
		grants, _ := v.count()
		if grants != 4 { // at once, after 1, 5 and 15 minutes
			t.Errorf("got %d grants in an hour of refusals, want 4", grants)
		}
		r.mustDo(t)
	})
}

func TestRefusedAgainSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		n := 0
		err := r.Do(t.Context(), func(context.Context, Token) error { n++; return ErrRejected })
		if n != 2 || !errors.Is(err, ErrRejected) || !strings.Contains(err.Error(), "renewed") {
			t.Errorf("got %d calls and %q", n, err)
		}
	})
}

func TestTokensOfUnknownAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		seed := v.token()
		seed.Expiry, seed.Issued = time.Time{}, time.Time{}
		r := newRig(v, seed)
		v.set(down, nil)
		r.mustDo(t) // cannot be renewed now, but it works
		if grants, _ := v.count(); grants != 1 {
			t.Errorf("got %d grants, want an attempt at first use", grants)
		}
		v.set(nil, nil)
		pass(time.Minute)
		r.mustDo(t)
		r.mustDo(t)
		if grants, _ := v.count(); grants != 2 {
			t.Errorf("got %d grants, want 2", grants)
		}
	})
}

func TestSleepingLaptop(t *testing.T) {
	v := newVendor(time.Hour)
	r := newRig(v, v.token())
	var slept atomic.Int64
	r.now = func() time.Time { return time.Now().Add(time.Duration(slept.Load())) } // its monotonic part stays behind
	r.mustDo(t)
	slept.Store(int64(50 * time.Minute))
	r.mustDo(t)
	if grants, _ := v.count(); grants != 1 {
		t.Errorf("got %d grants, want 1 after the machine slept", grants)
	}
}

func TestSeedCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		r.mustDo(t)
		r.setSeed(Token{}, errors.New("no such file"))
		pass(50 * time.Minute)
		r.mustDo(t)
		v.access = "revoked" // a refusal reads the seed
		r.mustDo(t)
		if grants, _ := v.count(); grants != 2 {
			t.Errorf("got %d grants, want 2", grants)
		}
	})
}

func TestGrantPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		v.set(func(context.Context) error { panic("vendor bug") }, nil)
		if err := r.do(t); err == nil || !strings.Contains(err.Error(), "panicked") {
			t.Errorf("got %v, want the panic as an error", err)
		}
		v.set(nil, nil)
		pass(time.Minute)
		r.mustDo(t)
	})
}

func TestChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		changed := r.Changed()
		r.mustDo(t)
		closed := func() bool {
			select {
			case <-changed:
				return true
			default:
				return false
			}
		}
		if closed() {
			t.Error("closed by the first token")
		}
		pass(50 * time.Minute)
		r.mustDo(t)
		if !closed() {
			t.Error("not closed by a renewal")
		}
		if changed = r.Changed(); closed() {
			t.Error("the next channel is closed already")
		}
	})
}

func TestManagerRegistersEveryToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		v := newVendor(time.Hour)
		cfg := newRig(v, v.token()).cfg
		cfg.Redact = NewRedactor(&out)
		m := NewManager(cfg)
		check := func(tokens ...Token) {
			t.Helper()
			for _, tok := range tokens {
				_, _ = io.WriteString(cfg.Redact, tok.Access.Reveal()+" "+tok.Refresh.Reveal()+"\n")
			}
			if got := out.String(); strings.Contains(got, "access") || strings.Contains(got, "refresh") {
				t.Errorf("got %s", got)
			}
		}
		seed := v.token()
		pass(2 * time.Hour)
		if err := m.Do(t.Context(), v.call); err != nil {
			t.Fatal(err)
		}
		check(seed, v.token())
		v.rotate()
		if err := m.Login(t.Context(), v.token()); err != nil {
			t.Fatal(err)
		}
		check(v.token())
		out.Reset()
		next := NewManager(Config{Account: "hub", Identity: "http://hub", Store: cfg.Store, Redact: NewRedactor(&out)})
		if _, err := next.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(next.cfg.Redact, v.access)
		if got := out.String(); got != redacted {
			t.Errorf("a stored token: got %s", got)
		}
	})
}
