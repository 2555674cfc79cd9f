package aqaratest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// refreshWindow is how much longer than its access token a refresh token lives.
const refreshWindow = 30 * 24 * time.Hour

// Pair is a token pair and its real ends of life. Refresh is empty for named tokens.
type Pair struct {
	Access         string    `json:"access"`
	Refresh        string    `json:"refresh"`
	AccessExpires  time.Time `json:"accessExpires"`
	RefreshExpires time.Time `json:"refreshExpires"`
	Dead           bool      `json:"dead"` // revoked, and nothing came instead
}

// Tokens returns the pair that counts now.
func (s *Studio) Tokens() Pair {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens
}

// PressRefresh is the user at the page of the Studio, pressing "Refresh Token" (or
// making a new named token and deleting the old one): both old tokens are dead.
func (s *Studio) PressRefresh() Pair {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotate(time.Now())
	return s.tokens
}

// ExpireAccess lets the access token die of age now; the refresh token stays good.
func (s *Studio) ExpireAccess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens.AccessExpires = time.Now()
	s.dropSockets()
}

// Revoke kills both tokens without giving new ones.
func (s *Studio) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens.Dead = true
	s.dropSockets()
}

func (s *Studio) rotate(now time.Time) {
	s.tokens = s.newPair(now, "", "")
	s.dropSockets()
}

func (s *Studio) newPair(now time.Time, access, refresh string) Pair {
	p := Pair{Access: access, Refresh: refresh, AccessExpires: now.Add(s.opts.ExpiresIn)}
	if p.Access == "" {
		p.Access = s.newToken("access", now, p.AccessExpires)
	}
	if s.opts.NamedTokens {
		p.Refresh = ""
		return p
	}
	p.RefreshExpires = p.AccessExpires.Add(refreshWindow)
	if p.Refresh == "" {
		p.Refresh = s.newToken("refresh", now, p.RefreshExpires)
	}
	return p
}

func (s *Studio) newToken(kind string, now, expires time.Time) string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	if s.opts.OpaqueTokens {
		return kind[:1] + "_" + hex.EncodeToString(id)
	}
	enc := base64.RawURLEncoding.EncodeToString
	body := enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc(fmt.Appendf(nil,
		`{"jti":"%x","sub":"studio","typ":"%s","iat":%d,"exp":%d}`,
		id, kind, now.Add(s.faults.Clock()).Unix(), expires.Add(s.faults.Clock()).Unix()))
	mac := hmac.New(sha256.New, id)
	mac.Write([]byte(body))
	return body + "." + enc(mac.Sum(nil))
}

// bearer takes the token out of Authorization headers: exactly one of them, with
// exactly one "Bearer ".
func bearer(headers []string) (token, fault string) {
	if len(headers) != 1 {
		return "", fmt.Sprintf("%d Authorization headers", len(headers))
	}
	token, ok := strings.CutPrefix(headers[0], "Bearer ")
	switch {
	case !ok:
		return "", "Authorization is not of the form Bearer <token>"
	case token == "" || strings.ContainsAny(token, " \t"):
		return "", "blanks in the token, or none at all"
	}
	return token, ""
}

// checkAccess says what is wrong with an access token, or nothing. aged lets one pass
// that is only too old.
func (s *Studio) checkAccess(token string, now time.Time, aged bool) string {
	switch {
	case token == s.tokens.Refresh && token != "":
		return "the refresh token is no access token"
	case token != s.tokens.Access:
		return "unknown or replaced access token"
	case s.tokens.Dead:
		return "access token revoked"
	case !aged && !now.Before(s.tokens.AccessExpires):
		return "access token expired"
	}
	return ""
}

func (s *Studio) inScope(path string) bool {
	return s.opts.Scopes == nil || slices.Contains(s.opts.Scopes, "*") || slices.Contains(s.opts.Scopes, path)
}

// refresh answers the call that trades the refresh token for a new pair.
func (s *Studio) refresh(q *request) answer {
	s.counters.Refreshes++
	refused := func(text string) answer {
		s.counters.RefreshesRefused++
		a := s.tokenRefused(q, text)
		a.status = 401
		return a
	}
	if !s.opts.RefreshOpen {
		token, fault := bearer(q.http.Header.Values("Authorization"))
		if fault == "" {
			fault = s.checkAccess(token, q.now, !s.opts.RefuseExpired)
		}
		if fault != "" {
			return refused(fault)
		}
	}
	in := q.body("refreshToken")
	token := in.str("refreshToken", true)
	if in.fault != "" {
		s.counters.RefreshesRefused++
		return badRequest(q, in.fault)
	}
	switch {
	case token != s.tokens.Refresh:
		return refused("unknown, used or replaced refresh token")
	case s.tokens.Dead:
		return refused("refresh token revoked")
	case !q.now.Before(s.tokens.RefreshExpires):
		return refused("refresh token expired")
	}
	s.rotate(q.now)
	a := done(map[string]any{
		"accessToken":  s.tokens.Access,
		"refreshToken": s.tokens.Refresh,
		"expiresIn":    int64(s.opts.StatedExpiresIn / time.Second),
	})
	a.kind, a.message = s.opts.RefreshType, "success"
	return a
}
