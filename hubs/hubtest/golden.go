package hubtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files") //nolint:gochecknoglobals // flags are read before tests run

// Updating tells whether golden files are to be rewritten (-update).
func Updating() bool { return *update }

// Golden runs produce for every folder dir/cases/* as a subtest named after it, and
// compares the files that produce returns, by name within the case's folder, with the
// stored ones: JSON in one pretty form, anything else as it is. With -update it writes
// them. A file that is stored but not made, other than those produce reads, is for
// produce to notice: Golden does not know which are input.
func Golden(t *testing.T, dir string, produce func(t *testing.T, caseDir string) map[string][]byte) {
	t.Helper()
	cases, err := filepath.Glob(filepath.Join(dir, "cases", "*"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases under %s: %v", dir, err)
	}
	for _, caseDir := range cases {
		if info, err := os.Stat(caseDir); err != nil || !info.IsDir() {
			continue
		}
		t.Run(filepath.Base(caseDir), func(t *testing.T) {
			files := produce(t, caseDir)
			for _, name := range slices.Sorted(maps.Keys(files)) {
				GoldenFile(t, filepath.Join(caseDir, name), files[name])
			}
		})
	}
}

// GoldenFile compares got with what is stored at path, or writes it with -update.
func GoldenFile(t *testing.T, path string, got []byte) {
	t.Helper()
	if filepath.Ext(path) == ".json" {
		got = pretty(t, path, got)
	}
	if Updating() {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if filepath.Ext(path) == ".json" {
		want = pretty(t, path, want)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// pretty indents JSON without changing its order, its numbers or its characters.
func pretty(t *testing.T, path string, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return append(b.Bytes(), '\n')
}
