package hubtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func openChecks() []check {
	return []check{
		{"vendor is described", described},
		{"open does no I/O", openIsQuiet},
		{"missing settings are listed at once", missingSettings},
		{"wrong settings show no secret", wrongSettings},
	}
}

func described(_ context.Context, e *env) error {
	v := e.o.Vendor
	var errs []error
	if v.Name == "" || hubs.MakeKey(v.Name) != v.Name {
		errs = append(errs, fmt.Errorf("the vendor's name is %q", v.Name))
	}
	if v.Pace.Inventory <= 0 || v.Pace.Values <= 0 || v.Pace.Reconcile <= 0 {
		errs = append(errs, fmt.Errorf("a pace is missing: %+v", v.Pace))
	}
	for _, name := range slices.Sorted(maps.Keys(e.settings(nil))) {
		if !slices.Contains(v.Variables, name) {
			errs = append(errs, fmt.Errorf("%s is a setting, but not among the vendor's Variables", name))
		}
	}
	return errors.Join(errs...)
}

func openIsQuiet(_ context.Context, e *env) error {
	s := e.seen()
	if n := s.Calls + s.Renewals + s.Streams; n > 0 {
		return fmt.Errorf("Open made %d calls", n)
	}
	return nil
}

func (e *env) required() []string {
	if e.o.Required != nil {
		return e.o.Required
	}
	return slices.Sorted(maps.Keys(e.settings(nil)))
}

// tryOpen opens one more hub and closes it at once.
func (e *env) tryOpen(ctx context.Context, settings map[string]string) error {
	in, err := e.open(ctx, settings, auth.NewMemStore(), auth.NewMemStore())
	if err != nil {
		e.note(wordsOf(err))
		return err
	}
	e.note(in.Log.String())
	if err := in.close(ctx); err != nil {
		e.blame("close: %w", err)
	}
	return nil
}

func missingSettings(ctx context.Context, e *env) error {
	required := e.required()
	if len(required) == 0 {
		return nil
	}
	errs := []error{mentions(e.tryOpen(ctx, nil), required...)}
	for _, name := range required {
		rest := maps.Clone(e.settings(nil))
		delete(rest, name)
		errs = append(errs, mentions(e.tryOpen(ctx, rest), name))
	}
	return errors.Join(errs...)
}

// mentions wants an error that names all of the variables.
func mentions(err error, names ...string) error {
	if err == nil {
		return fmt.Errorf("opens without %s", strings.Join(names, ", "))
	}
	missing := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.Contains(err.Error(), n) })
	if len(missing) > 0 {
		return fmt.Errorf("without %s the error does not mention %s: %w",
			strings.Join(names, ", "), strings.Join(missing, ", "), err)
	}
	return nil
}

// wrongSettings puts what people paste by mistake into each variable; finish then looks
// for secrets in the errors.
func wrongSettings(ctx context.Context, e *env) error {
	good := e.settings(nil)
	for name, value := range good {
		wrong := []string{
			value + " \x01", "\x7f" + value, value + "\n" + value, `"` + value + `"`, "=" + value, value + "ä",
			"http://user:" + marker + "@[::1", "ftp://" + marker + "/?token=" + marker + "#" + marker, "%zz" + marker,
		}
		for _, secret := range e.server.Secrets() {
			wrong = append(wrong, "http://"+secret+":80:80/", "http://x/?k="+secret, secret+" "+secret)
		}
		for _, w := range wrong {
			settings := maps.Clone(good)
			settings[name] = w
			_ = e.tryOpen(ctx, settings) // whether it is refused is the vendor's affair
		}
	}
	return nil
}

func homeChecks() []check {
	return []check{
		{"inventory is sane", inventory},
		{"ids and keys are stable", stable},
		{"readings are declared", readings},
		{"half a home is an error", halfHome},
		{"smaller home is a home", smallerHome},
	}
}

func inventory(ctx context.Context, e *env) error {
	devices, _, err := e.home(ctx)
	if err != nil {
		return err
	}
	errs := []error{CheckDevices(devices)}
	if e.o.Lint == nil {
		return errors.Join(errs...)
	}
	for _, d := range devices {
		if err := e.o.Lint(d); err != nil {
			errs = append(errs, fmt.Errorf("lint of device %q: %w", d.ID, err))
		}
	}
	return errors.Join(errs...)
}

// shape is what must not change between inventories: which devices there are, with
// which entities of which kind.
func shape(devices []hubs.Device) map[hubs.DeviceID]map[string]string {
	out := map[hubs.DeviceID]map[string]string{}
	for _, d := range devices {
		out[d.ID] = map[string]string{}
		for _, e := range d.Entities {
			out[d.ID][e.Key] = fmt.Sprintf("%T", e.Spec)
		}
	}
	return out
}

func stable(ctx context.Context, e *env) error {
	first, _, err := e.home(ctx)
	if err != nil {
		return err
	}
	if _, err := e.poll(ctx); err != nil {
		return fmt.Errorf("Poll: %w", err)
	}
	second, err := e.devices(ctx)
	if err != nil {
		return fmt.Errorf("second Devices: %w", err)
	}
	if diff := cmp.Diff(shape(first), shape(second)); diff != "" {
		return fmt.Errorf("the second inventory differs (-first +second):\n%s", diff)
	}
	again, err := e.reopen(ctx)
	if err != nil {
		return err
	}
	third, err := again.devices(ctx)
	if err != nil {
		return fmt.Errorf("Devices after a restart: %w", err)
	}
	if diff := cmp.Diff(shape(first), shape(third)); diff != "" {
		return fmt.Errorf("the inventory after a restart differs (-first +third):\n%s", diff)
	}
	return nil
}

func readings(ctx context.Context, e *env) error {
	devices, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for range 2 {
		news, err := e.poll(ctx)
		if err != nil {
			return fmt.Errorf("Poll of a healthy server: %w", err)
		}
		if len(news) == 0 {
			errs = append(errs, errors.New("Poll brings nothing"))
		}
		errs = append(errs, CheckReadings(devices, news))
	}
	news, can, err := e.read(ctx, cmd.Device)
	if !can {
		return errors.Join(errs...)
	}
	if err != nil {
		return fmt.Errorf("Read of a healthy server: %w", err)
	}
	if len(news) == 0 {
		errs = append(errs, errors.New("Read brings nothing"))
	}
	for _, r := range news {
		if r.Device != cmd.Device {
			errs = append(errs, fmt.Errorf("Read of %q brings a reading of %q", cmd.Device, r.Device))
		}
	}
	return errors.Join(append(errs, CheckReadings(devices, news))...)
}

// halfHome wants no smaller home from an inventory that broke in the middle, at the
// first time and later, when less may be asked.
func halfHome(ctx context.Context, e *env) error {
	var errs []error
	for later := range 2 {
		for _, s := range half() {
			f := s.fault
			f.Page, f.Times = 2, fault.Always
			before := e.seen().Struck
			e.server.Faults().Fail(f)
			devices, err := e.devices(ctx)
			e.server.Faults().Heal()
			struck := e.seen().Struck > before
			switch {
			case !struck && later == 0:
				return errors.New("no call asks for the second page")
			case struck && err == nil:
				errs = append(errs, fmt.Errorf("%s of the second page: %d devices and no error", s.name, len(devices)))
			}
			wait(ctx, soon)
		}
		if _, _, err := e.home(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// smallerHome takes a device away: what the server lists is the home, however small.
func smallerHome(ctx context.Context, e *env) error {
	before, cmd, err := e.home(ctx)
	r, can := e.server.(Remover)
	if err != nil || !can {
		return err
	}
	if _, err := e.poll(ctx); err != nil {
		return fmt.Errorf("Poll of a healthy server: %w", err)
	}
	r.Remove(cmd.Device)
	after, err := e.devices(ctx)
	if err != nil {
		return fmt.Errorf("Devices after one left: %w", err)
	}
	var errs []error
	if _, err := entityOf(after, cmd); err == nil || len(after) != len(before)-1 {
		errs = append(errs, fmt.Errorf("of %d devices one left, %d are listed", len(before), len(after)))
	}
	done := e.server.Executed()
	if err := kind(e.execute(ctx, cmd), hubs.UnknownDevice); err != nil {
		errs = append(errs, fmt.Errorf("Execute on a device that left: %w", err))
	}
	if n := e.server.Executed() - done; n != 0 {
		errs = append(errs, fmt.Errorf("a command to a device that left took effect %d times", n))
	}
	news, err := e.poll(ctx)
	return errors.Join(append(errs, err, CheckReadings(after, news))...)
}
