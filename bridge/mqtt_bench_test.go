package bridge

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/hub2mqtt/hub2mqtt/bridge/broker"
)

func BenchmarkMQTTSet(b *testing.B) {
	u, _ := url.Parse("mqtt://localhost")
	m, err := NewMQTT(MQTTConfig{URL: u, ClientID: "c"})
	if err != nil {
		b.Fatal(err)
	}
	topics := make([]string, 5000)
	for i := range topics {
		topics[i] = fmt.Sprintf("hub2mqtt/tuya/device%d/availability", i)
	}
	values := [][]byte{make([]byte, 200), make([]byte, 201)}
	for b.Loop() {
		for i := range 100 {
			m.Set(topics[i], values[i%2])
		}
	}
}

// BenchmarkMQTTThroughput sends the same bytes to the same broker through the store, and by the library alone with a wait
// for each token, and reports how many times as fast the store is.
func BenchmarkMQTTThroughput(b *testing.B) {
	const topics, size = 5000, 200
	server, err := broker.Listen(b.Context(), broker.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run(b.Context()) }()
	defer func() {
		server.Close()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}()
	u, _ := url.Parse(server.URL())

	up := make(chan struct{}, 1)
	m, err := NewMQTT(MQTTConfig{URL: u, ClientID: "store", OnConnect: func() { up <- struct{}{} }})
	if err != nil {
		b.Fatal(err)
	}
	running := make(chan error, 1)
	go func() { running <- m.Run(b.Context()) }()
	<-up
	bare := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + u.Host).SetClientID("bare"))
	bare.Connect().Wait()
	defer bare.Disconnect(100)

	names := make([]string, topics)
	for i := range names {
		names[i] = fmt.Sprintf("bench/%d", i)
	}
	var store, alone time.Duration
	round := 0
	for b.Loop() {
		round++
		payload := func(i int) []byte { return fmt.Appendf(make([]byte, 0, size), "%0*d", size, round*topics+i) }
		begin := time.Now()
		for i, topic := range names {
			m.Set(topic, payload(i))
		}
		last := string(payload(topics - 1))
		for string(server.Retained(names[topics-1])[names[topics-1]]) != last {
			time.Sleep(50 * time.Microsecond) //nolint:forbidigo // a benchmark that does not spin
		}
		store += time.Since(begin)
		begin = time.Now()
		for i, topic := range names {
			bare.Publish("bare/"+topic, 0, true, payload(i)).Wait()
		}
		last = string(payload(topics - 1))
		for string(server.Retained("bare/" + names[topics-1])["bare/"+names[topics-1]]) != last {
			time.Sleep(50 * time.Microsecond) //nolint:forbidigo // as above
		}
		alone += time.Since(begin)
	}
	b.ReportMetric(float64(alone)/float64(store), "times-bare")
	b.ReportMetric(float64(round*topics)/store.Seconds(), "msgs/s")
	b.ReportMetric(float64(round*topics)/alone.Seconds(), "bare-msgs/s")
}
