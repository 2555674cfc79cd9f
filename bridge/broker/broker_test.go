package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// start runs a broker for the test and returns it with the wait for its end.
func start(t *testing.T, cfg Config) *Broker {
	t.Helper()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	b, err := Listen(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- b.Run(context.WithoutCancel(t.Context())) }()
	t.Cleanup(func() {
		b.Close()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return b
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func connect(t *testing.T, b *Broker, id, username, password string) (paho.Client, error) {
	t.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker(b.URL()).SetClientID(id).SetProtocolVersion(4).
		SetUsername(username).SetPassword(password).SetAutoReconnect(false).SetConnectTimeout(patience))
	token := c.Connect()
	if !token.WaitTimeout(patience) {
		t.Fatal("no answer to CONNECT")
	}
	if token.Error() != nil {
		return nil, token.Error()
	}
	t.Cleanup(func() { c.Disconnect(250) })
	return c, nil
}

func TestPublishRetainSubscribe(t *testing.T) {
	b := start(t, Config{})
	c, err := connect(t, b, "a", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if token := c.Publish("home/lamp", 1, true, "ON"); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("publish: %v", token.Error())
	}
	if got := string(b.Retained("home/#")["home/lamp"]); got != "ON" {
		t.Errorf("retained = %q, want ON", got)
	}
	got := make(chan paho.Message, 1)
	if token := c.Subscribe("home/+", 1, func(_ paho.Client, m paho.Message) { got <- m }); !token.WaitTimeout(patience) {
		t.Fatal("subscribe")
	}
	select {
	case m := <-got:
		if string(m.Payload()) != "ON" || !m.Retained() {
			t.Errorf("got %q retained %v, want ON true", m.Payload(), m.Retained())
		}
	case <-time.After(patience):
		t.Fatal("no retained message")
	}
	if token := c.Publish("home/lamp", 1, true, ""); !token.WaitTimeout(patience) {
		t.Fatal("clear")
	}
	if held := b.Retained("#"); len(held) != 0 {
		t.Errorf("retained after clear = %v, want none ($SYS left out)", held)
	}
}

func TestCredentials(t *testing.T) {
	var log syncBuffer
	b := start(t, Config{Username: "u", Password: "*", Logger: zerolog.New(&log)})
	cases := map[string]struct {
		username, password string
		ok                 bool
	}{
		"right":                        {"u", "*", true},
		"nothing":                      {"", "", false},
		"wrong password":               {"u", "x", false},
		"a star is no wildcard":        {"u", "anything", false},
		"wrong user":                   {"v", "*", false},
		"password longer than the one": {"u", "**", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := connect(t, b, "c", tc.username, tc.password)
			if (err == nil) != tc.ok {
				t.Errorf("connect: %v, want ok %v", err, tc.ok)
			}
		})
	}
	if got := strings.Count(log.String(), "client refused"); got != 1 {
		t.Errorf("%d warnings of refused clients, want 1:\n%s", got, log.String())
	}
	if strings.Contains(log.String(), "anything") {
		t.Errorf("a password is in the log:\n%s", log.String())
	}
}

func TestListenRefuses(t *testing.T) {
	b := start(t, Config{})
	_, port, _ := net.SplitHostPort(b.Addr().String())
	cases := map[string]struct {
		cfg  Config
		want string
	}{
		"taken":                       {Config{Addr: b.Addr().String()}, "a broker already listens there: set MQTT_URL=mqtt://127.0.0.1:" + port},
		"taken on all":                {Config{Addr: ":" + port}, "a broker already listens there: set MQTT_URL=mqtt://127.0.0.1:" + port},
		"open to all":                 {Config{Addr: "0.0.0.0:0"}, "set MQTT_USERNAME and MQTT_PASSWORD"},
		"open to all, no host":        {Config{Addr: ":0"}, "set MQTT_USERNAME and MQTT_PASSWORD"},
		"open to all, only a user":    {Config{Addr: ":0", Username: "u"}, "together"},
		"loopback, only a password":   {Config{Addr: "127.0.0.1:0", Password: "p"}, "together"},
		"no port":                     {Config{Addr: "127.0.0.1"}, "missing port"},
		"an address of another place": {Config{Addr: "192.0.2.1:0", Username: "u", Password: "p"}, "192.0.2.1"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			b, err := Listen(t.Context(), tc.cfg)
			if err == nil {
				b.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q, want it to say %q", err, tc.want)
			}
			if strings.HasPrefix(name, "taken") && !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("error %v does not wrap EADDRINUSE", err)
			}
		})
	}
}

func TestListenBeyondLoopbackWithPassword(t *testing.T) {
	b, err := Listen(t.Context(), Config{Addr: "0.0.0.0:0", Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.URL(), "mqtt://127.0.0.1:") {
		t.Errorf("URL = %s", b.URL())
	}
	b.Close()
	b.Close()
	if err := b.Run(t.Context()); err != nil {
		t.Errorf("Run after Close: %v", err)
	}
}

// A message that is older than the server's default of a day must stay, one whose sender limited it must go.
func TestRetainedMessagesDoNotAge(t *testing.T) {
	b := start(t, Config{})
	if got := b.server.Options.Capabilities.MaximumMessageExpiryInterval; got != 0 {
		t.Errorf("MaximumMessageExpiryInterval = %d, want 0", got)
	}
	old := time.Now().Add(-400 * 24 * time.Hour).Unix()
	for topic, pk := range map[string]packets.Packet{
		"old/3": {ProtocolVersion: 4, Created: old},
		"old/5": {ProtocolVersion: 5, Created: old},
		"limit": {ProtocolVersion: 5, Created: old, Expiry: old + 60},
	} {
		pk.FixedHeader = packets.FixedHeader{Type: packets.Publish, Retain: true}
		pk.TopicName, pk.Payload = topic, []byte("x")
		b.server.Topics.RetainMessage(pk)
	}
	eventually(t, "the limited message is cleared", func() bool { return len(b.Retained("limit")) == 0 })
	if got := len(b.Retained("old/+")); got != 2 {
		t.Errorf("%d of 2 old messages left", got)
	}
}

func TestManyRetainedMessagesReachANewSubscriber(t *testing.T) {
	const topics = 40_000
	b := start(t, Config{})
	for i := range topics {
		if err := b.Publish(fmt.Sprintf("many/%d", i), []byte("value"), true); err != nil {
			t.Fatal(err)
		}
	}
	c, err := connect(t, b, "a", "", "")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	seen := map[string]bool{}
	token := c.Subscribe("many/#", 0, func(_ paho.Client, m paho.Message) {
		mu.Lock()
		seen[m.Topic()] = true
		mu.Unlock()
	})
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	eventually(t, "all retained messages", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == topics
	})
}

func TestWill(t *testing.T) {
	b := start(t, Config{})
	c := paho.NewClient(paho.NewClientOptions().AddBroker(b.URL()).SetClientID("w").SetAutoReconnect(false).
		SetBinaryWill("status", []byte("offline"), 1, true))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer c.Disconnect(100)
	if !slices.Contains(b.Clients(), "w") {
		t.Errorf("clients = %v, want w among them", b.Clients())
	}
	if !b.Kick("w") {
		t.Fatal("nobody to kick")
	}
	eventually(t, "the will", func() bool { return string(b.Retained("status")["status"]) == "offline" })
	if b.Kick("nobody") {
		t.Error("kicked nobody")
	}
}

// A connection that never says who it is, and a client that never reads, must not keep the broker from closing.
func TestCloseEndsEverything(t *testing.T) {
	b, err := Listen(t.Context(), Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()

	silent, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	deaf := dial5(t, b, "deaf")
	deaf.write(t, packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1,
		Filters: packets.Subscriptions{{Filter: "flood", Qos: 0}},
	})
	deaf.read(t)
	for range 400 {
		if err := b.Publish("flood", make([]byte, 64<<10), false); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("Run did not end")
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("closing took %v", took)
	}
	if _, err := io.Copy(io.Discard, silent); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
}

// client5 speaks MQTT 5 packet by packet.
type client5 struct {
	net.Conn

	in *mqtt.Client
}

func dial5(t *testing.T, b *Broker, id string) *client5 {
	t.Helper()
	socket, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	_ = socket.SetDeadline(time.Now().Add(patience))
	c := &client5{Conn: socket, in: mqtt.New(&mqtt.Options{Logger: newLog(zerolog.Nop())}).NewClient(socket, "", id, false)}
	c.in.Properties.ProtocolVersion = 5
	c.write(t, packets.Packet{
		FixedHeader:     packets.FixedHeader{Type: packets.Connect},
		ProtocolVersion: 5,
		Connect:         packets.ConnectParams{ProtocolName: []byte("MQTT"), Clean: true, Keepalive: 60, ClientIdentifier: id},
	})
	if pk := c.read(t); pk.FixedHeader.Type != packets.Connack || pk.ReasonCode != 0 {
		t.Fatalf("CONNACK: %+v", pk)
	}
	return c
}

func (c *client5) write(t *testing.T, pk packets.Packet) {
	t.Helper()
	pk.ProtocolVersion = 5
	var buf bytes.Buffer
	var err error
	switch pk.FixedHeader.Type {
	case packets.Connect:
		err = pk.ConnectEncode(&buf)
	case packets.Subscribe:
		err = pk.SubscribeEncode(&buf)
	case packets.Publish:
		err = pk.PublishEncode(&buf)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(buf.Bytes()); err != nil {
		t.Fatal(err)
	}
}

func (c *client5) read(t *testing.T) packets.Packet {
	t.Helper()
	var fh packets.FixedHeader
	if err := c.in.ReadFixedHeader(&fh); err != nil {
		t.Fatal(err)
	}
	pk, err := c.in.ReadPacket(&fh)
	if err != nil {
		t.Fatal(err)
	}
	return pk
}

// Home Assistant subscribes to one wildcard for each platform, each with an identifier, and sorts what comes by them.
func TestSubscriptionIdentifiers(t *testing.T) {
	b := start(t, Config{})
	if err := b.Publish("homeassistant/p7/x/config", []byte("before"), true); err != nil {
		t.Fatal(err)
	}
	c := dial5(t, b, "ha")
	for id := 1; id <= 66; id++ {
		c.write(t, packets.Packet{
			FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: uint16(id),
			Properties: packets.Properties{SubscriptionIdentifier: []int{id}},
			Filters:    packets.Subscriptions{{Filter: fmt.Sprintf("homeassistant/p%d/+/config", id), Identifier: id}},
		})
		if pk := c.read(t); pk.FixedHeader.Type != packets.Suback || pk.ReasonCodes[0] > 2 {
			t.Fatalf("SUBACK %d: %+v", id, pk)
		}
		if id != 7 {
			continue
		}
		pk := c.read(t)
		if got := pk.Properties.SubscriptionIdentifier; string(pk.Payload) != "before" || !slices.Equal(got, []int{7}) {
			t.Errorf("retained %q came with identifiers %v, want [7]", pk.Payload, got)
		}
	}
	c.write(t, packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 100,
		Properties: packets.Properties{SubscriptionIdentifier: []int{100}},
		Filters:    packets.Subscriptions{{Filter: "homeassistant/+/y/config", Identifier: 100}},
	})
	c.read(t)
	for _, tc := range []struct {
		topic string
		want  []int
	}{
		{"homeassistant/p9/y/config", []int{9, 100}},
		{"homeassistant/p9/x/config", []int{9}},
		{"homeassistant/other/y/config", []int{100}},
	} {
		if err := b.Publish(tc.topic, []byte("live"), false); err != nil {
			t.Fatal(err)
		}
		if pk := c.read(t); pk.TopicName != tc.topic || !slices.Equal(pk.Properties.SubscriptionIdentifier, tc.want) {
			t.Errorf("%s came as %s with identifiers %v, want %v", tc.topic, pk.TopicName, pk.Properties.SubscriptionIdentifier, tc.want)
		}
	}
}

// One client that does not read must not hold up those who publish to it.
func TestDeafSubscriberDoesNotBlockPublishers(t *testing.T) {
	b := start(t, Config{})
	deaf := dial5(t, b, "deaf")
	deaf.write(t, packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1,
		Filters: packets.Subscriptions{{Filter: "flood", Qos: 0}},
	})
	deaf.read(t)
	begin := time.Now()
	for range 1000 {
		if err := b.Publish("flood", make([]byte, 64<<10), false); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("publishing took %v", took)
	}
}

func TestLogKeepsPacketsOut(t *testing.T) {
	var out syncBuffer
	log := newLog(zerolog.New(&out)).With("listener", "tcp")
	log.Info("hidden")
	log.WithGroup("g").Warn("seen", "pk", "secret-1", "packet", "secret-2", "error", "e")
	if got := out.String(); strings.Contains(got, "secret") || strings.Contains(got, "hidden") || !strings.Contains(got, "seen") {
		t.Errorf("log = %s", got)
	}
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
