package aqara

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
)

func TestConformance(t *testing.T) {
	hubtest.Run(t, hubtest.Options{
		Vendor: forgetful(),
		New:    func(t *testing.T) hubtest.Server { t.Helper(); return newConforming(t) },
		Command: func([]hubs.Device) hubs.Command {
			return set(aqaratest.Strip, "x2_output", hubs.On, true, hubs.Level, 20)
		},
		Required: []string{"URL", "ACCESS_TOKEN"},
		Lint:     lintAnnouncement,
		Settle:   5 * time.Second,
	})
}

// forgetful is Aqara without the poll that takes over the inventory's list: the suite
// counts the calls of polls, and wants them equal.
func forgetful() hubs.Vendor {
	v := Vendor()
	opens := v.Open
	v.Open = func(s hubs.Settings, d hubs.Deps) (hubs.Hub, error) {
		got, err := opens(s, d)
		if h, ok := got.(*hub); ok {
			var looks atomic.Int64
			h.now = func() time.Time { return time.Now().Add(time.Duration(looks.Add(1)) * listLife) }
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

// conforming is a Studio as the suite wants it.
type conforming struct {
	hubtest.Faults
	studio *aqaratest.Studio
	url    string

	mu      sync.Mutex
	secrets []string
}

func newConforming(t *testing.T) *conforming {
	t.Helper()
	s := &conforming{studio: aqaratest.New(aqaratest.Options{TravelTime: 50 * time.Millisecond})}
	s.Renewal = func(r *http.Request, _ []byte) bool { return strings.HasSuffix(r.URL.Path, refreshPath) }
	s.Page = func(_ *http.Request, body []byte) int { return messageOf(body).page() }
	s.Say = sayLikeStudio
	srv := httptest.NewServer(s.Wrap(s.studio.Handler()))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	s.remember()
	return s
}

// Fail implements hubtest.Server: streams are the simulator's to break.
func (s *conforming) Fail(f hubtest.Fault) {
	if f.Kind == hubtest.Drop {
		s.studio.DropSockets(0)
		return
	}
	s.Faults.Fail(f)
}

// message is what the suite looks at in a request.
type message struct {
	Type string `json:"type"`
	Data struct {
		Page int `json:"pageNum"`
	} `json:"data"`
}

func messageOf(body []byte) (m message) {
	_ = json.Unmarshal(body, &m) // data may be a list: the type is there all the same
	return m
}

// page counts the specs as the inventory's second page: a Studio of today lists the
// devices at once, and what they are comes after.
func (m message) page() int {
	switch m.Type {
	case typeAllDevices, typeDevicePage:
		return max(1, m.Data.Page)
	case typeSpecs:
		return 2
	}
	return 0
}

func sayLikeStudio(w http.ResponseWriter, _ *http.Request, f hubtest.Fault) {
	status := http.StatusUnauthorized
	if f.Kind == hubtest.Limit {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(f.After.Seconds())))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // a client that is gone is none of our business
		"type": "ErrorMessage", "version": "v1", "msgId": "1", "code": status, "message": "no", "data": nil,
	})
}

// remember keeps the pair of the moment among the secrets.
func (s *conforming) remember() {
	p := s.studio.Tokens()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range []string{p.Access, p.Refresh} {
		if !slices.Contains(s.secrets, secret) {
			s.secrets = append(s.secrets, secret)
		}
	}
}

func (s *conforming) Settings() map[string]string {
	p := s.studio.Tokens()
	return map[string]string{"URL": s.url, "ACCESS_TOKEN": p.Access, "REFRESH_TOKEN": p.Refresh}
}

func (s *conforming) Executed() int {
	calls := map[int]bool{}
	for _, x := range s.studio.Executed() {
		calls[x.Call] = true
	}
	return len(calls)
}

func (s *conforming) Offline(id hubs.DeviceID) { _ = s.studio.SetOnline(string(id), false) }

func (s *conforming) Secrets() []string {
	s.remember()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.secrets)
}
