package hubs

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module     = "github.com/hub2mqtt/hub2mqtt"
	paho       = "github.com/eclipse/paho.mqtt.golang"
	envconfig  = "github.com/kelseyhightower/envconfig"
	openhub    = "hubs/tuya/openhub.go" // one of Tuya's channels is MQTT: the file stands for itself
	faults     = "hubs/hubtest/fault"
	hereToRoot = ".."
	overrides  = "hubs/overrides"
)

// imports lists what every package of the module imports, tests apart, whatever the
// build tags; packages of the module are named by their folder, all others by path.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	seen := map[string]map[string]bool{}
	err := filepath.WalkDir(hereToRoot, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name != hereToRoot && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(hereToRoot, filepath.Dir(file))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		if filepath.ToSlash(file) == hereToRoot+"/"+openhub {
			pkg = openhub
		}
		if seen[pkg] == nil {
			seen[pkg] = map[string]bool{}
		}
		for _, spec := range src.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if to == module {
				to = "."
			}
			seen[pkg][strings.TrimPrefix(to, module+"/")] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for pkg, to := range seen {
		out[pkg] = slices.Sorted(maps.Keys(to))
	}
	return out
}

// ours tells packages of the module from foreign ones: in no foreign path does the first
// part name a folder of ours.
func ours(pkg string) bool {
	top, _, _ := strings.Cut(pkg, "/")
	return slices.Contains([]string{".", "auth", "bridge", "cmd", "discovery", "hubs"}, top)
}

func under(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }

// simulator tells the folders beside a vendor: hubs/aqara/aqaratest.
func simulator(pkg string) bool {
	dir, base := path.Split(pkg)
	vendor := path.Base(dir)
	return strings.HasPrefix(pkg, "hubs/") && base == vendor+"test"
}

// vendor gives the folder of the vendor that pkg, a package under hubs, belongs to.
func vendor(pkg string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(pkg, "hubs/"), "/")
	return "hubs/" + name
}

// mayImport tells whether the package from may import to; why names the rule.
func mayImport(from, to string) (ok bool, why string) {
	switch {
	case under(to, paho):
		return under(from, "bridge") || from == openhub, "MQTT is spoken by the bridge alone"
	case under(to, envconfig):
		return under(from, "cmd"), "settings are read in cmd alone"
	case to == "testing" || strings.HasPrefix(to, "testing/"):
		return !simulator(from) && from != faults && !under(from, "cmd"), "the demo serves simulators too"
	case (from == "discovery" || from == overrides) && slices.Contains([]string{"net/http", "net", "os"}, to):
		return false, "it does no I/O"
	case !ours(to):
		return true, ""
	case from == faults:
		return false, "simulators share the faults, and nothing else"
	case simulator(from):
		return to == faults, "a simulator is a second reading of the reference, not of the client"
	case under(from, "auth"):
		return under(to, "auth"), "auth knows nobody"
	case from == "hubs":
		return to == "auth", "hubs knows only auth"
	case from == overrides:
		return to == "hubs", "overrides know only what they override"
	case under(from, "hubs/internal"), under(from, "hubs/hubtest"):
		return to == "auth" || to == "hubs" || under(to, "hubs/internal") || to == faults && under(from, "hubs/hubtest"), "shared parts of vendors know no vendor"
	case under(from, "hubs"):
		fits := to == "auth" || to == "hubs" || to == overrides || under(to, "hubs/internal") || under(to, vendor(from))
		return fits && !simulator(to), "a vendor knows no other vendor, no Home Assistant and not its simulator"
	case under(from, "discovery"):
		return to == "auth" || to == "hubs" || under(to, "discovery"), "discovery knows hubs and auth"
	case under(from, "bridge"):
		return slices.Contains([]string{"auth", "hubs", overrides, "discovery"}, to) || under(to, "bridge"), "the bridge knows no vendor"
	case under(from, "cmd"):
		return true, ""
	}
	return false, "a folder that no rule knows"
}

func TestImportsPointOneWay(t *testing.T) {
	all := imports(t)
	for _, pkg := range []string{"auth", "hubs", "discovery", "bridge", "cmd/hub2mqtt", "hubs/aqara", "hubs/aqara/aqaratest", "hubs/tuya", openhub} {
		if len(all[pkg]) == 0 {
			t.Errorf("%s was not read: the rules hold nothing", pkg)
		}
	}
	for from, tos := range all {
		for _, to := range tos {
			if ok, why := mayImport(from, to); !ok {
				t.Errorf("%s imports %s: %s", from, to, why)
			}
		}
	}
}

// The rules themselves: each of them refuses what it is there for.
func TestImportRules(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"auth", "hubs", false},
		{"auth", "golang.org/x/oauth2", true},
		{"auth", ".", false},
		{"hubs", "auth", true},
		{"hubs", "discovery", false},
		{"hubs", "hubs/internal/rest", false},
		{"hubs", "hubs/aqara", false},
		{"discovery", "hubs", true},
		{"discovery", "hubs/aqara", false},
		{"discovery", "bridge", false},
		{"discovery", "net/http", false},
		{"hubs/aqara", "hubs", true},
		{"hubs/aqara", "hubs/internal/rest", true},
		{"hubs/aqara", "hubs/aqara/wire", true},
		{"hubs/aqara", "discovery", false},
		{"hubs/aqara", "bridge", false},
		{"hubs/aqara", "hubs/aqara/aqaratest", false},
		{"hubs/aqara", "hubs/tuya", false},
		{"hubs/aqara", paho, false},
		{"hubs/tuya", paho, false},
		{openhub, paho, true},
		{openhub, "hubs/internal/rest", true},
		{openhub, "hubs/tuya/tuyatest", false},
		{openhub, "bridge", false},
		{"hubs", paho, false},
		{"hubs/aqara/aqaratest", "hubs/aqara", false},
		{"hubs/aqara/aqaratest", "auth", false},
		{"hubs/aqara/aqaratest", "testing", false},
		{"hubs/aqara/aqaratest", "testing/synctest", false},
		{"hubs/aqara/aqaratest", "net/http", true},
		{"hubs/aqara/aqaratest", faults, true},
		{"hubs/aqara/aqaratest", "hubs/hubtest", false},
		{"hubs/aqara", faults, false},
		{"hubs/hubtest", faults, true},
		{"hubs/internal/rest", faults, false},
		{faults, "hubs", false},
		{faults, "testing", false},
		{"hubs/hubtest", "testing", true},
		{"hubs/hubtest", "hubs/aqara", false},
		{"hubs/internal/rest", "discovery", false},
		{"hubs/aqara", "hubs/overrides", true},
		{"hubs/overrides", "hubs", true},
		{"hubs/overrides", "hubs/aqara", false},
		{"hubs/overrides", "os", false},
		{"bridge", "hubs/overrides", true},
		{"discovery", "hubs/overrides", false},
		{"bridge", paho + "/packets", true},
		{"bridge", "hubs/aqara", false},
		{"bridge/broker", "discovery", true},
		{"cmd/hub2mqtt", envconfig, true},
		{"bridge", envconfig, false},
		{"cmd/hub2mqtt", paho, false},
		{"cmd/hub2mqtt", "hubs/aqara/aqaratest", true},
		{".", "hubs", false},
	} {
		if got, why := mayImport(c.from, c.to); got != c.want {
			t.Errorf("%s imports %s: want %v, got %v (%s)", c.from, c.to, c.want, got, why)
		}
	}
}
