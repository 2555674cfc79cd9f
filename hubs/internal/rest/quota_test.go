package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
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
