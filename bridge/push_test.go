package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// streaming is a toy that pushes.
type streaming struct {
	*toy
	mu   sync.Mutex
	sink hubs.Sink
	end  chan error
}

func (s *streaming) Watch(ctx context.Context, to hubs.Sink) error {
	s.mu.Lock()
	s.sink = to
	s.mu.Unlock()
	to.Alive()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-s.end:
		return err
	}
}

func (s *streaming) to() hubs.Sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink
}

var _ hubs.Watcher = (*streaming)(nil)

func startStream(t *testing.T) (*rig, *streaming) {
	t.Helper()
	s := &streaming{toy: newToy(), end: make(chan error)}
	return startHub(t, HubConfig{Name: "toy", Hub: s, Push: true}, s.toy, auth.NewMemStore()), s
}

func TestPush(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, s := startStream(t)
		pass(time.Second)
		s.to().Readings([]hubs.Reading{{
			Device: "p1",
			Values: []hubs.PointValue{{Point: hubs.Point{Entity: "plug", Attr: hubs.On}, Value: hubs.Bool(true), At: time.Now()}},
			Events: []hubs.Happening{{Entity: "press", Type: "single", At: time.Now()}},
		}})
		synctest.Wait()
		if got := r.board.at("b/toy/p1"); !strings.Contains(got, `"ON"`) {
			t.Errorf("want it published at once, got %s", got)
		}
		r.board.mu.Lock()
		events := strings.Join(r.board.events, "\n")
		r.board.mu.Unlock()
		if !strings.Contains(events, `b/toy/p1/press {"event_type":"single"`) {
			t.Errorf("want the press published, got %s", events)
		}
	})
}

func TestPushSparesPolls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, s := startStream(t)
		pass(30 * time.Minute)
		if n := s.polled(); n > 8 {
			t.Errorf("want a poll in ten minutes while push works, got %d in thirty", n)
		}
	})
}

func TestPushThatBreaks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, s := startStream(t)
		info := func() (info hubInfo) {
			if err := json.Unmarshal([]byte(r.board.at("b/toy/info")), &info); err != nil {
				t.Fatal(err)
			}
			return info
		}
		state := func() HubState { return info().State }
		pass(15 * time.Second)
		if got := state(); got != OK {
			t.Errorf("want ok, got %s", got)
		}
		s.end <- errors.New("gone")
		synctest.Wait()
		pass(100 * time.Millisecond)
		if got := state(); got != Degraded {
			t.Errorf("want degraded, got %s", got)
		}
		if i := info(); i.Error == nil || *i.Error != "push is down, so values are polled: gone" || i.ErrorSince == nil {
			t.Errorf("want it said why and since when, got %+v", i)
		}
		pass(20 * time.Second)
		if got := state(); got != OK {
			t.Errorf("want it open again, got %s", got)
		}
		if i := info(); i.Error != nil {
			t.Errorf("want nothing wrong any more, got %s", *i.Error)
		}
	})
}

func TestPushOfAnUnknownDeviceAsksForAnInventory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, s := startStream(t)
		pass(5 * time.Second)
		before := s.listed()
		s.set(func(f *toy) { f.on["new"] = true })
		s.to().Readings([]hubs.Reading{{Device: "new"}})
		pass(time.Second)
		if s.listed() == before || r.board.at("b/toy/new") == "" {
			t.Error("want the new device announced at once")
		}
	})
}

func TestMuteStreamIsNoticed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, s := startStream(t)
		pass(time.Minute)
		s.to().Readings([]hubs.Reading{{Device: "p1", Values: []hubs.PointValue{
			{Point: hubs.Point{Entity: "plug", Attr: hubs.On}, Value: hubs.Bool(true)},
		}}})
		s.set(func(f *toy) { f.on["p1"] = true })
		pass(11 * time.Minute) // a poll in between finds nothing new
		s.set(func(f *toy) { f.on["p1"] = false })
		pass(12 * time.Minute)
		if got := r.board.at("b/toy/p1"); !strings.Contains(got, `"OFF"`) {
			t.Fatalf("the reconciling poll must find it, got %s", got)
		}
		r.mu.Lock()
		mutes := r.push.mutes
		r.mu.Unlock()
		if mutes != 1 {
			t.Errorf("want the stream called mute once, got %d", mutes)
		}
		before := s.polled()
		pass(time.Minute)
		if s.polled()-before < 4 {
			t.Error("want polling at its own pace while the stream is suspect")
		}
		s.to().Readings([]hubs.Reading{{Device: "p1", Values: []hubs.PointValue{
			{Point: hubs.Point{Entity: "plug", Attr: hubs.On}, Value: hubs.Bool(true)},
		}}})
		pass(time.Minute)
		r.mu.Lock()
		up := r.push.up
		r.mu.Unlock()
		if !up {
			t.Error("a stream that speaks again is trusted again")
		}
	})
}

func TestQuietHomeIsNotMute(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := startStream(t)
		pass(3 * time.Hour)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.push.mutes != 0 || !r.push.up {
			t.Errorf("nothing happened, yet it was called mute %d times", r.push.mutes)
		}
	})
}

func reading(on bool, at time.Time) []hubs.Reading {
	return []hubs.Reading{{Device: "p1", Values: []hubs.PointValue{
		{Point: hubs.Point{Entity: "plug", Attr: hubs.On}, Value: hubs.Bool(on), At: at},
	}}}
}

func TestPushOutOfOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, s := startStream(t)
		pass(time.Second)
		now := time.Now()
		s.to().Readings(reading(true, now.Add(2*time.Second)))
		pass(time.Second)
		before := r.board.count("b/toy/p1")
		s.to().Readings(reading(false, now.Add(time.Second))) // sent before, came after
		pass(time.Second)
		if got := r.board.at("b/toy/p1"); !strings.Contains(got, `"ON"`) || r.board.count("b/toy/p1") != before {
			t.Errorf("the older news must change nothing, got %s", got)
		}
	})
}

func TestPushTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, s := startStream(t)
		pass(time.Second)
		news := reading(true, time.Now())
		news[0].Events = []hubs.Happening{{Entity: "press", Type: "single", At: time.Now()}}
		for range 3 {
			s.to().Readings(news)
			pass(time.Second)
		}
		r.board.mu.Lock()
		defer r.board.mu.Unlock()
		if n := len(r.board.past["b/toy/p1"]); n != 2 || len(r.board.events) != 1 {
			t.Errorf("want one change and one press, got %d states, events %v", n, r.board.events)
		}
	})
}

func TestFlappingStreamIsOpenedEverLess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, s := startStream(t)
		pass(time.Second)
		opened := 0
		for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); {
			select {
			case s.end <- errors.New("closed by the hub"):
				opened++
			case <-time.After(time.Second):
			}
			synctest.Wait()
		}
		if opened < 8 || opened > 40 {
			t.Errorf("want it tried again at growing intervals, got %d times in ten minutes", opened)
		}
		if got := r.board.at("b/toy/status"); got != "online" {
			t.Errorf("polling goes on meanwhile, got %s", got)
		}
		if n := s.polled(); n < 30 {
			t.Errorf("want the values polled at their own pace meanwhile, got %d polls", n)
		}
	})
}

// What the vendor says has left is taken back at once, and an inventory is asked for.
func TestLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, s := startStream(t)
		pass(time.Second)
		s.set(func(f *toy) { delete(f.on, "p1"); f.lists = 0 })
		s.to().Left("p1", hubs.Self, "never seen")
		pass(10 * time.Second)
		held, _ := r.board.all()
		for topic := range held {
			if strings.Contains(topic, "p1") {
				t.Errorf("%s stands", topic)
			}
		}
		if held["b/toy/p2"] == "" || held["b/toy/hub/availability"] == "" && held["b/toy/status"] == "" {
			t.Errorf("what has not left is gone: %v", held)
		}
		s.set(func(f *toy) {
			if f.lists != 1 {
				t.Errorf("want one inventory after it, got %d", f.lists)
			}
		})
	})
}

// A stream that breaks and comes back has all values read, not the whole inventory
// again: calls are counted by clouds. After a minute, devices may have come and gone.
func TestPushFlapsCheaply(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, s := startStream(t)
		pass(time.Second)
		counts := func() (lists, polls int) {
			s.set(func(f *toy) { lists, polls = f.lists, f.polls })
			return lists, polls
		}
		lists, polls := counts()
		s.end <- errors.New("cut")
		pass(10 * time.Second)
		if l, p := counts(); l != lists || p <= polls {
			t.Errorf("after a flap: want %d inventories and more than %d polls, got %d and %d", lists, polls, l, p)
		}
		pass(40 * time.Second) // the next one is not due before 54 s
		lists, _ = counts()
		s.end <- errors.New("cut")
		pass(10 * time.Second)
		if l, _ := counts(); l <= lists {
			t.Errorf("a minute later: want an inventory too, got %d, before %d", l, lists)
		}
	})
}

// TestADeviceThatComesWhilePushIsUp is not left without values until the reconciling poll.
func TestADeviceThatComesWhilePushIsUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		r := startRig(t, "toy", f, auth.NewMemStore())
		pass(time.Second)
		sink{r.hubRun}.Readings([]hubs.Reading{{Device: "p1"}}) // push is up: polls are rare
		pass(30 * time.Second)
		f.set(func(f *toy) { f.on["p3"] = true })
		polls := f.polled()
		pass(70 * time.Second)
		if got := r.board.at("b/toy/p3"); !strings.Contains(got, `"plug":"ON"`) {
			t.Errorf("want its values with the inventory that found it, got %q", got)
		}
		if got := f.polled() - polls; got != 1 {
			t.Errorf("want one poll for it, got %d", got)
		}
	})
}
