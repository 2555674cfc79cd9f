package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOverridesSetting(t *testing.T) {
	dir := t.TempDir()
	cases := []struct {
		name, text string
		path       string // where it is looked for; empty: where it is
		says       string // the fault of the setting; empty: none
		wrong      int    // entries
	}{
		{"good", "devices: {lamp: {area: Hall}}\n", "", "", 0},
		{"nothing in it", "", "", "", 0},
		{"a wrong entry does not stop the start", "devices: {lamp: {area: Hall, colour: red}}\nthings: {}\n", "", "", 2},
		{"no YAML", "devices: {lamp: {area: Hall}\n", "", "TOY_OVERRIDES: no_YAML.yaml: line", 0},
		{"too large", strings.Repeat("#", 3<<20), "", "too many", 0},
		{"not there", "", filepath.Join(dir, "elsewhere.yaml"), "no such file", 0},
		{"a folder", "", dir, "is a directory", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := c.path
			if path == "" {
				path = filepath.Join(dir, strings.ReplaceAll(c.name, " ", "_")+".yaml")
				if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s, err := read(t, "HUBS=toy", "TOY_URL=http://a", "TOY_ACCESS_TOKEN=secret", "TOY_OVERRIDES="+path)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), "TOY_OVERRIDES: ") || !strings.Contains(err.Error(), c.says) {
					t.Errorf("want a fault that says %q, got %v", c.says, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if n := len(s.hubs[0].overrides.Faults); n != c.wrong || len(s.warnings) > 0 {
				t.Errorf("want %d wrong entries, got %v and the warnings %v", c.wrong, s.hubs[0].overrides.Faults, s.warnings)
			}
			if err := os.WriteFile(path, []byte("x: 1\ny: 2\nz: 3\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if f, err := s.hubs[0].reread(); err != nil || len(f.Faults) != 3 {
				t.Errorf("want it read anew, got %v, %v", f, err)
			}
		})
	}
}

func TestNoOverrides(t *testing.T) {
	s, err := read(t, "HUBS=toy", "TOY_URL=http://a", "TOY_ACCESS_TOKEN=secret")
	if err != nil || s.hubs[0].overrides != nil || s.hubs[0].reread != nil {
		t.Errorf("got %+v, %v", s.hubs, err)
	}
}
