package overrides

import (
	"slices"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Subject is what a device can be named by, folded (hubs.Fold).
type Subject struct {
	Names    []string // the vendor's id, its place in topics, its names
	Products []string // the vendor's product code and model
}

// Said is what was said of one device and its entities, one source of it. Its zero
// value says nothing.
type Said struct {
	Device   Options
	entities []entityEntry // weakest first
	entries  []int         // of the file
}

// For gives what the file says of one device.
func (f *File) For(s Subject) (out Said) {
	if f == nil {
		return Said{}
	}
	for _, e := range f.entries {
		names := s.Names
		if e.section == inProducts {
			names = s.Products
		}
		if !e.device.Match(names...) {
			continue
		}
		out.Device = out.Device.With(e.options)
		out.entities = append(out.entities, e.entities...)
		if e.section != inEntities {
			out.entries = append(out.entries, e.id)
		}
	}
	return out
}

// Entity gives what is said of an entity: of itself, and below that of its device as a
// whole.
func (s Said) Entity(key string) Options {
	out := s.Device.inherited()
	for _, e := range s.entities {
		if e.key.Match(key) {
			out = out.With(e.options)
		}
	}
	return out
}

// Meets gives the entries of the file that mean the device, or an entity of these keys.
func (s Said) Meets(keys ...string) []int {
	out := slices.Clone(s.entries)
	for _, e := range s.entities {
		if e.key.Match(keys...) {
			out = append(out, e.id)
		}
	}
	return out
}

// Idle lists the places of the entries that are not among met: they mean nothing that
// is there.
func (f *File) Idle(met map[int]bool) []string {
	if f == nil {
		return nil
	}
	var idle []mark
	for _, e := range f.entries {
		if e.section != inEntities && !met[e.id] {
			idle = append(idle, e.mark)
			continue // and so are its entities
		}
		for _, one := range e.entities {
			if !met[one.id] {
				idle = append(idle, one.mark)
			}
		}
	}
	slices.SortFunc(idle, func(a, b mark) int { return a.id - b.id })
	out := make([]string, len(idle))
	for i := range idle {
		out[i] = idle[i].at
	}
	return out
}

// Choose is what is said outside of a file: of a device, and of its entities by key.
func Choose(device Options, entities map[string]Options) Said {
	s := Said{Device: device}
	for key, o := range entities {
		s.entities = append(s.entities, entityEntry{key: hubs.Glob(key), options: o}) // keys are no patterns: [a-z0-9_]
	}
	return s
}
