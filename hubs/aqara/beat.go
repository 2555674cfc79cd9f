package aqara

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const (
	pingEvery  = 20 * time.Second // the Studio hangs up on who says nothing for 30 s
	queryEvery = 25 * time.Second // on a Studio that knows no ping
	pongLimit  = 10 * time.Second
)

// heart is what is known of the stream's life. It is safe for concurrent use.
type heart struct {
	mu     sync.Mutex
	auth   string        // the id of the AuthRequest
	wait   string        // the id that an answer is waited for
	answer chan struct{} // closed by it
	heart  uint64        // messages heard
	old    bool          // the Studio does not know ping
	missed int           // answers in a row
}

func newHeart() heart { return heart{} }

func (b *heart) heard() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heart++
}

func (b *heart) count() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.heart
}

// sent notes a message that is on its way.
func (b *heart) sent(kind, id string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if kind == typeAuth {
		b.auth = id
	}
	b.wait, b.answer = id, make(chan struct{})
	return b.answer
}

// answered notes an answer, and reports whether it was waited for.
func (b *heart) answered(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.take(id)
}

func (b *heart) take(id string) bool {
	if b.wait == "" || id != b.wait {
		return false
	}
	b.wait = ""
	close(b.answer)
	return true
}

// refused notes that the Studio does not take a message: an answer too, and if it was a
// ping that it does not know, the last one.
func (b *heart) refused(id string, code int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id == "UNKNOWN" {
		id = b.wait
	}
	if b.take(id) && code == codeUnreadable {
		b.old = true
	}
}

func (b *heart) greeted(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.auth != "" && (id == b.auth || id == "UNKNOWN")
}

func (b *heart) knowsPing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.old
}

// miss notes that a ping brought no answer though the connection lives, and reports
// whether that is the end: a Studio may say nothing to a ping that it does not know.
func (b *heart) miss() (dead bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wait = ""
	if !b.old {
		b.old = true
		return false
	}
	b.missed++
	return b.missed >= 2
}

func (b *heart) well() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.missed = 0
}

// send writes one message and gives a channel that its answer closes.
func (s *stream) send(ctx context.Context, kind string, data any) (<-chan struct{}, error) {
	id := s.hub.client.msgID()
	raw, err := json.Marshal(request{Type: kind, Version: "v1", MsgID: id, Data: data})
	if err != nil {
		return nil, pushError(hubs.Bug, "message cannot be written as JSON")
	}
	answer := s.beat.sent(kind, id)
	ctx, cancel := context.WithTimeout(ctx, pongLimit)
	defer cancel()
	return answer, s.conn.Write(ctx, websocket.MessageText, raw)
}

// keepAlive ends the stream when it is dead.
func (s *stream) keepAlive(ctx context.Context) {
	limit := time.NewTimer(subscribeLimit)
	defer limit.Stop()
	select {
	case <-ctx.Done():
		return
	case <-limit.C:
		s.end(pushError(hubs.Transient, "the subscription is not confirmed"))
		return
	case <-s.up:
	}
	sent := time.Now()
	for {
		every := pingEvery
		if !s.beat.knowsPing() {
			every = queryEvery
		}
		limit.Reset(every - time.Since(sent)) // an answer that was waited for does not count
		select {
		case <-ctx.Done():
			return
		case <-limit.C:
		}
		sent = time.Now()
		if err := s.ping(ctx); err != nil {
			s.end(err)
			return
		}
	}
}

// ping asks the Studio to say something, in its own words, and the connection to answer
// a frame: an error says that it is dead. Where the Studio knows no ping, the smallest
// question that all know takes its place: frames alone may not count as a sign of ours.
func (s *stream) ping(ctx context.Context) error {
	before := s.beat.count()
	kind, data := typePing, any(json.RawMessage("null"))
	if !s.beat.knowsPing() {
		kind, data = typeAllDevices, struct{}{}
	}
	answer, err := s.send(ctx, kind, data)
	if err != nil {
		return broken("the connection broke", err)
	}
	ctx, cancel := context.WithTimeout(ctx, pongLimit)
	defer cancel()
	frame := s.conn.Ping(ctx) == nil
	if frame {
		s.to.Alive()
	}
	select {
	case <-answer:
		s.beat.well()
		return nil
	case <-ctx.Done():
	}
	switch {
	case !frame && s.beat.count() == before:
		return pushError(hubs.Transient, "the Studio no longer answers")
	case s.beat.miss():
		return pushError(hubs.Transient, "the connection lives, but the Studio no longer answers")
	}
	return nil
}
