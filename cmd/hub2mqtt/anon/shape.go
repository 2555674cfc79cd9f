package anon

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	urlShape   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^\s"]+$`)
	emailShape = regexp.MustCompile(`^[^\s@"]+@[^\s@"]+\.[A-Za-z]{2,}$`)
	macShape   = regexp.MustCompile(`^(?:[0-9A-Fa-f]{2}[:-]){5}(?:[0-9A-Fa-f]{2}[:-]){0,2}[0-9A-Fa-f]{2}$`)
	uuidShape  = regexp.MustCompile(`^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$`)
	lanShape   = regexp.MustCompile(`^(?i)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:local|lan|home|home\.arpa|fritz\.box|internal|localdomain)$`)

	// inside finds what looks like an address in a longer text.
	inside = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"',;<>()]+` +
		`|[^\s@"'<>(),;:]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}` +
		`|\b[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b` +
		`|\b(?:[0-9A-Fa-f]{2}[:-]){5}(?:[0-9A-Fa-f]{2}[:-]){0,2}[0-9A-Fa-f]{2}\b` +
		`|\b\d{1,3}(?:\.\d{1,3}){3}\b`)

	codeShape    = regexp.MustCompile(`^[A-Za-z0-9]+(?:[_.:/-][A-Za-z0-9]+)*$`)
	versionShape = regexp.MustCompile(`^[vV]?\d+(?:[._-]\w{1,8})+$`)
	digits       = regexp.MustCompile(`^\d+$`)
	hexadecimal  = regexp.MustCompile(`^[0-9A-Fa-f]+$`)
)

// isAddress tells what can be reached, or whose address it is, by its looks.
func isAddress(s string) bool {
	if urlShape.MatchString(s) || emailShape.MatchString(s) || macShape.MatchString(s) || lanShape.MatchString(s) {
		return true
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(s)
	return err == nil
}

// isRandom tells what no person wrote: a long run of letters and digits mixed, as ids,
// keys and tokens have.
func isRandom(s string) bool {
	if uuidShape.MatchString(s) {
		return true
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("._:/- ", r) })
	for _, p := range parts {
		p = strings.TrimPrefix(p, "0x")
		switch {
		case len(p) >= 10 && digits.MatchString(p) && !isStamp(p):
			return true
		case len(p) >= 10 && hexadecimal.MatchString(p) && !digits.MatchString(p) && strings.ContainsAny(p, "0123456789"):
			return true
		case len(p) >= 16 && mixture(p) >= 4:
			return true
		}
	}
	return len(s) >= 40 && !strings.Contains(s, " ")
}

// mixture counts how often letters and digits take turns.
func mixture(s string) (turns int) {
	for i := 1; i < len(s); i++ {
		if isDigit(s[i-1]) != isDigit(s[i]) {
			turns++
		}
	}
	return turns
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// isStamp tells a time in seconds or milliseconds, of this century so far and a bit more.
func isStamp(s string) bool {
	return (len(s) == 10 || len(s) == 13) && s[0] == '1'
}

// isPlain tells numbers, truths, times and versions.
func isPlain(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "null", "none", "nan":
		return true
	}
	if digits.MatchString(s) {
		return len(s) < 10 || isStamp(s)
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil && len(s) < 24 {
		return true
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly, time.TimeOnly, "15:04", "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return versionShape.MatchString(s) && len(s) < 24
}

// isCode tells what looks like a vendor's word and not like a person's: camelCase,
// snake_case, words with digits, and words in small letters. "Wohnzimmer" and "Anna"
// are none, "Heat" under a key that says nothing is none either.
func isCode(s string) bool {
	if len(s) > 48 || !codeShape.MatchString(s) || isRandom(s) {
		return false
	}
	first := s[:1]
	rest := strings.ToLower(s[1:]) == s[1:]
	capitalised := first != strings.ToLower(first) && rest
	return !capitalised || strings.ContainsAny(s, "_.:/0123456789")
}

// isOrdinal tells a number that only counts: an endpoint, a page.
func isOrdinal(s string) bool { return len(s) < 5 && digits.MatchString(s) }

// parse reads JSON without losing digits; ok is false for what is none.
func parse(raw []byte) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errMore
	}
	return v, nil
}

// nested tells JSON inside a text, and gives it.
func nested(s string) (any, bool) {
	t := strings.TrimSpace(s)
	if t == "" || t[0] != '{' && t[0] != '[' {
		return nil, false
	}
	v, err := parse([]byte(t))
	return v, err == nil
}
