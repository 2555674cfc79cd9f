package overrides

import (
	"math"
	"strconv"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// View translates an entity's values and commands between its hub and the people who
// see it as something else. Its zero value changes nothing. Views that do the same are
// equal.
type View struct {
	turn   *turn   // of the table
	scale  float64 // 0: none
	lo, hi float64 // the vendor's range of a number; equal: none
}

// Plain tells that the view changes nothing.
func (v View) Plain() bool { return v.turn == nil && v.scale == 0 }

// In is a value of the hub's as people see it.
func (v View) In(attr hubs.Attr, value hubs.Value) (hubs.Attr, hubs.Value) {
	if t := v.turn; t != nil && attr == t.was {
		attr = t.is
		if t.see != nil && value.Known() {
			value = t.see(value)
		}
	}
	if n, ok := value.Num(); ok && v.scale != 0 && attr == hubs.Main {
		value = hubs.Num(tidy(n * v.scale))
	}
	return attr, value
}

// Out is a command of people's as the hub is to get it.
func (v View) Out(cmd hubs.Command) hubs.Command {
	if v.Plain() {
		return cmd
	}
	if v.turn != nil {
		cmd.With = hubs.Extras{} // what was shown knows tones or transitions, what is there does not
		if cmd.Do != "" && v.turn.act != nil {
			return v.turn.act(cmd)
		}
	}
	set := make([]hubs.AttrValue, len(cmd.Set))
	for i, s := range cmd.Set {
		set[i] = v.out(s)
	}
	cmd.Set = set
	return cmd
}

func (v View) out(s hubs.AttrValue) hubs.AttrValue {
	if n, ok := s.Value.Num(); ok && v.scale != 0 && s.Attr == hubs.Main {
		n = tidy(n / v.scale)
		for _, end := range []float64{v.lo, v.hi} {
			if v.lo != v.hi && math.Abs(n-end) <= 1e-9*math.Abs(end) {
				n = end // not a hair beside it
			}
		}
		s.Value = hubs.Num(n)
	}
	if t := v.turn; t != nil && s.Attr == t.is {
		s.Attr = t.was
		if t.order != nil {
			s.Value = t.order(s.Value)
		}
	}
	return s
}

// tidy takes the noise of multiplications from a number: 0.1 × 3 is 0.3. No meter has
// so many digits.
func tidy(n float64) float64 {
	if out, err := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 12, 64), 64); err == nil {
		return out
	}
	return n
}

// scaledDecimals is how many decimals a sensor's numbers have once they are scaled.
func scaledDecimals(decimals int, scale float64) int {
	const most = 9
	if decimals < 0 {
		return decimals
	}
	scale = math.Abs(scale)
	if exp := int(math.Round(math.Log10(scale))); tidy(math.Pow10(exp)) == scale { // a power of ten moves the point
		return min(max(decimals-exp, 0), most)
	}
	return min(decimals+stepDecimals(scale), most)
}

// stepDecimals is how many decimals a step has; negative: not known.
func stepDecimals(step float64) int {
	if !(step > 0) {
		return -1
	}
	_, tail, _ := strings.Cut(strconv.FormatFloat(step, 'f', -1, 64), ".")
	return len(tail)
}
