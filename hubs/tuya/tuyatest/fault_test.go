package tuyatest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const plugPath = "/v1.0/devices/" + Plug

// try makes one business call that may fail on the way.
func (b *bench) try(method, target, body string) (reply, error) {
	b.t.Helper()
	return b.send(b.request(method, target, body, b.token))
}

// Each kind strikes once, and leaves no trace on the next call.
func TestFaultKinds(t *testing.T) {
	for name, c := range map[string]struct {
		f     Fault
		check func(r reply, err error) bool
	}{
		"500":         {Fault{Kind: FailStatus}, func(r reply, _ error) bool { return r.status == 500 && r.code() == 500 }},
		"401":         {Fault{Kind: FailStatus, Status: 401}, func(r reply, _ error) bool { return r.status == 401 && !r.Success }},
		"403":         {Fault{Kind: FailStatus, Status: 403}, func(r reply, _ error) bool { return r.status == 403 }},
		"429":         {Fault{Kind: FailStatus, Status: 429}, func(r reply, _ error) bool { return r.status == 429 && r.header.Get("Retry-After") == "" }},
		"429 wait":    {Fault{Kind: FailStatus, Status: 429, RetryAfter: "7"}, func(r reply, _ error) bool { return r.header.Get("Retry-After") == "7" }},
		"503 by code": {Fault{Kind: FailStatus, Status: 503, Code: 1111}, func(r reply, _ error) bool { return r.status == 503 && r.code() == 1111 }},
		"code":        {Fault{Kind: FailCode, Code: 1010}, func(r reply, _ error) bool { return r.status == 200 && r.code() == 1010 && *r.Msg == "token invalid" }},
		"reset":       {Fault{Kind: Reset}, func(_ reply, err error) bool { return err != nil }},
		"cut":         {Fault{Kind: Cut}, func(r reply, err error) bool { return err != nil && r.status == 200 }},
		"truncated":   {Fault{Kind: Truncated}, func(r reply, err error) bool { return err == nil && !json.Valid([]byte(r.body)) && len(r.body) > 100 }},
		"html":        {Fault{Kind: HTML}, func(r reply, _ error) bool { return r.status == 200 && strings.HasPrefix(r.body, "<!DOCTYPE") }},
		"html 502":    {Fault{Kind: HTML, Status: 502}, func(r reply, _ error) bool { return r.status == 502 }},
		"empty":       {Fault{Kind: Empty200}, func(r reply, _ error) bool { return r.status == 200 && r.body == "" }},
		"huge":        {Fault{Kind: Huge, Size: 2}, func(r reply, _ error) bool { return len(r.body) > 2<<20 && r.Success }},
		"deep":        {Fault{Kind: Deep, Size: 20_000}, func(r reply, _ error) bool { return strings.Count(r.body, "[") == 20_000 }},
		"wrong types": {Fault{Kind: WrongTypes}, func(r reply, _ error) bool { return strings.Contains(r.body, `"online":"perhaps"`) }},
		"loose":       {Fault{Kind: LooseValues}, func(r reply, _ error) bool { return strings.Contains(r.body, `"code":"switch_1","value":"true"`) }},
		"lost reply":  {Fault{Kind: LostReply}, func(_ reply, err error) bool { return err != nil }},
		"clock": {Fault{Kind: Clock, Offset: time.Hour}, func(r reply, _ error) bool {
			return r.code() == codeTime && time.Until(time.UnixMilli(r.T)) > 59*time.Minute
		}},
		"by path":    {Fault{Kind: FailCode, Code: 500, Match: plugPath}, func(r reply, _ error) bool { return r.code() == 500 }},
		"by op":      {Fault{Kind: FailCode, Code: 500, Match: OpDevice}, func(r reply, _ error) bool { return r.code() == 500 }},
		"another op": {Fault{Kind: FailCode, Code: 500, Match: OpStatus}, func(r reply, _ error) bool { return r.Success }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Options{})
			b.login()
			b.Fail(c.f)
			if r, err := b.try("GET", plugPath, ""); !c.check(r, err) {
				t.Errorf("got %d %v %.300s", r.status, err, r.body)
			}
			calls := b.Calls()
			if struck := name != "another op" && name != "clock"; (calls[len(calls)-1].Fault == c.f.Kind) != struck {
				t.Errorf("want the fault in the books, got %+v", calls[len(calls)-1])
			}
			if r, err := b.try("GET", plugPath, ""); err != nil || !r.Success {
				t.Errorf("want the next call fine, got %v %s", err, r.body)
			}
		})
	}
}

func TestFaultCounts(t *testing.T) {
	b := newBench(t, Options{})
	b.login()
	b.Fail(Fault{Kind: FailCode, Code: 500, Skip: 1, Times: 2})
	b.Fail(Fault{Kind: FailCode, Code: 1111, Times: -1})
	for i, want := range []int{1111, 500, 500, 1111, 1111} {
		if r, _ := b.try("GET", plugPath, ""); r.code() != want {
			t.Errorf("call %d: want %d, got %s", i, want, r.body)
		}
	}
	b.Heal()
	b.wants(0, "GET", plugPath, "")
}

func TestHangAndSlow(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		b.login()
		b.Fail(Fault{Kind: Hang})
		b.client.Timeout = time.Minute
		start := time.Now()
		if _, err := b.try("GET", plugPath, ""); err == nil || time.Since(start) != time.Minute {
			t.Errorf("want no answer for a minute, got %v after %s", err, time.Since(start))
		}
		b.Fail(Fault{Kind: Slow, Delay: 10 * time.Second})
		b.Fail(Fault{Kind: Slow, Delay: 5 * time.Second, After: true})
		start = time.Now()
		if r, err := b.try("GET", plugPath, ""); err != nil || !r.Success || time.Since(start) != 15*time.Second {
			t.Errorf("want the answer after 15 s, got %v %s after %s", err, r.body, time.Since(start))
		}
	})
}

// A reply that is lost on a refresh has killed the old pair all the same.
func TestLostRefresh(t *testing.T) {
	b := newBench(t, Options{})
	first := b.login()
	b.Fail(Fault{Kind: LostReply, Match: OpRefresh})
	if _, err := b.send(b.request("GET", "/v1.0/token/"+first.Refresh, "", "")); err == nil {
		t.Fatal("want the reply lost")
	}
	if r := b.refreshWith(first.Refresh); r.code() != codeGrant || b.alive(first.Access) {
		t.Errorf("want the old pair dead, got %s", r.body)
	}
	b.login()
	b.wants(0, "GET", plugPath, "")
}

// A command whose reply is lost was carried out; one that the fault struck first was not.
func TestCommandFaults(t *testing.T) {
	b := newBench(t, Options{})
	b.login()
	path, off := "/v1.0/devices/"+Plug+"/commands", `{"commands":[{"code":"switch_1","value":false}]}`
	b.Fail(Fault{Kind: FailStatus, Match: OpCommands})
	_, _ = b.try("POST", path, off)
	b.has(Plug, "switch_1", "true")
	b.Fail(Fault{Kind: Ignored, Match: OpCommands})
	b.wants(0, "POST", path, off)
	b.has(Plug, "switch_1", "true")
	b.Fail(Fault{Kind: FailStatus, Match: OpCommands, After: true})
	_, _ = b.try("POST", path, off)
	b.has(Plug, "switch_1", "false")
	b.Fail(Fault{Kind: Stale, Match: OpStatus})
	var got []statusEntry
	b.get("/v1.0/iot-03/devices/"+Plug+"/status", &got)
	if got[0].Value != true {
		t.Errorf("want a stale read, got %v", got[0])
	}
	b.get("/v1.0/iot-03/devices/"+Plug+"/status", &got)
	if got[0].Value != false {
		t.Errorf("want the truth, got %v", got[0])
	}
	if n := len(b.Executed()); n != 2 {
		t.Errorf("want two orders accepted, got %+v", b.Executed())
	}
}

func TestPageFaults(t *testing.T) {
	type page struct {
		Devices []listed `json:"devices"`
		More    bool     `json:"has_more"`
		Key     string   `json:"last_row_key"`
	}
	const list = "/v1.0/iot-01/associated-users/devices?size=20&last_row_key="
	b := newBench(t, Options{})
	b.Fail(Fault{Kind: FailCode, Code: 500, Match: OpLinkedDevices, Page: 2})
	var first, second page
	b.get(list, &first)
	b.wants(500, "GET", list+first.Key, "")
	b.get(list+first.Key, &second)
	b.Fail(Fault{Kind: EmptyPage, Page: 2})
	var got page
	b.get(list+first.Key, &got)
	if len(got.Devices) != 0 || !got.More || got.Key != second.Key {
		t.Errorf("want a page without rows, got %+v", got)
	}
	b.Fail(Fault{Kind: RepeatKey, Page: 2})
	got = page{}
	b.get(list+first.Key, &got)
	if got.Key != first.Key || !got.More || len(got.Devices) != 20 {
		t.Errorf("want the page's own key again, got %+v", got)
	}
	pages := []int{}
	for _, call := range b.Calls() {
		if call.Op == OpLinkedDevices {
			pages = append(pages, call.Page)
		}
	}
	if want := "[1 2 2 2 2]"; strings.Join(strings.Fields(string(mustJSON(pages))), "") != strings.ReplaceAll(want, " ", ",") {
		t.Errorf("want pages %s, got %v", want, pages)
	}
}

func TestPushFaults(t *testing.T) {
	for name, c := range map[string]struct {
		f    Fault
		want string // values of basic_device_volume as they come, after 7 and 8 were reported
	}{
		"none":         {Fault{Kind: FailStatus, Match: OpStatus}, "7 8"},
		"duplicate":    {Fault{Kind: Duplicate}, "7 7 8"},
		"four times":   {Fault{Kind: Duplicate, Size: 3}, "7 7 7 7 8"},
		"bounce":       {Fault{Kind: Bounce}, "7 4 7 8"},
		"lost":         {Fault{Kind: Lost}, "8"},
		"out of order": {Fault{Kind: OutOfOrder}, "8 7"},
		"delayed":      {Fault{Kind: Delayed, Delay: 5 * time.Second}, "8 7"},
		"loose":        {Fault{Kind: LooseValues, Match: OpReport}, `"7" 8`},
		"wrong types":  {Fault{Kind: WrongTypes, Match: OpReport}, `[7,"?"] 8`},
		"an event":     {Fault{Kind: Lost, Match: OpEvent}, "7 8"},
		"a report":     {Fault{Kind: Lost, Match: OpReport, Skip: 1}, "7"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, b *bench) {
				e := b.listen("?subscriptionType=Failover") // nothing comes again by itself
				b.Fail(c.f)
				b.set(Camera, "basic_device_volume", 7)
				b.set(Camera, "basic_device_volume", 8)
				pass(20 * time.Second)
				values := []string{}
				for range strings.FieldsSeq(c.want) {
					got := e.take()
					list, _ := got.Data["properties"].([]any)
					m, _ := list[0].(map[string]any)
					values = append(values, string(mustJSON(m["value"])))
				}
				if got := strings.Join(values, " "); got != c.want {
					t.Errorf("want %s, got %s", c.want, got)
				}
				if got := e.next(20 * time.Second); got != nil {
					t.Errorf("want nothing more, got %+v", got.Inner)
				}
			})
		})
	}
}

func TestSplitAndGarbled(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		b.Fail(Fault{Kind: Split})
		b.Fail(Fault{Kind: OutOfOrder})
		if err := b.SetAll(Climate, map[string]any{"va_humidity": 60, "va_temperature": 200}); err != nil {
			t.Fatal(err)
		}
		if got := e.take(); got.value("va_temperature") != 200.0 || got.value("va_humidity") != nil {
			t.Errorf("want the last value first, alone, got %+v", got.Inner)
		}
		e.take()
		for _, kind := range []Kind{Garbled, Truncated} {
			b.Fail(Fault{Kind: kind, Match: OpReport})
			b.set(Climate, "va_humidity", len(kind))
			ctx := t.Context()
			_, raw, err := e.conn.Read(ctx)
			if err != nil || !json.Valid(raw) {
				t.Errorf("%s: want a frame around it all the same, got %s %v", kind, raw, err)
			}
			var f frame
			_ = json.Unmarshal(raw, &f)
			e.ack(&heard{frame: f})
		}
	})
}

func TestFlap(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		b.Fail(Fault{Kind: Flap, Times: 2, Delay: 3 * time.Second, Code: 1011})
		for range 2 {
			e := b.listen(usualQuery)
			start := time.Now()
			_, _, err := e.conn.Read(t.Context())
			if websocket.CloseStatus(err) != websocket.StatusInternalError || time.Since(start) != 3*time.Second {
				t.Errorf("want the consumer gone after 3 s, got %v after %s", err, time.Since(start))
			}
		}
		e := b.listen(usualQuery)
		if got := e.next(time.Minute); got != nil {
			t.Errorf("want quiet, got %+v", got)
		}
		b.Fail(Fault{Kind: FailStatus, Status: 503, Match: OpPulsar})
		if _, status, err := b.dial(b.topic("event")+usualQuery, b.credentials()); err == nil || status != 503 {
			t.Errorf("want the upgrade refused, got %d %v", status, err)
		}
	})
}

// A huge answer ends when the client has enough.
func TestHugeIsStreamed(t *testing.T) {
	b := newBench(t, Options{})
	b.login()
	b.Fail(Fault{Kind: Huge, Size: 1 << 14})
	resp, err := b.client.Do(b.request("GET", plugPath, "", b.token))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := io.CopyN(io.Discard, resp.Body, 1<<20)
	_ = resp.Body.Close()
	if n != 1<<20 || resp.StatusCode != http.StatusOK {
		t.Errorf("want a stream, got %d bytes and %d", n, resp.StatusCode)
	}
}
