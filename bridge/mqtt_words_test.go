package bridge

import (
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

func TestMQTTTombstones(t *testing.T) {
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	_ = b.Publish("homeassistant/old/config", []byte("of an earlier life"), true)
	m := startMQTT(t, b.url(), nil)
	m.awaitReplay(t, 1)
	for i := range 300 {
		m.Set(fmt.Sprintf("base/%d", i), []byte("x"))
	}
	mqttEventually(t, "values", func() bool { return len(b.retained(t, "base/+")) == 301 })
	for i := range 300 {
		m.Set(fmt.Sprintf("base/%d", i), nil)
	}
	m.Set("homeassistant/old/config", nil)
	mqttEventually(t, "all gone", func() bool { return len(b.retained(t, "#")) == 1 })
	mqttEventually(t, "all forgotten", func() bool {
		m.store.mu.Lock()
		defer m.store.mu.Unlock()
		return len(m.store.byName) == 0 && len(m.store.order) < 100
	})

	// One that comes while there is no connection is kept; one that was set again meanwhile is not one any more.
	_ = b.Publish("base/gone", []byte("x"), true)
	watch := mqttClient(t, b.url(), "watch")
	mqttToken(t, watch.Publish("base/back", 1, true, "x"))
	b.Kick("hub2mqtt-test")
	m.Set("base/gone", nil)
	m.Set("base/back", nil)
	m.Set("base/back", []byte("y"))
	m.awaitReplay(t, 2)
	mqttEventually(t, "tombstone after the outage", func() bool {
		return maps.Equal(b.retained(t, "base/+"), map[string]string{"base/status": "online", "base/back": "y"})
	})
}

func TestMQTTEventsAreNeverLate(t *testing.T) {
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	m := startMQTT(t, b.url(), nil)
	m.awaitReplay(t, 1)
	b.stop(t)
	mqttEventually(t, "connection lost", func() bool { return !m.Counters().Connected.Load() })
	for i := range 10 {
		m.Event("base/button", []byte(fmt.Sprintf("late %d", i)))
	}
	if got := m.Counters().Dropped.Load(); got != 10 {
		t.Errorf("dropped = %d, want 10", got)
	}
	b.start(t)
	m.awaitReplay(t, 2)
	var mu sync.Mutex
	var got, want []string
	watch := mqttClient(t, b.url(), "watch")
	mqttToken(t, watch.Subscribe("base/button", 1, func(_ paho.Client, msg paho.Message) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf("%s %v", msg.Payload(), msg.Retained()))
	}))
	for i := range 500 {
		m.Event("base/button", []byte(strconv.Itoa(i%3))) // equal ones are events, too
		want = append(want, fmt.Sprintf("%d false", i%3))
	}
	mqttEventually(t, "all events", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) >= len(want)
	})
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%.1000s", diff)
	}
	if held := b.retained(t, "base/button"); len(held) != 0 {
		t.Errorf("events were retained: %v", held)
	}
}

func TestMQTTOfflineAtTheEndAndWillWhenCut(t *testing.T) {
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	status := func() string { return b.retained(t, "base/status")["base/status"] }
	m := startMQTT(t, b.url(), func(_ *MQTTConfig, timing *mqttTiming) { timing.first, timing.longest = time.Minute, time.Minute })
	m.awaitReplay(t, 1)
	if got := status(); got != "online" {
		t.Errorf("status after replay = %q, want online", got)
	}
	b.Kick("hub2mqtt-test")
	mqttEventually(t, "the will", func() bool { return status() == "offline" })
	m.stop(t)

	m = startMQTT(t, b.url(), nil)
	m.awaitReplay(t, 1)
	m.Set("base/last", []byte("word"))
	m.Event("base/event", []byte("x"))
	m.stop(t)
	if got := b.retained(t, "base/+"); got["base/status"] != "offline" || got["base/last"] != "word" {
		t.Errorf("retained after a clean stop = %v, want offline, and what was set last", got)
	}
	if err := m.Run(t.Context()); err == nil {
		t.Error("a second Run: no error")
	}
}

func TestMQTTRepublish(t *testing.T) {
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	m := startMQTT(t, b.url(), nil)
	m.awaitReplay(t, 1)
	for i := range 50 {
		m.Set(fmt.Sprintf("base/%d/availability", i), []byte("online"))
		m.Set(fmt.Sprintf("base/%d", i), []byte("state"))
	}
	var mu sync.Mutex
	var got []string
	watch := mqttClient(t, b.url(), "watch")
	mqttToken(t, watch.Subscribe("base/#", 0, func(_ paho.Client, msg paho.Message) {
		mu.Lock()
		defer mu.Unlock()
		if !msg.Retained() {
			got = append(got, msg.Topic())
		}
	}))
	mqttEventually(t, "all set", func() bool { return len(b.retained(t, "base/#")) == 101 })
	m.Event("base/mark", nil)
	mqttEventually(t, "what was on its way", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Contains(got, "base/mark")
	})
	mu.Lock()
	got = nil
	mu.Unlock()
	isAvailability := func(topic string) bool { return strings.HasSuffix(topic, "/availability") }
	if n := m.Republish(isAvailability) + m.Republish(func(topic string) bool { return !isAvailability(topic) }); n != 100 {
		t.Errorf("Republish = %d topics, want 100", n)
	}
	m.Republish(isAvailability) // are under way already
	mqttEventually(t, "all again", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) >= 100
	})
	mu.Lock()
	defer mu.Unlock()
	if len(got) > 150 || slices.IndexFunc(got, isAvailability) > slices.IndexFunc(got, func(s string) bool { return !isAvailability(s) }) {
		t.Errorf("order: %v", got)
	}
}

func TestMQTTLongPayloads(t *testing.T) {
	for name, open := range mqttTestBrokers() {
		t.Run(name, func(t *testing.T) {
			noMQTTLeak(t)
			b := open(t)
			m := startMQTT(t, b.url(), nil)
			want := map[string]string{}
			for i := range 8 {
				topic := fmt.Sprintf("base/long/%d", i)
				want[topic] = strings.Repeat(string(rune('a'+i)), 1<<20)
				m.Set(topic, []byte(want[topic]))
			}
			mqttEventually(t, "long payloads", func() bool { return maps.Equal(b.retained(t, "base/long/#"), want) })
			if got := m.Counters().Reconnects.Load(); got != 0 {
				t.Errorf("reconnects = %d, want 0", got)
			}
		})
	}
}

func TestNewMQTTRefuses(t *testing.T) {
	good, _ := url.Parse("mqtt://localhost")
	bad, _ := url.Parse("http://localhost")
	for name, cfg := range map[string]MQTTConfig{
		"no address": {ClientID: "c"},
		"scheme":     {ClientID: "c", URL: bad},
		"no id":      {URL: good},
		"will":       {URL: good, ClientID: "c", Will: MQTTMessage{Topic: "a/#"}},
		"filter":     {URL: good, ClientID: "c", Subscriptions: []string{"#/a"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewMQTT(cfg); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestMQTTInvalidTopicsAreDropped(t *testing.T) {
	u, _ := url.Parse("mqtt://localhost")
	m, err := NewMQTT(MQTTConfig{URL: u, ClientID: "c", Logger: zerolog.New(io.Discard)})
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"", "a/+", "a/#", "a\x00", "\xff", strings.Repeat("a", 65536)} {
		m.Set(topic, []byte("x"))
		m.Event(topic, []byte("x"))
	}
	if got := m.Counters().Dropped.Load(); got != 12 {
		t.Errorf("dropped = %d, want 12", got)
	}
	if got := len(m.store.byName); got != 0 {
		t.Errorf("%d topics kept, want 0", got)
	}
}
