package discovery

import (
	"encoding/json"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Request is a command as it came, with what its sender wants echoed.
type Request struct {
	hubs.Command
	// DeviceID is the device's level in topics.
	DeviceID string
	// Get asks for a new reading of the device; there is no Command then.
	Get bool
	// Transaction is echoed in the result; nil: none came.
	Transaction json.RawMessage
	// Err is an *hubs.Error of Fault Invalid, ReadOnly, UnknownDevice or UnknownEntity
	// when the command cannot be sent as it came; the Command is not to be used then,
	// its Entity apart.
	Err error
}

// Result is what became of a command.
type Result struct {
	Entity      string          `json:"entity"`
	OK          bool            `json:"ok"`
	Error       string          `json:"error,omitempty"`
	Code        string          `json:"code,omitempty"`
	MS          int64           `json:"ms"`
	Transaction json.RawMessage `json:"transaction,omitempty"`
}

// Result tells the sender of a command what became of it. It is not retained.
func (l Layout) Result(deviceID string, r Result) Message {
	payload, err := json.Marshal(r)
	if err != nil { // a transaction that is no JSON
		r.Transaction = nil
		payload, _ = json.Marshal(r)
	}
	return Message{Topic: l.ResultTopic(deviceID), Payload: payload}
}
