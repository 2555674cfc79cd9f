package tuyatest

import (
	"strings"
	"time"
)

// pullTime is how long it takes what is quickly done: a portion of food, a search signal.
const pullTime = 3 * time.Second

// reaction is what a device does once one of its data points was written.
type reaction func(now time.Time, d *Device, v any)

// reactions maps category and code to what follows.
func (c *Cloud) reactions() map[string]reaction {
	out := map[string]reaction{
		"ckmkzq/switch_1":     c.moveGarage,
		"sd/power_go":         c.driveRobot,
		"sd/pause":            c.pauseRobot,
		"sd/switch_charge":    func(now time.Time, d *Device, v any) { c.homeRobot(now, d, v == true) },
		"sd/mode":             func(now time.Time, d *Device, v any) { c.homeRobot(now, d, v == "chargego") },
		"sd/seek":             c.spring("seek"),
		"sgbj/alarm_switch":   c.soundSiren,
		"cwwsq/manual_feed":   c.feed,
		"mal/master_mode":     c.arm,
		"jtmspro/rtc_lock":    c.bolt("rtc_lock"),
		"jtmspro/manual_lock": c.bolt("manual_lock"),
		"sp/siren_switch":     c.spring("siren_switch"),
		"sp/device_restart":   c.restart,
		"kj/filter_reset":     c.renew("filter_reset", "filter", 0),
	}
	for _, part := range []string{"edge_brush", "roll_brush", "filter"} {
		out["sd/reset_"+part] = c.renew("reset_"+part, part, 9000)
	}
	for _, category := range []string{"cl", "clkg", "jdcljqr"} {
		out[category+"/control"] = c.moveCover
		out[category+"/percent_control"] = c.moveCover
	}
	for _, category := range []string{"cz", "pc", "kg"} {
		out[category+"/switch_1"] = c.load
	}
	for _, category := range []string{"wk", "wkf"} {
		out[category+"/temp_set"] = c.heat
		out[category+"/switch"] = c.heat
	}
	for _, category := range []string{"sfkzq", "ggq"} {
		out[category+"/switch"] = c.water
	}
	return out
}

// react lets follow what follows from a value that was written.
func (c *Cloud) react(now time.Time, d *Device, ch change) {
	if f := c.reacts[d.Category+"/"+ch.code]; f != nil {
		f(now, d, ch.value)
	}
}

// say reports values, given as code and value in turn.
func (c *Cloud) say(now time.Time, d *Device, pairs ...any) {
	changes := make([]change, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		changes = append(changes, change{code: pairs[i].(string), value: stored(pairs[i+1])})
	}
	c.report(now, d, changes)
}

// after lets f happen to the device if it is still there then.
func (c *Cloud) after(d *Device, code string, wait time.Duration, f func(now time.Time, d *Device)) {
	id := d.ID
	c.later(id, code, wait, func(now time.Time) {
		if d := c.home.device(id); d != nil {
			f(now, d)
		}
	})
}

func (d *Device) number(code string) int64 {
	if p := d.dp(code); p != nil {
		if n, whole := p.Value.(int64); whole {
			return n
		}
	}
	return 0
}

// moveCover drives to an end or a position. Raw positions count the closed part, unless
// the motor is set the other way round.
func (c *Cloud) moveCover(now time.Time, d *Device, v any) {
	open, shut := int64(0), int64(100)
	if back := d.dp("control_back_mode"); d.Category == "clkg" && back != nil && back.Value == "back" {
		open, shut = shut, open
	}
	switch target := v.(type) {
	case int64:
		c.drive(now, d, target, open)
	case string:
		switch target {
		case "open":
			c.drive(now, d, open, open)
		case "close":
			c.drive(now, d, shut, open)
		default:
			c.cancel(d.ID, "position")
		}
	}
}

// drive moves by a fifth of the way at a time. The work state keeps its last word, as
// real motors do.
func (c *Cloud) drive(now time.Time, d *Device, target, open int64) {
	c.cancel(d.ID, "position")
	at := d.number(d.position())
	if at == target {
		return
	}
	word := "closing"
	if (target < at) == (open == 0) {
		word = "opening"
	}
	c.say(now, d, "work_state", word)
	c.after(d, "position", c.opts.TravelTime/5, func(now time.Time, d *Device) {
		next := min(at+20, target)
		if target < at {
			next = max(at-20, target)
		}
		c.say(now, d, d.position(), next)
		c.drive(now, d, target, open)
	})
}

// position is where a cover tells its position.
func (d *Device) position() string {
	if d.dp("percent_state") != nil {
		return "percent_state"
	}
	return "percent_control"
}

func (c *Cloud) moveGarage(now time.Time, d *Device, v any) {
	c.after(d, "door", c.opts.TravelTime, func(now time.Time, d *Device) { c.say(now, d, "doorcontact_state", v) })
}

// load is what hangs on a socket.
func (c *Cloud) load(now time.Time, d *Device, v any) {
	if v == true {
		c.say(now, d, "cur_current", 182, "cur_power", 415)
		return
	}
	c.say(now, d, "cur_current", 0, "cur_power", 0)
}

func (c *Cloud) heat(now time.Time, d *Device, _ any) {
	on := d.dp("switch")
	state := "close"
	if d.number("temp_set") > d.number("temp_current") && (on == nil || on.Value == true) {
		state = "open"
	}
	c.say(now, d, "valve_state", state)
}

func (c *Cloud) driveRobot(now time.Time, d *Device, v any) {
	c.cancel(d.ID, "robot")
	if v != true {
		c.say(now, d, "status", "standby")
		return
	}
	c.say(now, d, "status", "cleaning", "pause", false, "switch_charge", false, "clean_time", 0, "clean_area", 0)
	c.after(d, "robot", 30*c.opts.TravelTime, func(now time.Time, d *Device) {
		c.say(now, d, "clean_time", 24, "clean_area", 31, "total_clean_count", d.number("total_clean_count")+1)
		c.homeRobot(now, d, true)
	})
}

func (c *Cloud) pauseRobot(now time.Time, d *Device, v any) {
	if v != true {
		c.driveRobot(now, d, true)
		return
	}
	c.cancel(d.ID, "robot")
	c.say(now, d, "status", "paused")
}

func (c *Cloud) homeRobot(now time.Time, d *Device, home bool) {
	if !home {
		return
	}
	c.say(now, d, "status", "goto_charge", "power_go", false)
	c.after(d, "robot", c.opts.TravelTime, func(now time.Time, d *Device) {
		c.say(now, d, "status", "charging", "switch_charge", false)
		c.after(d, "robot", 30*c.opts.TravelTime, func(now time.Time, d *Device) {
			c.say(now, d, "status", "charge_done", "electricity_left", 100)
		})
	})
}

// spring makes a code that falls back to false.
func (c *Cloud) spring(code string) reaction {
	return func(_ time.Time, d *Device, v any) {
		if v == true {
			c.after(d, code, pullTime, func(now time.Time, d *Device) { c.say(now, d, code, false) })
		}
	}
}

// renew makes a code that sets a counter back, and falls back to false itself.
func (c *Cloud) renew(code, counter string, to int64) reaction {
	return func(now time.Time, d *Device, v any) {
		if v == true {
			c.say(now, d, counter, to)
			c.spring(code)(now, d, v)
		}
	}
}

// soundSiren goes silent after its time, in seconds.
func (c *Cloud) soundSiren(_ time.Time, d *Device, v any) {
	c.cancel(d.ID, "alarm_switch")
	if v == true {
		wait := time.Duration(max(1, d.number("alarm_time"))) * time.Second
		c.after(d, "alarm_switch", wait, func(now time.Time, d *Device) { c.say(now, d, "alarm_switch", false) })
	}
}

func (c *Cloud) feed(now time.Time, d *Device, v any) {
	c.say(now, d, "feed_state", "feeding")
	c.after(d, "feed_state", pullTime, func(now time.Time, d *Device) {
		c.say(now, d, "feed_state", "standby")
		c.tell(now, d, []change{{code: "feed_report", value: v}}, true)
	})
}

func (c *Cloud) arm(now time.Time, d *Device, v any) {
	switch v {
	case "sos":
		c.say(now, d, "master_state", "alarm")
	case "disarmed":
		c.say(now, d, "master_state", "normal")
	}
}

func (c *Cloud) bolt(code string) reaction {
	return func(now time.Time, d *Device, v any) {
		if v == true {
			c.turn(now, d.ID, false, "")
			c.spring(code)(now, d, v)
		}
	}
}

// water runs until its countdown ends, in seconds; 0: until it is switched off.
func (c *Cloud) water(now time.Time, d *Device, v any) {
	c.cancel(d.ID, "switch")
	if v != true {
		c.say(now, d, "work_state", "idle")
		return
	}
	c.say(now, d, "work_state", "manual")
	if seconds := d.number("countdown"); seconds > 0 {
		c.after(d, "switch", time.Duration(seconds)*time.Second, func(now time.Time, d *Device) {
			c.say(now, d, "switch", false, "work_state", "idle", "use_time_one", seconds,
				"time_use", d.number("time_use")+seconds)
		})
	}
}

// restart is away for a while.
func (c *Cloud) restart(now time.Time, d *Device, v any) {
	if v != true {
		return
	}
	c.say(now, d, "device_restart", false)
	c.connect(now, d, false)
	c.after(d, "restart", 20*time.Second, func(now time.Time, d *Device) { c.connect(now, d, true) })
}

// phase packs what a meter measures: volts, amperes and watts in eight bytes.
func phase(volt, ampere, watt float64) string {
	var b strings.Builder
	v, a, w := uint32(volt*10+0.5), uint32(ampere*1000+0.5), uint32(watt+0.5)
	for _, n := range []uint32{v >> 8, v, a >> 16, a >> 8, a, w >> 16, w >> 8, w} {
		b.WriteByte(byte(n))
	}
	return base64Text(b.String())
}
