package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/auth/oauthtest"
	"github.com/hub2mqtt/hub2mqtt/bridge"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lockedBuffer is a log that is written to from everywhere.
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

// oauthHub is a hub of a vendor with OAuth.
type oauthHub struct {
	hubs.Hub
	*auth.OAuthLogin
}

// pasteHub is a hub whose token is copied by hand.
type pasteHub struct {
	hubs.Hub
	mu    sync.Mutex
	taken map[string]auth.Secret
}

func (p *pasteHub) TokenFields() []hubs.TokenField {
	return []hubs.TokenField{
		{Name: "access_token", Label: "Access token", Help: "On <the> page."}, {Name: "other", Label: "Other", Optional: true},
	}
}

func (p *pasteHub) TakeToken(_ context.Context, entered map[string]auth.Secret) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if entered["access_token"] != "good-token" {
		return errors.New("the vendor does not know <this> token")
	}
	p.taken = entered
	return nil
}

// rig is a page with a hub of each sort, and the OAuth server of one of them.
type rig struct {
	http.Handler
	server *oauthtest.Server
	tokens *auth.Manager
	paste  *pasteHub
	desk   *Desk
	store  auth.KV
	log    *lockedBuffer
	views  []bridge.HubView
	logins []string // what LoggedIn was told
	from   string   // the remote address
}

const callback = "http://localhost:8099/callback/cloud"

// roundTrip is an http.RoundTripper without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newRig(t *testing.T, password auth.Secret, change func(*Config)) *rig {
	t.Helper()
	r := &rig{store: auth.NewMemStore(), log: &lockedBuffer{}, from: "192.0.2.7:1234"}
	r.server = oauthtest.New(oauthtest.Options{
		ClientID: "id", ClientSecret: "client-secret", Redirects: []string{callback}, Basic: true, PKCE: true, Rotate: true,
	})
	client := &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		r.server.ServeHTTP(w, req)
		return w.Result(), nil
	})}
	cfg := oauth2.Config{ClientID: "id", ClientSecret: "client-secret", Endpoint: oauth2.Endpoint{
		AuthURL: "https://vendor.example/authorize", TokenURL: "https://vendor.example/token", AuthStyle: oauth2.AuthStyleInHeader,
	}}
	grant, err := auth.NewOAuthGrant(cfg, client)
	if err != nil {
		t.Fatal(err)
	}
	log := zerolog.New(r.log).Level(zerolog.DebugLevel)
	r.tokens = auth.NewManager(auth.Config{Account: "cloud", Grant: grant, Store: r.store, Log: log})
	login, err := auth.NewOAuthLogin(cfg, client, auth.OAuthLoginOptions{PKCE: true, Tokens: r.tokens})
	if err != nil {
		t.Fatal(err)
	}
	r.paste = &pasteHub{Hub: hubtest.NewFake()}
	r.desk = NewDesk(r.store, log)
	for name, door := range map[string]Door{
		"cloud": {Hub: oauthHub{hubtest.NewFake(), login}, Redirect: callback},
		"other": {Hub: oauthHub{hubtest.NewFake(), login}, Redirect: callback},
		"paste": {Hub: r.paste}, "plain": {Hub: hubtest.NewFake()},
	} {
		r.desk.Set(name, door)
	}
	c := Config{
		Password: func() (auth.Secret, error) { return password, nil }, Cookie: "hub2mqtt_8099", Desk: r.desk, Log: log,
		Webhook: func(string) http.Handler { return nil },
		Health:  http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { _, _ = io.WriteString(w, "health "+req.URL.Path) }),
		Hubs:    func() []bridge.HubView { return r.views }, LoggedIn: func(hub string) { r.logins = append(r.logins, hub) },
	}
	if change != nil {
		change(&c)
	}
	if r.Handler, err = New(c); err != nil {
		t.Fatal(err)
	}
	return r
}

// call is one request; headers are "Name: value". A body makes it a form.
func (r *rig) call(method, target, body string, headers ...string) *reply {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.Host = "localhost:8099"
	req.RemoteAddr = r.from
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return &reply{w.Code, strconv.Itoa(w.Code), w.Result().Header, w.Body.String()}
}

// reply is an answer that was read to its end.
type reply struct {
	StatusCode int
	Status     string
	Header     http.Header
	body       string
}

func (r *reply) Cookies() []*http.Cookie { return (&http.Response{Header: r.Header}).Cookies() }

// agree is the person on the vendor's page; it gives the address where her browser ends.
func (r *rig) agree(t *testing.T, address string) string {
	t.Helper()
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, http.NoBody))
	if w.Code != http.StatusFound {
		t.Fatalf("the vendor's page: %d %s", w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

func (r *rig) begin(t *testing.T) (address, state string) {
	t.Helper()
	address, state, err := r.desk.Begin(t.Context(), "cloud")
	if err != nil {
		t.Fatal(err)
	}
	return address, state
}

// pathOf is what a browser asks our port for.
func pathOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}

func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func pass(d time.Duration) { <-time.After(d) }

const (
	browser = "Accept: text/html,*/*;q=0.8"
	right   = "Authorization: Basic YW55Ym9keTpjb3JyZWN0IGhvcnNl" // anybody:correct horse
	wrong   = "Authorization: Basic YW55Ym9keTp3cm9uZw=="         // anybody:wrong
)
