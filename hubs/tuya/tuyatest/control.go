package tuyatest

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// orders is the body of a control call; each call takes the fields it needs.
type orders struct {
	Device  string         `json:"device"`
	Code    string         `json:"code"`
	Value   any            `json:"value"`
	Values  map[string]any `json:"values"`
	On      bool           `json:"on"`
	Name    string         `json:"name"`
	Room    int64          `json:"room"`
	By      string         `json:"by"`
	Type    string         `json:"type"`
	Spec    string         `json:"spec"`
	Project string         `json:"accessId"`
	Account string         `json:"uid"`
	Group   Group          `json:"group"`
	Number  int            `json:"number"` // a code of an answer, of a WebSocket's close, or a protocol
	Offset  string         `json:"offset"` // a duration such as 1h
	Add     Device         `json:"add"`
}

// Control is the surface for tests in another process. GET /calls, /executed, /counters,
// /pairs, /devices read; POST /set (values), /press, /online, /rename, /move, /add,
// /remove, /message (values, number), /respecify, /turn, /deny, /expireplan, /block, /link, /expire, /revoke, /fault,
// /heal, /clock, /drop, /droplinks, /mute, /forget act, with a JSON body where they need
// one. They are named and work like the methods of Cloud; an error is a 400 with text.
func (c *Cloud) Control() http.Handler {
	mux := http.NewServeMux()
	for path, read := range map[string]func() any{
		"/calls":    func() any { return c.Calls() },
		"/executed": func() any { return c.Executed() },
		"/counters": func() any { return c.Counters() },
		"/pairs":    func() any { return c.Pairs() },
		"/devices":  func() any { return c.Devices() },
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, read()) })
	}
	for path, act := range c.controls() {
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
			writeJSON(w, struct{}{})
		})
	}
	mux.HandleFunc("POST /fault", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.Fail(f)
		writeJSON(w, f)
	})
	return mux
}

func (c *Cloud) controls() map[string]func(orders) error {
	plain := func(f func(orders)) func(orders) error {
		return func(o orders) error {
			f(o)
			return nil
		}
	}
	return map[string]func(orders) error{
		"/set": func(o orders) error {
			if len(o.Values) == 0 {
				return errors.New("tuyatest: values is missing")
			}
			return c.SetAll(o.Device, o.Values)
		},
		"/press":      func(o orders) error { return c.Press(o.Device, o.Code, o.Value) },
		"/online":     func(o orders) error { return c.SetOnline(o.Device, o.On) },
		"/rename":     func(o orders) error { return c.Rename(o.Device, o.Name) },
		"/move":       func(o orders) error { return c.Move(o.Device, o.Room) },
		"/add":        func(o orders) error { return c.Add(o.Add) },
		"/remove":     func(o orders) error { return c.Remove(o.Device) },
		"/message":    func(o orders) error { return c.Message(o.Device, o.Number, o.Values) },
		"/respecify":  func(o orders) error { return c.Respecify(o.Device, o.Code, o.Type, o.Spec) },
		"/turn":       func(o orders) error { return c.Turn(o.Device, o.On, o.By) },
		"/deny":       func(o orders) error { return c.Deny(o.Project, o.Group, o.Number) },
		"/expireplan": func(o orders) error { return c.Expire(o.Project, o.On) },
		"/block":      func(o orders) error { return c.Block(o.Project, o.On) },
		"/link":       func(o orders) error { return c.Link(o.Project, o.Account, o.On) },
		"/clock": func(o orders) error {
			d, err := time.ParseDuration(o.Offset)
			if err == nil {
				c.SetClock(d)
			}
			return err
		},
		"/expire":    plain(func(o orders) { c.ExpireAccess(o.Project) }),
		"/revoke":    plain(func(o orders) { c.Revoke(o.Project) }),
		"/drop":      plain(func(o orders) { c.DropConsumers(o.Number) }),
		"/droplinks": plain(func(orders) { c.DropLinks() }),
		"/mute":      plain(func(o orders) { c.Mute(o.On) }),
		"/heal":      plain(func(orders) { c.Heal() }),
		"/forget":    plain(func(orders) { c.Forget() }),
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked may be gone
}
