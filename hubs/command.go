package hubs

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// Command asks one entity for new values or for one action. Values of one attribute
// may be merged, newest wins; actions never are. It has Set or Do, not both.
type Command struct {
	Device DeviceID
	Entity string
	Set    []AttrValue // a light's on and level come together
	Do     Action
	With   Extras
}

// AttrValue is a new value for one attribute.
type AttrValue struct {
	Attr  Attr
	Value Value
}

// Value finds the value that the command sets attr to.
func (c *Command) Value(attr Attr) (Value, bool) {
	for _, s := range c.Set {
		if s.Attr == attr {
			return s.Value, true
		}
	}
	return Value{}, false
}

// Action is something an entity does once.
type Action string

// The actions.
const (
	Press     Action = "press"
	Activate  Action = "activate"
	Toggle    Action = "toggle" // the bridge turns it into Set On; hubs never see it
	Stop      Action = "stop"
	Start     Action = "start"
	Pause     Action = "pause"
	Dock      Action = "dock"
	CleanSpot Action = "clean_spot"
	Locate    Action = "locate"
	Install   Action = "install"
	Trigger   Action = "trigger"
	Send      Action = "send" // Extras.Text is the vendor's own command
)

// Extras are what comes with a command; zero values mean that they do not.
type Extras struct {
	Transition, Duration time.Duration
	Code                 auth.Secret // a lock's or alarm's
	Tone, Text           string
	Volume               float64 // 0–100; negative: as it is
}

// Check tells whether the command fits e: the entity can be commanded so, values
// have the right kind, lie in the range or among the options. The error is an
// *Error of Fault Invalid or ReadOnly with a sentence for the sender.
func (c *Command) Check(e *Entity) error {
	if c.Do != "" && len(c.Set) > 0 {
		return invalid("either new values or %s, not both", c.Do)
	}
	if c.Do != "" {
		return c.checkAction(e)
	}
	if len(c.Set) == 0 {
		return invalid("nothing to set: the command is empty")
	}
	for _, s := range c.Set {
		f, ok := e.Field(s.Attr)
		if !ok {
			return invalid("%s has no %q", e.Key, s.Attr)
		}
		if !f.Settable {
			return &Error{Fault: ReadOnly, Err: fmt.Errorf("%s of %s can only be read", s.Attr, e.Key)}
		}
		if err := f.Check(s.Value); err != nil {
			return err
		}
		if !canBeSet(e.Spec, s) {
			return invalid("%s of %s cannot be set to %s", s.Attr, e.Key, s.Value)
		}
	}
	return nil
}

// canBeSet knows the values that an entity shows, but does not take: words of being
// on the way, half-open covers that only open and close, and the mode of what has none.
func canBeSet(spec Spec, s AttrValue) bool {
	word, _ := s.Value.Text()
	switch spec := spec.(type) {
	case Lock:
		return s.Attr != State || word == Locked || word == Unlocked || word == Open && spec.Opens
	case Alarm:
		return s.Attr != State || word == "disarmed" || slices.Contains(spec.Arms, word)
	case Choice:
		return s.Attr != Main || slices.Contains(spec.Options, word)
	case Climate:
		return s.Attr != Mode || slices.Contains(spec.Modes, word)
	case WaterHeater:
		return s.Attr != Mode || slices.Contains(spec.Modes, word)
	case Cover:
		return s.Attr != Position || spec.Positions || atEnd(s.Value)
	case Valve:
		return s.Attr != Position || spec.Positions || atEnd(s.Value)
	}
	return true
}

func atEnd(v Value) bool { return v == Num(0) || v == Num(100) }

func (c *Command) checkAction(e *Entity) error {
	can := e.Spec.Actions()
	if slices.Contains(can, c.Do) {
		return nil
	}
	if on, ok := e.Field(On); c.Do == Toggle && ok && on.Settable {
		return nil
	}
	if len(can) == 0 && !slices.ContainsFunc(e.Spec.Fields(), func(f Field) bool { return f.Settable }) {
		return &Error{Fault: ReadOnly, Err: fmt.Errorf("%s can only be read", e.Key)}
	}
	return invalid("%s cannot %s", e.Key, c.Do)
}

// Check tells whether v may be set. The error is an *Error of Fault Invalid.
func (f Field) Check(v Value) error {
	if v.Kind() != f.Kind {
		return invalid("%s must be %s, not %s", f.Attr, f.Kind, v.Kind())
	}
	switch v.Kind() {
	case KindNumber:
		n, _ := v.Num()
		if f.Bounded() && (n < f.Min || n > f.Max) {
			return invalid("%s must be from %s to %s, not %s", f.Attr, Num(f.Min), Num(f.Max), v)
		}
	case KindText:
		s, _ := v.Text()
		return f.checkText(s)
	case KindBool, KindTime, KindUnknown:
	}
	return nil
}

func (f Field) checkText(s string) error {
	if len(f.Options) > 0 && !slices.Contains(f.Options, s) {
		return invalid("%s must be one of %s, not %q", f.Attr, strings.Join(f.Options, ", "), cut(s))
	}
	if n := len([]rune(s)); f.Max > 0 && (float64(n) < f.Min || float64(n) > f.Max) {
		return invalid("%s must have from %v to %v characters, not %d", f.Attr, f.Min, f.Max, n)
	}
	if f.Format != "" && f.Format != FormatPlain {
		at, err := time.Parse(f.Format.layout(), s)
		if err != nil || at.Format(f.Format.layout()) != s { // Parse forgives 7:30:00 and 07:30:00.5
			return invalid("%s must look like %s, not %q", f.Attr, f.Format.layout(), cut(s))
		}
	}
	return nil
}

// Snap gives n to the field's step and inside its range, as vendors demand it.
func (f Field) Snap(n float64) float64 {
	if f.Bounded() {
		n = min(max(n, f.Min), f.Max)
	}
	if f.Step <= 0 {
		return n
	}
	steps := math.Round((n - f.Min) / f.Step)
	if f.Bounded() && f.Min+steps*f.Step > f.Max+f.Step*1e-6 {
		steps-- // the range ends between two steps
	}
	if to, ok := Num(f.Min + steps*f.Step).Round(9).Num(); ok { // no 21.500000000000004
		n = to // else the step cannot be counted in numbers of this size
	}
	if f.Bounded() {
		n = min(max(n, f.Min), f.Max)
	}
	return n
}

func invalid(format string, args ...any) error {
	return &Error{Fault: Invalid, Err: fmt.Errorf(format, args...)}
}

// cut keeps a sender's text short enough for a message and a log line.
func cut(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
