package aqaratest

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

const (
	authWait    = 7 * time.Second  // for the first message of a socket without header
	idleWait    = 30 * time.Second // for any message of the client
	socketQueue = 1024
	closePolicy = int(websocket.StatusPolicyViolation)
)

// socket is one WebSocket. All fields below out are guarded by the Studio's mutex.
type socket struct {
	conn *websocket.Conn
	line *fault.Line
	out  chan []byte

	once   sync.Once
	done   chan struct{} // closed by shut
	code   int           // of the close frame; 0: none, the connection just breaks
	reason string

	token      string // that was accepted; empty: none yet
	subscribed bool
	all        bool
	devices    map[string]bool
	traits     map[Address]bool
}

// shut makes the socket end; what is queued goes out first.
func (sk *socket) shut(code int, reason string) {
	sk.once.Do(func() {
		sk.code, sk.reason = code, reason
		close(sk.done)
	})
}

// enqueue puts a message into the socket's queue.
func (sk *socket) enqueue(raw []byte) {
	select {
	case sk.out <- raw:
	default:
		sk.shut(0, "") // reads too slowly
	}
}

// wants says whether the socket has subscribed to the trait.
func (sk *socket) wants(a Address) bool {
	return sk.all || sk.devices[a.Device] || sk.traits[a]
}

// DropSockets ends all WebSockets: with a close frame of this code, or, if it is 0,
// by breaking the connections.
func (s *Studio) DropSockets(code int) { s.faults.Drop(code) }

// Mute lets the WebSockets stay open and say nothing at all, pongs included.
func (s *Studio) Mute(on bool) {
	s.faults.Lift(fault.Mute)
	if on {
		s.faults.Fail(fault.Fault{Kind: fault.Mute})
	}
}

// dropSockets ends those whose token is no longer good.
func (s *Studio) dropSockets() {
	if s.opts.OutliveToken {
		return
	}
	now := time.Now()
	for sk := range s.sockets {
		if sk.token != "" && s.checkAccess(sk.token, now, false) != "" {
			sk.shut(closePolicy, "token no longer valid")
		}
	}
}

// admit checks the upgrade. A socket without header is let in to say who it is.
func (s *Studio) admit(r *http.Request) (q *request, token, why string) {
	q = &request{http: r, now: time.Now(), kind: "WebSocket"}
	headers := r.Header.Values("Authorization")
	q.call = &Call{
		At: q.now, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Type: q.kind, Authorization: headers,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(q, s.describe(r, nil))
	if len(headers) > 0 {
		if token, why = bearer(headers); why == "" {
			why = s.checkAccess(token, q.now, false)
		}
		q.call.Refused = why
	}
	return q, token, why
}

// serveSocket runs one WebSocket until it ends.
func (s *Studio) serveSocket(w http.ResponseWriter, r *http.Request) {
	q, token, why := s.admit(r)
	books := noting{w, s, q}
	if q.Decisive != nil {
		s.faults.Strike(books, r, q.Plan, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		return
	}
	if !fault.Pause(r.Context(), q.Before) {
		return
	}
	if why != "" && s.opts.Refusal == RefuseUpgrade {
		output{
			status: http.StatusUnauthorized, header: http.Header{"Content-Type": {"application/json"}},
			body: errorMessage(unknownID, s.opts.ExpiredCode, "Token expired. Please generate a new token"),
		}.send(books)
		return
	}
	sk := &socket{out: make(chan []byte, socketQueue), done: make(chan struct{})}
	idle := time.AfterFunc(idleWait, func() { sk.shut(int(websocket.StatusGoingAway), "idle") })
	defer idle.Stop()
	s.open(sk, q, token, why) // before the client can know that it is connected
	defer s.forgetSocket(sk)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true,
		OnPingReceived: func(context.Context, []byte) bool {
			if !s.opts.FramePingsIgnored {
				idle.Reset(idleWait)
			}
			return !s.faults.Muted()
		},
	})
	if err != nil {
		s.noUpgrade(q) // Accept has answered
		return
	}
	conn.SetReadLimit(maxBody)
	sk.conn = conn
	s.converse(r, sk, idle)
}

func (s *Studio) forgetSocket(sk *socket) {
	sk.line.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, sk)
}

// noUpgrade corrects the books after a request that was no WebSocket handshake.
func (s *Studio) noUpgrade(q *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.call.Status, q.call.Refused = http.StatusUpgradeRequired, "no WebSocket handshake"
	s.counters.SocketsOpened--
	s.counters.ByStatus[http.StatusSwitchingProtocols]--
	s.counters.ByStatus[http.StatusUpgradeRequired]++
}

// open registers the socket and says what has to be said first.
func (s *Studio) open(sk *socket, q *request, token, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.call.Status = http.StatusSwitchingProtocols
	s.counters.ByStatus[http.StatusSwitchingProtocols]++
	s.counters.SocketsOpened++
	s.sockets[sk] = true
	sk.line = s.faults.OpenLine(q.Plan, &s.mu, sk.enqueue, func(code int) { sk.shut(code, "") })
	switch {
	case why != "" && s.opts.Refusal == RefuseError:
		sk.line.Say(errorMessage(unknownID, s.opts.ExpiredCode, "Token expired. Please generate a new token"))
		sk.shut(closePolicy, "unauthorized")
	case why != "":
		sk.shut(closePolicy, "unauthorized")
	case token != "":
		sk.token = token
		if s.opts.Greeting {
			s.pushTo(sk, "AuthResponse", unknownID, "Authentication successful. Welcome admin", "", fault.Push{})
		}
	}
}

// converse reads until the socket ends, while a goroutine of its own writes.
func (s *Studio) converse(r *http.Request, sk *socket, idle *time.Timer) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	late := time.AfterFunc(authWait, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if sk.token == "" {
			sk.shut(closePolicy, "no AuthRequest in time")
		}
	})
	defer late.Stop()
	var writer sync.WaitGroup
	writer.Go(func() {
		defer cancel()
		sk.write(ctx)
	})
	defer func() {
		s.forgetSocket(sk)
		cancel()
		writer.Wait()
		_ = sk.conn.CloseNow() // closed already, mostly
	}()
	for {
		kind, raw, err := sk.conn.Read(ctx)
		if err != nil {
			return
		}
		idle.Reset(idleWait)
		if !s.hear(ctx, r, sk, kind == websocket.MessageText, raw) {
			sk.shut(0, "")
		}
	}
}

// write sends the queue until the socket is shut, and closes it then.
func (sk *socket) write(ctx context.Context) {
	for {
		select {
		case raw := <-sk.out:
			if sk.conn.Write(ctx, websocket.MessageText, raw) != nil {
				return
			}
		case <-ctx.Done():
			return
		case <-sk.done:
			for len(sk.out) > 0 && sk.code != 0 {
				if sk.conn.Write(ctx, websocket.MessageText, <-sk.out) != nil {
					return
				}
			}
			if sk.code == 0 {
				_ = sk.conn.CloseNow() // breaking it is the point
				return
			}
			_ = sk.conn.Close(websocket.StatusCode(sk.code), sk.reason) // the client may be gone
			return
		}
	}
}
