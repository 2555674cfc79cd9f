package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// fixedBudget is a budget that never changes.
type fixedBudget hubs.Budget

func (b fixedBudget) Budget() (hubs.Budget, bool) { return hubs.Budget(b), true }

// account is what a vendor lets a hub call in a day or month, polls 80 % of it.
type account struct {
	mu      sync.Mutex
	limit   int
	monthly bool
	shared  int // hubs
	began   time.Time
	ends    time.Time
	used    int
	refused int
	polls   []time.Time
	orders  int // calls for commands
}

// turn begins the next period when it is time. a.mu is held.
func (a *account) turn() {
	now := time.Now().UTC()
	if now.Before(a.ends) {
		return
	}
	y, m, d := now.Date()
	a.ends = time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
	if a.monthly {
		a.ends = time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
	}
	a.used = 0
	if a.began.IsZero() {
		a.began = now
	}
}

func (a *account) call(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn()
	polls := hubs.PurposeOf(ctx) == hubs.ForPoll
	if a.used >= a.limit || polls && a.used >= a.limit/5*4 {
		a.refused++
		return &hubs.Error{Fault: hubs.Limited, After: time.Until(a.ends), Hint: "raise QUOTA", Err: errors.New("no call is left")}
	}
	a.used++
	if !polls {
		a.orders++
	}
	hubs.CountCall(ctx)
	return nil
}

func (a *account) Budget() (hubs.Budget, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn()
	polls, past := (a.limit/5*4-a.used)/max(a.shared, 1), time.Since(a.began)+2*day
	return hubs.Budget{
		Limit: a.limit, Used: a.used, Ends: a.ends,
		Polls: max(polls-int(float64(a.orders)*float64(time.Until(a.ends))/float64(past)), polls/4),
	}, true
}

// metered is a toy whose calls count: a list takes three, all else one.
type metered struct {
	*toy
	*account
	mu   sync.Mutex
	down error
}

func (m *metered) ask(ctx context.Context, calls int) error {
	for range calls {
		if err := m.call(ctx); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.down
}

func (m *metered) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = err
}

func (m *metered) Devices(ctx context.Context) ([]hubs.Device, error) {
	if err := m.ask(ctx, 3); err != nil {
		return nil, err
	}
	return m.toy.Devices(ctx)
}

func (m *metered) Poll(ctx context.Context) ([]hubs.Reading, error) {
	if err := m.ask(ctx, 1); err != nil {
		return nil, err
	}
	m.account.mu.Lock()
	m.account.polls = append(m.account.polls, time.Now())
	m.account.mu.Unlock()
	return m.toy.Poll(ctx)
}

func (m *metered) Read(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	if err := m.ask(ctx, 1); err != nil {
		return nil, err
	}
	return m.toy.Read(ctx, ids)
}

func (m *metered) Execute(ctx context.Context, cmd hubs.Command) error {
	if err := m.ask(ctx, 1); err != nil {
		return err
	}
	return m.toy.Execute(ctx, cmd)
}

func startMetered(t *testing.T, name string, a *account, cfg HubConfig) (*rig, *metered) {
	t.Helper()
	f := newToy()
	m := &metered{toy: f, account: a}
	cfg.Name, cfg.Hub = name, m
	return startHub(t, cfg, f, auth.NewMemStore()), m
}

// gaps are the longest time between two polls, and the time since the last one.
func (a *account) gaps() (longest, last time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := 1; i < len(a.polls); i++ {
		longest = max(longest, a.polls[i].Sub(a.polls[i-1]))
	}
	return longest, time.Since(a.polls[len(a.polls)-1])
}

func (a *account) state() (used, refused int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn()
	return a.used, a.refused
}

// ordered is how many calls were for commands.
func (a *account) ordered() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.orders
}

// state is the hub's.
func (r *rig) state() HubState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.health.state
}

const day = 24 * time.Hour

// A month never ends early, whatever happens in it, and what the account allows is used.
func TestMonthOnABudget(t *testing.T) {
	for name, c := range map[string]struct {
		account *account
		hubs    int
		days    int // of the period
		every   time.Duration
		event   func(*rig, *metered)
		longest time.Duration // between two polls
		least   float64       // of the polls' share that is used
	}{
		"nothing happens": {&account{limit: 26000, monthly: true}, 1, 31, day, nil, 6 * time.Minute, 0.97},
		"a day":           {&account{limit: 1000}, 1, 1, day, nil, 6 * time.Minute, 0.9},
		"ten calls a day": {&account{limit: 10}, 1, 1, day, nil, 13 * time.Hour, 0.8},
		"two hubs":        {&account{limit: 5000, monthly: true, shared: 2}, 2, 31, day, nil, 40 * time.Minute, 0.9},
		"a flapping push": {
			&account{limit: 5000, monthly: true}, 1, 31, 5 * time.Minute,
			func(r *rig, _ *metered) { r.relist("push came up") }, time.Hour, 0.9,
		},
		"a hub that is down for days": {
			&account{limit: 26000, monthly: true}, 1, 31, 5 * day,
			func(_ *rig, m *metered) {
				m.mu.Lock()
				defer m.mu.Unlock()
				if m.down == nil {
					m.down = &hubs.Error{Fault: hubs.Transient, Err: errors.New("answered 503")}
				} else {
					m.down = nil
				}
			}, 5*day + 10*time.Minute, 0.9,
		},
		"many commands": {
			&account{limit: 5000, monthly: true}, 1, 31, 100 * time.Minute,
			func(r *rig, _ *metered) { r.command("p1/plug/set", "TOGGLE") }, 40 * time.Minute, 0.9,
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				a := c.account
				var r *rig
				var m *metered
				for i := range c.hubs {
					r, m = startMetered(t, fmt.Sprint("toy", i), a, HubConfig{})
				}
				end := time.Now().Add(time.Duration(c.days)*day - time.Second)
				for time.Now().Before(end) {
					pass(min(c.every, time.Until(end)))
					if c.event != nil {
						c.event(r, m)
					}
				}
				used, refused := a.state()
				longest, last := a.gaps()
				share := float64(a.limit / 5 * 4)
				if refused > 0 {
					t.Errorf("%d calls were refused: the budget ended early", refused)
				}
				if longest > c.longest || name != "a hub that is down for days" && last > c.longest {
					t.Errorf("no poll for %v, want at most %v; the last one was %v ago", longest, c.longest, last)
				}
				if float64(used) < c.least*share {
					t.Errorf("%d calls were used, want at least %.0f %% of %.0f", used, 100*c.least, share)
				}
				m.fail(nil)
				pass(10 * time.Minute)
				if now, _ := a.state(); now >= used || r.board.at("b/"+r.cfg.Name+"/status") != "online" {
					t.Errorf("the next period: %d used", now)
				}
			})
		})
	}
}

// An interval that the user chose is kept, until the budget is spent; the hub says so
// and goes on with the next period.
func TestFixedIntervalOnABudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := &account{limit: 1000}
		r, _ := startMetered(t, "toy", a, HubConfig{FixedPace: true})
		pass(time.Minute)
		if longest, _ := a.gaps(); longest > 11*time.Second {
			t.Errorf("want a poll every 10 s, got %v", longest)
		}
		pass(4 * time.Hour)
		var info hubInfo
		if err := json.Unmarshal([]byte(r.board.at("b/toy/info")), &info); err != nil {
			t.Fatal(err)
		}
		ends := time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)
		if info.State != Limited || info.NextPoll == nil || !info.NextPoll.Equal(ends) || info.Hint == nil ||
			*info.QuotaUsed != 800 || *info.QuotaLimit != 1000 {
			t.Errorf("want limited until %v with a hint and 800 of 1000, got %s", ends, r.board.at("b/toy/info"))
		}
		if got := r.board.at("b/toy/hub"); !strings.Contains(got, `"quota_used":800`) || !strings.Contains(got, `"quota_limit":1000`) {
			t.Errorf("the hub's device: %s", got)
		}
		if r.board.at("b/toy/status") != "online" {
			t.Error("a limited hub is online")
		}
		if _, refused := a.state(); refused != 1 {
			t.Errorf("asked %d times though nothing is left", refused)
		}
		r.command("p1/plug/set", "ON")
		pass(5 * time.Second)
		if got := r.board.results(t); len(got) != 1 || !got[0].OK {
			t.Errorf("commands have a share of their own: %+v", got)
		}
		pass(time.Until(ends) + time.Minute)
		if r.state() != OK {
			t.Errorf("the next day: %s", r.board.at("b/toy/info"))
		}
	})
}

func TestIntervalThatCannotLastIsSaidOnce(t *testing.T) {
	for name, c := range map[string]struct {
		fixed bool
		limit int
		want  int
	}{"chosen": {true, 1000, 1}, "auto": {false, 1000, 0}, "chosen, and it lasts": {true, 100_000, 0}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var log bytes.Buffer
				h := newHubRun(HubConfig{
					Hub: &metered{toy: newToy(), account: &account{limit: c.limit}}, FixedPace: c.fixed, Log: zerolog.New(&log),
					Pace: hubs.Pace{Inventory: 10 * time.Second, Values: 10 * time.Second},
				}, discovery.Layout{}, newBoard(), auth.NewMemStore(), func() {})
				for rounds := range 4 {
					k := clock{pacing: pacing{list: cost{rounds, 3}, values: cost{rounds, 1}}}
					for range 2 {
						h.pace(&k, time.Now())
					}
					if n := strings.Count(log.String(), "POLL_INTERVAL is too short"); n != min(rounds, 1)*c.want {
						t.Errorf("%d rounds: said %d times, want %d:\n%s", rounds, n, min(rounds, 1)*c.want, log.String())
					}
					log.Reset()
				}
			})
		})
	}
}

// What a command asks for is for commands; all else polls.
func TestCommandsAndTheirReadsAreMarked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := &account{limit: 26000, monthly: true}
		r, m := startMetered(t, "toy", a, HubConfig{})
		pass(time.Second)
		if n := a.ordered(); n != 0 {
			t.Errorf("%d of the first round's calls are for commands", n)
		}
		r.command("p1/plug/set", "ON")
		pass(5 * time.Second)
		if n := a.ordered(); n != 2 {
			t.Errorf("want the command and one read, got %d", n)
		}
		r.command("p1/get", "x")
		pass(time.Second)
		if n := a.ordered(); n != 3 {
			t.Errorf("want one more read, got %d", n)
		}
		m.set(func(f *toy) { f.deaf = true })
	})
}

func TestPlan(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	want := hubs.Pace{Inventory: time.Hour, Values: 10 * time.Second}
	costs := func(list, values float64) pacing {
		return pacing{list: cost{rounds: 2, mean: list}, values: cost{rounds: 2, mean: values}}
	}
	for name, c := range map[string]struct {
		costs           pacing
		polls           int
		left            time.Duration
		inventory, poll time.Duration
	}{
		"plenty":           {costs(3, 1), 1_000_000, 30 * day, time.Hour, 10 * time.Second},
		"nothing is known": {pacing{}, 20800, 30 * day, time.Hour, 10 * time.Second},
		"a month":          {costs(3, 1), 20800, 30 * day, time.Hour, 139 * time.Second},
		"dear lists":       {costs(60, 1), 20804, 30 * day, 29990 * time.Second, 167 * time.Second},
		"dear polls":       {costs(3, 50), 20800, 30 * day, time.Hour, 6973 * time.Second},
		"nothing is left":  {costs(3, 1), 0, 30 * day, time.Hour, 10 * time.Second},
		"the end is near":  {costs(3, 1), 2, 50 * time.Minute, time.Hour, 50*time.Minute + time.Second},
		"past the end":     {costs(3, 1), 100, -time.Minute, time.Hour, 10 * time.Second},
		"the last hours":   {costs(3, 1), 5, 2 * time.Hour, 2*time.Hour + time.Second, 2*time.Hour + time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.costs.plan(hubs.Budget{Limit: 26000, Polls: c.polls, Ends: now.Add(c.left)}, want, now)
			if got.Inventory.Round(time.Second) != c.inventory || got.Values.Round(time.Second) != c.poll {
				t.Errorf("want %v and %v, got %v and %v", c.inventory, c.poll, got.Inventory, got.Values)
			}
			if got.Inventory < want.Inventory || got.Values < want.Values {
				t.Error("faster than wanted")
			}
		})
	}
}
