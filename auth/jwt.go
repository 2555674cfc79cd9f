package auth

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

const (
	maxJWT  = 64 << 10
	maxUnix = 253402300799 // the last second of the year 9999
)

// JWTExpiry reads when a JSON Web Token ends, in the server's time. It checks no signature: this is for planning a
// renewal, never for trust. ok is false if s is no such token or names no end.
func JWTExpiry(s Secret) (end time.Time, ok bool) {
	_, end = jwtTimes(s)
	return end, !end.IsZero()
}

// jwtTimes reads issue and end; what is missing or absurd is zero.
func jwtTimes(s Secret) (issued, end time.Time) {
	if len(s) > maxJWT {
		return issued, end
	}
	parts := strings.Split(string(s), ".")
	if len(parts) != 3 || !strings.HasPrefix(parts[0], "ey") {
		return issued, end
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return issued, end
	}
	var claims struct{ Iat, Exp json.Number }
	if json.Unmarshal(body, &claims) != nil {
		return issued, end
	}
	issued, end = numericDate(claims.Iat), numericDate(claims.Exp)
	if !issued.Before(end) {
		issued = time.Time{}
	}
	return issued, end
}

func numericDate(n json.Number) time.Time {
	f, err := n.Float64()
	if err != nil || !(f >= 1 && f <= maxUnix) {
		return time.Time{}
	}
	return time.Unix(int64(f), 0)
}
