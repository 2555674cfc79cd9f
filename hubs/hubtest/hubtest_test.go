package hubtest

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func toyOptions(t *testing.T, bug string) Options {
	t.Helper()
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	return Options{
		Vendor: toyVendor(bug, ended),
		New:    func(t *testing.T) Server { t.Helper(); return newToyServer(t) },
		Command: func(devices []hubs.Device) hubs.Command {
			return hubs.Command{
				Device: devices[0].ID, Entity: devices[0].Entities[0].Key,
				Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}, {Attr: hubs.Level, Value: hubs.Num(20)}},
			}
		},
	}
}

func TestSuitePasses(t *testing.T) { Run(t, toyOptions(t, "")) }

// Each bug is caught by the check that is there for it.
func TestSuiteCatches(t *testing.T) {
	for _, c := range []struct{ bug, check, says string }{
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
		{"half a home", "second page fails", "2 devices and no error"},
		{"half a home and an error", "second page fails", "half a home"},
		{"never shows", "command executes once and shows", "on of lamp is off"},
		{"executes twice", "command executes once and shows", "2 times"},
		{"retries", "command is not repeated", "2 calls"},
		{"knows everybody", "unknown device is refused", "want unknown_device"},
		{"offline is refused", "offline device is told", "want offline"},
		{"always online", "offline device is told", "online"},
		{"no renewal", "refused token is renewed once for a poll", "refused"},
		{"no renewal", "refused token is renewed once for a command", "refused"},
		{"no renewal", "renewed token survives a restart", "refused"},
		{"unclassified", "server errors are transient", "fault bug"},
		{"unclassified", "broken answers are transient", "fault bug"},
		{"no retry-after", "rate limit is told", "does not say so"},
		{"panics on garbage", "garbage is an error", "panics"},
		{"garbage wants a login", "garbage is an error", "login_needed"},
		{"garbage wants a login", "cancel ends every call", "login_needed"},
		{"deaf", "cancel ends every call", "has not returned"},
		{"mute stream", "stream tells what a command changed", "does not tell"},
		{"watches on", "watch ends with its stream", "goes on"},
		{"token in an error", "no secret shows", "in a URL's query"},
		{"token in a hint", "no secret shows", "in plain"},
		{"logs a token", "inventory is sane", "log: secret"}, // every check looks for secrets
		{"logs base64", "no secret shows", "in base64"},
		{"leaves a goroutine", "no goroutine is left", "goroutines are left"},
		{"task without end", "inventory is sane", "has not ended"},
		{"panicking task", "inventory is sane", "in a task"},
	} {
		t.Run(c.bug+", "+c.check, func(t *testing.T) {
			o := toyOptions(t, c.bug)
			o.patience, o.Within = 500*time.Millisecond, 300*time.Millisecond // bugs do not mend
			err := named(t, c.check).run(t.Context(), &o, newToyServer(t))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("want …%s…, got %v", c.says, err)
			}
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

// Checks have names of their own, for Skip.
func TestCheckNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range checks() {
		if seen[c.name] || c.name == "" || c.fn == nil {
			t.Errorf("%q is there twice or empty", c.name)
		}
		seen[c.name] = true
	}
}
