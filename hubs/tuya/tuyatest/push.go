package tuyatest

import (
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// report is a device saying its new values, in one message. Equal values are only said
// again if the options want that, or if again is set: a button that is pressed twice.
// It needs the lock.
func (c *Cloud) report(now time.Time, d *Device, changes []change) {
	c.tell(now, d, changes, false)
}

func (c *Cloud) tell(now time.Time, d *Device, changes []change, again bool) {
	var news []change
	for _, ch := range changes {
		p := d.dp(ch.code)
		if p == nil {
			continue // a device of another shape reacts in another way
		}
		ch.was = p.Value
		same := p.Value == ch.value
		p.Value, p.At = ch.value, now
		if !p.reports() || same && !again && !c.opts.Unchanged && !p.Sum {
			continue
		}
		c.log(logEntry{now, d.ID, ch.code, ch.value})
		if !p.ThingOnly {
			news = append(news, ch)
		}
	}
	if len(news) == 0 || !d.Online {
		return
	}
	p := c.faults.Push(OpReport)
	for _, part := range fault.Spread(&p, news, change.back) {
		for _, m := range c.reportsOf(d, part, c.shown(now)) {
			c.publish(d, m, p)
		}
	}
}

// event tells that a device came, went, or is called otherwise. It needs the lock.
func (c *Cloud) event(now time.Time, d *Device, b biz, more map[string]any) {
	p := c.faults.Push(OpEvent)
	for _, m := range c.eventsOf(d, b, more, c.shown(now)) {
		c.publish(d, m, p)
	}
}

// publish hands a message to all projects that see the device, over both channels.
func (c *Cloud) publish(d *Device, m message, p fault.Push) {
	written := draft{message: m, plain: marshal(m.inner), copies: 1 + p.Copies}
	switch f := p.Spoil; {
	case f == nil:
	case f.Kind == Garbled:
		written.garbled = true
	default:
		written.plain = c.faults.Spoiled(*f, written.plain)
	}
	c.counters.Messages += written.copies
	c.outgoing.Hand(p, func() {
		for id, pr := range c.projects {
			if pr.sees(d) && pr.Denied[Notification] == 0 && !pr.expired {
				c.toPulsar(c.subs[id+"/"+envProd], pr, written)
				if slices.Contains(pr.TestDevices, d.ID) {
					c.toPulsar(c.subs[id+"/"+envTest], pr, written)
				}
			}
		}
		c.toOpenHub(d, written)
	})
}
