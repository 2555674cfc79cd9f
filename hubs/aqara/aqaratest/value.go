package aqaratest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checkWrite reads a value that a client wants to write, as strictly as the parameter
// says. The second result is what is wrong with it.
func checkWrite(p Param, raw json.RawMessage) (value any, fault string) {
	switch p.Type {
	case "Bool":
		if s := string(raw); s == "true" || s == "false" {
			return s == "true", ""
		}
		return nil, "value must be true or false"
	case "Integer", "Float":
		f, ok := number(raw, p.Type == "Integer")
		if !ok {
			return nil, "value must be a JSON number of type " + p.Type
		}
		if fault := outside(p, f); fault != "" {
			return nil, fault
		}
		if p.Type == "Integer" {
			return int64(f), ""
		}
		return f, ""
	}
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return nil, "value must be a string"
	}
	return s, wrongText(p, s)
}

func outside(p Param, f float64) string {
	if p.Min != nil && f < *p.Min || p.Max != nil && f > *p.Max {
		return "value out of range"
	}
	if p.Step != nil && *p.Step > 0 {
		base := 0.0
		if p.Min != nil {
			base = *p.Min
		}
		if n := (f - base) / *p.Step; math.Abs(n-math.Round(n)) > 1e-6 {
			return "value is not a multiple of the step"
		}
	}
	return ""
}

func wrongText(p Param, s string) string {
	switch {
	case p.Type == "Enum":
		if !slices.ContainsFunc(p.Enum, func(c Choice) bool { return c.Value == s }) {
			return "value is not one of the supported values"
		}
	case p.Type == "Struct" || strings.HasPrefix(p.Type, "List"):
		if !json.Valid([]byte(s)) {
			return "value must hold JSON text"
		}
	case p.Type == "Data":
		if _, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64); err != nil || !strings.HasPrefix(s, "0x") {
			return "value must be a hex string such as 0x01AB3F"
		}
	}
	return ""
}

// convert turns a value as a test or the control surface gives it into the stored form
// of the parameter's type. Devices report what they like, so ranges do not matter.
func convert(p Param, v any) (any, error) {
	switch n := v.(type) {
	case int:
		v = float64(n)
	case int64:
		v = float64(n)
	case json.Number:
		f, err := n.Float64()
		if err != nil {
			return nil, fmt.Errorf("aqaratest: %w", err)
		}
		v = f
	}
	f, isNumber := v.(float64)
	_, isText := v.(string)
	_, isBool := v.(bool)
	switch {
	case v == nil, p.Type == "Bool" && isBool, p.Type == "Float" && isNumber:
		return v, nil
	case p.Type == "Integer" && isNumber && f == math.Trunc(f):
		return int64(f), nil
	case p.Type == "Enum" && isNumber:
		return strconv.FormatFloat(f, 'f', -1, 64), nil
	case p.Type == "Enum" && isText:
		for _, c := range p.Enum {
			if c.Key == v {
				return c.Value, nil
			}
		}
		return v, nil
	case isText && p.Type != "Bool" && p.Type != "Float" && p.Type != "Integer":
		return v, nil
	}
	return nil, fmt.Errorf("aqaratest: %v does not fit a trait of type %s", v, p.Type)
}

// double writes a float as Kotlin does: always with a point, 1.0E8 when large.
type double float64

// MarshalJSON implements json.Marshaler.
func (d double) MarshalJSON() ([]byte, error) {
	f := float64(d)
	if a := math.Abs(f); a >= 1e7 || a != 0 && a < 1e-3 {
		m, e, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		if !strings.Contains(m, ".") {
			m += ".0"
		}
		n, _ := strconv.Atoi(e)
		return fmt.Appendf(nil, "%sE%d", m, n), nil
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return []byte(s), nil
}

// valueJSON gives v the look of the parameter's type.
func (s *Studio) valueJSON(p Param, v any) any {
	switch n := v.(type) {
	case float64:
		return double(n)
	case string:
		if p.Type == "Enum" && s.opts.EnumNumbers {
			return json.Number(n)
		}
	}
	return v
}

// millis is the Studio's time: null where there is none.
func (q *request) millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Add(q.Skew).UnixMilli()
}

// paramJSON describes p; nulls spells out what it does not have.
func (s *Studio) paramJSON(p Param, nulls bool) map[string]any {
	out := map[string]any{
		"type": p.Type, "readable": p.Readable, "writable": p.Writable, "subscribable": p.Reports,
	}
	if nulls {
		for _, k := range []string{"min", "max", "step", "unit", s.opts.EnumListKey} {
			out[k] = nil
		}
	}
	for k, f := range map[string]*float64{"min": p.Min, "max": p.Max, "step": p.Step} {
		switch {
		case f == nil:
		case p.Type == "Integer":
			out[k] = int64(*f)
		default:
			out[k] = double(*f)
		}
	}
	if p.Unit != "" {
		out["unit"] = p.Unit
	}
	if p.Enum != nil {
		list := make([]map[string]any, len(p.Enum))
		for i, c := range p.Enum {
			list[i] = map[string]any{"key": c.Key, "value": s.valueJSON(p, c.Value)}
		}
		out[s.opts.EnumListKey] = list
	}
	return out
}
