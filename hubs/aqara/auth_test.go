package aqara

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestSettings(t *testing.T) {
	const token = "eyJhbGciOi.secret-secret-secret"
	for name, c := range map[string]struct {
		vars map[string]string
		want []string // parts of the error; none: it opens
	}{
		"fine":        {map[string]string{"URL": "http://10.0.0.5", "AccessToken": token}, nil},
		"fine, pair":  {map[string]string{"URL": " https://x.aqara.com/open/api/v1/ ", "AccessToken": "bearer " + token, "RefreshToken": token}, nil},
		"empty":       {map[string]string{}, []string{"URL is missing", "http://192.168.1.20", "ACCESS_TOKEN is missing"}},
		"no scheme":   {map[string]string{"URL": "10.0.0.5", "AccessToken": token}, []string{"URL is not an address"}},
		"other":       {map[string]string{"URL": "ftp://10.0.0.5", "AccessToken": token}, []string{"URL is not an address"}},
		"no host":     {map[string]string{"URL": "http://:80", "AccessToken": token}, []string{"URL is not an address"}},
		"password":    {map[string]string{"URL": "http://a:geheim@h", "AccessToken": token}, []string{"URL must not hold a user"}},
		"query":       {map[string]string{"URL": "http://h?token=geheim", "AccessToken": token}, []string{"URL must not hold a ?"}},
		"blank":       {map[string]string{"URL": "http://h", "AccessToken": "secret two"}, []string{"ACCESS_TOKEN is not a token"}},
		"bearer only": {map[string]string{"URL": "http://h", "AccessToken": "Bearer "}, []string{"ACCESS_TOKEN is"}},
		"line break":  {map[string]string{"URL": "", "AccessToken": token, "RefreshToken": "a\nb"}, []string{"URL is missing", "REFRESH_TOKEN is not a token"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Vendor().Open(&env{vars: c.vars}, hubs.Deps{
				Tokens: func(cfg auth.Config) *auth.Manager { return auth.NewManager(cfg) },
			})
			if (err == nil) != (c.want == nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q lacks %q", err, part)
				}
			}
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "geheim")) {
				t.Errorf("%q shows a secret", err)
			}
		})
	}
}

// The reference leaves two things open; the client has to be right in all four homes.
func TestRenewal(t *testing.T) {
	for _, life := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour} {
		for _, refuse := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v refuse expired %v", life, refuse), func(t *testing.T) {
				r := newRig(t, aqaratest.Options{TokenOptions: aqaratest.TokenOptions{
					ExpiresIn: life, RefuseExpired: refuse, OpaqueTokens: true,
				}})
				r.devices() // an opaque seed's age is unknown: it is renewed at first use
				if c := r.studio.Counters(); c.Refreshes != 1 || c.Refused != 0 {
					t.Fatalf("%d renewals, %d refused", c.Refreshes, c.Refused)
				}
				if left := time.Until(r.tokens.State().Expires); left < life-time.Minute || left > life {
					t.Errorf("ends in %v, want %v", left, life)
				}
				r.studio.ExpireAccess()
				_, err := r.hub.Poll(t.Context())
				if refuse {
					r.wantLogin(err, "Refresh Token")
					return
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func (r *rig) wantLogin(err error, hint string) {
	r.t.Helper()
	st := r.tokens.State()
	if hubs.FaultOf(err) != hubs.LoginNeeded || !st.LoginNeeded || !strings.Contains(st.Hint, hint) {
		r.t.Errorf("got %v, state %+v; want login needed and a hint at %q", err, st, hint)
	}
	r.noSecrets(err)
}

func TestStatedLifeIsTrusted(t *testing.T) {
	r := newRig(t, aqaratest.Options{TokenOptions: aqaratest.TokenOptions{
		StatedExpiresIn: 24 * time.Hour, RefreshType: "RefreshTokenResponse",
	}})
	r.devices()
	r.studio.ExpireAccess()
	if _, err := r.hub.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(r.tokens.State().Expires); left > 24*time.Hour || left < 23*time.Hour {
		t.Errorf("ends in %v, want a day", left)
	}
}

func TestNamedToken(t *testing.T) {
	for _, code := range []int{401, 1001} {
		r := newRig(t, aqaratest.Options{
			TokenOptions:  aqaratest.TokenOptions{NamedTokens: true, ExpiredCode: code},
			AnswerOptions: aqaratest.AnswerOptions{FailureStatus: aqaratest.Failure200},
		})
		r.devices()
		r.studio.Revoke()
		r.studio.Forget()
		_, err := r.hub.Poll(t.Context())
		r.wantLogin(err, "Developer > Data Export API")
		_, err = r.hub.Poll(t.Context())
		r.wantLogin(err, "ACCESS_TOKEN")
		if n := len(r.studio.Calls()); n != 1 {
			t.Errorf("%d calls with a dead token, want 1", n)
		}
	}
}

func TestRefreshButton(t *testing.T) {
	r := newRig(t, aqaratest.Options{})
	r.devices()
	r.studio.PressRefresh()
	_, err := r.hub.Poll(t.Context())
	r.wantLogin(err, "Press Refresh Token")
	if n := r.studio.Counters().Refreshes; n != 1 {
		t.Errorf("%d renewals, want 1", n)
	}
}

func TestRenewalFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault fault.Fault
		want  hubs.Fault
		login bool // only a human can help after the next attempt
	}{
		"503":        {fault.Fault{Kind: fault.Status, Status: 503}, hubs.Transient, false},
		"429":        {fault.Fault{Kind: fault.Status, Status: 429, RetryAfter: "2"}, hubs.Limited, false},
		"reset":      {fault.Fault{Kind: fault.Reset}, hubs.Transient, false},
		"lost reply": {fault.Fault{Kind: fault.LostReply}, hubs.Transient, true},
		"truncated":  {fault.Fault{Kind: fault.Truncated}, hubs.Transient, true},
		"wrong":      {fault.Fault{Kind: fault.WrongTypes}, hubs.Transient, true},
		"400":        {fault.Fault{Kind: fault.Status, Status: 400}, hubs.LoginNeeded, false},
		"page 404":   {fault.Fault{Kind: fault.HTML, Status: 404}, hubs.Misconfigured, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, aqaratest.Options{})
			r.devices()
			r.studio.ExpireAccess()
			c.fault.Match = "RefreshTokenRequest"
			r.studio.Faults().Fail(c.fault)
			_, err := r.hub.Poll(t.Context())
			if hubs.FaultOf(err) != c.want {
				t.Fatalf("%s: %v; want %s", hubs.FaultOf(err), err, c.want)
			}
			r.noSecrets(err)
			if !c.login {
				return
			}
			if !eventually(t, func() bool {
				_, err = r.hub.Poll(t.Context())
				return hubs.FaultOf(err) == hubs.LoginNeeded
			}) {
				t.Fatalf("no login asked for: %v", err)
			}
			r.wantLogin(err, "Press Refresh Token")
			if !strings.Contains(r.tokens.State().Reason, "got no usable answer") {
				t.Errorf("reason: %s", r.tokens.State().Reason)
			}
		})
	}
}

// eventually asks once in a while for some seconds.
func eventually(t *testing.T, ok func() bool) bool {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	end := time.After(10 * time.Second)
	for {
		select {
		case <-tick.C:
			if ok() {
				return true
			}
		case <-end:
			return false
		}
	}
}

// direct carries requests to a Studio in this process, without a socket, so that months
// pass in no time.
type direct struct{ studio *aqaratest.Studio }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	d.studio.Handler().ServeHTTP(w, r)
	return w.Result(), nil
}

func TestMonthsPass(t *testing.T) {
	for _, o := range []aqaratest.TokenOptions{
		{},
		{RefuseExpired: true},
		{ExpiresIn: 24 * time.Hour, RefuseExpired: true},
		{ExpiresIn: 24 * time.Hour, RefreshOpen: true, OpaqueTokens: true},
		{StatedExpiresIn: 24 * time.Hour, RefuseExpired: true},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				home := aqaratest.DefaultHome()
				home.Devices = home.Devices[3:4] // this is about tokens
				r := bubbleRig(t, aqaratest.Options{Home: home, TokenOptions: o})
				for day := range 60 {
					for range 6 {
						time.Sleep(4 * time.Hour) //nolint:forbidigo // the bubble's clock
						if _, err := r.hub.Poll(t.Context()); err != nil {
							t.Fatalf("day %d: %v", day, err)
						}
					}
				}
				if c := r.studio.Counters(); c.RefreshesRefused != 0 || c.Refreshes > 90 || c.Refreshes < 8 {
					t.Errorf("%d renewals, %d refused", c.Refreshes, c.RefreshesRefused)
				}
			})
		})
	}
}

func bubbleRig(t *testing.T, opts aqaratest.Options) *rig {
	t.Helper()
	r := &rig{t: t, studio: aqaratest.New(opts), log: &lockedBuffer{}}
	pair := r.studio.Tokens()
	r.env = &env{vars: map[string]string{"URL": "http://studio", "AccessToken": pair.Access, "RefreshToken": pair.Refresh}}
	r.open(direct{r.studio})
	r.devices()
	return r
}

// A new pair in the settings is found without a restart.
func TestNewPairIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bubbleRig(t, aqaratest.Options{})
		pair := r.studio.PressRefresh()
		_, err := r.hub.Poll(t.Context())
		r.wantLogin(err, "Refresh Token")
		r.env.set("AccessToken", "Bearer "+pair.Access)
		r.env.set("RefreshToken", pair.Refresh)
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		if _, err := r.hub.Poll(t.Context()); err != nil {
			t.Error(err)
		}
		if n := r.studio.Counters().Refreshes; n != 1 {
			t.Errorf("%d renewals, want the one that was refused", n)
		}
	})
}
