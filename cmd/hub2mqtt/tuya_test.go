package main

import (
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// cloudServer serves a simulated data centre for the length of a test.
func cloudServer(t *testing.T, opts tuyatest.Options) (*tuyatest.Cloud, string) {
	t.Helper()
	cloud := tuyatest.New(opts)
	srv := httptest.NewServer(cloud.Handler())
	t.Cleanup(func() { cloud.DropConsumers(0); srv.Close() })
	return cloud, srv.URL
}

// cloudEnv are the settings of a hub at a data centre.
func cloudEnv(prefix, url string, p tuyatest.Project, more ...string) []string {
	env := []string{"URL=" + url, "PUSH_URL=ws" + strings.TrimPrefix(url, "http"), "ACCESS_ID=" + p.AccessID, "ACCESS_SECRET=" + p.AccessSecret, "QUOTA=off"}
	env = append(env, more...)
	for i := range env {
		env[i] = prefix + env[i]
	}
	return env
}

// infoStates are all the states of a hub that were told after what was heard so far.
func (s *spy) infoStates(hub string, from int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^hub2mqtt/`+hub+`/info .*?"state":"(\w+)"`).FindAllStringSubmatch(s.heard.String()[from:], -1) {
		out = append(out, m[1])
	}
	return slices.Compact(out)
}

func (s *spy) length() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard.Len()
}

// Two accounts at two data centres, and beside the first one another project that sees
// one account only: what befalls one of them is none of the others' business.
func TestTuyaAccountsAndProjectsSideBySide(t *testing.T) {
	t.Parallel()
	spied, broker := spyBroker(t, "")
	first := tuyatest.Project{AccessID: tuyatest.AccessID, AccessSecret: tuyatest.AccessSecret, Linked: []string{tuyatest.DefaultUID}}
	second := tuyatest.Project{AccessID: "p9cabin4hub2mqtt7sim", AccessSecret: "0c9ab3d2487f96a0c4d17be83f255e1f"}
	other := tuyatest.Project{AccessID: "p9other4hub2mqtt7sim", AccessSecret: "9ab3d2487f96a0c4d17be83f255e1f0c", Linked: []string{tuyatest.GuestUID}}
	flat, flatURL := cloudServer(t, tuyatest.Options{Projects: []tuyatest.Project{first, other}})
	cabin, cabinURL := cloudServer(t, tuyatest.Options{Projects: []tuyatest.Project{second}})
	env := slices.Concat(
		[]string{"HUBS=flat:tuya,cabin:tuya,office:tuya", "DATA_DIR=" + t.TempDir(), "HTTP_LISTEN=off", "MQTT_URL=mqtt://" + broker},
		cloudEnv("FLAT_", flatURL, first, "POLL_INTERVAL=1s"), cloudEnv("CABIN_", cabinURL, second, "POLL_INTERVAL=1s"),
		cloudEnv("OFFICE_", flatURL, other, "POLL_INTERVAL=1s"),
	)
	daemon := spawn(t, env, "run")
	named := []string{"flat", "cabin", "office"}
	for _, hub := range named {
		eventually(t, hub+" shows its home", func() bool {
			topics := retained(t, broker, "hub2mqtt/"+hub+"/#")
			return topics["hub2mqtt/"+hub+"/status"] == "online" && topics["hub2mqtt/"+hub+"/"+tuyatest.Guest] != "" && strings.Contains(topics["hub2mqtt/"+hub+"/info"], `"state":"ok"`)
		})
	}
	for hub, want := range map[string]bool{"flat": true, "cabin": true, "office": false} {
		if _, got := retained(t, broker, "hub2mqtt/"+hub+"/#")["hub2mqtt/"+hub+"/"+tuyatest.Plug]; got != want {
			t.Errorf("%s shows the plug: want %v, got %v", hub, want, got)
		}
	}

	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + broker).SetClientID("somebody"))
	if tok := client.Connect(); !tok.WaitTimeout(5*time.Second) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	defer client.Disconnect(50)
	drives := func(hub, device, entity string, at, notAt *tuyatest.Cloud) {
		t.Helper()
		done, others := len(at.Executed()), len(notAt.Executed())
		client.Publish("hub2mqtt/"+hub+"/"+device+"/"+entity+"/set", 1, false, "TOGGLE").WaitTimeout(5 * time.Second)
		eventually(t, hub+" passes the command on", func() bool { return len(at.Executed()) > done })
		if x := at.Executed()[done]; x.Device != device || len(notAt.Executed()) != others {
			t.Errorf("%s: want %s driven at its own data centre alone, got %+v", hub, device, x)
		}
	}
	caller := func(cloud *tuyatest.Cloud) string {
		x := cloud.Executed()
		return cloud.Calls()[x[len(x)-1].Call].AccessID
	}
	works := func(but string) {
		t.Helper()
		for _, hub := range named {
			switch hub {
			case but:
			case "flat":
				drives(hub, tuyatest.Plug, "switch_1", flat, cabin)
				if got := caller(flat); got != first.AccessID {
					t.Errorf("flat drives with the key %s", got)
				}
			case "cabin":
				drives(hub, tuyatest.Plug, "switch_1", cabin, flat)
			case "office":
				drives(hub, tuyatest.Guest, "switch_led", flat, cabin)
				if got := caller(flat); got != other.AccessID {
					t.Errorf("office drives with the key %s", got)
				}
			}
		}
	}
	works("")

	for _, c := range []struct {
		name, hub, want string
		begin, end      func() error
	}{
		{
			"a spent quota", "cabin", "limited",
			func() error {
				cabin.Faults().Fail(fault.Fault{Kind: tuyatest.FailCode, Code: 28841004, Times: fault.Always})
				return nil
			},
			func() error { cabin.Faults().Heal(); return nil },
		},
		{
			"a plan that ended", "office", "misconfigured",
			func() error { return flat.Expire(other.AccessID, true) },
			func() error { return flat.Expire(other.AccessID, false) },
		},
	} {
		began := spied.length()
		if err := c.begin(); err != nil {
			t.Fatal(err)
		}
		eventually(t, c.name+": "+c.hub+" is "+c.want, func() bool { return slices.Contains(spied.infoStates(c.hub, began), c.want) })
		works(c.hub)
		for _, hub := range named {
			if states := spied.infoStates(hub, began); hub != c.hub && slices.ContainsFunc(states, func(s string) bool { return s != "ok" }) {
				t.Errorf("%s of %s: %s went through %v", c.name, c.hub, hub, states)
			}
		}
		if err := c.end(); err != nil {
			t.Fatal(err)
		}
	}
	if t.Failed() {
		t.Log(daemon.out.String())
	}
}
