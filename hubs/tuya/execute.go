package tuya

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// Execute implements hubs.Hub. All data points of a command go in one call: they keep
// their order so, and cost one call of the month.
func (h *hub) Execute(ctx context.Context, cmd hubs.Command) error {
	ctx = hubs.WithPurpose(ctx, hubs.ForCommand)
	if cmd.Device == hubs.Self {
		return h.activate(ctx, cmd.Entity)
	}
	h.mu.Lock()
	r := h.remote(cmd.Device)
	m := h.members[cmd.Device]
	var known []point
	if m != nil {
		known = m.memory.latest()
	}
	h.mu.Unlock()
	if r != nil {
		return h.send(ctx, r, &cmd)
	}
	if m == nil {
		return unknownDevice(cmd.Device)
	}
	writes, err := m.model.encode(cmd, known...)
	if err != nil {
		return err
	}
	if err = h.write(ctx, m, writes); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m.memory.tell(writes)
	h.early[cmd.Device] = early{at: h.now()}
	return nil
}

func unknownDevice(id hubs.DeviceID) error {
	return &hubs.Error{Fault: hubs.UnknownDevice, Err: fmt.Errorf("tuya: no device %s", id)}
}

// write sends data points: by the call for commands, and those that only the thing model
// knows as properties. A product that the first does not know is asked by the second for
// all of them from then on.
func (h *hub) write(ctx context.Context, m *member, writes []write) error {
	product := productOf(&m.wire)
	h.mu.Lock()
	byThing := h.byThing[product]
	h.mu.Unlock()
	var commands, properties []write
	for _, w := range writes {
		if open, ok := w.Value.(bool); ok && w.Door {
			return h.operate(ctx, m.wire.ID, open)
		}
		if w.Property || byThing {
			properties = append(properties, w)
		} else {
			commands = append(commands, w)
		}
	}
	if len(commands) > 0 {
		err := h.command(ctx, m.wire.ID, commands)
		if err != nil && switchCodes[codeOf(err)] {
			// Nothing of the list was taken. Where the thing model does not take it either, the
			// first answer says more.
			if h.issue(ctx, m.wire.ID, commands) != nil {
				return err
			}
			h.mu.Lock()
			h.byThing[product] = true
			h.mu.Unlock()
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if len(properties) > 0 {
		return h.issue(ctx, m.wire.ID, properties)
	}
	return nil
}

// command sends data points as commands.
func (h *hub) command(ctx context.Context, id string, writes []write) error {
	type item struct {
		Code  string `json:"code"`
		Value any    `json:"value"`
	}
	list := make([]item, len(writes))
	for i, w := range writes {
		list[i] = item{w.Code, w.Value}
	}
	return h.order(ctx, "command", "/v1.0/iot-03/devices/"+url.PathEscape(id)+"/commands", map[string]any{"commands": list})
}

// issue sends data points as properties of the thing model: JSON in a string.
func (h *hub) issue(ctx context.Context, id string, writes []write) error {
	values := make(map[string]any, len(writes))
	for _, w := range writes {
		values[w.Code] = w.Value
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return &hubs.Error{Fault: hubs.Bug, Err: errors.New("tuya: command: values cannot be written as JSON")}
	}
	return h.order(ctx, "command", "/v2.0/cloud/thing/"+url.PathEscape(id)+"/shadow/properties/issue", map[string]any{"properties": string(raw)})
}

func (h *hub) order(ctx context.Context, name, path string, body any) error {
	raw, err := h.client.do(ctx, request{name: name, path: path, body: body})
	if err != nil {
		return err
	}
	return accepted(name, raw)
}

// accepted looks at the result of a command. False means that the cloud did not take it
// although the call went well; what is no word on that is taken for a yes.
func accepted(name string, raw json.RawMessage) error {
	var result loose.Truth
	_ = result.UnmarshalJSON(raw) // it never fails
	if result.Known && !result.On {
		return &hubs.Error{Fault: hubs.Refused, Err: fmt.Errorf("tuya: %s: the cloud did not take it", name)}
	}
	return nil
}
