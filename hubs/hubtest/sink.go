package hubtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// sink keeps what a stream brings.
type sink struct {
	mu       sync.Mutex
	news     []hubs.Reading
	alive    int
	relisted int
	left     []hubs.DeviceID
	changed  chan struct{}
}

func newSink() *sink { return &sink{changed: make(chan struct{}, 1)} }

func (s *sink) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Alive implements hubs.Sink.
func (s *sink) Alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alive++
	s.wake()
}

// Readings implements hubs.Sink.
func (s *sink) Readings(news []hubs.Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news = append(s.news, news...)
	s.wake()
}

// Relist implements hubs.Sink.
func (s *sink) Relist(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.relisted++
	s.wake()
}

// Left implements hubs.Sink.
func (s *sink) Left(devices ...hubs.DeviceID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = append(s.left, devices...)
	s.wake()
}

func (s *sink) got() []hubs.Reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.news)
}

// until waits that long for the stream to bring what ok wants.
func (s *sink) until(ctx context.Context, limit time.Duration, ok func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-s.changed:
		}
	}
}

// breaths is how often the stream said that it is alive.
func (s *sink) breaths() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alive
}

func (s *sink) lives() error {
	if s.breaths() == 0 {
		return errors.New("the stream never says that it is alive")
	}
	return nil
}

// gone tells whether the stream said that the device left, or asked for an inventory.
func (s *sink) gone(id hubs.DeviceID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.left, id) || s.relisted > 0 {
		return nil
	}
	return errors.New("the stream tells neither that the device left nor asks for an inventory")
}

// forget drops what came so far.
func (s *sink) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news, s.relisted, s.left = nil, 0, nil
}

// streaming keeps a stream open as the bridge does, opened anew with growing pauses when
// it ends. use runs once it lives.
func (e *env) streaming(ctx context.Context, w hubs.Watcher, use func(ctx context.Context, s *sink) error) error {
	s := newSink()
	streamCtx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for pause := time.Second; streamCtx.Err() == nil; pause = min(2*pause, soon) {
			_ = e.do(streamCtx, watchCall, func(ctx context.Context) error { return w.Watch(ctx, s) }) // how it ends is no matter here
			wait(streamCtx, pause)
		}
	}()
	err := s.until(ctx, patience, s.lives)
	if err == nil {
		wait(ctx, patience) // the first token may still replace the stream
		err = use(ctx, s)
	}
	cancel()
	<-ended // do blames a Watch that outlives its context
	e.data(s.got())
	return err
}

// watcher is the hub as one that pushes, where it is one, and what commands it takes.
func (e *env) watcher(ctx context.Context) (w hubs.Watcher, devices []hubs.Device, cmd hubs.Command, err error) {
	devices, cmd, err = e.home(ctx)
	if err != nil {
		return nil, nil, cmd, err
	}
	w, can := e.in.Hub.(hubs.Watcher)
	if !can {
		return nil, nil, cmd, nil
	}
	return w, devices, cmd, nil
}

// brings executes cmd and wants the stream to tell what changed.
func (e *env) brings(ctx context.Context, s *sink, devices []hubs.Device, cmd hubs.Command) error {
	entity, err := entityOf(devices, cmd)
	if err != nil {
		return err
	}
	s.forget()
	if err := e.execute(ctx, cmd); err != nil {
		return fmt.Errorf("Execute on a healthy server: %w", err)
	}
	err = s.until(ctx, soon, func() error { return shows(s.got(), cmd, entity, seen(entity, cmd)) })
	if err != nil {
		return fmt.Errorf("the stream does not tell what a command changed: %w", err)
	}
	return CheckReadings(devices, s.got())
}
