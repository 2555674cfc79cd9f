package aqara

import (
	"errors"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
)

func TestTakeToken(t *testing.T) {
	type entered = map[string]auth.Secret
	cases := []struct {
		name  string
		opts  aqaratest.Options
		given func(good aqaratest.Pair) entered
		want  string // part of the refusal; empty: it is taken
	}{
		{"a pair", aqaratest.Options{}, func(p aqaratest.Pair) entered {
			return entered{"access_token": auth.Secret(p.Access), "refresh_token": auth.Secret(p.Refresh)}
		}, ""},
		{"as the copy button gives it", aqaratest.Options{}, func(p aqaratest.Pair) entered {
			return entered{"access_token": auth.Secret("Bearer " + p.Access + "\n"), "refresh_token": auth.Secret(" " + p.Refresh)}
		}, ""},
		{"a token with a name", aqaratest.Options{TokenOptions: aqaratest.TokenOptions{NamedTokens: true}}, func(p aqaratest.Pair) entered {
			return entered{"access_token": auth.Secret(p.Access)}
		}, ""},
		{"nothing", aqaratest.Options{}, func(aqaratest.Pair) entered { return nil }, "missing"},
		{"the two swapped", aqaratest.Options{}, func(p aqaratest.Pair) entered {
			return entered{"access_token": auth.Secret(p.Refresh), "refresh_token": auth.Secret(p.Access)}
		}, "does not know"},
		{"half a token", aqaratest.Options{}, func(p aqaratest.Pair) entered {
			return entered{"access_token": auth.Secret(p.Access[:20])}
		}, "does not know"},
		{"two words", aqaratest.Options{}, func(p aqaratest.Pair) entered {
			return entered{"access_token": auth.Secret(p.Access + " canary")}
		}, "blanks"},
		{"a bad refresh token", aqaratest.Options{}, func(p aqaratest.Pair) entered {
			return entered{"access_token": auth.Secret(p.Access), "refresh_token": "ü-canary"}
		}, "refresh token"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.opts.Home = homeOf()
			r := newRig(t, c.opts)
			r.devices()
			good := r.studio.PressRefresh()
			if _, err := r.hub.Devices(t.Context()); !errors.Is(err, auth.ErrLogin) {
				t.Fatalf("want ErrLogin, got %v", err)
			}
			err := r.hub.TakeToken(t.Context(), c.given(good))
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				r.devices()
				if r.tokens.State().LoginNeeded {
					t.Error("login is still needed")
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("want a sentence with %q, got %v", c.want, err)
			}
			if _, err := r.hub.Devices(t.Context()); !errors.Is(err, auth.ErrLogin) {
				t.Errorf("want nothing changed, got %v", err)
			}
			if log := r.log.String(); strings.Contains(log, good.Access) || strings.Contains(log, "canary") {
				t.Errorf("a token is logged: %s", log)
			}
		})
	}
}

// TestTakeTokenKeepsAGoodOne while nobody can tell whether the new one is better.
func TestTakeTokenKeepsAGoodOne(t *testing.T) {
	r := newRig(t, aqaratest.Options{Home: homeOf()})
	r.devices()
	base := r.hub.client.base
	r.hub.client.base = "http://127.0.0.1:1"
	err := r.hub.TakeToken(t.Context(), map[string]auth.Secret{"access_token": "canary-1"})
	if err == nil || hubs.FaultOf(err) != hubs.Transient || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("got %v", err)
	}
	r.hub.client.base = base
	r.devices()
}

func TestTokenFieldsAreWhatTakeTokenWants(t *testing.T) {
	r := newRig(t, aqaratest.Options{Home: homeOf()})
	pair, entered := r.studio.Tokens(), map[string]auth.Secret{}
	for _, f := range r.hub.TokenFields() {
		if f.Label == "" || f.Help == "" {
			t.Errorf("%s: a person does not know what to copy", f.Name)
		}
		entered[f.Name] = auth.Secret(map[bool]string{false: pair.Access, true: pair.Refresh}[f.Optional])
	}
	if err := r.hub.TakeToken(t.Context(), entered); err != nil {
		t.Error(err)
	}
}
