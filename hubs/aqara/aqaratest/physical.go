package aqaratest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Set changes a value as the device itself would: by hand, by measuring. The value is a
// bool, a number, a string (for enumerations the key or the number) or nil. Where the
// same value is set again only its time changes.
func (s *Studio) Set(device string, endpoint int, function, traitCode string, value any) error {
	return s.SetAll(map[Address]any{{device, endpoint, function, traitCode}: value})
}

// SetAll changes several values that the device reports in one message.
func (s *Studio) SetAll(values map[Address]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.settle(now)
	changes := make([]change, 0, len(values))
	for a, v := range values {
		t := s.home.trait(a)
		if t == nil {
			return fmt.Errorf("aqaratest: no trait %s", a)
		}
		v, err := convert(t.Param, v)
		if err != nil {
			return err
		}
		changes = append(changes, change{Address: a, value: v})
	}
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.String(), b.String()) })
	s.report(now, changes...)
	return nil
}

// Press presses a button: event is a key such as SinglePress or its number.
func (s *Studio) Press(device string, endpoint int, event string) error {
	return s.Set(device, endpoint, "Button", "ButtonEvent", event)
}

// Rotate turns a knob by an angle in degrees, clockwise if it is positive. The knob says
// so in one message.
func (s *Studio) Rotate(device string, endpoint int, angle float64) error {
	direction := "Clockwise"
	if angle < 0 {
		direction = "CounterClockwise"
	}
	a := Address{device, endpoint, "Knob", "RotationEvent"}
	return s.SetAll(map[Address]any{
		a: "Rotate", a.sibling("RotationDirection"): direction, a.sibling("RotationAngle"): angle,
	})
}

// Enable switches an automation on or off; nothing is pushed about it.
func (s *Studio) Enable(automation string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.home.automation(automation)
	if a == nil {
		return fmt.Errorf("aqaratest: no automation %s", automation)
	}
	a.Enabled = on
	return nil
}

// SetOnline lets a device drop out or come back.
func (s *Studio) SetOnline(device string, online bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.home.device(device)
	if d == nil {
		return fmt.Errorf("aqaratest: no device %s", device)
	}
	if d.Online == online {
		return nil
	}
	now := time.Now()
	d.Online = online
	if !s.opts.NoReachable {
		s.report(now, change{Address: reachableOf(device), value: online})
	}
	if s.opts.OnlineEvents {
		s.pushEvent(now, map[bool]string{true: "DEVICE_ONLINE", false: "DEVICE_OFFLINE"}[online], d)
	}
	return nil
}

func (s *Studio) online(device string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.home.device(device)
	return d != nil && d.Online
}

func reachableOf(device string) Address {
	return Address{device, 0, "BasicInformation", "Reachable"}
}

func setReachable(d *Device, online bool, now time.Time) {
	if f := d.function(0, "BasicInformation"); f != nil {
		for i := range f.Traits {
			if f.Traits[i].Code == "Reachable" {
				f.Traits[i].Value, f.Traits[i].At = online, now
			}
		}
	}
}

// Rename gives a device another name; nothing is pushed about it.
func (s *Studio) Rename(device, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.home.device(device)
	if d == nil {
		return fmt.Errorf("aqaratest: no device %s", device)
	}
	now := time.Now()
	d.Name = name
	s.report(now, change{Address: Address{device, 0, "EndpointLabel", "EndpointName"}, value: name})
	if s.opts.OnlineEvents {
		s.pushEvent(now, "DEVICE_NAME_UPDATE", d)
	}
	return nil
}

// Move puts a device into another space; an empty one takes it out of all.
func (s *Studio) Move(device, space string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.home.device(device)
	if sp, _ := findSpace(s.home.Spaces, "", space); d == nil || sp == nil && space != "" {
		return fmt.Errorf("aqaratest: no device %s or no space %s", device, space)
	}
	d.Space = space
	return nil
}

// Add puts a new device into the home.
func (s *Studio) Add(d Device) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.ID == "" || s.home.device(d.ID) != nil {
		return fmt.Errorf("aqaratest: device %q is there already, or has no ID", d.ID)
	}
	one := Home{Devices: []Device{cloneDevice(d)}}
	if err := one.convertAll(); err != nil {
		return err
	}
	now := time.Now()
	one.setDefaults(&Options{}, now)
	s.home.Devices = append(s.home.Devices, one.Devices[0])
	s.pushEvent(now, "DEVICE_ADDED", s.home.device(d.ID))
	return nil
}

// convertAll gives values that came from JSON their stored form.
func (h *Home) convertAll() error {
	var bad error
	h.each(func(a Address, t *Trait) {
		v, err := convert(t.Param, t.Value)
		if err != nil {
			bad = fmt.Errorf("%s: %w", a, err)
		}
		t.Value = v
	})
	return bad
}

// Remove takes a device out of the home.
func (s *Studio) Remove(device string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.home.device(device)
	if d == nil {
		return fmt.Errorf("aqaratest: no device %s", device)
	}
	gone := *d
	s.home.Devices = slices.DeleteFunc(s.home.Devices, func(d Device) bool { return d.ID == device })
	s.forgetDevice(device)
	s.pushEvent(time.Now(), "DEVICE_REMOVED", &gone)
	return nil
}

// SetRange changes what a trait allows, as a firmware update may; nil leaves a bound
// away.
func (s *Studio) SetRange(a Address, low, high, step *float64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.home.trait(a)
	if t == nil {
		return fmt.Errorf("aqaratest: no trait %s", a)
	}
	t.Param.Min, t.Param.Max, t.Param.Step = low, high, step
	s.pushRange(time.Now(), a, t.Param)
	return nil
}
