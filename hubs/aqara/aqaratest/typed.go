package aqaratest

import (
	"encoding/json"
)

// operation is one type of message of generation A.
type operation struct {
	scope string // the API that a token must be allowed to use
	do    func(*request) answer
}

func (s *Studio) operations() map[string]operation {
	ops := map[string]operation{
		"GetDeviceInfoRequest":     {"/devices", s.devicePage},
		"GetAllDeviceInfoRequest":  {"/devices", s.deviceList},
		"GetDevicesRequest":        {"/devices/definitions", s.deviceSpecs},
		"GetTraitValueRequest":     {"/devices/trait/read", s.readTyped},
		"ExecuteTraitRequest":      {"/devices/trait/execute", s.executeTyped},
		"GetSpacesRequest":         {"/spaces", s.spaceTree},
		"GetAutomationListRequest": {"/automations", s.automationPage},
	}
	if s.opts.Old {
		delete(ops, "GetAllDeviceInfoRequest")
		delete(ops, "GetSpacesRequest")
	}
	return ops
}

// typedMessage answers a message of generation A whose token is good.
func (s *Studio) typedMessage(q *request) answer {
	in, bad := s.openEnvelope(q)
	if bad != nil {
		return *bad
	}
	op, ok := s.ops[q.kind]
	if !ok {
		return unreadable("Serializer for subclass '" + q.kind + "' is not found in the polymorphic scope of 'Message'")
	}
	if !s.inScope(op.scope) {
		a := refusal(403, codeScope, "no permission for "+op.scope)
		a.msgID = unknownID
		return a
	}
	q.data, _ = in.get("data", false)
	return op.do(q)
}

// openEnvelope checks the four keys and takes type and msgId out.
func (s *Studio) openEnvelope(q *request) (*object, *answer) {
	refuse := func(a answer) (*object, *answer) { return nil, &a }
	in := q.body("type", "version", "msgId", "data")
	q.kind, q.msgID = in.str("type", true), in.str("msgId", true)
	version := in.str("version", true)
	if in.fault != "" {
		return refuse(unreadable(in.fault))
	}
	switch {
	case version != "v1":
		return refuse(badParam("version %q is not supported", version))
	case q.msgID == "" || len([]rune(q.msgID)) > 64:
		return refuse(badParam("msgId must have 1 to 64 characters"))
	case s.msgIDs[q.msgID] && !s.opts.RepeatedMsgIDs:
		return refuse(badParam("msgId %s was used before", q.msgID))
	}
	s.msgIDs[q.msgID] = true
	return in, nil
}

// object reads the data of a message as an object; missing is an empty one.
func (q *request) object(allowed ...string) *object {
	raw := q.data
	if raw == nil {
		raw = json.RawMessage("{}")
	}
	return parseObject(raw, "$.data", allowed...)
}
