package main

import (
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// Only what the file says of a device opens its door, by what the vendor says of it.
func TestUnlocks(t *testing.T) {
	front := hubs.Device{ID: "bf31", Name: "Front door", ModelID: "p1"}
	for name, c := range map[string]struct {
		file string
		want bool
	}{
		"by name":        {"devices:\n  \"front*\": {unlock: true}\n", true},
		"by id":          {"devices:\n  bf31: {unlock: true}\n", true},
		"by product":     {"products:\n  p1: {unlock: true}\n", true},
		"of another":     {"devices:\n  back: {unlock: true}\n", false},
		"taken back":     {"products:\n  p1: {unlock: true}\ndevices:\n  bf31: {unlock: false}\n", false},
		"something else": {"devices:\n  bf31: {hidden: true}\n", false},
	} {
		file, err := overrides.Parse("x.yaml", []byte(c.file))
		if err != nil {
			t.Fatal(err)
		}
		if got := (hubSetting{overrides: file}).unlocks(front); got != c.want {
			t.Errorf("%s: want %v, got %v", name, c.want, got)
		}
	}
	if (hubSetting{}).unlocks(front) {
		t.Error("without a file a door opens")
	}
}
