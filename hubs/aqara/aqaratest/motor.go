package aqaratest

import (
	"math"
	"time"
)

// The states of MotorOperationStatus.
const (
	motorClosing = "0"
	motorOpening = "1"
	motorStopped = "2"
)

// motorTick is how often a moving curtain reports its place.
const motorTick = time.Second

// targets are the traits that set something in motion.
func targets() []string {
	return []string{"TargetPositionPercentage", "TargetPositionRotationPercentage", "TargetRotationAngle"}
}

// track is what a motor moves along. Slats turn in a fifth of the time.
type track struct {
	current string  // the trait that says where it is
	span    float64 // from end to end
	share   float64 // of Options.TravelTime that the whole way takes
}

func trackOf(target string) track {
	switch target {
	case "TargetRotationAngle":
		return track{"CurrentRotationAngle", 180, 0.2}
	case "TargetPositionRotationPercentage":
		return track{"CurrentPositionRotationPercentage", 100, 0.2}
	default:
		return track{"CurrentPositionPercentage", 100, 1}
	}
}

// motor is a curtain on its way. Its key in Studio.motors is the address of its
// target.
type motor struct {
	track
	from, to float64
	start    time.Time
}

// sibling is another trait of the same function.
func (a Address) sibling(trait string) Address {
	a.Trait = trait
	return a
}

// position is where the motor with the target a is.
func (s *Studio) position(a Address) float64 {
	t := s.home.trait(a.sibling(trackOf(a.Trait).current))
	if t == nil {
		return 0
	}
	p, _ := t.Value.(float64)
	return p
}

// drive starts a motor towards its target.
func (s *Studio) drive(a Address, target float64, now time.Time) {
	s.settle(now)
	from := s.position(a)
	if from == target {
		s.halt(a, now)
		return
	}
	status := motorOpening
	if target < from {
		status = motorClosing
	}
	s.motors[a] = &motor{track: trackOf(a.Trait), from: from, to: target, start: now}
	s.follow(a.sibling("MotorOperationStatus"), status, now)
	if !s.ticking {
		s.tick()
	}
}

// halt stops a motor where it is.
func (s *Studio) halt(a Address, now time.Time) {
	s.settle(now)
	delete(s.motors, a)
	if !s.moving(a) {
		s.follow(a.sibling("MotorOperationStatus"), motorStopped, now)
	}
}

// stopMotion stops whatever moves in the function of a; the targets come to where it is.
func (s *Studio) stopMotion(a Address, now time.Time) {
	if s.twin(a) && a.Endpoint == bothMotors {
		for _, side := range []int{leftMotor, rightMotor} {
			s.stopMotion(Address{Device: a.Device, Endpoint: side, Function: a.Function}, now)
		}
	}
	for _, name := range targets() {
		target := a.sibling(name)
		if s.home.trait(target) != nil {
			s.halt(target, now)
			s.follow(target, s.position(target), now)
		}
	}
}

// moving says whether any motor of the function of a is on its way.
func (s *Studio) moving(a Address) bool {
	for _, name := range targets() {
		if s.motors[a.sibling(name)] != nil {
			return true
		}
	}
	return false
}

// settle brings all motors to where they are at now.
func (s *Studio) settle(now time.Time) {
	for a, m := range s.motors {
		whole := s.opts.TravelTime.Seconds() * m.share
		way := now.Sub(m.start).Seconds() / whole * m.span
		at, arrived := m.from+math.Copysign(way, m.to-m.from), way >= math.Abs(m.to-m.from)
		if arrived {
			at = m.to
			delete(s.motors, a)
		}
		at = math.Round(at)
		changes := []change{}
		if at != s.position(a) {
			changes = append(changes, change{Address: a.sibling(m.current), value: at})
		}
		if arrived && !s.moving(a) {
			changes = append(changes, change{Address: a.sibling("MotorOperationStatus"), value: motorStopped})
		}
		s.report(now, changes...)
		s.pull(a, now)
	}
}

// The endpoints of a curtain with two motors.
const (
	bothMotors = 2
	leftMotor  = 3
	rightMotor = 4
)

// twin says whether a belongs to a curtain with two motors.
func (s *Studio) twin(a Address) bool {
	a.Endpoint = bothMotors
	return s.home.trait(a.sibling("WindowCoveringMotorsBinding")) != nil
}

// cover is what a covering does with a new target: one with two motors moves both when
// it is told to move as a whole.
func (s *Studio) cover(a Address, value any, now time.Time) {
	target, _ := value.(float64)
	s.drive(a, target, now)
	if !s.twin(a) || a.Endpoint != bothMotors {
		return
	}
	for _, a.Endpoint = range []int{leftMotor, rightMotor} {
		s.follow(a, target, now)
		s.drive(a, target, now)
	}
}

// pull brings the whole of a curtain with two motors to the mean of its sides, after one
// of them has moved on its own.
func (s *Studio) pull(a Address, now time.Time) {
	if !s.twin(a) || a.Endpoint == bothMotors || a.Trait != "TargetPositionPercentage" {
		return
	}
	both, left, right := a, a, a
	both.Endpoint, left.Endpoint, right.Endpoint = bothMotors, leftMotor, rightMotor
	if s.motors[both] != nil {
		return
	}
	mean := math.Round((s.position(left) + s.position(right)) / 2)
	s.report(now, change{Address: both, value: mean}, change{Address: both.sibling("CurrentPositionPercentage"), value: mean})
}

// bind joins the motors of a curtain with two, or frees them: its sides are endpoints of
// their own only while they are free.
func (s *Studio) bind(a Address, value any, now time.Time) {
	if d := s.home.device(a.Device); d != nil {
		s.enlist(d, value != true, now, leftMotor, rightMotor)
	}
}

// tick settles while anything moves, so that pushes come without anyone asking.
func (s *Studio) tick() {
	s.ticking = true
	time.AfterFunc(motorTick, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ticking = false
		s.settle(time.Now())
		if len(s.motors) > 0 {
			s.tick()
		}
	})
}
