package hubtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func commandChecks() []check {
	return []check{
		{"command executes once and shows", commandShows},
		{"each settable thing can be set", eachSettable},
		{"unknown device is refused", unknownDevice},
		{"offline device is told", offlineDevice},
	}
}

// noSuch is an id that no vendor has.
const noSuch = "hubtest-no-such-device"

func commandShows(ctx context.Context, e *env) error {
	devices, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	entity, err := entityOf(devices, cmd)
	if err != nil {
		return err
	}
	wanted := seen(entity, cmd)
	before, err := e.poll(ctx)
	if err != nil {
		return fmt.Errorf("Poll of a healthy server: %w", err)
	}
	if len(wanted) > 0 && shows(before, cmd, entity, wanted) == nil {
		return errors.New("Options.Command changes nothing: its values are there before it")
	}
	done := e.server.Executed()
	if err := e.execute(ctx, cmd); err != nil {
		return fmt.Errorf("Execute on a healthy server: %w", err)
	}
	if n := e.server.Executed() - done; n != 1 {
		return fmt.Errorf("the command took effect %d times, want 1", n)
	}
	err = e.eventually(ctx, func() error {
		news, err := e.poll(ctx)
		if err != nil {
			return fmt.Errorf("Poll: %w", err)
		}
		return shows(news, cmd, entity, wanted)
	})
	if err != nil {
		return fmt.Errorf("Poll after Execute: %w", err)
	}
	news, can, err := e.read(ctx, cmd.Device)
	if err != nil || !can {
		return err
	}
	if err := shows(news, cmd, entity, wanted); err != nil {
		return fmt.Errorf("Read after Execute: %w", err)
	}
	return nil
}

// eventually asks until ok or Options.Settle has passed.
func (e *env) eventually(ctx context.Context, ok func() error) error {
	const pause = 20 * time.Millisecond
	deadline := time.Now().Add(e.o.Settle)
	for {
		err := ok()
		if err == nil || !time.Now().Before(deadline) {
			return err
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// seen are the values of the command that readings can show.
func seen(entity *hubs.Entity, cmd hubs.Command) []hubs.AttrValue {
	var out []hubs.AttrValue
	for _, s := range cmd.Set {
		if f, ok := entity.Field(s.Attr); ok && !f.Unseen {
			out = append(out, s)
		}
	}
	return out
}

func shows(news []hubs.Reading, cmd hubs.Command, entity *hubs.Entity, wanted []hubs.AttrValue) error {
	got := map[hubs.Attr]hubs.Value{}
	for _, r := range news {
		for _, v := range r.Values {
			if r.Device == cmd.Device && v.Entity == cmd.Entity {
				got[v.Attr] = v.Value
			}
		}
	}
	for _, w := range wanted {
		f, _ := entity.Field(w.Attr)
		if v, ok := got[w.Attr]; !ok || !near(f, v, w.Value) {
			return fmt.Errorf("%s of %s is %s, want %s", w.Attr, cmd.Entity, v, w.Value)
		}
	}
	return nil
}

// near forgives what the vendor's own scale loses: one percent of the range.
func near(f hubs.Field, got, want hubs.Value) bool {
	g, ok := got.Num()
	w, _ := want.Num()
	if !ok {
		return got == want
	}
	return math.Abs(g-w) <= math.Max(f.Step, (f.Max-f.Min)/100)+1e-9
}

func unknownDevice(ctx context.Context, e *env) error {
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	done := e.server.Executed()
	stranger := cmd
	stranger.Device = noSuch
	var errs []error
	if err := kind(e.execute(ctx, stranger), hubs.UnknownDevice); err != nil {
		errs = append(errs, fmt.Errorf("Execute: %w", err))
	}
	if _, can, got := e.read(ctx, noSuch); can {
		if err := kind(got, hubs.UnknownDevice); err != nil {
			errs = append(errs, fmt.Errorf("Read: %w", err))
		}
	}
	stranger = cmd
	stranger.Entity = "no_such_entity"
	if err := kind(e.execute(ctx, stranger), hubs.UnknownEntity, hubs.UnknownDevice, hubs.Invalid); err != nil {
		errs = append(errs, fmt.Errorf("Execute on an unknown entity: %w", err))
	}
	if n := e.server.Executed() - done; n != 0 {
		errs = append(errs, fmt.Errorf("%d commands took effect", n))
	}
	return errors.Join(errs...)
}

func offlineDevice(ctx context.Context, e *env) error {
	_, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	e.server.Offline(cmd.Device)
	var errs []error
	if err := kind(e.execute(ctx, cmd), hubs.Offline); err != nil {
		errs = append(errs, fmt.Errorf("Execute: %w", err))
	}
	news, err := e.poll(ctx)
	if err != nil && hubs.FaultOf(err) != hubs.Offline {
		errs = append(errs, fmt.Errorf("Poll with one device offline: %w", err))
	}
	for _, r := range news {
		if r.Device == cmd.Device && r.Online != nil && *r.Online {
			errs = append(errs, errors.New("Poll tells that the device is online"))
		}
	}
	devices, err := e.devices(ctx)
	if err != nil {
		errs = append(errs, fmt.Errorf("Devices with one device offline: %w", err))
	} else if _, err := entityOf(devices, cmd); err != nil {
		errs = append(errs, fmt.Errorf("a device that is offline has not left: %w", err))
	}
	return errors.Join(errs...)
}
