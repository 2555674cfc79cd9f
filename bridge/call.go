package bridge

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// lane keeps calls of one sort from stacking up.
type lane struct{ busy atomic.Bool }

// letGo is how long a hub may take to return after its context has ended.
const letGo = 2 * time.Second

// call runs one hub call. A panic becomes an error. The call is given up soon after
// limit even if the hub does not look at its context; a lane's next call is then
// refused until it has returned.
func (h *hubRun) call(ctx context.Context, what string, limit time.Duration, do func(context.Context) error) error {
	l := h.lanes[what]
	if l != nil && !l.busy.CompareAndSwap(false, true) {
		return &hubs.Error{Fault: hubs.Transient, Err: fmt.Errorf("%s: the hub still holds the last call", what)}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	done := make(chan error, 1)
	h.tasks.Go(func() {
		defer cancel()
		err := h.recovered(what, func() error { return do(ctx) })
		if l != nil {
			l.busy.Store(false)
		}
		done <- err
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	t := time.NewTimer(letGo)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		return &hubs.Error{Fault: hubs.Transient, Err: fmt.Errorf("%s: no answer within %s: %w", what, limit, ctx.Err())}
	}
}

// recovered runs do and makes an error of its panic, with the stack in the log once.
func (h *hubRun) recovered(what string, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			h.mu.Lock()
			h.health.panics++
			h.mu.Unlock()
			logPanic(h.log, what, r)
			err = fmt.Errorf("%s: a bug: %v", what, r)
		}
	}()
	return do()
}

// logPanic logs what was recovered with the trace of where it began.
func logPanic(log zerolog.Logger, what string, r any) {
	stack := debug.Stack()
	if p, ok := r.(interface{ Stack() []byte }); ok {
		stack = p.Stack()
	}
	log.Error().Str("in", what).Str("panic", fmt.Sprint(r)).Bytes("stack", stack).
		Msg("a bug in this hub's code, please report it")
}

// supervise keeps loop running until ctx ends, after a panic too.
func (h *hubRun) supervise(ctx context.Context, what string, loop func(context.Context)) {
	h.tasks.Go(func() {
		for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, time.Minute) {
			err := h.recovered(what, func() error { loop(ctx); return nil })
			if err == nil {
				return
			}
			sleep(ctx, wait)
		}
	})
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
