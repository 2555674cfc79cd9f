package tuyatest

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestServeAndControl(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	c := New(Options{})
	go func() { ended <- Serve(ctx, l, c) }()
	b := &bench{
		Cloud: c, t: t, url: "http://" + l.Addr().String(), client: &http.Client{Transport: &http.Transport{}},
		id: AccessID, secret: AccessSecret,
	}
	defer b.client.CloseIdleConnections()
	b.wants(0, "GET", plugPath, "")
	control := func(method, path, body string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, b.url+ControlPath+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		raw, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(raw)
	}
	for _, o := range []struct {
		path, body string
		status     int
	}{
		{"/set", `{"device":"` + Plug + `","values":{"cur_power":17}}`, 200},
		{"/set", `{"device":"` + Plug + `"}`, 400},
		{"/set", `{"device":"` + Plug + `","values":{"power":17}}`, 400},
		{"/set", `{"device":1}`, 400},
		{"/press", `{"device":"` + Button + `","code":"switch_mode1","value":"long_press"}`, 200},
		{"/online", `{"device":"` + Door + `","on":false}`, 200},
		{"/rename", `{"device":"` + Door + `","name":"Tür"}`, 200},
		{"/move", `{"device":"` + Door + `","room":5870001}`, 200},
		{"/remove", `{"device":"` + Motion + `"}`, 200},
		{"/remove", `{"device":"` + Motion + `"}`, 400},
		{"/add", `{"add":{"id":"n1","name":"Neu","category":"cz","online":true,"dps":[{"id":1,"code":"switch_1","mode":"rw","type":"Boolean","value":true}]}}`, 200},
		{"/add", `{"add":{"id":"n1"}}`, 400},
		{"/message", `{"device":"` + Plug + `","number":1002,"values":{"bizCode":"deviceOtaProgress"}}`, 200},
		{"/message", `{"device":"nobody"}`, 400},
		{"/respecify", `{"device":"` + Plug + `","code":"cur_power","type":"Integer","spec":"{}"}`, 200},
		{"/turn", `{"device":"` + Lock + `","on":true,"by":"unlock_fingerprint"}`, 200},
		{"/deny", `{"accessId":"` + AccessID + `","group":"infrared","number":28841101}`, 200},
		{"/deny", `{"accessId":"nobody","group":"infrared","number":28841101}`, 400},
		{"/expireplan", `{"accessId":"` + AccessID + `"}`, 200},
		{"/block", `{"accessId":"` + AccessID + `"}`, 200},
		{"/link", `{"accessId":"` + AccessID + `","uid":"` + GuestUID + `","on":true}`, 200},
		{"/clock", `{"offset":"1h"}`, 200},
		{"/mute", `{"on":true}`, 200},
		{"/drop", `{"number":1001}`, 200},
		{"/droplinks", ``, 200},
		{"/fault", `{"kind":"status","status":503,"match":"rooms","times":-1}`, 200},
		{"/fault", `{"kind":"garbled","match":"report"}`, 200},
		{"/heal", ``, 200},
		{"/expire", ``, 200},
		{"/revoke", ``, 200},
	} {
		if status, text := control("POST", o.path, o.body); status != o.status {
			t.Errorf("%s %s: want %d, got %d %s", o.path, o.body, o.status, status, text)
		}
	}
	b.has(Plug, "cur_power", "17")
	for path, want := range map[string]string{
		"/devices": "Tür", "/calls": plugPath, "/executed": "null", "/counters": `"grants":1`, "/pairs": "[]",
	} {
		status, text := control("GET", path, "")
		if status != 200 || !strings.Contains(text, want) || !json.Valid([]byte(text)) {
			t.Errorf("%s: want %s, got %d %.200s", path, want, status, text)
		}
	}
	if status, _ := control("POST", "/forget", ""); status != 200 || len(b.Calls()) != 0 || b.Counters().Calls != 0 {
		t.Errorf("want everything forgotten, got %+v", b.Counters())
	}
	e := b.listen(usualQuery)
	if e.next(5*time.Second) == nil {
		t.Error("want what was kept while nobody listened")
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("want a clean end, got %v", err)
	}
	for e.next(5*time.Second) != nil { // what was on its way
	}
	if n := b.Counters().Consumers; n != 0 {
		t.Errorf("want all consumers gone, got %d", n)
	}
}
