package discovery

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

type lockKind struct{}

func (lockKind) platform() string { return "lock" }

func (lockKind) config(c *component) {
	s := c.e.Spec.(hubs.Lock)
	c.reads("state_topic", "value_template", "")
	c.takes("command_topic", "")
	if s.Opens {
		c.str("payload_open", "OPEN")
	}
	if s.Code == "" {
		return
	}
	code := s.Code
	if _, err := regexp.Compile(code); err != nil {
		code = "^.+$"
	}
	c.str("code_format", code)
	c.str("command_template", `{"state": {{ value | tojson }}, "code": {{ code | tojson }}}`)
}

func (lockKind) state(w *writer, v values) {
	s, _ := v.get(hubs.State).Text()
	switch s {
	case hubs.Locked, hubs.Unlocked, hubs.Locking, hubs.Unlocking, hubs.Open, hubs.Opening, hubs.Jammed:
		w.textValue(hubs.Str(strings.ToUpper(s)))
	default:
		w.nothing()
	}
}

func (lockKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	if part == "code" {
		return r.setCode(in)
	}
	if part != "" && part != "state" {
		return errNoPart
	}
	w, err := in.word()
	if err != nil {
		return err
	}
	switch w {
	case "lock", "locked", "locking":
		r.set(hubs.State, hubs.Str(hubs.Locked))
	case "unlock", "unlocked", "unlocking":
		r.set(hubs.State, hubs.Str(hubs.Unlocked))
	case "open", "opening":
		if !e.Spec.(hubs.Lock).Opens {
			return invalid("%s cannot pull its latch", e.Key)
		}
		r.set(hubs.State, hubs.Str(hubs.Open))
	default:
		return invalid("LOCK, UNLOCK or OPEN is wanted") // what came may be a code
	}
	return nil
}

// setCode takes a code along. Nobody gets to see it, so no message tells it.
func (r *Request) setCode(in input) error {
	if in.odd == "null" {
		return nil
	}
	if in.scalar() != nil {
		return invalid("the code must be a text")
	}
	r.With.Code = auth.Secret(in.text)
	return nil
}

type alarmKind struct{}

func (alarmKind) platform() string { return "alarm_control_panel" }

func alarmArms() []string {
	return []string{"armed_home", "armed_away", "armed_night", "armed_vacation", "armed_custom_bypass"}
}

func (alarmKind) config(c *component) {
	s := c.e.Spec.(hubs.Alarm)
	c.reads("state_topic", "value_template", "")
	c.takes("command_topic", "")
	var features []string
	for _, arm := range among(s.Arms, alarmArms()) {
		features = append(features, "arm"+strings.TrimPrefix(arm, "armed"))
	}
	if s.Triggers {
		features = append(features, "trigger")
	}
	c.list("supported_features", features)
	if s.Code == "" {
		return
	}
	code := "REMOTE_CODE_TEXT"
	if s.Code == "digits" {
		code = "REMOTE_CODE"
	}
	c.str("code", code)
	c.str("command_template", `{"action": {{ action | tojson }}, "code": {{ code | tojson }}}`)
}

func (alarmKind) state(w *writer, v values) {
	s := v.e.Spec.(hubs.Alarm)
	value := v.get(hubs.State)
	word, _ := value.Text()
	if slices.Contains([]string{"disarmed", "pending", "arming", "disarming", "triggered"}, word) {
		w.textValue(value)
		return
	}
	w.optionValue(value, among(s.Arms, alarmArms()))
}

func (alarmKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	if part == "code" {
		return r.setCode(in)
	}
	if part != "" && part != "action" && part != "state" {
		return errNoPart
	}
	w, err := in.word()
	if err != nil {
		return err
	}
	if rest, ok := strings.CutPrefix(w, "arm_"); ok {
		w = "armed_" + rest
	}
	switch {
	case w == "trigger", w == "triggered":
		return r.do(hubs.Trigger)
	case w == "disarm", w == "disarmed":
		r.set(hubs.State, hubs.Str("disarmed"))
	case slices.Contains(e.Spec.(hubs.Alarm).Arms, w):
		r.set(hubs.State, hubs.Str(w))
	default:
		return invalid("DISARM, TRIGGER or a way to arm %s is wanted", e.Key) // what came may be a code
	}
	return nil
}

type updateKind struct{}

func (updateKind) platform() string { return "update" }

func (updateKind) config(c *component) {
	c.str("state_topic", c.stateTopic())
	c.str("value_template", "{{ {'installed_version': "+c.path("installed_version")+" or '', 'latest_version': "+
		c.path("latest_version")+" or '', 'in_progress': "+c.path("in_progress")+" == true} | tojson }}")
	if c.e.Spec.(hubs.Update).Installs {
		c.takes("command_topic", "")
		c.str("payload_install", "INSTALL")
	}
}

func (updateKind) state(w *writer, v values) {
	w.open()
	w.version("installed_version", v.get(hubs.Installed))
	w.version("latest_version", v.get(hubs.Latest))
	if busy, ok := v.get(hubs.InProgress).Bool(); ok {
		w.flag("in_progress", busy)
	} else {
		w.unknown("in_progress")
	}
	w.close()
}

func (w *writer) version(k string, v hubs.Value) {
	s, _ := v.Text()
	if s == "" {
		w.unknown(k)
		return
	}
	w.str(k, clip(s, maxState))
}

func (updateKind) command(r *Request, e *hubs.Entity, part string, in input) error {
	if !e.Spec.(hubs.Update).Installs {
		return errReadOnly
	}
	if part != "" {
		return errNoPart
	}
	if w, err := in.word(); err != nil || w != "install" {
		return invalid("INSTALL is wanted, not %s", in.shown())
	}
	return r.do(hubs.Install)
}
