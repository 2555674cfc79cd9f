package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// canary is the value of a secret setting, made to change under every encoding.
// A token is short enough to be quoted as a word.
func canary(name string) string {
	if name == "STORE_KEY" { // which must be long
		return canary("KEY") + canary("STORE")
	}
	return `Cn"ry\+/=&` + strings.ToLower(name) + `<9>`
}

// ownSecrets are the bridge's secret settings, found by their type. One that this
// version refuses to take is looked for in the refusal.
func ownSecrets() (taken, refused []string) {
	for f := range reflect.TypeFor[variables]().Fields() {
		if f.Type != reflect.TypeFor[auth.Secret]() {
			continue
		}
		name := f.Tag.Get("envconfig")
		s, err := readEnviron("", []string{name + "=" + canary(name)})
		if err == nil {
			_, err = readSettings(s, vendors())
		}
		if err != nil && strings.Contains(err.Error(), name) {
			refused = append(refused, name)
			continue
		}
		taken = append(taken, name)
	}
	return taken, refused
}

// secretEnv are settings with a canary in every secret, the hub's included.
func secretEnv(v hubs.Vendor) (env, canaries []string) {
	taken, _ := ownSecrets()
	for _, name := range taken {
		env, canaries = append(env, name+"="+canary(name)), append(canaries, canary(name))
	}
	prefix := strings.ToUpper(v.Name) + "_"
	for _, name := range v.Secrets {
		env, canaries = append(env, prefix+name+"="+canary(name)), append(canaries, canary(name))
	}
	return append(env, "HUBS="+v.Name), canaries
}

// evidence is all that came out anywhere.
type evidence struct {
	t       *testing.T
	mu      sync.Mutex
	said    map[string]*bytes.Buffer
	secrets []string
}

func newEvidence(t *testing.T, secrets []string) *evidence {
	t.Helper()
	e := &evidence{t: t, said: map[string]*bytes.Buffer{}, secrets: slices.Clone(secrets)}
	t.Cleanup(e.judge)
	return e
}

// from collects what is written under a name.
func (e *evidence) from(where string) io.Writer { return &witness{e, where} }

type witness struct {
	e     *evidence
	where string
}

func (w *witness) Write(b []byte) (int, error) {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	if w.e.said[w.where] == nil {
		w.e.said[w.where] = &bytes.Buffer{}
	}
	return w.e.said[w.where].Write(b)
}

func (e *evidence) text(where string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b := e.said[where]; b != nil {
		return b.String()
	}
	return ""
}

func (e *evidence) secret(more ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secrets = append(e.secrets, more...)
}

func (e *evidence) judge() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for where, b := range e.said {
		for line := range strings.SplitSeq(b.String(), "\n") {
			if err := hubtest.FindSecret(line, e.secrets); err != nil {
				e.t.Errorf("%s: %v:\n%.600s", where, err, line)
				break
			}
		}
	}
}

// running is the bridge with all its parts, in this process.
type running struct {
	t      *testing.T
	e      *evidence
	env    []string
	client paho.Client
	mqtt   string
	web    string
	end    func() int
}

// start runs the bridge on a broker of its own, and listens to everything it publishes.
func start(t *testing.T, e *evidence, env []string) *running {
	t.Helper()
	r := &running{t: t, e: e, mqtt: deadAddress(t), web: deadAddress(t)}
	r.env = append(slices.Clone(env), "DATA_DIR="+t.TempDir(), "LOG_LEVEL=trace", "MQTT_LISTEN="+r.mqtt, "MQTT_USERNAME=somebody", "HTTP_LISTEN="+r.web)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan int, 1)
	go func() {
		done <- program{env: r.env, stdout: e.from("stdout"), stderr: e.from("log")}.run(ctx, []string{"run"})
	}()
	r.end = sync.OnceValue(func() int {
		if r.client != nil {
			r.client.Disconnect(50)
		}
		cancel()
		return <-done
	})
	t.Cleanup(func() { r.end() })
	o := paho.NewClientOptions().AddBroker("tcp://" + r.mqtt).SetClientID("listener").SetUsername("somebody").
		SetPassword(canary("MQTT_PASSWORD")).SetProtocolVersion(4).SetAutoReconnect(false)
	eventually(t, "the broker answers", func() bool {
		c := paho.NewClient(o)
		if tok := c.Connect(); tok.WaitTimeout(5*time.Second) && tok.Error() == nil {
			r.client = c
		}
		return r.client != nil
	})
	hear := func(_ paho.Client, m paho.Message) {
		_, _ = fmt.Fprintf(e.from("MQTT"), "%s %s\n", m.Topic(), m.Payload())
	}
	if tok := r.client.SubscribeMultiple(map[string]byte{"#": 0, "$SYS/#": 0}, hear); !tok.WaitTimeout(5*time.Second) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	return r
}

func (r *running) publish(topic, payload string) {
	r.t.Helper()
	if tok := r.client.Publish(topic, 1, false, payload); !tok.WaitTimeout(5*time.Second) || tok.Error() != nil {
		r.t.Fatal(tok.Error())
	}
}

func (r *running) heard(text string) {
	r.t.Helper()
	eventually(r.t, "on MQTT: "+text, func() bool { return strings.Contains(r.e.text("MQTT"), text) })
}

// browse looks at every page, with the password and without.
func (r *running) browse() {
	r.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics", "/events?once", "/api/hubs", "/api/log", "/login/aqara", "/callback/aqara?state=x&code=y", "/webhook/aqara"} {
		for _, password := range []string{"", canary("HTTP_PASSWORD"), "wrong"} {
			ctx, cancel := context.WithTimeout(r.t.Context(), 2*time.Second)
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.web+path, http.NoBody)
			if err != nil {
				r.t.Fatal(err)
			}
			if password != "" {
				req.SetBasicAuth("anybody", password)
			}
			resp, err := client.Do(req)
			if err != nil {
				r.t.Fatalf("%s: %v", path, err)
			}
			_ = resp.Header.Write(r.e.from("page"))
			_, _ = io.Copy(r.e.from("page"), resp.Body)
			_ = resp.Body.Close()
			cancel()
		}
	}
}

// visit runs check and dump beside the daemon.
func (r *running) visit(vendor string) { visit(r.t, r.e, r.env, vendor) }

func visit(t *testing.T, e *evidence, env []string, vendor string) {
	t.Helper()
	_ = program{env: env, stdout: e.from("check"), stderr: e.from("check")}.run(t.Context(), []string{"check"})
	var zipped bytes.Buffer
	if code := (program{env: env, stdout: &zipped, stderr: e.from("dump")}).run(t.Context(), []string{"dump", vendor, "-o", "-"}); code != exitOK {
		t.Errorf("dump: exit %d: %s", code, e.text("dump"))
		return
	}
	for name, text := range unzip(t, zipped.Bytes()) {
		_, _ = fmt.Fprintf(e.from("dump"), "%s\n%s\n", name, text)
	}
}

// TestNoSecretOfAnAqaraHomeShows drives a home through good days and bad ones.
func TestNoSecretOfAnAqaraHomeShows(t *testing.T) {
	v := vendors()[slices.IndexFunc(vendors(), func(v hubs.Vendor) bool { return v.Name == "aqara" })]
	env, canaries := secretEnv(v)
	studio, address := studioServer(t, aqaratest.Options{TokenOptions: aqaratest.TokenOptions{Access: canary("ACCESS_TOKEN"), Refresh: canary("REFRESH_TOKEN")}})
	e := newEvidence(t, canaries)
	r := start(t, e, append(env, "AQARA_URL="+address, "AQARA_POLL_INTERVAL=1s"))
	r.heard("hub2mqtt/aqara/status online")
	r.heard("/x2_output")
	eventually(t, "ready", func() bool { return studio.Counters().Sockets == 1 })
	r.browse()
	r.visit("aqara")

	const lamp = "hub2mqtt/aqara/lumi_54ef4410007a1b2c"
	r.publish(lamp+"/x2_output/set", "TOGGLE")
	r.publish(lamp+"/set", `{"x2_output":{"brightness":"`+"much"+`"},"transaction":7}`)
	r.heard(lamp + `/result {"entity":"x2_output","ok":true`)
	for _, verb := range []string{"refresh", "rediscover", "log_level", "device/rename", "nonsense"} {
		r.publish("hub2mqtt/bridge/request/"+verb, `{"hub":"aqara","device":"x","value":"trace","transaction":1}`)
		r.heard("hub2mqtt/bridge/response/" + verb)
	}
	for _, kind := range []fault.Kind{fault.Truncated, fault.HTML, fault.WrongTypes, fault.LostReply, fault.Deep} {
		before := studio.Counters().ByType["GetTraitValueRequest"]
		studio.Faults().Fail(fault.Fault{Kind: kind, Size: 10_000})
		r.publish("hub2mqtt/bridge/request/refresh", `{"hub":"aqara"}`)
		eventually(t, "polls go on", func() bool { return studio.Counters().ByType["GetTraitValueRequest"] > before })
	}
	studio.ExpireAccess()
	eventually(t, "the token is renewed", func() bool { return studio.Counters().Refreshes == 1 })
	pair := studio.Tokens()
	e.secret(pair.Access, pair.Refresh)
	studio.Revoke()
	r.publish("hub2mqtt/bridge/request/refresh", `{"hub":"aqara"}`)
	r.heard(`"state":"login_needed"`)
	r.browse()
	r.visit("aqara")
	if code := r.end(); code != exitOK {
		t.Errorf("want a clean end, got exit %d", code)
	}
	for _, where := range []string{"log", "MQTT", "page", "check", "dump"} {
		if len(e.text(where)) < 50 {
			t.Errorf("hardly anything came from %s: nothing is proven", where)
		}
	}
	if !strings.Contains(e.text("log"), `"level":"debug"`) {
		t.Error("the log holds no line of level debug")
	}
}

// hostile is a server that shows everybody everything it was sent.
type hostile struct {
	mode  string
	calls atomic.Int64
}

func hostileModes() []string {
	return []string{"401", "403", "400", "429", "503", "html", "cut", "garbage", "envelope", "item", "redirect", "redirect with user", "hangs up", "socket"}
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.calls.Add(1)
	body, _ := io.ReadAll(r.Body)
	var sent strings.Builder
	_, _ = fmt.Fprintf(&sent, "%s %s %s ", r.Method, r.URL, body)
	var values []string
	for name, list := range r.Header {
		_, _ = fmt.Fprintf(&sent, "%s: %s ", name, strings.Join(list, " "))
		for _, v := range list {
			values = append(values, strings.Fields(v)...)
		}
	}
	echo := sent.String() + strings.Join(values, " ")
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	reply := func(status, code int) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Echo", strings.Map(printable, echo))
		w.Header().Set("Retry-After", token)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"code": code, "message": token + " is bad: " + echo, "msg": token + " is bad: " + echo, "error": token, "error_description": echo,
			"success": false, "requestId": token, "data": map[string]any{token: echo}, "result": echo,
		})
	}
	switch h.mode {
	case "socket":
		if r.Header.Get("Upgrade") == "" {
			reply(503, 503)
			return
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		text, _ := json.Marshal(map[string]any{"type": "ErrorMessage", "code": 999, "message": token + " is bad: " + echo, "msgId": token, "data": token})
		_ = conn.Write(r.Context(), websocket.MessageText, text)
		_ = conn.Close(websocket.StatusPolicyViolation, "bad: "+token)
	case "html":
		_, _ = io.WriteString(w, "<html>"+echo)
	case "cut":
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, `{"code":0,"data":"`+token)
	case "garbage":
		_, _ = io.WriteString(w, `{"code":0,"data":"`+token+`" `+echo+`}`)
	case "envelope":
		reply(200, 2041)
	case "item":
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 1, "message": token, "data": []any{map[string]any{"deviceId": token, "code": 7, "message": token + " " + echo}}})
	case "redirect":
		http.Redirect(w, r, "http://127.0.0.1:1/?token="+token+"&"+token, http.StatusFound) //nolint:gosec // that is the point
	case "redirect with user":
		w.Header().Set("Location", "http://"+token+":"+token+"@127.0.0.1:1/"+token)
		w.WriteHeader(http.StatusTemporaryRedirect)
	case "hangs up":
		panic(http.ErrAbortHandler)
	default:
		var status int
		_, _ = fmt.Sscan(h.mode, &status)
		reply(status, status)
	}
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

// plainSettings are what a vendor needs beside secrets and addresses. A new vendor says
// so here if the test tells that it cannot be opened.
func plainSettings() map[string][]string {
	return map[string][]string{
		"tuya": {"ACCESS_ID=abcdefghij0123456789"}, "homey": {"HOMEY=home", "CLIENT_ID=an-id"},
		"smartthings": {"CLIENT_ID=an-id"}, "smartapp": {"CLIENT_ID=an-id", "DIALECT=generic"},
	}
}

// TestNoSecretShowsThroughAHostileHub: every vendor that there is, against a server that
// quotes what it gets in every way it can.
func TestNoSecretShowsThroughAHostileHub(t *testing.T) {
	t.Parallel()
	for _, v := range vendors() {
		if len(v.Secrets) == 0 {
			t.Errorf("%s names no secret among its settings", v.Name)
		}
		for _, mode := range hostileModes() {
			t.Run(v.Name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				h := &hostile{mode: mode}
				srv := httptest.NewServer(h)
				defer srv.Close()
				env, canaries := secretEnv(v)
				prefix := strings.ToUpper(v.Name) + "_"
				for _, name := range v.Variables {
					if name == "URL" || strings.HasSuffix(name, "_URL") {
						env = append(env, prefix+name+"="+srv.URL)
					}
				}
				for _, line := range plainSettings()[v.Name] {
					env = append(env, prefix+line)
				}
				e := newEvidence(t, canaries)
				r := start(t, e, append(env, prefix+"POLL_INTERVAL=1s"))
				eventually(t, "the hub is asked", func() bool { return h.calls.Load() > 1 })
				r.heard(`"error":"`)
				r.browse()
				r.visit(v.Name)
				if code := r.end(); code != exitOK {
					t.Errorf("want a clean end, got exit %d:\n%s", code, e.text("log"))
				}
			})
		}
	}
}

// TestNoSecretShowsThroughABroker: wrong password, no TLS where some is wanted, a key
// that is none, nobody there.
func TestNoSecretShowsThroughABroker(t *testing.T) {
	_, guarded := spyBroker(t, "another")
	hub, address := studioServer(t, aqaratest.Options{TokenOptions: aqaratest.TokenOptions{Access: canary("ACCESS_TOKEN"), Refresh: canary("REFRESH_TOKEN")}})
	_ = hub
	for name, broker := range map[string]string{
		"wrong password": "mqtt://" + guarded, "no TLS": "mqtts://" + guarded, "nobody": "mqtt://" + deadAddress(t), "web socket": "ws://" + guarded + "/mqtt?" + "x=1",
	} {
		t.Run(name, func(t *testing.T) {
			env, canaries := secretEnv(vendors()[0])
			e := newEvidence(t, canaries)
			env = append(env, "MQTT_URL="+broker, "MQTT_USERNAME=somebody", "AQARA_URL="+address, "DATA_DIR="+t.TempDir(), "HTTP_LISTEN=off", "LOG_LEVEL=trace")
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if code := (program{env: env, stdout: e.from("log"), stderr: e.from("log")}).run(ctx, []string{"run"}); code != exitOK {
				t.Errorf("want a clean end, got exit %d", code)
			}
			if !strings.Contains(e.text("log"), "cannot connect to the broker") {
				t.Errorf("it did not even try:\n%s", e.text("log"))
			}
			visit(t, e, env, "aqara")
		})
	}
}

// TestNoSecretShowsInAFault: what is wrong with settings is said without their values.
func TestNoSecretShowsInAFault(t *testing.T) {
	v := vendors()[0]
	env, canaries := secretEnv(v)
	_, refused := ownSecrets()
	for _, name := range refused {
		env, canaries = append(env, name+"="+canary(name)), append(canaries, canary(name))
	}
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "x.env")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	both, spaced := slices.Clone(env), slices.Clone(env)
	for i, line := range env {
		name, value, _ := strings.Cut(line, "=")
		both = append(both, name+"_FILE=/nonexistent/"+name)
		if name != "HUBS" {
			spaced[i] = name + "=" + value + " " + value + "\n\x00ü"
		}
	}
	cases := []struct {
		name string
		env  []string
		args []string
	}{
		{"nothing else set", env, nil},
		{"twice", both, nil},
		{"blanks and control characters", spaced, nil},
		{"in an address", append(slices.Clone(env), "AQARA_URL=http://u:"+canaries[0]+"@x/?t="+canaries[1], "MQTT_URL=mqtt://u:"+canaries[0]+"@h"), nil},
		{"a line that is none", nil, []string{"--env-file", file("HUBS=aqara\n" + `"` + canaries[0] + " \"x\" = 1\nAQARA_URL=http://x\n")}},
		{"a quote that does not end", nil, []string{"--env-file", file("HUBS=aqara\nAQARA_ACCESS_TOKEN='" + canaries[0] + "\nX=1\n")}},
		{"no name", nil, []string{"--env-file", file("HUBS=aqara\n" + canaries[0] + "\n")}},
	}
	for _, c := range cases {
		for _, command := range []string{"run", "check", "dump", "healthcheck"} {
			t.Run(c.name+"/"+command, func(t *testing.T) {
				e := newEvidence(t, canaries)
				args := append([]string{command}, c.args...)
				if command == "dump" {
					args = append(args, "aqara")
				}
				p := program{env: append([]string{"DATA_DIR=/nonexistent", "HTTP_LISTEN=off"}, c.env...), stdout: e.from(command), stderr: e.from(command)}
				if code := p.run(t.Context(), args); code == exitOK {
					t.Error("want a fault")
				}
				if c.args != nil && !strings.Contains(e.text(command), "--env-file") {
					t.Errorf("want the file named, got %s", e.text(command))
				}
			})
		}
	}
}
