package web

import (
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// What wrong passwords cost. Waits are short on purpose: they stop guessing, and must
// not keep the right password out for long.
const (
	freeTries  = 5                // of one address, before it has to wait
	longWait   = 15 * time.Second // the longest wait of an address
	freeForAll = 60               // failures of all addresses within a minute, before all strangers wait
	allWait    = 2 * time.Second
	allMemory  = time.Minute
	forgetOne  = 10 * time.Minute
	knownFor   = 24 * time.Hour // an address that knew the password is no stranger for so long
	maxKept    = 1024           // addresses that are remembered
)

// slowdown counts wrong passwords by address and in all. Its memory is bounded.
type slowdown struct {
	now func() time.Time
	key [32]byte // of the digests of guesses: nobody may look them up

	mu    sync.Mutex
	by    map[netip.Addr]*failures
	known map[netip.Addr]time.Time
	all   failures
}

// failures are those of one address.
type failures struct {
	n          int
	last, next time.Time
	guess      [32]byte // the last one
}

func newSlowdown(now func() time.Time) *slowdown {
	s := &slowdown{now: now, by: map[netip.Addr]*failures{}, known: map[netip.Addr]time.Time{}}
	_, _ = rand.Read(s.key[:]) // never fails
	return s
}

// try has a guess checked, unless its address has to wait: then it is not looked at. One
// guess is checked at a time, or a thousand at once would all be free.
func (s *slowdown) try(from netip.Addr, guess string, right func() bool) (ok bool, wait time.Duration) {
	from = block(from)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	f := s.by[from]
	if f != nil && now.Sub(f.last) > forgetOne {
		delete(s.by, from)
		f = nil
	}
	if f != nil && now.Before(f.next) {
		return false, f.next.Sub(now)
	}
	if now.Before(s.all.next) && now.Sub(s.known[from]) > knownFor {
		return false, s.all.next.Sub(now)
	}
	if right() {
		delete(s.by, from)
		keep(s.known, from, now, func(t time.Time) time.Time { return t })
		return true, 0
	}
	digest := sha256.Sum256(append(s.key[:], guess...))
	if f != nil && f.guess == digest { // a program with an old password guesses nothing
		return false, 0
	}
	if f == nil {
		f = &failures{}
		keep(s.by, from, f, func(f *failures) time.Time { return f.last })
	}
	f.n, f.last, f.guess = f.n+1, now, digest
	if f.n > freeTries {
		f.next = now.Add(min(time.Second<<min(f.n-freeTries-1, 10), longWait))
	}
	if now.Sub(s.all.last) > allMemory {
		s.all.n = 0
	}
	s.all.n, s.all.last = s.all.n+1, now
	if s.all.n > freeForAll {
		s.all.next = now.Add(allWait)
	}
	return false, 0
}

// keep puts v into m; where that is full the oldest makes room.
func keep[V any](m map[netip.Addr]V, key netip.Addr, v V, age func(V) time.Time) {
	if _, there := m[key]; !there && len(m) >= maxKept {
		var oldest netip.Addr
		for k, other := range m {
			if !oldest.IsValid() || age(other).Before(age(m[oldest])) {
				oldest = k
			}
		}
		delete(m, oldest)
	}
	m[key] = v
}

// block is what one owner of addresses has: in IPv6 that is a network of 64 bits.
func block(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
