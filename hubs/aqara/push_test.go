package aqara

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
)

// ear is a sink that remembers what it heard.
type ear struct {
	mu      sync.Mutex
	news    []hubs.Reading
	at      []time.Time // of each of the news
	alive   int
	wishes  []string
	left    []hubs.DeviceID
	changed chan struct{}
}

func newEar() *ear { return &ear{changed: make(chan struct{}, 1)} }

func (e *ear) note(do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	do()
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

func (e *ear) Alive() { e.note(func() { e.alive++ }) }

func (e *ear) Relist(reason string) { e.note(func() { e.wishes = append(e.wishes, reason) }) }

func (e *ear) Left(devices ...hubs.DeviceID) {
	e.note(func() { e.left = append(e.left, devices...) })
}

func (e *ear) Readings(news []hubs.Reading) {
	e.note(func() {
		e.news = append(e.news, news...)
		for range news {
			e.at = append(e.at, time.Now())
		}
	})
}

// heard are the news so far.
func (e *ear) heard() []hubs.Reading {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.news)
}

// value is the last that was heard of a point.
func (e *ear) value(device, entity string, attr hubs.Attr) (v hubs.Value) {
	for _, r := range e.news {
		for _, p := range r.Values {
			if r.Device == hubs.DeviceID(device) && p.Entity == entity && p.Attr == attr {
				v = p.Value
			}
		}
	}
	return v
}

func (e *ear) events(device string) (out []hubs.Happening) {
	for _, r := range e.news {
		if r.Device == hubs.DeviceID(device) {
			out = append(out, r.Events...)
		}
	}
	return out
}

// watch is a stream under way.
type watch struct {
	*ear
	t      *testing.T
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// watch opens a stream. It ends with the test at the latest.
func (r *rig) watch() *watch {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	w := &watch{ear: newEar(), t: r.t, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = r.hub.Watch(ctx, w.ear)
	}()
	r.t.Cleanup(func() {
		cancel()
		<-w.done
	})
	return w
}

// live opens a stream and waits until it stands.
func (r *rig) live() *watch {
	r.t.Helper()
	w := r.watch()
	w.until("the stream stands", func() bool { return w.alive > 0 })
	return w
}

// until waits for something to be heard.
func (w *watch) until(what string, ok func() bool) {
	w.t.Helper()
	limit := time.NewTimer(10 * time.Minute) // of a bubble, where most tests run
	if !inBubble() {
		limit.Reset(10 * time.Second)
	}
	defer limit.Stop()
	for {
		w.mu.Lock()
		good := ok()
		w.mu.Unlock()
		if good {
			return
		}
		select {
		case <-w.changed:
		case <-w.done:
			w.t.Fatalf("the stream ended before %s: %v", what, w.err)
		case <-limit.C:
			w.t.Fatalf("%s never came; heard %+v, %v", what, w.news, w.wishes)
		}
	}
}

// ends waits for the stream's own end.
func (w *watch) ends() error {
	w.t.Helper()
	limit := time.NewTimer(10 * time.Second)
	if inBubble() {
		limit.Reset(10 * time.Minute)
	}
	defer limit.Stop()
	select {
	case <-w.done:
	case <-limit.C:
		w.t.Fatal("the stream does not end")
	}
	return w.err
}

// inBubble tells whether the clock is synctest's, which begins in the year 2000.
func inBubble() bool { return time.Now().Year() < 2020 }

func TestPushReachesSink(t *testing.T) {
	r := newRig(t, aqaratest.Options{Home: aqaratest.FullHome()})
	r.devices()
	w := r.live()
	for _, c := range []struct {
		device          string
		endpoint        int
		function, trait string
		value           any
		entity          string
		attr            hubs.Attr
		want            hubs.Value
	}{
		{aqaratest.Switch, 2, "Output", "OnOff", true, "x2_output", hubs.On, hubs.Bool(true)},
		{aqaratest.Strip, 2, "LevelControl", "CurrentLevel", 17.0, "x2_output", hubs.Level, hubs.Num(17)},
		{aqaratest.Door, 2, "Contact", "ContactSensorState", true, "x2_contact_contact_sensor_state", hubs.On, hubs.Bool(true)},
		{aqaratest.Climate, 2, "Temperature", "CurrentTemperature", 19.25, "x2_temperature_current_temperature", hubs.Main, hubs.Num(19.25)},
		{aqaratest.Curtain, 2, "WindowCovering", "MotorOperationStatus", "1", "x2_window_covering", hubs.Motion, hubs.Str(hubs.Opening)},
	} {
		if err := r.studio.Set(c.device, c.endpoint, c.function, c.trait, c.value); err != nil {
			t.Fatal(err)
		}
		w.until(fmt.Sprintf("%s %s = %v", c.entity, c.attr, c.want), func() bool {
			return w.value(c.device, c.entity, c.attr) == c.want
		})
	}
	if err := r.studio.Press(aqaratest.Button, 2, "DoublePress"); err != nil {
		t.Fatal(err)
	}
	w.until("the press", func() bool { return len(w.events(aqaratest.Button)) == 1 })
	if e := w.events(aqaratest.Button)[0]; e.Type != "double_press" || e.Entity != "x2_button_button_event" || e.At.IsZero() {
		t.Errorf("press: %+v", e)
	}
	w.cancel()
	if err := w.ends(); hubs.FaultOf(err) != hubs.Transient {
		t.Errorf("ended with %v", err)
	}
	checkHome(t, r.devices(), w.heard())
}

// BenchmarkPush measures the way of a value from the device to the sink, over a real
// WebSocket, in a full home.
func BenchmarkPush(b *testing.B) {
	studio := aqaratest.New(aqaratest.Options{Home: aqaratest.FullHome()})
	r := &rig{studio: studio, log: &lockedBuffer{}}
	srv := httptest.NewServer(studio.Handler())
	tr := &http.Transport{}
	b.Cleanup(func() { tr.CloseIdleConnections(); srv.Close() })
	pair := studio.Tokens()
	r.env = &env{vars: map[string]string{"URL": srv.URL, "AccessToken": pair.Access, "RefreshToken": pair.Refresh}}
	h, err := Vendor().Open(r.env, hubs.Deps{HTTP: tr, Log: zerolog.Nop(), Tokens: func(cfg auth.Config) *auth.Manager {
		cfg.Store = auth.NewMemStore()
		return auth.NewManager(cfg)
	}})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := h.Devices(b.Context()); err != nil {
		b.Fatal(err)
	}
	e := newEar()
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.(hubs.Watcher).Watch(ctx, e) }()
	b.Cleanup(func() { cancel(); <-done })
	seen := func(n int) {
		for {
			e.mu.Lock()
			got := len(e.news)
			e.mu.Unlock()
			if got >= n {
				return
			}
			<-e.changed
		}
	}
	<-e.changed // it stands
	var took []time.Duration
	for n := 1; b.Loop(); n++ {
		began := time.Now()
		if err := studio.Set(aqaratest.Strip, 2, "LevelControl", "CurrentLevel", float64(n%99+1)); err != nil {
			b.Fatal(err)
		}
		seen(n)
		took = append(took, e.at[n-1].Sub(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
}
