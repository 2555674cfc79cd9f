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
	lines    []int
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
			out.lines = append(out.lines, e.line)
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

// Meets lists the lines of the entries that mean the device, or one of its entities.
func (s Said) Meets(keys ...string) []int {
	out := slices.Clone(s.lines)
	for _, e := range s.entities {
		if e.key.Match(keys...) {
			out = append(out, e.line)
		}
	}
	return out
}

// Idle lists the places of the entries that are in none of the lines: they mean
// nothing that is there.
func (f *File) Idle(lines map[int]bool) (out []string) {
	if f == nil {
		return nil
	}
	for _, e := range f.entries {
		if e.section != inEntities && !lines[e.line] {
			out = append(out, e.at)
			continue // and so are its entities
		}
		for _, one := range e.entities {
			if !lines[one.line] {
				out = append(out, one.at)
			}
		}
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
