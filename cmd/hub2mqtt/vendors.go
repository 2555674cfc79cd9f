package main

import (
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya"
)

// vendors lists what HUBS may name.
func vendors() []hubs.Vendor {
	return []hubs.Vendor{aqara.Vendor(), tuya.Vendor()}
}
