package tuya

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// event turns every pushed report of a data point into a happening: a button pressed the
// same way twice is two.
type event struct {
	d *datum
	// typ is the one type of an event that is no Enum.
	typ     string
	message bool // the report is a text for people
}

const (
	triggered = "triggered"
	rang      = "ring"
)

func (b *builder) event(d *datum) (part, bool) {
	t := d.shown()
	r, ok := eventRules.find(b.category, d.norm)
	switch {
	case ok && t.kind == typeEnum && len(t.options) > 0:
		return part{entity: b.entity(d, r, hubs.Event{Types: t.options}), unit: &event{d: d}}, true
	case ok && t.is(typeString, typeRaw, typeJSON):
		return part{entity: b.entity(d, r, hubs.Event{Types: []string{triggered}}), unit: &event{d: d, typ: triggered, message: true}}, true
	case ok && t.kind == typeBool && r.class == hubs.Doorbell:
		return part{entity: b.entity(d, r, hubs.Event{Types: []string{rang}}), unit: &event{d: d, typ: rang}}, true
	case t.kind == typeEnum && d.fn == nil && (b.category == "wxkg" || !ok) && presses(t.options):
		r = rule{name: title(d), class: hubs.ButtonClass}
		return part{entity: b.entity(d, r, hubs.Event{Types: t.options}), unit: &event{d: d}}, true
	}
	return part{}, false
}

// presses tells ranges that are ways to press a button.
func presses(options []string) bool {
	return slices.ContainsFunc(options, func(o string) bool {
		return strings.Contains(o, "click") || o == "press" || strings.Contains(o, "long_press")
	})
}

func (e *event) uses() []*datum { return []*datum{e.d} }

func (e *event) read(values, sayer) {}

func (e *event) write(cmd *hubs.Command, _ values) ([]write, error) {
	return nil, readOnly(cmd.Entity)
}

func (e *event) rings(v values, d *datum) []hubs.Happening {
	if e.typ == "" {
		if w, ok := v.option(d); ok {
			return []hubs.Happening{{Type: w}}
		}
		return nil
	}
	raw, ok := v.raw(d)
	if !ok {
		return nil
	}
	h := hubs.Happening{Type: e.typ}
	if !e.message {
		if on, _ := v.boolean(d); !on {
			return nil // it fell silent
		}
		return []hubs.Happening{h}
	}
	if text := narrowText(raw); text != "" && utf8.ValidString(text) {
		h.Data = map[string]hubs.Value{"message": hubs.Str(text)}
	}
	return []hubs.Happening{h}
}
