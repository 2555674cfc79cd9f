package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"
)

func oauthGrant(t *testing.T, h http.HandlerFunc) *OAuthGrant {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	g, err := NewOAuthGrant(oauth2.Config{
		ClientID: "id", ClientSecret: "client-secret",
		Endpoint: oauth2.Endpoint{TokenURL: srv.URL + "/token?key=query-secret", AuthStyle: oauth2.AuthStyleInParams},
	}, srv.Client())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestOAuthGrant(t *testing.T) {
	const body = `{"error":%q,"error_description":"body-secret old-refresh"}`
	tests := []struct {
		name   string
		status int
		header string
		body   string
		login  bool
		want   string // part of the error; empty: a token
		wait   time.Duration
	}{
		{"rotates", 200, "", `{"access_token":"new","refresh_token":"new-refresh","expires_in":3600,"token_type":"bearer"}`, false, "", 0},
		{"keeps the refresh token", 200, "", `{"access_token":"new","expires_in":3600}`, false, "", 0},
		{"spent", 400, "", fmt.Sprintf(body, "invalid_grant"), true, "invalid_grant", 0},
		{"wrong client", 401, "", fmt.Sprintf(body, "invalid_client"), true, "invalid_client", 0},
		{"other code", 400, "", fmt.Sprintf(body, "temporarily_unavailable"), false, "temporarily_unavailable", 0},
		{"no code of ours", 400, "", fmt.Sprintf(body, "see old-refresh"), false, "status 400", 0},
		{"busy", 429, "120", "", false, "status 429", 2 * time.Minute},
		{"broken", 503, "nonsense", "body-secret", false, "status 503", 0},
		{"no token", 200, "", `{"body-secret":1}`, false, "no token", 0},
		{"no JSON", 200, "", `<html>body-secret`, false, "no token", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			requests := 0
			g := oauthGrant(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				if got := r.FormValue("refresh_token"); got != "old-refresh" || r.FormValue("grant_type") != "refresh_token" {
					t.Errorf("got form %v", r.Form)
				}
				w.Header().Set("Content-Type", "application/json")
				if tt.header != "" {
					w.Header().Set("Retry-After", tt.header)
				}
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			})
			tok, err := g.Grant(t.Context(), Token{Refresh: "old-refresh", Extra: map[string]string{"region": "eu"}})
			if requests != 1 {
				t.Errorf("got %d requests, want 1", requests)
			}
			if tt.want == "" {
				if err != nil || tok.Access != "new" || tok.Refresh == "" || tok.Expiry.IsZero() || tok.Extra["region"] != "eu" {
					t.Errorf("got %+v, %v", tok, err)
				}
				if rotated := strings.Contains(tt.body, "new-refresh"); rotated != (tok.Refresh == "new-refresh") {
					t.Errorf("got refresh token %s", tok.Refresh.Reveal())
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, ErrLogin) != tt.login {
				t.Fatalf("got %v, want %q, login %v", err, tt.want, tt.login)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if s := fmt.Sprintf("%+v", e); strings.Contains(s, "secret") || strings.Contains(s, "old-refresh") {
					t.Errorf("shows %s", s)
				}
			}
			if w, ok := err.(interface{ RetryAfter() time.Duration }); ok && w.RetryAfter() != tt.wait {
				t.Errorf("got a wait of %v, want %v", w.RetryAfter(), tt.wait)
			}
		})
	}
}

func TestOAuthGrantNeedsALogin(t *testing.T) {
	g := oauthGrant(t, func(http.ResponseWriter, *http.Request) { t.Error("a request without a refresh token") })
	if _, err := g.Grant(t.Context(), Token{Access: "a"}); !errors.Is(err, ErrLogin) {
		t.Errorf("got %v, want ErrLogin", err)
	}
}

func TestOAuthGrantNetwork(t *testing.T) {
	release := make(chan struct{})
	g := oauthGrant(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := g.Grant(ctx, Token{Refresh: "old-refresh"})
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "secret") {
		t.Errorf("hanging: got %v", err)
	}
	g.client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errDown })}
	_, err = g.Grant(t.Context(), Token{Refresh: "old-refresh"})
	if !errors.Is(err, errDown) || strings.Contains(err.Error(), "secret") {
		t.Errorf("down: got %v", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNewOAuthGrant(t *testing.T) {
	_, err := NewOAuthGrant(oauth2.Config{}, nil)
	for _, want := range []string{"AuthStyle", "TokenURL", "client"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q too", err, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 31, 7, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, "-5": 0, "9999999": 24 * time.Hour, "soon": 0,
		"Sat, 31 Jan 2026 07:01:00 GMT": time.Minute, "Sat, 31 Jan 2026 06:00:00 GMT": 0,
	} {
		if got := retryAfter(in, now); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}

// TestOAuthThroughManager: the wait that a token endpoint asks for reaches the ladder.
func TestOAuthThroughManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		g := &OAuthGrant{
			cfg: oauth2.Config{Endpoint: oauth2.Endpoint{TokenURL: "http://vendor/token", AuthStyle: oauth2.AuthStyleInHeader}},
			client: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				n++
				rec := httptest.NewRecorder()
				rec.Header().Set("Retry-After", "600")
				rec.WriteHeader(http.StatusTooManyRequests)
				return rec.Result(), nil
			})},
		}
		m := NewManager(Config{
			Account: "x", Store: NewMemStore(), Grant: g,
			Seed: func() (Token, error) { return Token{Refresh: "refresh"}, nil },
		})
		for range 599 {
			if _, err := m.Token(t.Context()); err == nil || errors.Is(err, ErrLogin) {
				t.Fatalf("got %v, want a passing error", err)
			}
			pass(time.Second)
		}
		if n != 1 {
			t.Errorf("got %d requests, want 1 in ten minutes", n)
		}
	})
}
