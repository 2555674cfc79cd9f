package aqaratest

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestServeAndControl(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := New(Options{TokenOptions: TokenOptions{Access: "a", Refresh: "r"}})
	go func() { ended <- Serve(ctx, l, s) }()
	b := &bench{Studio: s, t: t, url: "http://" + l.Addr().String(), client: &http.Client{Transport: &http.Transport{}}}
	defer b.client.CloseIdleConnections()

	var p Pair
	_ = json.Unmarshal([]byte(b.must("GET", ControlPath+"/tokens", "").body), &p)
	if p.Access != "a" || p.Refresh != "r" {
		t.Errorf("want the preset pair, got %+v", p)
	}
	address := `"deviceId":"` + Climate + `","endpointId":2,"functionCode":"Temperature","traitCode":"CurrentTemperature"`
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/set", `{` + address + `,"value":17}`, 200},
		{"/set", `{` + address + `,"value":"warm"}`, 400},
		{"/set", `{"deviceId":1}`, 400},
		{"/setall", `{"values":[{` + address + `,"value":18.5}]}`, 200},
		{"/press", `{"deviceId":"` + Button + `","endpointId":2,"event":"LongPress"}`, 200},
		{"/online", `{"deviceId":"` + Door + `","online":false}`, 200},
		{"/rename", `{"deviceId":"` + Door + `","name":"Tür"}`, 200},
		{"/move", `{"deviceId":"` + Door + `","space":"a1-002"}`, 200},
		{"/remove", `{"deviceId":"` + Motion + `"}`, 200},
		{"/remove", `{"deviceId":"` + Motion + `"}`, 400},
		{"/range", `{` + address + `,"min":0,"max":50}`, 200},
		{"/add", `{"device":{"id":"n1","name":"Neu","types":["Light"],"online":true,"endpoints":[{"id":2,"functions":[{"code":"Output",` +
			`"traits":[{"code":"Level","param":{"type":"Integer","readable":true},"value":3}]}]}]}}`, 200},
		{"/clock", `{"offset":"1h"}`, 200},
		{"/mute", `{"on":true}`, 200},
		{"/mute", ``, 200},
		{"/drop", `{"code":1001}`, 200},
		{"/fault", `{"kind":"status","status":503,"match":"GetSpacesRequest","times":-1}`, 200},
	} {
		if r := b.must("POST", ControlPath+c.path, c.body); r.status != c.status {
			t.Errorf("%s %s: want %d, got %d %s", c.path, c.body, c.status, r.status, r.body)
		}
	}
	b.call("GetSpacesRequest", "").is(t, 503, 503)
	for path, has := range map[string]string{
		"/calls": "GetSpacesRequest", "/executed": "null", "/counters": `"calls":1`, "/devices": `"value":18.5`,
	} {
		if r := b.must("GET", ControlPath+path, ""); !strings.Contains(r.body, has) {
			t.Errorf("%s: want %s, got %.300s", path, has, r.body)
		}
	}
	if v := b.value(Address{"n1", 2, "Output", "Level"}); v != int64(3) {
		t.Errorf("want the new device's value, got %v", v)
	}
	for _, path := range []string{"/heal", "/expire", "/refresh", "/revoke", "/forget"} {
		if r := b.must("POST", ControlPath+path, ""); r.status != 200 {
			t.Errorf("%s: got %d", path, r.status)
		}
	}
	if got := b.Tokens(); got.Access == "a" || !got.Dead || b.Counters().Calls != 0 {
		t.Errorf("got %+v", got)
	}
	b.PressRefresh()
	w := b.socket()
	b.Faults().Fail(fault.Fault{Kind: fault.Hang})
	go func() {
		_, _ = b.do("POST", BasePath, message("GetSpacesRequest", ""), b.headers())
	}()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("want a quiet end, got %v", err)
	}
	_, _ = w.next()
}

func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		ctx, stop := context.WithTimeout(t.Context(), 24*time.Hour)
		defer stop()
		done := make(chan struct{})
		go func() { defer close(done); s.Live(ctx) }()
		low, high, motions, last := 100.0, -100.0, 0, false
		for range 24 * 60 {
			time.Sleep(time.Minute) //nolint:forbidigo // in a bubble
			v, _ := s.Value(Address{Climate, 2, "Temperature", "CurrentTemperature"})
			f, _ := v.(float64)
			low, high = min(low, f), max(high, f)
			m, _ := s.Value(Address{Motion, 2, "OccupancySensing", "Occupancy"})
			if m == true && !last {
				motions++
			}
			last = m == true
		}
		<-done
		if low < 18 || high > 25 || high-low < 1 || motions < 50 {
			t.Errorf("a day from %v to %v degrees with %d motions is not believable", low, high, motions)
		}
		v, _ := s.Value(Address{Outlet, 1, "EnergyManagement", "CumulativeEnergyConsumption"})
		if f, _ := v.(float64); f < 12873.4+300 || f > 12873.4+4000 {
			t.Errorf("want a day's energy, got %v", v)
		}
		on, _ := s.Value(Address{Strip, 2, "Output", "OnOff"})
		if on != true {
			t.Error("nobody switched the light")
		}
	})
}
