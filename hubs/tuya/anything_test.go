package tuya

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// everyCode is every code that a table knows, and some that none does.
func everyCode() []string {
	all := map[string]bool{"Strange": true, "": true, "TempSet": true, "bright_value_v2": true, "colour_data_v2": true, "situation_set": true}
	for _, t := range []table{
		sensorRules, binaryRules, faultRules, eventRules, switchRules, buttonRules, sirenRules, valveRules, numberRules, choiceRules,
		textRules, detailRules,
	} {
		for key := range t {
			_, code, found := strings.Cut(key, "/")
			if !found {
				code = key
			}
			all[strings.ReplaceAll(code, "#", "1")] = true
		}
	}
	for _, rows := range lightRows {
		for _, r := range rows {
			for c := range strings.FieldsSeq(strings.Join([]string{r.on, r.mode, r.level, r.temp, r.colour, r.low, r.high}, " ")) {
				all[c] = true
			}
		}
	}
	for c := range strings.FieldsSeq(`control percent_control percent_state mach_operate position angle_horizontal dehumidify_set_value
		humidity_set fan_speed fan_mode fan_direction switch_horizontal switch_vertical swing mode temp_set power_go pause suction
		switch_charge seek master_mode phase_a phase_b phase_s1 shock_state lock_motor_state temp_unit_convert`) {
		all[c] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// anyDevice draws a device of any category whose specification and values may be
// nonsense, each in its own way.
func anyDevice(codes []string) *rapid.Generator[*dump] {
	categories := append(slices.Sorted(maps.Keys(listed)), "", "zzz", "qt", "ms")
	types := []string{"Boolean", "Integer", "Enum", "String", "Json", "Raw", "Bitmap", "bool", "value", "strange", ""}
	specs := []string{
		``, `{}`, `null`, `"{}"`, `"{\"range\":[\"open\",\"stop\",\"close\"]}"`, `{"range":["white","colour","scene"]}`, `{"range":[1,2,true]}`,
		`{"range":["alarm","normal"]}`, `{"range":[]}`, `{"range":["none"]}`, `{"range":["auto","cold","hot","off","manual"]}`, `{"label":["a","","tankfull"]}`,
		`{"unit":"℃","min":-200,"max":600,"scale":1,"step":5}`, `{"unit":"W","min":0,"max":50000,"scale":0,"step":1}`,
		`{"unit":"%","min":0,"max":100}`, `{"min":10,"max":1000,"step":10}`, `{"min":5,"max":5}`, `{"min":9,"max":1}`, `{"min":"0","max":"9","scale":"2"}`,
		`{"unit":"℉","min":41,"max":95,"scale":0,"step":1}`, `{"maxlen":3}`, `{"min":-1e300,"max":1e300,"scale":9,"step":1e-9}`, `{"min":0`,
		`{"h":{"min":0,"max":360},"s":{"min":0,"max":1000},"v":{"min":0,"max":1000}}`, `{"h":5,"s":{},"v":null}`, `{"unit":{"a":1},"range":"x"}`,
	}
	values := []string{
		`null`, `""`, `true`, `"true"`, `false`, `0`, `1`, `"1"`, `-400`, `505`, `1e300`, `"open"`, `"white"`, `"scene"`, `"alarm"`, `"none"`, `{}`, `[]`, `[1]`,
		`"CT0AAmAAAIU="`, `"007803e801f4"`, `{"h":120,"s":1000,"v":500}`, `"{\"h\":1,\"s\":2,\"v\":3}"`, `{"voltage":230}`, `"\u0000"`, `"1.5"`, `"NaN"`,
	}
	return rapid.Custom(func(t *rapid.T) *dump {
		d := &dump{device: device{ID: "d", Name: "n", Category: rapid.SampledFrom(categories).Draw(t, "category")}}
		d.Product = rapid.SampledFrom(append(slices.Sorted(maps.Keys(fixes())), "", "", "", "")).Draw(t, "product")
		draw := func() codeSpec {
			return codeSpec{
				Code: rapid.SampledFrom(codes).Draw(t, "code"), DP: rapid.IntRange(0, 3).Draw(t, "dp"),
				Type: rapid.SampledFrom(types).Draw(t, "type"), Values: json.RawMessage(rapid.SampledFrom(specs).Draw(t, "values")),
				Report: rapid.SampledFrom([]string{"", "sum"}).Draw(t, "report"), Name: rapid.SampledFrom([]string{"", " Name\n2"}).Draw(t, "name"),
			}
		}
		for range rapid.IntRange(0, 12).Draw(t, "points") {
			c := draw()
			if c.Code == "" {
				continue // such a one is no data point: it is dropped when read
			}
			side := rapid.IntRange(0, 3).Draw(t, "side")
			if side != 0 {
				d.spec.Functions = append(d.spec.Functions, c)
			}
			if side == 3 { // the two sides need not agree
				other := draw()
				c.Type, c.Values = other.Type, other.Values
			}
			if side != 1 {
				d.spec.Status = append(d.spec.Status, c)
			}
			if rapid.Bool().Draw(t, "known") {
				d.Status = append(d.Status, point{Code: c.Code, DP: c.DP, Value: json.RawMessage(rapid.SampledFrom(values).Draw(t, "value"))})
			}
		}
		return d
	})
}

// TestAnything: whatever a cloud says of a device, what is made of it keeps all promises.
func TestAnything(t *testing.T) {
	codes := everyCode()
	rapid.Check(t, func(rt *rapid.T) {
		d := anyDevice(codes).Draw(rt, "device")
		m := d.model(withLocks())
		r := m.readings(d.Status, false)
		checkModel(rt, m, r)
		checkMessages(rt, m, r)
		checkModel(rt, m, m.readings(d.Status, true))
		dev := m.device()
		for i := range dev.Entities {
			checkCommands(rt, m, &dev.Entities[i], d.Status)
		}
	})
}
