package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// OAuthLogin is a login by browser with plain OAuth2 and its authorization code. A hub that embeds one can be logged in.
type OAuthLogin struct {
	cfg    oauth2.Config
	client *http.Client
	opts   OAuthLoginOptions
}

// OAuthLoginOptions is what vendors differ in.
type OAuthLoginOptions struct {
	PKCE   bool              // the vendor checks a code challenge (S256)
	Params map[string]string // more query parameters of the address that is opened
	Tokens *Manager          // takes the token that a login brings
}

// NewOAuthLogin checks cfg, whose RedirectURL is not used: each attempt has its own. The authentication style must be
// set: detecting it would send a code twice that is good for one use. client must have a deadline or its transport one.
func NewOAuthLogin(cfg oauth2.Config, client *http.Client, opts OAuthLoginOptions) (*OAuthLogin, error) {
	var faults []error
	if cfg.Endpoint.AuthURL == "" {
		faults = append(faults, errors.New("set the endpoint's AuthURL"))
	}
	if opts.Tokens == nil {
		faults = append(faults, errors.New("give a token manager"))
	}
	if err := errors.Join(checkOAuth(cfg, client), errors.Join(faults...)); err != nil {
		return nil, fmt.Errorf("auth: oauth login: %w", err)
	}
	return &OAuthLogin{cfg: cfg, client: client, opts: opts}, nil
}

// LoginURL is the address where a person logs in for this attempt.
func (l *OAuthLogin) LoginURL(a Attempt) (string, error) {
	cfg := l.cfg
	cfg.RedirectURL = a.Redirect
	opts := make([]oauth2.AuthCodeOption, 0, len(l.opts.Params)+1)
	for k, v := range l.opts.Params {
		opts = append(opts, oauth2.SetAuthURLParam(k, v))
	}
	if l.opts.PKCE {
		opts = append(opts, oauth2.S256ChallengeOption(a.Verifier.Reveal()))
	}
	return cfg.AuthCodeURL(a.State, opts...), nil
}

// FinishLogin exchanges the code of the vendor's answer, at once since codes live for seconds, and gives the token to
// the manager. The error is a sentence for people; it holds nothing of the answer but an OAuth error code.
func (l *OAuthLogin) FinishLogin(ctx context.Context, a Attempt, answer url.Values) error {
	if err := answerError(answer); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, grantTimeout)
	defer cancel()
	cfg := l.cfg
	cfg.RedirectURL = a.Redirect
	var opts []oauth2.AuthCodeOption
	if l.opts.PKCE {
		opts = append(opts, oauth2.VerifierOption(a.Verifier.Reveal()))
	}
	got, err := cfg.Exchange(context.WithValue(ctx, oauth2.HTTPClient, l.client), answer.Get("code"), opts...)
	if err != nil {
		return exchangeError(ctx, err)
	}
	return l.opts.Tokens.Login(ctx, OAuthToken(got, time.Now()))
}

// answerError is what the vendor's answer says instead of giving a code.
func answerError(answer url.Values) error {
	code := oauthCode(answer.Get("error"))
	switch {
	case answer.Has("error") && code == "access_denied":
		return &AttemptError{"access was refused on the vendor's page (access_denied)", againHint + ", and allow it there"}
	case answer.Has("error") && code != "":
		return &AttemptError{"the vendor's page answered with the error " + code, againHint}
	case answer.Has("error"):
		return &AttemptError{"the vendor's page answered with an error", againHint}
	case answer.Get("code") == "":
		return &AttemptError{"the vendor's answer holds no code", againHint}
	}
	return nil
}

// exchangeError says what the refusal of a code means.
func exchangeError(ctx context.Context, err error) error {
	re, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return fmt.Errorf("exchange the code: %w: %s", OAuthError(ctx, err), againHint)
	}
	switch code := oauthCode(re.ErrorCode); code {
	case "invalid_grant":
		return &AttemptError{
			"the vendor does not take the code (invalid_grant): it lives for seconds only and works once, " +
				"and the return address must be registered with the vendor exactly as it is set here", againHint,
		}
	case "invalid_client", "unauthorized_client":
		return &AttemptError{
			"the vendor does not accept this client (" + code + ")", "check client id and client secret, then " + againHint,
		}
	case "redirect_uri_mismatch":
		return &AttemptError{
			"the vendor does not know the return address (" + code + ")", "register it there exactly as it is set here, then " + againHint,
		}
	}
	return fmt.Errorf("exchange the code: %w: %s", retrieveError(re), againHint)
}
