package hubs

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestValue(t *testing.T) {
	at := time.Date(2026, 1, 31, 8, 30, 0, 123_456_789, time.FixedZone("CET", 3600))
	for name, c := range map[string]struct {
		v          Value
		kind       Kind
		text, json string
	}{
		"zero":      {Value{}, KindUnknown, "unknown", "null"},
		"on":        {Bool(true), KindBool, "on", "true"},
		"off":       {Bool(false), KindBool, "off", "false"},
		"zero num":  {Num(0), KindNumber, "0", "0"},
		"minus 0":   {Num(math.Copysign(0, -1)), KindNumber, "0", "0"},
		"num":       {Num(21.5), KindNumber, "21.5", "21.5"},
		"large":     {Num(1e21), KindNumber, "1000000000000000000000", "1e+21"},
		"nan":       {Num(math.NaN()), KindUnknown, "unknown", "null"},
		"infinite":  {Num(math.Inf(1)), KindUnknown, "unknown", "null"},
		"-infinite": {Num(math.Inf(-1)), KindUnknown, "unknown", "null"},
		"empty":     {Str(""), KindText, "", `""`},
		"text":      {Str("a\"b"), KindText, `a"b`, `"a\"b"`},
		"time":      {Time(at), KindTime, "2026-01-31T07:30:00.123Z", `"2026-01-31T07:30:00.123Z"`},
		"no time":   {Time(time.Time{}), KindUnknown, "unknown", "null"},
	} {
		if c.v.Kind() != c.kind || c.v.Known() != (c.kind != KindUnknown) || c.v.String() != c.text {
			t.Errorf("%s: want %v %q, got %v %q", name, c.kind, c.text, c.v.Kind(), c.v.String())
		}
		if got, err := json.Marshal(c.v); err != nil || string(got) != c.json {
			t.Errorf("%s: want %s, got %s, %v", name, c.json, got, err)
		}
	}
}

// Each accessor answers for its own kind only.
func TestValueAccessors(t *testing.T) {
	for _, v := range []Value{{}, Bool(true), Num(1), Str("1"), Time(time.Unix(1, 0))} {
		_, b := v.Bool()
		_, n := v.Num()
		_, s := v.Text()
		k := v.Kind()
		if b != (k == KindBool) || n != (k == KindNumber) || s != (k == KindText || k == KindTime) {
			t.Errorf("%s: bool %v, number %v, text %v", v, b, n, s)
		}
	}
	if b, _ := Bool(true).Bool(); !b {
		t.Error("on is off")
	}
}

func TestValuesCompare(t *testing.T) {
	now := time.Now()
	all := []Value{{}, Bool(false), Bool(true), Num(0), Num(1), Str(""), Str("1"), Str("unknown"), Time(now)}
	for i, a := range all {
		for j, b := range all {
			if (a == b) != (i == j) {
				t.Errorf("%#v == %#v is %v", a, b, a == b)
			}
		}
	}
	if Time(now) != Time(now.UTC().Round(0)) || Num(0) != Num(math.Copysign(0, -1)) {
		t.Error("the same value in another guise compares as another one")
	}
}

func TestRound(t *testing.T) {
	for _, c := range []struct {
		v        Value
		decimals int
		want     Value
	}{
		{Num(21.456), 1, Num(21.5)},
		{Num(21.456), 0, Num(21)},
		{Num(-0.04), 1, Num(0)},
		{Num(21.456), -1, Num(21.456)},
		{Num(21.456), 10, Num(21.456)},
		{Str("1.23"), 1, Str("1.23")},
		{Bool(true), 0, Bool(true)},
		{Value{}, 0, Value{}},
	} {
		if got := c.v.Round(c.decimals); got != c.want {
			t.Errorf("%v to %d: want %v, got %v", c.v, c.decimals, c.want, got)
		}
	}
}

func TestKindNames(t *testing.T) {
	seen := map[string]Kind{}
	for k := KindUnknown; k <= KindTime; k++ {
		if other, ok := seen[k.String()]; ok || k.String() == "" {
			t.Errorf("%d and %d are both %q", k, other, k)
		}
		seen[k.String()] = k
	}
	if Kind(99).String() != "unknown" {
		t.Errorf("a kind that is none: %q", Kind(99))
	}
}
