package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// opener builds hubs from the settings.
type opener struct {
	s      *settings
	store  auth.KV
	redact *auth.Redactor
	shared *auth.Shared // the accounts that several hubs use; nil: this hub is alone
	// late leaves the early renewal of tokens to the daemon.
	late bool
}

// open builds one hub and what belongs to its account. It asks the store for the count
// of calls, and nobody else for anything.
func (o opener) open(
	ctx context.Context, h hubSetting, log zerolog.Logger, observe func(call, outcome string, took time.Duration),
) (*account, error) {
	if o.redact != nil { // a hub of HUBS_DIR may have come a moment ago
		o.redact.Add(o.s.secretsOf(h)...)
	}
	if o.shared == nil {
		o.shared = &auth.Shared{}
	}
	acc := &account{
		hub: h.name, store: o.store, redact: o.redact, log: log, shared: o.shared, late: o.late, tasks: bridge.NewTasks(log),
	}
	acc.calls = newCallCounter(ctx, newTransport(), o.store, h.name, log)
	var err error
	acc.opened, err = h.vendor.Open(hubSettings{h.env, h.prefix}, hubs.Deps{
		Name: h.name, HTTP: acc.calls, Tokens: acc.manager, SharedTokens: acc.sharedManager, Log: log, Cache: o.store,
		Observe: observe, Go: acc.tasks.Go, Unlocks: h.unlocks,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.name, err)
	}
	return acc, nil
}

// leave ends a short visit: what was learned is saved.
func (a *account) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	a.tasks.End(2 * time.Second)
	var err error
	for _, m := range a.managers {
		if e := m.Close(ctx); e != nil {
			err = e
		}
	}
	a.calls.save(ctx)
	a.calls.CloseIdleConnections()
	return err
}

// secrets are the values of all secret settings. What cannot be read is left out: it
// was a fault at start, or shows as one when it is used.
func (s *settings) secrets() []auth.Secret {
	out := []auth.Secret{s.MQTTPassword, s.MQTTKey, s.HTTPPassword}
	out = append(out, s.storeKeys()...)
	for _, h := range s.hubs {
		out = append(out, s.secretsOf(h)...)
	}
	return out
}

func (s *settings) secretsOf(h hubSetting) []auth.Secret {
	out := make([]auth.Secret, 0, len(h.vendor.Secrets))
	for _, name := range h.vendor.Secrets {
		if v, _ := h.env.get(h.prefix + name); v != "" {
			out = append(out, auth.Secret(v))
		}
	}
	return out
}

// visitStore opens the store of a daemon that may be running. A daemon of another user
// could not read what is written here, its locks included.
func visitStore(ctx context.Context, s *settings, log zerolog.Logger) (auth.KV, error) {
	dir := s.DataDir
	info, err := os.Stat(filepath.Join(dir, aliveFile))
	if err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
			return nil, fmt.Errorf("DATA_DIR: %s is used by the user with id %d, and this is the one with id %d: run this as that user", dir, st.Uid, os.Geteuid())
		}
	}
	return openStore(ctx, s, log)
}

// daemonRuns tells whether a daemon works with the folder.
func daemonRuns(dir string) bool { return freshFile(filepath.Join(dir, aliveFile), time.Now()) == nil }
