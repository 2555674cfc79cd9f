package web

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

const password = auth.Secret("correct horse")

func withMetrics(c *Config) {
	c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("metrics")) })
	hook := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		_, _ = w.Write([]byte("hook"))
	})
	c.Webhook = func(hub string) http.Handler {
		if hub == "cloud" {
			return hook
		}
		return nil
	}
}

func TestWhatAsksForThePassword(t *testing.T) {
	cases := []struct {
		name, method, path string
		open               int // without a password set, at localhost
		stranger, friend   int // with one set: without and with credentials
	}{
		{"page", "GET", "/", 200, 401, 200},
		{"login", "GET", "/login/cloud", 200, 401, 200},
		{"login of nobody", "GET", "/login/nobody", 404, 401, 404},
		{"login form", "POST", "/login/cloud", 400, 401, 400},
		{"metrics", "GET", "/metrics", 200, 401, 200},
		{"what is not there", "GET", "/api/secrets", 404, 401, 404},
		{"a trick with dots", "GET", "/webhook/../metrics", 307, 307, 307},
		{"a trick with slashes", "GET", "//metrics", 307, 307, 307},
		{"sign out", "POST", "/signout", 303, 401, 303},
		{"health", "GET", "/healthz", 200, 200, 200},
		{"ready", "GET", "/readyz", 200, 200, 200},
		{"webhook", "POST", "/webhook/cloud", 200, 200, 200},
		{"webhook, asked to prove itself", "GET", "/webhook/cloud", 200, 200, 200},
		{"webhook of a hub without", "POST", "/webhook/plain", 404, 404, 404},
		{"webhook of nobody", "POST", "/webhook/nobody", 404, 404, 404},
		{"callback without a state", "GET", "/callback/cloud", 400, 400, 400},
		{"callback of nobody", "GET", "/callback/nobody", 404, 404, 404},
		{"callback by HEAD", "HEAD", "/callback/cloud?state=x", 405, 405, 405},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			open, locked := newRig(t, "", withMetrics), newRig(t, password, withMetrics)
			for _, try := range []struct {
				who  string
				resp *reply
				want int
			}{
				{"no password set", open.call(c.method, c.path, ""), c.open},
				{"stranger", locked.call(c.method, c.path, ""), c.stranger},
				{"stranger with a browser", locked.call(c.method, c.path, "", browser), c.stranger},
				{"friend", locked.call(c.method, c.path, "", right), c.friend},
				{"old password", locked.call(c.method, c.path, "", wrong), c.stranger},
			} {
				if body := try.resp.body; try.resp.StatusCode != try.want {
					t.Errorf("%s: want %d, got %d:\n%s", try.who, try.want, try.resp.StatusCode, body)
				}
			}
		})
	}
}

func TestProgramsAreAskedByBasicAndBrowsersByAForm(t *testing.T) {
	r := newRig(t, password, withMetrics)
	resp := r.call("GET", "/metrics", "")
	if got := resp.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Basic ") {
		t.Errorf("a program: got %q", got)
	}
	resp = r.call("GET", "/login/cloud", "", browser)
	body := resp.body
	if resp.Header.Get("WWW-Authenticate") != "" || !strings.Contains(body, `action="../signin"`) || !strings.Contains(body, `value="login/cloud"`) {
		t.Errorf("a browser: got %v\n%s", resp.Header, body)
	}
}

func TestCrossSiteRequestsAreRefused(t *testing.T) {
	cases := []struct {
		name    string
		headers []string
		want    int
	}{
		{"a program", nil, 303},
		{"our own page", []string{"Sec-Fetch-Site: same-origin"}, 303},
		{"typed in", []string{"Sec-Fetch-Site: none"}, 303},
		{"another site", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"a neighbour", []string{"Sec-Fetch-Site: same-site"}, 403},
		// A browser tells Sec-Fetch-Site to https and localhost alone.
		{"our own page, by http in the LAN", []string{"Host: 192.168.1.5:8099", "Origin: http://192.168.1.5:8099"}, 303},
		{"another port of our host", []string{"Host: 192.168.1.5:8099", "Origin: http://192.168.1.5:8123"}, 403},
		{"another site, by http in the LAN", []string{"Host: 192.168.1.5:8099", "Origin: http://evil.example"}, 403},
		{"a sandboxed frame", []string{"Origin: null"}, 403},
		{"through a proxy that changes Host", []string{"Host: 127.0.0.1:8099", "Origin: https://h.example"}, 303},
		{"an origin that only begins like ours", []string{"Host: 127.0.0.1:8099", "Origin: https://h.example.evil.example"}, 403},
	}
	for _, c := range cases {
		for _, path := range []string{"/signin", "/signout"} {
			r := newRig(t, password, func(c *Config) { c.PublicURL = "https://h.example/x" })
			resp := r.call("POST", path, "password=correct+horse", append(c.headers, right)...)
			if resp.StatusCode != c.want {
				t.Errorf("%s, POST %s: want %d, got %s", c.name, path, c.want, resp.Status)
			}
		}
	}
	for _, path := range []string{"/login/cloud", "/login/paste"} {
		r := newRig(t, "", nil)
		resp := r.call("POST", path, "do=begin&token_access_token=good-token", "Sec-Fetch-Site: cross-site")
		if keys, _ := r.store.List(t.Context(), ""); resp.StatusCode != http.StatusForbidden || len(keys) > 0 {
			t.Errorf("%s without a password: got %s, %v", path, resp.Status, keys)
		}
	}
	r := newRig(t, password, withMetrics)
	if resp := r.call("POST", "/webhook/cloud", "x=1", "Origin: https://vendor.example", "Sec-Fetch-Site: cross-site"); resp.StatusCode != http.StatusOK {
		t.Errorf("a webhook: got %s", resp.Status)
	}
}

// TestOwnFormsTellTheirOrigin: a policy of no-referrer would make it null.
func TestOwnFormsTellTheirOrigin(t *testing.T) {
	r := newRig(t, password, nil)
	for _, path := range []string{"/", "/login/cloud", "/login/paste"} {
		for _, header := range []string{browser, right} {
			resp := r.call("GET", path, "", header)
			if got := resp.Header.Get("Referrer-Policy"); strings.Contains(resp.body, "<form") && got != "same-origin" {
				t.Errorf("%s: got %q", path, got)
			}
		}
	}
	if got := r.call("GET", "/callback/cloud?state=x&code=y", "").Header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("a page whose address holds a code: got %q", got)
	}
}

func TestForeignNamesForThisMachine(t *testing.T) {
	public := func(c *Config) { withMetrics(c); c.PublicURL = "http://nas.lan:8099" }
	for host, ok := range map[string]bool{
		"localhost:8099": true, "LOCALHOST": true, "localhost.": true, "127.0.0.1:8099": true, "127.1.2.3": true, "[::1]:8099": true, "[::1]": true,
		"nas.lan:8099": true, "NAS.lan": true,
		"evil.example": false, "evil.example:8099": false, "localhost.evil.example": false, "192.168.1.5:8099": false, "": false,
		"nas.lan.evil.example": false, "127.0.0.1.evil.example": false,
	} {
		r := newRig(t, "", public)
		for _, path := range []string{"/", "/login/cloud", "/metrics", "/nothing"} {
			resp := r.call("GET", path, "", "Host: "+host)
			if refused := resp.StatusCode == http.StatusForbidden; refused == ok {
				t.Errorf("%s%s: got %s", host, path, resp.Status)
			}
		}
		if resp := r.call("POST", "/signin", "", "Host: "+host); (resp.StatusCode == http.StatusForbidden) == ok {
			t.Errorf("%s, sign in: got %s", host, resp.Status)
		}
		for _, path := range []string{"/healthz", "/readyz", "/webhook/cloud"} {
			if resp := r.call("GET", path, "", "Host: "+host); resp.StatusCode != http.StatusOK {
				t.Errorf("%s%s: got %s", host, path, resp.Status)
			}
		}
		if resp := newRig(t, password, public).call("GET", "/", "", "Host: "+host, right); resp.StatusCode != http.StatusOK {
			t.Errorf("%s with the password: got %s", host, resp.Status)
		}
	}
}

func TestHeaders(t *testing.T) {
	r := newRig(t, password, withMetrics)
	for _, path := range []string{"/", "/login/cloud", "/metrics", "/nothing", "/callback/cloud", "/healthz", "/webhook/nobody"} {
		h := r.call("GET", path, "", right).Header
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'", "style-src 'sha256-"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: want %q, got %q", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: got %q", path, csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s, %s: want %q, got %q", path, name, want, got)
			}
		}
	}
	if body := r.call("GET", "/", "", right).body; strings.Contains(body, "<script") || strings.Contains(body, "style=") {
		t.Errorf("the page needs what its own policy forbids:\n%s", body)
	}
}

func TestIngressNeedsNoPassword(t *testing.T) {
	r := newRig(t, password, func(c *Config) { c.Trusted = []netip.Addr{netip.MustParseAddr("172.30.32.2")} })
	for from, want := range map[string]int{"172.30.32.2:5000": 200, "[::ffff:172.30.32.2]:5000": 200, "172.30.32.3:5000": 401, "nonsense": 401} {
		r.from = from
		resp := r.call("GET", "/", "", "X-Forwarded-For: 172.30.32.2")
		if resp.StatusCode != want {
			t.Errorf("%s: want %d, got %s", from, want, resp.Status)
		}
		if framed := strings.Contains(resp.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'"); framed != (want == 200) {
			t.Errorf("%s: may be framed: %v", from, framed)
		}
	}
}

func TestPublicURLWithAPath(t *testing.T) {
	r := newRig(t, "", func(c *Config) { c.PublicURL = "https://h.example/x/y/"; withMetrics(c) })
	for path, want := range map[string]int{
		"/x/y/": 200, "/x/y/login/cloud": 200, "/x/y/metrics": 200, "/x/y/healthz": 200, "/x/y/callback/cloud": 400, "/x/y/webhook/cloud": 200,
		"/": 200, "/login/cloud": 200, "/x/y": 303, "/x/yz": 404, "/x": 404,
	} {
		resp := r.call("GET", path, "", "Host: h.example")
		if resp.StatusCode != want {
			t.Errorf("%s: want %d, got %s", path, want, resp.Status)
		}
		if to := resp.Header.Get("Location"); path == "/x/y" && to != "y/" {
			t.Errorf("%s leads to %q", path, to)
		}
	}
	for path, link := range map[string]string{"/x/y/": `href="login/cloud"`, "/x/y/login/cloud": `href=".././"`} {
		r.views = views("cloud")
		if body := r.call("GET", path, "", "Host: h.example").body; !strings.Contains(body, link) || strings.Contains(body, `href="/`) {
			t.Errorf("%s: want relative links, got\n%s", path, body)
		}
	}
}

func TestBugsAreNoWayIn(t *testing.T) {
	r := newRig(t, password, func(c *Config) {
		c.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("canary-panic") })
	})
	resp := r.call("GET", "/metrics?code=canary-code", "", right)
	if body := resp.body; resp.StatusCode != http.StatusInternalServerError || strings.Contains(body+r.log.String(), "canary") {
		t.Errorf("got %s %s, log %s", resp.Status, body, r.log)
	}
	if !strings.Contains(r.log.String(), "report it") {
		t.Errorf("want it logged, got %s", r.log)
	}
	if resp := r.call("OPTIONS", "*", ""); resp.StatusCode == http.StatusInternalServerError {
		t.Errorf("OPTIONS *: got %s", resp.Status)
	}
}

func TestWebhooksAreBounded(t *testing.T) {
	r := newRig(t, password, withMetrics)
	for size, want := range map[int]int{maxWebhook: http.StatusOK, maxWebhook + 1: http.StatusRequestEntityTooLarge} {
		if got := r.call("POST", "/webhook/cloud", strings.Repeat("x", size)).StatusCode; got != want {
			t.Errorf("%d bytes: want %d, got %d", size, want, got)
		}
	}
}

func TestHubsComeAndGo(t *testing.T) {
	r := newRig(t, "", nil)
	r.desk.Drop("paste")
	r.desk.Set("new", r.desk.door("plain"))
	for path, want := range map[string]int{"/login/paste": 404, "/callback/paste": 404, "/login/new": 200} {
		if got := r.call("GET", path, "").StatusCode; got != want {
			t.Errorf("%s: want %d, got %d", path, want, got)
		}
	}
}
