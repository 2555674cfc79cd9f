package hubtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// What a stream does as a whole.
func streamChecks() []check {
	return []check{
		{"stream tells what a command changed", watched},
		{"watch ends with its stream", streamBreaks},
		{"stream that cannot be opened is told", streamRefused},
		{"mute stream is not alive", muteStream},
		{"flapping stream settles", flapping},
		{"stream goes on with a renewed token", streamRenewed},
		{"device that left is told", deviceLeft},
	}
}

func watched(ctx context.Context, e *env) error {
	w, devices, cmd, err := e.watcher(ctx)
	if w == nil {
		return err
	}
	return e.streaming(ctx, w, func(ctx context.Context, s *sink) error { return e.brings(ctx, s, devices, cmd) })
}

func streamBreaks(ctx context.Context, e *env) error {
	w, _, _, err := e.watcher(ctx)
	if w == nil {
		return err
	}
	s := newSink()
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- e.do(ctx, watchCall, func(ctx context.Context) error { return w.Watch(ctx, s) })
	}()
	if err := s.until(ctx, patience, s.lives); err != nil {
		return err
	}
	wait(ctx, patience) // the first token may still replace the stream
	e.server.Faults().Drop(0)
	err = <-ended
	if ctx.Err() != nil {
		return errors.New("Watch goes on though its stream is broken")
	}
	if f := hubs.FaultOf(err); err != nil && f == hubs.LoginNeeded {
		return fmt.Errorf("a broken stream wants a login: %w", err)
	}
	return nil
}

// streamRefused keeps streams from opening. Watch says so, or tries again by itself; a
// login is not what is missing.
func streamRefused(ctx context.Context, e *env) error {
	w, devices, cmd, err := e.watcher(ctx)
	if w == nil {
		return err
	}
	if err := e.execute(ctx, cmd); err != nil {
		return fmt.Errorf("Execute on a healthy server: %w", err)
	}
	var errs []error
	for _, s := range slices.Concat(network(), limits()[:1], []strike{
		{name: "403", fault: status(http.StatusForbidden)},
		{name: "503", fault: status(http.StatusServiceUnavailable)},
		{name: "HTML", fault: fault.Fault{Kind: fault.HTML}},
		{name: "nothing", fault: fault.Fault{Kind: fault.Empty}},
		{name: "hang", fault: fault.Fault{Kind: fault.Hang}},
		{name: "reset", fault: fault.Fault{Kind: fault.Reset}},
	}) {
		if cmd, _, err = opposite(devices, cmd); err != nil { // what is there already is no news
			return err
		}
		err := errors.Join(e.kept(ctx, w, s), e.streaming(ctx, w, func(ctx context.Context, k *sink) error {
			return e.brings(ctx, k, devices, cmd)
		}))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	return errors.Join(errs...)
}

// kept opens one stream that cannot be opened.
func (e *env) kept(ctx context.Context, w hubs.Watcher, s strike) error {
	f := s.fault
	f.Role, f.Times = fault.Stream, fault.Always
	before := e.seen().Struck
	e.server.Faults().Fail(f)
	defer e.server.Faults().Heal()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	k := newSink()
	err := e.do(ctx, watchCall, func(ctx context.Context) error { return w.Watch(ctx, k) })
	tries := e.seen().Struck - before
	switch {
	case tries == 0:
		return nil // it is not a request that opens this vendor's streams
	case ctx.Err() != nil && tries == 1:
		return fmt.Errorf("Watch hangs for %s", longest)
	case ctx.Err() == nil && err == nil:
		return errors.New("Watch ends without an error")
	case ctx.Err() == nil && hubs.FaultOf(err) == hubs.LoginNeeded:
		return fmt.Errorf("wants a login: %w", err)
	case k.breaths() > 0:
		return errors.New("it says that it is alive")
	}
	return nil
}

// muteStream lets the stream stay open and say nothing. A hub that notices may end it;
// none may take it for alive.
func muteStream(ctx context.Context, e *env) error {
	const (
		underWay = 5 * time.Second
		long     = 5 * time.Minute
	)
	w, devices, cmd, err := e.watcher(ctx)
	if w == nil {
		return err
	}
	return e.streaming(ctx, w, func(ctx context.Context, s *sink) error {
		if e.server.Faults().Open() == 0 {
			return errors.New("what the server's streams say does not go through its faults (fault.Table.OpenLine)")
		}
		e.server.Faults().Fail(fault.Fault{Kind: fault.Mute})
		wait(ctx, underWay)
		before := s.breaths()
		wait(ctx, long)
		if n := s.breaths() - before; n > 0 {
			return fmt.Errorf("a stream that says nothing is alive %d times in %s", n, long)
		}
		e.server.Faults().Heal()
		wait(ctx, 2*soon) // until it is opened anew, at the latest
		return e.brings(ctx, s, devices, cmd)
	})
}

// flapping lets streams end soon after they open. Whoever opens them anew, Watch itself
// or the suite in the bridge's place, leaves a pause between.
func flapping(ctx context.Context, e *env) error {
	const (
		lasts = 2 * time.Minute
		most  = 60
	)
	w, devices, cmd, err := e.watcher(ctx)
	if w == nil {
		return err
	}
	return e.streaming(ctx, w, func(ctx context.Context, s *sink) error {
		e.server.Faults().Fail(fault.Fault{Kind: fault.Flap, Delay: 100 * time.Millisecond, Times: fault.Always, For: lasts})
		before, breaths := e.seen().Streams, s.breaths()
		e.server.Faults().Drop(0)
		wait(ctx, lasts)
		n := e.seen().Streams - before
		if n == 0 || n > most {
			return fmt.Errorf("%d streams in %s, want some and at most %d", n, lasts, most)
		}
		wait(ctx, 2*soon)
		if s.breaths() == breaths {
			return errors.New("the stream is not alive again")
		}
		if open := e.server.Faults().Open(); open > 1 {
			return fmt.Errorf("%d streams are open, want one", open)
		}
		return e.brings(ctx, s, devices, cmd)
	})
}

// streamRenewed has a call renew the token. The stream goes over to the new one, since
// servers may keep a stream open or hang up when the old one ends.
func streamRenewed(ctx context.Context, e *env) error {
	w, devices, cmd, err := e.watcher(ctx)
	if w == nil || e.o.FreeStream {
		return err
	}
	return e.streaming(ctx, w, func(ctx context.Context, s *sink) error {
		before := e.seen()
		e.refuse()
		if _, err := e.poll(ctx); err != nil {
			return fmt.Errorf("Poll with a token that is refused once: %w", err)
		}
		if e.seen().Renewals == before.Renewals {
			return nil
		}
		wait(ctx, soon)
		if e.seen().Streams == before.Streams {
			return errors.New("the token was renewed, the stream goes on with the old one")
		}
		return e.brings(ctx, s, devices, cmd)
	})
}

func deviceLeft(ctx context.Context, e *env) error {
	w, _, cmd, err := e.watcher(ctx)
	r, can := e.server.(Remover)
	if w == nil || !can {
		return err
	}
	return e.streaming(ctx, w, func(ctx context.Context, s *sink) error {
		wait(ctx, soon)
		s.forget()
		r.Remove(cmd.Device)
		return s.until(ctx, soon, func() error { return s.gone(cmd.Device) })
	})
}
