package aqara

import (
	"strings"
	"unicode"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// imported tells a device that the Studio itself has from Home Assistant. Bridged back
// it would be there twice, and each would follow the other. It is left out, which is
// said once. h.mu is held.
func (h *hub) imported(m *model, info *wireInfo) bool {
	if !m.fromHomeAssistant(string(info.Name)) {
		return false
	}
	if id := hubs.DeviceID(m.id); !h.loops[id] {
		h.loops[id] = true
		h.log.Info().Str("device", m.id).
			Msg("the Studio has this device from Home Assistant: it is left out, or it would go in circles")
	}
	return true
}

// fromHomeAssistant goes by what the device says of itself, and by the name that people
// see only where it is no device of Aqara's: the Studio names no source. Whatever hangs
// on a gateway is Aqara's own.
func (m *model) fromHomeAssistant(name string) bool {
	if m.gateway.id != "" {
		return false
	}
	silent := true // about its maker
	for _, code := range []string{"VendorName", "ProductName", "ModelValue"} {
		s, _ := m.first.text(&trait{address: address{0, "BasicInformation", code}})
		if namesHomeAssistant(s) {
			return true
		}
		silent = silent && s == ""
	}
	return namesHomeAssistant(m.id) || (m.gateway.known || silent) && namesHomeAssistant(name)
}

func namesHomeAssistant(s string) bool {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
	return strings.Contains(letters, "homeassistant")
}
