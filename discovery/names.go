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

const maxSlug = 120

// entityID is what Home Assistant is asked to call the entity.
func (d *Placed) entityID(platform, key string) string {
	slug := slugify(d.Name)
	if slug == "" {
		slug = slugify(d.ID)
	}
	if slug == "" {
		slug = "device"
	}
	if key != "" {
		slug += "_" + key
	}
	return platform + "." + slugify(slug)
}

// slugify makes of a name what Home Assistant makes of it, for the letters that
// Latin alphabets have; others are left out.
func slugify(s string) string {
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
		if b.Len() >= maxSlug+hubsMaxKey {
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

// hubsMaxKey is how long an entity's key may be.
const hubsMaxKey = 64
