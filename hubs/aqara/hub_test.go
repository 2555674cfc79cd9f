package aqara

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// homeSize counts the devices of the small home, and the hub's own.
const homeSize = 9

func TestListPollExecute(t *testing.T) {
	r := newRig(t, aqaratest.Options{FirmwareOptions: aqaratest.FirmwareOptions{Offline: []string{aqaratest.Door}}})
	ds := r.devices()
	news, err := r.hub.Poll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ds) != homeSize || len(news) != 8 {
		t.Fatalf("%d devices, %d readings, want 9 and 8", len(ds), len(news))
	}
	checkHome(t, ds, news)
	for _, n := range news {
		if want := n.Device != aqaratest.Door; n.Online == nil || *n.Online != want {
			t.Errorf("%s: online %v, want %v", n.Device, n.Online, want)
		}
	}
	for _, c := range []struct {
		cmd  hubs.Command
		attr hubs.Attr
		want hubs.Value
	}{
		{set(aqaratest.Switch, "x2_output", hubs.On, true), hubs.On, hubs.Bool(true)},
		{set(aqaratest.Outlet, "x2_output", hubs.On, false), hubs.On, hubs.Bool(false)},
		{set(aqaratest.Strip, "x2_output", hubs.On, true, hubs.Level, 20, hubs.ColourX, 0.5, hubs.ColourY, 0.4), hubs.ColourX, hubs.Num(0.5)},
		{set(aqaratest.Strip, "x2_output", hubs.Kelvin, 4000), hubs.Kelvin, hubs.Num(4000)},
		{set(aqaratest.Strip, "x2_output_start_up_on_off", hubs.Main, "on"), hubs.Main, hubs.Str("on")},
		{set(aqaratest.Motion, "x2_occupancy_sensing_hold_time", hubs.Main, 60), hubs.Main, hubs.Num(60)},
	} {
		if err := r.hub.Execute(t.Context(), c.cmd); err != nil {
			t.Errorf("%+v: %v", c.cmd, err)
			continue
		}
		if got := r.value(string(c.cmd.Device), c.cmd.Entity, c.attr); got != c.want {
			t.Errorf("%+v: got %v, want %v", c.cmd, got, c.want)
		}
	}
	for _, c := range r.studio.Calls() {
		if c.Refused != "" {
			t.Errorf("%s refused: %s", c.Type, c.Refused)
		}
	}
}

// A poll of a home of one chunk costs two calls, and specs are read once in six hours.
func TestCallsAreFew(t *testing.T) {
	r := newRig(t, aqaratest.Options{})
	r.devices()
	r.studio.Forget()
	r.devices()
	if _, err := r.hub.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.studio.Counters().ByType; got[typeSpecs] != 0 || got[typeAllDevices] != 1 || got[typeValues] != 1 {
		t.Errorf("calls: %v", got)
	}
	// The list serves one poll right after it, and no other.
	for range 2 {
		if _, err := r.hub.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.studio.Counters().ByType; got[typeAllDevices] != 3 || got[typeValues] != 3 {
		t.Errorf("calls of later polls: %v", got)
	}
	r.hub.now = func() time.Time { return time.Now().Add(7 * time.Hour) }
	r.devices()
	if got := r.studio.Counters().ByType; got[typeSpecs] != 2 { // in both generations
		t.Errorf("calls after 7 hours: %v", got)
	}
}

func TestCoverStopsWhereItIs(t *testing.T) {
	r := newRig(t, aqaratest.Options{TravelTime: time.Hour, FirmwareOptions: aqaratest.FirmwareOptions{OnlyA: true}})
	r.devices()
	if err := r.hub.Execute(t.Context(), set(aqaratest.Curtain, "x2_window_covering", hubs.Position, 100)); err != nil {
		t.Fatal(err)
	}
	if got := r.value(aqaratest.Curtain, "x2_window_covering", hubs.Motion); got != hubs.Str(hubs.Opening) {
		t.Errorf("motion %v, want opening", got)
	}
	if err := r.hub.Execute(t.Context(), hubs.Command{Device: aqaratest.Curtain, Entity: "x2_window_covering", Do: hubs.Stop}); err != nil {
		t.Fatal(err)
	}
	done := r.studio.Executed()
	if got := done[len(done)-1].Value; got != 35.0 {
		t.Errorf("sent to %v, want 35", got)
	}
}

func TestRooms(t *testing.T) {
	r := newRig(t, aqaratest.Options{FirmwareOptions: aqaratest.FirmwareOptions{Old: true, OnlyA: true}})
	ds := r.devices()
	if len(ds) != 8 || ds[0].Area != "" {
		t.Errorf("%d devices, area %q; an old Studio knows no rooms", len(ds), ds[0].Area)
	}
	if got := r.studio.Counters().ByType; got[typeDevicePage] != 1 || got[typeSpaces] != 0 {
		t.Errorf("calls: %v", got)
	}
	r.devices()
	if got := r.studio.Counters().ByType; got[typeAllDevices] != 1 {
		t.Errorf("asked again for what it does not know: %v", got)
	}
}

// Every look that the documentation allows gives the same home.
func TestAnswersLookDifferent(t *testing.T) {
	want := newRig(t, aqaratest.Options{}).devices()
	for name, o := range map[string]aqaratest.AnswerOptions{
		"spellings":    {EnumListKey: "enumRange", EnumNumbers: true, TypesKey: "types", LowerTypes: true},
		"supported":    {EnumListKey: "supportedValue", ParameterNulls: true, UnknownKeys: true},
		"null":         {Empty: aqaratest.EmptyNull},
		"text":         {Empty: aqaratest.EmptyText},
		"object":       {Empty: aqaratest.EmptyObject},
		"missing":      {Empty: aqaratest.EmptyMissing},
		"no state":     {NoState: true},
		"only 200":     {FailureStatus: aqaratest.Failure200},
		"always 4xx":   {FailureStatus: aqaratest.Failure4xx},
		"unknown fail": {UnknownAsError: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, aqaratest.Options{AnswerOptions: o})
			if got := r.devices(); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				t.Errorf("another home:\n%+v\nwant\n%+v", got, want)
			}
			if err := r.hub.Execute(t.Context(), set(aqaratest.Switch, "x2_output", hubs.On, true)); err != nil {
				t.Error(err)
			}
			if got := r.value(aqaratest.Switch, "x2_output", hubs.On); got != hubs.Bool(true) {
				t.Errorf("switch is %v", got)
			}
			_ = r.studio.SetOnline(aqaratest.Switch, false)
			err := r.hub.Execute(t.Context(), set(aqaratest.Switch, "x2_output", hubs.On, false))
			if hubs.FaultOf(err) != hubs.Offline {
				t.Errorf("offline device: %v", err)
			}
			r.tokenDies(t)
		})
	}
}

// tokenDies checks that one refusal costs one renewal and one repeat.
func (r *rig) tokenDies(t *testing.T) {
	t.Helper()
	r.studio.ExpireAccess()
	r.studio.Forget()
	r.hub.now = func() time.Time { return time.Now().Add(listLife) }
	if _, err := r.hub.Poll(t.Context()); err != nil {
		t.Errorf("after the token's end: %v", err)
	}
	c := r.studio.Counters()
	if c.Refreshes != 1 || c.ByType[typeAllDevices] != 2 {
		t.Errorf("%d renewals, %d lists; want 1 and 2", c.Refreshes, c.ByType[typeAllDevices])
	}
}

func TestPaging(t *testing.T) {
	home := aqaratest.DefaultHome()
	base := home.Devices[0]
	for i := range 250 {
		d := base
		d.ID, d.Name = fmt.Sprintf("lumi.%04d", i), fmt.Sprintf("Lamp %d", i)
		home.Devices = append(home.Devices, d)
	}
	r := newRig(t, aqaratest.Options{Home: home, FirmwareOptions: aqaratest.FirmwareOptions{Old: true}})
	r.studio.Faults().Fail(fault.Fault{Match: typeDevicePage, Kind: fault.Status, Status: 500, Skip: 1})
	if ds, err := r.hub.Devices(t.Context()); hubs.FaultOf(err) != hubs.Transient || ds != nil {
		t.Errorf("second page failed: %d devices, %v", len(ds), err)
	}
	if ds := r.devices(); len(ds) != 259 {
		t.Errorf("%d devices, want 259", len(ds))
	}
	news, err := r.hub.Poll(t.Context())
	if err != nil || len(news) != 258 {
		t.Errorf("%d readings, %v", len(news), err)
	}
	// One chunk of the values fails: the rest counts.
	r.studio.Faults().Fail(fault.Fault{Match: typeValues, Kind: fault.Status, Status: 500, Skip: 1})
	news, err = r.hub.Poll(t.Context())
	if err == nil || len(news) != 208 {
		t.Errorf("one chunk failed: %d readings, %v", len(news), err)
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault fault.Fault
		want  hubs.Fault
	}{
		"429":       {fault.Fault{Kind: fault.Status, Status: 429, RetryAfter: "7"}, hubs.Limited},
		"503":       {fault.Fault{Kind: fault.Status, Status: 503}, hubs.Transient},
		"403":       {fault.Fault{Kind: fault.Status, Status: 403}, hubs.Misconfigured},
		"code 429":  {fault.Fault{Kind: aqaratest.FailCode, Code: 429}, hubs.Limited},
		"code 500":  {fault.Fault{Kind: aqaratest.FailCode, Code: 500}, hubs.Transient},
		"code 4711": {fault.Fault{Kind: aqaratest.FailCode, Code: 4711}, hubs.Refused},
		"reset":     {fault.Fault{Kind: fault.Reset}, hubs.Transient},
		"cut":       {fault.Fault{Kind: fault.Cut}, hubs.Transient},
		"truncated": {fault.Fault{Kind: fault.Truncated}, hubs.Transient},
		"lost":      {fault.Fault{Kind: fault.LostReply}, hubs.Transient},
		"html":      {fault.Fault{Kind: fault.HTML}, hubs.Transient},
		"html 404":  {fault.Fault{Kind: fault.HTML, Status: 404}, hubs.Misconfigured},
		"empty":     {fault.Fault{Kind: fault.Empty}, hubs.Transient},
		"huge":      {fault.Fault{Kind: fault.Huge, Size: 50}, hubs.Transient},
		"deep":      {fault.Fault{Kind: fault.Deep, Size: 100_000}, hubs.Transient},
		"types":     {fault.Fault{Kind: fault.WrongTypes}, hubs.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, aqaratest.Options{})
			r.devices()
			r.hub.models = map[hubs.DeviceID]cached{}
			c.fault.Times = -1
			r.studio.Faults().Fail(c.fault)
			ds, err := r.hub.Devices(t.Context())
			if hubs.FaultOf(err) != c.want || ds != nil {
				t.Errorf("Devices: %d, %s: %v; want %s", len(ds), hubs.FaultOf(err), err, c.want)
			}
			if e, ok := errors.AsType[*hubs.Error](err); name == "429" && (!ok || e.After != 7*time.Second) {
				t.Errorf("429: %#v", err)
			}
			if _, err := r.hub.Poll(t.Context()); hubs.FaultOf(err) != c.want {
				t.Errorf("Poll: %v", err)
			}
			r.studio.Faults().Heal()
			if ds := r.devices(); len(ds) != homeSize {
				t.Errorf("%d devices after healing", len(ds))
			}
			r.noSecrets(err)
		})
	}
}

// noSecrets looks for tokens in what people may read.
func (r *rig) noSecrets(errs ...error) {
	r.t.Helper()
	text := r.log.String() + errors.Join(errs...).Error() + fmt.Sprintf("%#v", errs)
	p := r.studio.Tokens()
	for _, s := range []string{p.Access, p.Refresh, strings.TrimPrefix(r.env.vars["AccessToken"], "Bearer "), r.env.vars["RefreshToken"]} {
		if s != "" && strings.Contains(text, s) {
			r.t.Error("a token shows up in an error or the log")
		}
	}
	if strings.Contains(text, "Authorization") {
		r.t.Error("headers show up in an error or the log")
	}
}

func TestCommandFaults(t *testing.T) {
	r := newRig(t, aqaratest.Options{})
	r.devices()
	on := set(aqaratest.Strip, "x2_output", hubs.On, true, hubs.Level, 30)
	for _, c := range []struct {
		code int
		want hubs.Fault
	}{{1103, hubs.Offline}, {2030, hubs.UnknownDevice}, {400, hubs.Refused}, {9999, hubs.Refused}} {
		r.studio.Faults().Fail(fault.Fault{Match: typeExecute, Kind: aqaratest.ItemFails, Code: c.code})
		r.studio.Forget()
		if err := r.hub.Execute(t.Context(), on); hubs.FaultOf(err) != c.want {
			t.Errorf("code %d: %s: %v; want %s", c.code, hubs.FaultOf(err), err, c.want)
		}
		r.studio.Faults().Fail(fault.Fault{Match: typeExecute, Kind: aqaratest.FailCode, Code: 1000})
		if err := r.hub.Execute(t.Context(), on); hubs.FaultOf(err) != hubs.Refused {
			t.Errorf("code 1000: %v", err)
		}
		if n := r.studio.Counters().ByType[typeExecute]; n != 2 {
			t.Errorf("sent %d times, want 2", n)
		}
	}
	for _, cmd := range []hubs.Command{set("nobody", "x", hubs.On, true), set(aqaratest.Strip, "nothing", hubs.On, true)} {
		f := hubs.FaultOf(r.hub.Execute(t.Context(), cmd))
		if f != hubs.UnknownDevice && f != hubs.UnknownEntity {
			t.Errorf("%+v: %s", cmd, f)
		}
	}
	// A refused token: renewed once, sent once more.
	r.studio.Forget()
	r.studio.ExpireAccess()
	if err := r.hub.Execute(t.Context(), on); err != nil {
		t.Error(err)
	}
	if c := r.studio.Counters(); c.ByType[typeExecute] != 2 || c.Refreshes != 1 {
		t.Errorf("%d sent, %d renewals", c.ByType[typeExecute], c.Refreshes)
	}
}

func TestHangIsGivenUp(t *testing.T) {
	r := newRig(t, aqaratest.Options{})
	r.devices()
	r.studio.Faults().Fail(fault.Fault{Kind: fault.Hang, Times: -1})
	for name, call := range map[string]func(context.Context) error{
		"devices": func(ctx context.Context) error { _, err := r.hub.Devices(ctx); return err },
		"poll":    func(ctx context.Context) error { _, err := r.hub.Poll(ctx); return err },
		"read": func(ctx context.Context) error {
			_, err := r.hub.Read(ctx, []hubs.DeviceID{aqaratest.Strip})
			return err
		},
		"execute": func(ctx context.Context) error {
			return r.hub.Execute(ctx, set(aqaratest.Strip, "x2_output", hubs.On, true))
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		start := time.Now()
		err := call(ctx)
		cancel()
		if hubs.FaultOf(err) != hubs.Transient || time.Since(start) > 3*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(start))
		}
	}
}

func TestDevicesComeAndGo(t *testing.T) {
	r := newRig(t, aqaratest.Options{})
	r.devices()
	if err := r.studio.Remove(aqaratest.Button); err != nil {
		t.Fatal(err)
	}
	r.hub.now = func() time.Time { return time.Now().Add(listLife) }
	if news, err := r.hub.Poll(t.Context()); err != nil || len(news) != 7 {
		t.Errorf("%d readings, %v", len(news), err)
	}
	_ = r.studio.Rename(aqaratest.Strip, "  Neuer Name ")
	ds := r.devices()
	if len(ds) != homeSize-1 || ds[0].Name != "Neuer Name" {
		t.Errorf("%d devices, first %q", len(ds), ds[0].Name)
	}
	_, err := r.hub.Read(t.Context(), []hubs.DeviceID{aqaratest.Button})
	if hubs.FaultOf(err) != hubs.UnknownDevice {
		t.Errorf("read of a device that left: %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	r := newRig(t, aqaratest.Options{})
	r.devices()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := r.hub.Devices(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := r.hub.Poll(t.Context()); err != nil {
				t.Error(err)
			}
			if err := r.hub.Execute(t.Context(), set(aqaratest.Strip, "x2_output", hubs.On, i%2 == 0)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := r.studio.Counters().MaxInFlight; n > 4 {
		t.Errorf("%d calls at a time, want at most 4", n)
	}
}
