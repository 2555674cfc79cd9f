package aqaratest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// wire is a raw WebSocket client.
type wire struct {
	t    *testing.T
	conn *websocket.Conn
}

func (b *bench) dial(header http.Header) (w *wire, status int, err error) {
	b.t.Helper()
	//nolint:bodyclose // Dial says that there is never a need to
	conn, resp, err := websocket.Dial(b.t.Context(), b.url+SocketPath, &websocket.DialOptions{HTTPClient: b.client, HTTPHeader: header})
	if resp != nil {
		status = resp.StatusCode
	}
	if err != nil {
		return nil, status, err
	}
	b.t.Cleanup(func() { _ = conn.CloseNow() })
	return &wire{b.t, conn}, status, nil
}

func (b *bench) socket() *wire {
	b.t.Helper()
	w, _, err := b.dial(http.Header{"Authorization": {"Bearer " + b.Tokens().Access}})
	if err != nil {
		b.t.Fatal(err)
	}
	return w
}

func (w *wire) send(body string) {
	w.t.Helper()
	if err := w.conn.Write(w.t.Context(), websocket.MessageText, []byte(body)); err != nil {
		w.t.Fatal(err)
	}
}

// next is the next message, or the reason that there is none.
func (w *wire) next() (reply, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Hour)
	defer cancel()
	_, raw, err := w.conn.Read(ctx)
	out := reply{body: string(raw)}
	_ = json.Unmarshal(raw, &out)
	return out, err
}

func (w *wire) want(kind, has string) reply {
	w.t.Helper()
	r, err := w.next()
	if err != nil || r.Type != kind || !strings.Contains(r.body, has) {
		w.t.Fatalf("want %s with %s, got %v %s", kind, has, err, r.body)
	}
	return r
}

// closes wants the connection to end; 0 is an end without close frame.
func (w *wire) closes(code websocket.StatusCode) {
	w.t.Helper()
	r, err := w.next()
	got := max(0, websocket.CloseStatus(err)) // -1: no close frame
	if err == nil || got != code {
		w.t.Errorf("want close %d, got %v %s", code, err, r.body)
	}
}

func (w *wire) ask(kind, data string) reply {
	w.t.Helper()
	w.send(message(kind, data))
	r, err := w.next()
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// bubble runs f with a bench in a synctest bubble.
func bubble(t *testing.T, o Options, f func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(newPipeBench(t, o)) })
}

func TestSocketTokens(t *testing.T) {
	bad := http.Header{"Authorization": {"Bearer eyJ.no.no"}}
	for _, how := range []SocketRefusal{RefuseUpgrade, RefuseClose, RefuseError} {
		t.Run("refused "+string(how), func(t *testing.T) {
			bubble(t, Options{SocketOptions: SocketOptions{Refusal: how}}, func(b *bench) {
				t := b.t
				w, status, err := b.dial(bad)
				if how == RefuseUpgrade {
					if err == nil || status != http.StatusUnauthorized {
						t.Errorf("want 401, got %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if how == RefuseError {
					w.want("ErrorMessage", `"code":401`)
				}
				w.closes(websocket.StatusPolicyViolation)
			})
		})
	}
	bubble(t, Options{}, func(b *bench) {
		t := b.t
		w, _, err := b.dial(nil)
		if err != nil {
			t.Fatal(err)
		}
		if r := w.ask("SubscribeAllRequest", ""); r.Code != 401 {
			t.Errorf("before AuthRequest: want 401, got %s", r.body)
		}
		r := w.ask("AuthRequest", `{"authType":"token","token":"Bearer `+b.Tokens().Access+`"}`)
		if r.Type != "AuthResponse" || r.Code != 0 {
			t.Errorf("got %s", r.body)
		}
		if r := w.ask("SubscribeAllRequest", ""); r.Code != 0 || string(r.Data) != `""` {
			t.Errorf("got %s", r.body)
		}
		w, _, _ = b.dial(nil)
		if r := w.ask("AuthRequest", `{"authType":"token","token":"`+b.Tokens().Access+`"}`); r.Code != 401 {
			t.Errorf("without Bearer: want 401, got %s", r.body)
		}
		w.closes(websocket.StatusPolicyViolation)
		start := time.Now()
		w, _, _ = b.dial(nil)
		w.closes(websocket.StatusPolicyViolation)
		if d := time.Since(start); d != 7*time.Second {
			t.Errorf("want 7 s to authenticate, got %v", d)
		}
	})
}

func TestSocketAndRotation(t *testing.T) {
	bubble(t, Options{}, func(b *bench) {
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		b.PressRefresh()
		w.closes(websocket.StatusPolicyViolation)
	})
	bubble(t, Options{SocketOptions: SocketOptions{OutliveToken: true}}, func(b *bench) {
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		b.PressRefresh()
		_ = b.Press(Button, 2, "SinglePress")
		w.want("TraitValueUpdate", Button)
	})
	bubble(t, Options{TokenOptions: TokenOptions{ExpiresIn: 10 * time.Second}}, func(b *bench) {
		t := b.t
		w := b.socket()
		time.Sleep(11 * time.Second) //nolint:forbidigo // in a bubble
		if r := w.ask("ping", "null"); r.Code != 401 {
			t.Errorf("aged token: want 401, got %s", r.body)
		}
		w.closes(websocket.StatusPolicyViolation)
	})
}

func TestHeartbeat(t *testing.T) {
	bubble(t, Options{}, func(b *bench) {
		t := b.t
		w := b.socket()
		start := time.Now()
		for range 3 {
			time.Sleep(20 * time.Second) //nolint:forbidigo // in a bubble
			if r := w.ask("ping", "null"); r.Type != "pong" || string(r.Data) != `"pong"` {
				t.Errorf("got %s", r.body)
			}
		}
		w.closes(websocket.StatusGoingAway)
		if d := time.Since(start); d != 90*time.Second {
			t.Errorf("want 30 s after the last message, got %v", d)
		}
	})
	for _, ignored := range []bool{false, true} {
		bubble(t, Options{SocketOptions: SocketOptions{FramePingsIgnored: ignored, NoPing: true, NoAuthRequest: true}}, func(b *bench) {
			t := b.t
			w := b.socket()
			start := time.Now()
			if r := w.ask("ping", "null"); r.Code != 1000 {
				t.Errorf("want 1000 of an old Studio, got %s", r.body)
			}
			reader := w.conn.CloseRead(t.Context())
			for range 4 {
				time.Sleep(20 * time.Second) //nolint:forbidigo // in a bubble
				_ = w.conn.Ping(t.Context())
			}
			if alive := reader.Err() == nil; alive == ignored {
				t.Errorf("ignored=%v: alive=%v after %v", ignored, alive, time.Since(start))
			}
		})
	}
}

func TestSubscriptions(t *testing.T) {
	trait := `[{"deviceId":"` + Door + `","endpointId":2,"functionCode":"Contact","traitCodes":["ContactSensorState"]}]`
	for name, c := range map[string]struct {
		asks [][2]string
		want string // which of strip, door, event arrive
	}{
		"nothing":    {nil, ""},
		"all":        {[][2]string{{"SubscribeAllRequest", ""}}, "strip door event"},
		"null":       {[][2]string{{"SubscribeAllRequest", "null"}}, "strip door event"},
		"empty list": {[][2]string{{"SubscribeAllRequest", "[]"}}, "event"},
		"one":        {[][2]string{{"SubscribeAllRequest", `["` + Strip + `"]`}}, "strip event"},
		"two, one by one": {
			[][2]string{{"SubscribeAllRequest", `["` + Strip + `"]`}, {"SubscribeAllRequest", `["` + Door + `"]`}}, "strip door event",
		},
		"list ends all": {[][2]string{{"SubscribeAllRequest", ""}, {"SubscribeAllRequest", `["` + Door + `"]`}}, "door event"},
		"unsubscribed":  {[][2]string{{"SubscribeAllRequest", ""}, {"UnsubscribeAllRequest", ""}}, "event"},
		"ids ignored":   {[][2]string{{"SubscribeAllRequest", ""}, {"UnsubscribeAllRequest", `["` + Door + `"]`}}, "strip door event"},
		"one less": {
			[][2]string{{"SubscribeAllRequest", `["` + Strip + `","` + Door + `"]`}, {"UnsubscribeAllRequest", `["` + Door + `"]`}}, "strip event",
		},
		"trait":       {[][2]string{{"SubscribeTraitValueRequest", trait}}, "door event"},
		"trait wiped": {[][2]string{{"SubscribeTraitValueRequest", trait}, {"SubscribeAllRequest", `["` + Strip + `"]`}}, "strip event"},
		"trait off":   {[][2]string{{"SubscribeTraitValueRequest", trait}, {"UnsubscribeTraitValueRequest", trait}}, "event"},
		"no traits":   {[][2]string{{"SubscribeTraitValueRequest", "[]"}}, "event"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(b *bench) {
				t := b.t
				w := b.socket()
				for _, a := range c.asks {
					if r := w.ask(a[0], a[1]); r.Code != 0 || string(r.Data) != `""` {
						t.Errorf("%v: got %s", a, r.body)
					}
				}
				_ = b.Set(Strip, 2, "Output", "OnOff", false)
				_ = b.Set(Door, 2, "Contact", "ContactSensorState", true)
				_ = b.Remove(Climate)
				w.send(message("ping", ""))
				var got []string
				for {
					r, err := w.next()
					if err != nil || r.Type == "pong" {
						break
					}
					got = append(got, map[bool]string{true: "event", false: map[bool]string{true: "strip", false: "door"}[strings.Contains(r.body, Strip)]}[r.Type == "objectEvent"])
				}
				if g := strings.Join(got, " "); g != c.want {
					t.Errorf("want %q, got %q", c.want, g)
				}
			})
		})
	}
	bubble(t, Options{TokenOptions: TokenOptions{Scopes: []string{"/devices"}}}, func(b *bench) {
		t := b.t
		w := b.socket()
		for kind, code := range map[string]int{"SubscribeAllRequest": 403, "GetSpacesRequest": 403, "GetAllDeviceInfoRequest": 0, "NoRequest": 1000} {
			if r := w.ask(kind, ""); r.Code != code {
				t.Errorf("%s: want %d, got %s", kind, code, r.body)
			}
		}
	})
	bubble(t, Options{SocketOptions: SocketOptions{NoQueries: true}}, func(b *bench) {
		t := b.t
		w := b.socket()
		for kind, data := range map[string]string{"GetSpacesRequest": "", "SubscribeTraitValueRequest": "", "SubscribeAllRequest": "{}", "AuthRequest": "{}"} {
			if r := w.ask(kind, data); r.Code != 1000 {
				t.Errorf("%s: want 1000, got %s", kind, r.body)
			}
		}
	})
}

func TestPushes(t *testing.T) {
	bubble(t, Options{SocketOptions: SocketOptions{OnlineEvents: true}}, func(b *bench) {
		t := b.t
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		_ = b.Press(Outlet, 5, "DoublePress")
		w.want("TraitValueUpdate", `"value":"1"`)
		_ = b.Press(Outlet, 5, "DoublePress")
		r := w.want("TraitValueUpdate", `"traitCode":"ButtonEvent"`)
		if r.MsgID == "" || r.Data[0] != '[' {
			t.Errorf("got %s", r.body)
		}
		_ = b.SetOnline(Strip, false)
		w.want("TraitValueUpdate", "Reachable")
		w.want("objectEvent", "DEVICE_OFFLINE")
		_ = b.Rename(Strip, "Neu")
		w.want("TraitValueUpdate", "EndpointName")
		w.want("objectEvent", "DEVICE_NAME_UPDATE")
		low, high := 10.0, 90.0
		_ = b.SetRange(Address{Strip, 2, "LevelControl", "CurrentLevel"}, &low, &high, nil)
		w.want("objectEvent", "DEVICE_TRAIT_PARAMETER_UPDATE")
		d := DefaultHome().Devices[0]
		d.ID = "new"
		_ = b.Add(d)
		w.want("objectEvent", `"endpointIds":[0,2]`)
		_ = b.SetAll(map[Address]any{
			{Climate, 2, "Temperature", "CurrentTemperature"}:   19.5,
			{Climate, 3, "RelativeHumidity", "CurrentHumidity"}: 50,
			{Climate, 4, "Pressure", "CurrentPressure"}:         98.4, // unchanged
		})
		if r := w.want("TraitValueUpdate", "19.5"); strings.Count(r.body, "traitCode") != 2 {
			t.Errorf("want two news, got %s", r.body)
		}
		b.call("ExecuteTraitRequest", "["+writeItem(Curtain, 2, "WindowCovering", "TargetPositionPercentage", "55")+"]")
		w.want("TraitValueUpdate", "TargetPositionPercentage")
		w.want("TraitValueUpdate", `"value":"1"`)
		w.want("TraitValueUpdate", `"value":45.0`)
		w.want("TraitValueUpdate", `"value":55.0`)
	})
	bubble(t, Options{SocketOptions: SocketOptions{DuplicatePush: true, PushUnchanged: true, Snapshot: SnapshotBefore, Greeting: true}}, func(b *bench) {
		w := b.socket()
		w.want("AuthResponse", "Welcome")
		w.want("AuthResponse", "Welcome")
		w.send(message("SubscribeAllRequest", `["`+Door+`"]`))
		w.want("TraitValueUpdate", "ContactSensorState")
		w.want("TraitValueUpdate", "ContactSensorState")
		w.want("SubscribeAllResponse", `"code":0`)
		_ = b.Set(Door, 2, "Contact", "ContactSensorState", false)
		w.want("TraitValueUpdate", `"value":false`)
		w.want("TraitValueUpdate", `"value":false`)
	})
	bubble(t, Options{SocketOptions: SocketOptions{Snapshot: SnapshotAfter}}, func(b *bench) {
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		w.want("TraitValueUpdate", "CurrentLevel")
	})
}

func TestSocketFaults(t *testing.T) {
	bubble(t, Options{}, func(b *bench) {
		t := b.t
		b.Faults().Fail(fault.Fault{Match: "WebSocket", Kind: fault.Status, Status: 503})
		if _, status, err := b.dial(b.headers()); err == nil || status != http.StatusServiceUnavailable {
			t.Errorf("want 503, got %v", err)
		}
		w := b.socket()
		b.Faults().Fail(fault.Fault{Match: "ping", Kind: fault.Hang})
		b.Faults().Fail(fault.Fault{Match: "ping", Kind: FailCode, Code: 500})
		b.Faults().Fail(fault.Fault{Match: "ping", Kind: fault.Slow, Delay: 5 * time.Second, After: true, Skip: 2})
		b.Faults().Fail(fault.Fault{Match: "ping", Kind: fault.Truncated, Skip: 1})
		w.send(message("ping", ""))
		if r := w.ask("ping", ""); r.Code != 500 {
			t.Errorf("want the second ping to be answered, by 500, got %s", r.body)
		}
		start := time.Now()
		if r := w.ask("ping", ""); r.Type != "pong" || time.Since(start) != 5*time.Second {
			t.Errorf("want a slow pong, got %s after %v", r.body, time.Since(start))
		}
		if r := w.ask("ping", ""); json.Valid([]byte(r.body)) {
			t.Errorf("want half a pong, got %s", r.body)
		}
		b.Mute(true)
		w.send(message("ping", ""))
		synctest.Wait()
		b.Mute(false)
		b.Faults().Fail(fault.Fault{Match: "ping", Kind: fault.Reset})
		w.send(message("ping", ""))
		w.closes(0)
		w = b.socket()
		b.DropSockets(1001)
		w.closes(websocket.StatusGoingAway)
		w = b.socket()
		b.DropSockets(0)
		w.closes(0)
		if r := b.must("GET", SocketPath, ""); r.status != http.StatusUpgradeRequired {
			t.Errorf("plain GET: got %d", r.status)
		}
		if c := b.Counters(); c.SocketsOpened != 3 || c.ByType["ping"] != 6 {
			t.Errorf("got %+v", c)
		}
	})
	bubble(t, Options{SocketOptions: SocketOptions{NoSocket: true}}, func(b *bench) {
		t := b.t
		if _, status, err := b.dial(b.headers()); err == nil || status != http.StatusNotFound {
			t.Errorf("want 404, got %v", err)
		}
	})
}
