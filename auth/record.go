package auth

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// record is what the store keeps of an account. Its secrets are plain strings on purpose: a Secret would hide itself.
type record struct {
	Access   string            `json:"access,omitempty"`
	Refresh  string            `json:"refresh,omitempty"`
	Issued   time.Time         `json:"issued,omitzero"`
	Expiry   time.Time         `json:"expiry,omitzero"`
	Extra    map[string]string `json:"extra,omitempty"`
	Identity string            `json:"identity,omitempty"` // hash of Config.Identity
	Seed     string            `json:"seed,omitempty"`     // hash of the seed the token descends from
	Pending  *pending          `json:"pending,omitempty"`
}

// pending says that a refresh token was about to be sent: it may be spent even though its answer is not here.
type pending struct {
	Token string    `json:"token"` // fingerprint
	Since time.Time `json:"since"`
}

func (r record) token() Token {
	return Token{
		Access: Secret(r.Access), Refresh: Secret(r.Refresh),
		Issued: r.Issued, Expiry: r.Expiry, Extra: r.Extra,
	}
}

func (r record) with(t Token) record {
	r.Access, r.Refresh = t.Access.Reveal(), t.Refresh.Reveal()
	r.Issued, r.Expiry, r.Extra = t.Issued.UTC(), t.Expiry.UTC(), t.Extra
	return r
}

func (r record) encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode token record: %w", err)
	}
	return b, nil
}

// decodeRecord never puts a piece of the record into its error: json's own texts may quote what they stumble over.
func decodeRecord(b []byte) (record, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return record{}, fmt.Errorf("token record is no JSON of ours: %w", ErrDamaged)
	}
	return r, nil
}

// digest hashes parts so that no two lists of parts, and no two purposes, share a hash.
func digest(purpose string, parts ...string) string {
	h := sha256.New()
	var size [8]byte
	for _, p := range append([]string{"hub2mqtt/auth/" + purpose + "/1"}, parts...) {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// seedHash is empty for no seed. Times are left out: whoever reads a seed may reckon them anew each time.
func seedHash(t Token) string {
	if t.IsZero() {
		return ""
	}
	parts := []string{t.Access.Reveal(), t.Refresh.Reveal()}
	for _, k := range slices.Sorted(maps.Keys(t.Extra)) {
		parts = append(parts, k, t.Extra[k])
	}
	return digest("seed", parts...)
}

// fingerprint tells tokens apart without showing them.
func fingerprint(t Token) string {
	return digest("token", t.Access.Reveal(), t.Refresh.Reveal())[:32]
}

// ring remembers the newest fingerprints.
type ring struct{ list []string }

const ringSize = 64

func (r *ring) add(fp string) {
	if r.has(fp) {
		return
	}
	if len(r.list) == ringSize {
		r.list = slices.Delete(r.list, 0, 1)
	}
	r.list = append(r.list, fp)
}

func (r *ring) has(fp string) bool { return slices.Contains(r.list, fp) }

func (r *ring) drop(fp string) {
	r.list = slices.DeleteFunc(r.list, func(s string) bool { return s == fp })
}
