package aqaratest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvelopeRules(t *testing.T) {
	b := newBench(t, Options{})
	long := strings.Repeat("ü", 65)
	for name, c := range map[string]struct {
		body  string
		code  int
		msgID string
	}{
		"not JSON":        {"hello", 1000, unknownID},
		"an array":        {"[]", 1000, unknownID},
		"two objects":     {message("GetSpacesRequest", "") + "{}", 1000, unknownID},
		"no type":         {`{"version":"v1","msgId":"a"}`, 1000, unknownID},
		"type a number":   {`{"type":1,"version":"v1","msgId":"a"}`, 1000, unknownID},
		"unknown type":    {message("GetScenesRequest", ""), 1000, unknownID},
		"response type":   {message("GetSpacesResponse", ""), 1000, unknownID},
		"on a socket":     {message("SubscribeAllRequest", ""), 1000, unknownID},
		"extra key":       {`{"type":"GetSpacesRequest","version":"v1","msgId":"a","intent":"x"}`, 1000, unknownID},
		"key twice":       {`{"type":"GetSpacesRequest","version":"v1","msgId":"a","msgId":"b"}`, 1000, unknownID},
		"key in capitals": {`{"type":"GetSpacesRequest","version":"v1","msgID":"a"}`, 1000, unknownID},
		"no msgId":        {`{"type":"GetSpacesRequest","version":"v1"}`, 1000, unknownID},
		"empty msgId":     {`{"type":"GetSpacesRequest","version":"v1","msgId":""}`, 400, unknownID},
		"long msgId":      {`{"type":"GetSpacesRequest","version":"v1","msgId":"` + long + `"}`, 400, long},
		"no version":      {`{"type":"GetSpacesRequest","msgId":"b"}`, 1000, unknownID},
		"version v2":      {`{"type":"GetSpacesRequest","version":"v2","msgId":"c"}`, 400, "c"},
		"right":           {`{"type":"GetSpacesRequest","version":"v1","msgId":"d"}`, 0, "d"},
		"null data":       {`{"type":"GetSpacesRequest","version":"v1","msgId":"e","data":null}`, 0, "e"},
		"data too much":   {`{"type":"GetSpacesRequest","version":"v1","msgId":"f","data":{"x":1}}`, 1000, unknownID},
	} {
		t.Run(name, func(t *testing.T) {
			r := b.must("POST", BasePath, c.body)
			r.is(t, 200, c.code)
			if r.MsgID != c.msgID && c.msgID != unknownID || c.code == 1000 && r.MsgID != unknownID {
				t.Errorf("want msgId %s, got %s", c.msgID, r.MsgID)
			}
			if want := c.code != 0; (r.Type == "ErrorMessage") != want {
				t.Errorf("got type %s", r.Type)
			}
		})
	}
	again := message("GetSpacesRequest", "")
	b.must("POST", BasePath, again).is(t, 200, 0)
	b.must("POST", BasePath, again).is(t, 200, 400)
}

func TestFailureStatus(t *testing.T) {
	allFail := fmt.Sprintf(`[{"deviceId":%q,"endpointId":2,"functionCode":"Output","traitCode":"OnOff","value":1}]`, Strip)
	for status, want := range map[FailureStatus][3]int{
		FailureMixed: {200, 401, 200}, Failure200: {200, 200, 200}, Failure4xx: {400, 401, 400},
	} {
		b := newBench(t, Options{AnswerOptions: AnswerOptions{FailureStatus: status}})
		b.call("NoRequest", "").is(t, want[0], 1000)
		b.call("ExecuteTraitRequest", allFail).is(t, want[2], 400)
		b.Revoke()
		b.call("GetSpacesRequest", "").is(t, want[1], 401)
	}
}

func TestDevicePages(t *testing.T) {
	b := newBench(t, Options{FirmwareOptions: FirmwareOptions{Offline: []string{Door}}})
	var p struct {
		TotalCount, PageSize, PageNum int
		Data                          []struct {
			DeviceID, DeviceName string
			DeviceTypesList      []string
			CreateTime           int64
			State                bool
			Space                *struct{ SpaceID, Name, ParentSpaceID string }
		}
	}
	r := b.call("GetDeviceInfoRequest", `{"orderBy":"createTime desc","pageNum":0,"pageSize":3}`)
	r.decode(t, &p)
	if p.TotalCount != 8 || p.PageNum != 1 || len(p.Data) != 3 || p.Data[0].DeviceID != Switch || p.Data[2].Space != nil {
		t.Errorf("first page: %s", r.body)
	}
	r = b.call("GetDeviceInfoRequest", `{"orderBy":"createTime desc","pageNum":3,"pageSize":3}`)
	r.decode(t, &p)
	if len(p.Data) != 2 || p.Data[1].DeviceID != Strip || p.Data[1].Space.Name != "Wohnzimmer" || p.Data[1].Space.ParentSpaceID != "a1" {
		t.Errorf("last page: %s", r.body)
	}
	r = b.call("GetDeviceInfoRequest", `{"deviceTypesList":["ContactSensor"],"pageNum":1}`)
	r.decode(t, &p)
	if p.TotalCount != 1 || p.PageSize != 200 || p.Data[0].State || p.Data[0].DeviceName != "Haustür" {
		t.Errorf("by type: %s", r.body)
	}
	for _, data := range []string{"", "null", "[]", `{"pageSize":"3"}`, `{"page":1}`, `{"deviceTypesList":[1]}`, `{"pageNum":1.5}`} {
		b.call("GetDeviceInfoRequest", data).is(t, 200, 1000)
	}
	for _, data := range []string{`{"pageSize":0}`, `{"pageSize":201}`, `{"pageSize":-1}`, `{"orderBy":"name asc"}`} {
		b.call("GetDeviceInfoRequest", data).is(t, 200, 400)
	}
	b.call("GetDeviceInfoRequest", `{"pageNum":9223372036854775807}`).is(t, 200, 0)
}

func TestGrownHome(t *testing.T) {
	h := DefaultHome()
	h.Grow(301)
	b := newBench(t, Options{Home: h})
	_ = b.Set(Strip+".1", 2, "Output", "OnOff", false)
	if b.value(Address{Strip, 2, "Output", "OnOff"}) != true {
		t.Error("copies must not share values")
	}
	seen := map[string]bool{}
	for page := 1; page <= 2; page++ {
		var p struct{ Data []struct{ DeviceID string } }
		b.call("GetDeviceInfoRequest", fmt.Sprintf(`{"pageNum":%d}`, page)).decode(t, &p)
		for _, d := range p.Data {
			seen[d.DeviceID] = true
		}
	}
	if len(seen) != 301 {
		t.Errorf("want 301 devices, got %d", len(seen))
	}
}

func TestSpecs(t *testing.T) {
	b := newBench(t, Options{})
	r := b.call("GetDevicesRequest", `{"deviceIds":["`+Door+`","nobody"]}`)
	var got []map[string]any
	r.decode(t, &got)
	if len(got) != 1 || strings.Contains(r.body, "gatewayId") || strings.Contains(r.body, "commands") {
		t.Fatalf("want the door alone, as generation A has it, got %s", r.body)
	}
	endpoints, _ := got[0]["endpoints"].([]any)
	want := map[string]any{"endpointId": json.Number("0"), "endpointName": "DeviceObject", "deviceType": "Root"}
	if d := cmp.Diff(want, endpoints[0]); d != "" {
		t.Errorf("bare root: %s", d)
	}
	all := b.call("GetDevicesRequest", "{}").body
	for _, want := range []string{
		`"min":1.0,"parameter"`, `"max":1.0E8`, `"supportedValues":[{"key":"Off","value":"0"}`, `"value":62.0`, `"unit":"W·h"`,
		`"time":null,"traitCode":"ButtonEvent","value":null`, `"step":null`, `"Taster „Gäste“"`, `"endpointId":2,"functionCode":"Button"`,
	} {
		want = strings.Replace(want, `,"parameter"`, "", 1)
		if !strings.Contains(all, want) {
			t.Errorf("%s is missing", want)
		}
	}
	b.call("GetDevicesRequest", `{"deviceIds":"x"}`).is(t, 200, 1000)
	b.call("GetDevicesRequest", "").is(t, 200, 0)
}

func TestAnswerOptions(t *testing.T) {
	for name, c := range map[string]struct {
		o     AnswerOptions
		kind  string
		data  string
		has   string
		lacks string
	}{
		"supportedValue": {AnswerOptions{EnumListKey: "supportedValue"}, "GetDevicesRequest", "{}", `"supportedValue":[`, "supportedValues"},
		"enum numbers":   {AnswerOptions{EnumNumbers: true}, "GetDevicesRequest", "{}", `{"key":"Off","value":0}`, `"value":"0"`},
		"types":          {AnswerOptions{TypesKey: "types"}, "GetAllDeviceInfoRequest", "", `"types":["Light"]`, "deviceTypesList"},
		"no state":       {AnswerOptions{NoState: true}, "GetAllDeviceInfoRequest", "", `"deviceName"`, `"state"`},
		"nulls":          {AnswerOptions{ParameterNulls: true}, "GetDevicesRequest", `{"deviceIds":["` + Switch + `"]}`, `"min":null`, ""},
		"unknown keys":   {AnswerOptions{UnknownKeys: true}, "GetSpacesRequest", "", "traceId", ""},
		"2030": {
			AnswerOptions{UnknownAsError: true}, "GetDevicesRequest", `{"deviceIds":["nobody"]}`, `"code":2030`, `"code":0`,
		},
		"empty list":    {AnswerOptions{}, "GetTraitValueRequest", "[]", `"data":[]`, ""},
		"empty null":    {AnswerOptions{Empty: EmptyNull}, "GetTraitValueRequest", "[]", `"data":null`, ""},
		"empty text":    {AnswerOptions{Empty: EmptyText}, "GetTraitValueRequest", "[]", `"data":""`, ""},
		"empty missing": {AnswerOptions{Empty: EmptyMissing}, "GetTraitValueRequest", "[]", `"message"`, `"data"`},
		"empty object": {
			AnswerOptions{Empty: EmptyObject},
			"ExecuteTraitRequest",
			`[{"deviceId":"` + Strip + `","endpointId":2,"functionCode":"Output","traitCode":"OnOff","value":true}]`, `"data":[{}]`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newBench(t, Options{AnswerOptions: c.o}).call(c.kind, c.data)
			if !strings.Contains(r.body, c.has) || c.lacks != "" && strings.Contains(r.body, c.lacks) {
				t.Errorf("want %s and not %s in %.500s", c.has, c.lacks, r.body)
			}
		})
	}
}

func TestOldFirmware(t *testing.T) {
	b := newBench(t, Options{FirmwareOptions: FirmwareOptions{Old: true, OnlyA: true, ClampPages: true, RepeatedMsgIDs: true}})
	b.call("GetAllDeviceInfoRequest", "").is(t, 200, 1000)
	b.call("GetSpacesRequest", "").is(t, 200, 1000)
	b.must("GET", BasePath+"/studio/statistics?dimensions=deviceCount", "").is(t, 404, 404)
	body := message("GetDeviceInfoRequest", `{"pageSize":999}`)
	for range 2 {
		if r := b.must("POST", BasePath, body); r.Code != 0 || !strings.Contains(r.body, `"pageSize":200`) || strings.Contains(r.body, "space") {
			t.Errorf("got %.300s", r.body)
		}
	}
}

func TestReads(t *testing.T) {
	b := newBench(t, Options{})
	item := func(device string, endpoint int, function, traits string) string {
		return fmt.Sprintf(`[{"deviceId":%q,"endpointId":%d,"functionCode":%q,"traitCodes":%s}]`, device, endpoint, function, traits)
	}
	for name, c := range map[string]struct {
		data string
		code int
		want []any // the values
	}{
		"two":            {item(Climate, 1, "PowerSource", `["BatPercentRemaining","StateOfLowBat"]`), 0, []any{json.Number("87.0"), "0"}},
		"null":           {item(Button, 1, "PowerSource", `["BatPercentRemaining"]`), 0, []any{nil}},
		"event":          {item(Button, 2, "Button", `["ButtonEvent"]`), 0, nil},
		"unknown device": {item("nobody", 2, "Button", `["ButtonEvent"]`), 0, nil},
		"unknown trait":  {item(Strip, 2, "Output", `["OnOff","Nothing"]`), 0, []any{true}},
		"trait alone":    {`[{"deviceId":"x","endpointId":2,"functionCode":"Output","traitCode":"OnOff"}]`, 1000, nil},
		"text endpoint":  {`[{"deviceId":"x","endpointId":"2","functionCode":"Output","traitCodes":[]}]`, 1000, nil},
		"no array":       {`{}`, 1000, nil},
		"no data":        {"", 1000, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := b.call("GetTraitValueRequest", c.data)
			r.is(t, 200, c.code)
			if c.code != 0 {
				return
			}
			var items []struct{ Value any }
			r.decode(t, &items)
			var got []any
			for _, it := range items {
				got = append(got, it.Value)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSpacesAndAutomations(t *testing.T) {
	b := newBench(t, Options{})
	var tree []struct {
		SpaceID, Name string
		Children      []struct {
			Name, ParentSpaceID string
			Children            []struct{ Name string }
		}
	}
	b.call("GetSpacesRequest", "").decode(t, &tree)
	if len(tree) != 1 || len(tree[0].Children) != 4 || tree[0].Children[3].Children[0].Name != "Bad oben" || tree[0].Children[0].ParentSpaceID != "a1" {
		t.Errorf("got %+v", tree)
	}
	r := b.call("GetAutomationListRequest", `{"pageNum":1,"pageSize":1,"definitionTypes":["SCRIPT_TEXT"]}`)
	if !strings.Contains(r.body, `"totalCount":2`) || strings.Count(r.body, "automationId") != 1 {
		t.Errorf("got %s", r.body)
	}
	b.call("GetAutomationListRequest", `{"pageNum":1}`).is(t, 200, 1000)
	b.call("GetAutomationListRequest", `{"pageNum":1,"pageSize":201}`).is(t, 200, 400)
}
