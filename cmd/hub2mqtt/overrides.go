package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hub2mqtt/hub2mqtt/hubs"
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

// unlocks tells whether the file lets the door of d be opened from afar. It is asked for
// what the vendor says of d: a name given in MQTT opens nothing.
func (h hubSetting) unlocks(d hubs.Device) bool {
	said := h.overrides.For(overrides.Subject{
		Names:    []string{hubs.Fold(string(d.ID)), hubs.Fold(d.Name)},
		Products: []string{hubs.Fold(d.ModelID), hubs.Fold(d.Model)},
	})
	return said.Device.Flag(overrides.Unlock)
}
