// Package tuya bridges Tuya's cloud: the devices of Smart Life and Tuya Smart accounts
// that are linked to a cloud project, over Tuya's OpenAPI.
//
// The cloud gives a private project so few calls (some 26,000 a month) that they decide
// how all is built: one call lists all devices with their values, what a product is gets
// read once and kept on disk, and what happens comes by push: over Pulsar (push.go), or
// over MQTT (openhub.go).
//
// What a device is follows from the specification of its product. The way of the data is
// api.go (wire) → model.go (what a device is) → decode.go (news) and encode.go
// (commands); these are pure, client.go, hub.go and what they call do the talking.
package tuya

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// Vendor is what cmd knows of Tuya. The pace is that of 50 devices on the trial plan:
// the budget stretches it where more is asked.
func Vendor() hubs.Vendor {
	return hubs.Vendor{
		Name:      "tuya",
		Pace:      hubs.Pace{Inventory: time.Hour, Values: 150 * time.Second, Reconcile: time.Hour},
		Variables: []string{"REGION", "URL", "ACCESS_ID", "ACCESS_SECRET", "UID", "PUSH_URL", "PUSH_ENV"},
		Secrets:   []string{"ACCESS_SECRET"},
		Channels:  []string{channelPulsar, channelMQTT},
		Open:      open,
	}
}

// trialQuota is QUOTA where the user sets none: the least that anybody saw of the trial.
const trialQuota = "26000/month"

// settings are the variables of one project.
type settings struct {
	Region       string `split_words:"true"`
	URL          string `split_words:"true"`
	AccessID     string `split_words:"true"`
	AccessSecret string `split_words:"true"`
	UID          string `split_words:"true"`
	Push         string `split_words:"true"`
	PushURL      string `split_words:"true"`
	PushEnv      string `split_words:"true"`
}

// config is what the settings say, checked.
type config struct {
	base   string // of the API
	id     string
	uid    string // of the app account; empty: all that are linked
	push   string // a channel; empty: whichever works
	pulsar string // scheme, host and port; empty: not known
	topic  string // of the message service
}

func open(from hubs.Settings, deps hubs.Deps) (hubs.Hub, error) {
	var s settings
	if err := from.Decode(&s); err != nil {
		return nil, fmt.Errorf("tuya: %w", err)
	}
	cfg, err := s.check()
	quota, quotaErr := rest.OpenQuota(from, deps, rest.Account{Identity: "tuya " + cfg.base + " " + cfg.id, Default: trialQuota})
	if err := errors.Join(err, quotaErr); err != nil {
		return nil, err
	}
	secret := newSecret(s.secret(), func() (auth.Secret, error) {
		var now settings
		if err := from.Decode(&now); err != nil {
			return "", err
		}
		return now.secret(), checkSecret(now.AccessSecret)
	})
	c := &client{
		rest: rest.New(rest.Config{Vendor: "tuya", HTTP: deps.HTTP, Log: deps.Log, Quota: quota, Observe: deps.Observe}),
		http: deps.HTTP, base: cfg.base, id: cfg.id, secret: secret, log: deps.Log, fight: newFight(deps.Log),
	}
	c.clock.log = deps.Log
	// Hubs for several accounts of one project share its token: each grant ends the one before.
	identity := cfg.base + " " + cfg.id
	c.tokens = deps.SharedTokens(auth.Config{Account: accountName(identity), Identity: identity, Grant: &grant{client: c}})
	h := newHub(cfg, c, deps)
	h.quota = quota
	return h, nil
}

// accountName names the token's place in the store.
func accountName(identity string) string {
	sum := sha256.Sum256([]byte(identity))
	return "tuya/" + hex.EncodeToString(sum[:8])
}

// secret is the Access Secret as the user gave it.
func (s *settings) secret() auth.Secret { return auth.Secret(strings.TrimSpace(s.AccessSecret)) }

// check finds all faults of the settings. None of their texts quotes a value.
func (s *settings) check() (config, error) {
	cfg := config{id: strings.TrimSpace(s.AccessID), uid: strings.TrimSpace(s.UID), push: strings.TrimSpace(s.Push)}
	if cfg.push == "auto" || cfg.push == "off" { // what is off is never asked for
		cfg.push = ""
	}
	var pushErr, envErr error
	at, baseErr := s.centre()
	cfg.base, cfg.pulsar = at.api, at.push
	if s.PushURL != "" {
		cfg.pulsar, pushErr = parseBase("PUSH_URL", webSocket(s.PushURL), "wss", "ws", "wss://mqe.tuyaeu.com:8285")
	}
	cfg.topic, envErr = topicOf(s.PushEnv)
	uidErr := error(nil)
	if cfg.uid != "" {
		uidErr = checkKey("UID", s.UID)
	}
	return cfg, errors.Join(baseErr, checkKey("ACCESS_ID", s.AccessID), checkSecret(s.AccessSecret), uidErr, pushErr, envErr)
}

// centre is where calls go: URL before REGION.
func (s *settings) centre() (centre, error) {
	region := strings.ToLower(strings.TrimSpace(s.Region))
	if other, ok := aliases[region]; ok {
		region = other
	}
	at, known := centres[region]
	words := strings.Join(slices.Sorted(maps.Keys(centres)), ", ")
	switch {
	case region != "" && !known:
		return centre{}, fmt.Errorf("REGION is none of %s: the data centre of the app account, for example eu", words)
	case s.URL == "" && region == "":
		return centre{}, fmt.Errorf("REGION or URL is missing: the data centre of the app account, one of %s", words)
	case s.URL == "":
		return at, nil
	}
	base, err := parseBase("URL", s.URL, "https", "http", "https://openapi.tuyaeu.com")
	if err != nil {
		return centre{}, err
	}
	if !known {
		for _, c := range centres {
			if c.api == base {
				at = c
			}
		}
	}
	return centre{base, at.push}, nil
}

// parseBase checks an address of scheme, host and port.
func parseBase(name, raw, scheme, plain, example string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil, u.Scheme != scheme && u.Scheme != plain, u.Hostname() == "":
		return "", fmt.Errorf("%s is not an address: it begins with %s:// and names a host, for example %s", name, scheme, example)
	case u.User != nil, u.RawQuery != "", u.Fragment != "", strings.Trim(u.Path, "/") != "":
		return "", fmt.Errorf("%s must hold nothing but scheme, host and port, for example %s", name, example)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// webSocket takes an address of HTTP for the WebSocket's that it is.
func webSocket(raw string) string {
	raw = strings.TrimSpace(raw)
	for from, to := range map[string]string{"https://": "wss://", "http://": "ws://"} {
		if rest, ok := strings.CutPrefix(raw, from); ok {
			return to + rest
		}
	}
	return raw
}

// topicOf names the topic of PUSH_ENV.
func topicOf(env string) (string, error) {
	switch strings.TrimSpace(env) {
	case "", "prod":
		return "event", nil
	case "test":
		return "event-test", nil
	}
	return "", errors.New("PUSH_ENV is none of prod, test: which environment of the message service is switched on, for example prod")
}

// checkSecret finds what cannot be an Access Secret. It is a key like any other text.
func checkSecret(raw string) error {
	s := strings.TrimSpace(raw)
	other := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || unicode.IsSpace(r) }
	switch {
	case s == "":
		return fmt.Errorf("ACCESS_SECRET is missing: copy it from the project's Overview page on %s", console)
	case strings.ContainsFunc(s, other):
		return fmt.Errorf("ACCESS_SECRET holds blanks or unreadable characters: copy it once more from %s", console)
	}
	return nil
}

// checkKey finds keys and ids that are missing, or that could be none of Tuya's.
func checkKey(name, raw string) error {
	s := strings.TrimSpace(raw)
	other := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	switch {
	case s == "":
		return fmt.Errorf("%s is missing: copy it from the project's Overview page on %s", name, console)
	case strings.ContainsFunc(s, other):
		return fmt.Errorf("%s holds more than letters and digits: copy it once more from %s", name, console)
	}
	return nil
}
