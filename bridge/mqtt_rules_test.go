package bridge

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// mqttRules is a broker's hook that makes trouble.
type mqttRules struct {
	mochi.HookBase

	mu       sync.Mutex
	password string
	deny     string                       // filters with this text are refused
	poison   func(pk packets.Packet) bool // a message that the broker answers by hanging up
	drops    atomic.Int64
	old      atomic.Int64 // attempts in MQTT 3.1
}

func (r *mqttRules) ID() string { return "rules" }

func (r *mqttRules) Provides(event byte) bool {
	return event == mochi.OnConnectAuthenticate || event == mochi.OnACLCheck || event == mochi.OnPacketRead
}

func (r *mqttRules) OnConnectAuthenticate(_ *mochi.Client, pk packets.Packet) bool {
	if pk.ProtocolVersion < 4 {
		r.old.Add(1)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(pk.Connect.Password) == r.password
}

func (r *mqttRules) OnACLCheck(_ *mochi.Client, topic string, write bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return write || r.deny == "" || !strings.Contains(topic, r.deny)
}

func (r *mqttRules) OnPacketRead(_ *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Type == packets.Publish && r.poison != nil && r.poison(pk) {
		r.drops.Add(1)
		return pk, packets.ErrRejectPacket
	}
	return pk, nil
}

// mqttListener waits for its connections before the server does, which is not made for new ones meanwhile.
type mqttListener struct {
	net.Listener

	wg    sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
}

func (l *mqttListener) ID() string              { return "test" }
func (l *mqttListener) Protocol() string        { return "tcp" }
func (l *mqttListener) Address() string         { return l.Addr().String() }
func (l *mqttListener) Init(*slog.Logger) error { l.wg.Add(1); return nil }

func (l *mqttListener) Serve(establish listeners.EstablishFn) {
	defer l.wg.Done()
	for c, err := l.Accept(); err == nil; c, err = l.Accept() {
		l.mu.Lock()
		l.conns = append(l.conns, c)
		l.mu.Unlock()
		l.wg.Go(func() { _ = establish("test", c) })
	}
}

func (l *mqttListener) Close(listeners.CloseFn) {
	_ = l.Listener.Close()
	l.mu.Lock()
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
}

// newMochi runs a server with rules behind a listener.
func newMochi(t *testing.T, rules *mqttRules, l listeners.Listener) *mochi.Server {
	t.Helper()
	s := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler), InlineClient: true})
	if err := errors.Join(s.AddHook(rules, nil), s.AddListener(l), s.Serve()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func mqttSocket(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}
