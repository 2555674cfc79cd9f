package tuyatest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestPushFaults(t *testing.T) {
	for name, c := range map[string]struct {
		f    fault.Fault
		want string // values of basic_device_volume as they come, after 7 and 8 were reported
	}{
		"none":         {fault.Fault{Kind: fault.Status, Match: OpStatus}, "7 8"},
		"duplicate":    {fault.Fault{Kind: fault.Duplicate}, "7 7 8"},
		"four times":   {fault.Fault{Kind: fault.Duplicate, Size: 3}, "7 7 7 7 8"},
		"bounce":       {fault.Fault{Kind: fault.Bounce}, "7 4 7 8"},
		"lost":         {fault.Fault{Kind: fault.Lost}, "8"},
		"out of order": {fault.Fault{Kind: fault.OutOfOrder}, "8 7"},
		"delayed":      {fault.Fault{Kind: fault.Delayed, Delay: 5 * time.Second}, "8 7"},
		"loose":        {fault.Fault{Kind: LooseValues, Match: OpReport}, `"7" 8`},
		"wrong types":  {fault.Fault{Kind: fault.WrongTypes, Match: OpReport}, `[7,"?"] 8`},
		"an event":     {fault.Fault{Kind: fault.Lost, Match: OpEvent}, "7 8"},
		"a report":     {fault.Fault{Kind: fault.Lost, Match: OpReport, Skip: 1}, "7"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, b *bench) {
				e := b.listen("?subscriptionType=Failover") // nothing comes again by itself
				b.Faults().Fail(c.f)
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
		b.Faults().Fail(fault.Fault{Kind: fault.Split})
		b.Faults().Fail(fault.Fault{Kind: fault.OutOfOrder})
		if err := b.SetAll(Climate, map[string]any{"va_humidity": 60, "va_temperature": 200}); err != nil {
			t.Fatal(err)
		}
		if got := e.take(); got.value("va_temperature") != 200.0 || got.value("va_humidity") != nil {
			t.Errorf("want the last value first, alone, got %+v", got.Inner)
		}
		e.take()
		for _, kind := range []fault.Kind{Garbled, fault.Truncated} {
			b.Faults().Fail(fault.Fault{Kind: kind, Match: OpReport})
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

// Copies of an update are the same but for their message IDs.
func TestCopies(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e, in := b.listen(usualQuery), b.letters()
		c := b.link(DefaultUID, "one", "2.0")
		b.Faults().Fail(fault.Fault{Kind: fault.Duplicate})
		b.set(Door, "doorcontact_state", true)
		one, two := e.take(), e.take()
		if one.MessageID == two.MessageID || one.Payload != two.Payload || two.RedeliveryCount != 0 {
			t.Errorf("want a copy, got %+v and %+v", one.frame, two.frame)
		}
		first, second := <-in, <-in
		if first.topic != c.Source["device"] || !slices.Equal(first.payload, second.payload) {
			t.Errorf("want a copy, got %+v and %+v", first, second)
		}
		if n := b.Counters(); n.Messages != 2 || n.Published != 2 {
			t.Errorf("want two messages, got %+v", n)
		}
	})
}

// What befalls an update befalls it on both channels.
func TestOpenHubFaults(t *testing.T) {
	for name, c := range map[string]struct {
		f    fault.Fault
		want string // values of basic_device_volume as they come, after 7 and 8 were reported
	}{
		"none":         {fault.Fault{Kind: fault.Lost, Match: OpEvent}, "7 8"},
		"lost":         {fault.Fault{Kind: fault.Lost}, "8"},
		"out of order": {fault.Fault{Kind: fault.OutOfOrder}, "8 7"},
		"loose":        {fault.Fault{Kind: LooseValues, Role: fault.Pushed}, `"7" 8`},
		"garbled":      {fault.Fault{Kind: Garbled}, "? 8"},
		"truncated":    {fault.Fault{Kind: fault.Truncated, Role: fault.Pushed}, "? 8"},
		"mute":         {fault.Fault{Kind: fault.Mute, Times: fault.Always}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, b *bench) {
				in := b.letters()
				link := b.link(DefaultUID, "one", "1.0")
				b.Faults().Fail(c.f)
				b.set(Camera, "basic_device_volume", 7)
				b.set(Camera, "basic_device_volume", 8)
				pass(20 * time.Second)
				values := []string{}
				for len(in) > 0 {
					values = append(values, volume(t, <-in, link))
				}
				if got := strings.Join(values, " "); got != c.want {
					t.Errorf("want %s, got %s", c.want, got)
				}
			})
		})
	}
}

// volume is what a letter says, and ? if that cannot be read.
func volume(t *testing.T, l letter, c config) string {
	t.Helper()
	var outer struct{ Data string }
	if err := json.Unmarshal(l.payload, &outer); err != nil {
		t.Fatal(err)
	}
	var inner struct {
		BizData struct {
			Properties []struct{ Value json.RawMessage }
		}
	}
	if json.Unmarshal(openECB(t, keyOf(c.Password), outer.Data), &inner) != nil {
		return "?"
	}
	return string(inner.BizData.Properties[0].Value)
}

// A link whose connection breaks has good credentials all the same.
func TestLinkBreaks(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		var parted []string
		b.Publish(func(string, []byte) error { return nil }, func(id string) { parted = append(parted, id) })
		b.Faults().Fail(fault.Fault{Kind: fault.Flap, Match: OpAccessConfig, Delay: 3 * time.Second})
		b.Faults().Fail(fault.Fault{Kind: fault.Slow, Match: OpAccessConfig, Delay: 5 * time.Second, After: true})
		c := b.link(DefaultUID, "one", "2.0")
		if !slices.Equal(parted, []string{c.ClientID}) {
			t.Errorf("want the connection broken after 3 s, got %v", parted)
		}
		b.Faults().Drop(0)
		pass(time.Minute)
		if len(parted) != 2 || !b.AllowLink(c.ClientID, c.Username, c.Password) {
			t.Errorf("want another break and good credentials, got %v", parted)
		}
		again := b.link(DefaultUID, "one", "2.0")
		if n := b.Faults().Open(); n != 1 || len(parted) != 3 {
			t.Errorf("want one link in place of the other, got %d and %v", n, parted)
		}
		b.DropLinks()
		if n := b.Faults().Open(); n != 0 || b.AllowLink(again.ClientID, again.Username, again.Password) {
			t.Errorf("want no link, got %d", n)
		}
	})
}

func TestFlap(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		b.Faults().Fail(fault.Fault{Kind: fault.Flap, Times: 2, Delay: 3 * time.Second, Code: 1011})
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
		for want, f := range map[int]fault.Fault{
			503: {Kind: fault.Status, Status: 503}, 500: {Kind: fault.Status}, 200: {Kind: fault.Truncated}, 0: {Kind: fault.Reset},
		} {
			f.Role, f.Times = fault.Stream, fault.Always // net/http tries again by itself
			b.Faults().Fail(f)
			if _, status, err := b.dial(b.topic("event")+usualQuery, b.credentials()); err == nil || status != want {
				t.Errorf("%s: want the upgrade refused with %d, got %d %v", f.Kind, want, status, err)
			}
			b.Faults().Heal()
		}
	})
}
