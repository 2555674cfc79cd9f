package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// canarySecret is an Access Secret, which has 32 characters.
func canarySecret() string { return canary("ACCESS_SECRET") + "a1b2c3" }

// answered serves a data centre, and keeps what secrets its answers hold: tokens,
// passwords of Open-Hub, tickets of locks.
type answered struct {
	http.Handler

	mu      sync.Mutex
	secrets []string
	calls   []told
}

// told is a call and its answer.
type told struct{ name, path, body string }

var secretMember = regexp.MustCompile(`"(?:access_token|refresh_token|password|ticket_key|ticket_id)":"([^"]+)"`)

func (a *answered) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/ws/") {
		a.Handler.ServeHTTP(w, r)
		return
	}
	rec := httptest.NewRecorder()
	a.Handler.ServeHTTP(rec, r)
	a.mu.Lock()
	for _, m := range secretMember.FindAllStringSubmatch(rec.Body.String(), -1) {
		a.secrets = append(a.secrets, m[1])
	}
	a.calls = append(a.calls, told{callName(r.URL.Path), r.URL.Path, rec.Body.String()})
	a.mu.Unlock()
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func (a *answered) seen() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.secrets)
}

// privateOfCloud lists what the home holds that strangers must not see. What products
// are called and how they are made is no secret.
func privateOfCloud(home *tuyatest.Home) (texts []string) {
	add := func(list ...string) {
		for _, s := range list {
			if strings.TrimSpace(s) != "" {
				texts = append(texts, s)
			}
		}
	}
	for _, a := range home.Accounts {
		add(a.UID, a.Name)
		for _, p := range a.Places {
			add(strconv.FormatInt(p.ID, 10), p.Name, p.GeoName)
			for _, at := range []float64{p.Lat, p.Lon} {
				if at != 0 {
					add(strconv.FormatFloat(at, 'f', -1, 64))
				}
			}
			for _, r := range p.Rooms {
				add(strconv.FormatInt(r.ID, 10), r.Name)
			}
			for _, m := range p.Members {
				add(m.Account)
			}
			for _, s := range p.Scenes {
				add(s.ID, s.Name)
			}
		}
	}
	for _, d := range home.Devices {
		add(d.ID, d.UUID, d.Name, d.IP, d.LocalKey)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

var aRobot = regexp.MustCompile(`(?i)\brobo\b`)

func tuyaDump(t *testing.T) (files map[string]string, a *answered, url string) {
	t.Helper()
	p := tuyatest.Project{AccessID: tuyatest.AccessID, AccessSecret: canarySecret()}
	a = &answered{Handler: tuyatest.New(tuyatest.Options{Projects: []tuyatest.Project{p}}).Handler()}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	out := filepath.Join(t.TempDir(), "a.zip")
	env := append(cloudEnv("MUELLERS_", srv.URL, p), "HUBS=muellers:tuya", "DATA_DIR="+t.TempDir(), "HTTP_LISTEN=off", "BASE_TOPIC=haus/sieben")
	var zipped safeBuffer
	if code := (program{env: env, stdout: &zipped, stderr: &zipped}).run(t.Context(), []string{"dump", "muellers", "-o", out}); code != exitOK {
		t.Fatalf("want exit 0, got %d: %s", code, zipped.String())
	}
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	a.secrets = append(a.secrets, p.AccessSecret, p.AccessID, tuyatest.PulsarPassword(p.AccessID, p.AccessSecret))
	return unzip(t, raw), a, srv.URL
}

func TestTuyaDumpTellsNothing(t *testing.T) {
	files, a, address := tuyaDump(t)
	secrets := a.seen()
	texts := slices.Concat(privateOfCloud(tuyatest.DefaultHome()), secrets,
		[]string{strings.TrimPrefix(address, "http://"), "127.0.0.1", "muellers", "haus/sieben"})
	if len(texts) < 200 || len(secrets) < 5 {
		t.Fatalf("the home is too small to prove anything: %d, %d", len(texts), len(secrets))
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content, lower := files[name], strings.ToLower(files[name])
		suspects := texts
		if masked(content, texts) == content && masked(lower, texts) == lower { // one look for all that can be masked
			suspects = slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return len(s) >= 6 })
		}
		for _, text := range suspects {
			if text == "Robo" && !aRobot.MatchString(content) { // the vendor's products are called robots
				continue
			}
			if how := shows(content, lower, text); how != "" {
				t.Errorf("%s shows %q: %s", name, text, how)
			}
		}
	}
	t.Logf("%d texts looked for in %d files", len(texts), len(files))
}

// retold answers a hub out of a dump: each call as the same one was answered, though
// devices sort in another order by their new names.
type retold struct {
	t       *testing.T
	files   map[string]string
	byPath  map[string]string // path with new names to the file
	renamed map[string]string
	asked   map[string]int
}

func newRetold(t *testing.T, files map[string]string, calls []told) *retold {
	t.Helper()
	r := &retold{t: t, files: files, byPath: map[string]string{}, renamed: map[string]string{}, asked: map[string]int{}}
	byName := map[string][]told{}
	for _, c := range calls {
		byName[c.name] = append(byName[c.name], c)
	}
	paths := map[string]string{}
	for name, list := range byName {
		n := 0
		for files[fileOf(name, n+1)] != "" {
			n++
		}
		for i, c := range list[len(list)-n:] { // the inventory before was not recorded
			paths[c.path] = fileOf(name, i+1)
			var was, is any
			if json.Unmarshal([]byte(c.body), &was) == nil && json.Unmarshal([]byte(files[fileOf(name, i+1)]), &is) == nil {
				r.compare(was, is)
			}
		}
	}
	for path, file := range paths {
		parts := strings.Split(path, "/")
		for i, p := range parts {
			if now, ok := r.renamed[p]; ok {
				parts[i] = now
			}
		}
		r.byPath[strings.Join(parts, "/")] = file
	}
	return r
}

func fileOf(name string, n int) string {
	if n == 1 {
		return "raw/" + name + ".json"
	}
	return fmt.Sprintf("raw/%s %d.json", name, n)
}

// compare learns the new names of ids.
func (r *retold) compare(was, is any) {
	switch was := was.(type) {
	case map[string]any:
		is, _ := is.(map[string]any)
		for k, v := range was {
			r.compare(v, is[k])
		}
	case []any:
		if is, ok := is.([]any); ok && len(is) == len(was) {
			for i, v := range was {
				r.compare(v, is[i])
			}
		}
	default:
		if w, n := text(was), text(is); w != n && len(w) >= 5 {
			r.renamed[w] = n
		}
	}
}

// text writes numbers as paths do.
func text(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// callNames are the ends of paths and what the dump calls the answers.
var callNames = []struct {
	end  *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`/associated-users/devices$|/v1.3/iot-03/devices$|/users/[^/]+/devices$|/cloud/thing/device$`), "device list"},
	{regexp.MustCompile(`/specifications?$`), "specification"},
	{regexp.MustCompile(`/model$`), "thing model"},
	{regexp.MustCompile(`/shadow/properties$`), "properties"},
	{regexp.MustCompile(`/homes$`), "homes"},
	{regexp.MustCompile(`/rooms$`), "rooms"},
	{regexp.MustCompile(`/rooms/[^/]+/devices$`), "room"},
	{regexp.MustCompile(`/scenes$`), "scenes"},
	{regexp.MustCompile(`/remotes$`), "remote controls"},
	{regexp.MustCompile(`/keys$`), "keys"},
	{regexp.MustCompile(`/devices/status$`), "values"},
	{regexp.MustCompile(`/ac/status$`), "air conditioner"},
	{regexp.MustCompile(`/sub-devices$`), "sub-devices"},
}

func callName(path string) string {
	for _, c := range callNames {
		if c.end.MatchString(path) {
			return c.name
		}
	}
	return "no name"
}

func (r *retold) RoundTrip(q *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if strings.HasSuffix(q.URL.Path, "/token") {
		_, _ = w.WriteString(`{"success":true,"t":0,"result":{"uid":"x","access_token":"a","refresh_token":"b","expire_time":7200}}`)
		return w.Result(), nil
	}
	name := callName(q.URL.Path)
	r.asked[name]++
	file := fileOf(name, r.asked[name])
	if own, ok := r.byPath[q.URL.Path]; ok && name != "device list" && name != "values" { // those differ by their query
		file = own
	}
	answer, ok := r.files[file]
	if !ok {
		r.t.Errorf("the dump has no answer to %s: %s", q.URL.Path, file)
	}
	_, _ = w.WriteString(answer)
	return w.Result(), nil
}

// TestTuyaDumpCanBeReplayed decodes the dump's raw answers as if a data centre had given
// them: what comes out is the home that went in, under other names.
func TestTuyaDumpCanBeReplayed(t *testing.T) {
	files, a, address := tuyaDump(t)
	calls := slices.Clone(a.calls)
	ask := func(carry http.RoundTripper, secret string) []hubs.Device {
		acc := &account{hub: "x", store: auth.NewMemStore(), log: zerolog.Nop()}
		h, err := tuya.Vendor().Open(
			hubtest.NewSettings(map[string]string{"URL": address, "ACCESS_ID": tuyatest.AccessID, "ACCESS_SECRET": secret, "QUOTA": "off"}),
			hubs.Deps{Name: "x", HTTP: carry, Tokens: acc.manager, SharedTokens: acc.manager, Log: zerolog.Nop(), Cache: auth.NewMemStore()},
		)
		if err != nil {
			t.Fatal(err)
		}
		devices, err := h.Devices(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		return devices
	}
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	want := ask(tr, canarySecret())
	got := ask(newRetold(t, files, calls), "another")
	if len(want) < 40 || len(want) != len(got) {
		t.Fatalf("want %d devices, got %d", len(want), len(got))
	}
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Errorf("devices (-home +replayed):\n%s", diff)
	}
}

// sorted are the shapes of devices in an order that their ids have no part in.
func sorted(devices []hubs.Device) []string {
	var out []string
	for _, entities := range shape(devices) {
		raw, _ := json.Marshal(entities)
		// What the keys of a remote control are called may come from a person.
		out = append(out, remoteKey.ReplaceAllString(string(raw), `"Key":"key"`))
	}
	slices.Sort(out)
	return out
}

var remoteKey = regexp.MustCompile(`"Key":"key_\w+"`)
