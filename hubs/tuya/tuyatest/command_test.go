package tuyatest

import (
	"strings"
	"testing"
	"time"
)

func TestCommandRules(t *testing.T) {
	for name, c := range map[string]struct {
		device, code, value string
		want                int
	}{
		"bool":                 {Plug, "switch_1", "false", 0},
		"bool as text":         {Plug, "switch_1", `"false"`, codeUnsupported},
		"bool as number":       {Plug, "switch_1", "0", codeUnsupported},
		"bool null":            {Plug, "switch_1", "null", codeUnsupported},
		"integer":              {Plug, "countdown_1", "60", 0},
		"integer zero":         {Plug, "countdown_1", "0", 0},
		"integer below":        {Plug, "countdown_1", "-1", codeUnsupported},
		"integer above":        {Plug, "countdown_1", "86401", codeUnsupported},
		"integer with point":   {Plug, "countdown_1", "60.0", codeUnsupported},
		"integer as text":      {Plug, "countdown_1", `"60"`, codeUnsupported},
		"integer off the step": {Thermostat, "temp_set", "217", 0},
		"enum":                 {Plug, "relay_status", `"on"`, 0},
		"enum not in range":    {Plug, "relay_status", `"On"`, codeUnsupported},
		"enum as number":       {Aircon, "windspeed", "2", codeUnsupported},
		"enum of digits":       {Aircon, "windspeed", `"2"`, 0},
		"enum without range":   {Odd, "scene", `"anything"`, 0},
		"text":                 {Strip, "colour_data", `"00f003e803e8"`, 0},
		"text too long":        {Strip, "colour_data", `"` + strings.Repeat("0", 256) + `"`, codeUnsupported},
		"text as number":       {Strip, "colour_data", "12", codeUnsupported},
		"json":                 {Bulb, "colour_data_v2", `{"h":0,"s":1000,"v":1000}`, 0},
		"json as text":         {Bulb, "colour_data_v2", `"{\"h\":0,\"s\":1000,\"v\":1000}"`, 0},
		"json out of range":    {Bulb, "colour_data_v2", `{"h":361,"s":1000,"v":1000}`, codeUnsupported},
		"json in text, above":  {Bulb, "colour_data_v2", `"{\"h\":0,\"s\":1001,\"v\":1000}"`, codeUnsupported},
		"json no object":       {Bulb, "colour_data_v2", `[1,2]`, codeUnsupported},
		"json text no json":    {Bulb, "colour_data_v2", `"red"`, codeUnsupported},
		"json unspecified":     {OldBulb, "colour_data", `{"h":1,"s":999,"v":255}`, 0},
		"raw":                  {Feeder, "meal_plan", `"fwcAAgE="`, 0},
		"raw no base64":        {Feeder, "meal_plan", `"%%%"`, codeUnsupported},
		"bitmap":               {Plug, "fault", "1", codeUnsupported},
		"report only":          {Plug, "cur_power", "1", codeUnsupported},
		"write only":           {Lock, "manual_lock", "true", 0},
		"unknown code":         {Plug, "switch_9", "true", codeUnsupported},
		"custom data point":    {Heater, "switch", "true", codeUnsupported},
		"misspelt type":        {Odd, "level", "50", 0},
		"misspelt type, above": {Odd, "level", "101", codeUnsupported},
		"by issue alone":       {Kettle, "start", "true", codeUnsupported},
		"unknown device":       {"nobody", "switch_1", "true", codePermission},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Options{})
			b.command(c.want, c.device, c.code, c.value)
			if n := len(b.Executed()); (n == 1) != (c.want == 0) {
				t.Errorf("want it executed: %v, got %+v", c.want == 0, b.Executed())
			}
		})
	}
}

func TestCommandBodies(t *testing.T) {
	b := newBench(t, Options{})
	for body, code := range map[string]int{
		``:                                   codeIllegal,
		`{`:                                  codeIllegal,
		`[]`:                                 codeIllegal,
		`{}`:                                 codeEmpty,
		`{"commands":null}`:                  codeEmpty,
		`{"commands":[]}`:                    codeEmpty,
		`{"commands":{}}`:                    codeIllegal,
		`{"commands":[{"code":"switch_1"}]}`: codeEmpty,
		`{"commands":[{"value":true}]}`:      codeUnsupported,
	} {
		b.wants(code, "POST", "/v1.0/devices/"+Plug+"/commands", body)
	}
	b.wants(codeNoFunction, "POST", "/v1.0/devices/"+Odd+"/commands", `{"commands":[{"code":"level","value":1}]}`)
	b.wants(0, "POST", "/v1.0/iot-03/devices/"+Odd+"/commands", `{"commands":[{"code":"level","value":1}]}`)
}

// One wrong code refuses the whole list; a right list is carried out in its order.
func TestAllOrNothing(t *testing.T) {
	b := newBench(t, Options{})
	b.command(codeUnsupported, Bulb, "switch_led", "false", "colour_data", "{}")
	b.has(Bulb, "switch_led", "true")
	b.command(0, Bulb, "switch_led", "true", "work_mode", `"colour"`, "colour_data_v2", `{"h":10,"s":20,"v":30}`)
	b.has(Bulb, "work_mode", "colour", "colour_data_v2", `{"h":10,"s":20,"v":30}`)
	got := b.Executed()
	if len(got) != 3 || got[0].Code != "switch_led" || got[2].Code != "colour_data_v2" || got[2].Op != OpCommands {
		t.Errorf("want three orders in their order, got %+v", got)
	}
}

func TestStrictSteps(t *testing.T) {
	b := newBench(t, Options{CommandOptions: CommandOptions{StrictSteps: true}})
	b.command(codeUnsupported, Thermostat, "temp_set", "217")
	b.command(0, Thermostat, "temp_set", "215")
}

func TestOffline(t *testing.T) {
	for accepted, code := range map[bool]int{false: codeOffline, true: 0} {
		b := newBench(t, Options{CommandOptions: CommandOptions{OfflineAccepted: accepted}})
		if err := b.SetOnline(Plug, false); err != nil {
			t.Fatal(err)
		}
		b.command(code, Plug, "switch_1", "false")
		b.has(Plug, "switch_1", "true")
		if got := b.Executed(); accepted && (len(got) != 1 || !got[0].Ignored) {
			t.Errorf("want an order that was ignored, got %+v", got)
		}
		b.wants(codeOffline, "POST", "/v2.0/cloud/thing/"+Plug+"/shadow/properties/issue", `{"properties":"{\"switch_1\":false}"}`)
	}
}

func TestIssue(t *testing.T) {
	b := newBench(t, Options{})
	path := "/v2.0/cloud/thing/" + Kettle + "/shadow/properties/issue"
	for body, code := range map[string]int{
		`{"properties":"{\"start\":true,\"temp_set\":90}"}`: 0,
		`{"properties":"{\"start\":1}"}`:                    codeUnsupported,
		`{"properties":"{\"begin\":true}"}`:                 codeUnsupported,
		`{"properties":"{}"}`:                               codeEmpty,
		`{"properties":"start"}`:                            codeIllegal,
		`{"properties":{"start":true}}`:                     codeIllegal,
		`{}`:                                                codeEmpty,
	} {
		b.wants(code, "POST", path, body)
	}
	b.has(Kettle, "start", "true", "temp_set", "90")
	b.wants(0, "POST", "/v2.0/cloud/thing/"+Heater+"/shadow/properties/issue", `{"properties":"{\"switch\":true}"}`)
	b.has(Heater, "switch", "true")
	b.wants(codeNotSupported, "POST", "/v2.0/cloud/thing/"+Plug+"/shadow/properties/desired", `{"properties":"{\"switch_1\":true}"}`)
}

func TestEffectDelay(t *testing.T) {
	bubble(t, Options{EffectDelay: 800 * time.Millisecond}, func(t *testing.T, b *bench) {
		b.command(0, Plug, "switch_1", "false")
		b.has(Plug, "switch_1", "true")
		pass(time.Second)
		b.has(Plug, "switch_1", "false", "cur_power", "0")
		b.command(0, Plug, "switch_1", "true")
		if err := b.Remove(Plug); err != nil {
			t.Fatal(err)
		}
		pass(time.Second) // nothing left to obey
	})
}

// The values in the specification must hold for orders of any shape; nothing panics.
func FuzzOrder(f *testing.F) {
	for _, v := range []string{"true", "1", `"x"`, `{"h":1}`, "null", "[", "1e3", `"{\"h\":1}"`, "-0", "99999999999999999999"} {
		f.Add("Integer", `{"min":0,"max":10,"step":2}`, v)
		f.Add("Json", hsvSpec, v)
		f.Add("enum", `{"range":["a"]}`, v)
	}
	f.Fuzz(func(t *testing.T, kind, values, value string) {
		p := DP{Code: "c", Type: kind, Values: values, Mode: ReadWrite}
		v, why := p.checkOrder([]byte(value), true)
		if (v == nil) != (why != "") {
			t.Errorf("want a value or a reason, got %v and %q", v, why)
		}
		p.typeSpec()
	})
}

func FuzzRowKey(f *testing.F) {
	for _, k := range []string{"", "726f773a33", "+/cm93OjM==&%", "zz", "+/", "=&%"} {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, awkward := range []bool{false, true} {
			c := &Cloud{opts: Options{AnswerOptions: AnswerOptions{AwkwardKeys: awkward}}}
			row, known := c.rowOf("last_row_key", key)
			if known && row > 0 {
				if back, again := c.rowOf("last_row_key", c.rowKey(row)); !again || back != row {
					t.Errorf("want row %d back, got %d", row, back)
				}
			}
		}
	})
}
