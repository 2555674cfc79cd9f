package aqaratest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// day lets a home live from midnight on, and calls look every minute with the time.
func day(t *testing.T, s *Studio, length time.Duration, look func(now time.Time)) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	done := make(chan struct{})
	go func() { defer close(done); s.Live(ctx) }()
	for ctx.Err() == nil {
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble
		look(time.Now())
	}
	<-done
}

// extent is what a number did over the day.
type extent struct{ low, high, sum, n float64 }

func (e *extent) add(f float64) {
	if e.n == 0 {
		e.low, e.high = f, f
	}
	e.low, e.high, e.sum, e.n = min(e.low, f), max(e.high, f), e.sum+f, e.n+1
}

func TestFullHomeLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Home: FullHome()})
		numbers := map[Address]*extent{}
		texts := map[Address]map[any]bool{}
		watch := map[Address][2]float64{ // within these, and not always the same
			{Presence, 3, "Illuminance", "CurrentIlluminance"}:            {0, 1500},
			{AirConditioner, 2, "HeaterCooler", "CurrentTemperature"}:     {16, 27},
			{Thermostat, 2, "HeaterCooler", "CurrentTemperature"}:         {18, 27},
			{FloorHeating, 2, "HeaterCooler", "CurrentTemperature"}:       {22, 27},
			{AirQuality, 2, "CO2", "CO2Density"}:                          {380, 1500},
			{AirQuality, 4, "ParticulateMatter", "PM2.5Density"}:          {0, 60},
			{AirQuality, 3, "AirQuality", "VOCDensity"}:                   {50, 130},
			{Meter, 2, "EnergyManagement", "CurrentPower"}:                {0, 1900},
			{Meter, 2, "EnergyManagement", "CumulativeEnergyConsumption"}: {3_481_220, 3_525_000},
			{Vacuum, 1, "PowerSource", "BatPercentRemaining"}:             {15, 100},
			{Fridge, 2, "Temperature", "CurrentTemperature"}:              {3, 8},
		}
		several := []Address{
			{Presence, 2, "HumanPresence", "Presence"},
			{Lock, 2, "DoorLock", "LockState"},
			{Lock, 2, "DoorLock", "DoorState"},
			{Cube, 2, "Cube", "TopFace"},
			{Vacuum, 2, "VacuumOperationalState", "VacuumOperationalState"},
			{Sleep, 2, "Sleep", "OnBed"},
			{Sleep, 2, "Sleep", "SleepState"},
			{AirQuality, 2, "CO2", "CO2Level"},
			{Siren, 2, "ZigbeeNetworkDiagnostics", "LQI"},
		}
		still := map[Address]any{
			{Lamp, 2, "Output", "OnOff"}: true, {Garage, 2, "GarageDoorOpener", "CurrentGarageDoorState"}: garageClosed,
			{Smoke, 2, "Smoke", "SmokeDetected"}: false, {Away, 2, "Contact", "ContactSensorState"}: true, {Flow, 2, "Flow", "CurrentFlow"}: 0.0,
		}
		day(t, s, 24*time.Hour, func(time.Time) {
			for a := range watch {
				v, err := s.Value(a)
				f, ok := v.(float64)
				if err != nil || !ok {
					t.Fatalf("%s: %v %v", a, v, err)
				}
				if numbers[a] == nil {
					numbers[a] = &extent{}
				}
				numbers[a].add(f)
			}
			for _, a := range several {
				v, err := s.Value(a)
				if err != nil {
					t.Fatal(err)
				}
				if texts[a] == nil {
					texts[a] = map[any]bool{}
				}
				texts[a][v] = true
			}
		})
		for a, w := range watch {
			if e := numbers[a]; e.low < w[0] || e.high > w[1] || e.low == e.high {
				t.Errorf("%s: from %v to %v is not believable", a, e.low, e.high)
			}
		}
		for _, a := range several {
			if len(texts[a]) < 2 {
				t.Errorf("%s: always %v", a, texts[a])
			}
		}
		for a, want := range still {
			if v, _ := s.Value(a); v != want {
				t.Errorf("%s: want %v, got %v", a, want, v)
			}
		}
		for _, state := range []string{machineRuns, robotDocked} {
			if !texts[several[4]][state] {
				t.Errorf("want a robot in state %s once, got %v", state, texts[several[4]])
			}
		}
	})
}

func TestLightFollowsTheSun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Home: FullHome()})
		byHour := map[int]*extent{}
		day(t, s, 24*time.Hour, func(now time.Time) {
			v, _ := s.Value(Address{Presence, 3, "Illuminance", "CurrentIlluminance"})
			f, _ := v.(float64)
			if byHour[now.Hour()] == nil {
				byHour[now.Hour()] = &extent{}
			}
			byHour[now.Hour()].add(f)
		})
		mean := func(hour int) float64 { return byHour[hour].sum / byHour[hour].n }
		if mean(23) > 10 || mean(12) < 200 || mean(12) < mean(7) || mean(12) < mean(18) {
			t.Errorf("want dark nights and bright days, got %v at 23, %v at 7, %v at 12, %v at 18", mean(23), mean(7), mean(12), mean(18))
		}
	})
}

func TestRoomsObey(t *testing.T) {
	room := Address{AirConditioner, 2, "HeaterCooler", "CurrentTemperature"}
	for name, c := range map[string]struct {
		do        []string
		low, high float64
	}{
		"cooled":   {[]string{"write 2 Output OnOff=true", "write 2 HeaterCooler CoolingTemperature=17"}, 16.5, 17.5},
		"heated":   {[]string{"write 2 Output OnOff=true", `write 2 HeaterCooler HeaterCoolerMode="1"`, "write 2 HeaterCooler HeatingTemperature=29"}, 28.5, 29.5},
		"only air": {[]string{"write 2 Output OnOff=true", `write 2 HeaterCooler HeaterCoolerMode="3"`}, 17.5, 24.5},
		"off":      {[]string{"write 2 HeaterCooler CoolingTemperature=17"}, 17.5, 24.5},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{Home: FullHome()}, func(b *bench) {
				for _, do := range c.do {
					b.perform(AirConditioner, do, false).is(b.t, 200, 0)
				}
				day(b.t, b.Studio, 4*time.Hour, func(time.Time) {})
				if v, _ := b.value(room).(float64); v < c.low || v > c.high {
					b.t.Errorf("want between %v and %v, got %v", c.low, c.high, v)
				}
			})
		})
	}
}

func TestWhatRunsShows(t *testing.T) {
	bubble(t, Options{Home: FullHome()}, func(b *bench) {
		t := b.t
		b.perform(Flow, "write 1 Output OnOff=true", true).is(t, 200, 0)
		b.perform(Speaker, "command 3 MediaPlayback Play", true).is(t, 200, 0)
		b.perform(AirConditioner, "command 2 Output On", true).is(t, 200, 0)
		day(t, b.Studio, 10*time.Minute, func(time.Time) {})
		for a, want := range map[Address][2]float64{
			{Flow, 2, "Flow", "CurrentFlow"}:                          {1.5, 2.1},
			{Speaker, 3, "MediaPlayback", "SampledPosition"}:          {1, 214_000},
			{AirConditioner, 1, "EnergyManagement", "CurrentPower"}:   {580, 700},
			{AirConditioner, 1, "EnergyManagement", "CircuitCurrent"}: {2, 4},
			{AirConditioner, 1, "EnergyManagement", "CurrentVoltage"}: {226, 234},
		} {
			if v, _ := b.value(a).(float64); v < want[0] || v > want[1] {
				t.Errorf("%s: want %v, got %v", a, want, v)
			}
		}
	})
}

func TestOfflineDevicesDoNotLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := []string{Climate, Outlet, Motion, Presence, Meter, Lock, Knob, Vacuum, Sleep}
		s := New(Options{Home: FullHome(), FirmwareOptions: FirmwareOptions{Offline: gone}})
		before := map[Address]any{}
		s.home.each(func(a Address, tr *Trait) { before[a] = tr.Value })
		day(t, s, 12*time.Hour, func(time.Time) {})
		moved := 0
		s.home.each(func(a Address, tr *Trait) {
			if before[a] == tr.Value {
				return
			}
			moved++
			for _, id := range gone {
				if a.Device == id {
					t.Errorf("%s moved from %v to %v", a, before[a], tr.Value)
				}
			}
		})
		if moved < 10 {
			t.Errorf("want others to move, got %d", moved)
		}
	})
}

func TestLiveIsTheSameEverywhere(t *testing.T) {
	values := func(h *Home, seed uint64) (out []any) {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{Home: h, Seed: seed})
			day(t, s, 6*time.Hour, func(time.Time) {})
			for _, a := range []Address{
				{Climate, 2, "Temperature", "CurrentTemperature"}, {Motion, 3, "Illuminance", "CurrentIlluminance"}, {Outlet, 1, "EnergyManagement", "CurrentPower"},
			} {
				v, err := s.Value(a)
				if err != nil {
					t.Error(err)
				}
				out = append(out, v)
			}
		})
		return out
	}
	small, full, other := values(DefaultHome(), 0), values(FullHome(), 1), values(DefaultHome(), 7)
	for i := range small {
		if small[i] != full[i] {
			t.Errorf("want the same course in both homes, got %v and %v", small[i], full[i])
		}
	}
	if small[0] == other[0] && small[2] == other[2] {
		t.Error("want another course with another seed")
	}
}

func TestLivePushes(t *testing.T) {
	bubble(t, Options{Home: FullHome()}, func(b *bench) {
		t := b.t
		time.Sleep(12 * time.Hour) //nolint:forbidigo // in a bubble, until noon
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); b.Live(ctx) }()
		seen := map[string]int{}
		for end := time.Now().Add(2 * time.Hour); time.Now().Before(end); {
			w.send(message("ping", ""))
			for {
				r, err := w.next()
				if err != nil {
					t.Fatal(err)
				}
				if r.Type == "pong" {
					break
				}
				var items []struct{ TraitCode string }
				r.decode(t, &items)
				for _, it := range items {
					seen[it.TraitCode]++
				}
			}
			time.Sleep(10 * time.Second) //nolint:forbidigo // in a bubble
		}
		stop()
		<-done
		for _, want := range []string{"CurrentPower", "CurrentIlluminance", "Presence", "CO2Density", "LQI", "CurrentTemperature", "PM2.5Density"} {
			if seen[want] == 0 {
				t.Errorf("want pushes of %s, got %v", want, seen)
			}
		}
	})
}
