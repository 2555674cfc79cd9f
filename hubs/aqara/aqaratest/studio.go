package aqaratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// Studio is one simulated Aqara Studio. It is safe for concurrent use.
type Studio struct {
	opts   Options
	faults *fault.Table
	ops    map[string]operation
	rest   map[string]route
	react  map[string]reaction
	deeds  map[string]deed

	mu       sync.Mutex
	home     Home
	tokens   Pair
	lastID   int64
	msgIDs   map[string]bool
	calls    []*Call
	executed []Executed
	counters Counters
	motors   map[Address]*motor
	ticking  bool
	agenda   map[Address]*time.Timer
	sockets  map[*socket]bool
}

// New makes a Studio. It starts nothing.
func New(opts Options) *Studio {
	opts.setDefaults()
	home := opts.Home
	if home == nil {
		home = DefaultHome()
	}
	now := time.Now()
	s := &Studio{
		opts: opts, home: cloneHome(home), msgIDs: map[string]bool{},
		motors: map[Address]*motor{}, agenda: map[Address]*time.Timer{}, sockets: map[*socket]bool{},
		counters: Counters{ByType: map[string]int{}, ByStatus: map[int]int{}},
	}
	s.faults = s.newTable()
	s.ops, s.rest = s.operations(), s.routes()
	s.react, s.deeds = s.reactions(), s.commands()
	s.home.setDefaults(&opts, now)
	s.tokens = s.newPair(now, opts.Access, opts.Refresh)
	return s
}

// cloneHome copies deeply, so that several Studios may start from one Home.
func cloneHome(h *Home) Home {
	out := Home{
		Spaces: cloneSpaces(h.Spaces), Automations: slices.Clone(h.Automations), Devices: make([]Device, 0, len(h.Devices)),
	}
	for _, d := range h.Devices {
		out.Devices = append(out.Devices, cloneDevice(d))
	}
	return out
}

func cloneSpaces(in []Space) []Space {
	out := slices.Clone(in)
	for i := range out {
		out[i].Children = cloneSpaces(out[i].Children)
	}
	return out
}

func cloneDevice(d Device) Device {
	d.Types = slices.Clone(d.Types)
	d.Endpoints = slices.Clone(d.Endpoints)
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		e.Functions = slices.Clone(e.Functions)
		for j := range e.Functions {
			f := &e.Functions[j]
			f.Traits = slices.Clone(f.Traits)
			f.Commands = slices.Clone(f.Commands)
		}
	}
	return d
}

// Call is one request as it came in. Nothing of it is hidden, tokens included.
type Call struct {
	At            time.Time       `json:"at"`
	Socket        bool            `json:"socket"` // came as a message on a WebSocket
	Method        string          `json:"method"`
	Path          string          `json:"path"`
	Query         string          `json:"query"`
	Type          string          `json:"type"`
	MsgID         string          `json:"msgId"`
	Authorization []string        `json:"authorization"`
	Data          json.RawMessage `json:"data"`
	Items         int             `json:"items"` // how many devices, reads or writes Data lists
	Body          string          `json:"body"`
	Status        int             `json:"status"`  // 0: no answer
	Code          int             `json:"code"`    // of the envelope
	Refused       string          `json:"refused"` // the true reason of a refusal, empty if there was none
	Fault         fault.Kind      `json:"fault"`
}

// Executed is one write or command that was accepted.
type Executed struct {
	At      time.Time `json:"at"`
	Call    int       `json:"call"` // index in Calls
	Address           // Trait is empty for a command
	Command string    `json:"command,omitempty"`
	Value   any       `json:"value"` // a command's arguments: map[string]any
	Ignored bool      `json:"ignored"`
}

// Counters sum up what happened.
type Counters struct {
	Calls            int            `json:"calls"`
	InFlight         int            `json:"inFlight"`
	MaxInFlight      int            `json:"maxInFlight"`
	ByType           map[string]int `json:"byType"`
	ByStatus         map[int]int    `json:"byStatus"`
	Refused          int            `json:"refused"`
	Refreshes        int            `json:"refreshes"` // attempts
	RefreshesRefused int            `json:"refreshesRefused"`
	Sockets          int            `json:"sockets"` // open now
	SocketsOpened    int            `json:"socketsOpened"`
	Pushes           int            `json:"pushes"`
}

// Calls lists every request so far.
func (s *Studio) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Call, len(s.calls))
	for i, c := range s.calls {
		out[i] = *c
	}
	return out
}

// Executed lists every write and command that was accepted, in order.
func (s *Studio) Executed() []Executed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.executed)
}

// Counters gives the sums so far.
func (s *Studio) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counters
	c.ByType, c.ByStatus = maps.Clone(c.ByType), maps.Clone(c.ByStatus)
	c.Sockets = len(s.sockets)
	return c
}

// Forget empties Calls, Executed and the counters; msgIds stay used.
func (s *Studio) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.executed = nil, nil
	s.counters = Counters{
		InFlight: s.counters.InFlight, MaxInFlight: s.counters.InFlight,
		ByType: map[string]int{}, ByStatus: map[int]int{},
	}
}

// Devices is the home as it is now.
func (s *Studio) Devices() []Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	return cloneHome(&s.home).Devices
}

// Value is the value of a trait now, or an error if there is no such trait.
func (s *Studio) Value(a Address) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	t := s.home.trait(a)
	if t == nil {
		return nil, fmt.Errorf("aqaratest: no trait %s", a)
	}
	return t.Value, nil
}
