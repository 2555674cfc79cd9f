package discovery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

var (
	errNoPart   = errors.New("no such part")
	errReadOnly = errors.New("can only be read")
)

func invalid(format string, args ...any) error {
	return &hubs.Error{Fault: hubs.Invalid, Err: fmt.Errorf(format, args...)}
}

// input is one value that somebody sent: a whole payload, or a member of a JSON one.
type input struct {
	// raw is the text as it came.
	raw string
	// text is what it says: a JSON string without its quotes, blanks around it cut.
	text string
	// object is the JSON when it is an object.
	object json.RawMessage
	// odd says what it is when it is neither scalar nor object.
	odd string
}

// payloadInput reads a payload of a topic: a bare word or number, or JSON.
func payloadInput(payload []byte) input {
	in := input{raw: string(payload), text: strings.TrimSpace(string(payload))}
	if in.text == "" || in.text[0] != '{' && in.text[0] != '"' || !json.Valid(payload) {
		return in
	}
	parsed := jsonInput([]byte(in.text))
	parsed.raw = in.raw
	return parsed
}

// jsonInput reads a member of a JSON message, which is valid JSON.
func jsonInput(raw json.RawMessage) input {
	raw = bytes.TrimSpace(raw)
	in := input{raw: string(raw), text: string(raw)}
	switch raw[0] {
	case '{':
		in.object = raw
	case '[':
		in.odd = "a list"
	case 'n':
		in.odd = "null"
	case '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			in.raw, in.text = s, strings.TrimSpace(s)
		}
	}
	return in
}

// shown is the input for a message to its sender.
func (in input) shown() string {
	if in.odd != "" {
		return in.odd
	}
	return strconv.Quote(clip(in.text, 40))
}

// scalar makes sure that there is one value.
func (in input) scalar() error {
	if in.odd != "" || in.object != nil {
		return invalid("a single value is wanted, not %s", in.shown())
	}
	return nil
}

// word is the text in lower case.
func (in input) word() (string, error) {
	if err := in.scalar(); err != nil {
		return "", err
	}
	return strings.ToLower(in.text), nil
}

func (in input) number() (float64, error) {
	if err := in.scalar(); err != nil {
		return 0, err
	}
	// ParseFloat also takes hexadecimal numbers, underscores, NaN and infinities.
	if strings.Trim(in.text, "0123456789+-.eE") == "" {
		if f, err := strconv.ParseFloat(in.text, 64); err == nil && !math.IsInf(f, 0) {
			return f, nil
		}
	}
	return 0, invalid("%s is not a number", in.shown())
}

// seconds reads a time span.
func (in input) seconds() (time.Duration, error) {
	f, err := in.number()
	if err != nil {
		return 0, err
	}
	const most = 24 * 60 * 60
	if f < 0 || f > most {
		return 0, invalid("a time must be from 0 to %d seconds, not %s", most, in.shown())
	}
	return time.Duration(f * float64(time.Second)), nil
}

func (in input) boolean() (bool, error) {
	w, err := in.word()
	if err != nil {
		return false, err
	}
	switch w {
	case "on", "true", "1":
		return true, nil
	case "off", "false", "0":
		return false, nil
	}
	return false, invalid("%s is neither ON nor OFF", in.shown())
}

// member is one member of a JSON object, as it stands.
type member struct {
	key   string
	value json.RawMessage
}

// maxMembers bounds what one message can ask for: each key is answered.
const maxMembers = 256

// members lists the members of a JSON object in order. Where a key comes twice, the
// last value counts, as in most readers of JSON.
func members(object []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return nil, invalid("not a JSON object")
	}
	var all []member
	index := make(map[string]int)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, invalid("not a JSON object")
		}
		key, _ := token.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, invalid("not a JSON object")
		}
		if i, ok := index[key]; ok {
			all[i].value = value
			continue
		}
		if len(all) == maxMembers {
			return nil, invalid("more than %d members", maxMembers)
		}
		index[key] = len(all)
		all = append(all, member{key, value})
	}
	return all, nil
}

// The following say what kinds want of a Request.

// set gives one attribute a value; the last one counts.
func (r *Request) set(a hubs.Attr, v hubs.Value) {
	for i := range r.Set {
		if r.Set[i].Attr == a {
			r.Set[i].Value = v
			return
		}
	}
	r.Set = append(r.Set, hubs.AttrValue{Attr: a, Value: v})
}

// setBool reads on or off for an attribute.
func (r *Request) setBool(a hubs.Attr, in input) error {
	b, err := in.boolean()
	if err == nil {
		r.set(a, hubs.Bool(b))
	}
	return err
}

// setNumber reads a number for an attribute.
func (r *Request) setNumber(a hubs.Attr, in input) error {
	f, err := in.number()
	if err == nil {
		r.set(a, hubs.Num(f))
	}
	return err
}

// setPercent reads a number from 0 to 100 for an attribute, in whole steps.
func (r *Request) setPercent(a hubs.Attr, in input) error {
	f, err := in.number()
	if err == nil {
		r.set(a, hubs.Num(f).Round(0))
	}
	return err
}

// setOption reads one of an attribute's words. Case is forgiven where that is clear.
func (r *Request) setOption(e *hubs.Entity, a hubs.Attr, in input) error {
	if err := in.scalar(); err != nil {
		return err
	}
	f, ok := e.Field(a)
	if !ok {
		return errNoPart
	}
	text, fits := in.text, 0
	for _, o := range f.Options {
		if o == in.text || o == in.raw {
			text, fits = o, 1
			break
		}
		if strings.EqualFold(o, in.text) {
			text = o
			fits++
		}
	}
	if fits > 1 {
		text = in.text
	}
	r.set(a, hubs.Str(text))
	return nil
}

// setOn reads ON, OFF or TOGGLE.
func (r *Request) setOn(in input) error {
	if w, err := in.word(); err == nil && w == "toggle" {
		return r.do(hubs.Toggle)
	}
	return r.setBool(hubs.On, in)
}

func (r *Request) do(a hubs.Action) error {
	if r.Do != "" && r.Do != a {
		return invalid("%s and %s at once", r.Do, a)
	}
	r.Do = a
	return nil
}
