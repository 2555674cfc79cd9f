package rest

import (
	"context"
	"sync"
)

// slots are the calls that may be on their way at a time. Whoever waits gets the next
// free one in order, those in a hurry before all others.
type slots struct {
	mu      sync.Mutex
	free    int
	hurried []chan struct{}
	others  []chan struct{}
}

// take waits for a slot or for the end of ctx, whose error it then returns.
func (s *slots) take(ctx context.Context, hurry bool) error {
	s.mu.Lock()
	if s.free > 0 && ctx.Err() == nil { // where a slot is free nobody waits
		s.free--
		s.mu.Unlock()
		return nil
	}
	queue := &s.others
	if hurry {
		queue = &s.hurried
	}
	mine := make(chan struct{})
	*queue = append(*queue, mine)
	s.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range *queue {
		if c == mine {
			*queue = append((*queue)[:i], (*queue)[i+1:]...)
			return ctx.Err()
		}
	}
	s.pass() // it came at the same moment
	return ctx.Err()
}

// give takes a slot back.
func (s *slots) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass()
}

// pass hands a slot to who waits. s.mu is held.
func (s *slots) pass() {
	for _, queue := range []*[]chan struct{}{&s.hurried, &s.others} {
		if len(*queue) > 0 {
			close((*queue)[0])
			*queue = (*queue)[1:]
			return
		}
	}
	s.free++
}
