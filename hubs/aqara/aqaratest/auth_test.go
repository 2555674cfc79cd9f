package aqaratest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTransportRules(t *testing.T) {
	good := func(b *bench) http.Header { return b.headers() }
	auth := func(values ...string) func(*bench) http.Header {
		return func(b *bench) http.Header {
			h := b.headers()
			h.Del("Authorization")
			for _, v := range values {
				h.Add("Authorization", strings.ReplaceAll(v, "TOKEN", b.Tokens().Access))
			}
			return h
		}
	}
	kind := func(v string) func(*bench) http.Header {
		return func(b *bench) http.Header {
			h := b.headers()
			h.Set("Content-Type", v)
			return h
		}
	}
	for name, c := range map[string]struct {
		method, path string
		header       func(*bench) http.Header
		status, code int
	}{
		"right":               {"POST", BasePath, good, 200, 0},
		"charset":             {"POST", BasePath, kind("application/json; charset=utf-8"), 200, 0},
		"GET":                 {"GET", BasePath, good, 405, 405},
		"slash":               {"POST", BasePath + "/", good, 404, 404},
		"other path":          {"POST", "/open/api/v2", good, 404, 404},
		"text":                {"POST", BasePath, kind("text/plain"), 415, 400},
		"no token":            {"POST", BasePath, auth(), 401, 401},
		"wrong token":         {"POST", BasePath, auth("Bearer eyJ.x.y"), 401, 401},
		"bare token":          {"POST", BasePath, auth("TOKEN"), 401, 401},
		"Bearer twice":        {"POST", BasePath, auth("Bearer Bearer TOKEN"), 401, 401},
		"header twice":        {"POST", BasePath, auth("Bearer TOKEN", "Bearer TOKEN"), 401, 401},
		"refresh by GET":      {"GET", RefreshPath, good, 405, 405},
		"refresh as text":     {"POST", RefreshPath, kind("text/plain"), 415, 400},
		"refresh of no token": {"POST", RefreshPath, good, 400, 400},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Options{})
			r, err := b.do(c.method, c.path, message("GetAllDeviceInfoRequest", ""), c.header(b))
			if err != nil {
				t.Fatal(err)
			}
			r.is(t, c.status, c.code)
			if calls := b.Calls(); len(calls) != 1 || calls[0].Status != c.status || (calls[0].Refused == "") != (c.code == 0) {
				t.Errorf("the log says %+v", calls)
			}
		})
	}
}

func TestTokensLookLikeJWTs(t *testing.T) {
	p := New(Options{}).Tokens()
	var claims struct{ Exp int64 }
	parts := strings.Split(p.Access, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil || !strings.HasPrefix(p.Access, "eyJ") || len(parts) != 3 {
		t.Fatalf("no JWT: %s", p.Access)
	}
	if claims.Exp != p.AccessExpires.Unix() || p.RefreshExpires.Sub(p.AccessExpires) != 30*24*time.Hour {
		t.Errorf("want the real ends of life, got %d and %+v", claims.Exp, p)
	}
	if p := New(Options{TokenOptions: TokenOptions{OpaqueTokens: true}}).Tokens(); strings.Contains(p.Access, ".") {
		t.Errorf("want an opaque token, got %s", p.Access)
	}
}

func TestRefreshRotates(t *testing.T) {
	b := newBench(t, Options{})
	old := b.Tokens()
	r := b.refreshWith(old.Access, old.Refresh)
	r.is(t, 200, 0)
	var d struct {
		AccessToken, RefreshToken string
		ExpiresIn                 int
	}
	r.decode(t, &d)
	now := b.Tokens()
	if r.Type != "response" || d.ExpiresIn != 604800 || d.AccessToken != now.Access || d.RefreshToken != now.Refresh {
		t.Errorf("want the new pair, got %s", r.body)
	}
	if old.Access == now.Access || old.Refresh == now.Refresh {
		t.Error("the pair did not change")
	}
	for name, p := range map[string]Pair{
		"both old": old, "old refresh": {Access: now.Access, Refresh: old.Refresh}, "old access": {Access: old.Access, Refresh: now.Refresh},
	} {
		if r := b.refreshWith(p.Access, p.Refresh); r.status != 401 {
			t.Errorf("%s: want 401, got %s", name, r.body)
		}
	}
	b.call("GetAllDeviceInfoRequest", "").is(t, 200, 0)
	h := b.headers()
	h.Set("Authorization", "Bearer "+old.Access)
	if r, _ := b.do("POST", BasePath, message("GetAllDeviceInfoRequest", ""), h); r.status != 401 || r.MsgID != unknownID {
		t.Errorf("the old access token: want 401, got %s", r.body)
	}
	if c := b.Counters(); c.Refreshes != 4 || c.RefreshesRefused != 3 {
		t.Errorf("want 4 refreshes, 3 refused, got %+v", c)
	}
}

func TestRefreshOptions(t *testing.T) {
	for _, life := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour} {
		for _, refuse := range []bool{false, true} {
			for _, open := range []bool{false, true} {
				name := fmt.Sprintf("%v refuse=%v open=%v", life, refuse, open)
				t.Run(name, func(t *testing.T) { testRefreshOptions(t, life, refuse, open) })
			}
		}
	}
}

func testRefreshOptions(t *testing.T, life time.Duration, refuse, open bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBench(t, Options{TokenOptions: TokenOptions{
			ExpiresIn: life, RefuseExpired: refuse, RefreshOpen: open, RefreshType: "RefreshTokenResponse",
		}})
		old := b.Tokens()
		time.Sleep(life - time.Second) //nolint:forbidigo // in a bubble
		b.call("GetAllDeviceInfoRequest", "").is(t, 200, 0)
		time.Sleep(time.Second) //nolint:forbidigo // in a bubble
		b.call("GetAllDeviceInfoRequest", "").is(t, 401, 401)
		want := 200
		if refuse && !open {
			want = 401
		}
		if r := b.refreshWith(old.Access, old.Refresh); r.status != want {
			t.Errorf("aged access token: want %d, got %s", want, r.body)
		}
		p := b.Tokens()
		r, err := b.do("POST", RefreshPath, `{"refreshToken":"`+p.Refresh+`"}`, http.Header{"Content-Type": {"application/json"}})
		if err != nil || (r.status == 200) != open {
			t.Errorf("without header: got %v %s", err, r.body)
		}
		p = b.PressRefresh()
		time.Sleep(life + refreshWindow) //nolint:forbidigo // in a bubble
		if r := b.refreshWith(p.Access, p.Refresh); r.status != 401 {
			t.Errorf("aged refresh token: want 401, got %s", r.body)
		}
	})
}

func TestUserAtThePage(t *testing.T) {
	b := newBench(t, Options{TokenOptions: TokenOptions{StatedExpiresIn: 24 * time.Hour, ExpiredCode: 1001}})
	old := b.Tokens()
	if p := b.PressRefresh(); p.Access == old.Access || p.Refresh == old.Refresh {
		t.Error("pressing the button changed nothing")
	}
	if r := b.refreshWith(old.Access, old.Refresh); r.status != 401 || r.Code != 1001 {
		t.Errorf("want 401 and 1001, got %s", r.body)
	}
	b.ExpireAccess()
	b.call("GetAllDeviceInfoRequest", "").is(t, 401, 1001)
	p := b.Tokens()
	r := b.refreshWith(p.Access, p.Refresh)
	r.is(t, 200, 0)
	if !strings.Contains(r.body, `"expiresIn":86400`) {
		t.Errorf("want the stated life, got %s", r.body)
	}
	b.Revoke()
	b.call("GetAllDeviceInfoRequest", "").is(t, 401, 1001)
	p = b.Tokens()
	b.refreshWith(p.Access, p.Refresh).is(t, 401, 1001)
}

func TestNamedTokens(t *testing.T) {
	b := newBench(t, Options{TokenOptions: TokenOptions{NamedTokens: true, Scopes: []string{"/devices"}}})
	p := b.Tokens()
	if p.Refresh != "" {
		t.Errorf("a named token has no refresh token, got %s", p.Refresh)
	}
	b.refreshWith(p.Access, "x").is(t, 404, 404)
	b.call("GetAllDeviceInfoRequest", "").is(t, 200, 0)
	b.call("GetDevicesRequest", "{}").is(t, 403, 403)
	b.must("GET", BasePath+"/spaces", "").is(t, 403, 403)
	if r := b.refreshWith(p.Access, ""); r.status != 404 {
		t.Errorf("an empty refresh token must never work, got %s", r.body)
	}
}

func TestRefreshBodies(t *testing.T) {
	b := newBench(t, Options{})
	for _, body := range []string{"", "{}", "[]", `{"refreshToken":1}`, `{"refreshToken":"x","more":1}`, `{"RefreshToken":"x"}`, `{"refreshToken":null}`} {
		b.must("POST", RefreshPath, body).is(t, 400, 400)
	}
	b.must("POST", RefreshPath, `{"refreshToken":"`+b.Tokens().Access+`"}`).is(t, 401, 401)
	b.call("GetAllDeviceInfoRequest", "").is(t, 200, 0)
}
