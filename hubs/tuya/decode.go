package tuya

import (
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// values puts points in order of their code, the last of each; those that name a number
// only are found by it.
func (m *model) values(lists ...[]point) values {
	v := values{}
	for _, points := range lists {
		for _, p := range points {
			if d := m.find(p); d != nil {
				v[d.code] = sample{raw: p.Value, at: p.At}
			}
		}
	}
	return v
}

// find is the data point of a report. A code that the specification does not know may be
// the same data point under its other name.
func (m *model) find(p point) *datum {
	if d := m.data[p.Code]; d != nil {
		return d
	}
	if p.DP > 0 {
		return m.byDP[p.DP]
	}
	return nil
}

// readings turns reports into news. Not pushed: points are all there is, and every
// attribute is told, unknown where nothing was reported. Pushed: only what the points
// change is told, and events come of them; known are the last reports of the device's
// other data points, since a light's brightness, say, depends on several.
func (m *model) readings(points []point, pushed bool, known ...point) hubs.Reading {
	r := hubs.Reading{Device: hubs.DeviceID(m.about.ID)}
	v := m.values(known, points)
	touched := map[int]bool{}
	for _, p := range points {
		if p.At.After(r.Seen) {
			r.Seen = p.At
		}
		d := m.find(p)
		if d == nil {
			continue
		}
		for _, i := range m.touch[d.code] {
			touched[i] = true
			if pushed {
				r.Events = append(r.Events, m.parts[i].ring(m.values(known, []point{p}), d)...)
			}
		}
	}
	for i := range m.parts {
		if !pushed || touched[i] {
			m.parts[i].tell(v, &r)
		}
	}
	return r
}

// tell adds what v says of the part to a reading.
func (p *part) tell(v values, r *hubs.Reading) {
	p.unit.read(v, func(a hubs.Attr, val hubs.Value, at time.Time) {
		if slices.Contains(p.unseen, a) {
			return
		}
		r.Values = append(r.Values, hubs.PointValue{Point: hubs.Point{Entity: p.entity.Key, Attr: a}, Value: val, At: at})
	})
}

// ring gives the events that a pushed report makes.
func (p *part) ring(v values, d *datum) []hubs.Happening {
	rings, ok := p.unit.(ringer)
	if !ok {
		return nil
	}
	out := rings.rings(v, d)
	for i := range out {
		out[i].Entity, out[i].At = p.entity.Key, v[d.code].at
	}
	return out
}
