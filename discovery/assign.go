package discovery

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const maxID = 64

// Assign gives every device its level in topics: its raw id made safe, with 6 hex of
// its hash where that form is taken or reserved. What known says never changes; new
// ones come in order of their raw ids. The result holds known and raw.
func Assign(raw []hubs.DeviceID, known map[hubs.DeviceID]string) map[hubs.DeviceID]string {
	ids := maps.Clone(known)
	if ids == nil {
		ids = make(map[hubs.DeviceID]string, len(raw))
	}
	taken := make(map[string]bool, len(ids)+len(raw))
	for _, id := range ids {
		taken[id] = true
	}
	for _, dev := range slices.Sorted(slices.Values(raw)) {
		if _, ok := ids[dev]; ok {
			continue
		}
		id := freeID(dev, taken)
		ids[dev] = id
		taken[id] = true
	}
	return ids
}

func freeID(dev hubs.DeviceID, taken map[string]bool) string {
	if dev == hubs.Self {
		return HubID
	}
	plain := safeID(string(dev))
	if !taken[plain] && !reservedID(plain) {
		return plain
	}
	sum := sha256.Sum256([]byte(dev))
	hash := hex.EncodeToString(sum[:])
	// Six digits are the promise; more only where even those meet another device's.
	for n := 6; n < maxID-1; n++ {
		id := plain[:min(len(plain), maxID-1-n)] + "_" + hash[:n]
		if !taken[id] {
			return id
		}
	}
	return hash
}

// safeID keeps what may stand in topics and discovery ids.
func safeID(raw string) string {
	b := make([]byte, 0, min(len(raw), maxID))
	for _, r := range raw {
		if len(b) == maxID {
			break
		}
		if !isIDRune(r) {
			r = '_'
		}
		b = append(b, byte(r))
	}
	return string(b)
}

func isIDRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
}

// reservedID tells the levels that stand beside devices under a hub.
func reservedID(id string) bool {
	switch id {
	case HubID, "status", "info", "devices":
		return true
	}
	return false
}
