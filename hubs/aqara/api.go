package aqara

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// The paths below the hub's address.
const (
	basePath    = "/open/api/v1"
	refreshPath = basePath + "/auth/refresh-token"
)

// The messages of the typed envelope that we send.
const (
	typeAllDevices = "GetAllDeviceInfoRequest"
	typeDevicePage = "GetDeviceInfoRequest"
	typeSpecs      = "GetDevicesRequest"
	typeSpaces     = "GetSpacesRequest"
	typeValues     = "GetTraitValueRequest"
	typeExecute    = "ExecuteTraitRequest"
)

// request is the typed envelope. The Studio wants these four keys and no other.
type request struct {
	Type    string `json:"type"`
	Version string `json:"version"`
	MsgID   string `json:"msgId"`
	Data    any    `json:"data,omitempty"`
}

// envelope is what every answer is wrapped in.
type envelope struct {
	Code    number          `json:"code"`
	Message text            `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// parseEnvelope reports false for what is no envelope at all.
func parseEnvelope(body []byte) (envelope, bool) {
	var e envelope
	if body = bytes.TrimSpace(body); len(body) == 0 || body[0] != '{' {
		return e, false
	}
	if err := json.Unmarshal(body, &e); err != nil || !e.Code.known {
		return e, false
	}
	return e, true
}

// wireInfo is a device in a list.
type wireInfo struct {
	ID    text       `json:"deviceId"`
	Name  text       `json:"deviceName"`
	State truth      `json:"state"`
	Space *wireSpace `json:"space"`
}

// wireSpace is a room, in a device or in the tree of rooms.
type wireSpace struct {
	ID       text            `json:"spaceId"`
	Name     text            `json:"name"`
	Children list[wireSpace] `json:"children"`
}

// UnmarshalJSON takes anything: a device is worth more than its room.
func (s *wireSpace) UnmarshalJSON(raw []byte) error {
	type plain wireSpace
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	return json.Unmarshal(raw, (*plain)(s))
}

// wireSpec is a device with all it can do.
type wireSpec struct {
	ID    text       `json:"deviceId"`
	Name  text       `json:"name"`
	Types list[text] `json:"deviceTypesList"`
	// OldTypes is what Types was called before 2025-12.
	OldTypes  list[text]         `json:"types"`
	Endpoints list[wireEndpoint] `json:"endpoints"`
}

func (s *wireSpec) types() []text {
	if len(s.Types) > 0 {
		return s.Types
	}
	return s.OldTypes
}

type wireEndpoint struct {
	ID        number             `json:"endpointId"`
	Name      text               `json:"endpointName"`
	Type      text               `json:"deviceType"`
	Functions list[wireFunction] `json:"functions"`
}

type wireFunction struct {
	Code   text            `json:"functionCode"`
	Traits list[wireTrait] `json:"traits"`
}

type wireTrait struct {
	Code      text            `json:"traitCode"`
	Param     wireParam       `json:"parameter"`
	Attribute json.RawMessage `json:"attribute"`
	Value     json.RawMessage `json:"value"`
	Time      millis          `json:"time"`
}

// wireParam says which values a trait takes.
type wireParam struct {
	Type     text   `json:"type"`
	Readable truth  `json:"readable"`
	Writable truth  `json:"writable"`
	Reports  truth  `json:"subscribable"`
	Min      number `json:"min"`
	Max      number `json:"max"`
	Step     number `json:"step"`
	Unit     text   `json:"unit"`
	// One list, three spellings.
	Supported  list[wireChoice] `json:"supportedValues"`
	Supported1 list[wireChoice] `json:"supportedValue"`
	Range      list[wireChoice] `json:"enumRange"`
}

// UnmarshalJSON takes anything: a parameter that is no object says nothing.
func (p *wireParam) UnmarshalJSON(raw []byte) error {
	type plain wireParam
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	return json.Unmarshal(raw, (*plain)(p))
}

func (p *wireParam) choices() []wireChoice {
	switch {
	case len(p.Supported) > 0:
		return p.Supported
	case len(p.Supported1) > 0:
		return p.Supported1
	}
	return p.Range
}

// wireChoice is one value of an enumeration: a name, and a decimal number in a string.
type wireChoice struct {
	Key   text `json:"key"`
	Value text `json:"value"`
}

// UnmarshalJSON takes a bare value too.
func (c *wireChoice) UnmarshalJSON(raw []byte) error {
	type plain wireChoice
	if len(raw) > 0 && raw[0] == '{' {
		return json.Unmarshal(raw, (*plain)(c))
	}
	return c.Value.UnmarshalJSON(raw)
}

// wireValue is one value as reads give it.
type wireValue struct {
	Device   text            `json:"deviceId"`
	Endpoint number          `json:"endpointId"`
	Function text            `json:"functionCode"`
	Trait    text            `json:"traitCode"`
	Value    json.RawMessage `json:"value"`
	Time     millis          `json:"time"`
}

// wireFailure is one item of a command that did not work.
type wireFailure struct {
	Device  text   `json:"deviceId"`
	Code    number `json:"code"`
	Message text   `json:"message"`
}

// readItem asks for the values of one function.
type readItem struct {
	Device   string   `json:"deviceId"`
	Endpoint int      `json:"endpointId"`
	Function string   `json:"functionCode"`
	Traits   []string `json:"traitCodes"`
}

// writeItem is one new value.
type writeItem struct {
	Device   string `json:"deviceId"`
	Endpoint int    `json:"endpointId"`
	Function string `json:"functionCode"`
	Trait    string `json:"traitCode"`
	Value    any    `json:"value"`
}

// list is an array, or empty whatever else stands there.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(raw []byte) error {
	*l = nil
	if len(raw) == 0 || raw[0] != '[' {
		return nil
	}
	return json.Unmarshal(raw, (*[]T)(l))
}

// text is a string, or a number as it is written; anything else is empty.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	*t = ""
	switch {
	case len(raw) == 0:
	case raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = text(s)
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		*t = text(raw)
	}
	return nil
}

// number is a JSON number, or one in a string; anything else is not known.
type number struct {
	known bool
	f     float64
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(raw []byte) error {
	f, ok := parseNumber(raw)
	*n = number{ok, f}
	return nil
}

// whole is the number as an endpoint's or an error's; negative if it is none.
func (n number) whole() int {
	if !n.known || n.f != math.Trunc(n.f) || n.f < 0 || n.f > math.MaxInt32 {
		return -1
	}
	return int(n.f)
}

// truth is true, false, 1, 0 or one of these in a string; anything else is not known.
type truth struct{ known, on bool }

// UnmarshalJSON implements json.Unmarshaler.
func (f *truth) UnmarshalJSON(raw []byte) error {
	on, ok := parseBool(raw)
	*f = truth{ok, on}
	return nil
}

func (f truth) or(other bool) bool {
	if f.known {
		return f.on
	}
	return other
}

// millis is a time in milliseconds since 1970; anything else is the zero time.
type millis struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (m *millis) UnmarshalJSON(raw []byte) error {
	m.Time = time.Time{}
	const year9999 = 253402300799000
	if f, ok := parseNumber(raw); ok && f > 0 && f <= year9999 {
		m.Time = time.UnixMilli(int64(f)).UTC()
	}
	return nil
}

// unquote gives the text of a JSON string, or raw as it is.
func unquote(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return string(raw), false
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", true
	}
	return s, true
}

func parseNumber(raw []byte) (float64, bool) {
	s, quoted := unquote(raw)
	if s = strings.TrimSpace(s); s == "" {
		return 0, false
	}
	// ParseFloat knows words such as Inf and forms such as 0x10 that are no numbers here.
	if c := s[len(s)-1]; c < '0' || c > '9' || quoted && strings.ContainsAny(s, "xXpP_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}

func parseBool(raw []byte) (on, ok bool) {
	s, _ := unquote(raw)
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "1.0", "on":
		return true, true
	case "false", "0", "0.0", "off":
		return false, true
	}
	return false, false
}
