package hubtest

import (
	"math"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// order is a legal command and what is to be seen of it.
type order struct {
	before *hubs.Command // brings the entity where cmd means something
	cmd    hubs.Command
	want   []hubs.AttrValue // none: an action, or write-only
}

// orders makes a command for everything that the entity takes, by its Spec alone. now
// is what is known of the device: values that are there already are not set.
func orders(d *hubs.Device, en *hubs.Entity, now map[hubs.Point]hubs.Value) []order {
	var out []order
	for _, attrs := range groups(en.Spec) {
		o := order{cmd: hubs.Command{Device: d.ID, Entity: en.Key, With: extras(en.Spec)}}
		for _, attr := range attrs {
			f, _ := en.Field(attr)
			v, ok := choose(en, f, now[hubs.Point{Entity: en.Key, Attr: attr}])
			if !ok {
				continue
			}
			o.cmd.Set = append(o.cmd.Set, hubs.AttrValue{Attr: attr, Value: v})
			if !f.Unseen {
				o.want = append(o.want, hubs.AttrValue{Attr: attr, Value: v})
			}
		}
		if len(o.cmd.Set) > 0 {
			o.before = wake(d, en, attrs[0])
			out = append(out, o)
		}
	}
	return append(out, actions(d, en)...)
}

// groups are the attributes that are set, those together that mean nothing alone.
func groups(spec hubs.Spec) [][]hubs.Attr {
	pairs := map[hubs.Attr]hubs.Attr{
		hubs.Hue: hubs.Saturation, hubs.ColourX: hubs.ColourY, hubs.TargetLow: hubs.TargetHigh,
	}
	var out [][]hubs.Attr
	second := map[hubs.Attr]bool{}
	for _, f := range spec.Fields() {
		if !f.Settable || second[f.Attr] {
			continue
		}
		group := []hubs.Attr{f.Attr}
		if with, ok := pairs[f.Attr]; ok {
			group, second[with] = append(group, with), true
		}
		out = append(out, group)
	}
	return out
}

// actions leaves out what takes a device away for a while, and texts of the vendor's own.
func actions(d *hubs.Device, en *hubs.Entity) []order {
	if en.Class == hubs.Restart || en.Class == hubs.Firmware {
		return nil
	}
	var out []order
	for _, a := range en.Spec.Actions() {
		if a != hubs.Install && a != hubs.Send {
			out = append(out, order{cmd: hubs.Command{Device: d.ID, Entity: en.Key, Do: a, With: extras(en.Spec)}})
		}
	}
	return out
}

func extras(spec hubs.Spec) hubs.Extras {
	none := hubs.Extras{Volume: -1}
	code := ""
	switch spec := spec.(type) {
	case hubs.Lock:
		code = spec.Code
	case hubs.Alarm:
		code = spec.Code
	}
	if code != "" {
		none.Code = auth.Secret("1234")
	}
	return none
}

// wake turns an entity on before something else of it is set, and a climate into a
// mode that has what is set.
func wake(d *hubs.Device, en *hubs.Entity, attr hubs.Attr) *hubs.Command {
	cmd := &hubs.Command{Device: d.ID, Entity: en.Key, With: extras(en.Spec)}
	if spec, ok := en.Spec.(hubs.Climate); ok {
		modes := []string{"heat", "cool", "auto", "heat_cool"}
		if attr == hubs.TargetLow {
			modes = []string{"heat_cool", "auto"}
		}
		for _, m := range modes {
			if slices.Contains(spec.Modes, m) && attr != hubs.Mode && attr != hubs.On {
				cmd.Set = []hubs.AttrValue{{Attr: hubs.Mode, Value: hubs.Str(m)}}
				return cmd
			}
		}
		return nil
	}
	if f, ok := en.Field(hubs.On); ok && f.Settable && attr != hubs.On {
		cmd.Set = []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}
		return cmd
	}
	return nil
}

// choose picks a legal value other than the one that is there.
func choose(en *hubs.Entity, f hubs.Field, now hubs.Value) (hubs.Value, bool) {
	for _, v := range candidates(en, f) {
		cmd := hubs.Command{Entity: en.Key, Set: []hubs.AttrValue{{Attr: f.Attr, Value: v}}}
		if cmd.Check(en) == nil && !near(f, v, now) {
			return v, true
		}
	}
	return hubs.Value{}, false
}

func candidates(en *hubs.Entity, f hubs.Field) []hubs.Value {
	switch f.Kind {
	case hubs.KindBool:
		return []hubs.Value{hubs.Bool(true), hubs.Bool(false)}
	case hubs.KindNumber:
		return numbers(en, f)
	case hubs.KindText:
		return texts(f)
	case hubs.KindTime, hubs.KindUnknown:
	}
	return nil
}

func numbers(en *hubs.Entity, f hubs.Field) []hubs.Value {
	if fan, ok := en.Spec.(hubs.Fan); ok && f.Attr == hubs.Level && fan.Speeds > 0 {
		half := float64((fan.Speeds + 1) / 2)
		return []hubs.Value{hubs.Num(math.Round(half * 100 / float64(fan.Speeds))), hubs.Num(100)}
	}
	if !f.Bounded() {
		return []hubs.Value{hubs.Num(1), hubs.Num(2)}
	}
	parts := []float64{0.5, 0.75, 0, 1}
	switch f.Attr {
	case hubs.ColourX, hubs.ColourY:
		parts = []float64{0.4, 0.35} // inside every lamp's triangle
	case hubs.TargetLow:
		parts = []float64{0.25, 0.35}
	case hubs.TargetHigh:
		parts = []float64{0.75, 0.65}
	default: // the middle, or else an end
	}
	out := make([]hubs.Value, 0, len(parts))
	for _, p := range parts {
		out = append(out, hubs.Num(f.Snap(f.Min+p*(f.Max-f.Min))))
	}
	return out
}

func texts(f hubs.Field) []hubs.Value {
	var words []string
	switch {
	case len(f.Options) > 0:
		words = slices.Clone(f.Options)
		slices.SortStableFunc(words, func(a, b string) int { return off(a) - off(b) })
	case f.Format == hubs.FormatDate:
		words = []string{"2026-01-31", "2026-02-01"}
	case f.Format == hubs.FormatTime:
		words = []string{"07:30:00", "08:00:00"}
	default:
		for _, letter := range []string{"a", "b"} {
			n := 8.0
			if f.Max > 0 {
				n = min(max(n, f.Min), f.Max)
			}
			words = append(words, strings.Repeat(letter, int(n)))
		}
	}
	out := make([]hubs.Value, len(words))
	for i, w := range words {
		out[i] = hubs.Str(w)
	}
	return out
}

// off puts the mode last in which nothing else can be set.
func off(word string) int {
	if word == "off" {
		return 1
	}
	return 0
}
