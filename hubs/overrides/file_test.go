package overrides

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest"
)

func subject(product string, names ...string) Subject {
	s := Subject{Products: []string{hubs.Fold(product)}}
	for _, n := range names {
		s.Names = append(s.Names, hubs.Fold(n))
	}
	return s
}

// TestCases reads files; out.txt holds the faults and what is said of some devices.
func TestCases(t *testing.T) {
	hubtest.Golden(t, "testdata", func(t *testing.T, dir string) map[string][]byte {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, "in.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse("in.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for _, fault := range f.Faults {
			fmt.Fprintf(&out, "fault %s\n", fault)
		}
		for _, s := range []Subject{
			subject("cz_xyz1", "id1", "Kitchen Lamp"), subject("other", "0x00158d", "Lamp"), subject("", "attic"), subject("", "cellar"),
			subject("", "garage"), subject("", "shed"),
		} {
			said := f.For(s)
			write(&out, s.Names[len(s.Names)-1], said.Device)
			for _, key := range []string{"switch_1", "temp_2", "add_ele", "battery", "a", "b", "c", "d", "f", "rest"} {
				if o := said.Entity(key); len(o) > len(said.Device.inherited()) || len(o) > 0 && key == "battery" {
					write(&out, "  "+key, o)
				}
			}
		}
		return map[string][]byte{"out.txt": []byte(out.String())}
	})
}

func write(out *strings.Builder, what string, o Options) {
	fmt.Fprintf(out, "%s:", what)
	for _, name := range slices.Sorted(maps.Keys(o)) {
		fmt.Fprintf(out, " %s=%#v@%s", name, o[name].Value, strings.TrimPrefix(o[name].At, "in.yaml:"))
	}
	out.WriteByte('\n')
}

func TestWhatIsNoYAML(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"a bracket that stays open": {"devices:\n  a: {area: x\n", "f.yaml: line"},
		"a tab":                     {"devices:\n\ta: 1\n", "f.yaml: line 2"},
		"an alias of nothing":       {"devices:\n  a: *b\n", "f.yaml: "},
		"a file of another size":    {strings.Repeat("#", maxFile+1), "too many"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Parse("f.yaml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("want an error that says %q, got %v and %+v", c.says, err, f)
			}
		})
	}
}

func TestNothingIsSaid(t *testing.T) {
	var none *File
	if said := none.For(subject("", "a")); said.Device != nil || said.Entity("x") != nil || none.Idle(nil) != nil {
		t.Errorf("want nothing, got %+v", said)
	}
}

func TestFaultsEnd(t *testing.T) {
	f, err := Parse("f", []byte(strings.Repeat("- x\n", 3)+strings.Repeat(" ", 3)))
	if err != nil || len(f.Faults) != 1 {
		t.Errorf("want one fault, got %v, %v", err, f)
	}
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, "x%d: 1\n", i)
	}
	f, err = Parse("f", []byte(b.String()))
	if err != nil || len(f.Faults) != maxFaults+1 {
		t.Errorf("want %d faults, got %d, %v", maxFaults+1, len(f.Faults), err)
	}
}

func TestIdleEntries(t *testing.T) {
	f, err := Parse("f", []byte(`
devices:
  lamp: {area: Hall, entities: {power: {name: a}, typo: {name: b}}}
  lmap: {area: Hall, entities: {power: {name: a}}}
products:
  bulb: {disabled: true}
entities:
  "*/battery": {disabled: true}
  "*/power": {min_interval: 5s}
`))
	if err != nil || len(f.Faults) > 0 {
		t.Fatal(err, f.Faults)
	}
	met := map[int]bool{}
	for _, id := range f.For(subject("Bulb", "Lamp")).Meets("power", "state") {
		met[id] = true
	}
	if diff := cmp.Diff([]string{"f:3 lamp/typo", "f:4 lmap", "f:8 */battery"}, f.Idle(met)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestChoose(t *testing.T) {
	one := func(name string, v any) Options { return Options{name: {Value: v}} }
	s := Choose(one(Disabled, true).With(one(Name, "Lamp")), map[string]Options{"power": one(Disabled, false)})
	if s.Device.Text(Name) != "Lamp" || s.Entity("power").Flag(Disabled) || !s.Entity("led").Flag(Disabled) || s.Entity("led").Text(Name) != "" {
		t.Errorf("got %+v", s)
	}
}

// FuzzParse wants no panic, no endless work, and every fault with its place.
func FuzzParse(f *testing.F) {
	inputs, err := filepath.Glob("testdata/cases/*/in.yaml")
	if err != nil || len(inputs) == 0 {
		f.Fatal("no cases", err)
	}
	for _, path := range inputs {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("a: &a [*a]\nb: &b {<<: *b}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("f", text)
		if err != nil {
			return
		}
		for _, fault := range file.Faults {
			if !strings.HasPrefix(fault.At, "f:") || fault.At == "f:0" || fault.Text == "" {
				t.Errorf("a fault without its place: %+v", fault)
			}
		}
		said := file.For(subject("p", "lamp", "id"))
		for name, o := range said.Device {
			if v, err := Check(name, o.Value, OfDevice); name != MinInterval && (err != nil || v != o.Value) {
				t.Errorf("%s: %v was taken and is not to be: %v", name, o.Value, err)
			}
		}
		_ = said.Entity("power")
	})
}

// TestExampleOfTheReadme wants what people copy to be right.
func TestExampleOfTheReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "## Overrides")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the example is not found")
	}
	f, err := Parse("README.md", []byte(text))
	if err != nil || len(f.Faults) > 0 || len(f.entries) != 3 {
		t.Errorf("got %v, %+v", err, f)
	}
}
