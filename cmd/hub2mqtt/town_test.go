package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/auth/oauthtest"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
)

// clubSettings are those of a vendor with OAuth.
type clubSettings struct {
	URL          string      `split_words:"true"`
	ClientID     string      `split_words:"true"`
	ClientSecret auth.Secret `split_words:"true"`
}

// clubHub is a hub of that vendor: every inventory asks whether the token is good.
type clubHub struct {
	hubs.Hub
	*auth.OAuthLogin
}

func club() hubs.Vendor {
	return hubs.Vendor{
		Name: "club", Pace: hubs.Pace{Inventory: time.Minute, Values: time.Minute, Reconcile: time.Hour},
		Variables: []string{"URL", "CLIENT_ID", "CLIENT_SECRET"},
		Open: func(from hubs.Settings, deps hubs.Deps) (hubs.Hub, error) {
			var v clubSettings
			if err := from.Decode(&v); err != nil {
				return nil, err
			}
			client := &http.Client{Transport: deps.HTTP, Timeout: 10 * time.Second}
			cfg := oauth2.Config{ClientID: v.ClientID, ClientSecret: v.ClientSecret.Reveal(), Endpoint: oauth2.Endpoint{
				AuthURL: v.URL + oauthtest.AuthorizePath, TokenURL: v.URL + oauthtest.TokenPath, AuthStyle: oauth2.AuthStyleInHeader,
			}}
			grant, err := auth.NewOAuthGrant(cfg, client)
			if err != nil {
				return nil, err
			}
			tokens := deps.SharedTokens(auth.Config{Account: "club", Identity: v.URL + v.ClientID, Grant: grant})
			login, err := auth.NewOAuthLogin(cfg, client, auth.OAuthLoginOptions{PKCE: true, Tokens: tokens})
			if err != nil {
				return nil, err
			}
			fake := hubtest.NewFake()
			fake.DevicesFunc = func(ctx context.Context) ([]hubs.Device, error) {
				return nil, tokens.Do(ctx, func(ctx context.Context, t auth.Token) error { return member(ctx, client, v.URL, t) })
			}
			return clubHub{fake.Plain(), login}, nil
		},
	}
}

func member(ctx context.Context, client *http.Client, base string, t auth.Token) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+oauthtest.MePath, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusUnauthorized {
		return auth.ErrRejected
	}
	return nil
}

// lockedBuffer is written to and read at the same time.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// town is an OAuth vendor, the settings of a bridge that knows it, and a browser.
type town struct {
	t       *testing.T
	server  *oauthtest.Server
	env     []string
	port    int
	browser *http.Client
	log     *lockedBuffer
}

func newTown(t *testing.T, more ...string) *town {
	t.Helper()
	port, err := freePort(t.Context(), 20_000+time.Now().Nanosecond()%20_000)
	if err != nil {
		t.Fatal(err)
	}
	callback := func(hub string) string { return "http://localhost:" + strconv.Itoa(port) + "/callback/" + hub }
	server := oauthtest.New(oauthtest.Options{
		ClientID: "id", ClientSecret: "canary-client-secret", Redirects: []string{callback("club"), callback("cabin"), "https://elsewhere.example/back"},
		Basic: true, PKCE: true, Rotate: true,
	})
	srv := httptest.NewServer(server)
	t.Cleanup(srv.Close)
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	w := &town{t: t, server: server, port: port, log: &lockedBuffer{}, browser: &http.Client{
		Transport: tr, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	w.env = append([]string{
		"HUBS=club,cabin:club", "DATA_DIR=" + t.TempDir(), "MQTT_LISTEN=127.0.0.1:0", "HTTP_LISTEN=127.0.0.1:" + strconv.Itoa(port), "LOG_FORMAT=json",
		"CLUB_URL=" + srv.URL, "CLUB_CLIENT_ID=id", "CLUB_CLIENT_SECRET=canary-client-secret",
		"CABIN_URL=" + srv.URL, "CABIN_CLIENT_ID=id", "CABIN_CLIENT_SECRET=canary-client-secret",
	}, more...)
	return w
}

func (w *town) settings() *settings {
	w.t.Helper()
	env, err := readEnviron("", w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := readSettings(env, []hubs.Vendor{club()})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// daemon runs the bridge until the test ends.
func (w *town) daemon() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, w.settings(), w.log) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the bridge: %v", err)
		}
	})
	w.await("both hubs to need a login", func() bool { return strings.Count(w.page(""), "needs a login") == 2 })
}

// page is the text of a page of the bridge; empty: nobody answers.
func (w *town) page(path string) string {
	w.t.Helper()
	resp, err := w.browser.Get(fmt.Sprintf("http://localhost:%d/%s", w.port, path))
	if err != nil {
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

func (w *town) await(what string, done func() bool) {
	w.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for !done() {
		select {
		case <-deadline.C:
			w.t.Fatalf("waited for %s in vain:\n%s\n%s", what, w.page(""), w.log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (w *town) bothWork() bool { return strings.Count(w.page(""), ">works<") == 2 }

// agree opens the vendor's page and gives the address where the browser is sent.
func (w *town) agree(address string) string {
	w.t.Helper()
	resp, err := w.browser.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusFound {
		w.t.Fatalf("the vendor's page: %s", resp.Status)
	}
	return resp.Header.Get("Location")
}

// follow lets the browser go where it was sent.
func (w *town) follow(address string) string {
	w.t.Helper()
	resp, err := w.browser.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

// sitting is a person at `hub2mqtt login`.
type sitting struct {
	w     *town
	out   *lockedBuffer
	keys  *io.PipeWriter
	ended chan error
}

func (w *town) login(ctx context.Context, hub string) *sitting {
	w.t.Helper()
	in, keys := io.Pipe()
	s := &sitting{w: w, out: &lockedBuffer{}, keys: keys, ended: make(chan error, 1)}
	settings := w.settings()
	go func() { s.ended <- loginHub(ctx, settings, hub, console{in: in, out: s.out, errs: s.out}) }()
	w.t.Cleanup(func() { _ = keys.Close() })
	return s
}

var printedAddress = regexp.MustCompile(`(?m)^  (http://\S+)$`)

// address waits for the address that the person is to open.
func (s *sitting) address() string {
	s.w.t.Helper()
	var m []string
	s.w.await("an address in the terminal", func() bool {
		m = printedAddress.FindStringSubmatch(s.out.String())
		return m != nil && strings.Contains(s.out.String(), "paste it here")
	})
	return m[1]
}

func (s *sitting) say(line string) {
	s.w.t.Helper()
	if _, err := io.WriteString(s.keys, line+"\n"); err != nil {
		s.w.t.Fatal(err)
	}
}

func (s *sitting) end() error {
	s.w.t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(20 * time.Second):
		s.w.t.Fatalf("the login does not end:\n%s", s.out)
		return nil
	}
}

// mustHide looks for secrets in everything that a person or a log could see.
func (w *town) mustHide(end string, more ...string) {
	w.t.Helper()
	u, _ := url.Parse(end)
	all := strings.Join(append(more, w.log.String(), w.page("")), "\n")
	for _, secret := range []string{u.Query().Get("code"), u.Query().Get("state"), "canary", "access-", "refresh-"} {
		if secret != "" && strings.Contains(all, secret) {
			w.t.Errorf("%q is shown:\n%s", secret, all)
		}
	}
}
