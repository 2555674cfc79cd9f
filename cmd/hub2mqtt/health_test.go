package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestHealthcheckLooksAtTheFilesAge(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, aliveFile)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, c := range []struct {
		name string
		age  time.Duration
		code int
	}{
		{"just now", 0, exitOK},
		{"20 s", 20 * time.Second, exitOK},
		{"40 s", 40 * time.Second, exitFail},
		{"a clock that went back a little", -5 * time.Second, exitOK},
		{"a clock that went back", -time.Hour, exitFail},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.Chtimes(path, now, now.Add(-c.age)); err != nil {
				t.Fatal(err)
			}
			code, _, stderr := command(t, []string{"HTTP_LISTEN=off", "DATA_DIR=" + dir}, "healthcheck")
			if code != c.code {
				t.Errorf("want exit %d, got %d: %s", c.code, code, stderr)
			}
		})
	}
}

func TestHealthcheckAsksTheDaemon(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		more   []string
		code   int
		says   string
	}{
		{"alive", 200, nil, exitOK, ""},
		{"ill", 503, nil, exitFail, "503"},
		{"something else there", 302, nil, exitFail, "302"},
		{"other settings are broken", 200, []string{"MQTT_PASSWORD_FILE=/nonexistent/x", "HUBS=nonsense,,"}, exitOK, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/healthz" {
					t.Errorf("it asks for %s", r.URL.Path)
				}
				w.Header().Set("Location", "/")
				w.WriteHeader(c.status)
			}))
			defer srv.Close()
			env := append([]string{"HTTP_LISTEN=" + strings.TrimPrefix(srv.URL, "http://")}, c.more...)
			code, _, stderr := command(t, env, "healthcheck")
			if code != c.code || !strings.Contains(stderr, c.says) {
				t.Errorf("want exit %d and %q, got %d: %s", c.code, c.says, code, stderr)
			}
		})
	}
	if code, _, stderr := command(t, []string{"HTTP_LISTEN=nonsense"}, "healthcheck"); code != exitUsage {
		t.Errorf("wrong settings: want exit 2, got %d: %s", code, stderr)
	}
}
