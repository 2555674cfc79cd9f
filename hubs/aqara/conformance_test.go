package aqara

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestConformance(t *testing.T) {
	hubtest.Run(t, hubtest.Options{
		Vendor: Vendor(),
		New:    func(t *testing.T) hubtest.Server { t.Helper(); return newConforming() },
		Command: func([]hubs.Device) hubs.Command {
			return set(aqaratest.Strip, "x2_output", hubs.On, true, hubs.Level, 20)
		},
		Required: []string{"URL", "ACCESS_TOKEN"},
		Lint:     lintAnnouncement,
		Settle:   5 * time.Second,
		Quota:    func(calls int) map[string]string { return map[string]string{"QUOTA": fmt.Sprintf("%d/day", calls)} },
		EventIDs: true,
	})
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
	studio *aqaratest.Studio

	mu      sync.Mutex
	secrets []string
}

func newConforming() *conforming {
	s := &conforming{studio: aqaratest.New(aqaratest.Options{TravelTime: 50 * time.Millisecond})}
	s.remember()
	return s
}

func (s *conforming) Handler() http.Handler { return s.studio.Handler() }

func (s *conforming) Faults() *fault.Table { return s.studio.Faults() }

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

func (s *conforming) Settings(base string) map[string]string {
	p := s.studio.Tokens()
	return map[string]string{"URL": base, "ACCESS_TOKEN": p.Access, "REFRESH_TOKEN": p.Refresh}
}

func (s *conforming) Executed() int {
	calls := map[int]bool{}
	for _, x := range s.studio.Executed() {
		calls[x.Call] = true
	}
	return len(calls)
}

func (s *conforming) Offline(id hubs.DeviceID) { _ = s.studio.SetOnline(string(id), false) }

// Remove implements hubtest.Remover.
func (s *conforming) Remove(id hubs.DeviceID) { _ = s.studio.Remove(string(id)) }

// Happen implements hubtest.Happener.
func (s *conforming) Happen() { _ = s.studio.Press(aqaratest.Button, 2, "SinglePress") }

func (s *conforming) Secrets() []string {
	s.remember()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.secrets)
}
