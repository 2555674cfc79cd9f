package hubtest

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

var keyPattern = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// CheckDevices tells what in an inventory breaks the contract: all faults joined.
func CheckDevices(devices []hubs.Device) error {
	var errs []error
	byID := make(map[hubs.DeviceID]bool, len(devices))
	for i := range devices {
		if byID[devices[i].ID] {
			errs = append(errs, fmt.Errorf("device %q is listed twice", devices[i].ID))
		}
		byID[devices[i].ID] = true
	}
	for i := range devices {
		d := &devices[i]
		if err := checkDevice(d, byID); err != nil {
			errs = append(errs, fmt.Errorf("device %q: %w", d.ID, err))
		}
	}
	return errors.Join(errs...)
}

func checkDevice(d *hubs.Device, listed map[hubs.DeviceID]bool) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if d.Name == "" || d.Name != strings.TrimSpace(d.Name) {
		bad("its name is %q: it must be there, without blanks around it", d.Name)
	}
	for _, s := range []string{
		string(d.ID), d.Name, d.Area, d.Home, d.Maker, d.Model, d.ModelID, d.Firmware, d.Hardware, d.Serial, d.MAC,
	} {
		if !utf8.ValidString(s) {
			bad("%q is no UTF-8", s)
		}
	}
	if d.Via != hubs.Self && (d.Via == d.ID || !listed[d.Via]) {
		bad("it hangs behind %q, which is itself or not in the list", d.Via)
	}
	keys := map[string]bool{}
	for i := range d.Entities {
		e := &d.Entities[i]
		if keys[e.Key] {
			bad("key %q is there twice", e.Key)
		}
		keys[e.Key] = true
		if err := checkEntity(e); err != nil {
			bad("entity %q: %w", e.Key, err)
		}
	}
	return errors.Join(errs...)
}

func checkEntity(e *hubs.Entity) error {
	if !keyPattern.MatchString(e.Key) {
		return errors.New("a key is of a-z, 0-9 and _, at most 64")
	}
	if hubs.MakeKey(e.Key) == e.Key+"_" {
		return errors.New("the key is a reserved word")
	}
	if e.Spec == nil {
		return errors.New("it has no Spec")
	}
	if reflect.TypeOf(e.Spec).Kind() == reflect.Pointer {
		return errors.New("its Spec is a pointer: Specs are values")
	}
	if e.Name != strings.TrimSpace(e.Name) || !utf8.ValidString(e.Name) {
		return fmt.Errorf("its name is %q: no blanks around it, and UTF-8", e.Name)
	}
	var errs []error
	seen := map[hubs.Attr]bool{}
	for _, f := range slices.Concat(e.Spec.Fields(), e.Attrs) {
		if f.Attr == "" || seen[f.Attr] {
			errs = append(errs, fmt.Errorf("attribute %q is empty or there twice", f.Attr))
		}
		seen[f.Attr] = true
		if err := checkField(f); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.Attr, err))
		}
	}
	return errors.Join(append(errs, checkWords(e.Spec))...)
}

// checkWords finds lists that must not be empty.
func checkWords(spec hubs.Spec) error {
	var words []string
	switch s := spec.(type) {
	case hubs.Choice:
		words = s.Options
	case hubs.Event:
		words = s.Types
	case hubs.Climate:
		words = s.Modes
	default:
		return nil
	}
	if len(words) == 0 {
		return fmt.Errorf("%s without any choice", reflect.TypeOf(spec).Name())
	}
	return unique(words)
}

func checkField(f hubs.Field) error {
	switch {
	case f.Kind == hubs.KindUnknown:
		return errors.New("it has no kind")
	case f.Min > f.Max || f.Step < 0:
		return fmt.Errorf("its range is from %v to %v by %v", f.Min, f.Max, f.Step)
	case f.Unseen && !f.Settable:
		return errors.New("it can be neither seen nor set")
	}
	return unique(f.Options)
}

func unique(words []string) error {
	for i, w := range words {
		if slices.Contains(words[:i], w) {
			return fmt.Errorf("%q is there twice", w)
		}
	}
	return nil
}

// CheckReadings holds readings against the inventory: every value belongs to a declared
// entity, has its kind and lies among its options; every happening is of a declared
// type. A number beyond its range is no fault: it is shown as the device says it.
func CheckReadings(devices []hubs.Device, news []hubs.Reading) error {
	byID := make(map[hubs.DeviceID]*hubs.Device, len(devices))
	for i := range devices {
		byID[devices[i].ID] = &devices[i]
	}
	var errs []error
	for i := range news {
		if err := checkReading(byID[news[i].Device], &news[i]); err != nil {
			errs = append(errs, fmt.Errorf("reading of %q: %w", news[i].Device, err))
		}
	}
	return errors.Join(errs...)
}

func checkReading(d *hubs.Device, r *hubs.Reading) error {
	if d == nil {
		return errors.New("there is no such device in the inventory")
	}
	var errs []error
	seen := make(map[hubs.Point]bool, len(r.Values))
	for _, v := range r.Values {
		if seen[v.Point] {
			errs = append(errs, fmt.Errorf("%s %s is there twice", v.Entity, v.Attr))
		}
		seen[v.Point] = true
		if err := checkValue(d, v); err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", v.Entity, v.Attr, err))
		}
	}
	for _, h := range r.Events {
		e, ok := d.Entity(h.Entity)
		if !ok {
			errs = append(errs, fmt.Errorf("%s happened at entity %q, which is not declared", h.Type, h.Entity))
			continue
		}
		if s, ok := e.Spec.(hubs.Event); !ok || !slices.Contains(s.Types, h.Type) {
			errs = append(errs, fmt.Errorf("entity %q does not declare that %q happens", h.Entity, h.Type))
		}
	}
	return errors.Join(errs...)
}

func checkValue(d *hubs.Device, v hubs.PointValue) error {
	e, ok := d.Entity(v.Entity)
	if !ok {
		return errors.New("the entity is not declared")
	}
	f, ok := e.Field(v.Attr)
	switch {
	case !ok:
		return errors.New("the attribute is not declared")
	case f.Unseen:
		return errors.New("it is declared as never reported")
	case !v.Value.Known():
		return nil
	case v.Value.Kind() != f.Kind:
		return fmt.Errorf("%s is declared, this is %s", f.Kind, v.Value.Kind())
	}
	text, isText := v.Value.Text()
	if !isText {
		return nil
	}
	if len(f.Options) > 0 && !slices.Contains(f.Options, text) {
		return fmt.Errorf("%q is not among its options %q", text, f.Options)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%q is no UTF-8", text)
	}
	return nil
}
