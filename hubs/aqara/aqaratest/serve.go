package aqaratest

import (
	"context"
	"net"
	"net/http"
)

// ControlPath is where Serve puts the control surface.
const ControlPath = "/control"

// Serve serves s on the listener, its control surface below ControlPath, until ctx
// ends. It closes the listener and all connections before it returns.
func Serve(ctx context.Context, listener net.Listener, s *Studio) error {
	mux := http.NewServeMux()
	mux.Handle("/", s.Handler())
	mux.Handle(ControlPath+"/", http.StripPrefix(ControlPath, s.Control()))
	return s.faults.Serve(ctx, listener, mux)
}
