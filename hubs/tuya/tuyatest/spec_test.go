package tuyatest

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type specification struct {
	Category  string      `json:"category"`
	Functions []specEntry `json:"functions"`
	Status    []specEntry `json:"status"`
}

func codes(list []specEntry) []string {
	out := []string{}
	for _, e := range list {
		out = append(out, e.Code)
	}
	return out
}

func TestSpecification(t *testing.T) {
	b := newBench(t, Options{})
	var got specification
	b.get("/v1.0/devices/"+Plug+"/specifications", &got)
	if got.Category != "cz" {
		t.Errorf("want cz, got %s", got.Category)
	}
	if diff := cmp.Diff([]string{"switch_1", "countdown_1", "relay_status", "child_lock", "cycle_time"}, codes(got.Functions)); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	if !slices.Contains(codes(got.Status), "cur_power") || got.Functions[0].DPID != nil {
		t.Errorf("want cur_power in the status and no dp_id in v1.0, got %+v", got)
	}
	want := specEntry{Code: "countdown_1", Type: "Integer", Values: `{"unit":"s","min":0,"max":86400,"scale":0,"step":1}`}
	if diff := cmp.Diff(want, got.Functions[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, path := range []string{
		"/v1.0/iot-03/devices/" + Plug + "/specification", "/v1.1/devices/" + Plug + "/specifications",
		"/v1.2/iot-03/devices/" + Plug + "/specification",
	} {
		var other specification
		b.get(path, &other)
		if diff := cmp.Diff(codes(got.Functions), codes(other.Functions)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if more := other.Functions[0].DPID != nil && *other.Functions[0].DPID == 1; more != (path[:5] != "/v1.0") {
			t.Errorf("%s: want dp_id from v1.1 on, got %+v", path, other.Functions[0])
		}
	}
}

func TestOddSpecifications(t *testing.T) {
	b := newBench(t, Options{})
	var odd, heater, lock specification
	b.get("/v1.0/iot-03/devices/"+Odd+"/specification", &odd)
	b.get("/v1.0/devices/"+Heater+"/specifications", &heater)
	b.get("/v1.0/devices/"+Lock+"/specifications", &lock)
	types := map[string]string{}
	for _, e := range odd.Functions {
		types[e.Code] = e.Type + " " + e.Values
	}
	want := map[string]string{
		"Power-On.State": "Boolean {}", "level": `value {"min":0,"max":100}`, "scene": `enum {"range":[]}`, "note": "string ",
		"settings": "Json ",
	}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	i := slices.IndexFunc(odd.Status, func(e specEntry) bool { return e.Code == "settings" })
	if i < 0 || odd.Status[i].Type != "String" {
		t.Errorf("want another type in the status, got %+v", odd.Status)
	}
	if len(heater.Functions)+len(heater.Status) != 0 {
		t.Errorf("want a device in standard mode to look empty, got %+v", heater)
	}
	if slices.Contains(codes(lock.Status), "rtc_lock") || !slices.Contains(codes(lock.Functions), "rtc_lock") {
		t.Errorf("want a write-only code among the functions alone, got %+v", lock)
	}
	b.wants(codeNoFunction, "GET", "/v1.0/devices/"+Odd+"/specifications", "")
	b.wants(codeNoFunction, "GET", "/v1.0/devices/"+Odd+"/functions", "")
	b.wants(codeNoFunction, "GET", "/v1.0/devices/"+Odd+"/status", "")
	b.wants(0, "GET", "/v1.0/iot-03/devices/"+Odd+"/status", "")
	b.wants(0, "GET", "/v1.0/functions/dj", "")
	b.wants(codeIllegal, "GET", "/v1.0/functions/nothing", "")
}

func TestStatuses(t *testing.T) {
	b := newBench(t, Options{})
	var got []struct {
		ID     string        `json:"id"`
		Status []statusEntry `json:"status"`
	}
	b.get("/v1.0/iot-03/devices/status?device_ids="+Plug+","+Bulb, &got)
	if len(got) != 2 || got[0].ID != Plug || len(got[1].Status) != 7 {
		t.Errorf("want plug and bulb, got %+v", got)
	}
	var one []statusEntry
	b.get("/v1.0/iot-03/devices/"+OldBulb+"/status", &one)
	if one[4].Value != `{"h":220.0,"s":255.0,"v":128.0}` {
		t.Errorf("want Json as text, got %v", one)
	}
	objects := newBench(t, Options{AnswerOptions: AnswerOptions{JSONObjects: true}})
	objects.get("/v1.0/iot-03/devices/"+OldBulb+"/status", &one)
	if m, is := one[4].Value.(map[string]any); !is || m["h"] != 220.0 {
		t.Errorf("want Json as an object, got %v", one)
	}
}

func TestThingModel(t *testing.T) {
	b := newBench(t, Options{})
	var got struct {
		Model string `json:"model"`
	}
	b.get("/v2.0/cloud/thing/"+Heater+"/model", &got)
	var model struct {
		ModelID  string `json:"modelId"`
		Services []struct {
			Properties []struct {
				AbilityID  int            `json:"abilityId"`
				AccessMode string         `json:"accessMode"`
				Code       string         `json:"code"`
				TypeSpec   map[string]any `json:"typeSpec"`
			} `json:"properties"`
		} `json:"services"`
	}
	if err := json.Unmarshal([]byte(got.Model), &model); err != nil {
		t.Fatal(err)
	}
	p := model.Services[0].Properties
	if len(p) != 3 || p[1].AbilityID != 2 || p[1].AccessMode != "rw" {
		t.Fatalf("want the custom data points, got %+v", p)
	}
	want := map[string]any{"type": "value", "min": 5.0, "max": 35.0, "scale": 0.0, "step": 1.0, "unit": "℃"}
	if diff := cmp.Diff(want, p[1].TypeSpec); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.get("/v2.0/cloud/thing/"+Meter+"/model", &got)
	if err := json.Unmarshal([]byte(got.Model), &model); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]any{}
	for _, p := range model.Services[0].Properties {
		kinds[p.Code] = p.TypeSpec["type"]
	}
	if kinds["phase_a"] != "raw" || kinds["fault"] != "bitmap" || kinds["total_power"] != "value" {
		t.Errorf("want the thing model's own types, got %v", kinds)
	}
}

func TestShadow(t *testing.T) {
	b := newBench(t, Options{})
	var got struct {
		Properties []struct {
			Code  string `json:"code"`
			DPID  int    `json:"dp_id"`
			Time  int64  `json:"time"`
			Value any    `json:"value"`
		} `json:"properties"`
	}
	b.get("/v2.0/cloud/thing/"+Heater+"/shadow/properties?codes=switch,level", &got)
	if len(got.Properties) != 2 || got.Properties[1].DPID != 5 || got.Properties[1].Value != "1" ||
		time.Since(time.UnixMilli(got.Properties[0].Time)).Abs() > time.Minute {
		t.Errorf("want two values with their times, got %+v", got)
	}
}

func TestReportLogs(t *testing.T) {
	b := newBench(t, Options{})
	from := time.Now().Add(-time.Minute).UnixMilli()
	for i := range 5 {
		if err := b.Set(Camera, "basic_device_volume", i+1); err != nil {
			t.Fatal(err)
		}
	}
	var got struct {
		Logs []struct {
			Code  string `json:"code"`
			Value string `json:"value"`
		} `json:"logs"`
		More bool `json:"has_more"`
	}
	window := "&start_time=" + itoa(from) + "&end_time=" + itoa(time.Now().Add(time.Minute).UnixMilli())
	b.get("/v2.1/cloud/thing/"+Camera+"/report-logs?codes=basic_device_volume&size=3"+window, &got)
	if len(got.Logs) != 3 || got.Logs[0].Value != "5" || !got.More {
		t.Errorf("want the newest three of five, got %+v", got)
	}
	b.wants(codeType, "GET", "/v2.1/cloud/thing/"+Camera+"/report-logs", "")
	b.wants(codeRange, "GET", "/v2.1/cloud/thing/"+Camera+"/report-logs?size=101"+window, "")
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
