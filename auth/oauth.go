package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/oauth2"
)

// OAuthGrant renews tokens by plain OAuth2 refresh. A vendor whose answer has no new refresh token keeps the old one.
type OAuthGrant struct {
	cfg    oauth2.Config
	client *http.Client
}

var _ Grant = (*OAuthGrant)(nil)

// NewOAuthGrant checks cfg. The authentication style must be set: detecting it may send a refresh token twice, and one
// that is good for a single use is dead then. client must have a deadline or its transport one; it is used as it is.
func NewOAuthGrant(cfg oauth2.Config, client *http.Client) (*OAuthGrant, error) {
	if err := checkOAuth(cfg, client); err != nil {
		return nil, fmt.Errorf("auth: oauth grant: %w", err)
	}
	return &OAuthGrant{cfg: cfg, client: client}, nil
}

func checkOAuth(cfg oauth2.Config, client *http.Client) error {
	var faults []error
	if cfg.Endpoint.AuthStyle != oauth2.AuthStyleInHeader && cfg.Endpoint.AuthStyle != oauth2.AuthStyleInParams {
		faults = append(faults, errors.New("set the endpoint's AuthStyle to header or params"))
	}
	if cfg.Endpoint.TokenURL == "" {
		faults = append(faults, errors.New("set the endpoint's TokenURL"))
	}
	if client == nil {
		faults = append(faults, errors.New("give an http client"))
	}
	return errors.Join(faults...)
}

// Grant implements Grant: one request, or none and ErrLogin if old has no refresh token.
func (g *OAuthGrant) Grant(ctx context.Context, old Token) (Token, error) {
	if old.Refresh == "" {
		return Token{}, &LoginError{Reason: "there is no login yet", Hint: "log in once in the browser"}
	}
	// A source kept longer would keep its first context and could hand out its own cached token.
	ctx = context.WithValue(ctx, oauth2.HTTPClient, g.client)
	got, err := g.cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: old.Refresh.Reveal()}).Token()
	if err != nil {
		return Token{}, OAuthError(ctx, err)
	}
	t := OAuthToken(got, time.Now())
	if t.Refresh == "" {
		t.Refresh = old.Refresh
	}
	t.Extra = old.Extra
	return t, nil
}

// OAuthToken converts what x/oauth2 got at now, by a refresh or by a code.
func OAuthToken(got *oauth2.Token, now time.Time) Token {
	return Token{
		Access: Secret(got.AccessToken), Refresh: Secret(got.RefreshToken),
		Issued: now.Round(0), Expiry: got.Expiry.Round(0),
	}
}

// OAuthError turns an error of x/oauth2 into one without the server's body or a URL: invalid_grant and its like become
// a LoginError, anything else is worth another try, and a Retry-After is kept.
func OAuthError(ctx context.Context, err error) error {
	if re, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return retrieveError(re)
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("token endpoint: %w", cause)
	}
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("token endpoint: %w", ue.Err) // its own text shows the address with its query
	}
	return errors.New("token endpoint: the answer is no token")
}

func retrieveError(re *oauth2.RetrieveError) error {
	code := oauthCode(re.ErrorCode)
	switch code {
	case "invalid_grant":
		return &LoginError{
			Reason: "the vendor no longer accepts the stored login", Code: code,
			Hint: "log in again, or give a new refresh token",
		}
	case "invalid_client", "unauthorized_client":
		return &LoginError{
			Reason: "the vendor does not accept this client", Code: code,
			Hint: "check client id and client secret",
		}
	}
	status, wait := 0, time.Duration(0)
	if re.Response != nil {
		status = re.Response.StatusCode
		wait = retryAfter(re.Response.Header.Get("Retry-After"), time.Now())
	}
	return &endpointError{status: status, code: code, wait: wait}
}

// oauthCode lets only what looks like a code through: a server may put anything there.
func oauthCode(s string) string {
	if len(s) > 40 {
		return ""
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && c != '_' {
			return ""
		}
	}
	return s
}

type endpointError struct {
	status int
	code   string
	wait   time.Duration
}

func (e *endpointError) Error() string {
	text := "token endpoint: status " + strconv.Itoa(e.status)
	if e.code != "" {
		text += ", " + e.code
	}
	return text
}

// RetryAfter is the wait that the server asked for.
func (e *endpointError) RetryAfter() time.Duration { return e.wait }

// retryAfter reads seconds or a date, at most a day.
func retryAfter(s string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if n, err := strconv.Atoi(s); err == nil {
		wait = time.Duration(min(n, 86_400)) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), 24*time.Hour)
}
