package aqara

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Every trait that the vendor's reference lists is known by name, alone or as a part of
// something larger, and makes a sound device all by itself.
func TestEveryTraitIsKnown(t *testing.T) {
	f, err := os.Open("testdata/traits.txt") // function, trait, type and access
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		p := strings.Fields(lines.Text())
		function, code, kind, access := p[0], p[1], p[2], p[3]
		spec := fmt.Sprintf(`[{"deviceId":"d","endpoints":[{"endpointId":2,"functions":[{"functionCode":%q,"traits":[{"traitCode":%q,
			"parameter":{"type":%q,"readable":%v,"writable":%v,"subscribable":%v}}]}]}]}]`,
			function, code, kind, strings.Contains(access, "R"), strings.Contains(access, "W"), strings.Contains(access, "P"))
		specs, err := decodeSpecs([]byte(spec))
		if err != nil {
			t.Fatal(err)
		}
		m := newModel(&specs[0], nil)
		d := m.device(&wireInfo{Name: "x"}, nil)
		checkHome(t, []hubs.Device{d}, []hubs.Reading{m.reading(m.first, truth{})})
		rule := function + "." + code
		if _, known := ruleOf(rule); !known && !partOfLarger(function, code) && len(m.parts) > 0 && m.parts[0].entity.Hidden {
			t.Errorf("%s is published under its code", rule)
		}
	}
	if n < 250 {
		t.Errorf("%d traits", n)
	}
}

// partOfLarger tells the traits that lights, fans, climates, covers and locks are made
// of: no device has them alone.
func partOfLarger(function, code string) bool {
	switch function {
	case "LevelControl", "ColorControl", "FanControl":
		return true
	case "WindowCovering", "Lifter":
		return strings.HasPrefix(code, "Current") || strings.HasPrefix(code, "Target") || code == "MotorOperationStatus"
	case "HeaterCooler":
		return code == "CoolingTemperature" || code == "HeatingTemperature" || code == "HeaterCoolerMode"
	case "GarageDoorOpener":
		return true
	}
	return function == "DoorLock" && code == "RemoteUnlock"
}

// Every enumeration's table has words that differ, or two values would be one.
func TestEnumerations(t *testing.T) {
	for code, table := range enums {
		seen := map[string]int{}
		for n, word := range table {
			if other, twice := seen[slugOf(word)]; twice {
				t.Errorf("%s: %d and %d are both %s", code, other, n, slugOf(word))
			}
			seen[slugOf(word)] = n
		}
	}
}
