package tuyatest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"time"
)

func base64Text(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// Set changes a value as the device itself would: by hand, by measuring. The value is a
// bool, a whole number, a text, or what becomes JSON; it is not held against the
// specification, as real devices do not care either. Where the same value is set again
// only its time changes.
func (c *Cloud) Set(device, code string, value any) error {
	return c.SetAll(device, map[string]any{code: value})
}

// SetAll changes several values that the device reports in one message.
func (c *Cloud) SetAll(device string, values map[string]any) error {
	return c.change(device, values, false)
}

// Press reports a value even if it is the one before: a button that is pressed again.
func (c *Cloud) Press(device, code string, value any) error {
	return c.change(device, map[string]any{code: value}, true)
}

func (c *Cloud) change(device string, values map[string]any, again bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var changes []change
	for _, code := range slices.Sorted(maps.Keys(values)) {
		p, err := c.point(device, code)
		if err != nil {
			return err
		}
		p.written = false
		changes = append(changes, change{code: code, value: stored(values[code])})
	}
	c.tell(c.opts.Now(), c.home.device(device), changes, again)
	return nil
}

// SetOnline lets a device drop out or come back. A gateway takes along what hangs on it.
func (c *Cloud) SetOnline(device string, online bool) error {
	return c.withDevice(device, func(now time.Time, d *Device) {
		c.connect(now, d, online)
		for i := range c.home.Devices {
			if sub := &c.home.Devices[i]; sub.Gateway == device {
				c.connect(now, sub, online)
			}
		}
	})
}

// connect changes the one flag and tells. It needs the lock.
func (c *Cloud) connect(now time.Time, d *Device, online bool) {
	if d.Online == online {
		return
	}
	d.Online, d.Updated = online, now
	c.event(now, d, bizOnline(online), nil)
}

func (c *Cloud) withDevice(device string, f func(now time.Time, d *Device)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.home.device(device)
	if d == nil {
		return fmt.Errorf("tuyatest: no device %s", device)
	}
	f(c.opts.Now(), d)
	return nil
}

// Rename gives a device another name.
func (c *Cloud) Rename(device, name string) error {
	return c.withDevice(device, func(now time.Time, d *Device) {
		d.Name, d.Updated = name, now
		c.event(now, d, bizNamed(), map[string]any{"name": name})
	})
}

// Move puts a device into a room; 0 takes it out of all. Nothing is pushed about it.
func (c *Cloud) Move(device string, room int64) error {
	return c.withDevice(device, func(_ time.Time, d *Device) {
		for i := range c.home.Accounts {
			for j := range c.home.Accounts[i].Places {
				rooms := c.home.Accounts[i].Places[j].Rooms
				for k := range rooms {
					rooms[k].Devices = slices.DeleteFunc(rooms[k].Devices, func(id string) bool { return id == d.ID })
					if rooms[k].ID == room {
						rooms[k].Devices = append(rooms[k].Devices, d.ID)
					}
				}
			}
		}
	})
}

// Add pairs a new device. Open-Hub's links do not feed on it before they are renewed.
func (c *Cloud) Add(d Device) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.ID == "" || c.home.device(d.ID) != nil {
		return fmt.Errorf("tuyatest: device %q is there already, or has no ID", d.ID)
	}
	now := c.opts.Now()
	d = cloneDevice(d)
	for i := range d.DPs {
		d.DPs[i].Value = stored(d.DPs[i].Value)
	}
	c.home.adopt(&d, now)
	c.home.Devices = append(c.home.Devices, d)
	c.event(now, &d, bizBound(), map[string]any{"uuid": d.UUID})
	return nil
}

// Remove takes a device out of the app; for a gateway its sub-devices too.
func (c *Cloud) Remove(device string) error {
	return c.withDevice(device, func(now time.Time, d *Device) {
		gone := []Device{}
		c.home.Devices = slices.DeleteFunc(c.home.Devices, func(x Device) bool {
			leaves := x.ID == device || x.Gateway == device
			if leaves {
				gone = append(gone, x)
			}
			return leaves
		})
		for i := range gone {
			c.event(now, &gone[i], bizUnbound(), nil)
		}
	})
}

// Message pushes any message about a device: one of the kinds that this data centre never
// makes of its own, such as deviceEventMessage (protocol 1000), deviceOtaProgress (1002) or
// upgradeStatus (20). inner is the part that is encrypted.
func (c *Cloud) Message(device string, protocol int, inner map[string]any) error {
	return c.withDevice(device, func(now time.Time, d *Device) {
		c.publish(d, message{protocol, d.ID, inner, c.shown(now)}, c.faults.Push(OpEvent))
	})
}

// Respecify changes what the specification says of a code, as a firmware update may.
func (c *Cloud) Respecify(device, code, kind, values string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.point(device, code)
	if err == nil {
		p.Type, p.Values = kind, values
	}
	return err
}

// Turn moves the bolt of a lock by hand: by is the code that counts the way it was
// opened, such as unlock_fingerprint.
func (c *Cloud) Turn(device string, open bool, by string) error {
	return c.withDevice(device, func(now time.Time, d *Device) { c.turn(now, d.ID, open, by) })
}

// Remote is what an infrared hub sent last to an air conditioner, or an error if there
// is no such remote control.
func (c *Cloud) Remote(id string) (AC, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.home.Devices {
		if r := c.home.Devices[i].remote(id); r != nil && r.AC != nil {
			return *r.AC, nil
		}
	}
	return AC{}, fmt.Errorf("tuyatest: no remote control of an air conditioner %s", id)
}
