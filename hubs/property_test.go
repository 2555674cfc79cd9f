package hubs

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// numberField draws a field as vendors declare them: bounds and step of few decimals,
// of any of a dozen sizes.
func numberField(t *rapid.T) Field {
	unit := math.Pow10(rapid.IntRange(-4, 3).Draw(t, "size"))
	lo := float64(rapid.IntRange(-5000, 5000).Draw(t, "lo")) * unit
	f := Field{Attr: Main, Kind: KindNumber, Min: lo, Max: lo}
	if rapid.Bool().Draw(t, "bounded") {
		f.Max = lo + float64(rapid.IntRange(1, 100_000).Draw(t, "range"))*unit
	}
	if rapid.Bool().Draw(t, "stepped") {
		f.Step = float64(rapid.IntRange(1, 500).Draw(t, "step")) * unit
	}
	return f
}

func TestSnapHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := numberField(t)
		n := rapid.Float64Range(f.Min-1e6, f.Max+1e6).Draw(t, "n")
		got := f.Snap(n)
		if f.Bounded() && (got < f.Min || got > f.Max) {
			t.Fatalf("%+v: %v gives %v, which is out of bounds", f, n, got)
		}
		if err := f.Check(Num(got)); err != nil {
			t.Fatalf("%+v: %v gives %v, which does not fit: %v", f, n, got, err)
		}
		if again := f.Snap(got); again != got {
			t.Fatalf("%+v: %v gives %v, and of that %v", f, n, got, again)
		}
		inside := !f.Bounded() || n >= f.Min && n <= f.Max
		switch {
		case f.Step == 0 && inside && got != n:
			t.Fatalf("%+v: without a step, %v became %v", f, n, got)
		case f.Step > 0 && inside && math.Abs(got-n) > f.Step*(1+1e-6):
			t.Fatalf("%+v: %v became %v, more than a step away", f, n, got)
		}
	})
}

// Numbers of any size at all: nothing is lost to overflow.
func TestSnapOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		anyNum := rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64)
		f := Field{Min: anyNum.Draw(t, "min"), Max: anyNum.Draw(t, "max"), Step: rapid.Float64Range(0, math.MaxFloat64).Draw(t, "step")}
		if f.Min > f.Max {
			f.Min, f.Max = f.Max, f.Min
		}
		got := f.Snap(anyNum.Draw(t, "n"))
		if math.IsNaN(got) || math.IsInf(got, 0) || f.Bounded() && (got < f.Min || got > f.Max) {
			t.Fatalf("%+v gives %v", f, got)
		}
	})
}

func TestRoundHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Float64Range(-1e299, 1e299).Draw(t, "n")
		if rapid.Bool().Draw(t, "small") {
			n = rapid.Float64Range(-1e16, 1e16).Draw(t, "n")
		}
		decimals := rapid.IntRange(0, 9).Draw(t, "decimals")
		once := Num(n).Round(decimals)
		if twice := once.Round(decimals); twice != once {
			t.Fatalf("%v to %d gives %v, and of that %v", n, decimals, once, twice)
		}
		if whole := Num(math.Trunc(n)); math.Abs(n) < 1<<53 && whole.Round(decimals) != whole {
			t.Fatalf("%v to %d gives %v", whole, decimals, whole.Round(decimals))
		}
		got, ok := once.Num()
		near := 0.5*math.Pow10(-decimals) + math.Abs(n)*1e-15
		if !ok || math.Abs(got-n) > near {
			t.Fatalf("%v to %d gives %v", n, decimals, once)
		}
	})
}

// What is printed and marshalled reads back as the same Value.
func TestValuesGoRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Float64().Draw(t, "n")
		data, err := json.Marshal(Num(n))
		if err != nil {
			t.Fatal(err)
		}
		var back float64
		if err := json.Unmarshal(data, &back); err != nil || Num(back) != Num(n) {
			t.Fatalf("%v: %s reads as %v, %v", n, data, back, err)
		}
		at := time.UnixMicro(rapid.Int64Range(-6e16, 2.5e17).Draw(t, "at"))
		text, ok := Time(at).Text()
		again, err := time.Parse(time.RFC3339, text)
		if !ok || err != nil || Time(again) != Time(at) || again.After(at) || at.Sub(again) >= time.Millisecond {
			t.Fatalf("%v: %q reads as %v, %v", at, text, again, err)
		}
	})
}

// Whatever Check lets through, the entity says that it takes.
func TestCheckedCommandsFit(t *testing.T) {
	words := []string{"a", "b", "off", "heat", Locked, Unlocked, Open, Jammed, "disarmed", "armed_home", "triggered", "2026-01-31", ""}
	values := rapid.OneOf(
		rapid.Just(Value{}),
		rapid.Map(rapid.Bool(), Bool),
		rapid.Map(rapid.Float64Range(-500, 7000), Num),
		rapid.Map(rapid.SampledFrom(words), Str),
		rapid.Just(Time(time.Unix(1, 0))),
	)
	attrs := []Attr{
		Main, On, State, Level, ColourMode, Kelvin, Hue, Saturation, ColourX, ColourY, Effect, Position, Tilt,
		Motion, Mode, Doing, Target, TargetLow, TargetHigh, Measured, Humidity, MeasuredHumidity, FanMode, Swing,
		Preset, Oscillates, Direction, FanSpeed, Installed, Latest, InProgress, "", "foreign",
	}
	rapid.Check(t, func(t *rapid.T) {
		e := &Entity{Key: "e", Spec: rapid.SampledFrom(specs()).Draw(t, "spec")}
		cmd := set(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) AttrValue {
			return AttrValue{rapid.SampledFrom(attrs).Draw(t, "attr"), values.Draw(t, "value")}
		}), 0, 3).Draw(t, "set")...)
		if len(cmd.Set) == 0 {
			cmd.Do = Action(rapid.SampledFrom([]string{"", "press", "stop", "toggle", "dock", "foreign"}).Draw(t, "do"))
		}
		err := cmd.Check(e)
		if err != nil {
			if f := FaultOf(err); f != Invalid && f != ReadOnly {
				t.Fatalf("%T %+v: %s, %v", e.Spec, cmd, f, err)
			}
			return
		}
		for _, s := range cmd.Set {
			f, ok := e.Field(s.Attr)
			if !ok || !f.Settable || s.Value.Kind() != f.Kind {
				t.Fatalf("%T takes %s = %v", e.Spec, s.Attr, s.Value)
			}
			if n, isNum := s.Value.Num(); isNum && f.Bounded() && (n < f.Min || n > f.Max) {
				t.Fatalf("%T takes %s = %v, beyond %v to %v", e.Spec, s.Attr, n, f.Min, f.Max)
			}
			if w, isText := s.Value.Text(); isText && len(f.Options) > 0 && !slices.Contains(f.Options, w) {
				t.Fatalf("%T takes %s = %q, of %q", e.Spec, s.Attr, w, f.Options)
			}
		}
		if cmd.Do != "" && cmd.Do != Toggle && !slices.Contains(e.Spec.Actions(), cmd.Do) {
			t.Fatalf("%T does %s", e.Spec, cmd.Do)
		}
	})
}
