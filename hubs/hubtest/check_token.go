package hubtest

import (
	"context"
	"errors"
	"fmt"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func tokenChecks() []check {
	return []check{
		{"refused token is renewed once for a poll", refusedPoll},
		{"refused token is renewed once for a command", refusedCommand},
		{"renewed token survives a restart", restart},
		{"token that stays refused wants a login", refusedForGood},
	}
}

func refusedPoll(ctx context.Context, e *env) error {
	if _, _, err := e.home(ctx); err != nil {
		return err
	}
	before := e.server.Calls()
	if _, err := e.poll(ctx); err != nil {
		return fmt.Errorf("Poll of a healthy server: %w", err)
	}
	usual := e.server.Calls() - before
	if usual == 0 {
		return nil
	}
	renewals := e.server.Refreshes()
	before = e.server.Calls()
	e.server.Fail(Fault{Kind: Refuse, Times: 1})
	if _, err := e.poll(ctx); err != nil {
		return fmt.Errorf("Poll with a token that is refused once: %w", err)
	}
	return renewedOnce(e, renewals, e.server.Calls()-before, usual)
}

func refusedCommand(ctx context.Context, e *env) error {
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	before, done := e.server.Calls(), e.server.Executed()
	if err := e.execute(ctx, cmd); err != nil {
		return fmt.Errorf("Execute on a healthy server: %w", err)
	}
	usual := e.server.Calls() - before
	renewals := e.server.Refreshes()
	before = e.server.Calls()
	e.server.Fail(Fault{Kind: Refuse, Times: 1})
	if err := e.execute(ctx, cmd); err != nil {
		return fmt.Errorf("Execute with a token that is refused once: %w", err)
	}
	if n := e.server.Executed() - done; n != 2 {
		return fmt.Errorf("two commands took effect %d times", n)
	}
	return renewedOnce(e, renewals, e.server.Calls()-before, usual)
}

func renewedOnce(e *env, renewals, calls, usual int) error {
	if n := e.server.Refreshes() - renewals; n != 1 {
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
	e.server.Fail(Fault{Kind: Refuse, Times: 1})
	if _, err := e.devices(ctx); err != nil {
		return fmt.Errorf("Devices with a token that is refused once: %w", err)
	}
	renewals := e.server.Refreshes()
	again, err := e.reopen(ctx)
	if err != nil {
		return err
	}
	if _, err := again.devices(ctx); err != nil {
		return fmt.Errorf("Devices after a restart: %w", err)
	}
	if n := e.server.Refreshes() - renewals; n != 0 {
		return fmt.Errorf("%d renewals after the restart, want 0: the stored token is good", n)
	}
	return nil
}

func refusedForGood(ctx context.Context, e *env) error {
	const times = 5
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	renewals := e.server.Refreshes()
	e.server.Fail(Fault{Kind: Refuse})
	var errs []error
	for range times {
		_, err := e.devices(ctx)
		errs = append(errs, fault(err, hubs.LoginNeeded), fault(e.execute(ctx, cmd), hubs.LoginNeeded))
		if err != nil && !errors.Is(err, auth.ErrLogin) && !errors.Is(err, auth.ErrRejected) {
			errs = append(errs, fmt.Errorf("the error is neither auth.ErrLogin nor auth.ErrRejected: %w", err))
		}
	}
	if n := e.server.Refreshes() - renewals; n > times {
		errs = append(errs, fmt.Errorf("%d renewals for %d calls: a storm", n, 2*times))
	}
	return errors.Join(errs...)
}
