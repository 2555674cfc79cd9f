package auth

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestModel runs two processes of one account through random schedules of expiry, refusals, lost answers, failing
// stores, restarts, logins and settings, on a fake clock, against a server that enforces single use.
// AUTH_MODEL_CHECKS sets the number of schedules.
func TestModel(t *testing.T) {
	checks := os.Getenv("AUTH_MODEL_CHECKS")
	if checks == "" {
		checks = "2000"
	}
	if testing.Short() {
		checks = "200"
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		rapid.SyncTest(rt, func(rt *rapid.T) { newWorld(rt).run() })
	})
}

type world struct {
	rt    *rapid.T
	ctx   context.Context //nolint:containedctx // the schedule's
	v     *vendor
	rigs  []*rig
	human bool        // the live token is where no process can find it
	older []byte      // the record before the last change
	last  []byte      // the record as seen last
	able  []bool      // each process can find the live token
	since []time.Time // since when
}

func newWorld(rt *rapid.T) *world {
	v := newVendor(rapid.SampledFrom([]time.Duration{5 * time.Minute, 20 * time.Minute, 2 * time.Hour, 168 * time.Hour}).Draw(rt, "life"))
	w := &world{rt: rt, ctx: rt.Context(), v: v}
	a, b := newRig(v, v.token()), newRig(v, v.token())
	b.store = a.store
	b.restart()
	w.rigs = []*rig{a, b}
	w.able, w.since = make([]bool, 2), make([]time.Time, 2)
	w.settled()
	return w
}

func (w *world) run() {
	defer func() { w.faults(false); w.idle() }() // no goroutine may stay in the bubble, whatever happened
	w.rt.Repeat(map[string]func(*rapid.T){
		"":        func(*rapid.T) { w.check() },
		"advance": w.advance,
		"do":      func(rt *rapid.T) { w.do(w.pick(rt)) },
		"do all":  func(*rapid.T) { w.doAll() },
		"restart": w.restart,
		"network": w.network,
		"store":   w.storeFault,
		"damage":  w.damage,
		"revoke":  func(*rapid.T) { w.v.mu.Lock(); w.v.access += "-revoked"; w.v.mu.Unlock() },
		"button":  func(*rapid.T) { w.button(); w.human = true },
		"paste":   w.paste,
		"login":   w.login,
	})
	w.end()
}

func (w *world) pick(rt *rapid.T) int { return rapid.IntRange(0, 1).Draw(rt, "process") }

func (w *world) advance(rt *rapid.T) {
	pass(rapid.SampledFrom([]time.Duration{
		time.Second, 10 * time.Second, time.Minute, 4 * time.Minute, 14 * time.Minute, 90 * time.Minute, 130 * time.Hour,
	}).Draw(rt, "by"))
}

func (w *world) network(rt *rapid.T) {
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	switch rapid.SampledFrom([]string{"up", "up", "down", "hangs", "loses an answer"}).Draw(rt, "network") {
	case "up":
		w.v.set(nil, nil)
	case "down":
		w.v.set(down, nil)
	case "hangs":
		w.v.set(hang, nil)
	case "loses an answer":
		w.v.set(nil, func(context.Context) error { w.v.set(nil, nil); return errDown })
	}
}

func (w *world) faults(on bool) {
	if !on {
		w.v.set(nil, nil)
		w.rigs[0].store.set(func(s *shakyStore) { s.noGet, s.noPut, s.noLock, s.lostAck = nil, nil, nil, false })
	}
}

func (w *world) storeFault(rt *rapid.T) {
	kind := rapid.SampledFrom([]string{"none", "none", "put", "get", "lock", "ack"}).Draw(rt, "fault")
	w.rigs[0].store.set(func(s *shakyStore) {
		s.noGet, s.noPut, s.noLock, s.lostAck = nil, nil, nil, false
		switch kind {
		case "put":
			s.noPut = errDisk
		case "get":
			s.noGet = errDisk
		case "lock":
			s.noLock = errDisk
		case "ack":
			s.lostAck = true
		}
	})
	w.settled()
}

func (w *world) damage(rt *rapid.T) {
	mem, key := w.rigs[0].store.KV.(*MemStore), w.rigs[0].key
	val := memVal{[]byte("junk"), mem.vals[key].rev}
	if rapid.Bool().Draw(rt, "falls back") && w.older != nil {
		val.val = w.older // as FileStore does when a file is damaged: the older value on the present revision
	}
	if val.rev != 0 {
		mem.vals[key] = val
	}
	w.human = !w.knownToAny() // an older record may even bring the live token back
	w.settled()
}

func (w *world) restart(rt *rapid.T) {
	i := w.pick(rt)
	w.idle()
	unsaved := w.rigs[i].State().Unsaved
	w.rigs[i].restart()
	if unsaved || w.storeBehind() {
		w.human = w.human || !w.knownToAny()
	}
	w.settled()
}

// button is the vendor's own "refresh" button: the old pair is dead, and only the human has the new one.
func (w *world) button() {
	pass(time.Second) // people take their time, and what is newer is told by its time
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	w.v.rotate()
}

func (w *world) paste(rt *rapid.T) {
	w.button()
	seed := w.v.token()
	if rapid.Bool().Draw(rt, "age unknown") {
		seed.Issued, seed.Expiry = time.Time{}, time.Time{}
	}
	for _, r := range w.rigs {
		r.setSeed(seed, nil)
	}
	w.human = false
	w.settled()
}

func (w *world) login(rt *rapid.T) {
	w.button()
	_ = w.rigs[w.pick(rt)].Login(w.ctx, w.v.token())
	w.human = false
	w.settled()
}

// knownTo tells whether process i can find the live refresh token.
func (w *world) knownTo(i int) bool {
	live := w.v.token().Refresh
	r := w.rigs[i]
	if h := r.memory(); h != nil && h.tok.Refresh == live {
		return true
	}
	r.store.mu.Lock()
	readable := r.store.noGet == nil
	r.store.mu.Unlock()
	if !readable {
		return false
	}
	return r.seed.Refresh == live || w.inStore().Refresh == live
}

func (w *world) knownToAny() bool {
	live := w.v.token().Refresh
	for _, r := range w.rigs {
		if h := r.memory(); (h != nil && h.tok.Refresh == live) || r.seed.Refresh == live {
			return true
		}
	}
	return w.inStore().Refresh == live
}

func (w *world) inStore() Token {
	val, _, err := w.rigs[0].store.KV.Get(w.ctx, w.rigs[0].key)
	if err != nil {
		return Token{}
	}
	rec, err := decodeRecord(val)
	if err != nil {
		return Token{}
	}
	return rec.token()
}

// storeBehind tells whether what a new process would start with is spent: nothing but a failed save does that.
func (w *world) storeBehind() bool {
	at := w.inStore()
	if at.IsZero() {
		at = w.rigs[0].seed
	}
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	return at.Refresh.Reveal() != w.v.refresh
}

// settled books since when each process can help itself.
func (w *world) settled() {
	if val, _, err := w.rigs[0].store.KV.Get(w.ctx, w.rigs[0].key); err == nil && !bytes.Equal(val, w.last) {
		w.older, w.last = w.last, val
	}
	for i := range w.rigs {
		able := w.knownTo(i)
		if able && !w.able[i] {
			w.since[i] = time.Now()
		}
		w.able[i] = able
	}
}

func (w *world) idle() {
	for _, r := range w.rigs {
		if err := r.idle(w.ctx); err != nil {
			w.rt.Fatal(err)
		}
	}
}

func (w *world) do(i int) {
	able := w.able[i] && !w.human && time.Since(w.since[i]) > lookEvery
	grants, _ := w.v.count()
	behind := w.storeBehind()
	replays := w.v.replays
	err := w.rigs[i].Do(w.ctx, w.v.call)
	w.idle()
	w.after(i, able, behind, replays, err)
	if now, _ := w.v.count(); now-grants > 3 {
		w.rt.Fatalf("process %d: %d grants for one call", i, now-grants)
	}
}

func (w *world) doAll() {
	var able [2]bool
	var errs [2]error
	for i := range w.rigs {
		able[i] = w.able[i] && !w.human && time.Since(w.since[i]) > lookEvery
	}
	behind, replays := w.storeBehind(), w.v.replays
	var wg sync.WaitGroup
	for i, r := range w.rigs {
		wg.Go(func() { _, _ = r.Token(w.ctx) })
		wg.Go(func() { errs[i] = r.Do(w.ctx, w.v.call) })
	}
	wg.Wait()
	w.idle()
	for i := range w.rigs {
		w.after(i, able[i], behind, replays, errs[i])
	}
}

// after holds one call against the rules.
func (w *world) after(i int, able, behind bool, replays int, err error) {
	w.v.mu.Lock()
	lost := w.v.lost
	w.v.lost = false
	w.v.mu.Unlock()
	w.human = w.human || lost
	if errors.Is(err, ErrLogin) && able && !w.human && w.knownTo(i) {
		w.rt.Fatalf("process %d says %v, but no human is needed", i, err)
	}
	if w.v.replays > replays && !behind && !w.unsaved() {
		w.rt.Fatalf("process %d: a spent token was sent again", i)
	}
	w.settled()
}

func (w *world) unsaved() bool { return w.rigs[0].State().Unsaved || w.rigs[1].State().Unsaved }

// check is what holds between any two steps.
func (w *world) check() {
	if !w.human && !w.knownToAny() {
		w.rt.Fatalf("the live token is lost: %s", w.describe())
	}
}

func (w *world) describe() string {
	s := fmt.Sprintf("live %s, store %s, seed %s", w.v.refresh, w.inStore().Refresh.Reveal(), w.rigs[0].seed.Refresh.Reveal())
	for i, r := range w.rigs {
		if h := r.memory(); h != nil {
			s += fmt.Sprintf(", process %d %s", i, h.tok.Refresh.Reveal())
		}
	}
	return s
}

// end lifts all faults: then everything works again by itself, or a human is asked and helps.
func (w *world) end() {
	w.faults(false)
	for range 2 {
		pass(61 * time.Minute)
		for i := range w.rigs {
			w.do(i)
		}
	}
	pass(lookEvery) // what one has just saved, the other one finds within a minute
	if !w.human {
		for i, r := range w.rigs {
			if err := r.Do(w.ctx, w.v.call); err != nil && w.knownTo(i) {
				w.rt.Fatalf("process %d does not recover: %v; %s", i, err, w.describe())
			}
		}
		return
	}
	for i, r := range w.rigs {
		if err := r.Do(w.ctx, w.v.call); !errors.Is(err, ErrLogin) {
			w.rt.Fatalf("process %d: got %v, want ErrLogin", i, err)
		}
	}
	w.button()
	w.rigs[0].setSeed(w.v.token(), nil)
	w.rigs[1].setSeed(w.v.token(), nil)
	pass(lookEvery)
	for i, r := range w.rigs {
		if err := r.Do(w.ctx, w.v.call); err != nil {
			w.rt.Fatalf("process %d after a human helped: %v", i, err)
		}
	}
}
