package rest

import (
	"strings"
	"unicode"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// Says quotes a server's message in a short sentence, with a colon before it; empty
// where it says nothing. What was sent is masked in it, and words as long as a token are
// cut out, in case it quotes others.
func Says(message string, sent ...auth.Secret) string {
	const longest, most = 28, 120
	words := strings.FieldsFunc(auth.Mask(message, sent...), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar
	})
	for i, w := range words {
		if len(w) > longest {
			words[i] = "…"
		}
	}
	s := strings.Join(words, " ")
	if s == "" || strings.EqualFold(s, "success") {
		return ""
	}
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return ": " + s
}
