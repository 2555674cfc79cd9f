package aqara

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// Everything that happens once in a full home reaches the sink, with what was said about
// it.
func TestHappenings(t *testing.T) {
	bubble(t, aqaratest.Options{Home: aqaratest.FullHome()}, func(t *testing.T, r *rig) {
		r.devices()
		w := r.live()
		at := func(device, function, trait string) func(value any) error {
			return func(value any) error { return r.studio.Set(device, 2, function, trait, value) }
		}
		type data = map[string]hubs.Value
		for name, c := range map[string]struct {
			device string
			do     func() error
			want   hubs.Happening
		}{
			"ring": {
				aqaratest.Doorbell, func() error { return at(aqaratest.Doorbell, "Doorbell", "ButtonEvent")("SinglePress") },
				hubs.Happening{Entity: "x2_doorbell_button_event", Type: "single_press"},
			},
			"cube": {
				aqaratest.Cube, func() error { return at(aqaratest.Cube, "Cube", "CubeEvent")("PickUpHold") },
				hubs.Happening{Entity: "x2_cube_cube_event", Type: "pick_up_hold"},
			},
			"shake": {
				aqaratest.Vibration, func() error { return at(aqaratest.Vibration, "Vibration", "VibrationEvent")("2") },
				hubs.Happening{Entity: "x2_vibration_vibration_event", Type: "vibrate"},
			},
			"turn": {
				aqaratest.Knob, func() error { return r.studio.Rotate(aqaratest.Knob, 2, -45.5) },
				hubs.Happening{Entity: "x2_knob_rotation_event", Type: "rotate", Data: data{
					"rotation_angle": hubs.Num(-45.5), "rotation_direction": hubs.Str("counter_clockwise"),
				}},
			},
			"lock": {
				aqaratest.PlainLock, func() error { return r.studio.Turn(aqaratest.PlainLock, 2, false, 9, 7) },
				hubs.Happening{Entity: "x2_door_lock_lock_operation", Type: "operation", Data: data{
					"lock_operation_type": hubs.Num(1), "operation_source": hubs.Num(9), "user_source": hubs.Num(1),
					"user_id": hubs.Num(7), "credential_id": hubs.Num(7),
				}},
			},
			"alarm": {
				aqaratest.Lock, func() error { return at(aqaratest.Lock, "DoorLock", "DoorLockAlarm")(`{"AlarmCode":3}`) },
				hubs.Happening{Entity: "x2_door_lock_door_lock_alarm", Type: "alarm", Data: data{"alarm_code": hubs.Num(3)}},
			},
			"flame": {
				aqaratest.Camera, func() error { return at(aqaratest.Camera, "FlameDetection", "FlameDetected")("1") },
				hubs.Happening{Entity: "x2_flame_detection_flame_detected", Type: "flame_detected"},
			},
		} {
			began := time.Now().Truncate(time.Millisecond)
			if err := c.do(); err != nil {
				t.Fatal(name, err)
			}
			w.until(name, func() bool { return len(w.events(c.device)) > 0 })
			got := w.events(c.device)
			if got[0].At.Before(began) || len(got) != 1 {
				t.Errorf("%s: %d happenings at %v, want one from %v", name, len(got), got[0].At, began)
			}
			got[0].At = time.Time{}
			if diff := cmp.Diff(c.want, got[0], cmp.Comparer(func(a, b hubs.Value) bool { return a == b })); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		checkHome(t, r.devices(), w.heard())
	})
}

// However the pushes are mistreated on their way, values end up right, and a press that
// arrives is one happening.
func TestPushFaults(t *testing.T) {
	for _, k := range []fault.Kind{
		fault.Duplicate, fault.Bounce, fault.Split, fault.OutOfOrder, fault.Delayed, aqaratest.LooseValues,
	} {
		t.Run(string(k), func(t *testing.T) {
			bubble(t, aqaratest.Options{Home: homeOf(aqaratest.Strip, aqaratest.Button)}, func(t *testing.T, r *rig) {
				r.devices()
				w := r.live()
				r.studio.Faults().Fail(fault.Fault{Match: typeNews, Kind: k, Times: 3, Delay: 3 * time.Second})
				for _, level := range []float64{11, 22, 33} {
					pass(10 * time.Millisecond)
					if err := r.studio.SetAll(map[aqaratest.Address]any{
						{Device: aqaratest.Strip, Endpoint: 2, Function: "Output", Trait: "OnOff"}:              true,
						{Device: aqaratest.Strip, Endpoint: 2, Function: "LevelControl", Trait: "CurrentLevel"}: level,
					}); err != nil {
						t.Fatal(err)
					}
				}
				if err := r.studio.Press(aqaratest.Button, 2, "LongPress"); err != nil {
					t.Fatal(err)
				}
				pass(time.Minute)
				w.mu.Lock()
				defer w.mu.Unlock()
				if got := newest(w.news, aqaratest.Strip, "x2_output", hubs.Level); got != hubs.Num(33) {
					t.Errorf("level %v, want 33", got)
				}
				if n := len(w.events(aqaratest.Button)); n != 1 {
					t.Errorf("%d presses, want 1", n)
				}
			})
		})
	}
}

// A copy of a push is known by its id and its times; without times nothing tells it from
// a second press.
func TestCopiesOfPushes(t *testing.T) {
	press := func(at string) json.RawMessage {
		return json.RawMessage(`[{"deviceId":"` + aqaratest.Button + `","endpointId":2,"functionCode":"Button","traitCode":"ButtonEvent",` +
			`"value":"1","time":` + at + `}]`)
	}
	for name, c := range map[string]struct {
		ids  [2]text
		at   [2]string
		want int
	}{
		"a copy":            {[2]text{"1", "1"}, [2]string{"1761295151844", "1761295151844"}, 1},
		"a copy, no id":     {[2]text{"", ""}, [2]string{"1761295151844", "1761295151844"}, 1},
		"another id":        {[2]text{"1", "2"}, [2]string{"1761295151844", "1761295151844"}, 2},
		"another time":      {[2]text{"1", "1"}, [2]string{"1761295151844", "1761295151845"}, 2},
		"no times":          {[2]text{"1", "1"}, [2]string{"null", "null"}, 2},
		"the first is late": {[2]text{"2", "1"}, [2]string{"1761295151845", "1761295151844"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, aqaratest.Options{Home: homeOf(aqaratest.Button)}, func(t *testing.T, r *rig) {
				r.devices()
				w := newEar()
				s := &stream{hub: r.hub, to: w, wish: make(chan string, 1)}
				for i := range 2 {
					s.news(c.ids[i], press(c.at[i]))
				}
				if n := len(w.events(aqaratest.Button)); n != c.want {
					t.Errorf("want %d presses, got %d", c.want, n)
				}
			})
		})
	}
	var last ring
	for i := range 3 * len(last.seen) {
		if last.repeats(fmt.Sprint(i), nil) {
			t.Errorf("%d is there before it came", i)
		}
	}
	if !last.repeats(fmt.Sprint(3*len(last.seen)-1), nil) || last.repeats("0", nil) {
		t.Error("want the last ones known, and the first forgotten")
	}
}

// newest is what the bridge would show of a point: what has the newest time, and of
// equal ones the last.
func newest(news []hubs.Reading, device, entity string, attr hubs.Attr) (v hubs.Value) {
	var at time.Time
	for _, r := range news {
		for _, p := range r.Values {
			if r.Device == hubs.DeviceID(device) && p.Entity == entity && p.Attr == attr && !p.At.Before(at) {
				v, at = p.Value, p.At
			}
		}
	}
	return v
}

// What cannot be read costs itself only: the stream goes on.
func TestSpoiledPushes(t *testing.T) {
	for _, k := range []fault.Kind{fault.Truncated, fault.WrongTypes, fault.Lost} {
		for _, kind := range []string{typeNews, typeObject} {
			bubble(t, aqaratest.Options{Home: homeOf(aqaratest.Switch, aqaratest.Rain)}, func(t *testing.T, r *rig) {
				r.devices()
				w := r.live()
				r.studio.Faults().Fail(fault.Fault{Match: kind, Kind: k})
				_ = r.studio.Set(aqaratest.Switch, 2, "Output", "OnOff", true)
				_ = r.studio.Remove(aqaratest.Rain)
				pass(time.Second)
				_ = r.studio.Set(aqaratest.Switch, 3, "Output", "OnOff", false)
				w.until("the next value", func() bool {
					return w.value(aqaratest.Switch, "x3_output", hubs.On) == hubs.Bool(false)
				})
				if n := r.studio.Counters().SocketsOpened; n != 1 {
					t.Errorf("%s %s: %d sockets", k, kind, n)
				}
			})
		}
	}
}

// A poll that was under way while a push came must not take it back; one asked for
// later counts whatever its clock says.
func TestPollAndPush(t *testing.T) {
	asked := time.Unix(1000, 0)
	a := address{2, "Output", "OnOff"}
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	for name, c := range map[string]struct {
		old  sample
		poll sample
		want string
	}{
		"pushed later, newer": {sample{raw("true"), time.Unix(50, 0), time.Unix(1001, 0)}, sample{raw: raw("false"), at: time.Unix(40, 0)}, "true"},
		"pushed later, older": {sample{raw("true"), time.Unix(30, 0), time.Unix(1001, 0)}, sample{raw: raw("false"), at: time.Unix(40, 0)}, "false"},
		"pushed before":       {sample{raw("true"), time.Unix(50, 0), time.Unix(999, 0)}, sample{raw: raw("false"), at: time.Unix(40, 0)}, "false"},
		"polled":              {sample{raw: raw("true"), at: time.Unix(50, 0)}, sample{raw: raw("false"), at: time.Unix(40, 0)}, "false"},
	} {
		got := values{a: c.poll}.after(values{a: c.old}, asked)
		if string(got[a].raw) != c.want {
			t.Errorf("%s: %s, want %s", name, got[a].raw, c.want)
		}
	}
	kept := values(nil).after(values{a: {raw("true"), time.Time{}, time.Unix(1, 0)}}, asked)
	if string(kept[a].raw) != "true" {
		t.Error("what no poll brings is forgotten")
	}
}

// A value that the device does not list is said once, becomes an option of the next
// inventory, and happens from then on.
func TestUnlistedValues(t *testing.T) {
	r := newRig(t, aqaratest.Options{Home: homeOf(aqaratest.Doorbell)})
	r.devices()
	h := r.hub
	press := func(device, function, trait, value string) ([]hubs.Reading, string) {
		_, by := decodePush(json.RawMessage(fmt.Sprintf(
			`[{"deviceId":%q,"endpointId":2,"functionCode":%q,"traitCode":%q,"value":%q,"time":1761295151844}]`, device, function, trait, value)), h.now())
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.take(hubs.DeviceID(device), by[device])
	}
	happened := func(rs []hubs.Reading) (out []string) {
		for _, r := range rs {
			for _, e := range r.Events {
				out = append(out, e.Type)
			}
		}
		return out
	}
	for range 2 {
		news, why := press(aqaratest.Doorbell, "Doorbell", "ButtonEvent", "9")
		if len(happened(news)) != 0 {
			t.Errorf("an unlisted value happened: %+v", news)
		}
		_ = why
	}
	if _, why := press(aqaratest.Doorbell, "Doorbell", "ButtonEvent", "8"); why == "" {
		t.Error("no inventory asked for")
	}
	if _, why := press(aqaratest.Doorbell, "Doorbell", "ButtonEvent", "8"); why != "" {
		t.Errorf("asked again: %s", why)
	}
	var types []string
	for _, d := range r.devices() {
		if e, ok := d.Entity("x2_doorbell_button_event"); ok && d.ID == aqaratest.Doorbell {
			types = e.Spec.(hubs.Event).Types
		}
	}
	if !slices.Contains(types, "9") || !slices.Contains(types, "8") {
		t.Fatalf("types %v", types)
	}
	if news, _ := press(aqaratest.Doorbell, "Doorbell", "ButtonEvent", "9"); !slices.Equal(happened(news), []string{"9"}) {
		t.Errorf("happened: %+v", news)
	}
	for i := range 100 { // a device gone mad does not fill the memory
		press(aqaratest.Doorbell, "Doorbell", "ButtonEvent", fmt.Sprint(100+i))
	}
	if n := len(h.odd[aqaratest.Doorbell][address{2, "Doorbell", "ButtonEvent"}]); n != maxUnlisted {
		t.Errorf("%d values kept", n)
	}
}

func TestDecodePush(t *testing.T) {
	one := `{"deviceId":"a","endpointId":2,"functionCode":"Output","traitCode":"OnOff","value":true,"time":1}`
	for in, want := range map[string]int{
		"": 0, "null": 0, `""`: 0, "[]": 0, "[{}]": 0, "7": 0, `"x"`: 0, "[": 0, "{": 0,
		one: 1, "[" + one + "]": 1, "[" + one + "," + one + "]": 2,
		`[7,null,"x",{"deviceId":""},` + one + `,{"deviceId":"b","endpointId":-1}]`: 1,
	} {
		order, by := decodePush(json.RawMessage(in), time.Now())
		n := 0
		for _, id := range order {
			n += len(by[id])
		}
		if n != want {
			t.Errorf("%s: %d values, want %d", in, n, want)
		}
	}
}

// The knob's angle and its event come in one push, in either order; several turns keep
// their own.
func TestCompanions(t *testing.T) {
	specs, err := decodeSpecs(loadHome(t, "full").Specs)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(specs, func(s wireSpec) bool { return s.ID == aqaratest.Knob })
	m := newModel(&specs[i], nil)
	item := func(trait, value string, at int) string {
		return fmt.Sprintf(`{"deviceId":"k","endpointId":2,"functionCode":"Knob","traitCode":%q,"value":%s,"time":%d}`, trait, value, at)
	}
	turn1, angle1 := item("RotationEvent", `"0"`, 1), item("RotationAngle", "30", 1)
	turn2, angle2 := item("RotationEvent", `"1"`, 2), item("RotationAngle", "-60", 2)
	timeless, angle3 := item("RotationEvent", "0", 0), item("RotationAngle", `"15.5"`, 0)
	for in, want := range map[string]string{
		turn1 + "," + angle1:                              "rotate 30",
		angle1 + "," + turn1:                              "rotate 30",
		angle2 + "," + turn1 + "," + angle1 + "," + turn2: "rotate 30 hold_to_rotate -60",
		turn2 + "," + angle1 + "," + angle2 + "," + turn1: "rotate 30 hold_to_rotate -60",
		turn1:                   "rotate unknown",
		angle1:                  "",
		timeless + "," + angle3: "rotate 15.5",
		timeless + "," + timeless + "," + angle3 + "," + angle1:      "rotate 15.5 rotate 30",
		item("RotationEvent", "null", 1) + "," + angle1:              "",
		item("RotationEvent", `{"a":1}`, 1) + "," + angle1:           "",
		turn1 + "," + item("RotationAngle", `{"deg":1}`, 1):          `rotate {"deg":1}`,
		turn1 + "," + item("RotationAngle", "true", 1) + "," + turn2: "rotate on hold_to_rotate on",
	} {
		_, by := decodePush(json.RawMessage("["+in+"]"), time.Now())
		_, news := m.news(by["k"], m.first)
		got := ""
		for _, r := range news {
			for _, e := range r.Events {
				got += " " + e.Type + " " + e.Data["rotation_angle"].String()
			}
		}
		if got != "" {
			got = got[1:]
		}
		if got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", in, got, want)
		}
	}
}

func TestStructData(t *testing.T) {
	for in, want := range map[string]map[string]hubs.Value{
		`"{\"AlarmCode\":3,\"Who\":\"007\",\"Far\":true,\"None\":null,\"In\":{\"a\":1}}"`: {
			"alarm_code": hubs.Num(3), "who": hubs.Str("007"), "far": hubs.Bool(true), "in": hubs.Str(`{"a":1}`),
		},
		`{"AlarmCode":3}`: {"alarm_code": hubs.Num(3)},
		`"plain"`:         {"text": hubs.Str("plain")},
		`"[1]"`:           {"text": hubs.Str("[1]")},
		`""`:              nil,
		`"{}"`:            {},
	} {
		if got := structData(json.RawMessage(in)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", in, got, want)
		}
	}
}

// FuzzPush holds the news of any push against what the device declares.
func FuzzPush(f *testing.F) {
	specs, err := decodeSpecs(loadHome(f, "full").Specs)
	if err != nil {
		f.Fatal(err)
	}
	models := map[string]*model{}
	devices := map[string]hubs.Device{}
	for i := range specs {
		m := newModel(&specs[i], nil)
		models[m.id] = m
		devices[m.id] = m.device(&wireInfo{Name: "x"}, nil)
	}
	for _, s := range []string{
		`[{"deviceId":"lumi.54ef44106b0b0001","endpointId":2,"functionCode":"Knob","traitCode":"RotationEvent","value":"0","time":1},{"deviceId":"lumi.54ef44106b0b0001","endpointId":2,"functionCode":"Knob","traitCode":"RotationAngle","value":30,"time":1}]`,
		`{"deviceId":"lumi.54ef441000d10c01","endpointId":2,"functionCode":"DoorLock","traitCode":"LockOperation","value":"{\"UserId\":3}"}`,
		`[{"deviceId":"lumi.54ef4410007a1b3d","endpointId":2,"functionCode":"ColorControl","traitCode":"Hue","value":-1e300}]`,
		`[{"deviceId":"lumi.54ef441000a1be01","endpointId":"2","functionCode":"ValveControl","traitCode":"CurrentValveState","value":2}]`,
		`[{}]`, `[[]]`, `null`, `{`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		order, by := decodePush(data, time.Unix(0, 0))
		for _, id := range order {
			m := models[id]
			if m == nil {
				continue
			}
			now, news := m.news(by[id], m.first)
			d := devices[id]
			for _, r := range append(news, m.reading(now, truth{})) {
				checkReading(t, &d, r)
				for _, e := range r.Events {
					entity, ok := d.Entity(e.Entity)
					if !ok {
						t.Fatalf("happening at %q", e.Entity)
					}
					if !slices.Contains(entity.Spec.(hubs.Event).Types, e.Type) {
						t.Errorf("%s cannot be %q", e.Entity, e.Type)
					}
				}
			}
		}
	})
}
