package fault

import (
	"slices"
	"sync"
	"time"
)

// Line is one open stream of a simulator: what it pushes goes through Send, everything
// else that it says through Say.
type Line struct {
	t    *Table
	mu   sync.Locker
	send func(msg []byte)
	end  func(code int)

	closed bool     // guarded by mu, as what follows
	held   [][]byte // updates that wait for another to overtake them
	late   []lateMessage
}

// lateMessage is one whose time is still to come.
type lateMessage struct {
	due time.Time
	msg []byte
}

// OpenLine registers a stream that has just been opened with this plan, until Close. send
// passes a message on; it does not block. end breaks the stream, may be called from any
// goroutine and more than once; its code is that of a close, 0 where there is none. mu is
// the simulator's own lock: whoever calls Say and Send holds it, and send is called with it.
func (t *Table) OpenLine(p Plan, mu sync.Locker, send func(msg []byte), end func(code int)) *Line {
	l := &Line{t: t, mu: mu, send: send, end: end}
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

// Close forgets the stream. The simulator's lock is not held.
func (l *Line) Close() {
	l.t.mu.Lock()
	delete(l.t.lines, l)
	l.t.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// Say passes a message on, unless the streams are mute.
func (l *Line) Say(msg []byte) {
	if !l.closed && !l.t.Muted() {
		l.send(msg)
	}
}

// Send passes one message of an update on in the way of its plan.
func (l *Line) Send(msg []byte, p Push) {
	if p.Spoil != nil {
		msg = l.t.Spoiled(*p.Spoil, msg)
	}
	for range 1 + p.Copies {
		switch {
		case p.lost:
		case p.delay > 0:
			l.postpone(msg, p.delay)
		case p.reorder:
			l.held = append(l.held, msg)
			time.AfterFunc(p.wait, func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.release()
			})
		default:
			l.Say(msg)
			l.release()
		}
	}
}

// release sends what waited for another update to overtake it.
func (l *Line) release() {
	held := l.held
	l.held = nil
	for _, msg := range held {
		l.Say(msg)
	}
}

// postpone keeps the order of messages that are due at the same time.
func (l *Line) postpone(msg []byte, d time.Duration) {
	l.late = append(l.late, lateMessage{time.Now().Add(d), msg})
	slices.SortStableFunc(l.late, func(a, b lateMessage) int { return a.due.Compare(b.due) })
	time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for len(l.late) > 0 && !l.late[0].due.After(time.Now()) {
			l.Say(l.late[0].msg)
			l.late = l.late[1:]
		}
	})
}
