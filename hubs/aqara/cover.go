package aqara

import (
	"math"
	"strconv"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// cover is a curtain, a blind or a lifter.
type cover struct {
	position, target *trait
	motion           *trait
	tilt, tiltTarget *trait
	angle            bool // tilt counts -90 to 90 degrees, not percent
	halt             *order
}

func buildCover(e *endpoint, first values) (part, bool) {
	for _, function := range []string{"WindowCovering", "Lifter"} {
		get := func(code string) *trait { return e.find(function, code) }
		c := &cover{target: get("TargetPositionPercentage")}
		if !c.target.canWrite() {
			continue
		}
		c.position, c.motion = get("CurrentPositionPercentage"), get("MotorOperationStatus")
		if !c.position.canRead() {
			c.position = c.target
		}
		c.buildTilt(get)
		c.halt = e.order(function, "StopMotion")
		p := part{name: "Cover", key: function, composite: true, unit: c}
		p.entity.Spec = hubs.Cover{Positions: true, Tilts: c.tiltTarget != nil, Stops: true}
		if kind, ok := first.option(get("WindowCoveringType")); ok {
			if n, err := strconv.Atoi(kind.value); err == nil {
				p.entity.Class = coverClasses[n]
			}
		}
		e.use(c.uses()...)
		return p, true
	}
	return part{}, false
}

func (c *cover) buildTilt(get func(string) *trait) {
	switch {
	case get("TargetPositionRotationPercentage").canWrite():
		c.tiltTarget, c.tilt = get("TargetPositionRotationPercentage"), get("CurrentPositionRotationPercentage")
	case get("TargetRotationAngle").canWrite():
		c.tiltTarget, c.tilt, c.angle = get("TargetRotationAngle"), get("CurrentRotationAngle"), true
	}
	if c.tiltTarget != nil && !c.tilt.canRead() {
		c.tilt = c.tiltTarget
	}
}

func (c *cover) uses() []*trait {
	return []*trait{c.position, c.target, c.motion, c.tilt, c.tiltTarget}
}

func (c *cover) read(v values, say sayer) {
	f, ok := v.num(c.position)
	say.num(hubs.Position, clampPercent(f), ok, v.at(c.position))
	if c.motion != nil {
		word, ok := v.modelWord(c.motion)
		say.text(hubs.Motion, motionOf(word), ok, v.at(c.motion))
	}
	if c.tilt != nil {
		f, ok := v.num(c.tilt)
		if c.angle {
			f = (f + 90) / 1.8
		}
		say.num(hubs.Tilt, clampPercent(f), ok, v.at(c.tilt))
	}
}

func motionOf(word string) string {
	switch {
	case strings.HasPrefix(word, "opening"):
		return hubs.Opening
	case strings.HasPrefix(word, "closing"):
		return hubs.Closing
	}
	return hubs.Stopped // by itself, at an obstacle, after its rebound
}

func (c *cover) write(cmd *hubs.Command, v values) ([]write, error) {
	if cmd.Do == hubs.Stop && c.halt != nil {
		return []write{c.halt.do()}, nil
	}
	if cmd.Do == hubs.Stop {
		f, ok := v.num(c.position)
		if !ok {
			return nil, refused("the position is not known, and this Studio stops a cover only by sending it where it is")
		}
		return []write{c.target.setNum(math.Round(f))}, nil
	}
	var out []write
	if f, ok := numOf(cmd, hubs.Position); ok {
		out = append(out, c.target.setNum(math.Round(f)))
	}
	if f, ok := numOf(cmd, hubs.Tilt); ok && c.tiltTarget != nil {
		if c.angle {
			f = f*1.8 - 90
		}
		out = append(out, c.tiltTarget.setNum(math.Round(f)))
	}
	return out, nil
}

// garage is a garage door: open or closed.
type garage struct{ state, target *trait }

func buildGarage(e *endpoint) (part, bool) {
	g := &garage{
		state:  e.find("GarageDoorOpener", "CurrentGarageDoorState"),
		target: e.find("GarageDoorOpener", "TargetGarageDoorState"),
	}
	if !g.target.canWrite() {
		return part{}, false
	}
	e.use(g.uses()...)
	return part{
		name: "Garage door", key: "GarageDoorOpener", composite: true, unit: g,
		entity: hubs.Entity{Class: hubs.Garage, Spec: hubs.Cover{}},
	}, true
}

func (g *garage) uses() []*trait { return []*trait{g.state, g.target} }

func (g *garage) read(v values, say sayer) {
	t := g.state
	if !t.canRead() {
		t = g.target
	}
	word, ok := v.modelWord(t)
	at := v.at(t)
	position, motion := 100.0, hubs.Stopped
	switch word {
	case "opening":
		motion = hubs.Opening
	case "closing":
		motion = hubs.Closing
	case "closed":
		position = 0
	case "open", "not_fully_open", "not_fully_closed":
	default:
		ok = false
	}
	say.num(hubs.Position, position, ok, at)
	say.text(hubs.Motion, motion, ok, at)
}

func (g *garage) write(cmd *hubs.Command, _ values) ([]write, error) {
	f, ok := numOf(cmd, hubs.Position)
	if !ok {
		return nil, nil
	}
	want := "closed"
	if f > 0 {
		want = "open"
	}
	table := enums[g.target.code]
	for _, o := range g.target.options {
		n, err := strconv.Atoi(o.value)
		if o.slug == want || err == nil && slugOf(table[n]) == want {
			return []write{g.target.set(o.value)}, nil
		}
	}
	return nil, refused("the door does not know how to be " + want)
}
