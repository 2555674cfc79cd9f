package hubs

import (
	"encoding/json"
	"math"
	"strings"
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
		"whole":     {Time(time.Unix(0, 0)), KindTime, "1970-01-01T00:00:00Z", `"1970-01-01T00:00:00Z"`},
		"tenth":     {Time(time.UnixMilli(100)), KindTime, "1970-01-01T00:00:00.1Z", `"1970-01-01T00:00:00.1Z"`},
		"before":    {Time(time.Unix(0, -1)), KindTime, "1969-12-31T23:59:59.999Z", `"1969-12-31T23:59:59.999Z"`},
		"no time +": {Time(time.Time{}.Add(999_999)), KindUnknown, "unknown", "null"},
		// Milliseconds taken for seconds: no JSON of times has room for such a year.
		"far":        {Time(time.Unix(1_769_844_600_000, 0)), KindUnknown, "unknown", "null"},
		"first":      {Time(time.Date(0, 12, 31, 23, 0, 0, 0, time.UTC)), KindUnknown, "unknown", "null"},
		"last":       {Time(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)), KindTime, "9999-12-31T23:59:59Z", `"9999-12-31T23:59:59Z"`},
		"last, west": {Time(time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -7200))), KindUnknown, "unknown", "null"},
		"tiny":       {Num(5e-324), KindNumber, "0." + strings.Repeat("0", 323) + "5", "5e-324"},
		"markup":     {Str("<&>\n"), KindText, "<&>\n", `"\u003c\u0026\u003e\n"`},
		"not UTF-8":  {Str("a\xff"), KindText, "a\xff", `"a\ufffd"`},
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
		{Num(-2.5), 0, Num(-3)},
		{Num(2.675), 9, Num(2.675)},
		{Num(1.5), 0, Num(2)},
		{Num(21.500000000000004), 9, Num(21.5)},
		{Num(9641975238659), 9, Num(9641975238659)},
		{Num(1<<53 - 1), 3, Num(1<<53 - 1)},
		{Num(1e200), 9, Num(1e200)},
		{Time(time.Unix(1, 1e6)), 0, Time(time.Unix(1, 1e6))},
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
