package bridge

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

func openTuya(t *testing.T, wire http.RoundTripper, store auth.KV) hubs.Hub {
	t.Helper()
	hub, err := tuya.Vendor().Open(fields{
		"URL": "http://cloud.test", "AccessID": tuyatest.AccessID, "AccessSecret": tuyatest.AccessSecret,
	}, hubs.Deps{
		Name: "tuya", HTTP: wire, Log: zerolog.Nop(), Cache: store,
		SharedTokens: func(cfg auth.Config) *auth.Manager {
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

// A month of Tuya's trial, by polling alone, four times as often as the calls allow, and
// with a command each hour: the calls last, all commands are carried out, and the cloud
// never refuses a call for its quota.
func TestTuyaForAMonth(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pass(time.Until(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)))
		const quota = 26_000
		home := tuyatest.DefaultHome()
		home.Devices = slices.DeleteFunc(home.Devices, func(d tuyatest.Device) bool { // what a list costs does not depend on its length
			return d.ID != tuyatest.Plug && d.ID != tuyatest.Bulb
		})
		cloud := tuyatest.New(tuyatest.Options{Home: home, LimitOptions: tuyatest.LimitOptions{Quota: quota}})
		wire := &direct{to: cloud.Handler()}
		store := auth.NewMemStore()
		hub := openTuya(t, wire, store)
		b := newBoard()
		h := newHubRun(HubConfig{Name: "tuya", Vendor: "tuya", Hub: hub, Log: zerolog.Nop(), Pace: hubs.Pace{Inventory: time.Hour, Values: 30 * time.Second, Reconcile: time.Hour}},
			discovery.Layout{Prefix: "homeassistant", Base: "b", Hub: "tuya", Version: "1"}, b, store, func() {})
		h.prepare(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { h.run(ctx) })
		r := &rig{h, nil, b, ctx}
		commands := 0
		for day := range 30 {
			for range 24 {
				pass(time.Minute)
				r.command(tuyatest.Plug+"/switch_1/set", "TOGGLE")
				commands++
				pass(59 * time.Minute)
				if r.state() != OK {
					t.Errorf("day %d: %s", day+1, b.at("b/tuya/info"))
				}
			}
		}
		counters := cloud.Counters()
		t.Logf("%d calls, %d of them lists", counters.Calls, counters.ByOp[tuyatest.OpLinkedDevices])
		if counters.Calls > quota*85/100 || counters.Calls < quota*7/10 || counters.ByCode[28841004] != 0 {
			t.Errorf("want most of the polls' share used and the reserve intact, got %d calls: %v, %v", counters.Calls, counters.ByOp, counters.ByCode)
		}
		for _, res := range b.results(t) {
			if !res.OK {
				t.Errorf("a command was refused: %+v", res)
			}
		}
		if got := counters.ByOp[tuyatest.OpCommands]; got != commands {
			t.Errorf("want %d commands carried out, got %d", commands, got)
		}
		cancel()
		wg.Wait()
	})
}
