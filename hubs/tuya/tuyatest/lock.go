package tuyatest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// ticketLife is how long a ticket works; the vendor's example says 360 s, its text 5 min.
const ticketLife = 5 * time.Minute

// ticket allows one remote opening.
type ticket struct {
	device  string
	expires time.Time
}

func (c *Cloud) lockRoutes() []route {
	return []route{
		{http.MethodPost, "/v1.0/devices/{device}/door-lock/password-ticket", OpTicket, SmartLock, c.ticket},
		{http.MethodPost, "/v1.0/smart-lock/devices/{device}/password-ticket", OpTicket, SmartLock, c.ticket},
		{http.MethodPost, "/v1.0/smart-lock/devices/{device}/password-free/door-operate", OpDoor, SmartLock, c.door},
		{http.MethodPost, "/v1.0/devices/{device}/door-lock/password-free/open-door", OpDoor, SmartLock, c.door},
	}
}

func (c *Cloud) lockOf(q *request) (*Device, answer) {
	d, a := c.deviceOf(q)
	if a.code == 0 && !slices.Contains([]string{"ms", "jtmspro", "mk"}, d.Category) {
		a = refuse(codeNotSupported, "no lock")
	}
	return d, a
}

// ticket gives a key for passwords, and the ID that a remote opening wants.
func (c *Cloud) ticket(q *request) answer {
	d, a := c.lockOf(q)
	if a.code != 0 {
		return a
	}
	id := c.random(7)
	c.tickets[id] = ticket{d.ID, c.opts.Now().Add(ticketLife)}
	plain := []byte(c.random(16))
	key := []byte(q.project.AccessSecret)
	return ok(map[string]any{
		"ticket_id": id, "ticket_key": ticketKey(key, plain), "expire_time": int(ticketLife.Seconds()),
	})
}

// door opens or closes; a ticket works once.
func (c *Cloud) door(q *request) answer {
	d, a := c.lockOf(q)
	if a.code != 0 {
		return a
	}
	var in struct {
		Ticket string `json:"ticket_id"`
		Open   *bool  `json:"open"`
	}
	operate := strings.HasSuffix(q.http.URL.Path, "/door-operate")
	if !q.body(&in) || in.Ticket == "" || operate && in.Open == nil {
		return refuse(codeEmpty, "ticket_id or open is missing")
	}
	t, known := c.tickets[in.Ticket]
	delete(c.tickets, in.Ticket)
	if !known || t.device != d.ID || !t.expires.After(c.opts.Now()) {
		return refuse(codeIllegal, "ticket unknown, used up or expired")
	}
	if !d.Online {
		return refuse(codeOffline, "lock offline")
	}
	open := in.Open == nil || *in.Open
	c.note(q, d.ID, "door", open, q.Ignored)
	if !q.Ignored {
		c.later(d.ID, "", c.opts.EffectDelay, func(now time.Time) { c.turn(now, d.ID, open, "unlock_phone_remote") })
	}
	return ok(true)
}

// turn moves the bolt. An open lock falls back after a while, if it does so by itself.
func (c *Cloud) turn(now time.Time, device string, open bool, by string) {
	d := c.home.device(device)
	if d == nil {
		return
	}
	changes := []change{{code: "lock_motor_state", value: open}}
	if open && d.dp(by) != nil {
		c.tell(now, d, []change{{code: by, value: int64(1)}}, true)
	}
	c.report(now, d, changes)
	c.cancel(device, "lock_motor_state")
	if auto := d.dp("automatic_lock"); open && auto != nil && auto.Value == true {
		c.later(device, "lock_motor_state", c.opts.UnlockTime, func(now time.Time) { c.turn(now, device, false, by) })
	}
}
