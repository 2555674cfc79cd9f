package hubtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// What a hub keeps, and what it may use up.
func storeChecks() []check {
	return []check{
		{"cache survives a restart", cacheSurvives},
		{"damaged cache does no harm", cacheDamaged},
		{"quota is kept", quotaKept},
	}
}

// fill uses the hub so that it keeps what it keeps.
func (e *env) fill(ctx context.Context) ([]hubs.Device, hubs.Command, error) {
	devices, cmd, err := e.home(ctx)
	if err != nil {
		return nil, cmd, err
	}
	for _, m := range e.methods(cmd) {
		if err := m.call(ctx); err != nil {
			return nil, cmd, fmt.Errorf("%s of a healthy server: %w", m.name, err)
		}
	}
	return devices, cmd, nil
}

func cacheSurvives(ctx context.Context, e *env) error {
	devices, _, err := e.fill(ctx)
	if err != nil {
		return err
	}
	before := e.seen()
	var errs []error
	for _, name := range e.o.Cached {
		if before.ByName[name] == 0 {
			errs = append(errs, fmt.Errorf("Options.Cached names %q, a call that is never made", name))
		}
	}
	again, err := e.reopen(ctx)
	if err != nil {
		return err
	}
	after, _, err := again.fill(ctx)
	if err != nil {
		return fmt.Errorf("after a restart: %w", err)
	}
	if diff := cmp.Diff(shape(devices), shape(after)); diff != "" {
		errs = append(errs, fmt.Errorf("the home differs after a restart (-before +after):\n%s", diff))
	}
	now := e.seen()
	for _, name := range e.o.Cached {
		if n := now.ByName[name] - before.ByName[name]; n > 0 {
			errs = append(errs, fmt.Errorf("%q is called %d times after a restart, want 0: it is in the cache", name, n))
		}
	}
	return errors.Join(errs...)
}

// cacheDamaged puts into the cache what disks and older versions leave there.
func cacheDamaged(ctx context.Context, e *env) error {
	devices, cmd, err := e.fill(ctx)
	if err != nil {
		return err
	}
	keys, err := e.in.Cache.List(ctx, "")
	if err != nil {
		return fmt.Errorf("list the cache: %w", err)
	}
	var errs []error
	for _, junk := range []string{
		"", "null", "{}", "[]", "7", `"text"`, "{", "[{}]", `{"version":99}`, "\x00\xff", marker, strings.Repeat("[", 100_000),
	} {
		for _, key := range keys {
			_, rev, err := e.in.Cache.Get(ctx, key)
			if err == nil {
				_, err = e.in.Cache.Put(ctx, key, []byte(junk), rev)
			}
			if err != nil {
				return fmt.Errorf("damage the cache: %w", err)
			}
		}
		if err := e.restarted(ctx, e.in.Cache, devices, cmd); err != nil {
			errs = append(errs, fmt.Errorf("a cache of %.20q: %w", junk, err))
		}
	}
	if err := e.restarted(ctx, deadStore{}, devices, cmd); err != nil {
		errs = append(errs, fmt.Errorf("a cache that takes and gives nothing: %w", err))
	}
	return errors.Join(errs...)
}

// restarted wants a hub with this cache to work.
func (e *env) restarted(ctx context.Context, cache auth.KV, devices []hubs.Device, cmd hubs.Command) error {
	again, err := e.with(ctx, nil, e.in.Store, cache)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	return again.recovered(ctx, devices, cmd)
}

// deadStore is a store on a disk that is gone.
type deadStore struct{}

var (
	_       auth.KV = deadStore{}
	errDisk         = errors.New("input/output error")
)

// Get implements auth.KV.
func (deadStore) Get(context.Context, string) ([]byte, uint64, error) { return nil, 0, errDisk }

// Put implements auth.KV.
func (deadStore) Put(context.Context, string, []byte, uint64) (uint64, error) { return 0, errDisk }

// Delete implements auth.KV.
func (deadStore) Delete(context.Context, string) error { return errDisk }

// List implements auth.KV.
func (deadStore) List(context.Context, string) ([]string, error) { return nil, errDisk }

// Lock implements auth.KV.
func (deadStore) Lock(context.Context, string) (context.Context, func(), error) {
	return nil, nil, errDisk
}

// quotaKept spends an account's budget: polls end first, commands live on what is kept
// for them, nothing is sent beyond, and the next period begins anew.
func quotaKept(ctx context.Context, e *env) error {
	if _, can := e.in.Hub.(hubs.Budgeted); !can {
		return nil
	}
	if e.o.Quota == nil {
		return errors.New("the hub has a budget: Options.Quota must say how to limit it")
	}
	const calls = 60
	e, err := e.with(ctx, e.o.Quota(calls), auth.NewMemStore(), auth.NewMemStore())
	if err != nil {
		return fmt.Errorf("open with a quota: %w", err)
	}
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	if err := e.spend(ctx, calls, func(ctx context.Context) error { _, err := e.poll(ctx); return err }); err != nil {
		return fmt.Errorf("Poll: %w", err)
	}
	done := e.server.Executed()
	if err := e.spend(ctx, calls, func(ctx context.Context) error { return e.execute(ctx, cmd) }); err != nil {
		return fmt.Errorf("Execute: %w", err)
	}
	var errs []error
	if e.server.Executed() == done {
		errs = append(errs, errors.New("polls have spent everything: nothing is kept for commands"))
	}
	b, _ := e.in.Hub.(hubs.Budgeted).Budget()
	if b.Limit != calls || b.Used > b.Limit || e.calls() > calls {
		errs = append(errs, fmt.Errorf("%d of %d calls are used, %d were made, the limit is %d", b.Used, b.Limit, e.calls(), calls))
	}
	wait(ctx, time.Until(b.Ends)+soon)
	if _, err := e.poll(ctx); err != nil {
		errs = append(errs, fmt.Errorf("Poll in the next period: %w", err))
	}
	return errors.Join(errs...)
}

// spend makes calls until the budget ends them, maybe in the middle of one, and sees that
// the next is not sent.
func (e *env) spend(ctx context.Context, most int, call func(context.Context) error) error {
	for range most + 1 {
		if call(ctx) == nil {
			continue
		}
		before := e.calls()
		err := call(ctx)
		he, ok := errors.AsType[*hubs.Error](err)
		switch {
		case kind(err, hubs.Limited) != nil:
			return kind(err, hubs.Limited)
		case !ok || he.After <= 0:
			return fmt.Errorf("the error does not say when the next period begins: %w", err)
		case e.calls() != before:
			return fmt.Errorf("%d calls though the budget is spent", e.calls()-before)
		}
		if b, known := e.in.Hub.(hubs.Budgeted).Budget(); !known || time.Now().Add(he.After).After(b.Ends.Add(soon)) {
			return fmt.Errorf("the error says to wait %s, the period ends %s", he.After, b.Ends)
		}
		return nil
	}
	return fmt.Errorf("no end of the budget of %d calls", most)
}
