package discovery

import (
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// writer appends JSON in the order it is told. Our payloads have their keys in a
// fixed order, and there are many of them: encoding/json costs maps or reflection.
type writer struct {
	b []byte
	// sparse leaves unknown members out, as lights' and vacuums' own topics do.
	sparse bool
}

func (w *writer) key(k string) {
	w.comma()
	w.b = appendQuoted(w.b, k)
	w.b = append(w.b, ':')
}

func (w *writer) comma() {
	if n := len(w.b); n > 0 && w.b[n-1] != '{' && w.b[n-1] != '[' && w.b[n-1] != ':' {
		w.b = append(w.b, ',')
	}
}

func (w *writer) open()  { w.b = append(w.b, '{') }
func (w *writer) close() { w.b = append(w.b, '}') }

func (w *writer) str(k, v string) {
	w.key(k)
	w.b = appendQuoted(w.b, v)
}

// join writes a text of several parts, without putting them together first.
func (w *writer) join(k string, parts ...string) {
	w.key(k)
	w.b = append(w.b, '"')
	for _, p := range parts {
		w.b = appendText(w.b, p)
	}
	w.b = append(w.b, '"')
}

// some writes a text that is not empty.
func (w *writer) some(k, v string) {
	if v != "" {
		w.str(k, v)
	}
}

func (w *writer) num(k string, f float64) {
	w.key(k)
	w.b = appendNumber(w.b, f)
}

func (w *writer) flag(k string, v bool) {
	w.key(k)
	w.b = strconv.AppendBool(w.b, v)
}

func (w *writer) null(k string) {
	w.key(k)
	w.b = append(w.b, "null"...)
}

func (w *writer) list(k string, vs []string) {
	w.key(k)
	w.b = append(w.b, '[')
	for _, v := range vs {
		w.comma()
		w.b = appendQuoted(w.b, v)
	}
	w.b = append(w.b, ']')
}

// object writes a member that is an object, its members written by fill.
func (w *writer) object(k string, fill func()) {
	w.key(k)
	w.open()
	fill()
	w.close()
}

// The following write one member of a state: null when unknown.

func (w *writer) unknown(k string) {
	if !w.sparse {
		w.null(k)
	}
}

// option writes a text that is one of options; any other is unknown.
func (w *writer) option(k string, v hubs.Value, options []string) {
	if s, ok := v.Text(); !ok || !isOption(s) || !slices.Contains(options, s) {
		w.unknown(k)
		return
	}
	w.key(k)
	w.textValue(v)
}

func (w *writer) onOff(k string, v hubs.Value) {
	if v.Kind() != hubs.KindBool {
		w.unknown(k)
		return
	}
	w.key(k)
	w.onOffValue(v)
}

// number writes a number, rounded to so many decimals.
func (w *writer) number(k string, v hubs.Value, decimals int) {
	if _, ok := v.Round(decimals).Num(); !ok {
		w.unknown(k)
		return
	}
	w.key(k)
	w.numberValue(v, decimals)
}

// percent writes a whole number from 0 to 100; what lies outside is unknown.
func (w *writer) percent(k string, v hubs.Value) {
	f, ok := v.Round(0).Num()
	if !ok || f < 0 || f > 100 {
		w.unknown(k)
		return
	}
	w.num(k, f)
}

// any writes a value as it is.
func (w *writer) any(k string, v hubs.Value) {
	switch v.Kind() {
	case hubs.KindBool:
		on, _ := v.Bool()
		w.flag(k, on)
	case hubs.KindNumber:
		w.number(k, v, finest)
	case hubs.KindText, hubs.KindTime:
		w.key(k)
		w.textValue(v)
	case hubs.KindUnknown:
		w.null(k)
	}
}

// finest is how many decimals numbers have at most: vendors' arithmetic leaves noise
// behind.
const finest = 9

func onWord(on bool) string {
	if on {
		return "ON"
	}
	return "OFF"
}

// The same for values that stand under a key already written.

func (w *writer) nothing() { w.b = append(w.b, "null"...) }

func (w *writer) onOffValue(v hubs.Value) {
	if on, ok := v.Bool(); ok {
		w.b = appendQuoted(w.b, onWord(on))
		return
	}
	w.nothing()
}

func (w *writer) textValue(v hubs.Value) {
	if s, ok := v.Text(); ok {
		w.b = appendQuoted(w.b, s)
		return
	}
	w.nothing()
}

func (w *writer) numberValue(v hubs.Value, decimals int) {
	if f, ok := v.Round(decimals).Num(); ok {
		w.b = appendNumber(w.b, f)
		return
	}
	w.nothing()
}

func (w *writer) optionValue(v hubs.Value, options []string) {
	if s, ok := v.Text(); ok && isOption(s) && slices.Contains(options, s) {
		w.b = appendQuoted(w.b, s)
		return
	}
	w.nothing()
}

// clip shortens a text to what Home Assistant takes as a state.
func clip(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == most {
			return s[:i] + "…"
		}
	}
	return s
}

// appendNumber is the shortest form that reads back the same, as encoding/json has it.
func appendNumber(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC3339)
	return append(b, '"')
}

// appendQuoted appends s as a JSON string; what is no UTF-8 becomes U+FFFD.
func appendQuoted(b []byte, s string) []byte {
	return append(appendText(append(b, '"'), s), '"')
}

// plainText tells the bytes that JSON shows as they are: nearly all of what we write,
// so they are skipped without further looks.
var plainText = func() (is [256]bool) { //nolint:gochecknoglobals // a table
	for c := byte(' '); c < 0x7f; c++ {
		is[c] = c != '"' && c != '\\'
	}
	return is
}()

// appendText appends what stands between the quotes.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i := 0; ; {
		for i < len(s) && plainText[s[i]] {
			i++
		}
		if i == len(s) {
			break
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(b, s[from:]...)
}
