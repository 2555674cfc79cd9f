package aqara

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

// entity finds an entity of a device in the inventory.
func (r *rig) entity(device, key string) (hubs.Entity, bool) {
	r.t.Helper()
	for _, d := range r.devices() {
		if d.ID == hubs.DeviceID(device) {
			if e, ok := d.Entity(key); ok {
				return *e, true
			}
		}
	}
	return hubs.Entity{}, false
}

// done lists the orders that the Studio carried out, and what was written.
func (r *rig) done() (out []string) {
	for _, x := range r.studio.Executed() {
		if x.Command != "" {
			out = append(out, x.Function+"."+x.Command)
		} else {
			out = append(out, x.Function+"."+x.Trait)
		}
	}
	return out
}

func act(device, entity string, do hubs.Action) hubs.Command {
	return hubs.Command{Device: hubs.DeviceID(device), Entity: entity, Do: do}
}

// Automations that can be started by hand are scenes of the hub's own device, and run
// once.
func TestAutomations(t *testing.T) {
	r := newRig(t, aqaratest.Options{})
	key := "scene_auto_15b0cde_1274_n4"
	e, ok := r.entity("", key)
	if _, scene := e.Spec.(hubs.Scene); !ok || !scene || e.Name != "Filmabend" {
		t.Fatalf("%v %+v", ok, e)
	}
	if _, ok := r.entity("", "scene_auto_15b0cde_1275_n1"); ok {
		t.Error("an automation that is off shows")
	}
	run := act("", key, hubs.Activate)
	if err := r.hub.Execute(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	for _, f := range []fault.Fault{
		{Kind: fault.LostReply}, {Kind: fault.Cut}, {Kind: fault.Status, Status: 500}, {Kind: fault.Status, Status: 503},
	} {
		f.Match = basePath + apiTrigger
		r.studio.Faults().Fail(f)
		r.studio.Forget()
		if err := r.hub.Execute(t.Context(), run); hubs.FaultOf(err) != hubs.Transient {
			t.Errorf("%s: %v", f.Kind, err)
		}
		if n := len(r.studio.Calls()); n != 1 {
			t.Errorf("%s: %d calls", f.Kind, n)
		}
	}
	// It was switched off meanwhile, or is no longer there.
	_ = r.studio.Enable("auto_15b0cde_1274", false)
	if err := r.hub.Execute(t.Context(), run); hubs.FaultOf(err) != hubs.Refused {
		t.Errorf("an automation that is off: %v", err)
	}
	r.hub.now = func() time.Time { return time.Now().Add(triggerLife) }
	if _, ok := r.entity("", key); ok {
		t.Error("an automation that was switched off still shows")
	}
	if f := hubs.FaultOf(r.hub.Execute(t.Context(), run)); f != hubs.UnknownEntity {
		t.Errorf("an automation that left: %s", f)
	}
	news, err := r.hub.Read(t.Context(), []hubs.DeviceID{hubs.Self})
	if err != nil || len(news) != 0 {
		t.Errorf("%v, %v", news, err)
	}
}

func TestAutomationNames(t *testing.T) {
	data := `[{"automationId":"a","automationName":" Away ","triggerNodeId":"n1","triggerName":"Go"},
		{"automationId":"b","automationName":"Film","triggerNodeId":"n1","triggerName":"Start"},
		{"automationId":"b","automationName":"Film","triggerNodeId":"n2","triggerName":"Film"},
		{"automationId":"c","automationName":"away","triggerNodeId":"n1"},
		{"automationId":"d","triggerName":"Only this"},{"automationId":"e","enabled":false},{"automationId":"f"}, {}]`
	list, err := decodeTriggers(json.RawMessage(data))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range list {
		got = append(got, x.key+"="+x.name)
	}
	want := []string{
		"scene_a_n1=Away", "scene_b_n1=Film: Start", "scene_b_n2=Film", "scene_c_n1=away (c)", "scene_d=Only this", "scene_f=Automation",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, bad := range []string{`{}`, `[7]`, `[{"automationName":"x"}]`, `"x"`} {
		if _, err := decodeTriggers(json.RawMessage(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// What the token may not use is left out and named; the home works.
func TestScopes(t *testing.T) {
	all := []string{
		apiDevices, apiSpecs, apiRead, apiWrite, apiSpaces, apiStatistics, apiOrders, apiTriggers, apiTrigger,
	}
	for _, lacks := range []string{apiStatistics, apiOrders, apiTriggers, apiTrigger, apiSpaces} {
		t.Run(lacks, func(t *testing.T) {
			r := newRig(t, aqaratest.Options{Home: homeOf(aqaratest.Blind, aqaratest.Valve), TokenOptions: aqaratest.TokenOptions{
				NamedTokens: true, Scopes: slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == lacks }),
			}})
			r.devices()
			if _, err := r.hub.Poll(t.Context()); err != nil {
				t.Fatal(err)
			}
			stop := act(aqaratest.Blind, "x2_window_covering", hubs.Stop)
			err := r.hub.Execute(t.Context(), stop)
			if lacks == apiOrders {
				e, _ := errors.AsType[*hubs.Error](err)
				if hubs.FaultOf(err) != hubs.Misconfigured || !strings.Contains(e.Hint, apiOrders) {
					t.Errorf("order: %v", err)
				}
				r.devices() // from now on it does without
				if err := r.hub.Execute(t.Context(), stop); err != nil {
					t.Errorf("second order: %v", err)
				}
				if _, ok := r.entity(aqaratest.Valve, "x2_valve_control"); ok {
					t.Error("a valve that cannot be ordered is one still")
				}
			} else if err != nil {
				t.Errorf("order: %v", err)
			}
			_ = r.hub.Execute(t.Context(), act("", "scene_auto_15b0cde_1274_n4", hubs.Activate))
			_, scenes := r.entity("", "scene_auto_15b0cde_1274_n4")
			if want := lacks != apiTriggers && lacks != apiTrigger; scenes != want {
				r.hub.now = func() time.Time { return time.Now().Add(triggerLife) }
				if _, scenes = r.entity("", "scene_auto_15b0cde_1274_n4"); scenes != want {
					t.Errorf("scenes: %v", scenes)
				}
			}
			if n := strings.Count(r.log.String(), "doing without"); n > 1 || n == 0 && lacks != apiStatistics && lacks != apiSpaces {
				t.Errorf("said %d times: %s", n, r.log)
			}
		})
	}
}

// veil hides or spoils some requests of the hub.
type veil struct {
	http.RoundTripper
	mu     sync.Mutex
	answer func(r *http.Request, body []byte) (status int, text string, ok bool)
}

func (v *veil) set(answer func(r *http.Request, body []byte) (int, string, bool)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = answer
}

func (v *veil) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	v.mu.Lock()
	answer := v.answer
	v.mu.Unlock()
	if answer != nil {
		if status, text, ok := answer(r, body); ok {
			return &http.Response{
				StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: r,
				Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)),
			}, nil
		}
	}
	return v.RoundTripper.RoundTrip(r)
}

// Which answer means what about the Studio's age, and how long it is believed.
func TestProbe(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		old    bool
		fails  bool // the first inventory
	}{
		"404":      {404, `{"code":404,"message":"x"}`, true, false},
		"bare 404": {404, "not found", true, false},
		"405":      {405, "", true, false},
		"1000":     {200, `{"type":"ErrorMessage","code":1000}`, true, false},
		"a page":   {200, "<html>", true, false},
		"403":      {403, `{"code":403}`, false, false},
		"400":      {400, `{"code":400}`, false, false},
		"500":      {500, "", true, true},
		"429":      {429, "", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			v := &veil{}
			bubbleWith(t, aqaratest.Options{Home: homeOf(aqaratest.Valve)},
				func(tr http.RoundTripper) http.RoundTripper { v.RoundTripper = tr; return v },
				func(t *testing.T, r *rig) {
					asked := 0
					v.set(func(r *http.Request, _ []byte) (int, string, bool) {
						probe := strings.HasSuffix(r.URL.Path, apiStatistics)
						if probe {
							asked++
						}
						return c.status, c.body, probe
					})
					_, err := r.hub.Devices(t.Context())
					if (err != nil) != c.fails {
						t.Fatalf("first inventory: %v", err)
					}
					if name == "429" {
						return // the Studio wants to be left alone
					}
					for range probeTries {
						_, err = r.hub.Devices(t.Context())
					}
					_, valve := r.entity(aqaratest.Valve, "x2_valve_control")
					if err != nil || valve == c.old {
						t.Errorf("a valve: %v, %v", valve, err)
					}
					if !c.fails && asked != 1 {
						t.Errorf("asked %d times", asked)
					}
					// It is updated: the next connection, or six hours, tell.
					v.set(nil)
					w := r.live()
					w.cancel()
					if _, valve := r.entity(aqaratest.Valve, "x2_valve_control"); !valve {
						t.Error("an update goes unnoticed")
					}
				})
		})
	}
}

// A page in place of an answer, once, does not take away what a Studio could before.
func TestProbeForgives(t *testing.T) {
	r := newRig(t, aqaratest.Options{Home: homeOf(aqaratest.Valve)})
	r.devices()
	r.hub.now = func() time.Time { return time.Now().Add(probeLife) }
	r.studio.Faults().Fail(fault.Fault{Match: basePath + apiStatistics, Kind: fault.HTML})
	if _, err := r.hub.Devices(t.Context()); hubs.FaultOf(err) != hubs.Transient {
		t.Errorf("got %v", err)
	}
	if _, valve := r.entity(aqaratest.Valve, "x2_valve_control"); !valve {
		t.Error("the valve is gone")
	}
}

// A Studio of generation A gives the same home, with less to do.
func TestGenerationA(t *testing.T) {
	r := newRig(t, aqaratest.Options{Home: aqaratest.FullHome(), FirmwareOptions: aqaratest.FirmwareOptions{OnlyA: true}})
	ds := r.devices()
	news, err := r.hub.Poll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkHome(t, ds, news)
	for _, c := range []struct {
		device, key string
		want        hubs.Spec
	}{
		{aqaratest.Valve, "x2_valve_control_current_valve_state", hubs.Binary{}},
		{aqaratest.Lock, "x2_door_lock", hubs.Lock{}},
		{aqaratest.Blind, "x2_window_covering", hubs.Cover{Positions: true, Tilts: true, Stops: true}},
	} {
		if e, _ := r.entity(c.device, c.key); e.Spec != c.want {
			t.Errorf("%s %s: %+v, want %+v", c.device, c.key, e.Spec, c.want)
		}
	}
	err = r.hub.Execute(t.Context(), set(aqaratest.Lock, "x2_door_lock", hubs.State, hubs.Locked))
	if hubs.FaultOf(err) != hubs.Refused {
		t.Errorf("locking: %v", err)
	}
}

// An old Studio that has generation B tells its rooms there.
func TestRoomsOfGenerationB(t *testing.T) {
	v := &veil{}
	bubbleWith(t, aqaratest.Options{Home: homeOf(aqaratest.Valve)},
		func(tr http.RoundTripper) http.RoundTripper { v.RoundTripper = tr; return v },
		func(t *testing.T, r *rig) {
			v.set(func(_ *http.Request, body []byte) (int, string, bool) {
				switch s := string(body); {
				case strings.Contains(s, typeAllDevices):
					return 200, `{"code":0,"data":[{"deviceId":"` + aqaratest.Valve + `","space":{"spaceId":"b7-002"}}]}`, true
				case strings.Contains(s, typeSpaces):
					return 200, `{"type":"ErrorMessage","code":1000}`, true
				}
				return 0, "", false
			})
			if ds := r.devices(); ds[0].Area != "Garten" {
				t.Errorf("area %q", ds[0].Area)
			}
		})
}

func TestHintsNameTheAPI(t *testing.T) {
	for match, api := range map[string]string{
		typeAllDevices: apiDevices, typeSpecs: apiSpecs, typeValues: apiRead, typeExecute: apiWrite,
	} {
		r := newRig(t, aqaratest.Options{Home: homeOf(aqaratest.Switch)})
		if match == typeExecute {
			r.devices()
		}
		r.studio.Faults().Fail(fault.Fault{Match: match, Kind: aqaratest.FailCode, Code: 403, Times: -1})
		_, err := r.hub.Devices(t.Context())
		if err == nil {
			_, err = r.hub.Poll(t.Context())
		}
		if err == nil {
			err = r.hub.Execute(t.Context(), set(aqaratest.Switch, "x2_output", hubs.On, true))
		}
		e, ok := errors.AsType[*hubs.Error](err)
		if !ok || hubs.FaultOf(err) != hubs.Misconfigured || !strings.Contains(e.Hint, api+" ") {
			t.Errorf("%s: %v, hint %q", match, err, e.Hint)
		}
	}
}
