package tuya

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

func find(list []hubs.Device, id hubs.DeviceID) hubs.Device {
	i := slices.IndexFunc(list, func(d hubs.Device) bool { return d.ID == id })
	if i < 0 {
		return hubs.Device{}
	}
	return list[i]
}

func TestHousehold(t *testing.T) {
	bubble(t, tuyatest.Options{}, nil, func(t *testing.T, s *sim) {
		list := s.devices()
		for id, want := range map[hubs.DeviceID]hubs.DeviceID{tuyatest.Motion: tuyatest.Gateway, tuyatest.IRAircon: tuyatest.IRHub, tuyatest.Plug: hubs.Self} {
			if got := find(list, id); got.Via != want || got.Home == "" || got.Name == "" || got.Maker == "" {
				t.Errorf("%s: want it behind %q in a home, got %+v", id, want, got)
			}
		}
		if areas := slices.Collect(func(yield func(string) bool) {
			for _, d := range list {
				if d.Area != "" && !yield(d.Area) {
					return
				}
			}
		}); len(areas) < 30 {
			t.Errorf("want rooms of most devices, got %d", len(areas))
		}
		before := s.cloud.Counters().ByOp
		for range 11 {
			pass(time.Hour)
			s.devices()
		}
		after := s.cloud.Counters().ByOp
		for _, op := range []string{tuyatest.OpHomes, tuyatest.OpRooms, tuyatest.OpRoomDevices, tuyatest.OpScenes, tuyatest.OpRemotes, tuyatest.OpKeys} {
			if before[op] != after[op] {
				t.Errorf("%s: want none in 11 hours, got %d", op, after[op]-before[op])
			}
		}
	})
}

// What a project may not read is left out, said once, and asked about a few times a day.
// What was there once does not vanish with a right.
func TestHouseholdDenied(t *testing.T) {
	bubble(t, tuyatest.Options{}, nil, func(t *testing.T, s *sim) {
		deny := func(code int) {
			for _, g := range []tuyatest.Group{tuyatest.SceneLinkage, tuyatest.Infrared} {
				if err := s.cloud.Deny(tuyatest.AccessID, g, code); err != nil {
					t.Fatal(err)
				}
			}
		}
		deny(28841105)
		list := s.devices()
		if len(find(list, hubs.Self).Entities) != 0 || len(find(list, tuyatest.IRTelevision).Entities) != 0 {
			t.Error("scenes and keys, though they are denied")
		}
		for range 5 {
			pass(time.Hour)
			s.devices()
		}
		if got := s.cloud.Counters().ByOp[tuyatest.OpScenes]; got > 2 {
			t.Errorf("want scenes asked for once in hours, by both calls, got %d", got)
		}
		if got := strings.Count(s.log.String(), "may not read a part of the home"); got != 2 {
			t.Errorf("want it said once a part, got %d", got)
		}
		deny(0)
		pass(24 * time.Hour)
		list = s.devices()
		scenes := len(find(list, hubs.Self).Entities)
		if scenes == 0 || len(find(list, tuyatest.IRTelevision).Entities) == 0 {
			t.Error("allowed by now: want scenes and keys")
		}
		deny(28841105)
		pass(24 * time.Hour)
		if got := len(find(s.devices(), hubs.Self).Entities); got != scenes {
			t.Errorf("denied again: want the %d scenes that are known, got %d", scenes, got)
		}
	})
}

func TestScenes(t *testing.T) {
	bubble(t, tuyatest.Options{}, nil, func(t *testing.T, s *sim) {
		self := find(s.devices(), hubs.Self)
		if len(self.Entities) == 0 {
			t.Fatal("no scenes")
		}
		for _, e := range self.Entities {
			if err := s.hub.Execute(t.Context(), hubs.Command{Device: hubs.Self, Entity: e.Key, Do: hubs.Activate}); err != nil {
				t.Errorf("%s: %v", e.Key, err)
			}
		}
		if got := s.cloud.Counters().ByOp[tuyatest.OpTrigger]; got != len(self.Entities) {
			t.Errorf("want %d scenes started, got %d", len(self.Entities), got)
		}
		err := s.hub.Execute(t.Context(), hubs.Command{Device: hubs.Self, Entity: "scene_none", Do: hubs.Activate})
		if hubs.FaultOf(err) != hubs.UnknownEntity {
			t.Errorf("want an unknown scene refused, got %v", err)
		}
	})
}

func TestInfrared(t *testing.T) {
	bubble(t, tuyatest.Options{}, nil, func(t *testing.T, s *sim) {
		list := s.devices()
		tv := find(list, tuyatest.IRTelevision)
		if len(tv.Entities) == 0 {
			t.Fatal("the television has no keys")
		}
		for _, key := range []string{"key_volume_plus", "key_volume_minus"} {
			if _, ok := tv.Entity(key); !ok {
				t.Errorf("the television has no %s", key)
			}
		}
		for _, e := range tv.Entities {
			if err := s.hub.Execute(t.Context(), hubs.Command{Device: tv.ID, Entity: e.Key, Do: hubs.Press}); err != nil {
				t.Errorf("%s: %v", e.Key, err)
			}
		}
		ac := find(list, tuyatest.IRAircon)
		if _, ok := ac.Entity(acEntity); !ok {
			t.Fatalf("the air conditioner is none: %+v", ac)
		}
		for _, c := range []struct {
			cmd  hubs.Command
			want tuyatest.AC
		}{
			{set(tuyatest.IRAircon, acEntity, hubs.Mode, "heat", hubs.Target, 22), tuyatest.AC{Power: 1, Mode: 1, Temp: 22, Wind: 0}},
			{set(tuyatest.IRAircon, acEntity, hubs.FanMode, "high"), tuyatest.AC{Power: 1, Mode: 1, Temp: 22, Wind: 3}},
			{set(tuyatest.IRAircon, acEntity, hubs.Mode, "off"), tuyatest.AC{Power: 0, Mode: 1, Temp: 22, Wind: 3}},
			{set(tuyatest.IRAircon, acEntity, hubs.On, true), tuyatest.AC{Power: 1, Mode: 1, Temp: 22, Wind: 3}},
			{set(tuyatest.IRAircon, acEntity, hubs.Mode, "dry"), tuyatest.AC{Power: 1, Mode: 4, Temp: 22, Wind: 3}},
		} {
			if err := s.hub.Execute(t.Context(), c.cmd); err != nil {
				t.Errorf("%+v: %v", c.cmd.Set, err)
			}
			if got, err := s.cloud.Remote(tuyatest.IRAircon); err != nil || got != c.want {
				t.Errorf("%+v: want %+v, got %+v, %v", c.cmd.Set, c.want, got, err)
			}
			news, err := s.hub.Read(t.Context(), []hubs.DeviceID{tuyatest.IRAircon})
			if err != nil {
				t.Error(err)
			}
			mode := "off"
			if c.want.Power == 1 {
				mode = acModes[c.want.Mode]
			}
			if v, _ := valueIn(news, tuyatest.IRAircon, acEntity, hubs.Mode); v != hubs.Str(mode) {
				t.Errorf("%+v: want mode %s shown, got %v", c.cmd.Set, mode, v)
			}
		}
		// A key may change what the air conditioner was told; and another run knows it too.
		e := newEar()
		s.hub.mu.Lock()
		s.hub.push.to = e // as while a stream stands
		s.hub.mu.Unlock()
		if err := s.hub.Execute(t.Context(), hubs.Command{Device: tuyatest.IRAircon, Entity: "key_power", Do: hubs.Press}); err != nil {
			t.Fatal(err)
		}
		e.mu.Lock()
		if v, told := valueIn(e.news, tuyatest.IRAircon, acEntity, hubs.Mode); !told || v != hubs.Str("off") {
			t.Errorf("want it told at once, got %v, %v", v, told)
		}
		e.mu.Unlock()
		if v, _ := valueIn(s.poll(), tuyatest.IRAircon, acEntity, hubs.Mode); v != hubs.Str("off") {
			t.Errorf("after its power key: want it off, got %v", v)
		}
		s.hub.mu.Lock()
		s.hub.ac = map[hubs.DeviceID]acState{}
		s.hub.mu.Unlock()
		s.devices()
		if v, _ := valueIn(s.poll(), tuyatest.IRAircon, acEntity, hubs.Mode); v != hubs.Str("off") {
			t.Errorf("after a restart: want it off, got %v", v)
		}
	})
}

// Replies that make no sense cost what they are about, or are an error; never a panic.
func TestHouseholdReplies(t *testing.T) {
	for _, raw := range []string{"null", "[]", "{}", "7", `"x"`, "[null]", `[{"room_id":1}]`, `{"rooms":[null,{"room_id":null}]}`, `{"rooms":7}`} {
		if got := readRooms([]byte(raw)); len(got) != 0 {
			t.Errorf("rooms of %s: %v", raw, got)
		}
		if got := readMembers([]byte(raw)); len(got) != 0 {
			t.Errorf("members of %s: %v", raw, got)
		}
		if got, _ := readScenes([]byte(raw), "1"); len(got) != 0 {
			t.Errorf("scenes of %s: %v", raw, got)
		}
		if got, _ := readRemotes([]byte(raw), "h"); len(got) != 0 {
			t.Errorf("remotes of %s: %v", raw, got)
		}
		if got, ok := readAC([]byte(raw)); ok {
			t.Errorf("state of %s: %v", raw, got)
		}
		r := remote{}
		r.readKeys([]byte(raw))
		if len(r.Keys) != 0 {
			t.Errorf("keys of %s: %v", raw, r.Keys)
		}
	}
	if got := readRooms([]byte(`[{"room_id":1,"name":"Bath"}]`)); len(got) != 1 || got[0].Name != "Bath" {
		t.Errorf("a bare list: got %v", got)
	}
	if got := readRooms([]byte(`{"rooms":[{"room_id":"1","name":"Bath"}]}`)); len(got) != 1 {
		t.Errorf("a list inside: got %v", got)
	}
	got, _ := readScenes([]byte(`[{"scene_id":"a","name":"A","enabled":true,"status":"1"},{"scene_id":"b","name":"B","enabled":false},{"scene_id":"c","name":" ","status":1},{"scene_id":"d","status":"2"}]`), "h")
	if len(got) != 2 || got[0].Name != "A" || got[1].Name != "c" {
		t.Errorf("scenes that are on: got %v", got)
	}
}
