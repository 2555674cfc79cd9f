package web

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
)

func views(names ...string) []bridge.HubView {
	out := make([]bridge.HubView, len(names))
	for i, n := range names {
		out[i] = bridge.HubView{Name: n, Vendor: "toy", State: bridge.OK, Push: "none"}
	}
	return out
}

func TestOverview(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, "", nil)
		now := time.Now()
		r.views = views("cloud", "plain")
		r.views[0] = bridge.HubView{
			Name: "cloud", Vendor: "toy", State: bridge.LoginNeeded, LoginNeeded: true, Error: "the login has ended", Code: "invalid_grant",
			Hint: "log in again", Since: now.Add(-3 * time.Hour), LastPoll: now.Add(-4 * 24 * time.Hour), NextTry: now.Add(50 * time.Second),
			Devices: 7, Entities: 31, Push: "down",
		}
		body := r.call("GET", "/", "", browser).body
		for _, want := range []string{
			`id="/cloud/hub"`, "needs a login", "the login has ended", "log in again", "invalid_grant", "(3 hours ago)", "(4 days ago)", "(in 50 s)",
			"7 with 31 entities", `href="login/cloud"`, `id="/plain/hub"`, ">works<",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("want %q in\n%s", want, body)
			}
		}
		if strings.Contains(body, `href="login/plain"`) || strings.Contains(body, "Sign out") {
			t.Errorf("want no way into what is not there:\n%s", body)
		}
		if !strings.Contains(newRig(t, "", nil).call("GET", "/", "").body, "No hub") {
			t.Error("an empty page says nothing")
		}
	})
}

func TestEveryStateHasWords(t *testing.T) {
	for _, s := range []bridge.HubState{
		bridge.Starting, bridge.OK, bridge.Degraded, bridge.Limited, bridge.Unreachable, bridge.LoginNeeded, bridge.Misconfigured,
	} {
		if w := stateWords(s); w == string(s) || w == "" {
			t.Errorf("%s: got %q", s, w)
		}
		r := newRig(t, "", nil)
		r.views = []bridge.HubView{{Name: "a", State: s}}
		class := strings.ReplaceAll(string(s), "_", "-")
		body := r.call("GET", "/", "").body
		if !strings.Contains(body, `class="`+class+`"`) || !strings.Contains(body, "."+class) {
			t.Errorf("%s: has no style", s)
		}
	}
}

func TestNothingOfAHubIsMarkup(t *testing.T) {
	evil := `<script>alert(1)</script><img src=x onerror="alert(2)">`
	r := newRig(t, "", nil)
	r.views = []bridge.HubView{{Name: "cloud", Vendor: evil, State: bridge.HubState(evil), Error: evil, Code: evil, Hint: evil, Push: evil}}
	pages := []*reply{
		r.call("GET", "/", ""), r.call("GET", "/login/paste", ""),
		r.call("POST", "/login/paste", "do=token&token_access_token="+url.QueryEscape(evil)),
		r.call("POST", "/login/cloud", "do=answer&address="+url.QueryEscape("http://x/?state="+evil+"&error="+evil)),
		r.call("GET", "/callback/cloud?error="+url.QueryEscape(evil)+"&state="+url.QueryEscape(evil), ""),
		r.call("GET", "/"+url.PathEscape(evil), ""), r.call("GET", "/login/"+url.PathEscape(evil), ""),
		newRig(t, password, nil).call("GET", "/"+url.PathEscape(evil), "", browser),
	}
	for i, p := range pages {
		if body := p.body; strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Contains(body, "<this>") {
			t.Errorf("page %d:\n%s", i, body)
		}
	}
}

var vendorLink = regexp.MustCompile(`href="(https://vendor\.example/[^"]*)"`)

// beginOnPage presses the button and gives the vendor's address.
func (r *rig) beginOnPage(t *testing.T) string {
	t.Helper()
	body := r.call("POST", "/login/cloud", "do=begin", browser, right).body
	m := vendorLink.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no link in\n%s", body)
	}
	if !strings.Contains(body, callback) || !strings.Contains(body, `rel="noopener noreferrer"`) {
		t.Errorf("got\n%s", body)
	}
	return html.UnescapeString(m[1])
}

func TestLoginByBrowser(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, password, nil)
		if _, err := r.tokens.Token(t.Context()); !errors.Is(err, auth.ErrLogin) {
			t.Fatalf("got %v", err)
		}
		end := r.agree(t, r.beginOnPage(t))
		resp := r.call("GET", pathOf(t, end), "", browser) // no password: the state is good for one answer
		body := resp.body
		if resp.StatusCode != http.StatusOK || !strings.Contains(body, "cloud is logged in") {
			t.Fatalf("got %s\n%s", resp.Status, body)
		}
		tok, err := r.tokens.Token(t.Context())
		if err != nil || !r.server.Valid(tok.Access.Reveal()) || fmt.Sprint(r.logins) != "[cloud]" {
			t.Errorf("got %v, told %v", err, r.logins)
		}
		again := r.call("GET", pathOf(t, end), "", browser)
		body += again.body
		if again.StatusCode != http.StatusBadRequest || !strings.Contains(body, "used already") || r.server.Counts().Exchanges != 1 {
			t.Errorf("a second time: got %s\n%s", again.Status, body)
		}
		r.mustHide(t, body, end, tok)
	})
}

// mustHide looks for what must show up nowhere.
func (r *rig) mustHide(t *testing.T, body, end string, tok auth.Token) {
	t.Helper()
	u, _ := url.Parse(end)
	secrets := []string{
		u.Query().Get("code"), u.Query().Get("state"), tok.Access.Reveal(), tok.Refresh.Reveal(), "client-secret", "canary", password.Reveal(),
	}
	for _, s := range secrets {
		if s != "" && strings.Contains(body+r.log.String(), s) {
			t.Errorf("%q is shown:\n%s\n%s", s, body, r.log)
		}
	}
}

func TestLoginByPastedAddress(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, password, nil)
		end := r.agree(t, r.beginOnPage(t))
		form := url.Values{"do": {"answer"}, "address": {"  " + end[:40] + "\r\n" + end[40:] + " \n"}}.Encode()
		if resp := r.call("POST", "/login/cloud", form, browser); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("without the password: got %s", resp.Status)
		}
		resp := r.call("POST", "/login/cloud", form, browser, right)
		body := resp.body
		if resp.StatusCode != http.StatusOK || !strings.Contains(body, "is logged in") {
			t.Fatalf("got %s\n%s", resp.Status, body)
		}
		r.mustHide(t, body, end, auth.Token{})
	})
}

func TestAnswersThatAreNotTaken(t *testing.T) {
	cases := []struct {
		name   string
		answer func(t *testing.T, r *rig) string // what the browser asks for
		want   string
		asked  int // exchanges
	}{
		{"the person said no", func(t *testing.T, r *rig) string {
			r.server.Deny("access_denied")
			return pathOf(t, r.agree(t, r.beginOnPage(t)))
		}, "access_denied", 0},
		{"after half a minute", func(t *testing.T, r *rig) string {
			end := r.agree(t, r.beginOnPage(t))
			pass(30 * time.Second)
			return pathOf(t, end)
		}, "invalid_grant", 1},
		{"after ten minutes", func(t *testing.T, r *rig) string {
			address := r.beginOnPage(t)
			pass(10 * time.Minute)
			return pathOf(t, r.agree(t, address))
		}, "10 minutes", 0},
		{"of another hub", func(t *testing.T, r *rig) string {
			return strings.Replace(pathOf(t, r.agree(t, r.beginOnPage(t))), "/cloud", "/other", 1)
		}, "another hub", 0},
		{"with a made-up state", func(t *testing.T, r *rig) string {
			return pathOf(t, r.agree(t, r.beginOnPage(t))) + "x"
		}, "no login", 0},
		{"without a state", func(t *testing.T, r *rig) string {
			u, _ := url.Parse(r.agree(t, r.beginOnPage(t)))
			return "/callback/cloud?code=" + u.Query().Get("code")
		}, "no state", 0},
		{"of a hub that logs in otherwise", func(*testing.T, *rig) string {
			return "/callback/paste?state=canary-1&code=canary-2"
		}, "not logged in by a browser", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, password, nil)
				path := c.answer(t, r)
				resp := r.call("GET", path, "", browser)
				body := resp.body
				if resp.StatusCode != http.StatusBadRequest || !strings.Contains(html.UnescapeString(body), c.want) {
					t.Errorf("want %q, got %s\n%s", c.want, resp.Status, body)
				}
				if got := r.server.Counts().Exchanges; got != c.asked || len(r.logins) > 0 {
					t.Errorf("want %d exchanges and nobody told, got %d, %v", c.asked, got, r.logins)
				}
				if !strings.Contains(body, `href="../login/`) {
					t.Errorf("want a way to begin again, got\n%s", body)
				}
				r.mustHide(t, body, path, auth.Token{})
			})
		})
	}
}

func TestLoginByToken(t *testing.T) {
	r := newRig(t, "", nil)
	body := r.call("GET", "/login/paste", "", browser).body
	if !strings.Contains(body, `name="token_access_token" type="password"`) || !strings.Contains(body, "On &lt;the&gt; page.") {
		t.Errorf("got\n%s", body)
	}
	bad := r.call("POST", "/login/paste", "do=token&token_access_token=canary-token")
	if body := bad.body; bad.StatusCode != http.StatusBadRequest || !strings.Contains(body, "does not know") || strings.Contains(body+r.log.String(), "canary") {
		t.Errorf("got %s\n%s\n%s", bad.Status, body, r.log)
	}
	good := r.call("POST", "/login/paste", "do=token&token_access_token=+good-token%0d%0a&token_other=&token_stranger=x")
	if body := good.body; good.StatusCode != http.StatusOK || !strings.Contains(body, "paste is logged in") || fmt.Sprint(r.logins) != "[paste]" {
		t.Errorf("got %s, told %v\n%s", good.Status, r.logins, body)
	}
	if _, stray := r.paste.taken["stranger"]; stray || len(r.paste.taken) != 2 {
		t.Errorf("want the fields alone, got %d", len(r.paste.taken))
	}
}

func TestFormsThatAreNotTaken(t *testing.T) {
	r := newRig(t, "", nil)
	for name, c := range map[string]struct {
		path, body string
		want       string
	}{
		"nothing":              {"/login/cloud", "", "says nothing"},
		"too much":             {"/login/cloud", "do=answer&address=" + strings.Repeat("x", maxForm), "cannot be read"},
		"no form":              {"/login/cloud", "%zz", "cannot be read"},
		"a hub without login":  {"/login/plain", "do=begin", "not logged in by a browser"},
		"token of a cloud hub": {"/login/cloud", "do=token", "takes no token"},
		"no address":           {"/login/cloud", "do=answer&address=hello", "no return address"},
	} {
		resp := r.call("POST", c.path, c.body)
		if body := resp.body; resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, c.want) {
			t.Errorf("%s: want %q, got %s\n%s", name, c.want, resp.Status, body)
		}
	}
	if body := r.call("GET", "/login/plain", "").body; !strings.Contains(body, "has no login") {
		t.Errorf("got\n%s", body)
	}
}

func TestParseAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		in, code, state, want string
	}{
		"whole address":           {"http://localhost:8099/callback/homey?code=c-1&state=s-1", "c-1", "s-1", ""},
		"blanks around":           {"  \t http://x/?state=s-1&code=c-1 \r\n", "c-1", "s-1", ""},
		"broken over lines":       {"http://x/cal\nlback?co\r\n  de=c-1&state=s-1", "c-1", "s-1", ""},
		"in quotes":               {`"http://x/?code=c-1&state=s-1"`, "c-1", "s-1", ""},
		"in angle brackets":       {"<http://x/?code=c-1&state=s-1>", "c-1", "s-1", ""},
		"query with its mark":     {"?code=c-1&state=s-1", "c-1", "s-1", ""},
		"query alone":             {"code=c-1&state=s-1", "c-1", "s-1", ""},
		"escapes":                 {"http://x/?code=a%2Fb%2B&state=s-1", "a/b+", "s-1", ""},
		"with a fragment":         {"http://x/?code=c-1&state=s-1#_=_", "c-1", "s-1", ""},
		"in the fragment":         {"http://x/#code=c-1&state=s-1", "c-1", "s-1", ""},
		"more than asked for":     {"http://x/?iss=y&code=c-1&state=s-1&scope=a+b", "c-1", "s-1", ""},
		"invisible signs":         {"\ufeffhttp://x/?code=c-1\u200b&state=s-1", "c-1", "s-1", ""},
		"without http":            {"localhost:8099/callback/homey?code=c-1&state=s-1", "c-1", "s-1", ""},
		"a refusal":               {"http://x/?error=access_denied&state=s-1", "", "s-1", ""},
		"nothing":                 {"", "", "", "no return address"},
		"the code alone":          {"canary-1234", "", "", "no return address"},
		"no code":                 {"http://x/?state=canary", "", "", "no return address"},
		"no state":                {"http://x/?code=canary", "", "", "no return address"},
		"the vendor's login page": {"https://v/authorize?client_id=canary&state=canary&redirect_uri=x", "", "", "login page"},
		"bad escapes":             {"http://x/?code=%zz&state=canary", "", "", "no return address"},
		"endless":                 {strings.Repeat("canary", maxAnswer), "", "", "too long"},
	} {
		got, err := ParseAnswer(c.in)
		if (err != nil) != (c.want != "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s: want %q, got %v", name, c.want, err)
		}
		if got.Get("code") != c.code || got.Get("state") != c.state {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add("http://localhost:8099/callback/homey?code=c-1&state=s-1")
	f.Add("#code=&state=;%")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := ParseAnswer(in)
		if err == nil && !got.Has("code") && !got.Has("error") || err == nil && !got.Has("state") {
			t.Errorf("%q gives %v", in, got)
		}
	})
}

func TestStamp(t *testing.T) {
	now := time.Date(2026, 1, 31, 7, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "less than a second ago", -59 * time.Second: "59 s ago", 119 * time.Second: "in 119 s", -90 * time.Minute: "90 minutes ago",
		-47 * time.Hour: "47 hours ago", -72 * time.Hour: "3 days ago",
	} {
		if got := stamp(now.Add(d), now); !strings.HasSuffix(got, "("+want+")") {
			t.Errorf("%s: want %s, got %s", d, want, got)
		}
	}
	if stamp(time.Time{}, now) != "" {
		t.Error("want nothing of no time")
	}
}

// TestEitherProcessFinishesALogin: what one began another may end, once.
func TestEitherProcessFinishesALogin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, "", nil)
		address, state := r.begin(t)
		other := NewDesk(r.store, r.desk.log)
		other.Set("cloud", r.desk.door("cloud"))
		answer, err := ParseAnswer(r.agree(t, address))
		if err != nil {
			t.Fatal(err)
		}
		if o, err := r.desk.Outcome(t.Context(), "cloud", state); err != nil || o.Ended {
			t.Errorf("under way: got %+v, %v", o, err)
		}
		if err := other.Finish(t.Context(), "cloud", answer); err != nil {
			t.Fatal(err)
		}
		if o, err := r.desk.Outcome(t.Context(), "cloud", state); err != nil || !o.Ended || o.Problem != "" {
			t.Errorf("finished: got %+v, %v", o, err)
		}
		if err := r.desk.Finish(t.Context(), "cloud", answer); err == nil || !strings.Contains(err.Error(), "used already") {
			t.Errorf("again: got %v", err)
		}
	})
}
