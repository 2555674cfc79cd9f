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
