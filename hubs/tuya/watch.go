package tuya

import (
	"context"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/crew"
)

// The channels, as PUSH names them.
const (
	channelPulsar = "pulsar"
	channelMQTT   = "mqtt"
)

const (
	eventLife   = time.Minute      // a press that comes later than that is not one any more
	listBefore  = 5 * time.Minute  // the list lags less than this: what is older is in it
	strangerFor = time.Hour        // a device that is not listed is asked about once in
	wishDelay   = 5 * time.Second  // the list lags behind the stream's word
	wishEvery   = time.Minute      // between two inventories that the stream asks for
	lullFor     = 10 * time.Second // after a break of a stream that loses nothing
	lullBreak   = 2 * time.Minute  // the longest such break
)

// pushMemory is what one stream leaves to the next.
type pushMemory struct {
	open      bool
	to        hubs.Sink                   // of the stream that stands; nil: none does
	mqtt      bool                        // the other channel's turn, where PUSH leaves the choice
	strangers map[hubs.DeviceID]time.Time // devices that pushed but are not listed
	listed    time.Time                   // when the newest list was asked for
	broke     time.Time                   // when a stream that loses nothing broke
	lull      time.Time                   // no list is needed before
	sealed    bool                        // messages cannot be opened, and it was said
}

// Watch implements hubs.Watcher, over the channel that PUSH names. Where it leaves the
// choice, the message service gives its turn to MQTT if it is denied to this project, and
// gets it back as soon as MQTT does not open, for whatever reason: it is the better one.
func (h *hub) Watch(ctx context.Context, to hubs.Sink) error {
	mqtt := h.byMQTT()
	s := &listener{hub: h, to: to, wish: make(chan string, 1)}
	ctx, end := context.WithCancelCause(ctx)
	tasks := crew.New(end)
	tasks.Go(func() { s.passWishes(ctx) })
	defer tasks.Wait()
	defer end(nil)
	h.mu.Lock()
	h.push.to = to
	h.mu.Unlock()
	var err error
	if mqtt {
		err = h.watchMQTT(ctx, s)
	} else {
		err = h.watchPulsar(ctx, s)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	stood := h.push.open
	h.push.open, h.push.to = false, nil
	if stood && !mqtt { // the message service keeps what comes in between
		h.push.broke = h.now()
		h.push.lull = h.push.broke.Add(lullFor)
	}
	if !stood && h.cfg.push == "" && ctx.Err() == nil && (mqtt || denies(err)) {
		h.push.mqtt = !mqtt
	}
	return err
}

// denies tells whether a channel is shut to this project, as far as it says.
func denies(err error) bool {
	f := hubs.FaultOf(err)
	return f != hubs.Transient && f != hubs.Limited
}

// byMQTT tells which channel's turn it is.
func (h *hub) byMQTT() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch h.cfg.push {
	case channelMQTT:
		return true
	case channelPulsar:
		return false
	}
	return h.push.mqtt || h.cfg.pulsar == ""
}

// spared tells whether nothing can have been missed since the last inventory, though the
// stream's coming and going makes the bridge ask for one: its messages were kept. Each
// break would cost two lists otherwise.
func (h *hub) spared() ([]hubs.Device, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.inventory == nil || h.push.listed.IsZero() || !h.now().Before(h.push.lull) {
		return nil, false
	}
	return slices.Clone(h.inventory), true
}

// listener takes what a channel brings.
type listener struct {
	hub  *hub
	to   hubs.Sink
	wish chan string
}

// stands notes that the channel is open.
func (l *listener) stands(keeps bool) {
	h := l.hub
	h.mu.Lock()
	h.push.open = true
	now := h.now()
	if keeps && !h.push.broke.IsZero() && now.Sub(h.push.broke) < lullBreak {
		h.push.lull = now.Add(lullFor)
	}
	h.push.strangers = map[hubs.DeviceID]time.Time{}
	h.mu.Unlock()
	l.to.Alive()
}

// want asks for an inventory soon.
func (l *listener) want(reason string) {
	select {
	case l.wish <- reason:
	default:
	}
}

// passWishes asks the bridge for inventories: after a moment, as the list lags behind,
// and not too often, as each is a call.
func (l *listener) passWishes(ctx context.Context) {
	var last time.Time
	for {
		var reason string
		select {
		case <-ctx.Done():
			return
		case reason = <-l.wish:
		}
		wait := wishDelay
		if !last.IsZero() {
			wait = max(wait, wishEvery-time.Since(last))
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		last = time.Now()
		l.hub.mu.Lock()
		l.hub.push.lull = time.Time{} // this one is needed
		l.hub.mu.Unlock()
		l.to.Relist(reason)
	}
}

// take merges one message.
func (l *listener) take(n news) {
	h := l.hub
	h.mu.Lock()
	m := h.members[n.device]
	h.mu.Unlock()
	switch {
	case n.deed == relists:
		h.mu.Lock()
		delete(h.gone, n.device) // whoever was removed may have been added again
		h.mu.Unlock()
		l.want("the stream says that a device changed: " + n.what)
	case n.deed == noDeed:
	case m == nil:
		l.stranger(n)
	case n.deed == reports:
		l.report(m, &n)
	case n.deed == leaves:
		h.mu.Lock()
		h.gone[n.device] = h.now()
		delete(h.members, n.device)
		h.mu.Unlock()
		l.to.Left(n.device)
		l.want("a device was removed")
	default:
		l.presence(m, &n)
	}
}

// stranger asks about a device that is not listed, once in a while: the message service
// also tells of accounts that the settings leave out.
func (l *listener) stranger(n news) {
	h := l.hub
	h.mu.Lock()
	now := h.now()
	asked, known := h.push.strangers[n.device]
	fresh := !known || now.Sub(asked) > strangerFor
	if fresh {
		h.push.strangers[n.device] = now
	}
	_, left := h.gone[n.device]
	h.mu.Unlock()
	if fresh && !left && n.deed != leaves && n.deed != goes {
		l.want("the stream names a device that is not listed")
	}
}

// report merges data points. Old ones happen after the bridge or the line was down, as
// the message service keeps what nobody took: what a list has seen since is no news, and
// a press of an hour ago must not switch anything.
func (l *listener) report(m *member, n *news) {
	h := l.hub
	h.mu.Lock()
	now := h.client.clock.now()
	fresh := m.last.sift(n, now)
	known := m.memory.reports()
	oldest := h.push.listed.Add(h.client.clock.ahead() - listBefore)
	var late, live []point
	for _, p := range fresh {
		switch {
		case !h.push.listed.IsZero() && p.At.Before(oldest):
		case now.Sub(p.At) > eventLife:
			late = append(late, p)
		default:
			live = append(live, p)
		}
	}
	var out []hubs.Reading
	for _, part := range [][]point{late, live} {
		if len(part) == 0 {
			continue
		}
		r := m.model.readings(part, true, known...)
		r.Device = n.device
		if now.Sub(part[0].At) > eventLife {
			r.Events = nil
		}
		out = append(out, r)
	}
	m.memory.add(slices.Concat(late, live), h.now())
	if !m.online && slices.ContainsFunc(live, func(p point) bool { return p.At.After(m.last.online) }) {
		// Who speaks is there, whatever was said before.
		m.online = true
		on := true
		out = append(out, hubs.Reading{Device: n.device, Online: &on})
	}
	h.mu.Unlock()
	if len(out) > 0 {
		l.to.Readings(out)
	}
}

// presence merges that a device came or went; what hangs behind it does as well.
func (l *listener) presence(m *member, n *news) {
	h := l.hub
	h.mu.Lock()
	at := n.at
	if now := h.client.clock.now(); at.IsZero() || at.After(now) {
		at = now
	}
	if at.Before(m.last.online) {
		h.mu.Unlock()
		return
	}
	m.last.online = at
	m.online = n.deed == comes
	out := []hubs.Reading{{Device: n.device, Online: new(m.online)}}
	for id, sub := range h.members {
		if sub.via == n.device {
			out = append(out, hubs.Reading{Device: id, Online: new(m.online && sub.online)})
		}
	}
	h.mu.Unlock()
	l.to.Readings(out)
}
