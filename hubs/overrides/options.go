package overrides

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The options.
const (
	Name        = "name"
	Area        = "area"         // of a device
	Icon        = "icon"         // of an entity, as the following are
	Kind        = "kind"         // what it is shown as: light, valve, …
	Class       = "class"        // what is measured or moved; "none": nothing particular
	Unit        = "unit"         // what its numbers are said to be in; they stay as they are
	Scale       = "scale"        // what its numbers are multiplied with
	Accumulate  = "accumulate"   // its pushed numbers are increments, to be added up
	Hidden      = "hidden"       // neither announced nor published; of both
	Disabled    = "disabled"     // announced, but off until somebody enables it; of both
	MinInterval = "min_interval" // its value is shown anew at most so often; of both
	Unlock      = "unlock"       // of a device: its door may be opened from afar; in the file alone
)

// None is the word for no class and for no unit.
const None = "none"

// Target is what an option is said of.
type Target bool

// The targets.
const (
	OfDevice Target = false
	OfEntity Target = true
)

func namesOf(of Target) []string {
	if of == OfEntity {
		return []string{Name, Icon, Kind, Class, Unit, Scale, Hidden, Disabled, MinInterval, Accumulate}
	}
	return []string{Name, Area, Hidden, Disabled, MinInterval, Unlock}
}

// Known tells whether there is such an option.
func Known(name string, of Target) bool { return slices.Contains(namesOf(of), name) }

// Fault is one thing that cannot be followed: where it was written and a sentence.
type Fault struct{ At, Text string }

// Error is the fault with its place before it.
func (f Fault) Error() string { return f.At + ": " + f.Text }

// Option is one option's value, as Check gives it, and where it was written.
type Option struct {
	Value any
	At    string
}

// Options are options by name. Nil says nothing.
type Options map[string]Option

// With is o with those of over on top; neither is changed.
func (o Options) With(over Options) Options {
	if len(over) == 0 {
		return o
	}
	if len(o) == 0 {
		return over
	}
	out := maps.Clone(o)
	maps.Copy(out, over)
	return out
}

// inherited are those of a device that hold for each of its entities.
func (o Options) inherited() (out Options) {
	for _, name := range []string{Disabled, MinInterval} {
		if one, said := o[name]; said {
			out = out.With(Options{name: one})
		}
	}
	return out
}

// said is the value of an option of its type.
func said[T any](o Options, name string) (value T, ok bool) {
	value, ok = o[name].Value.(T)
	return value, ok
}

// Text is a name, area or icon; empty: none is said.
func (o Options) Text(name string) string {
	text, _ := said[string](o, name)
	return text
}

// Flag is hidden, disabled or accumulate; false where nothing is said.
func (o Options) Flag(name string) bool {
	on, _ := said[bool](o, name)
	return on
}

// Interval is min_interval; zero: none.
func (o Options) Interval() time.Duration {
	every, _ := said[time.Duration](o, MinInterval)
	return every
}

const (
	maxLabel    = 250 // characters of a name, area or icon
	maxUnit     = 32
	leastWait   = time.Second
	longestWait = 24 * time.Hour
	leastScale  = 1e-9
	mostScale   = 1e9
)

var iconPattern = regexp.MustCompile(`^[a-z]+:[a-z0-9-]+$`)

// Check tells whether a value, as JSON or YAML has it, may be an option's, and gives it
// its type: text for names, kinds and icons, hubs.Class, hubs.Unit, float64, bool,
// time.Duration. The error says what would be right, and does not name the option.
func Check(name string, value any, of Target) (any, error) {
	if !Known(name, of) {
		switch {
		case Known(name, !of) && of == OfDevice:
			return nil, errors.New("an entity has it, a device as a whole does not")
		case Known(name, !of):
			return nil, errors.New("a device has it, an entity does not")
		}
		return nil, fmt.Errorf("there is no such option; there are %s", strings.Join(namesOf(of), ", "))
	}
	switch name {
	case Hidden, Disabled, Accumulate, Unlock:
		on, ok := value.(bool)
		if !ok {
			return nil, errors.New("must be true or false")
		}
		return on, nil
	case Scale:
		return checkScale(value)
	}
	text, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("must be a text, such as %s", examples(name))
	}
	switch name {
	case Kind:
		return checkKind(text)
	case Class:
		return checkClass(text)
	case Unit:
		return checkUnit(text)
	case MinInterval:
		return checkInterval(text)
	}
	label, err := Label(text)
	switch {
	case err != nil:
		return nil, err
	case label == "":
		return nil, fmt.Errorf("is empty; a text is wanted, such as %s", examples(name))
	case name == Icon && !iconPattern.MatchString(label):
		return nil, fmt.Errorf("%q is none, such as mdi:lamp", label)
	}
	return label, nil
}

func examples(name string) string {
	switch name {
	case Icon:
		return "mdi:lamp"
	case Kind:
		return "light"
	case Class:
		return "temperature"
	case Unit:
		return `kWh, or "%" in quotes`
	case MinInterval:
		return "30s or 10m"
	}
	return `"Desk lamp", in quotes where it is a number`
}

// Label is a text that people see as it is shown: on one line, blanks around it cut.
func Label(text string) (string, error) {
	clean := strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if n := len([]rune(clean)); n > maxLabel {
		return "", fmt.Errorf("%d characters are too long, %d are allowed", n, maxLabel)
	}
	return clean, nil
}

func checkScale(value any) (any, error) {
	var f float64
	switch n := value.(type) {
	case int:
		f = float64(n)
	case int64:
		f = float64(n)
	case uint64:
		f = float64(n)
	case float64:
		f = n
	default:
		return nil, errors.New("must be a number such as 0.1: readings are multiplied with it")
	}
	if size := math.Abs(f); !(size >= leastScale && size <= mostScale) { // NaN included
		return nil, fmt.Errorf("%v is no scale; a number other than 0 is wanted, such as 0.1", f)
	}
	return f, nil
}

func checkKind(text string) (any, error) {
	word := strings.ToLower(strings.TrimSpace(text))
	if !slices.Contains(kindWords(), word) {
		return nil, fmt.Errorf("%q is no kind; kinds are %s", text, strings.Join(kindWords(), ", "))
	}
	return word, nil
}

func checkClass(text string) (any, error) {
	word := hubs.Class(strings.ToLower(strings.TrimSpace(text)))
	switch {
	case word == None:
		return hubs.NoClass, nil
	case slices.Contains(hubs.Classes(), word):
		return word, nil
	}
	var like []string
	for _, c := range hubs.Classes() {
		if len(word) > 1 && strings.HasPrefix(string(c), string(word[:2])) {
			like = append(like, string(c))
		}
	}
	if len(like) == 0 {
		like = []string{"temperature", "power", "motion", "outlet", None}
	}
	return nil, fmt.Errorf("%q is no class; there are for example %s", text, strings.Join(like, ", "))
}

func checkUnit(text string) (any, error) {
	unit := hubs.ParseUnit(text)
	switch {
	case strings.EqualFold(strings.TrimSpace(text), None):
		return hubs.NoUnit, nil
	case unit == hubs.NoUnit:
		return nil, errors.New("is empty; a unit is wanted, such as kWh, or none")
	case len([]rune(unit)) > maxUnit || strings.ContainsFunc(string(unit), unicode.IsControl):
		return nil, fmt.Errorf("a unit has at most %d characters, on one line", maxUnit)
	}
	return unit, nil
}

func checkInterval(text string) (any, error) {
	every, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || every < leastWait || every > longestWait {
		return nil, fmt.Errorf("%q must be a time from 1s to 24h, such as 30s or 10m", text)
	}
	return every, nil
}
