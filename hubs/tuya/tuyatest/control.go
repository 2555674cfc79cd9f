package tuyatest

import (
	"errors"
	"net/http"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
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
	Add     Device         `json:"add"`
}

// Control is the surface for tests in another process, see fault.Control. GET /calls,
// /executed, /counters, /pairs, /devices read; POST /set (values), /press, /online, /rename,
// /move, /add, /remove, /message (values, number), /respecify, /turn, /deny, /expireplan,
// /block, /link, /expire, /revoke, /drop, /droplinks, /mute, /forget act, with a JSON body
// where they need one. They are named and work like the methods of Cloud.
func (c *Cloud) Control() http.Handler {
	return fault.Control(c.faults, map[string]func() any{
		"/calls":    func() any { return c.Calls() },
		"/executed": func() any { return c.Executed() },
		"/counters": func() any { return c.Counters() },
		"/pairs":    func() any { return c.Pairs() },
		"/devices":  func() any { return c.Devices() },
	}, c.controls(), func() any { return struct{}{} })
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
		"/expire":     plain(func(o orders) { c.ExpireAccess(o.Project) }),
		"/revoke":     plain(func(o orders) { c.Revoke(o.Project) }),
		"/drop":       plain(func(o orders) { c.DropConsumers(o.Number) }),
		"/droplinks":  plain(func(orders) { c.DropLinks() }),
		"/mute":       plain(func(o orders) { c.Mute(o.On) }),
		"/forget":     plain(func(orders) { c.Forget() }),
	}
}
