package hubtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// marker stands in answers that must not be quoted.
const marker = "hubtest-body-must-not-show"

// env is what a check works with: a server, a hub opened on it, and all that the hub
// said so far. Its calls note what would break the contract anywhere.
type env struct {
	o      *Options
	server Server
	base   string // the server's address
	in     *Instance
	*shared
}

// shared is what all envs of one check have in common.
type shared struct {
	newServer func() Server
	stage     *stage
	ignored   goleak.Option // the goroutines of before

	mu        sync.Mutex
	instances []*Instance
	servers   []Server
	said      []string // by hubs
	wrong     []error  // what they did that breaks the contract anywhere
}

func newEnv(ctx context.Context, o *Options, newServer func() Server) (*env, error) {
	none := &env{o: o, shared: &shared{newServer: newServer, stage: &stage{hosts: map[string]*fault.Pipe{}}}}
	e, err := none.another(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open with the server's settings: %w", err), none.stage.close())
	}
	return e, nil
}

// another is a hub of its own on a fresh server.
func (e *env) another(ctx context.Context) (*env, error) {
	s := e.newServer()
	next := &env{o: e.o, server: s, base: e.stage.put(ctx, s), shared: e.shared}
	e.servers = append(e.servers, s)
	if e.ignored == nil {
		e.ignored = goleak.IgnoreCurrent()
	}
	return next.with(ctx, nil, auth.NewMemStore(), auth.NewMemStore())
}

// with opens another hub on the same server, with more settings.
func (e *env) with(ctx context.Context, more map[string]string, store, cache auth.KV) (*env, error) {
	in, err := e.open(ctx, e.settings(more), store, cache)
	if err != nil {
		return nil, err
	}
	e.instances = append(e.instances, in)
	return &env{o: e.o, server: e.server, base: e.base, in: in, shared: e.shared}, nil
}

// reopen is a restart: another hub on the same stores.
func (e *env) reopen(ctx context.Context) (*env, error) {
	again, err := e.with(ctx, nil, e.in.Store, e.in.Cache)
	if err != nil {
		return nil, fmt.Errorf("open once more: %w", err)
	}
	return again, nil
}

func (e *env) open(ctx context.Context, settings map[string]string, store, cache auth.KV) (*Instance, error) {
	tr := &http.Transport{MaxIdleConnsPerHost: 16, DialContext: e.stage.dial}
	return open(ctx, e.o.Vendor, settings, stores{store, cache}, carrier{e.server.Faults().Transport(tr), tr.CloseIdleConnections})
}

func (e *env) settings(more map[string]string) map[string]string {
	out := e.server.Settings(e.base)
	maps.Copy(out, more)
	return out
}

func (e *env) seen() fault.Seen { return e.server.Faults().Seen() }

// calls counts what is neither a renewal nor a stream.
func (e *env) calls() int { return e.seen().Calls }

// finish closes hubs and servers and says what broke the contract on the way.
func (e *env) finish(ctx context.Context) error {
	var errs []error
	var logs, secrets []string
	for _, in := range e.instances {
		errs = append(errs, in.close(ctx))
		logs = append(logs, strings.Split(in.Log.String(), "\n")...)
	}
	for _, s := range e.servers {
		secrets = append(secrets, s.Secrets()...)
	}
	errs = append(errs, e.stage.close())
	e.mu.Lock()
	defer e.mu.Unlock()
	errs = append(errs, e.wrong...)
	if err := firstSecret(logs, secrets); err != nil {
		errs = append(errs, fmt.Errorf("log: %w", err))
	}
	if err := firstSecret(e.said, secrets); err != nil {
		errs = append(errs, fmt.Errorf("error text or data: %w", err))
	}
	if slices.ContainsFunc(slices.Concat(e.said, logs), func(s string) bool { return strings.Contains(s, marker) }) {
		errs = append(errs, errors.New("a piece of an answer or of a setting shows up in an error or the log"))
	}
	return errors.Join(errs...)
}

func firstSecret(texts, secrets []string) error {
	for _, text := range texts {
		if err := FindSecret(text, secrets); err != nil {
			return err
		}
	}
	return nil
}

func (e *env) note(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.said, text) { // the same home is said again and again
		e.said = append(e.said, text)
	}
}

func (e *env) blame(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wrong = append(e.wrong, fmt.Errorf(format, args...))
}

// home lists the devices and makes the legal command.
func (e *env) home(ctx context.Context) ([]hubs.Device, hubs.Command, error) {
	devices, err := e.devices(ctx)
	if err != nil {
		return nil, hubs.Command{}, fmt.Errorf("Devices of a healthy server: %w", err)
	}
	if len(devices) == 0 {
		return nil, hubs.Command{}, errors.New("the server's home is empty")
	}
	cmd := e.o.Command(devices)
	entity, err := entityOf(devices, cmd)
	if err != nil {
		return nil, cmd, fmt.Errorf("Options.Command: %w", err)
	}
	if err := cmd.Check(entity); err != nil {
		return nil, cmd, fmt.Errorf("Options.Command is not legal: %w", err)
	}
	return devices, cmd, nil
}

func entityOf(devices []hubs.Device, cmd hubs.Command) (*hubs.Entity, error) {
	for i := range devices {
		if devices[i].ID != cmd.Device {
			continue
		}
		if entity, ok := devices[i].Entity(cmd.Entity); ok {
			return entity, nil
		}
	}
	return nil, fmt.Errorf("there is no entity %q of device %q", cmd.Entity, cmd.Device)
}
