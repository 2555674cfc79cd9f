package tuya

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

func TestDecodeDevice(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want device
	}{
		"list of an account": {
			`{"id":"d1","uid":"u1","owner_id":"7","name":" Plug ","product_id":"p1","product_name":"Smart plug","category":"cz",
			"time_zone":"+01:00","sub":false,"online":true,"local_key":"k","status":[{"code":"switch_1","value":true}]}`,
			device{
				ID: "d1", UID: "u1", Home: "7", Name: "Plug", Product: "p1", Model: "Smart plug", Category: "cz", Zone: "+01:00",
				Online: loose.Truth{Known: true, On: true}, Status: []point{{Code: "switch_1", Value: json.RawMessage("true")}},
			},
		},
		"camel case": {
			`{"id":"d2","name":"n","customName":"Mine","productId":"p2","productName":"Lamp","isOnline":"false","timeZone":"+8:00","gatewayId":"g"}`,
			device{
				ID: "d2", Name: "Mine", Product: "p2", Model: "Lamp", Zone: "+8:00", Gateway: "g",
				Online: loose.Truth{Known: true}, Status: []point{},
			},
		},
		"detail": {
			`{"id":3,"custom_name":"","name":"x","is_online":1,"gateway_id":"g","sub":true,"owner_id":12,"status":null}`,
			device{ID: "3", Name: "x", Home: "12", Gateway: "g", Sub: true, Online: loose.Truth{Known: true, On: true}},
		},
		"odd shapes": {
			`{"id":"d4","name":{},"online":"maybe","status":[null,1,{"code":7},{"value":1},{"code":"a"}]}`,
			device{ID: "d4", Status: []point{{Code: "7"}, {Code: "a"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got device
			if err := json.Unmarshal([]byte(c.in), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Status) == 0 {
				got.Status, c.want.Status = nil, nil
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodePoint(t *testing.T) {
	at := time.UnixMilli(1700000000123).UTC()
	for name, c := range map[string]struct {
		in   string
		want point
	}{
		"status":          {`{"code":"switch_1","value":true}`, point{Code: "switch_1", Value: json.RawMessage("true")}},
		"shadow":          {`{"code":"a","custom_name":"","dp_id":1,"time":1700000000123,"value":"x"}`, point{Code: "a", DP: 1, At: at, Value: json.RawMessage(`"x"`)}},
		"push":            {`{"code":"a","dpId":19,"time":"1700000000123","value":5}`, point{Code: "a", DP: 19, At: at, Value: json.RawMessage("5")}},
		"older push":      {`{"code":"a","t":1700000000,"value":false,"20":false}`, point{Code: "a", DP: 20, At: at.Truncate(time.Second), Value: json.RawMessage("false")}},
		"number only":     {`{"101":"x"}`, point{DP: 101, Value: json.RawMessage(`"x"`)}},
		"null":            {`{"code":"a","value":null}`, point{Code: "a", Value: json.RawMessage("null")}},
		"no object":       {`[1]`, point{}},
		"negative number": {`{"code":"a","dp_id":-3,"value":1}`, point{Code: "a", Value: json.RawMessage("1")}},
	} {
		t.Run(name, func(t *testing.T) {
			var got point
			if err := json.Unmarshal([]byte(c.in), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeSpecification(t *testing.T) {
	raw := `{"category":"dj","functions":[
		{"code":"switch_led","type":"Boolean","values":"{}"},
		{"code":"bright","dp_id":3,"name":" Brightness ","type":"Integer","values":"{\"min\":10,\"max\":1000,\"scale\":0,\"step\":1}"},
		{"code":"mode","type":"enum","values":"{\"range\":[\"a\",2,null,\"a\"]}"},
		{"code":"broken","type":"Integer","values":"{\"min\":"},
		{"code":"none","type":"Integer","values":""},
		{"type":"Boolean"}, null, 7],
		"status":"none"}`
	var s specification
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		t.Fatal(err)
	}
	if s.Category != "dj" || len(s.Functions) != 5 || len(s.Status) != 0 {
		t.Fatalf("want five functions of dj, got %+v", s)
	}
	bright := newTyped(&s.Functions[1])
	if bright.kind != typeInt || bright.min != 10 || bright.max != 1000 || s.Functions[1].DP != 3 || s.Functions[1].Name != "Brightness" {
		t.Errorf("bright: got %+v of %+v", bright, s.Functions[1])
	}
	if mode := newTyped(&s.Functions[2]); mode.kind != typeEnum || !cmp.Equal(mode.options, []string{"a", "2"}) {
		t.Errorf("mode: want a and 2, got %+v", mode)
	}
	for i := 3; i < 5; i++ {
		if broken := newTyped(&s.Functions[i]); broken.kind != typeInt || broken.bounded() || broken.step != 1 {
			t.Errorf("%s: want an Integer without range, got %+v", s.Functions[i].Code, broken)
		}
	}
	// It is stored as JSON and comes back the same.
	var again specification
	if err := json.Unmarshal(mustJSON(s), &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Functions[:3], again.Functions[:3], cmp.AllowUnexported(codeSpec{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestThingModel(t *testing.T) {
	inner := `{"modelId":"m","services":[{"code":"","properties":[
		{"abilityId":1,"accessMode":"rw","code":"switch_1","name":"Switch 1","typeSpec":{"type":"bool"}},
		{"abilityId":3,"accessMode":"rw","code":"old_name","typeSpec":{"type":"value","min":0,"max":9}},
		{"abilityId":19,"accessMode":"ro","code":"hidden_power","name":"Power","typeSpec":{"type":"value","min":0,"max":80000,"scale":1,"step":1,"unit":"W"}},
		{"abilityId":4,"accessMode":"rw","code":"told_only","typeSpec":{"type":"bool"}},
		{"abilityId":9,"accessMode":"wr","code":"press","typeSpec":{"type":"bool"}},
		{"abilityId":"x","code":"","typeSpec":{"type":"bool"}},
		{"code":"untyped"}]}]}`
	for name, raw := range map[string]string{
		"in a string": string(mustJSON(map[string]string{"model": inner})), "itself": inner,
	} {
		t.Run(name, func(t *testing.T) {
			var th thing
			if err := json.Unmarshal([]byte(raw), &th); err != nil {
				t.Fatal(err)
			}
			s := specification{
				Functions: []codeSpec{{Code: "switch_1", Type: "Boolean"}, {Code: "new_name", DP: 3, Type: "Integer"}},
				Status:    []codeSpec{{Code: "switch_1", Type: "Boolean"}, {Code: "told_only", Type: "Boolean"}},
			}
			s.add(th)
			if s.Functions[0].DP != 1 || s.Status[0].Name != "Switch 1" {
				t.Errorf("want number and name of switch_1, got %+v and %+v", s.Functions[0], s.Status[0])
			}
			if len(s.Functions) != 4 || s.Functions[2].Code != "told_only" || s.Functions[3].Code != "press" || !s.Functions[3].Property {
				t.Errorf("want told_only and press as properties that can be written, got %+v", s.Functions)
			}
			if len(s.Status) != 3 || s.Status[2].Code != "hidden_power" || !s.Status[2].Property {
				t.Errorf("want hidden_power to be reported, got %+v", s.Status)
			}
			m := newModel(device{ID: "d", Name: "n", Category: "cz"}, s)
			r := m.readings([]point{{DP: 19, Value: json.RawMessage("123")}}, true)
			if len(r.Values) != 1 || r.Values[0].Value.String() != "12.3" {
				t.Errorf("a report by its number alone: want 12.3, got %v", r.Values)
			}
		})
	}
}
