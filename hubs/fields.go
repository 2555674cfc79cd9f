package hubs

import "slices"

// What each Spec can show, take and do. Ranges are those of contract and vendor:
// percentages 0–100, angles in degrees, temperatures in °C.

func onOff(settable bool) Field { return Field{Attr: On, Kind: KindBool, Settable: settable} }

func percent(a Attr, settable bool) Field {
	return Field{Attr: a, Kind: KindNumber, Settable: settable, Unit: Percent, Max: 100}
}

func word(a Attr, settable bool, options ...string) Field {
	return Field{Attr: a, Kind: KindText, Settable: settable, Options: options}
}

// appendWord adds a field only where there is something to choose.
func appendWord(fs []Field, a Attr, options []string) []Field {
	if len(options) == 0 {
		return fs
	}
	return append(fs, word(a, true, options...))
}

// Fields of a switch: On.
func (s Switch) Fields() []Field {
	f := onOff(true)
	f.Unseen = s.WriteOnly
	return []Field{f}
}

// Fields of a siren: On.
func (Siren) Fields() []Field { return []Field{onOff(true)} }

// Fields of a binary sensor: On.
func (Binary) Fields() []Field { return []Field{onOff(false)} }

// Fields of a sensor: Main.
func (s Sensor) Fields() []Field {
	f := Field{Attr: Main, Kind: s.Kind, Unit: s.Unit, Options: s.Options}
	switch {
	case len(s.Options) > 0:
		f.Kind = KindText
	case s.Kind == KindUnknown:
		f.Kind = KindNumber
	}
	return []Field{f}
}

// Fields of a number: Main.
func (n Number) Fields() []Field {
	return []Field{{
		Attr: Main, Kind: KindNumber, Settable: true, Unseen: n.WriteOnly, Unit: n.Unit,
		Min: n.Min, Max: n.Max, Step: n.Step,
	}}
}

// Fields of a choice: Main.
func (c Choice) Fields() []Field {
	f := word(Main, true, c.Options...)
	f.Unseen = c.WriteOnly
	return []Field{f}
}

// Fields of a text: Main.
func (t Text) Fields() []Field {
	return []Field{{
		Attr: Main, Kind: KindText, Settable: true, Unseen: t.WriteOnly,
		Min: float64(t.Min), Max: float64(t.Max), Format: t.Format,
	}}
}

// Fields of a lock: State.
func (l Lock) Fields() []Field {
	return []Field{word(State, true, Locked, Unlocked, Locking, Unlocking, Open, Opening, Jammed)}
}

// Fields of a light: On, and what it can shift.
func (l Light) Fields() []Field {
	fs := []Field{onOff(true)}
	if l.Dims {
		fs = append(fs, percent(Level, true))
	}
	white := l.MinKelvin != l.MaxKelvin
	if white || l.HS || l.XY {
		fs = append(fs, word(ColourMode, false, ColourHS, ColourXY, ColourKelvin, ColourWhite))
	}
	if white {
		fs = append(fs, Field{
			Attr: Kelvin, Kind: KindNumber, Settable: true, Unit: KelvinUnit,
			Min: float64(l.MinKelvin), Max: float64(l.MaxKelvin),
		})
	}
	if l.HS {
		fs = append(fs,
			Field{Attr: Hue, Kind: KindNumber, Settable: true, Unit: Degree, Max: 360},
			percent(Saturation, true))
	}
	if l.XY {
		fs = append(fs,
			Field{Attr: ColourX, Kind: KindNumber, Settable: true, Max: 1},
			Field{Attr: ColourY, Kind: KindNumber, Settable: true, Max: 1})
	}
	return appendWord(fs, Effect, l.Effects)
}

func movable(positions bool) []Field {
	p := percent(Position, true)
	if !positions {
		p.Step = 100
	}
	return []Field{p, word(Motion, false, Opening, Closing, Stopped)}
}

// Fields of a cover: Position, Motion, Tilt.
func (c Cover) Fields() []Field {
	fs := movable(c.Positions)
	if c.Tilts {
		fs = append(fs, percent(Tilt, true))
	}
	return fs
}

// Fields of a valve: Position, Motion.
func (v Valve) Fields() []Field { return movable(v.Positions) }

func celsius(a Attr, lo, hi, step float64) Field {
	return Field{Attr: a, Kind: KindNumber, Settable: true, Unit: Celsius, Min: lo, Max: hi, Step: step}
}

// wanted is the humidity to reach; where the vendor gives no range, any percentage.
func wanted(lo, hi float64) Field {
	f := percent(Humidity, true)
	if lo != hi {
		f.Min, f.Max = lo, hi
	}
	return f
}

func measured() Field { return Field{Attr: Measured, Kind: KindNumber, Unit: Celsius} }

// Fields of a climate: Mode, On, and what it can.
func (c Climate) Fields() []Field {
	fs := []Field{word(Mode, true, c.Modes...), {Attr: On, Kind: KindBool, Settable: true, Unseen: true}}
	if c.Acts {
		fs = append(fs, word(Doing, false, "off", "heating", "cooling", "drying", "idle", "fan", "preheating", "defrosting"))
	}
	if c.Target {
		fs = append(fs, celsius(Target, c.Min, c.Max, c.Step))
	}
	if c.Range {
		fs = append(fs, celsius(TargetLow, c.Min, c.Max, c.Step), celsius(TargetHigh, c.Min, c.Max, c.Step))
	}
	if c.Measures {
		fs = append(fs, measured())
	}
	if c.Humidity {
		aim := wanted(c.MinHumidity, c.MaxHumidity)
		aim.Step = max(c.HumidityStep, 0)
		fs = append(fs, aim)
	}
	if c.MeasuresHumidity {
		fs = append(fs, percent(MeasuredHumidity, false))
	}
	fs = appendWord(fs, FanMode, c.FanModes)
	fs = appendWord(fs, Swing, c.SwingModes)
	return appendWord(fs, Preset, c.Presets)
}

// Fields of a water heater: Mode, On, Target, Measured.
func (w WaterHeater) Fields() []Field {
	fs := []Field{
		word(Mode, true, w.Modes...),
		{Attr: On, Kind: KindBool, Settable: true, Unseen: true},
		celsius(Target, w.Min, w.Max, w.Step),
	}
	if w.Measures {
		fs = append(fs, measured())
	}
	return fs
}

// Fields of a fan: On, Level and what it can.
func (f Fan) Fields() []Field {
	fs := []Field{onOff(true)}
	if f.Speeds > 0 {
		fs = append(fs, percent(Level, true))
	}
	fs = appendWord(fs, Preset, f.Presets)
	if f.Oscillates {
		fs = append(fs, Field{Attr: Oscillates, Kind: KindBool, Settable: true})
	}
	if f.Reverses {
		fs = append(fs, word(Direction, true, "forward", "reverse"))
	}
	return fs
}

// Fields of a humidifier: On, Humidity and what it can.
func (h Humidifier) Fields() []Field {
	aim := wanted(h.Min, h.Max)
	if h.Step > 0 {
		aim.Step = h.Step
	}
	fs := appendWord([]Field{onOff(true), aim}, Mode, h.Modes)
	if h.Measures {
		fs = append(fs, percent(MeasuredHumidity, false))
	}
	if h.Acts {
		fs = append(fs, word(Doing, false, "off", "humidifying", "drying", "idle"))
	}
	return fs
}

// Fields of a vacuum: State, FanSpeed.
func (v Vacuum) Fields() []Field {
	return appendWord([]Field{
		word(State, false, "cleaning", "docked", "paused", "idle", "returning", "error"),
	}, FanSpeed, v.FanSpeeds)
}

// Fields of a mower: State.
func (Mower) Fields() []Field {
	return []Field{word(State, false, "mowing", "docked", "paused", "returning", "error", "idle")}
}

// Fields of an alarm panel: State.
func (a Alarm) Fields() []Field {
	return []Field{word(State, true, slices.Concat(a.Arms,
		[]string{"disarmed", "pending", "arming", "disarming", "triggered"})...)}
}

// Fields of an update: Installed, Latest, InProgress.
func (Update) Fields() []Field {
	return []Field{
		{Attr: Installed, Kind: KindText}, {Attr: Latest, Kind: KindText}, {Attr: InProgress, Kind: KindBool},
	}
}

// Fields of a button: none.
func (Button) Fields() []Field { return nil }

// Fields of a scene: none.
func (Scene) Fields() []Field { return nil }

// Fields of an event: none; what it brings are Happenings.
func (Event) Fields() []Field { return nil }

// Actions of a switch: none.
func (Switch) Actions() []Action { return nil }

// Actions of a siren: none.
func (Siren) Actions() []Action { return nil }

// Actions of a binary sensor: none.
func (Binary) Actions() []Action { return nil }

// Actions of a sensor: none.
func (Sensor) Actions() []Action { return nil }

// Actions of a number: none.
func (Number) Actions() []Action { return nil }

// Actions of a choice: none.
func (Choice) Actions() []Action { return nil }

// Actions of a text: none.
func (Text) Actions() []Action { return nil }

// Actions of a lock: none; the latch is pulled by setting State to Open.
func (Lock) Actions() []Action { return nil }

// Actions of a light: none.
func (Light) Actions() []Action { return nil }

// Actions of a cover: Stop, where it can.
func (c Cover) Actions() []Action { return stops(c.Stops) }

// Actions of a valve: Stop, where it can.
func (v Valve) Actions() []Action { return stops(v.Stops) }

func stops(can bool) []Action {
	if can {
		return []Action{Stop}
	}
	return nil
}

// Actions of a climate: none.
func (Climate) Actions() []Action { return nil }

// Actions of a water heater: none.
func (WaterHeater) Actions() []Action { return nil }

// Actions of a fan: none.
func (Fan) Actions() []Action { return nil }

// Actions of a humidifier: none.
func (Humidifier) Actions() []Action { return nil }

// Actions of a vacuum: those of Can.
func (v Vacuum) Actions() []Action { return v.Can }

// Actions of a mower: those of Can.
func (m Mower) Actions() []Action { return m.Can }

// Actions of an alarm panel: Trigger, where it can.
func (a Alarm) Actions() []Action {
	if a.Triggers {
		return []Action{Trigger}
	}
	return nil
}

// Actions of an update: Install, where it can.
func (u Update) Actions() []Action {
	if u.Installs {
		return []Action{Install}
	}
	return nil
}

// Actions of a button: Press.
func (Button) Actions() []Action { return []Action{Press} }

// Actions of a scene: Activate.
func (Scene) Actions() []Action { return []Action{Activate} }

// Actions of an event: none.
func (Event) Actions() []Action { return nil }
