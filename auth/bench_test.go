package auth

import (
	"context"
	"testing"
	"time"
)

func BenchmarkDo(b *testing.B) {
	v := newVendor(1000 * time.Hour)
	r := newRig(v, v.token())
	ctx := context.Background()
	call := func(context.Context, Token) error { return nil }
	if err := r.Do(ctx, call); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Do(ctx, call); err != nil {
			b.Fatal(err)
		}
	}
}

// TestDoFastPathAllocates nothing, as every call of every hub goes through it.
func TestDoFastPathAllocatesNothing(t *testing.T) {
	v := newVendor(1000 * time.Hour)
	r := newRig(v, v.token())
	call := func(context.Context, Token) error { return nil }
	ctx := t.Context()
	if err := r.Do(ctx, call); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = r.Do(ctx, call) }); n != 0 {
		t.Errorf("got %v allocations a call, want 0", n)
	}
}
