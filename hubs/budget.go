package hubs

import (
	"context"
	"time"
)

// Purpose is what a call to a vendor is for. A budget keeps a share for commands.
type Purpose uint8

// The purposes. What says nothing polls.
const (
	ForPoll Purpose = iota
	ForCommand
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

// Budget is what an account allows in the running period, and how it stands.
type Budget struct {
	// Limit is the calls that the period allows, Used those made in it, refused ones
	// included.
	Limit, Used int
	// Ends is when the period ends (UTC days and months).
	Ends time.Time
	// Values is the time between two Poll calls with which the share for polls lasts
	// until the end; zero: nothing is known of what a poll costs.
	Values time.Duration
}

// Budgeted is a Hub whose account allows only so many calls. Several hubs on one
// account share one budget.
type Budgeted interface {
	// Budget reports false where there is no limit.
	Budget() (Budget, bool)
}
