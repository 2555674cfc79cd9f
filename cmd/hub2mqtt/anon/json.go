package anon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var errMore = errors.New("more than one value")

// LearnJSON learns from a vendor's document. The error says nothing of what stands in it.
func (n *Names) LearnJSON(raw []byte) error {
	v, err := parse(raw)
	if err != nil {
		return errors.New("anon: not JSON")
	}
	n.learn(v, "")
	return nil
}

// JSON rewrites a vendor's document, in which nothing is taken on trust. Learn from all
// documents before.
func (n *Names) JSON(raw []byte) ([]byte, error) {
	v, err := parse(raw)
	if err != nil {
		return nil, errors.New("anon: not JSON")
	}
	return write(n.clean(v, ""))
}

// Own rewrites a document of ours, where nothing but known values can tell anything.
func (n *Names) Own(raw []byte) ([]byte, error) {
	v, err := parse(raw)
	if err != nil {
		return nil, errors.New("anon: not JSON")
	}
	return write(n.own(v))
}

func write(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("anon: %w", err)
	}
	return b.Bytes(), nil
}

// under gives the key that tells what stands under k: "value" tells nothing, the code
// beside it or the key above it does.
func under(m map[string]any, k, above string) string {
	switch strings.ToLower(k) {
	case "value", "val", "v":
	case "label": // the bits of a number are the vendor's, whatever else people label
		if _, bits := m["maxlen"]; bits {
			return "code"
		}
		return k
	default:
		return k
	}
	for _, label := range labels {
		if s, ok := m[label].(string); ok && s != "" {
			return s
		}
	}
	return above
}

func (n *Names) learn(v any, key string) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if isRandom(k) {
				n.Learn(ID, k)
			}
			n.learn(v[k], under(v, k, key))
		}
	case []any:
		for _, item := range v {
			n.learn(item, key)
		}
	case json.Number:
		if s := v.String(); classOf(key) == ident && digits.MatchString(s) && !isOrdinal(s) {
			n.Learn(ID, s)
		}
	case string:
		n.learnText(v, classOf(key), key)
	}
}

func (n *Names) learnText(s string, c class, key string) {
	if inner, ok := nested(s); ok && c != secret {
		n.learn(inner, key)
		return
	}
	switch c {
	case secret:
		n.Learn(Secret, s)
	case ident:
		if !isOrdinal(s) {
			n.Learn(ID, s)
		}
	case name:
		n.Learn(Name, s)
	case place:
		if !isPlain(s) {
			n.Learn(Place, s)
		}
	case address:
		n.Learn(Host, s)
	case product:
		n.Keep(s)
	case code:
		if codeShape.MatchString(s) && !isRandom(s) {
			n.Keep(s)
		}
	case unknown:
		switch {
		case isAddress(s):
			n.Learn(Host, s)
		case isRandom(n.known(s, true)):
			n.Learn(ID, s)
		}
	}
}

func (n *Names) clean(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out[n.cleanKey(k)] = n.clean(v[k], under(v, k, key))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = n.clean(item, key)
		}
		return out
	case json.Number:
		return n.number(v, classOf(key))
	case string:
		return n.Under(key, v)
	}
	return v
}

// cleanKey replaces keys that are values: devices by their ids, rooms by their names.
func (n *Names) cleanKey(k string) string {
	e, ok := n.words[fold(k)]
	vendors := codeShape.MatchString(k) && k[:1] == strings.ToLower(k[:1]) && !isRandom(k)
	if ok && !vendors && !n.kept(k) {
		return e.word
	}
	return n.known(k, false)
}

// number keeps what measures and counts. Numbers are ids where the key says so, or
// where they are known as such and long enough for that to be no chance.
func (n *Names) number(v json.Number, c class) json.Number {
	s := v.String()
	switch {
	case c == place, c == secret:
		return "0"
	case !digits.MatchString(s) || isOrdinal(s):
		return v
	case c == ident:
		return json.Number(n.Word(ID, s))
	}
	if e, ok := n.words[s]; ok && len(s) >= longID {
		return json.Number(e.word)
	}
	return v
}

// Under rewrites a text that stands under a key.
func (n *Names) Under(key, s string) string {
	c := classOf(key)
	if inner, ok := nested(s); ok && c != secret {
		if raw, err := json.Marshal(n.clean(inner, key)); err == nil {
			return string(raw)
		}
	}
	switch c {
	case secret:
		return n.Word(Secret, s)
	case ident:
		if isOrdinal(s) {
			return s
		}
		return n.Word(ID, s)
	case name:
		return n.Word(Name, s)
	case address:
		return n.Word(Host, s)
	case place:
		if isPlain(s) {
			return "0"
		}
		return n.Word(Place, s)
	case product:
		return n.Sentence(s)
	case code:
		if codeShape.MatchString(s) && !isRandom(s) {
			return n.known(s, false)
		}
	case unknown:
	}
	return n.doubt(s)
}

// doubt decides by a text's looks.
func (n *Names) doubt(s string) string {
	e, known := n.words[fold(s)]
	switch {
	case s == "":
		return s
	case known && !n.kept(s):
		return e.word
	case isAddress(s):
		return n.Word(Host, s)
	case isPlain(s), n.kept(s):
		return s
	}
	rest := n.known(s, true)
	switch {
	case isRandom(rest):
		return n.Word(ID, s)
	case isCode(rest):
		return rest
	}
	return n.Word(Text, s)
}

func (n *Names) own(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out[n.known(k, false)] = n.own(v[k])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = n.own(item)
		}
		return out
	case string:
		if n.kept(v) {
			return v
		}
		return n.Sentence(v)
	}
	return v
}
