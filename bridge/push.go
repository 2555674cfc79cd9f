package bridge

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// pushState is how the hub's stream is.
type pushState struct {
	has   bool      // the hub pushes and may
	up    bool      // it said something since it was opened
	since time.Time // it last said something
	err   error
}

// watchLoop keeps the stream open.
func (h *hubRun) watchLoop(ctx context.Context, w hubs.Watcher) {
	h.mu.Lock()
	h.push.has = true
	h.mu.Unlock()
	policy := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(time.Second), backoff.WithMultiplier(2),
		backoff.WithMaxInterval(time.Minute), backoff.WithMaxElapsedTime(0))
	for ctx.Err() == nil {
		opened := time.Now()
		err := h.recovered("push", func() error { return w.Watch(ctx, sink{h}) })
		h.pushDown(err)
		if time.Since(opened) > time.Minute {
			policy.Reset()
		}
		sleep(ctx, policy.NextBackOff())
	}
}

func (h *hubRun) pushDown(err error) {
	h.mu.Lock()
	was := h.push.up
	h.push.up, h.push.err = false, err
	h.mu.Unlock()
	if was {
		h.log.Warn().Err(err).Msg("push is down, polling until it is back")
		h.relist("push went down")
	}
}

// sink is what a stream talks to.
type sink struct{ h *hubRun }

// Alive notes that the stream said something.
func (s sink) Alive() {
	s.h.mu.Lock()
	was := s.h.push.up
	s.h.push.up, s.h.push.since, s.h.push.err = true, time.Now(), nil
	s.h.mu.Unlock()
	if !was {
		s.h.log.Info().Msg("push is up")
		s.h.relist("push came up: what happened before it is not told")
	}
}

// Readings takes news.
func (s sink) Readings(news []hubs.Reading) {
	s.Alive()
	s.h.apply(news, source{push: true, asked: time.Now()})
}

// Relist asks for an inventory.
func (s sink) Relist(reason string) { s.h.relist(reason) }
