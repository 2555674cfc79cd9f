package hubtest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// eachSettable sends a legal command for everything that can be set or done, made from
// the Specs alone: each is accepted, takes effect once and shows.
func eachSettable(ctx context.Context, e *env) error {
	const enough = 5 // errors that tell the story
	devices, _, err := e.home(ctx)
	if err != nil {
		return err
	}
	news, err := e.poll(ctx)
	if err != nil {
		return fmt.Errorf("Poll of a healthy server: %w", err)
	}
	now, offline := latest(news)
	var errs []error
	for i := range devices {
		d := &devices[i]
		for j := range d.Entities {
			if offline[d.ID] {
				continue
			}
			for _, o := range orders(d, &d.Entities[j], now[d.ID]) {
				if err := e.carryOut(ctx, &d.Entities[j], o); err != nil {
					errs = append(errs, fmt.Errorf("%T %s of %q, %s: %w", d.Entities[j].Spec, o.cmd.Entity, d.ID, words(&o.cmd), err))
				}
				if len(errs) >= enough {
					return errors.Join(errs...)
				}
			}
		}
	}
	return errors.Join(errs...)
}

func latest(news []hubs.Reading) (now map[hubs.DeviceID]map[hubs.Point]hubs.Value, offline map[hubs.DeviceID]bool) {
	now, offline = map[hubs.DeviceID]map[hubs.Point]hubs.Value{}, map[hubs.DeviceID]bool{}
	for _, r := range news {
		if now[r.Device] == nil {
			now[r.Device] = map[hubs.Point]hubs.Value{}
		}
		for _, v := range r.Values {
			now[r.Device][v.Point] = v.Value
		}
		if r.Online != nil {
			offline[r.Device] = !*r.Online
		}
	}
	return now, offline
}

func (e *env) carryOut(ctx context.Context, entity *hubs.Entity, o order) error {
	if o.before != nil {
		if err := e.execute(ctx, *o.before); err != nil {
			return fmt.Errorf("before it, %s: %w", words(o.before), err)
		}
	}
	done := e.server.Executed()
	if err := e.execute(ctx, o.cmd); err != nil {
		return err
	}
	n := e.server.Executed() - done
	if n > 1 || n < 1 && o.cmd.Do != hubs.Stop { // what stands still need not be stopped
		return fmt.Errorf("took effect %d times, want 1", n)
	}
	return e.eventually(ctx, func() error {
		news, err := e.look(ctx, o.cmd.Device)
		if err != nil {
			return err
		}
		return shows(news, o.cmd, entity, o.want)
	})
}

func words(c *hubs.Command) string {
	parts := []string{string(c.Do)}
	for _, s := range c.Set {
		parts = append(parts, string(s.Attr)+"="+s.Value.String())
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}
