package overrides

import (
	"reflect"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// turn shows one kind of entity as another.
type turn struct {
	to string
	// spec is what it is then; nil: this one cannot be shown so.
	spec func(hubs.Spec) hubs.Spec
	// was is the vendor's attribute and is the one that people see; what else the entity
	// has is lost.
	was, is hubs.Attr
	// see and order translate known values of it there and back; nil: as they are.
	see, order func(hubs.Value) hubs.Value
	// act translates an action; nil: as it is.
	act func(hubs.Command) hubs.Command
	// keeps tells that the class means the same as before.
	keeps bool
}

// kindWords are the kinds that something can be shown as.
func kindWords() []string {
	return []string{
		"binary_sensor", "button", "cover", "fan", "light", "lock", "number", "scene", "select", "sensor", "siren",
		"switch", "text", "valve",
	}
}

// kindWord is what people call the kind of an entity.
func kindWord(s hubs.Spec) string {
	switch s.(type) {
	case hubs.Binary:
		return "binary_sensor"
	case hubs.Choice:
		return "select"
	}
	return strings.ToLower(reflect.TypeOf(s).Name())
}

func become(s hubs.Spec) func(hubs.Spec) hubs.Spec { return func(hubs.Spec) hubs.Spec { return s } }

// onOff are the ways to show what is switched on and off. On is open, and unlocked: so
// does Home Assistant when it shows a switch as something else.
var onOff = []turn{
	{to: "light", spec: readable(hubs.Light{}), was: hubs.On, is: hubs.On},
	{to: "fan", spec: readable(hubs.Fan{}), was: hubs.On, is: hubs.On},
	{to: "siren", spec: readable(hubs.Siren{}), was: hubs.On, is: hubs.On},
	{to: "switch", spec: readable(hubs.Switch{}), was: hubs.On, is: hubs.On},
	{to: "binary_sensor", spec: readable(hubs.Binary{}), was: hubs.On, is: hubs.On},
	{to: "valve", spec: readable(hubs.Valve{}), was: hubs.On, is: hubs.Position, see: toEnd, order: fromEnd},
	{to: "cover", spec: readable(hubs.Cover{}), was: hubs.On, is: hubs.Position, see: toEnd, order: fromEnd},
	{to: "lock", spec: readable(hubs.Lock{}), was: hubs.On, is: hubs.State, see: toBolt, order: fromBolt},
	{to: "button", spec: become(hubs.Button{}), act: func(cmd hubs.Command) hubs.Command {
		cmd.Do, cmd.Set = "", []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}
		return cmd
	}},
}

// turns are all ways to show a kind as another, by its word.
var turns = map[string][]turn{
	"switch": onOff,
	"light":  onOff,
	"fan":    onOff,
	"siren":  onOff,
	"cover": {{to: "valve", was: hubs.Position, is: hubs.Position, spec: func(s hubs.Spec) hubs.Spec {
		c := s.(hubs.Cover)
		return hubs.Valve{Positions: c.Positions, Stops: c.Stops}
	}}},
	"valve": {{to: "cover", was: hubs.Position, is: hubs.Position, spec: func(s hubs.Spec) hubs.Spec {
		v := s.(hubs.Valve)
		return hubs.Cover{Positions: v.Positions, Stops: v.Stops}
	}}},
	"number": {{to: "sensor", was: hubs.Main, is: hubs.Main, keeps: true, spec: func(s hubs.Spec) hubs.Spec {
		n := s.(hubs.Number)
		if n.WriteOnly {
			return nil
		}
		return hubs.Sensor{Unit: n.Unit, Decimals: stepDecimals(n.Step)}
	}}},
	"select": {{to: "sensor", was: hubs.Main, is: hubs.Main, spec: func(s hubs.Spec) hubs.Spec {
		c := s.(hubs.Choice)
		if c.WriteOnly {
			return nil
		}
		return hubs.Sensor{Options: c.Options}
	}}},
	"text": {{to: "sensor", was: hubs.Main, is: hubs.Main, keeps: true, spec: func(s hubs.Spec) hubs.Spec {
		if s.(hubs.Text).WriteOnly {
			return nil
		}
		return hubs.Sensor{Kind: hubs.KindText}
	}}},
	"sensor": {{to: "binary_sensor", was: hubs.Main, is: hubs.On, see: notZero, spec: func(s hubs.Spec) hubs.Spec {
		if f := s.Fields()[0]; f.Kind != hubs.KindNumber && f.Kind != hubs.KindBool {
			return nil
		}
		return hubs.Binary{}
	}}},
	"button": {{to: "scene", spec: become(hubs.Scene{}), act: acting(hubs.Press)}},
	"scene":  {{to: "button", spec: become(hubs.Button{}), act: acting(hubs.Activate)}},
}

// readable gives s to what tells whether it is on.
func readable(s hubs.Spec) func(hubs.Spec) hubs.Spec {
	return func(from hubs.Spec) hubs.Spec {
		if w, ok := from.(hubs.Switch); ok && w.WriteOnly {
			return nil
		}
		return s
	}
}

func acting(as hubs.Action) func(hubs.Command) hubs.Command {
	return func(cmd hubs.Command) hubs.Command {
		cmd.Do = as
		return cmd
	}
}

// turnsOf are the ways to show an entity of kind s as something else.
func turnsOf(s hubs.Spec) (all []*turn) {
	ways := turns[kindWord(s)]
	for i := range ways {
		if ways[i].to != kindWord(s) && ways[i].spec(s) != nil {
			all = append(all, &ways[i])
		}
	}
	return all
}

func toEnd(v hubs.Value) hubs.Value {
	if on, ok := v.Bool(); ok && on {
		return hubs.Num(100)
	} else if ok {
		return hubs.Num(0)
	}
	return hubs.Value{}
}

func fromEnd(v hubs.Value) hubs.Value {
	to, _ := v.Num()
	return hubs.Bool(to > 0)
}

func toBolt(v hubs.Value) hubs.Value {
	if on, ok := v.Bool(); ok && on {
		return hubs.Str(hubs.Unlocked)
	} else if ok {
		return hubs.Str(hubs.Locked)
	}
	return hubs.Value{}
}

func fromBolt(v hubs.Value) hubs.Value { return hubs.Bool(v != hubs.Str(hubs.Locked)) }

func notZero(v hubs.Value) hubs.Value {
	if n, ok := v.Num(); ok {
		return hubs.Bool(n != 0)
	}
	return v
}
