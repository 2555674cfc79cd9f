package bridge

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
)

// direct carries requests to a handler of the same process, and counts them.
type direct struct {
	to    http.Handler
	calls atomic.Int64
}

func (d *direct) RoundTrip(r *http.Request) (*http.Response, error) {
	d.calls.Add(1)
	if r.Body == nil { // a server's requests have one
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.to.ServeHTTP(w, r)
	return w.Result(), nil
}

// fields are a hub's settings, by the names of the fields that they fill.
type fields map[string]string

func (f fields) Decode(into any) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// A vendor's hub on a real budget: a day of 1000 calls with 56 devices and commands,
// killed at noon. What the Studio saw is what was counted, and midnight begins anew.
func TestAqaraOnABudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		store := auth.NewMemStore()
		studio := aqaratest.New(aqaratest.Options{Home: aqaratest.FullHome()})
		wire := &direct{to: studio.Handler()}
		var hub hubs.Hub
		for half := range 2 {
			hub = openAqara(t, wire, studio.Tokens(), store)
			r, stop := runHub(t, hub, store)
			for hour := range 12 {
				pass(time.Minute)
				r.command("lumi_54ef4410007a1b2c/x2_output/set", "TOGGLE")
				pass(58 * time.Minute)
				if r.state() != OK {
					t.Errorf("hour %d: %s", 12*half+hour, r.board.at("b/aqara/info"))
				}
			}
			for _, res := range r.board.results(t) {
				if !res.OK {
					t.Errorf("a command was refused: %+v", res)
				}
			}
			b, limited := hub.(hubs.Budgeted).Budget()
			if calls := int(wire.calls.Load()); !limited || b.Used < calls || b.Used > calls+20 {
				t.Errorf("the Studio saw %d calls, counted are %+v", calls, b)
			}
			stop()
		}
		if calls := wire.calls.Load(); calls > 800 || calls < 600 {
			t.Errorf("%d calls, want nearly 800", calls)
		}
		pass(time.Until(time.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)))
		if b, _ := hub.(hubs.Budgeted).Budget(); b.Used != 0 || b.Polls < 700 {
			t.Errorf("the next day begins with %+v", b)
		}
	})
}

func openAqara(t *testing.T, wire http.RoundTripper, pair aqaratest.Pair, store auth.KV) hubs.Hub {
	t.Helper()
	hub, err := aqara.Vendor().Open(fields{
		"URL": "http://studio", "AccessToken": pair.Access, "RefreshToken": pair.Refresh, "Quota": "1000/day",
	}, hubs.Deps{
		Name: "aqara", HTTP: wire, Log: zerolog.Nop(), Cache: store,
		Tokens: func(cfg auth.Config) *auth.Manager {
			cfg.Store = store
			m := auth.NewManager(cfg)
			t.Cleanup(func() { _ = m.Close(context.Background()) })
			return m
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

// runHub runs a hub until stop, faster than any budget of a test would last.
func runHub(t *testing.T, hub hubs.Hub, store auth.KV) (r *rig, stop func()) {
	t.Helper()
	b := newBoard()
	h := newHubRun(HubConfig{
		Name: "aqara", Vendor: "aqara", Hub: hub, Log: zerolog.Nop(),
		Pace: hubs.Pace{Inventory: time.Minute, Values: 10 * time.Second, Reconcile: 10 * time.Minute},
	}, discovery.Layout{Prefix: "homeassistant", Base: "b", Hub: "aqara", Version: "1"}, b, store, func() {})
	h.prepare(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { h.run(ctx) })
	return &rig{h, nil, b, ctx}, func() { cancel(); wg.Wait() }
}
