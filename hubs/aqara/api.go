package aqara

import (
	"bytes"
	"encoding/json"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The paths below the hub's address.
const (
	basePath    = "/open/api/v1"
	refreshPath = basePath + "/auth/refresh-token"
	socketPath  = "/open/ws"
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

// The messages of the WebSocket.
const (
	typeAuth         = "AuthRequest"
	typeSubscribeAll = "SubscribeAllRequest"
	typePing         = "ping"

	typeSubscribed = "SubscribeAllResponse"
	typeNews       = "TraitValueUpdate"
	typeObject     = "objectEvent"
	typeFailure    = "ErrorMessage"
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

	sent []auth.Secret // what the Studio may quote
}

// wireMessage is what comes over the WebSocket: an answer, or a push.
type wireMessage struct {
	Type  text `json:"type"`
	MsgID text `json:"msgId"`
	envelope
}

// wireEvent is the data of an objectEvent.
type wireEvent struct {
	Type   text   `json:"eventType"`
	Object text   `json:"objectId"`
	Time   millis `json:"time"`
	Data   struct {
		Device text `json:"deviceId"`
	} `json:"data"`
}

// device is the one that the event is about.
func (e *wireEvent) device() hubs.DeviceID {
	if e.Data.Device != "" {
		return hubs.DeviceID(e.Data.Device)
	}
	return hubs.DeviceID(e.Object)
}

// parseEnvelope reports false for what is no envelope at all. sent is the token that
// the call was made with.
func parseEnvelope(body []byte, sent auth.Token) (envelope, bool) {
	e := envelope{sent: []auth.Secret{sent.Access, sent.Refresh}}
	if body = bytes.TrimSpace(body); len(body) == 0 || body[0] != '{' {
		return e, false
	}
	if err := json.Unmarshal(body, &e); err != nil || !e.Code.Known {
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
	// Gateway is what generation B adds.
	Gateway gateway `json:"gatewayId"`
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
	Code     text              `json:"functionCode"`
	Traits   list[wireTrait]   `json:"traits"`
	Commands list[wireCommand] `json:"commands"` // of generation B
}

// wireCommand is something a device can be told to do.
type wireCommand struct {
	Code   text `json:"commandCode"`
	Fields list[struct {
		Code  text      `json:"fieldCode"`
		Param wireParam `json:"parameter"`
	}] `json:"fields"`
}

// gateway is the device that another one hangs on. That there is none tells something
// too: it is a gateway itself, or no device of Aqara's.
type gateway struct {
	known bool
	id    text
}

// UnmarshalJSON implements json.Unmarshaler; it is called for null too.
func (g *gateway) UnmarshalJSON(raw []byte) error {
	g.known = true
	return g.id.UnmarshalJSON(raw)
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
	// Mandatory is about the field of a command.
	Mandatory truth `json:"mandatory"`
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

// orderItem is one command of generation B.
type orderItem struct {
	Device   string `json:"deviceId"`
	Endpoint int    `json:"endpointId"`
	Function string `json:"functionCode"`
	Command  string `json:"commandCode"`
	Args     []arg  `json:"args"`
}

type arg struct {
	Field string `json:"fieldCode"`
	Value any    `json:"value"`
}

// wireTrigger is an automation that can be started by hand.
type wireTrigger struct {
	Automation text  `json:"automationId"`
	Rule       text  `json:"automationName"`
	Node       text  `json:"triggerNodeId"`
	Name       text  `json:"triggerName"`
	Enabled    truth `json:"enabled"`
}
