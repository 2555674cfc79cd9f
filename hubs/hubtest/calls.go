package hubtest

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// do makes one call in its own goroutine, so that neither a panic nor a hub that does
// not look at its context stops the suite, and lets a little time pass after it.
func (e *env) do(ctx context.Context, what string, call func(context.Context) error) error {
	limit := 2 * longest
	if what == watchCall {
		limit = checkLimit
	}
	callCtx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				e.blame("%s panics: %v\n%s", what, r, debug.Stack())
				done <- fmt.Errorf("%s: panic", what)
			}
		}()
		done <- call(callCtx)
	}()
	err, ended := awaitEnd(callCtx, done)
	switch {
	case !ended:
		e.blame("%s has not returned %s after its context ended", what, within)
		return callCtx.Err()
	case ctx.Err() == nil && what != watchCall && time.Since(began) > longest:
		e.blame("%s took %s", what, time.Since(began))
	}
	if err != nil {
		e.note(wordsOf(err))
	}
	if what != watchCall {
		wait(ctx, apart)
	}
	return err
}

// watchCall is the one call that lasts.
const watchCall = "Watch"

func awaitEnd(ctx context.Context, done <-chan error) (err error, ended bool) {
	select {
	case err = <-done:
		return err, true
	case <-ctx.Done():
	}
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case err = <-done:
		return err, true
	case <-late.C:
		return nil, false
	}
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
	ctx = hubs.WithPurpose(ctx, hubs.ForCommand)
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

// look reads one device in the cheapest way that the hub has.
func (e *env) look(ctx context.Context, id hubs.DeviceID) ([]hubs.Reading, error) {
	news, can, err := e.read(ctx, id)
	if !can {
		news, err = e.poll(ctx)
	}
	return news, err
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

// method is one of the hub's calls.
type method struct {
	name string
	call func(ctx context.Context) error
}

const executeCall = "Execute"

// methods are all calls that the hub has, ready to be made.
func (e *env) methods(cmd hubs.Command) []method {
	all := []method{
		{"Devices", func(ctx context.Context) error { _, err := e.devices(ctx); return err }},
		{"Poll", func(ctx context.Context) error { _, err := e.poll(ctx); return err }},
		{executeCall, func(ctx context.Context) error { return e.execute(ctx, cmd) }},
	}
	if _, can := e.in.Hub.(hubs.Reader); can {
		all = append(all, method{"Read", func(ctx context.Context) error {
			_, _, err := e.read(ctx, cmd.Device)
			return err
		}})
	}
	return all
}

// kind wants err to be of one of these kinds.
func kind(err error, want ...hubs.Fault) error {
	if err == nil {
		return fmt.Errorf("no error, want %s", want[0])
	}
	got := hubs.FaultOf(err)
	if slices.Contains(want, got) {
		return nil
	}
	return fmt.Errorf("fault %s, want %s: %w", got, want[0], err)
}
