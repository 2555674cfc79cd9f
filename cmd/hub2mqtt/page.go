package main

import (
	"bytes"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge/web"
)

// ingress is where Home Assistant's Supervisor hands requests in that it has asked a
// password for. It counts only where the Supervisor runs us.
const ingress = "172.30.32.2"

// newPage builds the handler of everything that is served over HTTP.
func newPage(s *settings, hh *household, log zerolog.Logger) (http.Handler, error) {
	br := hh.bridge
	cfg := web.Config{
		PublicURL: s.PublicURL, Cookie: "hub2mqtt_" + s.httpPort(),
		Health: br.Handler(), Metrics: br.Handler(), Webhook: br.Webhook, Hubs: br.Hubs, LoggedIn: br.LoggedIn,
		Desk: hh.desk, Log: log,
		Password: func() (auth.Secret, error) {
			v, err := s.env.get("HTTP_PASSWORD")
			hh.redact.Add(auth.Secret(v))
			return auth.Secret(v), err
		},
	}
	if supervisor, _ := s.env.get("SUPERVISOR_TOKEN"); supervisor != "" {
		cfg.Trusted = append(cfg.Trusted, netip.MustParseAddr(ingress))
	}
	page, err := web.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	return page, nil
}

// httpPort is the port of HTTP_LISTEN, or its default's where nothing listens.
func (s *settings) httpPort() string {
	if _, port, err := net.SplitHostPort(s.HTTPListen); err == nil && port != "" {
		return port
	}
	return "8099"
}

// redirect is where a vendor's login page sends the browser back to.
func (s *settings) redirect(h hubSetting) string {
	switch {
	case h.redirect != "":
		return h.redirect
	case s.PublicURL != "":
		return strings.TrimRight(s.PublicURL, "/") + "/callback/" + h.name
	}
	return "http://localhost:" + s.httpPort() + "/callback/" + h.name
}

// badRedirect says what is wrong with a REDIRECT_URL; empty: nothing.
func badRedirect(raw string) string {
	if raw == "" {
		return ""
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "must be an address that begins with http:// or https://"
	case u.User != nil:
		return "must not hold a user or password"
	case u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return "must not hold a #"
	}
	return ""
}

// newServer serves page with limits on what strangers may hold open.
func newServer(page http.Handler, log zerolog.Logger) *http.Server {
	return &http.Server{
		Handler: page, ErrorLog: stdlog.New(httpLog{log}, "", 0), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10,
	}
}

// httpLog takes what net/http has to say. It may quote what a stranger sent.
type httpLog struct{ log zerolog.Logger }

func (l httpLog) Write(line []byte) (int, error) {
	l.log.Debug().Str("said", string(bytes.TrimSpace(line))).Msg("HTTP server")
	return len(line), nil
}
