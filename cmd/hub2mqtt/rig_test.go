package main

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
)

// safeBuffer collects what several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// studioServer serves a simulated Studio for the length of a test.
func studioServer(t *testing.T, opts aqaratest.Options) (*aqaratest.Studio, string) {
	t.Helper()
	studio := aqaratest.New(opts)
	srv := httptest.NewServer(studio.Handler())
	t.Cleanup(srv.Close)
	return studio, srv.URL
}

// studioEnv are the settings of a hub called name at a Studio, with nothing else to reach.
func studioEnv(t *testing.T, studio *aqaratest.Studio, url, name, prefix string, more ...string) []string {
	t.Helper()
	pair := studio.Tokens()
	return append([]string{
		"HUBS=" + name + ":aqara", prefix + "URL=" + url, prefix + "ACCESS_TOKEN=" + pair.Access, prefix + "REFRESH_TOKEN=" + pair.Refresh,
		"DATA_DIR=" + t.TempDir(), "HTTP_LISTEN=off", "MQTT_LISTEN=127.0.0.1:0",
	}, more...)
}

// command runs the program in this process.
func command(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs safeBuffer
	code = program{env: env, stdout: &out, stderr: &errs}.run(t.Context(), args)
	return code, out.String(), errs.String()
}

// unzip gives the files of a zip.
func unzip(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	return out
}

func without(env []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(line string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return len(line) > len(n) && line[:len(n)+1] == n+"=" })
	})
}
