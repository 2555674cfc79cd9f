package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// quotaSetting is a hub's settings that hold QUOTA alone.
type quotaSetting string

func (s quotaSetting) Decode(into any) error {
	if s == "unreadable" {
		return errors.New("QUOTA_FILE: no such file")
	}
	v, _ := json.Marshal(map[string]string{"Quota": string(s)})
	return json.Unmarshal(v, into)
}

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

type quotaRig struct {
	*Quota
	t     *testing.T
	clock *auth.Clock
	log   *bytes.Buffer
}

func openQuota(t *testing.T, text, hub string, store auth.KV) *quotaRig {
	t.Helper()
	r := &quotaRig{t: t, clock: &auth.Clock{}, log: &bytes.Buffer{}}
	var err error
	r.Quota, err = OpenQuota(quotaSetting(text), hubs.Deps{Name: hub, Cache: store, Log: zerolog.New(r.log)},
		Account{Identity: "acme me@example.org", Clock: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// calls makes n calls and returns how many were let through, and the last refusal.
func (r *quotaRig) calls(n int, p hubs.Purpose) (went int, err error) {
	for range n {
		if _, e := r.take(hubs.WithPurpose(r.t.Context(), p)); e != nil {
			err = e
			continue
		}
		went++
	}
	return went, err
}

// use makes n calls that must go through.
func (r *quotaRig) use(n int, p hubs.Purpose) {
	r.t.Helper()
	if went, err := r.calls(n, p); went != n {
		r.t.Errorf("want %d calls to go through, got %d: %v", n, went, err)
	}
}

func (r *quotaRig) used() int {
	b, _ := r.Budget()
	return b.Used
}

// set moves the vendor's clock.
func (r *quotaRig) set(at time.Time) {
	for range 9 {
		r.clock.Observe(at, time.Now())
	}
}

func midnight(t *testing.T) time.Duration {
	t.Helper()
	now := time.Now().UTC()
	return now.Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)
}

func TestOpenQuota(t *testing.T) {
	for name, c := range map[string]struct {
		set, preset string
		want        allowance
		fault       string
	}{
		"nothing":         {"", "", allowance{}, ""},
		"the vendor's":    {"", "26000/month", allowance{26000, true}, ""},
		"the user's":      {"1000/day", "26000/month", allowance{1000, false}, ""},
		"off":             {"off", "26000/month", allowance{}, ""},
		"nonsense":        {"canary", "26000/month", allowance{}, "QUOTA must be a number of calls per day or month, such as 1000/day"},
		"unreadable file": {"unreadable", "", allowance{}, "QUOTA_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := OpenQuota(quotaSetting(c.set), hubs.Deps{}, Account{Identity: "x", Default: c.preset})
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "canary") {
					t.Errorf("want a fault with %q and without the text, got %v", c.fault, err)
				}
				return
			}
			if err != nil || q.allow != c.want {
				t.Fatalf("want %+v, got %+v, %v", c.want, q, err)
			}
			if _, limited := q.Budget(); limited != (c.want.calls > 0) {
				t.Errorf("a limit: %v", limited)
			}
		})
	}
	var none *Quota
	if _, err := none.take(t.Context()); err != nil {
		t.Error(err)
	}
	if _, limited := none.Budget(); limited {
		t.Error("no quota is no limit")
	}
}

func TestPollsLeaveCommandsTheirShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := openQuota(t, "10/day", "a", auth.NewMemStore())
		went, err := q.calls(20, hubs.ForPoll)
		e, _ := errors.AsType[*hubs.Error](err)
		if went != 8 || e == nil || e.Fault != hubs.Limited {
			t.Fatalf("want 8 polls and then a limit, got %d, %v", went, err)
		}
		ends := time.Now().Add(midnight(t)).UTC().Format(time.RFC3339)
		for _, part := range []string{"8 of 10 calls of this day", "kept for commands", "again at " + ends} {
			if !strings.Contains(e.Error(), part) {
				t.Errorf("%q lacks %q", e.Error(), part)
			}
		}
		if e.After != midnight(t) || e.Hint == "" {
			t.Errorf("want the wait until midnight, %v, and a hint, got %v, %q", midnight(t), e.After, e.Hint)
		}
		went, err = q.calls(5, hubs.ForCommand)
		if went != 2 || !strings.Contains(err.Error(), "all 10 calls of this day") {
			t.Errorf("want 2 commands, got %d, %v", went, err)
		}
		if went, err = q.calls(3, hubs.ForToken); went != 3 || q.used() != 13 {
			t.Errorf("tokens are renewed and counted: %d, used %d, %v", went, q.used(), err)
		}
		time.Sleep(midnight(t) - time.Second) //nolint:forbidigo // driven time
		if went, _ = q.calls(1, hubs.ForPoll); went != 0 {
			t.Error("the day is not over yet")
		}
		time.Sleep(time.Second) //nolint:forbidigo // driven time
		if went, err = q.calls(20, hubs.ForPoll); went != 8 || q.used() != 8 {
			t.Errorf("next day: %d polls, used %d, %v", went, q.used(), err)
		}
	})
}

// Commands may use what polls left.
func TestCommandsMayUseAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := openQuota(t, "1000/month", "a", auth.NewMemStore())
		if went, _ := q.calls(1200, hubs.ForCommand); went != 1000 {
			t.Errorf("want 1000 commands, got %d", went)
		}
		if went, _ := q.calls(1, hubs.ForPoll); went != 0 {
			t.Error("a poll goes out though nothing is left")
		}
	})
}

// Whatever the run made when it was killed, the next one counts no less, and no more
// than half of that too much.
func TestCountSurvivesKill(t *testing.T) {
	for _, made := range []int{1, 2, 3, 10, 100, 777, 5000} {
		t.Run(fmt.Sprint(made), func(t *testing.T) {
			dir := t.TempDir()
			for run := range 2 {
				store, err := auth.OpenFileStore(dir)
				if err != nil {
					t.Fatal(err)
				}
				q := openQuota(t, "26000/month", "a", store)
				if went, err := q.calls(made, hubs.ForPoll); went != made {
					t.Fatal(err)
				}
				all := made * (run + 1)
				if got := q.used(); got < all || got > all+min(made/2, 260) {
					t.Errorf("run %d: %d calls were made, %d are counted", run, all, got)
				}
			}
		})
	}
}

// A process that is started over and over does not use the budget up by that.
func TestCrashLoop(t *testing.T) {
	store := auth.NewMemStore()
	var used int
	for range 500 {
		q := openQuota(t, "26000/month", "a", store)
		if went, err := q.calls(4, hubs.ForPoll); went != 4 {
			t.Fatal(err)
		}
		used = q.used()
	}
	if used < 2000 || used > 3000 {
		t.Errorf("2000 calls were made, %d are counted", used)
	}
}

func TestWritesAreFew(t *testing.T) {
	for text, most := range map[string]int32{"26000/month": 100, "1000/day": 100, "10/day": 8} {
		store := &spy{KV: auth.NewMemStore()}
		q := openQuota(t, text, "a", store)
		_, _ = q.calls(26000, hubs.ForPoll)
		if n := store.puts.Load(); n > most {
			t.Errorf("%s: %d writes, want at most %d", text, n, most)
		} else {
			t.Logf("%s: %d polls, %d writes", text, q.used(), n)
		}
	}
}

// Two hubs, each with a store of its own on the same folder as two processes have, and
// many calls at a time: together they make what the account allows, not one more.
func TestHubsShareTheBudget(t *testing.T) {
	dir := t.TempDir()
	var polls, commands atomic.Int32
	var wg sync.WaitGroup
	list := make([]*quotaRig, 2)
	for i := range list {
		store, err := auth.OpenFileStore(dir)
		if err != nil {
			t.Fatal(err)
		}
		list[i] = openQuota(t, "1000/month", fmt.Sprint("hub", i), store)
		for range 8 {
			wg.Go(func() {
				went, _ := list[i].calls(100, hubs.ForPoll)
				polls.Add(int32(went))
			})
		}
	}
	wg.Wait()
	for _, q := range list {
		for range 8 {
			wg.Go(func() {
				went, _ := q.calls(50, hubs.ForCommand)
				commands.Add(int32(went))
			})
		}
	}
	wg.Wait()
	if polls.Load() != 800 || commands.Load() != 200 {
		t.Errorf("want 800 polls and 200 commands, got %d and %d", polls.Load(), commands.Load())
	}
	if b, _ := list[0].Budget(); b.Used != 1000 || b.Polls != 0 {
		t.Errorf("want all of it used, got %+v", b)
	}
}

// What is left for polls is divided among those who share.
func TestBudgetIsDivided(t *testing.T) {
	store := auth.NewMemStore()
	a, b := openQuota(t, "1000/month", "a", store), openQuota(t, "1000/month", "b", store)
	a.use(1, hubs.ForPoll)
	if got, _ := a.Budget(); got.Polls != 799 || got.Limit != 1000 || got.Used != 1 {
		t.Errorf("alone: want 799 of 800, got %+v", got)
	}
	b.use(1, hubs.ForPoll)
	if got, _ := b.Budget(); got.Polls != 399 {
		t.Errorf("want half of what is left, 399, got %+v", got)
	}
	raw, _, err := store.Get(t.Context(), a.key)
	if err != nil || strings.Contains(a.key+string(raw), "example") {
		t.Errorf("the account stands in the store: %s %s, %v", a.key, raw, err)
	}
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

// The vendor's clock says which day it is, and waits are this machine's.
func TestVendorsClockCounts(t *testing.T) {
	q := openQuota(t, "10/day", "a", auth.NewMemStore())
	q.set(time.Date(2026, 12, 1, 23, 59, 0, 0, time.UTC))
	q.use(8, hubs.ForPoll)
	_, err := q.calls(1, hubs.ForPoll)
	e, _ := errors.AsType[*hubs.Error](err)
	if e == nil || e.After > time.Minute || e.After < 50*time.Second || !strings.Contains(e.Error(), "2026-12-02T00:00:00Z") {
		t.Errorf("want a wait of a minute until the vendor's midnight, got %#v", e)
	}
	if b, _ := q.Budget(); time.Until(b.Ends) > time.Minute || time.Until(b.Ends) < 50*time.Second {
		t.Errorf("ends %v, want in a minute", b.Ends)
	}
}

func TestExhausted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for text, want := range map[string]time.Duration{"26000/month": probeEvery, "1000/day": time.Hour, "off": probeEvery} {
			q := openQuota(t, text, "a", auth.NewMemStore())
			q.set(time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC))
			c, call := New(Config{Vendor: "acme", Quota: q.Quota, HTTP: tripper(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
			})}), Call{Name: "device list", URL: "http://h/"}
			call.Classify = func(int, http.Header, []byte) error { return Exhausted("28841004") }
			err := c.Do(t.Context(), call)
			e, ok := errors.AsType[*hubs.Error](err)
			if !ok || e.Fault != hubs.Limited || e.After != want || e.Code != "28841004" || e.Hint == "" {
				t.Errorf("%s: want a limit for %v, got %#v", text, want, e)
			}
			if !strings.Contains(err.Error(), "acme: device list: h says that the account has no call left") {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}

// What the vendor refused counts, what did not leave this machine does not, and what is
// refused here never goes out.
func TestWhatCounts(t *testing.T) {
	q := openQuota(t, "10/month", "a", auth.NewMemStore())
	status, dial := 200, false
	out := 0
	c := New(Config{Vendor: "acme", Quota: q.Quota, HTTP: tripper(func(r *http.Request) (*http.Response, error) {
		if dial {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		out++
		return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
	})})
	var tally hubs.Tally
	do := func(p hubs.Purpose) error {
		ctx := hubs.WithTally(hubs.WithPurpose(t.Context(), p), &tally)
		return c.Do(ctx, Call{Name: "values", URL: "http://h/?t=" + secret})
	}
	for _, status = range []int{200, 401, 429, 500} {
		_ = do(hubs.ForPoll)
	}
	dial = true
	for range 50 {
		if err := do(hubs.ForPoll); hubs.FaultOf(err) != hubs.Transient {
			t.Fatal(err)
		}
	}
	if q.used() != 4 || tally.Calls() != 4 {
		t.Errorf("want 4 counted, got %d and %d", q.used(), tally.Calls())
	}
	dial, status = false, 200
	var err error
	for range 10 {
		err = do(hubs.ForPoll)
	}
	if out != 8 || tally.Calls() != 8 || hubs.FaultOf(err) != hubs.Limited {
		t.Errorf("want 8 calls out, got %d, %d counted, %v", out, tally.Calls(), err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "acme: values: h was not called: 8 of 10") || strings.Contains(text, secret) {
		t.Error(text)
	}
	for range 10 {
		err = do(hubs.ForCommand)
	}
	if out != 10 || hubs.FaultOf(err) != hubs.Limited || len(c.slots.others)+len(c.slots.hurried) != 0 || c.slots.free != DefaultInFlight {
		t.Errorf("want 10 calls out and all slots free, got %d, %v, %+v", out, err, &c.slots)
	}
}

// What is reserved for commands is not for polls.
func TestReservedForCommands(t *testing.T) {
	q := openQuota(t, "1000/month", "a", auth.NewMemStore())
	q.use(800, hubs.ForPoll)
	q.use(1, hubs.ForCommand)
	if left := q.windows[0].left; left < 2 {
		t.Fatalf("want more than a call reserved, got %d", left)
	}
	if b, _ := q.Budget(); b.Polls != 0 || b.Used != 801 {
		t.Errorf("want nothing left for polls and 801 used, got %+v", b)
	}
	if went, _ := q.calls(1, hubs.ForPoll); went != 0 {
		t.Error("a poll took what is kept for commands")
	}
	q.use(199, hubs.ForCommand)
}

// Polls leave room for the commands that will come if they go on as they did.
func TestBudgetLeavesRoomForCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := openQuota(t, "1000/day", "a", auth.NewMemStore())
		for range 12 {
			q.use(20, hubs.ForCommand)
			time.Sleep(time.Hour) //nolint:forbidigo // driven time
		}
		b, _ := q.Budget() // 240 commands in 12 of 24 hours: 560 are left, and about as many commands will come
		if b.Used != 240 || b.Polls < 330 || b.Polls > 350 {
			t.Errorf("want about 340 polls, got %+v", b)
		}
		q.use(400, hubs.ForCommand)
		if b, _ = q.Budget(); b.Polls < 40 || b.Polls > 41 {
			t.Errorf("of the 160 that are left a quarter is for polls whatever is to be expected, got %+v", b)
		}
	})
}
