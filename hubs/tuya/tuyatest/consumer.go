package tuyatest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

const (
	consumerQueue = 4096
	usualWindow   = 1000 // messages that a consumer may leave unacknowledged
	minAckTimeout = time.Second
)

// consumer is one WebSocket that listens to a subscription.
type consumer struct {
	conn       *websocket.Conn
	line       *fault.Line
	out        chan []byte
	ackTimeout time.Duration // 0: messages never come again
	window     int

	once   sync.Once
	done   chan struct{} // closed by shut
	code   int           // of the close frame; 0: none, the connection just breaks
	reason string
}

// shut makes the consumer end.
func (k *consumer) shut(code int, reason string) {
	k.once.Do(func() {
		k.code, k.reason = code, reason
		close(k.done)
	})
}

// say queues a frame.
func (k *consumer) say(raw []byte) {
	select {
	case k.out <- raw:
	default:
		k.shut(0, "") // reads too slowly
	}
}

// admitConsumer checks path, headers and query of the upgrade. It needs the lock.
func (c *Cloud) admitConsumer(r *http.Request, k *consumer) (s *subscription, status int, why string) {
	id := r.Header.Get("username")
	p := c.projects[id]
	switch {
	case p == nil || p.Elsewhere != Here:
		return nil, http.StatusUnauthorized, "username is no access ID of this data centre"
	case r.Header.Get("password") != PulsarPassword(p.AccessID, p.AccessSecret):
		return nil, http.StatusUnauthorized, "password does not fit"
	case p.Denied[Notification] != 0 || p.expired:
		return nil, http.StatusForbidden, "message service is not switched on"
	}
	env := ""
	for _, e := range []string{envProd, envTest} {
		if r.URL.Path == "/ws/v2/consumer/persistent/"+id+"/out/"+e+"/"+id+"-sub" {
			env = e
		}
	}
	if env == "" {
		return nil, http.StatusNotFound, "no such topic or subscription"
	}
	query := r.URL.Query()
	if query.Get("subscriptionType") != "Failover" {
		return nil, http.StatusBadRequest, "subscriptionType is not Failover"
	}
	if text := query.Get("ackTimeoutMillis"); text != "" {
		ms, err := strconv.Atoi(text)
		if k.ackTimeout = time.Duration(ms) * time.Millisecond; err != nil || k.ackTimeout < minAckTimeout {
			return nil, http.StatusBadRequest, "ackTimeoutMillis is not at least 1000"
		}
	}
	if text := query.Get("receiverQueueSize"); text != "" {
		n, err := strconv.Atoi(text)
		if k.window = n; err != nil || n < 1 {
			return nil, http.StatusBadRequest, "receiverQueueSize is not positive"
		}
	}
	return c.subs[id+"/"+env], http.StatusSwitchingProtocols, ""
}

// servePulsar runs one consumer until it ends.
func (c *Cloud) servePulsar(w http.ResponseWriter, r *http.Request, q *request) {
	k := &consumer{out: make(chan []byte, consumerQueue), done: make(chan struct{}), window: usualWindow}
	c.mu.Lock()
	c.record(q, r.Header.Get("username"))
	s, status, why := c.admitConsumer(r, k)
	q.call.Refused = why
	c.mu.Unlock()
	if q.Decisive != nil || why != "" {
		c.faults.Strike(noting{w, c, q}, r, q.Plan, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if why != "" {
				w.WriteHeader(status)
			}
		}))
		return
	}
	if !fault.Pause(r.Context(), q.Before) {
		return
	}
	idle := time.AfterFunc(c.opts.PulsarIdle, func() { k.shut(int(websocket.StatusGoingAway), "idle") })
	defer idle.Stop()
	c.join(s, k, q) // before the client can know that it is connected
	defer k.line.Close()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true,
		OnPingReceived: func(context.Context, []byte) bool {
			idle.Reset(c.opts.PulsarIdle)
			return !c.faults.Muted()
		},
	})
	if err != nil {
		c.noUpgrade(s, k, q) // Accept has answered
		return
	}
	k.conn = conn
	c.converse(r.Context(), s, k, idle)
}

// join puts the consumer behind those that are there.
func (c *Cloud) join(s *subscription, k *consumer, q *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q.call.Status = http.StatusSwitchingProtocols
	c.counters.ByStatus[http.StatusSwitchingProtocols]++
	c.counters.ConsumersOpened++
	k.line = c.faults.OpenLine(q.Plan, &c.mu, k.say, func(code int) { k.shut(code, "") })
	s.consumers = append(s.consumers, k)
	c.pump(s)
}

// noUpgrade corrects the books after a request that was no WebSocket handshake.
func (c *Cloud) noUpgrade(s *subscription, k *consumer, q *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leave(s, k)
	q.call.Status, q.call.Refused = http.StatusUpgradeRequired, "no WebSocket handshake"
	c.counters.ConsumersOpened--
	c.counters.ByStatus[http.StatusSwitchingProtocols]--
	c.counters.ByStatus[http.StatusUpgradeRequired]++
}

// converse reads acknowledgements until the consumer ends, while a goroutine of its own
// writes.
func (c *Cloud) converse(ctx context.Context, s *subscription, k *consumer, idle *time.Timer) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var writer sync.WaitGroup
	writer.Go(func() {
		defer cancel()
		k.write(ctx)
	})
	defer func() {
		c.mu.Lock()
		c.leave(s, k)
		c.mu.Unlock()
		cancel()
		writer.Wait()
		_ = k.conn.CloseNow() // closed already, mostly
	}()
	for {
		kind, raw, err := k.conn.Read(ctx)
		if err != nil {
			return
		}
		idle.Reset(c.opts.PulsarIdle)
		if !c.hear(s, kind, raw) {
			k.shut(int(websocket.StatusUnsupportedData), "no acknowledgement")
		}
	}
}

// hear takes what a consumer says: an acknowledgement, or Pulsar's flow control, which is
// none of a consumer's that was not asked to pull.
func (c *Cloud) hear(s *subscription, kind websocket.MessageType, raw []byte) bool {
	var in struct {
		Type      string `json:"type"`
		MessageID string `json:"messageId"`
	}
	if kind != websocket.MessageText || json.Unmarshal(raw, &in) != nil || strings.TrimSpace(in.MessageID) == "" {
		return false
	}
	if in.Type != "" && in.Type != "ack" {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ack(s, in.MessageID)
	return true
}

// write sends the queue until the consumer is shut, and closes it then.
func (k *consumer) write(ctx context.Context) {
	for {
		select {
		case raw := <-k.out:
			if k.conn.Write(ctx, websocket.MessageText, raw) != nil {
				return
			}
		case <-ctx.Done():
			return
		case <-k.done:
			if k.code == 0 {
				_ = k.conn.CloseNow() // breaking it is the point
				return
			}
			_ = k.conn.Close(websocket.StatusCode(k.code), k.reason) // the client may be gone
			return
		}
	}
}
