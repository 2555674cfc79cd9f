package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestTally(t *testing.T) {
	sec := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	year := 365 * 24 * 3600
	type inc struct{ at, now int } // seconds, of 1 each
	cases := []struct {
		name string
		in   []inc
		want float64
	}{
		{"one after another", []inc{{1, 1}, {2, 2}, {3, 3}}, 3},
		{"told twice", []inc{{1, 1}, {1, 2}, {2, 3}, {2, 3}}, 2},
		{"out of order", []inc{{1, 1}, {3, 3}, {2, 3}}, 2},
		{"late, but never told", []inc{{1, 1}, {5, 50}}, 2},
		{"a device whose clock fell back", []inc{{1, 1}, {-year, 2}, {-year + 1, 3}, {4, 4}}, 2},
		{"a device that was ahead and is right again", []inc{{1, 1}, {year, 2}, {3, 3}, {4, 4}}, 4},
		{"what came from the future comes again", []inc{{year, 1}, {2, 2}, {year, 3}, {year, 4}}, 2},
		{"a little ahead is no future", []inc{{60, 1}, {30, 2}, {61, 3}}, 2},
		{"our clock was at its beginning", []inc{{1, -year}, {2, -year}, {2, 2}, {1, 2}, {3, 3}}, 3},
		{"our clock falls back", []inc{{1, 1}, {2, -year}, {2, 2}, {3, 3}}, 3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got tally
			for _, i := range c.in {
				got.add(1, sec(i.at), sec(i.now))
			}
			if got.Sum != c.want {
				t.Errorf("want %v, got %+v", c.want, got)
			}
		})
	}
	var tenths tally
	for i := range 1000 {
		tenths.add(0.1, sec(i), sec(i))
	}
	if tenths.Sum != 100 {
		t.Errorf("want 100 of a thousand tenths, got %v", tenths.Sum)
	}
}

// energyMeter is a hub that reports energy as increments. Its polls repeat the last one.
func energyMeter() (f *toy, set func(string, hubs.Attr, hubs.Value)) {
	f, set = oneDevice(
		hubs.Entity{Key: "energy", Name: "Energy", Class: hubs.Energy, Spec: hubs.Sensor{Unit: hubs.WattHour, Accumulates: hubs.Increasing, Deltas: true}},
		hubs.Entity{Key: "power", Name: "Power", Class: hubs.Power, Spec: hubs.Sensor{Unit: hubs.Watt}})
	set("energy", hubs.Main, hubs.Num(7))
	set("power", hubs.Main, hubs.Num(1))
	return f, set
}

func startMeter(t *testing.T, store auth.KV, held map[string]string) *house {
	t.Helper()
	f, _ := energyMeter()
	s := startHouseOn(t, held, store, HubConfig{Name: "toy", Hub: f})
	pass(time.Second)
	return s
}

func (s *house) energy() any { return s.member("b/toy/d1", "energy") }

func TestIncrementsAreAddedUp(t *testing.T) {
	store := auth.NewMemStore()
	var broker map[string]string
	var told time.Time
	bubble(t, func(t *testing.T) {
		s := startMeter(t, store, nil)
		if s.energy() != 0.0 {
			t.Fatalf("want 0 at first, whatever a poll repeats, got %v", s.energy())
		}
		s.push("energy", hubs.Main, hubs.Num(7), time.Now())
		pass(100 * time.Millisecond)
		if s.energy() != 7.0 {
			t.Errorf("want the first increment shown at once, got %v", s.energy())
		}
		s.push("energy", hubs.Main, hubs.Num(7), time.Now()) // equal ones are two
		told = time.Now()
		pass(10 * time.Second)
		s.push("energy", hubs.Main, hubs.Num(7), told) // told twice
		s.push("energy", hubs.Main, hubs.Num(7), time.Time{})
		s.push("energy", hubs.Main, hubs.Num(-3), time.Now())
		s.push("energy", hubs.Main, hubs.Value{}, time.Now())
		s.push("power", hubs.Main, hubs.Num(7), time.Now())
		s.must(t, "refresh", `{"hub":"toy"}`)
		pass(10 * time.Minute)
		if s.energy() != 14.0 || s.member("b/toy/d1", "power") == nil {
			t.Errorf("want 14, got %s", s.board.at("b/toy/d1"))
		}
		if c := s.board.at("homeassistant/device/b_toy_d1/config"); !strings.Contains(c, `"device_class":"energy","unit_of_measurement":"Wh","state_class":"total_increasing"`) {
			t.Errorf("got %s", c)
		}
		s.lint(t)
		broker, _ = s.board.all()
	})
	bubble(t, func(t *testing.T) {
		s := startMeter(t, store, broker)
		if s.energy() != 14.0 || slices.Contains(s.published("energy"), "0") {
			t.Errorf("want the sum of the last run at once, got %v", s.published("energy"))
		}
		s.push("energy", hubs.Main, hubs.Num(7), told) // told again after the restart
		pass(10 * time.Second)
		if s.energy() != 14.0 {
			t.Errorf("want it counted once, got %v", s.energy())
		}
		f := s.toys["toy"]
		one := f.devices
		f.set(func(f *toy) { f.devices = func(context.Context) ([]hubs.Device, error) { return nil, nil } })
		pass(10 * time.Minute)
		if s.board.at("b/toy/d1") != "" {
			t.Fatal("want the device gone")
		}
		f.set(func(f *toy) { f.devices = one })
		pass(10 * time.Minute)
		s.push("energy", hubs.Main, hubs.Num(1), told.Add(time.Hour))
		pass(10 * time.Second)
		if s.energy() != 15.0 {
			t.Errorf("want the sum to outlive the device's absence, got %v", s.energy())
		}
	})
}

// TestFullReadingsKeepTheSum lets a reading of everything lack it.
func TestFullReadingsKeepTheSum(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startMeter(t, auth.NewMemStore(), nil)
		s.push("energy", hubs.Main, hubs.Num(7), time.Now())
		pass(time.Second)
		s.hub("toy").apply([]hubs.Reading{{Device: "d1", Full: true}}, source{asked: time.Now()})
		pass(time.Second)
		if s.energy() != 7.0 || s.member("b/toy/d1", "power") != nil {
			t.Errorf("want the sum to stay and the power unknown, got %s", s.board.at("b/toy/d1"))
		}
	})
}

// puts counts and fails writes of sums.
type puts struct {
	auth.KV
	sums, failing atomic.Int64
}

func (p *puts) Put(ctx context.Context, key string, val []byte, rev uint64) (uint64, error) {
	if strings.HasPrefix(key, "sums/") {
		p.sums.Add(1)
		if p.failing.Load() > 0 {
			return 0, errors.New("no space left on device")
		}
	}
	return p.KV.Put(ctx, key, val, rev)
}

func (p *puts) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if strings.HasPrefix(key, "sums/") && p.failing.Load() > 1 {
		return nil, 0, errors.New("input/output error")
	}
	return p.KV.Get(ctx, key)
}

// TestSumsAreSavedBeforeTheyShow counts the writes, and takes what is published against
// what is saved at every moment: a kill never makes a sum fall.
func TestSumsAreSavedBeforeTheyShow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store := &puts{KV: auth.NewMemStore()}
		s := startMeter(t, store, nil)
		saved := func() float64 {
			raw, _, _ := store.KV.Get(t.Context(), "sums/toy")
			var all map[string]map[string]tally
			_ = json.Unmarshal(raw, &all)
			return all["d1"]["energy"].Sum
		}
		for i := range 200 { // ten a second
			s.push("energy", hubs.Main, hubs.Num(1), time.Now())
			pass(100 * time.Millisecond)
			if shown, _ := s.energy().(float64); shown > saved() || float64(i+1)-saved() > 51 {
				t.Fatalf("after %d: %v is shown and %v saved", i+1, shown, saved())
			}
		}
		pass(6 * time.Second)
		if s.energy() != 200.0 || saved() != 200 {
			t.Errorf("want 200, got %v and %v", s.energy(), saved())
		}
		if n := store.sums.Load(); n > 6 {
			t.Errorf("want a write every five seconds, got %d", n)
		}
		before := store.sums.Load()
		pass(time.Hour)
		if store.sums.Load() != before {
			t.Error("nothing came, and it was written")
		}
	})
}

// TestTheEndSavesSums ends in the middle of the wait.
func TestTheEndSavesSums(t *testing.T) {
	store := auth.NewMemStore()
	bubble(t, func(t *testing.T) {
		s := startMeter(t, store, nil)
		for range 3 {
			s.push("energy", hubs.Main, hubs.Num(1), time.Now())
			pass(500 * time.Millisecond)
		}
	})
	bubble(t, func(t *testing.T) {
		if s := startMeter(t, store, nil); s.energy() != 3.0 {
			t.Errorf("want 3, got %v", s.energy())
		}
	})
}

func TestFullDiskAndSums(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store := &puts{KV: auth.NewMemStore()}
		s := startMeter(t, store, nil)
		store.failing.Store(1)
		s.push("energy", hubs.Main, hubs.Num(1), time.Now())
		pass(20 * time.Second)
		s.push("energy", hubs.Main, hubs.Num(1), time.Now())
		pass(20 * time.Second)
		if s.energy() != 2.0 {
			t.Errorf("want them shown all the same, got %v", s.energy())
		}
		store.failing.Store(0)
		pass(20 * time.Second)
		if raw, _, err := store.Get(t.Context(), "sums/toy"); !strings.Contains(string(raw), `"sum":2`) {
			t.Errorf("want them saved when there is room again, got %s, %v", raw, err)
		}
	})
}

// TestUnreadableSums wants nothing overwritten and nothing counted from zero while the
// store cannot be read.
func TestUnreadableSums(t *testing.T) {
	mem := auth.NewMemStore()
	if _, err := mem.Put(t.Context(), "sums/toy", []byte(`{"d1":{"energy":{"sum":500}}}`), 0); err != nil {
		t.Fatal(err)
	}
	store := &puts{KV: mem}
	store.failing.Store(2)
	bubble(t, func(t *testing.T) {
		s := startMeter(t, store, nil)
		s.push("energy", hubs.Main, hubs.Num(1), time.Now())
		pass(20 * time.Second)
		if s.energy() != nil || store.sums.Load() > 0 {
			t.Errorf("want it unknown and unwritten, got %v", s.energy())
		}
		store.failing.Store(0)
		pass(10 * time.Second)
		if s.energy() != 500.0 {
			t.Errorf("want it there when it can be read, got %v", s.energy())
		}
		s.push("energy", hubs.Main, hubs.Num(1), time.Now())
		pass(10 * time.Second)
		if s.energy() != 501.0 {
			t.Errorf("got %v", s.energy())
		}
	})
}

// TestAccumulateByOption begins to add up, scales the sum and ends it.
func TestAccumulateByOption(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, set := oneDevice(hubs.Entity{Key: "energy", Name: "Energy", Spec: hubs.Sensor{}})
		set("energy", hubs.Main, hubs.Num(100))
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f})
		pass(time.Second)
		if s.energy() != 100.0 {
			t.Fatalf("got %v", s.energy())
		}
		s.must(t, "device/options", `{"device":"d1/energy","value":{"accumulate":true,"class":"energy","unit":"kWh"}}`)
		pass(3 * time.Second)
		for range 3 {
			s.push("energy", hubs.Main, hubs.Num(100), time.Now())
			pass(10 * time.Second)
		}
		if s.energy() != 300.0 || !strings.Contains(s.board.at("homeassistant/device/b_toy_d1/config"), `"state_class":"total_increasing"`) {
			t.Errorf("got %v and %s", s.energy(), s.board.at("homeassistant/device/b_toy_d1/config"))
		}
		s.must(t, "device/options", `{"device":"d1/energy","value":{"scale":0.001}}`)
		pass(3 * time.Second)
		s.push("energy", hubs.Main, hubs.Num(100), time.Now())
		pass(10 * time.Second)
		if s.energy() != 0.4 {
			t.Errorf("want the whole sum scaled, got %v", s.energy())
		}
		if r := s.ask(t, "device/options", `{"device":"d1/energy","value":{"class":"power","unit":"W"}}`); !strings.Contains(r.Error, "of a moment") {
			t.Errorf("got %+v", r)
		}
		s.must(t, "device/options", `{"device":"d1/energy","value":{"accumulate":null,"scale":null}}`)
		pass(15 * time.Second)
		if s.energy() != 100.0 {
			t.Errorf("want what the hub says again, got %v", s.energy())
		}
		s.lint(t)
	})
}

// TestSumsAgainstAnyStream compares with a sum over the distinct increments, under
// repetitions, restarts, polls and a stream that lags.
func TestSumsAgainstAnyStream(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			store := auth.NewMemStore()
			rnd := rand.New(rand.NewPCG(seed, 1))
			want, at := 0.0, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // where bubbles begin
			var past []hubs.PointValue
			for range 4 { // runs
				bubble(t, func(t *testing.T) {
					s := startMeter(t, store, nil)
					for range 50 {
						at = at.Add(time.Duration(1+rnd.IntN(1000)) * time.Millisecond)
						v := hubs.PointValue{Point: hubs.Point{Entity: "energy", Attr: hubs.Main}, Value: hubs.Num(float64(1 + rnd.IntN(5))), At: at}
						n, _ := v.Value.Num()
						want += n
						past = append(past, v)
						news := []hubs.PointValue{v}
						if rnd.IntN(3) == 0 {
							news = append(news, past[rnd.IntN(len(past))])
						}
						sink{s.hub("toy")}.Readings([]hubs.Reading{{Device: "d1", Values: news}})
						pass(time.Duration(rnd.IntN(3000)) * time.Millisecond)
					}
				})
			}
			bubble(t, func(t *testing.T) {
				if got := startMeter(t, store, nil).energy(); got != want {
					t.Errorf("want %v, got %v", want, got)
				}
			})
		})
	}
}

func TestSumsOfAnotherShape(t *testing.T) {
	for _, raw := range []string{`[]`, `{"d1":7}`, `null`, `{"d1":{"energy":{"sum":"x"}}}`} {
		bubble(t, func(t *testing.T) {
			store := auth.NewMemStore()
			if _, err := store.Put(t.Context(), "sums/toy", []byte(raw), 0); err != nil {
				t.Fatal(err)
			}
			s := startMeter(t, store, nil)
			s.push("energy", hubs.Main, hubs.Num(2), time.Now())
			pass(time.Second)
			if diff := cmp.Diff(any(2.0), s.energy()); diff != "" {
				t.Errorf("%s (-want +got)\n%s", raw, diff)
			}
		})
	}
}
