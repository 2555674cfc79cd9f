package tuyatest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
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
		f     fault.Fault
		check func(r reply, err error) bool
	}{
		"code":        {fault.Fault{Kind: FailCode, Code: 1010}, func(r reply, _ error) bool { return r.status == 200 && r.code() == 1010 && *r.Msg == "token invalid" }},
		"reset":       {fault.Fault{Kind: fault.Reset}, func(_ reply, err error) bool { return err != nil }},
		"cut":         {fault.Fault{Kind: fault.Cut}, func(r reply, err error) bool { return err != nil && r.status == 200 }},
		"truncated":   {fault.Fault{Kind: fault.Truncated}, func(r reply, err error) bool { return err == nil && !json.Valid([]byte(r.body)) && len(r.body) > 100 }},
		"wrong types": {fault.Fault{Kind: fault.WrongTypes}, func(r reply, _ error) bool { return strings.Contains(r.body, `"online":"perhaps"`) }},
		"loose":       {fault.Fault{Kind: LooseValues}, func(r reply, _ error) bool { return strings.Contains(r.body, `"code":"switch_1","value":"true"`) }},
		"lost reply":  {fault.Fault{Kind: fault.LostReply}, func(_ reply, err error) bool { return err != nil }},
		"clock": {fault.Fault{Kind: fault.Clock, Offset: time.Hour}, func(r reply, _ error) bool {
			return r.code() == codeTime && time.Until(time.UnixMilli(r.T)) > 59*time.Minute
		}},
		"by path":    {fault.Fault{Kind: FailCode, Code: 500, Match: plugPath}, func(r reply, _ error) bool { return r.code() == 500 }},
		"by op":      {fault.Fault{Kind: FailCode, Code: 500, Match: OpDevice}, func(r reply, _ error) bool { return r.code() == 500 }},
		"another op": {fault.Fault{Kind: FailCode, Code: 500, Match: OpStatus}, func(r reply, _ error) bool { return r.Success }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Options{})
			b.login()
			b.Faults().Fail(c.f)
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

// A status is told in the vendor's words: HTTP knows nothing of it, but for the upgrade of
// Pulsar's WebSocket.
func TestStatusInTheVendorsWords(t *testing.T) {
	for name, c := range map[string]struct {
		f    fault.Fault
		o    Options
		code int
		msg  string
	}{
		"none":          {code: 500, msg: "system error,please contact the admin"},
		"401":           {f: fault.Fault{Status: 401}, code: 1010, msg: "token invalid"},
		"401, by old":   {f: fault.Fault{Status: 401}, o: Options{TokenOptions: TokenOptions{InvalidCode: 1012}}, code: 1012, msg: "token status is invalid"},
		"403":           {f: fault.Fault{Status: 403}, code: 28841105, msg: "No permissions. This project is not authorized to call this API"},
		"404":           {f: fault.Fault{Status: 404}, code: 1108, msg: "uri path invalid"},
		"400":           {f: fault.Fault{Status: 400}, code: 1109, msg: "param is illegal,please check it"},
		"429":           {f: fault.Fault{Status: 429}, code: 1110, msg: "concurrent request over limit"},
		"429, by pace":  {f: fault.Fault{Status: 429}, o: Options{LimitOptions: LimitOptions{RateCode: 1199}}, code: 1199, msg: "your requests are too frequent"},
		"429 with time": {f: fault.Fault{Status: 429, RetryAfter: "7"}, code: 1110, msg: "concurrent request over limit"},
		"quota":         {f: fault.Fault{Status: 429, Code: codeQuota}, code: codeQuota, msg: "No permissions. The quota of the trial edition is used up"},
		"502":           {f: fault.Fault{Status: 502}, code: 500, msg: "system error,please contact the admin"},
		"503":           {f: fault.Fault{Status: 503}, code: 1111, msg: "system is busy,please try again later"},
		"503 after":     {f: fault.Fault{Status: 503, After: true}, code: 1111, msg: "system is busy,please try again later"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, c.o)
			b.login()
			c.f.Kind = fault.Status
			b.Faults().Fail(c.f)
			r, err := b.try("GET", plugPath, "")
			if err != nil || r.status != 200 || r.Success || r.code() != c.code || *r.Msg != c.msg || r.T == 0 || r.Tid == "" {
				t.Errorf("want 200 and %d %q, got %v %d %s", c.code, c.msg, err, r.status, r.body)
			}
			if got := r.header.Get("Retry-After"); got != c.f.RetryAfter {
				t.Errorf("want Retry-After %q, got %q", c.f.RetryAfter, got)
			}
			calls := b.Calls()
			if got := calls[len(calls)-1]; got.Status != 200 || got.Code != c.code || got.Fault != fault.Status || b.Counters().ByCode[c.code] != 1 {
				t.Errorf("want the answer in the books, got %+v", got)
			}
		})
	}
	b := newBench(t, Options{})
	b.Faults().Fail(fault.Fault{Kind: FailCode, Status: 502, Code: 500})
	if r := b.must(b.request("GET", "/v1.0/token?grant_type=1", "", "")); r.status != 502 || r.code() != 500 {
		t.Errorf("want an envelope with a status of HTTP, got %d %s", r.status, r.body)
	}
}

// What the table of faults knows of calls: their roles, names and pages, on the way and
// at the data centre.
func TestRoles(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		b.client.Transport = b.Faults().Transport(b.client.Transport)
		strikes := func(f fault.Fault, call func() error) {
			t.Helper()
			f.Kind = fault.DNS
			b.Faults().Fail(f)
			if err := call(); err == nil || b.Faults().Pending() != 0 {
				t.Errorf("%+v: want the call struck, got %v", f, err)
			}
			b.Faults().Heal()
		}
		get := func(target string) func() error {
			return func() error {
				_, err := b.try("GET", target, "")
				return err
			}
		}
		first := b.login()
		strikes(fault.Fault{Role: fault.Renewal, Match: OpToken}, get("/v1.0/token?grant_type=1"))
		strikes(fault.Fault{Role: fault.Renewal, Match: OpRefresh}, get("/v1.0/token/"+first.Refresh))
		strikes(fault.Fault{Role: fault.Call, Match: OpDevice}, get(plugPath))
		strikes(fault.Fault{Role: fault.Call, Page: 1}, get("/v1.0/iot-01/associated-users/devices?size=20"))
		strikes(fault.Fault{Role: fault.Stream, Match: OpAccessConfig}, func() error {
			_, err := b.try("POST", hubPath, linkBody(DefaultUID, "one", "2.0"))
			return err
		})
		strikes(fault.Fault{Role: fault.Stream, Match: OpPulsar}, func() error {
			_, _, err := b.dial(b.topic("event")+usualQuery, b.credentials())
			return err
		})
		b.wants(0, "GET", plugPath, "")
		b.wants(codePath, "GET", "/v9.9/nothing", "")
		b.link(DefaultUID, "one", "2.0")
		b.listen(usualQuery)
		got := b.Faults().Seen()
		want := fault.Seen{Calls: 2, Renewals: 1, Streams: 2, Struck: 6, ByLayer: map[string]int{"": 1}, ByName: map[string]int{
			OpToken: 1, OpDevice: 1, OpUnknown: 1, OpAccessConfig: 1, OpPulsar: 1,
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := b.Faults().Open(); n != 2 {
			t.Errorf("want a consumer and a link open, got %d", n)
		}
	})
}

func TestFaultCounts(t *testing.T) {
	b := newBench(t, Options{})
	b.login()
	b.Faults().Fail(fault.Fault{Kind: FailCode, Code: 500, Skip: 1, Times: 2})
	b.Faults().Fail(fault.Fault{Kind: FailCode, Code: 1111, Times: -1})
	for i, want := range []int{1111, 500, 500, 1111, 1111} {
		if r, _ := b.try("GET", plugPath, ""); r.code() != want {
			t.Errorf("call %d: want %d, got %s", i, want, r.body)
		}
	}
	b.Faults().Heal()
	b.wants(0, "GET", plugPath, "")
}

// Only what an answer or a message is about changes its types, not the frame.
func TestSpoiled(t *testing.T) {
	for body, want := range map[string]string{
		`{"result":[{"value":"12"}],"success":true}`:        `{"result":[{"value":12}],"success":true}`,
		`{"bizCode":"b","bizData":{"value":7}}`:             `{"bizCode":"b","bizData":{"value":"7"}}`,
		`{"devId":"d","status":[{"code":"c","value":0.5}]}`: `{"devId":"d","status":[{"code":"c","value":"0.5"}]}`,
		`{"result":{"value":"012"}}`:                        `{"result":{"value":"012"}}`,
		`{"result":{"value":null}}`:                         `{"result":{"value":null}}`,
		`{"code":1010,"success":false}`:                     `{"code":1010,"success":false}`,
		`no JSON`:                                           `no JSON`,
	} {
		if got := string(spoil(fault.Fault{Kind: LooseValues}, []byte(body))); got != want {
			t.Errorf("%s: want %s, got %s", body, want, got)
		}
	}
	if got := garble("AAAAAAAAAAAA"); got != "AAAAAABBBBAA" {
		t.Errorf("want another text, got %s", got)
	}
}

func TestHangAndSlow(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		b.login()
		b.Faults().Fail(fault.Fault{Kind: fault.Hang})
		b.client.Timeout = time.Minute
		start := time.Now()
		if _, err := b.try("GET", plugPath, ""); err == nil || time.Since(start) != time.Minute {
			t.Errorf("want no answer for a minute, got %v after %s", err, time.Since(start))
		}
		b.Faults().Fail(fault.Fault{Kind: fault.Slow, Delay: 10 * time.Second})
		b.Faults().Fail(fault.Fault{Kind: fault.Slow, Delay: 5 * time.Second, After: true})
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
	b.Faults().Fail(fault.Fault{Kind: fault.LostReply, Match: OpRefresh})
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
	b.Faults().Fail(fault.Fault{Kind: fault.Status, Match: OpCommands})
	_, _ = b.try("POST", path, off)
	b.has(Plug, "switch_1", "true")
	b.Faults().Fail(fault.Fault{Kind: fault.Ignored, Match: OpCommands})
	b.wants(0, "POST", path, off)
	b.has(Plug, "switch_1", "true")
	b.Faults().Fail(fault.Fault{Kind: fault.Status, Match: OpCommands, After: true})
	_, _ = b.try("POST", path, off)
	b.has(Plug, "switch_1", "false")
	b.Faults().Fail(fault.Fault{Kind: fault.Stale, Match: OpStatus})
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
	b.Faults().Fail(fault.Fault{Kind: FailCode, Code: 500, Match: OpLinkedDevices, Page: 2})
	var first, second page
	b.get(list, &first)
	b.wants(500, "GET", list+first.Key, "")
	b.get(list+first.Key, &second)
	b.Faults().Fail(fault.Fault{Kind: EmptyPage, Page: 2})
	var got page
	b.get(list+first.Key, &got)
	if len(got.Devices) != 0 || !got.More || got.Key != second.Key {
		t.Errorf("want a page without rows, got %+v", got)
	}
	b.Faults().Fail(fault.Fault{Kind: RepeatKey, Page: 2})
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

// A huge answer ends when the client has enough.
func TestHugeIsStreamed(t *testing.T) {
	b := newBench(t, Options{})
	b.login()
	b.Faults().Fail(fault.Fault{Kind: fault.Huge, Size: 1 << 14})
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
