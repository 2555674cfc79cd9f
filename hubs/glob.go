package hubs

import (
	"path"
	"strings"
)

// slashSign stands for slashes in what Globs compare, since a * is to match them too.
const slashSign = "\x1f"

// Fold is s in the form that Globs compare: case does not matter.
func Fold(s string) string { return strings.ToLower(strings.ReplaceAll(s, "/", slashSign)) }

// Glob is a folded pattern of names: * is anything, ? one character, [ab] one of them.
// Everything else stands for itself, whatever its case.
type Glob string

// ParseGlob reads a pattern. ok is false where it is none, as with an open bracket.
func ParseGlob(text string) (g Glob, ok bool) {
	g = Glob(Fold(text))
	_, err := path.Match(string(g), "")
	return g, err == nil
}

// Match tells whether one of the texts, folded and not empty, fits.
func (g Glob) Match(folded ...string) bool {
	for _, text := range folded {
		if ok, err := path.Match(string(g), text); ok && err == nil && text != "" {
			return true
		}
	}
	return false
}

// Exact tells whether the pattern is one name and nothing else.
func (g Glob) Exact() bool { return !strings.ContainsAny(string(g), `*?[\`) }

// CutEntity splits DEVICE/ENTITY at its last slash; both are empty where it is not that.
func (g Glob) CutEntity() (device, entity Glob) {
	i := strings.LastIndex(string(g), slashSign)
	if i <= 0 || i == len(g)-1 {
		return "", ""
	}
	return g[:i], g[i+1:]
}
