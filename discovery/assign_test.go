package discovery

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestAssign(t *testing.T) {
	long := strings.Repeat("a", 70)
	for _, c := range []struct {
		name  string
		raw   []hubs.DeviceID
		known map[hubs.DeviceID]string
		want  map[hubs.DeviceID]string
	}{
		{"none", nil, nil, map[hubs.DeviceID]string{}},
		{"self", []hubs.DeviceID{hubs.Self, "x"}, nil, map[hubs.DeviceID]string{"": "hub", "x": "x"}},
		{
			"reserved",
			[]hubs.DeviceID{"hub", "status", "info", "devices", "Hub"},
			nil,
			map[hubs.DeviceID]string{"hub": "hub_08d335", "status": "status_073c16", "info": "info_06271b", "devices": "devices_ade15a", "Hub": "Hub"},
		},
		{
			"first of the sorted keeps the plain form",
			[]hubs.DeviceID{"a_b", "a:b", "a.b"},
			nil,
			map[hubs.DeviceID]string{"a.b": "a_b", "a:b": "a_b_6783a3", "a_b": "a_b_648fa9"},
		},
		{
			"known never changes",
			[]hubs.DeviceID{"a.b", "a:b"},
			map[hubs.DeviceID]string{"a:b": "a_b", "gone": "odd"},
			map[hubs.DeviceID]string{"a:b": "a_b", "a.b": "a_b_2e7336", "gone": "odd"},
		},
		{"letters", []hubs.DeviceID{"客厅/+#\x00\xff $"}, nil, map[hubs.DeviceID]string{"客厅/+#\x00\xff $": "_________"}},
		{"long", []hubs.DeviceID{hubs.DeviceID(long)}, nil, map[hubs.DeviceID]string{hubs.DeviceID(long): long[:64]}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Assign(c.raw, c.known)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAssignProperties: ids are safe and different, order does not matter, a second
// run changes nothing.
func TestAssignProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.StringMatching(`[ab:._/]{0,3}`), rapid.String(), rapid.SampledFrom([]string{"hub", "hub_08d335", "info"}))
		ids := rapid.Map(rapid.SliceOfDistinct(word, func(s string) string { return s }), func(all []string) []hubs.DeviceID {
			out := make([]hubs.DeviceID, len(all))
			for i, s := range all {
				out[i] = hubs.DeviceID(s)
			}
			return out
		}).Draw(t, "ids")
		got := Assign(ids, nil)
		seen := make(map[string]bool)
		for dev, id := range got {
			if !idPattern.MatchString(id) || len(id) > maxID || seen[id] || reservedID(id) != (dev == hubs.Self) {
				t.Fatalf("%q became %q", dev, id)
			}
			seen[id] = true
		}
		slices.Reverse(ids)
		if again := Assign(ids, nil); !maps.Equal(got, again) {
			t.Fatalf("order matters: %v and %v", got, again)
		}
		half := Assign(ids[:len(ids)/2], nil)
		more := Assign(ids, half)
		for dev, id := range half {
			if more[dev] != id {
				t.Fatalf("%q moved from %q to %q", dev, id, more[dev])
			}
		}
		if again := Assign(ids, more); !maps.Equal(more, again) {
			t.Fatal("a second run changed something")
		}
	})
}
