package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// childEnv makes the test binary be the program.
const childEnv = "HUB2MQTT_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

func TestUsage(t *testing.T) {
	cases := []struct {
		name string
		args []string
		env  []string
		code int
		says string
	}{
		{"version", []string{"version"}, nil, exitOK, "hub2mqtt "},
		{"unknown command", []string{"fly"}, nil, exitUsage, `"fly"`},
		{"unknown flag", []string{"run", "--fast"}, nil, exitUsage, "fast"},
		{"stray word", []string{"version", "please"}, nil, exitUsage, "please"},
		{"no settings", nil, nil, exitUsage, "HUBS"},
		{"no env file", []string{"run", "--env-file", "/nonexistent/x"}, nil, exitUsage, "--env-file"},
		{"help", []string{"--help"}, nil, exitOK, "demo"},
		{"nobody is alive", []string{"healthcheck"}, []string{"HTTP_LISTEN=off", "DATA_DIR=/nonexistent"}, exitFail, "not alive"},
		{"nobody answers", []string{"healthcheck"}, []string{"HTTP_LISTEN=127.0.0.1:1"}, exitFail, "not alive"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			code := program{env: c.env, stdout: &out, stderr: &out}.run(t.Context(), c.args)
			if code != c.code || !strings.Contains(out.String(), c.says) {
				t.Errorf("want exit %d and %q, got %d:\n%s", c.code, c.says, code, out.String())
			}
		})
	}
}

// TestDemoEnds runs the whole product in this process for a moment.
func TestDemoEnds(t *testing.T) {
	var out, errs bytes.Buffer
	began := time.Now()
	code := program{stdout: &out, stderr: &errs}.run(t.Context(), []string{"demo", "--for", "3s"})
	if code != exitOK || errs.Len() > 0 {
		t.Errorf("want a silent clean end, got exit %d:\n%s", code, errs.String())
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %s to end", took)
	}
	if !strings.Contains(out.String(), "mosquitto_sub") || !strings.Contains(out.String(), "http://localhost:") {
		t.Errorf("it does not say what to try:\n%s", out.String())
	}
}

func TestReadOnlyDataDirIsSaidAtStart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	code := program{
		env: []string{
			"HUBS=aqara", "AQARA_URL=http://127.0.0.1:1", "AQARA_ACCESS_TOKEN=canary-token-1", "HTTP_LISTEN=off",
			"DATA_DIR=" + filepath.Join(path, "data"),
		},
		stdout: &out, stderr: &out,
	}.run(context.Background(), []string{"run"})
	if code != exitFail || !strings.Contains(out.String(), "DATA_DIR") || strings.Contains(out.String(), "canary") {
		t.Errorf("want exit 1 naming DATA_DIR, got %d:\n%s", code, out.String())
	}
}
