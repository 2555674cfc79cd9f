package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// toySettings are a vendor's own settings.
type toySettings struct {
	URL         string      `split_words:"true"`
	AccessToken auth.Secret `split_words:"true"`
}

func toyVendors() []hubs.Vendor {
	return []hubs.Vendor{{
		Name:      "toy",
		Pace:      hubs.Pace{Inventory: time.Minute, Values: time.Minute, Reconcile: 10 * time.Minute},
		Variables: []string{"URL", "ACCESS_TOKEN"},
		Open: func(s hubs.Settings, _ hubs.Deps) (hubs.Hub, error) {
			var v toySettings
			faults := []error{s.Decode(&v)}
			if v.URL == "" {
				faults = append(faults, errors.New("URL: the address of the toy"))
			}
			if v.AccessToken == "" {
				faults = append(faults, errors.New("ACCESS_TOKEN: the token of the toy"))
			}
			return nil, errors.Join(faults...)
		},
	}}
}

func read(t *testing.T, env ...string) (*settings, error) {
	t.Helper()
	e, err := readEnviron("", env)
	if err != nil {
		t.Fatal(err)
	}
	return readSettings(e, toyVendors())
}

func TestGoodSettings(t *testing.T) {
	s, err := read(t, "HUBS=toy, my-cabin:toy", "TOY_URL=http://a", "TOY_ACCESS_TOKEN=secret-1",
		"MY_CABIN_URL=http://b", "MY_CABIN_ACCESS_TOKEN=secret-2", "MY_CABIN_POLL_INTERVAL=5s", "MY_CABIN_PUSH=off",
		"MQTT_URL=mqtts://broker:8883", "BASE_TOPIC=home/h2m", "DISCOVERY_PREFIX=off", "LOG_LEVEL=")
	if err != nil {
		t.Fatal(err)
	}
	type hub struct {
		Name, Prefix string
		Values       time.Duration
		Push         bool
	}
	var got []hub
	for _, h := range s.hubs {
		got = append(got, hub{h.name, h.prefix, h.pace.Values, h.push})
	}
	want := []hub{{"toy", "TOY_", time.Minute, true}, {"my-cabin", "MY_CABIN_", 5 * time.Second, false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hubs (-want +got)\n%s", diff)
	}
	if s.LogLevel != "info" || s.mqttURL.Host != "broker:8883" {
		t.Errorf("want defaults for what is set but empty, got level %q, broker %v", s.LogLevel, s.mqttURL)
	}
}

func TestEveryFaultIsListedAtOnce(t *testing.T) {
	_, err := read(t, "HUBS=toy,Bad:toy,status:toy,mqttx:toy,x:unknown,my-hub:toy,my_hub", "TOY_ACCESS_TOKEN=",
		"MQTT_URL=broker.lan:1883", "HTTP_LISTEN=0.0.0.0:8099", "BASE_TOPIC=a//b", "DISCOVERY_PREFIX=x y",
		"HA_STATUS_TOPIC=#", "LOG_LEVEL=loud", "LOG_FORMAT=xml", "PUBLIC_URL=nowhere", "STORE_URL=nats://x", "STORE_KEY=canary-key",
		"TOY_POLL_INTERVAL=10ms", "TOY_PUSH=pigeon", "TOY_OVERRIDES=x", "TOY_INCLUDE=[x",
		"TOY_EXCLUDE=fine,home:", "TOY_INVERT=door", "TOY_NEW_DEVICES=perhaps")
	if err == nil {
		t.Fatal("want faults")
	}
	for _, want := range []string{
		"TOY_URL:", "TOY_ACCESS_TOKEN:", `"Bad"`, `"status"`, `"mqttx"`, `"unknown"`, `"my_hub"`, "MQTT_URL:", "HTTP_LISTEN:",
		"BASE_TOPIC:", "DISCOVERY_PREFIX:", "HA_STATUS_TOPIC:", "LOG_LEVEL:", "LOG_FORMAT:", "PUBLIC_URL:", "STORE_URL:", "STORE_KEY:",
		"TOY_POLL_INTERVAL:", "TOY_PUSH:", "TOY_OVERRIDES:", "TOY_INCLUDE:", "TOY_EXCLUDE:",
		"TOY_INVERT:", "TOY_NEW_DEVICES:", "MY_HUB_URL:",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no fault names %s in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("a secret's value is printed:\n%v", err)
	}
}

func TestNoHubsIsAFault(t *testing.T) {
	if _, err := read(t); err == nil || !strings.Contains(err.Error(), "HUBS=") {
		t.Errorf("want a fault with an example, got %v", err)
	}
}

func TestListenersBeyondLoopbackNeedPasswords(t *testing.T) {
	base := []string{"HUBS=toy", "TOY_URL=http://a", "TOY_ACCESS_TOKEN=secret-1"}
	cases := []struct {
		name string
		env  []string
		ok   bool
	}{
		{"defaults", nil, true},
		{"broker open", []string{"MQTT_LISTEN=0.0.0.0:1883"}, false},
		{"broker open with a password", []string{"MQTT_LISTEN=:1883", "MQTT_USERNAME=u", "MQTT_PASSWORD=p"}, true},
		{"broker of somebody else", []string{"MQTT_LISTEN=0.0.0.0:1883", "MQTT_URL=mqtt://x"}, true},
		{"page open", []string{"HTTP_LISTEN=:8099"}, false},
		{"page open with a password", []string{"HTTP_LISTEN=:8099", "HTTP_PASSWORD=p"}, true},
		{"IPv6 loopback", []string{"HTTP_LISTEN=[::1]:8099"}, true},
		{"password in the address", []string{"MQTT_URL=mqtt://u:canary@x"}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(t, append(base, c.env...)...)
			if (err == nil) != c.ok {
				t.Errorf("want ok=%v, got %v", c.ok, err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("a secret is printed: %v", err)
			}
		})
	}
}

func TestTyposAreNoticed(t *testing.T) {
	s, err := read(t, "HUBS=toy", "TOY_URL=http://a", "TOY_ACCESS_TOKEN=secret-1", "TOY_ACESS_TOKEN=x", "MQTT_URI=y", "HTTP_PROXY=z",
		"PATH=/bin")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"MQTT_URI", "TOY_ACESS_TOKEN"}, s.warnings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "token")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("secret-1\r\n\n")
	e, err := readEnviron("", []string{"TOY_ACCESS_TOKEN_FILE=" + path, "TOY_URL=http://a"})
	if err != nil {
		t.Fatal(err)
	}
	h := hubSettings{e, "TOY_"}
	decode := func() (string, error) {
		var v toySettings
		err := h.Decode(&v)
		return v.AccessToken.Reveal(), err
	}
	if got, err := decode(); err != nil || got != "secret-1" {
		t.Fatalf("want the file's text without its line end, got %q, %v", got, err)
	}
	write("secret-2")
	if got, err := decode(); err != nil || got != "secret-2" {
		t.Fatalf("want the file read anew, got %q, %v", got, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got, err := decode(); err == nil || got != "secret-2" {
		t.Fatalf("want an error and the last text, got %q, %v", got, err)
	}
	if _, there := os.LookupEnv("TOY_ACCESS_TOKEN"); there {
		t.Error("the secret stayed in the process environment")
	}
}

func TestBothFormsAreAFault(t *testing.T) {
	_, err := read(t, "HUBS=toy", "TOY_URL=http://a", "TOY_ACCESS_TOKEN=canary-1", "TOY_ACCESS_TOKEN_FILE=/dev/null")
	if err == nil || !strings.Contains(err.Error(), "TOY_ACCESS_TOKEN_FILE") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}

func TestEnvFileIsBeatenByTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte("# mine\nBASE_TOPIC=file\nLOG_LEVEL=debug\nexport DATA_DIR='a b'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := readEnviron(path, []string{"BASE_TOPIC=process", "LOG_LEVEL="})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"BASE_TOPIC": "process", "LOG_LEVEL": "debug", "DATA_DIR": "a b"}
	if diff := cmp.Diff(want, e.vars); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := readEnviron(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a missing --env-file must be a fault")
	}
}

func TestUpperSnake(t *testing.T) {
	for in, want := range map[string]string{
		"URL": "URL", "AccessToken": "ACCESS_TOKEN", "APIKey": "API_KEY", "PollInterval": "POLL_INTERVAL", "UID": "UID",
	} {
		if got := upperSnake(in); got != want {
			t.Errorf("%s: want %s, got %s", in, want, got)
		}
	}
}

func TestQuotaIsCheckedAtStart(t *testing.T) {
	toy := []string{"HUBS=toy", "TOY_URL=http://a", "TOY_ACCESS_TOKEN=secret-1"}
	real := []string{"HUBS=aqara", "AQARA_URL=http://a", "AQARA_ACCESS_TOKEN=secret-1"}
	cases := []struct {
		name    string
		vendors []hubs.Vendor
		env     []string
		fault   string // empty: none
	}{
		{"counted", vendors(), append(real, "AQARA_QUOTA=1000/day"), ""},
		{"off", vendors(), append(real, "AQARA_QUOTA=off"), ""},
		{"nonsense", vendors(), append(real, "AQARA_QUOTA=lots"), "AQARA_QUOTA must be a number of calls per day or month, such as 1000/day"},
		{"a vendor that does not count", toyVendors(), append(toy, "TOY_QUOTA=1000/day"), "TOY_QUOTA: the calls to hubs of the vendor toy are not counted"},
		{"off where nothing counts", toyVendors(), append(toy, "TOY_QUOTA=off"), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e, err := readEnviron("", c.env)
			if err != nil {
				t.Fatal(err)
			}
			s, err := readSettings(e, c.vendors)
			if c.fault == "" && (err != nil || len(s.warnings) > 0) {
				t.Errorf("want no fault and no typo, got %v, %+v", err, s)
			}
			if c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("want %q, got %v", c.fault, err)
			}
		})
	}
}

func TestEnvFileFaultsTellTheLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no value":              {"A=1\n\n# note\nnonsense here\nB=2\n", "line 4"},
		"a quote without end":   {"A=1\nB='s3cr3t\nC=2\n", "line 2"},
		"after a long value":    {"A=\"one\ntwo\nthree\"\n\"s3cr3t\n", "line 4"},
		"in the very beginning": {"'s3cr3t", "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), ".env")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readEnviron(path, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("want %s and nothing of the text, got %v", c.want, err)
			}
		})
	}
}
