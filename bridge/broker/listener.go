package broker

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

const (
	// helloLimit is how long a connection may take to say who it is.
	helloLimit = 10 * time.Second
	// writeLimit is how long one write to a client may take. The server holds the client's lock meanwhile, and whoever
	// publishes to a client of QoS 1 needs that lock: one sleeping phone must not hold up all others.
	writeLimit = 5 * time.Second
	// farewellLimit is the same while the broker closes.
	farewellLimit = 300 * time.Millisecond
)

// listener is the server's view of our socket. The server's own listeners neither limit the time before CONNECT nor wait
// for connections accepted while they close, and warn whenever a client leaves.
type listener struct {
	socket net.Listener
	log    *slog.Logger
	failed chan struct{} // closed when accept ended without being asked to

	wg      sync.WaitGroup
	closing atomic.Bool
	done    chan struct{} // closed when closing

	mu     sync.Mutex
	conns  map[*conn]struct{}
	broken error
}

var _ listeners.Listener = (*listener)(nil)

func newListener(socket net.Listener) *listener {
	return &listener{
		socket: socket,
		log:    slog.New(slog.DiscardHandler),
		failed: make(chan struct{}),
		done:   make(chan struct{}),
		conns:  map[*conn]struct{}{},
	}
}

func (l *listener) ID() string       { return "tcp" }
func (l *listener) Protocol() string { return "tcp" }
func (l *listener) Address() string  { return l.socket.Addr().String() }

// Init takes the server's logger.
func (l *listener) Init(log *slog.Logger) error {
	l.log = log
	l.wg.Add(1) // for Serve, which the server starts in a goroutine of its own
	return nil
}

// Serve accepts until Close.
func (l *listener) Serve(establish listeners.EstablishFn) {
	defer l.wg.Done()
	for pause := time.Duration(0); ; {
		socket, err := l.socket.Accept()
		switch {
		case l.closing.Load():
			if err == nil {
				_ = socket.Close()
			}
			return
		case errors.Is(err, net.ErrClosed):
			l.mu.Lock()
			l.broken = err
			l.mu.Unlock()
			close(l.failed)
			return
		case err != nil: // out of descriptors, or the peer left while it waited
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			l.log.Warn("cannot accept a connection", "error", err)
			select {
			case <-time.After(pause):
			case <-l.done:
			}
		default:
			pause = 0
			l.serve(socket, establish)
		}
	}
}

func (l *listener) serve(socket net.Conn, establish listeners.EstablishFn) {
	c := &conn{Conn: socket, closing: &l.closing}
	_ = c.SetDeadline(time.Now().Add(helloLimit)) // the server sets its own once it knows the keep-alive
	l.mu.Lock()
	l.conns[c] = struct{}{}
	l.mu.Unlock()
	l.wg.Go(func() {
		_ = establish(l.ID(), c) // the server has logged what is worth it
		_ = c.Close()
		l.mu.Lock()
		delete(l.conns, c)
		l.mu.Unlock()
	})
}

// Close stops accepting, says goodbye to all clients, cuts what is left and waits for its end.
func (l *listener) Close(closeClients listeners.CloseFn) {
	if l.closing.Swap(true) {
		return
	}
	close(l.done)
	_ = l.socket.Close()
	l.each(func(c *conn) { _ = c.SetWriteDeadline(time.Now().Add(farewellLimit)) })
	closeClients(l.ID())
	l.each(func(c *conn) { _ = c.Close() })
	l.wg.Wait() // the server counts its clients in a way that must not begin while it waits for them
}

func (l *listener) each(do func(*conn)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		do(c)
	}
}

func (l *listener) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// conn limits each write, whatever deadlines the server sets.
type conn struct {
	net.Conn

	closing *atomic.Bool
}

// Write closes the connection when it fails: the server goes on writing otherwise, and keeps what it could not write.
func (c *conn) Write(p []byte) (int, error) {
	if !c.closing.Load() {
		_ = c.SetWriteDeadline(time.Now().Add(writeLimit))
	}
	n, err := c.Conn.Write(p)
	if err != nil {
		_ = c.Close()
	}
	return n, err //nolint:wrapcheck // the server looks at it as it is
}
