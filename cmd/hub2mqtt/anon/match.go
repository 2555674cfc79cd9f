package anon

import (
	"slices"
	"strings"
	"unicode"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const (
	shortID   = 5 // shorter ones are found by their place alone: they turn up everywhere by chance
	longID    = 8 // from here on they are found inside longer words, too
	shortName = 3
)

// needle is a known value as it may stand inside a text.
type needle struct {
	text  []rune // in small letters
	form  string
	whole bool // only as a word of its own
	name  bool
	word  string
}

// add puts one form of a known value among the needles.
func (n *Names) add(e entry, form string) {
	text := lower(form)
	isName := slices.Contains([]Kind{Name, Room, Home, Text, Place}, e.kind)
	least := shortID
	if isName {
		least = shortName
	}
	if len(text) < least {
		return
	}
	list := n.needles[text[0]] // longest first
	at := slices.IndexFunc(list, func(h needle) bool { return len(h.text) < len(text) })
	if at < 0 {
		at = len(list)
	}
	n.needles[text[0]] = slices.Insert(list, at, needle{
		text: text, form: form, whole: isName || len(text) < longID || e.kind == Host, name: isName, word: e.word,
	})
}

// forms are the ways to write a value that our own mapping and vendors have.
func (e entry) forms() []string {
	v := strings.TrimSpace(e.value)
	out := []string{v, strings.Join(strings.Fields(v), " ")}
	switch e.kind {
	case Device, ID:
		out = append(out, safe(v), hubs.MakeKey(v))
		if macShape.MatchString(v) {
			out = append(out, strings.NewReplacer(":", "", "-", "").Replace(v))
		}
		// lumi.54ef4410007a1b2c holds an address that stands alone elsewhere.
		for part := range strings.FieldsFuncSeq(v, func(r rune) bool { return r == '.' || r == ':' || r == '_' }) {
			if len(part) >= 2*longID-6 && isRandom(part) {
				out = append(out, part)
			}
		}
	case Name, Room, Home:
		if len(v) > longID {
			out = append(out, hubs.MakeKey(v))
		}
	case Host, Secret, Text, Place:
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lower keeps the number of runes, unlike strings.ToLower.
func lower(s string) []rune {
	rs := []rune(s)
	for i, r := range rs {
		rs[i] = unicode.ToLower(r)
	}
	return rs
}

// known replaces what is known inside s; names too, if asked.
func (n *Names) known(s string, names bool) string {
	rs, low := []rune(s), lower(s)
	var b strings.Builder
	changed := false
	for i := 0; i < len(rs); {
		hit := n.at(low, i, names)
		if hit == nil {
			b.WriteRune(rs[i])
			i++
			continue
		}
		b.WriteString(hit.word)
		i += len(hit.text)
		changed = true
	}
	if !changed {
		return s
	}
	return b.String()
}

func (n *Names) at(low []rune, i int, names bool) *needle {
	list := n.needles[low[i]]
	for k := range list {
		h := &list[k]
		end := i + len(h.text)
		if h.name && !names || end > len(low) || !slices.Equal(low[i:end], h.text) {
			continue
		}
		if h.whole && (i > 0 && h.together(low[i-1], low[i]) || end < len(low) && h.together(low[end-1], low[end])) {
			continue
		}
		if !n.kept(h.form) {
			return h
		}
	}
	return nil
}

// together tells whether both belong to one word. A name ends where digits begin, as in
// "005Kitchen": vendors write texts like that.
func (h *needle) together(a, b rune) bool {
	if h.name {
		return unicode.IsLetter(a) && unicode.IsLetter(b) || unicode.IsDigit(a) && unicode.IsDigit(b)
	}
	return isWord(a) && isWord(b)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Sentence replaces in a text of ours, such as an error, what is known and what looks
// like an address.
func (n *Names) Sentence(s string) string {
	return inside.ReplaceAllStringFunc(n.known(s, true), func(found string) string {
		if n.ours(found) {
			return found
		}
		return n.Word(hostOrID(found), found)
	})
}

// ours tells a pseudonym: it must not get another one.
func (n *Names) ours(s string) bool {
	for _, p := range []string{"192.0.2.", "02:00:00:00:", "02-00-00-00-", "00000000-0000-4000-8000-"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return strings.HasSuffix(s, "@example.com") || strings.Contains(s, ".example") || strings.Contains(s, "://192.0.2.")
}

func hostOrID(s string) Kind {
	if uuidShape.MatchString(s) {
		return ID
	}
	return Host
}

// Key rewrites an entity's key made of ids, between any two underscores: short ids too,
// which are found nowhere else by chance.
func (n *Names) Key(key string) string {
	parts := strings.Split(n.known(key, true), "_")
	for i, p := range parts {
		if e, ok := n.words[p]; ok && (e.kind == ID || e.kind == Device) && !isOrdinal(p) {
			parts[i] = e.word
		}
	}
	return strings.Join(parts, "_")
}
