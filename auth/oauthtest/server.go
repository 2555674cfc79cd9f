package oauthtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say what the server is like.
type Options struct {
	ClientID, ClientSecret string
	Redirects              []string      // registered; compared to the letter
	Basic                  bool          // the client authenticates by the Authorization header alone; else by the form alone
	PKCE                   bool          // a challenge (S256) is required
	Rotate                 bool          // a refresh ends the token that it was made with
	CodeLife               time.Duration // zero: 30 s
	AccessLife             time.Duration // zero: an hour
}

// Paths of the server.
const (
	AuthorizePath = "/authorize"
	TokenPath     = "/token"
	MePath        = "/me" // answers 200 to a good access token
)

// Server is an http.Handler. It is safe for concurrent use.
type Server struct {
	opts Options
	mux  *http.ServeMux

	mu      sync.Mutex
	deny    string // the error that the next authorisations end with
	codes   map[string]*code
	grants  map[string]*grant // by access token, dead ones too
	refresh map[string]*grant // by refresh token, spent ones too
	counts  Counts
}

// Counts are how often the token endpoint was asked.
type Counts struct{ Exchanges, Refreshes, Refused int }

type code struct {
	redirect, challenge string
	until               time.Time
	used                *grant // what it gave
}

// grant is what one login of a person gave, over all its renewals.
type grant struct {
	access, refresh string
	until           time.Time
	dead            bool
}

// New returns a server. Who opens its authorisation page is logged in and agrees at once.
func New(opts Options) *Server {
	if opts.CodeLife == 0 {
		opts.CodeLife = 30 * time.Second
	}
	if opts.AccessLife == 0 {
		opts.AccessLife = time.Hour
	}
	s := &Server{
		opts: opts, mux: http.NewServeMux(), codes: map[string]*code{}, grants: map[string]*grant{}, refresh: map[string]*grant{},
	}
	s.mux.HandleFunc("GET "+AuthorizePath, s.authorize)
	s.mux.HandleFunc("POST "+TokenPath, s.token)
	s.mux.HandleFunc("GET "+MePath, s.me)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Deny lets the person refuse from now on: answers carry this error, access_denied say. Empty: she agrees again.
func (s *Server) Deny(errorCode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deny = errorCode
}

// RevokeAccess ends all access tokens; their refresh tokens work.
func (s *Server) RevokeAccess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		g.until = time.Time{}
	}
}

// Revoke ends everything that was granted so far.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		g.dead = true
	}
}

// Counts returns how often the token endpoint was asked so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Valid tells whether access is good now.
func (s *Server) Valid(access string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[access]
	return g != nil && !g.dead && g.access == access && time.Now().Before(g.until)
}

// authorize is the page where a person agrees. A wrong client or redirect is told to her and never to the redirect.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect := q.Get("redirect_uri")
	switch {
	case q.Get("client_id") != s.opts.ClientID:
		http.Error(w, "unknown client", http.StatusBadRequest)
		return
	case !slices.Contains(s.opts.Redirects, redirect):
		http.Error(w, "redirect is not registered", http.StatusBadRequest)
		return
	}
	to, err := url.Parse(redirect)
	if err != nil {
		http.Error(w, "redirect is no address", http.StatusBadRequest)
		return
	}
	answer := to.Query()
	if state := q.Get("state"); state != "" {
		answer.Set("state", state)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case q.Get("response_type") != "code":
		answer.Set("error", "unsupported_response_type")
	case s.opts.PKCE && (q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256"):
		answer.Set("error", "invalid_request")
	case s.deny != "":
		answer.Set("error", s.deny)
		answer.Set("error_description", "<b>the person</b> said no")
	default:
		c := "code-" + rand.Text()
		s.codes[c] = &code{redirect: redirect, challenge: q.Get("code_challenge"), until: time.Now().Add(s.opts.CodeLife)}
		answer.Set("code", c)
	}
	to.RawQuery = answer.Encode()
	w.Header().Set("Location", to.String())
	w.WriteHeader(http.StatusFound)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		s.refuse(w, http.StatusBadRequest, "invalid_request")
		return
	}
	if !s.knows(r) {
		s.refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	s.mu.Lock()
	var g *grant
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		s.counts.Exchanges++
		g = s.exchange(r.PostForm)
	case "refresh_token":
		s.counts.Refreshes++
		g = s.renew(r.PostForm.Get("refresh_token"))
	default:
		s.mu.Unlock()
		s.refuse(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	s.mu.Unlock()
	if g == nil {
		s.refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"token_type": "bearer", "access_token": g.access, "refresh_token": g.refresh,
		"expires_in": int(s.opts.AccessLife.Seconds()),
	})
}

// refuse answers as a careless vendor does: what was sent comes back in the text.
func (s *Server) refuse(w http.ResponseWriter, status int, errorCode string) {
	s.mu.Lock()
	s.counts.Refused++
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": errorCode, "error_description": "canary-description"})
}

// knows checks the client, in the agreed style and in no other.
func (s *Server) knows(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	formID, formSecret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if !s.opts.Basic {
		return !basic && formID == s.opts.ClientID && formSecret == s.opts.ClientSecret
	}
	id, errID := url.QueryUnescape(id)
	secret, errSecret := url.QueryUnescape(secret)
	return basic && formSecret == "" && errID == nil && errSecret == nil && id == s.opts.ClientID && secret == s.opts.ClientSecret
}

// exchange gives nil for a code that is not good. s.mu is held.
func (s *Server) exchange(form url.Values) *grant {
	c := s.codes[form.Get("code")]
	switch {
	case c == nil:
		return nil
	case c.used != nil: // somebody has stolen it: what it gave ends too
		c.used.dead = true
		return nil
	case !time.Now().Before(c.until), form.Get("redirect_uri") != c.redirect:
		return nil
	}
	if s.opts.PKCE || c.challenge != "" {
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge {
			return nil
		}
	}
	c.used = &grant{refresh: "refresh-" + rand.Text()}
	s.refresh[c.used.refresh] = c.used
	s.issue(c.used)
	return c.used.copy()
}

// renew gives nil for a refresh token that is not good. s.mu is held.
func (s *Server) renew(token string) *grant {
	g := s.refresh[token]
	if g == nil || g.dead {
		return nil
	}
	if token != g.refresh {
		g.dead = true // a spent one: either side may be a thief
		return nil
	}
	if s.opts.Rotate {
		g.refresh = "refresh-" + rand.Text()
		s.refresh[g.refresh] = g
	}
	s.issue(g)
	return g.copy()
}

func (s *Server) issue(g *grant) {
	g.access = "access-" + rand.Text()
	g.until = time.Now().Add(s.opts.AccessLife)
	s.grants[g.access] = g
}

func (g *grant) copy() *grant { c := *g; return &c }

func (s *Server) me(w http.ResponseWriter, r *http.Request) {
	access, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !s.Valid(access) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_, _ = w.Write([]byte(`{"name":"somebody"}`))
}
