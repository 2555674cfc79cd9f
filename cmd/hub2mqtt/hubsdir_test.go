package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
)

// folder is a HUBS_DIR and what was made of it.
type folder struct {
	*hubsDir
	t    *testing.T
	did  []string
	fail error
	log  safeBuffer
}

func newFolder(t *testing.T) *folder {
	f := &folder{t: t}
	f.hubsDir = &hubsDir{
		dir: t.TempDir(), known: toyVendors(), taken: map[string]bool{"taken": true}, log: zerolog.New(&f.log),
		set: func(_ context.Context, h hubSetting) error {
			f.did = append(f.did, "set "+h.name+" "+h.env.vars["URL"])
			return f.fail
		},
		drop: func(_ context.Context, name string) { f.did = append(f.did, "drop "+name) },
		runs: map[string]fileSum{}, seen: map[string]fileSum{}, judged: map[string]fileSum{},
	}
	return f
}

func (f *folder) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) remove(name string) {
	f.t.Helper()
	if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
		f.t.Fatal(err)
	}
}

// expect looks so often and says what must have been done meanwhile.
func (f *folder) expect(looks int, want ...string) {
	f.t.Helper()
	f.did = nil
	for range looks {
		f.look(f.t.Context())
	}
	if !slices.Equal(f.did, want) {
		f.t.Errorf("want %q, got %q\n%s", want, f.did, f.log.String())
	}
}

const toyFile = "VENDOR=toy\nACCESS_TOKEN=canary-secret\nURL="

func TestHubsDir(t *testing.T) {
	f := newFolder(t)
	f.expect(2)
	f.write("cabin.env", toyFile+"http://one")
	f.write("notes.txt", "VENDOR=toy")
	f.write(".hidden.env", toyFile+"http://hidden")
	f.expect(1) // it may still be written
	f.expect(1, "set cabin http://one")
	f.expect(3)

	f.write("cabin.env", toyFile+"http://t")
	f.look(t.Context())
	f.write("cabin.env", toyFile+"http://two") // goes on being written
	f.expect(1)
	f.expect(2, "set cabin http://two")

	for name, text := range map[string]string{
		"faulty":           "VENDOR=toy\nURL=http://x\n",
		"without a vendor": "URL=http://x\nACCESS_TOKEN=canary-secret\n",
		"not a list":       "what is this, canary-secret\n",
	} {
		f.write("cabin.env", text)
		f.expect(5)
		if !strings.Contains(f.log.String(), "stays as it was") || strings.Contains(f.log.String(), "canary") {
			t.Errorf("%s: want a fault without secrets, got %s", name, f.log.String())
		}
	}
	f.write("cabin.env", toyFile+"http://two")
	f.expect(3) // as it runs
	f.write("taken.env", toyFile+"http://x")
	f.write("Bad.env", toyFile+"http://x")
	f.write("typo.env", toyFile+"http://x\nURLL=1\n")
	f.expect(3, "set typo http://x")
	if text := f.log.String(); !strings.Contains(text, "URLL") || !strings.Contains(text, "HUBS names a hub") || !strings.Contains(text, "lower-case") {
		t.Errorf("want the typo and both faults told, got %s", text)
	}

	kept := f.dir
	f.dir = filepath.Join(kept, "gone")
	f.expect(3) // an unmounted folder takes no hub away
	f.dir = kept
	f.remove("cabin.env")
	f.expect(1)
	f.expect(2, "drop cabin")
	f.write("cabin.env", toyFile+"http://two")
	f.fail = errors.New("it does not open")
	f.expect(4, "set cabin http://two") // once
	f.fail = nil
	f.write("cabin.env", toyFile+"http://three")
	f.expect(2, "set cabin http://three")
}

// retained is what the broker holds under a topic.
func retained(t *testing.T, broker, filter string) map[string]string {
	t.Helper()
	got := make(chan paho.Message, 4096)
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + broker).SetClientID(fmt.Sprint("look", time.Now().UnixNano())))
	if token := c.Connect(); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer c.Disconnect(50)
	c.Subscribe(filter, 0, func(_ paho.Client, m paho.Message) { got <- m }).WaitTimeout(5 * time.Second)
	out := map[string]string{}
	for {
		select {
		case m := <-got:
			if len(m.Payload()) > 0 {
				out[m.Topic()] = string(m.Payload())
			}
		case <-time.After(300 * time.Millisecond):
			return out
		}
	}
}

// Two accounts of one vendor, both in HUBS_DIR: one comes late, one goes, one has a
// file with faults at the next start; the others do not notice.
func TestHubsOfAFolderComeAndGo(t *testing.T) {
	t.Parallel()
	_, broker := spyBroker(t, "")
	dir, data := t.TempDir(), t.TempDir()
	file := func(name string, studio *aqaratest.Studio, url string) {
		pair := studio.Tokens()
		text := fmt.Sprintf("VENDOR=aqara\nURL=%s\nACCESS_TOKEN=%s\nREFRESH_TOKEN=%s\n", url, pair.Access, pair.Refresh)
		if err := os.WriteFile(filepath.Join(dir, name+".env"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flat, flatURL := studioServer(t, aqaratest.Options{})
	cabin, cabinURL := studioServer(t, aqaratest.Options{})
	env := []string{"HUBS_DIR=" + dir, "DATA_DIR=" + data, "HTTP_LISTEN=off", "MQTT_URL=mqtt://" + broker}
	file("flat", flat, flatURL)
	shows := func(hub string, want bool) func() bool {
		return func() bool {
			topics := retained(t, broker, "hub2mqtt/"+hub+"/#")
			return want && topics["hub2mqtt/"+hub+"/status"] == "online" && len(topics) > 10 || !want && len(topics) == 0
		}
	}
	daemon := spawn(t, env, "run")
	eventually(t, "the first hub", shows("flat", true))
	file("cabin", cabin, cabinURL)
	eventually(t, "the second hub", shows("cabin", true))
	if err := os.Remove(filepath.Join(dir, "flat.env")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first hub to leave", shows("flat", false))
	if !shows("cabin", true)() {
		t.Error("the other hub is gone too")
	}
	_ = daemon.cmd.Process.Signal(syscall.SIGTERM)
	if code := daemon.code(t); code != exitOK {
		t.Fatalf("exit code %d: %s", code, daemon.out.String())
	}

	if err := os.WriteFile(filepath.Join(dir, "cabin.env"), []byte("VENDOR=aqara\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := retained(t, broker, "homeassistant/#")
	daemon = spawn(t, env, "run")
	eventually(t, "the fault to be told", func() bool { return strings.Contains(daemon.out.String(), "has faults") })
	if now := retained(t, broker, "homeassistant/#"); len(now) < len(before) {
		t.Errorf("a fault in its file took a hub away: %d descriptions, before %d", len(now), len(before))
	}
	file("cabin", cabin, cabinURL)
	eventually(t, "the hub to work again", shows("cabin", true))
}
