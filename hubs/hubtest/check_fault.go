package hubtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// The table of what may happen to a call, and what the hub makes of it.
func faultChecks() []check {
	return []check{
		{"missing right is told", strikes(forbidden)},
		{"rate limit is told", strikes(limits)},
		{"server errors are transient", strikes(serverErrors)},
		{"hanging server is given up", strikes(hanging)},
		{"broken answers are transient", strikes(brokenAnswers)},
		{"garbage is an error", strikes(garbage)},
		{"strange answers do no harm", strikes(strange)},
		{"huge answers are not kept", hugeAnswer},
		{"dead network is transient", strikes(network)},
		{"wrong clock does no harm", wrongClock},
	}
}

// strike is one row: a fault, and what every call makes of it while it lasts.
type strike struct {
	name  string
	fault fault.Fault
	// want are the kinds of error that a call may give; nil: none, it works.
	want []hubs.Fault
	// either lets a call give an error or not: env sees to panics, and to devices beside
	// an error.
	either bool
	// after is how long the server wants to be left alone, and the error must say so.
	after time.Duration
	// done says that a command may have taken effect all the same.
	done bool
}

func transient() []hubs.Fault { return []hubs.Fault{hubs.Transient} }

// noise is what lets the bridge try again: a portal's page must not end in a wish for a
// login.
func noise() []hubs.Fault { return []hubs.Fault{hubs.Transient, hubs.Bug} }

const limitAfter = 7 * time.Second

func status(code int) fault.Fault { return fault.Fault{Kind: fault.Status, Status: code} }

func forbidden() []strike {
	return []strike{{name: "403", fault: status(http.StatusForbidden), want: []hubs.Fault{hubs.Misconfigured, hubs.Refused, hubs.LoginNeeded}}}
}

func limits() []strike {
	limited := []hubs.Fault{hubs.Limited}
	plain := status(http.StatusTooManyRequests)
	told := plain
	told.RetryAfter = fmt.Sprint(int(limitAfter.Seconds()))
	dated := plain
	dated.RetryAfter = retryDate
	return []strike{
		{name: "429", fault: plain, want: limited},
		{name: "429 with a time", fault: told, want: limited, after: limitAfter},
		{name: "429 with a date", fault: dated, want: limited, after: limitAfter},
	}
}

// retryDate stands for limitAfter from now, as a date.
const retryDate = "date"

func serverErrors() []strike {
	var out []strike
	for _, code := range []int{500, 502, 503, 504} {
		out = append(out, strike{name: fmt.Sprint(code), fault: status(code), want: transient()})
		for name, body := range map[string]string{"empty": "", "HTML": "<html>" + marker, "half JSON": `{"message":"` + marker + `"`} {
			f := fault.Fault{Kind: fault.Answer, Status: code, Body: body}
			out = append(out, strike{name: fmt.Sprintf("%d of a proxy, %s", code, name), fault: f, want: transient()})
		}
	}
	told := status(http.StatusServiceUnavailable)
	told.RetryAfter = fmt.Sprint(int(limitAfter.Seconds()))
	late := status(http.StatusInternalServerError)
	late.After = true
	return append(out,
		strike{name: "503 with a time", fault: told, want: transient(), after: limitAfter},
		strike{name: "500 after the work", fault: late, want: transient(), done: true})
}

func hanging() []strike {
	const slow = 3 * time.Second
	return []strike{
		{name: "hang", fault: fault.Fault{Kind: fault.Hang}, want: transient()},
		{name: "hang after the work", fault: fault.Fault{Kind: fault.Hang, After: true}, want: transient(), done: true},
		{name: "slow for ever", fault: fault.Fault{Kind: fault.Slow, Delay: time.Hour}, want: transient()},
		{name: "slow", fault: fault.Fault{Kind: fault.Slow, Delay: slow}, done: true},
	}
}

func brokenAnswers() []strike {
	return []strike{
		{name: "reset", fault: fault.Fault{Kind: fault.Reset}, want: transient()},
		{name: "cut", fault: fault.Fault{Kind: fault.Cut}, want: transient(), done: true},
		{name: "lost reply", fault: fault.Fault{Kind: fault.LostReply}, want: transient(), done: true},
		{name: "truncated", fault: fault.Fault{Kind: fault.Truncated}, want: noise(), done: true},
	}
}

func garbage() []strike {
	const depth = 200_000
	out := []strike{
		{name: "a page", fault: fault.Fault{Kind: fault.HTML}, want: noise()},
		{name: "nothing", fault: fault.Fault{Kind: fault.Empty}, want: noise()},
		{name: "deep", fault: fault.Fault{Kind: fault.Deep, Size: depth}, want: noise()},
	}
	for name, body := range map[string]string{
		"HTML":        "<!DOCTYPE html><html><body>" + marker + "</body></html>",
		"blanks":      " \r\n ",
		"half JSON":   `{"data":[{"id":"` + marker,
		"no JSON":     marker,
		"more behind": `}{]` + marker,
		"bytes":       "\x00\xff\xfe" + marker,
		"deep object": strings.Repeat(`{"data":`, depth) + "1" + strings.Repeat("}", depth),
		"open end":    strings.Repeat(`{"a":[`, depth),
	} {
		f := fault.Fault{Kind: fault.Answer, Type: "application/json", Body: body}
		out = append(out, strike{name: name, fault: f, want: noise()})
	}
	return out
}

// strange answers are JSON of another shape. An empty list may be an empty home, so that
// no error is asked for.
func strange() []strike {
	out := []strike{
		{name: "wrong types", fault: fault.Fault{Kind: fault.WrongTypes}, either: true, done: true},
		{name: "404", fault: fault.Fault{Kind: fault.Answer, Status: http.StatusNotFound}, either: true},
		{name: "302", fault: fault.Fault{Kind: fault.Answer, Status: http.StatusFound}, either: true},
	}
	for _, body := range []string{
		"null", "[]", "{}", "7", `"text"`, "true", "[null]", `[[]]`, `[{}]`, `[7]`, `{"data":null}`, `{"data":{}}`,
		`{"data":[null]}`, `{"data":7}`, `{"code":0}`, `{"code":"0","data":[{}]}`, `{"result":null,"success":true}`,
		`{"items":[null]}`, `{"items":[{}]}`, `{"id":1e999}`, `{"data":[{"id":null,"name":7}]}`,
	} {
		f := fault.Fault{Kind: fault.Answer, Type: "application/json", Body: body}
		out = append(out, strike{name: body, fault: f, either: true})
	}
	return out
}

func network() []strike {
	return []strike{
		{name: "DNS", fault: fault.Fault{Kind: fault.DNS}, want: transient()},
		{name: "TLS", fault: fault.Fault{Kind: fault.TLS}, want: transient()},
	}
}

// strikes is the check that makes every call under each of the faults.
func strikes(rows func() []strike) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error {
		const enough = 5 // errors that tell the story
		devices, cmd, err := e.home(ctx)
		if err != nil {
			return err
		}
		var errs []error
		for _, s := range rows() {
			if err := errors.Join(e.struck(ctx, s, cmd), e.recovered(ctx, devices, cmd)); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
			}
			if len(errs) >= enough {
				break
			}
		}
		return errors.Join(errs...)
	}
}

// struck makes every call while the fault holds. A call that did not ask the server
// cannot know of it.
func (e *env) struck(ctx context.Context, s strike, cmd hubs.Command) error {
	var errs []error
	for _, m := range e.methods(cmd) {
		f := s.fault
		f.Role, f.Times = fault.Call, fault.Always
		if f.RetryAfter == retryDate {
			f.RetryAfter = time.Now().Add(s.after).UTC().Format(http.TimeFormat)
		}
		before, done := e.seen(), e.server.Executed()
		e.server.Faults().Fail(f)
		got := m.call(ctx)
		now := e.seen()
		e.server.Faults().Heal()
		if now.Struck == before.Struck && got == nil {
			continue
		}
		err := s.judge(got)
		if m.name == executeCall {
			err = errors.Join(err, s.once(got, now.Calls-before.Calls, e.server.Executed()-done))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.name, err))
		}
		wait(ctx, s.after)
	}
	return errors.Join(errs...)
}

func (s *strike) judge(got error) error {
	switch {
	case s.either:
		return nil
	case len(s.want) == 0:
		return got
	case s.after == 0:
		return kind(got, s.want...)
	}
	if err := kind(got, s.want...); err != nil {
		return err
	}
	const slack = apart
	if e, ok := errors.AsType[*hubs.Error](got); !ok || e.After < s.after-slack || e.After > 2*s.after {
		return fmt.Errorf("the server wants %s, the error does not say so: %w", s.after, got)
	}
	return nil
}

// once sees that a command which may have taken effect is not sent again.
func (s *strike) once(got error, calls, effects int) error {
	most := 0
	if s.done || got == nil {
		most = 1
	}
	var errs []error
	if got != nil && calls > 1 {
		errs = append(errs, fmt.Errorf("%d calls, want 1: it is sent once", calls))
	}
	if effects > most {
		errs = append(errs, fmt.Errorf("the command took effect %d times, want at most %d", effects, most))
	}
	return errors.Join(errs...)
}

// recovered sees that a fault that is over leaves no trace.
func (e *env) recovered(ctx context.Context, before []hubs.Device, cmd hubs.Command) error {
	after, err := e.devices(ctx)
	if err != nil {
		return fmt.Errorf("Devices afterwards: %w", err)
	}
	if diff := cmp.Diff(shape(before), shape(after)); diff != "" {
		return fmt.Errorf("the home differs afterwards (-before +after):\n%s", diff)
	}
	news, err := e.poll(ctx)
	if err != nil {
		return fmt.Errorf("Poll afterwards: %w", err)
	}
	done := e.server.Executed()
	if err := e.execute(ctx, cmd); err != nil {
		return fmt.Errorf("Execute afterwards: %w", err)
	}
	if n := e.server.Executed() - done; n != 1 {
		return fmt.Errorf("a command afterwards took effect %d times, want 1", n)
	}
	return CheckReadings(after, news)
}

func hugeAnswer(ctx context.Context, e *env) error {
	const (
		size = 96  // MiB
		most = 160 // an answer of 16 MiB, its copies and what was not collected yet
	)
	start := heap()
	err := strikes(func() []strike {
		return []strike{{name: "huge", fault: fault.Fault{Kind: fault.Huge, Size: size}, want: noise()}}
	})(ctx, e)
	if peak := e.stage.most.Load(); peak > start+most<<20 {
		return errors.Join(err, fmt.Errorf("an answer of %d MiB took %d MiB of memory", size, (peak-start)>>20))
	}
	return err
}

// wrongClock puts the server's clock wrong: everything works as before, with at most one
// call more where the vendor wants to know the time.
func wrongClock(ctx context.Context, e *env) error {
	devices, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		e.server.Faults().SetClock(off)
		renewals, done := e.seen().Renewals, e.server.Executed()
		for _, m := range e.methods(cmd) {
			if err := m.call(ctx); err != nil {
				errs = append(errs, fmt.Errorf("clock off by %s: %s: %w", off, m.name, err))
			}
		}
		if n := e.server.Executed() - done; n != 1 {
			errs = append(errs, fmt.Errorf("clock off by %s: a command took effect %d times", off, n))
		}
		if n := e.seen().Renewals - renewals; n > max(1, len(e.o.Layers)) {
			errs = append(errs, fmt.Errorf("clock off by %s: %d renewals for four calls", off, n))
		}
		e.server.Faults().Heal()
		if err := e.recovered(ctx, devices, cmd); err != nil {
			errs = append(errs, fmt.Errorf("clock off by %s: %w", off, err))
		}
	}
	return errors.Join(errs...)
}

// half are the ways in which one page of an inventory is lost.
func half() []strike {
	out := slices.Concat(brokenAnswers(), network(), []strike{
		{name: "500", fault: status(http.StatusInternalServerError)},
		{name: "429", fault: status(http.StatusTooManyRequests)},
		{name: "404", fault: fault.Fault{Kind: fault.Answer, Status: http.StatusNotFound}},
		{name: "hang", fault: fault.Fault{Kind: fault.Hang}},
		{name: "HTML", fault: fault.Fault{Kind: fault.HTML}},
		{name: "nothing", fault: fault.Fault{Kind: fault.Empty}},
		{name: "half JSON", fault: fault.Fault{Kind: fault.Answer, Type: "application/json", Body: "{"}},
		{name: "no list", fault: fault.Fault{Kind: fault.Answer, Type: "application/json", Body: "{}"}},
		{name: "wrong types", fault: fault.Fault{Kind: fault.WrongTypes}},
	})
	return out
}
