package fault

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A stream of a day, over a pipe, in no time; the end of Serve ends what is open.
func TestServeOnPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		p := NewPipe()
		ctx, cancel := context.WithCancel(t.Context())
		handled := false
		served := make(chan error)
		go func() {
			served <- table.Serve(ctx, p, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close() //nolint:errcheck // the test ends
				<-r.Context().Done()
				handled = true
			}))
		}()
		tr := &http.Transport{DialContext: p.Dial}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://anything", nil)
		if err != nil {
			t.Fatal(err)
		}
		broke := make(chan error)
		go func() {
			resp, err := tr.RoundTrip(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			broke <- err
		}()
		pass(24 * time.Hour)
		cancel()
		if err := <-served; err != nil || !handled {
			t.Errorf("want an end after the handler's, got %v, handled: %v", err, handled)
		}
		if err := <-broke; err == nil {
			t.Error("want a broken stream")
		}
		if _, err := p.Dial(t.Context(), "", ""); !errors.Is(err, net.ErrClosed) {
			t.Errorf("want a closed pipe, got %v", err)
		}
	})
}

func TestServeTellsTrouble(t *testing.T) {
	var table Table
	p := NewPipe()
	_ = p.Close()
	if err := table.Serve(t.Context(), p, http.NotFoundHandler()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("want net.ErrClosed, got %v", err)
	}
	full, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewPipe().Dial(full, "", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("want context.Canceled, got %v", err)
	}
}
