package bridge_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// hung never answers, and does not look at its context either.
type hung struct{ never chan struct{} }

func (h hung) Devices(context.Context) ([]hubs.Device, error) { <-h.never; return nil, nil }
func (h hung) Poll(context.Context) ([]hubs.Reading, error)   { <-h.never; return nil, nil }
func (h hung) Execute(context.Context, hubs.Command) error    { <-h.never; return nil }
func (h hung) Watch(context.Context, hubs.Sink) error         { <-h.never; return nil }

// panicking is a good hub whose stream is full of bugs.
type panicking struct{ *benchHub }

func (p panicking) Watch(context.Context, hubs.Sink) error { panic("in the stream") }

// flooding is a good hub that pushes so many readings a second while on.
type flooding struct {
	*benchHub
	perSecond int
	on        chan bool
}

func (f flooding) Watch(ctx context.Context, to hubs.Sink) error {
	to.Alive()
	const every = 2 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	on, n := false, 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case on = <-f.on:
		case <-tick.C:
			for range f.perSecond * int(every) / int(time.Second) {
				if !on {
					break
				}
				n++
				to.Readings([]hubs.Reading{{Device: f.devices[n%len(f.devices)].ID, Values: []hubs.PointValue{
					{Point: hubs.Point{Entity: "s1", Attr: hubs.Main}, Value: hubs.Num(float64(n))},
				}}})
			}
		}
	}
}

// BenchmarkIsolation: the latency of one hub's events, alone and beside one hub that
// hangs in every call, one that panics in its stream, and one that floods 5,000
// readings a second. The p99 may not double, and memory stays what it was.
func BenchmarkIsolation(b *testing.B) {
	const devices, flood = 200, 5000
	addr := benchBroker(b)
	good := benchHome(devices, 10)
	storm := flooding{benchHome(100, 10), flood, make(chan bool)}
	never := make(chan struct{})
	stop := benchBridgeOf(b, addr, map[string]hubs.Hub{
		"hub": good, "hung": hung{never}, "buggy": panicking{benchHome(10, 10)}, "storm": storm,
	})
	defer func() { close(never); stop() }()
	sub := benchClient(b, addr, "sub")
	seen := benchSubscribe(b, sub, "bench/hub/+")
	flooded := benchSubscribe(b, benchClient(b, addr, "sub2"), "bench/storm/+")
	benchWait(b, "the stream", func() bool { return good.stream() != nil })
	benchWait(b, "the first states", func() bool { return len(seen.came) >= devices })
	value := 100
	measure := func() time.Duration {
		drain(seen.came)
		var took []time.Duration
		pace := time.NewTicker(5 * time.Millisecond)
		defer pace.Stop()
		for i := range devices {
			<-pace.C
			value++
			id := good.devices[i%devices].ID
			begin := time.Now()
			good.stream().Readings([]hubs.Reading{{Device: id, Values: []hubs.PointValue{
				{Point: hubs.Point{Entity: "s1", Attr: hubs.Main}, Value: hubs.Num(float64(value))},
			}}})
			took = append(took, seen.next(b, "bench/hub/"+strings.ReplaceAll(string(id), ".", "_")).Sub(begin))
		}
		return quantile(took, .99)
	}
	var ratios []float64
	var grown float64
	for b.Loop() {
		ratios = nil
		before := heapMB()
		for range rounds {
			storm.on <- false
			alone := measure()
			drain(flooded.came)
			storm.on <- true
			ratios = append(ratios, float64(measure())/float64(alone))
			if len(flooded.came) < 100 {
				b.Fatalf("the flood did not reach the broker: %d messages", len(flooded.came))
			}
		}
		storm.on <- false
		grown = heapMB() - before
	}
	b.ReportMetric(median(ratios), "p99-ratio")
	b.ReportMetric(grown, "MB-grown")
}

func heapMB() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
