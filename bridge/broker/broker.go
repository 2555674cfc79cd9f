package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/rs/zerolog"
)

const (
	// maxPacket bounds what one packet may make the broker allocate, before its sender is known, too.
	maxPacket = 16 << 20
	// maxPending is how many messages may wait for one client. All retained messages that a new subscriber asks for stand
	// in this queue at once, and what does not fit is lost: it has to hold a large home.
	maxPending = 1 << 16
	// maxInflight is the same for messages of QoS 1 and 2.
	maxInflight = 1 << 15
	// sessionExpiry is how long a client that asked for a lasting session may stay away.
	sessionExpiry = 7 * 24 * 3600
	// sysInterval paces the $SYS topics, in seconds: each round stops the world for a moment to read memory figures.
	sysInterval = 30
)

// Config says where to listen and whom to let in.
type Config struct {
	// Addr is host:port. Without credentials it must be a loopback address. Port 0 takes a free one.
	Addr string
	// Username and Password are what every client must give. Both empty: everybody is let in.
	Username, Password string
	// Logger gets warnings and errors of the broker.
	Logger zerolog.Logger
}

// Broker is one broker on one address.
type Broker struct {
	server *mqtt.Server
	listen *listener
	gate   *gate

	mu      sync.Mutex
	running bool
	closed  chan struct{} // closed by Close
	ended   chan struct{} // closed when nothing of Run is left
}

// Listen takes the address. Clients that connect wait until Run serves them. The error says in plain words what to do when
// the port is taken (it wraps syscall.EADDRINUSE), or when the address can be reached from elsewhere without a password.
func Listen(ctx context.Context, cfg Config) (*Broker, error) {
	if (cfg.Username == "") != (cfg.Password == "") {
		return nil, errors.New("broker: MQTT_USERNAME and MQTT_PASSWORD are only useful together")
	}
	var lc net.ListenConfig
	socket, err := lc.Listen(ctx, "tcp", cfg.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("a broker already listens there: set MQTT_URL=mqtt://%s: %w", Reachable(cfg.Addr), err)
	}
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	if addr, ok := socket.Addr().(*net.TCPAddr); cfg.Password == "" && (!ok || !addr.IP.IsLoopback()) {
		_ = socket.Close()
		return nil, fmt.Errorf("broker: %s can be reached from other machines: set MQTT_USERNAME and MQTT_PASSWORD, or listen on 127.0.0.1", cfg.Addr)
	}
	b := &Broker{
		server: newServer(cfg.Logger),
		listen: newListener(socket),
		gate:   newGate(cfg.Username, cfg.Password, cfg.Logger),
		closed: make(chan struct{}),
		ended:  make(chan struct{}),
	}
	err = errors.Join(
		b.server.AddHook(b.gate, nil),
		b.server.AddListener(b.listen),
	)
	if err != nil {
		_ = socket.Close()
		return nil, fmt.Errorf("broker: %w", err)
	}
	return b, nil
}

func newServer(log zerolog.Logger) *mqtt.Server {
	caps := mqtt.NewDefaultServerCapabilities()
	// By default every retained message is deleted a day after it was published, from clients of 3.1.1 as well. 0 switches
	// that off; an expiry that a client of MQTT 5 asks for itself still holds.
	caps.MaximumMessageExpiryInterval = 0
	caps.MaximumSessionExpiryInterval = sessionExpiry
	caps.MaximumPacketSize = maxPacket
	caps.MaximumClientWritesPending = maxPending
	caps.MaximumInflight = maxInflight
	return mqtt.New(&mqtt.Options{
		Capabilities:             caps,
		ClientNetWriteBufferSize: 16 << 10,
		ClientNetReadBufferSize:  4 << 10,
		SysTopicResendInterval:   sysInterval,
		Logger:                   newLog(log),
		InlineClient:             true,
	})
}

// Reachable is addr as a client on this machine would write it.
func Reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Addr is where the broker listens, with the port that was given to it.
func (b *Broker) Addr() net.Addr { return b.listen.socket.Addr() }

// URL is the address as a client on this machine writes it.
func (b *Broker) URL() string { return "mqtt://" + Reachable(b.Addr().String()) }

// Run serves until ctx ends or Close is called, then disconnects all clients and returns when nothing is left of it. It
// works once; after Close it does nothing.
func (b *Broker) Run(ctx context.Context) error {
	b.mu.Lock()
	select {
	case <-b.closed:
		b.mu.Unlock()
		return nil
	default:
	}
	if b.running {
		b.mu.Unlock()
		return errors.New("broker: already ran")
	}
	b.running = true
	b.mu.Unlock()
	defer close(b.ended)

	if err := b.server.Serve(); err != nil {
		_ = b.listen.socket.Close()
		return fmt.Errorf("broker: %w", err)
	}
	select {
	case <-ctx.Done():
	case <-b.closed:
	case <-b.listen.failed:
	}
	err := b.server.Close()
	if cause := b.listen.err(); cause != nil {
		return fmt.Errorf("broker: accept: %w", cause)
	}
	if err != nil {
		return fmt.Errorf("broker: close: %w", err)
	}
	return nil
}

// Close frees the address, ends Run and waits for it. It may be called again, and without a Run.
func (b *Broker) Close() {
	b.mu.Lock()
	select {
	case <-b.closed:
	default:
		close(b.closed)
		if !b.running {
			_ = b.listen.socket.Close()
			close(b.ended)
		}
	}
	b.mu.Unlock()
	<-b.ended
}

// Retained is what the broker holds on the topics that match filter; `#` leaves $SYS out.
func (b *Broker) Retained(filter string) map[string][]byte {
	held := map[string][]byte{}
	b.gate.index.RLock()
	defer b.gate.index.RUnlock()
	for _, pk := range b.server.Topics.Messages(filter) {
		held[pk.TopicName] = pk.Payload
	}
	return held
}

// Publish sends a message as if a client had: for tests and for the demo.
func (b *Broker) Publish(topic string, payload []byte, retain bool) error {
	if err := b.server.Publish(topic, payload, retain, 0); err != nil {
		return fmt.Errorf("broker: publish: %w", err)
	}
	return nil
}

// Clients is the ids of the clients that are connected now.
func (b *Broker) Clients() []string {
	var ids []string
	for id, c := range b.server.Clients.GetAll() {
		if !c.Net.Inline && !c.Closed() {
			ids = append(ids, id)
		}
	}
	return ids
}

// Kick cuts the connection of a client without a farewell, so that its will is published. It reports whether there was one.
func (b *Broker) Kick(id string) bool {
	c, ok := b.server.Clients.Get(id)
	if !ok || c.Net.Conn == nil || c.Closed() {
		return false
	}
	return c.Net.Conn.Close() == nil
}
