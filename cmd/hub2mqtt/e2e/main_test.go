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
	"strings"
	"syscall"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
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

// simulated is what the simulators' process says on its first line: the vendor, where
// it and its controls are, and the keys that it lets in.
type simulated struct{ Hub, URL, Control, Access, Refresh string }

// simulate serves the simulators until the process is told to end.
func simulate() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	api, err1 := net.Listen("tcp", "127.0.0.1:0")
	ctl, err2 := net.Listen("tcp", "127.0.0.1:0")
	if err1 != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, err1, err2)
		return 1
	}
	what := simulated{URL: "http://" + api.Addr().String(), Control: "http://" + ctl.Addr().String()}
	var err error
	switch home := strings.TrimPrefix(os.Getenv(simulatorEnv), "home:"); home {
	case "tuya":
		err = simulateTuya(ctx, what, api, ctl)
	default:
		err = simulateAqara(ctx, what, api, ctl, home)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// ready says on the first line of the output what runs.
func ready(what simulated) {
	line, _ := json.Marshal(what)
	_, _ = os.Stdout.Write(append(line, '\n'))
}

func simulateAqara(ctx context.Context, what simulated, api, ctl net.Listener, home string) error {
	var opts aqaratest.Options
	if home == "full" {
		opts.Home = aqaratest.FullHome()
	}
	studio := aqaratest.New(opts)
	pair := studio.Tokens()
	what.Hub, what.Access, what.Refresh = "aqara", pair.Access, pair.Refresh
	go func() { _ = http.Serve(ctl, studio.Control()) }()
	ready(what)
	return aqaratest.Serve(ctx, api, studio)
}

// simulateTuya also publishes what the cloud pushes to the broker of Open-Hub, if there
// is one.
func simulateTuya(ctx context.Context, what simulated, api, ctl net.Listener) error {
	opts := tuyatest.Options{}
	hub := os.Getenv(openHubEnv)
	opts.OpenHubURL, opts.OpenHubUsername, opts.OpenHubPassword = hub, openHubUser, openHubPassword
	cloud := tuyatest.New(opts)
	if hub != "" {
		publish, err := openHub(hub)
		if err != nil {
			return err
		}
		cloud.Publish(publish, nil)
	}
	what.Hub, what.Access, what.Refresh = "tuya", tuyatest.AccessID, tuyatest.AccessSecret
	go func() { _ = http.Serve(ctl, cloud.Control()) }()
	ready(what)
	return tuyatest.Serve(ctx, api, cloud)
}
