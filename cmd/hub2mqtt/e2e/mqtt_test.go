//go:build e2e

package e2e

import (
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// listener is a plain MQTT client that remembers everything.
type listener struct {
	client paho.Client
	mu     sync.Mutex
	last   map[string]string
	all    []heard
}

type heard struct {
	topic, payload string
	retained       bool
}

func listen(t *testing.T, broker string) *listener {
	t.Helper()
	return listenAs(t, broker, t.Name())
}

func listenAs(t *testing.T, broker, id string) *listener {
	t.Helper()
	l := &listener{last: map[string]string{}}
	l.client = paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + broker).SetClientID(id).
		SetProtocolVersion(4).SetAutoReconnect(false))
	if tok := l.client.Connect(); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
		t.Fatalf("listener: %v", tok.Error())
	}
	tok := l.client.Subscribe("#", 1, func(_ paho.Client, m paho.Message) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.last[m.Topic()] = string(m.Payload())
		l.all = append(l.all, heard{m.Topic(), string(m.Payload()), m.Retained()})
	})
	if !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
		t.Fatalf("listener: %v", tok.Error())
	}
	t.Cleanup(func() { l.client.Disconnect(100) })
	return l
}

func (l *listener) get(topic string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last[topic]
}

// under gives the last payloads of all topics with the prefix.
func (l *listener) under(prefix string) map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]string{}
	for k, v := range l.last {
		if strings.HasPrefix(k, prefix) && v != "" {
			out[k] = v
		}
	}
	return out
}

// since gives all messages on topic after the first n of all.
func (l *listener) since(n int, topic string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, m := range l.all[n:] {
		if m.topic == topic {
			out = append(out, m.payload)
		}
	}
	return out
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

func (l *listener) publish(t *testing.T, topic, payload string, retain bool) {
	t.Helper()
	if tok := l.client.Publish(topic, 1, retain, payload); !tok.WaitTimeout(5*time.Second) || tok.Error() != nil {
		t.Fatalf("publish %s: %v", topic, tok.Error())
	}
}
