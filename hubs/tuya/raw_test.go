package tuya

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"testing"
)

func TestPhase(t *testing.T) {
	for name, c := range map[string]struct {
		kind dpType
		in   string
		want phase
		ok   bool
	}{
		"8 bytes":        {typeRaw, `"CT0AAmAAAIU="`, phase{voltage: 236.5, current: 0.608, power: 0.133}, true},
		"17 bytes":       {typeRaw, `"AQ8I/QAUAwAEfgAAWgAEmmI="`, phase{230.1, 5.123, 1.15, 0.09, 1.178, 0.98, true}, true},
		"18 bytes":       {typeRaw, `"Ag8I/QAUAwAEfgAAWgAEmmID"`, phase{230.1, -5.123, -1.15, 0.09, 1.178, 0.98, true}, true},
		"all signs":      {typeRaw, `"Ag8I/QAUAwAEfgAAWgAEmmIP"`, phase{230.1, -5.123, -1.15, -0.09, 1.178, -0.98, true}, true},
		"10 bytes":       {typeRaw, `"CPwAA+gAAOYBAg=="`, phase{voltage: 230, current: 1, power: 0.23}, true},
		"no padding":     {typeRaw, `"CT0AAmAAAIU"`, phase{voltage: 236.5, current: 0.608, power: 0.133}, true},
		"hexadecimal":    {typeString, `"093d000260000085"`, phase{voltage: 236.5, current: 0.608, power: 0.133}, true},
		"object":         {typeJSON, `{"electricCurrent":1.5,"power":0.3,"voltage":230}`, phase{voltage: 230, current: 1.5, power: 0.3}, true},
		"full object":    {typeJSON, `{"electricCurrent":1,"power":0.2,"voltage":230,"powerFactor":0.9}`, phase{voltage: 230, current: 1, power: 0.2, factor: 0.9, full: true}, true},
		"object as text": {typeJSON, `"{\"voltage\":\"230\"}"`, phase{voltage: 230}, true},
		"other object":   {typeJSON, `{"a":1}`, phase{}, false},
		"too short":      {typeRaw, `"CT0AAmA="`, phase{}, false},
		"empty":          {typeRaw, `""`, phase{}, false},
		"number":         {typeRaw, `5`, phase{}, false},
		"no base64":      {typeRaw, `"*REDACTED*"`, phase{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := &datum{st: &typed{kind: c.kind}}
			got, ok := d.phaseOf(json.RawMessage(c.in))
			if ok != c.ok || !samePhase(got, c.want) {
				t.Errorf("want %+v %v, got %+v %v", c.want, c.ok, got, ok)
			}
		})
	}
}

func samePhase(a, b phase) bool {
	near := func(x, y float64) bool { return math.Abs(x-y) < 1e-9 }
	return near(a.voltage, b.voltage) && near(a.current, b.current) && near(a.power, b.power) &&
		near(a.reactive, b.reactive) && near(a.apparent, b.apparent) && near(a.factor, b.factor) && a.full == b.full
}

func TestMealPlan(t *testing.T) {
	quoted := func(b ...byte) json.RawMessage { return mustJSON(base64.StdEncoding.EncodeToString(b)) }
	for name, c := range map[string]struct {
		in   json.RawMessage
		want string
	}{
		"three meals": {json.RawMessage(`"fwQAAgB/BgABAH8JAAIB"`), "every day 04:00 ×2 off; every day 06:00 ×1 off; every day 09:00 ×2"},
		"some days":   {quoted(0b0100001, 18, 30, 1, 1), "Mon Sat 18:30 ×1"},
		"once":        {quoted(0, 7, 5, 3, 1), "once 07:05 ×3"},
		"a rest":      {quoted(127, 7, 5, 3, 1, 9, 9), "every day 07:05 ×3"},
		"other form":  {quoted(127, 77, 5, 3, 1), ""},
		"nothing":     {json.RawMessage(`""`), ""},
		"no bytes":    {json.RawMessage(`7`), ""},
	} {
		if got := mealPlan(c.in); got != c.want {
			t.Errorf("%s: want %q, got %q", name, c.want, got)
		}
	}
}

func TestTexts(t *testing.T) {
	wide := mustJSON(base64.StdEncoding.EncodeToString([]byte{0, 'D', 0, 'o', 0, 'o', 0, 'r', 0, '\n', 0x26, 0x3a}))
	if got := wideText(wide); got != "Door ☺" {
		t.Errorf("UTF-16: want Door ☺, got %q", got)
	}
	if got := narrowText(mustJSON(base64.StdEncoding.EncodeToString([]byte("hé")))); got != "hé" {
		t.Errorf("UTF-8: want hé, got %q", got)
	}
	if got := narrowText(json.RawMessage(`"plain text"`)); got != "plain text" {
		t.Errorf("no base64: want plain text, got %q", got)
	}
}
