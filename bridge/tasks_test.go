package bridge

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

func TestTasks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, tasks := newToy(), NewTasks(zerolog.Nop())
		tasks.Go(func(context.Context) { panic("in a task") })
		ended := make(chan struct{})
		tasks.Go(func(ctx context.Context) { <-ctx.Done(); close(ended) })
		r := prepareHub(t, HubConfig{Name: "toy", Hub: f, Tasks: tasks}, f, auth.NewMemStore())
		ctx, cancel := context.WithCancel(t.Context())
		r.prepare(t.Context())
		gone := make(chan struct{})
		go func() { r.run(ctx); close(gone) }()
		pass(time.Minute)
		if n := r.panicked(); n != 1 {
			t.Errorf("want one panic counted, got %d", n)
		}
		select {
		case <-ended:
			t.Error("a task ended before its hub")
		default:
		}
		cancel()
		pass(time.Second)
		select {
		case <-ended:
		default:
			t.Error("the hub ended before its tasks")
		}
		<-gone
		tasks.Go(func(context.Context) { t.Error("a task began after the end") })
		pass(time.Second)
	})
}
