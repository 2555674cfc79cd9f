package tuya

import (
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
				Cached:     []string{tuyatest.OpSpecification, tuyatest.OpModel, tuyatest.OpHomes, tuyatest.OpScenes, tuyatest.OpRooms},
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

// conforming is a cloud as the suite wants it, with a home of two pages.
type conforming struct {
	cloud *tuyatest.Cloud

	mu      sync.Mutex
	secrets []string
}

func newConforming(devices []tuyatest.Device) *conforming {
	home := tuyatest.DefaultHome()
	home.Devices = slices.DeleteFunc(home.Devices, func(d tuyatest.Device) bool {
		same := func(o tuyatest.Device) bool { return o.ID == d.ID }
		return d.ID != tuyatest.Ceiling && d.ID != tuyatest.Button && !slices.ContainsFunc(devices, same)
	})
	s := &conforming{cloud: tuyatest.New(tuyatest.Options{
		Home: home, TravelTime: 50 * time.Millisecond,
		PushOptions: tuyatest.PushOptions{OpenHubURL: "tcp://127.0.0.1:1"}, // nobody is there: the suite is about the other channel
	})}
	s.remember()
	return s
}

func (s *conforming) Handler() http.Handler { return s.cloud.Handler() }

func (s *conforming) Faults() *fault.Table { return s.cloud.Faults() }

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
