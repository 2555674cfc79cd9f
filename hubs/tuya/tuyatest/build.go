package tuyatest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The helpers below write data points as the vendor's specifications do.

func boolean(id int, code string, mode Mode, value any) DP {
	return DP{ID: id, Code: code, Mode: mode, Type: typeBoolean, Values: "{}", Value: value}
}

// integer takes min, max, scale and step.
func integer(id int, code string, mode Mode, unit string, r [4]int, value any) DP {
	return DP{
		ID: id, Code: code, Mode: mode, Type: typeInteger, Value: stored(value),
		Values: fmt.Sprintf(`{"unit":%s,"min":%d,"max":%d,"scale":%d,"step":%d}`, quoted(unit), r[0], r[1], r[2], r[3]),
	}
}

// enum takes its words with blanks between them.
func enum(id int, code string, mode Mode, words string, value any) DP {
	return DP{
		ID: id, Code: code, Mode: mode, Type: typeEnum, Value: stored(value),
		Values: `{"range":` + quotedList(words) + `}`,
	}
}

func text(id int, code string, mode Mode, maxLen int, value any) DP {
	return DP{
		ID: id, Code: code, Mode: mode, Type: typeString, Value: value, Values: fmt.Sprintf(`{"maxlen":%d}`, maxLen),
	}
}

func object(id int, code string, mode Mode, values string, value any) DP {
	return DP{ID: id, Code: code, Mode: mode, Type: typeJSON, Values: values, Value: value}
}

func bytesOf(id int, code string, mode Mode, value any) DP {
	return DP{ID: id, Code: code, Mode: mode, Type: typeRaw, Values: `{"maxlen":128}`, Value: value}
}

// faults is the bitmap of what may be wrong; nothing is.
func faults(id int, labels string) DP {
	return DP{
		ID: id, Code: "fault", Mode: ReadOnly, Type: typeBitmap, Value: int64(0),
		Values: fmt.Sprintf(`{"label":%s,"maxlen":%d}`, quotedList(labels), len(strings.Fields(labels))),
	}
}

// percent is a whole share of a hundred that the device reports.
func percent(id int, code string, value any) DP {
	return integer(id, code, ReadOnly, "%", [4]int{0, 100, 0, 1}, value)
}

func (p DP) sum() DP {
	p.Sum = true
	return p
}

func (p DP) thingOnly() DP {
	p.ThingOnly = true
	return p
}

// spelt gives the specification another word for the type, or other values.
func (p DP) spelt(kind, values string) DP {
	p.Type, p.Values = kind, values
	return p
}

// status gives the status entry a type and values of its own.
func (p DP) status(kind, values string) DP {
	p.StatusType, p.StatusValues = kind, values
	return p
}

func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("tuyatest: " + err.Error()) // a string always marshals
	}
	return string(raw)
}

func quotedList(words string) string {
	raw, err := json.Marshal(strings.Fields(words))
	if err != nil {
		panic("tuyatest: " + err.Error()) // strings always marshal
	}
	return string(raw)
}

// device is one of the default home, online and with what all of them have. Its product
// ID is made of the category and a mark.
func device(id, name, category, mark, product string, dps ...DP) Device {
	return Device{
		ID: id, UUID: "u" + id[2:], Name: name, Category: category, ProductID: mark, ProductName: product,
		Model: strings.ToUpper(category) + "-1", Online: true, IP: "203.0.113.7", LocalKey: "k" + id[2:17],
		TimeZone: "+01:00", DPs: dps,
	}
}

// behind makes it a sub-device of the gateway.
func (d Device) behind(gateway string) Device {
	d.Gateway, d.IP, d.LocalKey = gateway, "", ""
	return d
}
