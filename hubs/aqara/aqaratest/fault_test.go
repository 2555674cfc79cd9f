package aqaratest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestFaultAnswers(t *testing.T) {
	const kind = "GetAllDeviceInfoRequest"
	for name, c := range map[string]struct {
		f     fault.Fault
		check func(r reply, err error) bool
	}{
		"503":        {fault.Fault{Kind: fault.Status, Status: 503}, func(r reply, _ error) bool { return r.status == 503 && r.Code == 503 }},
		"403":        {fault.Fault{Kind: fault.Status, Status: 403}, func(r reply, _ error) bool { return r.status == 403 && r.MsgID == unknownID }},
		"401":        {fault.Fault{Kind: fault.Status, Status: 401}, func(r reply, _ error) bool { return r.status == 401 && r.Code == 401 }},
		"429":        {fault.Fault{Kind: fault.Status, Status: 429}, func(r reply, _ error) bool { return r.status == 429 && r.header["Retry-After"] == nil }},
		"429 + time": {fault.Fault{Kind: fault.Status, Status: 429, RetryAfter: "7"}, func(r reply, _ error) bool { return r.header.Get("Retry-After") == "7" }},
		"code":       {fault.Fault{Kind: FailCode, Code: 1001}, func(r reply, _ error) bool { return r.status == 200 && r.Code == 1001 && r.MsgID != unknownID }},
		"HTML":       {fault.Fault{Kind: fault.HTML}, func(r reply, _ error) bool { return r.status == 200 && strings.HasPrefix(r.body, "<!DOCTYPE") }},
		"HTML 502":   {fault.Fault{Kind: fault.HTML, Status: 502}, func(r reply, _ error) bool { return r.status == 502 }},
		"empty":      {fault.Fault{Kind: fault.Empty}, func(r reply, err error) bool { return err == nil && r.status == 200 && r.body == "" }},
		"reset":      {fault.Fault{Kind: fault.Reset}, func(_ reply, err error) bool { return err != nil }},
		"cut":        {fault.Fault{Kind: fault.Cut}, func(r reply, err error) bool { return err != nil && strings.HasPrefix(r.body, `{"type"`) }},
		"truncated": {fault.Fault{Kind: fault.Truncated}, func(r reply, err error) bool {
			return err == nil && r.status == 200 && !json.Valid([]byte(r.body)) && r.body != ""
		}},
		"deep": {fault.Fault{Kind: fault.Deep, Size: 20000}, func(r reply, _ error) bool { return strings.Count(r.body, "[") == 20000 }},
		"huge": {fault.Fault{Kind: fault.Huge, Size: 3}, func(r reply, _ error) bool { return len(r.body) > 3<<20 && json.Valid([]byte(r.body)) }},
		"types": {fault.Fault{Kind: fault.WrongTypes}, func(r reply, _ error) bool {
			return strings.Contains(r.body, `"state":"perhaps"`) && strings.Contains(r.body, `"deviceName":{`)
		}},
		"by path": {fault.Fault{Match: BasePath, Kind: fault.HTML}, func(r reply, _ error) bool { return strings.HasPrefix(r.body, "<") }},
		"others":  {fault.Fault{Match: "GetDevicesRequest", Kind: fault.HTML}, func(r reply, _ error) bool { return r.Code == 0 && r.Type != "" }},
		"later":   {fault.Fault{Skip: 1, Kind: fault.HTML}, func(r reply, _ error) bool { return r.Code == 0 && r.Type != "" }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Options{})
			b.Faults().Fail(c.f)
			r, err := b.do("POST", BasePath, message(kind, ""), b.headers())
			if !c.check(r, err) {
				t.Errorf("got %v %d %v %.200s", err, r.status, r.header, r.body)
			}
			b.Faults().Heal()
			b.call(kind, "").is(t, 200, 0)
			if n := len(b.Calls()); n != 2 {
				t.Errorf("want 2 calls in the log, got %d", n)
			}
		})
	}
}

func TestFaultsCountDown(t *testing.T) {
	b := newBench(t, Options{})
	b.Faults().Fail(fault.Fault{Match: "GetSpacesRequest", Kind: fault.Status, Status: 500, Times: 2})
	b.Faults().Fail(fault.Fault{Match: "GetSpacesRequest", Kind: fault.Status, Status: 502})
	for _, want := range []int{500, 500, 502, 200} {
		if r := b.call("GetSpacesRequest", ""); r.status != want {
			t.Errorf("want %d, got %d", want, r.status)
		}
	}
	b.Faults().Fail(fault.Fault{Kind: fault.Status, Status: 500, Times: -1})
	for range 5 {
		if r := b.call("GetSpacesRequest", ""); r.status != 500 {
			t.Errorf("want 500 for ever, got %d", r.status)
		}
	}
}

func TestLostRefreshReply(t *testing.T) {
	b := newBench(t, Options{})
	old := b.Tokens()
	b.Faults().Fail(fault.Fault{Match: "RefreshTokenRequest", Kind: fault.LostReply})
	_, err := b.do("POST", RefreshPath, `{"refreshToken":"`+old.Refresh+`"}`, b.headers())
	if err == nil {
		t.Error("want no answer")
	}
	b.refreshWith(old.Access, old.Refresh).is(t, 401, 401)
	if b.Tokens().Access == old.Access {
		t.Error("the pair must have changed")
	}
}

func TestResetBeforeAndAfter(t *testing.T) {
	for _, after := range []bool{false, true} {
		b := newBench(t, Options{})
		b.Faults().Fail(fault.Fault{Match: "ExecuteTraitRequest", Kind: fault.Reset, After: after})
		body := message("ExecuteTraitRequest", "["+writeItem(Strip, 2, "Output", "OnOff", "false")+"]")
		if _, err := b.do("POST", BasePath, body, b.headers()); err == nil {
			t.Error("want no answer")
		}
		if got := len(b.Executed()) == 1; got != after {
			t.Errorf("after=%v: executed=%v", after, got)
		}
	}
}

func TestFaultsOfWrites(t *testing.T) {
	b := newBench(t, Options{})
	on := Address{Strip, 2, "Output", "OnOff"}
	off := "[" + writeItem(Strip, 2, "Output", "OnOff", "false") + "]"
	read := `[{"deviceId":"` + Strip + `","endpointId":2,"functionCode":"Output","traitCodes":["OnOff"]}]`

	b.Faults().Fail(fault.Fault{Kind: fault.Ignored, Match: "ExecuteTraitRequest"})
	b.call("ExecuteTraitRequest", off).is(t, 200, 0)
	if b.value(on) != true || !b.Executed()[0].Ignored {
		t.Error("want an accepted write without effect")
	}
	b.Faults().Fail(fault.Fault{Kind: ItemFails, Match: "ExecuteTraitRequest"})
	b.call("ExecuteTraitRequest", off).is(t, 200, 1103)
	b.Faults().Fail(fault.Fault{Kind: ItemFails, Match: "ExecuteTraitRequest", Device: Outlet, Code: 2030})
	b.call("ExecuteTraitRequest", off).is(t, 200, 0)

	b.Faults().Fail(fault.Fault{Kind: fault.Stale, Match: "GetTraitValueRequest", Times: 2})
	for _, want := range []string{"true", "true", "false"} {
		if r := b.call("GetTraitValueRequest", read); !strings.Contains(r.body, `"value":`+want) {
			t.Errorf("want %s, got %s", want, r.body)
		}
	}
	b.Faults().Fail(fault.Fault{Kind: LooseValues})
	if r := b.call("GetTraitValueRequest", read); !strings.Contains(r.body, `"value":0`) {
		t.Errorf("want 0 for false, got %s", r.body)
	}
}

func TestClock(t *testing.T) {
	b := newBench(t, Options{})
	read := `[{"deviceId":"` + Strip + `","endpointId":2,"functionCode":"Output","traitCodes":["OnOff"]}]`
	at := func() (date time.Time, value int64) {
		r := b.call("GetTraitValueRequest", read)
		var items []struct{ Time int64 }
		r.decode(t, &items)
		date, err := http.ParseTime(r.header.Get("Date"))
		if err != nil {
			t.Fatal(err)
		}
		return date, items[0].Time
	}
	date, value := at()
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		b.Faults().SetClock(off)
		d, v := at()
		if got := d.Sub(date) - off; got < -time.Second || got > 10*time.Second || v-value != off.Milliseconds() {
			t.Errorf("want %v off, got %v and %d ms", off, d.Sub(date), v-value)
		}
	}
	b.Faults().Heal()
	b.Faults().Fail(fault.Fault{Kind: fault.Clock, Offset: time.Hour})
	if _, v := at(); v-value != time.Hour.Milliseconds() {
		t.Errorf("one call an hour off: got %d ms", v-value)
	}
	if _, v := at(); v != value {
		t.Errorf("then right again: got %d ms", v-value)
	}
}

func TestSlowAndHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBench(t, Options{})
		b.Faults().Fail(fault.Fault{Kind: fault.Slow, Delay: 40 * time.Second})
		b.Faults().Fail(fault.Fault{Kind: fault.Slow, Delay: 2 * time.Second, After: true})
		start := time.Now()
		b.call("GetSpacesRequest", "").is(t, 200, 0)
		if d := time.Since(start); d != 42*time.Second {
			t.Errorf("want 42 s, got %v", d)
		}
		b.Faults().Fail(fault.Fault{Kind: fault.Hang})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, b.url+BasePath, strings.NewReader(message("GetSpacesRequest", "")))
		req.Header = b.headers()
		if resp, err := b.client.Do(req); err == nil {
			_ = resp.Body.Close()
			t.Error("want no answer")
		}
		synctest.Wait()
		if c := b.Counters(); c.InFlight != 0 || c.MaxInFlight != 1 || b.Calls()[1].Status != 0 {
			t.Errorf("want nothing in flight, got %+v", c)
		}
	})
}
