package bridge

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Tasks are the goroutines that a hub starts for itself by hubs.Deps.Go. They end with
// the hub. A panic in one is caught, logged and counted.
type Tasks struct {
	log    zerolog.Logger
	ctx    context.Context //nolint:containedctx // of all tasks
	cancel context.CancelFunc
	panics atomic.Int64

	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// NewTasks makes an empty set.
func NewTasks(log zerolog.Logger) *Tasks {
	t := &Tasks{log: log}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// Go starts a task, unless the hub has ended.
func (t *Tasks) Go(task func(context.Context)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.group.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				t.panics.Add(1)
				logPanic(t.log, "task", r)
			}
		}()
		task(t.ctx)
	})
}

// End ends all tasks and waits for them, at most so long; it reports whether all ended.
func (t *Tasks) End(most time.Duration) bool {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	return waitFor(&t.group, most)
}
