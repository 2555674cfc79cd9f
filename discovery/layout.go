package discovery

import (
	"net/url"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Message is what to publish; bridge decides when, but not before After has passed
// since the previous one of the same call.
type Message struct {
	Topic   string
	Payload []byte
	Retain  bool
	After   time.Duration
}

// Layout names the topics of one hub, or of the bridge's own device when Hub is
// empty. All its methods are pure.
type Layout struct {
	Prefix    string // Home Assistant's discovery prefix; empty: no discovery
	Base      string // BASE of all topics; may have several levels
	Hub       string // the hub's name; empty: the bridge itself
	PublicURL string // where a browser finds our page; may be empty
	Version   string // ours
}

// Placed is a device with its place in our topics.
type Placed struct {
	hubs.Device
	// ID is the device's level in topics: HubID for hubs.Self, BridgeID for the bridge.
	ID string
	// ViaID is the ID of the device it hangs behind; empty or HubID: the hub itself.
	ViaID string
}

// The reserved IDs.
const (
	HubID    = "hub"    // the hub's own device
	BridgeID = "bridge" // the bridge's own device, in a Layout without Hub
)

// What availability and status topics say.
const (
	Online  = "online"
	Offline = "offline"
)

// BridgeStatus is the topic of the last will.
func (l Layout) BridgeStatus() string { return l.Base + "/status" }

// BridgeInfo is the topic that tells about the bridge and all hubs.
func (l Layout) BridgeInfo() string { return l.Base + "/info" }

// HubStatus is the topic that tells whether the hub can be reached.
func (l Layout) HubStatus() string { return l.root() + "/status" }

// HubInfo is the topic that tells about the hub.
func (l Layout) HubInfo() string { return l.root() + "/info" }

// HubDevices is the topic of the hub's list for people.
func (l Layout) HubDevices() string { return l.root() + "/devices" }

// RequestFilter is what to subscribe for the request verbs.
func (l Layout) RequestFilter() string { return l.Base + "/bridge/request/#" }

// ResponseTopic is where the answer to a request verb goes.
func (l Layout) ResponseTopic(verb string) string { return l.Base + "/bridge/response/" + verb }

// CommandFilters are what to subscribe for the commands of this hub's devices.
func (l Layout) CommandFilters() []string {
	level := l.root() + "/+"
	if l.Hub == "" {
		level = l.root() + "/" + BridgeID
	}
	return []string{level + "/set", level + "/+/set", level + "/+/+/set", level + "/get"}
}

// DiscoveryFilter is what to subscribe to see the discovery messages of all devices,
// ours and others'; empty when discovery is off.
func (l Layout) DiscoveryFilter() string {
	if l.Prefix == "" {
		return ""
	}
	return l.Prefix + "/device/+/config"
}

// ConfigTopic is the topic of a device's discovery message; empty when discovery is off.
func (l Layout) ConfigTopic(id string) string {
	if l.Prefix == "" {
		return ""
	}
	return l.Prefix + "/device/" + l.NodeID(id) + "/config"
}

// NodeID is the device's identifier in Home Assistant: BASE_HUB_DEVICE.
func (l Layout) NodeID(id string) string {
	base := strings.ReplaceAll(l.Base, "/", "_")
	if l.Hub == "" {
		return base + "_" + id
	}
	return base + "_" + l.Hub + "_" + id
}

// DeviceTopic is the topic of the device JSON.
func (l Layout) DeviceTopic(id string) string { return l.root() + "/" + id }

// AvailabilityTopic is the topic that tells whether the device can be reached.
func (l Layout) AvailabilityTopic(id string) string { return l.DeviceTopic(id) + "/availability" }

// ResultTopic is where the results of the device's commands go.
func (l Layout) ResultTopic(id string) string { return l.DeviceTopic(id) + "/result" }

// EntityTopic is the topic of an entity that has one of its own, and of its events.
func (l Layout) EntityTopic(id, key string) string { return l.DeviceTopic(id) + "/" + key }

// CommandTopic is where an entity is commanded.
func (l Layout) CommandTopic(id, key string) string { return l.EntityTopic(id, key) + "/set" }

// AttrTopic is where one attribute of an entity, by the name it has in our JSON, is
// commanded.
func (l Layout) AttrTopic(id, key, attr string) string {
	return l.EntityTopic(id, key) + "/" + attr + "/set"
}

// PageURL is the device's page, or empty when no valid PublicURL is set.
func (l Layout) PageURL(id string) string {
	u, err := url.Parse(l.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	page := strings.TrimRight(l.PublicURL, "/") + "/#"
	if l.Hub != "" {
		page += "/" + l.Hub
	}
	return page + "/" + id
}

// Availability tells whether the device can be reached.
func (l Layout) Availability(d Placed, online bool) Message {
	word := Offline
	if online {
		word = Online
	}
	return Message{Topic: l.AvailabilityTopic(d.ID), Payload: []byte(word), Retain: true}
}

// Topics lists every retained topic that the device owns, its discovery message first.
func (l Layout) Topics(d Placed) []string {
	var topics []string
	if l.Prefix != "" {
		topics = append(topics, l.ConfigTopic(d.ID))
	}
	topics = append(topics, l.DeviceTopic(d.ID), l.AvailabilityTopic(d.ID))
	for i := range d.Entities {
		if e := &d.Entities[i]; ownTopic(e.Spec) {
			topics = append(topics, l.EntityTopic(d.ID, e.Key))
		}
	}
	return topics
}

// Withdraw empties every retained topic of the device. Home Assistant forgets only
// what it has discovered in this run: where that is not sure, Announce comes first.
func (l Layout) Withdraw(d Placed) []Message {
	topics := l.Topics(d)
	ms := make([]Message, len(topics))
	for i, topic := range topics {
		ms[i] = Message{Topic: topic, Retain: true}
	}
	if l.Prefix != "" {
		ms[1].After = settle // or templates would meet the empty state
	}
	return ms
}

// settle is how long Home Assistant gets to work through one discovery message.
const settle = 1500 * time.Millisecond

func (l Layout) root() string {
	if l.Hub == "" {
		return l.Base
	}
	return l.Base + "/" + l.Hub
}

// ownTopic tells the kinds whose JSON Home Assistant reads without a template.
func ownTopic(s hubs.Spec) bool {
	switch s.(type) {
	case hubs.Light, hubs.Vacuum:
		return true
	}
	return false
}
