package hubtest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

func TestFaults(t *testing.T) {
	work := 0
	f := &Faults{
		Renewal: func(r *http.Request, _ []byte) bool { return r.URL.Path == "/token" },
		Page:    func(_ *http.Request, body []byte) int { return strings.Count(string(body), "2") * 2 },
	}
	srv := httptest.NewServer(f.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		work++
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write([]byte(`{"you":"` + string(body) + `"}`))
	})))
	t.Cleanup(srv.Close)
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	ask := func(path, body string) (status int, got string, header http.Header) {
		t.Helper()
		req, _ := http.NewRequest(http.MethodPost, srv.URL+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer t0ken")
		resp, err := (&http.Client{Transport: tr, Timeout: 5 * time.Second}).Do(req)
		if err != nil {
			return 0, "", nil
		}
		defer resp.Body.Close() //nolint:errcheck // it was read only
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			return -1, string(raw), resp.Header
		}
		return resp.StatusCode, string(raw), resp.Header
	}
	for _, c := range []struct {
		fault  Fault
		status int
		body   string
		works  int
	}{
		{Fault{Kind: Answer, Status: 503, Body: "x"}, 503, "x", 0},
		{Fault{Kind: Answer, Body: "y"}, 200, "y", 0},
		{Fault{Kind: Reset}, 0, "", 0},
		{Fault{Kind: LostReply}, 0, "", 1},
		{Fault{Kind: Cut}, -1, `{"you`, 1},
		{Fault{Kind: Refuse}, 401, "invalid_token", 0},
		{Fault{Kind: Limit, After: 7 * time.Second}, 429, "too many", 0},
		{Fault{Kind: Echo}, 400, "Bearer t0ken", 0},
		{Fault{Kind: Huge, Size: 1 << 20}, 200, "aaaa", 0},
		{Fault{Kind: Answer, Status: 500, Page: 2}, 200, `{"you":"me"}`, 1},
	} {
		before := work
		f.Fail(c.fault)
		status, body, header := ask("/", "me")
		f.Heal()
		if status != c.status || !strings.Contains(body, c.body) || work-before != c.works {
			t.Errorf("%+v: %d %.40q, worked %d times", c.fault, status, body, work-before)
		}
		if c.fault.Kind == Limit && header.Get("Retry-After") != "7" {
			t.Errorf("Retry-After: %q", header.Get("Retry-After"))
		}
		if c.fault.Kind == Huge && (len(body) < 1<<20 || !json.Valid([]byte(body))) {
			t.Errorf("huge: %d bytes, JSON %v", len(body), json.Valid([]byte(body)))
		}
	}
	calls := f.Calls()
	f.Fail(Fault{Kind: Answer, Status: 500, Times: 1})
	f.Fail(Fault{Kind: Answer, Status: 502, Page: 2})
	for i, want := range []int{200, 500, 200, 502, 502} {
		path, body := "/", "page 2"
		if i == 0 {
			path = "/token" // never struck
		}
		if i == 2 {
			body = "page 1"
		}
		if status, _, _ := ask(path, body); status != want {
			t.Errorf("call %d: want %d, got %d", i, want, status)
		}
	}
	if f.Refreshes() != 1 || f.Calls()-calls != 4 || f.MostInFlight() != 1 {
		t.Errorf("%d renewals, %d calls, %d at once", f.Refreshes(), f.Calls()-calls, f.MostInFlight())
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
	s := newToyServer(t)
	in := Open(t, toyVendor("", nil), s.Settings())
	if ds, err := in.Hub.Devices(t.Context()); err != nil || len(ds) != 4 {
		t.Errorf("%d devices, %v", len(ds), err)
	}
	if len(in.Managers()) != 1 || !strings.Contains(in.Log.String(), "devices") {
		t.Errorf("%d managers, log %q", len(in.Managers()), in.Log)
	}
	if keys, err := in.Store.List(t.Context(), ""); err != nil || len(keys) == 0 {
		t.Errorf("the store holds %v, %v", keys, err)
	}
}
