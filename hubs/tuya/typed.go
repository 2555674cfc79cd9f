package tuya

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// dpType is the type of a data point.
type dpType uint8

const (
	typeOther dpType = iota
	typeBool
	typeInt
	typeEnum
	typeString
	typeJSON
	typeRaw
	typeBitmap
)

// typeNamed knows the names of specifications, of thing models, and ill-formed ones.
func typeNamed(name string) dpType {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "boolean", "bool":
		return typeBool
	case "integer", "value", "float", "double", "int":
		return typeInt
	case "enum":
		return typeEnum
	case "string", "text", "date":
		return typeString
	case "json", "struct", "array":
		return typeJSON
	case "raw":
		return typeRaw
	case "bitmap", "fault":
		return typeBitmap
	}
	return typeOther
}

// typed says what values a data point takes in one direction.
type typed struct {
	kind dpType
	// Of an Integer: the range and step of the raw value (equal bounds: none), and by how
	// many decimal places it is shifted.
	min, max, step float64
	scale          int
	unit           hubs.Unit
	options        []string // of an Enum
	labels         []string // of a Bitmap, lowest bit first
	maxLen         int      // of a String; 0: not told
	// s and v are the ranges of a colour's saturation and value; nil where the
	// specification says nothing.
	s, v *span
	sum  bool // reports are increments
}

// span is a range of numbers.
type span struct{ lo, hi float64 }

// share gives where n lies in the span: 0 at its low end, 1 at its high end.
func (s span) share(n float64) float64 {
	if s.hi <= s.lo {
		return 0
	}
	return min(max((n-s.lo)/(s.hi-s.lo), 0), 1)
}

// at gives the whole number at that share of the span.
func (s span) at(share float64) float64 {
	return math.Round(s.lo + min(max(share, 0), 1)*(s.hi-s.lo))
}

const maxScale = 9 // more decimals than that are a mistake

// newTyped reads the values of a specification leniently: what makes no sense is as if it
// were not there.
func newTyped(c *codeSpec) *typed {
	var w struct {
		Unit   loose.Text       `json:"unit"`
		Min    loose.Number     `json:"min"`
		Max    loose.Number     `json:"max"`
		Step   loose.Number     `json:"step"`
		Scale  loose.Number     `json:"scale"`
		Range  loose.List[word] `json:"range"`
		Label  loose.List[word] `json:"label"`
		MaxLen loose.Number     `json:"maxlen"`
		S      colourRange      `json:"s"`
		V      colourRange      `json:"v"`
	}
	if values := object(c.Values); values != nil {
		_ = json.Unmarshal(values, &w) // what cannot be read stays zero
	}
	t := &typed{kind: typeNamed(c.Type), sum: strings.EqualFold(c.Report, "sum"), maxLen: max(w.MaxLen.Whole(), 0), step: 1}
	switch t.kind {
	case typeInt:
		t.unit = hubs.ParseUnit(string(w.Unit))
		if w.Scale.Known && w.Scale.F > 0 {
			t.scale = int(min(w.Scale.F, maxScale))
		}
		if w.Step.Known && w.Step.F > 0 {
			t.step = w.Step.F
		}
		if w.Min.Known && w.Max.Known && w.Min.F < w.Max.F {
			t.min, t.max = w.Min.F, w.Max.F
		}
	case typeEnum:
		t.options = unique(w.Range)
	case typeBitmap:
		for _, l := range w.Label {
			t.labels = append(t.labels, string(l))
		}
	case typeJSON, typeString:
		t.s, t.v = w.S.span(), w.V.span()
	default:
	}
	return t
}

// word is a member of a range: a text, or a number or truth written as one.
type word string

// UnmarshalJSON implements json.Unmarshaler.
func (w *word) UnmarshalJSON(raw []byte) error {
	s, _ := loose.Unquote(raw)
	*w = word(s)
	if s == "null" || strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		*w = ""
	}
	return nil
}

// unique drops what is empty or there twice.
func unique(words []word) []string {
	var out []string
	for _, w := range words {
		if w != "" && !slices.Contains(out, string(w)) {
			out = append(out, string(w))
		}
	}
	return out
}

// colourRange is the range of one part of a colour; anything but an object says nothing.
type colourRange struct{ lo, hi loose.Number }

// UnmarshalJSON implements json.Unmarshaler.
func (c *colourRange) UnmarshalJSON(raw []byte) error {
	var w struct {
		Min loose.Number `json:"min"`
		Max loose.Number `json:"max"`
	}
	_ = json.Unmarshal(raw, &w)
	*c = colourRange{w.Min, w.Max}
	return nil
}

func (c colourRange) span() *span {
	if !c.hi.Known || c.hi.F <= c.lo.F {
		return nil
	}
	return &span{c.lo.F, c.hi.F}
}

func (t *typed) is(kinds ...dpType) bool { return t != nil && slices.Contains(kinds, t.kind) }

func (t *typed) bounded() bool { return t.min < t.max }

func (t *typed) span() span { return span{t.min, t.max} }

// real gives the number that a raw value stands for.
func (t *typed) real(raw float64) float64 {
	f, _ := hubs.Num(raw / math.Pow10(t.scale)).Round(t.scale).Num()
	return f
}

// raw gives the value that stands for a number: on the step and inside the range.
func (t *typed) raw(n float64) float64 {
	f := hubs.Field{Min: t.min, Max: t.max, Step: t.step}
	return math.Round(f.Snap(n * math.Pow10(t.scale)))
}

// bounds are the range and step in real numbers.
func (t *typed) bounds() (lo, hi, step float64) {
	return t.real(t.min), t.real(t.max), t.real(t.step)
}
