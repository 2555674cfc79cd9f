//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// homeAssistant is a real one.
type homeAssistant struct {
	URL, Token, Log, Dir, Version string
	PID                           int
	*process
}

// startHA starts what HUB2MQTT_TEST_HA names, or skips.
func startHA(t *testing.T, broker string, more ...string) *homeAssistant {
	t.Helper()
	command := os.Getenv("HUB2MQTT_TEST_HA")
	if command == "" {
		t.Skip("HUB2MQTT_TEST_HA does not name a command that starts a Home Assistant")
	}
	ha := &homeAssistant{process: start(t, nil, command, append([]string{"--broker", broker}, more...)...)}
	raw, err := ha.out.ReadBytes('\n')
	if err != nil {
		<-ha.done
		if ee, ok := errors.AsType[*exec.ExitError](ha.err); ok && ee.ExitCode() == 3 {
			t.Skip("Home Assistant is not installed")
		}
		t.Fatalf("Home Assistant did not start: %v\n%s", ha.err, tail(ha.log.String(), 3000))
	}
	var line struct {
		URL, Token, Log, Dir, Version string
		PID                           int
	}
	if err := json.Unmarshal(raw, &line); err != nil {
		t.Fatal(err)
	}
	ha.URL, ha.Token, ha.Log, ha.Dir, ha.PID = line.URL, line.Token, line.Log, line.Dir, line.PID
	return ha
}

func (ha *homeAssistant) request(t *testing.T, method, path string, body any) (int, []byte) {
	t.Helper()
	raw, _ := json.Marshal(body)
	req, err := http.NewRequestWithContext(t.Context(), method, ha.URL+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+ha.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, answer
}

// entityState is what Home Assistant shows of an entity.
type entityState struct {
	EntityID   string         `json:"entity_id"`
	State      string         `json:"state"`
	Attributes map[string]any `json:"attributes"`
}

func (ha *homeAssistant) states(t *testing.T) map[string]entityState {
	t.Helper()
	_, raw := ha.request(t, http.MethodGet, "/api/states", nil)
	var list []entityState
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	out := map[string]entityState{}
	for _, s := range list {
		out[s.EntityID] = s
	}
	return out
}

// call runs one of Home Assistant's own services.
func (ha *homeAssistant) call(t *testing.T, domain, service string, data map[string]any) {
	t.Helper()
	code, raw := ha.request(t, http.MethodPost, "/api/services/"+domain+"/"+service, data)
	if code != http.StatusOK {
		t.Fatalf("%s.%s: %d %s", domain, service, code, raw)
	}
}

// cleanLog fails on any warning or error that concerns MQTT or templates, but for
// those that hold one of the texts.
func (ha *homeAssistant) cleanLog(t *testing.T, but ...string) {
	t.Helper()
	raw, err := os.ReadFile(ha.Log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		bad := strings.Contains(line, " WARNING ") || strings.Contains(line, " ERROR ")
		if strings.Contains(line, "mqtt.client] Error returned from MQTT server: The connection was lost") {
			continue // the test ended the broker
		}
		if slices.ContainsFunc(but, func(s string) bool { return strings.Contains(line, s) }) {
			continue
		}
		for _, part := range []string{"homeassistant.components.mqtt", "homeassistant.helpers.template", "homeassistant.core"} {
			if bad && strings.Contains(line, part) {
				t.Errorf("Home Assistant's log: %s", line)
			}
		}
	}
}

// registry lists Home Assistant's entities by unique id.
func (ha *homeAssistant) registry(t *testing.T) map[string]registryEntry {
	t.Helper()
	var list []registryEntry
	ha.ask(t, map[string]any{"type": "config/entity_registry/list"}, &list)
	out := map[string]registryEntry{}
	for _, e := range list {
		if e.Platform == "mqtt" {
			out[e.UniqueID] = e
		}
	}
	return out
}

type registryEntry struct {
	EntityID       string `json:"entity_id"`
	UniqueID       string `json:"unique_id"`
	Platform       string `json:"platform"`
	EntityCategory string `json:"entity_category"`
	DisabledBy     string `json:"disabled_by"`
	DeviceID       string `json:"device_id"`
}

// ask sends one command over Home Assistant's WebSocket.
func (ha *homeAssistant) ask(t *testing.T, command map[string]any, into any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := ha.dial(ctx, t)
	defer func() { _ = c.CloseNow() }()
	command["id"] = 1
	if err := wsjson.Write(ctx, c, command); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Success bool
		Result  json.RawMessage
		Error   any
	}
	if err := wsjson.Read(ctx, c, &answer); err != nil {
		t.Fatal(err)
	}
	if !answer.Success {
		t.Fatalf("%v: %v", command, answer.Error)
	}
	if err := json.Unmarshal(answer.Result, into); err != nil {
		t.Fatal(err)
	}
}

func (ha *homeAssistant) dial(ctx context.Context, t *testing.T) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial( //nolint:bodyclose // it says that the body need not be closed
		ctx, strings.Replace(ha.URL, "http", "ws", 1)+"/api/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(64 << 20)
	var hello map[string]any
	err = errors.Join(wsjson.Read(ctx, c, &hello),
		wsjson.Write(ctx, c, map[string]any{"type": "auth", "access_token": ha.Token}),
		wsjson.Read(ctx, c, &hello))
	if err != nil || hello["type"] != "auth_ok" {
		t.Fatalf("Home Assistant's WebSocket: %v %v", err, hello)
	}
	return c
}

// changes records every change of state of MQTT entities, until the test ends.
type changes struct {
	mu   sync.Mutex
	list []stateChange
}

type stateChange struct{ entity, from, to string }

func (ha *homeAssistant) watch(t *testing.T) *changes {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := ha.dial(ctx, t)
	if err := wsjson.Write(ctx, c, map[string]any{"id": 1, "type": "subscribe_events", "event_type": "state_changed"}); err != nil {
		t.Fatal(err)
	}
	rec := &changes{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			var m struct {
				Event struct {
					Data struct {
						EntityID string       `json:"entity_id"`
						Old      *entityState `json:"old_state"`
						New      *entityState `json:"new_state"`
					}
				}
			}
			if wsjson.Read(ctx, c, &m) != nil {
				return
			}
			d := m.Event.Data
			if d.New == nil || d.Old == nil {
				continue
			}
			rec.mu.Lock()
			rec.list = append(rec.list, stateChange{d.EntityID, d.Old.State, d.New.State})
			rec.mu.Unlock()
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return rec
}

func (c *changes) of() map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string][]string{}
	for _, s := range c.list {
		out[s.entity] = append(out[s.entity], s.to)
	}
	return out
}
