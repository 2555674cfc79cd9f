package bridge

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// scrape reads, at each scrape, what the bridge knows anyway.
type scrape struct {
	b *Bridge

	connected, published, reconnects, dropped *prometheus.Desc
	state, devices, entities                  *prometheus.Desc
	pushUp, mutes, panics                     *prometheus.Desc
	expiry, refreshes, quotaUsed, quotaLimit  *prometheus.Desc
}

func newScrape(b *Bridge) *scrape {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("hub2mqtt_"+name, help, labels, nil)
	}
	return &scrape{
		b:          b,
		connected:  desc("mqtt_connected", "1 while the MQTT broker is connected."),
		published:  desc("mqtt_published_total", "Messages handed to the broker."),
		reconnects: desc("mqtt_reconnects_total", "Connections to the broker after the first."),
		dropped:    desc("mqtt_dropped_total", "Events not sent, values that cannot be sent."),
		state:      desc("hub_state", "1 for the state that the hub is in.", hubLabel, "state"),
		devices:    desc("devices", "Devices shown.", hubLabel),
		entities:   desc("entities", "Entities shown.", hubLabel),
		pushUp:     desc("push_connected", "1 while the vendor's push works; missing where there is none.", hubLabel),
		mutes:      desc("push_mute_total", "How often the push was open and said nothing of what a poll found.", hubLabel),
		panics:     desc("panics_total", "Bugs in the hub's code that were caught.", hubLabel),
		expiry:     desc("token_expiry_seconds", "How long the token that ends first is good for; missing if none ends.", hubLabel),
		refreshes:  desc("token_refresh_total", "Renewals of tokens in this process.", hubLabel, "outcome"),
		quotaUsed:  desc("quota_used", "Calls used of the account's quota in its period.", hubLabel),
		quotaLimit: desc("quota_limit", "Calls that the account's quota allows in its period.", hubLabel),
	}
}

// Describe implements prometheus.Collector.
func (s *scrape) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		s.connected, s.published, s.reconnects, s.dropped, s.state, s.devices, s.entities,
		s.pushUp, s.mutes, s.panics, s.expiry, s.refreshes, s.quotaUsed, s.quotaLimit,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *scrape) Collect(to chan<- prometheus.Metric) {
	c := s.b.mqtt.Counters()
	s.gauge(to, s.connected, truth(c.Connected.Load()))
	s.counter(to, s.published, float64(c.Published.Load()))
	s.counter(to, s.reconnects, float64(c.Reconnects.Load()))
	s.counter(to, s.dropped, float64(c.Dropped.Load()))
	now := time.Now()
	for _, h := range s.b.set.all() {
		s.hub(to, h, now)
	}
}

func (s *scrape) gauge(to chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s *scrape) counter(to chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func (s *scrape) hub(to chan<- prometheus.Metric, h *hubRun, now time.Time) {
	name := h.cfg.Name
	h.mu.Lock()
	state, panics, push := h.health.state, h.panicked(), h.push
	devices, entities := h.counts()
	h.mu.Unlock()
	for _, word := range hubStates() {
		s.gauge(to, s.state, truth(word == string(state)), name, word)
	}
	s.gauge(to, s.devices, float64(devices), name)
	s.gauge(to, s.entities, float64(entities), name)
	if push.has {
		s.gauge(to, s.pushUp, truth(push.up), name)
	}
	s.counter(to, s.mutes, float64(push.mutes), name)
	s.counter(to, s.panics, float64(panics), name)
	if h.cfg.Tokens != nil {
		s.tokens(to, name, h.cfg.Tokens(), now)
	}
	if b, limited := h.budget(); limited {
		s.gauge(to, s.quotaUsed, float64(b.Used), name)
		s.gauge(to, s.quotaLimit, float64(b.Limit), name)
	}
}

func (s *scrape) tokens(to chan<- prometheus.Metric, hub string, all []auth.State, now time.Time) {
	var first time.Time
	good, bad := 0, 0
	for _, st := range all {
		good, bad = good+st.Refreshes, bad+st.Failures
		if !st.Expires.IsZero() && (first.IsZero() || st.Expires.Before(first)) {
			first = st.Expires
		}
	}
	if !first.IsZero() {
		s.gauge(to, s.expiry, first.Sub(now).Seconds(), hub)
	}
	s.counter(to, s.refreshes, float64(good), hub, "ok")
	s.counter(to, s.refreshes, float64(bad), hub, "failed")
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
