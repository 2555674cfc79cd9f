package anon

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Kind is what a value is; its pseudonym says so: device3, room1.
type Kind string

// The kinds.
const (
	Device Kind = "device" // a device's id
	ID     Kind = "id"     // any other
	Name   Kind = "name"
	Room   Kind = "room"
	Home   Kind = "home"
	Host   Kind = "host" // an address of any sort
	Secret Kind = "secret"
	Text   Kind = "text" // a person may have written it
	Place  Kind = "place"
)

// Names remembers which word stands for which value. It is not safe for concurrent use.
type Names struct {
	words  map[string]entry // by fold of the value
	counts map[Kind]int
	keep   map[string]bool // the vendor's vocabulary, folded

	needles map[rune][]needle // by their first letter
}

type entry struct {
	kind  Kind
	value string
	word  string
}

// New returns Names that know nothing.
func New() *Names {
	return &Names{words: map[string]entry{}, counts: map[Kind]int{}, keep: map[string]bool{}, needles: map[rune][]needle{}}
}

// Keep adds to the vendor's vocabulary: a name that is one of its words as well, such as
// a device called "Light", is replaced only where a name stands.
func (n *Names) Keep(words ...string) {
	for _, w := range words {
		n.keep[fold(w)] = true
		for part := range strings.FieldsFuncSeq(hubs.MakeKey(w), func(r rune) bool { return r == '_' }) {
			n.keep[part] = true
		}
	}
}

// kept tells whether s is made of the vendor's words alone.
func (n *Names) kept(s string) bool {
	if n.keep[fold(s)] {
		return true
	}
	parts := strings.Fields(fold(s))
	for _, p := range parts {
		if !n.keep[p] {
			return false
		}
	}
	return len(parts) > 0
}

// Learn makes values known: they are replaced wherever they turn up. Empty ones mean nothing.
func (n *Names) Learn(k Kind, values ...string) {
	for _, v := range values {
		n.Word(k, v)
	}
}

// Word is the pseudonym of a value. One that is known already has the word it had.
func (n *Names) Word(k Kind, value string) string {
	key := fold(value)
	if key == "" {
		return value
	}
	if e, ok := n.words[key]; ok {
		return e.word
	}
	e := entry{kind: k, value: value}
	if k == Host && urlShape.MatchString(value) {
		e.word = n.urlWord(value)
	} else {
		e.word = n.invent(k, strings.TrimSpace(value))
	}
	n.words[key] = e
	for _, form := range e.forms() {
		n.add(e, form)
	}
	return e.word
}

// fold makes values equal that people take for one.
func fold(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}

// urlWord keeps what is no secret of an address: the scheme.
func (n *Names) urlWord(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return n.invent(Host, "")
	}
	word := u.Scheme + "://" + n.Word(Host, u.Hostname())
	if strings.Trim(u.Path, "/") != "" {
		word += "/path"
	}
	return word
}

// invent makes a new pseudonym, in the value's own form where programs look at it. It
// holds small letters and digits only, unless the form wants more, so that it survives
// being made a topic or a key.
func (n *Names) invent(k Kind, value string) string {
	addr, err := netip.ParseAddr(value)
	switch {
	case macShape.MatchString(value):
		i := n.next("mac")
		sep := value[2:3]
		return strings.Join([]string{"02", "00", "00", "00", fmt.Sprintf("%02x", i>>8&0xff), fmt.Sprintf("%02x", i&0xff)}, sep)
	case uuidShape.MatchString(value):
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", n.next("uuid"))
	case len(value) >= 5 && digits.MatchString(value):
		return fmt.Sprintf("9%0*d", len(value)-1, n.next("number"))
	case emailShape.MatchString(value):
		return fmt.Sprintf("user%d@example.com", n.next("user"))
	case err == nil && addr.Is6():
		return fmt.Sprintf("2001:db8::%x", n.next("ipv6"))
	case err == nil:
		if i := n.next("ipv4"); i < 255 {
			return fmt.Sprintf("192.0.2.%d", i)
		}
	case k == Host:
		return fmt.Sprintf("host%d.example", n.next(k))
	}
	word := fmt.Sprintf("%s%d", k, n.next(k))
	if strings.Contains(strings.ReplaceAll(fold(value), " ", ""), homeAssistant) {
		return homeAssistant + word // adapters look for that: what has it would go in circles
	}
	return word
}

const homeAssistant = "homeassistant"

func (n *Names) next(k Kind) int {
	n.counts[k]++
	return n.counts[k]
}

// safe is s as a level of a topic.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, s)
}
