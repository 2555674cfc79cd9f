package tuya

import (
	"encoding/json"
	"slices"
)

// fix corrects what a product's specification says wrongly.
type fix struct {
	category string
	// set replaces the description of data points by code, and adds those that are not
	// advertised; both are then reported, and written where they were or where write says so.
	set []fixed
	// plain: positions run as Home Assistant's; mute: positions are never right.
	plain, mute bool
}

// fixed is the right description of a data point.
type fixed struct {
	code   string
	dp     int
	kind   string // a type, for data points that are not advertised
	values string // JSON
	report string
	write  bool
}

// apply gives the specification with the corrections. s itself is not changed.
func (f fix) apply(s specification) specification {
	if len(f.set) == 0 {
		return s
	}
	s.Functions, s.Status = slices.Clone(s.Functions), slices.Clone(s.Status)
	for _, x := range f.set {
		found := x.correct(s.Functions)
		found = x.correct(s.Status) || found
		if found || x.kind == "" {
			continue
		}
		c := codeSpec{Code: x.code, DP: x.dp, Type: x.kind, Values: object([]byte(x.values)), Report: x.report, Property: true}
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
		if x.values != "" {
			c.Values = merged(c.Values, x.values)
		}
		if x.report != "" {
			c.Report = x.report
		}
	}
	return found
}

// merged gives values with those of the correction over them.
func merged(values json.RawMessage, over string) json.RawMessage {
	all := map[string]json.RawMessage{}
	for _, part := range []json.RawMessage{values, json.RawMessage(over)} {
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
