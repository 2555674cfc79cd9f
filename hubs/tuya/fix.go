package tuya

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// fix corrects what a product's specification says wrongly.
type fix struct {
	category string
	points   []fixed // in the file's order
	// plain: positions run as Home Assistant's; mute: positions are never right.
	plain, mute bool
}

// fixed is the right description of a data point.
type fixed struct {
	code   string
	dp     int
	kind   string // a type, for data points that are not advertised
	values json.RawMessage
	report string
	write  bool
}

// parseFixes reads a file of corrections. The error joins all its faults; what is right
// counts nonetheless.
func parseFixes(text []byte) (map[string]fix, error) {
	var file struct {
		Products map[string]struct {
			Category string    `yaml:"category"`
			Position string    `yaml:"position"`
			Points   yaml.Node `yaml:"points"`
		} `yaml:"products"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	var errs []error
	out := make(map[string]fix, len(file.Products))
	for id, p := range file.Products {
		f := fix{category: p.Category, plain: p.Position == "forward", mute: p.Position == "none"}
		if p.Position != "" && !f.plain && !f.mute {
			errs = append(errs, fmt.Errorf("%s: position %q: forward or none is wanted", id, p.Position))
		}
		for i := 0; i+1 < len(p.Points.Content); i += 2 {
			x, err := parseFixed(p.Points.Content[i].Value, p.Points.Content[i+1])
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", id, err))
				continue
			}
			f.points = append(f.points, x)
		}
		out[id] = f
	}
	return out, errors.Join(errs...)
}

func parseFixed(code string, node *yaml.Node) (fixed, error) {
	var all map[string]any
	if err := node.Decode(&all); err != nil {
		return fixed{}, fmt.Errorf("%s: %w", code, err)
	}
	x := fixed{code: code}
	x.dp, _ = all["dp"].(int)
	x.kind, _ = all["type"].(string)
	x.report, _ = all["report_type"].(string)
	x.write, _ = all["write"].(bool)
	for _, own := range []string{"dp", "type", "report_type", "write"} {
		delete(all, own)
	}
	for name := range all {
		if !slices.Contains([]string{"unit", "min", "max", "scale", "step", "range", "label", "maxlen"}, name) {
			return fixed{}, fmt.Errorf("%s: %q is no word of a specification", code, name)
		}
	}
	if len(all) > 0 {
		values, err := json.Marshal(all)
		if err != nil {
			return fixed{}, fmt.Errorf("%s: %w", code, err)
		}
		x.values = values
	}
	if x.kind == "" && x.values == nil && x.report == "" {
		return fixed{}, fmt.Errorf("%s: it corrects nothing", code)
	}
	if x.kind != "" && typeNamed(x.kind) == typeOther {
		return fixed{}, fmt.Errorf("%s: %q is no type", code, x.kind)
	}
	return x, nil
}

// apply gives the specification with the corrections. s itself is not changed.
func (f fix) apply(s specification) specification {
	if len(f.points) == 0 {
		return s
	}
	s.Functions, s.Status = slices.Clone(s.Functions), slices.Clone(s.Status)
	for _, x := range f.points {
		found := x.correct(s.Functions)
		found = x.correct(s.Status) || found
		if found || x.kind == "" {
			continue
		}
		c := codeSpec{Code: x.code, DP: x.dp, Type: x.kind, Values: x.values, Report: x.report, Property: true}
		s.Status = append(s.Status, c)
		if x.write {
			s.Functions = append(s.Functions, c)
		}
	}
	return s
}

// correct changes the descriptions of the data point: those of its code, or of its number
// where the maker gave it a code that says nothing.
func (x fixed) correct(list []codeSpec) bool {
	found := false
	for i := range list {
		c := &list[i]
		switch {
		case c.Code == x.code:
		case x.dp > 0 && c.DP == x.dp:
			c.as, c.Type = x.code, x.kind
		default:
			continue
		}
		found = true
		if x.values != nil {
			c.Values = merged(c.Values, x.values)
		}
		if x.report != "" {
			c.Report = x.report
		}
	}
	return found
}

// merged gives values with those of the correction over them.
func merged(values, over json.RawMessage) json.RawMessage {
	all := map[string]json.RawMessage{}
	for _, part := range []json.RawMessage{values, over} {
		if o := object(part); o != nil {
			_ = json.Unmarshal(o, &all) // an object of any kind
		}
	}
	out, err := json.Marshal(all)
	if err != nil {
		return values
	}
	return out
}
