package tuyatest

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
)

type config struct {
	URL      string            `json:"url"`
	ClientID string            `json:"client_id"`
	Username string            `json:"username"`
	Password string            `json:"password"`
	Expire   int               `json:"expire_time"`
	Source   map[string]string `json:"source_topic"`
	Sink     map[string]string `json:"sink_topic"`
}

const hubPath = "/v1.0/iot-03/open-hub/access-config"

func linkBody(uid, link, version string) string {
	return string(mustJSON(map[string]string{
		"uid": uid, "link_id": link, "link_type": "mqtt", "topics": "device", "msg_encrypted_version": version,
	}))
}

func (b *bench) link(uid, link, version string) config {
	b.t.Helper()
	r := b.call("POST", hubPath, linkBody(uid, link, version))
	if !r.Success {
		b.t.Fatalf("want a config, got %s", r.body)
	}
	var out config
	r.into(b.t, &out)
	return out
}

func TestAccessConfig(t *testing.T) {
	b := newBench(t, Options{})
	got := b.link(DefaultUID, "one", "2.0")
	if got.URL != "ssl://m1.tuyaeu.com:8883" || got.Expire != 7200 || !strings.HasPrefix(got.ClientID, "cloud_") || len(got.Password) != 32 ||
		got.Source["device"] != "cloud/token/in/"+got.ClientID || got.Sink["device"] == "" {
		t.Errorf("want credentials for two hours, got %+v", got)
	}
	own := string(mustJSON(b.Pairs()[0].AccessID))
	for body, code := range map[string]int{
		linkBody(DefaultUID, "two", ""):                                                    0,
		linkBody(DefaultUID, "two", "1.0"):                                                 0,
		linkBody(DefaultUID, "two", "3.0"):                                                 codeIllegal,
		linkBody("nobody", "two", "2.0"):                                                   codePermission,
		linkBody("", "two", "2.0"):                                                         codeEmpty,
		linkBody(DefaultUID, "", "2.0"):                                                    codeEmpty,
		linkBody(b.login().UID, "two", ""):                                                 codePermission,
		strings.Replace(linkBody(DefaultUID, "two", "2.0"), `"mqtt"`, `"pigeon"`, 1):       codeIllegal,
		strings.Replace(linkBody(DefaultUID, "two", "2.0"), `"device"`, `"device,ipc"`, 1): codeIllegal,
		`[]`: codeIllegal,
		own:  codeIllegal,
	} {
		b.wants(code, "POST", hubPath, body)
	}
	b.wants(0, "POST", "/v1.0/open-hub/access/config", linkBody(DefaultUID, "two", "2.0"))
	open := newBench(t, Options{PushOptions: PushOptions{OpenHubOwnUser: true}})
	open.wants(0, "POST", hubPath, linkBody(open.login().UID, "two", "2.0"))
}

// letters collects what would go to a broker.
func (b *bench) letters() <-chan letter {
	out := make(chan letter, 64)
	b.Publish(func(topic string, payload []byte) error {
		out <- letter{topic, payload}
		return nil
	}, nil)
	return out
}

// read waits for a letter and opens it.
func (b *bench) read(in <-chan letter, c config, version string) (protocol int, inner map[string]any) {
	b.t.Helper()
	select {
	case l := <-in:
		if l.topic != c.Source["device"] {
			b.t.Fatalf("want topic %s, got %s", c.Source["device"], l.topic)
		}
		return openLetter(b.t, l.payload, c, version)
	case <-time.After(5 * time.Second):
		b.t.Fatal("want a message, got none")
		return 0, nil
	}
}

func openLetter(t *testing.T, payload []byte, c config, version string) (protocol int, inner map[string]any) {
	t.Helper()
	var outer struct {
		Protocol int             `json:"protocol"`
		T        json.RawMessage `json:"t"`
		Data     string          `json:"data"`
	}
	if err := json.Unmarshal(payload, &outer); err != nil {
		t.Fatal(err)
	}
	key := keyOf(c.Password)
	var plain []byte
	if version == "2.0" {
		plain = openGCM(t, key, outer.Data, 0, string(outer.T))
	} else {
		plain = openECB(t, key, outer.Data)
	}
	if err := json.Unmarshal(plain, &inner); err != nil {
		t.Fatal(err)
	}
	return outer.Protocol, inner
}

func TestOpenHubMessages(t *testing.T) {
	for _, version := range []string{"1.0", "2.0"} {
		bubble(t, Options{PushOptions: PushOptions{Family: FamilyLegacy}}, func(t *testing.T, b *bench) {
			in := b.letters()
			c := b.link(DefaultUID, "one", version)
			b.set(Door, "doorcontact_state", true)
			protocol, inner := b.read(in, c, version)
			if protocol != 4 || inner["devId"] != Door {
				t.Errorf("want a status report, got %d %v", protocol, inner)
			}
			if err := b.SetOnline(Door, false); err != nil {
				t.Fatal(err)
			}
			if protocol, inner = b.read(in, c, version); protocol != 20 || inner["bizCode"] != "offline" {
				t.Errorf("want an event, got %d %v", protocol, inner)
			}
		})
	}
}

// Credentials die after two hours, or once the same link_id got new ones; another
// link_id gets its own copy of everything.
func TestLinkLife(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		in := b.letters()
		one := b.link(DefaultUID, "one", "2.0")
		two := b.link(DefaultUID, "two", "2.0")
		if !b.AllowLink(one.ClientID, one.Username, one.Password) || b.AllowLink(one.ClientID, one.Username, two.Password) ||
			b.AllowLink(one.ClientID, two.Username, one.Password) || b.AllowLink("x", one.Username, one.Password) {
			t.Error("want each link let in with its own credentials alone")
		}
		b.set(Door, "doorcontact_state", true)
		got := map[string]bool{(<-in).topic: true, (<-in).topic: true}
		if diff := cmp.Diff(map[string]bool{one.Source["device"]: true, two.Source["device"]: true}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		again := b.link(DefaultUID, "one", "2.0")
		if b.AllowLink(one.ClientID, one.Username, one.Password) || !b.AllowLink(again.ClientID, again.Username, again.Password) {
			t.Error("want the older credentials of a link_id dead")
		}
		if n := b.Counters(); n.Links != 2 || n.LinksGiven != 3 {
			t.Errorf("want 2 links of 3, got %+v", n)
		}
		pass(2 * time.Hour)
		if b.AllowLink(again.ClientID, again.Username, again.Password) || b.Counters().Links != 0 {
			t.Error("want all credentials dead after two hours")
		}
		b.set(Door, "doorcontact_state", false)
		pass(time.Second)
		if len(in) != 0 {
			t.Error("want nothing published for dead links")
		}
	})
}

// A device that came after the link is announced, but not in its feed.
func TestLateDevice(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		in := b.letters()
		c := b.link(DefaultUID, "one", "2.0")
		d := device("bf99new00000000000000x", "Neu", "cz", "pid", "Plug", boolean(1, "switch_1", ReadWrite, false))
		if err := b.Add(d); err != nil {
			t.Fatal(err)
		}
		if _, inner := b.read(in, c, "2.0"); inner["bizCode"] != "deviceBindSpace" {
			t.Errorf("want the device announced, got %v", inner)
		}
		b.set(d.ID, "switch_1", true)
		pass(time.Second)
		if len(in) != 0 {
			t.Fatal("want no report before the link is renewed")
		}
		c = b.link(DefaultUID, "one", "2.0")
		b.set(d.ID, "switch_1", false)
		if _, inner := b.read(in, c, "2.0"); inner["bizCode"] != "devicePropertyMessage" {
			t.Errorf("want a report, got %v", inner)
		}
	})
}

func TestPublisherFails(t *testing.T) {
	bubble(t, Options{PushOptions: PushOptions{OpenHubUsername: "u", OpenHubPassword: AccessSecret}}, func(t *testing.T, b *bench) {
		b.Publish(func(string, []byte) error { return errors.New("gone") }, nil)
		c := b.link(DefaultUID, "one", "2.0")
		if c.Username != "u" || c.Password != AccessSecret {
			t.Errorf("want preset credentials, got %+v", c)
		}
		b.set(Door, "doorcontact_state", true)
		pass(time.Second)
		if n := b.Counters(); n.Published != 1 || n.PublishFailed != 1 {
			t.Errorf("want the failure counted, got %+v", n)
		}
		b.Mute(true)
		b.set(Door, "doorcontact_state", false)
		pass(time.Second)
		if n := b.Counters(); n.Published != 1 {
			t.Errorf("want nothing while mute, got %+v", n)
		}
	})
}

// The whole way over MQTT: credentials, subscription, a message, death of the link.
func TestBroker(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, Options{PushOptions: PushOptions{OpenHubURL: "tcp://" + l.Addr().String()}})
	broker, err := NewBroker(b.Cloud, l)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	}()
	c := b.link(DefaultUID, "one", "2.0")
	in := make(chan []byte, 8)
	lost := make(chan struct{})
	client := paho.NewClient(paho.NewClientOptions().AddBroker(c.URL).SetClientID(c.ClientID).SetUsername(c.Username).
		SetPassword(c.Password).SetAutoReconnect(false).SetConnectionLostHandler(func(paho.Client, error) { close(lost) }))
	done(t, client.Connect())
	defer client.Disconnect(0)
	done(t, client.Subscribe(c.Source["device"], 0, func(_ paho.Client, m paho.Message) { in <- m.Payload() }))
	stranger, _ := client.Subscribe("#", 0, nil).(*paho.SubscribeToken)
	done(t, stranger)
	if got := stranger.Result()["#"]; got != 0x80 {
		t.Errorf("want another topic refused, got %x", got)
	}
	b.set(Door, "doorcontact_state", true)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	select {
	case payload := <-in:
		if _, inner := openLetter(t, payload, c, "2.0"); inner["bizCode"] != "devicePropertyMessage" {
			t.Errorf("want the door, got %v", inner)
		}
	case <-ctx.Done():
		t.Fatal("want a message, got none")
	}
	b.DropLinks()
	select {
	case <-lost:
	case <-ctx.Done():
		t.Error("want the client disconnected once its link died")
	}
	again := paho.NewClient(paho.NewClientOptions().AddBroker(c.URL).SetClientID(c.ClientID).SetUsername(c.Username).
		SetPassword(c.Password).SetProtocolVersion(4))
	if token := again.Connect(); !token.WaitTimeout(5*time.Second) || token.Error() == nil {
		t.Errorf("want dead credentials refused, got %v", token.Error())
	}
}

func done(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatalf("MQTT: %v", token.Error())
	}
}
