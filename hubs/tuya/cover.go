package tuya

import (
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// coverRow says which codes make a cover.
type coverRow struct {
	order   string // open, close, stop: an Enum, or a Boolean that is true for open
	state   string // the last order, or where it stands
	read    string // the position, in order of preference
	set     string
	closed  string // a contact that is true when open
	tilt    string
	name    string
	class   hubs.Class
	needs   string // words that the order must know, so that it is one
	forward bool   // the position runs as Home Assistant's unless the motor is reversed
}

// cover is a curtain, a blind, a door. Data points it does not have are nil.
type cover struct {
	order, state, position, target, tilt, contact *datum
	reversed                                      *datum
	open, close, stop                             string // words of an Enum order
	forward, plain                                bool
}

func (b *builder) covers() {
	for _, row := range slices.Concat(coverRows[b.category], anyCover) {
		b.cover(row)
	}
}

func (b *builder) cover(row coverRow) {
	order := b.control(row.order, typeEnum, typeBool)
	if order == nil {
		order = b.find(row.order, typeEnum, typeBool)
	}
	if order == nil || b.used[order] {
		return
	}
	c := &cover{
		order: order, state: b.find(row.state, typeEnum), target: b.ranged(b.control(row.set, typeInt)), position: b.ranged(b.find(row.read, typeInt)),
		tilt: b.ranged(b.control(row.tilt, typeInt)), contact: b.find(row.closed, typeBool), forward: row.forward, plain: b.fix.plain,
	}
	if b.fix.mute && c.position != nil {
		c.position, c.target = nil, nil
	}
	if c.position == nil {
		c.position = c.target
	}
	if row.forward {
		c.reversed = b.find("control_back_mode", typeEnum)
	}
	if t := order.control(); t.kind == typeEnum {
		c.open, c.close, c.stop = wordOf(t.options, openWords), wordOf(t.options, closeWords), wordOf(t.options, stopWords)
	}
	if row.needs != "" && (c.open == "" || c.close == "") {
		return
	}
	s := hubs.Cover{Positions: c.target != nil, Stops: c.stop != "", Tilts: c.tilt != nil}
	b.use(c.order, c.position, c.target, c.tilt)
	if c.contact != nil {
		b.used[c.contact] = true
	}
	if c.state != nil && c.state != order && c.state.fn == nil {
		b.use(c.state)
	}
	b.add(part{entity: hubs.Entity{Key: order.key, Name: row.name, Class: row.class, Spec: s}, unit: c})
}

// wordOf is the first of the words that the range has, whatever its case.
func wordOf(options []string, words string) string {
	for word := range strings.FieldsSeq(words) {
		for _, o := range options {
			if strings.EqualFold(o, word) {
				return o
			}
		}
	}
	return ""
}

const (
	openWords  = "open fz up"
	closeWords = "close zz down"
	stopWords  = "stop"
)

func (c *cover) uses() []*datum {
	return []*datum{c.order, c.state, c.position, c.target, c.tilt, c.contact, c.reversed}
}

func (c *cover) read(v values, say sayer) {
	at := v.at(c.position, c.target, c.contact)
	p, ok := c.place(v, c.position)
	if !ok {
		p, ok = c.place(v, c.target)
	}
	if open, known := v.boolean(c.contact); c.contact != nil {
		p, ok = 0, known
		if open {
			p = 100
		}
	}
	if !ok && c.position == nil && c.contact == nil {
		p, ok = c.lastOrder(v)
		at = v.at(c.state, c.order)
	}
	say.num(hubs.Position, p, ok, at)
	if c.tilt != nil {
		f, ok := v.number(c.tilt)
		say.num(hubs.Tilt, percentWhole(1-c.tilt.integer().span().share(f)), ok, v.at(c.tilt))
	}
}

func percentWhole(share float64) float64 {
	f, _ := hubs.Num(share * 100).Round(0).Num()
	return f
}

// place is a position as Home Assistant counts, 100 open.
func (c *cover) place(v values, d *datum) (float64, bool) {
	f, ok := v.number(d)
	if !ok {
		return 0, false
	}
	share := d.integer().span().share(f)
	if c.backward(v) {
		share = 1 - share
	}
	return percentWhole(share), true
}

// backward tells whether the position counts how far it is closed, as most covers do.
func (c *cover) backward(v values) bool {
	if c.plain {
		return false
	}
	if c.forward {
		word, _ := v.text(c.reversed)
		return word != "back"
	}
	return true
}

// lastOrder is all that is known of a cover without a position: where it was sent.
func (c *cover) lastOrder(v values) (float64, bool) {
	for _, d := range []*datum{c.state, c.order} {
		if d == nil {
			continue
		}
		if open, ok := v.boolean(d); ok && d.shown().kind == typeBool {
			if open {
				return 100, true
			}
			return 0, true
		}
		word, _ := v.text(d)
		switch strings.TrimPrefix(strings.ToLower(word), "fully_") {
		case "open", "fz", "up":
			return 100, true
		case "close", "closed", "zz", "down":
			return 0, true
		}
	}
	return 0, false
}

func (c *cover) write(cmd *hubs.Command, v values) ([]write, error) {
	if cmd.Do == hubs.Stop {
		return []write{c.order.set(c.stop)}, nil
	}
	var out []write
	if p, ok := numOf(cmd, hubs.Position); ok {
		out = append(out, c.move(p, v)...)
	}
	if p, ok := numOf(cmd, hubs.Tilt); ok && c.tilt != nil {
		out = append(out, c.tilt.set(whole(c.tilt.control().span().at(1-p/100))))
	}
	if len(out) == 0 && len(cmd.Set) > 0 {
		return nil, invalid("%s cannot be moved so", cmd.Entity)
	}
	return out, nil
}

// move sends the order alone where it says it all: a position beside it could
// contradict it on a device whose direction is set wrongly.
func (c *cover) move(p float64, v values) []write {
	word := ""
	switch p {
	case 0:
		word = c.close
	case 100:
		word = c.open
	}
	switch {
	case word != "":
		return []write{c.order.set(word)}
	case c.order.control().kind == typeBool && (p == 0 || p == 100):
		return []write{c.order.set(p == 100)}
	case c.target == nil:
		return nil
	}
	share := p / 100
	if c.backward(v) {
		share = 1 - share
	}
	t := c.target.control()
	return []write{c.target.set(whole(t.raw(t.real(t.span().at(share)))))}
}
