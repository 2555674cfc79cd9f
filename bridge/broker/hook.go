package broker

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/rs/zerolog"
)

// gate lets clients in who know the one pair of credentials, and then lets them do everything. The server's own rule files
// take `*` in a password for a wildcard and compare in a time that depends on the text.
type gate struct {
	mqtt.HookBase

	open     bool
	username [sha256.Size]byte
	password [sha256.Size]byte

	// index guards the server's index of retained messages, which it writes while it reads. Read-locked while a new
	// subscriber's retained messages are collected, locked while one is stored.
	index    sync.RWMutex
	scanning sync.Map // clients for which index is read-locked

	log     zerolog.Logger
	refused atomic.Pointer[string] // the machine that was turned away last
}

func newGate(username, password string, log zerolog.Logger) *gate {
	return &gate{
		open:     username == "" && password == "",
		username: sha256.Sum256([]byte(username)),
		password: sha256.Sum256([]byte(password)),
		log:      log,
	}
}

// ID names the hook.
func (g *gate) ID() string { return "gate" }

// Provides says which events reach the hook.
func (g *gate) Provides(event byte) bool {
	return slices.Contains([]byte{
		mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnConnect, mqtt.OnSubscribed,
		mqtt.OnPublish, mqtt.OnWill, mqtt.OnRetainMessage, mqtt.OnPacketSent, mqtt.OnPacketProcessed,
	}, event)
}

// OnConnectAuthenticate compares digests, so that neither content nor length shows in the time it takes.
func (g *gate) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	username := sha256.Sum256(pk.Connect.Username)
	password := sha256.Sum256(pk.Connect.Password)
	known := subtle.ConstantTimeCompare(username[:], g.username[:]) & subtle.ConstantTimeCompare(password[:], g.password[:])
	ok := g.open || known == 1
	if !ok {
		g.report(cl)
	}
	return ok
}

// report tells of a machine that is turned away, once while it tries again and again.
func (g *gate) report(cl *mqtt.Client) {
	host, _, err := net.SplitHostPort(cl.Net.Remote)
	if err != nil {
		host = cl.Net.Remote
	}
	if last := g.refused.Swap(&host); last == nil || *last != host {
		g.log.Warn().Str("remote", host).Str("client", cl.ID).Msg("client refused: wrong user name or password")
	}
}

// OnACLCheck allows everything to who was let in.
func (g *gate) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// OnConnect keeps the server from using topic aliases towards the client: it gives them out before it queues, so that two
// publishers, or one dropped message, make the client see an alias it was never told.
func (g *gate) OnConnect(cl *mqtt.Client, _ packets.Packet) error {
	cl.Properties.Props.TopicAliasMaximum = 0
	return nil
}

// OnSubscribed gives retained messages the subscription's identifier, which the server only gives to live ones. It runs
// after the subscription was stored (the stored one must not carry this map, the server writes into it) and before the
// retained messages go out; the slice is the one the server goes on with.
func (g *gate) OnSubscribed(_ *mqtt.Client, pk packets.Packet, _ []byte) {
	for i, sub := range pk.Filters {
		if sub.Identifier > 0 {
			pk.Filters[i].Identifiers = map[string]int{sub.Filter: sub.Identifier}
		}
	}
}

// OnPublish is what the server calls right before it stores a retained message, and OnRetainMessage right after.
func (g *gate) OnPublish(_ *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Retain && !pk.Ignore {
		g.index.Lock()
	}
	return pk, nil
}

// OnWill is the same for a will. A delayed one is stored later, without a call before.
func (g *gate) OnWill(cl *mqtt.Client, will mqtt.Will) (mqtt.Will, error) {
	if will.Retain && cl.Properties.Will.WillDelayInterval == 0 {
		g.index.Lock()
	}
	return will, nil
}

// OnRetainMessage ends what OnPublish or OnWill began.
func (g *gate) OnRetainMessage(_ *mqtt.Client, pk packets.Packet, _ int64) {
	if pk.Connect.WillProperties.WillDelayInterval == 0 {
		g.index.Unlock()
	}
}

// OnPacketSent runs between the answer to a subscription and the retained messages.
func (g *gate) OnPacketSent(cl *mqtt.Client, pk packets.Packet, _ []byte) {
	if pk.FixedHeader.Type == packets.Suback {
		g.index.RLock()
		g.scanning.Store(cl, nil)
	}
}

// OnPacketProcessed runs after the retained messages were queued.
func (g *gate) OnPacketProcessed(cl *mqtt.Client, pk packets.Packet, _ error) {
	if pk.FixedHeader.Type != packets.Subscribe {
		return
	}
	if _, ok := g.scanning.LoadAndDelete(cl); ok {
		g.index.RUnlock()
	}
}
