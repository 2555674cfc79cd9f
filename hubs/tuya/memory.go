package tuya

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// memory is what a device reported last, and what it was told since: what a report or a
// command of one data point means may depend on others, and not every call tells all.
type memory struct {
	reported map[string]kept
	told     map[string]point
}

type kept struct {
	point
	got time.Time // by our clock
}

func newMemory() *memory { return &memory{map[string]kept{}, map[string]point{}} }

// dpKey tells data points apart: some are known by their number only.
func dpKey(p *point) string {
	if p.Code != "" {
		return p.Code
	}
	return "#" + strconv.Itoa(p.DP)
}

// add takes what was reported at got, or asked for then: what came since is newer.
func (m *memory) add(points []point, got time.Time) {
	for _, p := range points {
		key := dpKey(&p)
		if old, ok := m.reported[key]; ok && old.got.After(got) {
			continue
		}
		m.reported[key] = kept{p, got}
		delete(m.told, key)
	}
}

// tell takes what a command wrote, until a report says something else.
func (m *memory) tell(writes []write) {
	for _, w := range writes {
		if raw, err := json.Marshal(w.Value); err == nil && w.Code != "" {
			m.told[w.Code] = point{Code: w.Code, Value: raw}
		}
	}
}

// reports is everything reported.
func (m *memory) reports() []point {
	out := make([]point, 0, len(m.reported))
	for _, k := range m.reported {
		out = append(out, k.point)
	}
	return out
}

// latest is everything reported, with what was told in its place.
func (m *memory) latest() []point {
	return slices.AppendSeq(m.reports(), maps.Values(m.told)) // of two the last one counts
}
