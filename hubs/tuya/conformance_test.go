package tuya

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// TestConformance goes through the default home in parts: the suite's budget is too small
// to find out what all its products are.
func TestConformance(t *testing.T) {
	const part = 9
	others := slices.DeleteFunc(tuyatest.DefaultHome().Devices, func(d tuyatest.Device) bool {
		return d.ID == tuyatest.Ceiling || d.ID == tuyatest.Button
	})
	for devices := range slices.Chunk(others, part) {
		t.Run(devices[0].Name, func(t *testing.T) {
			hubtest.Run(t, hubtest.Options{
				Vendor: shortPages(),
				New:    func(t *testing.T) hubtest.Server { t.Helper(); return newConforming(devices) },
				Command: func([]hubs.Device) hubs.Command {
					return set(tuyatest.Ceiling, "switch_led", hubs.On, true, hubs.Level, 20)
				},
				Required:   []string{"URL", "ACCESS_ID", "ACCESS_SECRET"},
				Lint:       lintAnnouncement,
				Settle:     30 * time.Second,
				Cached:     []string{"specification", "model", "homes", "scenes", "rooms"},
				Quota:      func(calls int) map[string]string { return map[string]string{"QUOTA": fmt.Sprintf("%d/day", calls)} },
				EventIDs:   true,
				FreeStream: true,
			})
		})
	}
}

// shortPages is Tuya with a list of two pages, and no need for a home of a hundred devices.
func shortPages() hubs.Vendor {
	v := Vendor()
	opens := v.Open
	v.Open = func(s hubs.Settings, d hubs.Deps) (hubs.Hub, error) {
		got, err := opens(s, d)
		if h, ok := got.(*hub); ok {
			h.page = 6
		}
		return got, err
	}
	return v
}

// lintAnnouncement looks at a device as Home Assistant will.
func lintAnnouncement(d hubs.Device) error {
	l := discovery.Layout{Prefix: "homeassistant", Base: "hub2mqtt", Hub: "home", Version: "test"}
	ids := discovery.Assign([]hubs.DeviceID{d.ID, d.Via}, nil)
	messages, err := l.Announce(discovery.Placed{Device: d, ID: ids[d.ID], ViaID: ids[d.Via]}, nil)
	errs := []error{err}
	for _, m := range messages {
		errs = append(errs, discovery.Lint(m))
	}
	return errors.Join(errs...)
}

// conforming is a cloud as the suite wants it: with a home of two pages, and the suite's
// own faults before it.
type conforming struct {
	cloud  *tuyatest.Cloud
	faults *fault.Table
	relay  *relay

	mu      sync.Mutex
	secrets []string
}

func newConforming(devices []tuyatest.Device) *conforming {
	home := tuyatest.DefaultHome()
	home.Devices = slices.DeleteFunc(home.Devices, func(d tuyatest.Device) bool {
		same := func(o tuyatest.Device) bool { return o.ID == d.ID }
		return d.ID != tuyatest.Ceiling && d.ID != tuyatest.Button && !slices.ContainsFunc(devices, same)
	})
	s := &conforming{
		cloud:  tuyatest.New(tuyatest.Options{Home: home, TravelTime: 50 * time.Millisecond}),
		faults: &fault.Table{Describe: describe, Say: sayLikeTuya},
	}
	s.relay = &relay{cloud: s.cloud, faults: s.faults}
	s.remember()
	return s
}

func (s *conforming) Handler() http.Handler {
	return s.faults.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/ws/") {
			s.relay.ServeHTTP(w, r)
			return
		}
		s.cloud.Handler().ServeHTTP(w, r)
	}))
}

func (s *conforming) Faults() *fault.Table { return s.faults }

// describe names a call by the last word of its path that is none of an id.
func describe(r *http.Request, _ []byte) fault.Request {
	q := fault.Request{Name: r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]}
	switch {
	case strings.HasPrefix(r.URL.Path, tokenPath):
		q.Name, q.Role = "token", fault.Renewal
	case strings.HasPrefix(r.URL.Path, "/ws/"):
		q.Name, q.Role = "pulsar", fault.Stream
	case r.URL.Path == linkedPath:
		q.Page = 1
		if r.URL.Query().Get("last_row_key") != "" {
			q.Page = 2
		}
	}
	return q
}

// sayLikeTuya tells statuses in the cloud's words: 200 and a code.
func sayLikeTuya(w http.ResponseWriter, _ *http.Request, f fault.Fault) {
	code := map[int]int{http.StatusUnauthorized: 1010, http.StatusForbidden: 28841105, http.StatusTooManyRequests: 1110, http.StatusBadRequest: 1109, http.StatusNotFound: 1108}[f.Status]
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	w.Header().Set("Content-Type", "application/json")
	if code == 0 {
		code = 500
		w.WriteHeader(f.Status)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"success": false, "code": code, "msg": "no", "t": time.Now().UnixMilli()}) // a client that is gone is none of our business
}

// remember keeps the tokens of the moment among the secrets.
func (s *conforming) remember() {
	s.mu.Lock()
	defer s.mu.Unlock()
	add := func(secret string) {
		if secret != "" && !slices.Contains(s.secrets, secret) {
			s.secrets = append(s.secrets, secret)
		}
	}
	add(tuyatest.AccessSecret)
	add(pushPassword(tuyatest.AccessID, tuyatest.AccessSecret))
	for _, p := range s.cloud.Pairs() {
		add(p.Access)
		add(p.Refresh)
	}
}

func (s *conforming) Settings(base string) map[string]string {
	return map[string]string{
		"URL": base, "PUSH_URL": "ws" + strings.TrimPrefix(base, "http"),
		"ACCESS_ID": tuyatest.AccessID, "ACCESS_SECRET": tuyatest.AccessSecret,
	}
}

func (s *conforming) Executed() int {
	calls := map[int]bool{}
	for _, x := range s.cloud.Executed() {
		calls[x.Call] = true
	}
	return len(calls)
}

func (s *conforming) Offline(id hubs.DeviceID) { _ = s.cloud.SetOnline(string(id), false) }

// Remove implements hubtest.Remover.
func (s *conforming) Remove(id hubs.DeviceID) { _ = s.cloud.Remove(string(id)) }

// Happen implements hubtest.Happener.
func (s *conforming) Happen() { _ = s.cloud.Press(tuyatest.Button, "switch_mode1", "single_click") }

func (s *conforming) Secrets() []string {
	s.remember()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.secrets)
}
