package tuya

import (
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// phase is what a meter says of one phase or clamp, in V, A, kW, kvar, kVA.
type phase struct {
	voltage, current, power    float64
	reactive, apparent, factor float64
	full                       bool // the last three are there
}

// parsePhase reads the bytes of a phase.
func parsePhase(b []byte) (phase, bool) {
	const (
		short    = 8
		full     = 15
		withSign = full + 1
	)
	sign := byte(0)
	isFull := false
	switch {
	case len(b) == full+2 && b[0] == 1 && b[1] == full:
		b, isFull = b[2:], true
	case len(b) == withSign+2 && b[0] == 2 && b[1] == full:
		sign = b[2+full]
		b, isFull = b[2:2+full], true
	case len(b) < short || len(b) > withSign:
		return phase{}, false
	}
	at := func(i int) float64 { return float64(int(b[i])<<16 | int(b[i+1])<<8 | int(b[i+2])) }
	signed := func(n float64, bit int) float64 {
		if sign>>bit&1 == 1 {
			return -n
		}
		return n
	}
	p := phase{
		voltage: float64(int(b[0])<<8|int(b[1])) / 10, current: signed(at(2), 0) / 1000, power: signed(at(5), 1) / 1000, full: isFull,
	}
	if isFull {
		p.reactive, p.apparent, p.factor = signed(at(8), 2)/1000, at(11)/1000, signed(float64(b[14]), 3)/100
	}
	return p, true
}

// parsePhaseJSON reads a phase that the cloud has taken apart already.
func parsePhaseJSON(raw json.RawMessage) (phase, bool) {
	var w struct {
		Voltage  loose.Number `json:"voltage"`
		Current  loose.Number `json:"electricCurrent"`
		Power    loose.Number `json:"power"`
		Reactive loose.Number `json:"reactivePower"`
		Apparent loose.Number `json:"apparentPower"`
		Factor   loose.Number `json:"powerFactor"`
	}
	if json.Unmarshal(raw, &w) != nil || !w.Voltage.Known && !w.Current.Known && !w.Power.Known {
		return phase{}, false
	}
	return phase{
		voltage: w.Voltage.F, current: w.Current.F, power: w.Power.F,
		reactive: w.Reactive.F, apparent: w.Apparent.F, factor: w.Factor.F,
		full: w.Reactive.Known || w.Apparent.Known || w.Factor.Known,
	}, true
}

// phaseOf reads a phase in any of its forms: an object, bytes in base64, or those of a
// String in hexadecimal.
func (d *datum) phaseOf(raw json.RawMessage) (phase, bool) {
	if o := object(raw); o != nil {
		return parsePhaseJSON(o)
	}
	s, _ := loose.Unquote(raw)
	if b, err := hex.DecodeString(strings.TrimSpace(s)); err == nil && d.shown().kind == typeString {
		return parsePhase(b)
	}
	return parsePhase(unbase64(raw))
}

// phaseValue is one of the values of a phase.
type phaseValue struct {
	d        *datum
	decimals int
	get      func(phase) float64
	extra    bool // only some payloads carry it
}

// phase makes the sensors of a phase; nil for other data points.
func (b *builder) phase(d *datum) []part {
	name, ok := b.phaseName(d.norm)
	if !ok || !d.shown().is(typeRaw, typeJSON, typeString) {
		return nil
	}
	raw, has := b.now.raw(d)
	p, readable := d.phaseOf(raw)
	var out []part
	for _, m := range phaseMeasures {
		if m.extra && has && (!readable || !p.full) {
			continue
		}
		label := strings.ReplaceAll(m.key, "_", " ")
		if name == "" {
			label = strings.ToUpper(label[:1]) + label[1:]
		}
		out = append(out, part{
			entity: hubs.Entity{
				Key: d.key + "_" + m.key, Name: clean(name + " " + label), Class: m.class,
				Spec: hubs.Sensor{Unit: m.unit, Decimals: m.decimals, Accumulates: hubs.Measurement},
			},
			unit: &phaseValue{d: d, decimals: m.decimals, get: m.get, extra: m.extra},
		})
	}
	return out
}

// phaseName knows the codes of phases and clamps. An only clamp has no name.
func (b *builder) phaseName(code string) (string, bool) {
	switch code {
	case "phase_a", "phase_b", "phase_c":
		return "Phase " + strings.ToUpper(code[len(code)-1:]), true
	}
	if stem, number := numbered(code); stem == "phase_s" && number != "" {
		if b.clamps() < 2 {
			return "", true
		}
		return "Clamp " + number, true
	}
	return "", false
}

func (b *builder) clamps() (n int) {
	for _, d := range b.order {
		if stem, number := numbered(d.norm); stem == "phase_s" && number != "" {
			n++
		}
	}
	return n
}

func (u *phaseValue) uses() []*datum { return []*datum{u.d} }

func (u *phaseValue) read(v values, say sayer) {
	raw, ok := v.raw(u.d)
	p, readable := u.d.phaseOf(raw)
	known := ok && readable && (!u.extra || p.full)
	say.num(hubs.Main, round(u.get(p), u.decimals), known, v.at(u.d))
}

func (u *phaseValue) write(cmd *hubs.Command, _ values) ([]write, error) {
	return nil, readOnly(cmd.Entity)
}
