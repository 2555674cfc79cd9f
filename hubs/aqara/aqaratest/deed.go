package aqaratest

import (
	"strconv"
	"time"
)

// deed is what a command does. The address has no trait. It runs with the lock held.
type deed func(a Address, args map[string]any, now time.Time)

// writes is the deed that gives a trait a value.
func (s *Studio) writes(trait string, value any) deed {
	return func(a Address, _ map[string]any, now time.Time) { s.effect(a.sibling(trait), value, now) }
}

// takes is the deed that gives a trait the value of a field.
func (s *Studio) takes(trait, field string) deed {
	return func(a Address, args map[string]any, now time.Time) {
		if v, ok := args[field]; ok {
			s.effect(a.sibling(trait), v, now)
		}
	}
}

// all does several deeds at once.
func all(deeds ...deed) deed {
	return func(a Address, args map[string]any, now time.Time) {
		for _, do := range deeds {
			do(a, args, now)
		}
	}
}

// commands lists what the devices can be told, by function and command. Others are
// accepted and do nothing.
func (s *Studio) commands() map[string]deed {
	out := map[string]deed{
		"Output.On":     s.writes("OnOff", true),
		"Output.Off":    s.writes("OnOff", false),
		"Output.Toggle": s.toggle,

		"LevelControl.SetBrightness": s.takes("CurrentLevel", "Level"),
		"LevelControl.SetBrightnessWithOnOff": all(s.takes("CurrentLevel", "Level"), func(a Address, _ map[string]any, now time.Time) {
			s.effect(Address{a.Device, a.Endpoint, "Output", "OnOff"}, true, now)
		}),
		"ColorControl.MoveToColorTemperature":  s.takes("ColorTemperature", "ColorTemperature"),
		"ColorControl.MoveToHueAndSaturation":  all(s.takes("Hue", "Hue"), s.takes("Saturation", "Saturation")),
		"ColorControl.MoveToXYColor":           all(s.takes("CurrentX", "ColorX"), s.takes("CurrentY", "ColorY")),
		"HeaterCooler.SetActivePreset":         s.takes("ActivePresetHandle", "PresetHandle"),
		"HeaterCooler.ClearActivePreset":       s.writes("ActivePresetHandle", ""),
		"TemperatureControl.ChangeTemperature": s.takes("SetTemperature", "SetTemperature"),
		"Mode.ChangeToMode":                    s.changeMode,
		"HumanPresence.ResetPresence":          s.writes("Presence", "1"),
		"Smoke.SelfTestRequest":                s.selfTest,
		"CO.SelfTestRequest":                   s.selfTest,

		"WindowCovering.GoToPositionRotationPercentage": s.takes("TargetPositionRotationPercentage", "RotationPercentage"),
		"GarageDoorOpener.Toggle":                       s.garageToggle,
		"ValveControl.Open":                             s.openValve,
		"ValveControl.Close":                            s.closeValve,
	}
	for _, function := range []string{"HEPAFilterMonitoring", "ActivatedCarbonFilterMonitoring"} {
		out[function+".ResetCondition"] = all(s.writes("Condition", 100.0), s.writes("ChangeIndication", "0"))
	}
	s.addMotionCommands(out)
	for command, value := range map[string]string{
		"Play": "0", "Pause": "1", "Stop": "2", "StartOver": "3", "FastForward": "4", "Rewind": "5", "Previous": "6", "Next": "7",
	} {
		out["MediaPlayback."+command] = s.writes("TargetPlaybackState", value)
	}
	s.addLockCommands(out)
	s.addRobotCommands(out)
	return out
}

func (s *Studio) addMotionCommands(out map[string]deed) {
	for _, function := range []string{"WindowCovering", "Lifter"} {
		out[function+".StopMotion"] = func(a Address, _ map[string]any, now time.Time) { s.stopMotion(a, now) }
		out[function+".GoToMinPositionPercentage"] = s.writes("TargetPositionPercentage", 0.0)
		out[function+".GoToMaxPositionPercentage"] = s.writes("TargetPositionPercentage", 100.0)
		out[function+".GoToPositionPercentage"] = s.takes("TargetPositionPercentage", "PositionPercentage")
		out[function+".StepPosition"] = s.stepPosition
	}
}

// obey is what a device does after an accepted command.
func (s *Studio) obey(o order, args map[string]any, now time.Time) {
	if do := s.deeds[o.Function+"."+o.command]; do != nil && s.home.function(o.Address) != nil {
		do(o.Address, args, now)
	}
}

func (s *Studio) toggle(a Address, _ map[string]any, now time.Time) {
	a.Trait = "OnOff"
	if t := s.home.trait(a); t != nil {
		s.effect(a, t.Value != true, now)
	}
}

func (s *Studio) stepPosition(a Address, args map[string]any, now time.Time) {
	a.Trait = "TargetPositionPercentage"
	size, _ := args["Size"].(float64)
	s.settle(now)
	s.effect(a, min(max(s.position(a)+size, 0), 100), now)
}

// changeMode takes a mode by its number.
func (s *Studio) changeMode(a Address, args map[string]any, now time.Time) {
	n, _ := args["CurrentMode"].(int64)
	s.effect(a.sibling("CurrentMode"), strconv.FormatInt(n, 10), now)
}

// selfTest shows the alarm as testing for a while.
func (s *Studio) selfTest(a Address, _ map[string]any, now time.Time) {
	state := a.sibling("ExpressedState")
	s.follow(state, "4", now)
	s.schedule(a, s.opts.StepTime, func(now time.Time) { s.follow(state, "0", now) })
}
