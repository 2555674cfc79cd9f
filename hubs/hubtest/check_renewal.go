package hubtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func renewalChecks() []check {
	return []check{
		{"failed renewal is tried again", renewalFails},
		{"lost reply to a renewal makes no storm", renewalLost},
	}
}

// renewalFails strikes the renewal before the server does its part: once that is over,
// the next one helps, without a human.
func renewalFails(ctx context.Context, e *env) error {
	limited := status(http.StatusTooManyRequests)
	limited.RetryAfter = "7"
	rows := slices.Concat(network(), []strike{
		{name: "500", fault: status(http.StatusInternalServerError), want: transient()},
		{name: "503", fault: status(http.StatusServiceUnavailable), want: transient()},
		{name: "429", fault: limited, want: []hubs.Fault{hubs.Limited, hubs.Transient}},
		{name: "hang", fault: fault.Fault{Kind: fault.Hang}, want: transient()},
		{name: "reset", fault: fault.Fault{Kind: fault.Reset}, want: transient()},
		{name: "HTML", fault: fault.Fault{Kind: fault.HTML}, want: noise()},
		{name: "nothing", fault: fault.Fault{Kind: fault.Empty}, want: noise()},
		{name: "no JSON", fault: fault.Fault{Kind: fault.Answer, Body: marker}, want: noise()},
	})
	return e.renewals(ctx, rows, func(err error) error { return err })
}

// renewalLost strikes it after the server has done its part. Where that ended the old
// token, only a human can help: but the hub must find that out, and not ask for ever.
func renewalLost(ctx context.Context, e *env) error {
	rows := []strike{
		{name: "lost reply", fault: fault.Fault{Kind: fault.LostReply}, want: transient()},
		{name: "cut", fault: fault.Fault{Kind: fault.Cut}, want: transient()},
		{name: "truncated", fault: fault.Fault{Kind: fault.Truncated}, want: noise()},
		{name: "wrong types", fault: fault.Fault{Kind: fault.WrongTypes}, want: noise()},
	}
	return e.renewals(ctx, rows, func(err error) error {
		if err == nil {
			return nil
		}
		return kind(err, hubs.LoginNeeded)
	})
}

// renewals gives each row hubs of its own, since a manager remembers: one whose token is
// refused to a poll, and where tokens build on each other one where an inventory's is.
func (e *env) renewals(ctx context.Context, rows []strike, atLast func(error) error) error {
	pollOf := func(e *env) method {
		return method{"Poll", func(ctx context.Context) error { _, err := e.poll(ctx); return err }}
	}
	listOf := func(e *env) method {
		return method{"Devices", func(ctx context.Context) error { _, err := e.devices(ctx); return err }}
	}
	ways := []func(*env) method{pollOf}
	if len(e.o.Layers) > 1 {
		ways = append(ways, listOf)
	}
	var errs []error
	for _, s := range rows {
		for _, of := range ways {
			one, err := e.another(ctx)
			if err != nil {
				return err
			}
			m := of(one)
			if err := one.renewal(ctx, m, s, atLast); err != nil {
				errs = append(errs, fmt.Errorf("%s, %s: %w", s.name, m.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// renewal strikes the renewals that a refusal of m brings about.
func (e *env) renewal(ctx context.Context, m method, s strike, atLast func(error) error) error {
	const (
		lasts = 10 * time.Minute
		every = 10 * time.Second
		most  = 20 // attempts in that time: a ladder of seconds, then minutes
	)
	if _, _, err := e.fill(ctx); err != nil {
		return err
	}
	f := s.fault
	f.Role, f.Times, f.For = fault.Renewal, fault.Always, lasts
	if f.Kind.AfterWork() {
		f.Times = 1 // the server's part is done once, and what follows is refused
	}
	before := e.seen()
	e.server.Faults().Fail(f)
	e.refuse()
	got := m.call(ctx)
	if e.seen().Struck-before.Struck < 2 {
		return nil // this vendor renews nothing, or does this by other means
	}
	var errs []error
	if err := kind(got, s.want...); err != nil {
		errs = append(errs, fmt.Errorf("while the renewal fails: %w", err))
	}
	for range int(lasts / every) {
		wait(ctx, every)
		_ = m.call(ctx) // how it fares is told at the end
	}
	now := e.seen() // those that were struck on their way never came in
	if n := max(now.Renewals-before.Renewals, now.Struck-before.Struck); n > most {
		errs = append(errs, fmt.Errorf("a storm: %d attempts in %s", n, lasts))
	}
	wait(ctx, time.Hour)
	if err := atLast(m.call(ctx)); err != nil {
		errs = append(errs, fmt.Errorf("once the trouble is over: %w", err))
	}
	return errors.Join(errs...)
}
