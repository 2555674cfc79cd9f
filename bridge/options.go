package bridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// readOptions checks the object that device/options brings. A null or an empty text
// takes an option back, which is nil in the result.
func readOptions(raw json.RawMessage, of overrides.Target) (map[string]any, error) {
	var in map[string]any
	if err := json.Unmarshal(raw, &in); err != nil || len(in) == 0 {
		return nil, errors.New(`value must be an object of options, such as {"name": "Lamp"}`)
	}
	out := map[string]any{}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(in)) {
		given := in[name]
		if given == nil {
			given = ""
		}
		value, err := overrides.Check(name, given, of)
		if name == overrides.Unlock {
			err = errors.New("who can write a file of the bridge may allow that, and nobody else: write it into OVERRIDES")
			given = name
		}
		switch {
		case err != nil && given == "" && overrides.Known(name, of):
			value = nil // taken back
		case err != nil:
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
		if every, ok := value.(time.Duration); ok {
			value = every.String() // as it is read again
		}
		if value == hubs.NoClass || value == hubs.NoUnit {
			value = overrides.None
		}
		out[name] = value
	}
	return out, errors.Join(faults...)
}

// checked are the options that this version knows, said at a place.
func (o options) checked(of overrides.Target, at string) overrides.Options {
	out := make(overrides.Options, len(o))
	for name, raw := range o {
		var given any
		if json.Unmarshal(raw, &given) != nil {
			continue
		}
		if value, err := overrides.Check(name, given, of); err == nil {
			out[name] = overrides.Option{Value: value, At: at}
		}
	}
	return out
}

// said is what the user chose for a device, whose place in topics is id.
func (c choice) said(id string) overrides.Said {
	if len(c.Options) == 0 && len(c.Entities) == 0 {
		return overrides.Said{}
	}
	entities := make(map[string]overrides.Options, len(c.Entities))
	for key, o := range c.Entities {
		entities[key] = o.checked(overrides.OfEntity, "device/options of "+id+"/"+key)
	}
	return overrides.Choose(c.Options.checked(overrides.OfDevice, "device/options of "+id), entities)
}

// readLabel reads a text that people see. Nothing and null are empty.
func readLabel(raw json.RawMessage) (string, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return "", errors.New(`a text is wanted; "" takes the vendor's again`)
	}
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", errors.New(`must be a text; "" takes the vendor's again`)
	}
	if text == nil {
		return "", nil
	}
	return overrides.Label(*text)
}
