package hubtest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Server is a vendor's simulator as the suite needs it; the adapter lives in the
// vendor's test file. Most of it comes from a Faults before the simulator's handler.
type Server interface {
	// Settings are those of a hub that uses the server, without prefix.
	Settings() map[string]string
	// Fail makes calls go wrong until Heal. A kind that the vendor's protocol cannot
	// have belongs to a check in Options.Skip.
	Fail(f Fault)
	Heal()
	// Calls counts the calls that came in, those that renew a token apart: they are
	// counted by Refreshes.
	Calls() int
	Refreshes() int
	// Executed counts the commands that took effect; what one Execute asks for counts
	// once, however many calls or values it takes.
	Executed() int
	// Offline makes a device unreachable for the vendor.
	Offline(id hubs.DeviceID)
	// Secrets lists everything that must never show, what is no longer valid included.
	Secrets() []string
}

// Options say what the suite cannot know of a vendor.
type Options struct {
	Vendor hubs.Vendor
	// New starts a server with a home of at least one device that takes Command, in
	// more than one page where the vendor has pages. It ends with the test.
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
	// Within is how long a call may take to return after its context ended; zero: 2 s.
	Within time.Duration
	// Skip names checks that make no sense for the vendor, with the reason.
	Skip map[string]string

	patience time.Duration // for streams and tasks; zero: 5 s
}

const patience = 5 * time.Second

func (o *Options) patient() time.Duration {
	if o.patience > 0 {
		return o.patience
	}
	return patience
}

func (o *Options) within() time.Duration {
	if o.Within > 0 {
		return o.Within
	}
	return 2 * time.Second
}

// check is one rule of the contract. It never sees a testing.T, so that the suite can
// be tested itself.
type check struct {
	name string
	fn   func(ctx context.Context, e *env) error
}

// checkLimit is how long one check may take.
const checkLimit = time.Minute

// Run holds a vendor's adapter against the contract of package hubs: one subtest for
// each rule, each with a fresh server. No other test may run at the same time, since
// goroutines are counted.
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
			if err := c.run(t.Context(), &o, o.New(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// run makes the check on a server that nobody used yet. Whatever it checks, nothing
// may panic, no call may outlive its context and no secret may show.
func (c check) run(ctx context.Context, o *Options, s Server) error {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	e, err := newEnv(ctx, o, s)
	if err != nil {
		return err
	}
	return errors.Join(c.fn(ctx, e), e.finish(ctx))
}

func checks() []check {
	return slices.Concat(openChecks(), homeChecks(), commandChecks(), tokenChecks(), faultChecks(), endChecks())
}
