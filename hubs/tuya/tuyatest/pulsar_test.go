package tuyatest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

const usualQuery = "?ackTimeoutMillis=3000&subscriptionType=Failover"

func (b *bench) topic(env string) string {
	return "/ws/v2/consumer/persistent/" + b.id + "/out/" + env + "/" + b.id + "-sub"
}

// ear is one consumer.
type ear struct {
	b    *bench
	conn *websocket.Conn
}

func (b *bench) dial(target string, h http.Header) (*websocket.Conn, int, error) {
	b.t.Helper()
	conn, resp, err := websocket.Dial(b.t.Context(), b.url+target, &websocket.DialOptions{HTTPClient: b.client, HTTPHeader: h})
	status := 0
	if resp != nil {
		status = resp.StatusCode
		if err != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
	}
	return conn, status, err
}

func (b *bench) credentials() http.Header {
	h := http.Header{}
	h.Set("username", b.id)
	h.Set("password", PulsarPassword(b.id, b.secret))
	return h
}

func (b *bench) listen(query string) *ear {
	b.t.Helper()
	conn, _, err := b.dial(b.topic("event")+query, b.credentials())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.CloseNow() })
	return &ear{b, conn}
}

// heard is a message, opened.
type heard struct {
	frame
	Protocol int
	T        any
	Inner    map[string]any
	BizCode  string
	Data     map[string]any // bizData
}

// next waits for a message, up to a while; nil: none came.
func (e *ear) next(wait time.Duration) *heard {
	e.b.t.Helper()
	ctx, cancel := context.WithTimeout(e.b.t.Context(), wait)
	defer cancel()
	kind, raw, err := e.conn.Read(ctx)
	if err != nil {
		return nil
	}
	var out heard
	if err := json.Unmarshal(raw, &out.frame); err != nil || kind != websocket.MessageText {
		e.b.t.Fatalf("no frame: %s %v", raw, err)
	}
	e.open(&out)
	return &out
}

func (e *ear) open(out *heard) {
	t := e.b.t
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(out.Payload)
	if err != nil {
		t.Fatal(err)
	}
	var outer struct {
		Protocol int    `json:"protocol"`
		T        any    `json:"t"`
		Data     string `json:"data"`
		Sign     string `json:"sign"`
	}
	if err := json.Unmarshal(raw, &outer); err != nil {
		t.Fatal(err)
	}
	out.Protocol, out.T = outer.Protocol, outer.T
	key := keyOf(e.b.secret)
	var plain []byte
	if out.Properties["em"] == "aes_gcm" {
		plain = openGCM(t, key, outer.Data, 12, "")
	} else {
		plain = openECB(t, key, outer.Data)
	}
	if err := json.Unmarshal(plain, &out.Inner); err != nil {
		t.Fatalf("%s: %v", plain, err)
	}
	out.BizCode, _ = out.Inner["bizCode"].(string)
	out.Data, _ = out.Inner["bizData"].(map[string]any)
}

func (e *ear) ack(h *heard) {
	e.b.t.Helper()
	if err := e.conn.Write(e.b.t.Context(), websocket.MessageText, []byte(`{"messageId":"`+h.MessageID+`"}`)); err != nil {
		e.b.t.Fatal(err)
	}
}

// take wants a message, and acknowledges it.
func (e *ear) take() *heard {
	e.b.t.Helper()
	h := e.next(time.Second)
	if h == nil {
		e.b.t.Fatal("want a message, got none")
	}
	e.ack(h)
	return h
}

// value is the value of a code in a property message.
func (h *heard) value(code string) any {
	list, _ := h.Data["properties"].([]any)
	for _, p := range list {
		if m, _ := p.(map[string]any); m["code"] == code {
			return m["value"]
		}
	}
	return nil
}

func (b *bench) set(device, code string, value any) {
	b.t.Helper()
	if err := b.Set(device, code, value); err != nil {
		b.t.Fatal(err)
	}
}

func TestPulsarUpgrade(t *testing.T) {
	b := newBench(t, Options{})
	for name, c := range map[string]struct {
		target string
		spoil  func(h http.Header)
		want   int
	}{
		"fine":               {b.topic("event") + usualQuery, func(http.Header) {}, 101},
		"test environment":   {b.topic("event-test") + usualQuery, func(http.Header) {}, 101},
		"no ack timeout":     {b.topic("event") + "?subscriptionType=Failover", func(http.Header) {}, 101},
		"wrong password":     {b.topic("event") + usualQuery, func(h http.Header) { h.Set("password", "0123456789abcdef") }, 401},
		"no password":        {b.topic("event") + usualQuery, func(h http.Header) { h.Del("password") }, 401},
		"wrong user":         {b.topic("event") + usualQuery, func(h http.Header) { h.Set("username", "somebody") }, 401},
		"other subscription": {"/ws/v2/consumer/persistent/" + AccessID + "/out/event/mine" + usualQuery, func(http.Header) {}, 404},
		"other topic":        {"/ws/v2/consumer/persistent/" + AccessID + "/out/news/" + AccessID + "-sub" + usualQuery, func(http.Header) {}, 404},
		"shared":             {b.topic("event") + "?subscriptionType=Shared", func(http.Header) {}, 400},
		"no type":            {b.topic("event"), func(http.Header) {}, 400},
		"short ack timeout":  {b.topic("event") + "?ackTimeoutMillis=999&subscriptionType=Failover", func(http.Header) {}, 400},
		"no queue":           {b.topic("event") + "?receiverQueueSize=0&subscriptionType=Failover", func(http.Header) {}, 400},
	} {
		h := b.credentials()
		c.spoil(h)
		conn, status, err := b.dial(c.target, h)
		if status != c.want || (err == nil) != (c.want == 101) {
			t.Errorf("%s: want %d, got %d %v", name, c.want, status, err)
		}
		if conn != nil {
			_ = conn.CloseNow()
		}
	}
	if err := b.Deny(AccessID, Notification, codeSubscribe); err != nil {
		t.Fatal(err)
	}
	if _, status, _ := b.dial(b.topic("event")+usualQuery, b.credentials()); status != 403 {
		t.Errorf("want 403 while the service is off, got %d", status)
	}
	if err := b.Deny(AccessID, Notification, 0); err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+b.topic("event")+usualQuery, http.NoBody)
	req.Header = b.credentials()
	if r := b.must(req); r.status != http.StatusUpgradeRequired {
		t.Errorf("want 426 without a handshake, got %d", r.status)
	}
}

func TestPulsarReports(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		synctest.Wait()
		now := time.Now().UnixMilli()
		b.command(0, Plug, "switch_1", "false")
		got := e.take()
		if got.Protocol != 1000 || got.BizCode != "devicePropertyMessage" || got.value("switch_1") != false || got.Data["devId"] != Plug ||
			got.Data["productId"] != "gx7kvn2qwz4mtd9e" || got.Inner["ts"] != float64(now) || got.T != float64(now) || got.Key != Plug {
			t.Errorf("want the switch reported, got %+v", got)
		}
		property := got.Data["properties"].([]any)[0].(map[string]any)
		if property["dpId"] != 1.0 || property["time"] != float64(now) {
			t.Errorf("want dpId and milliseconds, got %v", property)
		}
		if got = e.take(); got.value("cur_power") != 0.0 || got.value("cur_current") != 0.0 {
			t.Errorf("want the load gone in one message, got %+v", got)
		}
		b.command(0, Plug, "switch_1", "false") // nothing new
		b.set(Heater, "switch", true)           // no standard data point
		if got := e.next(10 * time.Second); got != nil {
			t.Errorf("want nothing, got %+v", got)
		}
	})
}

func TestPressTwice(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		for range 2 {
			if err := b.Press(Button, "switch_mode1", "single_click"); err != nil {
				t.Fatal(err)
			}
			if got := e.take(); got.value("switch_mode1") != "single_click" {
				t.Errorf("want each press, got %+v", got)
			}
		}
	})
}

func TestFamilies(t *testing.T) {
	bubble(t, Options{PushOptions: PushOptions{Family: FamilyBoth}}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		b.set(Door, "doorcontact_state", true)
		if got := e.take(); got.Protocol != 1000 {
			t.Errorf("want the new one first, got %+v", got)
		}
		got := e.take()
		status, _ := got.Inner["status"].([]any)
		if got.Protocol != 4 || got.Inner["devId"] != Door || got.Inner["productKey"] != "f6cqn8rt" || len(status) != 1 {
			t.Fatalf("want a status report, got %+v", got)
		}
		entry, _ := status[0].(map[string]any)
		if entry["code"] != "doorcontact_state" || entry["value"] != true || entry["1"] != true || entry["t"] != float64(time.Now().Unix()) {
			t.Errorf("want the value twice and seconds, got %v", entry)
		}
		for _, c := range []struct {
			do          func() error
			now, legacy string
			key         string
			value       any
		}{
			{func() error { return b.SetOnline(Curtain, false) }, "deviceOffline", "offline", "devId", Curtain},
			{func() error { return b.SetOnline(Curtain, true) }, "deviceOnline", "online", "devId", Curtain},
			{func() error { return b.Rename(Curtain, "Neu") }, "deviceNameUpdate", "nameUpdate", "name", "Neu"},
			{func() error { return b.Add(Device{ID: "n1", Name: "N", Category: "cz", Online: true}) }, "deviceBindSpace", "bindUser", "devId", "n1"},
			{func() error { return b.Remove("n1") }, "deviceUnbindSpace", "delete", "devId", "n1"},
		} {
			if err := c.do(); err != nil {
				t.Fatal(err)
			}
			now, legacy := e.take(), e.take()
			if now.Protocol != 1001 || now.BizCode != c.now || now.Data[c.key] != c.value {
				t.Errorf("want %s, got %+v", c.now, now)
			}
			if legacy.Protocol != 20 || legacy.BizCode != c.legacy || legacy.Data[c.key] != c.value || legacy.Inner["devId"] == nil {
				t.Errorf("want %s, got %+v", c.legacy, legacy)
			}
		}
	})
}

func TestStamps(t *testing.T) {
	now := int64(946684800) // where a bubble starts
	for stamp, want := range map[Stamp]struct{ outer, property, status any }{
		StampMixed:   {float64(now * 1000), float64(now * 1000), float64(now)},
		StampSeconds: {float64(now), float64(now), float64(now)},
		StampMillis:  {float64(now * 1000), float64(now * 1000), float64(now * 1000)},
		StampText:    {fmt.Sprint(now * 1000), fmt.Sprint(now * 1000), fmt.Sprint(now * 1000)},
	} {
		bubble(t, Options{PushOptions: PushOptions{Family: FamilyBoth, Stamp: stamp}}, func(t *testing.T, b *bench) {
			e := b.listen(usualQuery)
			b.set(Door, "doorcontact_state", true)
			modern, legacy := e.take(), e.take()
			property, _ := modern.Data["properties"].([]any)[0].(map[string]any)
			status, _ := legacy.Inner["status"].([]any)[0].(map[string]any)
			if modern.T != want.outer || property["time"] != want.property || status["t"] != want.status {
				t.Errorf("%q: want %+v, got %v %v %v", stamp, want, modern.T, property["time"], status["t"])
			}
		})
	}
}

func TestPulsarECB(t *testing.T) {
	bubble(t, Options{PushOptions: PushOptions{PulsarECB: true}}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		b.set(Door, "doorcontact_state", true)
		if got := e.take(); len(got.Properties) != 0 || got.value("doorcontact_state") != true {
			t.Errorf("want ECB without em, got %+v", got)
		}
	})
}
