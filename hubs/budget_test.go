package hubs_test

import (
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestPurpose(t *testing.T) {
	ctx := t.Context()
	if got := hubs.PurposeOf(ctx); got != hubs.ForPoll {
		t.Errorf("what says nothing polls, got %v", got)
	}
	if got := hubs.PurposeOf(hubs.WithPurpose(ctx, hubs.ForCommand)); got != hubs.ForCommand {
		t.Errorf("want ForCommand, got %v", got)
	}
}

func TestTally(t *testing.T) {
	hubs.CountCall(t.Context()) // nobody counts
	var outer, inner hubs.Tally
	ctx := hubs.WithTally(t.Context(), &outer)
	hubs.CountCall(hubs.WithPurpose(ctx, hubs.ForCommand))
	hubs.CountCall(hubs.WithTally(ctx, &inner))
	hubs.CountCall(hubs.WithTally(ctx, &inner))
	if outer.Calls() != 1 || inner.Calls() != 2 {
		t.Errorf("want 1 and 2 calls, got %d and %d", outer.Calls(), inner.Calls())
	}
}
