package tuyatest

import (
	"fmt"
	"time"
)

// Group is what a project is authorised for as a whole on the developer platform.
type Group string

// The groups of APIs, as the platform sells them.
const (
	groupToken   Group = ""              // authorisation token management: never refused
	IoTCore      Group = "iot-core"      // devices, specifications, status, commands, thing model
	SmartHome    Group = "smart-home"    // users, homes, rooms, members
	SceneLinkage Group = "scene-linkage" // scenes
	Infrared     Group = "infrared"      // IR Control Hub Open Service
	SmartLock    Group = "smart-lock"    // Smart Lock Open Service
	VideoStream  Group = "video-stream"  // IoT Video Live Stream
	Notification Group = "notification"  // Device Status Notification: Open-Hub and Pulsar
)

// Deny refuses all calls of a group with a code such as 28841101 or 28841105 from now on;
// 0 allows them again. It says so if there is no such project.
func (c *Cloud) Deny(accessID string, group Group, code int) error {
	return c.withProject(accessID, func(p *project) {
		if p.Denied == nil {
			p.Denied = map[Group]int{}
		}
		p.Denied[group] = code
	})
}

// Expire lets the plan of a project run out (28841002), or extends it again.
func (c *Cloud) Expire(accessID string, expired bool) error {
	return c.withProject(accessID, func(p *project) { p.expired = expired })
}

// Block takes the caller's address off the project's allowlist (1114), or puts it back.
func (c *Cloud) Block(accessID string, blocked bool) error {
	return c.withProject(accessID, func(p *project) { p.blocked = blocked })
}

// Link links an app account to a project, or takes the link away.
func (c *Cloud) Link(accessID, uid string, linked bool) error {
	return c.withProject(accessID, func(p *project) {
		var left []string
		for _, a := range c.home.Accounts {
			if a.UID == uid && linked || a.UID != uid && p.linked(a.UID) {
				left = append(left, a.UID)
			}
		}
		p.Linked = append([]string{}, left...)
	})
}

// Used is how many calls of its quota a project has used in the current period.
func (c *Cloud) Used(accessID string) int {
	used := 0
	_ = c.withProject(accessID, func(p *project) { // an unknown project has used nothing
		if p.period == c.periodOf(c.now()) {
			used = p.used
		}
	})
	return used
}

func (c *Cloud) withProject(accessID string, f func(*project)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.projects[accessID]
	if p == nil {
		return fmt.Errorf("tuyatest: no project %s", accessID)
	}
	f(p)
	return nil
}

func (c *Cloud) periodOf(now time.Time) string {
	if c.opts.QuotaPerDay {
		return now.UTC().Format("2006-01-02")
	}
	return now.UTC().Format("2006-01")
}

// second counts the calls of one API within one second.
type second struct {
	at    int64
	calls int
}

// excess says which limits a call is beyond.
type excess struct{ quota, rate bool }

// count books the call. Refused calls count, too.
func (c *Cloud) count(q *request) excess {
	p := q.project
	if now := c.periodOf(q.now); p.period != now {
		p.period, p.used = now, 0
	}
	p.used++
	s := p.seconds[q.op]
	if s == nil {
		s = &second{}
		p.seconds[q.op] = s
	}
	if s.at != q.now.Unix() {
		*s = second{at: q.now.Unix()}
	}
	s.calls++
	return excess{
		quota: c.opts.Quota > 0 && p.used > c.opts.Quota,
		rate:  c.opts.Rate > 0 && s.calls > c.opts.Rate,
	}
}

// permit refuses what plan, quota, pace or authorisation do not allow.
func (c *Cloud) permit(q *request, over excess) (answer, bool) {
	p := q.project
	switch code := p.Denied[q.route.group]; {
	case p.expired:
		return refuse(codeExpired, "the plan has expired"), false
	case over.quota:
		return refuse(codeQuota, "the quota is used up"), false
	case over.rate:
		return refuse(c.opts.RateCode, "too many calls a second"), false
	case code != 0:
		return refuse(code, "group "+string(q.route.group)+" is not authorised"), false
	case p.Elsewhere == ElsewherePermitted:
		return refuse(codePermission, "project lives in another data centre"), false
	}
	return answer{}, true
}
