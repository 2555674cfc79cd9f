package tuya

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// scene is a scene of a home that a tap starts.
type scene struct {
	ID   string `json:"id"`
	Home string `json:"home"`
	Name string `json:"name"`
}

func (s *scene) key() string { return hubs.MakeKey("scene_" + s.ID) }

// askScenes lists the scenes of all homes that are switched on.
func (h *hub) askScenes(ctx context.Context, homes []home) ([]scene, error) {
	var out []scene
	for _, one := range homes {
		id := url.PathEscape(one.ID)
		raw, err := h.firstOf(ctx,
			request{name: "scenes", path: "/v1.1/homes/" + id + "/scenes"},
			request{name: "scenes", path: "/v1.0/homes/" + id + "/scenes"})
		if err != nil {
			return nil, err
		}
		list, ok := readScenes(raw, one.ID)
		if !ok {
			return nil, shape("scenes", "answered without a list")
		}
		out = append(out, list...)
	}
	return out, nil
}

func readScenes(raw json.RawMessage, home string) ([]scene, bool) {
	var list []struct {
		ID      loose.Text  `json:"scene_id"`
		Name    loose.Text  `json:"name"`
		Enabled loose.Truth `json:"enabled"`
		Status  loose.Text  `json:"status"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	var out []scene
	for _, w := range list {
		if w.ID == "" || !w.Enabled.Or(true) || w.Status != "" && w.Status != "1" {
			continue
		}
		name := strings.TrimSpace(string(w.Name))
		if name == "" {
			name = string(w.ID)
		}
		out = append(out, scene{string(w.ID), home, name})
	}
	return out, true
}

// self is the hub's own device, which carries the scenes. h.mu is held.
func (h *hub) self() (hubs.Device, bool) {
	if h.house == nil || len(h.house.Scenes.Value) == 0 {
		return hubs.Device{}, false
	}
	d := hubs.Device{ID: hubs.Self, Name: "Tuya", Maker: "Tuya"}
	keys := map[string]bool{}
	for _, s := range h.house.Scenes.Value {
		if key := s.key(); !keys[key] {
			keys[key] = true
			d.Entities = append(d.Entities, hubs.Entity{Key: key, Name: s.Name, Spec: hubs.Scene{}})
		}
	}
	return d, true
}

// activate starts a scene.
func (h *hub) activate(ctx context.Context, entity string) error {
	h.mu.Lock()
	var found *scene
	if h.house != nil {
		for i := range h.house.Scenes.Value {
			if s := &h.house.Scenes.Value[i]; s.key() == entity {
				found = s
				break
			}
		}
	}
	h.mu.Unlock()
	if found == nil {
		return &hubs.Error{Fault: hubs.UnknownEntity, Err: fmt.Errorf("tuya: no scene %s", entity)}
	}
	raw, err := h.client.do(ctx, request{
		name: "scene", method: "POST",
		path: "/v1.0/homes/" + url.PathEscape(found.Home) + "/scenes/" + url.PathEscape(found.ID) + "/trigger",
	})
	if err != nil {
		return err
	}
	return accepted("scene", raw)
}
