package aqara

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// env is a hub's settings: fields by name, as the environment would give them.
type env struct {
	mu   sync.Mutex
	vars map[string]string
	err  error
}

func (e *env) set(name, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.vars[name] = value
}

func (e *env) Decode(into any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	v := reflect.ValueOf(into).Elem()
	for i := range v.NumField() {
		v.Field(i).SetString(e.vars[v.Type().Field(i).Name])
	}
	return e.err
}

// rig is a hub and its Studio, over real HTTP.
type rig struct {
	t      *testing.T
	studio *aqaratest.Studio
	env    *env
	hub    *hub
	log    *lockedBuffer
	tokens *auth.Manager
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newRig(t *testing.T, opts aqaratest.Options) *rig {
	t.Helper()
	r := &rig{t: t, studio: aqaratest.New(opts), log: &lockedBuffer{}}
	srv := httptest.NewServer(r.studio.Handler())
	tr := &http.Transport{}
	t.Cleanup(func() { tr.CloseIdleConnections(); srv.Close() })
	pair := r.studio.Tokens()
	r.env = &env{vars: map[string]string{
		"URL": srv.URL, "AccessToken": "Bearer " + pair.Access, "RefreshToken": pair.Refresh,
	}}
	r.open(tr)
	return r
}

func (r *rig) open(tr http.RoundTripper) {
	r.t.Helper()
	log := zerolog.New(r.log)
	h, err := Vendor().Open(r.env, hubs.Deps{
		Name: "home", HTTP: tr, Log: log,
		Tokens: func(cfg auth.Config) *auth.Manager {
			cfg.Account = "home/" + cfg.Account
			cfg.Store, cfg.Log = auth.NewMemStore(), log
			r.tokens = auth.NewManager(cfg)
			return r.tokens
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.hub = h.(*hub)
	r.t.Cleanup(func() { _ = r.tokens.Close(context.Background()) })
}

func (r *rig) devices() []hubs.Device {
	r.t.Helper()
	ds, err := r.hub.Devices(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return ds
}

// value polls one value.
func (r *rig) value(device, entity string, attr hubs.Attr) hubs.Value {
	r.t.Helper()
	news, err := r.hub.Read(r.t.Context(), []hubs.DeviceID{hubs.DeviceID(device)})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, v := range news[0].Values {
		if v.Entity == entity && v.Attr == attr {
			return v.Value
		}
	}
	r.t.Fatalf("%s has no %s %s", device, entity, attr)
	return hubs.Value{}
}

// homeOf is the full home with these devices only.
func homeOf(ids ...string) *aqaratest.Home {
	h := aqaratest.FullHome()
	h.Devices = slices.DeleteFunc(h.Devices, func(d aqaratest.Device) bool { return !slices.Contains(ids, d.ID) })
	return h
}

func set(device, entity string, av ...any) hubs.Command {
	c := hubs.Command{Device: hubs.DeviceID(device), Entity: entity}
	for i := 0; i < len(av); i += 2 {
		var v hubs.Value
		switch x := av[i+1].(type) {
		case bool:
			v = hubs.Bool(x)
		case int:
			v = hubs.Num(float64(x))
		case float64:
			v = hubs.Num(x)
		case string:
			v = hubs.Str(x)
		}
		c.Set = append(c.Set, hubs.AttrValue{Attr: av[i].(hubs.Attr), Value: v})
	}
	return c
}

// bubble runs f in a bubble where hours pass in no time, with a hub and a Studio that
// talk HTTP and WebSocket over a pipe.
func bubble(t *testing.T, opts aqaratest.Options, f func(t *testing.T, r *rig)) {
	t.Helper()
	bubbleWith(t, opts, nil, f)
}

// bubbleWith has via carry the requests of the hub.
func bubbleWith(t *testing.T, opts aqaratest.Options, via func(http.RoundTripper) http.RoundTripper, f func(*testing.T, *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, studio: aqaratest.New(opts), log: &lockedBuffer{}}
		ctx, cancel := context.WithCancel(context.Background())
		p := fault.NewPipe()
		served := make(chan error)
		go func() { served <- aqaratest.Serve(ctx, p, r.studio) }()
		tr := &http.Transport{DialContext: p.Dial}
		t.Cleanup(func() {
			tr.CloseIdleConnections()
			cancel()
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
		pair := r.studio.Tokens()
		r.env = &env{vars: map[string]string{"URL": "http://studio", "AccessToken": pair.Access, "RefreshToken": pair.Refresh}}
		var carrier http.RoundTripper = tr
		if via != nil {
			carrier = via(tr)
		}
		r.open(carrier)
		f(t, r)
	})
}

// pass lets time pass in a bubble.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock
	synctest.Wait()
}
