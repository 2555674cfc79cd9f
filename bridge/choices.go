package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// choices is what the user decided about the devices of one hub, and which devices
// were ever seen. It is kept in the store, apart from the manifest: what is taken back
// from the broker is not forgotten here.
type choices struct {
	Devices map[hubs.DeviceID]choice `json:"devices,omitempty"`
	Seen    map[hubs.DeviceID]sight  `json:"seen,omitempty"`

	rev uint64
}

// choice is what the user decided about one device.
type choice struct {
	Excluded bool               `json:"excluded,omitempty"`
	Options  options            `json:"options,omitempty"`
	Entities map[string]options `json:"entities,omitempty"` // by key
}

func (c choice) empty() bool { return !c.Excluded && len(c.Options) == 0 && len(c.Entities) == 0 }

// options are settings by name. They are kept as they came, so that those of another
// version survive this one.
type options map[string]json.RawMessage

// sight is what stays known of a device that was once seen.
type sight struct {
	ID   string `json:"id"`             // DEVICE, for ever
	Name string `json:"name"`           // the vendor's, so that people can name it while the hub is down
	Held bool   `json:"held,omitempty"` // it waits for the user to include it

	shown string // how it is called now, if it is shown
}

func choicesKey(hub string) string { return "choices/" + hub }

func loadChoices(ctx context.Context, store auth.KV, hub string) (choices, error) {
	c := choices{}
	raw, rev, err := store.Get(ctx, choicesKey(hub))
	if errors.Is(err, fs.ErrNotExist) {
		return choices{}.clone(), nil
	}
	c.rev = rev
	if raw != nil {
		if bad := json.Unmarshal(raw, &c); bad != nil {
			c, err = choices{rev: rev}, bad
		}
	}
	if err != nil {
		err = fmt.Errorf("choices for %s: %w", hub, err)
	}
	return c.clone(), err
}

// clone is a copy whose maps may be changed. What a choice holds is replaced, never
// changed in place.
func (c choices) clone() choices {
	c.Devices, c.Seen = maps.Clone(c.Devices), maps.Clone(c.Seen)
	if c.Devices == nil {
		c.Devices = map[hubs.DeviceID]choice{}
	}
	if c.Seen == nil {
		c.Seen = map[hubs.DeviceID]sight{}
	}
	return c
}

func (c *choices) save(ctx context.Context, store auth.KV, hub string) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("choices for %s: %w", hub, err)
	}
	rev, err := store.Put(ctx, choicesKey(hub), raw, c.rev)
	if errors.Is(err, auth.ErrConflict) { // as with the manifest: one process runs a hub, and ours is newer
		if _, c.rev, err = store.Get(ctx, choicesKey(hub)); err == nil {
			rev, err = store.Put(ctx, choicesKey(hub), raw, c.rev)
		}
	}
	if err != nil {
		return fmt.Errorf("choices for %s: %w", hub, err)
	}
	c.rev = rev
	return nil
}

// change gives the choice about one device to do, and forgets it where nothing is left.
func (c *choices) change(raw hubs.DeviceID, do func(*choice)) {
	one := c.Devices[raw]
	do(&one)
	if one.empty() {
		delete(c.Devices, raw)
		return
	}
	c.Devices[raw] = one
}

// with is o with one option set, or taken away where value is nil.
func (o options) with(name string, value any) options {
	o = maps.Clone(o)
	if o == nil {
		o = options{}
	}
	if value == nil {
		delete(o, name)
		return o
	}
	o[name], _ = json.Marshal(value) // texts and flags only
	return o
}

// notice remembers the devices of an inventory and gives all that were ever seen their
// place in topics. It reports whether anything is new. published are those that
// the manifest knows: they were seen before, whatever became of our record.
func (c *choices) notice(list []hubs.Device, published map[hubs.DeviceID]string, hold bool) (places map[hubs.DeviceID]string, changed bool) {
	known := maps.Clone(published)
	for raw, s := range c.Seen {
		if _, there := known[raw]; !there {
			known[raw] = s.ID
		}
	}
	raws := make([]hubs.DeviceID, 0, len(list))
	for _, d := range list {
		if d.ID != hubs.Self {
			raws = append(raws, d.ID)
		}
	}
	places = discovery.Assign(raws, known)
	for _, d := range list {
		if d.ID == hubs.Self {
			continue
		}
		before, seen := c.Seen[d.ID]
		_, out := published[d.ID]
		now := sight{ID: places[d.ID], Name: d.Name, Held: hold && (before.Held || !seen && !out)}
		if before != now {
			c.Seen[d.ID], changed = now, true
		}
	}
	return places, changed
}

// find resolves what a user calls a device: DEVICE, the vendor's id, or its name if
// only one has it.
func (c *choices) find(word string) (hubs.DeviceID, error) {
	if word == discovery.HubID {
		return hubs.Self, nil
	}
	for raw, s := range c.Seen {
		if s.ID == word {
			return raw, nil
		}
	}
	if _, ok := c.Seen[hubs.DeviceID(word)]; ok {
		return hubs.DeviceID(word), nil
	}
	found := c.named(word, func(raw hubs.DeviceID, s sight) bool {
		if own := c.Devices[raw].said("").Device.Text(overrides.Name); own != "" {
			return own == word
		}
		return s.shown == word || s.shown == "" && s.Name == word
	})
	if len(found) == 0 { // the vendor's name of a device that is renamed
		found = c.named(word, func(_ hubs.DeviceID, s sight) bool { return s.Name == word })
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("there is no device %q: name it by its topic, the vendor's id or its name", word)
	case 1:
		return found[0], nil
	}
	ids := make([]string, len(found))
	for i, raw := range found {
		ids[i] = c.Seen[raw].ID
	}
	return "", fmt.Errorf("%d devices are called %q: name one of %s", len(found), word, strings.Join(ids, ", "))
}

// named lists the devices that fit, in order of their ids.
func (c *choices) named(word string, fits func(hubs.DeviceID, sight) bool) (found []hubs.DeviceID) {
	for _, raw := range slices.Sorted(maps.Keys(c.Seen)) {
		if word != "" && fits(raw, c.Seen[raw]) {
			found = append(found, raw)
		}
	}
	return found
}
