package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// maxOverrides is a little more than overrides.Parse takes, which says so.
const maxOverrides = 2 << 20

// readOverrides reads a file of OVERRIDES. The error is for a file that cannot be read or
// is no YAML; wrong entries are in the result.
func readOverrides(path string) (*overrides.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w; the path of a YAML file is wanted, such as /data/overrides.yaml", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxOverrides))
	if err != nil {
		return nil, err
	}
	return overrides.Parse(filepath.Base(path), text)
}
