package bridge

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Filter says which devices and entities of a hub are shown, and which of them upside
// down. Its zero value shows everything as it is.
type Filter struct {
	include, exclude, invert []glob
	// hold makes devices that are seen for the first time wait for the user.
	hold bool
}

// FilterSettings are a hub's settings as text: comma lists of patterns, and what to do
// with new devices.
type FilterSettings struct{ Include, Exclude, Invert, NewDevices string }

// glob is one pattern of a list.
type glob struct {
	text           string    // as it was written
	device         hubs.Glob // meets a device as a whole
	owner, entity  hubs.Glob // of DEVICE/ENTITY; empty: it is none
	ofHome, ofMake bool      // device is to be compared with the home or the maker only
}

// ParseFilter reads the settings. All faults are joined; each begins with the name of
// its setting.
func ParseFilter(s FilterSettings) (Filter, error) {
	var f Filter
	var faults []error
	list := func(name, text string) (out []glob) {
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			g, err := parseGlob(item)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
				continue
			}
			out = append(out, g)
		}
		return out
	}
	f.include, f.exclude, f.invert = list("INCLUDE", s.Include), list("EXCLUDE", s.Exclude), list("INVERT", s.Invert)
	for _, g := range f.invert {
		if g.entity == "" {
			faults = append(faults, fmt.Errorf("INVERT: %q must be DEVICE/ENTITY, such as hallway/contact", g.text))
		}
	}
	switch s.NewDevices {
	case "", "announce":
	case "hold":
		f.hold = true
	default:
		faults = append(faults, fmt.Errorf("NEW_DEVICES: %q is none of announce, hold", s.NewDevices))
	}
	return f, errors.Join(faults...)
}

func parseGlob(item string) (glob, error) {
	g := glob{text: item}
	var ok bool
	if g.device, ok = hubs.ParseGlob(item); !ok {
		return g, fmt.Errorf("%q is no pattern: * is anything, ? one character, [ab] one of them", item)
	}
	for prefix, of := range map[string]*bool{"home:": &g.ofHome, "maker:": &g.ofMake} {
		if rest, ok := strings.CutPrefix(string(g.device), prefix); ok {
			if rest == "" {
				return g, fmt.Errorf("%q lacks the name, such as %sName", item, prefix)
			}
			g.device, *of = hubs.Glob(rest), true
			return g, nil
		}
	}
	if !strings.Contains(item, "/") {
		return g, nil
	}
	g.owner, g.entity = g.device.CutEntity()
	for _, part := range []hubs.Glob{g.owner, g.entity} {
		if _, ok := hubs.ParseGlob(string(part)); !ok || part == "" {
			return g, fmt.Errorf("%q must be a device, or DEVICE/ENTITY such as hallway/contact", item)
		}
	}
	return g, nil
}

// labels are all that a device can be named by, in the form that globs compare.
type labels struct {
	names       []string // raw id, DEVICE, names
	areas       []string
	home, maker string
}

// labelsOf takes the device as the vendor describes it and as people see it: either
// name meets a pattern, so that renaming a device does not let it slip through.
func labelsOf(id string, vendor, shown *hubs.Device) labels {
	return labels{
		names: []string{hubs.Fold(string(vendor.ID)), hubs.Fold(id), hubs.Fold(vendor.Name), hubs.Fold(shown.Name)},
		areas: []string{hubs.Fold(vendor.Area), hubs.Fold(shown.Area)},
		home:  hubs.Fold(vendor.Home), maker: hubs.Fold(vendor.Maker),
	}
}

// meets tells whether g means the device as a whole.
func (g glob) meets(l labels) bool {
	switch {
	case g.ofHome:
		return g.device.Match(l.home)
	case g.ofMake:
		return g.device.Match(l.maker)
	}
	return g.device.Match(l.names...) || g.device.Match(l.areas...)
}

// owns tells whether g means some entity of the device.
func (g glob) owns(l labels) bool { return g.entity != "" && g.owner.Match(l.names...) }

// picks tells whether g means this entity of the device.
func (g glob) picks(l labels, key string) bool { return g.owns(l) && g.entity.Match(key) }

// admits tells whether the device is shown at all.
func (f *Filter) admits(l labels) bool {
	for _, g := range f.exclude {
		if g.meets(l) {
			return false
		}
	}
	for _, g := range f.include {
		if g.meets(l) || g.owns(l) {
			return true
		}
	}
	return len(f.include) == 0
}

// shows tells whether an entity of an admitted device is shown.
func (f *Filter) shows(l labels, key string) bool {
	for _, g := range f.exclude {
		if g.picks(l, key) {
			return false
		}
	}
	whole := true // what INCLUDE does not restrict
	for _, g := range f.include {
		if g.meets(l) || g.picks(l, key) {
			return true
		}
		whole = whole && !g.owns(l)
	}
	return whole
}

// inverts tells whether an entity is to be shown upside down.
func (f *Filter) inverts(l labels, key string) bool {
	for _, g := range f.invert {
		if g.picks(l, key) {
			return true
		}
	}
	return false
}

// invertible tells whether a kind has an upside down. A lock has none: what says
// locked must be locked.
func invertible(s hubs.Spec) bool {
	switch s.(type) {
	case hubs.Binary, hubs.Cover, hubs.Valve:
		return true
	}
	return false
}

// inverted turns one value of an invertible entity upside down. A cover's tilt stays:
// slats do not hang on which way it is mounted.
func inverted(a hubs.Attr, v hubs.Value) hubs.Value {
	switch a {
	case hubs.On:
		if on, ok := v.Bool(); ok {
			return hubs.Bool(!on)
		}
	case hubs.Position:
		if n, ok := v.Num(); ok {
			return hubs.Num(100 - n)
		}
	case hubs.Motion:
		switch word, _ := v.Text(); word {
		case hubs.Opening:
			return hubs.Str(hubs.Closing)
		case hubs.Closing:
			return hubs.Str(hubs.Opening)
		}
	default:
	}
	return v
}
