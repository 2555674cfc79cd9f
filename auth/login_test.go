package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRefusedEarlyRenewalKeepsTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		r.mustDo(t)
		v.refresh = "somebody else's"
		pass(50 * time.Minute)
		r.mustDo(t)
		s := r.State()
		if !s.LoginNeeded || s.Reason == "" || s.Code != "invalid_grant" {
			t.Errorf("state hides the refusal: %+v", s)
		}
		for range 9 {
			pass(time.Minute)
			r.mustDo(t)
		}
		if grants, _ := v.count(); grants != 1 {
			t.Errorf("got %d grants, want 1: a refused token is not sent again", grants)
		}
		pass(time.Minute)
		_, calls := v.count()
		if err := r.do(t); !errors.Is(err, ErrLogin) {
			t.Errorf("after the end: got %v, want ErrLogin", err)
		}
		if _, now := v.count(); now != calls {
			t.Error("a call went out although login is needed")
		}
	})
}

func TestLoginNeededIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		r.mustDo(t)
		v.rotate() // the user pressed "refresh" in the vendor's page
		if err := r.do(t); !errors.Is(err, ErrLogin) {
			t.Fatalf("got %v, want ErrLogin", err)
		}
		grants, calls := v.count()
		reads, gets := r.reads, r.store.gets
		for range 600 {
			pass(time.Second)
			if err := r.do(t); !errors.Is(err, ErrLogin) {
				t.Fatalf("got %v, want ErrLogin", err)
			}
		}
		if g, c := v.count(); g != grants || c != calls {
			t.Errorf("%d grants and %d calls went out while login was needed", g-grants, c-calls)
		}
		if n, g := r.reads-reads, r.store.gets-gets; n != 10 || g != 10 {
			t.Errorf("in ten minutes: %d reads of settings, %d of the store, want 10 and 10", n, g)
		}
		r.store.set(func(s *shakyStore) { s.noGet = errDisk })
		for range 600 {
			pass(time.Second)
			_ = r.do(t)
		}
		if g := r.store.gets - gets; g > 30 { // a look that cannot read tries again under the lock
			t.Errorf("with a broken store: %d reads of it, want at most 30", g)
		}
	})
}

func TestWaysOutOfLoginNeeded(t *testing.T) {
	ways := map[string]func(t *testing.T, r *rig){
		"another seed": func(_ *testing.T, r *rig) { r.setSeed(r.v.token(), nil) },
		"login here": func(t *testing.T, r *rig) {
			t.Helper()
			if err := r.Login(t.Context(), r.v.token()); err != nil {
				t.Errorf("Login: %v", err)
			}
		},
		"login in another process": func(t *testing.T, r *rig) {
			t.Helper()
			other := NewManager(r.cfg)
			if err := other.Login(t.Context(), r.v.token()); err != nil {
				t.Errorf("Login: %v", err)
			}
		},
		"login in a bare terminal": func(t *testing.T, r *rig) {
			t.Helper()
			cfg := r.cfg
			cfg.Seed = nil
			if err := NewManager(cfg).Login(t.Context(), r.v.token()); err != nil {
				t.Errorf("Login: %v", err)
			}
		},
	}
	for name, way := range ways {
		for _, fresh := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := newVendor(time.Hour)
					r := newRig(v, v.token())
					if !fresh { // the store holds a rotated token
						pass(2 * time.Hour)
						r.mustDo(t)
					}
					v.rotate()
					if err := r.do(t); !errors.Is(err, ErrLogin) {
						t.Fatalf("got %v, want ErrLogin", err)
					}
					v.rotate()
					changed := r.Changed()
					way(t, r)
					pass(lookEvery)
					r.mustDo(t)
					select {
					case <-changed:
					default:
						t.Error("Changed was not closed")
					}
					if s := r.State(); s.LoginNeeded || s.Reason != "" {
						t.Errorf("state: %+v", s)
					}
					r.mustIdle(t)
					r.restart()
					r.mustDo(t)
				})
			})
		}
	}
}

func TestNamedTokenIsTriedEveryFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(1000 * time.Hour)
		r := newRig(v, Token{Access: Secret(v.access)})
		r.mustDo(t)
		name := v.access
		v.access = "switched off"
		if err := r.do(t); !errors.Is(err, ErrLogin) {
			t.Fatalf("got %v, want ErrLogin", err)
		}
		_, before := v.count()
		for range 1200 {
			pass(time.Second)
			if err := r.do(t); !errors.Is(err, ErrLogin) {
				t.Fatalf("got %v, want ErrLogin", err)
			}
		}
		grants, after := v.count()
		if after-before != 4 || grants != 0 {
			t.Errorf("in 20 minutes: %d trials and %d grants, want 4 and 0", after-before, grants)
		}
		v.access = name
		pass(trialEvery)
		r.mustDo(t)
		if r.State().LoginNeeded {
			t.Error("login is still said to be needed")
		}
		r.mustDo(t)
	})
}

func TestNoSeedNoLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, Token{})
		if err := r.do(t); !errors.Is(err, ErrLogin) {
			t.Errorf("got %v, want ErrLogin", err)
		}
		if err := r.Login(t.Context(), v.token()); err != nil {
			t.Fatal(err)
		}
		r.mustDo(t)
	})
}

// grantFunc is a vendor that needs no token to give one, as Tuya's.
type grantFunc func(context.Context, Token) (Token, error)

func (f grantFunc) Grant(ctx context.Context, old Token) (Token, error) { return f(ctx, old) }

func TestGrantFromNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := error(nil)
		n := 0
		m := NewManager(Config{Account: "tuya", Store: NewMemStore(), Grant: grantFunc(func(context.Context, Token) (Token, error) {
			n++
			return Token{Access: "given", Expiry: time.Now().Add(time.Hour)}, fail
		})})
		if tok, err := m.Token(t.Context()); err != nil || tok.Access != "given" {
			t.Errorf("got %v, %v", tok, err)
		}
		pass(2 * time.Hour)
		fail = &LoginError{Reason: "project is disabled"}
		for range 10 {
			if _, err := m.Token(t.Context()); !errors.Is(err, ErrLogin) {
				t.Fatalf("got %v, want ErrLogin", err)
			}
		}
		if n != 2 {
			t.Errorf("got %d grants, want 2", n)
		}
		fail = nil
		ok := func(context.Context, Token) error { return nil }
		pass(trialEvery)
		_ = m.Do(t.Context(), func(context.Context, Token) error { return ErrRejected })
		if err := m.Do(t.Context(), ok); err != nil {
			t.Errorf("enabled again: %v", err)
		}
	})
}

func TestLoginWhileARenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		r.store.openLock = true
		pass(2 * time.Hour)
		v.set(func(context.Context) error { pass(5 * time.Second); return errDown }, nil)
		var wg sync.WaitGroup
		wg.Go(func() { _ = r.Do(t.Context(), v.call) })
		pass(time.Second)
		v.rotate()
		if err := r.Login(t.Context(), v.token()); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		r.mustIdle(t)
		if s := r.State(); s.Reason != "" || s.LoginNeeded {
			t.Errorf("old news count: %+v", s)
		}
		r.mustDo(t)
	})
}

func TestWithoutAGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewManager(Config{Account: "x", Store: NewMemStore(), Seed: func() (Token, error) { return Token{Access: "named"}, nil }})
		if err := m.Do(t.Context(), func(context.Context, Token) error { return nil }); err != nil {
			t.Error(err)
		}
		if err := m.Do(t.Context(), func(context.Context, Token) error { return ErrRejected }); !errors.Is(err, ErrLogin) {
			t.Errorf("got %v, want ErrLogin", err)
		}
	})
}
