package aqara

import (
	"math"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The units here say nothing of what cannot be read until it was pushed: it may be only
// ever written.

// onOff is a Bool trait, or an enumeration that says yes or no: a switch, a binary
// sensor, or a button where it can only be written.
type onOff struct {
	t       *trait
	on, off []string // of an enumeration
}

func (u *onOff) uses() []*trait { return []*trait{u.t} }

func (u *onOff) read(v values, say sayer) {
	if !v.tells(u.t) {
		return
	}
	if len(u.on) == 0 {
		on, ok := v.boolean(u.t)
		say.bool(hubs.On, on, ok, v.at(u.t))
		return
	}
	word, _ := v.modelWord(u.t)
	on := slices.Contains(u.on, word)
	say.bool(hubs.On, on, on || slices.Contains(u.off, word), v.at(u.t))
}

func (u *onOff) write(cmd *hubs.Command, _ values) ([]write, error) {
	if cmd.Do == hubs.Press {
		return []write{u.t.set(true)}, nil
	}
	on, ok := boolOf(cmd, hubs.On)
	if !ok {
		return nil, nil
	}
	return []write{u.t.set(on)}, nil
}

// word is an enumeration.
type word struct{ t *trait }

func (u *word) uses() []*trait { return []*trait{u.t} }

func (u *word) read(v values, say sayer) {
	if !v.tells(u.t) {
		return
	}
	w, ok := v.word(u.t)
	say.text(hubs.Main, w, ok, v.at(u.t))
}

func (u *word) write(cmd *hubs.Command, _ values) ([]write, error) {
	slug, ok := textOf(cmd, hubs.Main)
	if !ok {
		return nil, nil
	}
	w, err := u.t.setWord(slug)
	return []write{w}, err
}

// figure is a number.
type figure struct{ t *trait }

func (u *figure) uses() []*trait { return []*trait{u.t} }

func (u *figure) read(v values, say sayer) {
	if !v.tells(u.t) {
		return
	}
	f, ok := v.num(u.t)
	say.num(hubs.Main, f, ok, v.at(u.t))
}

func (u *figure) write(cmd *hubs.Command, _ values) ([]write, error) {
	f, ok := numOf(cmd, hubs.Main)
	if !ok {
		return nil, nil
	}
	return []write{u.t.setNum(f)}, nil
}

// wording is a text, or what we can only show as one.
type wording struct{ t *trait }

func (u *wording) uses() []*trait { return []*trait{u.t} }

func (u *wording) read(v values, say sayer) {
	if !v.tells(u.t) {
		return
	}
	s, ok := v.text(u.t)
	say.text(hubs.Main, s, ok, v.at(u.t))
}

func (u *wording) write(cmd *hubs.Command, _ values) ([]write, error) {
	s, ok := textOf(cmd, hubs.Main)
	if !ok {
		return nil, nil
	}
	return []write{u.t.set(s)}, nil
}

// event is a trait that is only ever pushed, and then means that something happened;
// kind is the type of those that hold an object. See news.go.
type event struct {
	t    *trait
	kind string
}

func (u *event) uses() []*trait                               { return []*trait{u.t} }
func (u *event) read(values, sayer)                           {}
func (u *event) write(*hubs.Command, values) ([]write, error) { return nil, nil }

// buildSingle makes an entity of one trait. It reports false for what is never shown.
func buildSingle(e *endpoint, t *trait, first values) (part, bool) {
	code := t.rule()
	if skips(t) {
		return part{}, false
	}
	r, known := ruleOf(code)
	if !known {
		r = rule{name: humanise(t.code), hidden: true}
		switch {
		case e.id <= 1 && !t.writable:
			r.role = hubs.Diagnostic
		case t.writable:
			r.role = hubs.Config
		}
	}
	p := part{name: r.name, key: t.function + "_" + t.code, lead: r.lead}
	p.entity = hubs.Entity{Role: r.role, Class: classOf(e, t, r), Hidden: r.hidden}
	if p.entity.Class == hubs.MotionClass {
		p.name = "Motion"
	}
	if !t.readable && !t.writable {
		if types := eventTypes(t); len(types) > 0 {
			p.unit, p.entity.Spec = &event{t, structEvents[t.rule()]}, hubs.Event{Types: types}
			return p, true
		}
	}
	p.unit, p.entity.Spec = unitOf(t, r, first)
	return p, true
}

func skips(t *trait) bool {
	return skippedFunctions[t.function] || skippedTraits[t.rule()] || eventData[t.rule()] ||
		strings.HasSuffix(t.function, "Coordination") || strings.HasSuffix(t.function, "Diagnostics") ||
		t.function == "NetworkCommissioning" && t.code != "WiFiRSSI"
}

// classOf lets the type of the endpoint say what the trait cannot.
func classOf(e *endpoint, t *trait, r rule) hubs.Class {
	switch {
	case t.rule() == "OccupancySensing.Occupancy" && strings.EqualFold(e.kind, "MotionSensor"):
		return hubs.MotionClass
	case t.rule() == "Pressure.CurrentPressure" && strings.EqualFold(e.kind, "AtmosphericPressureSensor"):
		return hubs.AtmosphericPressure
	}
	return r.class
}

func eventTypes(t *trait) []string {
	if name, ok := structEvents[t.rule()]; ok {
		return []string{name}
	}
	return t.words()
}

func unitOf(t *trait, r rule, first values) (unit, hubs.Spec) {
	switch kind := strings.ToLower(t.kind); {
	case kind == "bool":
		return &onOff{t: t}, boolSpec(t)
	case kind == "enum" && len(r.on) > 0 && !t.writable:
		return &onOff{t, r.on, r.off}, hubs.Binary{}
	case kind == "enum" && t.writable && len(t.options) > 0:
		return &word{t}, hubs.Choice{Options: t.words(), WriteOnly: !t.readable}
	case kind == "enum" && len(t.options) > 0:
		return &word{t}, hubs.Sensor{Kind: hubs.KindText, Options: t.words()}
	case kind == "integer" || kind == "float":
		return &figure{t}, numberSpec(t, r, first)
	case kind == "string" && t.writable:
		return &wording{t}, hubs.Text{Max: maxText, WriteOnly: !t.readable, Password: r.secret}
	}
	return &wording{t}, hubs.Sensor{Kind: hubs.KindText}
}

func boolSpec(t *trait) hubs.Spec {
	switch {
	case t.writable && !t.readable:
		return hubs.Button{}
	case t.writable:
		return hubs.Switch{}
	}
	return hubs.Binary{}
}

func numberSpec(t *trait, r rule, first values) hubs.Spec {
	unit := t.unit
	if unit == hubs.NoUnit {
		unit = r.unit
		// A pressure without a unit is in Pa if it could be nothing else.
		if f, ok := first.num(t); ok && unit == hubs.KiloPascal && f > 2000 {
			unit = hubs.Pascal
		}
	}
	if t.writable {
		s := hubs.Number{Unit: unit, WriteOnly: !t.readable, Step: t.step.F}
		if t.min.Known && t.max.Known {
			s.Min, s.Max = t.min.F, t.max.F
		}
		if s.Step == 0 && strings.EqualFold(t.kind, "integer") {
			s.Step = 1
		}
		return s
	}
	adds := r.adds
	if adds == hubs.NotCounted {
		adds = hubs.Measurement
	}
	return hubs.Sensor{Kind: hubs.KindNumber, Unit: unit, Decimals: decimals(t), Accumulates: adds}
}

// decimals are those of the step; negative where the device does not say.
func decimals(t *trait) int {
	if strings.EqualFold(t.kind, "integer") {
		return 0
	}
	if !t.step.Known {
		return -1
	}
	for n := range 6 {
		f := t.step.F * math.Pow10(n)
		if math.Abs(f-math.Round(f)) < 1e-6 {
			return n
		}
	}
	return -1
}

// humanise makes English of a code: StartUpXYColor becomes "Start up xy color".
func humanise(code string) string {
	words := strings.ReplaceAll(strings.TrimSuffix(hubs.MakeKey(code), "_"), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}
