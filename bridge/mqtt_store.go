package bridge

import (
	"bytes"
	"slices"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const (
	// mqttMaxPayload keeps a packet within what the protocol can say.
	mqttMaxPayload = 268_435_455 - 65_535 - 4
	// mqttMaxEvents is how many events may wait for the connection to take them.
	mqttMaxEvents = 4096
	// mqttStrikes is how often a message may cost the connection before it is left out.
	mqttStrikes = 3
)

// mqttEntry is one topic's last value. All fields but the topic belong to the store's lock.
type mqttEntry struct {
	topic   string
	payload []byte // empty: to be taken back
	version uint64 // of the payload
	queued  bool   // stands in the queue
	slow    bool   // stands in the slow queue
	gone    bool   // forgotten, waits to be swept from the order

	suspect bool      // was sent but not confirmed when a connection broke
	strikes int       // connections that broke on exactly this message
	refused int       // 1 + length of the shortest payload that is left out; 0: none is
	since   time.Time // of refused
}

// mqttEvent is a message that is not kept.
type mqttEvent struct {
	topic   string
	payload []byte
	at      time.Time
}

// mqttShot is an entry as it is sent.
type mqttShot struct {
	entry   *mqttEntry
	topic   string
	payload []byte
	version uint64
	suspect bool
	token   paho.Token // of the broker's confirmation, if it has to confirm it
}

func (s mqttShot) weight() int { return len(s.topic) + len(s.payload) }

// done says whether the broker has confirmed the shot.
func (s mqttShot) done() bool {
	select {
	case <-s.token.Done():
		return s.token.Error() == nil
	default:
		return false
	}
}

// mqttStore holds what the broker should hold. Everything in it is quick.
type mqttStore struct {
	wake chan struct{} // holds one token when there may be work

	mu     sync.Mutex
	up     bool // there is a connection
	refit  bool // the wanted filters have changed
	byName map[string]*mqttEntry
	order  []*mqttEntry // by first Set
	gone   int          // forgotten entries in order
	queue  mqttQueue    // to be sent
	slow   mqttQueue    // to be sent when its time comes
	events []mqttEvent
}

func newMQTTStore() *mqttStore {
	return &mqttStore{wake: make(chan struct{}, 1), byName: map[string]*mqttEntry{}}
}

// mqttQueue is a first-in-first-out that gives its memory back when it runs empty.
type mqttQueue struct {
	items []*mqttEntry
	head  int
}

func (q *mqttQueue) push(e *mqttEntry) { q.items = append(q.items, e) }
func (q *mqttQueue) len() int          { return len(q.items) - q.head }

func (q *mqttQueue) pop() *mqttEntry {
	e := q.items[q.head]
	q.items[q.head] = nil
	if q.head++; q.head == len(q.items) {
		*q = mqttQueue{}
	} else if q.head > 1024 && q.head*2 > len(q.items) {
		*q = mqttQueue{items: append([]*mqttEntry(nil), q.items[q.head:]...)}
	}
	return e
}

func (s *mqttStore) poke(refit bool) {
	if refit {
		s.mu.Lock()
		s.refit = true
		s.mu.Unlock()
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *mqttStore) set(topic string, payload []byte) {
	s.mu.Lock()
	e := s.byName[topic]
	if e == nil {
		e = &mqttEntry{topic: topic}
		s.byName[topic] = e
		s.order = append(s.order, e)
	} else if bytes.Equal(e.payload, payload) {
		s.mu.Unlock()
		return
	}
	e.payload = payload
	e.version++
	news := s.up && !e.queued
	if news {
		e.queued = true
		s.queue.push(e)
	}
	s.mu.Unlock()
	if news {
		s.poke(false)
	}
}

func (s *mqttStore) event(topic string, payload []byte) bool {
	s.mu.Lock()
	ok := s.up && len(s.events) < mqttMaxEvents
	if ok {
		s.events = append(s.events, mqttEvent{topic, payload, time.Now()})
	}
	s.mu.Unlock()
	if ok {
		s.poke(false)
	}
	return ok
}

// open begins a connection: everything is to be sent, in order. It says how much that is.
func (s *mqttStore) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up, s.refit = true, true
	s.queue, s.slow = mqttQueue{}, mqttQueue{}
	for _, e := range s.order {
		if e.gone {
			continue
		}
		e.queued, e.slow = true, false
		s.queue.push(e)
	}
	return s.queue.len()
}

// shut ends a connection and says how many events are lost.
func (s *mqttStore) shut() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := len(s.events)
	s.up, s.events = false, nil
	for _, q := range []*mqttQueue{&s.queue, &s.slow} {
		for q.len() > 0 {
			e := q.pop()
			e.queued, e.slow = false, false
		}
	}
	return lost
}

// mqttJob is what is to be sent next: events first, then a value.
type mqttJob struct {
	events []mqttEvent
	shot   mqttShot
	send   bool // shot is one
	taken  bool // something left the queue, though it may not be worth sending: the broker does not bear it
}

func (s *mqttStore) next(forgive time.Duration) mqttJob {
	s.mu.Lock()
	defer s.mu.Unlock()
	job := mqttJob{events: s.events}
	s.events = nil
	if s.queue.len() == 0 {
		return job
	}
	e := s.queue.pop()
	e.queued = false
	job.taken = true
	if e.gone {
		return job
	}
	if e.refused > 0 && len(e.payload)+1 >= e.refused && time.Since(e.since) < forgive {
		return job
	}
	if e.refused > 0 { // one more chance, alone
		e.suspect, e.strikes = true, mqttStrikes-1
	}
	job.send = true
	job.shot = mqttShot{entry: e, topic: e.topic, payload: e.payload, version: e.version, suspect: e.suspect}
	return job
}

// takeRefit says whether the wanted filters have changed since the last call.
func (s *mqttStore) takeRefit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	refit := s.refit
	s.refit = false
	return refit
}

// confirm is told that the broker has taken shots.
func (s *mqttStore) confirm(shots ...mqttShot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, shot := range shots {
		e := shot.entry
		e.suspect, e.strikes, e.refused = false, 0, 0
		if len(shot.payload) > 0 || e.version != shot.version || e.gone {
			continue
		}
		e.gone = true
		delete(s.byName, e.topic)
		s.gone++
	}
	if s.gone > 64 && s.gone*2 > len(s.order) {
		kept := make([]*mqttEntry, 0, len(s.order)-s.gone)
		for _, e := range s.order {
			if !e.gone {
				kept = append(kept, e)
			}
		}
		s.order, s.gone = kept, 0
	}
}

// suspects is told which shots were not confirmed when the connection broke: the next one sends them one by one.
func (s *mqttStore) suspects(shots []mqttShot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, shot := range shots {
		shot.entry.suspect = true
	}
}

// strike is told that the connection broke on exactly this shot, and says whether it is left out from now on.
func (s *mqttStore) strike(shot mqttShot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := shot.entry
	e.suspect = true
	if e.strikes++; e.strikes < mqttStrikes {
		return false
	}
	e.refused, e.since = len(shot.payload)+1, time.Now()
	return true
}

// pardon forgets what was held against messages: the broker was away, so it was the reason itself, or knows them no more.
func (s *mqttStore) pardon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.order {
		e.strikes, e.since = 0, time.Time{}
	}
}

func (s *mqttStore) republish(match func(string) bool) int {
	s.mu.Lock()
	var found []*mqttEntry
	for _, e := range s.order {
		if !e.gone && len(e.payload) > 0 {
			found = append(found, e)
		}
	}
	s.mu.Unlock()
	found = slices.DeleteFunc(found, func(e *mqttEntry) bool { return !match(e.topic) }) // not under the lock
	s.mu.Lock()
	for _, e := range found {
		if s.up && !e.slow && !e.gone {
			e.slow = true
			s.slow.push(e)
		}
	}
	s.mu.Unlock()
	s.poke(false)
	return len(found)
}

// promote moves one value from the slow queue to the queue and says whether more stand there.
func (s *mqttStore) promote() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slow.len() > 0 {
		e := s.slow.pop()
		e.slow = false
		if !e.queued && !e.gone {
			e.queued = true
			s.queue.push(e)
		}
	}
	return s.slow.len() > 0
}

func (s *mqttStore) slowWaits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slow.len() > 0
}

func (s *mqttStore) topics() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.byName))
	for _, e := range s.order {
		if !e.gone && len(e.payload) > 0 {
			names = append(names, e.topic)
		}
	}
	return names
}
