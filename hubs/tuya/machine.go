package tuya

import (
	"math"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// humidifier aims at a humidity. Data points it does not have are nil.
type humidifier struct{ on, measured, target, mode *datum }

func (b *builder) humidifier() {
	row, ok := humidifierRows[b.category]
	if !ok {
		return
	}
	h := &humidifier{
		on: b.control("switch switch_spray", typeBool), measured: b.find(row.measured, typeInt),
		target: b.control(row.target, typeInt), mode: b.control("mode", typeEnum),
	}
	if h.on == nil {
		return
	}
	s := hubs.Humidifier{Max: 100, Measures: h.measured != nil}
	if h.target != nil {
		lo, hi, step := h.target.control().bounds()
		if s.Min, s.Max, s.Step = math.Round(lo), math.Round(hi), step; s.Min >= s.Max {
			h.target, s.Min, s.Max, s.Step = nil, 0, 100, 0 // no range of percents
		}
	}
	if h.mode != nil {
		s.Modes = h.mode.fn.options
	}
	b.use(h.on, h.measured, h.target, h.mode)
	b.add(part{entity: hubs.Entity{Key: "switch", Class: row.class, Spec: s}, unit: h})
}

func (h *humidifier) uses() []*datum { return []*datum{h.on, h.measured, h.target, h.mode} }

func (h *humidifier) read(v values, say sayer) {
	on, ok := v.boolean(h.on)
	say.bool(hubs.On, on, ok, v.at(h.on))
	f, ok := v.real(h.target)
	say.num(hubs.Humidity, math.Round(f), ok, v.at(h.target))
	if h.mode != nil {
		w, ok := v.text(h.mode)
		say.text(hubs.Mode, w, ok && slices.Contains(h.mode.fn.options, w), v.at(h.mode))
	}
	if h.measured != nil {
		f, ok := v.real(h.measured)
		say.num(hubs.MeasuredHumidity, math.Round(f), ok, v.at(h.measured))
	}
}

func (h *humidifier) write(cmd *hubs.Command, _ values) ([]write, error) {
	var out []write
	if on, ok := boolOf(cmd, hubs.On); ok {
		out = append(out, h.on.set(on))
	}
	if word, ok := textOf(cmd, hubs.Mode); ok && h.mode != nil {
		w, err := h.mode.setWord(word)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	if f, ok := numOf(cmd, hubs.Humidity); ok {
		if h.target == nil {
			return nil, invalid("%s takes no humidity", cmd.Entity)
		}
		out = append(out, h.target.setNum(f))
	}
	return out, nil
}

// vacuum cleans floors. Data points it does not have are nil.
type vacuum struct{ status, power, pause, charge, mode, seek, suction *datum }

func (b *builder) vacuum() {
	if b.category != "sd" {
		return
	}
	r := &vacuum{
		status: b.find("status", typeEnum), power: b.control("power_go", typeBool), pause: b.control("pause", typeBool),
		charge: b.control("switch_charge", typeBool), mode: b.control("mode", typeEnum),
		seek: b.control("seek", typeBool), suction: b.control("suction", typeEnum),
	}
	var s hubs.Vacuum
	if r.power != nil {
		s.Can = append(s.Can, hubs.Start, hubs.Stop)
	}
	if r.pause != nil {
		s.Can = append(s.Can, hubs.Pause)
	}
	if r.charge != nil || r.mode != nil && slices.Contains(r.mode.fn.options, "chargego") {
		s.Can = append(s.Can, hubs.Dock)
	}
	if r.seek != nil {
		s.Can = append(s.Can, hubs.Locate)
	}
	if s.Can == nil && r.status == nil {
		return // an empty device
	}
	s.Can = append(s.Can, hubs.Send)
	if r.suction != nil {
		s.FanSpeeds = r.suction.fn.options
	}
	b.use(r.status, r.power, r.pause, r.charge, r.seek, r.suction)
	b.add(part{entity: hubs.Entity{Key: "vacuum", Spec: s}, unit: r})
}

func (r *vacuum) uses() []*datum {
	return []*datum{r.status, r.power, r.pause, r.charge, r.mode, r.seek, r.suction}
}

func (r *vacuum) read(v values, say sayer) {
	word, _ := v.text(r.status)
	state := vacuumStates[word]
	if paused, _ := v.boolean(r.pause); state == "" && r.status == nil && paused {
		state = "paused"
	}
	say.text(hubs.State, state, state != "", v.at(r.status, r.pause))
	if r.suction != nil {
		w, ok := v.text(r.suction)
		say.text(hubs.FanSpeed, w, ok && slices.Contains(r.suction.fn.options, w), v.at(r.suction))
	}
}

func (r *vacuum) write(cmd *hubs.Command, _ values) ([]write, error) {
	if word, ok := textOf(cmd, hubs.FanSpeed); ok && r.suction != nil {
		w, err := r.suction.setWord(word)
		return []write{w}, err
	}
	one := func(d *datum, v any) ([]write, error) {
		if d == nil {
			return nil, invalid("it cannot %s", cmd.Do)
		}
		return []write{d.set(v)}, nil
	}
	switch cmd.Do {
	case hubs.Start:
		return one(r.power, true)
	case hubs.Stop:
		return one(r.power, false)
	case hubs.Pause:
		return one(r.pause, true)
	case hubs.Locate:
		return one(r.seek, true)
	case hubs.Dock:
		if r.charge != nil {
			return one(r.charge, true)
		}
		return one(r.mode, "chargego")
	case hubs.Send: // the maker's own word for a mode
		if r.mode == nil {
			return nil, invalid("it knows no words of its own")
		}
		w, err := r.mode.setWord(strings.TrimSpace(cmd.With.Text))
		return []write{w}, err
	default:
		return nil, invalid("it cannot %s", cmd.Do)
	}
}

// alarm is an alarm panel.
type alarm struct{ mode, state, message *datum }

var _ unit = (*alarm)(nil)

func (b *builder) alarm() {
	a := &alarm{mode: b.control("master_mode", typeEnum), state: b.find("master_state", typeEnum), message: b.find("alarm_msg", typeRaw)}
	if a.mode == nil || !alarmHost[b.category] && !slices.Contains(a.mode.fn.options, "disarmed") {
		return
	}
	var s hubs.Alarm
	for _, o := range a.mode.fn.options {
		switch o {
		case "arm":
			s.Arms = append(s.Arms, "armed_away")
		case "home":
			s.Arms = append(s.Arms, "armed_home")
		case "sos":
			s.Triggers = true
		}
	}
	b.use(a.mode)
	if b.category != "wg2" {
		b.use(a.state)
	}
	b.add(part{entity: hubs.Entity{Key: a.mode.key, Spec: s}, unit: a})
}

func (a *alarm) uses() []*datum { return []*datum{a.mode, a.state, a.message} }

func (a *alarm) read(v values, say sayer) {
	word, _ := v.text(a.mode)
	state := map[string]string{"disarmed": "disarmed", "arm": "armed_away", "home": "armed_home", "sos": "triggered"}[word]
	if s, _ := v.text(a.state); s == "alarm" && !a.lowBattery(v) {
		state = "triggered"
	}
	say.text(hubs.State, state, state != "", v.at(a.mode, a.state))
}

// lowBattery tells an alarm that is about a sensor's battery, not about a burglar.
func (a *alarm) lowBattery(v values) bool {
	raw, ok := v.raw(a.message)
	return ok && strings.Contains(wideText(raw), "Sensor Low Battery")
}

func (a *alarm) write(cmd *hubs.Command, _ values) ([]write, error) {
	word := ""
	state, _ := textOf(cmd, hubs.State)
	switch {
	case cmd.Do == hubs.Trigger:
		word = "sos"
	case state == "disarmed":
		word = "disarmed"
	case state == "armed_away":
		word = "arm"
	case state == "armed_home":
		word = "home"
	}
	w, err := a.mode.setWord(word)
	return []write{w}, err
}

// lock is a door lock. It is opened by a ticket of the cloud, not by a data point.
type lock struct{ motor *datum }

func (b *builder) lock() {
	l := &lock{motor: b.find("lock_motor_state", typeBool)}
	if !b.locks || !isLock[b.category] {
		return
	}
	b.use(l.motor)
	b.add(part{entity: hubs.Entity{Key: "lock", Spec: hubs.Lock{}}, unit: l})
}

func (l *lock) uses() []*datum { return []*datum{l.motor} }

func (l *lock) read(v values, say sayer) {
	open, ok := v.boolean(l.motor)
	word := hubs.Locked
	if open {
		word = hubs.Unlocked
	}
	say.text(hubs.State, word, ok, v.at(l.motor))
}

func (l *lock) write(cmd *hubs.Command, _ values) ([]write, error) {
	word, _ := textOf(cmd, hubs.State)
	switch word {
	case hubs.Locked, hubs.Unlocked:
		return []write{{Value: word == hubs.Unlocked, Door: true}}, nil
	}
	return nil, invalid("a lock cannot be set to %q", word)
}
