package tuya

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// mutations are what clouds and makers do to a specification and to values; each changes
// a copy.
var mutations = map[string]func(*dump){
	"no functions":       func(d *dump) { d.spec.Functions = nil },
	"nothing reported":   func(d *dump) { d.spec.Status = nil },
	"no specification":   func(d *dump) { d.spec.Functions, d.spec.Status = nil, nil },
	"no values":          func(d *dump) { d.Status = nil },
	"half a spec":        func(d *dump) { d.spec.Status = d.spec.Status[:len(d.spec.Status)/2] },
	"unknown category":   func(d *dump) { d.Category, d.spec.Category = "zzz", "zzz" },
	"other category":     func(d *dump) { d.Category, d.spec.Category = "cl", "cl" },
	"lower case types":   func(d *dump) { d.eachSpec(func(c *codeSpec) { c.Type = strings.ToLower(c.Type) }) },
	"value for Integer":  func(d *dump) { d.retype("Integer", "value") },
	"Boolean for Enum":   func(d *dump) { d.retype("Enum", "Boolean") },
	"Enum for Boolean":   func(d *dump) { d.retype("Boolean", "Enum") },
	"String for Integer": func(d *dump) { d.retype("Integer", "String") },
	"Integer for Enum":   func(d *dump) { d.retype("Enum", "Integer") },
	"Json for Raw":       func(d *dump) { d.retype("Raw", "Json") },
	"String for Json":    func(d *dump) { d.retype("Json", "String") },
	"Enum as reported": func(d *dump) {
		for i := range d.spec.Status {
			if d.spec.Status[i].Type == "Boolean" {
				d.spec.Status[i].Type = "Enum"
				d.spec.Status[i].Values = json.RawMessage(`{"range":["true","false"]}`)
			}
		}
	},
	"no ranges":         func(d *dump) { d.eachSpec(func(c *codeSpec) { c.Values = nil }) },
	"texts for objects": func(d *dump) { d.eachSpec(func(c *codeSpec) { c.Values = mustJSON(string(c.Values)) }) },
	"wrong scale": func(d *dump) {
		d.eachSpec(func(c *codeSpec) {
			c.Values = bytes.Replace(c.Values, []byte(`"scale":`), []byte(`"scale":1`), 1) // 0 becomes 10
		})
	},
	"one place more": func(d *dump) {
		d.eachSpec(func(c *codeSpec) {
			c.Values = bytes.Replace(c.Values, []byte(`"scale":1`), []byte(`"scale":2`), 1)
			c.Values = bytes.Replace(c.Values, []byte(`"scale":0`), []byte(`"scale":1`), 1)
		})
	},
	"null values":  func(d *dump) { d.eachValue(func(json.RawMessage) json.RawMessage { return json.RawMessage(`null`) }) },
	"empty values": func(d *dump) { d.eachValue(func(json.RawMessage) json.RawMessage { return json.RawMessage(`""`) }) },
	"everything a text": func(d *dump) {
		d.eachValue(func(raw json.RawMessage) json.RawMessage {
			if raw[0] == '"' {
				return raw
			}
			return mustJSON(string(raw))
		})
	},
	"texts that hold JSON, bare": func(d *dump) {
		d.eachValue(func(raw json.RawMessage) json.RawMessage {
			var s string
			if json.Unmarshal(raw, &s) == nil && json.Valid([]byte(s)) {
				return json.RawMessage(s)
			}
			return raw
		})
	},
	"out of range": func(d *dump) {
		d.eachValue(func(json.RawMessage) json.RawMessage { return json.RawMessage(`99999999`) })
	},
	"below zero": func(d *dump) { d.eachValue(func(json.RawMessage) json.RawMessage { return json.RawMessage(`-1`) }) },
	"objects": func(d *dump) {
		d.eachValue(func(json.RawMessage) json.RawMessage { return json.RawMessage(`{"a":[1]}`) })
	},
	"truths": func(d *dump) { d.eachValue(func(json.RawMessage) json.RawMessage { return json.RawMessage(`true`) }) },
	"other words": func(d *dump) {
		d.eachValue(func(json.RawMessage) json.RawMessage { return json.RawMessage(`"cancle"`) })
	},
}

func (d *dump) eachSpec(do func(*codeSpec)) {
	for _, list := range [][]codeSpec{d.spec.Functions, d.spec.Status} {
		for i := range list {
			do(&list[i])
		}
	}
}

func (d *dump) retype(from, to string) {
	d.eachSpec(func(c *codeSpec) {
		if c.Type == from {
			c.Type = to
		}
	})
}

func (d *dump) eachValue(do func(json.RawMessage) json.RawMessage) {
	for i := range d.Status {
		if len(d.Status[i].Value) > 0 {
			d.Status[i].Value = do(d.Status[i].Value)
		}
	}
}

func (d *dump) clone() *dump {
	out := *d
	out.Status = slices.Clone(d.Status)
	out.spec.Functions, out.spec.Status = slices.Clone(d.spec.Functions), slices.Clone(d.spec.Status)
	return &out
}

// TestMutatedDumps spoils what real devices say: what is made of it keeps all promises
// nonetheless.
func TestMutatedDumps(t *testing.T) {
	dumps := loadDumps(t)
	for _, name := range slices.Sorted(maps.Keys(mutations)) {
		t.Run(name, func(t *testing.T) {
			for _, d := range dumps {
				t.Run(d.name, func(t *testing.T) {
					c := d.clone()
					mutations[name](c)
					m := c.model(withLocks())
					r := m.readings(c.Status, false)
					checkModel(t, m, r)
					checkMessages(t, m, r)
					checkModel(t, m, m.readings(c.Status, true))
					checkRoundTrips(t, m, c.Status)
				})
			}
		})
	}
}

// TestSpelling: how a cloud spells types, values and ranges makes no difference.
func TestSpelling(t *testing.T) {
	for _, d := range loadDumps(t) {
		want := announce(t, d)
		for _, name := range []string{"lower case types", "value for Integer", "texts for objects", "everything a text", "texts that hold JSON, bare"} {
			c := d.clone()
			mutations[name](c)
			got := announce(t, c)
			for key, w := range want {
				g, ok := got[key]
				if !ok || g.Platform != w.Platform || g.Class != w.Class || g.Unit != w.Unit || g.Name != w.Name || g.stateOf() != w.stateOf() {
					t.Errorf("%s, %s: %s: want %s %s %q, got %s %s %q", d.name, name, key, w.Platform, w.Unit, w.stateOf(), g.Platform, g.Unit, g.stateOf())
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s, %s: want %d entities, got %d", d.name, name, len(want), len(got))
			}
		}
	}
}
