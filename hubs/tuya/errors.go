package tuya

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// classify says what an answer that is no success means. sent is what the vendor's words
// may quote.
func classify(call *request, header http.Header, e envelope, sent ...auth.Secret) error {
	code := strconv.Itoa(e.code)
	if tokenCodes[e.code] {
		return rest.Rejected(code)
	}
	m, known := meanings[e.code]
	switch {
	case !known:
		return rest.Fail(hubs.Refused, code, "answered "+code+rest.Says(e.message, sent...))
	case e.code == codeQuotaUsed:
		err := rest.Exhausted(code)
		err.Hint = m.hint
		return err
	case e.code == codePermission && call.lists:
		// Elsewhere it is about one device, here about the whole account.
		m.fault, m.hint, m.after = hubs.Misconfigured, linkHint, configWait
	}
	err := rest.Fail(m.fault, code, "answered "+code+": "+m.what)
	err.Hint, err.After = m.hint, max(m.after, rest.RetryAfter(header))
	return err
}

// codeOf is the vendor's code of an error; empty: it has none.
func codeOf(err error) string {
	if e, ok := errors.AsType[*hubs.Error](err); ok {
		return e.Code
	}
	return ""
}

// isCode tells whether an error has that code.
func isCode(err error, code int) bool { return err != nil && codeOf(err) == strconv.Itoa(code) }

// denied tells errors that another call, for the same thing, may not meet: this one is
// not there, or not for us. They are no trouble of the whole account.
func denied(err error) bool {
	switch hubs.FaultOf(err) {
	case hubs.Refused, hubs.UnknownDevice:
		return true
	case hubs.Misconfigured:
		switch codeOf(err) {
		case "1106", "28841001", "28841101", "28841105", "28841106", "60009001", "403":
			return true
		}
	default:
	}
	return false
}

// shape makes the error of an answer that was no good in itself.
func shape(call, what string) error {
	e := rest.Garbage("")
	e.Err = fmt.Errorf("tuya: %s: %s", call, what)
	return e
}
