package tuya

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
)

// loadOwn reads the products of testdata.
func loadOwn(tb testing.TB) []*dump {
	tb.Helper()
	raw, err := os.ReadFile("testdata/products.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var out []*dump
	for i, line := range strings.Split(string(raw), "\n") {
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case i > 0 && strings.TrimSpace(strings.Split(string(raw), "\n")[i-1]) == "":
			category, name, _ := strings.Cut(line, " ")
			d := &dump{name: name, device: device{ID: "d" + strconv.Itoa(len(out)), Name: name, Category: category}}
			d.spec.Category = category
			out = append(out, d)
		default:
			out[len(out)-1].add(tb, line)
		}
	}
	return out
}

var pointLine = regexp.MustCompile(`^(\S+) (ro|rw|wr) (\w+)(?:\((.*?)\))?(?: = (.*))?$`)

// add reads one data point.
func (d *dump) add(tb testing.TB, line string) {
	tb.Helper()
	m := pointLine.FindStringSubmatch(line)
	if m == nil {
		tb.Fatalf("%s: %q is no data point", d.name, line)
	}
	code, access, kind, args, value := m[1], m[2], m[3], m[4], m[5]
	c := codeSpec{Code: code, DP: len(d.spec.Functions) + len(d.spec.Status) + 1, Type: kind}
	values := map[string]any{}
	switch kind {
	case "int":
		c.Type = "Integer"
		c.Report = integerArgs(tb, values, args)
	case "enum":
		values["range"] = strings.Fields(args)
	case "bitmap":
		values["label"] = strings.Fields(args)
	case "string":
		if args != "" {
			values["maxlen"], _ = strconv.Atoi(args)
		}
	}
	c.Values = mustJSON(values)
	if kind == "json" {
		c.Values = object([]byte(args))
	}
	if access != "ro" {
		d.spec.Functions = append(d.spec.Functions, c)
	}
	if access != "wr" {
		d.spec.Status = append(d.spec.Status, c)
	}
	if value != "" {
		d.Status = append(d.Status, point{Code: code, Value: []byte(value)})
	}
}

// integerArgs reads W 0..5000 /1 step 10 sum.
func integerArgs(tb testing.TB, values map[string]any, args string) (report string) {
	tb.Helper()
	fields := strings.Fields(args)
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			tb.Fatal(err)
		}
		return n
	}
	for i, f := range fields {
		lo, hi, isRange := strings.Cut(f, "..")
		switch {
		case isRange:
			values["min"], values["max"] = number(lo), number(hi)
		case strings.HasPrefix(f, "/") && len(f) == 2:
			values["scale"] = number(f[1:])
		case f == "sum":
			report = "sum"
		case i > 0 && fields[i-1] == "step":
			values["step"] = number(f)
		case f != "step":
			values["unit"] = f
		}
	}
	return report
}

// TestOwnProducts keeps what becomes of each product, a line an entity.
func TestOwnProducts(t *testing.T) {
	products := loadOwn(t)
	if len(products) < 60 {
		t.Fatalf("want 60 products or more, got %d", len(products))
	}
	var table bytes.Buffer
	for _, d := range products {
		t.Run(d.name, func(t *testing.T) {
			m := d.model(withLocks())
			r := m.readings(d.Status, false)
			checkModel(t, m, r)
			checkMessages(t, m, r)
			checkRoundTrips(t, m, d.Status)
			fmt.Fprintf(&table, "%s %s\n", d.Category, d.name)
			table.WriteString(shown(m, r))
			table.WriteByte('\n')
		})
	}
	hubtest.GoldenFile(t, "testdata/entities.txt", table.Bytes())
}

// shown is a table of a device's entities for a reviewer: key, kind, name, what it
// measures, role, and values.
func shown(m *model, r hubs.Reading) string {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, e := range m.device().Entities {
		about := []string{string(e.Class)}
		for _, f := range e.Spec.Fields() {
			if f.Unit != "" && f.Attr == hubs.Main {
				about = append(about, string(f.Unit))
			}
			if f.Attr == hubs.Main && f.Settable && f.Bounded() {
				about = append(about, fmt.Sprintf("%v..%v/%v", f.Min, f.Max, f.Step))
			}
		}
		if s, ok := e.Spec.(hubs.Sensor); ok && s.Deltas {
			about = append(about, "increments")
		}
		role := string(e.Role)
		if e.Hidden {
			role += " hidden"
		}
		var values []string
		for _, v := range r.Values {
			if v.Entity == e.Key {
				text := v.Value.String()
				if v.Attr != hubs.Main {
					text = string(v.Attr) + "=" + text
				}
				values = append(values, text)
			}
		}
		kind := strings.TrimPrefix(fmt.Sprintf("%T", e.Spec), "hubs.")
		fmt.Fprintf(w, "  %s\t%s\t%q\t%s\t%s\t%s\n", e.Key, kind, e.Name, strings.TrimSpace(strings.Join(about, " ")), role, strings.Join(values, " "))
	}
	_ = w.Flush()
	for _, o := range m.omitted {
		fmt.Fprintf(&out, "  %s: left out: %s\n", o.code, o.why)
	}
	lines := strings.Split(out.String(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
		if !utf8.ValidString(l) {
			lines[i] = strconv.Quote(l)
		}
	}
	return strings.Join(lines, "\n")
}
