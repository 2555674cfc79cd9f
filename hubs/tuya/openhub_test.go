package tuya

import (
	"context"
	"errors"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// openHubBubble is a cloud with its MQTT broker, where hours pass in no time.
func openHubBubble(t *testing.T, opts tuyatest.Options, f func(t *testing.T, s *sim)) {
	t.Helper()
	opts.OpenHubURL = "tcp://broker.test:1883"
	bubble(t, opts, map[string]string{"Push": "mqtt"}, func(t *testing.T, s *sim) {
		p := fault.NewPipe()
		b, err := tuyatest.NewBroker(s.cloud, p)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = b.Close() }()
		s.hub.dial = func(ctx context.Context, u *url.URL) (net.Conn, error) { return p.Dial(ctx, "tcp", u.Host) }
		f(t, s)
	})
}

const accounts = 2 // of the default home, each with a connection and a password of its own

// tenMinutes is a cloud whose passwords live so long.
func tenMinutes() tuyatest.Options {
	return tuyatest.Options{PushOptions: tuyatest.PushOptions{OpenHubExpiresIn: 10 * time.Minute}}
}

// A password ends: the stream goes on with another one before, and has a list made for
// what happened in between.
func TestOpenHubPassword(t *testing.T) {
	openHubBubble(t, tenMinutes(), func(t *testing.T, s *sim) {
		s.devices()
		s.poll()
		err := s.watch(func(e *ear) {
			e.until(t, "life", func() bool { return e.alive > 0 })
			const slow = 5 * time.Second
			s.cloud.Faults().Fail(fault.Fault{Kind: fault.Slow, Match: tuyatest.OpAccessConfig, Delay: slow, Times: fault.Always})
			const hours = 2
			for n := 1; n <= 6*hours; n++ {
				pass(10*time.Minute - 30*time.Second)
				want := n%2 == 0
				if err := s.cloud.Set(tuyatest.Plug, "switch_1", want); err != nil {
					t.Fatal(err)
				}
				_, before := e.count()
				pass(30 * time.Second)
				news := e.said()
				if _, lists := e.count(); lists > before { // it fell between two connections, maybe
					news = s.poll()
				}
				if v, _ := valueIn(news, tuyatest.Plug, "switch_1", hubs.On); v != hubs.Bool(want) {
					t.Errorf("want the plug %v, got %v", want, v)
				}
			}
			given := s.cloud.Counters().LinksGiven / accounts
			e.mu.Lock()
			defer e.mu.Unlock()
			// A password of 10 min is used for 7 to 8 of them, and 5 s go for the next one.
			if least, most := hours*60*60/(8*60+5), hours*60*60/(7*60)+2; given < least || given > most {
				t.Errorf("want %d to %d passwords, got %d", least, most, given)
			}
			if len(e.lists) != given-1 {
				t.Errorf("want a list for each but the first of %d passwords, got %d", given, len(e.lists))
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("want it to end with its context, got %v", err)
		}
		if n := s.cloud.Counters(); n.ByCode[0] != n.Calls || n.PublishFailed != 0 {
			t.Errorf("want every call and push taken, got %+v", n)
		}
	})
}

// The list is asked for when the new connection stands: what happens before that is
// pushed to nobody.
func TestOpenHubListsAfterItStands(t *testing.T) {
	openHubBubble(t, tenMinutes(), func(t *testing.T, s *sim) {
		s.devices()
		s.poll()
		_ = s.watch(func(e *ear) {
			e.until(t, "life", func() bool { return e.alive > 0 })
			const slow = 8 * time.Second
			s.cloud.Faults().Fail(fault.Fault{Kind: fault.Slow, Match: tuyatest.OpAccessConfig, Delay: slow, Times: accounts})
			renewed := func() bool { return s.cloud.Counters().ByOp[tuyatest.OpAccessConfig] > accounts }
			for !renewed() {
				pass(time.Second)
			}
			pass(slow / 2)
			if _, lists := e.count(); lists != 0 {
				t.Error("the list is asked for while nobody listens")
			}
			pass(slow)
			if _, lists := e.count(); lists != 1 {
				t.Errorf("want one list asked for, got %d", lists)
			}
		})
	})
}

// The message service gives its turn to MQTT where it is denied, and gets it back where
// MQTT cannot be reached.
func TestChannelsTakeTurns(t *testing.T) {
	opts := tuyatest.Options{PushOptions: tuyatest.PushOptions{OpenHubURL: "tcp://127.0.0.1:1"}}
	bubble(t, opts, nil, func(t *testing.T, s *sim) {
		s.devices()
		s.cloud.Faults().Fail(fault.Fault{Kind: fault.Status, Match: tuyatest.OpPulsar, Status: 403})
		for _, want := range []struct {
			mqtt  bool
			fault hubs.Fault
		}{{false, hubs.Misconfigured}, {true, hubs.Transient}} {
			if got := s.hub.byMQTT(); got != want.mqtt {
				t.Errorf("MQTT's turn: want %v, got %v", want.mqtt, got)
			}
			if err := s.hub.Watch(t.Context(), newEar()); hubs.FaultOf(err) != want.fault {
				t.Errorf("want %s, got %v", want.fault, err)
			}
		}
		_ = s.watch(func(e *ear) { e.until(t, "life", func() bool { return e.alive > 0 }) })
		if s.hub.byMQTT() || s.cloud.Counters().ConsumersOpened != 1 {
			t.Errorf("want the message service open, got %+v", s.cloud.Counters())
		}
	})
}
