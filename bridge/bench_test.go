package bridge_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The figures are ratios against a bare baseline in the same run: paho publishing the
// same bytes to the same external Mosquitto, interleaved, the median of five rounds.
const rounds = 5

// BenchmarkEventToMQTT: a vendor's event comes in → the retained message is at a
// subscriber. The bare hop publishes the same bytes on another topic.
func BenchmarkEventToMQTT(b *testing.B) {
	const devices, perSecond = 400, 500
	addr := benchBroker(b)
	h := benchHome(devices, 10)
	sub, bare := benchClient(b, addr, "sub"), benchClient(b, addr, "bare")
	benchBridge(b, addr, h)
	benchWait(b, "the stream", func() bool { return h.stream() != nil })
	seen := benchSubscribe(b, sub, "bench/hub/+")
	hop := benchSubscribe(b, sub, "bare/+")
	payload := fmt.Appendf(nil, "%0*d", 260, 7) // as long as a device's JSON here
	benchWait(b, "the first states", func() bool { return len(seen.came) >= devices })

	settled := time.NewTimer(500 * time.Millisecond) // a second inventory follows when push comes up
	<-settled.C
	drain(seen.came)
	value := 100
	one := func(i int) time.Duration {
		value++
		id := h.devices[i%devices].ID
		topic := "bench/hub/" + strings.ReplaceAll(string(id), ".", "_")
		begin := time.Now()
		h.stream().Readings([]hubs.Reading{{Device: id, Values: []hubs.PointValue{
			{Point: hubs.Point{Entity: "s1", Attr: hubs.Main}, Value: hubs.Num(float64(value))},
		}}})
		return seen.next(b, topic).Sub(begin)
	}
	alone := func(i int) time.Duration {
		topic := "bare/" + strconv.Itoa(i%devices)
		begin := time.Now()
		bare.Publish(topic, 0, true, payload).Wait()
		return hop.next(b, topic).Sub(begin)
	}
	var medians, tails []float64
	var ours, theirs time.Duration
	for b.Loop() {
		medians, tails = nil, nil
		for range rounds {
			var a, z []time.Duration
			pace := time.NewTicker(time.Second / perSecond)
			for i := range devices {
				<-pace.C
				a = append(a, one(i))
				<-pace.C
				z = append(z, alone(i))
			}
			pace.Stop()
			medians = append(medians, float64(quantile(a, .5))/float64(quantile(z, .5)))
			tails = append(tails, float64(quantile(a, .99))/float64(quantile(z, .99)))
			ours, theirs = quantile(a, .5), quantile(z, .5)
		}
	}
	b.ReportMetric(median(medians), "median-ratio")
	b.ReportMetric(median(tails), "p99-ratio")
	b.ReportMetric(micros(ours), "µs-median")
	b.ReportMetric(micros(theirs), "µs-bare-median")
}

// BenchmarkValuesThroughput: values through merge, render and publication, against a
// loop that publishes the same number of messages of the same size.
func BenchmarkValuesThroughput(b *testing.B) {
	const devices = 2000
	addr := benchBroker(b)
	h := benchHome(devices, 10)
	sub, bare := benchClient(b, addr, "sub"), benchClient(b, addr, "bare")
	benchBridge(b, addr, h)
	benchWait(b, "the stream", func() bool { return h.stream() != nil })
	seen := benchSubscribe(b, sub, "bench/hub/+")
	hop := benchSubscribe(b, sub, "bare/+")
	benchWait(b, "the first states", func() bool { return len(seen.came) >= devices })
	payload := fmt.Appendf(nil, "%0*d", 260, 7)
	var ratios []float64
	var rate float64
	round := 0
	for b.Loop() {
		ratios = nil
		for range rounds {
			drain(seen.came)
			round++
			begin := time.Now()
			h.stream().Readings(h.readings(round))
			collect(b, seen.came, devices)
			ours := time.Since(begin)
			begin = time.Now()
			for i := range devices {
				bare.Publish("bare/"+strconv.Itoa(i), 0, true, payload).Wait()
			}
			collect(b, hop.came, devices)
			ratios = append(ratios, float64(time.Since(begin))/float64(ours))
			rate = float64(devices*10) / ours.Seconds()
		}
	}
	b.ReportMetric(median(ratios), "of-bare")
	b.ReportMetric(rate, "values/s")
}

func drain(c chan arrival) {
	for len(c) > 0 {
		<-c
	}
}

func collect(b *testing.B, c chan arrival, n int) {
	b.Helper()
	end := time.After(30 * time.Second)
	for range n {
		select {
		case <-c:
		case <-end:
			b.Fatal("messages are missing")
		}
	}
}

// BenchmarkStart: 1,000 devices × 10 entities, from start until all is retained,
// against a loop publishing the same bytes; and the memory that stays.
func BenchmarkStart(b *testing.B) {
	if os.Getenv(benchChild) != "" {
		for b.Loop() {
			_, _, rss := startOnce(b, 1000)
			b.ReportMetric(rss, "MB-RSS")
		}
		return
	}
	var ratios []float64
	var took time.Duration
	for b.Loop() {
		ratios = nil
		for range rounds {
			var ratio float64
			ratio, took, _ = startOnce(b, 1000)
			ratios = append(ratios, ratio)
		}
	}
	b.ReportMetric(median(ratios), "of-bare-time")
	b.ReportMetric(took.Seconds(), "s")
	b.ReportMetric(freshRSS(b), "MB-RSS")
}

// benchChild makes the test binary measure memory alone: other benchmarks leave theirs behind.
const benchChild = "HUB2MQTT_BENCH_CHILD"

func freshRSS(b *testing.B) float64 {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run", "^$", "-test.bench", "^BenchmarkStart$", "-test.benchtime", "1x")
	cmd.Env = append(os.Environ(), benchChild+"=1")
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	words := strings.Fields(string(out))
	i := slices.Index(words, "MB-RSS")
	if i < 1 {
		b.Fatalf("no figure in %s", out)
	}
	mb, _ := strconv.ParseFloat(words[i-1], 64)
	return mb
}

func startOnce(b *testing.B, devices int) (ratio float64, took time.Duration, rss float64) {
	b.Helper()
	addr := benchBroker(b)
	h := benchHome(devices, 10)
	bare := benchClient(b, addr, "bare")
	began := time.Now()
	stop := benchBridge(b, addr, h)
	// Devices are published in the order of the inventory, states after all descriptions.
	last := fmt.Sprintf("bench/hub/dev_%05d", devices-1)
	took = benchRetained(b, addr, last).Sub(began)
	rss = residentMB()
	held := benchHeld(b, addr, 3*devices)
	stop()
	runtime.GC()
	began = time.Now()
	for topic, payload := range held {
		bare.Publish("again/"+topic, 0, true, payload).Wait()
	}
	bare.Publish("again/last", 1, true, "x").Wait()
	return float64(took) / float64(time.Since(began)), took, rss
}

// benchRetained waits until topic is retained, and says when that was seen.
func benchRetained(b *testing.B, addr, topic string) time.Time {
	b.Helper()
	c := benchClient(b, addr, "watch")
	at := make(chan time.Time, 16)
	c.Subscribe(topic, 0, func(paho.Client, paho.Message) { at <- time.Now() }).Wait()
	select {
	case t := <-at:
		c.Unsubscribe(topic).Wait()
		return t
	case <-time.After(time.Minute):
		b.Fatalf("%s never came", topic)
		return time.Time{}
	}
}

// benchHeld reads what the broker holds, at least n messages.
func benchHeld(b *testing.B, addr string, n int) map[string][]byte {
	b.Helper()
	c := benchClient(b, addr, "reader")
	var mu sync.Mutex
	held := map[string][]byte{}
	c.Subscribe("#", 0, func(_ paho.Client, m paho.Message) {
		mu.Lock()
		defer mu.Unlock()
		held[m.Topic()] = m.Payload()
	}).Wait()
	benchWait(b, "all that is retained", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(held) >= n
	})
	c.Unsubscribe("#").Wait()
	return held
}

// residentMB is the process's resident memory after a forced collection.
func residentMB() float64 {
	runtime.GC()
	debug.FreeOSMemory()
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseFloat(strings.Fields(string(raw))[1], 64)
	return pages * float64(os.Getpagesize()) / (1 << 20)
}

// BenchmarkCommand: a command is published → the vendor is called.
func BenchmarkCommand(b *testing.B) {
	const devices, commands = 50, 1000
	addr := benchBroker(b)
	h := benchHome(devices, 2)
	client := benchClient(b, addr, "commander")
	benchBridge(b, addr, h)
	seen := benchSubscribe(b, client, "bench/hub/+")
	benchWait(b, "the first states", func() bool { return len(seen.came) >= devices })
	var took []time.Duration
	for b.Loop() {
		took = nil
		for i := range commands {
			topic := fmt.Sprintf("bench/hub/dev_%05d/plug/set", i%devices)
			begin := time.Now()
			client.Publish(topic, 0, false, []string{"ON", "OFF"}[i/devices%2])
			took = append(took, (<-h.ran).Sub(begin))
		}
	}
	b.ReportMetric(micros(quantile(took, .5)), "µs-median")
	b.ReportMetric(micros(quantile(took, .99)), "µs-p99")
}
