package aqara

import (
	"errors"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// calls is what a command takes: new values, orders, or both.
type calls struct {
	items  []writeItem
	orders []orderItem
}

// encode turns a command into the items of the calls that carry it. It is pure: v is
// what is known of the device, for what can only be said relative to that.
func (m *model) encode(cmd *hubs.Command, v values) (calls, error) {
	p := m.part(cmd.Entity)
	if p == nil {
		return calls{}, &hubs.Error{Fault: hubs.UnknownEntity, Err: errors.New("aqara: no such entity: " + cmd.Entity)}
	}
	writes, err := p.unit.write(cmd, v)
	if err != nil {
		return calls{}, err
	}
	if len(writes) == 0 {
		return calls{}, invalid("nothing in the command can be sent to %s", cmd.Entity)
	}
	var out calls
	for _, w := range writes {
		if o := w.order; o != nil {
			out.orders = append(out.orders, orderItem{m.id, o.endpoint, o.function, o.code, w.args})
			continue
		}
		out.items = append(out.items, writeItem{m.id, w.t.endpoint, w.t.function, w.t.code, w.value})
	}
	return out, nil
}

func (m *model) part(key string) *part {
	for i := range m.parts {
		if m.parts[i].entity.Key == key {
			return &m.parts[i]
		}
	}
	return nil
}

func refused(why string) error {
	return &hubs.Error{Fault: hubs.Refused, Err: errors.New("aqara: " + why)}
}

func numOf(cmd *hubs.Command, a hubs.Attr) (float64, bool) {
	v, _ := cmd.Value(a)
	return v.Num()
}

func boolOf(cmd *hubs.Command, a hubs.Attr) (b, ok bool) {
	v, _ := cmd.Value(a)
	return v.Bool()
}

func textOf(cmd *hubs.Command, a hubs.Attr) (string, bool) {
	v, _ := cmd.Value(a)
	return v.Text()
}
