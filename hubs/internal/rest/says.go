package rest

import (
	"strings"
	"unicode"
)

// Says quotes a server's message in a short sentence, with a colon before it; empty
// where it says nothing. Words as long as a token are cut out, in case it quotes what
// was sent.
func Says(message string) string {
	const longest, most = 28, 120
	words := strings.FieldsFunc(message, func(r rune) bool {
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
