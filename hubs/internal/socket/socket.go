// Package socket holds what vendors that push over WebSockets share: the words for what
// broke a connection. Those of the libraries may quote what came in.
package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"syscall"

	"github.com/coder/websocket"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Broken makes the Transient error of a connection: the vendor's and the stream's name,
// what happened, and why as far as it can be told.
func Broken(name, what string, err error) *hubs.Error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	if why := reason(err); why != "" {
		what += ": " + why
	}
	return Fail(name, hubs.Transient, what)
}

// Fail makes the error of a stream.
func Fail(name string, f hubs.Fault, what string) *hubs.Error {
	return &hubs.Error{Fault: f, Err: errors.New(name + ": " + what)}
}

// reason names what broke a connection; empty: nothing that people know a word for.
func reason(err error) string {
	var (
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		errno   syscall.Errno
		timeout interface{ Timeout() bool }
		closed  websocket.CloseError
	)
	switch {
	case errors.As(err, &closed):
		return "closed with code " + strconv.Itoa(int(closed.Code))
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &dns):
		return "name is not known"
	case errors.As(err, &cert):
		return "certificate is not trusted"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, websocket.ErrMessageTooBig):
		return "a message that is too large"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "broken off"
	}
	return ""
}
