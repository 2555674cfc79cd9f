package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/auth/oauthtest"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
)

func TestLoginOnThePage(t *testing.T) {
	w := newTown(t)
	w.daemon()
	resp, err := w.browser.PostForm(fmt.Sprintf("http://localhost:%d/login/club", w.port), url.Values{"do": {"begin"}})
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	m := regexp.MustCompile(`href="(http://127[^"]*)"`).FindSubmatch(body)
	if m == nil {
		t.Fatalf("no address in\n%s", body)
	}
	end := w.agree(html.UnescapeString(string(m[1])))
	answer := w.follow(end)
	if !strings.Contains(answer, "club is logged in") {
		t.Errorf("got\n%s", answer)
	}
	began := time.Now()
	w.await("both hubs to work with the one account", w.bothWork)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	if got := w.server.Counts(); got != (oauthtest.Counts{Exchanges: 1}) {
		t.Errorf("got %+v", got)
	}
	w.mustHide(end, answer)
}

// TestLoginInTheTerminalBesideTheBridge: the bridge has the port, and takes the answer
// that this process began; or the answer is pasted here, and the bridge finds the token.
func TestLoginInTheTerminalBesideTheBridge(t *testing.T) {
	for _, pasted := range []bool{false, true} {
		t.Run(fmt.Sprintf("pasted %v", pasted), func(t *testing.T) {
			w := newTown(t)
			w.daemon()
			s := w.login(t.Context(), "cabin")
			end := w.agree(s.address())
			if pasted {
				s.say("")
				s.say("what do I do here?")
				s.say("  " + end)
			} else if answer := w.follow(end); !strings.Contains(answer, "cabin is logged in") {
				t.Errorf("got\n%s", answer)
			}
			if err := s.end(); err != nil {
				t.Fatalf("%v\n%s", err, s.out)
			}
			began := time.Now()
			w.await("both hubs to work", w.bothWork)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("the bridge took %s", took)
			}
			if out := s.out.String(); !strings.Contains(out, "bridge that runs takes the answer") || !strings.Contains(out, "cabin is logged in") ||
				strings.Contains(out, "no return address") != pasted {
				t.Errorf("got\n%s", out)
			}
			w.mustHide(end)
		})
	}
}

func TestLoginInTheTerminalAlone(t *testing.T) {
	cases := []struct {
		name   string
		more   []string
		finish func(w *town, s *sitting, end string)
		want   string // part of the failure; empty: it works
		says   string
	}{
		{"by the port that it opens", nil, func(w *town, _ *sitting, end string) {
			if answer := w.follow(end); !strings.Contains(answer, "club is logged in") {
				w.t.Errorf("got\n%s", answer)
			}
		}, "", "This program takes the answer"},
		{"pasted", nil, func(_ *town, s *sitting, end string) { s.say(end) }, "", "logged in"},
		{"pasted in another form", nil, func(_ *town, s *sitting, end string) {
			_, query, _ := strings.Cut(end, "?")
			s.say(" ?" + query + "  ")
		}, "", "logged in"},
		{"without HTTP", []string{"HTTP_LISTEN=off", "CLUB_REDIRECT_URL=https://elsewhere.example/back"}, func(w *town, s *sitting, end string) {
			if !strings.HasPrefix(end, "https://elsewhere.example/back?") {
				w.t.Errorf("want REDIRECT_URL, got %s", end)
			}
			s.say(end)
		}, "", "elsewhere.example"},
		{"after a typing error", nil, func(_ *town, s *sitting, end string) {
			s.say(end[:len(end)-5])
			s.say(end)
		}, "", "belongs to no login"},
		{"the input ends, the browser comes", nil, func(w *town, s *sitting, end string) {
			_ = s.keys.Close()
			w.follow(end)
		}, "", "logged in"},
		{
			"the input ends, and nobody listens",
			[]string{"HTTP_LISTEN=off", "CLUB_REDIRECT_URL=https://elsewhere.example/back"},
			func(_ *town, s *sitting, _ string) { _ = s.keys.Close() }, "nobody else can take the answer", "",
		},
		{"a code that was used", nil, func(w *town, s *sitting, end string) {
			u, _ := url.Parse(end)
			q := u.Query()
			q.Set("code", "canary-code")
			s.say(u.Path + "?" + q.Encode())
		}, "invalid_grant", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, c.more...)
			s := w.login(t.Context(), "club")
			end := w.agree(s.address())
			c.finish(w, s, end)
			err := s.end()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("want %q, got %v\n%s", c.want, err, s.out)
			}
			if _, wrong := errors.AsType[usageError](err); wrong {
				t.Errorf("a login that fails is no wrong usage: %v", err)
			}
			if !strings.Contains(s.out.String(), c.says) {
				t.Errorf("want %q, got\n%s", c.says, s.out)
			}
			u, _ := url.Parse(end)
			if strings.Contains(s.out.String(), u.Query().Get("code")) || err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the code is shown:\n%s\n%v", s.out, err)
			}
			if err == nil { // a bridge that starts now finds it
				w.env = append(w.env, "HTTP_LISTEN=127.0.0.1:"+strconv.Itoa(w.port))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error, 1)
				go func() { ended <- serve(ctx, w.settings(), w.log) }()
				w.await("both hubs to work", w.bothWork)
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestRefusedLoginInTheTerminal(t *testing.T) {
	w := newTown(t)
	w.server.Deny("access_denied")
	s := w.login(t.Context(), "club")
	answer := w.follow(w.agree(s.address()))
	if err := s.end(); err == nil || !strings.Contains(err.Error(), "access_denied") || !strings.Contains(answer, "access_denied") {
		t.Errorf("got %v\n%s", err, answer)
	}
}

func TestLoginIsGivenUp(t *testing.T) {
	w := newTown(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := w.login(ctx, "club")
	s.address()
	cancel()
	if err := s.end(); err == nil || !strings.Contains(err.Error(), "given up") {
		t.Errorf("got %v", err)
	}
}

func TestPasteATokenInTheTerminal(t *testing.T) {
	takes := hubs.Vendor{Name: "toy", Pace: hubs.Pace{Inventory: time.Minute, Values: time.Minute}, Open: func(_ hubs.Settings, deps hubs.Deps) (hubs.Hub, error) {
		return &tokenToy{Hub: hubtest.NewFake(), tokens: deps.Tokens(auth.Config{})}, nil
	}}
	plain := hubs.Vendor{Name: "plain", Open: func(hubs.Settings, hubs.Deps) (hubs.Hub, error) { return hubtest.NewFake().Plain(), nil }}
	dir := t.TempDir()
	for _, c := range []struct {
		name, hub, typed string
		want             string
		usage            bool
	}{
		{"a good one", "toy", " good-token \n\n", "", false},
		{"a bad one", "toy", "canary-token\n\n", "does not know", false},
		{"nothing at all", "toy", "", "does not know", false},
		{"a hub without", "plain", "", "no login", true},
		{"a hub that is not there", "nobody", "", "names no", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, err := readEnviron("", []string{"HUBS=toy,plain", "DATA_DIR=" + dir})
			if err != nil {
				t.Fatal(err)
			}
			s, err := readSettings(env, []hubs.Vendor{takes, plain})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			err = loginHub(t.Context(), s, c.hub, console{in: strings.NewReader(c.typed), out: &out, errs: &out})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
			if _, usage := errors.AsType[usageError](err); usage != c.usage {
				t.Errorf("wrong usage: want %v, got %v", c.usage, usage)
			}
			if strings.Contains(out.String(), "token-") || err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("shows what was typed:\n%s", out.String())
			}
			if c.want == "" && (!strings.Contains(out.String(), "toy is logged in") || !strings.Contains(out.String(), "from the page")) {
				t.Errorf("got\n%s", out.String())
			}
		})
	}
	store, err := auth.OpenFileStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := auth.NewManager(auth.Config{Account: "toy", Store: store}).Token(t.Context())
	if err != nil || tok.Access != "good-token" {
		t.Errorf("want it saved, got %v", err)
	}
}

type tokenToy struct {
	hubs.Hub
	tokens *auth.Manager
}

func (*tokenToy) TokenFields() []hubs.TokenField {
	return []hubs.TokenField{{Name: "token", Label: "Token", Help: "Copy it from the page."}, {Name: "second", Label: "Second", Optional: true}}
}

func (h *tokenToy) TakeToken(ctx context.Context, entered map[string]auth.Secret) error {
	if entered["token"] != "good-token" {
		return errors.New("the toy does not know this token")
	}
	return h.tokens.Login(ctx, auth.Token{Access: entered["token"]})
}

func TestHubAndFlags(t *testing.T) {
	for args, want := range map[string]string{
		"homey": "homey ", "homey --env-file x": "homey x", "--env-file x homey": "homey x", "": "!which hub", "a b": `!"b"`, "--fast a": "!fast", "a --fast": "!fast",
	} {
		var file string
		hub, err := hubAndFlags("login", strings.Fields(args), func(fs *flag.FlagSet) { fs.StringVar(&file, "env-file", "", "") })
		if text, fails := strings.CutPrefix(want, "!"); fails {
			if _, usage := errors.AsType[usageError](err); !usage || !strings.Contains(err.Error(), text) {
				t.Errorf("%q: want %q, got %v", args, text, err)
			}
		} else if err != nil || hub+" "+file != want {
			t.Errorf("%q: got %q, %q, %v", args, hub, file, err)
		}
	}
}

func TestRedirectRules(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"nothing set", nil, "http://localhost:8099/callback/toy"},
		{"another port", []string{"HTTP_LISTEN=127.0.0.1:9000"}, "http://localhost:9000/callback/toy"},
		{"open to the LAN", []string{"HTTP_LISTEN=:9000", "HTTP_PASSWORD=p"}, "http://localhost:9000/callback/toy"},
		{"off", []string{"HTTP_LISTEN=off"}, "http://localhost:8099/callback/toy"},
		{"public", []string{"PUBLIC_URL=https://h.example/x/"}, "https://h.example/x/callback/toy"},
		{"the hub's own", []string{"PUBLIC_URL=https://h.example", "TOY_REDIRECT_URL=https://r.example/cb?a=b"}, "https://r.example/cb?a=b"},
	} {
		s, err := read(t, append([]string{"HUBS=toy", "TOY_URL=http://a", "TOY_ACCESS_TOKEN=secret-1"}, c.env...)...)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := s.redirect(s.hubs[0]); got != c.want {
			t.Errorf("%s: want %s, got %s", c.name, c.want, got)
		}
		if len(s.warnings) > 0 {
			t.Errorf("%s: taken for typos: %v", c.name, s.warnings)
		}
	}
	for _, bad := range []string{
		"TOY_REDIRECT_URL=localhost/x", "TOY_REDIRECT_URL=app://x", "TOY_REDIRECT_URL=https://u:canary@x/", "TOY_REDIRECT_URL=https://x/#y",
		"PUBLIC_URL=https://u:canary@x/", "PUBLIC_URL=https://x/?y=z", "PUBLIC_URL=https://x/#y",
	} {
		name, _, _ := strings.Cut(bad, "=")
		_, err := read(t, "HUBS=toy", "TOY_URL=http://a", "TOY_ACCESS_TOKEN=secret-1", bad)
		if err == nil || !strings.Contains(err.Error(), name+":") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}

// TestPasswordOfTheWholeProgram: what the settings say reaches the door.
func TestPasswordOfTheWholeProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("canary-first")
	w := newTown(t, "HTTP_PASSWORD_FILE="+path)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, w.settings(), w.log) }()
	ask := func(path, password string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", w.port, path), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			req.SetBasicAuth("prometheus", password)
		}
		resp, err := w.browser.Do(req)
		if err != nil {
			return 0, ""
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	w.await("the bridge to be ready", func() bool { code, _ := ask("/readyz", ""); return code == http.StatusOK })
	for _, c := range []struct {
		path, password string
		code           int
		says           string
	}{
		{"/healthz", "", 200, "ok"},
		{"/metrics", "", 401, "HTTP_PASSWORD"},
		{"/metrics", "canary-wrong", 401, "wrong"},
		{"/metrics", "canary-first", 200, "hub2mqtt_build_info"},
		{"/", "canary-first", 200, "needs a login"},
	} {
		if code, body := ask(c.path, c.password); code != c.code || !strings.Contains(body, c.says) {
			t.Errorf("%s: want %d and %q, got %d\n%s", c.path, c.code, c.says, code, body)
		}
	}
	write("canary-second")
	if code, _ := ask("/", "canary-second"); code != http.StatusOK {
		t.Errorf("the password was changed in its file: got %d", code)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if log := w.log.String(); strings.Contains(log, "canary") || !strings.Contains(log, "HTTP_PASSWORD was changed") {
		t.Errorf("log: %s", log)
	}
}
