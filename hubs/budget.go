package hubs

import (
	"context"
	"sync/atomic"
	"time"
)

// Purpose is what a call to a vendor is for. A budget keeps a share for commands.
type Purpose uint8

// The purposes. What says nothing polls.
const (
	ForPoll Purpose = iota
	ForCommand
	// ForToken is for what renews a token: counted, but never refused for a budget's
	// sake, since a token that is renewed too late may need a human.
	ForToken
)

type purposeKey struct{}

// WithPurpose marks the calls made with the context as being for p.
func WithPurpose(ctx context.Context, p Purpose) context.Context {
	return context.WithValue(ctx, purposeKey{}, p)
}

// PurposeOf tells what calls made with ctx are for.
func PurposeOf(ctx context.Context) Purpose {
	p, _ := ctx.Value(purposeKey{}).(Purpose)
	return p
}

// Tally is how many calls went out to the vendor for one job. It is safe for
// concurrent use.
type Tally struct{ calls atomic.Int64 }

// Calls is the number so far.
func (t *Tally) Calls() int { return int(t.calls.Load()) }

type tallyKey struct{}

// WithTally lets t count the calls made with the context.
func WithTally(ctx context.Context, t *Tally) context.Context {
	return context.WithValue(ctx, tallyKey{}, t)
}

// CountCall is for whoever sends a call to a vendor: the tally of ctx, if there is one,
// has one more.
func CountCall(ctx context.Context) {
	if t, ok := ctx.Value(tallyKey{}).(*Tally); ok {
		t.calls.Add(1)
	}
}

// Budget is what an account allows in the running period, and how it stands.
type Budget struct {
	// Limit is the calls that the period allows, Used those made in it, refused ones
	// included.
	Limit, Used int
	// Polls is how many more this hub may make to poll, with room left for the commands
	// that are to be expected; where several hubs share the account, it is this one's part.
	Polls int
	// Ends is when the period ends (UTC days and months), by this machine's clock.
	Ends time.Time
}

// Budgeted is a Hub whose account allows only so many calls. Several hubs on one
// account share one budget.
type Budgeted interface {
	// Budget reports false where there is no limit. It does not block.
	Budget() (Budget, bool)
}
