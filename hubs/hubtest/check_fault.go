package hubtest

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func faultChecks() []check {
	return []check{
		{"rate limit is told", limited},
		{"server errors are transient", serverErrors},
		{"broken answers are transient", brokenAnswers},
		{"garbage is an error", garbage},
		{"strange JSON does no harm", strange},
		{"huge answers are not kept", hugeAnswer},
		{"the home comes back", healed},
	}
}

const limitAfter = 7 * time.Second

func limited(ctx context.Context, e *env) error {
	return e.struck(ctx, Fault{Kind: Limit, After: limitAfter}, func(err error) error {
		if err := fault(err, hubs.Limited); err != nil {
			return err
		}
		he, ok := errors.AsType[*hubs.Error](err)
		if !ok || he.After < limitAfter-time.Second || he.After > 2*limitAfter {
			return fmt.Errorf("the server wants %s, the error does not say so: %w", limitAfter, err)
		}
		return nil
	})
}

func serverErrors(ctx context.Context, e *env) error {
	var errs []error
	for _, status := range []int{500, 502, 503, 504} {
		for _, body := range []string{"", "<html>" + marker, `{"message":"` + marker + `"`} {
			err := e.struck(ctx, Fault{Kind: Answer, Status: status, Body: body}, func(err error) error {
				return fault(err, hubs.Transient)
			})
			if err != nil {
				errs = append(errs, fmt.Errorf("status %d: %w", status, err))
			}
		}
	}
	return errors.Join(errs...)
}

func brokenAnswers(ctx context.Context, e *env) error {
	var errs []error
	for _, k := range []Kind{Cut, Reset, LostReply} {
		if err := e.struck(ctx, Fault{Kind: k}, func(err error) error { return fault(err, hubs.Transient) }); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", k, err))
		}
	}
	return errors.Join(errs...)
}

// noise wants an error that lets the bridge try again: a portal's page must not end in
// a wish for a login.
func noise(err error) error { return fault(err, hubs.Transient, hubs.Bug) }

func garbage(ctx context.Context, e *env) error {
	const depth = 200_000
	var errs []error
	for name, f := range map[string]Fault{
		"HTML":        {Type: "text/html", Body: "<!DOCTYPE html><html><body>" + marker + "</body></html>"},
		"empty":       {Type: "application/json"},
		"blanks":      {Type: "application/json", Body: " \r\n "},
		"half JSON":   {Type: "application/json", Body: `{"data":[{"id":"` + marker},
		"no JSON":     {Type: "application/json", Body: marker},
		"more behind": {Type: "application/json", Body: `}{]` + marker},
		"bytes":       {Type: "application/json", Body: "\x00\xff\xfe" + marker},
		"deep":        {Type: "application/json", Body: strings.Repeat("[", depth) + strings.Repeat("]", depth)},
		"deep object": {Type: "application/json", Body: strings.Repeat(`{"data":`, depth) + "1" + strings.Repeat("}", depth)},
		"open end":    {Type: "application/json", Body: strings.Repeat(`{"a":[`, depth)},
	} {
		f.Kind, f.Status = Answer, 200
		if err := e.struck(ctx, f, noise); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// strange answers are JSON of another shape. An empty list may be an empty home, so that
// no error is asked for: env sees to panics, and to devices beside an error.
func strange(ctx context.Context, e *env) error {
	for _, body := range []string{
		"null", "[]", "{}", "7", `"text"`, "true", "[null]", `[[]]`, `[{}]`, `[7]`, `{"data":null}`, `{"data":{}}`,
		`{"data":[null]}`, `{"data":7}`, `{"code":0}`, `{"code":"0","data":[{}]}`, `{"result":null,"success":true}`,
		`{"items":[null]}`, `{"items":[{}]}`, `{"id":1e999}`, `{"data":[{"id":null,"name":7}]}`,
	} {
		f := Fault{Kind: Answer, Status: 200, Type: "application/json", Body: body}
		if err := e.struck(ctx, f, func(error) error { return nil }); err != nil {
			return fmt.Errorf("after %s: %w", body, err)
		}
	}
	return nil
}

const (
	hugeSize = 256 << 20
	hugeMost = 160 << 20 // an answer of 16 MiB, its copies and what was not collected yet
)

func hugeAnswer(ctx context.Context, e *env) error {
	start := heap()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		var most uint64
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-tick.C:
				most = max(most, heap())
			}
		}
	}()
	err := e.struck(ctx, Fault{Kind: Huge, Size: hugeSize}, noise)
	close(stop)
	if most := <-peak; most > start+hugeMost {
		return errors.Join(err, fmt.Errorf("an answer of %d MiB took %d MiB of memory", hugeSize>>20, (most-start)>>20))
	}
	return err
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// healed sees that no fault leaves a trace in the home.
func healed(ctx context.Context, e *env) error {
	before, _, err := e.home(ctx)
	if err != nil {
		return err
	}
	for _, f := range []Fault{
		{Kind: Answer, Status: 500},
		{Kind: Cut},
		{Kind: Reset},
		{Kind: Answer, Status: 200, Body: "<html>"},
		{Kind: Answer, Status: 404},
		{Kind: Limit, After: time.Second},
	} {
		if err := e.struck(ctx, f, func(error) error { return nil }); err != nil {
			return fmt.Errorf("after %s %d: %w", f.Kind, f.Status, err)
		}
	}
	after, err := e.devices(ctx)
	if err != nil {
		return fmt.Errorf("Devices of a server that has healed: %w", err)
	}
	if diff := cmp.Diff(shape(before), shape(after)); diff != "" {
		return fmt.Errorf("the home differs (-before +after):\n%s", diff)
	}
	news, err := e.poll(ctx)
	if err != nil {
		return fmt.Errorf("Poll of a server that has healed: %w", err)
	}
	return CheckReadings(after, news)
}
