package web

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bench is a slowdown with a clock that is driven by hand.
type bench struct {
	*slowdown
	at time.Time
}

func newBench() *bench {
	b := &bench{at: time.Date(2026, 1, 31, 7, 0, 0, 0, time.UTC)}
	b.slowdown = newSlowdown(func() time.Time { return b.at })
	return b
}

func (b *bench) guess(from, password string) (ok bool, wait time.Duration) {
	return b.try(netip.MustParseAddr(from), password, func() bool { return password == "right" })
}

const stranger = "203.0.113.5"

func TestWaitsGrowAndStayShort(t *testing.T) {
	b := newBench()
	var got []time.Duration
	for i := range 12 {
		if _, wait := b.guess(stranger, fmt.Sprint("wrong ", i)); wait != 0 {
			t.Fatalf("guess %d: want it looked at, got a wait of %s", i, wait)
		}
		_, wait := b.guess(stranger, "right")
		got = append(got, wait)
		if wait == 0 {
			b.by[netip.MustParseAddr(stranger)] = &failures{n: i + 1, last: b.at} // the right one was let in: put it back
		}
		b.at = b.at.Add(wait)
	}
	s := time.Second
	want := []time.Duration{0, 0, 0, 0, 0, s, 2 * s, 4 * s, 8 * s, 15 * s, 15 * s, 15 * s}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("want %v, got %v", want, got)
	}
	if ok, wait := b.guess(stranger, "right"); !ok || wait != 0 {
		t.Errorf("after the longest wait: want the right one let in, got %v, %s", ok, wait)
	}
	if len(b.by) != 0 {
		t.Error("want the failures forgotten")
	}
}

func TestGuessingIsSlow(t *testing.T) {
	b := newBench()
	looked := 0
	for i := range 3600 * 10 { // ten guesses a second for an hour
		if _, wait := b.guess(stranger, fmt.Sprint("wrong ", i)); wait == 0 {
			looked++
		}
		b.at = b.at.Add(100 * time.Millisecond)
	}
	if looked > 260 {
		t.Errorf("want about four guesses a minute, got %d in an hour", looked)
	}
}

func TestOthersAreNotKeptOut(t *testing.T) {
	b := newBench()
	for i := range 100 {
		b.guess(stranger, fmt.Sprint(i))
		b.at = b.at.Add(5 * time.Second)
	}
	if ok, wait := b.guess("192.0.2.1", "right"); !ok {
		t.Errorf("another address: got a wait of %s", wait)
	}
}

func TestManyAddressesAreSlowToo(t *testing.T) {
	b := newBench()
	if ok, _ := b.guess("192.0.2.1", "right"); !ok { // this one is no stranger from now on
		t.Fatal("want it let in")
	}
	addr := func(i int) string {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 0x0a000000+uint32(i))
		return netip.AddrFrom4(a).String()
	}
	looked := 0
	for i := range 6000 { // a hundred a second for a minute, each from an address of its own
		if _, wait := b.guess(addr(i), fmt.Sprint(i)); wait == 0 {
			looked++
		} else if wait > allWait {
			t.Fatalf("got a wait of %s", wait)
		}
		b.at = b.at.Add(10 * time.Millisecond)
	}
	if looked > freeForAll+35 {
		t.Errorf("want a guess in two seconds, got %d in a minute", looked)
	}
	if len(b.by) > maxKept {
		t.Errorf("%d addresses are remembered", len(b.by))
	}
	if ok, wait := b.guess("192.0.2.1", "right"); !ok {
		t.Errorf("who knew the password: got a wait of %s", wait)
	}
	b.at = b.at.Add(allWait)
	if ok, wait := b.guess("192.0.2.99", "right"); !ok {
		t.Errorf("a stranger after %s: got a wait of %s", allWait, wait)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	b := newBench()
	for i := range 3 * maxKept {
		var a [16]byte
		binary.BigEndian.PutUint32(a[2:], uint32(i))
		a[0] = 0x20
		from := netip.AddrFrom16(a).String()
		b.guess(from, "wrong")
		b.at = b.at.Add(allWait)
		b.guess(netip.AddrFrom16(a).Next().String(), "right")
		b.at = b.at.Add(allWait)
	}
	if len(b.by) > maxKept || len(b.known) > maxKept {
		t.Errorf("%d failures and %d acquaintances are kept", len(b.by), len(b.known))
	}
}

func TestSameWrongPasswordIsNoGuessing(t *testing.T) {
	b := newBench()
	for range 1000 { // a scraper with an old password
		if ok, wait := b.guess(stranger, "old"); ok || wait != 0 {
			t.Fatalf("got %v, %s", ok, wait)
		}
		b.at = b.at.Add(15 * time.Second)
	}
	if ok, wait := b.guess(stranger, "right"); !ok {
		t.Errorf("from the same machine: got a wait of %s", wait)
	}
}

func TestOneNetworkIsOneAddress(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8::1", "2001:db8::ffff:1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		if got := block(netip.MustParseAddr(c.a)) == block(netip.MustParseAddr(c.b)); got != c.same {
			t.Errorf("%s and %s: want %v, got %v", c.a, c.b, c.same, got)
		}
	}
	if block(netip.Addr{}).IsValid() {
		t.Error("an unknown address stays one")
	}
}

func TestGuessesAtOnceAreCounted(t *testing.T) {
	b := newBench()
	var looked atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			_, wait := b.try(netip.MustParseAddr(stranger), fmt.Sprint(i), func() bool { return false })
			if wait == 0 {
				looked.Add(1)
			}
		})
	}
	wg.Wait()
	if n := looked.Load(); n != freeTries+1 {
		t.Errorf("want %d looked at, got %d", freeTries+1, n)
	}
}
