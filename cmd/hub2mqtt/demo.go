package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"

	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

const (
	demoFirstPort = 1883
	demoFirstPage = 8099
)

// demo runs a simulated home: the simulators of all vendors, an embedded broker and
// the bridge between them, with nothing to set and nothing left behind.
func demo(ctx context.Context, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "hub2mqtt-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	port, err := freePort(ctx, demoFirstPort)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if port != demoFirstPort {
		fmt.Fprintf(stdout, "Port %d is taken, so the demo's broker uses %d.\n", demoFirstPort, port)
	}

	page, err := freePort(ctx, demoFirstPage)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}

	var sims sync.WaitGroup
	simCtx, endSims := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { endSims(); sims.Wait() }()
	studioURL, studio, err := startStudio(simCtx, &sims)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	cloudHost, err := startCloud(simCtx, &sims)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	pair := studio.Tokens()
	env, err := readEnviron("", []string{
		"HUBS=aqara,tuya",
		"DATA_DIR=" + dir,
		"MQTT_LISTEN=127.0.0.1:" + strconv.Itoa(port),
		"HTTP_LISTEN=127.0.0.1:" + strconv.Itoa(page),
		"LOG_LEVEL=warn",
		"AQARA_URL=" + studioURL,
		"AQARA_ACCESS_TOKEN=" + pair.Access,
		"AQARA_REFRESH_TOKEN=" + pair.Refresh,
		"TUYA_URL=http://" + cloudHost,
		"TUYA_PUSH_URL=ws://" + cloudHost,
		"TUYA_ACCESS_ID=" + tuyatest.AccessID,
		"TUYA_ACCESS_SECRET=" + tuyatest.AccessSecret,
	})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	s, err := readSettings(env, vendors())
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	printDemo(stdout, port, page)
	return serve(ctx, s, stderr)
}

func startStudio(ctx context.Context, sims *sync.WaitGroup) (address string, studio *aqaratest.Studio, err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	studio = aqaratest.New(aqaratest.Options{Home: aqaratest.FullHome()})
	sims.Go(func() { _ = aqaratest.Serve(ctx, l, studio) })
	sims.Go(func() { studio.Live(ctx) })
	return "http://" + l.Addr().String(), studio, nil
}

// startCloud serves Tuya's data centre and its message service.
func startCloud(ctx context.Context, sims *sync.WaitGroup) (host string, err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	cloud := tuyatest.New(tuyatest.Options{})
	sims.Go(func() { _ = tuyatest.Serve(ctx, l, cloud) })
	sims.Go(func() { cloud.Live(ctx) })
	return l.Addr().String(), nil
}

// freePort finds a port of this machine, from first on.
func freePort(ctx context.Context, first int) (int, error) {
	for port := first; port < first+100; port++ {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, fmt.Errorf("no free port from %d on", first)
}

func printDemo(w io.Writer, port, page int) {
	broker := ""
	if port != demoFirstPort {
		broker = fmt.Sprintf(" -p %d", port)
	}
	fmt.Fprintf(w, `A simulated home runs, with its broker on 127.0.0.1:%[1]d. Ctrl-C ends it.

Watch it:        mosquitto_sub%[2]s -t 'hub2mqtt/#' -v
Switch a lamp:   mosquitto_pub%[2]s -t hub2mqtt/aqara/lumi_54ef4410007a1b2c/x2_output/set -m TOGGLE
Switch a socket: mosquitto_pub%[2]s -t hub2mqtt/tuya/`+tuyatest.Plug+`/switch_1/set -m TOGGLE
Look at it:      http://localhost:%[3]d
In Home Assistant: add the MQTT integration with this broker.

`, port, broker, page)
}
