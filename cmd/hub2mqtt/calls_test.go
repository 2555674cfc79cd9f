package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
)

// deadHost answers nothing.
type deadHost struct{}

func (deadHost) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }

func call(c *callCounter, n int) {
	for range n {
		resp, err := c.RoundTrip(&http.Request{})
		if err == nil {
			_ = resp.Body.Close()
		}
	}
}

func counterOn(ctx context.Context, store auth.KV) *callCounter {
	return newCallCounter(ctx, deadHost{}, store, "toy", zerolog.Nop())
}

func TestCallsAreCountedByTheDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it begins at midnight UTC
		c := counterOn(t.Context(), auth.NewMemStore())
		call(c, 3)
		if got := c.calls(); got != 3 {
			t.Errorf("want 3, those that failed too, got %d", got)
		}
		time.Sleep(24*time.Hour - time.Second) //nolint:forbidigo // driven time
		if call(c, 1); c.calls() != 4 {
			t.Errorf("want 4 before midnight, got %d", c.calls())
		}
		time.Sleep(time.Second) //nolint:forbidigo // driven time
		if got := c.calls(); got != 0 {
			t.Errorf("want a new day to begin with none, got %d", got)
		}
	})
}

func TestCallsOutliveTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := auth.NewMemStore()
		ctx, cancel := context.WithCancel(t.Context())
		first := counterOn(ctx, store)
		var wg sync.WaitGroup
		hh := &household{accounts: map[string]*account{"toy": {calls: first, tasks: bridge.NewTasks(zerolog.Nop())}}}
		wg.Go(func() { hh.keep(ctx) })
		call(first, 3)
		time.Sleep(callsEvery + time.Second) //nolint:forbidigo // driven time
		if got := counterOn(t.Context(), store).calls(); got != 3 {
			t.Errorf("want it saved each minute, got %d", got)
		}
		call(first, 2)
		cancel()
		wg.Wait()
		hh.end(t.Context())
		second := counterOn(t.Context(), store)
		if call(second, 1); second.calls() != 6 {
			t.Errorf("want it saved at the end, got %d", second.calls())
		}
		call(first, 1) // as another process would
		first.save(t.Context())
		second.save(t.Context())
		if got := counterOn(t.Context(), store).calls(); got != 6 {
			t.Errorf("want ours to win, got %d", got)
		}
		time.Sleep(24 * time.Hour) //nolint:forbidigo // driven time
		if got := counterOn(t.Context(), store).calls(); got != 0 {
			t.Errorf("want yesterday's forgotten, got %d", got)
		}
	})
}

func TestDamagedCountBeginsAnew(t *testing.T) {
	store := auth.NewMemStore()
	if _, err := store.Put(t.Context(), "calls/toy", []byte("{"), 0); err != nil {
		t.Fatal(err)
	}
	c := counterOn(t.Context(), store)
	call(c, 1)
	c.save(t.Context())
	if got := counterOn(t.Context(), store).calls(); got != 1 {
		t.Errorf("want 1, got %d", got)
	}
}
