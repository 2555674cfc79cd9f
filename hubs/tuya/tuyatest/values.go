package tuyatest

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The types of data points.
const (
	typeBoolean = "Boolean"
	typeInteger = "Integer"
	typeEnum    = "Enum"
	typeString  = "String"
	typeJSON    = "Json"
	typeRaw     = "Raw"
	typeBitmap  = "Bitmap"
)

// plainType reads a type however it is spelt.
func plainType(t string) string {
	switch strings.ToLower(t) {
	case "bool", "boolean":
		return typeBoolean
	case "value", "integer":
		return typeInteger
	case "enum":
		return typeEnum
	case "json":
		return typeJSON
	case "raw":
		return typeRaw
	case "bitmap":
		return typeBitmap
	}
	return typeString
}

// limits are what Values says, as far as it says anything.
type limits struct {
	Unit   string   `json:"unit"`
	Min    *float64 `json:"min"`
	Max    *float64 `json:"max"`
	Scale  int      `json:"scale"`
	Step   *float64 `json:"step"`
	Range  []string `json:"range"`
	MaxLen any      `json:"maxlen"` // a number, or one in a text
	Label  []string `json:"label"`
}

func (p *DP) limits() limits {
	var l limits
	_ = json.Unmarshal([]byte(p.Values), &l) // what cannot be read limits nothing
	return l
}

func (l limits) maxLen() int {
	switch n := l.MaxLen.(type) {
	case float64:
		return int(n)
	case string:
		i, err := strconv.Atoi(n)
		if err == nil {
			return i
		}
	}
	return 0
}

// checkOrder says why a value cannot be written, or gives it as it is stored.
func (p *DP) checkOrder(raw json.RawMessage, strictSteps bool) (stored any, why string) {
	if !p.writable() {
		return nil, p.Code + " cannot be written"
	}
	l := p.limits()
	switch plainType(p.Type) {
	case typeBoolean:
		var b *bool
		if json.Unmarshal(raw, &b) != nil || b == nil {
			return nil, p.Code + " wants true or false"
		}
		return *b, ""
	case typeInteger:
		return p.checkInteger(raw, l, strictSteps)
	case typeJSON:
		return p.checkJSON(raw)
	case typeBitmap:
		return nil, p.Code + " is a bitmap and cannot be written"
	}
	var text *string
	if json.Unmarshal(raw, &text) != nil || text == nil {
		return nil, p.Code + " wants a text"
	}
	switch plainType(p.Type) {
	case typeEnum:
		if len(l.Range) > 0 && !slices.Contains(l.Range, *text) {
			return nil, p.Code + " does not know this word"
		}
	case typeRaw:
		if _, err := base64.StdEncoding.DecodeString(*text); err != nil {
			return nil, p.Code + " wants base64"
		}
	}
	if most := l.maxLen(); most > 0 && utf8.RuneCountInString(*text) > most {
		return nil, p.Code + " takes " + strconv.Itoa(most) + " characters"
	}
	return *text, ""
}

func (p *DP) checkInteger(raw json.RawMessage, l limits, strictSteps bool) (stored any, why string) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	f := float64(n)
	switch {
	case err != nil:
		return nil, p.Code + " wants a whole number"
	case l.Min != nil && f < *l.Min || l.Max != nil && f > *l.Max:
		return nil, p.Code + " is out of range"
	case strictSteps && l.Step != nil && *l.Step > 1 && l.Min != nil && math.Mod(f-*l.Min, *l.Step) != 0:
		return nil, p.Code + " is off the step"
	}
	return n, ""
}

// checkJSON takes an object, or a text with one in it.
func (p *DP) checkJSON(raw json.RawMessage) (stored any, why string) {
	text := string(raw)
	var inner string
	if json.Unmarshal(raw, &inner) == nil {
		text = inner
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &fields) != nil || fields == nil {
		return nil, p.Code + " wants a JSON object"
	}
	var known map[string]json.RawMessage
	_ = json.Unmarshal([]byte(p.Values), &known) // an empty specification limits nothing
	for name, field := range fields {
		var l limits
		if known[name] == nil || json.Unmarshal(known[name], &l) != nil || l.Min == nil || l.Max == nil {
			continue
		}
		var f float64
		if json.Unmarshal(field, &f) != nil || f < *l.Min || f > *l.Max {
			return nil, p.Code + "." + name + " is out of range"
		}
	}
	return string(mustJSON(fields)), ""
}

// stored gives a value that a test set its kept form: whole numbers as int64.
func stored(v any) any {
	switch x := v.(type) {
	case int:
		return int64(x)
	case float64:
		if x == math.Trunc(x) {
			return int64(x)
		}
	case json.RawMessage:
		return string(x)
	case map[string]any, []any:
		return string(mustJSON(x))
	}
	return v
}
