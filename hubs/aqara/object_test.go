package aqara

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
)

func hasDevice(ds []hubs.Device, id string) bool {
	return slices.ContainsFunc(ds, func(d hubs.Device) bool { return d.ID == hubs.DeviceID(id) })
}

// The Studio describes a device only some seconds after it said that there is one.
func TestDeviceIsAdded(t *testing.T) {
	v := &veil{}
	bubbleWith(t, aqaratest.Options{},
		func(tr http.RoundTripper) http.RoundTripper { v.RoundTripper = tr; return v },
		func(t *testing.T, r *rig) {
			r.devices()
			w := r.live()
			described := time.Now().Add(7 * time.Second)
			v.set(func(_ *http.Request, body []byte) (int, string, bool) {
				late := strings.Contains(string(body), typeSpecs) && time.Now().Before(described)
				return 200, `{"type":"GetDevicesResponse","code":0,"data":[]}`, late
			})
			home := aqaratest.FullHome()
			i := slices.IndexFunc(home.Devices, func(d aqaratest.Device) bool { return d.ID == aqaratest.Valve })
			if err := r.studio.Add(home.Devices[i]); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			wishes, there := 0, false
			for !there && time.Since(began) < time.Minute {
				w.until("a wish", func() bool { return len(w.wishes) > wishes })
				w.mu.Lock()
				wishes = len(w.wishes)
				w.mu.Unlock()
				there = hasDevice(r.devices(), aqaratest.Valve)
			}
			if took := time.Since(began); took > 11*time.Second || wishes > 4 {
				t.Errorf("there after %v and %d inventories", took, wishes)
			}
			pass(time.Minute)
			w.mu.Lock()
			defer w.mu.Unlock()
			if len(w.wishes) != wishes {
				t.Errorf("it goes on asking: %v", w.wishes)
			}
		})
}

// The Studio's list may still hold what it said is gone; it counts again after a while.
func TestDeviceIsRemoved(t *testing.T) {
	v := &veil{}
	bubbleWith(t, aqaratest.Options{},
		func(tr http.RoundTripper) http.RoundTripper { v.RoundTripper = tr; return v },
		func(t *testing.T, r *rig) {
			r.devices()
			data, err := r.hub.client.query(t.Context(), "list", typeAllDevices, struct{}{})
			if err != nil {
				t.Fatal(err)
			}
			w := r.live()
			v.set(func(_ *http.Request, body []byte) (int, string, bool) {
				return 200, `{"code":0,"data":` + string(data) + `}`, strings.Contains(string(body), typeAllDevices)
			})
			if err := r.studio.Remove(aqaratest.Door); err != nil {
				t.Fatal(err)
			}
			w.until("a wish", func() bool { return slices.Contains(w.wishes, "a device was removed") })
			if ds := r.devices(); hasDevice(ds, aqaratest.Door) || len(ds) != homeSize-1 {
				t.Errorf("%d devices, want one less", len(ds))
			}
			if _, err := r.hub.Poll(t.Context()); err != nil {
				t.Errorf("poll: %v", err)
			}
			pass(goneFor)
			if !hasDevice(r.devices(), aqaratest.Door) {
				t.Error("a list of later is not believed")
			}
		})
}

// Endpoints and ranges that change are there at the next inventory.
func TestDeviceChangesShape(t *testing.T) {
	for _, read := range []bool{false, true} {
		bubble(t, aqaratest.Options{Home: homeOf(aqaratest.Twin, aqaratest.Motion), AnswerOptions: aqaratest.AnswerOptions{DynamicByRead: read}}, func(t *testing.T, r *rig) {
			r.devices()
			w := r.live()
			if _, ok := r.entity(aqaratest.Twin, "x3_window_covering"); ok {
				t.Fatal("an endpoint that is not live shows")
			}
			steps := []struct {
				do   func() error
				want string
				ok   func() bool
			}{
				{
					func() error { return r.studio.AddEndpoint(aqaratest.Twin, aqaratest.Endpoint{ID: 3}) },
					"a device has other endpoints",
					func() bool { _, ok := r.entity(aqaratest.Twin, "x3_window_covering"); return ok },
				},
				{
					func() error { return r.studio.RemoveEndpoint(aqaratest.Twin, 3) },
					"a device has other endpoints",
					func() bool { _, ok := r.entity(aqaratest.Twin, "x3_window_covering"); return !ok },
				},
				{
					func() error {
						low, high, step := 10.0, 90.0, 5.0
						return r.studio.SetRange(aqaratest.Address{
							Device: aqaratest.Motion, Endpoint: 2, Function: "OccupancySensing", Trait: "HoldTime",
						}, &low, &high, &step)
					},
					"a device has another range",
					func() bool {
						e, _ := r.entity(aqaratest.Motion, "x2_occupancy_sensing_hold_time")
						return e.Spec == hubs.Number{Min: 10, Max: 90, Step: 5}
					},
				},
			}
			for i, s := range steps {
				w.note(func() { w.wishes = nil })
				if err := s.do(); err != nil {
					t.Fatal(i, err)
				}
				w.until(s.want, func() bool { return slices.Contains(w.wishes, s.want) })
				if !s.ok() {
					t.Errorf("step %d is not there", i)
				}
				pass(wishEvery)
			}
		})
	}
}

// Events that no document names are believed where they say something.
func TestOnlineEvents(t *testing.T) {
	bubble(t, aqaratest.Options{SocketOptions: aqaratest.SocketOptions{OnlineEvents: true, NoReachable: true}}, func(t *testing.T, r *rig) {
		r.devices()
		w := r.live()
		online := func() (on, told bool) {
			for _, n := range w.news {
				if n.Device == aqaratest.Strip && n.Online != nil {
					on, told = *n.Online, true
				}
			}
			return on, told
		}
		for _, want := range []bool{false, true} {
			_ = r.studio.SetOnline(aqaratest.Strip, want)
			w.until("online", func() bool { on, told := online(); return told && on == want })
			news, err := r.hub.Read(t.Context(), []hubs.DeviceID{aqaratest.Strip})
			if err != nil || *news[0].Online != want {
				t.Errorf("read says %v, %v; the event said %v", *news[0].Online, err, want)
			}
		}
		_ = r.studio.Rename(aqaratest.Strip, "Neu")
		w.until("the name", func() bool { return slices.Contains(w.wishes, "a device has another name") })
	})
	// Without them the device's own trait tells.
	bubble(t, aqaratest.Options{}, func(t *testing.T, r *rig) {
		r.devices()
		w := r.live()
		_ = r.studio.SetOnline(aqaratest.Strip, false)
		w.until("offline", func() bool {
			return slices.ContainsFunc(w.news, func(n hubs.Reading) bool { return n.Device == aqaratest.Strip && n.Online != nil && !*n.Online })
		})
		// A poll that takes over the list of an inventory knows it too.
		r.devices()
		_ = r.studio.SetOnline(aqaratest.Outlet, false)
		news, err := r.hub.Poll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range news {
			if off := n.Device == aqaratest.Strip || n.Device == aqaratest.Outlet; *n.Online == off {
				t.Errorf("%s: online %v", n.Device, *n.Online)
			}
		}
	})
}

// Where nothing is pushed about it, the list that is read for each inventory tells.
func TestOnlineFromList(t *testing.T) {
	bubble(t, aqaratest.Options{SocketOptions: aqaratest.SocketOptions{NoReachable: true}}, func(t *testing.T, r *rig) {
		r.devices()
		w := r.live()
		_ = r.studio.SetOnline(aqaratest.Strip, false)
		pass(time.Second)
		if len(w.heard()) != 0 {
			t.Fatalf("pushed: %+v", w.heard())
		}
		r.devices()
		r.devices()
		if n := w.heard(); len(n) != 1 || n[0].Device != aqaratest.Strip || *n[0].Online {
			t.Errorf("heard %+v", n)
		}
		w.cancel()
		_ = w.ends()
		_ = r.studio.SetOnline(aqaratest.Strip, true)
		r.devices()
		if n := w.heard(); len(n) != 1 {
			t.Errorf("a stream that ended heard %+v", n)
		}
	})
}

// A storm of events asks for an inventory once a second at most; every kind that comes
// is survived.
func TestEventStorm(t *testing.T) {
	bubble(t, aqaratest.Options{}, func(t *testing.T, r *rig) {
		r.devices()
		w := r.live()
		for i := range 300 {
			low, high := 1.0, float64(10+i)
			_ = r.studio.SetRange(aqaratest.Address{
				Device: aqaratest.Motion, Endpoint: 2, Function: "OccupancySensing", Trait: "HoldTime",
			}, &low, &high, nil)
			pass(10 * time.Millisecond)
		}
		pass(2 * time.Second)
		w.mu.Lock()
		n := len(w.wishes)
		w.mu.Unlock()
		if n < 2 || n > 6 {
			t.Errorf("%d inventories asked for in three seconds", n)
		}
		if e, _ := r.entity(aqaratest.Motion, "x2_occupancy_sensing_hold_time"); e.Spec.(hubs.Number).Max != 309 {
			t.Errorf("the last change is lost: %+v", e.Spec)
		}
	})
}

func TestEventKinds(t *testing.T) {
	r := newRig(t, aqaratest.Options{})
	r.devices()
	for kind, want := range map[string]string{
		"DEVICE_TRAIT_PARAMETER_UPDATE": "a device has another range",
		"DEVICE_TRAIT_PAREMETER_UPDATE": "a device has another range",
		"device_endpoint_removed":       "a device has other endpoints",
		"DEVICE_REMOVED":                "a device was removed",
		"SCENE_ADDED":                   "",
		"":                              "",
	} {
		s := &stream{hub: r.hub, to: newEar(), wish: make(chan string, 1), log: func(string, string, text) {}}
		s.object(t.Context(), json.RawMessage(fmt.Sprintf(`{"eventType":%q,"objectId":%q,"data":"x"}`, kind, aqaratest.Strip)))
		s.object(t.Context(), json.RawMessage(fmt.Sprintf(`{"eventType":%q,"data":{"deviceId":%q}}`, kind, aqaratest.Strip)))
		s.object(t.Context(), json.RawMessage(`{"eventType":7}`))
		s.object(t.Context(), json.RawMessage(`[1]`))
		got := ""
		select {
		case got = <-s.wish:
		default:
		}
		if got != want {
			t.Errorf("%s: wishes for %q, want %q", kind, got, want)
		}
	}
}

// A device that is not known asks for an inventory once.
func TestStrangers(t *testing.T) {
	bubble(t, aqaratest.Options{}, func(t *testing.T, r *rig) {
		w := r.live()
		_ = r.studio.Set(aqaratest.Switch, 2, "Output", "OnOff", true)
		pass(time.Second)
		w.mu.Lock()
		if len(w.wishes) != 0 || len(w.news) != 0 {
			t.Errorf("before the first inventory: %v %v", w.wishes, w.news)
		}
		w.mu.Unlock()
		r.devices()
		r.hub.mu.Lock()
		delete(r.hub.models, aqaratest.Switch)
		delete(r.hub.before, aqaratest.Switch)
		r.hub.mu.Unlock()
		for i := range 5 {
			_ = r.studio.Set(aqaratest.Switch, 2, "Output", "OnOff", i%2 == 0)
			pass(time.Second)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.wishes) != 1 {
			t.Errorf("wishes: %v", w.wishes)
		}
	})
}
