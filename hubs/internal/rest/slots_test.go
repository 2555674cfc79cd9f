package rest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Calls that wait get free slots in order, those for commands and tokens before those
// for polls.
func TestCommandsGoBeforePolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		c := New(Config{InFlight: 2, HTTP: tripper(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			order = append(order, r.URL.Path)
			mu.Unlock()
			time.Sleep(time.Second) //nolint:forbidigo // driven time
			return nil, errors.New("no answer")
		})})
		var wg sync.WaitGroup
		for i, p := range []hubs.Purpose{
			hubs.ForPoll, hubs.ForPoll, hubs.ForPoll, hubs.ForPoll, hubs.ForCommand, hubs.ForPoll, hubs.ForCommand, hubs.ForToken,
		} {
			wg.Go(func() {
				_ = c.Do(hubs.WithPurpose(t.Context(), p), Call{Name: "x", URL: fmt.Sprintf("http://h/%d", i)})
			})
			synctest.Wait()
		}
		wg.Wait()
		got := []string{}
		for i := 0; i < len(order); i += 2 { // two go at a time, in whatever order
			got = append(got, min(order[i], order[i+1])+max(order[i], order[i+1]))
		}
		if want := "[/0/1 /4/6 /2/7 /3/5]"; fmt.Sprint(got) != want {
			t.Errorf("want %s, got %v", want, got)
		}
	})
}

func TestSlotsAreNeverLost(t *testing.T) {
	const most = 3
	s := slots{free: most}
	var now atomic.Int32
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for range 500 {
				ctx, cancel := context.WithCancel(t.Context())
				if rand.N(3) == 0 {
					go cancel()
				}
				if err := s.take(ctx, i%2 == 0); err == nil {
					if n := now.Add(1); n > most {
						t.Errorf("%d at a time", n)
					}
					now.Add(-1)
					s.give()
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if s.free != most || len(s.hurried) != 0 || len(s.others) != 0 {
		t.Errorf("want %d free and nobody waiting, got %d, %d and %d", most, s.free, len(s.hurried), len(s.others))
	}
}
