package aqaratest

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// The Studio's own kinds of faults, beside those of package fault.
const (
	FailCode    fault.Kind = "code"         // HTTP 200 (or Status) and an ErrorMessage with Code
	LooseValues fault.Kind = "loose-values" // answers and pushes: 0/1 and "12.5" instead of true/false and 12.5
	ItemFails   fault.Kind = "item"         // writes to Device (empty: all) fail with Code (0: 1103)
)

// Faults is how the Studio is made to go wrong. Calls are named by their message types:
// the refresh call has the type RefreshTokenRequest, the upgrade of the WebSocket the
// type WebSocket; REST calls have the type of their typed twin. The path of the WebSocket
// matches its upgrade and all of its messages. Pushes are named TraitValueUpdate and
// objectEvent; what Options has for them never ends. Neither a greeting nor a snapshot is
// an update.
func (s *Studio) Faults() *fault.Table { return s.faults }

func (s *Studio) newTable() *fault.Table {
	return &fault.Table{
		Describe: s.describe, Say: s.sayFault, Spoil: spoil,
		Own: map[fault.Kind]fault.Manner{FailCode: fault.Instead, LooseValues: fault.Behind, ItemFails: fault.Beside},
	}
}

func (s *Studio) describe(r *http.Request, body []byte) fault.Request {
	kind, _, data := sniff(body)
	q := fault.Request{Name: kind, Role: fault.Call}
	switch r.URL.Path {
	case SocketPath:
		return fault.Request{Name: "WebSocket", Role: fault.Stream}
	case RefreshPath:
		return fault.Request{Name: "RefreshTokenRequest", Role: fault.Renewal}
	case BasePath:
	default:
		q.Name = s.rest[r.Method+" "+r.URL.Path].kind
		q.Page = pageOf(q.Name, r.URL.Query().Get("pageNum"))
		return q
	}
	var page struct {
		Num json.Number `json:"pageNum"`
	}
	_ = json.Unmarshal(data, &page) // what has no page may be a list
	q.Page = pageOf(kind, page.Num.String())
	return q
}

// pageOf takes the specs for the inventory's second page: the list of all devices comes
// at once, and what they are comes after.
func pageOf(kind, num string) int {
	switch kind {
	case "GetAllDeviceInfoRequest":
		return 1
	case "GetDeviceInfoRequest":
		n, _ := strconv.Atoi(num)
		return max(1, n)
	case "GetDevicesRequest":
		return 2
	}
	return 0
}

// sayFault words a fault as the Studio does.
func (s *Studio) sayFault(w http.ResponseWriter, r *http.Request, f fault.Fault) {
	status, code, id, text := f.Status, f.Code, unknownID, http.StatusText(f.Status)
	if f.Kind == FailCode {
		raw, _ := io.ReadAll(r.Body) // it is in memory
		_, id, _ = sniff(raw)
		status, text = cmp.Or(status, http.StatusOK), "scripted failure"
	} else {
		status = cmp.Or(status, http.StatusInternalServerError)
		if code == 0 && status == http.StatusUnauthorized {
			code = s.opts.ExpiredCode
		}
		code = cmp.Or(code, status)
	}
	w.Header().Set("Content-Type", "application/json")
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	w.WriteHeader(status)
	_, _ = w.Write(errorMessage(id, code, text)) // a client that is gone is none of our business
}

func errorMessage(msgID string, code int, text string) []byte {
	raw, _ := json.Marshal(envelope{ // strings and a number always marshal
		Type: "ErrorMessage", Version: "v1", MsgID: cmp.Or(msgID, unknownID), Code: code, Message: text,
		Data: json.RawMessage("null"),
	})
	return raw
}

// spoil leaves the envelope as it is.
func spoil(f fault.Fault, body []byte) []byte {
	if f.Kind == LooseValues {
		return fault.Rewrite(body, "data", loose)
	}
	return fault.Rewrite(body, "data", fault.Retype)
}

// loose writes values in the other ways that were seen in the wild.
func loose(key string, v any) any {
	if key != "value" {
		return v
	}
	switch x := v.(type) {
	case bool:
		if x {
			return 1
		}
		return 0
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case string:
		if n, err := strconv.Atoi(x); err == nil {
			return n
		}
	}
	return v
}

// item says whether a fault wants writes to the device to fail.
func (q *request) item(device string) (code int, text string) {
	for _, f := range q.Own {
		if f.Device != "" && f.Device != device {
			continue
		}
		if f.Code == 0 || f.Code == codeOffline {
			return codeOffline, "device offline"
		}
		return f.Code, "scripted failure"
	}
	return 0, ""
}
