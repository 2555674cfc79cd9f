package hubtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// marker stands in answers that must not be quoted.
const marker = "hubtest-body-must-not-show"

// callLimit is how long one call may take without a fault that delays it.
const callLimit = 20 * time.Second

// env is what a check works with: a server, a hub opened on it, and all that the hub
// said so far. Its calls note what would break the contract anywhere.
type env struct {
	o       *Options
	server  Server
	in      *Instance
	others  []*Instance
	ignored goleak.Option // the goroutines of before
	notes   *notes
}

// notes are what hubs said, and what they did that breaks the contract anywhere.
type notes struct {
	mu    sync.Mutex
	said  []string
	wrong []error
}

func newEnv(ctx context.Context, o *Options, s Server) (*env, error) {
	e := &env{o: o, server: s, ignored: goleak.IgnoreCurrent(), notes: &notes{}}
	var err error
	e.in, err = open(ctx, o.Vendor, s.Settings(), auth.NewMemStore(), auth.NewMemStore())
	if err != nil {
		return nil, fmt.Errorf("open with the server's settings: %w", err)
	}
	e.in.patience = o.patient()
	return e, nil
}

// reopen is a restart: another hub on the same stores.
func (e *env) reopen(ctx context.Context) (*env, error) {
	in, err := open(ctx, e.o.Vendor, e.server.Settings(), e.in.Store, e.in.Cache)
	if err != nil {
		return nil, fmt.Errorf("open once more: %w", err)
	}
	e.others = append(e.others, in)
	return &env{o: e.o, server: e.server, in: in, notes: e.notes}, nil
}

// finish closes the hubs and says what broke the contract on the way.
func (e *env) finish(ctx context.Context) error {
	var errs []error
	var logs []string
	for _, in := range append(e.others, e.in) {
		errs = append(errs, in.close(ctx))
		logs = append(logs, strings.Split(in.Log.String(), "\n")...)
	}
	e.notes.mu.Lock()
	defer e.notes.mu.Unlock()
	said := e.notes.said
	errs = append(errs, e.notes.wrong...)
	secrets := e.server.Secrets()
	if err := firstSecret(logs, secrets); err != nil {
		errs = append(errs, fmt.Errorf("log: %w", err))
	}
	if err := firstSecret(said, secrets); err != nil {
		errs = append(errs, fmt.Errorf("error text or data: %w", err))
	}
	if strings.Contains(strings.Join(said, "\n")+strings.Join(logs, "\n"), marker) {
		errs = append(errs, errors.New("a piece of an answer or of a setting shows up in an error or the log"))
	}
	return errors.Join(errs...)
}

func firstSecret(texts, secrets []string) error {
	for _, text := range texts {
		if err := FindSecret(text, secrets); err != nil {
			return err
		}
	}
	return nil
}

func (e *env) note(text string) {
	e.notes.mu.Lock()
	defer e.notes.mu.Unlock()
	e.notes.said = append(e.notes.said, text)
}

func (e *env) blame(format string, args ...any) {
	e.notes.mu.Lock()
	defer e.notes.mu.Unlock()
	e.notes.wrong = append(e.notes.wrong, fmt.Errorf(format, args...))
}

// do makes one call in its own goroutine, so that neither a panic nor a hub that does
// not look at its context stops the suite.
func (e *env) do(ctx context.Context, what string, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				e.blame("%s panics: %v\n%s", what, r, debug.Stack())
				done <- fmt.Errorf("%s: panic", what)
			}
		}()
		done <- call(ctx)
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		late := time.NewTimer(e.o.within())
		defer late.Stop()
		select {
		case err = <-done:
		case <-late.C:
			e.blame("%s has not returned %s after its context ended", what, e.o.within())
			return ctx.Err()
		}
	}
	if err != nil {
		e.note(wordsOf(err))
	}
	return err
}

func (e *env) devices(ctx context.Context) (list []hubs.Device, err error) {
	var got []hubs.Device
	err = e.do(ctx, "Devices", func(ctx context.Context) (err error) {
		ds, err := e.in.Hub.Devices(ctx)
		e.data(ds)
		if err != nil && len(ds) > 0 {
			e.blame("Devices returns %d devices beside an error: half a home", len(ds))
		}
		if err == nil {
			got = ds
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

func (e *env) poll(ctx context.Context) (news []hubs.Reading, err error) {
	var got []hubs.Reading
	err = e.do(ctx, "Poll", func(ctx context.Context) (err error) {
		got, err = e.in.Hub.Poll(ctx)
		e.data(got)
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

func (e *env) execute(ctx context.Context, cmd hubs.Command) error {
	return e.do(ctx, "Execute", func(ctx context.Context) error { return e.in.Hub.Execute(ctx, cmd) })
}

// read is false where the hub cannot read single devices.
func (e *env) read(ctx context.Context, ids ...hubs.DeviceID) (news []hubs.Reading, can bool, err error) {
	r, can := e.in.Hub.(hubs.Reader)
	if !can {
		return nil, false, nil
	}
	var got []hubs.Reading
	err = e.do(ctx, "Read", func(ctx context.Context) (err error) {
		got, err = r.Read(ctx, ids)
		e.data(got)
		return err
	})
	if err != nil {
		return nil, true, err
	}
	return got, true, nil
}

// data notes what would be published.
func (e *env) data(v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		e.blame("%T cannot be written as JSON: %w", v, err)
		return
	}
	e.note(string(raw))
}

// home lists the devices and makes the legal command.
func (e *env) home(ctx context.Context) ([]hubs.Device, hubs.Command, error) {
	devices, err := e.devices(ctx)
	if err != nil {
		return nil, hubs.Command{}, fmt.Errorf("Devices of a healthy server: %w", err)
	}
	if len(devices) == 0 {
		return nil, hubs.Command{}, errors.New("the server's home is empty")
	}
	cmd := e.o.Command(devices)
	entity, err := entityOf(devices, cmd)
	if err != nil {
		return nil, cmd, fmt.Errorf("Options.Command: %w", err)
	}
	if err := cmd.Check(entity); err != nil {
		return nil, cmd, fmt.Errorf("Options.Command is not legal: %w", err)
	}
	return devices, cmd, nil
}

func entityOf(devices []hubs.Device, cmd hubs.Command) (*hubs.Entity, error) {
	for i := range devices {
		if devices[i].ID != cmd.Device {
			continue
		}
		if entity, ok := devices[i].Entity(cmd.Entity); ok {
			return entity, nil
		}
	}
	return nil, fmt.Errorf("there is no entity %q of device %q", cmd.Entity, cmd.Device)
}

// method is one of the hub's calls.
type method struct {
	name string
	call func(ctx context.Context) error
}

// methods are all calls that the hub has, ready to be made.
func (e *env) methods(cmd hubs.Command) []method {
	all := []method{
		{"Devices", func(ctx context.Context) error { _, err := e.devices(ctx); return err }},
		{"Poll", func(ctx context.Context) error { _, err := e.poll(ctx); return err }},
		{"Execute", func(ctx context.Context) error { return e.execute(ctx, cmd) }},
	}
	if _, can := e.in.Hub.(hubs.Reader); can {
		all = append(all, method{"Read", func(ctx context.Context) error {
			_, _, err := e.read(ctx, cmd.Device)
			return err
		}})
	}
	return all
}

// struck makes every call while f holds. want judges its error; a call that did not
// ask the server cannot know of the fault.
func (e *env) struck(ctx context.Context, f Fault, want func(err error) error) error {
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range e.methods(cmd) {
		before := e.server.Calls()
		e.server.Fail(f)
		got := m.call(ctx)
		asked := e.server.Calls() > before
		e.server.Heal()
		if !asked && got == nil {
			continue
		}
		if err := want(got); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.name, err))
		}
	}
	return errors.Join(errs...)
}

// fault wants err to be of one of these kinds.
func fault(err error, want ...hubs.Fault) error {
	if err == nil {
		return fmt.Errorf("no error, want %s", want[0])
	}
	got := hubs.FaultOf(err)
	if slices.Contains(want, got) {
		return nil
	}
	return fmt.Errorf("fault %s, want %s: %w", got, want[0], err)
}
