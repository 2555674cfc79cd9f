package tuya

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// presses counts what a stream brought of the button.
func (e *ear) presses() int {
	n := 0
	for _, r := range e.news {
		if r.Device == tuyatest.Button {
			n += len(r.Events)
		}
	}
	return n
}

// Whatever the console sends, whichever encryption and stamps: each press is one event,
// each value comes, everything is acknowledged.
func TestPulsarVariants(t *testing.T) {
	n := 0
	for _, family := range []tuyatest.Family{tuyatest.FamilyNew, tuyatest.FamilyLegacy, tuyatest.FamilyBoth} {
		for _, stamp := range []tuyatest.Stamp{tuyatest.StampMixed, tuyatest.StampSeconds, tuyatest.StampMillis, tuyatest.StampText} {
			for _, twice := range []bool{false, true} {
				ecb := n%3 == 0
				n++
				t.Run(fmt.Sprintf("%s %s ECB %v twice %v", family, stamp, ecb, twice), func(t *testing.T) {
					home := tuyatest.DefaultHome()
					home.Devices = slices.DeleteFunc(home.Devices, func(d tuyatest.Device) bool {
						return d.ID != tuyatest.Plug && d.ID != tuyatest.Button && d.ID != tuyatest.Gateway
					})
					bubble(t, tuyatest.Options{Home: home, PushOptions: tuyatest.PushOptions{Family: family, Stamp: stamp, PulsarECB: ecb}}, nil,
						func(t *testing.T, s *sim) { s.testPulsar(t, twice) })
				})
			}
		}
	}
}

func (s *sim) testPulsar(t *testing.T, twice bool) {
	t.Helper()
	s.devices()
	s.poll()
	if twice {
		s.cloud.Faults().Fail(fault.Fault{Kind: fault.Duplicate, Times: fault.Always})
	}
	const presses = 3
	_ = s.watch(func(e *ear) {
		e.until(t, "life", func() bool { return e.alive > 0 })
		on := false
		for range presses {
			pass(2 * time.Second)
			if err := s.cloud.Press(tuyatest.Button, "switch_mode1", "single_click"); err != nil {
				t.Fatal(err)
			}
			v, _ := s.cloud.Value(tuyatest.Plug, "switch_1")
			on = v != true
			if err := s.cloud.Set(tuyatest.Plug, "switch_1", on); err != nil {
				t.Fatal(err)
			}
		}
		pass(10 * time.Second)
		e.mu.Lock()
		defer e.mu.Unlock()
		if got := e.presses(); got != presses {
			t.Errorf("want %d presses, got %d", presses, got)
		}
		if v, _ := valueIn(e.news, tuyatest.Plug, "switch_1", hubs.On); v != hubs.Bool(on) {
			t.Errorf("want the plug %v, got %v", on, v)
		}
		if len(e.lists) > 0 {
			t.Errorf("want no inventory asked for, got %v", e.lists)
		}
	})
	if n := s.cloud.Unacknowledged(tuyatest.AccessID); n != 0 {
		t.Errorf("%d messages are not acknowledged", n)
	}
}

// What cannot be opened is acknowledged, or it would come for ever; it is said once.
func TestGarbledMessages(t *testing.T) {
	bubble(t, tuyatest.Options{}, nil, func(t *testing.T, s *sim) {
		s.devices()
		s.poll()
		s.cloud.Faults().Fail(fault.Fault{Kind: tuyatest.Garbled, Times: 5})
		_ = s.watch(func(e *ear) {
			e.until(t, "life", func() bool { return e.alive > 0 })
			v, _ := s.cloud.Value(tuyatest.Plug, "switch_1")
			on := v == true
			for range 6 {
				on = !on
				if err := s.cloud.Set(tuyatest.Plug, "switch_1", on); err != nil {
					t.Fatal(err)
				}
				pass(time.Second)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			if v, _ := valueIn(e.news, tuyatest.Plug, "switch_1", hubs.On); v != hubs.Bool(on) {
				t.Errorf("want the last value, got %v", v)
			}
		})
		if n := s.cloud.Unacknowledged(tuyatest.AccessID); n != 0 {
			t.Errorf("%d messages are not acknowledged", n)
		}
		if n := strings.Count(s.log.String(), "what is pushed cannot be read"); n != 2 {
			t.Errorf("want it said when it begins and when it ends, got %d", n)
		}
	})
}

// After hours without a bridge the message service brings everything that happened: the
// list knows better, and no press of then does anything now.
func TestBacklog(t *testing.T) {
	bubble(t, tuyatest.Options{}, nil, func(t *testing.T, s *sim) {
		for n := range 20 {
			_ = s.cloud.Press(tuyatest.Button, "switch_mode1", "single_click")
			_ = s.cloud.Set(tuyatest.Plug, "switch_1", n%2 == 0)
			pass(10 * time.Minute)
		}
		s.devices()
		s.poll()
		_ = s.watch(func(e *ear) {
			e.until(t, "life", func() bool { return e.alive > 0 })
			pass(time.Minute)
			e.mu.Lock()
			defer e.mu.Unlock()
			if n := e.presses(); n != 0 || len(e.lists) != 0 {
				t.Errorf("want no press and no inventory, got %d and %v", n, e.lists)
			}
			if v, told := valueIn(e.news, tuyatest.Plug, "switch_1", hubs.On); told {
				t.Errorf("want what is older than the list left alone, got %v", v)
			}
		})
		if n := s.cloud.Unacknowledged(tuyatest.AccessID); n != 0 {
			t.Errorf("%d messages are not acknowledged", n)
		}
	})
}

// Devices that come, go, and change.
func TestPushedInventory(t *testing.T) {
	for _, family := range []tuyatest.Family{tuyatest.FamilyNew, tuyatest.FamilyLegacy} {
		t.Run("family "+string(family), func(t *testing.T) {
			bubble(t, tuyatest.Options{PushOptions: tuyatest.PushOptions{Family: family}}, nil, func(t *testing.T, s *sim) {
				s.devices()
				s.poll()
				_ = s.watch(func(e *ear) {
					e.until(t, "life", func() bool { return e.alive > 0 })
					online := func(want bool) {
						t.Helper()
						if err := s.cloud.SetOnline(tuyatest.Plug, want); err != nil {
							t.Fatal(err)
						}
						pass(2 * time.Second)
						e.mu.Lock()
						defer e.mu.Unlock()
						for _, r := range e.news {
							if r.Device == tuyatest.Plug && r.Online != nil && *r.Online == want {
								return
							}
						}
						t.Errorf("online %v does not come", want)
					}
					online(false)
					online(true)
					if err := s.cloud.Rename(tuyatest.Plug, "Other"); err != nil {
						t.Fatal(err)
					}
					e.until(t, "a wish for an inventory", func() bool { return len(e.lists) == 1 })
					if err := s.cloud.Remove(tuyatest.Plug); err != nil {
						t.Fatal(err)
					}
					e.until(t, "a wish for an inventory, or the word that it left", func() bool { return len(e.lists) == 2 || len(e.left) == 1 })
				})
			})
		})
	}
}

// A project without the message service: auto turns to MQTT, and back; a named channel
// stays and says what to do.
func TestPulsarRefused(t *testing.T) {
	for push, wantMQTT := range map[string]bool{"auto": true, "pulsar": false} {
		t.Run(push, func(t *testing.T) {
			bubble(t, tuyatest.Options{}, map[string]string{"Push": push}, func(t *testing.T, s *sim) {
				s.devices()
				if err := s.cloud.Deny(tuyatest.AccessID, tuyatest.Notification, 28841101); err != nil {
					t.Fatal(err)
				}
				err := s.hub.Watch(t.Context(), newEar())
				e, _ := errors.AsType[*hubs.Error](err)
				if e == nil || e.Fault != hubs.Misconfigured || !strings.Contains(e.Hint, "Message Service") {
					t.Errorf("want misconfigured with a hint, got %#v", err)
				}
				if got := s.hub.byMQTT(); got != wantMQTT {
					t.Errorf("MQTT's turn: want %v, got %v", wantMQTT, got)
				}
			})
		})
	}
}

func TestPulsarDial(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    hubs.Fault
		text    string
	}{
		"401": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, hubs.Misconfigured, "does not take this project"},
		"429": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, hubs.Limited, "fewer"},
		"500": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, hubs.Transient, "no WebSocket"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.test/", http.StatusFound)
		}, hubs.Transient, "no WebSocket"},
		"HTML": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, hubs.Transient, "no WebSocket"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(c.handler)
			defer srv.Close()
			tr := &http.Transport{}
			defer tr.CloseIdleConnections()
			r := newRig(t, tr, map[string]string{"PushURL": "ws" + strings.TrimPrefix(srv.URL, "http")})
			err := r.hub.Watch(t.Context(), newEar())
			if hubs.FaultOf(err) != c.want || !strings.Contains(err.Error(), c.text) {
				t.Errorf("want %s with %q, got %v", c.want, c.text, err)
			}
			if strings.Contains(err.Error(), pushPassword(ownID, ownSecret)) || strings.Contains(err.Error(), ownID) {
				t.Errorf("a secret in %v", err)
			}
		})
	}
}

// The certificate of the message service is verified.
func TestPulsarVerifies(t *testing.T) {
	cloud := tuyatest.New(tuyatest.Options{})
	srv := httptest.NewUnstartedServer(cloud.Handler())
	srv.Config.ErrorLog = nil
	srv.StartTLS()
	defer srv.Close()
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	r := newRig(t, tr, map[string]string{"PushURL": "wss" + strings.TrimPrefix(srv.URL, "https")})
	err := r.hub.Watch(t.Context(), newEar())
	if err == nil || !strings.Contains(err.Error(), "certificate is not trusted") {
		t.Errorf("want an untrusted certificate refused, got %v", err)
	}
}

// A line that is silent, pongs included, ends the stream.
func TestPulsarSilent(t *testing.T) {
	bubble(t, tuyatest.Options{}, nil, func(t *testing.T, s *sim) {
		s.devices()
		s.poll()
		e := newEar()
		ended := make(chan error, 1)
		go func() { ended <- s.hub.Watch(t.Context(), e) }()
		e.until(t, "life", func() bool { return e.alive > 0 })
		pass(10 * time.Minute)
		e.mu.Lock()
		alive := e.alive
		e.mu.Unlock()
		if alive < 15 {
			t.Errorf("ten quiet minutes: want a sign of life each 30 s, got %d", alive)
		}
		s.cloud.Mute(true)
		start := time.Now()
		err := <-ended
		if took := time.Since(start); took > time.Minute || hubs.FaultOf(err) != hubs.Transient || !strings.Contains(err.Error(), "no longer answers") {
			t.Errorf("want the end within a minute, got %v after %v", err, took)
		}
		s.cloud.Mute(false)
	})
}

// openHub is a cloud with its MQTT broker, on this machine's network.
func openHub(t *testing.T, opts tuyatest.Options, vars map[string]string) *sim {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opts.OpenHubURL = "tcp://" + l.Addr().String()
	if vars == nil {
		vars = map[string]string{"Push": "mqtt"}
	}
	s := newSim(t, opts, vars)
	b, err := tuyatest.NewBroker(s.cloud, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return s
}

func TestOpenHub(t *testing.T) {
	for _, family := range []tuyatest.Family{tuyatest.FamilyNew, tuyatest.FamilyLegacy, tuyatest.FamilyBoth} {
		t.Run("family "+string(family), func(t *testing.T) {
			s := openHub(t, tuyatest.Options{PushOptions: tuyatest.PushOptions{Family: family}}, nil)
			s.devices()
			s.poll()
			err := s.watch(func(e *ear) {
				e.until(t, "life", func() bool { return e.alive > 0 })
				if err := s.hub.Execute(t.Context(), set(tuyatest.Plug, "switch_1", hubs.On, false)); err != nil {
					t.Fatal(err)
				}
				if err := s.hub.Execute(t.Context(), set(tuyatest.Plug, "switch_1", hubs.On, true)); err != nil {
					t.Fatal(err)
				}
				e.until(t, "the plug's new state", func() bool {
					v, _ := valueIn(e.news, tuyatest.Plug, "switch_1", hubs.On)
					return v == hubs.Bool(true)
				})
				if err := s.cloud.Press(tuyatest.Button, "switch_mode1", "single_click"); err != nil {
					t.Fatal(err)
				}
				e.until(t, "a press", func() bool { return e.presses() == 1 })
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("want it ended with its context, got %v", err)
			}
			if n := s.cloud.Counters().PublishFailed; n > 0 {
				t.Errorf("%d messages failed", n)
			}
		})
	}
}

// A connection that breaks ends the stream.
func TestOpenHubBreaks(t *testing.T) {
	s := openHub(t, tuyatest.Options{}, nil)
	s.devices()
	s.poll()
	e := newEar()
	ended := make(chan error, 1)
	go func() { ended <- s.hub.Watch(t.Context(), e) }()
	e.until(t, "life", func() bool { return e.alive > 0 })
	s.cloud.DropLinks()
	if err := <-ended; hubs.FaultOf(err) != hubs.Transient {
		t.Errorf("want a broken connection told, got %v", err)
	}
}

func TestOpenHubDenied(t *testing.T) {
	s := openHub(t, tuyatest.Options{}, map[string]string{"Push": "mqtt"})
	s.devices()
	if err := s.cloud.Deny(tuyatest.AccessID, tuyatest.Notification, 28841101); err != nil {
		t.Fatal(err)
	}
	err := s.hub.Watch(t.Context(), newEar())
	e, _ := errors.AsType[*hubs.Error](err)
	if e == nil || e.Fault != hubs.Misconfigured || !strings.Contains(e.Hint, "Device Status Notification") {
		t.Errorf("want misconfigured with a hint, got %#v", err)
	}
}
