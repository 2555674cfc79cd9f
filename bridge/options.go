package bridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The options of device/options that this version knows.
const (
	optName     = "name"
	optArea     = "area"     // of a device
	optIcon     = "icon"     // of an entity
	optHidden   = "hidden"   // neither announced nor published
	optDisabled = "disabled" // announced, but off until somebody enables it in Home Assistant
)

// maxLabel is how long a name, area or icon may be, in characters.
const maxLabel = 250

// notYet are options that a later version is to know.
func notYet() []string {
	return []string{"kind", "class", "unit", "scale", "min_interval", "accumulate"}
}

// readOptions checks the object that device/options brings. A null or an empty text
// takes an option back, which is nil in the result.
func readOptions(raw json.RawMessage, entity bool) (map[string]any, error) {
	var in map[string]json.RawMessage
	if err := json.Unmarshal(raw, &in); err != nil || len(in) == 0 {
		return nil, errors.New(`value must be an object of options, such as {"name": "Lamp"}`)
	}
	out := map[string]any{}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(in)) {
		value, err := readOption(name, in[name], entity)
		if err != nil {
			faults = append(faults, err)
		}
		out[name] = value
	}
	return out, errors.Join(faults...)
}

func readOption(name string, raw json.RawMessage, entity bool) (any, error) {
	switch {
	case slices.Contains(notYet(), name):
		return nil, fmt.Errorf("%s: not known yet, this version knows name, area, icon, hidden, disabled", name)
	case name == optArea && entity:
		return nil, fmt.Errorf("%s: a device has it, an entity does not", name)
	case name == optIcon && !entity:
		return nil, fmt.Errorf("%s: an entity has it: name DEVICE/ENTITY as the device", name)
	}
	switch name {
	case optName, optArea, optIcon:
		text, err := readLabel(raw)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case text == "":
			return nil, nil //nolint:nilnil // taken back
		case name == optIcon && !regexp.MustCompile(`^[a-z]+:[a-z0-9-]+$`).MatchString(text):
			return nil, fmt.Errorf("%s: %q is none, such as mdi:lamp", name, text)
		}
		return text, nil
	case optHidden, optDisabled:
		var flag *bool
		if err := json.Unmarshal(raw, &flag); err != nil {
			return nil, fmt.Errorf("%s: must be true, false, or null to take it back", name)
		}
		if flag == nil {
			return nil, nil //nolint:nilnil // taken back
		}
		return *flag, nil
	}
	return nil, fmt.Errorf("%s: there is no such option; there are name, area, icon, hidden, disabled", name)
}

// readLabel reads a text that people see: on one line, blanks around it cut. Nothing
// and null are empty.
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
	clean := strings.Join(strings.FieldsFunc(*text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if n := len([]rune(clean)); n > maxLabel {
		return "", fmt.Errorf("%d characters are too long, %d are allowed", n, maxLabel)
	}
	return clean, nil
}
