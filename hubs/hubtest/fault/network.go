package fault

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
)

// Transport carries requests by next, unless a fault of the network strikes: then they
// end as net/http reports it, and the simulator never hears of them.
func (t *Table) Transport(next http.RoundTripper) http.RoundTripper {
	return carrier{t, next}
}

type carrier struct {
	t    *Table
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if !c.t.striking() {
		return c.next.RoundTrip(r)
	}
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		_ = r.Body.Close() // it was read
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	switch c.t.network(c.t.describe(r, body)) {
	case DNS:
		return nil, &net.OpError{
			Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true},
		}
	case TLS:
		return nil, &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	default: // not struck
		return c.next.RoundTrip(r)
	}
}

// striking tells whether any fault of the network is due.
func (t *Table) striking() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.rules {
		if r.manner == OfNetwork {
			return true
		}
	}
	return false
}

// network gives the kind of the fault that strikes a request on its way; empty: none.
func (t *Table) network(q Request) (k Kind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draw(func(r *rule) bool { return r.manner == OfNetwork && k == "" && r.fits(q) }, func(r *rule) { k = r.Kind })
	return k
}
