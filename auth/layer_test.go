package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// boxes are devices of one account: each has session tokens of its own, made with the account's token.
type boxes struct {
	*vendor // the account
	mu      sync.Mutex
	n       int
	session map[string]string // box → its one good session
	made    int
	barred  bool // the account may not use the boxes
	meet    func()
}

func newBoxes() *boxes { return &boxes{vendor: newVendor(time.Hour), session: map[string]string{}} }

// grantOf makes sessions of one box with the account's token.
func (b *boxes) grantOf(box string, over *Manager) Grant {
	return grantFunc(func(ctx context.Context, _ Token) (Token, error) {
		if b.meet != nil {
			b.meet()
		}
		var out Token
		err := over.Do(ctx, func(ctx context.Context, t Token) error {
			if err := b.call(ctx, t); err != nil {
				return err
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.barred {
				return &LoginError{Reason: "the account may not use this box"}
			}
			b.n++
			b.made++
			b.session[box] = fmt.Sprintf("%s-session-%d", box, b.n)
			out = Token{Access: Secret(b.session[box])}
			return nil
		})
		return out, err
	})
}

func (b *boxes) use(box string) func(context.Context, Token) error {
	return func(_ context.Context, t Token) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.session[box] == "" || t.Access.Reveal() != b.session[box] {
			return ErrRejected
		}
		return nil
	}
}

// endSession is a box that was started anew, and forgot.
func (b *boxes) endSession(box string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.session[box] = "none"
}

func (b *boxes) sessions() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.made
}

// layers are two boxes of one account, as one process has them.
type layers struct {
	*boxes
	over      *Manager
	flat, hut *Manager
}

func newLayers(b *boxes, store KV, seed Token) *layers {
	var shared Shared
	account := func() *Manager {
		return shared.Manager(Config{
			Account: "cloud", Identity: "client", Grant: b.vendor, Store: store, Seed: func() (Token, error) { return seed, nil },
		})
	}
	l := &layers{boxes: b, over: account()}
	inner := func(box string) *Manager {
		return NewManager(Config{Account: box + "/session", Identity: "client/" + box, Over: account(), Grant: b.grantOf(box, account()), Store: store})
	}
	l.flat, l.hut = inner("flat"), inner("hut")
	return l
}

func (l *layers) both(t *testing.T) (flat, hut error) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() { flat = l.flat.Do(t.Context(), l.use("flat")) })
	wg.Go(func() { hut = l.hut.Do(t.Context(), l.use("hut")) })
	wg.Wait()
	return flat, hut
}

func (l *layers) mustBoth(t *testing.T) {
	t.Helper()
	if flat, hut := l.both(t); flat != nil || hut != nil {
		t.Fatalf("flat: %v, hut: %v", flat, hut)
	}
}

func TestEachLayersRefusalRepairsThatLayerOnly(t *testing.T) {
	cases := []struct {
		name             string
		spoil            func(b *boxes)
		grants, sessions int // what it costs
	}{
		{"nothing", func(*boxes) {}, 0, 0},
		{"a session", func(b *boxes) { b.endSession("flat") }, 0, 1},
		{"both sessions", func(b *boxes) { b.endSession("flat"); b.endSession("hut") }, 0, 2},
		{"the account", func(b *boxes) { b.access = "revoked" }, 0, 0},
		{"the account and a session", func(b *boxes) { b.access = "revoked"; b.endSession("hut") }, 1, 1},
		{"the account and both sessions", func(b *boxes) {
			b.access = "revoked"
			b.endSession("flat")
			b.endSession("hut")
		}, 1, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBoxes()
				l := newLayers(b, NewMemStore(), b.token())
				l.mustBoth(t)
				grants, _ := b.count()
				sessions := b.sessions()
				c.spoil(b)
				for range 3 {
					l.mustBoth(t)
				}
				now, _ := b.count()
				if got := now - grants; got != c.grants {
					t.Errorf("want %d renewals of the account, got %d", c.grants, got)
				}
				if got := b.sessions() - sessions; got != c.sessions {
					t.Errorf("want %d new sessions, got %d", c.sessions, got)
				}
				if b.replays > 0 || l.over.State().Failures > 0 {
					t.Errorf("a spent token was sent again: %d replays, %+v", b.replays, l.over.State())
				}
			})
		})
	}
}

// TestTwoBoxesRenewTheirAccountOnce lets both meet the refusal at the same moment, again and again.
func TestTwoBoxesRenewTheirAccountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoxes()
		l := newLayers(b, NewMemStore(), b.token())
		l.mustBoth(t)
		for round := range 5 {
			var together sync.WaitGroup
			together.Add(2)
			b.meet = func() { together.Done(); together.Wait() }
			b.set(func(context.Context) error { pass(time.Second); return nil }, nil)
			b.vendor.mu.Lock()
			b.access = "revoked"
			b.vendor.mu.Unlock()
			b.endSession("flat")
			b.endSession("hut")
			before, _ := b.count()
			l.mustBoth(t)
			if now, _ := b.count(); now-before != 1 {
				t.Errorf("round %d: want one renewal, got %d", round, now-before)
			}
			pass(3 * time.Hour) // far from the last refusal, and the account's token is over
			b.meet = nil
			l.mustBoth(t)
		}
		if b.replays > 0 {
			t.Errorf("%d spent tokens were sent again", b.replays)
		}
	})
}

func TestRotatedAccountSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, store := newBoxes(), NewMemStore()
		seed := b.token()
		l := newLayers(b, store, seed)
		l.mustBoth(t)
		pass(2 * time.Hour)
		b.endSession("flat")
		l.mustBoth(t) // the seed is spent now
		sessions := b.sessions()
		l = newLayers(b, store, seed)
		l.mustBoth(t)
		if b.sessions() != sessions || b.replays > 0 {
			t.Errorf("want everything from the store, got %d new sessions and %d replays", b.sessions()-sessions, b.replays)
		}
	})
}

// TestLoginOfTheAccountFreesAllItsBoxes at once, whichever process it is in.
func TestLoginOfTheAccountFreesAllItsBoxes(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		t.Run(fmt.Sprintf("in another process %v", elsewhere), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, store := newBoxes(), NewMemStore()
				l := newLayers(b, store, b.token())
				l.mustBoth(t)
				b.rotate() // the grant was withdrawn
				b.endSession("flat")
				b.endSession("hut")
				for range 20 {
					flat, hut := l.both(t)
					if !errors.Is(flat, ErrLogin) || !errors.Is(hut, ErrLogin) {
						t.Fatalf("want ErrLogin, got %v and %v", flat, hut)
					}
					if l.flat.Look(t.Context()) || l.hut.Look(t.Context()) || l.over.Look(t.Context()) {
						t.Fatal("there is nothing to see yet")
					}
					pass(time.Second)
				}
				if grants, _ := b.count(); grants > 2 {
					t.Errorf("want the dead token tried once, got %d", grants)
				}
				if s := l.hut.State(); !s.LoginNeeded || s.Reason == "" {
					t.Errorf("want the box to say why, got %+v", s)
				}
				who := l.over
				if elsewhere {
					who = newLayers(b, store, Token{}).over
				}
				b.vendor.mu.Lock()
				b.rotate()
				b.vendor.mu.Unlock()
				if err := who.Login(t.Context(), b.token()); err != nil {
					t.Fatal(err)
				}
				if !l.flat.Look(t.Context()) {
					t.Error("want the login seen")
				}
				l.mustBoth(t)
				for _, m := range []*Manager{l.over, l.flat, l.hut} {
					if s := m.State(); s.LoginNeeded || s.Reason != "" {
						t.Errorf("got %+v", s)
					}
					if m.Look(t.Context()) {
						t.Error("want nothing more to look for")
					}
				}
			})
		})
	}
}

// TestBoxThatRefusesTheAccount is no matter of the account.
func TestBoxThatRefusesTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoxes()
		b.barred = true
		l := newLayers(b, NewMemStore(), b.token())
		_, calls := b.count()
		for range 1200 {
			flat, hut := l.both(t)
			if !errors.Is(flat, ErrLogin) || !errors.Is(hut, ErrLogin) {
				t.Fatalf("want ErrLogin, got %v and %v", flat, hut)
			}
			pass(time.Second)
		}
		if l.over.State().LoginNeeded {
			t.Error("the account is fine")
		}
		if _, now := b.count(); now-calls > 2*5 {
			t.Errorf("in 20 minutes: want it asked every 5 minutes, got %d calls", now-calls)
		}
		b.mu.Lock()
		b.barred = false
		b.mu.Unlock()
		pass(trialEvery)
		l.mustBoth(t)
	})
}

func TestAccountAwayIsNoLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoxes()
		l := newLayers(b, NewMemStore(), b.token())
		l.mustBoth(t)
		b.set(down, nil)
		pass(2 * time.Hour)
		b.endSession("flat")
		if err := l.flat.Do(t.Context(), l.use("flat")); !errors.Is(err, errDown) || errors.Is(err, ErrLogin) {
			t.Errorf("got %v", err)
		}
		if err := l.hut.Do(t.Context(), l.use("hut")); err != nil {
			t.Errorf("a session that works needs no account: %v", err)
		}
		b.set(nil, nil)
		pass(10 * time.Minute)
		l.mustBoth(t)
	})
}

func TestSharedAccounts(t *testing.T) {
	var s Shared
	seed := Token{Refresh: "of the second"}
	cfg := func(account, identity string, seed Token, err error) Config {
		return Config{Account: account, Identity: identity, Seed: func() (Token, error) { return seed, err }, Store: NewMemStore()}
	}
	a := s.Manager(cfg("cloud", "x", Token{}, nil))
	if b := s.Manager(cfg("cloud", "x", seed, nil)); b != a {
		t.Error("want one manager for one account")
	}
	s.Manager(cfg("cloud", "x", Token{Refresh: "of the third"}, nil))
	if got, err := a.cfg.Seed(); err != nil || !got.same(seed) {
		t.Errorf("want the first token, got %v, %v", got.Refresh.Reveal(), err)
	}
	if s.Manager(cfg("cloud", "y", seed, nil)) == a || s.Manager(cfg("other", "x", seed, nil)) == a {
		t.Error("want other accounts apart")
	}
	bad := s.Manager(cfg("cloud", "z", Token{}, errDisk))
	s.Manager(cfg("cloud", "z", seed, nil))
	if _, err := bad.cfg.Seed(); !errors.Is(err, errDisk) {
		t.Errorf("a setting that cannot be read: got %v", err)
	}
}

func TestLookSeesALoginOfAnotherProcessAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		r.mustDo(t)
		if r.Look(t.Context()) {
			t.Error("nothing to look for while all is well")
		}
		v.rotate()
		if err := r.do(t); !errors.Is(err, ErrLogin) {
			t.Fatal(err)
		}
		for range 5 {
			if r.Look(t.Context()) {
				t.Error("nobody has logged in")
			}
			pass(2 * time.Second)
		}
		v.rotate()
		if err := NewManager(r.cfg).Login(t.Context(), v.token()); err != nil {
			t.Fatal(err)
		}
		if !r.Look(t.Context()) {
			t.Error("want the login seen")
		}
		r.mustDo(t)
		if r.Look(t.Context()) {
			t.Error("it is over")
		}
	})
}
