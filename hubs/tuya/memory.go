package tuya

import (
	"encoding/json"
	"strconv"
	"time"
)

// memory is what a device reported last, or was told: what a report or a command of one
// data point means may depend on others.
type memory struct{ points map[string]kept }

type kept struct {
	point
	got time.Time // by our clock
}

func newMemory() *memory { return &memory{map[string]kept{}} }

// dpKey tells data points apart: some are known by their number only.
func dpKey(p *point) string {
	if p.Code != "" {
		return p.Code
	}
	return "#" + strconv.Itoa(p.DP)
}

// add takes what came at got, which is when it was asked for where it was: what came
// since then is newer.
func (m *memory) add(points []point, got time.Time) {
	for _, p := range points {
		key := dpKey(&p)
		if old, ok := m.points[key]; ok && old.got.After(got) {
			continue
		}
		m.points[key] = kept{p, got}
	}
}

// told takes what a command wrote, until a report says something else.
func (m *memory) told(writes []write, now time.Time) {
	for _, w := range writes {
		raw, err := json.Marshal(w.Value)
		if err != nil || w.Code == "" {
			continue
		}
		m.points[w.Code] = kept{point{Code: w.Code, Value: raw}, now}
	}
}

func (m *memory) all() []point {
	out := make([]point, 0, len(m.points))
	for _, k := range m.points {
		out = append(out, k.point)
	}
	return out
}
