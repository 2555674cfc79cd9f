package hubtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/metrics"
	"sync"
	"sync/atomic"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// stage is where the servers of a check stand: each at a host of its own, without a
// network.
type stage struct {
	mu    sync.Mutex
	hosts map[string]*fault.Pipe
	end   []func() error
	most  atomic.Uint64 // bytes of the heap while long answers were written
}

// put serves s and gives its address.
func (g *stage) put(ctx context.Context, s Server) (base string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	host := fmt.Sprintf("hub-%d.test", len(g.end)+1)
	p := fault.NewPipe()
	g.hosts[host] = p
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- s.Faults().Serve(ctx, p, g.weigh(s.Handler())) }()
	g.end = append(g.end, func() error {
		s.Faults().Heal()
		cancel()
		return <-served
	})
	return "http://" + host
}

// dial is for http.Transport.DialContext.
func (g *stage) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	p := g.hosts[host]
	g.mu.Unlock()
	if p == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return p.Dial(ctx, network, addr)
}

// close ends all servers.
func (g *stage) close() error {
	var errs []error
	for _, end := range g.end {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// weigh looks at the heap while long answers go out.
func (g *stage) weigh(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" { // what is hijacked must be what it is
			w = weighing{w, g}
		}
		h.ServeHTTP(w, r)
	})
}

type weighing struct {
	http.ResponseWriter
	stage *stage
}

// Write implements http.ResponseWriter.
func (w weighing) Write(p []byte) (int, error) {
	const long = 32 << 10
	if len(p) >= long {
		if now := heap(); now > w.stage.most.Load() {
			w.stage.most.Store(now)
		}
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w weighing) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
