package bridge

import (
	"fmt"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The hub's own device: how its connection is, and what can be asked of it, beside
// what the vendor puts there. It answers while the hub is down.

const (
	selfConnection = "connection"
	selfState      = "state"
	selfError      = "last_error"
	selfLogin      = "login_needed"
	selfPush       = "push"
	selfDevices    = "devices"
	selfEntities   = "entities"
	selfCalls      = "calls_today"
	selfQuotaUsed  = "quota_used"
	selfQuotaLimit = "quota_limit"
	selfExpires    = "token_expires"
	selfRefresh    = "refresh"
	selfRediscover = "rediscover"

	attrCode  hubs.Attr = "code"
	attrHint  hubs.Attr = "hint"
	attrSince hubs.Attr = "since"
)

// pushPatience is how long the own device waits for the first word of the hub's stream:
// that it is down at a start is no news.
const pushPatience = 10 * time.Second

// ownEntities are those that the bridge gives the hub's device. Numbers that move all
// the time are hidden until somebody wants them.
func (h *hubRun) ownEntities() []hubs.Entity {
	count := hubs.Sensor{Accumulates: hubs.Measurement}
	diagnostic := func(key, name string, hidden bool, spec hubs.Spec) hubs.Entity {
		return hubs.Entity{Key: key, Name: name, Role: hubs.Diagnostic, Hidden: hidden, Spec: spec}
	}
	connection := diagnostic(selfConnection, "Connection", false, hubs.Binary{})
	connection.Class = hubs.Connectivity
	fault := diagnostic(selfError, "Last error", false, hubs.Sensor{Kind: hubs.KindText})
	fault.Attrs = []hubs.Field{
		{Attr: attrCode, Kind: hubs.KindText}, {Attr: attrHint, Kind: hubs.KindText}, {Attr: attrSince, Kind: hubs.KindTime},
	}
	login := diagnostic(selfLogin, "Login needed", false, hubs.Binary{})
	login.Class = hubs.Problem
	out := []hubs.Entity{connection, diagnostic(selfState, "State", false, hubs.Sensor{Options: hubStates()}), fault, login}
	if h.pushes {
		out = append(out, diagnostic(selfPush, "Push", false, hubs.Sensor{Options: []string{pushWord(true), pushWord(false)}}))
	}
	out = append(out, diagnostic(selfDevices, "Devices", false, count), diagnostic(selfEntities, "Entities", true, count))
	if h.cfg.Calls != nil {
		out = append(out, diagnostic(selfCalls, "Calls today", true, hubs.Sensor{Accumulates: hubs.Increasing}))
	}
	if _, limited := h.budget(); limited {
		out = append(out, diagnostic(selfQuotaUsed, "Quota used", true, count), diagnostic(selfQuotaLimit, "Quota", true, count))
	}
	if h.cfg.Tokens != nil {
		out = append(out, diagnostic(selfExpires, "Token expires", true, hubs.Sensor{Kind: hubs.KindTime}))
	}
	return append(out,
		hubs.Entity{Key: selfRefresh, Name: "Refresh", Role: hubs.Config, Icon: "mdi:refresh", Spec: hubs.Button{}},
		hubs.Entity{Key: selfRediscover, Name: "Rediscover", Role: hubs.Config, Icon: "mdi:magnify", Spec: hubs.Button{}})
}

// placeSelf announces the hub's own device, with what the vendor adds to it.
func (h *hubRun) placeSelf(vendor hubs.Device, now time.Time) {
	if h.standIn { // to be announced, even if it looks the same
		delete(h.devices, hubs.Self)
		h.standIn = false
	}
	h.place(h.selfPlaced(vendor), now)
	h.self = h.devices[hubs.Self]
}

// selfPlaced is the hub's own device. A key that the vendor uses too is the vendor's.
func (h *hubRun) selfPlaced(vendor hubs.Device) discovery.Placed {
	d := vendor
	d.ID = hubs.Self
	d.Name = title(h.cfg.Name) // as in HUBS: a person may have two of a vendor's
	if d.Maker == "" {
		d.Maker = title(h.cfg.Vendor)
	}
	as := h.dress(&d)
	d = as.Device
	h.own = map[string]bool{}
	var own []hubs.Entity
	for _, e := range h.ownEntities() {
		if _, taken := vendor.Entity(e.Key); !taken {
			own = append(own, e)
			h.own[e.Key] = true
		}
	}
	d.Entities = append(own, d.Entities...)
	if h.settled.dressed == nil {
		h.settled.dressed = map[hubs.DeviceID]dressed{}
	}
	as.Device = hubs.Device{}
	h.settled.dressed[hubs.Self] = as
	return discovery.Placed{Device: d, ID: discovery.HubID}
}

// standInSelf gives a hub that was never reached a device that says so. Where one was
// announced before, that announcement stands: it names scenes that only the hub knows.
func (h *hubRun) standInSelf(now time.Time) {
	if _, announced := h.manifest.Devices[hubs.Self]; !announced {
		h.placeSelf(hubs.Device{}, now)
		return
	}
	p := h.selfPlaced(hubs.Device{})
	h.self, h.standIn = newDevice(p), true
	h.devices[hubs.Self], h.byID[p.ID] = h.self, h.self
	h.send(h.layout.Availability(p, true))
}

// showSelf brings the hub's own device up to date. While the first round is under way
// what stands on the broker is as good as anything.
func (h *hubRun) showSelf(now time.Time) {
	s := &h.health
	if !s.attempted || h.pushes && !h.push.up && h.push.err == nil && now.Sub(s.started) < pushPatience {
		return
	}
	if h.self == nil {
		h.standInSelf(now)
	}
	h.self.heard = true
	set := func(key string, attr hubs.Attr, v hubs.Value) {
		p := hubs.Point{Entity: key, Attr: attr}
		if h.own[key] {
			h.self.set(p, v, now)
		}
	}
	devices, entities := h.counts()
	set(selfConnection, hubs.On, hubs.Bool(s.state == OK || s.state == Degraded || s.state == Limited))
	set(selfState, hubs.Main, hubs.Str(string(s.state)))
	set(selfLogin, hubs.On, hubs.Bool(h.loginNeeded()))
	set(selfDevices, hubs.Main, hubs.Num(float64(devices)))
	set(selfEntities, hubs.Main, hubs.Num(float64(entities)))
	set(selfExpires, hubs.Main, hubs.Time(h.tokenExpires().Truncate(time.Second)))
	if h.pushes {
		set(selfPush, hubs.Main, hubs.Str(pushWord(h.push.up)))
	}
	if h.cfg.Calls != nil {
		set(selfCalls, hubs.Main, hubs.Num(float64(h.cfg.Calls())))
	}
	if b, limited := h.budget(); limited {
		set(selfQuotaUsed, hubs.Main, hubs.Num(float64(b.Used)))
		set(selfQuotaLimit, hubs.Main, hubs.Num(float64(b.Limit)))
	}
	t := h.trouble()
	set(selfError, hubs.Main, shortText(t.text))
	set(selfError, attrCode, shortText(t.code))
	set(selfError, attrHint, shortText(t.hint))
	set(selfError, attrSince, hubs.Time(t.since.Truncate(time.Second)))
	h.touch(h.self, now)
}

// shortText is what Home Assistant takes as a state; unknown where there is nothing.
func shortText(s string) hubs.Value {
	const most = 255
	if s == "" {
		return hubs.Value{}
	}
	text := []rune(s)
	return hubs.Str(string(text[:min(len(text), most)]))
}

// counts are the devices that are shown and their entities. They come from the
// manifest, which is whole before the first inventory too.
func (h *hubRun) counts() (devices, entities int) {
	for raw, o := range h.manifest.Devices {
		if raw != hubs.Self {
			devices++
		}
		for key := range o.Components {
			trigger := strings.Contains(key, "-")
			if !trigger && (raw != hubs.Self || !h.isOwn(key)) {
				entities++
			}
		}
	}
	return devices, entities
}

// isOwn tells whether an entity of the hub's own device is the bridge's.
func (h *hubRun) isOwn(key string) bool {
	if h.own == nil {
		h.selfPlaced(hubs.Device{})
	}
	return h.own[key]
}

// ownCommand carries out what is the bridge's to do, and tells whether it was.
func (h *hubRun) ownCommand(req discovery.Request, now time.Time) bool {
	if !h.isOwn(req.Entity) || req.Get {
		return false
	}
	if h.repeated(req, now) {
		h.reply(req, now, codeDuplicate, "this transaction was executed less than a minute ago")
		return true
	}
	var err error
	switch req.Entity {
	case selfRefresh:
		err = h.refreshLocked(now)
	case selfRediscover:
		h.rediscoverLocked(now)
	default:
		err = &hubs.Error{Fault: hubs.ReadOnly, Err: fmt.Errorf("%s can only be read", req.Entity)}
	}
	h.answer(req, now, err)
	return true
}
