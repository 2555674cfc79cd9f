package tuya

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // in a bubble, where it takes no time

func (r *rig) ask(lists bool) error {
	_, err := r.hub.client.do(r.t.Context(), request{name: "thing", path: "/v1.0/thing", lists: lists})
	return err
}

// Every code is of the class that the reference gives it, with what to do where a human
// can do something; no text holds a secret.
func TestCodes(t *testing.T) {
	for code, c := range map[int]struct {
		fault hubs.Fault
		hint  string // a part of it; empty: none
		after time.Duration
	}{
		500:      {hubs.Transient, "", 0},
		1000:     {hubs.Refused, "", 0},
		1001:     {hubs.Misconfigured, "Access Secret", 10 * time.Minute},
		1003:     {hubs.Refused, "", 0},
		1004:     {hubs.Misconfigured, "Access Secret", 10 * time.Minute},
		1005:     {hubs.Misconfigured, "REGION", 10 * time.Minute},
		1013:     {hubs.Misconfigured, "clock", 10 * time.Minute},
		1100:     {hubs.Refused, "", 0},
		1106:     {hubs.Refused, "", 0},
		1108:     {hubs.Refused, "", 0},
		1110:     {hubs.Limited, "", 0},
		1111:     {hubs.Transient, "", 0},
		1112:     {hubs.Transient, "", 30 * time.Second},
		1113:     {hubs.Limited, "", 0},
		1114:     {hubs.Misconfigured, "allowlist", 10 * time.Minute},
		1199:     {hubs.Limited, "", 0},
		2001:     {hubs.Offline, "not connected", 0},
		2003:     {hubs.Refused, "", 0},
		2006:     {hubs.Refused, "UID", 0},
		2008:     {hubs.Refused, "", 0},
		2009:     {hubs.Refused, "", 0},
		2010:     {hubs.UnknownDevice, "", 0},
		2401:     {hubs.Misconfigured, "Access Secret", 10 * time.Minute},
		2406:     {hubs.Misconfigured, "REGION", 10 * time.Minute},
		28841001: {hubs.Misconfigured, "Service API", 10 * time.Minute},
		28841002: {hubs.Misconfigured, "Extend", time.Hour},
		28841004: {hubs.Limited, "QUOTA", 2 * time.Hour},
		28841101: {hubs.Misconfigured, "Device Status Notification", 10 * time.Minute},
		28841104: {hubs.Limited, "QUOTA", 30 * time.Minute},
		28841105: {hubs.Misconfigured, "Service API", 10 * time.Minute},
		60009001: {hubs.Misconfigured, "Service API", 10 * time.Minute},
		31415926: {hubs.Refused, "", 0},
	} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			s := &script{say: freshTokens(func(int, string) string { return failure(code) })}
			r := newRig(t, s, nil)
			err := r.ask(false)
			e, ok := errors.AsType[*hubs.Error](err)
			if !ok || e.Fault != c.fault || e.Code != strconv.Itoa(code) || e.After != c.after {
				t.Fatalf("want %s after %v, got %#v", c.fault, c.after, err)
			}
			if (c.hint == "") != (e.Hint == "") || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("hint: want %q in it, got %q", c.hint, e.Hint)
			}
			if !strings.HasPrefix(err.Error(), "tuya: thing: cloud.test answered "+strconv.Itoa(code)) && code != codeQuotaUsed {
				t.Errorf("text: %s", err)
			}
			for _, secret := range []string{ownSecret, ownID, "access1", "refresh1"} {
				if strings.Contains(fmt.Sprintf("%v %#v %s", err, err, r.log), secret) {
					t.Errorf("secret in %v or %s", err, r.log)
				}
			}
		})
	}
}

func TestPermissionOfTheAccount(t *testing.T) {
	s := &script{say: freshTokens(func(int, string) string { return failure(1106) })}
	err := newRig(t, s, nil).ask(true)
	e, _ := errors.AsType[*hubs.Error](err)
	if e == nil || e.Fault != hubs.Misconfigured || !strings.Contains(e.Hint, "Link the app account") {
		t.Errorf("want misconfigured with a hint about linking, got %#v", err)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		status int
		want   hubs.Fault
		text   string
	}{
		"HTML":              {"<html>" + ownSecret, 200, hubs.Transient, "something that Tuya's cloud does not"},
		"empty":             {"", 200, hubs.Transient, "something that Tuya's cloud does not"},
		"no success":        {`{"result":1}`, 200, hubs.Transient, "something that Tuya's cloud does not"},
		"success null":      {`{"success":null,"result":1}`, 200, hubs.Transient, "something that Tuya's cloud does not"},
		"list":              {`[1]`, 200, hubs.Transient, "something that Tuya's cloud does not"},
		"gateway":           {"<html>", 502, hubs.Transient, "answered 502"},
		"busy":              {"", 429, hubs.Limited, "fewer calls"},
		"refused":           {"", 403, hubs.Misconfigured, "answered 403"},
		"envelope with 400": {failure(1100), 400, hubs.Refused, "answered 1100"},
		"success with 500":  {result("1"), 500, hubs.Transient, "answered 500"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{}
			r := newRig(t, s, nil)
			s.say = freshTokens(func(int, string) string { s.status = c.status; return c.body })
			err := r.ask(false)
			if hubs.FaultOf(err) != c.want || !strings.Contains(fmt.Sprint(err), c.text) || strings.Contains(fmt.Sprint(err), ownSecret) {
				t.Errorf("want %s with %q, got %v", c.want, c.text, err)
			}
		})
	}
}

func TestGoodEnvelopes(t *testing.T) {
	for name, body := range map[string]string{
		"null":        `{"success":true,"code":null,"msg":null,"t":1700000000123,"tid":"a","result":7}`,
		"absent":      `{"success":true,"result":7}`,
		"zero":        `{"success":true,"code":0,"msg":"","result":7}`,
		"text":        `{"success":"true","code":"0","msg":"success","t":"1700000000123","result":7}`,
		"other types": `{"success":true,"code":{},"msg":[],"t":[],"tid":{},"result":7}`,
	} {
		e, ok := parseEnvelope([]byte(body))
		if !ok || !e.ok || string(e.result) != "7" {
			t.Errorf("%s: got %+v, %v", name, e, ok)
		}
	}
	if e, _ := parseEnvelope([]byte(`{"success":false,"code":"1010","tid":"` + ownSecret + ` x"}`)); e.code != 1010 || e.trace != "" {
		t.Errorf("want code 1010 and no trace, got %+v", e)
	}
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(`{"success":true,"code":null,"msg":null,"t":1700000000123,"tid":"a","result":7}`))
	f.Add([]byte(failure(1010)))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, ok := parseEnvelope(raw)
		if !ok && (e.ok || e.code != 0 || e.result != nil) {
			t.Errorf("no envelope, yet %+v", e)
		}
		if strings.ContainsAny(e.trace, " \n\"") {
			t.Errorf("trace %q", e.trace)
		}
	})
}

// A clock that is an hour off is found out by the first refusal, and followed when it
// leaps.
func TestClock(t *testing.T) {
	for name, told := range map[string]string{"in the envelope": "t", "in the header": "Date"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				off := time.Hour
				s := &script{header: http.Header{}}
				check := func(call string) string {
					now := time.Now().Add(off)
					s.header.Del("Date")
					stamp := ""
					if told == "t" {
						stamp = fmt.Sprintf(`,"t":%d`, now.UnixMilli())
					} else {
						s.header.Set("Date", now.UTC().Format(http.TimeFormat))
					}
					ms, err := strconv.ParseInt(s.heads[len(s.heads)-1].Get("t"), 10, 64)
					if err != nil || now.Sub(time.UnixMilli(ms)).Abs() > 5*time.Minute {
						return `{"success":false,"code":1013,"msg":"request time is invalid"` + stamp + `}`
					}
					return `{"success":true` + stamp + `,"result":` + strings.TrimSuffix(strings.TrimPrefix(tokenNamed("1"), `{"success":true,"t":0,"result":`), "}") + `}`
				}
				s.say = func(_ int, call string) string { return check(call) }
				r := newRig(t, s, nil)
				if err := r.ask(false); err != nil {
					t.Fatalf("an hour off: %v", err)
				}
				if got := len(s.made()); got != 3 {
					t.Errorf("want 3 calls: a token refused for the time, a token, the call; got %v", s.made())
				}
				off = -time.Hour
				if err := r.ask(false); err != nil {
					t.Errorf("after a leap: %v", err)
				}
				if got := len(s.made()); got != 5 {
					t.Errorf("want 2 more calls, got %v", s.made()[3:])
				}
				if got := strings.Count(r.log.String(), "clock and Tuya's differ"); got != 1 {
					t.Errorf("want one line about the clock, got %d: %s", got, r.log)
				}
			})
		})
	}
}

// Without a time in the answer nothing can be put right: it is said, and not tried again.
func TestClockUntold(t *testing.T) {
	s := &script{say: freshTokens(func(int, string) string { return failure(1013) })}
	err := newRig(t, s, nil).ask(false)
	if hubs.FaultOf(err) != hubs.Misconfigured || len(s.made()) != 2 {
		t.Errorf("want misconfigured after a token and one call, got %v after %v", err, s.made())
	}
}

// A secret that was replaced in the settings counts as soon as the old one is refused.
func TestRotatedSecret(t *testing.T) {
	s := &script{}
	r := newRig(t, s, nil)
	s.say = freshTokens(func(n int, _ string) string {
		if n < 2 {
			r.env.set("AccessSecret", pubSecret)
			return failure(1004)
		}
		return result("7")
	})
	if err := r.ask(false); err != nil {
		t.Errorf("want the call repeated with the new secret, got %v", err)
	}
	if got := r.hub.client.secret.reveal(); got != pubSecret {
		t.Error("the new secret is not used")
	}
	s.say = func(int, string) string { return failure(1004) }
	before := len(s.made())
	if err := r.ask(false); hubs.FaultOf(err) != hubs.Misconfigured || len(s.made()) != before+1 {
		t.Errorf("a wrong secret: want misconfigured after one call, got %v after %d", err, len(s.made())-before)
	}
}

// What is signed is what is sent, and no header holds the secret.
func TestSentAsSigned(t *testing.T) {
	s := &script{say: freshTokens(func(int, string) string { return result("true") })}
	r := newRig(t, s, nil)
	body := map[string]any{"commands": []map[string]any{{"code": "a<b>&", "value": "ü"}}}
	if _, err := r.hub.client.do(t.Context(), request{name: "x", path: "/v1.0/x", query: []field{{"b", "2,3"}, {"a", "+/="}}, body: body}); err != nil {
		t.Fatal(err)
	}
	h := s.heads[1]
	u := unsigned{method: "POST", path: "/v1.0/x", query: []field{{"a", "+/="}, {"b", "2,3"}}, body: []byte(s.bodies[1])}
	if got, want := h.Get("sign"), u.sign(ownSecret, ownID, "access1", h.Get("t"), h.Get("nonce")); got != want {
		t.Errorf("sign: want %s, got %s", want, got)
	}
	if got, want := s.made()[1], "POST /v1.0/x?a=%2B%2F%3D&b=2,3"; got != want {
		t.Errorf("want %s, got %s", want, got)
	}
	for name, values := range h {
		if strings.Contains(strings.Join(values, " "), ownSecret) {
			t.Errorf("the secret is in %s", name)
		}
	}
	if h.Get("access_token") != "access1" || s.heads[0].Get("access_token") != "" || h.Get("client_id") != ownID {
		t.Errorf("headers: %v, %v", s.heads[0], h)
	}
}
