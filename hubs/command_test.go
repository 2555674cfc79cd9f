package hubs

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestFieldCheck(t *testing.T) {
	number := Field{Attr: Main, Kind: KindNumber, Min: 5, Max: 30, Step: 0.5}
	words := Field{Attr: Mode, Kind: KindText, Options: []string{"eco", ""}}
	text := Field{Attr: Main, Kind: KindText, Min: 2, Max: 4}
	for name, c := range map[string]struct {
		field Field
		value Value
		want  string // empty: it fits
	}{
		"lowest":         {number, Num(5), ""},
		"highest":        {number, Num(30), ""},
		"off the step":   {number, Num(21.3), ""}, // Snap mends it
		"too low":        {number, Num(4.9), "value must be from 5 to 30, not 4.9"},
		"too high":       {number, Num(1e9), "value must be from 5 to 30, not 1000000000"},
		"text":           {number, Str("5"), "value must be a number, not a text"},
		"unknown":        {number, Value{}, "value must be a number, not unknown"},
		"unbounded":      {Field{Attr: Main, Kind: KindNumber}, Num(-1e12), ""},
		"option":         {words, Str("eco"), ""},
		"empty option":   {words, Str(""), ""},
		"no option":      {words, Str("Eco"), `mode must be one of eco, , not "Eco"`},
		"long no option": {words, Str(strings.Repeat("ü", 50)), strings.Repeat("ü", 40) + "…"},
		"short":          {text, Str("a"), "value must have from 2 to 4 characters, not 1"},
		"long":           {text, Str("abcde"), "value must have from 2 to 4 characters, not 5"},
		"characters":     {text, Str("äöüß"), ""},
		"any length":     {Field{Kind: KindText}, Str(strings.Repeat("x", 9999)), ""},
		"date":           {Field{Kind: KindText, Format: FormatDate}, Str("2026-02-28"), ""},
		"no date":        {Field{Kind: KindText, Format: FormatDate}, Str("2026-02-30"), "must look like 2006-01-02"},
		"time":           {Field{Kind: KindText, Format: FormatTime}, Str("07:30:00"), ""},
		"no time":        {Field{Kind: KindText, Format: FormatTime}, Str("24:00:00"), "must look like 15:04:05"},
		"short hour":     {Field{Kind: KindText, Format: FormatTime}, Str("7:30:00"), "must look like 15:04:05"},
		"fraction":       {Field{Kind: KindText, Format: FormatTime}, Str("07:30:00.5"), "must look like 15:04:05"},
		"comma":          {Field{Kind: KindText, Format: FormatTime}, Str("07:30:00,5"), "must look like 15:04:05"},
		"no seconds":     {Field{Kind: KindText, Format: FormatTime}, Str("07:30"), "must look like 15:04:05"},
		"last second":    {Field{Kind: KindText, Format: FormatTime}, Str("23:59:59"), ""},
		"short date":     {Field{Kind: KindText, Format: FormatDate}, Str("2026-2-8"), "must look like 2006-01-02"},
		"leap day":       {Field{Kind: KindText, Format: FormatDate}, Str("2028-02-29"), ""},
		"date and more":  {Field{Kind: KindText, Format: FormatDate}, Str("2026-02-28 "), "must look like 2006-01-02"},
		"empty date":     {Field{Kind: KindText, Format: FormatDate}, Str(""), "must look like 2006-01-02"},
		"exact length":   {Field{Kind: KindText, Min: 4, Max: 4}, Str("1234"), ""},
		"another length": {Field{Kind: KindText, Min: 4, Max: 4}, Str("123"), "must have from 4 to 4 characters, not 3"},
		"option, length": {Field{Kind: KindText, Options: []string{"eco"}, Max: 2}, Str("eco"), "must have from 0 to 2"},
		"negative":       {Field{Attr: Main, Kind: KindNumber, Min: -20, Max: -5}, Num(0), "value must be from -20 to -5, not 0"},
		"text of number": {text, Num(12), "value must be a text, not a number"},
		"bool as text":   {words, Bool(true), "mode must be a text, not on/off"},
		"text as bool":   {Field{Attr: On, Kind: KindBool}, Str("on"), "on must be on/off, not a text"},
		"text as moment": {Field{Attr: Main, Kind: KindTime}, Str("2026-01-31T07:30:00Z"), "value must be a time, not a text"},
		"moment as text": {text, Time(time.Unix(1, 0)), "value must be a text, not a time"},
		"bool":           {Field{Attr: On, Kind: KindBool}, Bool(false), ""},
		"no bool":        {Field{Attr: On, Kind: KindBool}, Num(1), "on must be on/off, not a number"},
		"moment":         {Field{Kind: KindTime}, Time(time.Unix(1, 0)), ""},
	} {
		err := c.field.Check(c.value)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: want …%s…, got %v", name, c.want, err)
		case err != nil && FaultOf(err) != Invalid:
			t.Errorf("%s: fault %s, want invalid", name, FaultOf(err))
		}
	}
}

func TestSnap(t *testing.T) {
	tenths := Field{Min: 7, Max: 35, Step: 0.1}
	for name, c := range map[string]struct {
		field   Field
		n, want float64
	}{
		"on the step":     {Field{Min: 5, Max: 30, Step: 0.5}, 21.5, 21.5},
		"up":              {Field{Min: 5, Max: 30, Step: 0.5}, 21.3, 21.5},
		"down":            {Field{Min: 5, Max: 30, Step: 0.5}, 21.2, 21},
		"below":           {Field{Min: 5, Max: 30, Step: 0.5}, -3, 5},
		"above":           {Field{Min: 5, Max: 30, Step: 0.5}, 31, 30},
		"tidy":            {tenths, 21.5, 21.5},
		"tidy top":        {tenths, 35, 35},
		"counted from":    {Field{Min: 1, Max: 10, Step: 3}, 5, 4},
		"between steps":   {Field{Min: 0, Max: 11, Step: 3}, 11, 9},
		"wide step":       {Field{Min: 0, Max: 10, Step: 15}, 10, 0},
		"no step":         {Field{Min: 0, Max: 10}, 3.3, 3.3},
		"no step, above":  {Field{Min: 0, Max: 10}, 11, 10},
		"no bounds":       {Field{Step: 5}, -13, -15},
		"nothing":         {Field{}, 12.345, 12.345},
		"huge, unbounded": {Field{Step: 1}, 1e300, 1e300},
		"open or closed":  {Field{Max: 100, Step: 100}, 50, 100},
		"below zero":      {Field{Min: -20, Max: -5, Step: 2}, -6.9, -6},
		"above the last":  {Field{Min: -20, Max: -5, Step: 2}, 0, -6},
		"thirds":          {Field{Max: 1, Step: 1.0 / 3}, 0.7, 0.666666667},
		"thirds' top":     {Field{Max: 1, Step: 1.0 / 3}, 1, 1},
		"untidy bounds":   {Field{Min: 0.1 + 0.2, Max: 1, Step: 0.1}, 0, 0.1 + 0.2},
		"one value":       {Field{Min: 5, Max: 5, Step: 2}, 8, 9},
		"a counter":       {Field{Max: 1e13, Step: 1}, 9641975238659, 9641975238659},
		"tiny step":       {Field{Step: 1e-300}, 1e100, 1e100},
		"wide range":      {Field{Min: -1e308, Max: 1e308, Step: 1}, 1e308, 1e308},
		"farthest":        {Field{Max: 10, Step: 0.5}, math.MaxFloat64, 10},
	} {
		if got := c.field.Snap(c.n); got != c.want {
			t.Errorf("%s: want %v, got %v", name, c.want, got)
		}
	}
}

func FuzzSnap(f *testing.F) {
	f.Add(21.3, 5.0, 30.0, 0.5)
	f.Add(11.0, 0.0, 11.0, 3.0)
	f.Add(1e300, 0.0, 0.0, 1.0)
	f.Fuzz(func(t *testing.T, n, lo, hi, step float64) {
		const most = 1e6 // beyond, nine decimals are no longer there
		for _, x := range []float64{n, lo, hi, step} {
			if math.IsNaN(x) || math.Abs(x) > most {
				return
			}
		}
		if lo >= hi || step < 0 || step > 0 && step < 1e-3 {
			return
		}
		field := Field{Kind: KindNumber, Min: lo, Max: hi, Step: step}
		got := field.Snap(n)
		if got < lo || got > hi {
			t.Fatalf("%v in [%v, %v] by %v gives %v", n, lo, hi, step, got)
		}
		if again := field.Snap(got); math.Abs(again-got) > 1e-6 {
			t.Errorf("%v in [%v, %v] by %v gives %v, and of that %v", n, lo, hi, step, got, again)
		}
		if steps := (got - lo) / step; step > 0 && math.Abs(steps-math.Round(steps)) > 1e-3 {
			t.Errorf("%v in [%v, %v] by %v gives %v, which is no step", n, lo, hi, step, got)
		}
	})
}

func set(av ...AttrValue) Command { return Command{Entity: "e", Set: av} }

func TestCommandCheck(t *testing.T) {
	on := AttrValue{On, Bool(true)}
	level := func(n float64) AttrValue { return AttrValue{Level, Num(n)} }
	state := func(s string) Command { return set(AttrValue{State, Str(s)}) }
	position := func(n float64) Command { return set(AttrValue{Position, Num(n)}) }
	lamp := Light{Dims: true, MinKelvin: 2000, MaxKelvin: 6500}
	const fits = Fault(255)
	for name, c := range map[string]struct {
		spec Spec
		cmd  Command
		want Fault
	}{
		"several":             {lamp, set(on, level(20), AttrValue{Kelvin, Num(2700)}), fits},
		"second is wrong":     {lamp, set(on, level(101)), Invalid},
		"empty":               {lamp, set(), Invalid},
		"foreign":             {lamp, set(AttrValue{Hue, Num(1)}), Invalid},
		"read-only":           {lamp, set(AttrValue{ColourMode, Str(ColourHS)}), ReadOnly},
		"sensor":              {Sensor{}, set(AttrValue{Main, Num(1)}), ReadOnly},
		"press a sensor":      {Sensor{}, Command{Do: Press}, ReadOnly},
		"press a lamp":        {lamp, Command{Do: Press}, Invalid},
		"press a button":      {Button{}, Command{Do: Press}, fits},
		"set a button":        {Button{}, set(on), Invalid},
		"activate a scene":    {Scene{}, Command{Do: Activate}, fits},
		"press an event":      {Event{}, Command{Do: Press}, ReadOnly},
		"toggle a lamp":       {lamp, Command{Do: Toggle}, fits},
		"toggle a lock":       {Lock{}, Command{Do: Toggle}, Invalid},
		"toggle a contact":    {Binary{}, Command{Do: Toggle}, ReadOnly},
		"set and do":          {Cover{Stops: true}, Command{Set: position(0).Set, Do: Stop}, Invalid},
		"stop":                {Cover{Stops: true}, Command{Do: Stop}, fits},
		"cannot stop":         {Cover{}, Command{Do: Stop}, Invalid},
		"half open":           {Cover{Positions: true}, position(50), fits},
		"only open or closed": {Cover{}, position(50), Invalid},
		"closed":              {Cover{}, position(0), fits},
		"open":                {Valve{}, position(100), fits},
		"half a valve":        {Valve{}, position(1), Invalid},
		"lock":                {Lock{}, state(Locked), fits},
		"unlock":              {Lock{}, state(Unlocked), fits},
		"no latch":            {Lock{}, state(Open), Invalid},
		"latch":               {Lock{Opens: true}, state(Open), fits},
		"be jammed":           {Lock{Opens: true}, state(Jammed), Invalid},
		"arm":                 {Alarm{Arms: []string{"armed_home"}}, state("armed_home"), fits},
		"arm otherwise":       {Alarm{Arms: []string{"armed_home"}}, state("armed_away"), Invalid},
		"disarm":              {Alarm{}, state("disarmed"), fits},
		"be triggered":        {Alarm{Triggers: true}, state("triggered"), Invalid},
		"trigger":             {Alarm{Triggers: true}, Command{Do: Trigger}, fits},
		"dock":                {Vacuum{Can: []Action{Dock}}, Command{Do: Dock}, fits},
		"locate":              {Vacuum{Can: []Action{Dock}}, Command{Do: Locate}, Invalid},
		"install":             {Update{Installs: true}, Command{Do: Install}, fits},
		"only told":           {Update{}, Command{Do: Install}, ReadOnly},
	} {
		err := c.cmd.Check(&Entity{Key: "e", Spec: c.spec})
		if c.want == fits {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if e, ok := errors.AsType[*Error](err); !ok || e.Fault != c.want || e.Error() == e.Fault.String() {
			t.Errorf("%s: want %s and a sentence, got %v", name, c.want, err)
		}
	}
}

// An extra value that can be set is set like a main one.
func TestCommandChecksExtras(t *testing.T) {
	e := &Entity{Key: "e", Spec: Button{}, Attrs: []Field{{Attr: "count", Kind: KindNumber, Settable: true, Max: 3}}}
	good, bad := set(AttrValue{"count", Num(3)}), set(AttrValue{"count", Num(4)})
	if err := good.Check(e); err != nil {
		t.Error(err)
	}
	if err := bad.Check(e); FaultOf(err) != Invalid {
		t.Error(err)
	}
}

func TestCommandValue(t *testing.T) {
	c := set(AttrValue{On, Bool(true)}, AttrValue{Level, Num(3)})
	if v, ok := c.Value(Level); !ok || v != Num(3) {
		t.Errorf("level: %v, %v", v, ok)
	}
	if v, ok := c.Value(Hue); ok || v.Known() {
		t.Errorf("hue: %v, %v", v, ok)
	}
}

// Whatever text comes in, the answer is short, readable and never a panic.
func FuzzCheckText(f *testing.F) {
	f.Add("2026-01-31", "date", 0, 0)
	f.Add("\xff", "", 1, 2)
	f.Fuzz(func(t *testing.T, s, format string, lo, hi int) {
		field := Field{Attr: Main, Kind: KindText, Min: float64(lo), Max: float64(hi), Options: []string{"a"}}
		if format == string(FormatDate) || format == string(FormatTime) {
			field.Format, field.Options = Format(format), nil
		}
		if err := field.Check(Str(s)); err != nil && (len(err.Error()) > 600 || !utf8.ValidString(err.Error())) {
			t.Errorf("%q: %v", s, err)
		}
	})
}
