package hubtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func tokenChecks() []check {
	return []check{
		{"refused token is renewed once for a poll", refusedPoll},
		{"refused token is renewed once for a command", refusedCommand},
		{"renewed token survives a restart", restart},
		{"token that stays refused wants a login", refusedForGood},
		{"refused token is repaired in its own layer", layers},
	}
}

// refuse lets the server refuse the token of the next call.
func (e *env) refuse() {
	f := status(http.StatusUnauthorized)
	f.Role = fault.Call
	e.server.Faults().Fail(f)
}

func refusedPoll(ctx context.Context, e *env) error {
	if _, _, err := e.home(ctx); err != nil {
		return err
	}
	before := e.calls()
	if _, err := e.poll(ctx); err != nil {
		return fmt.Errorf("Poll of a healthy server: %w", err)
	}
	usual := e.calls() - before
	if usual == 0 {
		return nil
	}
	renewals := e.seen().Renewals
	before = e.calls()
	e.refuse()
	if _, err := e.poll(ctx); err != nil {
		return fmt.Errorf("Poll with a token that is refused once: %w", err)
	}
	return renewedOnce(e, renewals, e.calls()-before, usual)
}

func refusedCommand(ctx context.Context, e *env) error {
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	before, done := e.calls(), e.server.Executed()
	if err := e.execute(ctx, cmd); err != nil {
		return fmt.Errorf("Execute on a healthy server: %w", err)
	}
	usual := e.calls() - before
	renewals := e.seen().Renewals
	before = e.calls()
	e.refuse()
	if err := e.execute(ctx, cmd); err != nil {
		return fmt.Errorf("Execute with a token that is refused once: %w", err)
	}
	if n := e.server.Executed() - done; n != 2 {
		return fmt.Errorf("two commands took effect %d times", n)
	}
	return renewedOnce(e, renewals, e.calls()-before, usual)
}

func renewedOnce(e *env, renewals, calls, usual int) error {
	if n := e.seen().Renewals - renewals; n != 1 {
		return fmt.Errorf("%d renewals, want 1", n)
	}
	if calls != usual+1 {
		return fmt.Errorf("%d calls, want %d: the refused one once more", calls, usual+1)
	}
	return nil
}

// restart opens a second hub on the same stores: the seed in the settings is old by
// then, and may be dead.
func restart(ctx context.Context, e *env) error {
	if _, _, err := e.home(ctx); err != nil {
		return err
	}
	e.refuse()
	if _, err := e.devices(ctx); err != nil {
		return fmt.Errorf("Devices with a token that is refused once: %w", err)
	}
	renewals := e.seen().Renewals
	again, err := e.reopen(ctx)
	if err != nil {
		return err
	}
	if _, err := again.devices(ctx); err != nil {
		return fmt.Errorf("Devices after a restart: %w", err)
	}
	if n := e.seen().Renewals - renewals; n != 0 {
		return fmt.Errorf("%d renewals after the restart, want 0: the stored token is good", n)
	}
	return nil
}

// refusedForGood refuses tokens, at first those alone, then their renewals too.
func refusedForGood(ctx context.Context, e *env) error {
	const times = 5
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, role := range []fault.Role{fault.Call, fault.Any} {
		renewals := e.seen().Renewals
		refusal := status(http.StatusUnauthorized)
		refusal.Role, refusal.Times = role, fault.Always
		e.server.Faults().Fail(refusal)
		for range times {
			_, err := e.devices(ctx)
			errs = append(errs, kind(err, hubs.LoginNeeded), kind(e.execute(ctx, cmd), hubs.LoginNeeded))
			if err != nil && !errors.Is(err, auth.ErrLogin) && !errors.Is(err, auth.ErrRejected) {
				errs = append(errs, fmt.Errorf("the error is neither auth.ErrLogin nor auth.ErrRejected: %w", err))
			}
		}
		if n := e.seen().Renewals - renewals; n > times*max(1, len(e.o.Layers)) {
			errs = append(errs, fmt.Errorf("%d renewals for %d calls: a storm", n, 2*times))
		}
		e.server.Faults().Heal()
		wait(ctx, time.Hour) // a new token is kept for a while, though it is refused
	}
	return errors.Join(errs...)
}

// layers refuses the tokens of one layer at a time: it alone is renewed.
func layers(ctx context.Context, e *env) error {
	_, cmd, err := e.fill(ctx) // all layers have a token then
	if err != nil {
		return err
	}
	var errs []error
	for _, layer := range e.o.Layers {
		refusal := status(http.StatusUnauthorized)
		refusal.Role, refusal.Layer = fault.Call, layer
		before := e.seen()
		e.server.Faults().Fail(refusal)
		for _, m := range e.methods(cmd) {
			if err := m.call(ctx); err != nil {
				errs = append(errs, fmt.Errorf("%s refused: %s: %w", layer, m.name, err))
			}
		}
		now := e.seen()
		if now.Struck == before.Struck {
			errs = append(errs, fmt.Errorf("no call needs a token of the layer %q", layer))
		}
		for _, other := range e.o.Layers {
			want := 0
			if other == layer {
				want = 1
			}
			if n := now.ByLayer[other] - before.ByLayer[other]; n != want {
				errs = append(errs, fmt.Errorf("%s refused: %d renewals of %s, want %d", layer, n, other, want))
			}
		}
		e.server.Faults().Heal()
		wait(ctx, time.Hour)
	}
	return errors.Join(errs...)
}
