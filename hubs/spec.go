package hubs

// Attr names one value of an entity in canonical units.
type Attr string

// The attributes, with kind and unit.
const (
	Main             Attr = "value"             // a sensor's, number's, choice's or text's one value
	On               Attr = "on"                // bool
	State            Attr = "state"             // text: a lock's, vacuum's, mower's or alarm's word
	Level            Attr = "level"             // number 0–100: brightness, fan speed
	ColourMode       Attr = "colour_mode"       // text: ColourHS, ColourXY, ColourKelvin, ColourWhite
	Kelvin           Attr = "kelvin"            // number
	Hue              Attr = "hue"               // number 0–360
	Saturation       Attr = "saturation"        // number 0–100
	ColourX          Attr = "x"                 // number 0–1, CIE 1931
	ColourY          Attr = "y"                 // number 0–1
	Effect           Attr = "effect"            // text
	Position         Attr = "position"          // number 0–100, 100 open
	Tilt             Attr = "tilt"              // number 0–100, 100 open
	Motion           Attr = "motion"            // text: Opening, Closing, Stopped
	Mode             Attr = "mode"              // text
	Doing            Attr = "action"            // text: what a climate or humidifier does right now
	Target           Attr = "target"            // number: °C
	TargetLow        Attr = "target_low"        // number: °C
	TargetHigh       Attr = "target_high"       // number: °C
	Measured         Attr = "measured"          // number: °C
	Humidity         Attr = "humidity"          // number 0–100: wanted
	MeasuredHumidity Attr = "measured_humidity" // number 0–100
	FanMode          Attr = "fan_mode"          // text
	Swing            Attr = "swing"             // text
	Preset           Attr = "preset"            // text
	Oscillates       Attr = "oscillates"        // bool
	Direction        Attr = "direction"         // text: forward, reverse
	FanSpeed         Attr = "fan_speed"         // text: a vacuum's
	Installed        Attr = "installed"         // text: version
	Latest           Attr = "latest"            // text: version
	InProgress       Attr = "in_progress"       // bool
)

// The words of Motion, of State and of ColourMode.
const (
	Opening = "opening"
	Closing = "closing"
	Stopped = "stopped"

	Locked    = "locked"
	Unlocked  = "unlocked"
	Locking   = "locking"
	Unlocking = "unlocking"
	Open      = "open"
	Jammed    = "jammed"

	ColourHS     = "hs"
	ColourXY     = "xy"
	ColourKelvin = "kelvin"
	ColourWhite  = "white"
)

// Format is how a text looks.
type Format string

// The formats.
const (
	FormatPlain Format = ""
	FormatDate  Format = "date" // 2026-01-31
	FormatTime  Format = "time" // 07:30:00
)

func (f Format) layout() string {
	switch f {
	case FormatDate:
		return "2006-01-02"
	case FormatTime:
		return "15:04:05"
	case FormatPlain:
	}
	return ""
}

// Field says what values one attribute takes.
type Field struct {
	Attr     Attr   `json:"attr"`
	Kind     Kind   `json:"kind"`
	Settable bool   `json:"settable,omitempty"`
	Unseen   bool   `json:"unseen,omitempty"` // never reported: write-only
	Unit     Unit   `json:"unit,omitempty"`
	Format   Format `json:"format,omitempty"`
	// Min and Max bound a number, or the length of a text; equal: no bounds.
	Min  float64 `json:"min,omitempty"`
	Max  float64 `json:"max,omitempty"`
	Step float64 `json:"step,omitempty"` // 0: any
	// Options are the texts allowed; empty: any.
	Options []string `json:"options,omitempty"`
}

// Bounded tells whether Min and Max mean anything.
func (f Field) Bounded() bool { return f.Min != f.Max }

// Spec says what an entity is and can do. The set is closed: the types of this file.
type Spec interface {
	// Fields lists what can be seen and set, the main attribute first.
	Fields() []Field
	// Actions lists what it can do once, Toggle apart.
	Actions() []Action
	spec()
}

// Accumulation says how a sensor's numbers add up.
type Accumulation string

// The accumulations.
const (
	NotCounted  Accumulation = ""            // not for statistics
	Measurement Accumulation = "measurement" // a value at a time
	Angle       Accumulation = "angle"       // a direction in degrees
	Total       Accumulation = "total"       // may fall
	Increasing  Accumulation = "increasing"  // only grows, or starts anew
)

// Switch is on or off.
type Switch struct{ WriteOnly bool }

// Siren sounds; it may know tones, durations and volumes.
type Siren struct {
	Tones            []string
	Duration, Volume bool
}

// Binary is a yes or no that only the device changes.
type Binary struct{}

// Sensor is a value that only the device changes.
type Sensor struct {
	Kind        Kind // KindUnknown: a number
	Unit        Unit
	Decimals    int // of a number; negative: not known
	Accumulates Accumulation
	Options     []string // not empty: one of these texts
	// Deltas means that a pushed number is what came since the one before it, by the
	// vendor's time (without a time it is not counted): what people see is their sum,
	// which the bridge keeps. Polls only repeat the last one and count for nothing.
	// Accumulates is how the sum counts: Increasing, or Total where numbers may be negative.
	Deltas bool `json:",omitempty"`
}

// Number is a number that can be set.
type Number struct {
	Unit           Unit
	Min, Max, Step float64
	WriteOnly      bool
}

// Choice is one of a list.
type Choice struct {
	Options   []string
	WriteOnly bool
}

// Text is a text that can be set; Min and Max are its length in characters.
type Text struct {
	Min, Max  int
	Format    Format
	Password  bool
	WriteOnly bool
}

// Lock is locked or not; Opens: it also pulls the latch; Code: it wants one (a
// regular expression).
type Lock struct {
	Opens bool
	Code  string
}

// Light can dim, and shift its white or colour, as its fields say.
type Light struct {
	Dims                 bool
	MinKelvin, MaxKelvin int  // equal: no white shift
	HS, XY               bool // the ways it takes colour
	Effects              []string
	Transition           bool
}

// Cover opens and closes. Without Positions only 0 and 100 can be set.
type Cover struct{ Positions, Tilts, Stops bool }

// Valve opens and closes. Without Positions only 0 and 100 can be set.
type Valve struct{ Positions, Stops bool }

// Climate heats, cools, or both.
type Climate struct {
	Modes                         []string // of off heat cool heat_cool auto dry fan_only
	Acts                          bool     // it tells what it does right now
	Target, Range                 bool
	Min, Max, Step                float64 // °C
	Measures, MeasuresHumidity    bool
	Humidity                      bool
	MinHumidity, MaxHumidity      float64
	HumidityStep                  float64 `json:",omitempty"` // zero: any
	FanModes, SwingModes, Presets []string
}

// WaterHeater keeps water warm.
type WaterHeater struct {
	Modes          []string // of off eco electric gas heat_pump high_demand performance
	Min, Max, Step float64  // °C
	Measures       bool
}

// Fan moves air.
type Fan struct {
	Speeds     int // steps of Level: 100 = every percent; 0: only on and off
	Presets    []string
	Oscillates bool
	Reverses   bool
}

// Humidifier aims at a humidity.
type Humidifier struct {
	Min, Max float64
	Step     float64 `json:",omitempty"` // of what it aims at; zero: any
	Modes    []string
	Measures bool
	Acts     bool
}

// Vacuum cleans. Can lists its actions.
type Vacuum struct {
	Can       []Action
	FanSpeeds []string
}

// Mower mows. Can lists its actions: Start, Pause, Dock.
type Mower struct{ Can []Action }

// Alarm is an alarm panel. Arms are the states it can be set to: armed_home …
type Alarm struct {
	Arms     []string
	Code     string // digits or text: it wants one
	Triggers bool
}

// Update tells of firmware.
type Update struct{ Installs bool }

// Button does one thing when pressed.
type Button struct{}

// Scene does one thing when activated.
type Scene struct{}

// Event is a source of Happenings.
type Event struct{ Types []string }

func (Switch) spec()      {}
func (Siren) spec()       {}
func (Binary) spec()      {}
func (Sensor) spec()      {}
func (Number) spec()      {}
func (Choice) spec()      {}
func (Text) spec()        {}
func (Lock) spec()        {}
func (Light) spec()       {}
func (Cover) spec()       {}
func (Valve) spec()       {}
func (Climate) spec()     {}
func (WaterHeater) spec() {}
func (Fan) spec()         {}
func (Humidifier) spec()  {}
func (Vacuum) spec()      {}
func (Mower) spec()       {}
func (Alarm) spec()       {}
func (Update) spec()      {}
func (Button) spec()      {}
func (Scene) spec()       {}
func (Event) spec()       {}
