package tuya

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestFixes(t *testing.T) {
	status := func(code, kind, values string) specification {
		return specification{Status: []codeSpec{{Code: code, Type: kind, Values: json.RawMessage(values)}}}
	}
	for name, c := range map[string]struct {
		product, category string
		spec              specification
		point             point
		entity            string
		attr              hubs.Attr
		want              string
	}{
		"tenths": {
			"QH3oyDNHKw9c1irH", "cz", status("cur_power", "Integer", `{"unit":"W","min":0,"max":30000,"scale":0}`),
			point{Code: "cur_power", Value: json.RawMessage("2301")},
			"cur_power", hubs.Main, "230.1",
		},
		"a range that lacks words": {
			"ndvina39gbq8x0jk", "kg", status("light_mode", "Enum", `{"range":["relay","pos"]}`),
			point{Code: "light_mode", Value: json.RawMessage(`"on"`)},
			"light_mode", hubs.Main, "on",
		},
		"not advertised": {
			"p6sqiuesvhmhvv4f", "tdq",
			specification{},
			point{DP: 101, Value: json.RawMessage("true")},
			"doorcontact_state", hubs.On, "on",
		},
		"advertised by a code that says nothing": {
			"p6sqiuesvhmhvv4f", "tdq",
			specification{Status: []codeSpec{{Code: "value101", DP: 101, Type: "Integer"}}},
			point{Code: "value101", Value: json.RawMessage("true")},
			"doorcontact_state", hubs.On, "on",
		},
		"a cover that runs forward": {
			"cf1sl3tj", "cl",
			specification{
				Functions: []codeSpec{{Code: "control", Type: "Enum", Values: json.RawMessage(`{"range":["open","stop","close"]}`)}},
				Status:    []codeSpec{{Code: "percent_state", Type: "Integer", Values: json.RawMessage(`{"min":0,"max":100}`)}},
			},
			point{Code: "percent_state", Value: json.RawMessage("30")},
			"control", hubs.Position, "30",
		},
		"a position that is never right": {
			"xyakonle1azq2xgn", "cl",
			specification{
				Functions: []codeSpec{{Code: "control", Type: "Enum", Values: json.RawMessage(`{"range":["open","stop","close"]}`)}},
				Status:    []codeSpec{{Code: "percent_state", Type: "Integer", Values: json.RawMessage(`{"min":0,"max":100}`)}},
			},
			point{Code: "control", Value: json.RawMessage(`"close"`)},
			"control", hubs.Position, "0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := string(mustJSON(c.spec))
			m := newModel(device{ID: "d", Product: c.product, Category: c.category}, c.spec)
			got := "nothing"
			for _, v := range m.readings([]point{c.point}, false).Values {
				if v.Entity == c.entity && v.Attr == c.attr {
					got = v.Value.String()
				}
			}
			if got != c.want {
				t.Errorf("want %s, got %s", c.want, got)
			}
			if after := string(mustJSON(c.spec)); after != before {
				t.Errorf("the specification was changed: %s", after)
			}
		})
	}
}

// The file that is shipped has no fault.
func TestShippedFixes(t *testing.T) {
	all, err := parseFixes(overridesFile)
	if err != nil || len(all) < 30 {
		t.Fatalf("%d products, %v", len(all), err)
	}
	for product, f := range all {
		if f.category != "" && !listed[f.category] {
			t.Errorf("%s: category %q", product, f.category)
		}
		if f.category == "" && f.points == nil && !f.plain && !f.mute {
			t.Errorf("%s: nothing is corrected", product)
		}
	}
}

func TestFaultyFixes(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"no YAML":          {"a: [", "yaml"},
		"position":         {"products: {p: {position: back}}", `p: position "back"`},
		"an unknown word":  {"products: {p: {points: {mode: {rnage: [a]}}}}", `p: mode: "rnage"`},
		"no type":          {"products: {p: {points: {mode: {type: Foo}}}}", `p: mode: "Foo"`},
		"nothing":          {"products: {p: {points: {mode: {dp: 3}}}}", "p: mode: it corrects nothing"},
		"not an object":    {"products: {p: {points: {mode: [1]}}}", "p: mode: "},
		"the rest applies": {"products: {p: {points: {mode: {type: Foo}}}, q: {category: cz}}", `p: mode: "Foo"`},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := parseFixes([]byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
			if name == "the rest applies" && all["q"].category != "cz" {
				t.Errorf("want q as cz, got %+v", all)
			}
		})
	}
}

// Increments are said to be some.
func TestIncrements(t *testing.T) {
	m := own(t, "Plug with two sockets and increments").model()
	d := m.device()
	e, ok := d.Entity("add_ele")
	if s, isSensor := e.Spec.(hubs.Sensor); !ok || !isSensor || !s.Deltas || s.Accumulates != hubs.Increasing {
		t.Errorf("want a sensor of increments, got %+v", e)
	}
}

// Keys and passwords never leave, whatever the product.
func TestSecretsStay(t *testing.T) {
	s := specification{Category: "ms"}
	secret := []string{"unlock_method_create", "temporary_password_creat", "remote_no_dp_key", "temporary_password_other", "onvif_change_pwd"}
	for _, code := range secret {
		c := codeSpec{Code: code, Type: "Raw"}
		s.Functions, s.Status = append(s.Functions, c), append(s.Status, c)
	}
	m := newModel(device{ID: "d", Category: "ms"}, s)
	var out []string
	for _, o := range m.omitted {
		out = append(out, o.code)
	}
	slices.Sort(out)
	slices.Sort(secret)
	if !slices.Equal(out, secret) || len(m.parts) != 0 {
		t.Errorf("want %v left out, got %v and %d entities", secret, out, len(m.parts))
	}
}
