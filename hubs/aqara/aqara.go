// Package aqara bridges Aqara Studio: the hub software of Aqara's M300, Hub M3 and
// their kin, through its local Data Export API.
//
// Calls go out as the typed envelope, which every version of the Studio takes: one
// path, one message a call. Newer ones take orders and start automations over paths of
// their own (genb.go), which is found out, not configured. What happens comes over a
// WebSocket (push.go).
//
// What a device is follows from its spec: each endpoint's traits become entities by the
// tables of map.go and detailmap.go, and by their bare types where no table knows them.
// The way of the data is api.go (wire) → model.go (what a device is) → decode.go and
// news.go (news) and encode.go (commands); these are pure, client.go, hub.go and what
// they call do the talking.
package aqara

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// Vendor is what cmd knows of Aqara.
func Vendor() hubs.Vendor {
	return hubs.Vendor{
		Name:      "aqara",
		Pace:      hubs.Pace{Inventory: time.Minute, Values: time.Minute, Reconcile: 10 * time.Minute},
		Variables: []string{"URL", "ACCESS_TOKEN", "REFRESH_TOKEN"},
		Secrets:   []string{"ACCESS_TOKEN", "REFRESH_TOKEN"},
		Open:      open,
	}
}

// settings are the variables of one Studio.
type settings struct {
	URL          string `split_words:"true"`
	AccessToken  string `split_words:"true"`
	RefreshToken string `split_words:"true"`
}

func open(from hubs.Settings, deps hubs.Deps) (hubs.Hub, error) {
	var s settings
	if err := from.Decode(&s); err != nil {
		return nil, fmt.Errorf("aqara: %w", err)
	}
	base, urlErr := parseBase(s.URL)
	token, tokenErr := s.token()
	if token.Access == "" && tokenErr == nil {
		tokenErr = errors.New("ACCESS_TOKEN is missing: copy it in Aqara Studio, under Developer > Data Export API, for example eyJhbGciOiJIUzI1NiJ9.…")
	}
	clock := &auth.Clock{}
	quota, quotaErr := rest.OpenQuota(from, deps, rest.Account{Identity: "aqara " + base, Clock: clock})
	if err := errors.Join(urlErr, tokenErr, quotaErr); err != nil {
		return nil, err
	}
	calls := rest.New(rest.Config{
		Vendor: "aqara", HTTP: deps.HTTP, Log: deps.Log, Clock: clock, Quota: quota, Observe: deps.Observe,
	})
	tokens := deps.Tokens(auth.Config{
		Account: "studio", Identity: base, Clock: clock,
		Grant: &grant{rest: calls, base: base},
		Seed: func() (auth.Token, error) {
			var now settings
			if err := from.Decode(&now); err != nil {
				return auth.Token{}, err
			}
			return now.token()
		},
	})
	h := newHub(&client{rest: calls, http: deps.HTTP, tokens: tokens, base: base, prefix: newPrefix()}, deps.Log)
	h.quota = quota
	h.login = tokens.Login
	return h, nil
}

// token is the pair as the user gave it.
func (s *settings) token() (auth.Token, error) {
	t := auth.Token{Access: cleanToken(s.AccessToken), Refresh: cleanToken(s.RefreshToken)}
	var errs []error
	if err := checkToken(t.Access); err != nil {
		errs = append(errs, fmt.Errorf("ACCESS_TOKEN %w", err))
	}
	if err := checkToken(t.Refresh); err != nil {
		errs = append(errs, fmt.Errorf("REFRESH_TOKEN %w", err))
	}
	if len(errs) > 0 {
		return auth.Token{}, errors.Join(errs...)
	}
	return t, nil
}

const urlExample = "for example http://192.168.1.20 or https://xxx.edge-xxx.aqara.com"

// parseBase checks the address of the Studio and cuts off what people paste behind it.
func parseBase(raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return "", errors.New("URL is missing: the address of Aqara Studio, " + urlExample)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", errors.New("URL is not an address: it begins with http:// or https:// and names a host, " + urlExample)
	case u.User != nil:
		return "", errors.New("URL must not hold a user or password: tokens go into ACCESS_TOKEN, " + urlExample)
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("URL must not hold a ? or a #, " + urlExample)
	}
	path := strings.TrimRight(strings.TrimSuffix(strings.TrimRight(u.Path, "/"), basePath), "/")
	return u.Scheme + "://" + strings.ToLower(u.Host) + path, nil
}
