package aqaratest

import (
	"maps"
	"net/http"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// orders is the body of a control call; each call takes the fields it needs.
type orders struct {
	Address
	Value  any        `json:"value"`
	Event  string     `json:"event"`
	Online bool       `json:"online"`
	On     bool       `json:"on"`
	Name   string     `json:"name"`
	Space  string     `json:"space"`
	Low    *float64   `json:"min"`
	High   *float64   `json:"max"`
	Step   *float64   `json:"step"`
	Code   int        `json:"code"` // a WebSocket close code
	Add    Device     `json:"device"`
	Part   Endpoint   `json:"endpoint"`
	Source int        `json:"source"` // who turns a lock, see Studio.Turn
	User   int        `json:"user"`
	Rule   string     `json:"automationId"`
	Values []newValue `json:"values"`
}

type newValue struct {
	Address
	Value any `json:"value"`
}

// Control is the surface for tests in another process, see fault.Control. GET /calls,
// /executed, /counters, /tokens, /devices read; POST /set, /setall, /press, /online,
// /rename, /move, /add, /remove, /addendpoint, /removeendpoint, /range, /rotate, /turn (on:
// locked), /enable, /refresh, /expire, /revoke, /drop, /mute, /forget act, with a JSON body
// where they need one. They are named and work like the methods of Studio.
func (s *Studio) Control() http.Handler {
	acts := s.controls()
	maps.Copy(acts, s.deviceControls())
	return fault.Control(s.faults, map[string]func() any{
		"/calls":    func() any { return s.Calls() },
		"/executed": func() any { return s.Executed() },
		"/counters": func() any { return s.Counters() },
		"/tokens":   func() any { return s.Tokens() },
		"/devices":  func() any { return s.Devices() },
	}, acts, func() any { return s.Tokens() })
}

func (s *Studio) controls() map[string]func(orders) error {
	plain := func(f func()) func(orders) error {
		return func(orders) error {
			f()
			return nil
		}
	}
	return map[string]func(orders) error{
		"/set":    func(o orders) error { return s.SetAll(map[Address]any{o.Address: o.Value}) },
		"/press":  func(o orders) error { return s.Press(o.Device, o.Endpoint, o.Event) },
		"/online": func(o orders) error { return s.SetOnline(o.Device, o.Online) },
		"/rename": func(o orders) error { return s.Rename(o.Device, o.Name) },
		"/move":   func(o orders) error { return s.Move(o.Device, o.Space) },
		"/add":    func(o orders) error { return s.Add(o.Add) },
		"/remove": func(o orders) error { return s.Remove(o.Device) },
		"/range":  func(o orders) error { return s.SetRange(o.Address, o.Low, o.High, o.Step) },
		"/setall": func(o orders) error {
			values := map[Address]any{}
			for _, v := range o.Values {
				values[v.Address] = v.Value
			}
			return s.SetAll(values)
		},
		"/drop":    func(o orders) error { s.DropSockets(o.Code); return nil },
		"/mute":    func(o orders) error { s.Mute(o.On); return nil },
		"/refresh": plain(func() { s.PressRefresh() }),
		"/expire":  plain(s.ExpireAccess),
		"/revoke":  plain(s.Revoke),
		"/forget":  plain(s.Forget),
	}
}

// deviceControls are those of single endpoints and automations.
func (s *Studio) deviceControls() map[string]func(orders) error {
	return map[string]func(orders) error{
		"/addendpoint":    func(o orders) error { return s.AddEndpoint(o.Device, o.Part) },
		"/removeendpoint": func(o orders) error { return s.RemoveEndpoint(o.Device, o.Endpoint) },
		"/turn":           func(o orders) error { return s.Turn(o.Device, o.Endpoint, o.On, o.Source, o.User) },
		"/enable":         func(o orders) error { return s.Enable(o.Rule, o.On) },
		"/rotate": func(o orders) error {
			angle, _ := o.Value.(float64)
			return s.Rotate(o.Device, o.Endpoint, angle)
		},
	}
}
