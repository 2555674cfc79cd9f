package aqara

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// wishEvery is how often a new inventory is asked for at most: a change of firmware
// brings dozens of events.
const wishEvery = time.Second

// specWaits are the times after which a device that was added is looked for again,
// since the Studio describes it only a little later.
func specWaits() []time.Duration {
	return []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second}
}

func isObject(raw []byte, into any) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, into) == nil
}

// news passes on the values of a push.
func (s *stream) news(msgID text, data json.RawMessage) {
	h := s.hub
	order, byDevice := decodePush(data, h.now())
	var out []hubs.Reading
	var why string
	h.mu.Lock()
	if timed(byDevice) && h.push.recent.repeats(string(msgID), data) {
		h.mu.Unlock()
		return
	}
	for _, id := range order {
		news, reason := h.take(hubs.DeviceID(id), byDevice[id])
		out = append(out, news...)
		if reason != "" {
			why = reason
		}
	}
	h.mu.Unlock()
	if len(out) > 0 {
		s.to.Readings(out)
	}
	if why != "" {
		s.wishFor(why)
	}
}

// ring remembers the last few messages.
type ring struct {
	seen [64][sha256.Size]byte
	next int
}

// repeats notes a message and tells whether it is a copy of one that came before.
func (r *ring) repeats(msgID string, data []byte) bool {
	sum := sha256.Sum256(append([]byte(msgID+"\n"), data...))
	if slices.Contains(r.seen[:], sum) {
		return true
	}
	r.seen[r.next%len(r.seen)] = sum
	r.next++
	return false
}

// timed tells whether all values carry a time. A message that comes again with the same
// id and the same times is a copy: a second press has another time. Without times nothing
// tells the two apart, and none may get lost.
func timed(byDevice map[string][]pushed) bool {
	for _, push := range byDevice {
		if slices.ContainsFunc(push, func(p pushed) bool { return p.at.IsZero() }) {
			return false
		}
	}
	return true
}

// take makes readings of what a device pushed, and says whether and why a new inventory
// is called for. h.mu is held.
func (h *hub) take(id hubs.DeviceID, push []pushed) (news []hubs.Reading, why string) {
	c, ok := h.models[id]
	if !ok || !slices.Contains(h.listed, id) {
		return nil, h.stranger(id)
	}
	for _, p := range push {
		if h.noteWord(c.model, p.address, p.sample) {
			why = "a device has a value that it does not list"
		}
		if p.function == functionDescriptor && p.code == codeLive {
			h.stale(id)
			why = "a device has other endpoints"
		}
	}
	h.last[id], news = c.model.news(push, h.last[id])
	for _, r := range news {
		if r.Online != nil {
			h.states[id] = truth{Known: true, On: *r.Online}
		}
	}
	return news, why
}

// stranger is about a device that no inventory brought, asked for once: it may be one
// that is left out on purpose. Before the first inventory all are strangers.
func (h *hub) stranger(id hubs.DeviceID) (why string) {
	if h.before == nil || h.push.strangers[id] || h.gone.has(text(id)) {
		return ""
	}
	h.push.strangers[id] = true
	if h.before[id] {
		return "" // listed, but not described yet, or not shown
	}
	return "a push named a device that is not known"
}

// object takes an event of the home: devices come, go and change. Only five kinds are
// documented, and more exist; a Studio that tells who is online is believed.
func (s *stream) object(ctx context.Context, data json.RawMessage) {
	var e wireEvent
	if !isObject(data, &e) || e.device() == "" {
		s.log("push: an event that cannot be read", "type", "")
		return
	}
	h, id := s.hub, e.device()
	switch kind := strings.ToUpper(string(e.Type)); kind {
	case "DEVICE_ADDED":
		h.mu.Lock()
		delete(h.gone, id)
		h.mu.Unlock()
		h.respec(id)
		s.wishFor("a device was added")
		s.tasks.Go(func() { s.awaitSpec(ctx, id) })
	case "DEVICE_REMOVED":
		h.mu.Lock()
		h.gone[id] = h.now()
		h.mu.Unlock()
		h.respec(id)
		if id != "" {
			s.to.Left(id)
		}
		s.wishFor("a device was removed")
	case "DEVICE_ENDPOINT_ADDED", "DEVICE_ENDPOINT_REMOVED":
		h.respec(id)
		s.wishFor("a device has other endpoints")
	case "DEVICE_TRAIT_PARAMETER_UPDATE", "DEVICE_TRAIT_PAREMETER_UPDATE": // one page misprints it
		h.respec(id)
		s.wishFor("a device has another range")
	case "DEVICE_NAME_UPDATE":
		h.respec(id)
		s.wishFor("a device has another name")
	case "DEVICE_ONLINE", "DEVICE_OFFLINE":
		s.online(id, kind == "DEVICE_ONLINE", e.Time.Time)
	default:
		s.log("push: an event of an unknown kind", "event", e.Type)
	}
}

func (s *stream) online(id hubs.DeviceID, on bool, at time.Time) {
	h := s.hub
	h.mu.Lock()
	_, known := h.models[id]
	if known {
		h.states[id] = truth{Known: true, On: on}
	}
	h.mu.Unlock()
	if known {
		s.to.Readings([]hubs.Reading{{Device: id, Online: &on, Seen: at}})
	}
}

// awaitSpec asks for an inventory again until a new device is described.
func (s *stream) awaitSpec(ctx context.Context, id hubs.DeviceID) {
	var passed time.Duration
	for _, after := range specWaits() {
		t := time.NewTimer(after - passed)
		passed = after
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		if _, err := s.hub.model(id); err == nil {
			return
		}
		s.wishFor("a device that was added is not described yet")
	}
}

// wishFor asks for a new inventory; one that is asked for already is enough.
func (s *stream) wishFor(reason string) {
	select {
	case s.wish <- reason:
	default:
	}
}

// passWishes passes the first wish on at once, and those that follow together.
func (s *stream) passWishes(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case reason := <-s.wish:
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			s.to.Relist(reason)
			t.Reset(wishEvery)
		}
	}
}
