package hubtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Instance is one opened hub and what it was given.
type Instance struct {
	Hub      hubs.Hub
	Settings *Settings
	// Store holds the tokens, Cache what the hub itself keeps.
	Store, Cache auth.KV
	// Log is everything that was logged, at debug level and not masked: a second net
	// must not hide the holes of the first.
	Log *Log

	redact *auth.Redactor
	via    carrier
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu       sync.Mutex
	managers []*auth.Manager
	panics   []error
}

// Open opens a hub with settings (names without prefix) and fresh stores, and closes
// it when the test ends.
func Open(tb testing.TB, v hubs.Vendor, settings map[string]string) *Instance {
	tb.Helper()
	tr := &http.Transport{}
	in, err := open(tb.Context(), v, settings, stores{auth.NewMemStore(), auth.NewMemStore()}, carrier{tr, tr.CloseIdleConnections})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := in.close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return in
}

// stores are what a hub keeps its things in.
type stores struct{ tokens, cache auth.KV }

// carrier carries a hub's requests.
type carrier struct {
	http.RoundTripper
	closeIdle func()
}

// open gives the hub a life of its own: tasks end with close, not with ctx.
func open(ctx context.Context, v hubs.Vendor, settings map[string]string, kept stores, via carrier) (*Instance, error) {
	in := &Instance{
		Settings: NewSettings(settings), Store: kept.tokens, Cache: kept.cache, Log: &Log{},
		redact: auth.NewRedactor(io.Discard), via: via,
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	in.cancel = cancel
	log := zerolog.New(in.Log).Level(zerolog.DebugLevel)
	hub, err := v.Open(in.Settings, hubs.Deps{
		Name: "home", HTTP: via.RoundTripper, Tokens: in.manager, SharedTokens: in.manager, Log: log, Cache: kept.cache,
		Go: func(task func(context.Context)) {
			in.tasks.Go(func() { in.recovered(ctx, task) })
		},
	})
	if err != nil {
		return nil, errors.Join(err, in.close(ctx))
	}
	in.Hub = hub
	return in, nil
}

func (in *Instance) manager(cfg auth.Config) *auth.Manager {
	cfg.Account = "home/" + cfg.Account
	if cfg.Store == nil {
		cfg.Store = in.Store
	}
	if cfg.Redact == nil {
		cfg.Redact = in.redact
	}
	cfg.Log = zerolog.New(in.Log).Level(zerolog.DebugLevel)
	m := auth.NewManager(cfg)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.managers = append(in.managers, m)
	return m
}

func (in *Instance) recovered(ctx context.Context, task func(context.Context)) {
	defer func() {
		if r := recover(); r != nil {
			in.mu.Lock()
			defer in.mu.Unlock()
			in.panics = append(in.panics, fmt.Errorf("a task of the hub panics: %v\n%s", r, debug.Stack()))
		}
	}()
	task(ctx)
}

// Managers are the token managers that the hub built.
func (in *Instance) Managers() []*auth.Manager {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]*auth.Manager(nil), in.managers...)
}

// close ends what the hub started. Errors are of tasks that do not end, and of panics.
func (in *Instance) close(ctx context.Context) error {
	in.cancel()
	done := make(chan struct{})
	go func() { in.tasks.Wait(); close(done) }()
	var errs []error
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
		errs = append(errs, fmt.Errorf("a task that the hub started has not ended %s after its context", patience))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for _, m := range in.Managers() {
		errs = append(errs, m.Close(ctx))
	}
	in.via.closeIdle()
	in.mu.Lock()
	defer in.mu.Unlock()
	return errors.Join(append(errs, in.panics...)...)
}

// Log keeps what is written to it. It is safe for concurrent use.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is all that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
