package tuya

import (
	"strconv"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// rule says what we make of a data point. Those without a rule are published too, by
// their type, unit and code alone, hidden.
type rule struct {
	name   string // # stands for the number in the code
	class  hubs.Class
	unit   hubs.Unit // where the specification names none; also of a class that has none
	adds   hubs.Accumulation
	role   hubs.Role
	hidden bool
	// on are the words of an Enum that mean yes.
	on string
	// gang: one of several equal ones; a single one goes without its number.
	gang bool
	// may: where it can be written, it is a setting.
	may bool
}

// table is rules by code as normal gives it, or category/code, which comes first. A #
// at the end of a code stands for a number.
type table map[string]rule

// find is the rule of a code in a category.
func (t table) find(category, code string) (rule, bool) {
	stem, number := numbered(code)
	for _, key := range []string{category + "/" + code, code} {
		if r, ok := t[key]; ok {
			return r, true
		}
	}
	if number == "" {
		return rule{}, false
	}
	for _, key := range []string{category + "/" + stem + "#", stem + "#"} {
		if r, ok := t[key]; ok {
			r.name = strings.ReplaceAll(r.name, "#", number)
			return r, true
		}
	}
	if r, ok := t[strings.TrimSuffix(stem, "_")]; ok && strings.HasSuffix(stem, "_") { // temp_current_2
		r.name += " " + number
		return r, true
	}
	return rule{}, false
}

// numbered splits a number off the end of a code: switch_ and 2.
func numbered(code string) (stem, number string) {
	stem = strings.TrimRight(code, "0123456789")
	number = code[len(stem):]
	if stem == "" || number == "" || len(number) > 3 {
		return code, ""
	}
	if n, err := strconv.Atoi(number); err == nil {
		number = strconv.Itoa(n)
	}
	return stem, number
}

// gangs counts the data points of one family that are reported or can be written as this
// type.
func (b *builder) gangs(code string, kind dpType) int {
	stem, number := numbered(code)
	if number == "" {
		return 1
	}
	n := 0
	for _, d := range b.order {
		if s, other := numbered(d.norm); other != "" && s == stem && d.shown().is(kind) {
			n++
		}
	}
	return n
}

// called is the name of a rule for a data point: a single gang has no number.
func (b *builder) called(r rule, d *datum) string {
	if _, number := numbered(d.norm); r.gang && number != "" && b.gangs(d.norm, d.shown().kind) < 2 {
		return strings.TrimSuffix(strings.TrimSuffix(r.name, number), " ")
	}
	return r.name
}

// title makes a name of what no table knows: the maker's own, else the code.
func title(d *datum) string {
	if name := clean(d.name); name != "" {
		return name
	}
	words := strings.ReplaceAll(d.norm, "_", " ")
	if words == "" {
		return "Value"
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// setOf is the set of the words of a list.
func setOf(list string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		out[w] = true
	}
	return out
}

// words turns lists of words by meaning into meanings by word.
func words(lists map[string]string) map[string]string {
	out := map[string]string{}
	for meaning, list := range lists {
		for w := range strings.FieldsSeq(list) {
			out[w] = meaning
		}
	}
	return out
}

// lines are those of a text that are not empty.
func lines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimSpace(line); line != "" && !yield(line) {
				return
			}
		}
	}
}

// detail takes a line apart: ! code code = Name.
func detail(line string) (codes []string, name string, shown bool) {
	left, name, _ := strings.Cut(line, "=")
	left, shown = strings.CutPrefix(strings.TrimSpace(left), "!")
	return strings.Fields(left), strings.TrimSpace(name), shown
}
