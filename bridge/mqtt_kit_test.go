package bridge

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/hub2mqtt/hub2mqtt/bridge/broker"
)

const mqttPatience = 30 * time.Second

// noMQTTLeak fails the test if it leaves goroutines behind. Call it first.
func noMQTTLeak(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

func mqttEventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(mqttPatience)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("not within %v: %s", mqttPatience, what)
		}
	}
}

// mqttTestBroker can be stopped and started again at the same address.
type mqttTestBroker interface {
	start(t *testing.T)
	stop(t *testing.T)
	url() string
	retained(t *testing.T, filter string) map[string]string
}

type mqttEmbedded struct {
	*broker.Broker

	cfg   broker.Config
	ended chan error
}

func newMQTTEmbedded(t *testing.T) *mqttEmbedded {
	t.Helper()
	b := &mqttEmbedded{cfg: broker.Config{Addr: "127.0.0.1:0", Logger: zerolog.Nop()}}
	b.start(t)
	b.cfg.Addr = b.Addr().String()
	t.Cleanup(func() { b.stop(t) })
	return b
}

func (b *mqttEmbedded) url() string { return b.URL() }

func (b *mqttEmbedded) start(t *testing.T) {
	t.Helper()
	mqttEventually(t, "the address is free", func() bool {
		fresh, err := broker.Listen(context.WithoutCancel(t.Context()), b.cfg)
		if err == nil {
			b.Broker = fresh
		}
		return err == nil
	})
	b.ended = make(chan error, 1)
	go func() { b.ended <- b.Run(context.WithoutCancel(t.Context())) }()
}

func (b *mqttEmbedded) stop(t *testing.T) {
	t.Helper()
	b.Close()
	if b.ended == nil {
		return
	}
	if err := <-b.ended; err != nil {
		t.Errorf("broker: %v", err)
	}
	b.ended = nil
}

func (b *mqttEmbedded) retained(t *testing.T, filter string) map[string]string {
	t.Helper()
	held := map[string]string{}
	for topic, payload := range b.Retained(filter) {
		held[topic] = string(payload)
	}
	return held
}

// mqttRun is an MQTT at work.
type mqttRun struct {
	*MQTT

	replays atomic.Int64
	log     *mqttLog
	cancel  context.CancelFunc
	ended   chan struct{}
}

func quickMQTTTiming() mqttTiming {
	quick := defaultMQTTTiming()
	quick.first, quick.longest, quick.pace = 5*time.Millisecond, 50*time.Millisecond, time.Millisecond
	return quick
}

// startMQTT runs an MQTT against address until the end of the test.
func startMQTT(t *testing.T, address string, change func(*MQTTConfig, *mqttTiming)) *mqttRun {
	t.Helper()
	r := prepareMQTT(t, address, change)
	r.begin(t)
	return r
}

// prepareMQTT is the same without running it yet.
func prepareMQTT(t *testing.T, address string, change func(*MQTTConfig, *mqttTiming)) *mqttRun {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r := &mqttRun{log: &mqttLog{}, ended: make(chan struct{})}
	cfg := MQTTConfig{
		URL:       u,
		ClientID:  "hub2mqtt-test",
		Will:      MQTTMessage{"base/status", []byte("offline")},
		Online:    []byte("online"),
		OnConnect: func() { r.replays.Add(1) },
		Logger:    zerolog.New(r.log),
	}
	timing := quickMQTTTiming()
	if change != nil {
		change(&cfg, &timing)
	}
	if r.MQTT, err = NewMQTT(cfg); err != nil {
		t.Fatal(err)
	}
	r.timing = timing
	return r
}

func (r *mqttRun) begin(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	go func() {
		defer close(r.ended)
		if err := r.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(func() { r.stop(t) })
}

func (r *mqttRun) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	select {
	case <-r.ended:
	case <-time.After(mqttPatience):
		t.Fatal("Run does not end")
	}
}

func (r *mqttRun) awaitReplay(t *testing.T, n int64) {
	t.Helper()
	mqttEventually(t, fmt.Sprintf("replay %d\n%s", n, r.log), func() bool { return r.replays.Load() >= n })
}

type mqttLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *mqttLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *mqttLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// lines counts the lines at a level, or above debug when it is empty, that hold text.
func (l *mqttLog) lines(level, text string) int {
	n := 0
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) && strings.Contains(line, `"level":"`+level) && !strings.Contains(line, `"level":"debug"`) {
			n++
		}
	}
	return n
}

// mqttClient is somebody else on the broker.
func mqttClient(t *testing.T, address, id string) paho.Client {
	t.Helper()
	u, _ := url.Parse(address)
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + u.Host).SetClientID(id).SetAutoReconnect(false).SetProtocolVersion(4))
	mqttToken(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(250) })
	return c
}

func mqttToken(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(mqttPatience) || token.Error() != nil {
		t.Fatalf("mqtt client: %v", token.Error())
	}
}
