package aqaratest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// dynamic is the trait that lists the live endpoints of a device, if it has one that
// counts: the device says so in SupportedEndpointDynamic, or is a Matter device.
func (d *Device) dynamic() *Trait {
	f := d.function(0, "Descriptor")
	if f == nil {
		return nil
	}
	list := f.trait("EndpointArrayDynamic")
	if t := f.trait("SupportedEndpointDynamic"); t != nil && t.Value == int64(1) {
		return list
	}
	if f = d.function(0, "BasicInformation"); f == nil {
		return nil
	}
	model, _ := f.text("ModelValue")
	if !strings.HasPrefix(model, "aqara.matter") {
		return nil
	}
	return list
}

func (f *Function) text(code string) (string, bool) {
	t := f.trait(code)
	if t == nil {
		return "", false
	}
	v, ok := t.Value.(string)
	return v, ok
}

// live lists the live endpoints; false stands for all of them.
func (d *Device) live() ([]int, bool) {
	t := d.dynamic()
	if t == nil {
		return nil, false
	}
	text, ok := t.Value.(string)
	var list []int
	if !ok || json.Unmarshal([]byte(text), &list) != nil {
		return nil, false
	}
	return list, true
}

// alive says whether an endpoint of the spec is there. The root always is.
func (d *Device) alive(endpoint int) bool {
	if endpoint == 0 {
		return true
	}
	list, some := d.live()
	return !some || slices.Contains(list, endpoint)
}

func (d *Device) endpointIDs() []int {
	out := make([]int, len(d.Endpoints))
	for i, e := range d.Endpoints {
		out[i] = e.ID
	}
	return out
}

// AddEndpoint gives a device an endpoint more. One that its spec has already, but that
// is not live, becomes live; the rest of e does not matter then.
func (s *Studio) AddEndpoint(device string, e Endpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.home.device(device)
	if d == nil {
		return fmt.Errorf("aqaratest: no device %s", device)
	}
	known := slices.Contains(d.endpointIDs(), e.ID)
	if known && d.alive(e.ID) {
		return fmt.Errorf("aqaratest: %s has endpoint %d already", device, e.ID)
	}
	now := time.Now()
	if !known {
		one := Home{Devices: []Device{cloneDevice(Device{ID: device, Online: true, Endpoints: []Endpoint{e}})}}
		if err := one.convertAll(); err != nil {
			return err
		}
		one.setDefaults(&Options{}, now)
		d.Endpoints = append(d.Endpoints, one.Devices[0].Endpoints[0])
	}
	s.enlist(d, true, now, e.ID)
	return nil
}

// RemoveEndpoint takes an endpoint away: out of the list of live ones if the device has
// such a list, out of its spec otherwise.
func (s *Studio) RemoveEndpoint(device string, endpoint int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.home.device(device)
	if d == nil || endpoint == 0 || !slices.Contains(d.endpointIDs(), endpoint) || !d.alive(endpoint) {
		return fmt.Errorf("aqaratest: no endpoint %d of %s to remove", endpoint, device)
	}
	s.enlist(d, false, time.Now(), endpoint)
	return nil
}

// enlist makes endpoints of the spec live, or no longer so, and tells everyone.
func (s *Studio) enlist(d *Device, on bool, now time.Time, endpoints ...int) {
	list, some := d.live()
	if !some {
		list = d.endpointIDs()
	}
	kind := "DEVICE_ENDPOINT_ADDED"
	next := append(slices.Clone(list), endpoints...)
	if !on {
		kind = "DEVICE_ENDPOINT_REMOVED"
		next = slices.DeleteFunc(next, func(id int) bool { return slices.Contains(endpoints, id) })
	}
	slices.Sort(next)
	next = slices.Compact(next)
	if some && slices.Equal(next, list) {
		return
	}
	switch t := d.dynamic(); {
	case t != nil && (some || !on): // no list stands for all, a new endpoint too
		raw, _ := json.Marshal(next) // numbers always marshal
		s.report(now, change{Address: Address{d.ID, 0, "Descriptor", "EndpointArrayDynamic"}, value: string(raw)})
	case t == nil && !on:
		d.Endpoints = slices.DeleteFunc(d.Endpoints, func(e Endpoint) bool { return slices.Contains(endpoints, e.ID) })
	}
	s.pushEndpoints(now, kind, d, endpoints)
}
