package bridge

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	// mqttChunk is written in one go, within mqttWriteLimit: a long message over a thin line takes its time, but one that
	// does not move at all is given up.
	mqttChunk      = 32 << 10
	mqttWriteLimit = 10 * time.Second
)

// mqttPorts is the usual port of a scheme; empty: not one of ours.
func mqttPorts(scheme string) string {
	switch scheme {
	case "mqtt", "tcp":
		return "1883"
	case "mqtts", "ssl", "tls":
		return "8883"
	case "ws":
		return "80"
	case "wss":
		return "443"
	}
	return ""
}

// dialMQTT opens the way to the broker. ctx covers the opening, life what is opened.
func dialMQTT(ctx, life context.Context, u *url.URL, c MQTTCredentials) (*mqttConn, error) {
	port := u.Port()
	if port == "" {
		port = mqttPorts(u.Scheme)
	}
	address := net.JoinHostPort(u.Hostname(), port)
	secure, err := mqttTLS(u, c)
	if err != nil {
		return nil, err
	}
	var socket net.Conn
	switch u.Scheme {
	case "ws", "wss":
		socket, err = dialMQTTWebSocket(ctx, life, u, secure)
	case "mqtts", "ssl", "tls":
		socket, err = (&tls.Dialer{Config: secure}).DialContext(ctx, "tcp", address)
	default:
		socket, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return nil, err
	}
	return &mqttConn{Conn: socket, in: bufio.NewReaderSize(socket, 4<<10)}, nil
}

// mqttTLS is nil for schemes without TLS.
func mqttTLS(u *url.URL, c MQTTCredentials) (*tls.Config, error) {
	switch u.Scheme {
	case "mqtts", "ssl", "tls", "wss":
	default:
		return nil, nil
	}
	cfg := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if len(c.CA) > 0 {
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(c.CA) {
			return nil, errMQTTBadCA
		}
	}
	if len(c.Cert) > 0 || len(c.Key) > 0 {
		pair, err := tls.X509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errMQTTBadPair, err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

func dialMQTTWebSocket(ctx, life context.Context, u *url.URL, secure *tls.Config) (net.Conn, error) {
	target := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	if target.Path == "" {
		target.Path = "/mqtt" // where all brokers listen; some take any path
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure, DisableKeepAlives: true}
	//nolint:bodyclose // the library says that the body must not be closed here
	c, _, err := websocket.Dial(ctx, target.String(), &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: transport},
		Subprotocols: []string{"mqtt"},
	})
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok { // has the query in its text
			err = inner.Err
		}
		return nil, fmt.Errorf("websocket: %w", err)
	}
	c.SetReadLimit(-1)
	return websocket.NetConn(life, c, websocket.MessageBinary), nil
}

// errMQTTCut stands in for the error of a connection that was closed on this side. The library takes the usual one for
// its own doing, and then waits for the keep-alive before it notices anything.
var errMQTTCut = errors.New("given up on this side")

// mqttConn is what the client library reads and writes. Its writes make progress or fail, and it can be cut.
type mqttConn struct {
	net.Conn

	in  *bufio.Reader // the library reads single bytes
	cut atomic.Bool

	write sync.Mutex
	until time.Time // zero: no end in sight
}

func (c *mqttConn) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	return n, c.explain(err)
}

func (c *mqttConn) explain(err error) error {
	if err != nil && c.cut.Load() {
		return errMQTTCut
	}
	return err
}

// Write keeps packets whole: keep-alives come from another goroutine.
func (c *mqttConn) Write(p []byte) (int, error) {
	c.write.Lock()
	defer c.write.Unlock()
	done := 0
	for {
		limit := time.Now().Add(mqttWriteLimit)
		if !c.until.IsZero() && c.until.Before(limit) {
			limit = c.until
		}
		_ = c.Conn.SetWriteDeadline(limit)
		n, err := c.Conn.Write(p[done:min(len(p), done+mqttChunk)])
		if done += n; err != nil || done == len(p) {
			return done, c.explain(err)
		}
	}
}

// SetWriteDeadline does nothing: Write sets its own.
func (c *mqttConn) SetWriteDeadline(time.Time) error { return nil }

// end makes whatever is written from now on fail after d.
func (c *mqttConn) end(d time.Duration) {
	until := time.Now().Add(d)
	_ = c.Conn.SetWriteDeadline(until) // for a write that is stuck now
	c.write.Lock()
	c.until = until
	c.write.Unlock()
}

// sever closes without a farewell.
func (c *mqttConn) sever() {
	c.cut.Store(true)
	_ = c.Close()
}
