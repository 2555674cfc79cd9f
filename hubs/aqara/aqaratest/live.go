package aqaratest

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// liveTick is how often something in the home may change.
const liveTick = 5 * time.Second

// Live lets a home live until ctx ends: the sun moves temperature and light, people walk
// by, open the door and press the button, the outlet draws power. In a FullHome they sit
// in zones, ring, turn knobs and locks and go to bed, rooms warm up towards what is set,
// the air gets worse and better, meters count and the robot cleans at ten. Only devices
// that are online report, and what is to be switched stays as it is.
func (s *Studio) Live(ctx context.Context) {
	l := life{s: s, rng: rand.New(rand.NewPCG(s.opts.Seed, 0)), watt: 41, cloud: 0.8}
	h := household{life: &l, rng: rand.New(rand.NewPCG(s.opts.Seed, 1))}
	tick := time.NewTicker(liveTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			l.step(now)
			h.step(now)
		}
	}
}

type life struct {
	s     *Studio
	rng   *rand.Rand
	n     int
	watt  float64
	cloud float64 // share of the sun that comes through
	moved time.Time
	left  time.Time
}

// sun is the height of the sun between 0 and 1: up from six to twenty.
func sun(now time.Time) float64 {
	hour := float64(now.Hour()) + float64(now.Minute())/60 + float64(now.Second())/3600
	return max(0, math.Sin((hour-6)/14*math.Pi))
}

func round(f float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(f*p) / p
}

func (l *life) set(device string, endpoint int, function, trait string, value any) {
	l.setAll(device, map[Address]any{{device, endpoint, function, trait}: value})
}

func (l *life) setAll(device string, values map[Address]any) {
	if l.s.online(device) {
		_ = l.s.SetAll(values) // a trait may be missing in another home
	}
}

func (l *life) step(now time.Time) {
	l.n++
	l.cloud = min(1, max(0.2, l.cloud+l.rng.NormFloat64()*0.02))
	l.people(now)
	l.power()
	if l.n%6 == 0 { // every half minute
		lux := 3 + 900*sun(now)*l.cloud + l.rng.Float64()*2
		l.set(Motion, 3, "Illuminance", "CurrentIlluminance", math.Round(lux))
	}
	if l.n%24 == 0 { // every two minutes
		l.climate(now)
	}
}

func (l *life) climate(now time.Time) {
	temperature := 20.4 + 2.2*sun(now.Add(-2*time.Hour)) + l.rng.NormFloat64()*0.04
	at := func(endpoint int, function, trait string) Address { return Address{Climate, endpoint, function, trait} }
	for a, v := range map[Address]float64{
		at(2, "Temperature", "CurrentTemperature"):    round(temperature, 2),
		at(3, "RelativeHumidity", "CurrentHumidity"):  round(52-(temperature-20)*2.5+l.rng.NormFloat64()*0.3, 1),
		at(4, "Pressure", "CurrentPressure"):          round(98.4+0.3*math.Sin(float64(now.Unix())/40000), 1),
		{Climate, 1, "PowerSource", "CurrentVoltage"}: 3.02,
	} {
		l.set(a.Device, a.Endpoint, a.Function, a.Trait, v)
	}
}

// people walk past the motion sensor, mostly by day, and some of them leave the house.
func (l *life) people(now time.Time) {
	chance := 0.01
	if h := now.Hour(); h >= 6 && h < 23 {
		chance = 0.06
	}
	switch {
	case l.rng.Float64() < chance:
		l.moved = now
		l.set(Motion, 2, "OccupancySensing", "Occupancy", true)
		if l.rng.Float64() < 0.3 {
			l.left = now
			l.set(Door, 2, "Contact", "ContactSensorState", !l.s.opts.ClosedIsTrue)
		}
	case !l.moved.IsZero() && now.Sub(l.moved) > 30*time.Second:
		l.moved = time.Time{}
		l.set(Motion, 2, "OccupancySensing", "Occupancy", false)
	}
	if !l.left.IsZero() && now.Sub(l.left) > 10*time.Second {
		l.left = time.Time{}
		l.set(Door, 2, "Contact", "ContactSensorState", l.s.opts.ClosedIsTrue)
	}
	if l.rng.Float64() < 0.005 {
		l.set(Button, 2, "Button", "ButtonEvent", []string{"SinglePress", "DoublePress", "LongPress"}[l.rng.IntN(3)])
	}
}

// power is what the sockets draw that are switched on, and the energy that adds up to.
func (l *life) power() {
	l.watt = min(120, max(18, l.watt+l.rng.NormFloat64()*3))
	load := 0.0
	for endpoint, share := range map[int]float64{2: 1, 3: 0.4} {
		on, err := l.s.Value(Address{Outlet, endpoint, "Output", "OnOff"})
		if err == nil && on == true {
			load += l.watt * share
		}
	}
	meter := Address{Outlet, 1, "EnergyManagement", "CumulativeEnergyConsumption"}
	used, err := l.s.Value(meter)
	if err != nil {
		return
	}
	energy, _ := used.(float64)
	l.setAll(Outlet, map[Address]any{
		meter: round(energy+load*liveTick.Hours(), 3),
		{Outlet, 1, "EnergyManagement", "CurrentPower"}:   round(load, 1),
		{Outlet, 1, "EnergyManagement", "CurrentVoltage"}: round(230+l.rng.NormFloat64()*0.4, 1),
	})
}
