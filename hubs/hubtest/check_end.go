package hubtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func endChecks() []check {
	return []check{
		{"cancel ends every call", cancelled},
		{"concurrent use", concurrent},
		{"stream tells what a command changed", watched},
		{"watch ends with its stream", streamBreaks},
		{"no secret shows", secrets},
		{"no goroutine is left", goroutines},
	}
}

// hangs makes every call against a server that does not answer, and gives up soon.
func (e *env) hangs(ctx context.Context, cmd hubs.Command) error {
	const patience = 50 * time.Millisecond
	var errs []error
	e.server.Fail(Fault{Kind: Hang})
	defer e.server.Heal()
	for _, m := range e.methods(cmd) {
		before := e.server.Calls()
		short, cancel := context.WithTimeout(ctx, patience)
		err := m.call(short) // do blames a call that outlives its context
		cancel()
		if e.server.Calls() == before && err == nil {
			continue
		}
		if err := fault(err, hubs.Transient); err != nil {
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
		before := e.server.Calls()
		if err := m.call(over); err != nil && hubs.FaultOf(err) != hubs.Transient {
			errs = append(errs, fmt.Errorf("%s with a context that has ended: %w", m.name, fault(err, hubs.Transient)))
		}
		if n := e.server.Calls() - before; n > 0 {
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
	var errs []error
	for _, f := range []Fault{
		{Kind: Echo},
		{Kind: Refuse, Times: 1},
		{Kind: Answer, Status: 400, Body: `{"message":"no"}`},
		{Kind: Answer, Status: 403},
		{Kind: Answer, Status: 404},
		{Kind: Limit, After: time.Second},
		{Kind: Reset},
		{Kind: Answer, Status: 302},
	} {
		if err := e.struck(ctx, f, func(error) error { return nil }); err != nil {
			errs = append(errs, fmt.Errorf("%s %d: %w", f.Kind, f.Status, err))
		}
	}
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
		_, err := e.watch(ctx, w, func(context.Context, *sink) error { return nil })
		errs = append(errs, err)
	}
	errs = append(errs, e.in.close(ctx))
	if err := goleak.Find(e.ignored); err != nil {
		errs = append(errs, fmt.Errorf("goroutines are left: %w", err))
	}
	return errors.Join(errs...)
}
