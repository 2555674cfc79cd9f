package bridge

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// counter is a board that counts what is sent again.
type counter struct {
	*board
	mu    sync.Mutex
	again map[string]int
}

func (c *counter) Republish(match func(string) bool) (n int) {
	held, _ := c.all()
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic := range held {
		if match(topic) {
			c.again[topic]++
			n++
		}
	}
	return n
}

func (c *counter) repeated(topic string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.again[topic]
}

// house is a running bridge without a broker, in a bubble of driven time.
type house struct {
	*Bridge
	board *counter
	toys  map[string]*toy
}

func startHouse(t *testing.T, store auth.KV, list ...HubConfig) *house {
	t.Helper()
	return startHouseOn(t, nil, store, list...)
}

// startHouseOn starts a house on a broker that holds something already.
func startHouseOn(t *testing.T, held map[string]string, store auth.KV, list ...HubConfig) *house {
	t.Helper()
	s := &house{board: &counter{board: newBoard(), again: map[string]int{}}, toys: map[string]*toy{}}
	for topic, payload := range held {
		s.board.Set(topic, []byte(payload))
	}
	var names []string
	for i := range list {
		names = append(names, list[i].Name)
		list[i].Vendor = "toy" // its log is silent unless it was given one
		list[i].Pace = hubs.Pace{Inventory: time.Minute, Values: 10 * time.Second, Reconcile: 10 * time.Minute}
		s.toys[list[i].Name], _ = list[i].Hub.(*toy)
	}
	b, err := New(Config{
		Base: "b", Prefix: "homeassistant", Version: "1", Store: store, Log: zerolog.Nop(),
		Levels: NewLogLevels(zerolog.InfoLevel, names),
		MQTT:   MQTTConfig{URL: &url.URL{Scheme: "mqtt", Host: "nobody:1883"}, ClientID: "test"},
	}, list)
	if err != nil {
		t.Fatal(err)
	}
	b.out = s.board
	for _, h := range b.set.list {
		h.out = s.board
		h.prepare(t.Context())
	}
	s.Bridge = b
	b.announceSelf()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	ended := b.set.begin(ctx)
	wg.Go(func() { b.serve(ctx, ctx) })
	t.Cleanup(func() { cancel(); ended(); wg.Wait() })
	return s
}

// hub is one of the house's hubs; nil: there is none of that name.
func (s *house) hub(name string) *hubRun {
	h, _ := s.set.of(name)
	return h
}

// ask sends a request and returns its response.
func (s *house) ask(t *testing.T, verb, payload string) (r verbResponse) {
	t.Helper()
	s.board.board.mu.Lock()
	before := len(s.board.events)
	s.board.board.mu.Unlock()
	s.receive("b/bridge/request/"+verb, []byte(payload), false)
	synctest.Wait()
	s.board.board.mu.Lock()
	defer s.board.board.mu.Unlock()
	for _, e := range s.board.events[before:] {
		if raw, ok := strings.CutPrefix(e, "b/bridge/response/"+verb+" "); ok {
			if err := json.Unmarshal([]byte(raw), &r); err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			return r
		}
	}
	t.Fatalf("%s %s was not answered: %v", verb, payload, s.board.events[before:])
	return r
}

// must asks for what has to work.
func (s *house) must(t *testing.T, verb, payload string) map[string]any {
	t.Helper()
	r := s.ask(t, verb, payload)
	if r.Status != "ok" || r.Error != "" {
		t.Fatalf("%s %s: %+v", verb, payload, r)
	}
	data, _ := r.Data.(map[string]any)
	return data
}

// member reads one member of a JSON topic; nil: it is null or missing.
func (s *house) member(topic, name string) any {
	var all map[string]any
	_ = json.Unmarshal([]byte(s.board.at(topic)), &all)
	return all[name]
}

// lint holds everything on the broker against Home Assistant's rules.
func (s *house) lint(t *testing.T) {
	t.Helper()
	held, _ := s.board.all()
	for topic, payload := range held {
		if err := discovery.Lint(discovery.Message{Topic: topic, Payload: []byte(payload), Retain: true}); err != nil {
			t.Errorf("%s: %v", topic, err)
		}
	}
}
