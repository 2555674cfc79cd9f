package bridge

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Home Assistant takes a removal in only of what it has discovered since its own
// start. What is taken back while it is down, or while we do not know, is owed: at its
// next birth it gets the old description once more, and then the removal.

// stepWait is between the steps of a removal: Home Assistant must have set up one
// before it can take in the next.
const stepWait = 1500 * time.Millisecond

// debt is one removal that Home Assistant may have missed: what its discovery topic
// held before, and what it is to hold one after the other. An empty step removes.
type debt struct {
	Topic string   `json:"topic"`
	Steps []string `json:"steps"`
}

// load reads the manifest and takes back what it says that nobody wants any more.
func (h *hubRun) load(ctx context.Context) {
	var err error
	if h.manifest, err = loadManifest(ctx, h.store, h.cfg.Name); err != nil {
		h.log.Warn().Err(err).Msg("what was published before is not known: devices that left meanwhile may stay in Home Assistant")
	}
	for _, t := range h.manifest.Cleared {
		if h.layout.Prefix != "" && strings.HasPrefix(t, h.layout.Prefix+"/device/") {
			h.leftovers[t] = true // Home Assistant wonders at a removal of what it does not know
			continue
		}
		h.out.Set(t, nil)
	}
	h.manifest.Cleared = nil
	for raw, o := range h.manifest.Devices {
		h.configs[h.layout.ConfigTopic(o.ID)] = raw
	}
	if h.manifest.Base == h.layout.Base && h.manifest.Prefix == h.layout.Prefix {
		return
	}
	for raw, o := range h.manifest.Devices { // the settings changed: other topics
		for _, t := range o.Topics {
			h.clear(t)
		}
		h.manifest.Devices[raw] = owned{ID: o.ID}
	}
	if old := h.manifest.Base; old != "" && old != h.layout.Base {
		was := discovery.Layout{Base: old, Hub: h.cfg.Name}
		h.clear(was.HubStatus())
		h.clear(was.HubInfo())
		h.clear(was.HubDevices())
	}
	h.manifest.Base, h.manifest.Prefix, h.manifest.dirty = h.layout.Base, h.layout.Prefix, true
}

// clear takes a retained message back.
func (h *hubRun) clear(topic string) {
	h.send(discovery.Message{Topic: topic, Retain: true})
	h.manifest.Cleared = append(h.manifest.Cleared, topic)
	h.manifest.dirty = true
}

// release sends what was held while the manifest was not saved: nothing stands on the
// broker that the manifest does not know.
func (h *hubRun) release() {
	h.holding = false
	for _, do := range h.held {
		do()
	}
	h.held = nil
	if h.list.stale {
		h.listSoon(time.Now())
	}
}

// configOf is what Home Assistant was told of d; empty: nothing.
func (h *hubRun) configOf(d *device) []byte {
	messages, err := h.layout.Announce(d.placed, nil)
	if err != nil || len(messages) == 0 {
		return nil
	}
	return messages[0].Payload
}

// takeBack removes everything of a device that has left, or that is to be hidden.
func (h *hubRun) takeBack(raw hubs.DeviceID, o owned) {
	config := h.layout.ConfigTopic(o.ID)
	if config != "" && !h.haOnline() {
		old := h.stash[config]
		if d, ok := h.devices[raw]; ok {
			old = string(h.configOf(d))
		}
		h.owe(config, old, "")
	}
	h.clearDevice(config, o)
	delete(h.stash, config)
	delete(h.configs, config)
	delete(h.missing, raw)
	delete(h.devices, raw)
	delete(h.byID, o.ID)
	delete(h.manifest.Devices, raw)
	h.manifest.dirty = true
	h.listSoon(time.Now())
}

// left takes back what the vendor says has left. An inventory follows: it settles what
// the vendor meant.
func (h *hubRun) left(devices []hubs.DeviceID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	gone := func(raw hubs.DeviceID) bool { return raw != hubs.Self && slices.Contains(devices, raw) }
	h.settled.list = slices.DeleteFunc(slices.Clone(h.settled.list), func(d hubs.Device) bool { return gone(d.ID) })
	for raw, o := range h.manifest.Devices {
		if gone(raw) {
			h.log.Info().Str("device", o.ID).Msg("the hub says that the device has left, taking it back")
			h.takeBack(raw, o)
		}
	}
	h.relist("devices left")
}

// clearDevice takes the description back at once and the states a moment later: Home
// Assistant complains of empty states of what it still has.
func (h *hubRun) clearDevice(config string, o owned) {
	states := slices.DeleteFunc(slices.Clone(o.Topics), func(t string) bool { return t == config })
	if config == "" {
		for _, t := range states {
			h.clear(t)
		}
		return
	}
	h.clear(config)
	h.manifest.Cleared = append(h.manifest.Cleared, states...)
	h.later(stepWait, func() {
		if _, back := h.byID[o.ID]; back {
			return
		}
		for _, t := range states {
			h.out.Set(t, nil)
		}
	})
}

// owe notes a removal for Home Assistant's next birth. Without the old description
// there is nothing to repeat.
func (h *hubRun) owe(topic string, steps ...string) {
	if steps[0] == "" {
		return
	}
	h.manifest.Debts = slices.DeleteFunc(h.manifest.Debts, func(d debt) bool { return d.Topic == topic })
	h.manifest.Debts = append(h.manifest.Debts, debt{topic, steps})
	h.manifest.dirty = true
	h.later(time.Second, h.saveManifest) // a kill must not forget it; several come together
}

// saveManifest saves the manifest if it changed. h.mu is held.
func (h *hubRun) saveManifest() {
	ctx, cancel := context.WithTimeout(context.Background(), finishLimit)
	defer cancel()
	if err := h.manifest.save(ctx, h.store, h.cfg.Name); err != nil {
		h.health.note(h.log, err)
	}
}

// payDebts follows Home Assistant's birth: it discovers what is owed, and then sees it go.
func (h *hubRun) payDebts(ctx context.Context) {
	h.mu.Lock()
	debts, busy := h.manifest.Debts, h.paying
	h.paying = true
	h.mu.Unlock()
	if busy {
		return
	}
	defer func() {
		h.mu.Lock()
		h.paying = false
		h.mu.Unlock()
	}()
	steps := 0 // none where nothing is owed
	for _, d := range debts {
		steps = max(steps, len(d.Steps))
	}
	for i := range steps {
		h.mu.Lock()
		for _, d := range debts {
			if i < len(d.Steps) && h.owes(d) && !h.comeBack(d) {
				h.out.Set(d.Topic, []byte(d.Steps[i]))
			}
		}
		h.mu.Unlock()
		sleep(ctx, stepWait)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return // not all of it was sent: it stays owed
	}
	h.manifest.Debts = slices.DeleteFunc(h.manifest.Debts, func(d debt) bool {
		return slices.ContainsFunc(debts, func(p debt) bool { return p.Topic == d.Topic && slices.Equal(p.Steps, d.Steps) })
	})
	h.manifest.dirty = true
	if err := h.manifest.save(ctx, h.store, h.cfg.Name); err != nil {
		h.health.note(h.log, err)
	}
}

// owes tells whether d is still owed: a device may have come back meanwhile.
func (h *hubRun) owes(d debt) bool {
	return slices.ContainsFunc(h.manifest.Debts, func(o debt) bool { return o.Topic == d.Topic && slices.Equal(o.Steps, d.Steps) })
}

// comeBack drops the debt of a device that is there again and forgets it.
func (h *hubRun) comeBack(d debt) bool {
	if d.Steps[len(d.Steps)-1] != "" {
		return false // a component left, the device is there
	}
	for _, o := range h.devices {
		if h.layout.ConfigTopic(o.placed.ID) == d.Topic {
			h.manifest.Debts = slices.DeleteFunc(h.manifest.Debts, func(o debt) bool { return o.Topic == d.Topic })
			return true
		}
	}
	return false
}

// configSeen takes what stands on, or came to, a discovery topic. It reports whether
// the topic is this hub's.
func (h *hubRun) configSeen(topic string, payload []byte, retained bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.leftovers[topic] && retained && len(payload) > 0 {
		delete(h.leftovers, topic)
		h.clear(topic)
		return true
	}
	raw, ours := h.configs[topic]
	if !ours {
		return false
	}
	d := h.devices[raw]
	switch {
	case len(payload) > 0 && retained && d == nil:
		h.stash[topic] = string(payload) // of a device that may have left while the bridge was down
	case len(payload) == 0 && d != nil && !d.deleted:
		d.deleted = true
		h.out.Set(topic, nil)
		h.log.Info().Str("device", d.placed.ID).
			Msg("deleted in Home Assistant: not announced again before the next start or rediscover")
	}
	return true
}
