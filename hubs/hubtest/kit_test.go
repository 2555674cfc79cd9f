package hubtest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestSettings(t *testing.T) {
	type all struct {
		URL         string        `split_words:"true"`
		APIKey      auth.Secret   `split_words:"true"`
		AccessToken string        `split_words:"true"`
		Untagged    string        // one word needs no tag
		TwoWords    string        // envconfig wants TWOWORDS here
		Verify      bool          `split_words:"true"`
		Timeout     time.Duration `split_words:"true" default:"10s"`
		Port        int           `split_words:"true"`
		Include     []string      `split_words:"true"`
		Renamed     string        `envconfig:"OTHER"`
	}
	s := NewSettings(map[string]string{
		"URL": "http://x", "API_KEY": "k", "ACCESS_TOKEN": "t", "UNTAGGED": "u", "TWO_WORDS": "w", "VERIFY": "true",
		"PORT": "80", "INCLUDE": "a,b", "OTHER": "o",
	})
	var got all
	if err := s.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := all{
		URL: "http://x", APIKey: "k", AccessToken: "t", Untagged: "u", Verify: true, Timeout: 10 * time.Second,
		Port: 80, Include: []string{"a", "b"}, Renamed: "o",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s.Set("ACCESS_TOKEN", "rotated")
	if err := s.Decode(&got); err != nil || got.AccessToken != "rotated" {
		t.Errorf("%q, %v", got.AccessToken, err)
	}
	boom := errors.New("no such file")
	s.Fail(boom)
	if err := s.Decode(&got); !errors.Is(err, boom) {
		t.Error(err)
	}
}

func TestSettingsFaults(t *testing.T) {
	s := NewSettings(map[string]string{"VERIFY": "s3cret", "PORT": "s3cret", "WAIT": "s3cret", "LIST": "1", "FLOAT": "1"})
	var into struct {
		Verify bool
		Port   int
		Wait   time.Duration
		List   []int
		Float  float64
	}
	err := s.Decode(&into)
	for _, name := range []string{"VERIFY", "PORT", "WAIT", "LIST", "FLOAT"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not mentioned: %v", name, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "s3cret") {
		t.Error("the error quotes a value")
	}
	if s.Decode(into) == nil || s.Decode(nil) == nil {
		t.Error("decodes into nothing")
	}
}

func TestFindSecret(t *testing.T) {
	const secret = `pa+ss/wo"rd?12`
	for _, text := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), fmt.Sprintf("%x", secret), mustJSON(t, secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("u:" + secret)), base64.StdEncoding.EncodeToString([]byte("user:" + secret + "@")),
		base64.StdEncoding.EncodeToString([]byte("us:" + secret + "xx")),
	} {
		err := FindSecret("before "+text+" behind", []string{"other-secret", secret})
		if err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "secret 2") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "pa+ss", "nothing here", "[redacted]"} {
		if err := FindSecret(text, []string{secret, "", "not", "here"}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// What sits deep in an error is found too.
func TestWordsOf(t *testing.T) {
	deep := &hubs.Error{Err: errors.New("text"), Code: "code", Hint: "hint"}
	got := wordsOf(fmt.Errorf("x: %w", errors.Join(errors.New("first"), &auth.LoginError{Reason: "reason", Err: deep})))
	for _, w := range []string{"text", "code", "hint", "first", "reason"} {
		if !strings.Contains(got, w) {
			t.Errorf("%q is not in %q", w, got)
		}
	}
	if wordsOf(nil) != "" {
		t.Error("no error has words")
	}
}

func TestGolden(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, "cases", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one/in.txt", "1")
	write("two/in.txt", "2")
	write("README", "a file beside the cases is none")
	produce := func(t *testing.T, caseDir string) map[string][]byte {
		t.Helper()
		in, err := os.ReadFile(filepath.Join(caseDir, "in.txt"))
		if err != nil {
			t.Fatal(err)
		}
		return map[string][]byte{
			"out.json":      []byte(`{"b":` + string(in) + `.0,"a":"<ü>"}`),
			"sub/plain.txt": append([]byte("plain "), in...),
		}
	}
	was := *update
	defer func() { *update = was }()
	*update = true
	Golden(t, dir, produce)
	got, err := os.ReadFile(filepath.Join(dir, "cases", "two", "out.json"))
	if want := "{\n  \"b\": 2.0,\n  \"a\": \"<ü>\"\n}\n"; err != nil || string(got) != want {
		t.Errorf("want %q, got %q, %v", want, got, err)
	}
	*update = false
	write("one/out.json", ` { "b" :1.0, "a":"<ü>"} `) // another layout is no difference
	Golden(t, dir, produce)
}

func TestOpen(t *testing.T) {
	s := newToyServer()
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	in := Open(t, toyVendor("", nil), s.Settings(srv.URL))
	if ds, err := in.Hub.Devices(t.Context()); err != nil || len(ds) != 4 {
		t.Errorf("%d devices, %v", len(ds), err)
	}
	if len(in.Managers()) != 2 || !strings.Contains(in.Log.String(), "devices") {
		t.Errorf("%d managers, log %q", len(in.Managers()), in.Log)
	}
	if keys, err := in.Cache.List(t.Context(), ""); err != nil || len(keys) == 0 {
		t.Errorf("the cache holds %v, %v", keys, err)
	}
}
