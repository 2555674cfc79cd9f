package bridge

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func oneToy() HubConfig { return HubConfig{Name: "toy", Hub: newToy()} }

func TestRequestsThatFail(t *testing.T) {
	cases := []struct{ name, verb, payload, says string }{
		{"no JSON", "refresh", "toy", "JSON object"},
		{"a name that is a number", "refresh", `{"hub": 7, "transaction": "t"}`, "JSON object"},
		{"not UTF-8", "refresh", "\xff\xfe", "UTF-8"},
		{"a megabyte", "refresh", `{"hub": "` + strings.Repeat("x", 1<<20) + `"}`, "allowed"},
		{"unknown verb", "explode", `{}`, "device/rename"},
		{"no hub named", "refresh", `{}`, "toy, cabin"},
		{"unknown hub", "refresh", `{"hub": "attic"}`, "attic"},
		{"rediscover an unknown hub", "rediscover", `{"hub": "attic"}`, "attic"},
		{"no level", "log_level", `{}`, "trace"},
		{"unknown level", "log_level", `{"value": "loud"}`, "loud"},
		{"level of an unknown hub", "log_level", `{"value": "debug", "hub": "attic"}`, "attic"},
		{"no device", "device/rename", `{"hub": "toy", "value": "x"}`, `"device"`},
		{"unknown device", "device/rename", `{"hub": "toy", "device": "p9", "value": "x"}`, "p9"},
		{"no value", "device/rename", `{"hub": "toy", "device": "p1"}`, "value"},
		{"a name that is no text", "device/rename", `{"hub": "toy", "device": "p1", "value": 7}`, "text"},
		{"a name without end", "device/rename", `{"hub": "toy", "device": "p1", "value": "` + strings.Repeat("x", 300) + `"}`, "too long"},
		{"the hub cannot be excluded", "device/exclude", `{"hub": "toy", "device": "hub"}`, "own device"},
		{"the hub cannot be hidden", "device/options", `{"hub": "toy", "device": "hub", "value": {"hidden": true}}`, "own device"},
		{"options without any", "device/options", `{"hub": "toy", "device": "p1", "value": {}}`, "options"},
		{"a kind that it cannot be", "device/options", `{"hub": "toy", "device": "p1/plug", "value": {"kind": "number"}}`, "can be shown as light"},
		{"a class that it cannot have", "device/options", `{"hub": "toy", "device": "p1/plug", "value": {"class": "blind"}}`, "outlet"},
		{"no scale", "device/options", `{"hub": "toy", "device": "p1/plug", "value": {"scale": 0}}`, "scale"},
		{"a scale of a switch", "device/options", `{"hub": "toy", "device": "p1/plug", "value": {"scale": 2}}`, "sensors and numbers"},
		{"no time", "device/options", `{"hub": "toy", "device": "p1", "value": {"min_interval": 30}}`, "30s"},
		{"no such option", "device/options", `{"hub": "toy", "device": "p1", "value": {"colour": 1}}`, "no such option"},
		{"an entity has no area", "device/options", `{"hub": "toy", "device": "p1/plug", "value": {"area": "x"}}`, "area"},
		{"a device has no icon", "device/options", `{"hub": "toy", "device": "p1", "value": {"icon": "mdi:lamp"}}`, "icon"},
		{"no icon", "device/options", `{"hub": "toy", "device": "p1/plug", "value": {"icon": "lamp.png"}}`, "mdi:"},
		{"hidden is a flag", "device/options", `{"hub": "toy", "device": "p1", "value": {"hidden": "yes"}}`, "true"},
		{"unknown entity", "device/options", `{"hub": "toy", "device": "p1/plough", "value": {"hidden": true}}`, "plough"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := startHouse(t, auth.NewMemStore(), oneToy(), HubConfig{Name: "cabin", Hub: newToy()})
				pass(time.Second)
				before := s.board.at("b/toy/p1") + s.board.at(configP1)
				got := s.ask(t, c.verb, c.payload)
				if got.Status != "error" || !strings.Contains(got.Error, c.says) {
					t.Errorf("want an error that says %q, got %+v", c.says, got)
				}
				if strings.Contains(c.payload, "transaction") && string(got.Transaction) != `"t"` {
					t.Errorf("want the transaction echoed, got %s", got.Transaction)
				}
				pass(5 * time.Second)
				if after := s.board.at("b/toy/p1") + s.board.at(configP1); after != before {
					t.Errorf("something changed: %s", after)
				}
			})
		})
	}
}

func TestRetainedAndEmptyRequestsAreIgnored(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), oneToy())
		pass(time.Second)
		s.receive("b/bridge/request/device/exclude", []byte(`{"device":"p1"}`), true)
		s.receive("b/bridge/request/rediscover", nil, false)
		s.receive("b/bridge/rediscover/set", []byte("PRESS"), true)
		pass(time.Second)
		if len(s.board.events) > 0 || s.board.at("b/toy/p1") == "" {
			t.Errorf("want nothing done, got %v", s.board.events)
		}
	})
}

func TestRefreshAndRediscover(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), oneToy())
		pass(time.Second)
		if s.must(t, "refresh", `{"hub":"toy"}`); s.toys["toy"].listed() != 2 {
			t.Errorf("want the hub asked at once, got %d inventories", s.toys["toy"].listed())
		}
		s.hub("toy").configSeen(configP1, nil, false) // the user deleted it
		pass(3 * time.Second)
		r := s.ask(t, "rediscover", `{"transaction":{"n":7}}`)
		pass(3 * time.Second)
		if r.Status != "ok" || string(r.Transaction) != `{"n":7}` || s.toys["toy"].listed() != 3 {
			t.Errorf("got %+v and %d inventories", r, s.toys["toy"].listed())
		}
		if s.board.at(configP1) == "" {
			t.Error("what the user deleted must be announced again")
		}
		for _, topic := range []string{"homeassistant/device/b_bridge/config", "homeassistant/device/b_toy_p2/config", "homeassistant/device/b_toy_hub/config"} {
			if s.board.repeated(topic) != 1 {
				t.Errorf("%s: want it sent again once, got %d", topic, s.board.repeated(topic))
			}
		}
		if s.board.repeated("b/toy/p2") != 0 {
			t.Error("states need not be sent again")
		}
		s.lint(t)
	})
}

func TestRefreshOfALimitedHubIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.devices = func(context.Context) ([]hubs.Device, error) {
			return nil, &hubs.Error{Fault: hubs.Limited, After: time.Hour, Err: errors.New("429")}
		}
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f})
		pass(time.Second)
		r := s.ask(t, "refresh", `{"hub":"toy"}`)
		if r.Status != "error" || !strings.Contains(r.Error, "left alone until") || f.listed() != 1 {
			t.Errorf("got %+v and %d inventories", r, f.listed())
		}
	})
}

func TestRenameAndArea(t *testing.T) {
	for _, device := range []string{"p1", "Plug p1"} {
		t.Run(device, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := startHouse(t, auth.NewMemStore(), oneToy())
				pass(5 * time.Second)
				want := map[string]any{"hub": "toy", "device": "p1", "shown": true}
				got := s.must(t, "device/rename", `{"hub":"toy","device":"`+device+`","value":"  Desk \n lamp "}`)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("data (-want +got)\n%s", diff)
				}
				s.must(t, "device/area", `{"device":"Desk lamp","value":"Office"}`) // the new name, and the only hub
				pass(3 * time.Second)
				if s.member("b/toy/p1", "name") != "Desk lamp" || s.member("b/toy/p1", "area") != "Office" || s.member("b/toy/p1", "plug") != "OFF" {
					t.Errorf("got %s", s.board.at("b/toy/p1"))
				}
				if c := s.board.at(configP1); !strings.Contains(c, `"Desk lamp"`) || !strings.Contains(c, `"suggested_area":"Office"`) {
					t.Errorf("announced as %s", c)
				}
				s.lint(t)
				s.must(t, "device/rename", `{"device":"p1","value":""}`)
				s.must(t, "device/area", `{"device":"p1","value":""}`)
				pass(3 * time.Second)
				if s.member("b/toy/p1", "name") != "Plug p1" || s.member("b/toy/p1", "area") != nil {
					t.Errorf("want the vendor's again, got %s", s.board.at("b/toy/p1"))
				}
			})
		})
	}
}

func TestNamesMustBeUnique(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), oneToy())
		pass(time.Second)
		s.must(t, "device/rename", `{"device":"p1","value":"Plug p2"}`)
		r := s.ask(t, "device/area", `{"device":"Plug p2","value":"x"}`)
		if r.Status != "error" || !strings.Contains(r.Error, "p1, p2") {
			t.Errorf("want both ids named, got %+v", r)
		}
		s.must(t, "device/area", `{"device":"Plug p1","value":"x"}`) // the vendor's name still says which
		pass(time.Second)
		if s.member("b/toy/p1", "area") != "x" {
			t.Errorf("got %s", s.board.at("b/toy/p1"))
		}
	})
}

func TestExcludeAndInclude(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), oneToy())
		pass(time.Second)
		if got := s.must(t, "device/exclude", `{"device":"p1"}`); got["shown"] != false {
			t.Errorf("got %v", got)
		}
		pass(2 * time.Second) // the states a moment after the announcement
		for _, topic := range []string{configP1, "b/toy/p1", "b/toy/p1/availability"} {
			if got := s.board.at(topic); got != "" {
				t.Errorf("%s still holds %s", topic, got)
			}
		}
		pass(5 * time.Minute)
		if s.board.at(configP1) != "" || s.board.at("b/toy/p2") == "" {
			t.Error("it must stay away, and the other stay")
		}
		s.must(t, "device/include", `{"device":"p1"}`)
		pass(3 * time.Second)
		if s.board.at(configP1) == "" || s.member("b/toy/p1", "plug") != "OFF" {
			t.Errorf("want it back in its old place, got %s", s.board.at("b/toy/p1"))
		}
		s.lint(t)
	})
}

func TestOptions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), oneToy())
		pass(5 * time.Second)
		s.must(t, "device/options", `{"device":"Plug p1","value":{"name":"Desk","area":"Office"}}`)
		s.must(t, "device/options", `{"device":"p1/plug","value":{"name":"Socket","icon":"mdi:lamp","disabled":true}}`)
		s.must(t, "device/options", `{"device":"p1/press","value":{"hidden":true}}`)
		pass(10 * time.Second)
		c := s.board.at(configP1)
		for _, want := range []string{`"Desk"`, `"Office"`, `"Socket"`, `"mdi:lamp"`, `"enabled_by_default":false`} {
			if !strings.Contains(c, want) {
				t.Errorf("%s is missing in %s", want, c)
			}
		}
		if strings.Contains(c, `"press"`) {
			t.Errorf("the hidden entity is announced: %s", c)
		}
		s.lint(t)
		s.must(t, "device/options", `{"device":"p1/plug","value":{"name":"","icon":null,"disabled":null}}`)
		s.must(t, "device/options", `{"device":"p1/press","value":{"hidden":false}}`)
		s.must(t, "device/options", `{"device":"p1","value":{"name":null,"area":""}}`)
		pass(10 * time.Second)
		if back := s.board.at(configP1); back != s.board.history(configP1)[0] {
			t.Errorf("want it as at first, got %s", back)
		}
		s.must(t, "device/options", `{"device":"p1","value":{"hidden":true}}`)
		pass(3 * time.Second)
		if s.board.at("b/toy/p1") != "" {
			t.Error("a hidden device must go")
		}
	})
}

func TestLogLevel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, auth.NewMemStore(), oneToy(), HubConfig{Name: "cabin", Hub: newToy()})
		pass(time.Second)
		if got := s.must(t, "log_level", `{"value":"debug","hub":"toy"}`); got["level"] != "debug" {
			t.Errorf("got %v", got)
		}
		if s.member("b/bridge", "log_level") != "info" || s.cfg.Levels.Level("cabin") != "info" {
			t.Error("one hub's level is not all's")
		}
		s.must(t, "log_level", `{"value":"warn"}`)
		if s.member("b/bridge", "log_level") != "warn" || s.cfg.Levels.Level("toy") != "warn" {
			t.Errorf("got %s", s.board.at("b/bridge"))
		}
		s.must(t, "log_level", `{"value":""}`)
		if s.member("b/bridge", "log_level") != "info" {
			t.Error("want the setting again")
		}
	})
}

// TestChoicesOutliveTheBridge makes them while the hub is down, and looks after a restart.
func TestChoicesOutliveTheBridge(t *testing.T) {
	store := auth.NewMemStore()
	down := func(context.Context) ([]hubs.Device, error) { return nil, errors.New("dead") }
	bubble(t, func(t *testing.T) {
		s := startHouse(t, store, oneToy())
		pass(5 * time.Second)
		s.toys["toy"].set(func(f *toy) {
			f.devices = down
			f.poll = func(context.Context) ([]hubs.Reading, error) { return nil, errors.New("dead") }
		})
		pass(5 * time.Minute)
		s.must(t, "device/rename", `{"device":"p1","value":"Desk"}`)
		pass(3 * time.Second)
		if s.member("b/toy/p1", "name") != "Desk" || !strings.Contains(s.board.at(configP1), "Desk") {
			t.Errorf("want it renamed while the hub is down, got %s", s.board.at("b/toy/p1"))
		}
	})
	bubble(t, func(t *testing.T) { // the hub is still down
		f := newToy()
		f.devices = down
		s := startHouse(t, store, HubConfig{Name: "toy", Hub: f})
		s.board.Set("b/toy/p2", []byte("{}")) // as the broker still has it
		pass(time.Second)
		s.must(t, "device/area", `{"device":"Desk","value":"Office"}`)
		s.must(t, "device/exclude", `{"device":"Plug p2"}`)
		pass(3 * time.Second)
		if s.board.at("b/toy/p2") != "" {
			t.Error("want it taken back although the hub is down")
		}
	})
	bubble(t, func(t *testing.T) {
		s := startHouse(t, store, oneToy())
		pass(time.Second)
		if s.member("b/toy/p1", "name") != "Desk" || s.member("b/toy/p1", "area") != "Office" || s.board.at("b/toy/p2") != "" {
			t.Errorf("got %s and %s", s.board.at("b/toy/p1"), s.board.at("b/toy/p2"))
		}
	})
}

func TestChoicesThatCannotBeKeptAreNotMade(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHouse(t, fullStore{auth.NewMemStore()}, oneToy())
		pass(time.Second)
		r := s.ask(t, "device/exclude", `{"device":"p1"}`)
		pass(3 * time.Second)
		if r.Status != "error" || !strings.Contains(r.Error, "no space") || s.board.at("b/toy/p1") == "" {
			t.Errorf("got %+v", r)
		}
	})
}

func TestDamagedChoicesAreSaidAndReplaced(t *testing.T) {
	store := auth.NewMemStore()
	if _, err := store.Put(t.Context(), choicesKey("toy"), []byte("{"), 0); err != nil {
		t.Fatal(err)
	}
	bubble(t, func(t *testing.T) {
		s := startHouse(t, store, oneToy())
		pass(time.Second)
		s.must(t, "device/rename", `{"device":"p1","value":"Desk"}`)
	})
	if c, err := loadChoices(t.Context(), store, "toy"); err != nil || c.Devices["p1"].said("p1").Device.Text("name") != "Desk" {
		t.Errorf("got %+v, %v", c, err)
	}
}
