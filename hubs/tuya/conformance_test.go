package tuya

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
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

func TestConformance(t *testing.T) {
	hubtest.Run(t, hubtest.Options{
		Vendor: forgetful(),
		New:    func(t *testing.T) hubtest.Server { t.Helper(); return newConforming(t) },
		Command: func([]hubs.Device) hubs.Command {
			return set(tuyatest.Ceiling, "switch_led", hubs.On, true, hubs.Level, 20)
		},
		Required: []string{"URL", "ACCESS_ID", "ACCESS_SECRET"},
		Lint:     lintAnnouncement,
		Settle:   5 * time.Second,
	})
}

// forgetful is Tuya without the poll that takes over the inventory's list: the suite
// counts the calls of polls, and wants them equal. Reads after a command are all taken
// for somebody's who asks.
func forgetful() hubs.Vendor {
	v := Vendor()
	opens := v.Open
	v.Open = func(s hubs.Settings, d hubs.Deps) (hubs.Hub, error) {
		got, err := opens(s, d)
		if h, ok := got.(*hub); ok {
			var looks atomic.Int64
			h.now = func() time.Time { return time.Now().Add(time.Duration(looks.Add(1)) * (listLife + earlyFor)) }
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

// conforming is a cloud as the suite wants it: with a home of two pages.
type conforming struct {
	hubtest.Faults
	cloud *tuyatest.Cloud
	url   string

	mu      sync.Mutex
	secrets []string
}

func newConforming(t *testing.T) *conforming {
	t.Helper()
	home := tuyatest.DefaultHome()
	home.Grow(accountPage + 5)
	s := &conforming{cloud: tuyatest.New(tuyatest.Options{Home: home, TravelTime: 50 * time.Millisecond})}
	s.Renewal = func(r *http.Request, _ []byte) bool { return strings.HasPrefix(r.URL.Path, tokenPath) }
	s.Page = pageOf
	s.Say = sayLikeTuya
	srv := httptest.NewServer(s.Wrap(s.cloud.Handler()))
	t.Cleanup(func() { s.cloud.DropConsumers(0); srv.Close() })
	s.url = srv.URL
	s.remember()
	return s
}

func pageOf(r *http.Request, _ []byte) int {
	switch {
	case r.URL.Path != linkedPath:
		return 0
	case r.URL.Query().Get("last_row_key") == "":
		return 1
	}
	return 2
}

func sayLikeTuya(w http.ResponseWriter, _ *http.Request, f hubtest.Fault) {
	code := 1010
	if f.Kind == hubtest.Limit {
		code = 1110
		w.Header().Set("Retry-After", strconv.Itoa(int(f.After.Seconds())))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"success": false, "code": code, "msg": "no", "t": time.Now().UnixMilli()}) // a client that is gone is none of our business
}

// Fail implements hubtest.Server: streams are the simulator's to break.
func (s *conforming) Fail(f hubtest.Fault) {
	if f.Kind == hubtest.Drop {
		s.cloud.DropConsumers(0)
		return
	}
	s.Faults.Fail(f)
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

func (s *conforming) Settings() map[string]string {
	return map[string]string{
		"URL": s.url, "PUSH_URL": "ws" + strings.TrimPrefix(s.url, "http"),
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

func (s *conforming) Secrets() []string {
	s.remember()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.secrets)
}
