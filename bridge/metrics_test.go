package bridge

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// thrifty is a toy that pushes, whose account allows only so many calls.
type thrifty struct{ *streaming }

func (thrifty) Budget() (hubs.Budget, bool) {
	return hubs.Budget{Limit: 26000, Used: 17, Ends: time.Now().Add(time.Hour)}, true
}

func scrapeText(t *testing.T, b *Bridge) string {
	t.Helper()
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("want 200, got %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// sampled is one sample's value; empty: there is none of that name and those labels.
func sampled(text, sample string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, sample+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func TestMetrics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &streaming{toy: newToy(), end: make(chan error)}
		tokens := func() []auth.State {
			return []auth.State{
				{Refreshes: 2, Failures: 1, Expires: time.Now().Add(-30 * time.Second)},
				{Refreshes: 1},
				{Refreshes: 1, Expires: time.Now().Add(time.Hour)},
			}
		}
		h := startHouse(t, auth.NewMemStore(),
			HubConfig{Name: "cloud", Hub: thrifty{s}, Push: true, Tokens: tokens}, HubConfig{Name: "box", Hub: newToy()})
		pass(time.Second)
		h.cfg.Metrics.Observe("cloud")("device list", "ok", 30*time.Millisecond)
		h.cfg.Metrics.Observe("cloud")("device list", "transient", 3*time.Second)
		now := time.Now()
		s.to().Readings(reading(true, now))
		s.to().Readings(reading(true, now)) // no news: nothing waits to be published
		s.set(func(f *toy) { f.on["p1"] = true })
		pass(time.Second)
		h.receive("b/cloud/p2/plug/set", []byte("ON"), false)
		h.receive("b/cloud/p2/plug/set", []byte("PERHAPS"), false)
		pass(3 * time.Second)
		s.set(func(f *toy) { f.on["p1"] = false })
		h.hub("cloud").apply([]hubs.Reading{{Device: "p1", Values: []hubs.PointValue{
			{Point: hubs.Point{Entity: "plug", Attr: hubs.On}, Value: hubs.Bool(false)},
		}}}, source{asked: time.Now()})
		text := scrapeText(t, h.Bridge)
		for sample, want := range map[string]string{
			`hub2mqtt_mqtt_connected`:                                               "0",
			`hub2mqtt_hub_state{hub="cloud",state="ok"}`:                            "1",
			`hub2mqtt_hub_state{hub="cloud",state="unreachable"}`:                   "0",
			`hub2mqtt_devices{hub="box"}`:                                           "2",
			`hub2mqtt_entities{hub="box"}`:                                          "4",
			`hub2mqtt_hub_calls_total{call="device list",hub="cloud",outcome="ok"}`: "1",
			`hub2mqtt_hub_call_seconds_sum{call="device list",hub="cloud"}`:         "3.03",
			`hub2mqtt_push_connected{hub="cloud"}`:                                  "1",
			`hub2mqtt_push_connected{hub="box"}`:                                    "",
			`hub2mqtt_push_events_total{hub="cloud"}`:                               "2",
			`hub2mqtt_event_to_publish_seconds_count{hub="cloud"}`:                  "1",
			`hub2mqtt_commands_total{hub="cloud",outcome="ok"}`:                     "1",
			`hub2mqtt_commands_total{hub="cloud",outcome="invalid"}`:                "1",
			`hub2mqtt_command_seconds_count{hub="cloud"}`:                           "2",
			`hub2mqtt_token_expiry_seconds{hub="cloud"}`:                            "-30",
			`hub2mqtt_token_expiry_seconds{hub="box"}`:                              "",
			`hub2mqtt_token_refresh_total{hub="cloud",outcome="ok"}`:                "4",
			`hub2mqtt_token_refresh_total{hub="cloud",outcome="failed"}`:            "1",
			`hub2mqtt_quota_used{hub="cloud"}`:                                      "17",
			`hub2mqtt_quota_limit{hub="cloud"}`:                                     "26000",
			`hub2mqtt_quota_limit{hub="box"}`:                                       "",
			`hub2mqtt_panics_total{hub="box"}`:                                      "0",
			`hub2mqtt_stale_reads_held_total{hub="cloud"}`:                          "0",
		} {
			if got := sampled(text, sample); got != want {
				t.Errorf("%s: want %q, got %q", sample, want, got)
			}
		}
		if problems, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || len(aboutUs(problems)) > 0 {
			t.Errorf("want a text that Prometheus likes: %v %v", aboutUs(problems), err)
		}
	})
}

func aboutUs(all []promlint.Problem) []promlint.Problem {
	return slices.DeleteFunc(all, func(p promlint.Problem) bool { return !strings.HasPrefix(p.Metric, "hub2mqtt_") })
}

// The names are an outward promise: none may vanish.
func TestMetricNames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &streaming{toy: newToy(), end: make(chan error)}
		h := startHouse(t, auth.NewMemStore(), HubConfig{
			Name: "cloud", Hub: thrifty{s}, Push: true,
			Tokens: func() []auth.State { return []auth.State{{Expires: time.Now().Add(time.Hour)}} },
		})
		pass(time.Second)
		h.cfg.Metrics.Observe("cloud")("device list", "ok", time.Millisecond)
		h.receive("b/cloud/p2/plug/set", []byte("ON"), false)
		pass(time.Second)
		var got []string
		for _, m := range regexp.MustCompile(`(?m)^# TYPE (hub2mqtt_\S+)`).FindAllStringSubmatch(scrapeText(t, h.Bridge), -1) {
			got = append(got, strings.TrimPrefix(m[1], "hub2mqtt_"))
		}
		want := strings.Fields(`build_info command_seconds commands_total devices entities event_to_publish_seconds hub_call_seconds
			hub_calls_total hub_state mqtt_connected mqtt_dropped_total mqtt_published_total mqtt_reconnects_total panics_total poll_seconds
			push_connected push_events_total push_mute_total quota_limit quota_used stale_reads_held_total token_expiry_seconds
			token_refresh_total`)
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("want %q\n got %q", want, got)
		}
	})
}

// A read that contradicts a command under way, and one older than the stream's word,
// are counted.
func TestHeldReadsAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.deaf = true
		r, m := prepareHub(t, HubConfig{Name: "toy", Hub: f}, f, auth.NewMemStore()), NewMetrics()
		r.meter = m.of("toy")
		r.start(t)
		pass(time.Second)
		r.command("p1/plug/set", "ON")
		pass(25 * time.Second)
		if got := sampled(registryText(t, m), `hub2mqtt_stale_reads_held_total{hub="toy"}`); got == "0" || got == "" {
			t.Errorf("want the reads that said OFF counted, got %s", got)
		}
		m.forget("toy")
		if text := registryText(t, m); strings.Contains(text, `hub="toy"`) {
			t.Errorf("want nothing left of a hub that is forgotten, got %s", text)
		}
	})
}

func registryText(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}
