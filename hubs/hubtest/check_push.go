package hubtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// What happens to news on their way.
func pushChecks() []check {
	return []check{
		{"news twice, late or in pieces end right", newsEndRight},
		{"events are counted", eventsCounted},
		{"news that cannot be read cost themselves only", spoiledNews},
		{"stale read does not pass for news", staleRead},
	}
}

// newsEndRight mistreats the news of two commands in a row. Merged as the bridge does it,
// by the vendor's time, the later one's value is what is left.
func newsEndRight(ctx context.Context, e *env) error {
	w, devices, first, err := e.watcher(ctx)
	if w == nil {
		return err
	}
	second, field, err := opposite(devices, first)
	if err != nil {
		return err
	}
	const late = 10 * time.Second
	return e.streaming(ctx, w, func(ctx context.Context, s *sink) error {
		var errs []error
		for _, f := range []fault.Fault{
			{Kind: fault.Duplicate, Times: fault.Always},
			{Kind: fault.Delayed, Times: fault.Always, Delay: late, For: apart}, // the first command's only
			{Kind: fault.OutOfOrder},
			{Kind: fault.Split, Times: fault.Always},
			{Kind: fault.Bounce},
		} {
			s.forget()
			struck := e.seen().Struck
			e.server.Faults().Fail(f)
			for _, cmd := range []hubs.Command{first, second} {
				if err := e.execute(ctx, cmd); err != nil {
					return fmt.Errorf("Execute on a healthy server: %w", err)
				}
				wait(ctx, e.o.Settle)
			}
			wait(ctx, soon)
			e.server.Faults().Heal()
			if e.seen().Struck == struck {
				return errUnstruck
			}
			want := second.Set[0]
			got, ok := merged(s.got(), second.Device, hubs.Point{Entity: second.Entity, Attr: want.Attr})
			if !ok || !near(field, got, want.Value) {
				errs = append(errs, fmt.Errorf("%s: %s of %s is %s at last, want %s", f.Kind, want.Attr, second.Entity, got, want.Value))
			}
			errs = append(errs, CheckReadings(devices, s.got()))
		}
		return errors.Join(errs...)
	})
}

var errUnstruck = errors.New("what the server pushes does not go through its faults (fault.Table.Push)")

// opposite is a command that sets one attribute of first, one that shows, to another
// value.
func opposite(devices []hubs.Device, first hubs.Command) (second hubs.Command, f hubs.Field, err error) {
	entity, err := entityOf(devices, first)
	if err != nil {
		return second, f, err
	}
	for _, set := range slices.Backward(seen(entity, first)) {
		f, _ = entity.Field(set.Attr)
		if v, ok := choose(entity, f, set.Value); ok {
			second = hubs.Command{Device: first.Device, Entity: first.Entity, With: first.With}
			second.Set = []hubs.AttrValue{{Attr: set.Attr, Value: v}}
			return second, f, nil
		}
	}
	return second, f, errors.New("Options.Command sets nothing that shows and has another value")
}

// merged is what the bridge shows of a point: what has the newest time, and of equal
// ones the last; what has no time counts when it comes.
func merged(news []hubs.Reading, id hubs.DeviceID, p hubs.Point) (got hubs.Value, ok bool) {
	var newest time.Time
	for _, r := range news {
		for _, v := range r.Values {
			if r.Device != id || v.Point != p || !v.At.IsZero() && v.At.Before(newest) {
				continue
			}
			got, ok = v.Value, true
			if !v.At.IsZero() {
				newest = v.At
			}
		}
	}
	return got, ok
}

// eventsCounted lets something happen once, and then twice the same: that is what comes.
func eventsCounted(ctx context.Context, e *env) error {
	w, devices, _, err := e.watcher(ctx)
	server, can := e.server.(Happener)
	if w == nil || !can {
		return err
	}
	return e.streaming(ctx, w, func(ctx context.Context, s *sink) error {
		var errs []error
		for _, c := range []struct {
			name  string
			fault fault.Kind
			times int
			most  int // beyond times
		}{
			{"one event", "", 1, 0},
			{"two equal events", "", 2, 0},
			{"one event, sent twice", fault.Duplicate, 1, 1},
			{"one event, late", fault.Delayed, 1, 0},
		} {
			s.forget()
			if c.fault != "" {
				e.server.Faults().Fail(fault.Fault{Kind: c.fault, Times: fault.Always, Delay: time.Second})
			}
			for range c.times {
				server.Happen()
			}
			wait(ctx, soon)
			e.server.Faults().Heal()
			if e.o.EventIDs {
				c.most = 0
			}
			if n := happenings(s.got()); n < c.times || n > c.times+c.most {
				errs = append(errs, fmt.Errorf("%s: %d came, want %d", c.name, n, c.times))
			}
			errs = append(errs, CheckReadings(devices, s.got()))
		}
		return errors.Join(errs...)
	})
}

func happenings(news []hubs.Reading) (n int) {
	for _, r := range news {
		n += len(r.Events)
	}
	return n
}

// spoiledNews breaks one update on its way; the next one comes, on the same stream or on
// another.
func spoiledNews(ctx context.Context, e *env) error {
	w, devices, first, err := e.watcher(ctx)
	if w == nil {
		return err
	}
	second, _, err := opposite(devices, first)
	if err != nil {
		return err
	}
	return e.streaming(ctx, w, func(ctx context.Context, s *sink) error {
		var errs []error
		for _, k := range []fault.Kind{fault.Truncated, fault.WrongTypes, fault.Lost} {
			struck := e.seen().Struck
			e.server.Faults().Fail(fault.Fault{Kind: k, Role: fault.Pushed, Times: fault.Always, For: apart})
			if err := e.execute(ctx, first); err != nil {
				return fmt.Errorf("Execute on a healthy server: %w", err)
			}
			wait(ctx, soon)
			e.server.Faults().Heal()
			if e.seen().Struck == struck {
				return errUnstruck
			}
			if err := e.brings(ctx, s, devices, second); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", k, err))
			}
		}
		return errors.Join(errs...)
	})
}

// staleRead lets reads lag behind a command, as clouds do. What they bring must not look
// newer than what was read before, or it would take the command back.
func staleRead(ctx context.Context, e *env) error {
	devices, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	entity, err := entityOf(devices, cmd)
	if err != nil {
		return err
	}
	wanted := seen(entity, cmd)
	if err := e.execute(ctx, cmd); err != nil {
		return fmt.Errorf("Execute on a healthy server: %w", err)
	}
	var fresh []hubs.Reading
	err = e.eventually(ctx, func() (err error) {
		if fresh, err = e.look(ctx, cmd.Device); err != nil {
			return err
		}
		return shows(fresh, cmd, entity, wanted)
	})
	if err != nil {
		return fmt.Errorf("a read after Execute: %w", err)
	}
	e.server.Faults().Fail(fault.Fault{Kind: fault.Stale, Times: fault.Always})
	var errs []error
	for range 2 {
		wait(ctx, soon)
		stale, err := e.look(ctx, cmd.Device)
		if err != nil {
			return fmt.Errorf("a stale read: %w", err)
		}
		errs = append(errs, CheckReadings(devices, stale), older(stale, fresh, cmd, entity))
	}
	e.server.Faults().Heal()
	again, err := e.look(ctx, cmd.Device)
	if err == nil {
		err = shows(again, cmd, entity, wanted)
	}
	return errors.Join(append(errs, err)...)
}

// older wants every value of stale that differs from fresh to have no time, or an older
// one.
func older(stale, fresh []hubs.Reading, cmd hubs.Command, entity *hubs.Entity) error {
	times := map[hubs.Attr]hubs.PointValue{}
	for _, r := range fresh {
		for _, v := range r.Values {
			if r.Device == cmd.Device && v.Entity == cmd.Entity {
				times[v.Attr] = v
			}
		}
	}
	for _, r := range stale {
		for _, v := range r.Values {
			was, ok := times[v.Attr]
			if r.Device != cmd.Device || v.Entity != cmd.Entity || !ok || v.At.IsZero() {
				continue
			}
			f, _ := entity.Field(v.Attr)
			if !near(f, v.Value, was.Value) && !v.At.Before(was.At) {
				return fmt.Errorf("a stale %s, %s, has the time %s, that of the command's %s is %s",
					v.Attr, v.Value, v.At.Format(time.TimeOnly), was.Value, was.At.Format(time.TimeOnly))
			}
		}
	}
	return nil
}
