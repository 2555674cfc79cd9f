package bridge

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// pushState is how the hub's stream is.
type pushState struct {
	has    bool      // the hub pushes and may
	up     bool      // it said something since it was opened, and is not suspected to be mute
	opened time.Time // it came up
	news   time.Time // it last brought readings
	mute   bool      // a poll found what it should have brought: polls go on until it brings something
	mutes  int
	reopen context.CancelFunc
	err    error     // why it is not up; nil while it is, or was never tried
	since  time.Time // of err
}

// found counts the changes that a poll found before the stream told them.
type found struct {
	pushed int // of points that the stream brought before
	others int
}

func (f *found) count(pushed bool) {
	if pushed {
		f.pushed++
		return
	}
	f.others++
}

// Some points are never pushed, so what a poll alone finds proves little: without any
// reading from the stream it takes this many to call it mute.
const (
	muteOthers = 3
	muteAfter  = 30 * time.Second // a stream that came up just now may not have had the chance
)

// judgeMute closes a stream that is open and says nothing, although a poll that was
// asked at asked, the first since last, found news. h.mu is held.
func (h *hubRun) judgeMute(f found, asked, last time.Time) {
	p := &h.push
	silent := p.news.Before(last)
	never := p.news.Before(p.opened)
	if !p.up || !silent || asked.Sub(p.opened) < muteAfter || f.pushed == 0 && (!never || f.others < muteOthers) {
		return
	}
	p.up, p.mute = false, true
	p.mutes++
	h.log.Warn().Int("changes", f.pushed+f.others).
		Msg("push is open but mute: a poll found changes that it did not bring; it is opened anew, polling meanwhile")
	if p.reopen != nil {
		p.reopen()
	}
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
		streamCtx, cancel := context.WithCancel(ctx)
		h.mu.Lock()
		h.push.reopen = cancel
		h.mu.Unlock()
		err := h.recovered("push", func() error { return w.Watch(streamCtx, sink{h}) })
		cancel()
		if ctx.Err() != nil {
			return
		}
		h.pushDown(err)
		if time.Since(opened) > time.Minute {
			policy.Reset()
		}
		sleep(ctx, policy.NextBackOff())
	}
}

func (h *hubRun) pushDown(err error) {
	h.mu.Lock()
	was, news := h.push.up, h.push.err == nil && err != nil
	if h.push.up = false; news {
		h.push.since = time.Now()
	}
	h.push.err = err
	h.mu.Unlock()
	if was || news {
		h.log.Warn().Err(err).Msg("push is down, polling until it is back")
	}
	if was {
		h.repoll("push went down")
	}
}

// sink is what a stream talks to.
type sink struct{ h *hubRun }

// Alive notes that the stream said something.
func (s sink) Alive() {
	s.h.mu.Lock()
	p := &s.h.push
	fresh := !p.up && !p.mute
	if fresh {
		p.up, p.opened = true, time.Now()
	}
	p.err = nil
	s.h.mu.Unlock()
	if fresh {
		s.h.log.Info().Msg("push is up")
		s.h.repoll("push came up: what happened before it is not told")
	}
}

// Readings takes news.
func (s sink) Readings(news []hubs.Reading) {
	s.h.meter.pushEvents.Add(float64(len(news)))
	s.h.mu.Lock()
	s.h.push.news, s.h.push.mute = time.Now(), false
	s.h.mu.Unlock()
	s.Alive()
	s.h.apply(news, source{push: true, asked: time.Now()})
}

// Relist asks for an inventory.
func (s sink) Relist(reason string) { s.h.relist(reason) }

// Left takes devices back that the vendor says are gone.
func (s sink) Left(devices ...hubs.DeviceID) { s.h.left(devices) }
