package bridge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// powers are the values of an entity that were published, in turn, null apart.
func (s *house) published(key string) (out []string) {
	s.board.board.mu.Lock()
	defer s.board.board.mu.Unlock()
	for _, payload := range s.board.past["b/toy/d1"] {
		_, rest, _ := strings.Cut(payload, `"`+key+`":`)
		value, _, _ := strings.Cut(rest, ",")
		if n := len(out); value != "null" && (n == 0 || out[n-1] != value) {
			out = append(out, value)
		}
	}
	return out
}

func TestMinInterval(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, set := oneDevice(
			hubs.Entity{Key: "power", Name: "Power", Spec: hubs.Sensor{}}, hubs.Entity{Key: "relay", Name: "Relay", Spec: hubs.Switch{}},
			hubs.Entity{Key: "press", Name: "Press", Spec: hubs.Event{Types: []string{"single"}}})
		set("power", hubs.Main, hubs.Num(0))
		set("relay", hubs.On, hubs.Bool(false))
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f, Overrides: says(t,
			`devices: {box: {min_interval: 30s, entities: {relay: {min_interval: 1h}}}}`)})
		pass(31 * time.Second)
		set("power", hubs.Main, hubs.Num(100)) // polls say the same
		for i := range 100 {                   // a value a second
			s.push("power", hubs.Main, hubs.Num(float64(i+1)), time.Now())
			sink{s.hub("toy")}.Readings([]hubs.Reading{{Device: "d1", Events: []hubs.Happening{{Entity: "press", Type: "single", At: time.Now()}}}})
			pass(time.Second)
		}
		if diff := cmp.Diff([]string{"0", "1", "30", "60", "90"}, s.published("power")); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		pass(time.Minute)
		if got := s.published("power"); got[len(got)-1] != "100" {
			t.Errorf("want the last value to arrive, got %v", got)
		}
		s.board.board.mu.Lock()
		presses := strings.Count(strings.Join(s.board.events, "\n"), "b/toy/d1/press ")
		s.board.board.mu.Unlock()
		if presses != 100 {
			t.Errorf("want every event, got %d", presses)
		}
		set("relay", hubs.On, hubs.Bool(true)) // somebody at the device
		pass(20 * time.Second)
		before := s.board.count("b/toy/d1")
		set("relay", hubs.On, hubs.Bool(false))
		pass(20 * time.Second)
		if s.board.count("b/toy/d1") != before {
			t.Error("nothing is to be published while the relay waits")
		}
	})
}

// TestMinIntervalKeepsWhatOthersShow wants another entity's news not to bring the waiting
// value along, and a value that came back not to be shown at all.
func TestMinIntervalKeepsWhatOthersShow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, set := oneDevice(hubs.Entity{Key: "power", Name: "Power", Spec: hubs.Sensor{}}, hubs.Entity{Key: "volts", Name: "Volts", Spec: hubs.Sensor{}})
		set("power", hubs.Main, hubs.Num(1))
		set("volts", hubs.Main, hubs.Num(1))
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f, Overrides: says(t, `entities: {"*/power": {min_interval: 10m}}`)})
		pass(time.Second)
		for i := range 5 {
			s.push("power", hubs.Main, hubs.Num(float64(i%2+1)), time.Now())
			s.push("volts", hubs.Main, hubs.Num(float64(i+1)), time.Now())
			pass(time.Second)
		}
		if diff := cmp.Diff([]string{"1"}, s.published("power")); diff != "" {
			t.Errorf("power (-want +got)\n%s", diff)
		}
		if got := s.published("volts"); len(got) != 5 {
			t.Errorf("want every voltage, got %v", got)
		}
		s.push("power", hubs.Main, hubs.Num(7), time.Now())
		set("power", hubs.Main, hubs.Num(7))
		pass(time.Second)
		s.must(t, "device/options", `{"device":"d1/power","value":{"min_interval":"24h"}}`) // another wait begins anew
		pass(3 * time.Second)
		if got := s.published("power"); got[len(got)-1] != "7" {
			t.Errorf("got %v", got)
		}
	})
}

// TestMinIntervalOfACommand wants commands shown at once, and what comes of them.
func TestMinIntervalOfACommand(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, set := oneDevice(hubs.Entity{Key: "dimmer", Spec: hubs.Number{Max: 100}})
		set("dimmer", hubs.Main, hubs.Num(0))
		f.execute = func(_ context.Context, cmd hubs.Command) error {
			v, _ := cmd.Value(hubs.Main)
			if v == hubs.Num(66) {
				return &hubs.Error{Fault: hubs.Refused, Err: fmt.Errorf("no")}
			}
			set("dimmer", hubs.Main, v)
			return nil
		}
		s := startHouse(t, auth.NewMemStore(), HubConfig{Name: "toy", Hub: f, Overrides: says(t, `devices: {d1: {min_interval: 1h}}`)})
		pass(time.Second)
		for _, n := range []int{20, 40, 66} {
			before := s.member("b/toy/d1", "dimmer")
			s.receive("b/toy/d1/dimmer/set", []byte(fmt.Sprint(n)), false)
			synctest.Wait()
			if got := s.published("dimmer"); got[len(got)-1] != fmt.Sprint(n) {
				t.Errorf("%d: want it shown at once, got %v", n, got)
			}
			pass(20 * time.Second)
			want := any(float64(n))
			if n == 66 {
				want = before
			}
			if got := s.member("b/toy/d1", "dimmer"); got != want {
				t.Errorf("%d: want %v to stay, got %v", n, want, got)
			}
		}
		set("dimmer", hubs.Main, hubs.Num(5)) // somebody at the device
		pass(30 * time.Minute)
		if got := s.member("b/toy/d1", "dimmer"); got != 40.0 {
			t.Errorf("want it to wait, got %v", got)
		}
		pass(time.Hour)
		if got := s.member("b/toy/d1", "dimmer"); got != 5.0 {
			t.Errorf("want it in the end, got %v", got)
		}
	})
}

func TestSmallFallsOfATotal(t *testing.T) {
	minutes := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	cases := []struct {
		name     string
		decimals int
		reads    []float64
		want     []float64
		every    int // minutes
	}{
		{"rounding", 1, []float64{100, 99.9, 100, 99.9, 100.1}, []float64{100, 100, 100, 100, 100.1}, 1},
		{"a server that lags behind", 0, []float64{1000, 950, 1001, 990, 1002}, []float64{1000, 1000, 1001, 1001, 1002}, 1},
		{"a new beginning", 0, []float64{1000, 0, 5}, []float64{1000, 0, 5}, 1},
		{"one that was missed", 0, []float64{1000, 12}, []float64{1000, 12}, 1},
		{"a tenth is a new beginning", 0, []float64{1000, 899}, []float64{1000, 899}, 1},
		{"the last digit of a small total", 2, []float64{0.02, 0.01, 0.03}, []float64{0.02, 0.02, 0.03}, 1},
		{"a small total begins anew", 2, []float64{0.02, 0}, []float64{0.02, 0}, 1},
		{"whole numbers have no last digit", 0, []float64{2, 1}, []float64{2, 1}, 1},
		{"a correction stays", 0, []float64{1000, 950, 950, 950}, []float64{1000, 1000, 1000, 950}, 12 * 60},
		{"it rises from where it fell", 0, []float64{1000, 950, 960, 1001}, []float64{1000, 1000, 1000, 1001}, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := testDevice()
			p := d.placed
			p.Entities = append(slices.Clip(p.Entities),
				hubs.Entity{Key: "total", Spec: hubs.Sensor{Decimals: c.decimals, Accumulates: hubs.Increasing}},
				hubs.Entity{Key: "net", Spec: hubs.Sensor{Decimals: c.decimals, Accumulates: hubs.Total}})
			d.place(p)
			var got, net []float64
			for i, n := range c.reads {
				at := minutes(i * c.every)
				for _, key := range []string{"total", "net"} {
					d.merge(value(key, hubs.Main, hubs.Num(n), time.Time{}), source{asked: at}, at.Add(time.Second))
				}
				f, _ := d.read(hubs.Point{Entity: "total", Attr: hubs.Main}).Num()
				g, _ := d.read(hubs.Point{Entity: "net", Attr: hubs.Main}).Num()
				got, net = append(got, f), append(net, g)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.reads, net); diff != "" {
				t.Errorf("what may fall does (-want +got)\n%s", diff)
			}
		})
	}
}

// TestUnknownTotal is no fall, and no beginning.
func TestUnknownTotal(t *testing.T) {
	d := testDevice()
	p := d.placed
	p.Entities = []hubs.Entity{{Key: "total", Spec: hubs.Sensor{Accumulates: hubs.Increasing}}}
	d.place(p)
	at := noon
	read := func(v hubs.Value) hubs.Value {
		at = at.Add(time.Minute)
		d.merge(value("total", hubs.Main, v, time.Time{}), source{asked: at}, at)
		return d.read(hubs.Point{Entity: "total", Attr: hubs.Main})
	}
	if read(hubs.Num(5)); read(hubs.Value{}).Known() || read(hubs.Num(4.9)) != hubs.Num(4.9) {
		t.Error("want unknown shown, and then what is read")
	}
}
