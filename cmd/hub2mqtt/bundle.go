package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/cmd/hub2mqtt/anon"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const defaultBase = "hub2mqtt"

const bundleReadme = `What one hub answers, and what hub2mqtt makes of it, for a bug report.

about.json     versions, names of the settings that are set, what went wrong
devices.json   the devices and entities as understood
readings.json  their values
messages.json  the discovery messages and states as they would be published
raw/           the hub's answers, one file a call

Names, rooms, ids, addresses, places and secrets are replaced by words such as device3,
name7 or host1: the same value is always the same word, in all files. Codes, types,
units, products, times and numbers are as they were. The hub is called by its vendor's
name, and topics begin with hub2mqtt, whatever your settings say.
`

// bundle is a dump in the making.
type bundle struct {
	s     *settings
	h     hubSetting
	found answers
	state []auth.State
	names *anon.Names
	files map[string][]byte
}

// newBundle learns what must not show.
func newBundle(s *settings, h hubSetting, found answers, state []auth.State) *bundle {
	b := &bundle{s: s, h: h, found: found, state: state, names: anon.New(), files: map[string][]byte{}}
	b.learnSettings()
	b.learnDevices()
	for _, name := range slices.Sorted(maps.Keys(found.raw)) {
		_ = b.names.LearnJSON(found.raw[name]) // what cannot be read is not written either
	}
	return b
}

// learnSettings takes everything that a user has set for a value to hide, but for what
// is one of a few words.
func (b *bundle) learnSettings() {
	n := b.names
	for _, secret := range b.s.secrets() {
		n.Learn(anon.Secret, secret.Reveal())
	}
	if b.h.name != b.h.vendor.Name {
		n.Learn(anon.Name, b.h.name)
	}
	if b.s.BaseTopic != defaultBase {
		n.Learn(anon.Name, b.s.BaseTopic)
	}
	n.Learn(anon.ID, b.s.MQTTClientID, b.s.MQTTUsername)
	for _, address := range []string{b.s.MQTTURL, b.s.PublicURL} {
		learnURL(n, address)
	}
	if dir, err := filepath.Abs(b.s.DataDir); err == nil {
		n.Learn(anon.Place, dir)
	}
	if name, err := os.Hostname(); err == nil && len(name) > 2 && name != "localhost" {
		n.Learn(anon.Host, name)
	}
	for _, name := range b.h.vendor.Variables {
		v, _ := b.h.env.get(b.h.prefix + name)
		switch {
		case strings.Contains(v, "://"):
			learnURL(n, v)
		case len(v) > 5: // regions and environments are shorter, and known to everybody
			n.Learn(anon.ID, v)
		}
	}
}

func learnURL(n *anon.Names, address string) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return
	}
	n.Learn(anon.Host, address, u.Hostname())
}

func (b *bundle) learnDevices() {
	n := b.names
	for i := range b.found.devices {
		d := &b.found.devices[i]
		n.Learn(anon.Device, string(d.ID))
		n.Learn(anon.Name, d.Name)
		n.Learn(anon.Room, d.Area)
		n.Learn(anon.Home, d.Home)
		n.Learn(anon.ID, d.Serial, d.MAC)
		n.Keep(d.Maker, d.Model, d.ModelID)
		for k := range d.Entities {
			e := &d.Entities[k]
			if d.ID == hubs.Self { // scenes, flows, variables: people name them
				n.Learn(anon.Name, e.Name)
			} else {
				n.Keep(e.Key)
			}
		}
	}
}

// zip renders everything. What is written goes through the masking writer last, which
// knows every token in every encoding.
func (b *bundle) zip(redact *auth.Redactor) ([]byte, error) {
	if err := b.render(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(b.files)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now()})
		if err != nil {
			return nil, err
		}
		if _, err := redact.To(w).Write(b.files[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (b *bundle) render() error {
	devices := make([]hubs.Device, len(b.found.devices))
	for i, d := range b.found.devices {
		devices[i] = b.device(d)
	}
	readings := make([]hubs.Reading, len(b.found.readings))
	for i, r := range b.found.readings {
		readings[i] = b.reading(r)
	}
	messages, err := b.messages(devices, readings)
	if err != nil {
		b.found.fail("announce", err)
	}
	for name, v := range map[string]any{
		"about.json": b.about(), "devices.json": devices, "readings.json": readings, "messages.json": messages,
	} {
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if b.files[name], err = b.names.Own(raw); err != nil {
			return err
		}
	}
	for name, raw := range b.found.raw {
		clean, err := b.names.JSON(raw)
		if err != nil {
			clean = fmt.Appendf(nil, "{\"bytes\":%d,\"problem\":\"this is no JSON\"}\n", len(raw))
		}
		b.files["raw/"+strings.ReplaceAll(b.names.Sentence(name), "/", "_")+".json"] = clean
	}
	b.files["README.txt"] = []byte(bundleReadme)
	return nil
}

// device is d under another name. Its entities keep their keys, but for ids in them.
func (b *bundle) device(d hubs.Device) hubs.Device {
	n := b.names
	if d.ID != hubs.Self {
		d.ID = hubs.DeviceID(n.Word(anon.Device, string(d.ID)))
	}
	if d.Via != hubs.Self {
		d.Via = hubs.DeviceID(n.Word(anon.Device, string(d.Via)))
	}
	d.Name, d.Area, d.Home = n.Word(anon.Name, d.Name), n.Word(anon.Room, d.Area), n.Word(anon.Home, d.Home)
	d.Serial, d.MAC = n.Word(anon.ID, d.Serial), n.Word(anon.ID, d.MAC)
	d.Maker, d.Model, d.ModelID = n.Sentence(d.Maker), n.Sentence(d.Model), n.Sentence(d.ModelID)
	d.Entities = slices.Clone(d.Entities)
	for i := range d.Entities {
		e := &d.Entities[i]
		e.Key = b.key(d.ID, e.Key)
		if e.Name != "" && d.ID == hubs.Self {
			e.Name = n.Word(anon.Name, e.Name)
		}
	}
	return d
}

// key is an entity's. Those of the hub's own device are made of ids, short ones too.
func (b *bundle) key(id hubs.DeviceID, key string) string {
	if id == hubs.Self {
		return b.names.Key(key)
	}
	return key
}

func (b *bundle) reading(r hubs.Reading) hubs.Reading {
	options := b.options(r.Device)
	self := r.Device
	if r.Device != hubs.Self {
		r.Device = hubs.DeviceID(b.names.Word(anon.Device, string(r.Device)))
	}
	r.Values = slices.Clone(r.Values)
	for i := range r.Values {
		v := &r.Values[i]
		v.Value = b.value(v.Entity, v.Value, options[v.Entity])
		v.Entity = b.key(self, v.Entity)
	}
	r.Events = slices.Clone(r.Events)
	for i := range r.Events {
		e := &r.Events[i]
		data := make(map[string]hubs.Value, len(e.Data))
		for k, v := range e.Data {
			data[k] = b.value(k, v, nil)
		}
		e.Entity, e.Data = b.key(self, e.Entity), data
	}
	return r
}

// value keeps numbers, and the words that an entity is described with.
func (b *bundle) value(key string, v hubs.Value, options []string) hubs.Value {
	text, _ := v.Text()
	if v.Kind() != hubs.KindText || slices.Contains(options, text) {
		return v
	}
	return hubs.Str(b.names.Under(key, text))
}

// options are the words that the entities of a device choose among.
func (b *bundle) options(id hubs.DeviceID) map[string][]string {
	out := map[string][]string{}
	for i := range b.found.devices {
		if d := &b.found.devices[i]; d.ID == id {
			for k := range d.Entities {
				e := &d.Entities[k]
				for _, f := range e.Spec.Fields() {
					out[e.Key] = append(out[e.Key], f.Options...)
				}
			}
		}
	}
	return out
}

type bundleMessage struct {
	Topic   string          `json:"topic"`
	Retain  bool            `json:"retain"`
	Payload json.RawMessage `json:"payload"`
}

// messages are made of what was replaced already: what is derived from a name, such as
// an entity's id in Home Assistant, does not tell it then.
func (b *bundle) messages(devices []hubs.Device, readings []hubs.Reading) ([]bundleMessage, error) {
	version, _ := buildVersion()
	l := discovery.Layout{Prefix: "homeassistant", Base: defaultBase, Hub: b.h.vendor.Name, Version: version}
	raw := make([]hubs.DeviceID, len(devices))
	for i := range devices {
		raw[i] = devices[i].ID
	}
	ids := discovery.Assign(raw, nil)
	out := []bundleMessage{}
	var faults []string
	for _, d := range devices {
		placed := discovery.Placed{Device: d, ID: ids[d.ID], ViaID: ids[d.Via]}
		ms, err := l.Announce(placed, nil)
		if err != nil {
			faults = append(faults, err.Error())
		}
		now, seen := map[hubs.Point]hubs.Value{}, time.Time{}
		for _, r := range readings {
			if r.Device != d.ID {
				continue
			}
			seen = r.Seen
			for _, v := range r.Values {
				now[v.Point] = v.Value
			}
		}
		for _, m := range append(ms, l.State(placed, now, seen)...) {
			out = append(out, bundleMessage{m.Topic, m.Retain, m.Payload})
		}
	}
	if len(faults) > 0 {
		return out, fmt.Errorf("%s", strings.Join(faults, "; "))
	}
	return out, nil
}

// bundleAbout is about.json.
type bundleAbout struct {
	Made     time.Time      `json:"made"`
	Version  string         `json:"version"`
	Commit   string         `json:"commit"`
	Go       string         `json:"go"`
	Platform string         `json:"platform"`
	Vendor   string         `json:"vendor"`
	Devices  int            `json:"devices"`
	Readings int            `json:"readings"`
	Settings []string       `json:"settings"` // names of those that are set
	Faults   []bundleFault  `json:"faults"`
	Accounts []bundleTokens `json:"accounts"`
}

type bundleFault struct {
	At    string `json:"at"`
	Error string `json:"error"`
	Kind  string `json:"kind"`
	Hint  string `json:"hint,omitempty"`
}

type bundleTokens struct {
	Expires     time.Time `json:"expires,omitzero"`
	LoginNeeded bool      `json:"login_needed"`
	Reason      string    `json:"reason,omitempty"`
	Code        string    `json:"code,omitempty"`
	StoreError  string    `json:"store_error,omitempty"`
}

func (b *bundle) about() bundleAbout {
	version, commit := buildVersion()
	a := bundleAbout{
		Made: time.Now().UTC().Truncate(time.Second), Version: version, Commit: commit, Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Vendor: b.h.vendor.Name,
		Devices: len(b.found.devices), Readings: len(b.found.readings), Settings: b.setNames(), Faults: []bundleFault{},
	}
	for _, f := range b.found.faults {
		a.Faults = append(a.Faults, bundleFault{f.what, f.err.Error(), hubs.FaultOf(f.err).String(), hubs.HintOf(f.err)})
	}
	for _, st := range b.state {
		a.Accounts = append(a.Accounts, bundleTokens{st.Expires, st.LoginNeeded, st.Reason, st.Code, st.StoreError})
	}
	return a
}

// setNames lists the settings that are set: the bridge's, and this hub's behind "…_",
// since its prefix is a name that the user gave.
func (b *bundle) setNames() []string {
	var out []string
	add := func(env *environ, prefix, shown string, names []string) {
		for _, name := range names {
			for _, suffix := range []string{"", "_FILE"} {
				if _, ok := env.vars[prefix+name+suffix]; ok {
					out = append(out, shown+name+suffix)
				}
			}
		}
	}
	add(b.s.env, "", "", variablesOf("", &variables{}))
	add(b.h.env, b.h.prefix, "…_", slices.Concat(variablesOf("", &hubVariables{}), b.h.vendor.Variables))
	slices.Sort(out)
	return out
}
