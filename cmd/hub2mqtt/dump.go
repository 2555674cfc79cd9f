package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// dumpLimit is how long the hub may take to answer everything.
const dumpLimit = 3 * time.Minute

// dump writes a bundle for a bug report: what one hub answers and what became of it,
// without anything that tells whose home it is.
func (p program) dump(ctx context.Context, args []string) error {
	var envFile, out string
	hub, err := hubAndFlags("dump", args, func(fs *flag.FlagSet) {
		fs.StringVar(&envFile, "env-file", "", "settings to read first")
		fs.StringVar(&out, "o", "", "where to write, - for the terminal's other end")
	})
	if err != nil {
		return err
	}
	s, err := p.load(envFile)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(s.hubs, func(h hubSetting) bool { return h.name == hub })
	if i < 0 {
		names := make([]string, len(s.hubs))
		for k, h := range s.hubs {
			names[k] = h.name
		}
		return usageError{fmt.Errorf("dump: no hub is called %q; HUBS names %s", hub, strings.Join(names, ", "))}
	}
	return p.dumpHub(ctx, s, s.hubs[i], out)
}

func (p program) dumpHub(ctx context.Context, s *settings, h hubSetting, out string) error {
	s.hubs = []hubSetting{h} // the others are nobody's business
	if s.level == zerolog.InfoLevel {
		s.level = zerolog.WarnLevel
	}
	logs, redact := newLogs(s, p.stderr)
	store, err := visitStore(ctx, s, logs.of(""))
	if err != nil {
		return err
	}
	acc, err := opener{s: s, store: store, redact: redact, late: true}.open(ctx, h, logs.of(h.name), nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(redact.To(p.stderr), "Reading all of %s …\n", h.name)
	found := ask(ctx, acc.opened)
	if err := acc.leave(ctx); err != nil {
		found.fail("save the token", err)
	}
	if ctx.Err() != nil {
		return errors.New("dump: was cut short, nothing was written")
	}
	bundle, err := newBundle(s, h, found, acc.states()).zip(redact)
	if err != nil {
		return fmt.Errorf("dump: %w", err)
	}
	for _, f := range found.faults {
		fmt.Fprintf(redact.To(p.stderr), "%s: %v (it is in the dump)\n", f.what, f.err)
	}
	return p.deliver(bundle, out, h.vendor.Name)
}

// answers is what a hub said, and what went wrong.
type answers struct {
	devices  []hubs.Device
	readings []hubs.Reading
	raw      map[string][]byte
	faults   []failed
}

type failed struct {
	what string
	err  error
}

func (a *answers) fail(what string, err error) {
	if err != nil {
		a.faults = append(a.faults, failed{what, err})
	}
}

// ask reads everything. What fails is part of the report, and keeps nothing else from it.
func ask(ctx context.Context, hub hubs.Hub) answers {
	ctx, cancel := context.WithTimeout(ctx, dumpLimit)
	defer cancel()
	a := answers{raw: map[string][]byte{}}
	var err error
	a.devices, err = hub.Devices(ctx)
	a.fail("inventory", err)
	if err == nil {
		a.readings, err = hub.Poll(ctx)
		a.fail("values", err)
	}
	d, ok := hub.(hubs.Dumper)
	if !ok {
		a.fail("raw answers", errors.New("this version cannot give those of this vendor"))
		return a
	}
	raw, err := d.Raw(ctx)
	a.fail("raw answers", err)
	for name, answer := range raw {
		a.raw[name] = answer
	}
	return a
}

// deliver writes the bundle and names it on the last line.
func (p program) deliver(bundle []byte, out, vendor string) error {
	if out == "-" {
		if _, err := p.stdout.Write(bundle); err != nil {
			return fmt.Errorf("dump: %w", err)
		}
		return nil
	}
	if out == "" {
		out = fmt.Sprintf("hub2mqtt-dump-%s-%s.zip", vendor, time.Now().Format("20060102-150405"))
	}
	if err := writePrivate(out, bundle); err != nil {
		return fmt.Errorf("dump: %w", err)
	}
	fmt.Fprint(p.stderr, "Have a look into it before you show it to anybody: README.txt in it says what was replaced.\n")
	fmt.Fprintf(p.stdout, "%s\n", out)
	return nil
}

// writePrivate writes a file that only its owner may read, whole or not at all.
func writePrivate(path string, b []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
