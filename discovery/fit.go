package discovery

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Fit tells whether Home Assistant takes the class of an entity with its kind and unit;
// what it does not take would be announced without the class. It lets a sensor's numbers
// count as those of its class usually do, where what they were does not go with it.
func Fit(e *hubs.Entity) error {
	k, err := kindOf(e.Spec)
	switch {
	case err != nil:
		return err
	case e.Class == hubs.NoClass:
		return nil
	}
	switch s := e.Spec.(type) {
	case hubs.Sensor:
		switch {
		case isDate(e, s):
			return nil
		case !isNumeric(s):
			return fmt.Errorf("class %s is for numbers, and this sensor shows something else", e.Class)
		}
		m, err := fitUnit(e.Class, s.Unit)
		if err != nil || slices.Contains(m.adds, s.Accumulates) {
			return err
		}
		if s.Deltas {
			return fmt.Errorf("what is added up cannot be of class %s, which is of a moment", e.Class)
		}
		s.Accumulates = m.adds[len(m.adds)-1] // of those that may be counted, what only grows
		if slices.Contains(m.adds, hubs.Measurement) {
			s.Accumulates = hubs.Measurement
		}
		e.Spec = s
		return nil
	case hubs.Number:
		_, err := fitUnit(e.Class, s.Unit)
		return err
	}
	if deviceClass(k.platform(), e.Class) != "" {
		return nil
	}
	if len(classes[k.platform()]) == 0 {
		return fmt.Errorf("a %s has no class", k.platform())
	}
	return fmt.Errorf("a %s has no class %s, but %s", k.platform(), e.Class, list(classes[k.platform()]))
}

// fitUnit finds what is known of a class of numbers, if it takes the unit.
func fitUnit(class hubs.Class, unit hubs.Unit) (measure, error) {
	m, known := measures[class]
	switch {
	case !known:
		return m, fmt.Errorf("class %s is not for numbers", class)
	case m.takes(class, string(unit)):
		return m, nil
	case class == hubs.Monetary:
		return m, fmt.Errorf("class %s wants a currency as unit, such as EUR", class)
	}
	words := make([]string, len(m.units))
	for i, u := range m.units {
		words[i] = unitWord(u)
	}
	return m, fmt.Errorf("class %s takes as unit %s, not %s: name a unit and a class that go together",
		class, strings.Join(words, ", "), unitWord(string(unit)))
}

func unitWord(unit string) string {
	if unit == "" {
		return "none"
	}
	return unit
}

func list(all []hubs.Class) string {
	words := make([]string, len(all))
	for i, c := range all {
		words[i] = string(c)
	}
	return strings.Join(words, ", ")
}
