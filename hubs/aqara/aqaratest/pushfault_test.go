package aqaratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// hear lists what arrives within d: when, and the values or the event, or "pong". Pings
// keep the socket awake.
func (w *wire) hear(d time.Duration) (out []string) {
	w.t.Helper()
	start := time.Now()
	timer := time.AfterFunc(d, func() { _ = w.conn.Write(w.t.Context(), websocket.MessageText, []byte(message("ping", ""))) })
	defer timer.Stop()
	for {
		r, err := w.next()
		at := time.Since(start).Round(time.Second)
		switch {
		case err != nil:
			return append(out, fmt.Sprint(at, " closed"))
		case r.Type == "pong":
			return out
		case !json.Valid([]byte(r.body)):
			out = append(out, fmt.Sprint(at, " broken"))
		case r.Type == "objectEvent":
			var e struct{ EventType string }
			r.decode(w.t, &e)
			out = append(out, fmt.Sprint(at, " ", e.EventType))
		default:
			var items []struct{ Value json.RawMessage }
			if json.Unmarshal(r.Data, &items) != nil {
				out = append(out, fmt.Sprint(at, " odd"))
				continue
			}
			var values []string
			for _, it := range items {
				values = append(values, string(it.Value))
			}
			out = append(out, fmt.Sprint(at, " ", strings.Join(values, ",")))
		}
	}
}

func TestPushFaults(t *testing.T) {
	level := func(b *bench, v float64) { _ = b.Set(Strip, 2, "LevelControl", "CurrentLevel", v) }
	for name, c := range map[string]struct {
		faults []fault.Fault
		want   []string // of levels 10, 20, 30 and 40, two seconds apart
	}{
		"none":               {nil, []string{"0s 10.0", "2s 20.0", "4s 30.0", "6s 40.0"}},
		"duplicate":          {[]fault.Fault{{Kind: fault.Duplicate}}, []string{"0s 10.0", "0s 10.0", "2s 20.0", "4s 30.0", "6s 40.0"}},
		"three times":        {[]fault.Fault{{Kind: fault.Duplicate, Size: 2, Skip: 3}}, []string{"0s 10.0", "2s 20.0", "4s 30.0", "6s 40.0", "6s 40.0", "6s 40.0"}},
		"lost":               {[]fault.Fault{{Kind: fault.Lost, Times: 2, Skip: 1}}, []string{"0s 10.0", "6s 40.0"}},
		"all lost":           {[]fault.Fault{{Kind: fault.Lost, Times: -1}}, nil},
		"out of order":       {[]fault.Fault{{Kind: fault.OutOfOrder}}, []string{"2s 20.0", "2s 10.0", "4s 30.0", "6s 40.0"}},
		"two held":           {[]fault.Fault{{Kind: fault.OutOfOrder, Times: 2}}, []string{"4s 30.0", "4s 10.0", "4s 20.0", "6s 40.0"}},
		"held, none follows": {[]fault.Fault{{Kind: fault.OutOfOrder, Skip: 3}}, []string{"0s 10.0", "2s 20.0", "4s 30.0", "16s 40.0"}},
		"held, in time":      {[]fault.Fault{{Kind: fault.OutOfOrder, Delay: time.Second}}, []string{"1s 10.0", "2s 20.0", "4s 30.0", "6s 40.0"}},
		"delayed":            {[]fault.Fault{{Kind: fault.Delayed, Delay: 3 * time.Second}}, []string{"2s 20.0", "3s 10.0", "4s 30.0", "6s 40.0"}},
		"all delayed":        {[]fault.Fault{{Kind: fault.Delayed, Delay: 3 * time.Second, Times: -1}}, []string{"3s 10.0", "5s 20.0", "7s 30.0", "9s 40.0"}},
		"bounce":             {[]fault.Fault{{Kind: fault.Bounce, Skip: 1}}, []string{"0s 10.0", "2s 20.0", "2s 10.0", "2s 20.0", "4s 30.0", "6s 40.0"}},
		"bounce twice":       {[]fault.Fault{{Kind: fault.Bounce, Size: 2}}, []string{"0s 10.0", "0s 62.0", "0s 10.0", "0s 62.0", "0s 10.0", "2s 20.0", "4s 30.0", "6s 40.0"}},
		"truncated":          {[]fault.Fault{{Kind: fault.Truncated, Match: "TraitValueUpdate"}}, []string{"0s broken", "2s 20.0", "4s 30.0", "6s 40.0"}},
		"loose":              {[]fault.Fault{{Kind: LooseValues, Match: "TraitValueUpdate"}}, []string{`0s "10"`, "2s 20.0", "4s 30.0", "6s 40.0"}},
		"wrong types":        {[]fault.Fault{{Kind: fault.WrongTypes, Match: "TraitValueUpdate"}}, []string{`0s [10,"?"]`, "2s 20.0", "4s 30.0", "6s 40.0"}},
		"of events":          {[]fault.Fault{{Kind: fault.Lost, Match: "objectEvent"}}, []string{"0s 10.0", "2s 20.0", "4s 30.0", "6s 40.0"}},
		"of calls":           {[]fault.Fault{{Kind: fault.Truncated}, {Kind: fault.Lost, Match: "ping"}}, []string{"0s 10.0", "2s 20.0", "4s 30.0", "6s 40.0"}},
		"two at once":        {[]fault.Fault{{Kind: fault.Duplicate}, {Kind: fault.Delayed, Delay: time.Second}}, []string{"1s 10.0", "1s 10.0", "2s 20.0", "4s 30.0", "6s 40.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(b *bench) {
				w := b.socket()
				w.ask("SubscribeAllRequest", "")
				for _, f := range c.faults {
					b.Faults().Fail(f)
				}
				for i, v := range []float64{10, 20, 30, 40} {
					time.AfterFunc(time.Duration(i)*2*time.Second, func() { level(b, v) })
				}
				time.AfterFunc(19*time.Second, b.Faults().Heal)
				if d := cmp.Diff(c.want, w.hear(20*time.Second)); d != "" {
					b.t.Error(d)
				}
			})
		})
	}
}

func TestSplitPushes(t *testing.T) {
	for name, c := range map[string]struct {
		faults []fault.Fault
		want   []string
	}{
		"together":               {nil, []string{"0s 19.5,50.0,99.0"}},
		"split":                  {[]fault.Fault{{Kind: fault.Split}}, []string{"0s 19.5", "0s 50.0", "0s 99.0"}},
		"split, last one first":  {[]fault.Fault{{Kind: fault.Split}, {Kind: fault.OutOfOrder}}, []string{"0s 99.0", "0s 50.0", "0s 19.5"}},
		"split and twice":        {[]fault.Fault{{Kind: fault.Split}, {Kind: fault.Duplicate}}, []string{"0s 19.5", "0s 19.5", "0s 50.0", "0s 50.0", "0s 99.0", "0s 99.0"}},
		"split and delayed":      {[]fault.Fault{{Kind: fault.Split}, {Kind: fault.Delayed, Delay: time.Second}}, []string{"1s 19.5", "1s 50.0", "1s 99.0"}},
		"split and out of sight": {[]fault.Fault{{Kind: fault.Split}, {Kind: fault.Lost}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(b *bench) {
				w := b.socket()
				w.ask("SubscribeAllRequest", "")
				for _, f := range c.faults {
					b.Faults().Fail(f)
				}
				_ = b.SetAll(map[Address]any{
					{Climate, 2, "Temperature", "CurrentTemperature"}:   19.5,
					{Climate, 3, "RelativeHumidity", "CurrentHumidity"}: 50,
					{Climate, 4, "Pressure", "CurrentPressure"}:         99,
				})
				if d := cmp.Diff(c.want, w.hear(5*time.Second)); d != "" {
					b.t.Error(d)
				}
			})
		})
	}
}

func TestPushedTimes(t *testing.T) {
	bubble(t, Options{}, func(b *bench) {
		t := b.t
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		start := time.Now()
		b.Faults().Fail(fault.Fault{Kind: fault.Delayed, Delay: time.Minute / 3})
		b.Faults().Fail(fault.Fault{Kind: fault.Duplicate})
		_ = b.Press(Button, 2, "SinglePress")
		first := w.want("TraitValueUpdate", "ButtonEvent")
		var items []struct{ Time int64 }
		first.decode(t, &items)
		if items[0].Time != start.UnixMilli() || time.Since(start) != 20*time.Second {
			t.Errorf("want the time of the press, got %d after %v", items[0].Time, time.Since(start))
		}
		if again := w.want("TraitValueUpdate", "ButtonEvent"); again.body != first.body {
			t.Errorf("want the same to the last byte, got %s", again.body)
		}
	})
}

func TestEventFaults(t *testing.T) {
	bubble(t, Options{}, func(b *bench) {
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		b.Faults().Fail(fault.Fault{Kind: fault.OutOfOrder, Match: "objectEvent"})
		d := DefaultHome().Devices[0]
		d.ID = "new"
		_ = b.Add(d)
		_ = b.Remove("new")
		b.Faults().Fail(fault.Fault{Kind: fault.Duplicate, Match: "objectEvent"})
		b.Faults().Fail(fault.Fault{Kind: fault.Lost, Match: "TraitValueUpdate"})
		_ = b.Add(d)
		_ = b.Press(Button, 2, "SinglePress")
		want := []string{"0s DEVICE_REMOVED", "0s DEVICE_ADDED", "0s DEVICE_ADDED", "0s DEVICE_ADDED"}
		if d := cmp.Diff(want, w.hear(5*time.Second)); d != "" {
			b.t.Error(d)
		}
	})
}

func TestFlappingSockets(t *testing.T) {
	bubble(t, Options{}, func(b *bench) {
		t := b.t
		b.Faults().Fail(fault.Fault{Kind: fault.Flap, Delay: 3 * time.Second, Times: 2})
		b.Faults().Fail(fault.Fault{Kind: fault.Flap, Code: 1012, Skip: 2})
		b.call("GetSpacesRequest", "").is(t, 200, 0) // is no socket, and none of its business
		for i, want := range []struct {
			after time.Duration
			code  websocket.StatusCode
		}{{3 * time.Second, 0}, {3 * time.Second, 0}, {0, websocket.StatusServiceRestart}} {
			start := time.Now()
			w := b.socket()
			w.closes(want.code)
			if d := time.Since(start); d != want.after {
				t.Errorf("%d: want an end after %v, got %v", i, want.after, d)
			}
		}
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		_ = b.Press(Button, 2, "SinglePress")
		if got := w.hear(10 * time.Second); len(got) != 1 {
			t.Errorf("want a steady socket, got %v", got)
		}
		if n := b.Counters().SocketsOpened; n != 4 {
			t.Errorf("want 4 sockets, got %d", n)
		}
	})
}

func TestMuteStaysOpen(t *testing.T) {
	bubble(t, Options{}, func(b *bench) {
		t := b.t
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		b.Mute(true)
		_ = b.Press(Button, 2, "SinglePress")
		for range 5 {
			w.send(message("ping", ""))
			time.Sleep(20 * time.Second) //nolint:forbidigo // in a bubble
		}
		if n := b.Counters().Sockets; n != 1 {
			t.Errorf("want the socket open, got %d", n)
		}
		b.Mute(false)
		_ = b.Press(Button, 2, "LongPress")
		w.want("TraitValueUpdate", `"value":"2"`) // what was said meanwhile is lost
	})
}

func TestLateForAClosedSocket(t *testing.T) {
	bubble(t, Options{}, func(b *bench) {
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		b.Faults().Fail(fault.Fault{Kind: fault.Delayed, Delay: 5 * time.Second})
		b.Faults().Fail(fault.Fault{Kind: fault.OutOfOrder, Skip: 1})
		_ = b.Press(Button, 2, "SinglePress")
		_ = b.Press(Button, 2, "DoublePress")
		b.DropSockets(1001)
		w.closes(websocket.StatusGoingAway)
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble
	})
}

func TestPushFaultsByControl(t *testing.T) {
	s := New(Options{Home: FullHome()})
	b := &bench{Studio: s, t: t}
	post := func(path, body string) int {
		w := &recorder{header: http.Header{}, status: 200}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		s.Control().ServeHTTP(w, r)
		return w.status
	}
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/fault", `{"kind":"duplicate","match":"TraitValueUpdate","times":3}`, 200},
		{"/fault", `{"kind":"out-of-order","delay":1000000000}`, 200},
		{"/fault", `{"kind":"flap","delay":1000000000,"times":-1,"code":1012}`, 200},
		{"/heal", ``, 200},
		{"/addendpoint", `{"deviceId":"` + Presence + `","endpoint":{"id":6}}`, 200},
		{"/addendpoint", `{"deviceId":"` + Presence + `","endpoint":{"id":6}}`, 400},
		{"/removeendpoint", `{"deviceId":"` + Presence + `","endpointId":6}`, 200},
		{"/removeendpoint", `{"deviceId":"` + Presence + `","endpointId":6}`, 400},
		{"/turn", `{"deviceId":"` + Lock + `","endpointId":2,"on":false,"source":3,"user":1}`, 200},
		{"/turn", `{"deviceId":"` + Fan + `","endpointId":2}`, 400},
		{"/rotate", `{"deviceId":"` + Knob + `","endpointId":2,"value":-36}`, 200},
		{"/rotate", `{"deviceId":"` + Cube + `","endpointId":2,"value":-36}`, 400},
		{"/enable", `{"automationId":"auto_15b0cde_1275","on":true}`, 200},
		{"/enable", `{"automationId":"none"}`, 400},
		{"/set", `{"deviceId":"` + AirQuality + `","endpointId":4,"functionCode":"ParticulateMatter","traitCode":"PM2.5Density","value":33}`, 200},
	} {
		if got := post(c.path, c.body); got != c.status {
			t.Errorf("%s %s: want %d, got %d", c.path, c.body, c.status, got)
		}
	}
	b.check(Lock, "2 DoorLock LockState=2")
	b.check(Knob, "2 Knob RotationAngle=-36; 2 Knob RotationDirection=1; 2 Knob RotationEvent=0")
	b.check(AirQuality, "4 ParticulateMatter PM2.5Density=33")
	if s.faults.Pending() != 0 {
		t.Errorf("want no faults left, got %d", s.faults.Pending())
	}
}

// recorder is a ResponseWriter that keeps the status.
type recorder struct {
	header http.Header
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
