package bridge

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// home is a hub with things that can be turned upside down, and a lock that cannot.
func home() *toy {
	f := newToy()
	f.devices = func(context.Context) ([]hubs.Device, error) {
		return []hubs.Device{
			{ID: "gw", Name: "Gateway", Maker: "Acme", Entities: []hubs.Entity{{Key: "led", Spec: hubs.Switch{}}}},
			{ID: "door", Name: "Door", Area: "Hall", Maker: "Acme", Via: "gw", Entities: []hubs.Entity{
				{Key: "contact", Class: hubs.DoorClass, Spec: hubs.Binary{}},
				{Key: "battery", Name: "Battery", Class: hubs.Battery, Spec: hubs.Sensor{Unit: hubs.Percent}},
				{Key: "bolt", Name: "Bolt", Spec: hubs.Lock{}},
			}},
			{ID: "blind", Name: "Blind", Area: "Hall", Entities: []hubs.Entity{
				{Key: "blind", Class: hubs.Blind, Spec: hubs.Cover{Positions: true, Tilts: true, Stops: true}},
			}},
			{ID: hubs.Self, Name: "Home", Entities: []hubs.Entity{
				{Key: "movie", Name: "Movie night", Spec: hubs.Scene{}},
				{Key: "away", Name: "Away", Spec: hubs.Switch{}},
			}},
		}, nil
	}
	f.poll = func(context.Context) ([]hubs.Reading, error) {
		value := func(entity string, attr hubs.Attr, v hubs.Value) hubs.PointValue {
			return hubs.PointValue{Point: hubs.Point{Entity: entity, Attr: attr}, Value: v}
		}
		return []hubs.Reading{
			{Device: "door", Values: []hubs.PointValue{
				value("contact", hubs.On, hubs.Bool(false)), value("battery", hubs.Main, hubs.Num(70)), value("bolt", hubs.State, hubs.Str(hubs.Locked)),
			}},
			{Device: "blind", Values: []hubs.PointValue{
				value("blind", hubs.Position, hubs.Num(30)), value("blind", hubs.Motion, hubs.Str(hubs.Stopped)), value("blind", hubs.Tilt, hubs.Num(20)),
			}},
		}, nil
	}
	return f
}

func startHome(t *testing.T, store auth.KV, s FilterSettings) *house {
	t.Helper()
	return startHouse(t, store, HubConfig{Name: "toy", Hub: home(), Filter: mustFilter(t, s)})
}

// shown lists the devices that are announced.
func (s *house) shown() (out []string) {
	held, _ := s.board.all()
	for _, id := range []string{"gw", "door", "blind", "hub"} {
		if held["homeassistant/device/b_toy_"+id+"/config"] != "" && held["b/toy/"+id] != "" {
			out = append(out, id)
		}
	}
	return out
}

func TestFilterAtWork(t *testing.T) {
	cases := []struct {
		name string
		FilterSettings
		want string
	}{
		{"all", FilterSettings{}, "gw door blind hub"},
		{"an area out", FilterSettings{Exclude: "hall"}, "gw hub"},
		{"a maker in", FilterSettings{Include: "maker:acme"}, "gw door hub"},
		{"every entity out", FilterSettings{Exclude: "blind/*"}, "gw door hub"},
		{"the hub's own device stays", FilterSettings{Exclude: "*"}, "hub"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := startHome(t, auth.NewMemStore(), c.FilterSettings)
				pass(time.Second)
				if got := strings.Join(s.shown(), " "); got != c.want {
					t.Errorf("want %s, got %s", c.want, got)
				}
				s.lint(t)
			})
		})
	}
}

func TestExcludedEntities(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHome(t, auth.NewMemStore(), FilterSettings{Exclude: "door/battery,hub/movie,hub/connection"})
		pass(time.Second)
		door, hub := s.board.at("homeassistant/device/b_toy_door/config"), s.board.at("homeassistant/device/b_toy_hub/config")
		if strings.Contains(door, `"battery"`) || !strings.Contains(door, `"contact"`) || strings.Contains(s.board.at("b/toy/door"), "battery") {
			t.Errorf("door: %s", door)
		}
		if strings.Contains(hub, `"movie"`) || !strings.Contains(hub, `"away"`) || !strings.Contains(hub, `"connection"`) {
			t.Errorf("hub: want its scene gone and ours to stay, got %s", hub)
		}
	})
}

// TestExcludedLater changes the settings over restarts.
func TestExcludedLater(t *testing.T) {
	store := auth.NewMemStore()
	var broker map[string]string
	run := func(s FilterSettings, look func(t *testing.T, h *house)) {
		bubble(t, func(t *testing.T) {
			h := startHouseOn(t, broker, store, HubConfig{Name: "toy", Hub: home(), Filter: mustFilter(t, s)})
			pass(5 * time.Second)
			look(t, h)
			broker, _ = h.board.all()
		})
	}
	run(FilterSettings{}, func(*testing.T, *house) {})
	run(FilterSettings{Exclude: "gw"}, func(t *testing.T, h *house) {
		if got := strings.Join(h.shown(), " "); got != "door blind hub" || h.board.at("b/toy/gw/availability") != "" {
			t.Errorf("want the gateway gone at once, got %s", got)
		}
		if c := h.board.at("homeassistant/device/b_toy_door/config"); !strings.Contains(c, `"via_device":"b_toy_hub"`) {
			t.Errorf("want the door behind the hub, got %s", c)
		}
	})
	run(FilterSettings{}, func(t *testing.T, h *house) {
		if got := strings.Join(h.shown(), " "); got != "gw door blind hub" {
			t.Errorf("want it back, got %s", got)
		}
	})
}

// TestExcludedKeepsItsPlace lets another device come that would like it.
func TestExcludedKeepsItsPlace(t *testing.T) {
	store := auth.NewMemStore()
	run := func(exclude string, ids ...hubs.DeviceID) map[string]string {
		var held map[string]string
		bubble(t, func(t *testing.T) {
			f := newToy()
			clear(f.on)
			for _, id := range ids {
				f.on[id] = true
			}
			s := startHouse(t, store, HubConfig{Name: "toy", Hub: f, Filter: mustFilter(t, FilterSettings{Exclude: exclude})})
			pass(3 * time.Second)
			held, _ = s.board.all()
		})
		return held
	}
	if run("", "a.b")["b/toy/a_b"] == "" {
		t.Fatal("want the plain form")
	}
	if held := run("a.b", "a b", "a.b"); held["b/toy/a_b"] != "" {
		t.Error("its place was given away")
	}
	if got := run("", "a b", "a.b")["b/toy/a_b"]; !strings.Contains(got, "Plug a.b") {
		t.Errorf("want its old place, got %s", got)
	}
}

func TestPushOfAnExcludedDeviceIsNoNews(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f, Filter: mustFilter(t, FilterSettings{Exclude: "p1"})})
		pass(time.Second)
		before := f.listed()
		s.hub("toy").apply([]hubs.Reading{{Device: "p1"}}, source{push: true, asked: time.Now()})
		pass(time.Second)
		if f.listed() != before {
			t.Error("the hub was asked for its devices")
		}
		s.hub("toy").apply([]hubs.Reading{{Device: "p9"}}, source{push: true, asked: time.Now()})
		pass(time.Second)
		if f.listed() != before+1 {
			t.Error("a new device must be looked for")
		}
	})
}

func TestNewDevicesAreHeld(t *testing.T) {
	store := auth.NewMemStore()
	held := HubConfig{Name: "toy", Filter: mustFilter(t, FilterSettings{NewDevices: "hold"})}
	bubble(t, func(t *testing.T) { // without it at first
		startHouse(t, store, oneToy())
		pass(time.Second)
	})
	bubble(t, func(t *testing.T) {
		f := newToy()
		held.Hub = f
		s := startHouse(t, store, held)
		pass(time.Second)
		f.set(func(f *toy) { f.on["p3"], f.on["p4"] = true, true })
		pass(2 * time.Minute)
		if s.board.at("b/toy/p1") == "" || s.board.at("b/toy/p3") != "" {
			t.Error("want the old ones shown and the new ones held")
		}
		if l := s.board.at("b/toy/devices"); strings.Count(l, `"held":true`) != 2 || strings.Count(l, `"held":false`) != 3 {
			t.Errorf("the list says %s", l)
		}
		if got := s.must(t, "device/include", `{"device":"Plug p3"}`); got["shown"] != true {
			t.Errorf("got %v", got)
		}
		pass(time.Second)
		if s.member("b/toy/p3", "plug") != "ON" {
			t.Errorf("got %s", s.board.at("b/toy/p3"))
		}
	})
	bubble(t, func(t *testing.T) { // a restart changes nothing
		f := newToy()
		f.on["p3"], f.on["p4"] = true, true
		held.Hub = f
		s := startHouse(t, store, held)
		pass(3 * time.Second)
		if s.board.at("b/toy/p3") == "" || s.board.at("b/toy/p4") != "" {
			t.Error("want p3 shown and p4 held")
		}
	})
	bubble(t, func(t *testing.T) { // announcing again lets all in
		f := newToy()
		f.on["p4"] = true
		s := startHouse(t, store, HubConfig{Name: "toy", Hub: f})
		pass(3 * time.Second)
		if s.board.at("b/toy/p4") == "" {
			t.Error("want p4 shown")
		}
	})
}

func TestSettingsBeatInclude(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHome(t, auth.NewMemStore(), FilterSettings{Exclude: "door"})
		pass(time.Second)
		r := s.ask(t, "device/include", `{"device":"door"}`)
		if r.Status != "error" || !strings.Contains(r.Error, "EXCLUDE") || s.board.at("b/toy/door") != "" {
			t.Errorf("got %+v", r)
		}
	})
}

func TestInvertAtWork(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHome(t, auth.NewMemStore(), FilterSettings{Invert: "door/*,Blind/blind"})
		f := s.toys["toy"]
		pass(time.Second)
		if s.member("b/toy/door", "contact") != "ON" || s.member("b/toy/door", "bolt") != "LOCKED" || s.member("b/toy/door", "battery") != 70.0 {
			t.Errorf("door: %s", s.board.at("b/toy/door"))
		}
		want := map[string]any{"state": "open", "position": 70.0, "tilt": 20.0}
		if diff := cmp.Diff(want, s.member("b/toy/blind", "blind")); diff != "" {
			t.Errorf("blind (-want +got)\n%s", diff)
		}
		if info := s.board.at("b/toy/info"); !strings.Contains(info, "door/bolt") || !strings.Contains(info, "upside down") {
			t.Errorf("want it said that a lock refuses, got %s", info)
		}
		send := func(payload string) hubs.Command {
			before := f.commands()
			s.receive("b/toy/blind/blind/set", []byte(payload), false)
			synctest.Wait()
			f.mu.Lock()
			defer f.mu.Unlock()
			if len(f.executed) != before+1 {
				t.Fatalf("%s: %d commands", payload, len(f.executed)-before)
			}
			return f.executed[before]
		}
		cmd := send("OPEN")
		if v, _ := cmd.Value(hubs.Position); v != hubs.Num(0) {
			t.Errorf("OPEN: want the hub told 0, got %s", v)
		}
		if got := s.board.at("b/toy/blind"); !strings.Contains(got, `"opening"`) {
			t.Errorf("want it shown opening, got %s", got)
		}
		if cmd = send("STOP"); cmd.Do != hubs.Stop {
			t.Errorf("STOP: got %+v", cmd)
		}
		cmd = send(`{"position":80,"tilt":10}`)
		position, _ := cmd.Value(hubs.Position)
		tilt, _ := cmd.Value(hubs.Tilt)
		if position != hubs.Num(20) || tilt != hubs.Num(10) {
			t.Errorf("want 20 and the tilt as it is, got %s and %s", position, tilt)
		}
	})
}

// TestInvertedCommandIsConfirmed makes the blind do what it is told.
func TestInvertedCommandIsConfirmed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := startHome(t, auth.NewMemStore(), FilterSettings{Invert: "blind/*"})
		pass(time.Second)
		s.receive("b/toy/blind/blind/position/set", []byte("90"), false)
		pass(time.Second)
		s.hub("toy").apply([]hubs.Reading{{Device: "blind", Values: []hubs.PointValue{
			{Point: hubs.Point{Entity: "blind", Attr: hubs.Position}, Value: hubs.Num(10), At: time.Now()},
		}}}, source{push: true, asked: time.Now()})
		pass(time.Second)
		want := map[string]any{"state": "open", "position": 90.0, "tilt": 20.0}
		if diff := cmp.Diff(want, s.member("b/toy/blind", "blind")); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}
