package main

import (
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
}

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

func tuyaDump(t *testing.T) (files map[string]string, secrets []string, cloud *tuyatest.Cloud, url string) {
	t.Helper()
	p := tuyatest.Project{AccessID: tuyatest.AccessID, AccessSecret: canarySecret()}
	cloud = tuyatest.New(tuyatest.Options{Projects: []tuyatest.Project{p}})
	a := &answered{Handler: cloud.Handler()}
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
	secrets = append(a.seen(), p.AccessSecret, p.AccessID, tuyatest.PulsarPassword(p.AccessID, p.AccessSecret))
	return unzip(t, raw), secrets, cloud, srv.URL
}

func TestTuyaDumpTellsNothing(t *testing.T) {
	files, secrets, _, address := tuyaDump(t)
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
