package crew

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func boom() { panic("in a stream") }

func TestPanicEndsTheCrewAndShowsInWait(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	c := New(end)
	left := make(chan struct{})
	c.Go(func() { <-ctx.Done(); close(left) })
	c.Go(boom)
	defer func() {
		p, ok := recover().(*Panic)
		if !ok || p.Value != "in a stream" || p.Error() != "in a stream" || !strings.Contains(string(p.Stack()), "crew.boom") {
			t.Errorf("want the panic with its own trace, got %+v", p)
		}
		select {
		case <-left:
		default:
			t.Error("Wait did not wait for the others")
		}
		if got := (*Panic)(nil); !errors.As(context.Cause(ctx), &got) || got != p {
			t.Errorf("want the context ended by it, got %v", context.Cause(ctx))
		}
	}()
	c.Wait()
}

func TestQuietCrew(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	defer end(nil)
	c, done := New(end), false
	c.Go(func() { done = true })
	c.Wait()
	if !done || ctx.Err() != nil {
		t.Errorf("want it done and nothing ended, got %v, %v", done, ctx.Err())
	}
}
