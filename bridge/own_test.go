package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestOwnDevicesInFull(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var calls atomic.Int64
		calls.Store(7)
		expires := time.Now().Add(time.Hour)
		c := HubConfig{
			Name: "toy", Push: true,
			Hub: struct {
				*streaming
				fixedBudget
			}{&streaming{toy: newToy(), end: make(chan error)}, fixedBudget{Used: 100, Limit: 1000}},
			Tokens: func() []auth.State { return []auth.State{{}, {Expires: expires}, {Expires: expires.Add(time.Hour)}} },
			Calls:  func() int { return int(calls.Load()) },
		}
		s := startHouse(t, auth.NewMemStore(), c)
		pass(time.Second)
		s.lint(t)
		want := map[string]any{
			"connection": "ON", "state": "ok", "last_error": nil, "login_needed": "OFF", "push": "up", "devices": 2.0, "entities": 4.0, "calls_today": 7.0,
			"quota_used": 100.0, "quota_limit": 1000.0, "token_expires": expires.UTC().Format(time.RFC3339),
			"last_error_attributes": map[string]any{"code": nil, "hint": nil, "since": nil},
			"name":                  "Toy", "area": nil, "last_seen": nil,
		}
		var got map[string]any
		_ = json.Unmarshal([]byte(s.board.at("b/toy/hub")), &got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the hub (-want +got)\n%s", diff)
		}
		var info hubInfo
		if err := json.Unmarshal([]byte(s.board.at("b/toy/info")), &info); err != nil {
			t.Fatal(err)
		}
		if *info.CallsToday != 7 || *info.QuotaUsed != 100 || *info.QuotaLimit != 1000 || info.Devices != 2 || info.Entities != 4 || info.TokenExpires == nil {
			t.Errorf("info: %s", s.board.at("b/toy/info"))
		}
		want = map[string]any{
			"version": "1", "hubs": 1.0, "mqtt_reconnects": 0.0, "log_level": "info", "name": "hub2mqtt", "area": nil, "last_seen": nil,
		}
		got = nil
		_ = json.Unmarshal([]byte(s.board.at("b/bridge")), &got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the bridge (-want +got)\n%s", diff)
		}
		before := s.board.count("b/toy/hub")
		for range 60 {
			calls.Add(1)
			pass(time.Second)
		}
		if n := s.board.count("b/toy/hub") - before; n < 5 || n > 6 {
			t.Errorf("a counter that moves: want it about every 10 s, got %d in a minute", n)
		}
	})
}

func TestNoisyEntitiesAreHidden(t *testing.T) {
	h := &hubRun{cfg: HubConfig{
		Tokens: func() []auth.State { return nil }, Calls: func() int { return 0 }, Hub: struct {
			hubs.Hub
			fixedBudget
		}{newToy(), fixedBudget{}},
	}, pushes: true}
	var shown []string
	for _, e := range h.ownEntities() {
		if !e.Hidden {
			shown = append(shown, e.Key)
		}
	}
	want := []string{"connection", "state", "last_error", "login_needed", "push", "devices", "refresh", "rediscover"}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestOwnCommands(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), oneToy())
		pass(time.Second)
		cases := []struct{ topic, payload, code string }{
			{"b/toy/hub/refresh/set", "PRESS", ""},
			{"b/toy/hub/rediscover/set", "PRESS", ""},
			{"b/toy/hub/set", `{"refresh":"PRESS","transaction":1}`, ""},
			{"b/toy/hub/set", `{"refresh":"PRESS","transaction":1}`, "duplicate"},
			{"b/toy/hub/refresh/set", "please", "invalid"},
			{"b/toy/hub/state/set", "ok", "read_only"},
			{"b/bridge/rediscover/set", "PRESS", ""},
			{"b/bridge/log_level/set", "debug", ""},
			{"b/bridge/log_level/set", "loud", "invalid"},
			{"b/bridge/set", `{"log_level":"warn","transaction":2}`, ""},
			{"b/bridge/version/set", "2", "read_only"},
			{"b/bridge/nothing/set", "2", "unknown_entity"},
		}
		for i, c := range cases {
			s.receive(c.topic, []byte(c.payload), false)
			synctest.Wait()
			got := s.board.results(t)
			if len(got) != i+1 || got[i].Code != c.code || got[i].OK != (c.code == "") || !got[i].OK && got[i].Error == "" {
				t.Fatalf("%s %s: want one result %q, got %+v", c.topic, c.payload, c.code, got[min(i, len(got)):])
			}
		}
		pass(time.Second)
		if s.toys["toy"].commands() != 0 || s.toys["toy"].listed() < 3 {
			t.Errorf("want the hub asked and not commanded: %d lists, %d commands", s.toys["toy"].listed(), s.toys["toy"].commands())
		}
		if s.member("b/bridge", "log_level") != "warn" {
			t.Errorf("got %s", s.board.at("b/bridge"))
		}
	})
}

func TestOwnCommandsWhileTheHubIsDown(t *testing.T) {
	store := auth.NewMemStore()
	for _, name := range []string{"never reached", "reached in an earlier run"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newToy()
				f.devices = func(ctx context.Context) ([]hubs.Device, error) { <-ctx.Done(); return nil, ctx.Err() }
				s := startHouse(t, store, HubConfig{Name: "toy", Hub: f})
				pass(time.Second) // the first attempt is under way
				s.receive("b/toy/hub/refresh/set", []byte("PRESS"), false)
				pass(3 * time.Minute)
				s.receive("b/toy/hub/rediscover/set", []byte("PRESS"), false)
				pass(time.Second)
				if got := s.board.results(t); len(got) != 2 || !got[0].OK || !got[1].OK {
					t.Errorf("got %+v", got)
				}
				if s.member("b/toy/hub", "connection") != "OFF" || s.member("b/toy/hub", "state") != "unreachable" {
					t.Errorf("got %s", s.board.at("b/toy/hub"))
				}
			})
			bubble(t, func(t *testing.T) {
				startHouse(t, store, oneToy())
				pass(5 * time.Second)
			})
		})
	}
}

func TestLastErrorSaysWhatToDo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.devices = func(context.Context) ([]hubs.Device, error) {
			return nil, &hubs.Error{
				Fault: hubs.Misconfigured, Code: "1106", Hint: "grant the scope", Err: errors.New(strings.Repeat("permission denied ", 30)),
			}
		}
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f})
		pass(time.Second)
		attrs, _ := s.member("b/toy/hub", "last_error_attributes").(map[string]any)
		if attrs["code"] != "1106" || attrs["hint"] != "grant the scope" || attrs["since"] == nil {
			t.Errorf("attributes: %v", attrs)
		}
		if text, _ := s.member("b/toy/hub", "last_error").(string); len(text) != 255 {
			t.Errorf("want the text cut to what Home Assistant takes, got %d characters", len(text))
		}
		s.lint(t)
	})
}

// TestOwnDeviceKeepsStillOverARestart compares what the broker holds before and while
// the bridge starts again, with the hub up and down.
func TestOwnDeviceKeepsStillOverARestart(t *testing.T) {
	for _, up := range []bool{true, false} {
		t.Run(fmt.Sprintf("hub up %v", up), func(t *testing.T) {
			store := auth.NewMemStore()
			config := func() HubConfig {
				return HubConfig{Name: "toy", Hub: &streaming{toy: newToy(), end: make(chan error)}, Push: true}
			}
			var before string
			bubble(t, func(t *testing.T) {
				s := startHouse(t, store, config())
				pass(time.Minute)
				before = s.board.at("b/toy/hub")
			})
			bubble(t, func(t *testing.T) {
				c := config()
				if !up {
					c.Hub.(*streaming).devices = func(context.Context) ([]hubs.Device, error) { return nil, errors.New("dead") }
				}
				s := startHouse(t, store, c)
				s.board.Set("b/toy/hub", []byte(before))
				pass(time.Minute)
				if got := s.board.history("b/toy/hub"); up && len(got) != 1 {
					t.Errorf("want it to stay as it is, got %q", got)
				}
				if got := s.member("b/toy/hub", "devices"); got != 2.0 {
					t.Errorf("want both devices counted, got %v", got)
				}
			})
		})
	}
}

func TestVendorsKeysBeatOurs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.devices = func(context.Context) ([]hubs.Device, error) {
			return []hubs.Device{plug("p1"), {ID: hubs.Self, Name: "Home", Entities: []hubs.Entity{
				{Key: "state", Name: "Mood", Spec: hubs.Number{Max: 10}}, {Key: "refresh", Name: "Refresh all", Spec: hubs.Button{}},
			}}}, nil
		}
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f})
		pass(time.Second)
		s.lint(t)
		if c := s.board.at("homeassistant/device/b_toy_hub/config"); !strings.Contains(c, `"Mood"`) || strings.Contains(c, `"unreachable"`) {
			t.Errorf("got %s", c)
		}
		s.receive("b/toy/hub/refresh/set", []byte("PRESS"), false)
		pass(time.Second)
		if f.commands() != 1 || s.member("b/toy/hub", "state") != nil {
			t.Errorf("want the vendor's button pressed and its number left alone: %d, %s", f.commands(), s.board.at("b/toy/hub"))
		}
	})
}
