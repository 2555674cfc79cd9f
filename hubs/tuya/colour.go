package tuya

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// hsv is a colour: degrees and percentages.
type hsv struct{ h, s, v float64 }

// rawColour is a colour as the cloud tells it.
type rawColour struct {
	h, s, v float64
	hex     int // how many hexadecimal digits it was written in; 0: an object
}

// The ranges of a colour's parts where the specification gives none.
const (
	hueTop   = 360
	narrowHi = 255  // of the older colours
	wideHi   = 1000 // of the newer ones
)

// parseColour reads a colour: an object, the same in a string, or hexadecimal digits.
func parseColour(raw json.RawMessage) (rawColour, bool) {
	s, quoted := loose.Unquote(raw)
	s = strings.TrimSpace(s)
	if quoted && (len(s) == 12 || len(s) == 14) {
		return parseHex(s)
	}
	var w struct {
		H loose.Number `json:"h"`
		S loose.Number `json:"s"`
		V loose.Number `json:"v"`
	}
	if object(raw) == nil || json.Unmarshal(object(raw), &w) != nil || !w.H.Known || !w.S.Known || !w.V.Known {
		return rawColour{}, false
	}
	return rawColour{h: w.H.F, s: w.S.F, v: w.V.F}, true
}

// parseHex reads HHHHSSSSVVVV, parts up to 1000, and RRGGBBHHHHSSVV, parts up to 255.
func parseHex(s string) (rawColour, bool) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return rawColour{}, false
	}
	pair := func(i int) float64 { return float64(int(b[i])<<8 | int(b[i+1])) }
	if len(s) == 12 {
		return rawColour{h: pair(0), s: pair(2), v: pair(4), hex: 12}, true
	}
	if s[6:] == "0168ffff" || s[6:] == "0168FFFF" { // no colour, but its place: the first half counts
		h, sat, val := rgbToHSV(float64(b[0]), float64(b[1]), float64(b[2]))
		return rawColour{h: h, s: sat * narrowHi, v: val * narrowHi, hex: 14}, true
	}
	return rawColour{h: pair(3), s: float64(b[5]), v: float64(b[6]), hex: 14}, true
}

// spans are the ranges of the saturation and the value of a colour: those of the
// specification, else what the values prove, else what the lamp's other data points
// suggest.
func (l *light) spans(c rawColour) (s, v span) {
	s, v = span{0, narrowHi}, span{0, narrowHi}
	if c.hex != 14 && (l.wide || c.hex == 12 || c.s > narrowHi || c.v > narrowHi) {
		s.hi, v.hi = wideHi, wideHi
	}
	for _, t := range []*typed{l.colour.fn, l.colour.st} {
		if t != nil && t.s != nil && t.v != nil {
			return *t.s, *t.v
		}
	}
	return s, v
}

func (l *light) colourOf(v values) (hsv, bool) {
	raw, ok := v.raw(l.colour)
	if !ok {
		return hsv{}, false
	}
	c, ok := parseColour(raw)
	if !ok {
		return hsv{}, false
	}
	s, val := l.spans(c)
	return hsv{min(max(c.h, 0), hueTop), percentOf((c.s - s.lo) / (s.hi - s.lo)), percentOf((c.v - val.lo) / (val.hi - val.lo))}, true
}

// setColour writes a colour in the form that the lamp itself uses.
func (l *light) setColour(c hsv, v values) write {
	var last rawColour
	if raw, ok := v.raw(l.colour); ok {
		last, _ = parseColour(raw)
	}
	if last.hex == 0 && last == (rawColour{}) && l.colour.control().kind == typeString {
		last.hex = 12
	}
	s, val := l.spans(last)
	h := math.Round(min(max(c.h, 0), hueTop))
	sat, bright := s.at(c.s/100), val.at(c.v/100)
	switch last.hex {
	case 12:
		return l.colour.set(fmt.Sprintf("%04x%04x%04x", int(h), int(sat), int(bright)))
	case 14:
		h = math.Mod(h, hueTop) // the digits of a full circle stand for no colour
		r, g, b := hsvToRGB(h, c.s/100, c.v/100)
		return l.colour.set(fmt.Sprintf("%02x%02x%02x%04x%02x%02x", int(r), int(g), int(b), int(h), int(sat), int(bright)))
	}
	return l.colour.set(map[string]int64{"h": whole(h), "s": whole(sat), "v": whole(bright)})
}

// rgbToHSV takes parts up to 255; saturation and brightness are shares.
func rgbToHSV(r, g, b float64) (h, s, v float64) {
	top, low := max(r, g, b), min(r, g, b)
	d := top - low
	if d <= 0 {
		return 0, 0, top / 255
	}
	switch top {
	case r:
		h = math.Mod((g-b)/d+6, 6)
	case g:
		h = (b-r)/d + 2
	default:
		h = (r-g)/d + 4
	}
	return math.Round(h * 60), d / top, top / 255
}

func hsvToRGB(h, s, v float64) (r, g, b float64) {
	part := func(n float64) float64 {
		k := math.Mod(n+h/60, 6)
		return math.Round(255 * v * (1 - s*max(0, min(k, 4-k, 1))))
	}
	return part(5), part(3), part(1)
}
