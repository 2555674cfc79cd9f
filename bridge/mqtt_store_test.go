package bridge

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever is set, sent, lost and confirmed in whatever order: once a connection has lasted until nothing is left to
// send, the broker holds what was set last, and the store knows nothing else.
func TestMQTTStoreModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newMQTTStore()
		want := map[string]string{} // what was set last, "" taken back
		held := map[string]string{} // what the broker holds
		var sent []mqttShot
		up := false

		arrive := func(shot mqttShot) {
			if len(shot.payload) == 0 {
				delete(held, shot.topic)
			} else {
				held[shot.topic] = string(shot.payload)
			}
		}
		next := func() bool {
			job := s.next(time.Hour)
			if job.send {
				sent = append(sent, job.shot)
			}
			return job.taken
		}
		confirm := func(n int) {
			for _, shot := range sent[:n] {
				arrive(shot)
			}
			s.confirm(sent[:n]...)
			sent = slices.Delete(sent, 0, n)
		}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				topic := fmt.Sprintf("t%d", rapid.IntRange(0, 9).Draw(t, "topic"))
				value := rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "value")
				want[topic] = value
				s.set(topic, []byte(value))
			},
			"connect": func(t *rapid.T) {
				if up {
					t.Skip()
				}
				up = true
				s.open()
			},
			"break": func(t *rapid.T) {
				if !up {
					t.Skip()
				}
				up = false
				n := rapid.IntRange(0, len(sent)).Draw(t, "arrived")
				for _, shot := range sent[:n] {
					arrive(shot) // but nobody knows
				}
				s.suspects(sent)
				s.shut()
				sent = nil
				if rapid.Bool().Draw(t, "forgets") {
					clear(held)
				}
			},
			"send": func(t *rapid.T) {
				if !up {
					t.Skip()
				}
				next()
			},
			"confirm": func(t *rapid.T) { confirm(rapid.IntRange(0, len(sent)).Draw(t, "n")) },
			"republish": func(*rapid.T) {
				s.republish(func(topic string) bool { return strings.HasSuffix(topic, "1") })
				s.promote()
			},
			"": func(t *rapid.T) {
				if !up || !rapid.Bool().Draw(t, "look") {
					return
				}
				for s.promote() || next() {
				}
				confirm(len(sent))
				real := maps.Collect(maps.All(want))
				maps.DeleteFunc(real, func(_, value string) bool { return value == "" })
				if !maps.Equal(held, real) {
					t.Fatalf("broker holds %v, want %v", held, real)
				}
				if len(s.byName) != len(real) {
					t.Fatalf("the store knows %d topics, want %d", len(s.byName), len(real))
				}
			},
		})
	})
}

func TestMQTTStoreForgetsWhatIsGone(t *testing.T) {
	s := newMQTTStore()
	s.open()
	for i := range 10_000 {
		topic := fmt.Sprint(i)
		s.set(topic, []byte("x"))
		s.set(topic, nil)
		s.confirm(s.next(time.Hour).shot)
	}
	if len(s.byName) != 0 || len(s.order) > 200 || s.queue.len() != 0 {
		t.Errorf("%d topics, %d in order, %d queued; want none to speak of", len(s.byName), len(s.order), s.queue.len())
	}
}

func TestMQTTStoreBoundsEvents(t *testing.T) {
	s := newMQTTStore()
	if s.event("a", nil) {
		t.Error("an event was taken without a connection")
	}
	s.open()
	for range mqttMaxEvents {
		if !s.event("a", nil) {
			t.Fatal("an event was refused too early")
		}
	}
	if s.event("a", nil) {
		t.Error("events are not bounded")
	}
	if got := s.shut(); got != mqttMaxEvents {
		t.Errorf("shut reports %d lost events, want %d", got, mqttMaxEvents)
	}
	s.open()
	if late := s.next(time.Hour).events; len(late) != 0 {
		t.Errorf("%d events of an earlier connection are sent", len(late))
	}
}
