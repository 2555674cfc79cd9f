package anon

import (
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// class is what stands under a key.
type class uint8

const (
	unknown class = iota
	code          // the vendor's vocabulary
	product       // what is sold: words that are no codes
	name
	ident
	address
	place
	secret
)

func set(list string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		out[w] = true
	}
	return out
}

// classOf goes by the last words of a key: deviceName, device_name and Name are names.
func classOf(key string) class {
	words := strings.FieldsFunc(hubs.MakeKey(key), func(r rune) bool { return r == '_' })
	for len(words) > 1 && fillers[words[len(words)-1]] {
		words = words[:len(words)-1]
	}
	if len(words) == 0 {
		return unknown
	}
	last, before := words[len(words)-1], ""
	if len(words) > 1 {
		before = singular(words[len(words)-2])
	}
	for _, w := range words {
		if secretWords[singular(w)] {
			return secret
		}
	}
	pair, one := before+last, singular(last)
	if secretPairs[pair] || secretPairs[last] {
		return secret
	}
	if structural[before] && (identWords[one] || nameWords[one]) && before+last != "appuser" {
		if before == "endpoint" && nameWords[one] { // parts of a device are named by people
			return name
		}
		return product
	}
	for _, is := range []struct {
		in map[string]bool
		c  class
	}{
		{identWords, ident},
		{addressWords, address},
		{placeWords, place},
		{nameWords, name},
		{productWords, product},
		{codeWords, code},
	} {
		if is.in[last] || is.in[one] {
			return is.c
		}
	}
	switch {
	case identPairs[pair]:
		return ident
	case strings.HasSuffix(last, "url"): // rtspurl
		return address
	}
	return unknown
}

func singular(w string) string {
	if len(w) > 2 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && w != "status" {
		return w[:len(w)-1]
	}
	return w
}
