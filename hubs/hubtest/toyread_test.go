package hubtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// toyModel is what a lamp can do, which never changes.
type toyModel struct{ Dims bool }

// describe reads the models once and for all. A cache that makes no sense is none.
func (h *toyHub) describe(ctx context.Context) (map[string]toyModel, error) {
	h.mu.Lock()
	got := h.models
	h.mu.Unlock()
	if got != nil {
		return got, nil
	}
	var answer struct{ Models map[string]toyModel }
	raw, rev, err := h.cache.Get(ctx, "info")
	if err == nil && h.bug != "no cache" {
		err = json.Unmarshal(raw, &answer)
		if err != nil && h.bug == "trusts its cache" {
			return nil, err
		}
	}
	if err != nil || len(answer.Models) == 0 {
		if err := h.call(ctx, http.MethodGet, "/info", nil, &answer); err != nil {
			return nil, err
		}
		if raw, err := json.Marshal(answer); err == nil {
			_, _ = h.cache.Put(ctx, "info", raw, rev) // the next start asks again
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(answer.Models) > 0 {
		h.models = answer.Models
	}
	return answer.Models, nil
}

// Devices implements hubs.Hub.
func (h *toyHub) Devices(ctx context.Context) ([]hubs.Device, error) {
	type answer struct {
		Devices *[]struct{ ID, Name, Model string }
		Pages   int
	}
	models, err := h.describe(ctx)
	if err != nil {
		return nil, err
	}
	var out []hubs.Device
	known := map[string]bool{}
	for page, pages := 1, 1; page <= pages; page++ {
		var got answer
		err := h.call(ctx, http.MethodGet, fmt.Sprintf("/devices?page=%d", page), nil, &got)
		if err == nil && got.Devices == nil && h.bug != "indexes an empty list" {
			err = rest.Garbage("answered without a list")
		}
		if err != nil {
			switch h.bug {
			case "half a home":
				return out, nil
			case "half a home and an error":
				return out, err
			}
			return nil, err
		}
		pages = min(got.Pages, 100)
		for _, d := range *got.Devices {
			known[d.ID] = true
			out = append(out, h.device(d.ID, d.Name, models[d.Model]))
		}
	}
	return out, h.keep(known)
}

func (h *toyHub) keep(known map[string]bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.bug == "never forgets":
		for id := range h.known {
			known[id] = true
		}
	case h.bug == "insists on all" && len(known) < len(h.known):
		return errors.New("some are missing")
	}
	h.known = known
	return nil
}

func (h *toyHub) device(id, name string, m toyModel) hubs.Device {
	key := "lamp"
	switch h.bug {
	case "bad key":
		key = "Lamp"
	case "reserved key":
		key = "value"
	case "keys change":
		h.mu.Lock()
		h.runs++
		key = fmt.Sprintf("lamp_%d", h.runs)
		h.mu.Unlock()
	case "blank name":
		name = " " + name
	}
	d := hubs.Device{ID: hubs.DeviceID(id), Name: name, Entities: []hubs.Entity{
		{Key: key, Spec: hubs.Light{Dims: m.Dims}},
		{Key: "button", Name: "Button", Spec: hubs.Event{Types: []string{"single"}}},
	}}
	if h.bug == "key twice" {
		d.Entities = append(d.Entities, d.Entities[0])
	}
	return d
}

// toyValues are those of a lamp, in an answer all of them, in a push some.
type toyValues struct {
	On     *bool
	Level  *float64
	At     time.Time
	Online *bool
}

func (h *toyHub) reading(id string, v toyValues) hubs.Reading {
	r := hubs.Reading{Device: hubs.DeviceID(id), Online: v.Online}
	switch h.bug {
	case "no times":
		v.At = time.Time{}
	case "stamps what it reads":
		v.At = time.Now()
	}
	at := func(a hubs.Attr, val hubs.Value) {
		r.Values = append(r.Values, hubs.PointValue{Point: hubs.Point{Entity: "lamp", Attr: a}, Value: val, At: v.At})
	}
	if v.On != nil {
		at(hubs.On, hubs.Bool(*v.On && h.bug != "never shows"))
	}
	if v.Level != nil {
		at(hubs.Level, hubs.Num(*v.Level))
	}
	switch h.bug {
	case "undeclared point":
		at(hubs.Hue, hubs.Num(3))
	case "wrong kind":
		r.Values[0].Value = hubs.Str("on")
	case "stranger":
		r.Device += "x"
	case "always online":
		r.Online = new(true)
	}
	return r
}

// Poll implements hubs.Hub.
func (h *toyHub) Poll(ctx context.Context) ([]hubs.Reading, error) { return h.read(ctx, nil) }

// Read implements hubs.Reader.
func (h *toyHub) Read(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	for _, id := range ids {
		if err := h.find(id); err != nil {
			return nil, err
		}
	}
	return h.read(ctx, ids)
}

func (h *toyHub) read(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	var got struct{ Values map[string]toyValues }
	if err := h.call(ctx, http.MethodGet, "/values", nil, &got); err != nil {
		return nil, err
	}
	var out []hubs.Reading
	for id, v := range got.Values {
		if h.bug == "believes the clock" && time.Until(v.At) > time.Minute {
			return nil, errors.New("a value of the future")
		}
		if h.find(hubs.DeviceID(id)) == nil && (ids == nil || slices.Contains(ids, hubs.DeviceID(id))) {
			out = append(out, h.reading(id, v))
		}
	}
	return out, nil
}

func (h *toyHub) find(id hubs.DeviceID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known[string(id)] || h.bug == "knows everybody" {
		return nil
	}
	return &hubs.Error{Fault: hubs.UnknownDevice, Err: fmt.Errorf("toy: no device %s", id)}
}

// Execute implements hubs.Hub.
func (h *toyHub) Execute(ctx context.Context, cmd hubs.Command) error {
	if err := h.find(cmd.Device); err != nil {
		return err
	}
	if cmd.Entity != "lamp" && h.bug == "" {
		return &hubs.Error{Fault: hubs.UnknownEntity, Err: fmt.Errorf("toy: %s has no %s", cmd.Device, cmd.Entity)}
	}
	ask := map[string]any{"id": cmd.Device}
	if v, ok := cmd.Value(hubs.On); ok {
		ask["on"], _ = v.Bool()
	}
	if v, ok := cmd.Value(hubs.Level); ok {
		ask["level"], _ = v.Num()
	}
	if h.bug == "executes twice" {
		_ = h.call(ctx, http.MethodPost, "/set", ask, nil)
	}
	// The answer holds nothing, but one that is no JSON is not the toy's.
	err := h.call(ctx, http.MethodPost, "/set", ask, &struct{}{})
	e, _ := errors.AsType[*hubs.Error](err)
	if e != nil && e.Code == "409" && h.bug != "offline is refused" {
		return &hubs.Error{Fault: hubs.Offline, Err: err}
	}
	return err
}
