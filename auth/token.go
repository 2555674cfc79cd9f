package auth

import (
	"crypto/subtle"
	"fmt"
	"io"
	"time"
)

const redacted = "[redacted]"

// Secret is text that hides itself: whatever prints, logs or encodes it gets "[redacted]", and only Reveal gives it away.
// One hole is encoding/json's: it writes the keys of a map as they are, so a Secret is never one.
type Secret string

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb, %x and %q included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]"; code that has to keep a secret converts it with Reveal on purpose.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns "[redacted]" as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Reveal returns the text itself, for the one place that sends or keeps it.
func (s Secret) Reveal() string { return string(s) }

// Equal compares in a time that depends on the lengths only.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s), []byte(other)) == 1
}

// Token is one snapshot of an account's rights. Its times are this machine's. It is a value: whoever gets one leaves
// Extra as it is.
type Token struct {
	Access, Refresh Secret
	Issued, Expiry  time.Time         // zero Expiry: does not end
	Extra           map[string]string // the vendor's: region, user id, …; nothing secret, it is not masked
}

// IsZero tells whether t gives no rights at all.
func (t Token) IsZero() bool { return t.Access == "" && t.Refresh == "" }

// same tells whether a server would take both for one token.
func (t Token) same(other Token) bool {
	return t.Access.Equal(other.Access) && t.Refresh.Equal(other.Refresh)
}
