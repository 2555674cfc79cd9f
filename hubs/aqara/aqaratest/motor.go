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

// motor is a curtain on its way. Its key in Studio.motors is the address of its
// target position.
type motor struct {
	from, to float64
	start    time.Time
}

func (s *Studio) motorAt(a Address, trait string) Address {
	a.Trait = trait
	return a
}

func (s *Studio) position(a Address) float64 {
	t := s.home.trait(s.motorAt(a, "CurrentPositionPercentage"))
	if t == nil {
		return 0
	}
	p, _ := t.Value.(float64)
	return p
}

// drive starts a curtain towards its target.
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
	s.motors[a] = &motor{from: from, to: target, start: now}
	s.follow(s.motorAt(a, "MotorOperationStatus"), status, now)
	if !s.ticking {
		s.tick()
	}
}

// halt stops a curtain where it is.
func (s *Studio) halt(a Address, now time.Time) {
	s.settle(now)
	delete(s.motors, a)
	s.follow(s.motorAt(a, "MotorOperationStatus"), motorStopped, now)
}

// settle brings all moving curtains to where they are at now.
func (s *Studio) settle(now time.Time) {
	for a, m := range s.motors {
		way := now.Sub(m.start).Seconds() / s.opts.TravelTime.Seconds() * 100
		at, arrived := m.from+math.Copysign(way, m.to-m.from), way >= math.Abs(m.to-m.from)
		if arrived {
			at = m.to
			delete(s.motors, a)
		}
		at = math.Round(at)
		changes := []change{}
		if at != s.position(a) {
			changes = append(changes, change{s.motorAt(a, "CurrentPositionPercentage"), at})
		}
		if arrived {
			changes = append(changes, change{s.motorAt(a, "MotorOperationStatus"), motorStopped})
		}
		s.report(now, changes...)
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
