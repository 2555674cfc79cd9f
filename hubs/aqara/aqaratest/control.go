package aqaratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"

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
	Offset string     `json:"offset"` // a duration such as 1h
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

// Control is the surface for tests in another process. GET /calls, /executed,
// /counters, /tokens, /devices read; POST /set, /setall, /press, /online, /rename,
// /move, /add, /remove, /addendpoint, /removeendpoint, /range, /rotate, /turn (on: locked),
// /enable, /fault, /heal, /clock, /refresh, /expire, /revoke,
// /drop, /mute, /forget act, with a JSON body where they need one. They are named and
// work like the methods of Studio; an error is a 400 with text.
func (s *Studio) Control() http.Handler {
	mux := http.NewServeMux()
	for path, read := range map[string]func() any{
		"/calls":    func() any { return s.Calls() },
		"/executed": func() any { return s.Executed() },
		"/counters": func() any { return s.Counters() },
		"/tokens":   func() any { return s.Tokens() },
		"/devices":  func() any { return s.Devices() },
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, read()) })
	}
	acts := s.controls()
	maps.Copy(acts, s.deviceControls())
	for path, act := range acts {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			var in orders
			if r.ContentLength != 0 {
				if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
					return
				}
			}
			if err := act(in); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			writeJSON(w, s.Tokens())
		})
	}
	mux.HandleFunc("POST /fault", func(w http.ResponseWriter, r *http.Request) {
		var f fault.Fault
		if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if !s.faults.Knows(f.Kind) {
			http.Error(w, fmt.Sprintf("there is no fault of the kind %q", f.Kind), http.StatusBadRequest)
			return
		}
		s.faults.Fail(f)
		writeJSON(w, f)
	})
	return mux
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
		"/clock": func(o orders) error {
			d, err := time.ParseDuration(o.Offset)
			if err == nil {
				s.faults.SetClock(d)
			}
			return err
		},
		"/drop":    func(o orders) error { s.DropSockets(o.Code); return nil },
		"/mute":    func(o orders) error { s.Mute(o.On); return nil },
		"/heal":    plain(s.faults.Heal),
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

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked may be gone
}
