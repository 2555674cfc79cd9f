package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

func TestMQTTStopWithoutBroker(t *testing.T) {
	noMQTTLeak(t)
	free := mqttSocket(t)
	address := free.Addr().String()
	_ = free.Close()
	m := startMQTT(t, "mqtt://"+address, func(_ *MQTTConfig, timing *mqttTiming) { *timing = defaultMQTTTiming() })
	m.Set("base/a", []byte("x"))
	mqttEventually(t, "an attempt", func() bool { return m.log.lines("warn", "nothing listens") == 1 })
	begin := time.Now()
	m.stop(t)
	if took := time.Since(begin); took > 300*time.Millisecond {
		t.Errorf("stopping took %v", took)
	}
}

// A broker that takes the connection and never says a word, in the ways that this can happen.
func TestMQTTSilentBroker(t *testing.T) {
	for _, scheme := range []string{"mqtt", "mqtts", "ws", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			noMQTTLeak(t)
			l := mqttSocket(t)
			var taken atomic.Int64
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					taken.Add(1)
					defer func() { _ = c.Close() }()
				}
			}()
			defer func() { _ = l.Close(); <-done }()
			m := startMQTT(t, scheme+"://"+l.Addr().String(), func(_ *MQTTConfig, timing *mqttTiming) { timing.connect = 50 * time.Millisecond })
			mqttEventually(t, "attempts are given up", func() bool { return taken.Load() >= 3 })
			mqttEventually(t, "plain words", func() bool { return strings.Contains(m.Problem(), "does not answer within 50ms") })
			if got := m.log.lines("", "cannot connect"); got != 1 {
				t.Errorf("logged %d times, want once:\n%s", got, m.log)
			}
			m.stop(t)

			m = startMQTT(t, scheme+"://"+l.Addr().String(), nil)
			before := taken.Load()
			mqttEventually(t, "an attempt under way", func() bool { return taken.Load() > before })
			begin := time.Now()
			m.stop(t)
			if took := time.Since(begin); took > time.Second {
				t.Errorf("stopping in the middle of an attempt took %v", took)
			}
		})
	}
}

// One that lets us in and then does not read any more.
func TestMQTTStopWhileBrokerIsDeaf(t *testing.T) {
	noMQTTLeak(t)
	l := mqttSocket(t)
	done := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = c.Read(make([]byte, 512))
		_, _ = c.Write([]byte{0x20, 2, 0, 0})
		<-stop
	}()
	defer func() { close(stop); <-done }()
	m := startMQTT(t, "mqtt://"+l.Addr().String(), nil)
	for i := range 64 {
		m.Set(fmt.Sprintf("base/%d", i), make([]byte, 1<<20))
	}
	mqttEventually(t, "connection", func() bool { return m.Counters().Connected.Load() })
	begin := time.Now()
	m.stop(t)
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

// One that takes everything and confirms nothing is given up after a while, not after the keep-alive.
func TestMQTTBrokerConfirmsNothing(t *testing.T) {
	noMQTTLeak(t)
	l := mqttSocket(t)
	var taken atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			taken.Add(1)
			_, _ = c.Write([]byte{0x20, 2, 0, 0})
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	defer func() { _ = l.Close(); <-done }()
	m := startMQTT(t, "mqtt://"+l.Addr().String(), func(_ *MQTTConfig, timing *mqttTiming) { timing.ack = 20 * time.Millisecond })
	begin := time.Now()
	mqttEventually(t, "several connections", func() bool { return taken.Load() >= 4 })
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if m.replays.Load() != 0 {
		t.Error("a replay that was not confirmed counts as done")
	}
	m.stop(t)
}

func TestMQTTCredentialsAreReadAgain(t *testing.T) {
	noMQTTLeak(t)
	rules := &mqttRules{password: "second"}
	l := mqttSocket(t)
	s := newMochi(t, rules, &mqttListener{Listener: l})
	var asked atomic.Int64
	var password atomic.Value
	password.Store("first")
	m := startMQTT(t, "mqtt://"+l.Addr().String(), func(c *MQTTConfig, _ *mqttTiming) {
		c.Credentials = func() (MQTTCredentials, error) {
			if asked.Add(1) == 1 {
				return MQTTCredentials{}, errors.New("open /run/secrets/mqtt: no such file")
			}
			return MQTTCredentials{Username: "u", Password: password.Load().(string)}, nil
		}
	})
	mqttEventually(t, "several attempts", func() bool { return asked.Load() >= 5 })
	if got := m.Problem(); !strings.Contains(got, "refuses the user name or the password") {
		t.Errorf("Problem = %q", got)
	}
	if got := m.log.lines("error", "refuses the user name"); got != 1 {
		t.Errorf("the wrong password was reported %d times, want once:\n%s", got, m.log)
	}
	if got := m.log.lines("error", "no such file"); got != 1 {
		t.Errorf("the missing file was reported %d times, want once:\n%s", got, m.log)
	}
	if got := rules.old.Load(); got != 0 {
		t.Errorf("%d attempts in an older protocol, want 0", got)
	}
	password.Store("second")
	m.awaitReplay(t, 1)
	if m.Problem() != "" || m.log.lines("info", "connected to the broker") != 1 {
		t.Errorf("the end of the trouble was not reported:\n%s", m.log)
	}
	before := asked.Load()
	c, _ := s.Clients.Get("hub2mqtt-test")
	_ = c.Net.Conn.Close()
	m.awaitReplay(t, 2)
	if asked.Load() <= before {
		t.Error("credentials were not read again")
	}
	if strings.Contains(m.log.String(), "first") || strings.Contains(m.log.String(), "second") {
		t.Errorf("a password is in the log:\n%s", m.log)
	}
}

func TestMQTTCredentialsInTheURL(t *testing.T) {
	noMQTTLeak(t)
	l := mqttSocket(t)
	newMochi(t, &mqttRules{password: "p%a"}, &mqttListener{Listener: l})
	m := startMQTT(t, "mqtt://u:p%25a@"+l.Addr().String(), nil)
	m.awaitReplay(t, 1)
	if strings.Contains(m.log.String(), "p%") {
		t.Errorf("the password is in the log:\n%s", m.log)
	}
}

func TestMQTTSubscriptionRefused(t *testing.T) {
	noMQTTLeak(t)
	rules := &mqttRules{deny: "secret"}
	l := mqttSocket(t)
	s := newMochi(t, rules, &mqttListener{Listener: l})
	m := startMQTT(t, "mqtt://"+l.Addr().String(), func(c *MQTTConfig, _ *mqttTiming) {
		c.Subscriptions = []string{"base/+/set", "secret/+/set"}
	})
	again := func(n int64) {
		c, _ := s.Clients.Get("hub2mqtt-test")
		_ = c.Net.Conn.Close()
		m.awaitReplay(t, n)
	}
	m.awaitReplay(t, 1)
	again(2)
	if got := m.log.lines("error", "secret/+/set"); got != 1 || m.log.lines("error", "base/+/set") != 0 {
		t.Errorf("the refusal was reported %d times, want once:\n%s", got, m.log)
	}
	rules.mu.Lock()
	rules.deny = ""
	rules.mu.Unlock()
	again(3)
	if got := m.log.lines("info", "secret/+/set"); got != 1 {
		t.Errorf("the end of the refusal was reported %d times, want once:\n%s", got, m.log)
	}
}

// One message that the broker answers by hanging up must not keep all others from it.
func TestMQTTPoison(t *testing.T) {
	noMQTTLeak(t)
	rules := &mqttRules{poison: func(pk packets.Packet) bool { return len(pk.Payload) > 1000 }}
	l := mqttSocket(t)
	s := newMochi(t, rules, &mqttListener{Listener: l})
	held := func(topic string) string {
		pk, _ := s.Topics.Retained.Get(topic)
		return string(pk.Payload)
	}
	m := prepareMQTT(t, "mqtt://"+l.Addr().String(), nil)
	for i := range 400 {
		payload := fmt.Sprint(i)
		if i == 200 {
			payload = strings.Repeat("x", 1001)
		}
		m.Set(fmt.Sprintf("base/%d", i), []byte(payload))
	}
	m.begin(t)
	m.awaitReplay(t, 1)
	for i := range 400 {
		if i != 200 && held(fmt.Sprintf("base/%d", i)) != fmt.Sprint(i) {
			t.Errorf("base/%d = %q", i, held(fmt.Sprintf("base/%d", i)))
		}
	}
	if got := rules.drops.Load(); got > mqttStrikes+1 {
		t.Errorf("%d connections lost, want at most %d", got, mqttStrikes+1)
	}
	if got := m.log.lines("error", `"topic":"base/200","bytes":1001`); got != 1 {
		t.Errorf("reported %d times, want once:\n%s", got, m.log)
	}
	if m.log.lines("", "another client") != 0 {
		t.Errorf("blames another client:\n%s", m.log)
	}

	// Longer ones of the topic are not even tried; a short one is, and then all is well again.
	drops := rules.drops.Load()
	m.Set("base/200", []byte(strings.Repeat("y", 2000)))
	m.Set("base/0", []byte("after"))
	mqttEventually(t, "others go on", func() bool { return held("base/0") == "after" })
	if got := rules.drops.Load(); got != drops {
		t.Errorf("a longer payload cost %d connections", got-drops)
	}
	m.Set("base/200", []byte("short"))
	mqttEventually(t, "the short one", func() bool { return held("base/200") == "short" })

	// A poison that comes later is found, too.
	m.Set("base/1", []byte(strings.Repeat("z", 5000)))
	mqttEventually(t, "the second one is left out", func() bool { return m.log.lines("error", `"topic":"base/1"`) == 1 })
	m.Set("base/2", []byte("at last"))
	mqttEventually(t, "others go on", func() bool { return held("base/2") == "at last" && held("base/status") == "online" })
}

func TestMQTTPoisonTombstone(t *testing.T) {
	noMQTTLeak(t)
	rules := &mqttRules{poison: func(pk packets.Packet) bool { return pk.TopicName == "forbidden" }}
	l := mqttSocket(t)
	newMochi(t, rules, &mqttListener{Listener: l})
	m := prepareMQTT(t, "mqtt://"+l.Addr().String(), nil)
	m.Set("forbidden", nil)
	m.begin(t)
	m.awaitReplay(t, 1)
	if got := m.log.lines("error", "forbidden"); got != 1 {
		t.Errorf("reported %d times, want once:\n%s", got, m.log)
	}
}

func TestMQTTTwoOfOneClientID(t *testing.T) {
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	one := startMQTT(t, b.url(), nil)
	two := startMQTT(t, b.url(), nil)
	const text = `another client uses the client id \"hub2mqtt-test\"`
	mqttEventually(t, "it is noticed", func() bool { return one.log.lines("error", text) > 0 && two.log.lines("error", text) > 0 })
	if !strings.Contains(one.Problem(), "another client") {
		t.Errorf("Problem = %q", one.Problem())
	}
	replays := one.replays.Load()
	one.awaitReplay(t, replays+5)
	if got := one.log.lines("error", text); got != 1 {
		t.Errorf("reported %d times, want once", got)
	}
	if got := one.log.lines("", ""); got > 8 {
		t.Errorf("%d lines in the log:\n%s", got, one.log)
	}
	two.stop(t)
}

func TestMQTTWebSocket(t *testing.T) {
	noMQTTLeak(t)
	free := mqttSocket(t)
	address := free.Addr().String()
	_ = free.Close()
	s := newMochi(t, &mqttRules{}, listeners.NewWebsocket(listeners.Config{ID: "ws", Address: address}))
	m := startMQTT(t, "ws://"+address, nil)
	m.awaitReplay(t, 1)
	want := strings.Repeat("long", 100_000)
	m.Set("base/a", []byte(want))
	mqttEventually(t, "value", func() bool { pk, _ := s.Topics.Retained.Get("base/a"); return string(pk.Payload) == want })
	if got := m.Counters().Reconnects.Load(); got != 0 {
		t.Errorf("reconnects = %d", got)
	}
	m.stop(t)
	if pk, _ := s.Topics.Retained.Get("base/status"); string(pk.Payload) != "offline" {
		t.Errorf("status = %q, want offline", pk.Payload)
	}
}

func TestMQTTCheck(t *testing.T) {
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	check := func(address string) error {
		u, _ := url.Parse(address)
		m, err := NewMQTT(MQTTConfig{URL: u, ClientID: "check", Will: MQTTMessage{"base/status", []byte("offline")}})
		if err != nil {
			t.Fatal(err)
		}
		return m.Check(context.WithoutCancel(t.Context()))
	}
	if err := check(b.url()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if held := b.retained(t, "#"); len(held) != 0 {
		t.Errorf("Check published: %v", held)
	}
	l := mqttSocket(t)
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			_, _ = io.CopyN(io.Discard, c, 10)
			_ = c.Close()
		}
	}()
	if err := check("mqtt://" + l.Addr().String()); err == nil || !strings.Contains(err.Error(), "closes the connection before it lets us in") {
		t.Errorf("Check: %v", err)
	}
	_ = l.Close()
	b.stop(t)
	if err := check(b.url()); err == nil || !strings.Contains(err.Error(), "nothing listens") {
		t.Errorf("Check: %v", err)
	}
}
