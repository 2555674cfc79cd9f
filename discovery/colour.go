package discovery

import (
	"math"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// setColour reads {"h","s"}, {"x","y"} or {"r","g","b"} and converts it to what the
// light takes.
func (r *Request) setColour(s hubs.Light, in input) error {
	got, err := in.numbers()
	if err != nil {
		return err
	}
	has := func(keys string, most float64) bool {
		for _, k := range keys {
			if f, ok := got[string(k)]; !ok || f < 0 || f > most {
				return false
			}
		}
		return len(got) == len(keys)
	}
	switch {
	case has("hs", 360) && got["s"] <= 100:
		if s.HS {
			r.putHS(got["h"], got["s"])
		} else {
			r.putXY(hsToXY(got["h"], got["s"]))
		}
	case has("xy", 1):
		if s.XY {
			r.putXY(got["x"], got["y"])
		} else {
			r.putHS(xyToHS(got["x"], got["y"]))
		}
	case has("rgb", 255):
		if s.HS {
			r.putHS(rgbToHS(got["r"], got["g"], got["b"]))
		} else {
			r.putXY(rgbToXY(got["r"], got["g"], got["b"]))
		}
	default:
		return invalid("not a colour: h to 360 with s to 100, x and y to 1, or r, g and b to 255 are wanted")
	}
	return nil
}

// numbers reads an object whose members are numbers.
func (in input) numbers() (map[string]float64, error) {
	if in.object == nil {
		return nil, invalid("an object is wanted, not %s", in.shown())
	}
	ms, err := members(in.object)
	if err != nil {
		return nil, err
	}
	got := make(map[string]float64, len(ms))
	for _, m := range ms {
		f, err := jsonInput(m.value).number()
		if err != nil {
			return nil, err
		}
		got[m.key] = f
	}
	return got, nil
}

func (r *Request) putHS(h, s float64) {
	r.set(hubs.Hue, hubs.Num(h))
	r.set(hubs.Saturation, hubs.Num(s))
}

func (r *Request) putXY(x, y float64) {
	r.set(hubs.ColourX, hubs.Num(x))
	r.set(hubs.ColourY, hubs.Num(y))
}

// The conversions are Home Assistant's (wide gamut RGB, D65, colours at full
// brightness), or its pickers would jump after each command.

func hsToXY(h, s float64) (x, y float64) {
	return rgbToXY(hsToRGB(h, s))
}

func xyToHS(x, y float64) (h, s float64) {
	return rgbToHS(xyToRGB(x, y))
}

func hsToRGB(h, s float64) (r, g, b float64) {
	h = math.Mod(h, 360) / 60
	s /= 100
	sector := math.Floor(h)
	f := h - sector
	p, q, t := 1-s, 1-s*f, 1-s*(1-f)
	switch int(sector) {
	case 0:
		r, g, b = 1, t, p
	case 1:
		r, g, b = q, 1, p
	case 2:
		r, g, b = p, 1, t
	case 3:
		r, g, b = p, q, 1
	case 4:
		r, g, b = t, p, 1
	default:
		r, g, b = 1, p, q
	}
	return math.RoundToEven(r * 255), math.RoundToEven(g * 255), math.RoundToEven(b * 255)
}

func rgbToHS(r, g, b float64) (h, s float64) {
	most, least := max(r, g, b), min(r, g, b)
	span := most - least
	if span == 0 {
		return 0, 0
	}
	switch most {
	case r:
		h = (g - b) / span
	case g:
		h = 2 + (b-r)/span
	default:
		h = 4 + (r-g)/span
	}
	h *= 60
	if h < 0 {
		h += 360
	}
	return thousandths(h), thousandths(span / most * 100)
}

func rgbToXY(r, g, b float64) (x, y float64) {
	if r+g+b == 0 {
		return 0, 0
	}
	linear := func(c float64) float64 {
		if c /= 255; c > 0.04045 {
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		return c / 12.92
	}
	r, g, b = linear(r), linear(g), linear(b)
	bigX := r*0.664511 + g*0.154324 + b*0.162028
	bigY := r*0.283881 + g*0.668433 + b*0.047685
	bigZ := r*0.000088 + g*0.072310 + b*0.986039
	sum := bigX + bigY + bigZ
	return thousandths(bigX / sum), thousandths(bigY / sum)
}

func xyToRGB(x, y float64) (r, g, b float64) {
	if y == 0 {
		y = 1e-11
	}
	bigX, bigZ := x/y, (1-x-y)/y
	light := func(c float64) float64 {
		if c <= 0.0031308 {
			return max(0, 12.92*c)
		}
		return 1.055*math.Pow(c, 1/2.4) - 0.055
	}
	r = light(bigX*1.656492 - 0.354851 - bigZ*0.255038)
	g = light(-bigX*0.707196 + 1.655397 + bigZ*0.036152)
	b = light(bigX*0.051713 - 0.121364 + bigZ*1.011530)
	if most := max(r, g, b); most > 1 {
		r, g, b = r/most, g/most, b/most
	}
	return math.Trunc(r * 255), math.Trunc(g * 255), math.Trunc(b * 255)
}

func thousandths(f float64) float64 {
	return math.RoundToEven(f*1000) / 1000
}
