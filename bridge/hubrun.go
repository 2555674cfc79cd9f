package bridge

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// HubConfig is one hub to run.
type HubConfig struct {
	Name, Vendor string
	Hub          hubs.Hub
	Pace         hubs.Pace
	FixedPace    bool                // the user chose Pace: a budget does not stretch it
	Push         bool                // use the hub's push if it has one
	Filter       Filter              // what of it is shown
	Tokens       func() []auth.State // of its accounts; may be nil
	Tasks        *Tasks              // that it started for itself; may be nil
	// LookForLogin looks whether another process logged in, and reports whether it may
	// have; it is cheap. Nil: nobody looks.
	LookForLogin func(context.Context) bool
	Overrides    *overrides.File // what is said of its devices; nil: nothing
	// Reread reads the overrides anew; nil: there are none.
	Reread func() (*overrides.File, error)
	// Calls is how many requests went to the vendor since midnight UTC; nil: nobody counts.
	Calls func() int
	Log   zerolog.Logger
}

// publisher is where messages go. Neither method blocks.
type publisher interface {
	Set(topic string, payload []byte)
	Event(topic string, payload []byte)
}

const (
	burst        = 50 * time.Millisecond // changes of one device within it are merged
	seenEvery    = time.Minute           // a newer last_seen alone goes out so often
	announceWait = 2 * time.Second       // between two announcements of one device
)

// hubRun is one hub while the bridge runs. All its state is under one lock, which is
// never held while a hub is asked.
type hubRun struct {
	cfg      HubConfig
	layout   discovery.Layout
	out      publisher
	store    auth.KV
	log      zerolog.Logger
	notify   func()      // the state of health changed
	haOnline func() bool // Home Assistant is known to run
	// republish sends retained messages again that have not changed.
	republish func(match func(topic string) bool)
	webhook   func() http.Handler // what the vendor calls; gives nil where it does not
	pushes    bool                // the hub can push, and may

	kick  chan string // asks the poller for an inventory at once
	meter meter
	life  life
	poke  chan string // asks it for all values at once
	tasks sync.WaitGroup
	lanes map[string]*lane

	mu        sync.Mutex
	devices   map[hubs.DeviceID]*device
	byID      map[string]*device
	self      *device // the hub's own device
	standIn   bool    // it is one that was never announced in this run
	missing   map[hubs.DeviceID]missing
	configs   map[string]hubs.DeviceID // discovery topic → device of the manifest
	stash     map[string]string        // discovery topic → what the broker held of a device not seen yet
	leftovers map[string]bool          // discovery topics taken back in an earlier run: to be emptied if the broker still holds them
	lastWhole time.Time                // the last poll of all values was asked
	paying    bool                     // debts are being paid
	holding   bool                     // messages wait for the manifest to be saved
	held      []func()
	manifest  manifest
	health    health
	push      pushState
	restraint restraint
	commandID uint64
	recent    map[string]time.Time // transactions of the last minute
	closing   bool
	choices   choices
	settled   settled
	overrides *overrides.File
	// overridesErr is why they could not be read anew.
	overridesErr error
	idleTold     bool // which of their entries mean nothing
	sums         ledger
	own          map[string]bool // entities of the hub's own device that are the bridge's
	list         list
}

func newHubRun(cfg HubConfig, layout discovery.Layout, out publisher, store auth.KV, notify func()) *hubRun {
	_, pushes := cfg.Hub.(hubs.Watcher)
	return &hubRun{
		pushes:    pushes && cfg.Push,
		republish: func(func(string) bool) {},
		choices:   choices{}.clone(),
		cfg:       cfg, layout: layout, out: out, store: store, notify: notify,
		haOnline:  func() bool { return false },
		log:       cfg.Log,
		kick:      make(chan string, 1),
		meter:     NewMetrics().of(cfg.Name),
		poke:      make(chan string, 1),
		lanes:     map[string]*lane{"inventory": {}, "poll": {}},
		devices:   map[hubs.DeviceID]*device{},
		byID:      map[string]*device{},
		recent:    map[string]time.Time{},
		missing:   map[hubs.DeviceID]missing{},
		stash:     map[string]string{},
		leftovers: map[string]bool{},
		configs:   map[string]hubs.DeviceID{},
		health:    health{state: Starting},
		sums:      ledger{wake: make(chan struct{}, 1)},
	}
}

// prepare reads what was published before. It comes before the connection, which tells
// what the broker still holds.
func (h *hubRun) prepare(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.load(ctx)
	h.loadChoices(ctx)
	h.useOverrides(h.cfg.Overrides)
	h.loadSums(ctx)
}

// run works until ctx ends, then returns when all that it started has ended, or
// after a few seconds if the hub holds on to a call.
func (h *hubRun) run(ctx context.Context) {
	h.mu.Lock()
	h.health.started = time.Now()
	h.mu.Unlock()
	h.supervise(ctx, "poller", h.pollLoop)
	h.supervise(ctx, "sums", h.keepSums)
	if w, ok := h.cfg.Hub.(hubs.Watcher); ok && h.cfg.Push {
		h.supervise(ctx, "push", func(ctx context.Context) { h.watchLoop(ctx, w) })
	}
	if h.cfg.LookForLogin != nil {
		h.supervise(ctx, "login", h.loginLoop)
	}
	<-ctx.Done()
	h.stopTimers()
	let := waitFor(&h.tasks, 5*time.Second)
	if h.cfg.Tasks != nil {
		let = h.cfg.Tasks.End(2*time.Second) && let
	}
	if !let {
		h.log.Error().Msg("hub does not let go of a call, leaving it behind")
	}
	h.saveSums(context.WithoutCancel(ctx)) // what came while the others ended
}

// panicked is how many bugs in the hub's code were caught. h.mu is held.
func (h *hubRun) panicked() int {
	n := h.health.panics
	if h.cfg.Tasks != nil {
		n += int(h.cfg.Tasks.panics.Load())
	}
	return n
}

// waitFor waits for wg, at most so long, and reports whether all ended.
func waitFor(wg *sync.WaitGroup, most time.Duration) bool {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

func (h *hubRun) stopTimers() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closing = true
	for _, d := range h.devices {
		if d.flush != nil {
			d.flush.Stop()
		}
	}
}

// spawn runs do in a goroutine that run waits for, unless the hub is closing.
func (h *hubRun) spawn(do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closing {
		h.tasks.Go(do)
	}
}

// apply takes readings in and publishes what they changed.
func (h *hubRun) apply(news []hubs.Reading, from source) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	var missed found
	touched := make([]*device, 0, len(news))
	for _, r := range news {
		d, ok := h.devices[r.Device]
		if !ok {
			if from.push && !h.isBarred(r.Device) {
				h.relist("a push named an unknown device")
			}
			continue
		}
		h.reckon(d, &r, from, now)
		events := d.merge(d.through(r), from, now)
		h.meter.held.Add(float64(d.held))
		d.held = 0
		if from.push && d.dirty && d.pushedAt.IsZero() {
			d.pushedAt = now
		}
		missed.pushed, missed.others = missed.pushed+d.found.pushed, missed.others+d.found.others
		d.found = found{}
		if r.Online != nil && *r.Online != d.online {
			d.online = *r.Online
			h.send(h.layout.Availability(d.placed, d.online))
			h.listSoon(now)
		}
		for _, e := range events {
			m := h.layout.Event(d.placed, e)
			h.out.Event(m.Topic, m.Payload)
		}
		touched = append(touched, d)
	}
	if from.whole {
		h.judgeMute(missed, from.asked, h.lastWhole)
		h.lastWhole = from.asked
	}
	for _, d := range touched { // after all of them: a device may come in several readings
		h.touch(d, now)
	}
}

// touch publishes d if it changed: the first change at once, further ones of a burst
// together at its end.
func (h *hubRun) touch(d *device, now time.Time) {
	h.bookLate(d, now)
	if h.closing || !d.heard || !d.dirty && !d.seenDirty {
		return
	}
	since := now.Sub(d.published)
	switch {
	case !d.dirty && since < seenEvery:
	case since >= burst:
		h.publish(d, now)
	case d.flush == nil:
		d.flush = time.AfterFunc(burst-since, func() { h.flush(d) })
	}
}

func (h *hubRun) flush(d *device) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d.flush = nil
	if h.devices[d.placed.Device.ID] == d && d.dirty && !h.closing {
		h.publish(d, time.Now())
	}
}

func (h *hubRun) publish(d *device, now time.Time) {
	d.dirty, d.seenDirty, d.published = false, false, now
	d.letOut(now)
	for _, m := range h.layout.State(d.placed, d.snapshot(), d.seen) {
		h.send(m)
	}
	if !d.pushedAt.IsZero() {
		h.meter.lag.Observe(time.Since(d.pushedAt).Seconds())
		d.pushedAt = time.Time{}
	}
}

func (h *hubRun) send(m discovery.Message) {
	if h.holding {
		h.held = append(h.held, func() { h.send(m) })
		return
	}
	if m.Retain {
		h.out.Set(m.Topic, m.Payload)
		return
	}
	h.out.Event(m.Topic, m.Payload)
}

// relist asks for an inventory at once; one that is asked for already is enough.
func (h *hubRun) relist(reason string) {
	select {
	case h.kick <- reason:
	default:
	}
}

// repoll asks for all values at once, and for an inventory if the last is not of this
// minute: calls to a cloud are counted.
func (h *hubRun) repoll(reason string) {
	select {
	case h.poke <- reason:
	default:
	}
}

// find is for command topics.
func (h *hubRun) find(id string) (discovery.Placed, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d, ok := h.byID[id]; ok {
		return d.placed, true
	}
	if id == discovery.HubID { // its buttons work before the hub was reached
		return h.selfPlaced(hubs.Device{}), true
	}
	return discovery.Placed{}, false
}
