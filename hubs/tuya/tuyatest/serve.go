package tuyatest

import (
	"context"
	"net"
	"net/http"
)

// ControlPath is where Serve puts the control surface.
const ControlPath = "/control"

// Serve serves c on the listener, its control surface below ControlPath, until ctx
// ends. It closes the listener and all connections before it returns.
func Serve(ctx context.Context, listener net.Listener, c *Cloud) error {
	mux := http.NewServeMux()
	mux.Handle("/", c.Handler())
	mux.Handle(ControlPath+"/", http.StripPrefix(ControlPath, c.Control()))
	return c.faults.Serve(ctx, listener, mux)
}
