package rest

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// spy is a store that counts writes, and fails or hangs when told.
type spy struct {
	auth.KV
	puts  atomic.Int32
	asked atomic.Int32
	fail  atomic.Bool
	hang  atomic.Bool
}

func (s *spy) trouble(ctx context.Context) error {
	s.asked.Add(1)
	if s.hang.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if s.fail.Load() {
		return syscall.ENOSPC
	}
	return nil
}

func (s *spy) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if s.hang.Load() {
		return nil, 0, s.trouble(ctx)
	}
	return s.KV.Get(ctx, key)
}

func (s *spy) Put(ctx context.Context, key string, val []byte, rev uint64) (uint64, error) {
	if err := s.trouble(ctx); err != nil {
		return 0, err
	}
	s.puts.Add(1)
	return s.KV.Put(ctx, key, val, rev)
}

func TestStoreThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &spy{KV: auth.NewMemStore()}
		q := openQuota(t, "1000/day", "a", store)
		q.use(100, hubs.ForPoll)
		store.fail.Store(true)
		if went, err := q.calls(900, hubs.ForPoll); went != 700 || hubs.FaultOf(err) != hubs.Limited {
			t.Errorf("want 700 more with the disk full, got %d, %v", went, err)
		}
		if n := strings.Count(q.log.String(), "cannot be saved"); n != 1 || !strings.Contains(q.log.String(), "no space left") {
			t.Errorf("want it said once, and why: %s", q.log)
		}
		if went, err := q.calls(10, hubs.ForCommand); went != 10 || q.used() != 810 {
			t.Errorf("commands: %d, used %d, %v", went, q.used(), err)
		}
		store.fail.Store(false)
		time.Sleep(failPause) //nolint:forbidigo // driven time
		if went, err := q.calls(40, hubs.ForCommand); went != 40 || q.used() != 850 {
			t.Errorf("after that: %d, used %d, %v", went, q.used(), err)
		}
		if n := strings.Count(q.log.String(), "saved again"); n != 1 {
			t.Errorf("want the end said once: %s", q.log)
		}
		next := openQuota(t, "1000/day", "a", store)
		next.use(1, hubs.ForCommand)
		if got := next.used(); got < 851 || got > 861 {
			t.Errorf("want what was counted meanwhile in the store, got %d", got)
		}
	})
}

// What could not be saved before a period's end is not counted in the next.
func TestDebtsStayInTheirPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &spy{KV: auth.NewMemStore()}
		q := openQuota(t, "1000/day", "a", store)
		day := time.Now().UTC().Format(time.DateOnly)
		store.fail.Store(true)
		q.use(50, hubs.ForPoll)
		time.Sleep(midnight(t)) //nolint:forbidigo // driven time
		store.fail.Store(false)
		q.use(1, hubs.ForPoll)
		if got := q.used(); got != 1 {
			t.Errorf("the new day begins with %d", got)
		}
		l, _, _, err := readLedger(t.Context(), store, q.key)
		if err != nil || l.page(day).Used < 50 {
			t.Errorf("the old day lost what was counted: %+v, %v", l, err)
		}
	})
}

func TestStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &spy{KV: auth.NewMemStore()}
		store.hang.Store(true)
		q := openQuota(t, "1000/day", "a", store)
		start := time.Now()
		if went, err := q.calls(50, hubs.ForPoll); went != 50 {
			t.Error(err)
		}
		if took := time.Since(start); took != storeTimeout {
			t.Errorf("50 calls took %v, want one wait of %v", took, storeTimeout)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		q.saving <- struct{}{} // somebody talks to it
		q.windows[0].left = 0
		if _, err := q.take(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who left waits on: %v", err)
		}
	})
}

func TestStoredCountThatIsDamaged(t *testing.T) {
	for name, raw := range map[string]string{
		"no JSON": "not {json", "other JSON": `["x"]`, "negative": `{"periods":[{"period":"` + time.Now().UTC().Format("2006-01") + `","used":-5000}]}`,
		"null": "null", "unknown members": `{"v":2,"periods":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			store := auth.NewMemStore()
			q := openQuota(t, "100/month", "a", store)
			if _, err := store.Put(t.Context(), q.key, []byte(raw), 0); err != nil {
				t.Fatal(err)
			}
			if went, err := q.calls(200, hubs.ForPoll); went != 80 {
				t.Errorf("want 80 polls, got %d, %v", went, err)
			}
			if said := strings.Contains(q.log.String(), "begins anew"); said != strings.Contains(name, "JSON") {
				t.Errorf("log: %s", q.log)
			}
			l, _, damage, err := readLedger(t.Context(), store, q.key)
			if err != nil || damage != nil || len(l.Periods) != 1 || l.Periods[0].Used != 80 {
				t.Errorf("stored: %+v, %v, %v", l, damage, err)
			}
		})
	}
}

// A clock that is wrong for a while neither forgives nor forgets what was used.
func TestClockMoves(t *testing.T) {
	store := auth.NewMemStore()
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	open := func(at time.Time) *quotaRig {
		q := openQuota(t, "1000/month", "a", store)
		q.set(at)
		return q
	}
	q := open(start)
	q.use(700, hubs.ForPoll)
	for name, at := range map[string]time.Time{
		"next month": start.Add(13 * time.Hour), "years ahead": start.AddDate(9, 0, 0), "the beginning of time": time.Unix(3600, 0),
	} {
		q.set(at)
		if went, _ := q.calls(5, hubs.ForPoll); went != 5 {
			t.Errorf("%s: want a fresh budget, got %d calls", name, went)
		}
		if b, _ := q.Budget(); b.Ends.Add(q.clock.Offset()).Before(at) || b.Used > 10 {
			t.Errorf("%s: %+v", name, b)
		}
		q.set(start)
		if got := q.used(); got != 700 {
			t.Errorf("back from %s: want 700 used, got %d", name, got)
		}
	}
	q = open(start.Add(time.Minute)) // the store remembers too
	if went, _ := q.calls(500, hubs.ForPoll); went > 100 || went < 90 {
		t.Errorf("after a restart: want the 100 that are left, less what was reserved, got %d", went)
	}
	q.set(start.Add(13 * time.Hour))
	if went, _ := q.calls(1000, hubs.ForPoll); went > 795 || went < 780 {
		t.Errorf("December has 5 calls and a block behind it: want up to 795 more, got %d", went)
	}
}
