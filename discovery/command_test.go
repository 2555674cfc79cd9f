package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// everything is a device with one entity of each kind.
var everything = placed("All",
	hubs.Entity{Key: "switch", Spec: hubs.Switch{}},
	hubs.Entity{Key: "siren", Spec: hubs.Siren{Tones: []string{"fire"}, Duration: true, Volume: true}},
	hubs.Entity{Key: "binary", Spec: hubs.Binary{}},
	hubs.Entity{Key: "sensor", Spec: hubs.Sensor{}},
	hubs.Entity{Key: "number", Spec: hubs.Number{Min: 5, Max: 30, Step: 0.5}, Attrs: []hubs.Field{
		{Attr: "boost", Kind: hubs.KindBool, Settable: true},
		{Attr: "fixed", Kind: hubs.KindNumber},
		{Attr: "count", Kind: hubs.KindNumber, Settable: true},
		{Attr: "word", Kind: hubs.KindText, Settable: true},
	}},
	hubs.Entity{Key: "select", Spec: hubs.Choice{Options: []string{"Eco", "Party", "ON", "x", "X"}}},
	hubs.Entity{Key: "lamp", Spec: hubs.Choice{Options: []string{"relay", "none"}}},
	hubs.Entity{Key: "text", Spec: hubs.Text{Max: 40}},
	hubs.Entity{Key: "date", Spec: hubs.Text{Format: hubs.FormatDate}},
	hubs.Entity{Key: "lock", Spec: hubs.Lock{}},
	hubs.Entity{Key: "latch", Spec: hubs.Lock{Opens: true, Code: `^\d+$`}},
	hubs.Entity{Key: "light", Spec: hubs.Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500, HS: true, Effects: []string{"fire"}, Transition: true}},
	hubs.Entity{Key: "xy", Spec: hubs.Light{Dims: true, XY: true}},
	hubs.Entity{Key: "plain", Spec: hubs.Light{}},
	hubs.Entity{Key: "fixed", Spec: hubs.Light{HS: true}},
	hubs.Entity{Key: "cover", Spec: hubs.Cover{Positions: true, Tilts: true, Stops: true}},
	hubs.Entity{Key: "gate", Spec: hubs.Cover{}},
	hubs.Entity{Key: "valve", Spec: hubs.Valve{Positions: true}},
	hubs.Entity{Key: "climate", Spec: hubs.Climate{Modes: []string{"off", "heat"}, Target: true, Min: 5, Max: 30, FanModes: []string{"low"}}},
	hubs.Entity{Key: "heater", Spec: hubs.WaterHeater{Modes: []string{"eco"}, Min: 30, Max: 60}},
	hubs.Entity{Key: "fan", Spec: hubs.Fan{Speeds: 100, Presets: []string{"auto"}, Oscillates: true, Reverses: true}},
	hubs.Entity{Key: "mist", Spec: hubs.Humidifier{Min: 30, Max: 80, Modes: []string{"auto"}}},
	hubs.Entity{Key: "robot", Spec: hubs.Vacuum{Can: []hubs.Action{hubs.Start, hubs.Dock, hubs.Send}, FanSpeeds: []string{"max"}}},
	hubs.Entity{Key: "mower", Spec: hubs.Mower{Can: []hubs.Action{hubs.Start, hubs.Pause, hubs.Dock}}},
	hubs.Entity{Key: "alarm", Spec: hubs.Alarm{Arms: []string{"armed_home"}, Code: "digits", Triggers: true}},
	hubs.Entity{Key: "firmware", Spec: hubs.Update{Installs: true}},
	hubs.Entity{Key: "news", Spec: hubs.Update{}},
	hubs.Entity{Key: "button", Spec: hubs.Button{}},
	hubs.Entity{Key: "scene", Spec: hubs.Scene{}},
	hubs.Entity{Key: "event", Spec: hubs.Event{Types: []string{"press"}}},
)

func findAll(id string) (Placed, bool) { return everything, id == everything.ID }

// short says what a request asks for.
func short(r Request) string {
	if r.Err != nil {
		return r.Entity + " " + hubs.FaultOf(r.Err).String()
	}
	if r.Get {
		return "get"
	}
	var parts []string
	if r.Do != "" {
		parts = append(parts, "do "+string(r.Do))
	}
	for _, s := range r.Set {
		parts = append(parts, fmt.Sprintf("%s=%s", s.Attr, s.Value))
	}
	if w := r.With; w != (hubs.Extras{}) {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("with %v %v %q %q %q %v", w.Transition, w.Duration, w.Tone, w.Text, string(w.Code), w.Volume)))
	}
	if r.Transaction != nil {
		parts = append(parts, "tx "+string(r.Transaction))
	}
	return r.Entity + " " + strings.Join(parts, " ")
}

func TestParse(t *testing.T) {
	const dev = "home/h2m/aqara/0x01_ab/"
	for _, c := range []struct{ topic, payload, want string }{
		{"switch/set", "ON", "switch on=on"},
		{"switch/set", " oFf\n", "switch on=off"},
		{"switch/set", "true", "switch on=on"},
		{"switch/set", "0", "switch on=off"},
		{"switch/set", `{"value":"ON"}`, "switch on=on"},
		{"switch/set", `{"value":true,"transaction":7}`, "switch on=on tx 7"},
		{"switch/set", `{"value":{"value":{"value":true}}}`, "switch invalid"},
		{"switch/set", `"on"`, "switch on=on"},
		{"switch/set", `{"state":"ON"}`, "switch on=on"},
		{"switch/set", "TOGGLE", "switch do toggle"},
		{"switch/set", "null", "switch invalid"},
		{"switch/set", "2", "switch invalid"},
		{"switch/set", "[1]", "switch invalid"},
		{"switch/set", "", ""},
		{"switch/foo/set", "ON", "switch invalid"},
		{"switch/value/set", "ON", "switch on=on"},
		{"siren/set", "ON", `siren on=on with 0s 0s "" "" "" -1`},
		{"siren/set", `{"tone":"fire","duration":10,"volume_level":0.5}`, `siren on=on with 0s 10s "fire" "" "" 50`},
		{"siren/set", `{"state":"ON","tone":"water"}`, "siren invalid"},
		{"siren/set", `{"volume_level":2}`, "siren invalid"},
		{"binary/set", "ON", "binary read_only"},
		{"sensor/set", "1", "sensor read_only"},
		{"sensor/set", `{"value":1}`, "sensor read_only"},
		{"event/set", "press", "event read_only"},
		{"news/set", "INSTALL", "news read_only"},
		{"number/set", "21.5", "number value=21.5"},
		{"number/set", `"21.5"`, "number value=21.5"},
		{"number/set", `{"value":"7"}`, "number value=7"},
		{"number/set", "31", "number invalid"},
		{"number/set", "NaN", "number invalid"},
		{"number/set", "Inf", "number invalid"},
		{"number/set", "0x10", "number invalid"},
		{"number/set", "1e999", "number invalid"},
		{"number/set", "1_0", "number invalid"},
		{"number/set", "9,5", "number invalid"},
		{"number/set", "true", "number invalid"},
		{"number/boost/set", "ON", "number boost=on"},
		{"number/count/set", "3", "number count=3"},
		{"number/word/set", "hi", "number word=hi"},
		{"number/word/set", "[]", "number word=[]"},
		{"number/fixed/set", "3", "number read_only"},
		{"number/set", `{"value":6,"boost":true}`, "number value=6 boost=on"},
		{"select/set", "party", "select value=Party"},
		{"select/set", "ON", "select value=ON"},
		{"select/set", "x", "select value=x"},
		{"select/set", "none", "select invalid"},
		{"lamp/set", "none", "lamp value=none"},
		{"lamp/set", "(none)", "lamp value=none"},
		{"text/set", ` {"a":1} `, `text value= {"a":1} `},
		{"text/set", `{"value":" x "}`, "text value= x "},
		{"text/set", `"q"`, `text value="q"`},
		{"text/set", strings.Repeat("x", 41), "text invalid"},
		{"date/set", "2026-01-31", "date value=2026-01-31"},
		{"date/set", "31.1.2026", "date invalid"},
		{"lock/set", "LOCKED", "lock state=locked"},
		{"lock/set", "unlock", "lock state=unlocked"},
		{"lock/set", "OPEN", "lock invalid"},
		{"latch/set", "OPEN", "latch state=open"},
		{"latch/set", `{"state": "UNLOCK", "code": "1234"}`, `latch state=unlocked with 0s 0s "" "" "1234" 0`},
		{"latch/set", `{"state": "LOCK", "code": null}`, "latch state=locked"},
		{"latch/set", `{"code": "1234"}`, "latch invalid"},
		{"light/set", "ON", "light on=on"},
		{"light/set", "toggle", "light do toggle"},
		{"light/set", `{"state":"ON","brightness":255,"transition":2.5}`, `light on=on level=100 with 2.5s 0s "" "" "" 0`},
		{"light/set", `{"brightness":128}`, "light on=on level=50.2"},
		{"light/set", `{"brightness":0}`, "light on=off"},
		{"light/set", `{"brightness":0,"state":"ON"}`, "light on=off"},
		{"light/set", `{"brightness":256}`, "light invalid"},
		{"light/set", `{"state":"OFF","brightness":4}`, "light on=off"},
		{"light/set", `{"state":"ON","color_temp":3000}`, "light on=on kelvin=3000"},
		{"light/set", `{"state":"ON","color_temp":300}`, "light invalid"},
		{"light/set", `{"color":{"h":120,"s":50}}`, "light on=on hue=120 saturation=50"},
		{"light/set", `{"color":{"r":255,"g":0,"b":0}}`, "light on=on hue=0 saturation=100"},
		{"light/set", `{"color":{"x":0.701,"y":0.299}}`, "light on=on hue=0 saturation=100"},
		{"light/set", `{"color":{"x":0.7}}`, "light invalid"},
		{"light/set", `{"color":"red"}`, "light invalid"},
		{"light/set", `{"color":{"h":"a","s":1}}`, "light invalid"},
		{"light/set", `{"effect":"fire"}`, "light on=on effect=fire"},
		{"light/set", `{"effect":"water"}`, "light invalid"},
		{"light/set", `{"state":"TOGGLE","brightness":3}`, "light invalid"},
		{"light/set", `{"flash":2}`, "light invalid"},
		{"light/set", `{"transition":1e300}`, "light invalid"},
		{"light/set", `{}`, "light invalid"},
		{"light/set", `{"state":"ON","brightness":51,"color":null}`, "light on=on level=20"},
		{"light/set", `{"brightness":null}`, "light invalid"},
		{"light/set", `{"":1}`, "light invalid"},
		{"light/brightness/set", "51", "light on=on level=20"},
		{"light/color/set", `{"h":1,"s":2}`, "light on=on hue=1 saturation=2"},
		{"light/color_temp/set", `{"value":2700}`, "light on=on kelvin=2700"},
		{"xy/set", `{"color":{"h":0,"s":100}}`, "xy on=on x=0.701 y=0.299"},
		{"xy/set", `{"color":{"x":0.3,"y":0.4}}`, "xy on=on x=0.3 y=0.4"},
		{"xy/set", `{"color":{"r":0,"g":0,"b":255}}`, "xy on=on x=0.136 y=0.04"},
		{"xy/set", `{"color_temp":3000}`, "xy invalid"},
		{"plain/set", `{"state":"ON"}`, "plain on=on"},
		{"plain/set", `{"brightness":3}`, "plain invalid"},
		{"plain/set", `{"color":{"h":1,"s":2}}`, "plain invalid"},
		{"fixed/set", `{"brightness":3}`, "fixed on=on"},
		{"fixed/set", `{"brightness":0}`, "fixed on=off"},
		{"cover/set", "OPEN", "cover position=100"},
		{"cover/set", "closed", "cover position=0"},
		{"cover/set", "STOP", "cover do stop"},
		{"cover/set", "49.6", "cover position=50"},
		{"cover/set", "101", "cover invalid"},
		{"cover/set", "TOGGLE", "cover invalid"},
		{"cover/position/set", "30", "cover position=30"},
		{"cover/tilt/set", "30", "cover tilt=30"},
		{"cover/set", `{"position":10,"tilt":20}`, "cover position=10 tilt=20"},
		{"cover/set", `{"state":"STOP","tilt":20}`, "cover invalid"},
		{"gate/set", "STOP", "gate invalid"},
		{"gate/set", "50", "gate invalid"},
		{"gate/set", "100", "gate position=100"},
		{"gate/tilt/set", "1", "gate invalid"},
		{"valve/set", "100", "valve position=100"},
		{"climate/set", "OFF", "climate on=off"},
		{"climate/mode/set", "heat", "climate mode=heat"},
		{"climate/mode/set", "dry", "climate invalid"},
		{"climate/temperature/set", "21.5", "climate target=21.5"},
		{"climate/temperature/set", "99", "climate invalid"},
		{"climate/temperature_low/set", "9", "climate invalid"},
		{"climate/set", `{"mode":"heat","temperature":20,"fan_mode":"low"}`, "climate mode=heat target=20 fan_mode=low"},
		{"climate/preset_mode/set", `none`, "climate invalid"},
		{"heater/temperature/set", `50.0`, "heater target=50"},
		{"heater/mode/set", `eco`, "heater mode=eco"},
		{"fan/set", "ON", "fan on=on"},
		{"fan/percentage/set", "33", "fan level=33"},
		{"fan/set", `{"state":"ON","percentage":50,"direction":"reverse","oscillation":"ON","preset_mode":"auto"}`, "fan on=on level=50 direction=reverse oscillates=on preset=auto"},
		{"mist/humidity/set", "45", "mist humidity=45"},
		{"mist/humidity/set", "20", "mist invalid"},
		{"mist/mode/set", "auto", "mist mode=auto"},
		{"robot/set", "return_to_base", "robot do dock"},
		{"robot/set", "locate", "robot invalid"},
		{"robot/fan_speed/set", "max", "robot fan_speed=max"},
		{"robot/send_command/set", `{"command":"x","value":[1]}`, `robot do send with 0s 0s "" "{\"command\":\"x\",\"value\":[1]}" "" 0`},
		{"robot/send_command/set", `{"command":"x"}`, `robot do send with 0s 0s "" "{\"command\":\"x\"}" "" 0`},
		{"mower/set", "start_mowing", "mower do start"},
		{"alarm/set", `{"action": "ARM_HOME", "code": "12"}`, `alarm state=armed_home with 0s 0s "" "" "12" 0`},
		{"alarm/set", "DISARM", "alarm state=disarmed"},
		{"alarm/set", "TRIGGER", "alarm do trigger"},
		{"alarm/set", "ARM_AWAY", "alarm invalid"},
		{"firmware/set", "INSTALL", "firmware do install"},
		{"button/set", "PRESS", "button do press"},
		{"button/set", "ON", "button invalid"},
		{"scene/set", "ON", "scene do activate"},
		{"scene/set", "OFF", "scene invalid"},
		{"nobody/set", "1", "nobody unknown_entity"},
		{"get", "x", "get"},
		{"set", "ON", " invalid"},
		{"set", "{}", " invalid"},
		{"set", `{"transaction":1}`, " invalid"},
		{"set", `{"name":"x"}`, "name read_only"},
		{"set", "[]", " invalid"},
		{"set", `{"cover":null,"switch":"ON","number":9,"transaction":{"a":[1]},"zz":1,"cover":{"tilt":5}}`, `cover tilt=5 tx {"a":[1]}; switch on=on tx {"a":[1]}; number value=9 tx {"a":[1]}; zz unknown_entity`},
		{"set", `{"text":{"a":1},"switch":{"state":"toggle"}}`, `text value={"a":1}; switch do toggle`},
		{"set", `{"text":5,"select":true}`, "text value=5; select invalid"},
		{"set", "{\"switch\":\"\xff\"}", " invalid"},
		{"set", `{"switch":"ON"} trailing`, " invalid"},
		{"set", strings.Repeat("[", 20000), " invalid"},
		{"set", strings.Repeat(`{"switch":`, 5000) + "1" + strings.Repeat("}", 5000) + "", "switch invalid"},
		{"switch/set", strings.Repeat(`{"value":`, 6000) + "1" + strings.Repeat("}", 6000), "switch invalid"},
		{"set", strings.Repeat(" ", 1<<20), " invalid"},
		{"a/b/c/set", "1", ""},
		{"result", "1", ""},
		{"switch/get", "1", ""},
	} {
		t.Run(c.topic+" "+c.payload[:min(len(c.payload), 40)], func(t *testing.T) {
			var got []string
			for _, r := range testLayout.Parse(dev+c.topic, []byte(c.payload), findAll) {
				got = append(got, short(r))
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "; ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseElsewhere(t *testing.T) {
	bridge := Layout{Base: "b"}
	for _, c := range []struct {
		l           Layout
		topic, want string
	}{
		{testLayout, "home/h2m/aqara/gone/switch/set", "switch unknown_device"},
		{testLayout, "home/h2m/aqara/gone/set", " unknown_device"},
		{testLayout, "home/h2m/aqara/gone/get", " unknown_device"},
		{testLayout, "home/h2m/other/0x01_ab/set", ""},
		{testLayout, "home/h2m/aqara//set", ""},
		{testLayout, "home/h2m/aqara/set", ""},
		{bridge, "b/bridge/switch/set", "switch unknown_device"},
		{bridge, "b/aqara/switch/set", ""},
	} {
		var got []string
		for _, r := range c.l.Parse(c.topic, []byte(`{"value":"ON","transaction":"t"}`), func(string) (Placed, bool) { return Placed{}, false }) {
			got = append(got, short(r))
			if string(r.Transaction) != `"t"` {
				t.Errorf("%s: the transaction is lost", c.topic)
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: want %q, got %q", c.topic, c.want, got)
		}
	}
}

func TestParseManyMembers(t *testing.T) {
	var b strings.Builder
	for i := range maxMembers + 1 {
		fmt.Fprintf(&b, `"k%d":1,`, i)
	}
	rs := testLayout.Parse("home/h2m/aqara/0x01_ab/set", []byte("{"+strings.TrimRight(b.String(), ",")+"}"), findAll)
	if len(rs) != 1 || hubs.FaultOf(rs[0].Err) != hubs.Invalid {
		t.Errorf("want one fault, got %d requests", len(rs))
	}
}

func TestResult(t *testing.T) {
	for _, c := range []struct {
		r    Result
		want string
	}{
		{Result{Entity: "a", OK: true, MS: 5}, `{"entity":"a","ok":true,"ms":5}`},
		{Result{Entity: "a", Error: "no", Code: "invalid", Transaction: json.RawMessage(`{"x": 1}`)}, `{"entity":"a","ok":false,"error":"no","code":"invalid","ms":0,"transaction":{"x":1}}`},
		{Result{Entity: "a", Transaction: json.RawMessage(`{`)}, `{"entity":"a","ok":false,"ms":0}`},
	} {
		m := testLayout.Result("d", c.r)
		if string(m.Payload) != c.want || m.Retain || m.Topic != "home/h2m/aqara/d/result" {
			t.Errorf("want %s, got %+v %s", c.want, m, m.Payload)
		}
		if err := Lint(m); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("switch/set", []byte("ON"))
	f.Add("set", []byte(`{"light":{"color":{"h":1,"s":2}},"transaction":[1]}`))
	f.Add("latch/set", []byte(`{"state":"LOCK","code":"1"}`))
	f.Add("robot/send_command/set", []byte(`{"value":{}}`))
	f.Fuzz(func(t *testing.T, topic string, payload []byte) {
		for _, r := range testLayout.Parse("home/h2m/aqara/0x01_ab/"+topic, payload, findAll) {
			if r.Transaction != nil && !json.Valid(r.Transaction) {
				t.Errorf("transaction %q", r.Transaction)
			}
			if r.Err != nil {
				if _, ok := errors.AsType[*hubs.Error](r.Err); !ok || hubs.FaultOf(r.Err) == hubs.Bug {
					t.Errorf("%v is no fault of the sender", r.Err)
				}
				continue
			}
			if r.Get {
				continue
			}
			e, ok := everything.Entity(r.Entity)
			if !ok {
				t.Fatalf("entity %q", r.Entity)
			}
			if err := r.Check(e); err != nil {
				t.Errorf("%s: %v", r.Entity, err)
			}
			if slices.ContainsFunc(r.Set, func(s hubs.AttrValue) bool { return !s.Value.Known() }) {
				t.Errorf("%s is set to unknown", r.Entity)
			}
		}
	})
}
