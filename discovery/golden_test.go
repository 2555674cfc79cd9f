package discovery

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func (c testCase) lay() Layout {
	if c.layout != nil {
		return *c.layout
	}
	return testLayout
}

func (c testCase) messages(t *testing.T) (config Message, states []Message) {
	t.Helper()
	ms, err := c.lay().Announce(c.device, nil)
	if err != nil || len(ms) != 1 {
		t.Fatalf("Announce: %d messages, %v", len(ms), err)
	}
	return ms[0], c.lay().State(c.device, c.now, testSeen)
}

func TestGolden(t *testing.T) {
	for name, c := range testCases() {
		t.Run(name, func(t *testing.T) {
			config, states := c.messages(t)
			got := map[string][]byte{"config.json": dump(t, config)}
			got["state.json"] = dump(t, states...)
			blank := c.lay().State(c.device, nil, time.Time{})
			got["unknown.json"] = dump(t, blank...)
			compareGolden(t, filepath.Join("testdata", "cases", name), got)

			for _, m := range slices.Concat([]Message{config}, states, blank) {
				if err := Lint(m); err != nil {
					t.Errorf("Lint %s: %v", m.Topic, err)
				}
			}
			for _, m := range slices.Concat(states, blank) {
				if err := LintState(config, m); err != nil {
					t.Errorf("LintState %s: %v", m.Topic, err)
				}
			}
		})
	}
}

// dump shows messages for a reviewer.
func dump(t *testing.T, ms ...Message) []byte {
	t.Helper()
	type shown struct {
		Topic   string          `json:"topic"`
		Retain  bool            `json:"retain"`
		Payload json.RawMessage `json:"payload"`
	}
	var out bytes.Buffer
	for _, m := range ms {
		if !json.Valid(m.Payload) {
			t.Fatalf("%s: not JSON: %s", m.Topic, m.Payload)
		}
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(shown{m.Topic, m.Retain, m.Payload}); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func compareGolden(t *testing.T, dir string, got map[string][]byte) {
	t.Helper()
	for name, text := range got {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestHomeAssistantLint lets Home Assistant itself judge the golden payloads.
func TestHomeAssistantLint(t *testing.T) {
	lint := lintCommand(t)
	var configs, states bytes.Buffer
	cases := testCases()
	for i, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		if c.device.ID != HubID && c.device.ID != BridgeID {
			c.device.ID += "_" + strconv.Itoa(i) // unique ids are unique in the house
		}
		config, all := c.messages(t)
		all = append(all, c.lay().State(c.device, nil, time.Time{})...)
		for i := range c.device.Entities {
			e := &c.device.Entities[i]
			if ev, ok := e.Spec.(hubs.Event); ok {
				all = append(all, c.lay().Event(c.device, hubs.Happening{
					Entity: e.Key, Type: ev.Types[0], Data: map[string]hubs.Value{"n": hubs.Num(2)}, At: testSeen,
				}))
			}
		}
		linesFor(t, &configs, &states, config, all)
	}
	runLint(t, &configs, lint)
	runLint(t, &states, lint, "--state")
}

// lintCommand is the path of a command that reads messages, one a line, and answers
// with what Home Assistant would refuse.
func lintCommand(t *testing.T) string {
	t.Helper()
	lint := os.Getenv("HUB2MQTT_TEST_HA_LINT")
	if lint == "" {
		t.Skip("HUB2MQTT_TEST_HA_LINT names no lint command")
	}
	return lint
}

// linesFor writes the lint's input for one device.
func linesFor(t *testing.T, configs, states *bytes.Buffer, config Message, all []Message) {
	t.Helper()
	line(t, configs, map[string]any{"topic": config.Topic, "payload": json.RawMessage(config.Payload)})
	for _, m := range all {
		if !bytes.Contains(config.Payload, []byte(`topic":"`+m.Topic+`"`)) {
			continue // for people only
		}
		line(t, states, map[string]any{"discovery": json.RawMessage(config.Payload), "topic": m.Topic, "state": json.RawMessage(m.Payload)})
	}
}

func line(t *testing.T, to *bytes.Buffer, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	to.Write(append(text, '\n'))
}

func runLint(t *testing.T, in *bytes.Buffer, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = in
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("lint %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
