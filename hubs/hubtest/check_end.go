package hubtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func endChecks() []check {
	return []check{
		{"cancel ends every call", cancelled},
		{"concurrent use", concurrent},
		{"two hubs of one vendor are two", twoHubs},
		{"no secret shows", secrets},
		{"no goroutine is left", goroutines},
	}
}

// hangs makes every call against a server that does not answer, and gives up soon.
func (e *env) hangs(ctx context.Context, cmd hubs.Command) error {
	const hurry = 50 * time.Millisecond
	var errs []error
	e.server.Faults().Fail(fault.Fault{Kind: fault.Hang, Times: fault.Always})
	defer e.server.Faults().Heal()
	for _, m := range e.methods(cmd) {
		before := e.calls()
		short, cancel := context.WithTimeout(ctx, hurry)
		err := m.call(short) // do blames a call that outlives its context
		cancel()
		if e.calls() == before && err == nil {
			continue
		}
		if err := kind(err, hubs.Transient); err != nil {
			errs = append(errs, fmt.Errorf("%s that is given up: %w", m.name, err))
		}
	}
	return errors.Join(errs...)
}

func cancelled(ctx context.Context, e *env) error {
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	errs := []error{e.hangs(ctx, cmd)}
	over, cancel := context.WithCancel(ctx)
	cancel()
	done := e.server.Executed()
	for _, m := range e.methods(cmd) {
		before := e.calls()
		if err := m.call(over); err != nil && hubs.FaultOf(err) != hubs.Transient {
			errs = append(errs, fmt.Errorf("%s with a context that has ended: %w", m.name, kind(err, hubs.Transient)))
		}
		if n := e.calls() - before; n > 0 {
			errs = append(errs, fmt.Errorf("%s makes %d calls though its context has ended", m.name, n))
		}
	}
	if e.server.Executed() != done {
		errs = append(errs, errors.New("a command took effect though its context had ended"))
	}
	// Nothing hangs on what was given up.
	if _, err := e.devices(ctx); err != nil {
		errs = append(errs, fmt.Errorf("Devices afterwards: %w", err))
	}
	return errors.Join(errs...)
}

func concurrent(ctx context.Context, e *env) error {
	const workers, rounds = 6, 3
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make(chan error, workers*rounds*4)
	for range workers {
		wg.Go(func() {
			for range rounds {
				for _, m := range e.methods(cmd) {
					if err := m.call(ctx); err != nil {
						errs <- fmt.Errorf("%s among others: %w", m.name, err)
					}
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

func secrets(ctx context.Context, e *env) error {
	rows := slices.Concat(strange()[:3], forbidden(), limits(), []strike{
		{name: "echo", fault: fault.Fault{Kind: fault.Echo}, either: true},
		{name: "echo of a refused token", fault: fault.Fault{Kind: fault.Echo, Status: http.StatusUnauthorized}, either: true},
		{name: "400", fault: fault.Fault{Kind: fault.Answer, Status: http.StatusBadRequest, Body: `{"message":"no"}`}, either: true},
	})
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	var errs []error
	if d, can := e.in.Hub.(hubs.Dumper); can {
		err := e.do(ctx, "Raw", func(ctx context.Context) error {
			raw, err := d.Raw(ctx)
			e.data(raw)
			return err
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("the raw answers of a healthy server: %w", err))
		}
	}
	for _, s := range rows {
		_ = e.struck(ctx, s, cmd) // other checks are there for that: finish looks for secrets
		wait(ctx, time.Hour)
	}
	for _, role := range []fault.Role{fault.Renewal, fault.Stream} {
		e.server.Faults().Fail(fault.Fault{Kind: fault.Echo, Role: role, Times: fault.Always})
	}
	e.refuse()
	_, _ = e.poll(ctx)
	if w, can := e.in.Hub.(hubs.Watcher); can {
		hurried, cancel := context.WithTimeout(ctx, soon)
		_ = e.do(hurried, watchCall, func(ctx context.Context) error { return w.Watch(ctx, newSink()) })
		cancel()
	}
	e.server.Faults().Heal()
	wait(ctx, time.Hour)
	return errors.Join(errs...)
}

// goroutines uses everything and then counts what is left.
func goroutines(ctx context.Context, e *env) error {
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	for _, m := range e.methods(cmd) {
		if err := m.call(ctx); err != nil {
			return fmt.Errorf("%s of a healthy server: %w", m.name, err)
		}
	}
	errs := []error{e.hangs(ctx, cmd)}
	if w, can := e.in.Hub.(hubs.Watcher); can {
		errs = append(errs, e.streaming(ctx, w, func(context.Context, *sink) error { return nil }))
	}
	errs = append(errs, e.in.close(ctx))
	if err := goleak.Find(e.ignored); err != nil {
		errs = append(errs, fmt.Errorf("goroutines are left: %w", err))
	}
	return errors.Join(errs...)
}

// twoHubs runs two hubs on two servers that differ in nothing but their tokens and what
// happens to them: neither knows of the other.
func twoHubs(ctx context.Context, e *env) error {
	other, err := e.another(ctx)
	if err != nil {
		return fmt.Errorf("open a second hub: %w", err)
	}
	devices, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	if s := other.seen(); s.Calls+s.Renewals > 0 {
		return fmt.Errorf("the other hub's server has seen %d calls of this hub's", s.Calls+s.Renewals)
	}
	var errs []error
	wrong := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	wrong("a command before the other hub's first inventory", kind(other.execute(ctx, cmd), hubs.UnknownDevice))
	before, err := other.devices(ctx)
	wrong("Devices of the other hub", err)
	if diff := cmp.Diff(shape(devices), shape(before)); diff != "" {
		wrong("two equal homes differ", errors.New(diff))
	}
	was, err := other.poll(ctx)
	wrong("Poll of the other hub", err)
	renewals := other.seen().Renewals

	e.refuse()
	_, err = e.poll(ctx)
	wrong("Poll with a token that is refused once", err)
	wrong("Execute", e.execute(ctx, cmd))
	e.server.Offline(cmd.Device)
	_, _ = e.poll(ctx)
	e.server.Faults().Fail(fault.Fault{Kind: fault.Reset, Times: fault.Always})

	wrong("the other hub, after trouble with this one", other.recovered(ctx, before, cmd))
	if n := other.seen().Renewals - renewals; n != 0 {
		errs = append(errs, fmt.Errorf("the other hub renewed its token %d times, want 0", n))
	}
	for _, r := range was {
		if r.Device == cmd.Device && r.Online != nil && !*r.Online {
			errs = append(errs, errors.New("a device of the other hub is offline"))
		}
	}
	return errors.Join(errs...)
}
