package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/hub2mqtt/hub2mqtt/auth/oauthtest"
)

const here = "http://localhost:8099/callback/hub"

// direct asks a handler without a network, so that a bubble's clock can stand still.
func direct(h http.Handler) *http.Client {
	return &http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			res := rec.Result()
			res.Request = r
			return res, nil
		}),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// office is an OAuth server, a hub that logs in there, and the person who does.
type office struct {
	*oauthtest.Server
	login   *OAuthLogin
	tokens  *Manager
	browser *http.Client
}

func newOffice(t *testing.T, change func(*oauthtest.Options, *oauth2.Config)) *office {
	t.Helper()
	opts := oauthtest.Options{ClientID: "id", ClientSecret: "s +/secret", Redirects: []string{here}, Basic: true, PKCE: true, Rotate: true}
	cfg := oauth2.Config{ClientID: "id", ClientSecret: "s +/secret", Scopes: []string{"all"}, Endpoint: oauth2.Endpoint{
		AuthURL: "http://vendor/authorize?lang=en", TokenURL: "http://vendor/token", AuthStyle: oauth2.AuthStyleInHeader,
	}}
	if change != nil {
		change(&opts, &cfg)
	}
	o := &office{Server: oauthtest.New(opts)}
	o.browser = direct(o.Server)
	grant, err := NewOAuthGrant(cfg, o.browser)
	if err != nil {
		t.Fatal(err)
	}
	o.tokens = NewManager(Config{Account: "hub", Identity: "id", Grant: grant, Store: NewMemStore()})
	o.login, err = NewOAuthLogin(cfg, o.browser, OAuthLoginOptions{PKCE: opts.PKCE, Tokens: o.tokens, Params: map[string]string{"prompt": "login"}})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// agree is the person: she opens the address and gives what comes back.
func (o *office) agree(t *testing.T, a Attempt) url.Values {
	t.Helper()
	address, err := o.login.LoginURL(a)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := o.browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode != http.StatusFound || !strings.HasPrefix(to.String(), a.Redirect+"?") {
		t.Fatalf("the vendor's page: %s, %v", resp.Status, err)
	}
	return to.Query()
}

func (o *office) attempt(t *testing.T) Attempt {
	t.Helper()
	a, err := NewAttempts(NewMemStore()).Begin(t.Context(), "hub", here)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOAuthLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
			o := newOffice(t, func(s *oauthtest.Options, c *oauth2.Config) {
				s.Basic, c.Endpoint.AuthStyle = style == oauth2.AuthStyleInHeader, style
			})
			if _, err := o.tokens.Token(t.Context()); !errors.Is(err, ErrLogin) {
				t.Errorf("before: want ErrLogin, got %v", err)
			}
			a := o.attempt(t)
			answer := o.agree(t, a)
			if answer.Get("state") != a.State {
				t.Errorf("want the state back, got %v", answer)
			}
			pass(29 * time.Second)
			if err := o.login.FinishLogin(t.Context(), a, answer); err != nil {
				t.Fatalf("style %d: %v", style, err)
			}
			for range 3 { // and it is renewed by itself from then on
				tok, err := o.tokens.Token(t.Context())
				if err != nil || !o.Valid(tok.Access.Reveal()) {
					t.Errorf("style %d: got %v", style, err)
				}
				pass(59 * time.Minute)
			}
			want := oauthtest.Counts{Exchanges: 1, Refreshes: 2}
			if got := o.Counts(); got != want {
				t.Errorf("style %d: want %+v, got %+v", style, want, got)
			}
		}
	})
}

func TestOAuthLoginRefused(t *testing.T) {
	cases := []struct {
		name   string
		change func(*oauthtest.Options, *oauth2.Config)
		spoil  func(o *office, a *Attempt, answer url.Values)
		want   string
		asked  int // exchanges
	}{
		{"too slow", nil, func(*office, *Attempt, url.Values) { pass(30 * time.Second) }, "invalid_grant", 1},
		{"the code was used", nil, func(o *office, a *Attempt, answer url.Values) {
			_ = o.login.FinishLogin(context.Background(), *a, answer)
		}, "works once", 2},
		{"another redirect", nil, func(_ *office, a *Attempt, _ url.Values) { a.Redirect += "/" }, "return address", 1},
		{"another attempt's verifier", nil, func(_ *office, a *Attempt, _ url.Values) { a.Verifier += "x" }, "invalid_grant", 1},
		{"made-up code", nil, func(_ *office, _ *Attempt, answer url.Values) { answer.Set("code", "canary-code") }, "invalid_grant", 1},
		{"no code", nil, func(_ *office, _ *Attempt, answer url.Values) { answer.Del("code") }, "holds no code", 0},
		{"the person said no", nil, func(_ *office, _ *Attempt, answer url.Values) {
			answer.Set("error", "access_denied")
			answer.Set("error_description", "canary-description")
		}, "access_denied", 0},
		{"the vendor has a bad day", nil, func(_ *office, _ *Attempt, answer url.Values) { answer.Set("error", "server_error") }, "server_error", 0},
		{"an error that is no code", nil, func(_ *office, _ *Attempt, answer url.Values) {
			answer.Set("error", "<script>canary</script>")
		}, "with an error", 0},
		{"wrong secret", func(_ *oauthtest.Options, c *oauth2.Config) { c.ClientSecret = "typo" }, nil, "client secret", 0},
		{"wrong style", func(_ *oauthtest.Options, c *oauth2.Config) { c.Endpoint.AuthStyle = oauth2.AuthStyleInParams }, nil, "invalid_client", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, c.change)
				a := o.attempt(t)
				answer := o.agree(t, a)
				if c.spoil != nil {
					c.spoil(o, &a, answer)
				}
				err := o.login.FinishLogin(t.Context(), a, answer)
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), againHint) {
					t.Errorf("want a sentence with %q and what to do, got %v", c.want, err)
				}
				for e := err; e != nil; e = errors.Unwrap(e) {
					text := fmt.Sprintf("%+v", e)
					for _, secret := range []string{"canary", a.State, a.Verifier.Reveal(), answer.Get("code"), "s +/secret", "s+%2B"} {
						if secret != "" && strings.Contains(text, secret) {
							t.Errorf("shows %q: %s", secret, text)
						}
					}
				}
				if got := o.Counts().Exchanges; got != c.asked {
					t.Errorf("want %d exchanges, got %d", c.asked, got)
				}
			})
		})
	}
}

func TestUsedCodeEndsWhatItGave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, nil)
		a := o.attempt(t)
		answer := o.agree(t, a)
		if err := o.login.FinishLogin(t.Context(), a, answer); err != nil {
			t.Fatal(err)
		}
		tok, _ := o.tokens.Token(t.Context())
		_ = o.login.FinishLogin(t.Context(), a, answer)
		if o.Valid(tok.Access.Reveal()) {
			t.Error("the server is not as strict as it should be")
		}
	})
}

func TestOAuthLoginAgainstADeadVendor(t *testing.T) {
	o := newOffice(t, nil)
	a := o.attempt(t)
	answer := o.agree(t, a)
	o.login.client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errDown })}
	if err := o.login.FinishLogin(t.Context(), a, answer); !errors.Is(err, errDown) || strings.Contains(err.Error(), answer.Get("code")) {
		t.Errorf("got %v", err)
	}
}

func TestNewOAuthLogin(t *testing.T) {
	_, err := NewOAuthLogin(oauth2.Config{}, nil, OAuthLoginOptions{})
	for _, want := range []string{"AuthStyle", "TokenURL", "AuthURL", "client", "manager"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q too", err, want)
		}
	}
}

// TestStolenRefreshToken: the test server's own rule that everything else here rests on.
func TestStolenRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, nil)
		a := o.attempt(t)
		if err := o.login.FinishLogin(t.Context(), a, o.agree(t, a)); err != nil {
			t.Fatal(err)
		}
		first, _ := o.tokens.Token(t.Context())
		pass(59 * time.Minute)
		second, _ := o.tokens.Token(t.Context())
		if _, err := o.tokens.cfg.Grant.Grant(t.Context(), first); !errors.Is(err, ErrLogin) || o.Valid(second.Access.Reveal()) {
			t.Errorf("want a spent token refused and the grant ended, got %v", err)
		}
	})
}
