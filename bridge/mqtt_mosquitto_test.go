package bridge

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// mqttTestBrokers are those that tests run against: ours, and the one that most people have.
func mqttTestBrokers() map[string]func(*testing.T) mqttTestBroker {
	return map[string]func(*testing.T) mqttTestBroker{
		"embedded":  func(t *testing.T) mqttTestBroker { t.Helper(); return newMQTTEmbedded(t) },
		"mosquitto": func(t *testing.T) mqttTestBroker { t.Helper(); return newMosquitto(t, "") },
	}
}

type mosquitto struct {
	path, config, host string
	cmd                *exec.Cmd
}

func newMosquitto(t *testing.T, settings string) *mosquitto {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/mosquitto")
	}
	if err != nil {
		t.Skip("mosquitto is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	m := &mosquitto{path: path, config: filepath.Join(t.TempDir(), "mosquitto.conf"), host: "127.0.0.1:" + port}
	text := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n%s\n", port, settings)
	if os.Geteuid() == 0 {
		text += "user root\n" // else it cannot read its files
	}
	if err := os.WriteFile(m.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start(t)
	t.Cleanup(func() { m.stop(t) })
	return m
}

func (m *mosquitto) url() string { return "mqtt://" + m.host }

func (m *mosquitto) start(t *testing.T) {
	t.Helper()
	m.cmd = exec.Command(m.path, "-c", m.config)
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	mqttEventually(t, "mosquitto listens", func() bool {
		c, err := net.Dial("tcp", m.host)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

func (m *mosquitto) stop(t *testing.T) {
	t.Helper()
	if m.cmd == nil {
		return
	}
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
	m.cmd = nil
}

// retained asks as a client: all that the broker holds comes before the answer to a message of our own.
func (m *mosquitto) retained(t *testing.T, filter string) map[string]string {
	t.Helper()
	var mu sync.Mutex
	held := map[string]string{}
	done := make(chan struct{})
	c := mqttClient(t, m.url(), fmt.Sprintf("look-%p", &mu))
	defer c.Disconnect(250)
	mqttToken(t, c.SubscribeMultiple(map[string]byte{filter: 0}, func(_ paho.Client, msg paho.Message) {
		mu.Lock()
		defer mu.Unlock()
		if msg.Retained() {
			held[msg.Topic()] = string(msg.Payload())
		}
	}))
	mqttToken(t, c.Subscribe("look/done", 0, func(paho.Client, paho.Message) { close(done) }))
	mqttToken(t, c.Publish("look/done", 0, false, "x"))
	<-done
	mu.Lock()
	defer mu.Unlock()
	return held
}
