package bridge

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/rs/zerolog"
)

var (
	errMQTTCredentials = errors.New("cannot read the credentials")
	errMQTTSilent      = errors.New("the broker does not answer")
	errMQTTLogin       = errors.New("the broker does not let us in")
	errMQTTBadCA       = errors.New("MQTT_CA holds no certificate in PEM form")
	errMQTTBadPair     = errors.New("MQTT_CERT and MQTT_KEY do not fit together")
)

// mqttHealth remembers what was already said about the connection. All but the text belongs to Run's goroutine.
type mqttHealth struct {
	text     atomic.Pointer[string]
	reported map[string]bool // kinds of trouble that were logged since the last good connection
	since    time.Time       // of the outage; zero: there is none
	told     bool            // something was logged that the next connection ends
	short    int             // connections in a row that the broker ended soon and for no visible reason
}

func (h *mqttHealth) problem() string {
	if text := h.text.Load(); text != nil {
		return *text
	}
	return ""
}

// diagnose puts err into words for somebody who did not read the source, and names its kind: errors of one kind differ
// in ports and times only.
func (m *MQTT) diagnose(err error) (kind, text string, human bool) {
	var (
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		unknown  x509.UnknownAuthorityError
		plain    tls.RecordHeaderError
		remote   *net.OpError
		lookup   *net.DNSError
	)
	switch {
	case errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword), errors.Is(err, packets.ErrorRefusedNotAuthorised):
		return "login", "the broker refuses the user name or the password: check MQTT_USERNAME and MQTT_PASSWORD", true
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return "id", fmt.Sprintf("the broker refuses the client id %q: set MQTT_CLIENT_ID", m.cfg.ClientID), true
	case errors.Is(err, packets.ErrorRefusedBadProtocolVersion):
		return "version", "the broker does not speak MQTT 3.1.1", true
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return "unavailable", "the broker says that it is not available", false
	case errors.Is(err, errMQTTCredentials), errors.Is(err, errMQTTBadCA), errors.Is(err, errMQTTBadPair):
		return "credentials", err.Error(), true
	case errors.As(err, &unknown):
		return "ca", "the broker's certificate is signed by nobody we know: set MQTT_CA", true
	case errors.As(err, &hostname):
		return "name", "the broker's certificate is for another name: " + hostname.Error(), true
	case errors.As(err, &invalid):
		return "certificate", "the broker's certificate is not valid: " + invalid.Error(), true
	case errors.As(err, &plain):
		return "plain", "the broker does not speak TLS on this port: check the scheme and the port of MQTT_URL", true
	case errors.As(err, &remote) && remote.Op == "remote error":
		return "alert", "the broker ends the TLS handshake: " + remote.Err.Error() + "; check MQTT_CERT and MQTT_KEY", true
	case errors.Is(err, errMQTTSilent):
		return "silent", err.Error(), false
	case errors.As(err, &lookup):
		return "lookup", fmt.Sprintf("there is no address for %q", lookup.Name), false
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused", "nothing listens at the broker's address", false
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "closed", "the broker closes the connection before it lets us in: check the scheme and the port of MQTT_URL", false
	}
	return "other", err.Error(), false
}

// mqttFault is a failed attempt in plain words.
type mqttFault struct {
	text  string
	cause error
}

func (f *mqttFault) Error() string { return f.text }
func (f *mqttFault) Unwrap() error { return f.cause }

// explain makes err readable. What it wraps may be long; it holds no secrets, since the library never puts any there.
func (m *MQTT) explain(err error) error {
	if err == nil {
		return nil
	}
	_, text, _ := m.diagnose(err)
	return &mqttFault{text: "mqtt: " + text, cause: err}
}

// unreachable is told of a failed attempt. Each kind of trouble is logged once until there was a good connection.
func (m *MQTT) unreachable(err error) {
	kind, text, human := m.diagnose(err)
	h := &m.health
	h.text.Store(&text)
	if kind != "closed" { // which another client of our name may bring about, too
		h.short = 0
	}
	if h.since.IsZero() {
		h.since = time.Now()
	}
	m.store.pardon()
	if h.reported[kind] {
		m.log.Debug().Err(err).Msg("cannot connect to the broker")
		return
	}
	h.reported[kind], h.told = true, true
	level := zerolog.WarnLevel
	if human {
		level = zerolog.ErrorLevel
	}
	m.log.WithLevel(level).Str("reason", text).Msg("cannot connect to the broker, trying again")
}

func (m *MQTT) connected(first bool) {
	h := &m.health
	m.count.Connected.Store(true)
	if !first {
		m.count.Reconnects.Add(1)
	}
	if h.short < mqttFlaps {
		h.text.Store(nil)
	}
	event := m.log.Debug()
	if first || h.told {
		event = m.log.Info()
	}
	if !h.since.IsZero() {
		event = event.Dur("down_for", time.Since(h.since))
	}
	event.Msg("connected to the broker")
	h.since, h.told = time.Time{}, false
}

// mqttFlaps is how many connections must end soon, and by the broker, before we say why that may be.
const mqttFlaps = 3

// lost is told of a connection that broke, and says whether it had been a good one.
func (m *MQTT) lost(l *mqttLink) bool {
	h := &m.health
	h.since = time.Now()
	good := time.Since(l.since) >= m.timing.stable
	if good {
		h.short = 0
		clear(h.reported)
	}
	text := "the connection to the broker broke"
	h.text.Store(&text)
	poisoned := m.blame(l)
	if !h.reported["lost"] {
		h.reported["lost"], h.told = true, true
		m.log.Warn().AnErr("cause", l.cause).Msg("connection to the broker lost")
	}
	ended := errors.Is(l.cause, io.EOF) || errors.Is(l.cause, syscall.ECONNRESET) || errors.Is(l.cause, syscall.EPIPE)
	if good || poisoned || !ended || !l.online {
		return good
	}
	if h.short++; h.short >= mqttFlaps {
		text := fmt.Sprintf("the broker ends each connection soon: probably another client uses the client id %q", m.cfg.ClientID)
		h.text.Store(&text)
		if !h.reported["flaps"] {
			h.reported["flaps"], h.told = true, true
			m.log.Error().Str("client_id", m.cfg.ClientID).Msg(text)
		}
	}
	return good
}

// blame finds out what a message may have had to do with the loss. Only one that was alone under way is to blame for
// certain; all others that were not confirmed are sent alone the next time.
func (m *MQTT) blame(l *mqttLink) bool {
	m.store.suspects(l.pending)
	if l.alone == nil || l.events > 0 || m.health.short >= mqttFlaps {
		return false
	}
	if m.store.strike(*l.alone) {
		m.count.Dropped.Add(1)
		m.log.Error().Str("topic", l.alone.topic).Int("bytes", len(l.alone.payload)).
			Msg("broker ends the connection whenever it gets this message: it is left out; check the broker's size limit and ACL")
	}
	return true
}
