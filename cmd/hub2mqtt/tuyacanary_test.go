package main

import (
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// TestNoSecretOfATuyaHomeShows drives a home through good days and bad ones, over both
// channels.
func TestNoSecretOfATuyaHomeShows(t *testing.T) {
	t.Parallel()
	for _, push := range []string{"pulsar", "mqtt"} {
		t.Run(push, func(t *testing.T) {
			t.Parallel()
			tuyaCanary(t, push)
		})
	}
}

func tuyaCanary(t *testing.T, push string) {
	t.Helper()
	v := vendors()[slices.IndexFunc(vendors(), func(v hubs.Vendor) bool { return v.Name == "tuya" })]
	env, canaries := secretEnv(v)
	p := tuyatest.Project{AccessID: tuyatest.AccessID, AccessSecret: canarySecret()}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cloud := tuyatest.New(tuyatest.Options{
		Projects: []tuyatest.Project{p}, PushOptions: tuyatest.PushOptions{OpenHubURL: "tcp://" + l.Addr().String()},
	})
	broker, err := tuyatest.NewBroker(cloud, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	a := &answered{Handler: cloud.Handler()}
	srv := httptest.NewServer(a)
	t.Cleanup(func() { cloud.DropConsumers(0); srv.Close() })
	file := filepath.Join(t.TempDir(), "overrides.yaml")
	if err := os.WriteFile(file, []byte("devices:\n  "+tuyatest.Lock+": {unlock: true}\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	e := newEvidence(t, append(canaries, p.AccessSecret, tuyatest.PulsarPassword(p.AccessID, p.AccessSecret)))
	t.Cleanup(func() { e.secret(a.seen()...) }) // before judgment: what comes last goes first
	r := start(t, e, append(without(env, "TUYA_ACCESS_SECRET"), cloudEnv("TUYA_", srv.URL, p, "PUSH="+push, "POLL_INTERVAL=1s", "OVERRIDES="+file)...))
	t.Cleanup(func() { r.end() })
	r.heard("hub2mqtt/tuya/status online")
	r.heard(`"push":"up"`)
	r.browse()
	r.visit("tuya")

	r.publish("hub2mqtt/tuya/"+tuyatest.Plug+"/switch_1/set", "TOGGLE")
	r.publish("hub2mqtt/tuya/"+tuyatest.Plug+"/set", `{"switch_1":{"state":"much"},"transaction":7}`)
	r.publish("hub2mqtt/tuya/"+tuyatest.Lock+"/lock/set", "UNLOCK")
	eventually(t, "the door opens", func() bool { return cloud.Counters().ByOp[tuyatest.OpDoor] > 0 })
	r.heard("hub2mqtt/tuya/" + tuyatest.Plug + `/result {`)
	for _, kind := range []fault.Kind{fault.Truncated, fault.HTML, fault.WrongTypes, fault.LostReply, fault.Deep, fault.Echo} {
		before := cloud.Counters().Calls
		cloud.Faults().Fail(fault.Fault{Kind: kind, Size: 10_000, Role: fault.Call})
		r.publish("hub2mqtt/bridge/request/refresh", `{"hub":"tuya"}`)
		eventually(t, "polls go on", func() bool { return cloud.Counters().Calls > before+1 && cloud.Faults().Pending() == 0 })
	}
	for range 5 {
		cloud.Faults().Fail(fault.Fault{Kind: tuyatest.Garbled})
		_ = cloud.Press(tuyatest.Button, "switch_mode1", "single_click")
	}
	cloud.ExpireAccess(p.AccessID)
	r.publish("hub2mqtt/bridge/request/refresh", `{"hub":"tuya"}`)
	eventually(t, "the token is renewed", func() bool { return cloud.Counters().Refreshes+cloud.Counters().Grants > 1 })
	cloud.Revoke(p.AccessID)
	cloud.Faults().Fail(fault.Fault{Kind: fault.Echo, Role: fault.Renewal, Times: 2})
	cloud.Faults().Fail(fault.Fault{Kind: tuyatest.FailCode, Code: 1004, Times: fault.Always})
	r.publish("hub2mqtt/bridge/request/refresh", `{"hub":"tuya"}`)
	r.heard(`"error_code":"1004"`)
	r.browse()
	r.visit("tuya")
	if code := r.end(); code != exitOK {
		t.Errorf("want a clean end, got exit %d", code)
	}
	for _, where := range []string{"log", "MQTT", "page", "check", "dump"} {
		if len(e.text(where)) < 50 {
			t.Errorf("hardly anything came from %s: nothing is proven", where)
		}
	}
	if n := len(a.seen()); n < 4 || !strings.Contains(e.text("log"), `"level":"debug"`) {
		t.Errorf("want tokens and a ticket seen and a log of level debug, got %d secrets", n)
	}
}
