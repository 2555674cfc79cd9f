package aqaratest

import (
	"encoding/json"
	"strings"
	"testing"
)

func readLive(device string) string {
	return `[{"deviceId":"` + device + `","endpointId":0,"functionCode":"Descriptor","traitCodes":["EndpointArrayDynamic","SupportedEndpointDynamic"]}]`
}

func TestLiveEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		device string
		live   string // as the value stands in the answer
		dead   int    // an endpoint that is not live, or 0
	}{
		"by number":             {Presence, `"[0,1,2,3,4,5]"`, 6},
		"Matter":                {Matter, `"[0,2]"`, 3},
		"Matter without a list": {Wallbox, "null", 0},
		"says so, lists none":   {Siren, "null", 0},
		"two motors":            {Twin, `"[0,1,2]"`, 3},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Options{Home: FullHome()})
			var items []struct {
				TraitCode string
				Value     json.RawMessage
			}
			b.call("GetTraitValueRequest", readLive(c.device)).decode(t, &items)
			if len(items) == 0 || string(items[0].Value) != c.live {
				t.Fatalf("want %s, got %+v", c.live, items)
			}
			d := b.home.device(c.device)
			for _, id := range d.endpointIDs() {
				if got := d.alive(id); got == (c.dead != 0 && id >= c.dead) {
					t.Errorf("endpoint %d: alive=%v", id, got)
				}
			}
		})
	}
	d := Device{Endpoints: []Endpoint{root("lumi.x", "", ""), {ID: 2}}}
	d = d.rooted(descriptor(int64(0), "[0]"))
	if !d.alive(2) {
		t.Error("a list counts only where the device says so")
	}
}

func TestDynamicByRead(t *testing.T) {
	b := newBench(t, Options{Home: FullHome(), AnswerOptions: AnswerOptions{DynamicByRead: true}})
	if r := b.call("GetDevicesRequest", `{"deviceIds":["`+Presence+`"]}`); strings.Contains(r.body, "[0,1,2,3,4,5]") {
		t.Error("want no list in the spec")
	}
	if r := b.call("GetTraitValueRequest", readLive(Presence)); !strings.Contains(r.body, "[0,1,2,3,4,5]") {
		t.Errorf("want the list, got %s", r.body)
	}
}

func TestDeadEndpointsAreSilent(t *testing.T) {
	bubble(t, Options{Home: FullHome()}, func(b *bench) {
		t := b.t
		zone := func(n int) Address { return Address{Presence, n, "HumanPresence", "Presence"} }
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		_ = b.SetAll(map[Address]any{zone(7): "HumanDetected", zone(4): "HumanDetected"})
		if r := w.want("TraitValueUpdate", `"endpointId":4`); strings.Contains(r.body, `"endpointId":7`) {
			t.Errorf("want nothing of a dead endpoint, got %s", r.body)
		}
		read := `[{"deviceId":"` + Presence + `","endpointId":7,"functionCode":"HumanPresence","traitCodes":["Presence"]}]`
		if r := b.call("GetTraitValueRequest", read); !strings.Contains(r.body, `"time":null,"traitCode":"Presence","value":null`) {
			t.Errorf("got %s", r.body)
		}
		b.call("ExecuteTraitRequest", "["+writeItem(Matter, 3, "Output", "OnOff", "true")+"]").is(t, 200, 400)
		b.perform(Twin, "command 3 WindowCovering StopMotion", true).is(t, 200, 400)
		if err := b.AddEndpoint(Presence, Endpoint{ID: 7}); err != nil {
			t.Fatal(err)
		}
		w.want("TraitValueUpdate", `"value":"[0,1,2,3,4,5,7]"`)
		w.want("objectEvent", `"eventType":"DEVICE_ENDPOINT_ADDED"`)
		if r := b.call("GetTraitValueRequest", read); !strings.Contains(r.body, `"value":"2"`) {
			t.Errorf("got %s", r.body)
		}
	})
}

func TestEndpointsComeAndGo(t *testing.T) {
	type event struct {
		EventType, ObjectID string
		Data                struct {
			DeviceID    string
			EndpointIDs []int
		}
	}
	newGang := Endpoint{ID: 4, Name: "Mitte", Type: "Switch", Functions: []Function{{
		Code: "Output", Traits: []Trait{{Code: "OnOff", Param: Param{Type: "Bool", Readable: true, Writable: true, Reports: true}, Value: true}},
	}}}
	for name, c := range map[string]struct {
		device string
		add    Endpoint
		remove int
		fails  bool
		list   string // what the list of live endpoints becomes, if it is pushed
		spec   bool   // whether the endpoint stands in the spec afterwards
	}{
		"new one of a plain device":      {Switch, newGang, 0, false, "", true},
		"new one, others dynamic":        {Matter, newGang, 0, false, "[0,2,4]", true},
		"one of the spec":                {Matter, Endpoint{ID: 3}, 0, false, "[0,2,3]", true},
		"new one where all are live":     {Siren, newGang, 0, false, "", true},
		"gone from a plain device":       {Switch, Endpoint{}, 3, false, "", false},
		"gone from the list":             {Presence, Endpoint{}, 4, false, "[0,1,2,3,5]", true},
		"the first to go from all":       {Siren, Endpoint{}, 1, false, "[0,2]", true},
		"there already":                  {Switch, Endpoint{ID: 2}, 0, true, "", true},
		"nobody":                         {"nobody", newGang, 0, true, "", false},
		"remove from nobody":             {"nobody", Endpoint{}, 2, true, "", false},
		"the root stays":                 {Switch, Endpoint{}, -1, true, "", false},
		"remove what is not there":       {Switch, Endpoint{}, 9, true, "", false},
		"remove what is not live":        {Presence, Endpoint{}, 7, true, "", true},
		"new one with a value that does": {Switch, Endpoint{ID: 5, Functions: []Function{function("X", boolean("Y", "R", 3))}}, 0, true, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{Home: FullHome()}, func(b *bench) {
				t := b.t
				w := b.socket()
				w.ask("SubscribeAllRequest", "")
				kind, id := "DEVICE_ENDPOINT_ADDED", c.add.ID
				var err error
				if c.remove != 0 {
					kind, id = "DEVICE_ENDPOINT_REMOVED", max(c.remove, 0)
					err = b.RemoveEndpoint(c.device, id)
				} else {
					err = b.AddEndpoint(c.device, c.add)
				}
				if (err != nil) != c.fails {
					t.Fatalf("got error %v", err)
				}
				if c.list != "" {
					w.want("TraitValueUpdate", `"value":"`+c.list+`"`)
				}
				if !c.fails {
					var e event
					w.want("objectEvent", kind).decode(t, &e)
					if e.ObjectID != c.device || e.Data.DeviceID != c.device || len(e.Data.EndpointIDs) != 1 || e.Data.EndpointIDs[0] != id {
						t.Errorf("got %+v", e)
					}
				}
				if r := w.ask("ping", ""); r.Type != "pong" {
					t.Errorf("want nothing else, got %s", r.body)
				}
				if c.device == "nobody" || c.remove < 0 {
					return
				}
				d := b.home.device(c.device)
				inSpec := false
				for _, have := range d.endpointIDs() {
					inSpec = inSpec || have == id
				}
				if inSpec != c.spec || !c.fails && c.spec && d.alive(id) != (c.remove == 0) {
					t.Errorf("in spec: %v, alive: %v", inSpec, d.alive(id))
				}
			})
		})
	}
}

func TestNewEndpointWorks(t *testing.T) {
	b := newBench(t, Options{})
	if err := b.AddEndpoint(Switch, part(4, "Mitte", "Switch", onOff(false))); err != nil {
		t.Fatal(err)
	}
	b.perform(Switch, "write 4 Output OnOff=true", false).is(t, 200, 0)
	b.perform(Switch, "command 4 Output Toggle", true).is(t, 200, 0)
	b.check(Switch, "4 Output OnOff=false")
	if err := b.RemoveEndpoint(Switch, 4); err != nil {
		t.Fatal(err)
	}
	b.perform(Switch, "write 4 Output OnOff=true", true).is(t, 200, 400)
}
