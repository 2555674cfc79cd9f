package tuyatest

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// liveTick is how often something in the home may change.
const liveTick = 5 * time.Second

// Live lets the default home live until ctx ends: the sun moves temperatures, light and
// the solar inverter, people walk by, open the door and press buttons, sockets draw power
// and count it in increments, meters run on, the air gets worse and better, the cat is
// fed. What is to be switched stays as it is. Devices of another home stay still.
func (c *Cloud) Live(ctx context.Context) {
	l := life{
		c: c, rng: rand.New(rand.NewPCG(c.opts.Seed, 0)), cloud: 0.8, watt: 1480, co2: 620, soc: 64, used: 15_202.10, yield: 4182,
	}
	tick := time.NewTicker(liveTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.step(c.opts.Now())
		}
	}
}

type life struct {
	c     *Cloud
	rng   *rand.Rand
	n     int
	cloud float64 // share of the sun that comes through
	watt  float64 // what the socket draws while it is on
	owed  float64 // Wh that the socket has not reported yet
	co2   float64
	soc   float64
	used  float64 // kWh of the main meter
	yield float64 // kWh of the inverter
	moved time.Time
	left  time.Time
	fed   int // hour of the last meal
}

// sun is the height of the sun between 0 and 1: up from six to twenty.
func sun(now time.Time) float64 {
	hour := float64(now.Hour()) + float64(now.Minute())/60 + float64(now.Second())/3600
	return max(0, math.Sin((hour-6)/14*math.Pi))
}

// set reports values of a device that is there and online.
func (l *life) set(device string, values map[string]any) {
	l.c.mu.Lock()
	d := l.c.home.device(device)
	there := d != nil && d.Online
	l.c.mu.Unlock()
	if there {
		_ = l.c.SetAll(device, values) // a data point may be missing in another home
	}
}

// is tells whether a data point has this value.
func (l *life) is(device, code string, value any) bool {
	v, err := l.c.Value(device, code)
	return err == nil && v == value
}

// tenths writes a reading with one digit behind the point.
func tenths(f float64) int64 { return int64(math.Round(f * 10)) }

func (l *life) step(now time.Time) {
	l.n++
	l.cloud = min(1, max(0.2, l.cloud+l.rng.NormFloat64()*0.02))
	l.people(now)
	l.power(now)
	if l.n%12 == 0 { // every minute
		l.weather(now)
		l.rooms(now)
	}
	if h := now.Hour(); (h == 7 || h == 18) && l.fed != h {
		l.fed = h
		l.press(Feeder, "feed_report", int64(2))
	}
}

// press reports a value although it may be the one before.
func (l *life) press(device, code string, value any) {
	_ = l.c.Press(device, code, value) // a data point may be missing in another home
}

func (l *life) weather(now time.Time) {
	outside := 9 + 9*sun(now.Add(-2*time.Hour)) + l.rng.NormFloat64()*0.1
	l.set(Probe, map[string]any{
		"temp_current": tenths(outside), "humidity_value": int64(84 - 30*sun(now)),
		"bright_value":          int64(5 + 90_000*sun(now)*l.cloud),
		"atmospheric_pressture": tenths(989 + 4*math.Sin(float64(now.Unix())/40_000)),
		"windspeed_avg":         tenths(max(0, 2.3+l.rng.NormFloat64())),
	})
}

func (l *life) rooms(now time.Time) {
	warmth := 20.6 + 1.4*sun(now.Add(-3*time.Hour)) + l.rng.NormFloat64()*0.05
	l.set(Climate, map[string]any{"va_temperature": tenths(warmth + 0.8), "va_humidity": int64(54 + l.rng.IntN(3))})
	if l.is(Thermostat, "valve_state", "open") {
		warmth += 1.5
	}
	l.set(Thermostat, map[string]any{"temp_current": tenths(warmth)})
	l.set(Radiator, map[string]any{"temp_current": tenths(warmth - 2)})
	if h := now.Hour(); h >= 8 && h < 18 {
		l.co2 = min(1350, l.co2+9+l.rng.NormFloat64()*4)
	} else {
		l.co2 = max(430, l.co2-6+l.rng.NormFloat64()*2)
	}
	state := "normal"
	if l.co2 > 1300 {
		state = "alarm"
	}
	l.set(Carbon, map[string]any{
		"co2_value": int64(l.co2), "co2_state": state, "temp_current": tenths(warmth + 1), "humidity_value": int64(440 + l.rng.IntN(15)),
	})
	l.set(Purifier, map[string]any{"pm25": int64(9 + l.rng.IntN(6))})
	l.set(Dehumidifier, map[string]any{"humidity_indoor": int64(54 + l.rng.IntN(4))})
	l.set(Humidifier, map[string]any{"humidity_current": int64(46 + l.rng.IntN(4))})
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
		l.set(Motion, map[string]any{"pir": "pir"})
		if l.rng.Float64() < 0.3 {
			l.left = now
			l.set(Door, map[string]any{"doorcontact_state": true})
		}
	case !l.moved.IsZero() && now.Sub(l.moved) > 30*time.Second:
		l.moved = time.Time{}
		l.set(Motion, map[string]any{"pir": "none"})
	}
	if !l.left.IsZero() && now.Sub(l.left) > 10*time.Second {
		l.left = time.Time{}
		l.set(Door, map[string]any{"doorcontact_state": false})
	}
	if l.rng.Float64() < 0.005 {
		words := []string{"single_click", "double_click", "long_press"}
		l.press(Button, "switch_mode1", words[l.rng.IntN(len(words))])
	}
}

// power is what the socket draws while it is on, reported every half minute; each 100 Wh
// are an increment of add_ele. The main meter has the house on top, the sun below.
func (l *life) power(now time.Time) {
	l.watt = min(2100, max(40, l.watt+l.rng.NormFloat64()*60))
	load := 0.0
	if l.is(Plug, "switch_1", true) {
		load = l.watt
	}
	hours := liveTick.Hours()
	l.owed += load * hours
	pv := 4200 * sun(now) * l.cloud
	house := 310 + load + l.rng.NormFloat64()*12
	l.used += max(0, house-pv) * hours / 1000
	l.yield += pv * hours / 1000
	l.soc = min(100, max(10, l.soc+(pv-house)*hours/60))
	if l.n%6 != 0 {
		return
	}
	volt := 230 + l.rng.NormFloat64()*0.6
	values := map[string]any{
		"cur_power": tenths(load), "cur_current": int64(load / volt * 1000), "cur_voltage": tenths(volt),
	}
	if l.owed >= 100 {
		l.owed -= 100
		values["add_ele"] = int64(100)
	}
	l.set(Plug, values)
	l.set(Meter, map[string]any{
		"phase_a": phase(volt, house/volt, house), "total_power": tenths(house - pv), "forward_energy_total": int64(l.used * 100),
	})
	l.set(Inverter, map[string]any{
		"pv_power_total": tenths(pv), "pv_power_channel_1": tenths(pv / 2), "inverter_output_power": tenths(min(pv, 3600)),
		"battery_power": tenths(pv - house), "current_soc": int64(l.soc), "cumulative_energy_generated_pv": int64(l.yield * 100),
	})
}
