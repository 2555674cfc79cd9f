package bridge

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// come adds a hub to a running house.
func (s *house) come(t *testing.T, name string, f *toy) {
	t.Helper()
	s.toys[name] = f
	err := s.SetHub(t.Context(), HubConfig{
		Name: name, Vendor: "toy", Hub: f, Log: zerolog.Nop(),
		Pace: hubs.Pace{Inventory: time.Minute, Values: 10 * time.Second, Reconcile: 10 * time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// under are the retained topics of one hub, its discovery messages too.
func (s *house) under(hub string) (topics []string) {
	held, _ := s.board.all()
	for topic := range held {
		if strings.HasPrefix(topic, "b/"+hub+"/") || strings.Contains(topic, "/b_"+hub+"_") {
			topics = append(topics, topic)
		}
	}
	return topics
}

func TestHubsComeAndGo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store := auth.NewMemStore()
		s := startHouse(t, store, HubConfig{Name: "one", Hub: newToy()})
		s.haUp.Store(true)
		pass(2 * time.Second)
		quiet := s.board.count("b/one/p1")
		s.come(t, "two", newToy())
		pass(2 * time.Second)
		if s.board.at("b/two/p1") == "" || s.board.at("b/two/status") != "online" {
			t.Fatalf("the hub that came is not shown: %v", s.under("two"))
		}
		if all := strings.Join(s.mqtt.filters(), " "); !strings.Contains(all, "b/two/") {
			t.Errorf("its commands are not subscribed: %s", all)
		}
		s.receive("b/two/p1/plug/set", []byte("ON"), false)
		pass(time.Second)
		if s.toys["two"].commands() != 1 || !strings.Contains(s.board.at("b/info"), `"two"`) {
			t.Errorf("want it commanded once and named in info, got %d, %s", s.toys["two"].commands(), s.board.at("b/info"))
		}
		s.DropHub(t.Context(), "two")
		pass(5 * time.Second)
		for _, f := range s.mqtt.filters() {
			if strings.HasPrefix(f, "b/two/") {
				t.Errorf("%s is still subscribed", f)
			}
		}
		if left := s.under("two"); len(left) > 0 || strings.Contains(s.board.at("b/info"), `"two"`) {
			t.Errorf("left behind: %q, info %s", left, s.board.at("b/info"))
		}
		if keys, err := store.List(t.Context(), manifests+"two"); err != nil || len(keys) > 0 {
			t.Errorf("want its manifest gone, got %q, %v", keys, err)
		}
		s.receive("b/two/p1/plug/set", []byte("OFF"), false)
		s.receive("b/one/p1/plug/set", []byte("ON"), false)
		pass(time.Second)
		if s.toys["two"].commands() != 1 || s.toys["one"].commands() != 1 {
			t.Error("want the one that left commanded no more, the other still")
		}
		if now := s.board.count("b/one/p1"); now != quiet+1 {
			t.Errorf("the other hub was touched: %d messages, before %d", now, quiet)
		}
		s.come(t, "two", newToy())
		pass(2 * time.Second)
		if s.board.at("b/two/p1") == "" || s.board.at("homeassistant/device/b_two_p1/config") == "" {
			t.Error("it came back and is not shown")
		}
	})
}

// A hub whose settings changed is another hub of the same name: what is shown stays.
func TestHubChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "one", Hub: newToy()})
		pass(2 * time.Second)
		old := s.toys["one"]
		s.come(t, "one", newToy())
		pass(2 * time.Second)
		for _, topic := range []string{"b/one/p1", "b/one/status", "b/one/p1/availability", "homeassistant/device/b_one_p1/config"} {
			for _, payload := range s.board.history(topic) {
				if payload == "" || payload == "offline" {
					t.Errorf("%s: want it to stay, got %q", topic, s.board.history(topic))
				}
			}
		}
		s.receive("b/one/p1/plug/set", []byte("ON"), false)
		pass(time.Second)
		if old.commands() != 0 || s.toys["one"].commands() != 1 {
			t.Errorf("want the new one commanded, got %d for the old, %d for the new", old.commands(), s.toys["one"].commands())
		}
		polls := old.polled()
		pass(time.Minute)
		if old.polled() != polls {
			t.Error("the old one is still polled")
		}
	})
}

// A hub that does not let go of a call may leave all the same.
func TestHangingHubCanLeave(t *testing.T) {
	bubble(t, func(t *testing.T) {
		never := make(chan struct{})
		f := newToy()
		f.poll = func(context.Context) ([]hubs.Reading, error) { <-never; return nil, nil }
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "one", Hub: newToy()}, HubConfig{Name: "bad", Hub: f})
		pass(5 * time.Second)
		began := time.Now()
		s.DropHub(t.Context(), "bad")
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("want it gone soon, took %s", took)
		}
		pass(5 * time.Second)
		if left := s.under("bad"); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
		close(never)
		pass(time.Second)
	})
}
