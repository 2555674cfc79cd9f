package rest

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestExhausted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for text, want := range map[string]time.Duration{"26000/month": probeEvery, "1000/day": time.Hour, "off": probeEvery} {
			q := openQuota(t, text, "a", auth.NewMemStore())
			q.set(time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC))
			c, call := New(Config{Vendor: "acme", Quota: q.Quota, HTTP: tripper(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
			})}), Call{Name: "device list", URL: "http://h/"}
			call.Classify = func(int, http.Header, []byte) error { return Exhausted("28841004") }
			err := c.Do(t.Context(), call)
			e, ok := errors.AsType[*hubs.Error](err)
			if !ok || e.Fault != hubs.Limited || e.After != want || e.Code != "28841004" || e.Hint == "" {
				t.Errorf("%s: want a limit for %v, got %#v", text, want, e)
			}
			if !strings.Contains(err.Error(), "acme: device list: h says that the account has no call left") {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}

// What the vendor refused counts, what did not leave this machine does not, and what is
// refused here never goes out.
func TestWhatCounts(t *testing.T) {
	q := openQuota(t, "10/month", "a", auth.NewMemStore())
	status, dial := 200, false
	out := 0
	c := New(Config{Vendor: "acme", Quota: q.Quota, HTTP: tripper(func(r *http.Request) (*http.Response, error) {
		if dial {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		out++
		return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
	})})
	var tally hubs.Tally
	do := func(p hubs.Purpose) error {
		ctx := hubs.WithTally(hubs.WithPurpose(t.Context(), p), &tally)
		return c.Do(ctx, Call{Name: "values", URL: "http://h/?t=" + secret})
	}
	for _, status = range []int{200, 401, 429, 500} {
		_ = do(hubs.ForPoll)
	}
	dial = true
	for range 50 {
		if err := do(hubs.ForPoll); hubs.FaultOf(err) != hubs.Transient {
			t.Fatal(err)
		}
	}
	if q.used() != 4 || tally.Calls() != 4 {
		t.Errorf("want 4 counted, got %d and %d", q.used(), tally.Calls())
	}
	dial, status = false, 200
	var err error
	for range 10 {
		err = do(hubs.ForPoll)
	}
	if out != 8 || tally.Calls() != 8 || hubs.FaultOf(err) != hubs.Limited {
		t.Errorf("want 8 calls out, got %d, %d counted, %v", out, tally.Calls(), err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "acme: values: h was not called: 8 of 10") || strings.Contains(text, secret) {
		t.Error(text)
	}
	for range 10 {
		err = do(hubs.ForCommand)
	}
	if out != 10 || hubs.FaultOf(err) != hubs.Limited || len(c.slots.others)+len(c.slots.hurried) != 0 || c.slots.free != DefaultInFlight {
		t.Errorf("want 10 calls out and all slots free, got %d, %v, %+v", out, err, &c.slots)
	}
}
