package auth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if role := os.Getenv("AUTH_TEST_CHILD"); role != "" {
		os.Exit(child(role))
	}
	goleak.VerifyTestMain(m)
}

// vendor is a server that enforces single use: a refresh kills both old tokens.
type vendor struct {
	mu      sync.Mutex
	n       int
	access  string
	refresh string
	end     time.Time
	life    time.Duration

	sends     map[string]int  // how often each refresh token came in
	delivered map[string]bool // refresh tokens whose exchange was answered
	replays   int             // tokens sent again although the answer had arrived
	grants    int             // requests to the refresh endpoint
	calls     int
	lost      bool // an answer with new tokens did not arrive

	before func(ctx context.Context) error // the request does not arrive
	after  func(ctx context.Context) error // the answer does not arrive
}

func newVendor(life time.Duration) *vendor {
	v := &vendor{life: life, sends: map[string]int{}, delivered: map[string]bool{}}
	v.rotate()
	return v
}

func (v *vendor) rotate() {
	v.n++
	v.access, v.refresh = fmt.Sprintf("access-%d", v.n), fmt.Sprintf("refresh-%d", v.n)
	v.end = time.Now().Add(v.life)
}

// token is what a human would paste or a login would bring.
func (v *vendor) token() Token {
	v.mu.Lock()
	defer v.mu.Unlock()
	return Token{Access: Secret(v.access), Refresh: Secret(v.refresh), Issued: v.end.Add(-v.life), Expiry: v.end}
}

func (v *vendor) Grant(ctx context.Context, old Token) (Token, error) {
	if old.Refresh == "" {
		return Token{}, &LoginError{Reason: "no refresh token"}
	}
	v.mu.Lock()
	before, after := v.before, v.after
	v.grants++
	v.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return Token{}, err
		}
	}
	v.mu.Lock()
	r := old.Refresh.Reveal()
	v.sends[r]++
	if v.delivered[r] {
		v.replays++
	}
	ok := r == v.refresh
	if ok {
		v.rotate()
	}
	t := Token{Access: Secret(v.access), Refresh: Secret(v.refresh), Expiry: v.end}
	v.mu.Unlock()
	if after != nil {
		if err := after(ctx); err != nil {
			v.mu.Lock()
			v.lost = v.lost || ok
			v.mu.Unlock()
			return Token{}, err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !ok {
		return Token{}, &LoginError{Reason: "refresh token is spent", Code: "invalid_grant"}
	}
	v.delivered[r] = true
	return t, nil
}

func (v *vendor) call(_ context.Context, t Token) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	if t.Access.Reveal() != v.access || !time.Now().Before(v.end) {
		return fmt.Errorf("vendor: %w", ErrRejected)
	}
	return nil
}

func (v *vendor) set(before, after func(context.Context) error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.before, v.after = before, after
}

func (v *vendor) count() (grants, calls int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.grants, v.calls
}

// pass lets time pass: in a bubble of synctest that is the fake clock's, and costs nothing.
func pass(d time.Duration) { <-time.After(d) }

var errDown = errors.New("server is down")

func down(context.Context) error { return errDown }

// shakyStore fails on demand.
type shakyStore struct {
	KV
	mu                   sync.Mutex
	noGet, noPut, noLock error
	openLock             bool // everybody gets the lock
	lostAck              bool // the write happens, an error is reported
	gets, puts           int
}

var errDisk = errors.New("disk is full")

func (s *shakyStore) set(f func(*shakyStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *shakyStore) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	s.mu.Lock()
	s.gets++
	err := s.noGet
	s.mu.Unlock()
	if err != nil {
		return nil, 0, err
	}
	return s.KV.Get(ctx, key)
}

func (s *shakyStore) Put(ctx context.Context, key string, val []byte, rev uint64) (uint64, error) {
	s.mu.Lock()
	s.puts++
	err, lost := s.noPut, s.lostAck
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	next, err := s.KV.Put(ctx, key, val, rev)
	if lost {
		return 0, errDisk
	}
	return next, err
}

func (s *shakyStore) Lock(ctx context.Context, key string) (context.Context, func(), error) {
	s.mu.Lock()
	err, open := s.noLock, s.openLock
	s.mu.Unlock()
	if err != nil {
		return nil, nil, err
	}
	if open {
		return ctx, func() {}, nil
	}
	return s.KV.Lock(ctx, key)
}

// rig is one account with everything around it.
type rig struct {
	*Manager
	v     *vendor
	store *shakyStore
	mu    sync.Mutex
	seed  Token
	bad   error
	reads int
}

func newRig(v *vendor, seed Token) *rig {
	r := &rig{v: v, store: &shakyStore{KV: NewMemStore()}, seed: seed}
	r.restart()
	return r
}

// restart is what a new process sees.
func (r *rig) restart() {
	r.Manager = NewManager(Config{
		Account: "hub", Identity: "http://hub", Seed: r.readSeeds, Grant: r.v, Store: r.store, Log: zerolog.Nop(),
	})
}

func (r *rig) readSeeds() (Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	return r.seed, r.bad
}

func (r *rig) setSeed(t Token, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seed, r.bad = t, err
}

func (r *rig) do(t *testing.T) error {
	t.Helper()
	return r.Do(t.Context(), r.v.call)
}

func (r *rig) mustDo(t *testing.T) {
	t.Helper()
	if err := r.do(t); err != nil {
		t.Fatalf("Do: %v", err)
	}
}

// stored is the token in the store.
func (r *rig) stored(t *testing.T) Token {
	t.Helper()
	val, _, err := r.store.KV.Get(t.Context(), r.key)
	if err != nil {
		t.Fatalf("stored token: %v", err)
	}
	rec, err := decodeRecord(val)
	if err != nil {
		t.Fatalf("stored token: %v", err)
	}
	return rec.token()
}

// idle waits until no renewal is under way.
func (r *rig) idle(ctx context.Context) error {
	r.Manager.mu.Lock()
	f := r.flight
	r.Manager.mu.Unlock()
	if f == nil {
		return nil
	}
	return f.wait(ctx, 0)
}

func (r *rig) mustIdle(t *testing.T) {
	t.Helper()
	if err := r.idle(t.Context()); err != nil {
		t.Fatal(err)
	}
}
