package overrides

import (
	"fmt"
	"math"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Apply gives e what is said of it: name, icon, kind, class, unit, scale, accumulate and
// disabled; hidden and min_interval are the caller's. What does not fit e is a fault and
// leaves e as it is, the rest applies. fit tells whether whoever shows e takes its class
// with its kind and unit, and may settle how a sensor's numbers count; nil: it does.
func Apply(e *hubs.Entity, o Options, fit func(*hubs.Entity) error) (View, []Fault) {
	a := applying{e: e, o: o}
	if name := o.Text(Name); name != "" {
		e.Name = name
	}
	if icon := o.Text(Icon); icon != "" {
		e.Icon = icon
	}
	if off, ok := said[bool](o, Disabled); ok {
		e.Hidden = off
	}
	a.kind()
	a.measure(fit)
	a.scale()
	return a.view, a.faults
}

type applying struct {
	e      *hubs.Entity
	o      Options
	view   View
	faults []Fault
}

func (a *applying) fault(option, format string, args ...any) {
	text := fmt.Errorf(format, args...).Error()
	a.faults = append(a.faults, Fault{a.o[option].At, fmt.Sprintf("%s: %s: %s", a.e.Key, option, text)})
}

// kind shows the entity as another kind.
func (a *applying) kind() {
	to := a.o.Text(Kind)
	if to == "" || to == kindWord(a.e.Spec) {
		return
	}
	all := turnsOf(a.e.Spec)
	words := make([]string, len(all))
	for i := range all {
		words[i] = all[i].to
		if all[i].to != to {
			continue
		}
		a.e.Spec = all[i].spec(a.e.Spec)
		if !all[i].keeps {
			a.e.Class = hubs.NoClass // it said what the old kind is
		}
		a.view.turn = all[i]
		return
	}
	if len(words) == 0 {
		a.fault(Kind, "it is a %s, which cannot be shown as anything else", kindWord(a.e.Spec))
		return
	}
	a.fault(Kind, "it is a %s, which can be shown as %s, not as %s", kindWord(a.e.Spec), strings.Join(words, ", "), to)
}

// measure gives the entity class, unit and how its numbers add up. They go together:
// where they do not fit, none of them counts.
func (a *applying) measure(fit func(*hubs.Entity) error) {
	before := *a.e
	first := "" // the option to blame
	blame := func(option string) {
		if first == "" {
			first = option
		}
	}
	if class, ok := said[hubs.Class](a.o, Class); ok {
		a.e.Class = class
		blame(Class)
	}
	if unit, ok := said[hubs.Unit](a.o, Unit); ok {
		if a.setUnit(unit) {
			blame(Unit)
		} else {
			a.fault(Unit, "only numbers have one, and this is a %s of another sort", kindWord(a.e.Spec))
		}
	}
	if adds, ok := said[bool](a.o, Accumulate); ok {
		if a.accumulate(adds) {
			blame(Accumulate)
		} else {
			a.fault(Accumulate, "only a sensor of numbers can be added up")
		}
	}
	if first == "" || fit == nil {
		return
	}
	if err := fit(a.e); err != nil {
		*a.e = before
		a.fault(first, "%w", err)
	}
}

func (a *applying) setUnit(unit hubs.Unit) bool {
	switch s := a.e.Spec.(type) {
	case hubs.Sensor:
		if !numeric(s) {
			return false
		}
		s.Unit = unit
		a.e.Spec = s
	case hubs.Number:
		s.Unit = unit
		a.e.Spec = s
	default:
		return false
	}
	return true
}

func (a *applying) accumulate(adds bool) bool {
	s, ok := a.e.Spec.(hubs.Sensor)
	if !ok || !numeric(s) {
		return !adds // nothing is added up there
	}
	s.Deltas = adds
	if adds && s.Accumulates != hubs.Total {
		s.Accumulates = hubs.Increasing
	}
	a.e.Spec = s
	return true
}

func numeric(s hubs.Sensor) bool { return s.Fields()[0].Kind == hubs.KindNumber }

// scale multiplies the numbers of the entity, its range included.
func (a *applying) scale() {
	scale, ok := said[float64](a.o, Scale)
	if !ok || scale == 1 {
		return
	}
	switch s := a.e.Spec.(type) {
	case hubs.Sensor:
		if !numeric(s) {
			a.fault(Scale, "only numbers can be multiplied, and this sensor shows something else")
			return
		}
		s.Decimals = scaledDecimals(s.Decimals, scale)
		a.e.Spec = s
	case hubs.Number:
		a.view.lo, a.view.hi = s.Min, s.Max
		lo, hi := tidy(s.Min*scale), tidy(s.Max*scale)
		s.Min, s.Max, s.Step = min(lo, hi), max(lo, hi), tidy(s.Step*math.Abs(scale))
		a.e.Spec = s
	default:
		a.fault(Scale, "only sensors and numbers can be multiplied, and this is a %s", kindWord(a.e.Spec))
		return
	}
	a.view.scale = scale
}
