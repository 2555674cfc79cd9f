package aqaratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// spell writes a value of the type of p that the device must take, and one that it must
// not.
func spell(p Param, value any) (good, bad string) {
	switch p.Type {
	case "Bool":
		return "true", "1"
	case "Integer", "Float":
		if value == nil {
			value = 1
			if p.Min != nil {
				value = *p.Min
			}
		}
		return fmt.Sprint(value), `"1"`
	case "Enum":
		return fmt.Sprintf("%q", p.Enum[0].Value), `"977"`
	case "Struct":
		return `"{}"`, `"{"`
	case "Data":
		return `"0x00"`, `"00"`
	}
	if strings.HasPrefix(p.Type, "List") {
		return `"[]"`, `"["`
	}
	return `"Text"`, "17"
}

// TestEveryTrait writes to each trait of the full home, over both generations.
func TestEveryTrait(t *testing.T) {
	for _, rest := range []bool{false, true} {
		h := FullHome()
		b := newBench(t, Options{Home: h})
		h.each(func(a Address, tr *Trait) {
			good, bad := spell(tr.Param, tr.Value)
			write := func(value string) int {
				return b.perform(a.Device, fmt.Sprintf("write %d %s %s=%s", a.Endpoint, a.Function, a.Trait, value), rest).Code
			}
			want := 0
			switch {
			case a.Device == Away:
				want = codeOffline
			case !tr.Param.Writable, !h.device(a.Device).alive(a.Endpoint):
				want = codeParam
			}
			if got := write(good); got != want {
				t.Errorf("%s=%s: want code %d, got %d", a, good, want, got)
			}
			if got := write(bad); got == 0 {
				t.Errorf("%s=%s: want a refusal", a, bad)
			}
			if a.Trait == "WindowCoveringMotorsBinding" || a.Trait == "EnableRemoteControl" {
				return // stays true, so that the rest can be told
			}
			if v := b.value(a); want == 0 && tr.Param.Type == "Enum" && a.Function != "DoorLock" && v != tr.Param.Enum[0].Value {
				t.Errorf("%s: want %s, got %v", a, tr.Param.Enum[0].Value, v)
			}
		})
	}
}

// TestEveryCommand gives each command of the full home, with its mandatory fields only
// and with all of them.
func TestEveryCommand(t *testing.T) {
	idle := []string{ // of which the reference does not say what they do
		"DoorLock.GetUser", "Smoke.TriggerWarning", "IRControl.SendIRCode", "WaterChemistry.FeedNow", "EVSE.EnableCharging", "EVSE.DisableCharging",
	}
	bubble(t, Options{Home: FullHome()}, func(b *bench) {
		t := b.t
		n := 0
		for _, d := range FullHome().Devices {
			for _, e := range d.Endpoints {
				for _, f := range e.Functions {
					for _, c := range f.Commands {
						n++
						if (b.deeds[f.Code+"."+c.Code] == nil) != slices.Contains(idle, f.Code+"."+c.Code) {
							t.Errorf("%s.%s: nobody knows what it does", f.Code, c.Code)
						}
						for _, all := range []bool{false, true} {
							args := []string{}
							for _, fl := range c.Fields {
								if good, _ := spell(fl.Param, nil); all || fl.Mandatory {
									args = append(args, fmt.Sprintf(`{"fieldCode":%q,"value":%s}`, fl.Code, good))
								}
							}
							want := 0
							if !d.alive(e.ID) {
								want = codeParam
							}
							do := fmt.Sprintf("command %d %s %s [%s]", e.ID, f.Code, c.Code, strings.Join(args, ","))
							if r := b.perform(d.ID, do, true); r.Code != want {
								t.Errorf("%s %s: want code %d, got %s", d.Name, do, want, r.body)
							}
						}
					}
				}
			}
		}
		if n < 60 {
			t.Errorf("got %d commands only", n)
		}
	})
}

// flat is what a spec says of each trait.
func flat(t *testing.T, r reply) map[string]string {
	t.Helper()
	var specs []struct {
		DeviceID  string
		Endpoints []struct {
			EndpointID int
			Functions  []struct {
				FunctionCode string
				Traits       []struct {
					TraitCode              string
					Parameter, Value, Time json.RawMessage
				}
			}
		}
	}
	r.decode(t, &specs)
	out := map[string]string{}
	for _, s := range specs {
		for _, e := range s.Endpoints {
			for _, f := range e.Functions {
				for _, tr := range f.Traits {
					a := Address{s.DeviceID, e.EndpointID, f.FunctionCode, tr.TraitCode}
					out[a.String()] = fmt.Sprintf("%s at %s of %s", tr.Value, tr.Time, tr.Parameter)
				}
			}
		}
	}
	return out
}

func TestGenerationsAgree(t *testing.T) {
	b := newBench(t, Options{Home: FullHome()})
	ids := []string{}
	for _, d := range b.Devices() {
		ids = append(ids, d.ID)
	}
	a := flat(t, b.call("GetDevicesRequest", ""))
	if d := cmp.Diff(a, flat(t, b.must("GET", BasePath+"/devices/definitions?deviceIds="+strings.Join(ids, ","), ""))); d != "" {
		t.Error(d)
	}
	for address, text := range a { // and reads say what the spec says
		f := strings.Fields(address)
		item := fmt.Sprintf(`[{"deviceId":%q,"endpointId":%s,"functionCode":%q,"traitCodes":[%q]}]`, f[0], f[1], f[2], f[3])
		var typed, rest []struct{ Value, Time json.RawMessage }
		b.call("GetTraitValueRequest", item).decode(t, &typed)
		b.must("POST", BasePath+"/devices/trait/read", `{"data":`+item+`}`).decode(t, &rest)
		if d := cmp.Diff(typed, rest); d != "" {
			t.Errorf("%s: %s", address, d)
		}
		if len(typed) == 0 {
			if !strings.Contains(text, `"readable":false`) || !strings.HasPrefix(text, "null at null") {
				t.Errorf("%s: not readable, though %s", address, text)
			}
			continue
		}
		if want := fmt.Sprintf("%s at %s of ", typed[0].Value, typed[0].Time); !strings.HasPrefix(text, want) {
			t.Errorf("%s: want %s, got %s", address, want, text)
		}
	}
}

func TestFiltersOfTheFullHome(t *testing.T) {
	b := newBench(t, Options{Home: FullHome()})
	for query, want := range map[string]int{
		"": 56, "?deviceTypesList=DoorLock": 2, "?deviceTypesList=doorlock,garagedoor": 3, "?deviceTypesList=Fan,Light&deviceTypesMatchMode=and": 1,
		"?state=false": 1, "?spaceIds=b7&needChildren=true": 9, "?spaceIds=b7-002": 5, "?spaceAssociated=false": 4, "?deviceName=Jalousie": 1,
		"?deviceTypesList=WindowCovering": 4, "?deviceTypesList=Camera,Hub": 3,
	} {
		var p struct {
			TotalCount int
			Data       []struct{ DeviceName string }
		}
		b.must("GET", BasePath+"/devices"+query, "").decode(t, &p)
		if p.TotalCount != want || len(p.Data) != want {
			t.Errorf("%s: want %d, got %d: %v", query, want, p.TotalCount, p.Data)
		}
	}
	var pages []string
	for page := 1; page < 9; page++ {
		var p struct{ Data []struct{ DeviceID string } }
		b.call("GetDeviceInfoRequest", fmt.Sprintf(`{"orderBy":"createTime asc","pageNum":%d,"pageSize":10}`, page)).decode(t, &p)
		for _, d := range p.Data {
			pages = append(pages, d.DeviceID)
		}
	}
	slices.Sort(pages)
	if n := len(slices.Compact(pages)); n != 56 {
		t.Errorf("want every device once over all pages, got %d", n)
	}
}

func TestSnapshotOfTheFullHome(t *testing.T) {
	h := FullHome()
	h.Grow(300)
	bubble(t, Options{Home: h, SocketOptions: SocketOptions{Snapshot: SnapshotAfter}}, func(b *bench) {
		t := b.t
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		w.conn.SetReadLimit(-1)
		var items []struct {
			Address
			Value json.RawMessage
		}
		w.want("TraitValueUpdate", Lock).decode(t, &items)
		if len(items) < 3000 {
			t.Errorf("want all values, got %d", len(items))
		}
		for _, it := range items {
			if tr := b.home.trait(it.Address); !tr.Param.Readable || !tr.Param.Reports || !b.home.device(it.Device).alive(it.Endpoint) {
				t.Errorf("%s is never reported", it.Address)
			}
		}
	})
}

// FuzzTyped throws anything at the typed path: there is always an envelope, and nothing
// changes that was not understood.
func FuzzTyped(f *testing.F) {
	f.Add(message("GetDevicesRequest", `{"deviceIds":["`+Lock+`"]}`))
	f.Add(message("ExecuteTraitRequest", "["+writeItem(Twin, 2, "WindowCovering", "WindowCoveringMotorsBinding", "false")+"]"))
	f.Add(message("GetTraitValueRequest", readLive(Presence)))
	f.Add(message("GetDeviceInfoRequest", `{"pageNum":-9223372036854775808,"pageSize":1}`))
	f.Add(`{"type":"ping","version":"v1","msgId":"1","data":[[[{}]]]}`)
	s := New(Options{Home: FullHome(), FirmwareOptions: FirmwareOptions{RepeatedMsgIDs: true}})
	f.Fuzz(func(t *testing.T, body string) {
		q := s.begin(typedRequest(t, s), []byte(body))
		defer s.end(q)
		out := s.process(q)
		var e envelope
		if err := json.Unmarshal(out.body, &e); err != nil || e.Type == "" || e.Version != "v1" || e.MsgID == "" {
			t.Errorf("%v: %s", err, out.body)
		}
	})
}

// FuzzCommand does the same with commands.
func FuzzCommand(f *testing.F) {
	for _, c := range []string{"LockDoor", "UnlockDoor", "GetUser", ""} {
		f.Add(Lock, 2, "DoorLock", c, `[]`)
	}
	f.Add(Vacuum, 2, "Mode", "ChangeToMode", `[{"fieldCode":"CurrentMode","value":3}]`)
	f.Add(Twin, 2, "WindowCovering", "StepPosition", `[{"fieldCode":"Size","value":-1e2}]`)
	s := New(Options{Home: FullHome()})
	f.Fuzz(func(t *testing.T, device string, endpoint int, function, command, args string) {
		raw, err := json.Marshal(map[string]any{"deviceId": device, "endpointId": endpoint, "functionCode": function, "commandCode": command})
		if err != nil {
			return
		}
		body := strings.TrimSuffix(string(raw), "}") + `,"args":` + args + "}"
		q := s.begin(typedRequest(t, s), []byte(`{"data":[`+body+`]}`))
		defer s.end(q)
		s.mu.Lock()
		defer s.mu.Unlock()
		if a := s.restCommands(q); a.status != 200 && a.status != 400 {
			t.Errorf("got %+v", a)
		}
	})
}

func typedRequest(t *testing.T, s *Studio) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, BasePath, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.Tokens().Access)
	r.Header.Set("Content-Type", "application/json")
	return r
}
