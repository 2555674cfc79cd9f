package tuyatest

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// The environments of a project's topic.
const (
	envProd = "event"
	envTest = "event-test"
)

const pulsarPath = "/ws/"

// subscription is one project's subscription to one of its topics. It is there from the
// start, since the console makes it, and keeps messages while nobody listens.
type subscription struct {
	queue     []*parcel // not delivered, in order
	waiting   map[string]*parcel
	consumers []*consumer // failover: only the first one gets anything
}

// parcel is one message on its way to be acknowledged.
type parcel struct {
	no         int64
	id         string
	payload    string
	properties map[string]string
	key        string
	published  time.Time
	deliveries int
	to         *consumer
}

func newSubscription() *subscription { return &subscription{waiting: map[string]*parcel{}} }

// frame is what a consumer reads.
type frame struct {
	MessageID       string            `json:"messageId"`
	Payload         string            `json:"payload"`
	Properties      map[string]string `json:"properties"`
	PublishTime     string            `json:"publishTime"`
	RedeliveryCount int               `json:"redeliveryCount"`
	Key             string            `json:"key"`
}

// toPulsar encrypts a message and queues it. It needs the lock.
func (c *Cloud) toPulsar(s *subscription, p *project, m draft) {
	key := keyOf(p.AccessSecret)
	properties := map[string]string{}
	var data string
	if c.opts.PulsarECB {
		data = sealECB(key, m.plain)
	} else {
		data = sealGCM(key, c.nonce(), m.plain)
		properties["em"] = "aes_gcm"
	}
	outer := map[string]any{
		"protocol": m.protocol, "pv": "2.0", "t": c.opts.stamp(m.at, false), "data": m.sealed(data),
	}
	outer["sign"] = messageSign(outer, key)
	payload := base64.StdEncoding.EncodeToString(marshal(outer))
	for range m.copies {
		c.messageNo++
		s.queue = append(s.queue, &parcel{
			no: c.messageNo, id: base64.StdEncoding.EncodeToString([]byte("m" + strconv.FormatInt(c.messageNo, 10))),
			payload: payload, properties: properties, key: m.device, published: m.at,
		})
	}
	if over := len(s.queue) - c.opts.Backlog; over > 0 {
		c.counters.Dropped += over
		clear(s.queue[:over])
		s.queue = s.queue[over:]
	}
	c.pump(s)
}

// pump sends the active consumer as much as it may have unacknowledged.
func (c *Cloud) pump(s *subscription) {
	if len(s.consumers) == 0 {
		return
	}
	k := s.consumers[0]
	for len(s.queue) > 0 && len(s.waiting) < k.window {
		p := s.queue[0]
		s.queue = s.queue[1:]
		p.deliveries++
		p.to = k
		s.waiting[p.id] = p
		c.counters.Delivered++
		if p.deliveries > 1 {
			c.counters.Redelivered++
		}
		k.line.Say(mustJSON(frame{
			MessageID: p.id, Payload: p.payload, Properties: p.properties, Key: p.key,
			PublishTime: p.published.UTC().Format(time.RFC3339Nano), RedeliveryCount: p.deliveries - 1,
		}))
		if k.ackTimeout > 0 {
			c.awaitAck(s, p, k.ackTimeout)
		}
	}
}

// awaitAck takes a message back that was not acknowledged in time.
func (c *Cloud) awaitAck(s *subscription, p *parcel, timeout time.Duration) {
	delivery := p.deliveries
	time.AfterFunc(timeout, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if s.waiting[p.id] == p && p.deliveries == delivery {
			delete(s.waiting, p.id)
			s.queue = append([]*parcel{p}, s.queue...)
			c.pump(s)
		}
	})
}

// ack settles a message; one that nobody waits for is none.
func (c *Cloud) ack(s *subscription, id string) {
	if s.waiting[id] != nil {
		delete(s.waiting, id)
		c.counters.Acknowledged++
	}
	c.pump(s)
}

// leave takes a consumer off; what it did not acknowledge goes to the next, in order.
func (c *Cloud) leave(s *subscription, k *consumer) {
	i := slices.Index(s.consumers, k)
	if i < 0 {
		return
	}
	s.consumers = slices.Delete(s.consumers, i, i+1)
	var back []*parcel
	for id, p := range s.waiting {
		if p.to == k {
			back = append(back, p)
			delete(s.waiting, id)
		}
	}
	slices.SortFunc(back, func(a, b *parcel) int { return cmp.Compare(a.no, b.no) })
	s.queue = append(back, s.queue...)
	c.pump(s)
}

// Unacknowledged is how many messages of a project's production topic still wait: for a
// consumer, or for its word.
func (c *Cloud) Unacknowledged(accessID string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subs[accessID+"/"+envProd]
	if s == nil {
		return 0
	}
	return len(s.queue) + len(s.waiting)
}

// Mute lets consumers stay and hear nothing at all, pongs included, and keeps Open-Hub
// silent.
func (c *Cloud) Mute(on bool) {
	c.faults.Lift(fault.Mute)
	if on {
		c.faults.Fail(fault.Fault{Kind: fault.Mute})
	}
}

// DropConsumers ends all of Pulsar's consumers: with a close frame of this code, or, if
// it is 0, by breaking the connections.
func (c *Cloud) DropConsumers(code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.subs {
		for _, k := range s.consumers {
			k.shut(code, "")
		}
	}
}
