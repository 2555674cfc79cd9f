package tuyatest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestScenes(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		type scene struct {
			ID      string `json:"scene_id"`
			Name    string `json:"name"`
			Enabled bool   `json:"enabled"`
			Status  string `json:"status"`
		}
		var got []scene
		for _, version := range []string{"v1.0", "v1.1"} {
			b.get(fmt.Sprintf("/%s/homes/%d/scenes", version, House), &got)
			want := []scene{
				{GoodNight, "Gute Nacht", true, "1"}, {OldScene, "Weihnachten", false, "1"}, {BrokenScene, "Alte Lampe an", true, "2"},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", version, diff)
			}
		}
		trigger := func(home int64, scene string) string {
			return fmt.Sprintf("/v1.0/homes/%d/scenes/%s/trigger", home, scene)
		}
		if err := b.SetOnline(Plug, false); err != nil {
			t.Fatal(err)
		}
		b.wants(0, "POST", trigger(House, GoodNight), "")
		b.has(Bulb, "switch_led", "false")
		b.has(Plug, "switch_1", "true")
		pass(11 * time.Second)
		b.has(Curtain, "percent_state", "100")
		b.wants(codeNotSupported, "POST", trigger(House, OldScene), "")
		b.wants(codeNotSupported, "POST", trigger(House, BrokenScene), "")
		b.wants(codePermission, "POST", trigger(House, Watering), "")
		b.wants(0, "POST", trigger(Garden, Watering), "")
		b.has(Valve, "switch", "true", "work_state", "manual")
	})
}

func TestInfrared(t *testing.T) {
	b := newBench(t, Options{})
	hub := "/v2.0/infrareds/" + IRHub
	var remotes []map[string]any
	b.get(hub+"/remotes", &remotes)
	want := map[string]any{
		"remote_id": IRAircon, "remote_name": "Klimaanlage", "category_id": 5.0, "brand_id": 97.0, "brand_name": "Gree", "remote_index": 10727.0,
	}
	if diff := cmp.Diff(want, remotes[0]); diff != "" || len(remotes) != 2 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var keys struct {
		Category  int              `json:"category_id"`
		Keys      []map[string]any `json:"key_list"`
		SingleAir bool             `json:"single_air"`
	}
	b.get(hub+"/remotes/"+IRTelevision+"/keys", &keys)
	if keys.Category != 2 || len(keys.Keys) != 5 || keys.SingleAir || keys.Keys[4]["key_id"] != 9003.0 || keys.Keys[4]["standard_key"] != false {
		t.Errorf("want five keys of a television, got %+v", keys)
	}
	send := hub + "/remotes/" + IRTelevision + "/raw/command"
	for body, code := range map[string]int{
		`{"category_id":2,"remote_index":147,"key":"power","key_id":1}`: 0,
		`{"category_id":2,"key_id":9003}`:                               0,
		`{"category_id":2,"key":"power","key_id":9003}`:                 codeUnsupported,
		`{"category_id":2,"key":"fly"}`:                                 codeUnsupported,
		`{"category_id":5,"key":"power"}`:                               codeIllegal,
		`{"category_id":2,"remote_index":1,"key":"power"}`:              codeIllegal,
		`{"category_id":2}`:                                             codeEmpty,
		`{"key":"power"}`:                                               codeEmpty,
		`[]`:                                                            codeIllegal,
	} {
		b.wants(code, "POST", send, body)
	}
	if got := b.Executed(); len(got) != 2 || got[0].Device != IRTelevision {
		t.Errorf("want two keys sent, got %+v", got)
	}
	b.wants(codeNotSupported, "GET", "/v2.0/infrareds/"+Plug+"/remotes", "")
	b.wants(codePermission, "GET", hub+"/remotes/nobody/keys", "")
}

func TestInfraredAircon(t *testing.T) {
	b := newBench(t, Options{})
	hub := "/v2.0/infrareds/" + IRHub
	send := hub + "/air-conditioners/" + IRAircon + "/scenes/command"
	for _, c := range []struct {
		body string
		code int
		want AC
	}{
		{`{"power":1,"mode":1,"temp":22,"wind":3}`, 0, AC{1, 1, 22, 3}},
		{`{"power":1,"mode":1,"temp":22}`, codeEmpty, AC{1, 1, 22, 3}},
		{`{"power":1,"mode":5,"temp":22,"wind":0}`, codeUnsupported, AC{1, 1, 22, 3}},
		{`{"power":1,"mode":0,"temp":31,"wind":0}`, codeUnsupported, AC{1, 1, 22, 3}},
		{`{"mode":0,"temp":20,"wind":0}`, codeIllegal, AC{1, 1, 22, 3}},
		{`{"power":0}`, 0, AC{0, 1, 22, 3}},
	} {
		b.wants(c.code, "POST", send, c.body)
		if got, err := b.Remote(IRAircon); err != nil || got != c.want {
			t.Errorf("%s: want %+v, got %+v %v", c.body, c.want, got, err)
		}
	}
	var status map[string]string
	b.get(hub+"/remotes/"+IRAircon+"/ac/status", &status)
	want := map[string]string{"remote_id": IRAircon, "power": "0", "mode": "1", "temp": "22", "wind": "3"}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.wants(codeNotSupported, "GET", hub+"/remotes/"+IRTelevision+"/ac/status", "")
	if err := b.SetOnline(IRHub, false); err != nil {
		t.Fatal(err)
	}
	b.wants(codeOffline, "POST", send, `{"power":0}`)
	if _, err := b.Remote("nobody"); err == nil {
		t.Error("want an unknown remote refused")
	}
}

func TestLock(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		ticket := func(path string) string {
			var got struct {
				ID     string `json:"ticket_id"`
				Key    string `json:"ticket_key"`
				Expire int    `json:"expire_time"`
			}
			r := b.call("POST", path, "")
			r.into(t, &got)
			if got.ID == "" || len(got.Key) != 64 || got.Expire != 300 {
				t.Errorf("want a ticket for 300 s, got %s", r.body)
			}
			return got.ID
		}
		const door = "/v1.0/smart-lock/devices/" + Lock
		id := ticket(door + "/password-ticket")
		open := func(id string, open bool) string {
			return string(mustJSON(map[string]any{"ticket_id": id, "open": open}))
		}
		b.wants(codeEmpty, "POST", door+"/password-free/door-operate", `{"open":true}`)
		b.wants(codeIllegal, "POST", door+"/password-free/door-operate", open("nobody", true))
		b.wants(0, "POST", door+"/password-free/door-operate", open(id, true))
		b.has(Lock, "lock_motor_state", "true", "unlock_phone_remote", "1")
		b.wants(codeIllegal, "POST", door+"/password-free/door-operate", open(id, false))
		pass(6 * time.Second)
		b.has(Lock, "lock_motor_state", "false") // locks itself
		id = ticket("/v1.0/devices/" + Lock + "/door-lock/password-ticket")
		b.wants(0, "POST", "/v1.0/devices/"+Lock+"/door-lock/password-free/open-door", `{"ticket_id":"`+id+`"}`)
		b.has(Lock, "lock_motor_state", "true")
		b.command(0, Lock, "automatic_lock", "false")
		if err := b.Turn(Lock, true, "unlock_fingerprint"); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		b.has(Lock, "lock_motor_state", "true")
		b.command(0, Lock, "manual_lock", "true")
		b.has(Lock, "lock_motor_state", "false")
		id = ticket(door + "/password-ticket")
		pass(5 * time.Minute)
		b.wants(codeIllegal, "POST", door+"/password-free/door-operate", open(id, true))
		b.wants(codeNotSupported, "POST", "/v1.0/smart-lock/devices/"+Plug+"/password-ticket", "")
	})
}

func TestStream(t *testing.T) {
	b := newBench(t, Options{})
	path := "/v1.0/devices/" + Camera + "/stream/actions/allocate"
	b.wants(0, "POST", path, `{"type":"rtsp"}`)
	b.wants(codeIllegal, "POST", path, `{"type":"film"}`)
	b.wants(codeNotSupported, "POST", "/v1.0/devices/"+Plug+"/stream/actions/allocate", `{"type":"rtsp"}`)
}

func TestLimits(t *testing.T) {
	const path = "/v1.0/devices/" + Plug
	t.Run("quota a day", func(t *testing.T) {
		bubble(t, Options{LimitOptions: LimitOptions{Quota: 4, QuotaPerDay: true}}, func(t *testing.T, b *bench) {
			for range 3 {
				b.wants(0, "GET", path, "") // the token was a call, too
			}
			b.wants(codeQuota, "GET", path, "")
			b.wants(codeQuota, "GET", path, "")
			b.login() // tokens are given all the same
			if got := b.Used(AccessID); got != 7 {
				t.Errorf("want refused calls counted, 7, got %d", got)
			}
			pass(24 * time.Hour)
			if got := b.Used(AccessID); got != 0 {
				t.Errorf("want a new day, got %d", got)
			}
			b.login()
			b.wants(0, "GET", path, "")
		})
	})
	t.Run("quota a month", func(t *testing.T) {
		bubble(t, Options{LimitOptions: LimitOptions{Quota: 2}}, func(t *testing.T, b *bench) {
			b.wants(0, "GET", path, "")
			pass(24 * time.Hour)
			b.login()
			b.wants(codeQuota, "GET", path, "")
			pass(30 * 24 * time.Hour)
			b.login()
			b.wants(0, "GET", path, "")
		})
	})
	t.Run("rate", func(t *testing.T) {
		bubble(t, Options{LimitOptions: LimitOptions{Rate: 2}}, func(t *testing.T, b *bench) {
			b.wants(0, "GET", path, "")
			b.wants(0, "GET", path, "")
			b.wants(codeConcurrent, "GET", path, "")
			b.wants(0, "GET", path+"/specifications", "") // each API has its own pace
			pass(time.Second)
			b.wants(0, "GET", path, "")
		})
	})
	t.Run("groups", func(t *testing.T) {
		b := newBench(t, Options{Projects: []Project{{
			AccessID: AccessID, AccessSecret: AccessSecret, Denied: map[Group]int{IoTCore: 28841001, Infrared: codeSubscribe},
		}}})
		b.wants(28841001, "GET", path, "")
		b.wants(codeSubscribe, "GET", "/v2.0/infrareds/"+IRHub+"/remotes", "")
		b.wants(0, "GET", "/v1.0/users/"+DefaultUID+"/homes", "")
		if err := b.Deny(AccessID, IoTCore, 0); err != nil {
			t.Fatal(err)
		}
		if err := b.Deny(AccessID, Notification, codeAuthorize); err != nil {
			t.Fatal(err)
		}
		b.wants(0, "GET", path, "")
		b.wants(codeAuthorize, "POST", "/v1.0/iot-03/open-hub/access-config", "{}")
	})
	t.Run("plan and address", func(t *testing.T) {
		b := newBench(t, Options{})
		b.login()
		for _, on := range []bool{true, false} {
			if err := b.Expire(AccessID, on); err != nil {
				t.Fatal(err)
			}
			b.wants(map[bool]int{true: codeExpired}[on], "GET", path, "")
		}
		if err := b.Block(AccessID, true); err != nil {
			t.Fatal(err)
		}
		b.wants(codeAddress, "GET", path, "")
		if r := b.must(b.request("GET", "/v1.0/token?grant_type=1", "", "")); r.code() != codeAddress {
			t.Errorf("want tokens refused, too, got %s", r.body)
		}
	})
}

func TestNewRefusesNonsense(t *testing.T) {
	for name, o := range map[string]Options{
		"two devices":  {Home: &Home{Devices: []Device{{ID: "a"}, {ID: "a"}}}},
		"no ID":        {Home: &Home{Devices: []Device{{}}}},
		"two projects": {Projects: []Project{{AccessID: "a", AccessSecret: AccessSecret}, {AccessID: "a", AccessSecret: AccessSecret}}},
		"short secret": {Projects: []Project{{AccessID: "a", AccessSecret: "b"}}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: want a panic", name)
				}
			}()
			New(o)
		}()
	}
}

// What a home holds can be written and read by programs in another process.
func TestDevicesAsJSON(t *testing.T) {
	h := DefaultHome()
	var back Home
	if err := json.Unmarshal(mustJSON(h), &back); err != nil || len(back.Devices) != len(h.Devices) {
		t.Fatalf("want the home back, got %d devices, %v", len(back.Devices), err)
	}
}
