//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a child that is ended with the test.
type process struct {
	cmd  *exec.Cmd
	out  *bufio.Reader
	log  *safeBuffer
	done chan struct{}
	err  error
}

// safeBuffer collects a child's output.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func start(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), log: &safeBuffer{}, done: make(chan struct{})}
	p.cmd.Env = append(slices.DeleteFunc(os.Environ(), ours), env...)
	p.cmd.Stderr = p.log
	r, w := io.Pipe()
	p.cmd.Stdout = w
	p.out = bufio.NewReader(r)
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		_ = w.Close()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.end(t, syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), tail(p.log.String(), 6000))
		}
	})
	return p
}

func ours(v string) bool {
	for _, p := range []string{"HUBS", "MQTT_", "AQARA_", "TUYA_", "BASE_", "DISCOVERY_", "HTTP_", "DATA_", "LOG_"} {
		if strings.HasPrefix(v, p) {
			return true
		}
	}
	return false
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// end sends sig and waits; a child that does not go is killed and the test fails.
func (p *process) end(t *testing.T, sig syscall.Signal) {
	t.Helper()
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
		t.Errorf("%s did not end within 20 s", filepath.Base(p.cmd.Path))
	}
}

// line reads the first line of the child's output, JSON, into v.
func (p *process) line(t *testing.T, v any) {
	t.Helper()
	raw, err := p.out.ReadBytes('\n')
	if err != nil {
		<-p.done
		t.Fatalf("%s ended without its line: %v\n%s", filepath.Base(p.cmd.Path), p.err, tail(p.log.String(), 3000))
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("%s: %v in %q", filepath.Base(p.cmd.Path), err, raw)
	}
	go func() { _, _ = io.Copy(io.Discard, p.out) }()
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// mosquitto starts a broker without a memory and returns its address.
func mosquitto(t *testing.T, port int) (string, *process) {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		if _, err := os.Stat("/usr/sbin/mosquitto"); err != nil {
			t.Skip("mosquitto is not installed")
		}
		path = "/usr/sbin/mosquitto"
	}
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	text := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\npersistence false\n", port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	p := start(t, nil, path, "-c", conf)
	waitFor(t, 10*time.Second, "mosquitto", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return addr, p
}

// waitFor polls a condition; what says what was waited for.
func waitFor(t *testing.T, most time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(most)
	for !ok() {
		select {
		case <-end:
			t.Fatalf("waited %s in vain: %s", most, what)
		case <-tick.C:
		}
	}
}

// simulator is the simulators' process.
type simulator struct {
	simulated
	*process
}

func startSimulator(t *testing.T, home string, more ...string) *simulator {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &simulator{process: start(t, append(more, simulatorEnv+"=home:"+home), self)}
	s.line(t, &s.simulated)
	return s
}

// get reads from the simulator's control surface.
func (s *simulator) get(t *testing.T, path string, into any) {
	t.Helper()
	resp, err := http.Get(s.Control + path) //nolint:forbidigo // a test on this machine
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// do acts on the simulator's control surface.
func (s *simulator) do(t *testing.T, path string, body any) {
	t.Helper()
	raw, _ := json.Marshal(body)
	resp, err := http.Post(s.Control+path, "application/json", bytes.NewReader(raw)) //nolint:forbidigo // a test on this machine
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: %s", path, text)
	}
}

// hub2mqtt starts the product against a broker and the simulator.
func hub2mqtt(t *testing.T, broker string, sim *simulator, dir string, more ...string) *process {
	t.Helper()
	env := []string{
		"HUBS=" + sim.Hub, "MQTT_URL=mqtt://" + broker, "DATA_DIR=" + dir, "HTTP_LISTEN=off", "LOG_LEVEL=debug",
	}
	switch sim.Hub {
	case "aqara":
		env = append(env, "AQARA_URL="+sim.URL, "AQARA_ACCESS_TOKEN="+sim.Access, "AQARA_REFRESH_TOKEN="+sim.Refresh, "AQARA_POLL_INTERVAL=1s")
	case "tuya":
		env = append(env, "TUYA_URL="+sim.URL, "TUYA_PUSH_URL="+strings.Replace(sim.URL, "http", "ws", 1),
			"TUYA_ACCESS_ID="+sim.Access, "TUYA_ACCESS_SECRET="+sim.Refresh, "TUYA_QUOTA=off", "TUYA_POLL_INTERVAL=2s")
	}
	return start(t, append(env, more...), binary, "run")
}
