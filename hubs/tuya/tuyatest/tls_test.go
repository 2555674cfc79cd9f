package tuyatest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Everything as the vendor serves it: HTTPS, WebSocket over TLS, MQTT over TLS.
func TestOverTLS(t *testing.T) {
	b := newBench(t, Options{})
	srv := httptest.NewTLSServer(b.Handler())
	defer srv.Close()
	defer b.DropConsumers(0)
	b.url, b.client = srv.URL, srv.Client()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	l, err := tls.Listen("tcp", "127.0.0.1:0", srv.TLS)
	if err != nil {
		t.Fatal(err)
	}
	broker, err := NewBroker(b.Cloud, l)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	}()
	e := b.listen(usualQuery)
	c := b.link(DefaultUID, "one", "2.0")
	in := make(chan []byte, 1)
	client := paho.NewClient(paho.NewClientOptions().AddBroker("ssl://" + l.Addr().String()).SetClientID(c.ClientID).
		SetUsername(c.Username).SetPassword(c.Password).SetTLSConfig(&tls.Config{RootCAs: roots, ServerName: "example.com"}))
	done(t, client.Connect())
	defer client.Disconnect(0)
	done(t, client.Subscribe(c.Source["device"], 0, func(_ paho.Client, m paho.Message) { in <- m.Payload() }))
	b.set(Door, "doorcontact_state", true)
	if got := e.next(5 * time.Second); got == nil || got.value("doorcontact_state") != true {
		t.Errorf("want the door by Pulsar, got %+v", got)
	}
	select {
	case payload := <-in:
		if _, inner := openLetter(t, payload, c, "2.0"); inner["bizCode"] != "devicePropertyMessage" {
			t.Errorf("want the door by Open-Hub, got %v", inner)
		}
	case <-time.After(5 * time.Second):
		t.Error("want the door by Open-Hub, got nothing")
	}
}
