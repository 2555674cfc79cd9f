package hubtest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// FindSecret tells which of the secrets shows up in text, and how it is written there:
// plain, escaped for JSON or a URL, in base64 alone or inside something longer, or in
// hex. It returns nil if none does; the error does not quote the secret.
func FindSecret(text string, secrets []string) error {
	for i, s := range secrets {
		for _, form := range forms(s) {
			if strings.Contains(text, form.text) {
				return fmt.Errorf("secret %d (%d characters) shows up %s", i+1, len(s), form.name)
			}
		}
	}
	return nil
}

type form struct{ name, text string }

const (
	shortest = 6 // shorter ones turn up by chance
	minCore  = 8
)

func forms(s string) []form {
	if len(s) < shortest {
		return nil
	}
	quoted, _ := json.Marshal(s) // a text never fails
	out := []form{
		{"in plain", s},
		{"in JSON", string(quoted[1 : len(quoted)-1])},
		{"in a URL's query", url.QueryEscape(s)},
		{"in a URL's path", url.PathEscape(s)},
		{"in hex", hex.EncodeToString([]byte(s))},
	}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			// Whatever stands before and behind it, these characters are of s alone.
			whole := enc.EncodeToString(append(make([]byte, shift), s...))
			core := whole[(shift*8+5)/6 : (shift+len(s))*8/6]
			if len(core) >= minCore {
				out = append(out, form{"in base64", core})
			}
		}
	}
	return out
}

// wordsOf is all that people may get to read of an error: its text, and codes and hints
// wherever they sit.
func wordsOf(err error) string {
	if err == nil {
		return ""
	}
	words := []string{err.Error(), fmt.Sprintf("%+v", err)}
	var walk func(error)
	walk = func(err error) {
		if e, ok := err.(*hubs.Error); ok { //nolint:errorlint // each layer is looked at
			words = append(words, e.Code, e.Hint)
		}
		switch e := err.(type) { //nolint:errorlint // each layer is looked at
		case interface{ Unwrap() error }:
			if next := e.Unwrap(); next != nil {
				words = append(words, next.Error())
				walk(next)
			}
		case interface{ Unwrap() []error }:
			for _, next := range e.Unwrap() {
				walk(next)
			}
		}
	}
	walk(err)
	return strings.Join(slices.Compact(words), "\n")
}
