package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestNothingIsSpentThatCannotBeSaved(t *testing.T) {
	faults := map[string]func(*shakyStore){
		"put":  func(s *shakyStore) { s.noPut = errDisk },
		"get":  func(s *shakyStore) { s.noGet = errDisk },
		"lock": func(s *shakyStore) { s.noLock = errDisk },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor(time.Hour)
				r := newRig(v, v.token())
				r.mustDo(t)
				r.store.set(fault)
				pass(50 * time.Minute)
				for range 9 {
					r.mustDo(t)
					pass(time.Minute)
				}
				if grants, _ := v.count(); grants != 0 {
					t.Fatalf("got %d grants while nothing can be saved and the token works, want 0", grants)
				}
				if s := r.State(); s.StoreError == "" || s.Unsaved {
					t.Errorf("state does not tell: %+v", s)
				}
				pass(10 * time.Minute)
				err := r.do(t)
				grants, _ := v.count()
				if name == "put" { // the token is dead: better an unsaved one than none
					if err != nil || grants != 1 || !r.State().Unsaved {
						t.Errorf("got %v, %d grants, state %+v, want one grant, unsaved", err, grants, r.State())
					}
				} else if !errors.Is(err, errDisk) || grants != 0 {
					t.Errorf("got %v, %d grants, want %v and none: another process may have spent it", err, grants, errDisk)
				}
				r.store.set(func(s *shakyStore) { s.noPut, s.noGet, s.noLock = nil, nil, nil })
				pass(10 * time.Minute)
				r.mustDo(t)
				r.mustIdle(t)
				if s := r.State(); s.Unsaved || s.StoreError != "" || !r.stored(t).same(v.token()) {
					t.Errorf("not saved after all: %+v", s)
				}
				r.restart()
				r.mustDo(t)
			})
		})
	}
}

func TestUnreadableStoreBeatsTheSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		r.mustDo(t)
		r.restart()
		r.store.set(func(s *shakyStore) { s.noGet = errDisk })
		if err := r.do(t); !errors.Is(err, errDisk) || errors.Is(err, ErrLogin) {
			t.Errorf("got %v, want the store's error", err)
		}
		r.store.set(func(s *shakyStore) { s.noGet = nil })
		pass(time.Second)
		r.mustDo(t)
		if v.replays != 0 {
			t.Error("the spent seed was sent")
		}
	})
}

func TestWriteReportedAsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		r.store.set(func(s *shakyStore) { s.lostAck = true })
		r.mustDo(t)
		r.store.set(func(s *shakyStore) { s.lostAck = false })
		pass(time.Minute)
		r.mustDo(t)
		r.mustIdle(t)
		if s := r.State(); s.Unsaved || s.StoreError != "" {
			t.Errorf("state: %+v", s)
		}
		if !r.stored(t).same(v.token()) {
			t.Error("another token is in the store")
		}
	})
}

func TestAnotherProcessCannotTakeAnUnsavedTokenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		r.mustDo(t)
		pass(2 * time.Hour)
		r.store.set(func(s *shakyStore) { s.noPut = errDisk })
		r.mustDo(t)
		r.store.set(func(s *shakyStore) { s.noPut = nil })
		other := NewManager(r.cfg) // it knows the spent token only, and marks the record before it tries
		if err := other.Do(t.Context(), v.call); !errors.Is(err, ErrLogin) {
			t.Errorf("other process: got %v, want ErrLogin", err)
		}
		pass(time.Minute)
		r.mustDo(t)
		r.mustIdle(t)
		if !r.stored(t).same(v.token()) {
			t.Error("the live token is not in the store")
		}
		pass(time.Minute)
		if err := other.Do(t.Context(), v.call); err != nil {
			t.Errorf("other process, once the token is saved: %v", err)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		v.set(nil, func(context.Context) error { pass(5 * time.Second); return nil })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = r.Do(ctx, v.call)
		r.store.set(func(s *shakyStore) { s.noPut = errDisk })
		if err := r.Close(t.Context()); !errors.Is(err, errDisk) {
			t.Errorf("got %v, want the store's error", err)
		}
		r.store.set(func(s *shakyStore) { s.noPut = nil })
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		if !r.stored(t).same(v.token()) {
			t.Error("the token is not in the store")
		}
	})
}

func TestLoginThatCannotBeSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, Token{})
		r.store.set(func(s *shakyStore) { s.noPut = errDisk })
		if err := r.Login(t.Context(), v.token()); !errors.Is(err, errDisk) {
			t.Errorf("got %v, want the store's error", err)
		}
		r.mustDo(t)
		if !r.State().Unsaved {
			t.Error("state hides it")
		}
	})
}

func TestLostAnswerIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		v.set(nil, down)
		_ = r.do(t)
		v.set(nil, nil)
		r.restart()
		err := r.do(t)
		if !errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), "no usable answer") {
			t.Errorf("got %v, want ErrLogin that names the lost answer", err)
		}
	})
}

func TestDamagedRecord(t *testing.T) {
	for _, val := range []string{"", "null", "{", `{"access":7}`, "\x00\x00\x00\x00"} {
		t.Run(val, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor(time.Hour)
				r := newRig(v, v.token())
				if _, err := r.store.Put(t.Context(), r.key, []byte(val), 0); err != nil {
					t.Fatal(err)
				}
				pass(50 * time.Minute)
				r.mustDo(t)
				if !r.stored(t).same(v.token()) {
					t.Error("the damaged record was not replaced")
				}
			})
		})
	}
}

func TestSeedRule(t *testing.T) {
	a := Token{Access: "a-token", Refresh: "a-refresh"}
	b := Token{Access: "b-token", Refresh: "b-refresh"}
	rotated := Token{Access: "rotated", Refresh: "rotated-refresh"}
	tests := []struct {
		name     string
		stored   Token
		storedBy Token // the seed it descends from
		identity string
		seed     Token
		want     Secret
	}{
		{"no store, seed", Token{}, Token{}, "", a, "a-token"},
		{"store beats the seed it comes from", rotated, a, "", a, "rotated"},
		{"a changed seed beats the store", rotated, a, "", b, "b-token"},
		{"a removed seed beats nothing", rotated, a, "", Token{}, "rotated"},
		{"a login without a seed", rotated, Token{}, "", Token{}, "rotated"},
		{"a seed given after a login", rotated, Token{}, "", a, "a-token"},
		{"another account drops the store", rotated, a, "elsewhere", a, "a-token"},
		{"another account without a seed", rotated, a, "elsewhere", Token{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			identity := "http://hub"
			if tt.identity != "" {
				identity = tt.identity
			}
			store := NewMemStore()
			rec := record{Identity: digest("identity", identity), Seed: seedHash(tt.storedBy)}.with(tt.stored)
			val, err := rec.encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.Put(t.Context(), "tokens/hub", val, 0); err != nil {
				t.Fatal(err)
			}
			m := NewManager(Config{
				Account: "hub", Identity: "http://hub", Store: store,
				Seed: func() (Token, error) { return tt.seed, nil },
				Grant: grantFunc(func(_ context.Context, old Token) (Token, error) {
					if old.IsZero() {
						return Token{}, ErrLogin
					}
					return Token{}, errDown
				}),
			})
			got, err := m.Token(t.Context())
			if got.Access != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("got %q, %v, want %q", got.Access.Reveal(), err, tt.want.Reveal())
			}
		})
	}
}

func TestAChangedSeedThatIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		good := v.token()
		r := newRig(v, good)
		pass(2 * time.Hour)
		r.mustDo(t)
		r.setSeed(Token{Access: "typo", Refresh: "typo"}, nil)
		r.restart()
		if err := r.do(t); !errors.Is(err, ErrLogin) {
			t.Errorf("wrong seed: got %v, want ErrLogin", err)
		}
		r.setSeed(good, nil)
		pass(lookEvery)
		r.mustDo(t)
		r.restart()
		r.mustDo(t)
	})
}

// TestStoreThatFellBack: a damaged file makes the store show what it held before, which is spent.
func TestStoreThatFellBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, v.token())
		pass(2 * time.Hour)
		r.mustDo(t)
		older, _, err := r.store.Get(t.Context(), r.key)
		if err != nil {
			t.Fatal(err)
		}
		pass(50 * time.Minute)
		r.mustDo(t)
		_, rev, err := r.store.Get(t.Context(), r.key)
		if err != nil {
			t.Fatal(err)
		}
		r.restart() // it never saw the older token
		r.mustDo(t)
		r.store.KV.(*MemStore).vals[r.key] = memVal{older, rev}
		pass(50 * time.Minute)
		r.mustDo(t)
		if v.replays != 0 || !r.stored(t).same(v.token()) {
			t.Errorf("%d spent tokens were sent, or the live one is not stored", v.replays)
		}
	})
}

func TestLoginWhileTheStoreCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(time.Hour)
		r := newRig(v, Token{})
		if err := r.Login(t.Context(), v.token()); err != nil {
			t.Fatal(err)
		}
		r.restart()
		pass(time.Minute)
		v.rotate()
		r.store.set(func(s *shakyStore) { s.noGet = errDisk })
		if err := r.Login(t.Context(), v.token()); !errors.Is(err, errDisk) {
			t.Errorf("got %v, want %v", err, errDisk)
		}
		r.store.set(func(s *shakyStore) { s.noGet = nil })
		pass(time.Minute)
		r.mustDo(t)
		r.mustIdle(t)
		if !r.stored(t).same(v.token()) {
			t.Error("the newer login is not in the store")
		}
	})
}

func behind() time.Time { return time.Now().Add(-time.Hour) }

func TestClockThatStepsBack(t *testing.T) {
	t.Run("an unsaved token", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor(time.Hour)
			r := newRig(v, v.token())
			pass(50 * time.Minute)
			r.mustDo(t)
			v.access = "revoked"
			r.now = behind // what comes now seems older than what is stored
			r.store.set(func(s *shakyStore) { s.noPut = errDisk })
			_ = r.do(t) // refused, and the renewal waits for the store
			pass(rejectedRetry)
			r.mustDo(t)
			r.store.set(func(s *shakyStore) { s.noPut = nil })
			pass(time.Minute)
			r.mustDo(t)
			r.mustIdle(t)
			if !r.stored(t).same(v.token()) || v.replays != 0 {
				t.Error("the live token was given up for a spent one")
			}
		})
	})
	t.Run("a login elsewhere", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor(time.Hour)
			r := newRig(v, v.token())
			pass(2 * time.Hour)
			r.store.set(func(s *shakyStore) { s.noPut = errDisk })
			r.mustDo(t)
			v.rotate()
			if err := r.do(t); !errors.Is(err, ErrLogin) {
				t.Errorf("got %v, want ErrLogin", err)
			}
			r.store.set(func(s *shakyStore) { s.noPut = nil })
			other := NewManager(r.cfg)
			other.now = behind
			if err := other.Login(t.Context(), v.token()); err != nil {
				t.Fatal(err)
			}
			pass(lookEvery)
			r.mustDo(t)
		})
	})
}
