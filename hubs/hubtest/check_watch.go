package hubtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

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

// until waits for the stream to bring what ok wants.
func (s *sink) until(ctx context.Context, ok func() error) error {
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

func (s *sink) lives() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alive == 0 {
		return errors.New("the stream never says that it is alive")
	}
	return nil
}

// watch runs a stream, waits until it lives, lets use do its part, and ends it.
func (e *env) watch(ctx context.Context, w hubs.Watcher, use func(ctx context.Context, s *sink) error) (*sink, error) {
	s := newSink()
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = e.do(ctx, "Watch", func(ctx context.Context) error { return w.Watch(ctx, s) }) // how it ends is no matter here
	}()
	opening, stop := context.WithTimeout(ctx, e.o.patient())
	err := s.until(opening, s.lives)
	stop()
	if err == nil {
		err = use(ctx, s)
	}
	cancel()
	<-ended // do blames a Watch that outlives its context
	return s, err
}

func watched(ctx context.Context, e *env) error {
	devices, cmd, err := e.home(ctx)
	if err != nil {
		return err
	}
	w, can := e.in.Hub.(hubs.Watcher)
	if !can {
		return nil
	}
	entity, err := entityOf(devices, cmd)
	if err != nil {
		return err
	}
	s, err := e.watch(ctx, w, func(ctx context.Context, s *sink) error {
		if err := e.execute(ctx, cmd); err != nil {
			return fmt.Errorf("Execute on a healthy server: %w", err)
		}
		ctx, cancel := context.WithTimeout(ctx, e.o.patient())
		defer cancel()
		err := s.until(ctx, func() error { return shows(s.got(), cmd, entity, seen(entity, cmd)) })
		if err != nil {
			return fmt.Errorf("the stream does not tell what the command changed: %w", err)
		}
		return nil
	})
	e.data(s.got())
	return errors.Join(err, CheckReadings(devices, s.got()))
}

func streamBreaks(ctx context.Context, e *env) error {
	if _, _, err := e.home(ctx); err != nil {
		return err
	}
	w, can := e.in.Hub.(hubs.Watcher)
	if !can {
		return nil
	}
	s := newSink()
	ctx, cancel := context.WithTimeout(ctx, 2*e.o.patient())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- e.do(ctx, "Watch", func(ctx context.Context) error { return w.Watch(ctx, s) })
	}()
	if err := s.until(ctx, s.lives); err != nil {
		return err
	}
	e.server.Fail(Fault{Kind: Drop})
	defer e.server.Heal()
	err := <-ended
	if ctx.Err() != nil {
		return errors.New("Watch goes on though its stream is broken")
	}
	if f := hubs.FaultOf(err); err != nil && f == hubs.LoginNeeded {
		return fmt.Errorf("a broken stream wants a login: %w", err)
	}
	return nil
}
