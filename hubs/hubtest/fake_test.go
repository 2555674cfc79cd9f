package hubtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const lampID hubs.DeviceID = "dev-00001"

func lampOn(on bool) hubs.Command {
	return hubs.Command{Device: lampID, Entity: "light", Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(on)}}}
}

func TestFakeObeys(t *testing.T) {
	f := NewFake(Home(10)...)
	for _, on := range []bool{true, false} {
		if err := f.Execute(t.Context(), lampOn(on)); err != nil {
			t.Fatal(err)
		}
		if got := f.Value(lampID, "light", hubs.On); got != hubs.Bool(on) {
			t.Errorf("want %v, got %v", on, got)
		}
	}
	done := f.Executed()
	if len(done) != 2 || done[0].At.IsZero() || done[0].Entity != "light" || f.Calls(OnExecute) != 2 {
		t.Errorf("executed: %+v", done)
	}
	devices, err := f.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	news, err := f.Poll(t.Context())
	if err != nil || len(news) != 10 {
		t.Fatalf("%d readings, %v", len(news), err)
	}
	if err := CheckReadings(devices, news); err != nil {
		t.Error(err)
	}
	one, err := f.Read(t.Context(), []hubs.DeviceID{lampID})
	if err != nil || !cmp.Equal(one[0], news[0], cmp.AllowUnexported(hubs.Value{})) {
		t.Errorf("Read differs from Poll: %+v, %v", one, err)
	}
}

func TestFakeActs(t *testing.T) {
	f := NewFake(
		hubs.Device{ID: "v", Name: "Robot", Entities: []hubs.Entity{{Key: "v", Spec: hubs.Vacuum{Can: []hubs.Action{hubs.Start, hubs.Dock}}}}},
		hubs.Device{ID: "m", Name: "Mower", Entities: []hubs.Entity{{Key: "m", Spec: hubs.Mower{Can: []hubs.Action{hubs.Start, hubs.Pause}}}}},
		hubs.Device{ID: "c", Name: "Blind", Entities: []hubs.Entity{{Key: "c", Spec: hubs.Cover{Stops: true}}}},
		hubs.Device{ID: "b", Name: "Button", Entities: []hubs.Entity{{Key: "b", Spec: hubs.Button{}}}},
		hubs.Device{ID: "u", Name: "Update", Entities: []hubs.Entity{{Key: "u", Spec: hubs.Update{Installs: true}}}},
		hubs.Device{ID: "a", Name: "Alarm", Entities: []hubs.Entity{{Key: "a", Spec: hubs.Alarm{Triggers: true}}}},
	)
	for _, c := range []struct {
		id   hubs.DeviceID
		do   hubs.Action
		attr hubs.Attr
		want hubs.Value
	}{
		{"v", hubs.Start, hubs.State, hubs.Str("cleaning")},
		{"v", hubs.Dock, hubs.State, hubs.Str("docked")},
		{"m", hubs.Start, hubs.State, hubs.Str("mowing")},
		{"m", hubs.Pause, hubs.State, hubs.Str("paused")},
		{"c", hubs.Stop, hubs.Motion, hubs.Str(hubs.Stopped)},
		{"b", hubs.Press, hubs.On, hubs.Value{}},
		{"u", hubs.Install, hubs.InProgress, hubs.Bool(true)},
		{"a", hubs.Trigger, hubs.State, hubs.Str("triggered")},
	} {
		if err := f.Execute(t.Context(), hubs.Command{Device: c.id, Entity: string(c.id), Do: c.do}); err != nil {
			t.Errorf("%s %s: %v", c.id, c.do, err)
		}
		if got := f.Value(c.id, string(c.id), c.attr); got != c.want {
			t.Errorf("%s %s: want %v, got %v", c.id, c.do, c.want, got)
		}
	}
}

func TestFakeRefuses(t *testing.T) {
	f := NewFake(Home(2)...)
	f.SetOnline("dev-00002", false)
	plug := hubs.Command{Device: "dev-00002", Entity: "switch", Set: lampOn(true).Set}
	for name, c := range map[string]struct {
		cmd  hubs.Command
		want hubs.Fault
	}{
		"device":  {hubs.Command{Device: "x", Entity: "light"}, hubs.UnknownDevice},
		"entity":  {hubs.Command{Device: lampID, Entity: "x"}, hubs.UnknownEntity},
		"offline": {plug, hubs.Offline},
		"illegal": {hubs.Command{Device: lampID, Entity: "light", Do: hubs.Press}, hubs.Invalid},
	} {
		if err := f.Execute(t.Context(), c.cmd); hubs.FaultOf(err) != c.want || err == nil {
			t.Errorf("%s: want %s, got %v", name, c.want, err)
		}
	}
	if _, err := f.Read(t.Context(), []hubs.DeviceID{"x"}); hubs.FaultOf(err) != hubs.UnknownDevice {
		t.Errorf("Read: %v", err)
	}
	if n := len(f.Executed()); n != 0 {
		t.Errorf("%d commands were accepted", n)
	}
	if r := f.Reading("dev-00002"); r.Online == nil || *r.Online {
		t.Errorf("it is offline: %+v", r)
	}
	f.SetOnline("dev-00002", true)
	f.Deaf = true
	if err := f.Execute(t.Context(), plug); err != nil || len(f.Executed()) != 1 {
		t.Errorf("a deaf hub accepts: %v", err)
	}
}

func TestFakeTroubles(t *testing.T) {
	f := NewFake(Home(1)...)
	boom := errors.New("boom")
	f.Fail(OnPoll, 2, boom)
	f.Panic(OnDevices, 1, "aargh")
	for range 2 {
		if _, err := f.Poll(t.Context()); !errors.Is(err, boom) {
			t.Errorf("want boom, got %v", err)
		}
	}
	if _, err := f.Poll(t.Context()); err != nil {
		t.Errorf("it is over: %v", err)
	}
	func() {
		defer func() {
			if r := recover(); r != "aargh" {
				t.Errorf("want a panic, got %v", r)
			}
		}()
		_, _ = f.Devices(t.Context())
	}()
	f.Fail(OnDevices, Always, boom)
	for range 3 {
		if _, err := f.Devices(t.Context()); !errors.Is(err, boom) {
			t.Errorf("want boom, got %v", err)
		}
	}
	f.Heal()
	if _, err := f.Devices(t.Context()); err != nil || f.Calls(OnDevices) != 5 {
		t.Errorf("%d calls, %v", f.Calls(OnDevices), err)
	}
}

func TestFakeHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFake(Home(1)...)
		release := f.Hang(OnExecute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if err := f.Execute(ctx, lampOn(true)); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		done := make(chan error, 1)
		go func() { done <- f.Execute(t.Context(), lampOn(true)) }()
		synctest.Wait()
		release()
		if err := <-done; err != nil || len(f.Executed()) != 1 {
			t.Errorf("released: %v, %d executed", err, len(f.Executed()))
		}
		f.HangDeaf(OnPoll)
		over, stop := context.WithCancel(t.Context())
		stop()
		go func() { _, err := f.Poll(over); done <- err }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Error("a deaf call looks at its context:", err)
		default:
		}
		f.Heal()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// bell is a sink that counts.
type bell struct {
	mu             sync.Mutex
	alive, relists int
	left           []hubs.DeviceID
	news           []hubs.Reading
}

func (b *bell) Alive()        { b.mu.Lock(); defer b.mu.Unlock(); b.alive++ }
func (b *bell) Relist(string) { b.mu.Lock(); defer b.mu.Unlock(); b.relists++ }
func (b *bell) Left(devices ...hubs.DeviceID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = append(b.left, devices...)
}

func (b *bell) Readings(news []hubs.Reading) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.news = append(b.news, news...)
}

func TestFakePushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFake(Home(9)...)
		f.Echoes = true
		b, done := &bell{}, make(chan error, 2)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- f.Watch(ctx, b) }()
		synctest.Wait()
		if f.Watching() != 1 {
			t.Fatalf("%d streams", f.Watching())
		}
		f.Push(hubs.Reading{Device: "dev-00009", Events: []hubs.Happening{{Entity: "press", Type: "single"}}})
		f.Alive()
		f.Relist("a lamp came")
		f.Left("dev-00009")
		if err := f.Execute(t.Context(), lampOn(true)); err != nil {
			t.Fatal(err)
		}
		if b.alive != 4 || b.relists != 1 || len(b.left) != 1 || len(b.news) != 2 || b.news[1].Values[0].Value != hubs.Bool(true) {
			t.Errorf("%+v", b)
		}
		if err := CheckReadings(Home(9), b.news); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		broken := errors.New("broken")
		go func() { done <- f.Watch(t.Context(), b) }()
		synctest.Wait()
		f.Break(broken)
		if err := <-done; !errors.Is(err, broken) || f.Watching() != 0 {
			t.Errorf("%v, %d streams", err, f.Watching())
		}
	})
}

func TestFakeFunctions(t *testing.T) {
	boom := errors.New("boom")
	f := NewFake()
	f.DevicesFunc = func(context.Context) ([]hubs.Device, error) { return nil, boom }
	f.PollFunc = func(context.Context) ([]hubs.Reading, error) { return nil, boom }
	f.ExecuteFunc = func(context.Context, hubs.Command) error { return boom }
	f.ReadFunc = func(context.Context, []hubs.DeviceID) ([]hubs.Reading, error) { return nil, boom }
	f.WatchFunc = func(context.Context, hubs.Sink) error { return boom }
	_, e1 := f.Devices(t.Context())
	_, e2 := f.Poll(t.Context())
	_, e3 := f.Read(t.Context(), nil)
	for i, err := range []error{e1, e2, e3, f.Execute(t.Context(), lampOn(true)), f.Watch(t.Context(), &bell{})} {
		if !errors.Is(err, boom) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if len(f.Executed()) != 0 {
		t.Error("a command that failed was not accepted")
	}
}

func TestFakePlain(t *testing.T) {
	h := NewFake(Home(1)...).Plain()
	if _, ok := h.(hubs.Reader); ok {
		t.Error("it reads")
	}
	if _, ok := h.(hubs.Watcher); ok {
		t.Error("it watches")
	}
	if ds, err := h.Devices(t.Context()); err != nil || len(ds) != 1 {
		t.Error(ds, err)
	}
}

func TestFakeKeepsValues(t *testing.T) {
	f := NewFake(Home(1)...)
	f.SetValue(lampID, "light", hubs.Level, hubs.Num(7))
	f.SetValue("later", "x", hubs.On, hubs.Bool(true))
	f.SetDevices(Home(2)...)
	if got := f.Value(lampID, "light", hubs.Level); got != hubs.Num(7) {
		t.Errorf("got %v", got)
	}
	if r := f.Reading("dev-00002"); len(r.Values) != 5 {
		t.Errorf("a new device has believable values: %+v", r)
	}
}

func TestFakeConcurrently(t *testing.T) {
	f := NewFake(Home(20)...)
	ctx, cancel := context.WithCancel(t.Context())
	var watchers, wg sync.WaitGroup
	for range 2 {
		watchers.Go(func() { _ = f.Watch(ctx, &bell{}) })
	}
	for i := range 8 {
		wg.Go(func() {
			_, _ = f.Devices(ctx)
			_, _ = f.Poll(ctx)
			_ = f.Execute(ctx, lampOn(i%2 == 0))
			f.Push(f.Reading(lampID))
			f.SetOnline(lampID, true)
			f.SetDevices(Home(20)...)
			f.Fail(OnRead, 1, errors.New("x"))
			_, _ = f.Read(ctx, []hubs.DeviceID{lampID})
			f.Heal()
		})
	}
	wg.Wait()
	cancel()
	watchers.Wait()
}
