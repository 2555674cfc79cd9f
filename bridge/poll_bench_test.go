package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// BenchmarkQuietPoll is a poll without a change, after the JSON is read: ten values a
// device. Nothing is published; the cost of a device must not depend on how many
// there are.
func BenchmarkQuietPoll(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprintf("%d-devices", n), func(b *testing.B) {
			board := newBoard()
			h := newHubRun(HubConfig{Name: "toy", Vendor: "toy", Log: zerolog.Nop()},
				discovery.Layout{Prefix: "homeassistant", Base: "b", Hub: "toy", Version: "1"}, board, auth.NewMemStore(), func() {})
			h.prepare(b.Context())
			var list []hubs.Device
			var news []hubs.Reading
			for i := range n {
				d := hubs.Device{ID: hubs.DeviceID(fmt.Sprintf("d%d", i)), Name: "Device"}
				r := hubs.Reading{Device: d.ID}
				for e := range 10 {
					key := fmt.Sprintf("s%d", e)
					d.Entities = append(d.Entities, hubs.Entity{Key: key, Name: key, Spec: hubs.Sensor{Unit: hubs.Celsius}})
					r.Values = append(r.Values, hubs.PointValue{Point: hubs.Point{Entity: key, Attr: hubs.Main}, Value: hubs.Num(21.5)})
				}
				list, news = append(list, d), append(news, r)
			}
			if err := h.settleInventory(b.Context(), list, time.Now()); err != nil {
				b.Fatal(err)
			}
			h.apply(news, source{asked: time.Now(), whole: true})
			h.firstPoll()
			_, before := board.all()
			b.ReportAllocs()
			cold := make([]byte, 64<<20)
			for b.Loop() {
				b.StopTimer() // polls are a minute apart: nothing of the last one is in the caches
				for i := range cold {
					cold[i]++
				}
				b.StartTimer()
				h.apply(news, source{asked: time.Now(), whole: true})
				h.firstPoll()
			}
			_, after := board.all()
			for _, topic := range after[len(before):] {
				if topic != h.layout.HubDevices() { // the list follows the inventory
					b.Errorf("a quiet poll published %s", topic)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/device")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ms/poll")
		})
	}
}
