package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/cenkalti/backoff/v4"
	"github.com/rs/zerolog"
)

// MQTTConfig is what an MQTT connection needs. Nothing in it may change afterwards.
type MQTTConfig struct {
	// URL has one of the schemes mqtt, tcp, mqtts, ssl, tls, ws, wss. Port and path may be missing.
	URL *url.URL
	// ClientID must be used by nobody else on the broker: two of the same name cut each other off for ever.
	ClientID string
	// Credentials is asked before each attempt to connect, so that rotated files are read again. Nil: none.
	Credentials func() (MQTTCredentials, error)
	// Will is what the broker publishes, retained, when the connection breaks, and what Run publishes at its end. An empty
	// topic: no will. Its topic must not be given to Set.
	Will MQTTMessage
	// Online is published on the will's topic after each replay.
	Online []byte
	// Subscriptions are the filters to begin with. They should not overlap: a broker may deliver twice what two match.
	Subscriptions []string
	// OnMessage gets what comes, in order, one at a time. It must not block, and must not keep the payload's memory beyond
	// its own use of it. Retained tells a message that the broker had kept.
	OnMessage func(topic string, payload []byte, retained bool)
	// OnConnect, if set, is called from Run's goroutine each time all values have been replayed. It must not block.
	OnConnect func()
	// Logger is told when a condition starts and when it ends.
	Logger zerolog.Logger
}

// MQTTCredentials is what the broker asks for. CA, Cert and Key are PEM text.
type MQTTCredentials struct {
	Username, Password string
	CA, Cert, Key      []byte
}

// MQTTMessage is a topic and what is published there.
type MQTTMessage struct {
	Topic   string
	Payload []byte
}

// MQTTCounters are for metrics. All may be read at any time.
type MQTTCounters struct {
	Published  atomic.Uint64 // messages handed to the broker, events and repetitions too
	Dropped    atomic.Uint64 // events not sent, values that cannot be sent
	Reconnects atomic.Uint64 // connections made after the first
	Connected  atomic.Bool
}

// mqttTiming is for tests to shorten.
type mqttTiming struct {
	connect  time.Duration // one attempt, from dialling to CONNACK
	first    time.Duration // wait before the second attempt
	longest  time.Duration // and before the hundredth
	stable   time.Duration // a connection that lived as long was a good one
	ack      time.Duration // how long the broker may take for an answer
	farewell time.Duration // for all that is said after the end was asked for
	pace     time.Duration // between two messages of Republish
	late     time.Duration // an event that waited longer is no longer true
	forgive  time.Duration // when a message that the broker does not bear is tried again
}

func defaultMQTTTiming() mqttTiming {
	return mqttTiming{
		connect:  10 * time.Second,
		first:    500 * time.Millisecond,
		longest:  30 * time.Second,
		stable:   time.Minute,
		ack:      20 * time.Second,
		farewell: time.Second,
		pace:     10 * time.Millisecond,
		late:     10 * time.Second,
		forgive:  time.Hour,
	}
}

// MQTT keeps the broker's retained messages equal to the values last given to Set, over any loss of connection or of the
// broker's memory. It holds each topic's last value and nothing else: what came and went during an outage is never sent.
//
// Topics are replayed in the order of their first Set, and changes go out in the order of their first Set since the
// topic was last sent. Who wants A on the broker before B gives A to Set first.
//
// Values go out with QoS 0, since every connection repeats the whole truth, and the client library would send old values
// again if it were trusted with them. Each connection is a client of its own that never reconnects by itself.
type MQTT struct {
	cfg    MQTTConfig
	timing mqttTiming
	store  *mqttStore
	count  MQTTCounters
	log    zerolog.Logger
	health mqttHealth

	running atomic.Bool
	subs    mqttFilters
}

// mqttFilters is what is wanted from the broker.
type mqttFilters struct {
	sync.Mutex

	wanted  []string
	refused map[string]bool // by the broker; belongs to Run's goroutine
}

// NewMQTT checks cfg; it does no I/O.
func NewMQTT(cfg MQTTConfig) (*MQTT, error) {
	var faults []error
	if cfg.URL == nil || cfg.URL.Hostname() == "" || mqttPorts(cfg.URL.Scheme) == "" {
		faults = append(faults, errors.New("mqtt: the broker's address must look like mqtt://host:1883 (or mqtts, ws, wss)"))
	}
	if cfg.ClientID == "" || !utf8.ValidString(cfg.ClientID) {
		faults = append(faults, errors.New("mqtt: a client id is needed"))
	}
	if cfg.Will.Topic != "" {
		faults = append(faults, checkMQTTTopic(cfg.Will.Topic))
	}
	for _, filter := range cfg.Subscriptions {
		faults = append(faults, checkMQTTFilter(filter))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if cfg.OnMessage == nil {
		cfg.OnMessage = func(string, []byte, bool) {}
	}
	if cfg.OnConnect == nil {
		cfg.OnConnect = func() {}
	}
	if cfg.Credentials == nil {
		cfg.Credentials = func() (MQTTCredentials, error) { return MQTTCredentials{}, nil }
	}
	m := &MQTT{
		cfg:    cfg,
		timing: defaultMQTTTiming(),
		log:    cfg.Logger.With().Str("broker", brokerName(cfg.URL)).Logger(),
	}
	m.store = newMQTTStore()
	m.health.reported = map[string]bool{}
	m.subs.refused = map[string]bool{}
	for _, filter := range cfg.Subscriptions {
		_ = m.Subscribe(filter) // was checked above
	}
	return m, nil
}

// brokerName is u without what may be secret.
func brokerName(u *url.URL) string { return u.Scheme + "://" + u.Host }

func checkMQTTTopic(topic string) error {
	switch {
	case topic == "", len(topic) > 65535, !utf8.ValidString(topic), strings.ContainsAny(topic, "+#\x00"):
		return fmt.Errorf("mqtt: %.80q is no topic to publish on", topic)
	}
	return nil
}

func checkMQTTFilter(filter string) error {
	bad := filter == "" || len(filter) > 65535 || !utf8.ValidString(filter) || strings.ContainsRune(filter, 0)
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		bad = bad || (strings.ContainsAny(level, "+#") && len(level) > 1) || (level == "#" && i < len(levels)-1)
	}
	if bad {
		return fmt.Errorf("mqtt: %.80q is no filter to subscribe to", filter)
	}
	return nil
}

// Counters are the live counters.
func (m *MQTT) Counters() *MQTTCounters { return &m.count }

// Problem says in plain words why there is no good connection; empty: there is one, or none was tried yet.
func (m *MQTT) Problem() string { return m.health.problem() }

// Set makes payload the retained value of topic, now or as soon as there is a connection; it never blocks. What equals
// the value given last is dropped. An empty payload takes the retained message back and, once the broker has confirmed
// that, forgets the topic. The payload must not be changed afterwards.
func (m *MQTT) Set(topic string, payload []byte) {
	if err := checkMQTTTopic(topic); err != nil || len(payload) > mqttMaxPayload {
		m.count.Dropped.Add(1)
		m.log.Error().Err(err).Int("bytes", len(payload)).Msg("cannot be published")
		return
	}
	m.store.set(topic, payload)
}

// Event sends payload on topic, not retained and in order, if there is a connection; else it is dropped and counted. It
// never blocks, and no event arrives late.
func (m *MQTT) Event(topic string, payload []byte) {
	if err := checkMQTTTopic(topic); err != nil || len(payload) > mqttMaxPayload || !m.store.event(topic, payload) {
		m.count.Dropped.Add(1)
	}
}

// Republish sends the values of all topics that match once more, unchanged ones too, in the order of replay and at most a
// hundred in a second, and says how many there are. Changes overtake it, and a new connection makes it superfluous: it
// ends without the rest then. Topics under way from an earlier call keep their place.
func (m *MQTT) Republish(match func(topic string) bool) int { return m.store.republish(match) }

// Topics calls yield with each topic that has a value, in the order of replay, until yield reports false.
func (m *MQTT) Topics(yield func(topic string) bool) {
	for _, topic := range m.store.topics() {
		if !yield(topic) {
			return
		}
	}
}

// Subscribe adds a filter, QoS 1, for now and for every later connection. Adding it again changes nothing. A refusal by
// the broker is logged.
func (m *MQTT) Subscribe(filter string) error {
	if err := checkMQTTFilter(filter); err != nil {
		return err
	}
	m.subs.Lock()
	defer m.subs.Unlock()
	if slices.Contains(m.subs.wanted, filter) {
		return nil
	}
	m.subs.wanted = append(m.subs.wanted, filter)
	m.store.poke(true)
	return nil
}

// Unsubscribe removes a filter.
func (m *MQTT) Unsubscribe(filter string) {
	m.subs.Lock()
	defer m.subs.Unlock()
	if i := slices.Index(m.subs.wanted, filter); i >= 0 {
		m.subs.wanted = slices.Concat(m.subs.wanted[:i], m.subs.wanted[i+1:])
		m.store.poke(true)
	}
}

func (m *MQTT) filters() []string {
	m.subs.Lock()
	defer m.subs.Unlock()
	return slices.Clone(m.subs.wanted)
}

// Check connects once, without a will and without publishing, and says in plain words what is wrong.
func (m *MQTT) Check(ctx context.Context) error {
	link, err := m.connect(ctx, false)
	if err != nil {
		return m.explain(err)
	}
	link.close()
	return nil
}

// Run connects, keeps the broker up to date and connects again, for ever. When ctx ends it sends what is left, publishes
// the will's payload, for a second at most, and returns nil when nothing that it started is left. It works once.
func (m *MQTT) Run(ctx context.Context) error {
	if m.running.Swap(true) {
		return errors.New("mqtt: already ran")
	}
	policy := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(m.timing.first),
		backoff.WithMaxInterval(m.timing.longest),
		backoff.WithMaxElapsedTime(0),
	)
	for first := true; ctx.Err() == nil; {
		link, err := m.connect(ctx, true)
		switch {
		case err == nil && ctx.Err() != nil:
			m.part(ctx, link)
		case err != nil && ctx.Err() == nil:
			m.unreachable(err)
		case err == nil:
			m.connected(first)
			first = false
			m.serve(ctx, link)
			if ctx.Err() == nil && m.lost(link) {
				policy.Reset()
			}
		}
		mqttWait(ctx, policy.NextBackOff())
	}
	return nil
}

// mqttWait returns after d or when ctx ends.
func mqttWait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
