package aqaratest

import (
	"math"
	"strings"
	"time"
)

// reaction is what a device does after a write or a command of its own accord. It runs
// with the lock held.
type reaction func(a Address, value any, now time.Time)

// reactions lists what writes bring along, by function and trait.
func (s *Studio) reactions() map[string]reaction {
	mode := func(value string) reaction {
		return func(a Address, _ any, now time.Time) { s.follow(a.sibling("ColorMode"), value, now) }
	}
	colour := map[string]string{
		"Hue": "0", "Saturation": "0", "ColorXY": "1", "CurrentX": "1", "CurrentY": "1", "ColorTemperature": "2",
	}
	out := map[string]reaction{
		"EndpointLabel.EndpointName":                      s.relabel,
		"WindowCovering.TargetPositionPercentage":         s.cover,
		"WindowCovering.TargetPositionRotationPercentage": s.slide,
		"WindowCovering.TargetRotationAngle":              s.slide,
		"WindowCovering.WindowCoveringMotorsBinding":      s.bind,
		"Lifter.TargetPositionPercentage":                 s.slide,
		"GarageDoorOpener.TargetGarageDoorState":          s.garage,
		"ValveControl.RemainingDuration":                  s.valveTime,
		"DoorLock.RemoteUnlock":                           s.remoteUnlock,
		"FanControl.FanMode":                              s.fanMode,
		"FanControl.FanSpeed":                             s.fanSpeed,
		"HeaterCooler.HeatingTemperature":                 s.deadBand,
		"HeaterCooler.CoolingTemperature":                 s.deadBand,
		"HeaterCooler.CurrentTemperatureCalibration":      s.calibrate,
		"MediaPlayback.TargetPlaybackState":               s.playback,
		"Smoke.SelfCheck":                                 s.selfCheck,
		"Gas.SelfCheck":                                   s.selfCheck,
	}
	for trait, value := range colour {
		out["ColorControl."+trait] = mode(value)
	}
	return out
}

// effect is what the device does after an accepted write.
func (s *Studio) effect(a Address, value any, now time.Time) {
	t := s.home.trait(a)
	if t == nil {
		return // removed meanwhile
	}
	t.before, t.beforeAt, t.written = t.Value, t.At, true
	s.report(now, change{Address: a, value: value})
	if react := s.react[a.Function+"."+a.Trait]; react != nil {
		react(a, value, now)
	}
}

func (s *Studio) relabel(a Address, value any, _ time.Time) {
	if a.Endpoint == 0 {
		s.home.device(a.Device).Name, _ = value.(string)
	}
}

// slide is cover for what has one motor only.
func (s *Studio) slide(a Address, value any, now time.Time) {
	target, _ := value.(float64)
	s.drive(a, target, now)
}

// choice is the number of the first choice whose key begins with word.
func (t *Trait) choice(word string) (string, bool) {
	for _, c := range t.Param.Enum {
		if strings.HasPrefix(c.Key, word) {
			return c.Value, true
		}
	}
	return "", false
}

// key is the name of an enumeration's value.
func (t *Trait) key(value any) string {
	for _, c := range t.Param.Enum {
		if c.Value == value {
			return c.Key
		}
	}
	return ""
}

// fanMode lets the speed follow the mode; the mode Off switches off what can be.
func (s *Studio) fanMode(a Address, value any, now time.Time) {
	key := s.home.trait(a).key(value)
	for word, speed := range map[string]int64{"Low": 33, "Medium": 66, "High": 100} {
		if strings.HasPrefix(key, word) {
			s.follow(a.sibling("FanSpeed"), speed, now)
		}
	}
	if key == "Off" {
		s.follow(Address{a.Device, a.Endpoint, "Output", "OnOff"}, false, now)
	}
}

// fanSpeed lets the mode follow the speed; no speed switches off what can be.
func (s *Studio) fanSpeed(a Address, value any, now time.Time) {
	speed, _ := value.(int64)
	if speed == 0 {
		s.follow(Address{a.Device, a.Endpoint, "Output", "OnOff"}, false, now)
		return
	}
	word := "High"
	if speed <= 66 {
		word = "Medium"
	}
	if speed <= 33 {
		word = "Low"
	}
	mode := a.sibling("FanMode")
	if t := s.home.trait(mode); t != nil {
		if v, ok := t.choice(word); ok {
			s.follow(mode, v, now)
		}
	}
}

// deadBand keeps cooling above heating by what the thermostat demands.
func (s *Studio) deadBand(a Address, value any, now time.Time) {
	band, ok := s.number(a.sibling("MinHeatCoolDeadBand"))
	if !ok {
		return
	}
	moved, _ := value.(float64)
	other := a.sibling("CoolingTemperature")
	sign := 1.0
	if a.Trait == other.Trait {
		other, sign = a.sibling("HeatingTemperature"), -1
	}
	if have, ok := s.number(other); ok && (have-moved)*sign < band {
		s.follow(other, moved+band*sign, now)
	}
}

// calibrate moves the temperature that the device shows by the change of its correction.
func (s *Studio) calibrate(a Address, value any, now time.Time) {
	was, _ := s.home.trait(a).before.(float64)
	is, _ := value.(float64)
	shown := a.sibling("CurrentTemperature")
	if have, ok := s.number(shown); ok {
		s.follow(shown, math.Round((have+is-was)*100)/100, now)
	}
}

// number is the value of a trait, if there is one and it is a Float.
func (s *Studio) number(a Address) (float64, bool) {
	t := s.home.trait(a)
	if t == nil {
		return 0, false
	}
	f, ok := t.Value.(float64)
	return f, ok
}

// playback lets the player do what is wanted. Another title buffers first.
func (s *Studio) playback(a Address, value any, now time.Time) {
	state := a.sibling("CurrentPlaybackState")
	s.cancel(a)
	switch value {
	case "0", "1", "2", "4", "5": // Play, Pause, Stop, FastForward, Rewind
		s.follow(state, value, now)
	default: // StartOver, Previous, Next, PlaySpecificList
		s.follow(state, "3", now)
		s.schedule(a, s.opts.StepTime, func(now time.Time) {
			s.report(now, change{Address: state, value: "0"}, change{Address: a.sibling("SampledPosition"), value: 0.0})
		})
	}
}

// selfCheck ends by itself.
func (s *Studio) selfCheck(a Address, value any, now time.Time) {
	if value == true {
		s.schedule(a, s.opts.StepTime, func(now time.Time) { s.follow(a, false, now) })
	}
}

// follow sets a trait that a write moves along, if the device has it.
func (s *Studio) follow(a Address, value any, now time.Time) {
	if t := s.home.trait(a); t != nil && t.Value != value {
		t.before, t.beforeAt, t.written = t.Value, t.At, true
		s.report(now, change{Address: a, value: value})
	}
}

// change is one new value, as the device reports it.
type change struct {
	Address
	value any
	was   any // the value before; report fills it in
}

// report stores what a device says and pushes it as one message. An endpoint that is not
// live says nothing.
func (s *Studio) report(now time.Time, changes ...change) {
	var news []change
	for _, c := range changes {
		t := s.home.trait(c.Address)
		if t == nil {
			continue
		}
		c.was = t.Value
		same := t.Value == c.value && t.Param.Readable
		t.Value, t.At = c.value, now
		if t.Param.Reports && (!same || s.opts.PushUnchanged) && s.home.device(c.Device).alive(c.Endpoint) {
			news = append(news, c)
		}
	}
	if len(news) > 0 {
		s.pushValues(now, news)
	}
}
