package discovery

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// maxState is how long a state may be in Home Assistant.
const maxState = 255

type sensorKind struct{}

func (sensorKind) platform() string { return "sensor" }

func (sensorKind) config(c *component) {
	s := c.e.Spec.(hubs.Sensor)
	c.reads("state_topic", "value_template", "")
	switch {
	case len(options(s.Options)) > 0:
		c.str("device_class", "enum")
		c.list("options", options(s.Options))
	case s.Kind == hubs.KindTime:
		c.str("device_class", "timestamp")
	case isDate(c.e, s):
		c.str("device_class", "date")
	case isNumeric(s):
		class, unit, counts := numeric(c.e.Class, s.Unit, s.Accumulates)
		c.some("device_class", class)
		c.some("unit_of_measurement", unit)
		c.some("state_class", counts)
		if s.Decimals >= 0 && s.Decimals <= finest && (class != "" || unit != "" || counts != "") {
			c.num("suggested_display_precision", float64(s.Decimals))
		}
	}
}

func isNumeric(s hubs.Sensor) bool {
	return len(s.Options) == 0 && (s.Kind == hubs.KindUnknown || s.Kind == hubs.KindNumber)
}

func isDate(e *hubs.Entity, s hubs.Sensor) bool {
	return s.Kind == hubs.KindText && e.Class == hubs.Date
}

func (sensorKind) state(w *writer, v values) {
	s := v.e.Spec.(hubs.Sensor)
	value := v.get(hubs.Main)
	text, isText := value.Text()
	switch {
	case len(s.Options) > 0:
		w.optionValue(value, s.Options)
	case isNumeric(s):
		decimals := s.Decimals
		if decimals < 0 {
			decimals = finest
		}
		w.numberValue(value, decimals)
	case s.Kind == hubs.KindTime:
		if value.Kind() != hubs.KindTime {
			value = hubs.Value{}
		}
		w.textValue(value)
	case s.Kind == hubs.KindBool:
		w.onOffValue(value)
	case isDate(v.e, s):
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			value = hubs.Value{}
		}
		w.textValue(value)
	case isText:
		w.textValue(hubs.Str(clip(text, maxState)))
	default:
		w.nothing()
	}
}

func (sensorKind) command(*Request, *hubs.Entity, string, input) error { return errReadOnly }

type numberKind struct{}

func (numberKind) platform() string { return "number" }

// The numbers that stand for no bounds, and for any step: Home Assistant wants some.
const (
	farthest = 1e9
	minStep  = 0.001
)

func (numberKind) config(c *component) {
	s := c.e.Spec.(hubs.Number)
	if !s.WriteOnly {
		c.reads("state_topic", "value_template", "")
	}
	c.takes("command_topic", "")
	class, unit, _ := numeric(c.e.Class, s.Unit, hubs.NotCounted)
	c.some("device_class", class)
	c.some("unit_of_measurement", unit)
	lo, hi := numberBounds(s)
	c.num("min", lo)
	c.num("max", hi)
	c.num("step", stepOr(s.Step, minStep))
}

func numberBounds(s hubs.Number) (lo, hi float64) {
	if bounded(s.Min, s.Max) {
		return s.Min, s.Max
	}
	return -farthest, farthest
}

// bounded tells whether two numbers are bounds: different, finite and in order.
func bounded(lo, hi float64) bool { return lo < hi && !math.IsInf(lo, 0) && !math.IsInf(hi, 0) }

// stepOr gives a step that Home Assistant takes.
func stepOr(step, least float64) float64 {
	if !(step >= least) || math.IsInf(step, 0) { // NaN included
		return least
	}
	return step
}

func (numberKind) state(w *writer, v values) {
	lo, hi := numberBounds(v.e.Spec.(hubs.Number))
	value := v.get(hubs.Main)
	if f, ok := value.Num(); ok && (f < lo || f > hi) {
		value = hubs.Value{}
	}
	w.numberValue(value, finest)
}

func (numberKind) command(r *Request, _ *hubs.Entity, part string, in input) error {
	if part != "" {
		return errNoPart
	}
	return r.setNumber(hubs.Main, in)
}

type choiceKind struct{}

func (choiceKind) platform() string { return "select" }

func (choiceKind) config(c *component) {
	s := c.e.Spec.(hubs.Choice)
	all := options(s.Options)
	i, said := noneOption(all)
	switch p := c.path(""); {
	case s.WriteOnly:
	case said:
		c.str("state_topic", c.stateTopic())
		c.str("value_template", "{{ '"+bracketed(all[i])+"' if "+p+" == '"+all[i]+"' else "+p+" }}")
	default:
		c.reads("state_topic", "value_template", "")
	}
	c.takes("command_topic", "")
	if said {
		all[i] = bracketed(all[i])
	}
	c.list("options", all)
}

// noneOption finds the option whose word Home Assistant takes for no option at all. It
// is shown there in brackets, where they are free.
func noneOption(all []string) (int, bool) {
	i := slices.IndexFunc(all, func(o string) bool { return strings.EqualFold(o, "none") })
	return i, i >= 0 && !slices.Contains(all, bracketed(all[i]))
}

func bracketed(option string) string { return "(" + option + ")" }

func (choiceKind) state(w *writer, v values) {
	w.optionValue(v.get(hubs.Main), v.e.Spec.(hubs.Choice).Options)
}

func (choiceKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	if part != "" {
		return errNoPart
	}
	all := e.Spec.(hubs.Choice).Options
	if i, said := noneOption(all); said && in.text == bracketed(all[i]) {
		in.raw, in.text = all[i], all[i]
	}
	return r.setOption(e, hubs.Main, in)
}

type textKind struct{}

func (textKind) platform() string { return "text" }

func (textKind) config(c *component) {
	s := c.e.Spec.(hubs.Text)
	if !s.WriteOnly {
		c.readsText("state_topic", "value_template", "")
	}
	c.takes("command_topic", "")
	c.num("min", 0) // whatever is asked for: an unknown text is shown as an empty one
	c.num("max", float64(longest(s)))
	mode := "text"
	if s.Password {
		mode = "password"
	}
	c.str("mode", mode)
	switch s.Format { // empty is allowed, since that is how the unknown looks
	case hubs.FormatDate:
		c.str("pattern", `^(\d{4}-\d{2}-\d{2})?$`)
	case hubs.FormatTime:
		c.str("pattern", `^(\d{2}:\d{2}:\d{2})?$`)
	case hubs.FormatPlain:
	}
}

// longest is the length that is announced.
func longest(s hubs.Text) int {
	if s.Max <= 0 || s.Max > maxState {
		return maxState
	}
	return s.Max
}

func (textKind) state(w *writer, v values) {
	text, ok := v.get(hubs.Main).Text()
	if !ok {
		w.nothing()
		return
	}
	s := v.e.Spec.(hubs.Text)
	if s.Format != hubs.FormatPlain && (hubs.Field{Kind: hubs.KindText, Format: s.Format}).Check(hubs.Str(text)) != nil {
		w.nothing()
		return
	}
	w.textValue(hubs.Str(clip(text, longest(s))))
}

// raw: a text is taken as it is, JSON and blanks included.
func (textKind) raw(string) bool { return true }

func (textKind) command(r *Request, _ *hubs.Entity, part string, in input) error {
	if part != "" {
		return errNoPart
	}
	if in.odd != "" {
		return invalid("a text is wanted, not %s", in.odd)
	}
	r.set(hubs.Main, hubs.Str(in.raw))
	return nil
}
