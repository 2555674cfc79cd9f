package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
)

// Config is what the bridge needs beside its hubs. MQTT's Will, Online,
// Subscriptions, OnMessage and OnConnect are the bridge's to fill.
type Config struct {
	Base      string // BASE_TOPIC
	Prefix    string // DISCOVERY_PREFIX; empty: no discovery
	HAStatus  string // HA_STATUS_TOPIC
	PublicURL string
	Version   string
	MQTT      MQTTConfig
	Store     auth.KV
	Log       zerolog.Logger
	Levels    *LogLevels // of Log and of the hubs' loggers; nil: they cannot be changed
	// Resting are hubs that do not run now, but are wanted: what stands of them stays.
	Resting []string
	Metrics *Metrics // where figures go; nil: to metrics of its own
}

// Bridge runs hubs and keeps MQTT true to them.
type Bridge struct {
	cfg     Config
	layout  discovery.Layout // of the bridge's own topics
	mqtt    *MQTT
	out     outlet // mqtt's, but in tests
	set     hubSet
	haUp    atomic.Bool // Home Assistant said that it runs, and has not said otherwise since
	inbox   chan message
	started time.Time
	before  ownRecord     // of the last run
	changed chan struct{} // a hub's state changed

	changing sync.Mutex // one change of the hubs at a time

	replayed map[string]bool // command topics with a retained message, to say so once
}

// outlet is where the bridge publishes.
type outlet interface {
	publisher
	Republish(match func(topic string) bool) int
}

// message is what came on a subscribed topic.
type message struct {
	topic    string
	payload  []byte
	retained bool
}

const (
	inboxLength = 4096
	finishLimit = 5 * time.Second // for commands under way at the end
)

// New builds a bridge; it does no I/O.
func New(cfg Config, list []HubConfig) (*Bridge, error) {
	b := &Bridge{
		cfg:      cfg,
		layout:   discovery.Layout{Prefix: cfg.Prefix, Base: cfg.Base, PublicURL: cfg.PublicURL, Version: cfg.Version},
		inbox:    make(chan message, inboxLength),
		changed:  make(chan struct{}, 1),
		replayed: map[string]bool{},
	}
	if b.cfg.Metrics == nil {
		b.cfg.Metrics = NewMetrics()
	}
	mc := cfg.MQTT
	mc.Will = MQTTMessage{Topic: b.layout.BridgeStatus(), Payload: []byte("offline")}
	mc.Online = []byte("online")
	mc.OnMessage = b.receive
	mc.OnConnect = b.connected
	if cfg.Prefix != "" {
		mc.Subscriptions = append(mc.Subscriptions, b.layout.DiscoveryFilter())
		if cfg.HAStatus != "" {
			mc.Subscriptions = append(mc.Subscriptions, cfg.HAStatus)
		}
	}
	mc.Subscriptions = append(mc.Subscriptions, b.layout.RequestFilter())
	mc.Subscriptions = append(mc.Subscriptions, b.layout.CommandFilters()...)
	for _, hc := range list {
		l := b.layout
		l.Hub = hc.Name
		mc.Subscriptions = append(mc.Subscriptions, l.CommandFilters()...)
	}
	var err error
	if b.mqtt, err = NewMQTT(mc); err != nil {
		return nil, fmt.Errorf("mqtt: %w", err)
	}
	b.out = b.mqtt
	for _, hc := range list {
		b.set.list = append(b.set.list, b.makeHub(hc))
	}
	b.cfg.Metrics.registry.MustRegister(newScrape(b), buildInfo(cfg.Version))
	return b, nil
}

// MQTT is the bridge's connection, for metrics and checks.
func (b *Bridge) MQTT() *MQTT { return b.mqtt }

// Run works until ctx ends. It returns nil after a clean end: commands under way
// are finished, pollers stopped, "offline" published, in this order.
func (b *Bridge) Run(ctx context.Context) error {
	b.started = time.Now()
	mqttCtx, endMQTT := context.WithCancel(context.WithoutCancel(ctx))
	defer endMQTT()
	workCtx, endWork := context.WithCancel(context.WithoutCancel(ctx))
	defer endWork()

	b.sweep(ctx)
	b.announceSelf()
	var conn sync.WaitGroup
	var mqttErr error
	conn.Go(func() { mqttErr = b.mqtt.Run(mqttCtx) })
	ended := b.set.begin(workCtx)
	b.serve(ctx, workCtx)

	finish(ctx, b.set.all(), time.Now().Add(finishLimit))
	endWork()
	ended()
	for _, h := range b.set.haunting() {
		h.stopTimers()
		waitFor(&h.tasks, finishLimit)
	}
	endMQTT()
	conn.Wait()
	return mqttErr
}

// finish has hubs take no more commands and waits, not longer than end, for those under way.
func finish(ctx context.Context, hubs []*hubRun, end time.Time) {
	ctx = context.WithoutCancel(ctx) // which may have ended: that is why
	for _, h := range hubs {
		h.mu.Lock()
		h.closing = true
		h.mu.Unlock()
	}
	for _, h := range hubs {
		for h.commanding() && time.Now().Before(end) {
			sleep(ctx, 10*time.Millisecond)
		}
	}
}

// commanding tells whether commands are under way.
func (h *hubRun) commanding() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.devices {
		if d.queue.working {
			return true
		}
	}
	return false
}

// receive only queues: it runs on the connection's own goroutine.
func (b *Bridge) receive(topic string, payload []byte, retained bool) {
	select {
	case b.inbox <- message{topic, payload, retained}:
	default:
		b.mqtt.Counters().Dropped.Add(1)
		b.cfg.Log.Warn().Str("topic", topic).Msg("more messages come than can be handled, one is lost")
	}
}

func (b *Bridge) poke() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// serve handles what comes until ctx ends; what it starts lives with work.
func (b *Bridge) serve(ctx, work context.Context) {
	tick := time.NewTicker(infoEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-b.inbox:
			b.handle(work, m)
		case <-b.changed:
			b.publishInfo()
		case <-tick.C:
			b.publishInfo()
			b.publishSelf()
			for _, h := range b.set.all() {
				h.evaluate(time.Now(), 0)
			}
		}
	}
}

func (b *Bridge) handle(ctx context.Context, m message) {
	if m.topic == b.cfg.HAStatus {
		up := string(m.payload) == "online"
		b.haUp.Store(up)
		if up {
			b.birth(ctx)
		}
		return
	}
	if b.cfg.Prefix != "" && strings.HasPrefix(m.topic, b.cfg.Prefix+"/device/") {
		for _, h := range b.set.everyone() {
			if h.configSeen(m.topic, m.payload, m.retained) {
				return
			}
		}
		return
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(m.topic, b.cfg.Base+"/"), "/")
	h, ok := b.set.of(name)
	if !ok && name != discovery.BridgeID || len(m.payload) == 0 {
		return
	}
	if m.retained {
		if !b.replayed[m.topic] {
			b.replayed[m.topic] = true
			b.cfg.Log.Warn().Str("topic", m.topic).
				Msg("a command is retained on the broker and was ignored: publish commands without the retain flag")
		}
		return
	}
	if h == nil {
		b.bridgeMessage(ctx, m)
		return
	}
	for _, req := range h.layout.Parse(m.topic, m.payload, h.find) {
		h.submit(ctx, req)
	}
}

// birth follows Home Assistant's start: it lost all states that it did not restore.
func (b *Bridge) birth(ctx context.Context) {
	wait := 2*time.Second + rand.N(8*time.Second)
	b.cfg.Log.Info().Dur("in", wait).Msg("Home Assistant has started, states are sent again")
	time.AfterFunc(wait, func() {
		if ctx.Err() != nil {
			return
		}
		b.out.Republish(func(t string) bool { return strings.HasPrefix(t, b.cfg.Base+"/") && isAvailability(t) })
		b.out.Republish(func(t string) bool { return strings.HasPrefix(t, b.cfg.Base+"/") && !isAvailability(t) })
		for _, h := range b.set.everyone() {
			h.spawn(func() { h.payDebts(ctx) })
		}
	})
}

func isAvailability(topic string) bool {
	return strings.HasSuffix(topic, "/availability") || strings.HasSuffix(topic, "/status")
}

// bridgeInfo is BASE/info.
type bridgeInfo struct {
	Version string       `json:"version"`
	Started time.Time    `json:"started"`
	Hubs    []bridgeHubs `json:"hubs"`
}

type bridgeHubs struct {
	Name      string   `json:"name"`
	Vendor    string   `json:"vendor"`
	State     HubState `json:"state"`
	ErrorCode *string  `json:"error_code"`
}

func (b *Bridge) publishInfo() {
	info := bridgeInfo{Version: b.cfg.Version, Started: b.started.UTC().Truncate(time.Second), Hubs: []bridgeHubs{}}
	for _, h := range b.set.all() {
		h.mu.Lock()
		info.Hubs = append(info.Hubs, bridgeHubs{
			Name: h.cfg.Name, Vendor: h.cfg.Vendor, State: h.health.state, ErrorCode: textOrNil(codeOf(h.health.err)),
		})
		h.mu.Unlock()
	}
	if raw, err := json.Marshal(info); err == nil {
		b.out.Set(b.layout.BridgeInfo(), raw)
	}
}

// Ready tells whether MQTT is up and every hub has finished its first attempt,
// whatever came of it.
func (b *Bridge) Ready() bool {
	if !b.mqtt.Counters().Connected.Load() {
		return false
	}
	for _, h := range b.set.all() {
		h.mu.Lock()
		done := h.health.attempted
		h.mu.Unlock()
		if !done {
			return false
		}
	}
	return true
}
