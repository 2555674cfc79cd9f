package tuyatest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// Cloud is one simulated data centre. It is safe for concurrent use.
type Cloud struct {
	opts   Options
	faults *fault.Table
	routes []route
	reacts map[string]reaction

	mu        sync.Mutex
	home      Home
	projects  map[string]*project
	rng       *rand.Rand
	traces    *rand.Rand // of its own: what one Cloud tells openly is no secret of another
	calls     []*Call
	executed  []Executed
	counters  Counters
	motors    map[string]*time.Timer // by device and code: what is still to happen
	tickets   map[string]ticket
	logs      []logEntry
	subs      map[string]*subscription
	links     map[string]*link
	outgoing  *fault.Order // of messages, before they are queued
	messageNo int64
	mail      mailbox
}

// project is a Project at work.
type project struct {
	Project
	pairs   []*pair
	used    int    // calls in the period
	period  string // the day or month that used counts
	seconds map[string]*second
	expired bool // the plan has
	blocked bool // the caller's address is not on the allowlist
}

// New makes a Cloud. It starts nothing. It panics if two projects share an access ID,
// or two devices an ID: that is a mistake of whoever wrote them down.
func New(opts Options) *Cloud {
	opts.setDefaults()
	home := opts.Home
	if home == nil {
		home = DefaultHome()
	}
	c := &Cloud{
		opts: opts, home: cloneHome(home), projects: map[string]*project{},
		rng: rand.New(rand.NewPCG(opts.Seed, 7)), traces: rand.New(rand.NewPCG(opts.Seed, 8)),
		motors: map[string]*time.Timer{}, tickets: map[string]ticket{},
		subs: map[string]*subscription{}, links: map[string]*link{}, counters: newCounters(),
	}
	c.faults, c.outgoing = c.newTable(), fault.NewOrder(&c.mu)
	c.faults.SetClock(opts.ClockOffset)
	c.routes, c.reacts = c.routeTable(), c.reactions()
	c.home.setDefaults(opts.Now())
	seen := map[string]bool{}
	for _, d := range c.home.Devices {
		if seen[d.ID] || d.ID == "" {
			panic(fmt.Sprintf("tuyatest: two devices have the ID %q", d.ID))
		}
		seen[d.ID] = true
	}
	for _, p := range opts.Projects {
		if c.projects[p.AccessID] != nil {
			panic("tuyatest: two projects have the access ID " + p.AccessID)
		}
		if len(p.AccessSecret) != 32 {
			panic("tuyatest: an access secret has 32 characters")
		}
		if p.UID == "" {
			p.UID = "bay" + c.random(17)
		}
		p.Denied = maps.Clone(p.Denied)
		c.projects[p.AccessID] = &project{Project: p, seconds: map[string]*second{}}
		for _, env := range []string{envProd, envTest} {
			c.subs[p.AccessID+"/"+env] = newSubscription()
		}
	}
	return c
}

// random makes hex digits.
func (c *Cloud) random(digits int) string { return hexDigits(c.rng, digits) }

func hexDigits(rng *rand.Rand, digits int) string {
	raw := make([]byte, digits/2+1)
	for i := range raw {
		raw[i] = byte(rng.Uint32())
	}
	return hex.EncodeToString(raw)[:digits]
}

// now is the data centre's time, wrong clock and all.
func (c *Cloud) now() time.Time { return c.shown(c.opts.Now()) }

// shown is a time as the data centre's clock has it.
func (c *Cloud) shown(at time.Time) time.Time { return at.Add(c.faults.Clock()) }

// Call is one request as it came in. Nothing of it is hidden, signature and tokens included.
type Call struct {
	At       time.Time   `json:"at"`
	Method   string      `json:"method"`
	Path     string      `json:"path"`
	Query    string      `json:"query"`
	Op       string      `json:"op"` // see the Op constants
	AccessID string      `json:"accessId"`
	Header   http.Header `json:"header"`
	Body     string      `json:"body"`
	Page     int         `json:"page"`    // of a list, from 1; 0: no list with pages
	Status   int         `json:"status"`  // of HTTP; 0: no answer
	Code     int         `json:"code"`    // of the envelope; 0: success
	Refused  string      `json:"refused"` // the true reason of a refusal, empty if there was none
	Fault    fault.Kind  `json:"fault"`
}

// Executed is one order that was accepted for a device.
type Executed struct {
	At      time.Time `json:"at"`
	Call    int       `json:"call"` // index in Calls
	Op      string    `json:"op"`   // which way it came: OpCommands, OpIssue, OpTrigger, OpKey, OpAC, OpDoor
	Device  string    `json:"device"`
	Code    string    `json:"code"` // of the data point, or the key
	Value   any       `json:"value"`
	Ignored bool      `json:"ignored"` // accepted, but never carried out
}

// Counters sum up what happened.
type Counters struct {
	Calls            int            `json:"calls"`
	InFlight         int            `json:"inFlight"`
	MaxInFlight      int            `json:"maxInFlight"`
	ByOp             map[string]int `json:"byOp"`
	ByStatus         map[int]int    `json:"byStatus"`
	ByCode           map[int]int    `json:"byCode"` // of the envelope; 0: success
	Grants           int            `json:"grants"` // pairs that grant_type=1 gave
	Refreshes        int            `json:"refreshes"`
	RefreshesRefused int            `json:"refreshesRefused"`
	Messages         int            `json:"messages"`     // made for either channel
	Delivered        int            `json:"delivered"`    // by Pulsar, redelivered ones too
	Redelivered      int            `json:"redelivered"`  // by Pulsar
	Acknowledged     int            `json:"acknowledged"` // by Pulsar's consumers
	Dropped          int            `json:"dropped"`      // from a full backlog
	Consumers        int            `json:"consumers"`    // connected now
	ConsumersOpened  int            `json:"consumersOpened"`
	Links            int            `json:"links"` // of Open-Hub that live
	LinksGiven       int            `json:"linksGiven"`
	Published        int            `json:"published"` // to Open-Hub's broker
	PublishFailed    int            `json:"publishFailed"`
}

func newCounters() Counters {
	return Counters{ByOp: map[string]int{}, ByStatus: map[int]int{}, ByCode: map[int]int{}}
}

// Calls lists every request so far.
func (c *Cloud) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Call, len(c.calls))
	for i, call := range c.calls {
		out[i] = *call
	}
	return out
}

// Executed lists every order that was accepted, in order.
func (c *Cloud) Executed() []Executed {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.executed)
}

// Counters gives the sums so far.
func (c *Cloud) Counters() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.counters
	out.ByOp, out.ByStatus, out.ByCode = maps.Clone(out.ByOp), maps.Clone(out.ByStatus), maps.Clone(out.ByCode)
	for _, s := range c.subs {
		out.Consumers += len(s.consumers)
	}
	for _, l := range c.links {
		if l.lives(c.opts.Now()) {
			out.Links++
		}
	}
	return out
}

// Forget empties Calls, Executed and the counters; quotas stay used.
func (c *Cloud) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls, c.executed = nil, nil
	inFlight := c.counters.InFlight
	c.counters = newCounters()
	c.counters.InFlight, c.counters.MaxInFlight = inFlight, inFlight
}

// Devices is what all accounts have now.
func (c *Cloud) Devices() []Device {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cloneHome(&c.home).Devices
}

// Value is the raw value of a data point now, nil if it was never reported, or an error
// if there is no such data point.
func (c *Cloud) Value(device, code string) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.point(device, code)
	if err != nil {
		return nil, err
	}
	return p.Value, nil
}

// point finds a data point; the device may be known or not. It needs the lock.
func (c *Cloud) point(device, code string) (*DP, error) {
	d := c.home.device(device)
	if d == nil {
		return nil, fmt.Errorf("tuyatest: no device %s", device)
	}
	p := d.dp(code)
	if p == nil {
		return nil, fmt.Errorf("tuyatest: device %s has no data point %s", device, code)
	}
	return p, nil
}

// mustJSON writes what is ours to write.
func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("tuyatest: " + err.Error()) // only a value of the home that JSON cannot hold
	}
	return raw
}
