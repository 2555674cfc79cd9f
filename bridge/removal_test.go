package bridge

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const configP1 = "homeassistant/device/b_toy_p1/config"

// history is what a topic held, one after the other.
func (b *board) history(topic string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.past[topic])
}

func (r *rig) lose(ids ...hubs.DeviceID) {
	r.toy.set(func(f *toy) {
		for _, id := range ids {
			delete(f.on, id)
		}
	})
	pass(3 * time.Minute)
}

func bigToy() *toy {
	f := newToy()
	for _, id := range []hubs.DeviceID{"p3", "p4", "p5"} {
		f.on[id] = true
	}
	return f
}

func TestRemovalWhileHomeAssistantRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", bigToy(), auth.NewMemStore())
		r.haOnline = func() bool { return true }
		pass(time.Second)
		r.lose("p1")
		if got := r.board.history(configP1); len(got) != 2 || got[1] != "" {
			t.Errorf("want it announced and taken back, got %q", got)
		}
		before := len(r.board.history(configP1))
		r.payDebts(r.ctx)
		if got := r.board.history(configP1); len(got) != before {
			t.Errorf("nothing is owed, yet %q came", got[before:])
		}
	})
}

func TestRemovalThatHomeAssistantMissed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store := auth.NewMemStore()
		r := startRig(t, "toy", bigToy(), store)
		pass(time.Second)
		r.lose("p1")
		full := r.board.history(configP1)[0]
		r.payDebts(r.ctx)
		want := []string{full, "", full, ""}
		if diff := cmp.Diff(want, r.board.history(configP1)); diff != "" {
			t.Errorf("want it discovered and gone at the birth (-want +got)\n%s", diff)
		}
		r.payDebts(r.ctx)
		if got := r.board.history(configP1); len(got) != len(want) {
			t.Error("paid twice")
		}
	})
}

func TestDebtOutlivesTheBridge(t *testing.T) {
	store := auth.NewMemStore()
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", bigToy(), store)
		pass(time.Second)
		r.lose("p1")
	})
	bubble(t, func(t *testing.T) {
		f := bigToy()
		delete(f.on, "p1")
		r := startRig(t, "toy", f, store)
		pass(time.Second)
		r.payDebts(r.ctx)
		if got := r.board.history(configP1); len(got) < 2 || got[len(got)-1] != "" || !strings.Contains(strings.Join(got, ""), "Plug p1") {
			t.Errorf("want the old description and the removal, got %q", got)
		}
	})
}

func TestDebtOfADeviceThatCameBackIsForgiven(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", bigToy(), auth.NewMemStore())
		pass(time.Second)
		r.lose("p1")
		r.toy.set(func(f *toy) { f.on["p1"] = true })
		pass(2 * time.Minute)
		r.payDebts(r.ctx)
		pass(5 * time.Second)
		if r.board.at(configP1) == "" {
			t.Error("the device that came back was removed")
		}
	})
}

func TestDeviceThatLeftWhileDownIsOwedFromTheBrokersCopy(t *testing.T) {
	store := auth.NewMemStore()
	bubble(t, func(t *testing.T) {
		startRig(t, "toy", bigToy(), store)
		pass(time.Second)
	})
	bubble(t, func(t *testing.T) {
		f := bigToy()
		delete(f.on, "p1")
		r := startRig(t, "toy", f, store)
		if !r.configSeen(configP1, []byte(`{"the":"copy"}`), true) {
			t.Fatal("the topic is the hub's")
		}
		pass(3 * time.Minute)
		r.payDebts(r.ctx)
		want := []string{"", `{"the":"copy"}`, ""}
		if diff := cmp.Diff(want, r.board.history(configP1)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestHalfLostInventoriesNeedAThird(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", bigToy(), auth.NewMemStore())
		pass(time.Second)
		r.toy.set(func(f *toy) { f.on = map[hubs.DeviceID]bool{"p1": false} })
		pass(2*time.Minute + 5*time.Second) // two or, with jitter, no more inventories
		if r.board.at("b/toy/p2") == "" {
			t.Error("two half-lost inventories must not be enough")
		}
		pass(3 * time.Minute)
		if r.board.at("b/toy/p2") != "" || r.board.at("b/toy/p1") == "" {
			t.Error("after the third they have left")
		}
	})
}

func TestUserDeletesADevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := startRig(t, "toy", newToy(), auth.NewMemStore())
		pass(time.Second)
		r.configSeen(configP1, nil, false)
		r.toy.set(func(f *toy) { f.on["p3"] = true }) // something changes
		pass(5 * time.Minute)
		if got := r.board.at(configP1); got != "" {
			t.Errorf("it was announced again: %s", got)
		}
		if r.board.at("b/toy/p1") == "" {
			t.Error("its states go on")
		}
	})
}

func TestComponentThatLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		r := startRig(t, "toy", f, auth.NewMemStore())
		pass(time.Second)
		f.set(func(f *toy) {
			f.devices = func(context.Context) ([]hubs.Device, error) {
				d := plug("p1")
				d.Entities = d.Entities[:1]
				return []hubs.Device{d, plug("p2")}, nil
			}
		})
		r.relist("test")
		pass(5 * time.Second)
		got := r.board.history(configP1)
		if len(got) != 3 || !strings.Contains(got[1], `"press":{"platform":"event"}`) || strings.Contains(got[2], `"press"`) {
			t.Errorf("want announced, tombstone, clean; got %q", got)
		}
	})
}

// A removal that Home Assistant may have missed is kept before a kill can forget it.
func TestDebtIsKeptSoon(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, store := newToy(), &watchedStore{KV: auth.NewMemStore()}
		r := startRig(t, "toy", f, store)
		pass(70 * time.Second) // the inventories of the beginning are over
		r.mu.Lock()
		r.owe(configP1, `{"old":1}`, "")
		r.mu.Unlock()
		pass(2 * time.Second)
		if !strings.Contains(store.saved, `"debts"`) {
			t.Errorf("want the debt saved, got %s", store.saved)
		}
	})
}

func TestOneAnnouncementABurst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		r := startRig(t, "toy", f, auth.NewMemStore())
		pass(10 * time.Second)
		for i := range 5 {
			f.set(func(f *toy) {
				f.devices = func(context.Context) ([]hubs.Device, error) {
					d := plug("p1")
					d.Name += strings.Repeat("!", i+1)
					return []hubs.Device{d, plug("p2")}, nil
				}
			})
			r.relist("renamed")
			pass(100 * time.Millisecond)
		}
		pass(10 * time.Second)
		got := r.board.history(configP1)
		if len(got) != 3 || !strings.Contains(got[2], "!!!!!") {
			t.Errorf("want the first change at once and the last one later, got %d messages", len(got)-1)
		}
	})
}

func TestOtherSettingsClearTheOldTopics(t *testing.T) {
	cases := []struct{ name, prefix, base string }{
		{"another base", "homeassistant", "c"},
		{"another prefix", "ha", "b"},
		{"discovery off", "", "b"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			store := auth.NewMemStore()
			var first map[string]string
			bubble(t, func(t *testing.T) {
				r := startRig(t, "toy", newToy(), store)
				pass(time.Second)
				first, _ = r.board.all()
			})
			bubble(t, func(t *testing.T) {
				b := newBoard()
				for topic, payload := range first { // the broker kept it
					b.Set(topic, []byte(payload))
				}
				h := newHubRun(HubConfig{
					Name: "toy", Vendor: "toy", Hub: newToy(), Log: zerolog.Nop(),
					Pace: hubs.Pace{Inventory: time.Minute, Values: time.Minute},
				}, discovery.Layout{Prefix: c.prefix, Base: c.base, Hub: "toy", Version: "1"}, b, store, func() {})
				h.prepare(t.Context())
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); h.run(ctx) }()
				pass(time.Minute)
				cancel()
				<-done
				held, _ := b.all()
				for topic := range held {
					fine := strings.HasPrefix(topic, c.base+"/") || c.prefix != "" && strings.HasPrefix(topic, c.prefix+"/")
					if !fine {
						t.Errorf("%s is left behind", topic)
					}
				}
				if held[c.base+"/toy/p1"] == "" {
					t.Error("the new topics are missing")
				}
			})
		})
	}
}

// TestHubThatNobodyNamesAnyMoreVanishes starts a second time without one of two hubs.
func TestHubThatNobodyNamesAnyMoreVanishes(t *testing.T) {
	store := auth.NewMemStore()
	var broker map[string]string
	bubble(t, func(t *testing.T) {
		s := startHouse(t, store, HubConfig{Name: "toy", Hub: newToy()}, HubConfig{Name: "cabin", Hub: newToy()})
		pass(15 * time.Second)
		broker, _ = s.board.all()
	})
	bubble(t, func(t *testing.T) {
		s := startHouseOn(t, broker, store, HubConfig{Name: "toy", Hub: newToy()})
		s.sweep(t.Context())
		for _, h := range s.set.ghosts {
			h.out = s.board
		}
		s.connected()
		pass(15 * time.Second)
		held, _ := s.board.all()
		for topic := range held {
			if strings.Contains(topic, "cabin") {
				t.Errorf("%s is left behind", topic)
			}
		}
		if held["b/toy/p1"] == "" {
			t.Error("the other hub must stay")
		}
		for _, h := range s.set.ghosts { // Home Assistant may have been down: it is owed
			h.payDebts(t.Context())
		}
		if got := s.board.history("homeassistant/device/b_cabin_p1/config"); len(got) != 2 || got[1] != "" {
			t.Errorf("want it taken back and nothing else without the broker's copy, got %q", got)
		}
	})
}

// What was taken back in an earlier run is taken back again only where the broker
// still holds it: Home Assistant warns of removals of what it does not know.
func TestTakenBackOnceMoreOnlyIfItStands(t *testing.T) {
	for _, stands := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			store := auth.NewMemStore()
			func() {
				r := startRig(t, "toy", bigToy(), store)
				r.haOnline = func() bool { return true }
				pass(time.Second)
				r.lose("p1")
				pass(2 * time.Minute) // the manifest is saved
			}()
			f := bigToy()
			delete(f.on, "p1")
			r := startRig(t, "toy", f, store)
			if stands && !r.configSeen(configP1, []byte(`{"device":{}}`), true) {
				t.Error("it is not known as ours")
			}
			pass(time.Minute)
			want := 0
			if stands {
				want = 1
			}
			if got := r.board.history(configP1); len(got) != want {
				t.Errorf("stands %v: want %d removals, got %q", stands, want, got)
			}
		})
	}
}
