package tuya

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// field is one parameter of a query or one signed header.
type field struct{ name, value string }

// unsigned is what a signature covers, the names apart that travel in headers.
type unsigned struct {
	method string
	path   string
	query  []field
	body   []byte  // the exact bytes that are sent
	header []field // those named in Signature-Headers, in that order
}

// stringToSign is the text of a request as both sides must see it. The empty line for
// signed headers stays where there are none.
func (u *unsigned) stringToSign() string {
	sum := sha256.Sum256(u.body)
	var header strings.Builder
	for _, h := range u.header {
		header.WriteString(h.name + ":" + h.value + "\n")
	}
	return strings.Join([]string{u.method, hex.EncodeToString(sum[:]), header.String(), u.signedPath()}, "\n")
}

// signedPath is path and query with names in ascending order and values as they are:
// the server verifies what it has decoded.
func (u *unsigned) signedPath() string {
	return u.join(func(s string) string { return s })
}

// wirePath is path and query as they are sent.
func (u *unsigned) wirePath() string {
	return u.join(func(s string) string {
		return strings.ReplaceAll(url.QueryEscape(s), "%2C", ",") // lists of ids stay readable
	})
}

func (u *unsigned) join(escape func(string) string) string {
	if len(u.query) == 0 {
		return u.path
	}
	sorted := slices.SortedFunc(slices.Values(u.query), func(a, b field) int { return strings.Compare(a.name, b.name) })
	pairs := make([]string, len(sorted))
	for i, f := range sorted {
		pairs[i] = escape(f.name) + "=" + escape(f.value)
	}
	return u.path + "?" + strings.Join(pairs, "&")
}

// mac is the upper-case HMAC-SHA256 that Tuya calls a sign.
func mac(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

// sign gives the signature of u. token is empty for calls that give or renew tokens.
func (u *unsigned) sign(secret, id, token, millis, nonce string) string {
	return mac(secret, id+token+millis+nonce+u.stringToSign())
}
