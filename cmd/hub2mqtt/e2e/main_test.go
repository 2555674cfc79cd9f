//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
)

// simulatorEnv makes the test binary be the simulators' process.
const simulatorEnv = "HUB2MQTT_E2E_SIMULATOR"

// binary is the product, built once.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv(simulatorEnv) != "" {
		os.Exit(simulate())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hub2mqtt-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "hub2mqtt")
	build := exec.Command("go", "build", "-o", binary, "github.com/hub2mqtt/hub2mqtt/cmd/hub2mqtt")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		return 1
	}
	return m.Run()
}

// simulated is what the simulators' process says on its first line.
type simulated struct{ URL, Control, Access, Refresh string }

// simulate serves the simulators until the process is told to end.
func simulate() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	var opts aqaratest.Options
	if os.Getenv(simulatorEnv) == "home:full" {
		opts.Home = aqaratest.FullHome()
	}
	studio := aqaratest.New(opts)
	api, err1 := net.Listen("tcp", "127.0.0.1:0")
	ctl, err2 := net.Listen("tcp", "127.0.0.1:0")
	if err1 != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, err1, err2)
		return 1
	}
	pair := studio.Tokens()
	line, _ := json.Marshal(simulated{
		"http://" + api.Addr().String(), "http://" + ctl.Addr().String(), pair.Access, pair.Refresh,
	})
	_, _ = os.Stdout.Write(append(line, '\n'))
	go func() { _ = http.Serve(ctl, studio.Control()) }()
	if err := aqaratest.Serve(ctx, api, studio); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
