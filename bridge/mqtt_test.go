package bridge

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
)

// The heart of it: whatever happens during an outage, and though the broker forgets everything, once the replay is done
// each topic has its last value.
func TestMQTTOutages(t *testing.T) {
	const topics, outages, changes = 500, 6, 20
	for name, open := range mqttTestBrokers() {
		t.Run(name, func(t *testing.T) {
			noMQTTLeak(t)
			b := open(t)
			m := startMQTT(t, b.url(), nil)
			m.awaitReplay(t, 1)
			want := map[string]string{}
			change := func(round, step int) {
				for i := range topics {
					topic, value := fmt.Sprintf("base/hub/%d", i), fmt.Sprintf("%d.%d.%d", round, step, i)
					m.Set(topic, []byte(value))
					want[topic] = value
				}
			}
			wrong, replays := 0, int64(1)
			for round := range outages {
				b.stop(t)
				for step := range changes {
					change(round, step)
				}
				b.start(t)
				replays++
				m.awaitReplay(t, replays)
				if diff := cmp.Diff(want, b.retained(t, "base/hub/#")); diff != "" {
					wrong++
					t.Errorf("round %d (-want +got):\n%.2000s", round, diff)
				}
				change(round, changes) // some are under way when the broker goes
			}
			if got := m.Counters().Reconnects.Load(); got != outages {
				t.Errorf("reconnects = %d, want %d", got, outages)
			}
		})
	}
}

// Cuts while values change, with a broker that remembers.
func TestMQTTCutsUnderLoad(t *testing.T) {
	const topics, writers, cuts = 200, 4, 30
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	m := startMQTT(t, b.url(), nil)
	m.awaitReplay(t, 1)
	done := make(chan struct{})
	var writing sync.WaitGroup
	last := make([]int, topics)
	for w := range writers {
		writing.Go(func() {
			for n := 0; ; n++ {
				for i := w; i < topics; i += writers {
					select {
					case <-done:
						return
					default:
					}
					last[i]++
					if last[i]%7 == 0 {
						m.Set(fmt.Sprintf("base/%d", i), nil)
					} else {
						m.Set(fmt.Sprintf("base/%d", i), []byte(strconv.Itoa(last[i])))
					}
				}
			}
		})
	}
	for cut := range cuts {
		mqttEventually(t, "somebody to cut off", func() bool { return b.Kick("hub2mqtt-test") })
		m.awaitReplay(t, m.replays.Load()+int64(cut%2)) // every other time in the middle of a replay
	}
	close(done)
	writing.Wait()
	want := map[string]string{"base/status": "online"}
	for i, n := range last {
		if n%7 != 0 {
			want[fmt.Sprintf("base/%d", i)] = strconv.Itoa(n)
		}
	}
	mqttEventually(t, "the last values", func() bool { return maps.Equal(b.retained(t, "base/+"), want) })
}

func TestMQTTEqualPayloadIsDropped(t *testing.T) {
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	m := startMQTT(t, b.url(), nil)
	m.awaitReplay(t, 1)
	for _, value := range []string{"1", "1", "1", "2", "2", "1"} {
		m.Set("base/a", []byte(value))
		mqttEventually(t, "value", func() bool { return b.retained(t, "base/a")["base/a"] == value })
	}
	if got := m.Counters().Published.Load(); got != 4 {
		t.Errorf("published = %d, want 4: online, 1, 2, 1", got)
	}
}

func TestMQTTReplayOrder(t *testing.T) {
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	var mu sync.Mutex
	var got []string
	b.stop(t)
	m := startMQTT(t, b.url(), nil)
	var want []string
	for i := range 300 {
		m.Set(fmt.Sprintf("base/%d", i), []byte("first"))
		want = append(want, fmt.Sprintf("base/%d", i))
	}
	for i := 299; i >= 0; i-- {
		m.Set(fmt.Sprintf("base/%d", i), []byte("second"))
	}
	if topics := slices.Collect(m.Topics); !slices.Equal(topics, want) {
		t.Errorf("Topics is not in the order of the first Set")
	}
	b.start(t)
	m.awaitReplay(t, 1)

	watch := mqttClient(t, b.url(), "watch")
	mqttToken(t, watch.Subscribe("base/#", 1, func(_ paho.Client, msg paho.Message) {
		mu.Lock()
		defer mu.Unlock()
		if !msg.Retained() && (len(got) > 0 || string(msg.Payload()) == "offline") { // the first online may still be on its way
			got = append(got, msg.Topic())
		}
	}))
	b.Kick("hub2mqtt-test")
	m.awaitReplay(t, 2)
	want = append(append([]string{"base/status"}, want...), "base/status") // the will, the replay, online
	mqttEventually(t, "all messages", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) >= len(want)
	})
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order of replay (-want +got):\n%s", diff)
	}
}

func TestMQTTCommands(t *testing.T) {
	const rounds, commands = 4, 1000
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	var mu sync.Mutex
	var got []string
	m := startMQTT(t, b.url(), func(c *MQTTConfig, _ *mqttTiming) {
		c.Subscriptions = []string{"base/+/set"}
		c.OnMessage = func(topic string, payload []byte, retained bool) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, fmt.Sprintf("%s %s %v", topic, payload, retained))
			if string(payload) == "13" {
				panic("a fault in the handler must not end the program")
			}
		}
	})
	for round := range rounds {
		m.awaitReplay(t, int64(round+1))
		sender := mqttClient(t, b.url(), "sender")
		var want []string
		for i := range commands {
			sender.Publish("base/lamp/set", 1, false, strconv.Itoa(i))
			want = append(want, fmt.Sprintf("base/lamp/set %d false", i))
		}
		mqttEventually(t, "all commands", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(got) >= commands
		})
		mu.Lock()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("round %d (-want +got):\n%.1000s", round, diff)
		}
		got = nil
		mu.Unlock()
		b.stop(t)
		b.start(t)
	}
	if got := m.log.lines("error", "message handler failed"); got != rounds {
		t.Errorf("%d panics logged, want %d", got, rounds)
	}
}

func TestMQTTSubscribeAtRunTime(t *testing.T) {
	noMQTTLeak(t)
	b := newMQTTEmbedded(t)
	var seen sync.Map
	m := startMQTT(t, b.url(), func(c *MQTTConfig, _ *mqttTiming) {
		c.OnMessage = func(topic string, payload []byte, retained bool) { seen.Store(topic+" "+string(payload), retained) }
	})
	m.awaitReplay(t, 1)
	arrives := func(topic, payload string) func() bool {
		return func() bool {
			_ = b.Publish(topic, []byte(payload), false) // again and again: the subscription may not stand yet
			_, ok := seen.Load(topic + " " + payload)
			return ok
		}
	}
	for i := range 20 {
		if err := m.Subscribe(fmt.Sprintf("base/%d/set", i)); err != nil {
			t.Fatal(err)
		}
	}
	mqttEventually(t, "command after Subscribe", arrives("base/19/set", "a"))
	m.Unsubscribe("base/19/set")
	m.Unsubscribe("base/never")
	b.stop(t)
	b.start(t)
	m.awaitReplay(t, 2)
	mqttEventually(t, "command after a restart", arrives("base/3/set", "b"))
	if arrives("base/19/set", "b")() {
		t.Error("a filter came back after Unsubscribe")
	}
	for _, bad := range []string{"", "a/#/b", "a+", "a\x00"} {
		if m.Subscribe(bad) == nil {
			t.Errorf("Subscribe(%q): no error", bad)
		}
	}
}
