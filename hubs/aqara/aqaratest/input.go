package aqaratest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// object is a JSON object read as strictly as the Studio's serializer does: keys by
// exact spelling, none twice, none unknown. The first fault found stays.
type object struct {
	at    string
	keys  map[string]json.RawMessage
	fault string
}

func parseObject(raw []byte, at string, allowed ...string) *object {
	o := &object{at: at, keys: map[string]json.RawMessage{}}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		o.fail("Expected start of the object '{' at path: %s", at)
		return o
	}
	for dec.More() {
		t, err := dec.Token()
		key, _ := t.(string)
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			o.fail("Unexpected JSON token at path: %s", at)
			return o
		}
		if _, twice := o.keys[key]; twice {
			o.fail("Key '%s' twice at path: %s", key, at)
		}
		if !slices.Contains(allowed, key) {
			o.fail("Encountered an unknown key '%s' at path: %s", key, at)
		}
		o.keys[key] = value
	}
	if _, err := dec.Token(); err != nil {
		o.fail("Expected end of the object '}' at path: %s", at)
	} else if _, err := dec.Token(); err != io.EOF {
		o.fail("Expected EOF after parsing at path: %s", at)
	}
	return o
}

func (o *object) fail(format string, args ...any) {
	if o.fault == "" {
		o.fault = fmt.Sprintf(format, args...)
	}
}

// get gives the raw value; null counts as missing.
func (o *object) get(key string, need bool) (json.RawMessage, bool) {
	raw, ok := o.keys[key]
	if ok && string(raw) != "null" {
		return raw, true
	}
	if need {
		o.fail("Field '%s' is required, but it was missing at path: %s", key, o.at)
	}
	return nil, false
}

func (o *object) str(key string, need bool) string {
	raw, ok := o.get(key, need)
	if !ok {
		return ""
	}
	var v string
	if raw[0] != '"' || json.Unmarshal(raw, &v) != nil {
		o.fail("Expected a string literal at path: %s.%s", o.at, key)
	}
	return v
}

func (o *object) num(key string, need bool, fallback int) int {
	raw, ok := o.get(key, need)
	if !ok {
		return fallback
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil {
		o.fail("Expected an integer literal at path: %s.%s", o.at, key)
	}
	return n
}

// list splits an array; missing gives nil.
func (o *object) list(key string, need bool) []json.RawMessage {
	raw, ok := o.get(key, need)
	if !ok {
		return nil
	}
	items, fault := parseList(raw, o.at+"."+key)
	if fault != "" {
		o.fail("%s", fault)
	}
	return items
}

func (o *object) strings(key string, need bool) []string {
	items := o.list(key, need)
	if items == nil {
		return nil
	}
	out := make([]string, len(items))
	for i, raw := range items {
		if raw[0] != '"' || json.Unmarshal(raw, &out[i]) != nil {
			o.fail("Expected a string literal at path: %s.%s[%d]", o.at, key, i)
		}
	}
	return out
}

func parseList(raw []byte, at string) (items []json.RawMessage, fault string) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		return nil, "Expected start of the array '[' at path: " + at
	}
	return items, ""
}

// sniff reads the type and msgId of a message however wrong the rest is: for the log
// and for faults, never for the answer.
func sniff(raw []byte) (typ, msgID string, data json.RawMessage) {
	var m struct {
		Type  any
		MsgID any
		Data  json.RawMessage
	}
	if json.Unmarshal(raw, &m) != nil {
		return "", "", nil
	}
	typ, _ = m.Type.(string)
	msgID, _ = m.MsgID.(string)
	return typ, msgID, m.Data
}

// countItems says how many items a call carries: the length of its array, or of the
// list of devices or items inside its object.
func countItems(data json.RawMessage) int {
	var items []json.RawMessage
	if json.Unmarshal(data, &items) == nil {
		return len(items)
	}
	var in struct {
		DeviceIDs []json.RawMessage `json:"deviceIds"`
		Data      []json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(data, &in) // any other shape has no items
	return len(in.DeviceIDs) + len(in.Data)
}

// number reads a JSON number; whole asks for one without point and exponent.
func number(raw json.RawMessage, whole bool) (float64, bool) {
	s := string(raw)
	if s == "" || (s[0] != '-' && (s[0] < '0' || s[0] > '9')) || whole && strings.ContainsAny(s, ".eE") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
