package auth

import (
	"fmt"
	"io/fs"
	"strings"
)

const (
	maxKeyPart = 180  // file systems end at 255 bytes, and suffixes follow
	maxKey     = 1024 // whole path below the store's folder
	hexDigits  = "0123456789abcdef"
)

// pathOf turns a key into a relative path without suffix. It is the only place where keys become names. Letters of
// lower case, digits, "_" and "-" stand for themselves, every other byte becomes %xx: so no part can be "..", hidden,
// or collide with a suffix, and two keys never share a path even where the file system ignores case.
func pathOf(key string) (string, error) {
	var b strings.Builder
	start := 0
	for i := range len(key) {
		c := key[i]
		switch {
		case c == '/':
			if b.Len() == start {
				return "", badKey(key, "has an empty part")
			}
			b.WriteByte('/')
			start = b.Len()
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '-':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
		if b.Len()-start > maxKeyPart || b.Len() > maxKey {
			return "", badKey(key, "is too long")
		}
	}
	if b.Len() == start {
		return "", badKey(key, "has an empty part")
	}
	return b.String(), nil
}

func badKey(key, why string) error {
	if len(key) > 40 {
		key = key[:40] + "…"
	}
	return fmt.Errorf("store: key %q %s: %w", key, why, fs.ErrInvalid)
}

// keyOf is the way back; ok is false for a path that pathOf does not make.
func keyOf(path string) (key string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			b.WriteByte(path[i])
			continue
		}
		if i+2 >= len(path) {
			return "", false
		}
		hi, lo := strings.IndexByte(hexDigits, path[i+1]), strings.IndexByte(hexDigits, path[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	key = b.String()
	back, err := pathOf(key)
	return key, err == nil && back == path
}
