package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// signIn signs a browser in and gives its cookie.
func (r *rig) signIn(t *testing.T, headers ...string) *http.Cookie {
	t.Helper()
	resp := r.call("POST", "/signin", "password=correct+horse&next=login%2Fcloud", append(headers, browser)...)
	if resp.StatusCode != http.StatusSeeOther || len(resp.Cookies()) != 1 {
		t.Fatalf("sign in: %s %v\n%s", resp.Status, resp.Header, resp.body)
	}
	return resp.Cookies()[0]
}

func TestSession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, password, nil)
		c := r.signIn(t)
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure || c.Path != "/" || len(c.Value) < 40 {
			t.Errorf("got %+v", c)
		}
		status := func(value string) int {
			return r.call("GET", "/", "", browser, "Cookie: "+c.Name+"="+value).StatusCode
		}
		if got := status(c.Value); got != http.StatusOK {
			t.Errorf("with the cookie: got %d", got)
		}
		if got := status(c.Value + "x"); got != http.StatusUnauthorized {
			t.Errorf("with a made-up cookie: got %d", got)
		}
		if other := r.signIn(t); other.Value == c.Value {
			t.Error("two sessions are one")
		}
		if resp := r.call("POST", "/signout", "", "Cookie: "+c.Name+"="+c.Value); resp.StatusCode != http.StatusSeeOther || resp.Cookies()[0].MaxAge >= 0 {
			t.Errorf("sign out: %v", resp.Header)
		}
		if got := status(c.Value); got != http.StatusUnauthorized {
			t.Errorf("signed out: got %d", got)
		}
		c = r.signIn(t)
		pass(sessionLife - time.Second)
		if got := status(c.Value); got != http.StatusOK {
			t.Errorf("in its last second: got %d", got)
		}
		pass(time.Second)
		if got := status(c.Value); got != http.StatusUnauthorized {
			t.Errorf("over: got %d", got)
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, password, nil)
		first := r.signIn(t)
		var last *http.Cookie
		for range maxSessions {
			pass(time.Second)
			last = r.signIn(t)
		}
		for c, want := range map[*http.Cookie]int{first: http.StatusUnauthorized, last: http.StatusOK} {
			if got := r.call("GET", "/", "", "Cookie: "+c.Name+"="+c.Value).StatusCode; got != want {
				t.Errorf("want %d, got %d", want, got)
			}
		}
	})
}

func TestCookieFitsTheAddress(t *testing.T) {
	public := func(c *Config) { c.PublicURL = "https://h.example/x/" }
	for _, c := range []struct {
		name    string
		headers []string
		secure  bool
		path    string
	}{
		{"at home", []string{"Host: 192.168.1.5:8099"}, false, "/"},
		{"by the public address", []string{"Host: h.example"}, true, "/x/"},
		{"by the public address with a port", []string{"Host: H.example:443"}, true, "/x/"},
		{"by another proxy", []string{"Host: 127.0.0.1:8099", "X-Forwarded-Proto: https"}, true, "/"},
	} {
		got := newRig(t, password, public).signIn(t, c.headers...)
		if got.Secure != c.secure || got.Path != c.path {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
}

func TestSignInLeadsOnlyHome(t *testing.T) {
	r := newRig(t, password, nil)
	for next, want := range map[string]string{
		"": "./", "login/cloud": "./login/cloud", "metrics": "./metrics",
		"//evil.example": "./", "https://evil.example": "./", "login/../../x": "./", "javascript:alert(1)": "./", "login/cloud\r\nX: y": "./",
	} {
		resp := r.call("POST", "/signin", url.Values{"password": {password.Reveal()}, "next": {next}}.Encode())
		if got := resp.Header.Get("Location"); got != want {
			t.Errorf("%q: want %q, got %q", next, want, got)
		}
	}
}

func TestWrongPasswordsAreSlowedDown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, password, nil)
		var last *reply
		for _, guess := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			last = r.call("POST", "/signin", "password="+guess, browser)
		}
		if body := last.body; last.StatusCode != http.StatusTooManyRequests || last.Header.Get("Retry-After") != "1" || !strings.Contains(body, "wait 1 s") {
			t.Errorf("want a wait, got %s\n%s", last.Status, body)
		}
		if resp := r.call("GET", "/", "", right); resp.StatusCode != http.StatusTooManyRequests {
			t.Errorf("the right one in the meantime: got %s", resp.Status)
		}
		if resp := r.call("GET", "/", "", right); resp.Header.Get("WWW-Authenticate") != "" {
			t.Error("a browser must not forget a password that was not looked at")
		}
		r.from = "192.0.2.200:1"
		if resp := r.call("GET", "/", "", right); resp.StatusCode != http.StatusOK {
			t.Errorf("from elsewhere: got %s", resp.Status)
		}
		r.from = "192.0.2.7:99"
		pass(time.Second)
		if resp := r.call("GET", "/", "", right); resp.StatusCode != http.StatusOK {
			t.Errorf("after it: got %s", resp.Status)
		}
		c := r.signIn(t)
		for _, guess := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			r.call("POST", "/signin", "password="+guess, browser)
		}
		if resp := r.call("GET", "/", "", "Cookie: "+c.Name+"="+c.Value); resp.StatusCode != http.StatusOK {
			t.Errorf("who is in stays in: got %s", resp.Status)
		}
	})
}

func TestPasswordThatChangesInItsFile(t *testing.T) {
	now, readErr := password, error(nil)
	r := newRig(t, "", func(c *Config) { c.Password = func() (auth.Secret, error) { return now, readErr } })
	c := r.signIn(t)
	cookie := "Cookie: " + c.Name + "=" + c.Value
	readErr = errors.New("no such file")
	if got := r.call("GET", "/", "", wrong).StatusCode; got != http.StatusUnauthorized {
		t.Errorf("the file is gone: got %d", got)
	}
	now, readErr = "", nil
	if got := r.call("GET", "/", "").StatusCode; got != http.StatusUnauthorized {
		t.Errorf("the file is empty: got %d, the old password counts", got)
	}
	now = "wrong"
	if got := r.call("GET", "/", "", cookie).StatusCode; got != http.StatusOK {
		t.Errorf("nobody has used the new one yet: got %d", got)
	}
	if got := r.call("GET", "/", "", wrong).StatusCode; got != http.StatusOK {
		t.Errorf("the new password: got %d", got)
	}
	for who, header := range map[string]string{"the old password": right, "a session of the old one": cookie} {
		if got := r.call("GET", "/", "", header).StatusCode; got != http.StatusUnauthorized {
			t.Errorf("%s: got %d", who, got)
		}
	}
}
