package tuya

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// envelope is what every answer of the API is wrapped in.
type envelope struct {
	ok      bool
	code    int       // 0 or less: none
	message string    // in words of the vendor
	at      time.Time // the vendor's clock; zero: not told
	trace   string    // what the vendor's support asks for
	result  json.RawMessage
}

// parseEnvelope reports false for what is none: anything but an object that says whether
// it is a success. Code and message are absent, null or of another type on success.
func parseEnvelope(body []byte) (envelope, bool) {
	var raw struct {
		Success loose.Truth     `json:"success"`
		Code    loose.Number    `json:"code"`
		Message loose.Text      `json:"msg"`
		At      loose.Time      `json:"t"`
		Trace   loose.Text      `json:"tid"`
		Result  json.RawMessage `json:"result"`
	}
	if json.Unmarshal(body, &raw) != nil || !raw.Success.Known {
		return envelope{}, false
	}
	return envelope{
		ok: raw.Success.On, code: raw.Code.Whole(), message: string(raw.Message), at: raw.At.Time,
		trace: traceID(string(raw.Trace)), result: raw.Result,
	}, true
}

// traceID lets ids of calls through, which are hexadecimal, and nothing that could say
// something else.
func traceID(s string) string {
	const most = 40
	other := func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') && r != '-' }
	if len(s) > most || strings.ContainsFunc(s, other) {
		return ""
	}
	return s
}
