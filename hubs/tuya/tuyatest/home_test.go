package tuyatest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// The home is what it says: unique, complete, and its values fit its specifications,
// apart from the quirks that are there on purpose.
func TestDefaultHome(t *testing.T) {
	h := DefaultHome()
	quirks := []string{
		Aircon + " windspeed", Humidifier + " moodlighting", Purifier + " mode", Vacuum + " mode", Valve + " weather_delay",
		Camera + " motion_sensitivity", Camera + " record_mode", Odd + " scene", Odd + " settings",
	}
	categories := map[string]bool{}
	seen := map[string]bool{}
	for i := range h.Devices {
		d := &h.Devices[i]
		categories[d.Category] = true
		if seen[d.ID] || len(d.ID) != 22 || d.Name == "" || d.ProductID == "" || d.Active.IsZero() {
			t.Errorf("%s: want a whole device with an ID of its own, got %+v", d.Name, d)
		}
		seen[d.ID] = true
		if d.Gateway != "" && h.device(d.Gateway) == nil {
			t.Errorf("%s hangs on nothing", d.Name)
		}
		numbers, words := map[int]bool{}, map[string]bool{}
		for j := range d.DPs {
			p := &d.DPs[j]
			if numbers[p.ID] || words[p.Code] || !slices.Contains([]Mode{ReadWrite, ReadOnly, WriteOnly}, p.Mode) {
				t.Errorf("%s %s: its number, code or mode is not its own", d.Name, p.Code)
			}
			numbers[p.ID], words[p.Code] = true, true
			if odd := slices.Contains(quirks, d.ID+" "+p.Code); p.fits() == odd {
				t.Errorf("%s %s: want %v to be a quirk: %v", d.Name, p.Code, p.Value, odd)
			}
		}
	}
	if len(h.Devices) < 40 || len(categories) < 35 {
		t.Errorf("want 40 devices of 35 categories at least, got %d of %d", len(h.Devices), len(categories))
	}
	for _, a := range h.Accounts {
		for _, p := range a.Places {
			for _, r := range p.Rooms {
				for _, id := range r.Devices {
					if d := h.device(id); d == nil || d.Place != p.ID {
						t.Errorf("room %s has %s, which is not there", r.Name, id)
					}
				}
			}
			for _, s := range p.Scenes {
				for _, act := range s.Actions {
					if d := h.device(act.Device); d == nil || d.dp(act.Code) == nil {
						t.Errorf("scene %s has nothing to do for %s", s.Name, act.Code)
					}
				}
			}
		}
	}
}

// fits says whether a value is one that the specification allows.
func (p *DP) fits() bool {
	if p.Value == nil || p.Value == "" && plainType(p.Type) != typeEnum {
		return true
	}
	q := *p
	q.Mode = ReadWrite
	if plainType(p.Type) == typeBitmap {
		n, whole := p.Value.(int64)
		return whole && n >= 0 && n < 1<<len(p.limits().Label)
	}
	_, why := q.checkOrder(mustJSON(p.Value), false)
	if plainType(p.Type) == typeEnum && len(p.limits().Range) == 0 {
		return false
	}
	return why == "" && (plainType(p.Type) != typeJSON || p.Values != "")
}

// Every specification can be read but those that are broken on purpose.
func TestSpecificationsParse(t *testing.T) {
	for _, d := range DefaultHome().Devices {
		for _, p := range d.DPs {
			broken := d.ID == Odd && (p.Code == "flow" || p.Values == "") || d.ID == Meter && p.Code == "phase_a"
			if json.Valid([]byte(p.Values)) == broken {
				t.Errorf("%s %s: want broken %v, got %q", d.Name, p.Code, broken, p.Values)
			}
		}
	}
}

// A day in the home: the meter counts in increments, the sun makes power, people come and
// go, and nothing that is to be switched moves by itself.
func TestLive(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			b.Live(ctx)
			close(ended)
		}()
		if err := b.SetOnline(Carbon, false); err != nil {
			t.Fatal(err)
		}
		seen := map[string]map[string]bool{}
		most := int64(0)
		pass(24 * time.Hour)
		b.mu.Lock()
		increments := 0
		for _, e := range b.logs {
			if seen[e.code] == nil {
				seen[e.code] = map[string]bool{}
			}
			seen[e.code][textOf(e.value)] = true
			if e.code == "add_ele" {
				increments++
			}
			if n, is := e.value.(int64); is && e.code == "pv_power_total" {
				most = max(most, n)
			}
		}
		logs := len(b.logs)
		b.mu.Unlock()
		stop()
		<-ended
		for _, code := range []string{"pir", "doorcontact_state", "switch_mode1"} {
			if len(seen[code]) < 2 {
				t.Errorf("want %s to change, got %v", code, seen[code])
			}
		}
		if len(seen["phase_a"]) < 100 || len(seen["va_temperature"]) < 5 || len(seen["add_ele"]) != 1 {
			t.Errorf("want meters and sensors to move, add_ele to be 100 each time, got %d %d %v",
				len(seen["phase_a"]), len(seen["va_temperature"]), seen["add_ele"])
		}
		if increments < 10 || most < 5000 || seen["co2_value"] != nil {
			t.Errorf("want 10 increments and half a kilowatt at least, nothing of what is offline; got %d, %d, %v",
				increments, most, seen["co2_value"])
		}
		for code := range seen {
			if strings.HasPrefix(code, "switch_led") || code == "control" {
				t.Errorf("%s moved by itself", code)
			}
		}
		if logs < 10_000 {
			t.Errorf("want a busy day, got %d reports", logs)
		}
	})
}

// Devices of another home stay still, and nothing breaks.
func TestLiveElsewhere(t *testing.T) {
	bubble(t, Options{Home: &Home{Devices: []Device{{ID: "a", DPs: []DP{boolean(1, "switch", ReadWrite, true)}}}}}, func(t *testing.T, b *bench) {
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		b.Live(ctx)
		b.has("a", "switch", "true")
	})
}

func TestPhysicalErrors(t *testing.T) {
	b := newBench(t, Options{})
	for name, err := range map[string]error{
		"set":       b.Set("nobody", "x", 1),
		"code":      b.Set(Plug, "x", 1),
		"press":     b.Press("nobody", "x", 1),
		"online":    b.SetOnline("nobody", true),
		"rename":    b.Rename("nobody", ""),
		"remove":    b.Remove("nobody"),
		"add":       b.Add(Device{}),
		"respecify": b.Respecify(Plug, "x", "", ""),
		"turn":      b.Turn("nobody", true, ""),
		"expire":    b.Expire("nobody", true),
		"block":     b.Block("nobody", true),
	} {
		if err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	if _, err := b.Value("nobody", "x"); err == nil {
		t.Error("want an error for an unknown device")
	}
}
