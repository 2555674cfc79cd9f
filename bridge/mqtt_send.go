package bridge

import (
	"context"
	"errors"
	"slices"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const (
	// mqttWindow and mqttWeight are how many messages and bytes may be sent before the broker has to confirm them. They are
	// what is tried one by one after a connection broke.
	mqttWindow = 128
	mqttWeight = 1 << 20
	// mqttHeavy is written before the next message is handed over.
	mqttHeavy = 16 << 10
	// mqttFilterBatch is what all brokers take in one SUBSCRIBE.
	mqttFilterBatch = 8
)

// serve keeps the broker up to date until the connection is lost or ctx ends. The link is closed then.
func (m *MQTT) serve(ctx context.Context, l *mqttLink) {
	pace := time.NewTimer(time.Hour)
	defer pace.Stop()
	paced := false
	l.replay = m.store.open()
	defer context.AfterFunc(ctx, func() { l.conn.end(m.timing.farewell) })()
	for {
		err := m.refit(ctx, l)
		if err == nil {
			err = m.flush(ctx, l)
		}
		if err == nil && l.gone() {
			err = errMQTTGone
		}
		switch {
		case ctx.Err() != nil:
			m.part(ctx, l)
			return
		case err != nil:
			m.log.Debug().Err(err).Msg("connection given up")
			m.drop(l)
			return
		}
		if !paced && m.store.slowWaits() {
			paced = true
			pace.Reset(m.timing.pace)
		}
		select {
		case <-ctx.Done():
		case <-l.lost:
		case <-m.store.wake:
		case <-pace.C:
			m.store.promote()
			paced = false
		}
	}
}

// drop ends a link that is of no more use.
func (m *MQTT) drop(l *mqttLink) {
	l.drop()
	m.count.Connected.Store(false)
	m.count.Dropped.Add(uint64(m.store.shut()))
}

// part ends a link in peace: what is left goes out, then the word that we are offline.
func (m *MQTT) part(ctx context.Context, l *mqttLink) {
	l.conn.end(m.timing.farewell)
	l.online = true // it is too late to say so
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.timing.farewell)
	defer cancel()
	most, stop := context.WithTimeout(last, m.timing.farewell*3/4)
	err := m.flush(most, l)
	stop()
	if m.cfg.Will.Topic != "" && !errors.Is(err, errMQTTGone) {
		if token, err := l.publish(m.cfg.Will.Topic, 1, true, m.cfg.Will.Payload); err == nil {
			_ = l.await(last, token, m.timing.farewell)
		}
	}
	l.close()
	m.count.Connected.Store(false)
	m.count.Dropped.Add(uint64(m.store.shut()))
	m.log.Info().Msg("disconnected from the broker")
}

// refit makes the broker's subscriptions what is wanted.
func (m *MQTT) refit(ctx context.Context, l *mqttLink) error {
	if !m.store.takeRefit() {
		return nil
	}
	wanted := m.filters()
	var fresh, stale []string
	for _, f := range wanted {
		if !l.subscribed[f] {
			fresh = append(fresh, f)
		}
	}
	for f := range l.subscribed {
		if !slices.Contains(wanted, f) {
			stale = append(stale, f)
		}
	}
	for batch := range slices.Chunk(stale, mqttFilterBatch) {
		if err := l.await(ctx, l.client.Unsubscribe(batch...), m.timing.ack); err != nil {
			return err
		}
		for _, f := range batch {
			delete(l.subscribed, f)
			delete(m.subs.refused, f)
		}
	}
	for batch := range slices.Chunk(fresh, mqttFilterBatch) {
		if err := m.subscribe(ctx, l, batch); err != nil {
			return err
		}
	}
	return nil
}

func (m *MQTT) subscribe(ctx context.Context, l *mqttLink, batch []string) error {
	ask := map[string]byte{}
	for _, f := range batch {
		ask[f] = 1
	}
	token := l.client.SubscribeMultiple(ask, nil)
	if err := l.await(ctx, token, m.timing.ack); err != nil {
		return err
	}
	var answer map[string]byte
	if t, ok := token.(*paho.SubscribeToken); ok {
		answer = t.Result()
	}
	for _, f := range batch {
		l.subscribed[f] = true // until the next connection asks again
		code, answered := answer[f]
		switch refused := !answered || code > 2; {
		case refused && !m.subs.refused[f]:
			m.subs.refused[f] = true
			m.log.Error().Str("filter", f).Msg("broker refuses the subscription: commands there will not arrive; check its ACL")
		case !refused && m.subs.refused[f]:
			delete(m.subs.refused, f)
			m.log.Info().Str("filter", f).Msg("broker accepts the subscription again")
		}
	}
	return nil
}

// flush sends until nothing is left to send. Any error means that the link is of no more use, or that ctx has ended.
func (m *MQTT) flush(ctx context.Context, l *mqttLink) error {
	for {
		if ctx.Err() != nil { // before something is taken that would be lost
			return errMQTTStopped
		}
		job := m.store.next(m.timing.forgive)
		if err := m.sendEvents(ctx, l, job.events); err != nil {
			return err
		}
		if job.send {
			if err := m.send(ctx, l, job.shot); err != nil {
				return err
			}
		}
		if job.taken {
			l.replay--
		}
		if l.replay <= 0 && !l.online {
			if err := m.announce(ctx, l); err != nil {
				return err
			}
		}
		if !job.taken {
			return m.settleRemovals(ctx, l)
		}
	}
}

// announce ends the replay.
func (m *MQTT) announce(ctx context.Context, l *mqttLink) error {
	if m.cfg.Will.Topic != "" && len(m.cfg.Online) > 0 {
		token, err := l.publish(m.cfg.Will.Topic, 1, true, m.cfg.Online)
		if err != nil {
			return err
		}
		if err := l.await(ctx, token, m.timing.ack); err != nil {
			return err
		}
		m.count.Published.Add(1)
		m.confirm(l, len(l.pending)) // it came after all of them
	}
	l.online = true
	m.cfg.OnConnect()
	return nil
}

func (m *MQTT) sendEvents(ctx context.Context, l *mqttLink, events []mqttEvent) error {
	for i, e := range events {
		if time.Since(e.at) > m.timing.late {
			m.count.Dropped.Add(1)
			continue
		}
		token, err := l.publish(e.topic, 0, false, e.payload)
		if err != nil {
			m.count.Dropped.Add(uint64(len(events) - i))
			return err
		}
		if len(e.payload) > mqttHeavy {
			if err := l.await(ctx, token, time.Hour); err != nil {
				return err
			}
		}
		l.events++
		m.count.Published.Add(1)
	}
	return nil
}

// send publishes one value. It goes alone, and is waited for, when it may be what broke the last connection.
func (m *MQTT) send(ctx context.Context, l *mqttLink, shot mqttShot) error {
	if shot.suspect {
		if err := m.settleAll(ctx, l); err != nil {
			return err
		}
		l.alone = &shot
	}
	l.unmarked++
	l.pending = append(l.pending, shot)
	l.weight += shot.weight()
	qos := byte(0)
	// What is taken back must be known to be gone before it is forgotten. Of the others, one in a while is confirmed.
	if shot.suspect || len(shot.payload) == 0 || l.unmarked >= mqttWindow/2 || l.weight >= mqttWeight/2 {
		qos, l.unmarked = 1, 0
	}
	token, err := l.publish(shot.topic, qos, true, shot.payload)
	if err != nil {
		return err
	}
	m.count.Published.Add(1)
	if qos == 1 {
		l.pending[len(l.pending)-1].token = token
	}
	switch {
	case shot.suspect:
		return m.settle(ctx, l, len(l.pending))
	case len(l.pending) >= mqttWindow, l.weight >= mqttWeight:
		first := slices.IndexFunc(l.pending, func(s mqttShot) bool { return s.token != nil })
		return m.settle(ctx, l, first+1)
	case len(shot.payload) > mqttHeavy:
		return l.await(ctx, token, time.Hour) // the connection has its own limit
	}
	return nil
}

// settle waits until the broker has confirmed the nth of the pending messages; with it, it has taken all that went before.
func (m *MQTT) settle(ctx context.Context, l *mqttLink, n int) error {
	if n == 0 {
		return nil
	}
	if err := l.await(ctx, l.pending[n-1].token, m.timing.ack); err != nil {
		return err
	}
	m.confirm(l, n)
	return nil
}

// settleAll has everything confirmed, by sending the last message once more if need be.
func (m *MQTT) settleAll(ctx context.Context, l *mqttLink) error {
	n := len(l.pending)
	if n > 0 && l.pending[n-1].token == nil {
		last := &l.pending[n-1]
		token, err := l.publish(last.topic, 1, true, last.payload)
		if err != nil {
			return err
		}
		last.token, l.unmarked = token, 0
	}
	return m.settle(ctx, l, n)
}

// settleRemovals waits until the broker has confirmed what is taken back, and notes what else it has confirmed.
func (m *MQTT) settleRemovals(ctx context.Context, l *mqttLink) error {
	last := 0
	for i, shot := range l.pending {
		if shot.token != nil && (len(shot.payload) == 0 || shot.done()) {
			last = i + 1
		}
	}
	return m.settle(ctx, l, last)
}

// confirm notes that the broker has taken the first n of the pending messages.
func (m *MQTT) confirm(l *mqttLink, n int) {
	m.store.confirm(l.pending[:n]...)
	l.pending = slices.Delete(l.pending, 0, n)
	l.weight, l.events, l.alone = 0, 0, nil
	for _, rest := range l.pending {
		l.weight += rest.weight()
	}
}
