package tuyatest

import (
	"encoding/json"
	"net/http"
	"time"
)

// order is one code with the value it shall have.
type order struct {
	Code  string          `json:"code"`
	Value json.RawMessage `json:"value"`
}

func (c *Cloud) commandRoutes() []route {
	return []route{
		{http.MethodPost, "/v1.0/iot-03/devices/{device}/commands", OpCommands, IoTCore, c.commands},
		{http.MethodPost, "/v1.0/devices/{device}/commands", OpCommands, IoTCore, c.commands},
	}
}

// commands takes a list of codes, all or none of them. True means that the cloud took
// it, not that the device has done it.
func (c *Cloud) commands(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	var in struct {
		Commands []order `json:"commands"`
	}
	if !q.body(&in) {
		return refuse(codeIllegal, "commands is no list")
	}
	if len(in.Commands) == 0 {
		return refuse(codeEmpty, "commands is empty")
	}
	if a, fine := q.modelled(d); !fine {
		return a
	}
	if d.IssueOnly {
		return refuse(codeUnsupported, "device has no standard commands")
	}
	if !d.Online && !c.opts.OfflineAccepted {
		return refuse(codeOffline, "device offline")
	}
	return c.order(q, d, in.Commands, false)
}

// order checks all orders, and only then carries them out, in their order. The thing
// model knows data points that the specification does not.
func (c *Cloud) order(q *request, d *Device, orders []order, thing bool) answer {
	changes := make([]change, 0, len(orders))
	for _, o := range orders {
		p := d.dp(o.Code)
		if p == nil || p.ThingOnly && !thing {
			return refuse(codeUnsupported, o.Code+" is unknown")
		}
		if len(o.Value) == 0 {
			return refuse(codeEmpty, o.Code+" has no value")
		}
		v, why := p.checkOrder(o.Value, c.opts.StrictSteps)
		if why != "" {
			return refuse(codeUnsupported, why)
		}
		changes = append(changes, change{code: o.Code, value: v})
	}
	ignored := q.Ignored || !d.Online
	for _, ch := range changes {
		c.note(q, d.ID, ch.code, ch.value, ignored)
	}
	if !ignored {
		c.later(d.ID, "", c.opts.EffectDelay, func(now time.Time) { c.obey(now, d.ID, changes) })
	}
	return ok(true)
}

func (c *Cloud) note(q *request, device, code string, value any, ignored bool) {
	c.executed = append(c.executed, Executed{
		At: c.opts.Now(), Call: q.index, Op: q.op, Device: device, Code: code, Value: value, Ignored: ignored,
	})
}

// later lets f happen after d: at once if d is 0. Where code is not empty, f comes in
// place of whatever was still to happen to that part of the device.
func (c *Cloud) later(device, code string, d time.Duration, f func(now time.Time)) {
	key := device + "/" + code
	if code != "" {
		c.cancel(device, code)
	}
	if d <= 0 {
		f(c.opts.Now())
		return
	}
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if code != "" {
			if c.motors[key] != t {
				return // another order came in between
			}
			delete(c.motors, key)
		}
		f(c.opts.Now())
	})
	if code != "" {
		c.motors[key] = t
	}
}

// cancel forgets what was still to happen to a part of the device.
func (c *Cloud) cancel(device, code string) {
	key := device + "/" + code
	if t := c.motors[key]; t != nil {
		t.Stop()
		delete(c.motors, key)
	}
}

// obey is the device doing what it was told: the values are written and reported, and
// whatever follows from them begins.
func (c *Cloud) obey(now time.Time, device string, changes []change) {
	d := c.home.device(device)
	if d == nil {
		return // left in the meantime
	}
	for _, ch := range changes {
		if p := d.dp(ch.code); p != nil {
			p.before, p.beforeAt, p.written = p.Value, p.At, true
		}
	}
	c.report(now, d, changes)
	for _, ch := range changes {
		c.react(now, d, ch)
	}
}
