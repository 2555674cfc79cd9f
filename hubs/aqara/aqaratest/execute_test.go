package aqaratest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func writeItem(device string, endpoint int, function, trait, value string) string {
	return fmt.Sprintf(`{"deviceId":%q,"endpointId":%d,"functionCode":%q,"traitCode":%q,"value":%s}`,
		device, endpoint, function, trait, value)
}

func TestWriteRules(t *testing.T) {
	for name, c := range map[string]struct {
		function, trait, value string
		endpoint               int
		device                 string
		ok                     bool
	}{
		"bool":              {"Output", "OnOff", "false", 2, Strip, true},
		"bool as number":    {"Output", "OnOff", "0", 2, Strip, false},
		"bool as text":      {"Output", "OnOff", `"false"`, 2, Strip, false},
		"float":             {"LevelControl", "CurrentLevel", "40.0", 2, Strip, true},
		"float without .":   {"LevelControl", "CurrentLevel", "40", 2, Strip, true},
		"float as text":     {"LevelControl", "CurrentLevel", `"40"`, 2, Strip, false},
		"float off step":    {"LevelControl", "CurrentLevel", "40.5", 2, Strip, false},
		"below":             {"LevelControl", "CurrentLevel", "0", 2, Strip, false},
		"above":             {"LevelControl", "CurrentLevel", "101", 2, Strip, false},
		"integer":           {"ColorControl", "ColorTemperature", "153", 2, Strip, true},
		"integer with .":    {"ColorControl", "ColorTemperature", "153.0", 2, Strip, false},
		"integer with e":    {"ColorControl", "ColorTemperature", "2e2", 2, Strip, false},
		"integer above":     {"ColorControl", "ColorTemperature", "371", 2, Strip, false},
		"uint32":            {"ColorControl", "ColorXY", "1343050809", 2, Strip, true},
		"enum":              {"Output", "StartUpOnOff", `"1"`, 2, Strip, true},
		"enum as number":    {"Output", "StartUpOnOff", "1", 2, Strip, false},
		"enum as key":       {"Output", "StartUpOnOff", `"On"`, 2, Strip, false},
		"enum unsupported":  {"Output", "StartUpOnOff", `"2"`, 2, Strip, false},
		"text":              {"EndpointLabel", "EndpointName", `"Neu"`, 0, Strip, true},
		"read only":         {"ColorControl", "ColorMode", `"1"`, 2, Strip, false},
		"unknown trait":     {"Output", "OnOf", "true", 2, Strip, false},
		"wrong endpoint":    {"Output", "OnOff", "true", 1, Strip, false},
		"hold time":         {"OccupancySensing", "HoldTime", "60", 2, Motion, true},
		"sensor is no sink": {"Contact", "ContactSensorState", "true", 2, Door, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Options{})
			r := b.call("ExecuteTraitRequest", "["+writeItem(c.device, c.endpoint, c.function, c.trait, c.value)+"]")
			want := 0
			if !c.ok {
				want = 400
			}
			r.is(t, 200, want)
			if r.Type != "ExecuteTraitResponse" || len(b.Executed()) == 1 != c.ok {
				t.Errorf("got %s, executed %+v", r.body, b.Executed())
			}
		})
	}
}

func TestWriteBatches(t *testing.T) {
	b := newBench(t, Options{FirmwareOptions: FirmwareOptions{Offline: []string{Switch}}})
	good := writeItem(Outlet, 3, "Output", "OnOff", "true")
	offline := writeItem(Switch, 2, "Output", "OnOff", "true")
	nobody := writeItem("nobody", 2, "Output", "OnOff", "true")
	type failure struct {
		DeviceID, TraitCode, Message string
		Code                         int
	}
	for name, c := range map[string]struct {
		data string
		code int
		want []failure
	}{
		"all work":   {good, 0, nil},
		"some fail":  {good + "," + offline, 0, []failure{{Switch, "OnOff", "device offline", 1103}}},
		"all fail":   {offline + "," + nobody, 1103, []failure{{Switch, "OnOff", "device offline", 1103}, {"nobody", "OnOff", "device does not exist", 2030}}},
		"one device": {nobody, 2030, []failure{{"nobody", "OnOff", "device does not exist", 2030}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := b.call("ExecuteTraitRequest", "["+c.data+"]")
			r.is(t, 200, c.code)
			var got []failure
			r.decode(t, &got)
			if len(got) == 0 {
				got = nil
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	before := len(b.Executed())
	for _, data := range []string{"", "{}", good, `[{"deviceId":"x"}]`, "[" + good + `,{"deviceId":1}]`, `[{"deviceId":"x","endpointId":2,"functionCode":"f","traitCode":"t","value":null}]`} {
		b.call("ExecuteTraitRequest", data).is(t, 200, 1000)
	}
	b.call("ExecuteTraitRequest", "[]").is(t, 200, 400)
	if len(b.Executed()) != before {
		t.Error("a message that does not parse must change nothing")
	}
}

func TestWritesHaveEffects(t *testing.T) {
	b := newBench(t, Options{})
	mode := Address{Strip, 2, "ColorControl", "ColorMode"}
	data := writeItem(Strip, 2, "LevelControl", "CurrentLevel", "40") + "," + writeItem(Strip, 2, "ColorControl", "ColorXY", "1343050809")
	b.call("ExecuteTraitRequest", "["+data+"]").is(t, 200, 0)
	if b.value(mode) != "1" || b.value(Address{Strip, 2, "LevelControl", "CurrentLevel"}) != 40.0 {
		t.Errorf("want colour mode XY, got %v", b.value(mode))
	}
	b.call("ExecuteTraitRequest", "["+writeItem(Strip, 2, "ColorControl", "ColorTemperature", "200")+"]").is(t, 200, 0)
	if b.value(mode) != "2" {
		t.Errorf("want colour mode ColorTemperature, got %v", b.value(mode))
	}
	b.call("ExecuteTraitRequest", "["+writeItem(Strip, 0, "EndpointLabel", "EndpointName", `"Süd"`)+"]").is(t, 200, 0)
	if b.Devices()[0].Name != "Süd" {
		t.Errorf("want a new name, got %s", b.Devices()[0].Name)
	}
	e := b.Executed()
	if len(e) != 4 || e[1].Value != int64(1343050809) || e[1].Call != 0 || e[3].Call != 2 {
		t.Errorf("got %+v", e)
	}
}

func TestCurtainTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBench(t, Options{TravelTime: 20 * time.Second})
		status := func() string {
			t.Helper()
			r := b.call("GetTraitValueRequest", `[{"deviceId":"`+Curtain+`","endpointId":2,"functionCode":"WindowCovering",`+
				`"traitCodes":["CurrentPositionPercentage","MotorOperationStatus","TargetPositionPercentage"]}]`)
			var items []struct{ Value json.RawMessage }
			r.decode(t, &items)
			var out []string
			for _, it := range items {
				out = append(out, string(it.Value))
			}
			return strings.Join(out, " ")
		}
		move := func(to string) {
			b.call("ExecuteTraitRequest", "["+writeItem(Curtain, 2, "WindowCovering", "TargetPositionPercentage", to)+"]").is(t, 200, 0)
		}
		for _, step := range []struct {
			to   string
			wait time.Duration
			want string
		}{
			{"85", 0, `35.0 "1" 85.0`},
			{"", 5 * time.Second, `60.0 "1" 85.0`},
			{"10", 0, `60.0 "0" 10.0`},
			{"", 4 * time.Second, `40.0 "0" 10.0`},
			{"", 6 * time.Second, `10.0 "2" 10.0`},
			{"10", time.Second, `10.0 "2" 10.0`},
			{"0", 300 * time.Millisecond, `9.0 "0" 0.0`},
			{"", time.Hour, `0.0 "2" 0.0`},
		} {
			if step.to != "" {
				move(step.to)
			}
			time.Sleep(step.wait) //nolint:forbidigo // in a bubble
			if got := status(); got != step.want {
				t.Errorf("to %q after %v: want %s, got %s", step.to, step.wait, step.want, got)
			}
		}
	})
}

func TestEffectDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBench(t, Options{EffectDelay: 3 * time.Second})
		b.call("ExecuteTraitRequest", "["+writeItem(Strip, 2, "Output", "OnOff", "false")+"]").is(t, 200, 0)
		on := Address{Strip, 2, "Output", "OnOff"}
		if b.value(on) != true {
			t.Error("changed at once")
		}
		time.Sleep(4 * time.Second) //nolint:forbidigo // in a bubble
		if b.value(on) != false {
			t.Error("never changed")
		}
	})
}

func TestPhysicalChanges(t *testing.T) {
	b := newBench(t, Options{FirmwareOptions: FirmwareOptions{ClosedIsTrue: true}})
	door := Address{Door, 2, "Contact", "ContactSensorState"}
	if b.value(door) != true {
		t.Error("want a closed door to be true")
	}
	for name, c := range map[string]struct {
		a     Address
		set   any
		want  any
		fails bool
	}{
		"int for a float":  {Address{Climate, 2, "Temperature", "CurrentTemperature"}, 22, 22.0, false},
		"int":              {Address{Motion, 2, "OccupancySensing", "HoldTime"}, 45, int64(45), false},
		"half an int":      {Address{Motion, 2, "OccupancySensing", "HoldTime"}, 4.5, nil, true},
		"out of range":     {Address{Climate, 2, "Temperature", "CurrentTemperature"}, 900.5, 900.5, false},
		"nothing":          {Address{Climate, 2, "Temperature", "CurrentTemperature"}, nil, nil, false},
		"key of an enum":   {Address{Switch, 2, "Output", "StartUpOnOff"}, "On", "1", false},
		"number of a enum": {Address{Switch, 2, "Output", "StartUpOnOff"}, 0, "0", false},
		"unknown enum":     {Address{Switch, 2, "Output", "StartUpOnOff"}, "77", "77", false},
		"text for a bool":  {Address{Switch, 2, "Output", "OnOff"}, "on", nil, true},
		"no such trait":    {Address{Switch, 9, "Output", "OnOff"}, true, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := b.Set(c.a.Device, c.a.Endpoint, c.a.Function, c.a.Trait, c.set)
			if (err != nil) != c.fails {
				t.Fatalf("got error %v", err)
			}
			if !c.fails && b.value(c.a) != c.want {
				t.Errorf("want %v, got %v", c.want, b.value(c.a))
			}
		})
	}
	if b.Rename("nobody", "x") == nil || b.SetOnline("nobody", true) == nil || b.Remove("nobody") == nil || b.Move(Strip, "nowhere") == nil {
		t.Error("want errors for what is not there")
	}
	if err := b.Move(Button, "a1-002"); err != nil {
		t.Error(err)
	}
	_ = b.Rename(Strip, "Neu")
	_ = b.Remove(Door)
	_ = b.SetOnline(Switch, false)
	body := b.call("GetAllDeviceInfoRequest", "").body
	if strings.Contains(body, Door) || !strings.Contains(body, `"Neu"`) || strings.Count(body, `"state":false`) != 1 || strings.Count(body, "Küche") != 3 {
		t.Errorf("got %s", body)
	}
	d := DefaultHome().Devices[3]
	if err := b.Add(d); err != nil || b.Add(d) == nil || b.Add(Device{}) == nil {
		t.Errorf("want to add once, got %v", err)
	}
}
