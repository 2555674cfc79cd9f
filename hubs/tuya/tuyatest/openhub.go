package tuyatest

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// link is the credentials of one Open-Hub connection.
type link struct {
	accessID, uid string
	linkID        string
	clientID      string
	username      string
	password      string
	version       string
	sourceTopic   string
	expires       time.Time
	newest        int64 // the row of the newest device that is in its feed
	line          *fault.Line
}

func (l *link) lives(now time.Time) bool { return l.expires.After(now) }

func (c *Cloud) openHubRoutes() []route {
	return []route{
		{http.MethodPost, "/v1.0/iot-03/open-hub/access-config", OpAccessConfig, Notification, c.accessConfig},
		{http.MethodPost, "/v1.0/open-hub/access/config", OpAccessConfig, Notification, c.accessConfig},
	}
}

// accessConfig gives credentials that are good for a while. Those that the same link_id
// had before die.
func (c *Cloud) accessConfig(q *request) answer {
	var in struct {
		UID     string `json:"uid"`
		LinkID  string `json:"link_id"`
		Type    string `json:"link_type"`
		Topics  string `json:"topics"`
		Version string `json:"msg_encrypted_version"`
	}
	if !q.body(&in) {
		return refuse(codeIllegal, "body is no such object")
	}
	in.Version = cmp.Or(in.Version, "1.0")
	switch {
	case in.UID == "" || in.LinkID == "" || in.Type == "" || in.Topics == "":
		return refuse(codeEmpty, "uid, link_id, link_type or topics is missing")
	case in.Type != "mqtt":
		return refuse(codeIllegal, "link_type is not mqtt") // the vendor knows websocket, too
	case in.Version != "1.0" && in.Version != "2.0":
		return refuse(codeIllegal, "msg_encrypted_version is neither 1.0 nor 2.0")
	}
	for topic := range strings.SplitSeq(in.Topics, ",") {
		if topic != "device" {
			return refuse(codeIllegal, "topic "+topic+" is unknown")
		}
	}
	own := in.UID == q.project.UID && c.opts.OpenHubOwnUser
	if !own && (c.home.account(in.UID) == nil || !q.project.linked(in.UID)) {
		return refuse(codePermission, "account is not linked")
	}
	now := c.opts.Now()
	for _, l := range c.links {
		if l.accessID == q.project.AccessID && l.linkID == in.LinkID || !l.lives(now) {
			c.unlink(l)
		}
	}
	id := "cloud_" + c.random(32)
	l := &link{
		accessID: q.project.AccessID, uid: in.UID, linkID: in.LinkID, clientID: id,
		username: cmp.Or(c.opts.OpenHubUsername, id), password: cmp.Or(c.opts.OpenHubPassword, c.random(32)),
		version: in.Version, sourceTopic: "cloud/token/in/" + id, expires: now.Add(c.opts.OpenHubExpiresIn), newest: c.home.rows,
	}
	l.line = c.faults.OpenLine(q.Plan, &c.mu,
		func(msg []byte) { c.mail.post(c, letter{l.sourceTopic, msg}) }, func(int) { c.part(l) })
	c.links[id] = l
	c.counters.LinksGiven++
	return ok(map[string]any{
		"url": c.opts.OpenHubURL, "client_id": l.clientID, "username": l.username, "password": l.password,
		"expire_time":  int(c.opts.OpenHubExpiresIn.Seconds()),
		"source_topic": map[string]string{"device": l.sourceTopic},
		"sink_topic":   map[string]string{"device": "cloud/token/out/" + id},
	})
}

// AllowLink says whether a broker should let a client in: client ID, user name and
// password belong together, and have not expired.
func (c *Cloud) AllowLink(clientID, username, password string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.links[clientID]
	return l != nil && l.lives(c.opts.Now()) && l.username == username && l.password == password
}

// MayRead says whether a client of the broker may subscribe to a topic. It asks nobody,
// so that a broker may call it while it publishes.
func MayRead(clientID, topic string) bool { return topic == "cloud/token/in/"+clientID }

// DropLinks kills all Open-Hub credentials.
func (c *Cloud) DropLinks() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.links {
		c.unlink(l)
	}
}

// unlink lets the credentials of a link die. It needs the lock.
func (c *Cloud) unlink(l *link) {
	delete(c.links, l.clientID)
	l.line.Close()
	c.mail.drop(l.clientID)
}

// part breaks the connection of a link.
func (c *Cloud) part(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mail.drop(l.clientID)
}

// toOpenHub encrypts a message for each link that feeds on the device. A link does not
// know devices that came after it, but is told that they came. It needs the lock.
func (c *Cloud) toOpenHub(d *Device, m draft) {
	now := c.opts.Now()
	for _, id := range slices.Sorted(maps.Keys(c.links)) {
		l := c.links[id]
		p := c.projects[l.accessID]
		stranger := d.row > l.newest && m.protocol != protoEvent && m.protocol != protoLifecycle
		feeds := l.uid == d.UID || l.uid == d.Shared || l.uid == p.UID && p.sees(d)
		if !l.lives(now) || !feeds || stranger || p.Denied[Notification] != 0 {
			continue
		}
		payload := c.hubPayload(l, m)
		for range m.copies {
			l.line.Say(payload)
		}
	}
}

// hubPayload is the envelope of Open-Hub. Its t is sealed along as it is printed.
func (c *Cloud) hubPayload(l *link, m draft) []byte {
	key := keyOf(l.password)
	t := m.at.Unix()
	if c.opts.Stamp == StampMillis || c.opts.Stamp == StampText {
		t = m.at.UnixMilli()
	}
	printed := strconv.FormatInt(t, 10)
	var data string
	if l.version == "2.0" {
		data = sealGCM2(key, c.nonce(), m.plain, printed)
	} else {
		data = sealECB(key, m.plain)
	}
	outer := map[string]any{"protocol": m.protocol, "pv": "2.0", "t": json.Number(printed), "data": m.sealed(data)}
	outer["sign"] = messageSign(outer, key)
	return marshal(outer)
}
