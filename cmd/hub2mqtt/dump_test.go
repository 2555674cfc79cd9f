package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// private lists what a home holds that strangers must not see. shared are those names
// that are words of the vendor's as well, such as an automation called "Away" or what
// parts of devices are called from the factory: they must not stand where names do.
type private struct{ texts, short, shared []string }

func privateOf(studio *aqaratest.Studio, home *aqaratest.Home) private {
	var p private
	vendors := vocabulary(home)
	names := func(list ...string) {
		for _, s := range list {
			switch key := strings.ToLower(strings.TrimSpace(s)); {
			case key == "":
			case vendors[key]:
				p.shared = append(p.shared, s)
			default:
				p.texts = append(p.texts, s, strings.Join(strings.Fields(s), " "))
			}
		}
	}
	ids := func(list ...string) {
		for _, s := range list {
			if s == "" {
				continue
			}
			if len(s) < 5 { // stands in numbers and words by chance
				p.short = append(p.short, s)
				continue
			}
			p.texts = append(p.texts, s, strings.ReplaceAll(s, ".", "_"))
			if _, tail, ok := strings.Cut(s, "."); ok && len(tail) > 9 {
				p.texts = append(p.texts, tail)
			}
		}
	}
	var spaces func(list []aqaratest.Space)
	spaces = func(list []aqaratest.Space) {
		for _, s := range list {
			ids(s.ID)
			names(s.Name)
			spaces(s.Children)
		}
	}
	spaces(home.Spaces)
	for _, a := range home.Automations {
		names(a.Name, a.Trigger)
		ids(a.ID, a.Node)
	}
	for _, d := range home.Devices {
		ids(d.ID)
		names(d.Name)
		for _, e := range d.Endpoints {
			if e.Name == "Links" || strings.ContainsFunc(e.Name, func(r rune) bool { return r > unicode.MaxASCII }) {
				names(e.Name)
			} else {
				p.shared = append(p.shared, e.Name)
			}
		}
	}
	pair := studio.Tokens()
	p.texts = append(p.texts, pair.Access, pair.Refresh, "FRITZ!Box 7590 „Dörrberg“", "Dörrberg", "Störung: keine", "Skalar trägt Laich")
	for _, list := range []*[]string{&p.texts, &p.short, &p.shared} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return p
}

// vocabulary is the vendor's part of a home.
func vocabulary(home *aqaratest.Home) map[string]bool {
	out := map[string]bool{}
	add := func(words ...string) {
		for _, w := range words {
			out[strings.ToLower(w)] = true
		}
	}
	for _, d := range home.Devices {
		add(d.Types...)
		for _, e := range d.Endpoints {
			add(e.Type)
			for _, f := range e.Functions {
				add(f.Code)
				add(strings.Split(hubs.MakeKey(f.Code), "_")...)
				for _, t := range f.Traits {
					add(t.Code)
					add(strings.Split(hubs.MakeKey(t.Code), "_")...)
					for _, c := range t.Param.Enum {
						add(c.Key)
					}
				}
			}
		}
	}
	return out
}

// masked is content without texts and their small letters, in any encoding.
func masked(content string, texts []string) string {
	var all []auth.Secret
	for _, s := range texts {
		all = append(all, auth.Secret(s), auth.Secret(strings.ToLower(s)), auth.Secret(strings.Trim(strconv.QuoteToASCII(s), `"`)))
	}
	return auth.Mask(content, all...)
}

// shows finds text in any of the ways in which it could stand in a file.
func shows(content, lower, text string) string {
	ascii := strings.Trim(strconv.QuoteToASCII(text), `"`)
	for name, form := range map[string]string{
		"plain": text, "escaped": ascii, "a query": url.QueryEscape(text), "a path": url.PathEscape(text),
	} {
		if strings.Contains(lower, strings.ToLower(form)) {
			return name
		}
	}
	if err := hubtest.FindSecret(content, []string{text}); err != nil {
		return err.Error()
	}
	return ""
}

func fullDump(t *testing.T) (files map[string]string, home *aqaratest.Home, studio *aqaratest.Studio, address string) {
	t.Helper()
	home = aqaratest.FullHome()
	studio, address = studioServer(t, aqaratest.Options{Home: home})
	out := filepath.Join(t.TempDir(), "a.zip")
	code, stdout, stderr := command(t, studioEnv(t, studio, address, "muellers", "MUELLERS_", "BASE_TOPIC=haus/sieben"), "dump", "muellers", "-o", out)
	if code != exitOK || stdout != out+"\n" {
		t.Fatalf("want exit 0 and %s on the last line, got %d:\n%s%s", out, code, stdout, stderr)
	}
	info, err := os.Stat(out)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("want a file of mode 0600, got %v, %v", info.Mode(), err)
	}
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return unzip(t, raw), home, studio, address
}

func TestDumpTellsNothing(t *testing.T) {
	files, home, studio, address := fullDump(t)
	secret := privateOf(studio, home)
	secret.texts = append(secret.texts, strings.TrimPrefix(address, "http://"), "127.0.0.1", "muellers", "haus/sieben")
	if len(secret.texts) < 150 || len(secret.short) < 4 || len(secret.shared) == 0 {
		t.Fatalf("the home is too small to prove anything: %d, %d, %d", len(secret.texts), len(secret.short), len(secret.shared))
	}
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all.WriteString(name + "\n" + files[name])
		for _, text := range secret.short {
			if strings.Contains(files[name], strconv.Quote(text)) {
				t.Errorf("%s shows the id %q", name, text)
			}
		}
		if !strings.HasPrefix(name, "raw/") {
			continue
		}
		for _, found := range regexp.MustCompile(`[nN]ame": "([^"]*)"`).FindAllStringSubmatch(files[name], -1) {
			if slices.ContainsFunc(secret.shared, func(s string) bool { return strings.EqualFold(s, found[1]) }) {
				t.Errorf("%s shows the name %q", name, found[1])
			}
		}
	}
	content, lower := all.String(), strings.ToLower(all.String())
	suspects := secret.texts
	if masked(content, secret.texts) == content && masked(lower, secret.texts) == lower {
		// One look for all together is enough, but for those that are too short to be masked.
		suspects = slices.DeleteFunc(slices.Clone(suspects), func(s string) bool { return len(s) >= 6 })
	}
	for _, text := range suspects {
		if how := shows(content, lower, text); how != "" {
			t.Errorf("the dump shows %q: %s", text, how)
		}
	}
	t.Logf("%d texts, %d short ids and %d words of the vendor looked for in %d files", len(secret.texts), len(secret.short), len(secret.shared), len(files))
}

// replay answers a hub out of a dump.
type replay struct {
	t     *testing.T
	files map[string]string
	mu    sync.Mutex
	asked map[string]int
}

func (r *replay) RoundTrip(q *http.Request) (*http.Response, error) {
	var body []byte
	if q.Body != nil {
		body, _ = io.ReadAll(q.Body)
	}
	var in struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(body, &in)
	name := map[string]string{
		"GetAllDeviceInfoRequest": "device list", "GetDevicesRequest": "device specs", "GetTraitValueRequest": "values", "GetSpacesRequest": "rooms",
		"/studio/statistics": "probe", "/devices/definitions": "device orders", "/automations/manual-triggers": "automations",
	}[in.Type+strings.TrimPrefix(q.URL.Path, "/open/api/v1")]
	if bytes.Contains(in.Data, []byte("EndpointArrayDynamic")) && !bytes.Contains(in.Data, []byte("OnOff")) {
		name = "live endpoints"
	}
	r.mu.Lock()
	r.asked[name]++
	again := r.asked[name]
	r.mu.Unlock()
	text, ok := r.files["raw/"+name+".json"]
	if !ok {
		r.t.Errorf("the dump has no answer to %s %s (%s)", in.Type, q.URL.Path, name)
	}
	// A list is asked for again when the values come late: then it is the same.
	if next, ok := r.files[fmt.Sprintf("raw/%s %d.json", name, again)]; ok {
		text = next
	}
	w := httptest.NewRecorder()
	_, _ = w.WriteString(text)
	return w.Result(), nil
}

// entityOf is all of an entity that decides what becomes of it; names apart.
type entityOf struct {
	Key, Spec string
	Role      hubs.Role
	Class     hubs.Class
	Hidden    bool
}

func shape(devices []hubs.Device) [][]entityOf {
	out := make([][]entityOf, len(devices))
	for i, d := range devices {
		for _, e := range d.Entities {
			key := e.Key
			if d.ID == hubs.Self {
				key = "" // of ids
			}
			spec, _ := json.Marshal(e.Spec)
			out[i] = append(out[i], entityOf{key, fmt.Sprintf("%T %s", e.Spec, spec), e.Role, e.Class, e.Hidden})
		}
	}
	return out
}

// TestDumpCanBeReplayed decodes the dump's raw answers as if a hub had given them: what
// comes out is the home that went in, under other names.
func TestDumpCanBeReplayed(t *testing.T) {
	files, _, studio, address := fullDump(t)
	open := func(carry http.RoundTripper, access, refresh string) hubs.Hub {
		acc := &account{hub: "x", store: auth.NewMemStore(), log: zerolog.Nop()}
		h, err := aqara.Vendor().Open(
			hubtest.NewSettings(map[string]string{"URL": address, "ACCESS_TOKEN": access, "REFRESH_TOKEN": refresh}),
			hubs.Deps{Name: "x", HTTP: carry, Tokens: acc.manager, Log: zerolog.Nop(), Cache: auth.NewMemStore()},
		)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	real := &http.Transport{}
	defer real.CloseIdleConnections()
	ask := func(h hubs.Hub) ([]hubs.Device, []hubs.Reading) {
		devices, err := h.Devices(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		readings, err := h.Poll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return devices, readings
	}
	pair := studio.Tokens()
	want, wantValues := ask(open(real, pair.Access, pair.Refresh))
	got, gotValues := ask(open(&replay{t: t, files: files, asked: map[string]int{}}, "a-named-token", ""))
	if diff := cmp.Diff(shape(want), shape(got)); diff != "" {
		t.Errorf("devices (-home +replayed):\n%s", diff)
	}
	if len(gotValues) != len(wantValues) {
		t.Fatalf("want %d readings, got %d", len(wantValues), len(gotValues))
	}
	for i := range wantValues {
		a, b := wantValues[i].Values, gotValues[i].Values
		if len(a) != len(b) {
			t.Errorf("%s: want %d values, got %d", wantValues[i].Device, len(a), len(b))
			continue
		}
		for k := range a {
			if a[k].Point != b[k].Point || a[k].Value.Kind() != b[k].Value.Kind() {
				t.Errorf("%s: want %v %v, got %v %v", wantValues[i].Device, a[k].Point, a[k].Value, b[k].Point, b[k].Value)
			}
			if a[k].Value.Kind() != hubs.KindText && a[k].Value != b[k].Value {
				t.Errorf("%s %v: want %v, got %v", wantValues[i].Device, a[k].Point, a[k].Value, b[k].Value)
			}
		}
	}
	mapped(t, files, got)
}

// mapped compares what the dump says of the devices with what its raw answers give.
func mapped(t *testing.T, files map[string]string, replayed []hubs.Device) {
	t.Helper()
	var said []struct {
		ID, Area, Via string
		Entities      []struct{ Key string }
	}
	if err := json.Unmarshal([]byte(files["devices.json"]), &said); err != nil {
		t.Fatal(err)
	}
	if len(said) != len(replayed) {
		t.Fatalf("want %d devices, got %d", len(replayed), len(said))
	}
	for i, d := range replayed {
		if s := said[i]; s.ID != string(d.ID) || s.Area != d.Area || s.Via != string(d.Via) || len(s.Entities) != len(d.Entities) {
			t.Errorf("devices.json says %s %s %s, raw answers %s %s %s", s.ID, s.Area, s.Via, d.ID, d.Area, d.Via)
			continue
		}
		for k, e := range d.Entities {
			if said[i].Entities[k].Key != e.Key {
				t.Errorf("%s: devices.json says %s, raw answers %s", d.ID, said[i].Entities[k].Key, e.Key)
			}
		}
	}
	var messages []bundleMessage
	if err := json.Unmarshal([]byte(files["messages.json"]), &messages); err != nil {
		t.Fatal(err)
	}
	if len(messages) < 2*len(replayed) || !strings.HasPrefix(messages[0].Topic, "homeassistant/device/hub2mqtt_aqara_device1/") {
		t.Errorf("%d messages, the first on %s", len(messages), messages[0].Topic)
	}
}

func TestDumpOfATroubledHub(t *testing.T) {
	studio, address := studioServer(t, aqaratest.Options{})
	cases := []struct {
		name, says string
		fault      fault.Fault
	}{
		{"down", "answered 503", fault.Fault{Kind: fault.Status, Status: 503, Times: -1}},
		{"a page", "something that Aqara Studio does not", fault.Fault{Kind: fault.HTML, Times: -1}},
		{"half the values", "", fault.Fault{Match: "GetTraitValueRequest", Kind: fault.Truncated, Times: -1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			studio.Faults().Fail(c.fault)
			defer studio.Faults().Heal()
			env := studioEnv(t, studio, address, "aqara", "AQARA_")
			var out, errs bytes.Buffer
			code := program{env: env, stdout: &out, stderr: &errs}.run(t.Context(), []string{"dump", "-o", "-", "aqara"})
			if code != exitOK {
				t.Fatalf("want exit 0, got %d: %s", code, errs.String())
			}
			files := unzip(t, out.Bytes())
			var about bundleAbout
			if err := json.Unmarshal([]byte(files["about.json"]), &about); err != nil {
				t.Fatal(err)
			}
			if len(about.Faults) == 0 || !strings.Contains(files["about.json"], c.says) {
				t.Errorf("want %q among the faults, got %s", c.says, files["about.json"])
			}
			if strings.Contains(files["about.json"], "127.0.0.1") {
				t.Errorf("it shows the address: %s", files["about.json"])
			}
		})
	}
}

func TestDumpUsage(t *testing.T) {
	studio, address := studioServer(t, aqaratest.Options{})
	env := studioEnv(t, studio, address, "aqara", "AQARA_")
	cases := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no hub", []string{"dump"}, exitUsage, "which hub"},
		{"another hub", []string{"dump", "cabin"}, exitUsage, "aqara"},
		{"two hubs", []string{"dump", "aqara", "cabin"}, exitUsage, "cabin"},
		{"no such folder", []string{"dump", "aqara", "-o", filepath.Join(t.TempDir(), "x", "y.zip")}, exitFail, "no such file"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := command(t, env, c.args...)
			if code != c.code || !strings.Contains(stderr, c.says) {
				t.Errorf("want exit %d and %q, got %d: %s", c.code, c.says, code, stderr)
			}
		})
	}
	t.Run("name with the time", func(t *testing.T) {
		t.Chdir(t.TempDir())
		code, stdout, stderr := command(t, env, "dump", "aqara")
		if code != exitOK || !regexp.MustCompile(`^hub2mqtt-dump-aqara-\d{8}-\d{6}\.zip\n$`).MatchString(stdout) {
			t.Errorf("got %d: %s%s", code, stdout, stderr)
		}
	})
}

func TestDumpOfAHubInAFile(t *testing.T) {
	studio, address := studioServer(t, aqaratest.Options{})
	dir, pair := t.TempDir(), studio.Tokens()
	text := fmt.Sprintf("VENDOR=aqara\nURL=%s\nACCESS_TOKEN=%s\nREFRESH_TOKEN=%s\n", address, pair.Access, pair.Refresh)
	if err := os.WriteFile(filepath.Join(dir, "attic.env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	p := program{env: []string{"HUBS_DIR=" + dir, "DATA_DIR=" + t.TempDir(), "HTTP_LISTEN=off"}, stdout: &out, stderr: &errs}
	if code := p.run(t.Context(), []string{"dump", "attic", "-o", "-"}); code != exitOK {
		t.Fatalf("want exit 0, got %d: %s", code, errs.String())
	}
	files := unzip(t, out.Bytes())
	for _, want := range []string{`"…_URL"`, `"…_REFRESH_TOKEN"`, `"HUBS_DIR"`, `"devices": 9`} {
		if !strings.Contains(files["about.json"], want) {
			t.Errorf("want %s in %s", want, files["about.json"])
		}
	}
	for name, text := range files {
		if strings.Contains(text, "attic") || strings.Contains(text, "127.0.0.1") {
			t.Errorf("%s shows the hub's name or address", name)
		}
	}
}
