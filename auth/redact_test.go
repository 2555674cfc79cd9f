package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
)

func TestRedactorMasksEveryForm(t *testing.T) {
	secrets := []string{
		"eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3MH0.c2ln", "p@ss wörd/+=&\"\\<tag>", "line\nbreak", "123456", "a+b/c=d%20", "\u2028x\u2029yz", "\xff\xfe\xfd\xfc\xfb\xfa",
	}
	for _, s := range secrets {
		forms := map[string]string{
			"raw": s, "query": url.QueryEscape(s), "path": url.PathEscape(s), "query, lower case": lowerEscapes(url.QueryEscape(s)),
			"base64": base64.StdEncoding.EncodeToString([]byte(s)), "base64 raw": base64.RawStdEncoding.EncodeToString([]byte(s)),
			"base64 url": base64.URLEncoding.EncodeToString([]byte(s)), "base64 url raw": base64.RawURLEncoding.EncodeToString([]byte(s)),
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		forms["json"] = string(b[1 : len(b)-1])
		var line bytes.Buffer
		log := zerolog.New(&line)
		log.Info().Str("x", s).Send()
		forms["zerolog"] = strings.TrimSuffix(strings.TrimPrefix(line.String(), `{"level":"info","x":"`), "\"}\n")
		for name, form := range forms {
			var out bytes.Buffer
			r := NewRedactor(&out)
			r.Add(Secret(s))
			in := "before " + form + " after " + form
			n, err := r.Write([]byte(in))
			if n != len(in) || err != nil {
				t.Errorf("Write: got %d, %v, want %d", n, err, len(in))
			}
			if got, want := out.String(), "before [redacted] after [redacted]"; got != want {
				t.Errorf("%s of %q: got %q", name, s, got)
			}
		}
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "nothing of it": "nothing of it", "is s3cr3t! bad": "is [redacted] bad", "?t=s3cr3t%21&x": "?t=[redacted]&x",
		base64.StdEncoding.EncodeToString([]byte("user:s3cr3t!")): "dXNlc[redacted]",
	} {
		got := Mask(in, "", "s3cr3t!")
		if in != "" && strings.HasPrefix(want, "dXNlc") {
			if strings.Contains(got, base64.StdEncoding.EncodeToString([]byte("cr3t"))) || !strings.Contains(got, redacted) {
				t.Errorf("%q: got %q", in, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%q: want %q, got %q", in, want, got)
		}
	}
	if got := Mask("all is well"); got != "all is well" {
		t.Errorf("without secrets: got %q", got)
	}
}

func TestToMasksForAnotherWriter(t *testing.T) {
	var one, two bytes.Buffer
	r := NewRedactor(&one)
	w := r.To(&two)
	r.Add("s3cr3t!")
	if n, err := io.WriteString(w, "a s3cr3t! b"); n != 11 || err != nil || two.String() != "a [redacted] b" || one.Len() != 0 {
		t.Errorf("got %d, %v, %q and %q", n, err, two.String(), one.String())
	}
}

func TestRedactorMasksInsideABasicHeader(t *testing.T) {
	const secret = "correct-horse-battery"
	var out bytes.Buffer
	r := NewRedactor(&out)
	r.Add(secret)
	for _, user := range []string{"", "u", "us", "use", "user"} {
		out.Reset()
		header := base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))
		_, _ = fmt.Fprintf(r, "Authorization: Basic %s\n", header)
		if got := out.String(); !strings.Contains(got, redacted) || len(got) > len("Authorization: Basic [redacted]\n")+12 {
			t.Errorf("user %q: got %q", user, got)
		}
	}
}

func TestRedactorEdges(t *testing.T) {
	tests := []struct {
		name    string
		secrets []Secret
		in      string
		want    string
	}{
		{"none known", nil, "abcdef", "abcdef"},
		{"empty secret", []Secret{""}, "abcdef", "abcdef"},
		{"too short to mask", []Secret{"12345"}, "at 12345", "at 12345"},
		{"shortest", []Secret{"123456"}, "at 123456", "at [redacted]"},
		{"the longer one first", []Secret{"abcdef", "abcdefgh"}, "abcdefgh", "[redacted]"},
		{"side by side", []Secret{"abcdef"}, "abcdefabcdef", "[redacted][redacted]"},
		{"almost", []Secret{"abcdef"}, "abcdeabcde", "abcdeabcde"},
		{"almost, then whole", []Secret{"aaabaaac"}, "aaabaaabaaac", "aaab[redacted]"},
		{"short text", []Secret{"abcdef"}, "abc", "abc"},
		{"no text", []Secret{"abcdef"}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			r := NewRedactor(&out)
			r.Add(tt.secrets...)
			if _, err := io.WriteString(r, tt.in); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRedactorForgetsOnlyRotatedTokens(t *testing.T) {
	var out bytes.Buffer
	r := NewRedactor(&out)
	r.Add("fixed-secret")
	for i := range maxPassing + 50 {
		r.addPassing(Secret(fmt.Sprintf("rotated-%06d", i)))
		r.addPassing("still-in-use")
	}
	_, _ = io.WriteString(r, "fixed-secret still-in-use rotated-000305 rotated-000000")
	if got, want := out.String(), "[redacted] [redacted] [redacted] rotated-000000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type lockedWriter struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(b)
}

func TestRedactorLearnsWhileWriting(t *testing.T) {
	var out lockedWriter
	r := NewRedactor(&out)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 100 {
				s := fmt.Sprintf("secret-%d-%d", g, i)
				r.addPassing(Secret(s))
				_, _ = io.WriteString(r, s+"\n")
			}
		})
	}
	wg.Wait()
	if s := out.b.String(); strings.Contains(s, "secret-") {
		t.Error("a secret slipped through after it was added")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write(b []byte) (int, error) { return len(b), errDisk }

func TestRedactorPassesErrorsOn(t *testing.T) {
	r := NewRedactor(brokenWriter{})
	r.Add("abcdef")
	if n, err := io.WriteString(r, "abcdef"); err == nil || n > 6 {
		t.Errorf("got %d, %v, want the writer's error", n, err)
	}
}

func BenchmarkRedactorNoHit(b *testing.B) {
	r := NewRedactor(io.Discard)
	for i := range 20 {
		r.Add(Secret(fmt.Sprintf("eyJhbGciOiJIUzI1NiJ9.%040d.signature", i)))
	}
	line := []byte(`{"level":"debug","hub":"aqara","call":"GetDevices","status":200,"ms":23,"time":"2026-01-31T07:30:00Z","message":"called"}` + "\n")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = r.Write(line)
	}
}
