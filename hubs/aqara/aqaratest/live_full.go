package aqaratest

import (
	"math"
	"math/rand/v2"
	"time"
)

// household is what lives in FullHome besides what life knows. In a home without its
// devices it does nothing.
type household struct {
	*life
	rng     *rand.Rand // its own, so that life takes the same course in any home
	here    time.Time  // since when nobody has moved; zero: nobody is here
	zone    int
	opened  time.Time
	heat    float64 // what the heat pump draws
	cleaned int     // the day of the year of the last cleaning
}

func (h *household) step(now time.Time) {
	h.occupy(now)
	h.hands(now)
	h.bolt(now)
	h.meters()
	if h.n%6 == 0 { // every half minute
		lux := 2 + 1400*sun(now)*h.cloud + h.rng.Float64()
		h.set(Presence, 3, "Illuminance", "CurrentIlluminance", math.Round(lux))
		h.set(Siren, 2, "ZigbeeNetworkDiagnostics", "LQI", 150+h.rng.IntN(40))
		h.media()
		h.water()
	}
	if h.n%24 == 0 { // every two minutes
		h.rooms(now)
		h.air()
		h.night(now)
		h.robot(now)
	}
}

func (h *household) float(a Address) float64 {
	v, _ := h.s.Value(a) // nil where there is none
	f, _ := v.(float64)
	return f
}

func (h *household) is(a Address, want any) bool {
	v, err := h.s.Value(a)
	return err == nil && v == want
}

func awake(now time.Time) bool { return now.Hour() >= 6 && now.Hour() < 23 }

// occupy lets people sit in one of the zones for a while.
func (h *household) occupy(now time.Time) {
	presence := func(endpoint int, state string) { h.set(Presence, endpoint, "HumanPresence", "Presence", state) }
	switch {
	case h.here.IsZero() && awake(now) && h.rng.Float64() < 0.02:
		h.here, h.zone = now, 4+h.rng.IntN(2)
		presence(2, "HumanDetected")
		presence(h.zone, "HumanDetected")
	case !h.here.IsZero() && h.rng.Float64() < 0.3:
		h.set(Presence, 2, "HumanPresence", "ActivityDetected", true)
		if h.rng.Float64() < 0.9 {
			h.here = now
		}
	case !h.here.IsZero() && now.Sub(h.here) > time.Minute:
		presence(h.zone, "NoHumanDetected")
		presence(2, "NoHumanDetected")
		h.here = time.Time{}
	}
}

// hands play with what has buttons, now and then.
func (h *household) hands(now time.Time) {
	if !awake(now) || h.rng.Float64() > 0.01 {
		return
	}
	switch h.rng.IntN(5) {
	case 0:
		face := 1 + h.rng.IntN(6)
		h.setAll(Cube, map[Address]any{
			{Cube, 2, "Cube", "CubeEvent"}: []string{"Flip90", "Flip180", "Shake"}[h.rng.IntN(3)],
			{Cube, 2, "Cube", "TopFace"}:   face, {Cube, 2, "Cube", "TopFaceChanged"}: face,
		})
	case 1:
		if h.s.online(Knob) {
			_ = h.s.Rotate(Knob, 2, float64(12*(1+h.rng.IntN(8)))*[]float64{1, -1}[h.rng.IntN(2)])
		}
	case 2:
		h.set(Knob, 2, "Button", "ButtonEvent", "SinglePress")
	case 3:
		h.set(Vibration, 2, "Vibration", "VibrationEvent", "Vibrate")
	case 4:
		h.set(Doorbell, 2, "Doorbell", "ButtonEvent", "SinglePress")
	}
}

// bolt lets people come in by finger and lock behind them.
func (h *household) bolt(now time.Time) {
	door := func(state string) { h.set(Lock, 2, "DoorLock", "DoorState", state) }
	turn := func(locked bool, source, user int) {
		if h.s.online(Lock) {
			_ = h.s.Turn(Lock, 2, locked, source, user)
		}
	}
	switch since := now.Sub(h.opened); {
	case h.opened.IsZero() && awake(now) && h.rng.Float64() < 0.002:
		h.opened = now
		turn(false, 9, 1+h.rng.IntN(3))
		door("DoorOpen")
	case !h.opened.IsZero() && since > 15*time.Second && since <= 20*time.Second:
		door("DoorClosed")
	case !h.opened.IsZero() && since > 30*time.Second:
		h.opened = time.Time{}
		turn(true, 1, 0)
	}
}

// meters count what the heat pump and the air conditioner draw: the pump runs in steps.
func (h *household) meters() {
	if h.heat == 0 || h.rng.Float64() < 0.004 {
		h.heat = []float64{9, 512, 1180, 1730}[h.rng.IntN(4)]
	}
	h.meter(Meter, 2, h.heat)
	load := 1.2
	if h.is(Address{AirConditioner, 2, "Output", "OnOff"}, true) {
		load = 640
	}
	h.meter(AirConditioner, 1, load)
}

func (h *household) meter(device string, endpoint int, load float64) {
	load = max(0, load*(1+h.rng.NormFloat64()*0.01))
	volt := 230 + h.rng.NormFloat64()*0.5
	a := Address{device, endpoint, "EnergyManagement", "CumulativeEnergyConsumption"}
	h.setAll(device, map[Address]any{
		a:                           round(h.float(a)+load*liveTick.Hours(), 3),
		a.sibling("CurrentPower"):   round(load, 1),
		a.sibling("CurrentVoltage"): round(volt, 2),
		a.sibling("CircuitCurrent"): round(load/volt, 3),
	})
}

// rooms get warmer or colder: towards what is set while something heats or cools,
// towards the day's course otherwise.
func (h *household) rooms(now time.Time) {
	for device, kind := range map[string]string{AirConditioner: "AC", Thermostat: "HVAC", Radiator: "heat", FloorHeating: "heat"} {
		at := Address{device, 2, "HeaterCooler", "CurrentTemperature"}
		if _, err := h.s.Value(at); err != nil {
			continue
		}
		goal := 18 + 6*sun(now.Add(-2*time.Hour))
		heat, cool := h.float(at.sibling("HeatingTemperature")), h.float(at.sibling("CoolingTemperature"))
		on := h.is(Address{device, 2, "Output", "OnOff"}, true)
		switch {
		case kind == "AC" && on && h.is(at.sibling("HeaterCoolerMode"), "0"):
			goal = cool
		case kind == "AC" && on && h.is(at.sibling("HeaterCoolerMode"), "1"):
			goal = heat
		case kind == "HVAC" && !h.is(at.sibling("HeaterCoolerMode"), "12"):
			goal = min(max(goal, heat), cool)
		case kind == "heat" && on:
			goal = max(goal, heat)
		}
		have := h.float(at)
		h.set(device, 2, at.Function, at.Trait, round(have+(goal-have)*0.08+h.rng.NormFloat64()*0.03, 2))
	}
	h.set(Thermostat, 2, "HeaterCooler", "CurrentHumidity", round(44+h.rng.NormFloat64(), 1))
	h.set(Fridge, 2, "Temperature", "CurrentTemperature", round(h.float(Address{Fridge, 2, "TemperatureControl", "SetTemperature"})+h.rng.NormFloat64()*0.3, 2))
}

// air gets worse while people are here and better while the purifier runs.
func (h *household) air() {
	co2 := h.float(Address{AirQuality, 2, "CO2", "CO2Density"})
	goal := 430.0
	if !h.here.IsZero() {
		goal = 1350
	}
	co2 = round(co2+(goal-co2)*0.05+h.rng.NormFloat64()*4, 0)
	h.setAll(AirQuality, map[Address]any{
		{AirQuality, 2, "CO2", "CO2Density"}: co2,
		{AirQuality, 2, "CO2", "CO2Level"}:   grade(co2, 1000, 2000),
	})
	dust := max(1, h.float(Address{AirQuality, 4, "ParticulateMatter", "PM2.5Density"})+h.rng.NormFloat64())
	dust = round(min(dust, 60), 0)
	h.setAll(AirQuality, map[Address]any{
		{AirQuality, 3, "AirQuality", "VOCDensity"}:          round(60+60*h.rng.Float64(), 0),
		{AirQuality, 4, "ParticulateMatter", "PM1.0Density"}: math.Floor(dust * 0.6),
		{AirQuality, 4, "ParticulateMatter", "PM2.5Density"}: dust,
		{AirQuality, 4, "ParticulateMatter", "PM10Density"}:  math.Ceil(dust * 1.5),
		{AirQuality, 4, "ParticulateMatter", "PM2.5Level"}:   1 + grade(dust, 12, 35),
	})
	if h.is(Address{Purifier, 2, "Output", "OnOff"}, true) {
		h.set(Purifier, 3, "ParticulateMatter", "PM2.5Density", math.Floor(dust*0.4))
	}
}

// grade counts the limits that v has passed.
func grade(v float64, limits ...float64) int {
	n := 0
	for _, limit := range limits {
		if v >= limit {
			n++
		}
	}
	return n
}

// night sends people to bed, and lets it rain for some hours.
func (h *household) night(now time.Time) {
	bed := !awake(now)
	state := map[bool]string{true: "Sleep", false: "Awake"}[bed && h.rng.Float64() < 0.9]
	h.setAll(Sleep, map[Address]any{
		{Sleep, 2, "Sleep", "OnBed"}: bed, {Sleep, 2, "Sleep", "SleepState"}: state, {Sleep, 2, "Sleep", "SleepStage"}: h.rng.IntN(3),
	})
	if h.rng.Float64() < 0.02 {
		h.set(Rain, 2, "RainSensor", "BooleanState", h.rng.Float64() < 0.3)
	}
}

// robot cleans every day at ten, and needs its battery for it.
func (h *household) robot(now time.Time) {
	state := Address{Vacuum, 2, "VacuumOperationalState", "VacuumOperationalState"}
	if now.Hour() == 10 && h.cleaned != now.YearDay() && h.is(state, robotDocked) && h.s.online(Vacuum) {
		h.cleaned = now.YearDay()
		h.s.mu.Lock()
		h.s.work(state, now)
		h.s.mu.Unlock()
	}
	if h.is(state, machineRuns) {
		left := h.float(Address{Vacuum, 1, "PowerSource", "BatPercentRemaining"})
		h.set(Vacuum, 1, "PowerSource", "BatPercentRemaining", max(15, round(left-1.5, 1)))
	}
}

// media goes on while something plays.
func (h *household) media() {
	if a := (Address{Speaker, 3, "MediaPlayback", "CurrentPlaybackState"}); h.is(a, "0") {
		length := 214_000.0
		h.setAll(Speaker, map[Address]any{
			a.sibling("MediaInformation"): "Bayern 2 – Zündfunk", a.sibling("PlaybackDuration"): length,
			a.sibling("SampledPosition"): math.Mod(h.float(a.sibling("SampledPosition"))+30_000, length),
		})
	}
}

// water flows while the pump runs.
func (h *household) water() {
	flow := 0.0
	if h.is(Address{Flow, 1, "Output", "OnOff"}, true) {
		flow = round(1.8+h.rng.NormFloat64()*0.05, 2)
	}
	h.set(Flow, 2, "Flow", "CurrentFlow", flow)
}
