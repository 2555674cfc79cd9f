package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
	"github.com/hub2mqtt/hub2mqtt/bridge/broker"
	"github.com/hub2mqtt/hub2mqtt/bridge/web"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// serve builds everything from the settings and runs it until ctx ends.
func serve(ctx context.Context, s *settings, stderr io.Writer) error {
	logs, redact := newLogs(s, stderr)
	log := logs.of("")
	for _, name := range s.warnings {
		log.Warn().Str("variable", name).Msg("this variable is not known, is it a typo?")
	}
	store, err := openStore(ctx, s, log)
	if err != nil {
		return err
	}
	var side sync.WaitGroup
	sideCtx, endSide := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { endSide(); side.Wait() }()

	brokerURL := s.mqttURL
	if brokerURL == nil {
		b, err := broker.Listen(ctx, broker.Config{
			Addr: s.MQTTListen, Username: s.MQTTUsername, Password: s.MQTTPassword.Reveal(), Logger: log,
		})
		if err != nil {
			return fmt.Errorf("embedded broker: %w", err)
		}
		side.Go(func() { _ = b.Run(sideCtx) })
		if brokerURL, err = url.Parse(b.URL()); err != nil {
			return fmt.Errorf("embedded broker: %w", err)
		}
		log.Info().Str("address", b.Addr().String()).Msg("embedded MQTT broker")
	}
	hh, err := build(ctx, s, brokerURL, store, redact, logs)
	if err != nil {
		return err
	}
	page, err := newPage(s, hh, log)
	if err != nil {
		return err
	}
	if err := listenHTTP(sideCtx, &side, s, page, log); err != nil {
		return err
	}
	side.Go(func() { stayAlive(sideCtx, s.DataDir, log) })
	side.Go(func() { hh.keep(sideCtx) })
	if s.HubsDir != "" {
		side.Go(func() { newHubsDir(s, hh, log).follow(ctx) })
	}
	version, _ := buildVersion()
	log.Info().Str("version", version).Int("hubs", len(s.hubs)).Str("broker", brokerURL.Redacted()).Msg("hub2mqtt starts")
	err = hh.bridge.Run(ctx)
	hh.end(context.WithoutCancel(ctx))
	log.Info().Msg("hub2mqtt has ended")
	return err
}

// logs makes the loggers, whose levels can be changed at run time.
type logs struct {
	base   zerolog.Logger
	levels *bridge.LogLevels
}

// of is the logger of one hub, or the bridge's own where hub is empty.
func (l logs) of(hub string) zerolog.Logger {
	log := l.base
	if hub != "" {
		log = log.With().Str("hub", hub).Logger()
	}
	return log.Hook(l.levels.Hook(hub))
}

var timeFormat sync.Once //nolint:gochecknoglobals // it guards a global

// newLogs builds the log and the writer that masks secrets in it.
func newLogs(s *settings, stderr io.Writer) (logs, *auth.Redactor) {
	out := stderr
	file, isFile := stderr.(*os.File)
	terminal := isFile && isTerminal(file)
	redact := auth.NewRedactor(out)
	redact.Add(s.secrets()...)
	var w io.Writer = redact
	if s.LogFormat == "console" || s.LogFormat == "auto" && terminal {
		w = zerolog.ConsoleWriter{Out: redact, TimeFormat: time.TimeOnly, NoColor: !terminal}
	}
	timeFormat.Do(func() { zerolog.TimeFieldFormat = time.RFC3339Nano })
	names := make([]string, len(s.hubs))
	for i, h := range s.hubs {
		names[i] = h.name
	}
	return logs{zerolog.New(w).With().Timestamp().Logger(), bridge.NewLogLevels(s.level, names)}, redact
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// build makes the bridge and its hubs. It asks the store for the MQTT client's id and the
// counts of calls, and nobody else for anything.
func build(ctx context.Context, s *settings, broker *url.URL, store auth.KV, redact *auth.Redactor, logs logs,
) (*household, error) {
	id, err := clientID(ctx, s, store)
	if err != nil {
		return nil, err
	}
	version, _ := buildVersion()
	log := logs.of("")
	hh := &household{
		opener: opener{s: s, store: store, redact: redact, shared: &auth.Shared{}},
		logs:   logs, metrics: bridge.NewMetrics(), desk: web.NewDesk(store, log), accounts: map[string]*account{},
	}
	cfg := bridge.Config{
		Metrics: hh.metrics,
		Base:    s.BaseTopic, Prefix: s.DiscoveryPrefix, HAStatus: s.HAStatusTopic, PublicURL: s.PublicURL,
		Version: version, Store: store, Log: log, Levels: logs.levels, Resting: slices.Collect(maps.Keys(s.badFiles)),
		MQTT: bridge.MQTTConfig{URL: broker, ClientID: id, Credentials: s.credentials, Logger: log.With().Str("part", "mqtt").Logger()},
	}
	if cfg.Prefix == "off" {
		cfg.Prefix = ""
	}
	list := make([]bridge.HubConfig, 0, len(s.hubs))
	for _, h := range s.hubs {
		one, acc, err := hh.admit(ctx, h)
		if err != nil {
			return nil, err
		}
		hh.settle(h, acc)
		list = append(list, one)
	}
	hh.bridge, err = bridge.New(cfg, list)
	return hh, err
}

// account is what one hub has of its own: token managers, and who counts its calls.
type account struct {
	hub      string
	store    auth.KV
	redact   *auth.Redactor
	log      zerolog.Logger
	managers []*auth.Manager
	shared   *auth.Shared
	opened   hubs.Hub
	tasks    *bridge.Tasks
	calls    *callCounter
	late     bool // tokens are renewed only once they have ended
}

func (a *account) manager(cfg auth.Config) *auth.Manager {
	cfg.Account = strings.TrimSuffix(a.hub+"/"+cfg.Account, "/")
	m := auth.NewManager(a.filled(cfg))
	a.managers = append(a.managers, m)
	return m
}

// sharedManager is the one of all hubs that name the same account.
func (a *account) sharedManager(cfg auth.Config) *auth.Manager {
	m := a.shared.Manager(a.filled(cfg))
	if !slices.Contains(a.managers, m) {
		a.managers = append(a.managers, m)
	}
	return m
}

// filled completes what a vendor leaves empty.
func (a *account) filled(cfg auth.Config) auth.Config {
	if cfg.Store == nil {
		cfg.Store = a.store
	}
	if cfg.Redact == nil {
		cfg.Redact = a.redact
	}
	cfg.Log, cfg.Late = a.log, a.late
	return cfg
}

// look looks for a login that another process took.
func (a *account) look(ctx context.Context) bool {
	news := false
	for _, m := range a.managers {
		news = m.Look(ctx) || news
	}
	return news
}

func (a *account) states() []auth.State {
	out := make([]auth.State, len(a.managers))
	for i, m := range a.managers {
		out[i] = m.State()
	}
	return out
}

// dryDeps are for checking settings: nothing of them is ever used.
func dryDeps(hub string) hubs.Deps {
	acc := &account{hub: hub, store: auth.NewMemStore(), shared: &auth.Shared{}}
	return hubs.Deps{
		Name: hub, HTTP: http.NewFileTransport(http.Dir("/nonexistent")), Log: zerolog.Nop(), Cache: auth.NewMemStore(),
		Tokens: acc.manager, SharedTokens: acc.sharedManager, Go: func(func(context.Context)) {},
	}
}

// newTransport carries one hub's requests. Redirects and cookies are the client's matter.
func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
	}
}

// credentials are read again at each connect: secrets in files rotate.
func (s *settings) credentials() (bridge.MQTTCredentials, error) {
	var c bridge.MQTTCredentials
	var faults []error
	text := func(name string) string {
		v, err := s.env.get(name)
		faults = append(faults, err)
		return v
	}
	c.Username, c.Password = text("MQTT_USERNAME"), text("MQTT_PASSWORD")
	c.CA, c.Cert, c.Key = []byte(text("MQTT_CA")), []byte(text("MQTT_CERT")), []byte(text("MQTT_KEY"))
	return c, errors.Join(faults...)
}

// clientID is stable for a data folder: a broker knows us again, and two bridges never
// cut each other off.
func clientID(ctx context.Context, s *settings, store auth.KV) (string, error) {
	if s.MQTTClientID != "" {
		return s.MQTTClientID, nil
	}
	const key = "mqtt/client_id"
	base := strings.ReplaceAll(s.BaseTopic, "/", "_") + "-"
	tail, rev, err := store.Get(ctx, key)
	if err == nil && len(tail) == 8 {
		return base + string(tail), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, auth.ErrDamaged) {
		return "", fmt.Errorf("DATA_DIR: %w", err)
	}
	raw := make([]byte, 4)
	_, _ = rand.Read(raw) // it never fails
	fresh := hex.EncodeToString(raw)
	if _, err := store.Put(ctx, key, []byte(fresh), rev); err != nil {
		return "", fmt.Errorf("DATA_DIR: %w", err)
	}
	return base + fresh, nil
}

// listenHTTP serves page until ctx ends.
func listenHTTP(ctx context.Context, side *sync.WaitGroup, s *settings, page http.Handler, log zerolog.Logger) error {
	if s.HTTPListen == "off" {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.HTTPListen)
	if err != nil {
		return fmt.Errorf("HTTP_LISTEN: %w: choose another address, or HTTP_LISTEN=off", err)
	}
	srv := newServer(page, log)
	side.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error().Err(err).Msg("HTTP has ended")
		}
	})
	side.Go(func() {
		<-ctx.Done()
		_ = srv.Close()
	})
	return nil
}

const (
	aliveFile  = "alive"
	aliveEvery = 10 * time.Second
	aliveLimit = 30 * time.Second
)

// stayAlive touches DATA_DIR/alive, for healthcheck without HTTP.
func stayAlive(ctx context.Context, dir string, log zerolog.Logger) {
	path := filepath.Join(dir, aliveFile)
	t := time.NewTicker(aliveEvery)
	defer t.Stop()
	failing := false
	for {
		err := os.WriteFile(path, []byte(time.Now().UTC().Format(time.RFC3339)+"\n"), 0o600)
		if (err != nil) != failing {
			failing = err != nil
			log.Warn().Err(err).Msg("DATA_DIR does not take a write")
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
