package aqara

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// setKeys gives every entity its key: the endpoint's number, the function, and the
// trait where the entity is one trait, as in x2_output or
// x1_power_source_bat_percent_remaining. A key depends on nothing else of the device,
// so that it stays what it is whatever comes or goes beside it.
func (m *model) setKeys() {
	keys := keyring{}
	for i := range m.parts {
		p := &m.parts[i]
		p.entity.Key = keys.next(strconv.Itoa(p.endpoint.id) + "_" + p.key)
	}
}

// keyring are the keys of one device that are taken.
type keyring map[string]bool

func (taken keyring) next(code string) string {
	key := hubs.MakeKey(code)
	if len(key) > 56 || taken[key] { // near the limit, two could be cut to the same
		sum := sha256.Sum256([]byte(code))
		key = strings.TrimRight(key[:min(len(key), 48)], "_") + "_" + hex.EncodeToString(sum[:3])
	}
	taken[key] = true
	return key
}

// setNames leaves the main feature without a name and makes the others differ.
func (m *model) setNames() {
	main := m.main()
	count := map[string]int{}
	for i := range m.parts {
		if i != main {
			count[strings.ToLower(m.parts[i].name)]++
		}
	}
	labels := m.labels()
	taken := map[string]bool{}
	for i := range m.parts {
		p := &m.parts[i]
		if i == main {
			continue
		}
		name := p.name
		if count[strings.ToLower(name)] > 1 {
			name = labelled(labels[p.endpoint], p)
		}
		if taken[strings.ToLower(name)] {
			name += " (" + strings.ReplaceAll(p.entity.Key, "_", " ") + ")"
		}
		taken[strings.ToLower(name)] = true
		p.entity.Name = name
	}
}

// main is the one thing a device is bought for; -1: there are several, or none.
func (m *model) main() int {
	composite, lead, composites, leads := -1, -1, 0, 0
	for i, p := range m.parts {
		if p.composite {
			composite = i
			composites++
		}
		if p.lead {
			lead = i
			leads++
		}
	}
	switch {
	case composites == 1:
		return composite
	case composites == 0 && leads == 1:
		return lead
	}
	return -1
}

// labels name the endpoints as their owner or the device does, each differently.
func (m *model) labels() map[*endpoint]string {
	out := map[*endpoint]string{}
	count := map[string]int{}
	for i := range m.parts {
		e := m.parts[i].endpoint
		if _, done := out[e]; done {
			continue
		}
		label := e.name
		if label == "" {
			label = humanise(e.kind) + " " + strconv.Itoa(e.id)
		}
		out[e] = label
		count[strings.ToLower(label)]++
	}
	for e, label := range out {
		if count[strings.ToLower(label)] > 1 {
			out[e] = label + " " + strconv.Itoa(e.id)
		}
	}
	return out
}

func labelled(label string, p *part) string {
	if p.composite || strings.Contains(strings.ToLower(label), strings.ToLower(p.name)) {
		return label
	}
	name := p.name
	if len(name) > 1 && name[1] >= 'a' && name[1] <= 'z' { // not of PM2.5, HEPA and the like
		name = strings.ToLower(name[:1]) + name[1:]
	}
	return label + " " + name
}
