package hubtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func toyOptions(bug string, ended <-chan struct{}) Options {
	return Options{
		Vendor: toyVendor(bug, ended),
		New:    func(t *testing.T) Server { t.Helper(); return newToyServer() },
		Command: func(devices []hubs.Device) hubs.Command {
			return hubs.Command{
				Device: devices[0].ID, Entity: devices[0].Entities[0].Key,
				Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}, {Attr: hubs.Level, Value: hubs.Num(20)}},
			}
		},
		Layers:   []string{layerAccount, layerSession},
		Cached:   []string{"info"},
		Quota:    func(calls int) map[string]string { return map[string]string{"QUOTA": fmt.Sprint(calls)} },
		EventIDs: true,
	}
}

func TestSuitePasses(t *testing.T) { Run(t, toyOptions("", nil)) }

// mutants are bugs, and the check that is there for each.
func mutants() []struct{ bug, check, says string } {
	return []struct{ bug, check, says string }{
		{"forgotten variable", "vendor is described", "REFRESH_TOKEN"},
		{"calls at open", "open does no I/O", "Open made"},
		{"one fault at a time", "missing settings are listed at once", "does not mention"},
		{"quotes a setting", "wrong settings show no secret", "shows up"},
		{"bad key", "inventory is sane", "a-z"},
		{"reserved key", "inventory is sane", "reserved"},
		{"key twice", "inventory is sane", "there twice"},
		{"blank name", "inventory is sane", "blanks"},
		{"keys change", "ids and keys are stable", "differs"},
		{"undeclared point", "readings are declared", "not declared"},
		{"wrong kind", "readings are declared", "on/off is declared"},
		{"stranger", "readings are declared", "no such device"},
		{"half a home", "half a home is an error", "2 devices and no error"},
		{"half a home and an error", "half a home is an error", "half a home"},
		{"never forgets", "smaller home is a home", "want unknown_device"},
		{"insists on all", "smaller home is a home", "Devices after one left"},
		{"never shows", "command executes once and shows", "on of lamp is off"},
		{"executes twice", "command executes once and shows", "2 times"},
		{"executes twice", "each settable thing can be set", "2 times"},
		{"knows everybody", "unknown device is refused", "want unknown_device"},
		{"offline is refused", "offline device is told", "want offline"},
		{"always online", "offline device is told", "online"},
		{"no renewal", "refused token is renewed once for a poll", "refused"},
		{"no renewal", "refused token is renewed once for a command", "refused"},
		{"no renewal", "renewed token survives a restart", "refused"},
		{"wants no login", "token that stays refused wants a login", "fault transient"},
		{"renews all layers", "refused token is repaired in its own layer", "1 renewals of account, want 0"},
		{"one renewal or none", "failed renewal is tried again", "fault login_needed"},
		{"asks until it is told", "lost reply to a renewal makes no storm", "a storm"},
		{"unclassified", "missing right is told", "fault bug"},
		{"no retry-after", "rate limit is told", "does not say so"},
		{"unclassified", "server errors are transient", "fault bug"},
		{"retries", "server errors are transient", "2 calls"},
		{"gives up for good", "server errors are transient", "Devices afterwards"},
		{"no deadline", "hanging server is given up", "took 2m"},
		{"unclassified", "broken answers are transient", "fault bug"},
		{"retries", "broken answers are transient", "took effect 2 times"},
		{"panics on garbage", "garbage is an error", "panics"},
		{"garbage wants a login", "garbage is an error", "login_needed"},
		{"indexes an empty list", "strange answers do no harm", "panics"},
		{"keeps everything", "huge answers are not kept", "MiB of memory"},
		{"unclassified", "dead network is transient", "fault bug"},
		{"believes the clock", "wrong clock does no harm", "clock off by 1h0m0s: Poll"},
		{"mute stream", "stream tells what a command changed", "does not tell"},
		{"watches on", "watch ends with its stream", "goes on"},
		{"takes all for a refusal", "stream that cannot be opened is told", "wants a login"},
		{"waits for its stream", "stream that cannot be opened is told", "Watch hangs"},
		{"alive by itself", "mute stream is not alive", "that says nothing is alive"},
		{"reconnects at once", "flapping stream settles", "want some and at most"},
		{"keeps the old token", "stream goes on with a renewed token", "goes on with the old one"},
		{"forgets who left", "device that left is told", "tells neither"},
		{"no times", "news twice, late or in pieces end right", "delayed: level of lamp is 20"},
		{"counts copies", "events are counted", "one event, sent twice: 2 came"},
		{"takes equal events for one", "events are counted", "two equal events: 0 came"},
		{"stops at bad news", "news that cannot be read cost themselves only", "truncated: the stream does not tell"},
		{"stamps what it reads", "stale read does not pass for news", "a stale"},
		{"no cache", "cache survives a restart", `"info" is called 1 times`},
		{"trusts its cache", "damaged cache does no harm", "a cache of"},
		{"counts nothing", "quota is kept", "no end of the budget"},
		{"keeps nothing for commands", "quota is kept", "nothing is kept for commands"},
		{"waits for nothing", "quota is kept", "does not say when"},
		{"one hub for all", "two hubs of one vendor are two", "no error, want unknown_device"},
		{"garbage wants a login", "cancel ends every call", "login_needed"},
		{"deaf", "cancel ends every call", "has not returned"},
		{"one at a time", "concurrent use", "busy"},
		{"token in an error", "no secret shows", "in a URL's query"},
		{"token in a hint", "no secret shows", "in plain"},
		{"logs a token", "inventory is sane", "log: secret"}, // every check looks for secrets
		{"logs base64", "no secret shows", "in base64"},
		{"leaves a goroutine", "no goroutine is left", "goroutines are left"},
		{"task without end", "inventory is sane", "has not ended"},
		{"panicking task", "inventory is sane", "in a task"},
	}
}

// Each bug is caught by the check that is there for it.
func TestSuiteCatches(t *testing.T) {
	for _, c := range mutants() {
		t.Run(c.bug+", "+c.check, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan struct{})
				o := toyOptions(c.bug, ended)
				err := named(t, c.check).run(t.Context(), &o, func() Server { return newToyServer() })
				close(ended)
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("want …%s…, got %v", c.says, err)
				}
			})
		})
	}
}

func named(t *testing.T, name string) check {
	t.Helper()
	for _, c := range checks() {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("there is no check %q", name)
	return check{}
}

// Checks have names of their own, for Skip, and each catches something.
func TestChecks(t *testing.T) {
	caught := map[string]bool{}
	for _, m := range mutants() {
		caught[m.check] = true
	}
	seen := map[string]bool{}
	for _, c := range checks() {
		if seen[c.name] || c.name == "" || c.fn == nil {
			t.Errorf("%q is there twice or empty", c.name)
		}
		if !caught[c.name] {
			t.Errorf("no bug shows that the check %q works", c.name)
		}
		seen[c.name] = true
	}
}
