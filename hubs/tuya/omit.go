package tuya

import "strings"

// omit says why a data point is left out; empty: it is shown.
func omit(category string, d *datum) string {
	if why, ok := omitted[category+"/"+d.norm]; ok {
		return why
	}
	if why, ok := omitted[d.norm]; ok {
		return why
	}
	if d.st == nil && d.fn.is(typeJSON) {
		return whyObject
	}
	for _, o := range omittedLike {
		if strings.HasPrefix(d.norm, o.prefix) && !d.shown().is(typeBool, typeInt, typeEnum) {
			return o.why
		}
	}
	return ""
}
