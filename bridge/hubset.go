package bridge

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The hubs of a bridge may come, change and go while it runs. Each lives and ends by
// itself; none touches another.

// hubSet is the hubs by name, in the order in which they came, and the hubs of before
// that nobody wants any more.
type hubSet struct {
	mu     sync.RWMutex
	list   []*hubRun
	ghosts []*hubRun
	// start runs a hub until its end; nil: the bridge does not run (yet, or any more).
	start func(*hubRun)
}

// all are the hubs now. The slice is the caller's to read.
func (s *hubSet) all() []*hubRun {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.list
}

// everyone is the hubs and the ghosts.
func (s *hubSet) everyone() []*hubRun {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Concat(s.list, s.ghosts)
}

func (s *hubSet) haunting() []*hubRun {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ghosts
}

func (s *hubSet) of(name string) (*hubRun, bool) {
	for _, h := range s.all() {
		if h.cfg.Name == name {
			return h, true
		}
	}
	return nil, false
}

// life is how a hub's run is ended and waited for.
type life struct {
	end  context.CancelFunc
	done chan struct{}
}

// begin runs all hubs, and those that come, with work as their context; the function
// returned waits until all have ended. From then on none begins.
func (s *hubSet) begin(work context.Context) (wait func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var running sync.WaitGroup
	s.start = func(h *hubRun) {
		ctx, end := context.WithCancel(work)
		h.life = life{end, make(chan struct{})}
		running.Go(func() {
			defer close(h.life.done)
			h.run(ctx)
		})
	}
	for _, h := range s.list {
		s.start(h)
	}
	return func() {
		s.mu.Lock()
		s.start = nil
		s.mu.Unlock()
		running.Wait()
	}
}

// makeHub builds the run of one hub.
func (b *Bridge) makeHub(cfg HubConfig) *hubRun {
	l := b.layout
	l.Hub = cfg.Name
	h := newHubRun(cfg, l, b.out, b.cfg.Store, b.poke)
	h.meter = b.cfg.Metrics.of(cfg.Name)
	h.webhook = webhookOf(h)
	h.haOnline = b.haUp.Load
	h.republish = func(match func(string) bool) { b.out.Republish(match) }
	return h
}

// SetHub adds a hub to a running bridge, or takes the place of the hub of that name:
// what is shown of it stays until the new one knows better.
func (b *Bridge) SetHub(ctx context.Context, cfg HubConfig) error {
	b.changing.Lock()
	defer b.changing.Unlock()
	b.stopHub(ctx, cfg.Name)
	h := b.makeHub(cfg)
	h.prepare(ctx)
	b.cfg.Levels.add(cfg.Name)
	b.set.mu.Lock()
	defer b.set.mu.Unlock()
	if b.set.start == nil {
		return fmt.Errorf("hub %s: the bridge does not run", cfg.Name)
	}
	b.set.ghosts = slices.DeleteFunc(slices.Clone(b.set.ghosts), func(g *hubRun) bool {
		if g.cfg.Name == cfg.Name {
			g.stopTimers()
			return true
		}
		return false
	})
	b.set.list = append(slices.Clip(b.set.list), h)
	for _, f := range h.layout.CommandFilters() {
		if err := b.mqtt.Subscribe(f); err != nil {
			return fmt.Errorf("hub %s: %w", cfg.Name, err)
		}
	}
	b.set.start(h)
	b.poke()
	return nil
}

// DropHub ends a hub and takes back all that was published of it, in an earlier run too.
// Its tokens, names and places stay in the store: it may come back.
func (b *Bridge) DropHub(ctx context.Context, name string) {
	b.changing.Lock()
	defer b.changing.Unlock()
	b.stopHub(ctx, name)
	l := b.layout
	l.Hub = name
	for _, f := range l.CommandFilters() {
		b.mqtt.Unsubscribe(f)
	}
	b.cfg.Metrics.forget(name)
	ghost := b.makeGhost(ctx, name)
	b.set.mu.Lock()
	b.set.ghosts = append(slices.Clip(b.set.ghosts), ghost)
	b.set.mu.Unlock()
	ghost.spawn(ghost.vanish)
	b.poke()
}

// stopHub ends the hub of that name, if there is one, and takes it off the list.
func (b *Bridge) stopHub(ctx context.Context, name string) {
	h, ok := b.set.of(name)
	if !ok {
		return
	}
	finish(ctx, []*hubRun{h}, time.Now().Add(finishLimit))
	if h.life.end != nil {
		h.life.end()
		<-h.life.done
	}
	b.set.mu.Lock()
	defer b.set.mu.Unlock()
	b.set.list = slices.DeleteFunc(slices.Clone(b.set.list), func(o *hubRun) bool { return o == h })
}

// makeGhost is what is known of a hub that nobody wants any more.
func (b *Bridge) makeGhost(ctx context.Context, name string) *hubRun {
	l := b.layout
	l.Hub = name
	g := newHubRun(HubConfig{Name: name, Log: b.cfg.Log.With().Str("hub", name).Logger()}, l, b.out, b.cfg.Store, func() {})
	g.haOnline = b.haUp.Load
	g.prepare(ctx)
	return g
}
