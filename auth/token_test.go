package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestSecretHides(t *testing.T) {
	const plain = "plain-text-secret"
	tok := Token{Access: plain, Refresh: plain}
	var log bytes.Buffer
	l := zerolog.New(&log)
	l.Info().Any("token", tok).Any("secret", tok.Access).Stringer("s", tok.Access).Err(fmt.Errorf("with %v", tok.Access)).Send()
	js, err := json.Marshal(map[string]any{"token": tok, "list": []Secret{plain}})
	if err != nil {
		t.Fatal(err)
	}
	pretty := fmt.Sprintf("%v %+v %#v %s %q %x %X %d", tok, tok, tok, tok.Access, tok.Access, tok.Access, tok.Access, tok.Access)
	for name, got := range map[string]string{
		"fmt": pretty, "print": fmt.Sprint(tok, tok.Access, &tok), "json": string(js), "zerolog": log.String(),
		"errors": fmt.Errorf("%w: %v", ErrLogin, []Secret{plain}).Error(), "string": tok.Access.String(), "go": tok.Access.GoString(),
	} {
		if strings.Contains(got, plain) || strings.Contains(got, fmt.Sprintf("%x", plain)) || !strings.Contains(got, redacted) {
			t.Errorf("%s shows %s", name, got)
		}
	}
	if text, err := tok.Access.MarshalText(); string(text) != redacted || err != nil {
		t.Errorf("MarshalText: got %s, %v", text, err)
	}
	if tok.Access.Reveal() != plain {
		t.Error("Reveal does not")
	}
	if !tok.Access.Equal(plain) || tok.Access.Equal("other") || tok.Access.Equal("") {
		t.Error("Equal is wrong")
	}
}

func TestLoginError(t *testing.T) {
	cause := errors.New("body with a secret")
	err := fmt.Errorf("hub: %w", &LoginError{Reason: "the token was replaced", Code: "1010", Err: cause})
	if !errors.Is(err, ErrLogin) || !errors.Is(err, cause) || errors.Is(err, ErrRejected) {
		t.Error("matches the wrong errors")
	}
	if got, want := err.Error(), "hub: login needed: the token was replaced (1010)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if le := asLogin(fmt.Errorf("x: %w", ErrLogin)); le.Reason == "" || le.Hint == "" {
		t.Errorf("a bare ErrLogin tells nothing: %+v", le)
	}
}

func jwt(claims string) Secret {
	return Secret("eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln")
}

func TestJWTExpiry(t *testing.T) {
	tests := []struct {
		name  string
		token Secret
		want  int64 // 0: none
	}{
		{"plain", jwt(`{"exp":1767225600}`), 1767225600},
		{"fraction", jwt(`{"exp":1767225600.9,"iat":1}`), 1767225600},
		{"text", jwt(`{"exp":"1767225600"}`), 1767225600},
		{"exponent", jwt(`{"exp":1.7672256e9}`), 1767225600},
		{"none", jwt(`{"iat":1767225600}`), 0},
		{"negative", jwt(`{"exp":-1}`), 0},
		{"absurd", jwt(`{"exp":1e300}`), 0},
		{"no object", jwt(`[]`), 0},
		{"wrong type", jwt(`{"exp":{}}`), 0},
		{"opaque", "1234567890abcdef", 0},
		{"two parts", "eyJ.eyJ", 0},
		{"five parts", "eyJ.a.b.c.d", 0},
		{"no base64", "eyJ.***.x", 0},
		{"empty", "", 0},
		{"huge", Secret("ey." + strings.Repeat("A", maxJWT) + "."), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			end, ok := JWTExpiry(tt.token)
			if ok != (tt.want != 0) || (ok && end.Unix() != tt.want) {
				t.Errorf("got %v, %v, want %d", end, ok, tt.want)
			}
		})
	}
}

func FuzzJWT(f *testing.F) {
	for _, s := range []string{`{"exp":1767225600,"iat":1767000000}`, `{"exp":"x"}`, `{"exp":1e999}`, `null`, ``} {
		f.Add(string(jwt(s)))
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, tok := range []Secret{Secret(s), jwt(s)} {
			issued, end := jwtTimes(tok)
			if y := end.UTC().Year(); y > 9999 {
				t.Errorf("year %d", y)
			}
			if !issued.IsZero() && !issued.Before(end) {
				t.Errorf("issued %v, ends %v", issued, end)
			}
		}
	})
}

func TestClock(t *testing.T) {
	local := time.Unix(1_800_000_000, 0)
	tests := []struct {
		name string
		off  []time.Duration
		want time.Duration
	}{
		{"nothing seen", nil, 0},
		{"one answer", []time.Duration{time.Hour}, time.Hour},
		{"late answers do not matter", []time.Duration{0, 0, -30 * time.Second, 0, -time.Minute, 0, 0}, 0},
		{"a leap is learnt", []time.Duration{0, 0, 0, 0, 0, 0, 0, 0, 0, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour}, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Clock
			for _, off := range tt.off {
				c.Observe(local.Add(off), local)
			}
			c.Observe(time.Time{}, local)
			if got := c.Offset(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	var none *Clock
	none.Observe(local, local)
	if off := time.Until(none.Now()); off > time.Second || off < -time.Second {
		t.Errorf("a nil clock is off by %v", off)
	}
}

func TestRenewalIsEarly(t *testing.T) {
	issued := time.Unix(1_800_000_000, 0)
	seen := map[time.Duration]bool{}
	for i := range 500 {
		tok := Token{Access: Secret(fmt.Sprintf("token %d", i))}
		for _, life := range []time.Duration{10 * time.Second, 10 * time.Minute, 11 * time.Minute, 2 * time.Hour, 168 * time.Hour} {
			at := renewal(tok, issued, issued.Add(life)).Sub(issued)
			if share := float64(at) / float64(life); share < 0.6999 || share > 0.8001 {
				t.Fatalf("life %v: renewed at %.3f of it", life, share)
			}
			if life > longLife && life-at < lastCall {
				t.Fatalf("life %v: renewed %v before the end", life, life-at)
			}
			if again := renewal(tok, issued, issued.Add(life)).Sub(issued); again != at {
				t.Fatalf("rolled again: %v, %v", at, again)
			}
			if life == 2*time.Hour {
				seen[at] = true
			}
		}
	}
	if len(seen) < 200 {
		t.Errorf("only %d different instants of 500 tokens", len(seen))
	}
}

func TestHoldingPlans(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	exp := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	tests := []struct {
		name   string
		tok    Token
		isSeed bool
		skew   time.Duration // of the server's clock
		usable bool
		due    bool
	}{
		{"no end", Token{Access: "a", Refresh: "r"}, false, 0, true, false},
		{"seed of unknown age", Token{Access: "a", Refresh: "r"}, true, 0, true, true},
		{"named seed", Token{Access: "a"}, true, 0, true, false},
		{"young", Token{Access: "a", Issued: now, Expiry: now.Add(time.Hour)}, false, 0, true, false},
		{"aged", Token{Access: "a", Issued: now.Add(-50 * time.Minute), Expiry: now.Add(10 * time.Minute)}, false, 0, true, true},
		{"over", Token{Access: "a", Issued: now.Add(-2 * time.Hour), Expiry: now.Add(-time.Hour)}, false, 0, false, true},
		{"from the future", Token{Access: "a", Issued: now.Add(time.Hour), Expiry: now.Add(9 * time.Hour)}, false, 0, true, true},
		{"refresh only", Token{Refresh: "r"}, true, 0, false, true},
		{"jwt seed, young", Token{Access: jwt(`{"iat":` + exp(-time.Hour) + `,"exp":` + exp(9*time.Hour) + `}`), Refresh: "r"}, true, 0, true, false},
		{"jwt seed, aged", Token{Access: jwt(`{"iat":` + exp(-9*time.Hour) + `,"exp":` + exp(time.Hour) + `}`), Refresh: "r"}, true, 0, true, true},
		{"jwt seed, over", Token{Access: jwt(`{"exp":` + exp(-time.Minute) + `}`), Refresh: "r"}, true, 0, false, true},
		{"jwt seed, over here but not there", Token{Access: jwt(`{"exp":` + exp(-time.Minute) + `}`), Refresh: "r"}, true, -time.Hour, true, false},
		{"jwt granted, our clock is behind", Token{
			Access: jwt(`{"iat":` + exp(-20*time.Hour) + `,"exp":` + exp(-19*time.Hour) + `}`), Refresh: "r", Issued: now,
		}, false, 0, true, false},
		{"named jwt, over by a wrong clock", Token{Access: jwt(`{"exp":` + exp(-time.Minute) + `}`)}, true, 0, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Clock
			c.Observe(now.Add(tt.skew), now)
			m := NewManager(Config{Clock: &c})
			m.now = func() time.Time { return now }
			h := m.holding(tt.tok, holding{isSeed: tt.isSeed})
			if usable, due := m.usable(h), h.due(now, &c); usable != tt.usable || (usable && due != tt.due) {
				t.Errorf("got usable %v, due %v, want %v, %v", usable, due, tt.usable, tt.due)
			}
		})
	}
}

func TestNormal(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	tests := []struct {
		name string
		in   Token
		want Token
	}{
		{"not said", Token{}, Token{Issued: now}},
		{"end only", Token{Expiry: now.Add(time.Hour)}, Token{Issued: now, Expiry: now.Add(time.Hour)}},
		{"a little delay", Token{Issued: now.Add(-time.Second), Expiry: now.Add(time.Hour)}, Token{Issued: now.Add(-time.Second), Expiry: now.Add(time.Hour)}},
		{"another clock", Token{Issued: now.Add(9 * time.Hour), Expiry: now.Add(10 * time.Hour)}, Token{Issued: now, Expiry: now.Add(time.Hour)}},
		{"over on arrival", Token{Expiry: now}, Token{Issued: now}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := normal(tt.in, now)
			if !got.Issued.Equal(tt.want.Issued) || !got.Expiry.Equal(tt.want.Expiry) {
				t.Errorf("got %v to %v, want %v to %v", got.Issued, got.Expiry, tt.want.Issued, tt.want.Expiry)
			}
		})
	}
}
