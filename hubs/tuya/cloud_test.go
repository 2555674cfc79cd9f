package tuya

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// sim is a hub and the simulated cloud that it talks to.
type sim struct {
	*rig
	cloud *tuyatest.Cloud
}

// newSim lets them talk over real HTTP.
func newSim(t *testing.T, opts tuyatest.Options, vars map[string]string) *sim {
	t.Helper()
	s := &sim{cloud: tuyatest.New(opts)}
	srv := httptest.NewServer(s.cloud.Handler())
	tr := &http.Transport{}
	t.Cleanup(func() { s.cloud.DropConsumers(0); tr.CloseIdleConnections(); srv.Close() })
	s.rig = newRig(t, tr, s.vars(srv.URL, vars))
	t.Cleanup(func() { _ = s.tokens.Close(context.Background()) })
	return s
}

func (s *sim) vars(url string, more map[string]string) map[string]string {
	vars := map[string]string{
		"URL": url, "PushURL": "ws" + url[len("http"):], "AccessID": tuyatest.AccessID, "AccessSecret": tuyatest.AccessSecret,
	}
	maps.Copy(vars, more)
	return vars
}

// bubble runs f with a hub and a cloud that talk over a pipe, where hours pass in no time.
func bubble(t *testing.T, opts tuyatest.Options, vars map[string]string, f func(t *testing.T, s *sim)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// A bubble begins in 2000, when times in milliseconds had a digit less.
		pass(time.Until(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)))
		s := &sim{cloud: tuyatest.New(opts)}
		p := fault.NewPipe()
		ctx, stop := context.WithCancel(context.Background())
		var tasks sync.WaitGroup
		srv := &http.Server{Handler: s.cloud.Handler(), BaseContext: func(net.Listener) context.Context { return ctx }}
		tasks.Go(func() { _ = srv.Serve(p) })
		tr := &http.Transport{DialContext: p.Dial, DisableKeepAlives: true}
		t.Cleanup(func() {
			s.cloud.DropConsumers(0)
			if s.rig != nil {
				_ = s.tokens.Close(context.Background())
			}
			tr.CloseIdleConnections()
			stop()
			_ = srv.Close()
			tasks.Wait()
		})
		s.rig = newRig(t, tr, s.vars("http://cloud.test", vars))
		f(t, s)
	})
}

func (s *sim) devices() []hubs.Device {
	s.t.Helper()
	list, err := s.hub.Devices(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func (s *sim) poll() []hubs.Reading {
	s.t.Helper()
	news, err := s.hub.Poll(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return news
}

func valueIn(news []hubs.Reading, device, entity string, attr hubs.Attr) (out hubs.Value, told bool) {
	for _, r := range news {
		for _, v := range r.Values {
			if r.Device == hubs.DeviceID(device) && v.Entity == entity && v.Attr == attr {
				out, told = v.Value, true
			}
		}
	}
	return out, told
}

func set(device, entity string, av ...any) hubs.Command {
	c := hubs.Command{Device: hubs.DeviceID(device), Entity: entity}
	for i := 0; i < len(av); i += 2 {
		var v hubs.Value
		switch x := av[i+1].(type) {
		case bool:
			v = hubs.Bool(x)
		case int:
			v = hubs.Num(float64(x))
		case string:
			v = hubs.Str(x)
		}
		c.Set = append(c.Set, hubs.AttrValue{Attr: av[i].(hubs.Attr), Value: v})
	}
	return c
}

// watch runs a stream while f looks at what it brings.
func (s *sim) watch(f func(e *ear)) error {
	ctx, cancel := context.WithCancel(s.t.Context())
	e := newEar()
	ended := make(chan error, 1)
	go func() { ended <- s.hub.Watch(ctx, e) }()
	f(e)
	cancel()
	return <-ended
}

// until waits for what a stream brings.
func (e *ear) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	for {
		e.mu.Lock()
		done := ok()
		e.mu.Unlock()
		if done {
			return
		}
		select {
		case <-e.change:
		case <-limit.C:
			t.Errorf("%s does not come", what)
			return
		}
	}
}

// The whole way: list, poll, command, push.
func TestSlice(t *testing.T) {
	bubble(t, tuyatest.Options{}, nil, func(t *testing.T, s *sim) {
		list := s.devices()
		news := s.poll()
		if len(list) < 40 || len(news) < 40 {
			t.Fatalf("want the whole home, got %d devices and %d readings", len(list), len(news))
		}
		if v, ok := valueIn(news, tuyatest.Plug, "switch_1", hubs.On); !ok || !v.Known() {
			t.Errorf("the plug's state: got %v, %v", v, ok)
		}
		err := s.watch(func(e *ear) {
			e.until(t, "life", func() bool { return e.alive > 0 })
			on, _ := s.cloud.Value(tuyatest.Plug, "switch_1")
			if err := s.hub.Execute(t.Context(), set(tuyatest.Plug, "switch_1", hubs.On, on != true)); err != nil {
				t.Fatal(err)
			}
			e.until(t, "the plug's new state", func() bool {
				v, _ := valueIn(e.news, tuyatest.Plug, "switch_1", hubs.On)
				return v == hubs.Bool(on != true)
			})
			pass(time.Second)
			if n := s.cloud.Unacknowledged(tuyatest.AccessID); n != 0 {
				t.Errorf("%d messages are not acknowledged", n)
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Logf("watch ended with %v", err)
		}
		i := slices.IndexFunc(list, func(d hubs.Device) bool { return d.ID == tuyatest.Motion })
		if i < 0 || list[i].Via != tuyatest.Gateway || list[i].Home == "" || list[i].Area == "" {
			t.Errorf("the motion sensor: want gateway, home and room, got %+v", list[i])
		}
		t.Log(s.log)
		t.Log(s.cloud.Counters().ByOp)
	})
}
