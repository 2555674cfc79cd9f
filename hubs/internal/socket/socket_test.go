package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"
	"testing"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestBroken(t *testing.T) {
	const secret = "wss://h/?token=canary"
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"closed":      {websocket.CloseError{Code: 4001, Reason: "canary"}, "closed with code 4001"},
		"late":        {fmt.Errorf("read: %w", context.DeadlineExceeded), "no answer in time"},
		"no name":     {&url.Error{Op: "Get", URL: secret, Err: &net.DNSError{Name: "canary"}}, "name is not known"},
		"certificate": {&tls.CertificateVerificationError{Err: errors.New("canary")}, "certificate is not trusted"},
		"refused":     {&url.Error{Op: "Get", URL: secret, Err: syscall.ECONNREFUSED}, "connection refused"},
		"too large":   {fmt.Errorf("canary: %w", websocket.ErrMessageTooBig), "a message that is too large"},
		"cut":         {io.ErrUnexpectedEOF, "broken off"},
		"anything":    {errors.New(secret), ""},
		"nothing":     {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := "toy: stream: it broke"
			if c.want != "" {
				want += ": " + c.want
			}
			got := Broken("toy: stream", "it broke", c.err)
			if got.Err.Error() != want || got.Fault != hubs.Transient {
				t.Errorf("want %q, got %q, %s", want, got.Err, got.Fault)
			}
		})
	}
}
