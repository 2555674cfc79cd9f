package hubtest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// Server is a vendor's simulator as the suite needs it; the adapter lives in the
// vendor's test file. The suite serves it on a pipe in a bubble of testing/synctest.
type Server interface {
	// Handler serves the vendor's API, streams included, with the faults before it.
	Handler() http.Handler
	// Settings are those of a hub that uses the server at this address, such as
	// http://hub.test, without prefix.
	Settings(base string) map[string]string
	// Faults is how the simulator is made to go wrong, and what it counts. A fault.Status
	// is told in the vendor's own words.
	Faults() *fault.Table
	// Executed counts the commands that took effect; what one Execute asks for counts
	// once, however many calls or values it takes.
	Executed() int
	// Offline makes a device unreachable for the vendor.
	Offline(id hubs.DeviceID)
	// Secrets lists everything that must never show, what is no longer valid included.
	Secrets() []string
}

// Remover is a Server whose devices can be taken away.
type Remover interface {
	// Remove takes a device out of the home. Streams tell it in the vendor's way.
	Remove(id hubs.DeviceID)
}

// Happener is a Server where something can happen: a button is pressed.
type Happener interface {
	// Happen makes one event happen, of which streams tell.
	Happen()
}

// Options say what the suite cannot know of a vendor.
type Options struct {
	Vendor hubs.Vendor
	// New makes a server with a home of at least one device that takes Command, in more
	// than one page where the vendor has pages. It ends with the test; it starts nothing.
	New func(t *testing.T) Server
	// Command gives a legal command that makes one change which shows in a reading.
	Command func(devices []hubs.Device) hubs.Command
	// Required are the variables that must be set; nil: all of Server.Settings.
	Required []string
	// Lint is one more check of every device, of how it would be announced for
	// instance; nil: none.
	Lint func(d hubs.Device) error
	// Settle is how long a command may take until readings show it; zero: not at all.
	Settle time.Duration
	// Layers are the tokens that build on each other, by the names that the simulator
	// gives them (fault.Request.Layer); nil: there is one.
	Layers []string
	// Cached are the calls, by the simulator's names, that a hub with a cache of before
	// does without; nil: the hub keeps nothing.
	Cached []string
	// Quota gives the settings with which the account allows that many calls, for hubs
	// that are hubs.Budgeted.
	Quota func(calls int) map[string]string
	// FreeStream says that the stream needs no token, and does not care about another one.
	FreeStream bool
	// EventIDs says that the vendor marks what it pushes, so that a copy of an event is
	// known for one.
	EventIDs bool
	// Skip names checks that make no sense for the vendor, with the reason.
	Skip map[string]string
}

// The clock of a check is driven: waiting costs nothing.
const (
	within     = 2 * time.Second  // for a call to return after its context ended
	longest    = time.Minute      // for a call to a server that does not answer
	patience   = 5 * time.Second  // for streams and tasks
	apart      = 2 * time.Second  // between two calls, so that none stands in for another
	soon       = time.Minute      // for a stream to be there again
	checkLimit = 1000 * time.Hour // for a check
)

// check is one rule of the contract. It never sees a testing.T, so that the suite can
// be tested itself.
type check struct {
	name string
	fn   func(ctx context.Context, e *env) error
}

// Run holds a vendor's adapter against the contract of package hubs: one subtest for
// each rule, each with a fresh server and a driven clock. No other test may run at the
// same time, since goroutines are counted.
func Run(t *testing.T, o Options) {
	t.Helper()
	all := checks()
	for name := range o.Skip {
		if !slices.ContainsFunc(all, func(c check) bool { return c.name == name }) {
			t.Errorf("Skip names a check that there is not: %q", name)
		}
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			if why := o.Skip[c.name]; why != "" {
				t.Skip(why)
			}
			synctest.Test(t, func(t *testing.T) {
				if err := c.run(t.Context(), &o, func() Server { return o.New(t) }); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// run makes the check on a server that nobody used yet. Whatever it checks, nothing
// may panic, no call may outlive its context and no secret may show.
func (c check) run(ctx context.Context, o *Options, newServer func() Server) error {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	e, err := newEnv(ctx, o, newServer)
	if err != nil {
		return err
	}
	return errors.Join(c.fn(ctx, e), e.finish(ctx))
}

func checks() []check {
	return slices.Concat(
		openChecks(), homeChecks(), commandChecks(), tokenChecks(), faultChecks(), renewalChecks(),
		streamChecks(), pushChecks(), storeChecks(), endChecks(),
	)
}

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) { fault.Pause(ctx, d) }
