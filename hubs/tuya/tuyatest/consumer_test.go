package tuyatest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// What is not acknowledged comes again; what is, never.
func TestAcknowledgement(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		b.set(Door, "doorcontact_state", true)
		first := e.next(time.Second)
		if first == nil || first.RedeliveryCount != 0 {
			t.Fatalf("want a message, got %+v", first)
		}
		again := e.next(5 * time.Second)
		if again == nil || again.MessageID != first.MessageID || again.RedeliveryCount != 1 || again.Payload != first.Payload {
			t.Fatalf("want the same message after 3 s, got %+v", again)
		}
		e.ack(again)
		if got := e.next(20 * time.Second); got != nil {
			t.Errorf("want nothing more, got %+v", got)
		}
		if n := b.Counters(); n.Messages != 1 || n.Delivered != 2 || n.Redelivered != 1 || n.Acknowledged != 1 {
			t.Errorf("got %+v", n)
		}
	})
}

// Without ackTimeoutMillis nothing comes again while the consumer stays.
func TestNoAckTimeout(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen("?subscriptionType=Failover")
		b.set(Door, "doorcontact_state", true)
		if e.next(time.Second) == nil || e.next(time.Minute) != nil {
			t.Error("want the message once")
		}
		if got := b.Unacknowledged(AccessID); got != 1 {
			t.Errorf("want 1 unacknowledged, got %d", got)
		}
	})
}

// The queue keeps what nobody hears, and gives one consumer all of it: the next one only
// gets its turn when the first has gone.
func TestFailover(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		b.set(Door, "doorcontact_state", true)
		b.set(Door, "doorcontact_state", false)
		one := b.listen(usualQuery)
		two := b.listen(usualQuery)
		if got := one.take(); got.value("doorcontact_state") != true {
			t.Errorf("want the oldest first, got %+v", got)
		}
		last := one.next(time.Second) // not acknowledged
		if last == nil || last.value("doorcontact_state") != false {
			t.Fatalf("want the second, got %+v", last)
		}
		_ = one.conn.CloseNow()
		synctest.Wait()
		got := two.take()
		if got.MessageID != last.MessageID || got.RedeliveryCount != 1 {
			t.Errorf("want what the first left behind, got %+v", got)
		}
		b.set(Door, "doorcontact_state", true)
		if got := two.take(); got.value("doorcontact_state") != true {
			t.Errorf("want the next message, got %+v", got)
		}
	})
}

func TestReceiverQueue(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen("?receiverQueueSize=2&subscriptionType=Failover")
		for i := range 5 {
			b.set(Camera, "basic_device_volume", 5+i)
		}
		one, two := e.next(time.Second), e.next(time.Second)
		if one == nil || two == nil {
			t.Fatal("want two messages")
		}
		pass(time.Second)
		if n := b.Counters(); n.Delivered != 2 {
			t.Errorf("want two on the way, got %d", n.Delivered)
		}
		e.ack(one)
		e.ack(two)
		for range 3 {
			e.take()
		}
	})
}

func TestBacklog(t *testing.T) {
	bubble(t, Options{PushOptions: PushOptions{Backlog: 3}}, func(t *testing.T, b *bench) {
		for i := range 5 {
			b.set(Camera, "basic_device_volume", 5+i)
		}
		e := b.listen(usualQuery)
		if got := e.take(); got.value("basic_device_volume") != 7.0 || b.Counters().Dropped != 2 {
			t.Errorf("want the newest three kept, got %+v", got)
		}
	})
}

// The test environment only hears of devices on its list.
func TestEnvironments(t *testing.T) {
	o := Options{Projects: []Project{{AccessID: AccessID, AccessSecret: AccessSecret, TestDevices: []string{Door}}}}
	bubble(t, o, func(t *testing.T, b *bench) {
		conn, _, err := b.dial(b.topic("event-test")+usualQuery, b.credentials())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		e := &ear{b, conn}
		b.set(Plug, "child_lock", true)
		b.set(Door, "doorcontact_state", true)
		if got := e.take(); got.Data["devId"] != Door {
			t.Errorf("want the door alone, got %+v", got)
		}
		if got := b.Unacknowledged(AccessID); got != 2 {
			t.Errorf("want both in production, got %d", got)
		}
	})
}

func TestDropMuteIdle(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		b.DropConsumers(1001)
		_, _, err := e.conn.Read(t.Context())
		if websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("want close code 1001, got %v", err)
		}
		e = b.listen(usualQuery)
		b.Faults().Drop(1012)
		_, _, err = e.conn.Read(t.Context())
		synctest.Wait()
		if n := b.Faults().Open(); websocket.CloseStatus(err) != websocket.StatusServiceRestart || n != 0 {
			t.Errorf("want close code 1012 and no stream, got %v and %d", err, n)
		}
		e = b.listen(usualQuery)
		b.DropConsumers(0)
		if _, _, err = e.conn.Read(t.Context()); err == nil || websocket.CloseStatus(err) != -1 {
			t.Errorf("want a broken connection, got %v", err)
		}
		e = b.listen(usualQuery)
		b.Mute(true)
		b.set(Door, "doorcontact_state", true)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		reading := e.conn.CloseRead(ctx)
		if err := e.conn.Ping(reading); err == nil {
			t.Error("want no pong while mute")
		}
		e = b.listen(usualQuery)
		b.Mute(false)
		got := e.next(4 * time.Second) // its ackTimeout
		if got == nil || got.value("doorcontact_state") != true || got.RedeliveryCount == 0 {
			t.Fatalf("want again what was not heard, got %+v", got)
		}
		e.ack(got)
		start := time.Now()
		_, _, err = e.conn.Read(t.Context())
		if spent := time.Since(start); websocket.CloseStatus(err) != websocket.StatusGoingAway || spent < 4*time.Minute || spent > 6*time.Minute {
			t.Errorf("want an idle consumer gone after 5 min, got %v after %s", err, spent)
		}
	})
}

// Pings keep a consumer; nonsense ends it.
func TestPingsAndNonsense(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		ctx := e.conn.CloseRead(t.Context())
		for range 20 {
			pass(30 * time.Second)
			if err := e.conn.Ping(ctx); err != nil {
				t.Fatalf("want a pong, got %v", err)
			}
		}
		for _, text := range []string{"hello", `{"type":"permit"}`, `{"messageId":""}`} {
			e = b.listen(usualQuery)
			if err := e.conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := e.conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusUnsupportedData {
				t.Errorf("%s: want the consumer ended, got %v", text, err)
			}
		}
	})
}

// Messages of kinds that the data centre never makes itself.
func TestStrangeMessages(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		if err := b.Message(Plug, 1002, map[string]any{"bizCode": "deviceOtaProgress", "bizData": map[string]any{"devId": Plug}}); err != nil {
			t.Fatal(err)
		}
		if got := e.take(); got.Protocol != 1002 || got.BizCode != "deviceOtaProgress" || got.Data["devId"] != Plug {
			t.Errorf("want it as it was given, got %+v", got)
		}
	})
}

// A gateway takes along what hangs on it.
func TestGatewayOffline(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		e := b.listen(usualQuery)
		if err := b.SetOnline(Gateway, false); err != nil {
			t.Fatal(err)
		}
		gone := map[any]bool{}
		for got := e.next(time.Second); got != nil; got = e.next(time.Second) {
			e.ack(got)
			gone[got.Data["devId"]] = got.BizCode == "deviceOffline"
			if len(gone) == 12 {
				break
			}
		}
		want := len(expected(func(d *Device) bool { return d.Gateway == Gateway })) + 1
		if len(gone) != want || !gone[Door] || !gone[Gateway] {
			t.Errorf("want %d devices gone, got %d", want, len(gone))
		}
		b.set(Door, "doorcontact_state", true)
		if n := b.Counters().Messages; n != want {
			t.Errorf("want no report of a device that is offline, got %d messages", n)
		}
	})
}
