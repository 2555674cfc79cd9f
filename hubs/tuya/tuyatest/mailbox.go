package tuyatest

// Publisher hands one message to the broker of Open-Hub, QoS 0 and not retained. It may
// block; the Cloud calls it without its lock, one message after the other.
type Publisher func(topic string, payload []byte) error

// letter is a message for the broker.
type letter struct {
	topic   string
	payload []byte
}

// mailbox carries letters to the broker, in their order. All fields are guarded by the
// Cloud's mutex.
type mailbox struct {
	publish Publisher
	part    func(clientID string)
	letters []letter
	running bool
}

// Publish gives the Cloud the broker of Open-Hub; nil takes it away. Messages from times
// without broker are lost, as they are when nobody listens. part, if not nil, is asked to
// disconnect a client whose credentials have died before their time, or whose connection
// is to break.
func (c *Cloud) Publish(to Publisher, part func(clientID string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mail.publish, c.mail.part = to, part
}

// post queues a letter, and starts the postman if he is not on his way.
func (m *mailbox) post(c *Cloud, l letter) {
	if m.publish == nil {
		return
	}
	m.letters = append(m.letters, l)
	if !m.running {
		m.running = true
		go c.deliver()
	}
}

// drop asks the broker to part with a client.
func (m *mailbox) drop(clientID string) {
	if m.part != nil {
		m.part(clientID)
	}
}

// deliver works until the mailbox is empty.
func (c *Cloud) deliver() {
	for {
		c.mu.Lock()
		publish := c.mail.publish
		if len(c.mail.letters) == 0 || publish == nil {
			c.mail.letters, c.mail.running = nil, false
			c.mu.Unlock()
			return
		}
		l := c.mail.letters[0]
		c.mail.letters = c.mail.letters[1:]
		c.mu.Unlock()
		err := publish(l.topic, l.payload)
		c.mu.Lock()
		c.counters.Published++
		if err != nil {
			c.counters.PublishFailed++
		}
		c.mu.Unlock()
	}
}
