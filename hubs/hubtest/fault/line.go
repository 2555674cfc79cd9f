package fault

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Line is one open stream of a simulator: what it pushes goes through Send, everything
// else that it says through Say.
type Line struct {
	t      *Table
	send   func(msg []byte)
	end    func(code int)
	order  *Order
	closed atomic.Bool
}

// OpenLine registers a stream that has just been opened with this plan, until Close. send
// passes a message on; it does not block. end breaks the stream, may be called from any
// goroutine and more than once; its code is that of a close, 0 where there is none. mu is
// the simulator's own lock: whoever calls Say and Send holds it, and send is called with it.
func (t *Table) OpenLine(p Plan, mu sync.Locker, send func(msg []byte), end func(code int)) *Line {
	l := &Line{t: t, send: send, end: end, order: NewOrder(mu)}
	t.mu.Lock()
	if t.lines == nil {
		t.lines = map[*Line]bool{}
	}
	t.lines[l] = true
	t.mu.Unlock()
	if p.Flap != nil {
		code := p.Flap.Code
		time.AfterFunc(p.Flap.Delay, func() { end(code) })
	}
	return l
}

// Close forgets the stream.
func (l *Line) Close() {
	l.t.mu.Lock()
	defer l.t.mu.Unlock()
	delete(l.t.lines, l)
	l.closed.Store(true)
}

// Say passes a message on, unless the streams are mute.
func (l *Line) Say(msg []byte) {
	if !l.closed.Load() && !l.t.Muted() {
		l.send(msg)
	}
}

// Send passes one message of an update on in the way of its plan.
func (l *Line) Send(msg []byte, p Push) {
	if p.Spoil != nil {
		msg = l.t.Spoiled(*p.Spoil, msg)
	}
	l.order.Hand(p, func() {
		for range 1 + p.Copies {
			l.Say(msg)
		}
	})
}

// Order is the order in which updates are delivered: faults delay them, hold them back
// until the next one, or lose them. Each Line has one. A simulator that keeps what it
// pushes in a queue, whether somebody listens or not, has one before the queue.
type Order struct {
	mu   sync.Locker
	held []func() // updates that wait for another to overtake them
	late []lateUpdate
}

// lateUpdate is one whose time is still to come.
type lateUpdate struct {
	due     time.Time
	deliver func()
}

// NewOrder makes one that nothing was handed to. mu is the simulator's own lock: whoever
// calls Hand holds it, and updates are delivered with it.
func NewOrder(mu sync.Locker) *Order { return &Order{mu: mu} }

// Hand has one message of an update delivered in the way of its plan: now, later, or
// never. deliver sees to Push.Copies and Push.Spoil.
func (o *Order) Hand(p Push, deliver func()) {
	switch {
	case p.lost:
	case p.delay > 0:
		o.postpone(p.delay, deliver)
	case p.reorder:
		o.held = append(o.held, deliver)
		time.AfterFunc(p.wait, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.release()
		})
	default:
		deliver()
		o.release()
	}
}

// release delivers what waited for another update to overtake it.
func (o *Order) release() {
	held := o.held
	o.held = nil
	for _, deliver := range held {
		deliver()
	}
}

// postpone keeps the order of updates that are due at the same time.
func (o *Order) postpone(d time.Duration, deliver func()) {
	o.late = append(o.late, lateUpdate{time.Now().Add(d), deliver})
	slices.SortStableFunc(o.late, func(a, b lateUpdate) int { return a.due.Compare(b.due) })
	time.AfterFunc(d, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for len(o.late) > 0 && !o.late[0].due.After(time.Now()) {
			next := o.late[0]
			o.late = o.late[1:]
			next.deliver()
		}
	})
}
