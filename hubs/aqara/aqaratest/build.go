package aqaratest

import (
	"strings"
)

// The helpers here spell a device's spec as the documentation's tables do: access is
// any of R (readable), W (writable) and P (reported).

func param(kind, access string) Param {
	return Param{
		Type:     kind,
		Readable: strings.Contains(access, "R"),
		Writable: strings.Contains(access, "W"),
		Reports:  strings.Contains(access, "P"),
	}
}

func trait(code string, p Param, value any) Trait {
	return Trait{Code: code, Param: p, Value: value}
}

func boolean(code, access string, value any) Trait {
	return trait(code, param("Bool", access), value)
}

func text(code, access string, value any) Trait {
	return trait(code, param("String", access), value)
}

// span gives p a range; a step of zero is none.
func span(p Param, low, high, step float64, unit string) Param {
	p.Min, p.Max, p.Unit = &low, &high, unit
	if step != 0 {
		p.Step = &step
	}
	return p
}

func float(code, access string, low, high, step float64, unit string, value any) Trait {
	return trait(code, span(param("Float", access), low, high, step, unit), value)
}

func integer(code, access string, low, high, step float64, value any) Trait {
	return trait(code, span(param("Integer", access), low, high, step, ""), value)
}

// enum takes its choices as "Off=0 On=1".
func enum(code, access, choices string, value any) Trait {
	p := param("Enum", access)
	for c := range strings.FieldsSeq(choices) {
		key, number, _ := strings.Cut(c, "=")
		p.Enum = append(p.Enum, Choice{key, number})
	}
	return trait(code, p, value)
}

func function(code string, traits ...Trait) Function {
	return Function{Code: code, Traits: traits}
}

func (f Function) with(commands ...Command) Function {
	f.Commands = commands
	return f
}

func command(code string, fields ...Field) Command {
	return Command{Code: code, Fields: fields}
}

func optional(code, kind string) Field {
	return Field{Code: code, Param: Param{Type: kind}}
}

func rangedField(code, kind string, low, high float64) Field {
	return Field{Code: code, Mandatory: true, Param: span(Param{Type: kind}, low, high, 1, "")}
}

// root is endpoint 0 with what identifies the device.
func root(model, firmware, name string) Endpoint {
	return Endpoint{ID: 0, Name: "Root", Type: "Root", Functions: []Function{
		function(
			"BasicInformation",
			text("VendorName", "RP", "Aqara"),
			text("ModelValue", "RP", model),
			text("FirmwareRevisionString", "RP", firmware),
			text("SerialNumber", "RP", nil),
			boolean("Reachable", "RP", true),
		),
		function(
			"EndpointLabel",
			text("EndpointName", "RWP", name),
			integer("EndpointTag", "RP", 0, 65535, 0, int64(0)),
		),
	}}
}

// battery is endpoint 1 of what has no mains.
func battery(percent, volt float64) Endpoint {
	return Endpoint{ID: 1, Name: "Public", Type: "Public", Functions: []Function{
		function(
			"PowerSource",
			float("BatPercentRemaining", "RP", 0, 100, 0.1, "%", percent),
			float("CurrentVoltage", "RP", 0, 500, 0.01, "V", volt),
			enum("StateOfLowBat", "RP", "False=0 True=1 Critical=2", "0"),
			enum("PowerMode", "RP", "Unknown=0 Mains=1 Battery=2 DCSource=3 ACSource=4", "2"),
		),
	}}
}
