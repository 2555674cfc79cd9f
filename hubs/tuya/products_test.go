package tuya

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// tally counts data points by what was made of them.
type tally struct {
	products, points, typed, generic, out int
	unknown                               map[string]int
}

func (t *tally) add(m *model) {
	t.products++
	for code, d := range m.data {
		t.points++
		switch touched := m.touch[code]; {
		case slices.ContainsFunc(m.omitted, func(o omission) bool { return o.code == code }):
			t.out++
		case m.pressed(d), slices.ContainsFunc(touched, func(i int) bool { return !m.parts[i].generic }):
			t.typed++
		default:
			t.generic++
			t.unknown[d.norm]++
		}
	}
}

// TestProducts goes through a thousand real products: none may break anything, and of
// common ones nearly all data points are known.
func TestProducts(t *testing.T) {
	tallies := map[string]*tally{}
	for _, p := range loadProducts(t) {
		m := newModel(device{ID: p.id, Product: p.id, Category: p.spec.Category}, p.spec)
		r := m.readings(nil, false)
		t.Run(p.id, func(t *testing.T) {
			checkModel(t, m, r)
			checkMessages(t, m, r)
		})
		if tallies[p.spec.Category] == nil {
			tallies[p.spec.Category] = &tally{unknown: map[string]int{}}
		}
		tallies[p.spec.Category].add(m)
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "category\tproducts\tpoints\ttyped\tgeneric\tleft out\t\n")
	for _, c := range slices.Sorted(maps.Keys(tallies)) {
		x := tallies[c]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t\n", c, x.products, x.points, x.typed, x.generic, x.out)
	}
	_ = w.Flush()
	t.Log("\n" + table.String())
	for c := range strings.FieldsSeq("cz kg dj cl wk mcs pir wsdcg") {
		x := tallies[c]
		if x == nil || x.typed*10 < x.points*9 {
			t.Errorf("%s: want nine of ten data points typed, got %+v", c, x)
		}
		if x != nil && os.Getenv("TUYA_UNKNOWN") != "" {
			keys := slices.SortedFunc(maps.Keys(x.unknown), func(a, b string) int { return x.unknown[b] - x.unknown[a] })
			for _, k := range keys {
				t.Log(c, k, x.unknown[k])
			}
		}
	}
}
