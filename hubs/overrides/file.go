package overrides

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const (
	maxFile   = 1 << 20
	maxFaults = 50 // a file that is something else altogether has one a line
)

// The sections of a file, weakest first.
const (
	inEntities = iota
	inProducts
	inDevices
)

// File is what one file says. Nil says nothing.
type File struct {
	entries []entry // weakest first
	// Faults are what in it is wrong, each with its line. All the rest counts.
	Faults []Fault
}

// entry is one pattern with what is said of the devices that meet it.
type entry struct {
	mark
	section  int
	device   hubs.Glob
	options  Options
	entities []entityEntry
}

// entityEntry is what is said of some entities of those devices.
type entityEntry struct {
	mark
	key     hubs.Glob
	options Options
}

// mark tells one entry from the others.
type mark struct {
	id, line int
	at       string // with its pattern, for people
}

// Parse reads a file; faults call it by name, with the line. The error is for a text
// that is no YAML at all.
func Parse(name string, text []byte) (*File, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: %d bytes are too many, %d are allowed", name, len(text), maxFile)
	}
	p := parser{name: name, file: &File{}}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return p.file, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 1 {
		p.root(doc.Content[0])
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		p.fault(max(second.Line, 1), "a second document (---) is not read: one is all")
	}
	slices.SortStableFunc(p.file.entries, func(a, b entry) int {
		return compare(a.section, b.section, a.device, b.device, a.line, b.line)
	})
	return p.file, nil
}

// compare puts the stronger one last: by section, then names after patterns, then by line.
func compare(sectionA, sectionB int, a, b hubs.Glob, lineA, lineB int) int {
	if sectionA != sectionB {
		return sectionA - sectionB
	}
	if a.Exact() != b.Exact() {
		if a.Exact() {
			return 1
		}
		return -1
	}
	return lineA - lineB
}

type parser struct {
	name  string
	file  *File
	marks int
}

func (p *parser) mark(k *yaml.Node, pattern string) mark {
	p.marks++
	return mark{p.marks, k.Line, p.at(k.Line) + " " + pattern}
}

func (p *parser) at(line int) string { return fmt.Sprintf("%s:%d", p.name, line) }

func (p *parser) fault(line int, format string, args ...any) {
	switch n := len(p.file.Faults); {
	case n < maxFaults:
		p.file.Faults = append(p.file.Faults, Fault{p.at(line), fmt.Errorf(format, args...).Error()})
	case n == maxFaults:
		p.file.Faults = append(p.file.Faults, Fault{p.at(line), "there is more that is wrong: is this the right file?"})
	}
}

// each goes through a mapping, without what cannot be a member of one of ours.
func (p *parser) each(n *yaml.Node, what string, do func(key string, k, v *yaml.Node)) {
	switch {
	case n.Kind == yaml.AliasNode:
		p.fault(n.Line, "%s: aliases (*name) are not understood, write it out", what)
		return
	case n.Kind != yaml.MappingNode:
		if n.Tag == "!!null" {
			p.fault(n.Line, "%s: nothing is said here: fill it or leave it out", what)
			return
		}
		p.fault(n.Line, "%s: names with something behind them are wanted, such as %s", what, `"Desk lamp": {area: Office}`)
		return
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Tag == "!!merge" || k.Kind == yaml.AliasNode:
			p.fault(k.Line, "%s: aliases and merges (<<) are not understood, write it out", what)
		case k.Kind != yaml.ScalarNode || k.Value == "":
			p.fault(k.Line, "%s: a name is wanted before the colon; one with * in front needs quotes", what)
		case first[hubs.Fold(k.Value)] > 0:
			p.fault(k.Line, "%s: %q is there already, in line %d, which counts", what, k.Value, first[hubs.Fold(k.Value)])
		default:
			first[hubs.Fold(k.Value)] = k.Line
			do(k.Value, k, v)
		}
	}
}

func (p *parser) root(n *yaml.Node) {
	if n.Tag == "!!null" {
		return // comments only
	}
	p.each(n, "the file", func(key string, k, v *yaml.Node) {
		sections := map[string]int{"devices": inDevices, "products": inProducts, "entities": inEntities}
		section, ok := sections[key]
		if !ok {
			p.fault(k.Line, "%q is no section; there are devices, products, entities", key)
			return
		}
		p.each(v, key, func(pattern string, k, v *yaml.Node) {
			g, ok := hubs.ParseGlob(pattern)
			switch {
			case !ok:
				p.fault(k.Line, "%q is no pattern: * is anything, ? one character, [ab] one of them", pattern)
			case section == inEntities:
				p.entitiesEntry(pattern, g, k, v)
			default:
				p.deviceEntry(section, pattern, g, k, v)
			}
		})
	})
}

// entitiesEntry reads DEVICE/ENTITY: {…}.
func (p *parser) entitiesEntry(pattern string, g hubs.Glob, k, v *yaml.Node) {
	device, key := g.CutEntity()
	_, ok := hubs.ParseGlob(string(device))
	_, ok2 := hubs.ParseGlob(string(key))
	if device == "" || !ok || !ok2 {
		p.fault(k.Line, `%q must be DEVICE/ENTITY, such as "hallway/contact" or "*/battery"`, pattern)
		return
	}
	e := entry{mark: p.mark(k, pattern), section: inEntities, device: device}
	e.entities = append(e.entities, entityEntry{e.mark, key, p.options(v, pattern, OfEntity, nil)})
	p.file.entries = append(p.file.entries, e)
}

// deviceEntry reads DEVICE: {area: …, entities: {…}}, a product's too.
func (p *parser) deviceEntry(section int, pattern string, g hubs.Glob, k, v *yaml.Node) {
	e := entry{mark: p.mark(k, pattern), section: section, device: g}
	e.options = p.options(v, pattern, OfDevice, func(v *yaml.Node) {
		p.each(v, pattern+"/entities", func(key string, k, v *yaml.Node) {
			g, ok := hubs.ParseGlob(key)
			if !ok {
				p.fault(k.Line, "%q is no pattern: * is anything, ? one character, [ab] one of them", key)
				return
			}
			what := pattern + "/" + key
			e.entities = append(e.entities, entityEntry{p.mark(k, what), g, p.options(v, what, OfEntity, nil)})
		})
	})
	slices.SortStableFunc(e.entities, func(a, b entityEntry) int { return compare(0, 0, a.key, b.key, a.line, b.line) })
	p.file.entries = append(p.file.entries, e)
}

// options reads name: value pairs; entities is for what stands beside a device's.
func (p *parser) options(n *yaml.Node, what string, of Target, entities func(*yaml.Node)) Options {
	out := Options{}
	p.each(n, what, func(name string, k, v *yaml.Node) {
		if name == "entities" && entities != nil {
			entities(v)
			return
		}
		value, err := scalar(v)
		if err == nil {
			value, err = Check(name, value, of)
		}
		if err != nil {
			p.fault(k.Line, "%s: %s: %w", what, name, err)
			return
		}
		out[name] = Option{value, p.at(k.Line)}
	})
	return out
}

// scalar is one value as YAML reads it.
func scalar(n *yaml.Node) (value any, err error) {
	switch {
	case n.Kind == yaml.AliasNode:
		return nil, errors.New("aliases (*name) are not understood, write it out")
	case n.Kind != yaml.ScalarNode:
		return nil, errors.New("one value is wanted, not a list or a group")
	case n.Tag == "!!null":
		return nil, errors.New("nothing is said here: fill it or leave it out")
	}
	if err := n.Decode(&value); err != nil {
		return nil, errors.New("this is no value: put it in quotes")
	}
	return value, nil
}
