package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// said is an error with a text of ours. cause is for errors.Is alone: only causes
// whose own text is harmless are kept.
type said struct {
	text  string
	cause error
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.cause }

// Fail makes an error for a Classify hook; what says what the server did, such as
// "answered 503", and is completed with vendor, call and host.
func Fail(fault hubs.Fault, code, what string) *hubs.Error {
	return &hubs.Error{Fault: fault, Code: code, Err: &said{text: what}}
}

// Rejected makes the error of a refused token: it matches auth.ErrRejected.
func Rejected(code string) *hubs.Error {
	return &hubs.Error{
		Fault: hubs.LoginNeeded, Code: code,
		Err: &said{text: "refused the token", cause: auth.ErrRejected},
	}
}

// Garbage makes the error of an answer that nobody understands: worth another try,
// since portals and restarting boxes answer so.
func Garbage(what string) *hubs.Error { return Fail(hubs.Transient, "", what) }

// Limited makes the error of a call that came too soon; the header may say how long
// to wait.
func Limited(code string, h http.Header) *hubs.Error {
	e := Fail(hubs.Limited, code, "asks for fewer calls")
	e.After = RetryAfter(h)
	return e
}

func bug(what string) *hubs.Error { return Fail(hubs.Bug, "", what) }

// byStatus classifies an answer that has nothing but its status; nil for 2xx.
func byStatus(status int, h http.Header) error {
	code := strconv.Itoa(status)
	answered := "answered " + code
	switch {
	case status/100 == 2:
		return nil
	case status == http.StatusUnauthorized:
		return Rejected(code)
	case status == http.StatusForbidden:
		return Fail(hubs.Misconfigured, code, answered)
	case status == http.StatusTooManyRequests:
		return Limited(code, h)
	case status/100 == 3:
		e := Fail(hubs.Transient, code, answered+", which points elsewhere")
		e.Hint = "If this lasts, the address in the settings is not the one the hub answers at."
		return e
	case status/100 == 4 && status != http.StatusRequestTimeout:
		return Fail(hubs.Refused, code, answered)
	}
	e := Fail(hubs.Transient, code, answered)
	e.After = RetryAfter(h)
	return e
}

// RetryAfter reads the header of that name, in seconds or as a date; zero: it is not
// there or makes no sense. A date is measured on the server's own clock where the
// answer tells it.
func RetryAfter(h http.Header) time.Duration {
	const most = 24 * time.Hour
	raw := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseFloat(raw, 64); err == nil {
		if n > 0 && n < most.Seconds() {
			return time.Duration(n * float64(time.Second))
		}
		if n >= most.Seconds() {
			return most
		}
		return 0
	}
	until, err := http.ParseTime(raw)
	if err != nil {
		return 0
	}
	now := time.Now()
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		now = t
	}
	return min(max(until.Sub(now), 0), most)
}

// broken classifies a call without a whole answer. net/http's texts may hold the
// address with its query, or a piece of the answer: they are replaced.
func broken(ctx context.Context, err error) *hubs.Error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	text, cause := reason(ctx, err)
	return &hubs.Error{Fault: hubs.Transient, Err: &said{text: text, cause: cause}}
}

// unreached tells whether a call failed before there was a connection to send it over.
func unreached(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

func reason(ctx context.Context, err error) (text string, cause error) {
	var (
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		errno   syscall.Errno
		timeout interface{ Timeout() bool }
	)
	switch {
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, context.Canceled):
		return "call was cut short", context.Canceled
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "gave no answer in time", context.DeadlineExceeded
	case errors.As(err, &dns):
		return "name is not known", nil
	case errors.As(err, &cert):
		return "certificate is not trusted", nil
	case errors.As(err, &record):
		return "does not speak TLS", nil
	case errors.As(err, &errno):
		return errno.Error(), errno
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "broke the answer off", io.ErrUnexpectedEOF
	}
	return "connection failed", nil
}

// complete puts vendor, call and host before what happened.
func (c *Client) complete(call Call, host string, err error) error {
	e, ok := errors.AsType[*hubs.Error](err)
	if !ok {
		e = &hubs.Error{Err: err}
	}
	done := *e
	text := call.Name + ": " + host
	if c.cfg.Vendor != "" {
		text = c.cfg.Vendor + ": " + text
	}
	if e.Err == nil {
		done.Err = &said{text: text}
		return &done
	}
	done.Err = &said{text: text + " " + e.Err.Error(), cause: e.Err}
	return &done
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, auth.ErrRejected):
		return "rejected"
	}
	return hubs.FaultOf(err).String()
}
