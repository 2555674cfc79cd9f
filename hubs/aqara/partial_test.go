package aqara

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// Each call of an inventory may fail alone. The first inventory is then an error, never
// a smaller home; a later one gives the home as it was.
func TestEachCallOfAnInventoryFails(t *testing.T) {
	restSpecs := basePath + apiSpecs
	for _, match := range []string{typeAllDevices, typeSpecs, restSpecs, typeValues, basePath + apiTriggers} {
		for name, f := range map[string]fault.Fault{
			"500":   {Kind: fault.Status, Status: 500},
			"cut":   {Kind: fault.Cut},
			"types": {Kind: fault.WrongTypes},
			"limit": {Kind: fault.Status, Status: 429},
		} {
			t.Run(strings.TrimPrefix(match, basePath)+" "+name, func(t *testing.T) {
				// Its live endpoints are asked for apart, among the values.
				o := aqaratest.Options{
					Home: homeOf(aqaratest.Twin, aqaratest.Valve), AnswerOptions: aqaratest.AnswerOptions{DynamicByRead: true},
				}
				r := newRig(t, o)
				whole := r.devices()
				fresh := newRig(t, o)
				f.Match, f.Times = match, -1
				fresh.studio.Faults().Fail(f)
				ds, err := fresh.hub.Devices(t.Context())
				if err == nil || ds != nil {
					t.Errorf("first inventory: %d devices, %v", len(ds), err)
				}
				fresh.noSecrets(err)
				fresh.studio.Faults().Heal()
				if got := fresh.devices(); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", whole) {
					t.Errorf("healed: another home\n%+v\nwant\n%+v", got, whole)
				}
				// Everything is due again, and fails again.
				r.hub.now = func() time.Time { return time.Now().Add(specLife) }
				r.studio.Faults().Fail(f)
				if ds, err := r.hub.Devices(t.Context()); err == nil && len(ds) != len(whole) {
					t.Errorf("later inventory: %d devices, want %d or an error", len(ds), len(whole))
				}
			})
		}
	}
}

// An order fails as a value does, and is sent once whatever happens.
func TestOrderFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault fault.Fault
		want  hubs.Fault
	}{
		"offline": {fault.Fault{Kind: aqaratest.ItemFails}, hubs.Offline},
		"unknown": {fault.Fault{Kind: aqaratest.ItemFails, Code: 2030}, hubs.UnknownDevice},
		"404":     {fault.Fault{Kind: aqaratest.ItemFails, Code: 404}, hubs.Refused},
		"403":     {fault.Fault{Kind: aqaratest.ItemFails, Code: 403}, hubs.Refused},
		"500":     {fault.Fault{Kind: fault.Status, Status: 500}, hubs.Transient},
		"limit":   {fault.Fault{Kind: fault.Status, Status: 429}, hubs.Limited},
		"lost":    {fault.Fault{Kind: fault.LostReply}, hubs.Transient},
		"cut":     {fault.Fault{Kind: fault.Cut}, hubs.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, aqaratest.Options{Home: homeOf(aqaratest.Valve)})
			r.devices()
			c.fault.Match = "ExecuteCommandRequest"
			r.studio.Faults().Fail(c.fault)
			r.studio.Forget()
			err := r.hub.Execute(t.Context(), set(aqaratest.Valve, "x2_valve_control", hubs.Position, 100))
			if hubs.FaultOf(err) != c.want || len(r.studio.Calls()) != 1 {
				t.Errorf("%s: %v after %d calls; want %s after 1", hubs.FaultOf(err), err, len(r.studio.Calls()), c.want)
			}
			r.noSecrets(err)
			if _, ok := r.entity(aqaratest.Valve, "x2_valve_control"); !ok {
				t.Error("one failure takes the valve away")
			}
		})
	}
	// A Studio that was put back to an older version does without from then on.
	r := newRig(t, aqaratest.Options{Home: homeOf(aqaratest.Valve)})
	r.devices()
	r.studio.Faults().Fail(fault.Fault{Match: basePath + apiOrders, Kind: fault.Status, Status: 404, Times: -1})
	open := set(aqaratest.Valve, "x2_valve_control", hubs.Position, 100)
	for range 2 {
		if err := r.hub.Execute(t.Context(), open); hubs.FaultOf(err) != hubs.Refused && hubs.FaultOf(err) != hubs.Misconfigured {
			t.Errorf("got %v", err)
		}
	}
	if _, ok := r.entity(aqaratest.Valve, "x2_valve_control"); ok {
		t.Error("the valve can still be ordered")
	}
}

// Whatever the order of polls, pushes and changes: in the end the sink and the polls
// show what the Studio has.
func TestPollsAndPushesAgree(t *testing.T) {
	for seed := range uint64(5) {
		bubble(t, aqaratest.Options{Home: homeOf(aqaratest.Strip, aqaratest.Lamp, aqaratest.Switch)}, func(t *testing.T, r *rig) {
			rng := rand.New(rand.NewPCG(seed, 7))
			ds := r.devices()
			w := r.live()
			r.studio.Faults().Fail(fault.Fault{Kind: fault.OutOfOrder, Times: -1, Delay: 50 * time.Millisecond})
			for range 60 {
				strip := func(f, trait string, v any) { _ = r.studio.Set(aqaratest.Strip, 2, f, trait, v) }
				lamp := func(f, trait string, v any) { _ = r.studio.Set(aqaratest.Lamp, 2, f, trait, v) }
				switch rng.IntN(7) {
				case 0:
					strip("ColorControl", "ColorMode", []string{"1", "2"}[rng.IntN(2)])
				case 1:
					strip("ColorControl", "ColorXY", int64(rng.Uint32()))
				case 2:
					lamp("ColorControl", "ColorMode", []string{"0", "2"}[rng.IntN(2)])
				case 3:
					lamp("ColorControl", "Hue", float64(rng.IntN(360)))
				case 4:
					strip("Output", "OnOff", rng.IntN(2) == 0)
				case 5:
					news, err := r.hub.Poll(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					w.Readings(news)
				default:
					pass(time.Duration(rng.IntN(80)) * time.Millisecond)
				}
				pass(2 * time.Millisecond) // times tell what is newer
			}
			pass(time.Minute)
			final, err := r.hub.Poll(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkHome(t, ds, final)
			heard := w.heard()
			for _, n := range final {
				for _, v := range n.Values {
					if !told(heard, n.Device, v.Point) {
						continue
					}
					if got := newest(heard, string(n.Device), v.Entity, v.Attr); got != v.Value {
						t.Errorf("seed %d: %s %v: push and poll gave %v, the Studio has %v", seed, n.Device, v.Point, got, v.Value)
					}
				}
			}
		})
	}
}

func told(news []hubs.Reading, id hubs.DeviceID, p hubs.Point) bool {
	for _, r := range news {
		for _, v := range r.Values {
			if r.Device == id && v.Point == p {
				return true
			}
		}
	}
	return false
}

// What broke a connection is said in words of ours, without what came in.
func TestReasons(t *testing.T) {
	const secret = "eyJ.secret"
	for want, err := range map[string]error{
		"closed with code 1011":                  websocket.CloseError{Code: 1011, Reason: secret},
		"no answer in time":                      fmt.Errorf("%s: %w", secret, context.DeadlineExceeded),
		"name is not known":                      &net.DNSError{Name: secret, Err: secret},
		"connection refused":                     &net.OpError{Op: secret, Err: syscall.ECONNREFUSED},
		"a message that is too large":            fmt.Errorf("%s: %w", secret, websocket.ErrMessageTooBig),
		"broken off":                             fmt.Errorf("%s: %w", secret, io.ErrUnexpectedEOF),
		"aqara: push: the connection broke":      errors.New(secret),
		"aqara: push: the connection broke: bro": &url.Error{Op: secret, URL: secret, Err: io.EOF},
	} {
		got := broken("the connection broke", err)
		if !strings.Contains(got.Error(), want) || strings.Contains(got.Error(), secret) || got.Fault != hubs.Transient {
			t.Errorf("%T: %v, want …%s", err, got, want)
		}
	}
	for in, want := range map[text]string{
		"TraitValueUpdate": "TraitValueUpdate", "DEVICE_TRAIT_PARAMETER_UPDATE": "DEVICE_TRAIT_PARAMETER_UPDATE", "": "",
		"eyJhbGciOiJIUzI1NiJ9.e30": "?", "a b": "?", text(strings.Repeat("a", 41)): "?",
	} {
		if got := harmless(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A message of 16 MiB and more, or a push that large, ends the stream and nothing else.
func TestHugeMessage(t *testing.T) {
	r := newRig(t, aqaratest.Options{})
	w := r.live()
	home := strings.Repeat("x", maxMessage)
	_ = r.studio.Rename(aqaratest.Strip, home)
	if err := w.ends(); hubs.FaultOf(err) != hubs.Transient {
		t.Errorf("ended with %.200v", err)
	}
	_ = r.studio.Rename(aqaratest.Strip, "Leiste")
	r.live()
}
