package bridge

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the bridge's figures for Prometheus, all names in one place. What is
// counted as it happens stands here; what is only looked at is read at each scrape
// (scrape.go).
type Metrics struct {
	registry *prometheus.Registry

	calls       *prometheus.CounterVec
	callSeconds *prometheus.HistogramVec
	pollSeconds *prometheus.HistogramVec
	pushEvents  *prometheus.CounterVec
	lag         *prometheus.HistogramVec
	commands    *prometheus.CounterVec
	commandTime *prometheus.HistogramVec
	held        *prometheus.CounterVec
}

const hubLabel = "hub"

// The buckets reach from what one sees in a home's network to the longest call.
func callBuckets() []float64 { return []float64{.005, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60} }

func lagBuckets() []float64 {
	return []float64{.0001, .0005, .001, .005, .01, .025, .05, .1, .25, .5, 1, 5}
}

// NewMetrics makes the figures; all are zero.
func NewMetrics() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{hubLabel}, labels...))
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets},
			append([]string{hubLabel}, labels...))
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls:    counter("hub2mqtt_hub_calls_total", "Calls to the vendor, by how they ended: ok, rejected, or the kind of fault.", "call", "outcome"),
		callSeconds: histogram("hub2mqtt_hub_call_seconds", "How long calls to the vendor took.", callBuckets(),
			"call"),
		pollSeconds: histogram("hub2mqtt_poll_seconds", "How long reading all values of the hub took.", callBuckets()),
		pushEvents:  counter("hub2mqtt_push_events_total", "Readings that came over the vendor's push."),
		lag: histogram("hub2mqtt_event_to_publish_seconds",
			"From a pushed reading to its message's hand-over to the MQTT client, merging of bursts included.", lagBuckets()),
		commands:    counter("hub2mqtt_commands_total", "Results of commands: ok, or the result's code.", "outcome"),
		commandTime: histogram("hub2mqtt_command_seconds", "From a command's arrival to its result.", callBuckets()),
		held:        counter("hub2mqtt_stale_reads_held_total", "Values read that were older than what is known or than a command under way."),
	}
	m.registry.MustRegister(m.calls, m.callSeconds, m.pollSeconds, m.pushEvents, m.lag, m.commands, m.commandTime, m.held,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Observe gives the hook that counts a hub's calls to its vendor (hubs.Deps.Observe).
func (m *Metrics) Observe(hub string) func(call, outcome string, took time.Duration) {
	return func(call, outcome string, took time.Duration) {
		m.calls.WithLabelValues(hub, call, outcome).Inc()
		m.callSeconds.WithLabelValues(hub, call).Observe(took.Seconds())
	}
}

// Handler serves the figures in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// forget drops what was counted of a hub that is no longer there.
func (m *Metrics) forget(hub string) {
	of := prometheus.Labels{hubLabel: hub}
	for _, v := range []interface{ DeletePartialMatch(prometheus.Labels) int }{
		m.calls, m.callSeconds, m.pollSeconds, m.pushEvents, m.lag, m.commands, m.commandTime, m.held,
	} {
		v.DeletePartialMatch(of)
	}
}

// meter is one hub's part of the figures.
type meter struct {
	pollSeconds prometheus.Observer
	pushEvents  prometheus.Counter
	lag         prometheus.Observer
	commands    *prometheus.CounterVec
	commandTime prometheus.Observer
	held        prometheus.Counter
}

func (m *Metrics) of(hub string) meter {
	return meter{
		pollSeconds: m.pollSeconds.WithLabelValues(hub),
		pushEvents:  m.pushEvents.WithLabelValues(hub),
		lag:         m.lag.WithLabelValues(hub),
		commands:    m.commands.MustCurryWith(prometheus.Labels{hubLabel: hub}),
		commandTime: m.commandTime.WithLabelValues(hub),
		held:        m.held.WithLabelValues(hub),
	}
}

func (m *meter) command(code string, took time.Duration) {
	if code == "" {
		code = "ok"
	}
	m.commands.WithLabelValues(code).Inc()
	m.commandTime.Observe(took.Seconds())
}

// buildInfo is a figure that is always 1 and carries what runs.
func buildInfo(version string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "hub2mqtt_build_info", Help: "What runs here.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	g.Set(1)
	return g
}
