package main

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// spy is a broker that writes down what its clients do.
type spy struct {
	mochi.HookBase

	password string // empty: everybody is let in

	mu      sync.Mutex
	clients []string // ids, in the order in which they came
	wills   int
	sent    map[string]int // by client: whatever is no CONNECT, PING or DISCONNECT
	heard   bytes.Buffer   // topics and payloads
}

// spyBroker serves a broker with a spy in it, and returns its address.
func spyBroker(t *testing.T, password string) (*spy, string) {
	t.Helper()
	s := &spy{password: password, sent: map[string]int{}}
	server := mochi.New(&mochi.Options{Logger: quiet()})
	l := listeners.NewTCP(listeners.Config{ID: "tcp", Address: "127.0.0.1:0"})
	if err := server.AddHook(s, nil); err != nil {
		t.Fatal(err)
	}
	if err := server.AddListener(l); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return s, l.Address()
}

func (s *spy) ID() string { return "spy" }

func (s *spy) Provides(event byte) bool {
	return slices.Contains([]byte{mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnPacketRead}, event)
}

func (s *spy) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, cl.ID)
	if pk.Connect.WillFlag {
		s.wills++
	}
	return s.password == "" || string(pk.Connect.Password) == s.password
}

func (s *spy) OnACLCheck(*mochi.Client, string, bool) bool { return true }

func (s *spy) OnPacketRead(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch pk.FixedHeader.Type {
	case packets.Connect, packets.Pingreq, packets.Disconnect:
	default:
		s.sent[cl.ID]++
		s.heard.WriteString(pk.TopicName + " " + string(pk.Payload) + "\n")
	}
	return pk, nil
}

// seen gives the ids of all clients, how many had a will, and what they sent.
func (s *spy) seen() (clients []string, wills, sent int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.sent {
		sent += n
	}
	return slices.Clone(s.clients), s.wills, sent
}

func (s *spy) sentBy(match func(id string) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, k := range s.sent {
		if match(id) {
			n += k
		}
	}
	return n
}
