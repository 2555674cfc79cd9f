package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// deviceAnswer is the data of the response to a device's verb.
type deviceAnswer struct {
	Hub    string `json:"hub"`
	Device string `json:"device"`
	Entity string `json:"entity,omitempty"`
	// Shown tells whether the device is shown now; a hub that was not reached since the
	// start shows it with its next inventory.
	Shown bool `json:"shown"`
}

// deviceRequest carries out one of the verbs device/….
func (h *hubRun) deviceRequest(ctx context.Context, verb, device string, value json.RawMessage) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if device == "" {
		return nil, errors.New(`"device" is missing: the device's topic, the vendor's id or its name`)
	}
	known := h.known()
	raw, entity, err := known.findEntity(device, verb == "device/options")
	if err != nil {
		return nil, err
	}
	change, err := h.choiceOf(verb, raw, entity, value)
	if err != nil {
		return nil, err
	}
	if err := h.decide(ctx, raw, func(c *choices) { change(c) }); err != nil {
		return nil, err
	}
	if verb == "device/include" {
		h.relist("a device was included")
	}
	answer := deviceAnswer{Hub: h.cfg.Name, Device: known.Seen[raw].ID, Entity: entity}
	if raw == hubs.Self {
		answer.Device = discovery.HubID
	}
	_, answer.Shown = h.devices[raw]
	return answer, h.why(verb, raw)
}

// why says what keeps a device out that was to be included.
func (h *hubRun) why(verb string, raw hubs.DeviceID) error {
	if verb != "device/include" || !h.settled.barred[raw] {
		return nil
	}
	return errors.New("it is included, but INCLUDE or EXCLUDE in the settings keeps it out: change them")
}

// findEntity resolves a device, or DEVICE/ENTITY where that is allowed.
func (c *choices) findEntity(word string, entities bool) (raw hubs.DeviceID, key string, err error) {
	raw, err = c.find(word)
	if err == nil || !entities {
		return raw, "", err
	}
	i := strings.LastIndexByte(word, '/')
	if i < 0 {
		return raw, "", err
	}
	if raw, err = c.find(word[:i]); err != nil {
		return raw, "", err
	}
	return raw, word[i+1:], nil
}

// choiceOf makes of a verb what it changes.
func (h *hubRun) choiceOf(verb string, raw hubs.DeviceID, entity string, value json.RawMessage) (func(*choices), error) {
	switch verb {
	case "device/rename", "device/area":
		name := overrides.Name
		if verb == "device/area" {
			name = overrides.Area
		}
		text, err := readLabel(value)
		if err != nil {
			return nil, fmt.Errorf(`"value": %w`, err)
		}
		return setOptions(raw, "", map[string]any{name: orNil(text)}), nil
	case "device/options":
		set, err := readOptions(value, entity != "")
		if err != nil {
			return nil, err
		}
		if err := h.hasEntity(raw, entity); err != nil {
			return nil, err
		}
		if raw == hubs.Self && entity == "" && set[overrides.Hidden] == true {
			return nil, errors.New("the hub's own device cannot be hidden")
		}
		change := setOptions(raw, entity, set)
		return change, h.tryOptions(raw, change)
	case "device/exclude", "device/include":
		if raw == hubs.Self {
			return nil, errors.New("the hub's own device cannot be excluded")
		}
		out := verb == "device/exclude"
		hidden := h.fileSays(raw).Device.Flag(overrides.Hidden)
		return func(c *choices) {
			c.change(raw, func(one *choice) {
				one.Excluded = out
				switch {
				case out:
				case hidden: // by the file
					one.Options = one.Options.with(overrides.Hidden, false)
				case one.barred(): // by an option
					one.Options = one.Options.with(overrides.Hidden, nil)
				}
			})
			if s, seen := c.Seen[raw]; seen && !out {
				s.Held = false
				c.Seen[raw] = s
			}
		}, nil
	}
	return nil, fmt.Errorf("there is no request %q", verb)
}

// hasEntity makes sure that an entity is there, as far as the hub's devices are known.
func (h *hubRun) hasEntity(raw hubs.DeviceID, key string) error {
	if key == "" || h.settled.list == nil {
		return nil
	}
	if d, ok := h.listed(raw); ok {
		if _, ok := d.Entity(key); ok {
			return nil
		}
		return fmt.Errorf("device %q has no entity %q", h.settled.places[raw], key)
	}
	return nil // it has left, and may come back
}

// setOptions sets options of a device or of one of its entities.
func setOptions(raw hubs.DeviceID, entity string, set map[string]any) func(*choices) {
	return func(c *choices) {
		c.change(raw, func(one *choice) {
			if entity == "" {
				one.Options = one.Options.all(set)
				return
			}
			entities := make(map[string]options, len(one.Entities)+1)
			maps.Copy(entities, one.Entities)
			if entities[entity] = entities[entity].all(set); len(entities[entity]) == 0 {
				delete(entities, entity)
			}
			one.Entities = entities
		})
	}
}

// all is o with several options set.
func (o options) all(set map[string]any) options {
	for name, value := range set {
		o = o.with(name, value)
	}
	return o
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}
