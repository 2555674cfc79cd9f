package tuya

import (
	"context"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// live does for so long what the bridge does: inventories and polls at their pace, and
// what the stream asks for. command runs once an hour.
func (s *sim) live(t *testing.T, span time.Duration, pushes bool, command func(hour int)) *ear {
	t.Helper()
	pace := Vendor().Pace
	e := newEar()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	values := pace.Values
	if pushes {
		values = pace.Reconcile
		go func() {
			defer close(ended)
			for ctx.Err() == nil {
				_ = s.hub.Watch(ctx, e)
				pass(time.Second)
			}
		}()
	} else {
		close(ended)
	}
	start := time.Now()
	nextList, nextPoll, hour := start, start, 0
	lists := 0
	for now := start; now.Sub(start) < span; now = time.Now() {
		if _, n := e.count(); n > lists {
			lists = n
			nextList, nextPoll = now, now
		}
		if !now.Before(nextList) {
			s.devices()
			nextList = now.Add(pace.Inventory)
		}
		if !now.Before(nextPoll) {
			s.poll()
			nextPoll = now.Add(values)
		}
		if int(now.Sub(start)/time.Hour) > hour {
			hour++
			command(hour)
		}
		pass(10 * time.Second)
	}
	cancel()
	<-ended
	return e
}

// What a day costs a home of 50 devices, a command an hour included.
func TestCallsOfADay(t *testing.T) {
	for name, c := range map[string]struct {
		pushes bool
		most   int
	}{"polling alone": {false, 800}, "with push": {true, 100}} {
		t.Run(name, func(t *testing.T) {
			home := tuyatest.DefaultHome()
			home.Grow(50)
			bubble(t, tuyatest.Options{Home: home}, nil, func(t *testing.T, s *sim) {
				order := func(hour int) {
					if err := s.hub.Execute(t.Context(), set(tuyatest.Plug, "switch_1", hubs.On, hour%2 == 0)); err != nil {
						t.Error(err)
					}
				}
				s.live(t, 2*time.Hour, c.pushes, order) // finds out what everything is
				first := s.cloud.Used(tuyatest.AccessID)
				s.live(t, 24*time.Hour, c.pushes, order)
				second := s.cloud.Used(tuyatest.AccessID) - first
				t.Logf("start %d calls, day %d: %v", first, second, s.cloud.Counters().ByOp)
				if second > c.most {
					t.Errorf("want at most %d calls, got %d", c.most, second)
				}
			})
		})
	}
}
