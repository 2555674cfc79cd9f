package tuya

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// ear keeps what a stream says.
type ear struct {
	mu     sync.Mutex
	alive  int
	news   []hubs.Reading
	lists  []string
	left   []hubs.DeviceID
	change chan struct{}
}

func newEar() *ear { return &ear{change: make(chan struct{}, 1)} }

func (e *ear) note(f func()) {
	e.mu.Lock()
	f()
	e.mu.Unlock()
	select {
	case e.change <- struct{}{}:
	default:
	}
}

func (e *ear) Alive()                    { e.note(func() { e.alive++ }) }
func (e *ear) Readings(r []hubs.Reading) { e.note(func() { e.news = append(e.news, r...) }) }
func (e *ear) Relist(why string)         { e.note(func() { e.lists = append(e.lists, why) }) }
func (e *ear) Left(ids ...hubs.DeviceID) { e.note(func() { e.left = append(e.left, ids...) }) }
func (e *ear) count() (news, lists int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.news), len(e.lists)
}

// said empties the ear.
func (e *ear) said() []hubs.Reading {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.news
	e.news = nil
	return out
}

const buttonSpec = `{"category":"wxkg","functions":[],"status":[{"code":"switch_mode1","type":"Enum","values":"{\"range\":[\"single_click\",\"double_click\"]}"},{"code":"battery_percentage","type":"Integer","values":"{\"unit\":\"%\",\"min\":0,\"max\":100,\"scale\":0,\"step\":1}"}]}`

// house is a home of a gateway, a plug behind it and a button, in a bubble.
func house(t *testing.T, f func(t *testing.T, r *rig, s *script, l *listener, e *ear)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &script{}
		s.say = freshTokens(func(_ int, call string) string {
			switch {
			case strings.HasPrefix(call, "GET "+linkedPath):
				return result(`{"devices":[{"id":"gate","uid":"eu1","name":"Gate","category":"wg2","product_id":"pg","online":true},` +
					`{"id":"plug","uid":"eu1","name":"Plug","category":"cz","product_id":"p1","online":true,"sub":true,"gateway_id":"gate","status":[{"code":"switch_1","value":false}]},` +
					`{"id":"button","uid":"eu1","name":"Button","category":"wxkg","product_id":"pb","online":true,"status":[{"code":"switch_mode1","value":"single_click"}]}],"has_more":false}`)
			case strings.Contains(call, "/button/specification"):
				return result(buttonSpec)
			case strings.HasSuffix(call, "/specification"):
				return result(`{"category":"cz","functions":[{"code":"switch_1","type":"Boolean","values":"{}"}],"status":[{"code":"switch_1","type":"Boolean","values":"{}"}]}`)
			case strings.Contains(call, "/commands"):
				return result("true")
			case strings.Contains(call, "/devices/status"):
				return result(`[{"id":"plug","status":[{"code":"switch_1","value":true}]}]`)
			}
			return failure(28841105)
		})
		r := newRig(t, s, nil)
		if _, err := r.hub.Devices(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := r.hub.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		e := newEar()
		ctx, cancel := context.WithCancel(t.Context())
		l := &listener{hub: r.hub, to: e, wish: make(chan string, 1)}
		var tasks sync.WaitGroup
		tasks.Go(func() { l.passWishes(ctx) })
		f(t, r, s, l, e)
		cancel()
		tasks.Wait()
		_ = r.tokens.Close(context.Background())
	})
}

func report(device, code, value string, at time.Time) news {
	return news{device: hubs.DeviceID(device), deed: reports, modern: true, points: []point{{Code: code, Value: json.RawMessage(value), At: at}}}
}

func TestPushedValues(t *testing.T) {
	house(t, func(t *testing.T, _ *rig, _ *script, l *listener, e *ear) {
		l.take(report("plug", "switch_1", "true", time.Now()))
		got := e.said()
		if len(got) != 1 || len(got[0].Values) != 1 || got[0].Values[0].Value != hubs.Bool(true) || !got[0].Values[0].At.Equal(time.Now()) || got[0].Online != nil {
			t.Errorf("want the plug on, got %+v", got)
		}
		l.take(report("plug", "switch_1", "true", time.Now()))
		if got := e.said(); len(got) != 0 {
			t.Errorf("delivered twice: want nothing, got %+v", got)
		}
	})
}

// A press is an event each time, but not one of long ago, which the message service may
// have kept; the value counts if it is newer than the list.
func TestPresses(t *testing.T) {
	house(t, func(t *testing.T, r *rig, _ *script, l *listener, e *ear) {
		press := func(at time.Time) (events, values int) {
			l.take(report("button", "switch_mode1", `"single_click"`, at))
			for _, n := range e.said() {
				events, values = events+len(n.Events), values+len(n.Values)
			}
			return events, values
		}
		pass(10 * time.Minute)
		if n, _ := press(time.Now().Add(-9 * time.Minute)); n != 0 {
			t.Error("a press of nine minutes ago is an event")
		}
		for range 2 {
			if n, _ := press(time.Now()); n != 1 {
				t.Errorf("want one event a press, got %d", n)
			}
			pass(time.Second)
		}
		if n, _ := press(time.Now().Add(-time.Hour)); n != 0 {
			t.Error("a press out of order is an event")
		}
		l.take(report("plug", "switch_1", "true", time.Now().Add(-time.Hour)))
		if got := e.said(); len(got) != 0 {
			t.Errorf("older than the list: want nothing, got %+v", got)
		}
		l.take(report("plug", "switch_1", "true", time.Now().Add(-2*time.Minute)))
		if got := e.said(); len(got) != 1 {
			t.Errorf("late, yet newer than the list: want it, got %+v", got)
		}
	})
}

func TestPresence(t *testing.T) {
	house(t, func(t *testing.T, _ *rig, _ *script, l *listener, e *ear) {
		states := func() map[hubs.DeviceID]bool {
			out := map[hubs.DeviceID]bool{}
			for _, n := range e.said() {
				if n.Online != nil {
					out[n.Device] = *n.Online
				}
			}
			return out
		}
		want := func(what string, want map[hubs.DeviceID]bool) {
			t.Helper()
			if got := states(); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: want %v, got %v", what, want, got)
			}
		}
		start := time.Now()
		pass(time.Minute)
		l.take(news{device: "plug", deed: goes, at: time.Now()})
		want("plug goes", map[hubs.DeviceID]bool{"plug": false})
		l.take(news{device: "plug", deed: comes, at: start})
		want("an older word", map[hubs.DeviceID]bool{})
		l.take(report("plug", "switch_1", "true", time.Now().Add(-time.Second)))
		want("a report of before", map[hubs.DeviceID]bool{})
		pass(time.Second)
		l.take(report("plug", "switch_1", "false", time.Now()))
		want("who speaks is there", map[hubs.DeviceID]bool{"plug": true})
		l.take(news{device: "gate", deed: goes})
		want("the gateway goes", map[hubs.DeviceID]bool{"gate": false, "plug": false})
		pass(time.Second)
		l.take(news{device: "gate", deed: comes})
		want("the gateway comes", map[hubs.DeviceID]bool{"gate": true, "plug": true})
	})
}

// Removal counts at once, although the list lags behind.
func TestRemoval(t *testing.T) {
	house(t, func(t *testing.T, r *rig, _ *script, l *listener, e *ear) {
		has := func(id hubs.DeviceID) bool {
			list, err := r.hub.Devices(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(list, func(d hubs.Device) bool { return d.ID == id })
		}
		l.take(news{device: "plug", deed: leaves})
		if len(e.left) != 1 || e.left[0] != "plug" {
			t.Errorf("want the plug to leave, got %v", e.left)
		}
		if has("plug") {
			t.Error("the list that lags behind brings it back")
		}
		l.take(report("plug", "switch_1", "true", time.Now()))
		if got := e.said(); len(got) != 0 {
			t.Errorf("news of what left: %+v", got)
		}
		l.take(news{device: "plug", deed: relists, what: "bindUser"})
		if !has("plug") {
			t.Error("added again, yet not listed")
		}
		l.take(news{device: "plug", deed: leaves})
		pass(2 * time.Minute)
		if !has("plug") {
			t.Error("a minute later the list is right")
		}
	})
}

// Inventories cost calls: the stream asks for few, whatever it brings.
func TestWishes(t *testing.T) {
	house(t, func(t *testing.T, _ *rig, _ *script, l *listener, e *ear) {
		for range 600 {
			l.take(report("stranger", "switch_1", "true", time.Now()))
			pass(time.Second)
		}
		if _, lists := e.count(); lists != 1 {
			t.Errorf("a stranger that speaks each second for 10 minutes: want one inventory, got %d", lists)
		}
		for range 600 {
			l.take(news{device: "plug", deed: relists, what: "deviceNameUpdate"})
			pass(time.Second)
		}
		if _, lists := e.count(); lists < 9 || lists > 12 {
			t.Errorf("changes each second for 10 minutes: want one inventory a minute, got %d", lists)
		}
	})
}

// After a break of the message service, which keeps what nobody took, the bridge asks for
// everything, and nothing is to be asked of the cloud.
func TestSparedAfterBreak(t *testing.T) {
	house(t, func(t *testing.T, r *rig, s *script, l *listener, _ *ear) {
		ask := func() int {
			before := s.count(linkedPath)
			if d, err := r.hub.Devices(t.Context()); err != nil || len(d) != 3 {
				t.Errorf("want 3 devices, got %d and %v", len(d), err)
			}
			if _, err := r.hub.Poll(t.Context()); err != nil {
				t.Error(err)
			}
			return s.count(linkedPath) - before
		}
		breaks := func() {
			now := r.hub.now()
			r.hub.push.broke, r.hub.push.lull = now, now.Add(lullFor)
		}
		pass(time.Minute)
		if got := ask(); got != 1 {
			t.Errorf("want one list for an inventory and the poll after it, got %d", got)
		}
		breaks()
		pass(time.Second)
		if got := ask(); got != 0 {
			t.Errorf("just broken: want no list, got %d", got)
		}
		pass(30 * time.Second)
		l.stands(true)
		pass(time.Second)
		if got := ask(); got != 0 {
			t.Errorf("back again: want no list, got %d", got)
		}
		pass(time.Minute)
		breaks()
		pass(11 * time.Second)
		if got := ask(); got != 1 {
			t.Errorf("broken for a while: want a list, got %d", got)
		}
		pass(10 * time.Minute)
		l.stands(true)
		if got := ask(); got != 1 {
			t.Errorf("back after long: want a list, got %d", got)
		}
	})
}

func TestCommand(t *testing.T) {
	house(t, func(t *testing.T, r *rig, s *script, l *listener, _ *ear) {
		cmd := hubs.Command{Device: "plug", Entity: "switch_1", Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}}
		if err := r.hub.Execute(t.Context(), cmd); err != nil {
			t.Fatal(err)
		}
		last := len(s.made()) - 1
		if got, want := s.made()[last], "POST /v1.0/iot-03/devices/plug/commands"; got != want {
			t.Errorf("want %s, got %s", want, got)
		}
		if got, want := s.bodies[last], `{"commands":[{"code":"switch_1","value":true}]}`; got != want {
			t.Errorf("want %s, got %s", want, got)
		}
		read := func() int {
			before := s.count("/devices/status")
			if _, err := r.hub.Read(t.Context(), []hubs.DeviceID{"plug"}); err != nil {
				t.Error(err)
			}
			return s.count("/devices/status") - before
		}
		if a, b, c := read(), read(), read(); a != 1 || b+c != 0 {
			t.Errorf("after a command: want one early read, got %d, %d, %d", a, b, c)
		}
		pass(time.Minute)
		if read()+read() != 2 {
			t.Error("when somebody asks: want a read each time")
		}
		l.stands(true)
		if err := r.hub.Execute(t.Context(), cmd); err != nil {
			t.Fatal(err)
		}
		if read() != 0 {
			t.Error("the open stream tells the outcome: want no read at once")
		}
		pass(6 * time.Second)
		if read() != 1 || read() != 0 {
			t.Error("and it did not tell: want one read")
		}
	})
}

// What the older call does not know goes by the thing model, from then on at once; a
// refusal by both is the first one's.
func TestCommandByThingModel(t *testing.T) {
	for _, code := range []int{2003, 2008} {
		for _, model := range []bool{true, false} {
			t.Run(fmt.Sprint(code, model), func(t *testing.T) {
				s := &script{}
				good := homeOf(map[string]func(string) string{linkedPath: says(result(`{"devices":` + wireDevices(1, 2) + `,"has_more":false}`))})
				s.say = func(n int, call string) string {
					switch {
					case strings.HasSuffix(call, "/commands"):
						return failure(code)
					case strings.HasSuffix(call, "/issue") && model:
						return result("{}")
					case strings.HasSuffix(call, "/issue"):
						return failure(1109)
					}
					return good(n, call)
				}
				r := newRig(t, s, nil)
				if _, err := r.hub.Devices(t.Context()); err != nil {
					t.Fatal(err)
				}
				cmd := hubs.Command{Device: "bf01", Entity: "switch_1", Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}}
				for range 2 {
					err := r.hub.Execute(t.Context(), cmd)
					if model && err != nil || !model && (hubs.FaultOf(err) != hubs.Refused || codeOf(err) != fmt.Sprint(code)) {
						t.Errorf("thing model %v: got %v", model, err)
					}
				}
				want := 2
				if model {
					want = 1
					if got, want := s.bodies[len(s.bodies)-1], `{"properties":"{\"switch_1\":true}"}`; got != want {
						t.Errorf("want %s, got %s", want, got)
					}
				}
				if got := s.count("/commands"); got != want {
					t.Errorf("want the first call %d times, got %d", want, got)
				}
			})
		}
	}
}

func TestCommandNotTaken(t *testing.T) {
	for answer, want := range map[string]hubs.Fault{
		result("false"): hubs.Refused, failure(2001): hubs.Offline, failure(1106): hubs.Refused, failure(28841004): hubs.Limited,
	} {
		s := &script{}
		good := homeOf(map[string]func(string) string{linkedPath: says(result(`{"devices":` + wireDevices(1, 2) + `,"has_more":false}`))})
		s.say = func(n int, call string) string {
			if strings.HasSuffix(call, "/commands") {
				return answer
			}
			return good(n, call)
		}
		r := newRig(t, s, nil)
		if _, err := r.hub.Devices(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := r.hub.Execute(t.Context(), hubs.Command{Device: "bf01", Entity: "switch_1", Set: []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(true)}}})
		if hubs.FaultOf(err) != want {
			t.Errorf("%s: want %s, got %v", answer, want, err)
		}
	}
}
