package tuya

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// encode turns a command into the data points that carry it, in the order they are to be
// sent in, in one call where none of them is a property. known are the last reports of
// the device: a colour's brightness, say, can only be set together with the colour.
func (m *model) encode(cmd hubs.Command, known ...point) ([]write, error) {
	p := m.part(cmd.Entity)
	if p == nil {
		return nil, &hubs.Error{Fault: hubs.UnknownEntity, Err: fmt.Errorf("tuya: no such entity: %s", cmd.Entity)}
	}
	writes, err := p.unit.write(&cmd, m.values(known))
	if err != nil {
		return nil, err
	}
	if len(writes) == 0 {
		return nil, invalid("nothing in the command can be sent to %s", cmd.Entity)
	}
	return writes, nil
}

func invalid(format string, args ...any) error {
	return &hubs.Error{Fault: hubs.Invalid, Err: fmt.Errorf("tuya: "+format, args...)}
}

func readOnly(what string) error {
	return &hubs.Error{Fault: hubs.ReadOnly, Err: errors.New("tuya: " + what + " can only be read")}
}

// setWord writes a word of an Enum's range.
func (d *datum) setWord(w string) (write, error) {
	if !slices.Contains(d.control().options, w) {
		return write{}, invalid("%s does not know %q", d.code, w)
	}
	return d.set(w), nil
}

func numOf(cmd *hubs.Command, a hubs.Attr) (float64, bool) {
	v, _ := cmd.Value(a)
	return v.Num()
}

func boolOf(cmd *hubs.Command, a hubs.Attr) (b, ok bool) {
	v, _ := cmd.Value(a)
	return v.Bool()
}

func textOf(cmd *hubs.Command, a hubs.Attr) (string, bool) {
	v, _ := cmd.Value(a)
	return v.Text()
}

func itoa(n int) string { return strconv.Itoa(n) }
