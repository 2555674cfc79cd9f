package tuya

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// relay stands between a client and the message service, and does to what is pushed what
// the suite's faults say. It ends with either side.
type relay struct {
	cloud  *tuyatest.Cloud
	faults *fault.Table
	mu     sync.Mutex
}

func (p *relay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	behind, stop, status := p.dial(ctx, r)
	defer stop()
	if behind == nil {
		w.WriteHeader(status)
		return
	}
	front, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OnPingReceived: func(context.Context, []byte) bool { return !p.faults.Muted() },
	})
	if err != nil {
		return
	}
	defer func() { _ = front.CloseNow() }()
	messages := make(chan []byte, 1000)
	line := p.faults.OpenLine(fault.PlanOf(r.Context()), &p.mu, func(msg []byte) { messages <- msg }, func(int) { cancel() })
	defer line.Close()
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer cancel()
	tasks.Go(func() { // what the client says
		defer cancel()
		for {
			_, raw, err := front.Read(ctx)
			if err != nil || behind.Write(ctx, websocket.MessageText, raw) != nil {
				return
			}
		}
	})
	tasks.Go(func() { // what the cloud says
		defer cancel()
		for {
			_, raw, err := behind.Read(ctx)
			if err != nil {
				return
			}
			plan := p.faults.Push("push")
			p.mu.Lock()
			line.Send(raw, plan)
			p.mu.Unlock()
		}
	})
	for {
		select {
		case <-ctx.Done():
			return
		case msg := <-messages:
			if front.Write(ctx, websocket.MessageText, msg) != nil {
				return
			}
		}
	}
}

// dial opens the service's own WebSocket, served for this one connection.
func (p *relay) dial(ctx context.Context, r *http.Request) (conn *websocket.Conn, stop func(), status int) {
	l := fault.NewPipe()
	srv := &http.Server{Handler: p.cloud.Handler(), ReadHeaderTimeout: time.Minute}
	var served sync.WaitGroup
	served.Go(func() { _ = srv.Serve(l) })
	tr := &http.Transport{DialContext: l.Dial, DisableKeepAlives: true}
	stop = func() {
		if conn != nil {
			_ = conn.CloseNow()
		}
		tr.CloseIdleConnections()
		_ = srv.Close()
		served.Wait()
	}
	header := http.Header{}
	for _, name := range []string{"username", "password"} {
		header.Set(name, r.Header.Get(name))
	}
	//nolint:bodyclose // Dial says that there is never a need to
	conn, resp, err := websocket.Dial(ctx, "ws://cloud.test"+strings.TrimPrefix(r.URL.RequestURI(), "http://cloud.test"),
		&websocket.DialOptions{HTTPClient: &http.Client{Transport: tr}, HTTPHeader: header})
	switch {
	case err == nil:
		return conn, stop, 0
	case resp != nil:
		return nil, stop, resp.StatusCode
	}
	return nil, stop, http.StatusBadGateway
}
