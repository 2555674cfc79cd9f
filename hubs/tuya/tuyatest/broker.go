package tuyatest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Broker is Open-Hub's MQTT broker in this process: it lets in whom the Cloud gave
// credentials, and each client may only read its own topic.
type Broker struct {
	cloud  *Cloud
	server *mqtt.Server
}

// NewBroker serves the Cloud's messages on the listener, plain or TLS as the listener has
// it, until Close. Options.OpenHubURL has to name its address.
func NewBroker(c *Cloud, listener net.Listener) (*Broker, error) {
	server := mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	b := &Broker{cloud: c, server: server}
	err := errors.Join(
		server.AddHook(&doorman{cloud: c}, nil),
		server.AddListener(listeners.NewNet("openhub", listener)),
	)
	if err == nil {
		err = server.Serve()
	}
	if err != nil {
		return nil, fmt.Errorf("tuyatest: Open-Hub broker: %w", err)
	}
	c.Publish(func(topic string, payload []byte) error {
		return server.Publish(topic, payload, false, 0)
	}, b.Disconnect)
	return b, nil
}

// Disconnect breaks the connection of a client.
func (b *Broker) Disconnect(clientID string) {
	if cl, found := b.server.Clients.Get(clientID); found {
		cl.Stop(errors.New("credentials died"))
	}
}

// Close disconnects everybody and gives the listener back.
func (b *Broker) Close() error {
	b.cloud.Publish(nil, nil)
	return b.server.Close()
}

// doorman asks the Cloud.
type doorman struct {
	mqtt.HookBase

	cloud *Cloud
}

// ID names the hook.
func (h *doorman) ID() string { return "tuyatest" }

// Provides says which events reach the hook.
func (h *doorman) Provides(event byte) bool {
	return bytes.Contains([]byte{mqtt.OnConnectAuthenticate, mqtt.OnACLCheck}, []byte{event})
}

// OnConnectAuthenticate refuses unknown and expired credentials with CONNACK 5 or 4.
func (h *doorman) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	return h.cloud.AllowLink(cl.ID, string(pk.Connect.Username), string(pk.Connect.Password))
}

// OnACLCheck lets clients read their own topic.
func (h *doorman) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	return !write && MayRead(cl.ID, topic)
}
