package tuyatest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// ControlPath is where Serve puts the control surface.
const ControlPath = "/control"

// Serve serves c on the listener, its control surface below ControlPath, until ctx
// ends. It closes the listener and all connections before it returns.
func Serve(ctx context.Context, listener net.Listener, c *Cloud) error {
	mux := http.NewServeMux()
	var running crew
	mux.Handle("/", running.wrap(c.Handler()))
	mux.Handle(ControlPath+"/", http.StripPrefix(ControlPath, c.Control()))
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() {
		_ = server.Close() // Serve tells
	})
	defer stop()
	err := server.Serve(listener)
	c.DropConsumers(0)
	running.wait()
	if ctx.Err() != nil && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// crew waits for handlers: a hijacked connection is out of the server's sight.
type crew struct {
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func (c *crew) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return
		}
		c.wg.Add(1)
		c.mu.Unlock()
		defer c.wg.Done()
		h.ServeHTTP(w, r)
	})
}

func (c *crew) wait() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.wg.Wait()
}
