package hubtest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// toyHub is a vendor's adapter that passes the suite; bug names what is broken in it.
type toyHub struct {
	bug     string
	ended   <-chan struct{} // the test: what a bug leaves behind goes then
	url     string
	rest    *rest.Client
	http    http.RoundTripper
	account *auth.Manager
	session *auth.Manager
	log     zerolog.Logger
	cache   auth.KV
	budget  *toyBudget

	mu     sync.Mutex
	known  map[string]bool
	models map[string]toyModel
	heard  map[int]bool // events, by the server's numbers
	runs   int          // what follows is for mutants only
	busy   int
	broken bool
}

type toySettings struct {
	URL          string      `split_words:"true"`
	AccessToken  auth.Secret `split_words:"true"`
	RefreshToken auth.Secret `split_words:"true"`
	Quota        string      `split_words:"true"`
}

func toyVendor(bug string, ended <-chan struct{}) hubs.Vendor {
	var first hubs.Hub
	v := hubs.Vendor{
		Name:      "toy",
		Pace:      hubs.Pace{Inventory: time.Minute, Values: time.Minute, Reconcile: time.Minute},
		Variables: []string{"URL", "ACCESS_TOKEN", "REFRESH_TOKEN"},
		Open: func(s hubs.Settings, d hubs.Deps) (hubs.Hub, error) {
			if bug == "one hub for all" && first != nil {
				return first, nil
			}
			h, err := openToy(bug, ended, s, d)
			first = h
			return h, err
		},
	}
	if bug == "forgotten variable" {
		v.Variables = v.Variables[:2]
	}
	return v
}

func openToy(bug string, ended <-chan struct{}, from hubs.Settings, deps hubs.Deps) (hubs.Hub, error) {
	var s toySettings
	if err := from.Decode(&s); err != nil {
		return nil, err
	}
	if err := s.check(bug); err != nil {
		return nil, err
	}
	cfg := rest.Config{Vendor: "toy", HTTP: deps.HTTP, Log: deps.Log}
	switch bug {
	case "no deadline":
		cfg.Timeout = time.Hour
	case "keeps everything":
		cfg.MaxBytes = 64 << 20
	}
	limit, _ := strconv.Atoi(s.Quota)
	h := &toyHub{
		bug: bug, ended: ended, url: s.URL, rest: rest.New(cfg), http: deps.HTTP, log: deps.Log, cache: deps.Cache,
		known: map[string]bool{}, heard: map[int]bool{}, budget: &toyBudget{bug: bug, limit: limit},
	}
	h.account = deps.Tokens(auth.Config{Account: "toy", Identity: s.URL, Grant: grantFunc(h.renew), Seed: func() (auth.Token, error) {
		return auth.Token{Access: s.AccessToken, Refresh: s.RefreshToken}, nil
	}})
	h.session = deps.Tokens(auth.Config{Account: "session", Identity: s.URL, Grant: grantFunc(h.openSession)})
	switch bug {
	case "calls at open":
		_, _ = h.Devices(context.Background())
	case "task without end":
		deps.Go(func(context.Context) { <-ended })
	case "panicking task":
		deps.Go(func(context.Context) { panic("in a task") })
	}
	return h, nil
}

func (s *toySettings) check(bug string) error {
	var errs []error
	for _, v := range []struct{ name, value string }{
		{"URL", s.URL}, {"ACCESS_TOKEN", s.AccessToken.Reveal()}, {"REFRESH_TOKEN", s.RefreshToken.Reveal()},
	} {
		if v.value == "" {
			errs = append(errs, fmt.Errorf("%s is missing", v.name))
			if bug == "one fault at a time" {
				break
			}
		}
	}
	if _, err := url.Parse(s.URL); err != nil {
		if bug == "quotes a setting" {
			return err
		}
		errs = append(errs, errors.New("URL is no address"))
	}
	return errors.Join(errs...)
}

// grantFunc is an auth.Grant.
type grantFunc func(ctx context.Context, old auth.Token) (auth.Token, error)

// Grant implements auth.Grant.
func (g grantFunc) Grant(ctx context.Context, old auth.Token) (auth.Token, error) { return g(ctx, old) }

type toyTokens struct{ Access, Refresh auth.Secret }

func (t toyTokens) token() (auth.Token, error) {
	if t.Access == "" {
		return auth.Token{}, rest.Garbage("answered without tokens")
	}
	return auth.Token{Access: t.Access, Refresh: t.Refresh}, nil
}

func (h *toyHub) renew(ctx context.Context, old auth.Token) (auth.Token, error) {
	var got toyTokens
	ask := func() error {
		return h.rest.Do(ctx, rest.Call{
			Name: "token", URL: h.url + "/token", Body: map[string]string{"refresh": old.Refresh.Reveal()}, Into: &got,
		})
	}
	err := ask()
	for i := 0; h.bug == "asks until it is told" && err != nil && i < 30; i++ {
		err = ask()
	}
	f := hubs.FaultOf(err)
	if err != nil && (f == hubs.Refused || f == hubs.LoginNeeded || h.bug == "one renewal or none") {
		return auth.Token{}, &auth.LoginError{Reason: "the refresh token is dead", Err: err}
	}
	if err != nil {
		return auth.Token{}, err
	}
	return got.token()
}

func (h *toyHub) openSession(ctx context.Context, _ auth.Token) (auth.Token, error) {
	var got toyTokens
	err := h.account.Do(ctx, func(ctx context.Context, t auth.Token) error {
		return h.rest.Do(ctx, rest.Call{
			Name: "session", Method: http.MethodPost, URL: h.url + "/session", Into: &got,
			Header: http.Header{"Authorization": {"Bearer " + t.Access.Reveal()}},
		})
	})
	if err != nil {
		return auth.Token{}, err
	}
	return got.token()
}

// tokensFor gives the layer that a path belongs to.
func (h *toyHub) tokensFor(path string) *auth.Manager {
	if strings.HasPrefix(path, "/devices") || path == "/info" {
		return h.account
	}
	return h.session
}

func (h *toyHub) call(ctx context.Context, method, path string, body, into any) error {
	if err := h.enter(); err != nil {
		return err
	}
	defer h.leave()
	tokens := h.tokensFor(path)
	do := func(ctx context.Context, t auth.Token) error {
		if err := h.budget.spend(hubs.PurposeOf(ctx)); err != nil {
			return err
		}
		err := h.rest.Do(ctx, rest.Call{
			Name: strings.Trim(path, "/"), Method: method, URL: h.url + path, Body: body, Into: into,
			Header: http.Header{"Authorization": {"Bearer " + t.Access.Reveal()}},
		})
		if h.bug == "renews all layers" && errors.Is(err, auth.ErrRejected) {
			if t, err := h.account.Token(ctx); err == nil {
				h.account.Invalidate(t)
				_, _ = h.account.Token(ctx)
			}
		}
		return h.spoil(err, t, into)
	}
	switch h.bug {
	case "no renewal":
		t, err := tokens.Token(ctx)
		if err != nil {
			return err
		}
		return do(ctx, t)
	case "deaf":
		ctx = context.WithoutCancel(ctx)
	}
	err := tokens.Do(ctx, do)
	if h.bug == "retries" && hubs.FaultOf(err) == hubs.Transient && err != nil {
		return tokens.Do(ctx, do)
	}
	return err
}

func (h *toyHub) enter() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy++
	switch {
	case h.bug == "one at a time" && h.busy > 1:
		h.busy--
		return errors.New("busy")
	case h.bug == "gives up for good" && h.broken:
		h.busy--
		return errors.New("broken")
	}
	return nil
}

func (h *toyHub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy--
}

// spoil are the bugs of errors and logs.
func (h *toyHub) spoil(err error, t auth.Token, into any) error {
	secret := t.Access.Reveal()
	switch h.bug {
	case "logs a token":
		h.log.Debug().Str("auth", "Bearer "+secret).Msg("call")
	case "logs base64":
		h.log.Debug().Str("auth", base64.StdEncoding.EncodeToString([]byte("me:"+secret))).Msg("call")
	case "leaves a goroutine":
		go func() { <-h.ended }()
	}
	if err == nil {
		return nil
	}
	e, _ := errors.AsType[*hubs.Error](err)
	if e == nil {
		return err
	}
	switch h.bug {
	case "token in an error":
		return fmt.Errorf("GET /x?token=%s: %w", url.QueryEscape(secret), err)
	case "token in a hint":
		e.Hint = "Look at " + secret
	case "garbage wants a login":
		if e.Code == "" {
			return &hubs.Error{Fault: hubs.LoginNeeded}
		}
	case "unclassified":
		if e.Fault == hubs.Transient || e.Fault == hubs.Misconfigured {
			return errors.New("something")
		}
	case "wants no login":
		if errors.Is(err, auth.ErrRejected) {
			return &hubs.Error{Fault: hubs.Transient}
		}
	case "no retry-after":
		e.After = 0
	case "gives up for good":
		h.mu.Lock()
		h.broken = h.broken || e.Fault == hubs.Transient
		h.mu.Unlock()
	case "panics on garbage":
		if into != nil && e.Code == "" && e.Fault == hubs.Transient && !errors.Is(err, context.DeadlineExceeded) {
			panic("not what was expected")
		}
	}
	return err
}
