package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

const callsEvery = time.Minute // how often the count is saved; a crash loses so much of it

// callCounter counts one hub's HTTP requests since midnight UTC, as vendors count for
// their quotas: what was refused or never answered too. The count outlives the process.
type callCounter struct {
	base  http.RoundTripper
	store auth.KV
	key   string
	log   zerolog.Logger

	mu    sync.Mutex
	today dayCount
	saved dayCount
	rev   uint64
}

// dayCount is a number of requests on one day.
type dayCount struct {
	Day   string `json:"day"` // 2026-01-31
	Count int    `json:"count"`
}

// newCallCounter goes on from what an earlier run counted today.
func newCallCounter(ctx context.Context, base http.RoundTripper, store auth.KV, hub string, log zerolog.Logger) *callCounter {
	c := &callCounter{base: base, store: store, key: "calls/" + hub, log: log}
	raw, rev, err := store.Get(ctx, c.key)
	if err == nil {
		err = json.Unmarshal(raw, &c.today)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn().Err(err).Msg("how often the vendor was called today is not known, counting begins anew")
	}
	c.rev, c.saved = rev, c.today
	return c
}

// RoundTrip counts the request and sends it.
func (c *callCounter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.turn(time.Now())
	c.today.Count++
	c.mu.Unlock()
	return c.base.RoundTrip(r)
}

// CloseIdleConnections is for http.Client.
func (c *callCounter) CloseIdleConnections() {
	if t, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// calls is the count of today.
func (c *callCounter) calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(time.Now())
	return c.today.Count
}

// turn begins a new day.
func (c *callCounter) turn(now time.Time) {
	if day := now.UTC().Format(time.DateOnly); day != c.today.Day {
		c.today = dayCount{Day: day}
	}
}

func (c *callCounter) save(ctx context.Context) {
	c.mu.Lock()
	now, rev := c.today, c.rev
	changed := now != c.saved
	c.mu.Unlock()
	if !changed {
		return
	}
	raw, err := json.Marshal(now)
	if err == nil {
		rev, err = c.store.Put(ctx, c.key, raw, rev)
	}
	if errors.Is(err, auth.ErrConflict) { // another process counted too: ours goes on
		if _, rev, err = c.store.Get(ctx, c.key); err == nil {
			rev, err = c.store.Put(ctx, c.key, raw, rev)
		}
	}
	if err != nil {
		c.log.Debug().Err(err).Msg("the count of calls cannot be saved")
		return
	}
	c.mu.Lock()
	c.saved, c.rev = now, rev
	c.mu.Unlock()
}
