package hubtest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// trouble is what comes over a call before it does anything.
type trouble struct {
	left    int // calls; negative: all
	err     error
	panics  any
	hangs   bool
	deaf    bool // a hanging call does not look at its context
	release chan struct{}
}

// Always is a number of calls: all of them, until Heal.
const Always = -1

// Fail lets the next n calls report err.
func (f *Fake) Fail(c Call, n int, err error) { f.plan(c, &trouble{left: n, err: err}) }

// Panic lets the next n calls panic with v.
func (f *Fake) Panic(c Call, n int, v any) { f.plan(c, &trouble{left: n, panics: v}) }

// Hang lets calls wait until release is called or their context ends.
func (f *Fake) Hang(c Call) (release func()) { return f.hang(c, false) }

// HangDeaf lets calls wait until release is called, whatever their context says. Heal
// releases them too.
func (f *Fake) HangDeaf(c Call) (release func()) { return f.hang(c, true) }

// Heal ends all troubles.
func (f *Fake) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, list := range f.troubles {
		for _, t := range list {
			t.end()
		}
	}
	clear(f.troubles)
}

func (f *Fake) hang(c Call, deaf bool) (release func()) {
	t := &trouble{left: Always, hangs: true, deaf: deaf, release: make(chan struct{})}
	f.plan(c, t)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		t.left = 0
		t.end()
	}
}

// end needs the lock of the Fake.
func (t *trouble) end() {
	if t.release == nil {
		return
	}
	select {
	case <-t.release:
	default:
		close(t.release)
	}
}

func (f *Fake) plan(c Call, t *trouble) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.troubles[c] = append(f.troubles[c], t)
}

// enter counts a call and lets its trouble happen.
func (f *Fake) enter(ctx context.Context, c Call) error {
	t := f.take(c)
	switch {
	case t == nil:
		return ctx.Err()
	case t.panics != nil:
		panic(t.panics)
	case t.err != nil:
		return t.err
	case t.deaf:
		<-t.release
	case t.hangs:
		select {
		case <-t.release:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (f *Fake) take(c Call) *trouble {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[c]++
	for _, t := range f.troubles[c] {
		if t.left == 0 {
			continue
		}
		if t.left > 0 {
			t.left--
		}
		return t
	}
	return nil
}

// obey does what a command says, once it fits.
func (f *Fake) obey(cmd hubs.Command) error {
	f.mu.Lock()
	d, err := f.device(cmd.Device)
	if err != nil {
		f.mu.Unlock()
		return err
	}
	e, ok := d.Entity(cmd.Entity)
	switch {
	case !ok:
		err = &hubs.Error{Fault: hubs.UnknownEntity, Err: fmt.Errorf("fake: %s has no %q", d.ID, cmd.Entity)}
	case f.offline[d.ID]:
		err = &hubs.Error{Fault: hubs.Offline, Err: fmt.Errorf("fake: %s is offline", d.ID)}
	default:
		err = cmd.Check(e)
	}
	if err != nil || f.Deaf {
		f.mu.Unlock()
		return err
	}
	news := hubs.Reading{Device: d.ID}
	for _, s := range effects(cmd, e.Spec) {
		field, ok := e.Field(s.Attr)
		if !ok || field.Unseen {
			continue
		}
		p := hubs.Point{Entity: e.Key, Attr: s.Attr}
		f.values[d.ID][p] = s.Value
		news.Values = append(news.Values, hubs.PointValue{Point: p, Value: s.Value})
	}
	f.mu.Unlock()
	if f.Echoes && len(news.Values) > 0 {
		f.Push(news)
	}
	return nil
}

// effects are the values that a command leads to.
func effects(cmd hubs.Command, spec hubs.Spec) []hubs.AttrValue {
	word := func(a hubs.Attr, s string) []hubs.AttrValue { return []hubs.AttrValue{{Attr: a, Value: hubs.Str(s)}} }
	switch cmd.Do {
	case hubs.Stop:
		return append(word(hubs.Motion, hubs.Stopped), word(hubs.State, "idle")...)
	case hubs.Start:
		if _, ok := spec.(hubs.Mower); ok {
			return word(hubs.State, "mowing")
		}
		return word(hubs.State, "cleaning")
	case hubs.Pause:
		return word(hubs.State, "paused")
	case hubs.Dock:
		return word(hubs.State, "docked")
	case hubs.Trigger:
		return word(hubs.State, "triggered")
	case hubs.Install:
		return []hubs.AttrValue{{Attr: hubs.InProgress, Value: hubs.Bool(true)}}
	default:
		return cmd.Set
	}
}

// Watch implements hubs.Watcher.
func (f *Fake) Watch(ctx context.Context, to hubs.Sink) error {
	if err := f.enter(ctx, OnWatch); err != nil {
		return err
	}
	if f.WatchFunc != nil {
		return f.WatchFunc(ctx, to)
	}
	s := &stream{to: to, broken: make(chan error, 1)}
	f.mu.Lock()
	f.sinks[s] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.sinks, s)
	}()
	to.Alive()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-s.broken:
		return err
	}
}

// Watching is how many streams are open.
func (f *Fake) Watching() int { return len(f.streams()) }

func (f *Fake) streams() []*stream {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.sinks))
}

// Push sends readings, events among them, through every open stream.
func (f *Fake) Push(news ...hubs.Reading) {
	for _, s := range f.streams() {
		s.to.Alive()
		s.to.Readings(news)
	}
}

// Alive lets every open stream say that it lives.
func (f *Fake) Alive() {
	for _, s := range f.streams() {
		s.to.Alive()
	}
}

// Relist asks for a new inventory through every open stream.
func (f *Fake) Relist(reason string) {
	for _, s := range f.streams() {
		s.to.Relist(reason)
	}
}

// Left says through every open stream that devices are no longer the hub's.
func (f *Fake) Left(devices ...hubs.DeviceID) {
	for _, s := range f.streams() {
		s.to.Left(devices...)
	}
}

// Break ends every open stream with err.
func (f *Fake) Break(err error) {
	for _, s := range f.streams() {
		select {
		case s.broken <- err:
		default: // it ends already
		}
	}
}
