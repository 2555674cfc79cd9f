package bridge_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// benchHub is a hub whose stream and polls the benchmark drives.
type benchHub struct {
	devices []hubs.Device
	polled  func() []hubs.Reading
	ran     chan time.Time // when an Execute came

	mu   sync.Mutex
	sink hubs.Sink
}

func (h *benchHub) Devices(context.Context) ([]hubs.Device, error) { return h.devices, nil }

func (h *benchHub) Poll(context.Context) ([]hubs.Reading, error) { return h.polled(), nil }

func (h *benchHub) Execute(context.Context, hubs.Command) error {
	h.ran <- time.Now()
	return nil
}

func (h *benchHub) Watch(ctx context.Context, to hubs.Sink) error {
	h.mu.Lock()
	h.sink = to
	h.mu.Unlock()
	to.Alive()
	<-ctx.Done()
	return ctx.Err()
}

func (h *benchHub) stream() hubs.Sink {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sink
}

// benchHome is n devices with so many sensors and one switch each.
func benchHome(n, entities int) *benchHub {
	h := &benchHub{ran: make(chan time.Time, 1024)}
	for i := range n {
		d := hubs.Device{ID: hubs.DeviceID(fmt.Sprintf("dev.%05d", i)), Name: fmt.Sprintf("Device %d", i), Area: "Hall", Maker: "Bench"}
		d.Entities = append(d.Entities, hubs.Entity{Key: "plug", Spec: hubs.Switch{}})
		for e := 1; e < entities; e++ {
			d.Entities = append(d.Entities, hubs.Entity{
				Key: fmt.Sprintf("s%d", e), Name: fmt.Sprintf("Sensor %d", e), Class: hubs.Temperature,
				Spec: hubs.Sensor{Unit: hubs.Celsius, Decimals: 1, Accumulates: hubs.Measurement},
			})
		}
		h.devices = append(h.devices, d)
	}
	h.polled = func() []hubs.Reading { return h.readings(0) }
	return h
}

func (h *benchHub) readings(round int) []hubs.Reading {
	out := make([]hubs.Reading, 0, len(h.devices))
	for _, d := range h.devices {
		r := hubs.Reading{Device: d.ID, Values: make([]hubs.PointValue, 0, len(d.Entities))}
		for _, e := range d.Entities {
			v := hubs.Num(float64(round) + 20)
			attr := hubs.Main
			if e.Key == "plug" {
				v, attr = hubs.Bool(round%2 == 0), hubs.On
			}
			r.Values = append(r.Values, hubs.PointValue{Point: hubs.Point{Entity: e.Key, Attr: attr}, Value: v})
		}
		out = append(out, r)
	}
	return out
}

// benchBroker is a Mosquitto of its own; without one the benchmark skips.
func benchBroker(b *testing.B) string {
	b.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		if path = "/usr/sbin/mosquitto"; !exists(path) {
			b.Skip("mosquitto is not installed")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	conf := filepath.Join(b.TempDir(), "m.conf")
	text := "listener " + addr[strings.LastIndex(addr, ":")+1:] + " 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path, "-c", conf)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	benchWait(b, "mosquitto", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return addr
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func benchWait(b *testing.B, what string, ok func() bool) {
	b.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(end) {
			b.Fatalf("waited in vain for %s", what)
		}
	}
}

func benchClient(b *testing.B, addr, id string) paho.Client {
	b.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + addr).SetClientID(id).SetProtocolVersion(4))
	if t := c.Connect(); !t.WaitTimeout(10*time.Second) || t.Error() != nil {
		b.Fatal(t.Error())
	}
	b.Cleanup(func() { c.Disconnect(50) })
	return c
}

// benchBridge runs a bridge over h until stop is called, or the benchmark ends.
func benchBridge(b *testing.B, addr string, h *benchHub) (stop func()) {
	b.Helper()
	return benchBridgeOf(b, addr, map[string]hubs.Hub{"hub": h})
}

// benchBridgeOf runs a bridge with several hubs.
func benchBridgeOf(b *testing.B, addr string, named map[string]hubs.Hub) (stop func()) {
	b.Helper()
	var list []bridge.HubConfig
	for name, h := range named {
		list = append(list, bridge.HubConfig{
			Name: name, Vendor: "bench", Hub: h, Push: true, Log: zerolog.Nop(),
			Pace: hubs.Pace{Inventory: time.Hour, Values: time.Hour, Reconcile: time.Hour},
		})
	}
	u, err := url.Parse("mqtt://" + addr)
	if err != nil {
		b.Fatal(err)
	}
	br, err := bridge.New(bridge.Config{
		Base: "bench", Prefix: "homeassistant", Version: "1", Store: auth.NewMemStore(), Log: zerolog.Nop(),
		MQTT: bridge.MQTTConfig{URL: u, ClientID: "bridge", Logger: zerolog.Nop()},
	}, list)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = br.Run(ctx) }()
	stop = func() { cancel(); <-done }
	b.Cleanup(stop)
	return stop
}

// arrivals receives a topic filter and tells when each payload came.
type arrivals struct{ came chan arrival }

type arrival struct {
	topic string
	at    time.Time
}

func benchSubscribe(b *testing.B, c paho.Client, filter string) arrivals {
	b.Helper()
	a := arrivals{make(chan arrival, 1<<17)}
	t := c.Subscribe(filter, 0, func(_ paho.Client, m paho.Message) {
		if !m.Retained() {
			a.came <- arrival{m.Topic(), time.Now()}
		}
	})
	if !t.WaitTimeout(10*time.Second) || t.Error() != nil {
		b.Fatal(t.Error())
	}
	return a
}

func (a arrivals) next(b *testing.B, topic string) time.Time {
	b.Helper()
	for end := time.After(20 * time.Second); ; {
		select {
		case got := <-a.came:
			if got.topic == topic {
				return got.at
			}
		case <-end:
			b.Fatalf("nothing came on %s", topic)
		}
	}
}

func quantile(d []time.Duration, q float64) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)]
}

func median(f []float64) float64 {
	f = slices.Clone(f)
	slices.Sort(f)
	return f[len(f)/2]
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
