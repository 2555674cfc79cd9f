package discovery

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// deviceName is what people read; never empty, on one line.
func (d *Placed) deviceName() string {
	if name := oneLine(d.Name); name != "" {
		return name
	}
	return d.ID
}

// oneLine drops what cannot be seen and blanks that stand twice.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// naming gives the names of one device's entities: Home Assistant puts the device's
// name before them, so they must not begin with it, and only one entity of each
// platform may go without.
type naming struct {
	device   string
	nameless map[string]bool
}

// name is the entity's name; empty: the device's own is enough.
func (n *naming) name(platform string, e *hubs.Entity) string {
	if name := stripName(n.device, oneLine(e.Name)); name != "" {
		return name
	}
	if !n.nameless[platform] {
		n.nameless[platform] = true
		return ""
	}
	if name := stripName(n.device, title(e.Key)); name != "" {
		return name
	}
	if name := stripName(n.device, title(platform)); name != "" {
		return name
	}
	return "Second " + strings.ReplaceAll(platform, "_", " ")
}

// stripName takes the device's name off the front of an entity's.
func stripName(device, name string) string {
	for startsWithName(device, name) {
		name = strings.TrimLeftFunc(name[len(device):], func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsPunct(r)
		})
		name = upperFirst(name)
	}
	return name
}

// startsWithName tells whether name is the device's, or goes on after it with another
// word.
func startsWithName(device, name string) bool {
	if device == "" || len(name) < len(device) || !strings.EqualFold(name[:len(device)], device) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(name[len(device):])
	return len(name) == len(device) || !unicode.IsLetter(next) && !unicode.IsDigit(next)
}

func title(key string) string {
	return upperFirst(strings.TrimSpace(strings.ReplaceAll(key, "_", " ")))
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// maxSlug is how much of a device's name goes into entity ids.
const maxSlug = 120

// slug is the device's part of its entities' ids; never empty.
func (d *Placed) slug() string {
	slug := slugify(d.Name)
	if slug == "" {
		slug = slugify(d.ID)
	}
	if slug == "" {
		slug = "device"
	}
	return strings.TrimRight(slug[:min(len(slug), maxSlug)], "_")
}

// entityID is what Home Assistant is asked to call the entity.
func (s *sheet) entityID(platform, key string) string {
	if key = slugify(key); key != "" {
		return platform + "." + s.slug + "_" + key
	}
	return platform + "." + s.slug
}

// slugify makes of a name what Home Assistant makes of it, for the letters that
// Latin alphabets have; others are left out.
func slugify(s string) string {
	if isSlug(s) {
		return s
	}
	var b strings.Builder
	gap := false
	put := func(text string) {
		if gap && b.Len() > 0 {
			b.WriteByte('_')
		}
		gap = false
		b.WriteString(text)
	}
	for _, r := range strings.ToLower(s) {
		if b.Len() >= maxSlug {
			break
		}
		plain, ok := latin[r]
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			put(string(r))
		case ok:
			put(plain)
		default:
			gap = true
		}
	}
	return b.String()
}

// isSlug tells whether slugify would change nothing, as with nearly all keys.
func isSlug(s string) bool {
	gap := true // one cannot begin with _, nor have two of them, nor end with one
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			gap = false
		case c != '_' || gap:
			return false
		default:
			gap = true
		}
	}
	return s == "" || !gap && len(s) <= maxSlug
}
