package tuya

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestTables makes, for each code of each category that Home Assistant's integration
// knows, a device that has only it, and compares what is announced with what it makes.
// testdata/tables.csv lists those; values are the range of an Enum or the unit of an
// Integer.
func TestTables(t *testing.T) {
	f, err := os.Open("testdata/tables.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) < 2 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for _, line := range lines[1:] {
		r := row{}
		for i, name := range lines[0] {
			r[name] = line[i]
		}
		for _, sides := range r.sides() {
			t.Run(fmt.Sprintf("%s %s %s %s %s", r["category"], r["platform"], r["code"], r["values"], sides), func(t *testing.T) {
				r.check(t, sides)
			})
		}
	}
}

// sides are where a specification may name the code: among what is reported, what can be
// written, or both. Sensors stay sensors where the maker says that they can be written.
func (r row) sides() []string {
	switch r["platform"] {
	case "sensor":
		return []string{"status", "status functions"}
	case "binary_sensor", "event":
		return []string{"status"}
	}
	return []string{"functions", "status functions"}
}

func (r row) spec() (c codeSpec, value json.RawMessage) {
	c = codeSpec{Code: r["code"], Type: r["type"], Values: json.RawMessage(`{}`)}
	switch r["type"] {
	case "Boolean":
		return c, json.RawMessage(`true`)
	case "Integer":
		c.Values = mustJSON(map[string]any{"unit": r["values"], "min": 0, "max": 1000, "scale": 0, "step": 1})
		return c, json.RawMessage(`1`)
	case "Enum":
		words := strings.Split(r["values"], "|")
		c.Values = mustJSON(map[string]any{"range": words})
		return c, mustJSON(words[0])
	}
	return c, json.RawMessage(`"aGk="`)
}

func (r row) check(t *testing.T, sides string) {
	t.Helper()
	c, value := r.spec()
	d := &dump{device: device{ID: "d", Name: "n", Category: r["category"], Status: []point{{Code: c.Code, Value: value}}}}
	if strings.Contains(sides, "functions") {
		d.spec.Functions = []codeSpec{c}
	}
	if strings.Contains(sides, "status") {
		d.spec.Status = []codeSpec{c}
	}
	a, ok := announce(t, d)[c.Code]
	if !ok {
		t.Fatal("there is no such entity")
	}
	disabled := ""
	if a.Enabled != nil && !*a.Enabled {
		disabled = "disabled"
	}
	for _, part := range []struct{ what, want, got string }{
		{"platform", r["platform"], a.Platform},
		{"name", r["name"], a.Name},
		{"class", r["class"], a.Class},
		{"state class", r["state_class"], a.StateClass},
		{"category", r["role"], a.Category},
		{"disabled", r["disabled"], disabled},
	} {
		if part.want != part.got {
			t.Errorf("%s: want %q, got %q", part.what, part.want, part.got)
		}
	}
}
