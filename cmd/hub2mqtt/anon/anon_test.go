package anon

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// rewrite learns from the documents and gives the last one rewritten, in one line.
func rewrite(t *testing.T, n *Names, docs ...string) string {
	t.Helper()
	for _, d := range docs {
		if err := n.LearnJSON([]byte(d)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := n.JSON([]byte(docs[len(docs)-1]))
	if err != nil {
		t.Fatal(err)
	}
	return compact(t, out)
}

func compact(t *testing.T, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	out, _ := json.Marshal(v)
	return string(out)
}

func TestJSON(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"names and ids", `{"deviceId":"vdevo168","deviceName":"Lamp Anna"}`, `{"deviceId":"id1","deviceName":"name1"}`},
		{"the same value is the same word", `{"a":{"id":"vdevo168"},"b":{"parentId":"VDEVO168"}}`, `{"a":{"id":"id1"},"b":{"parentId":"id1"}}`},
		{"numbers keep their form", `{"uid":57190441014857,"home_id":"57190441014857","count":12}`, `{"count":12,"home_id":"90000000000001","uid":90000000000001}`},
		{"an id inside a word", `{"id":"vdevo168","topic":"dev/vdevo168/in","other":"VDEVO168x"}`, `{"id":"id1","other":"id1x","topic":"dev/id1/in"}`},
		{"an id as a key", `{"devices":{"8f2c0a6e-1111-4222-8333-444455556666":{"zone":"Bad"}}}`, `{"devices":{"00000000-0000-4000-8000-000000000001":{"zone":"name1"}}}`},
		{"a name beside digits", `{"roomName":"Flur","text1":"Zone:005Flur","text2":"Flurlicht:1"}`, `{"roomName":"name1","text1":"Zone:005name1","text2":"Flurlicht:1"}`},
		{"labels of bits", `{"v":{"label":["tankfull","E1","Anna B"],"maxlen":3},"label":"tank"}`, `{"label":"name1","v":{"label":["tankfull","E1","text1"],"maxlen":3}}`},
		{"a name as a key", `{"rooms":{"Wohnzimmer":1},"roomName":"Wohnzimmer"}`, `{"roomName":"name1","rooms":{"name1":1}}`},
		{"JSON inside JSON", `{"payload":"{\"deviceId\":\"vdevo168\",\"dps\":[1,2]}"}`, `{"payload":"{\"deviceId\":\"id1\",\"dps\":[1,2]}"}`},
		{"JSON inside JSON inside JSON", `{"p":"{\"q\":\"{\\\"name\\\":\\\"Anna\\\"}\"}"}`, `{"p":"{\"q\":\"{\\\"name\\\":\\\"name1\\\"}\"}"}`},
		{"ordinals are no ids", `{"endpointId":"2","id":3,"index_id":"17"}`, `{"endpointId":"2","id":3,"index_id":"17"}`},
		{
			"products are not secret", `{"product_id":"keyjup78v54myhan","product_name":"Smart Plug 2","category":"cz","model":"TS011F"}`,
			`{"category":"cz","model":"TS011F","product_id":"keyjup78v54myhan","product_name":"Smart Plug 2"}`,
		},
		{
			"secrets", `{"local_key":"aB3$x","accessToken":"t0k3n","pin":4711,"nested":{"password":"hunter2"}}`,
			`{"accessToken":"secret1","local_key":"secret2","nested":{"password":"secret3"},"pin":0}`,
		},
		{"a secret elsewhere", `{"password":"hunter2","note2":"use hunter2 here"}`, `{"note2":"text1","password":"secret1"}`},
		{
			"addresses", `{"ip":"192.168.1.20","gw":"192.168.1.1","mac":"54:EF:44:10:00:7A","url":"https://home.mueller.de/x?token=1","mail":"anna@mueller.de"}`,
			`{"gw":"192.0.2.1","ip":"192.0.2.2","mac":"02:00:00:00:00:01","mail":"user1@example.com","url":"https://host1.example/path"}`,
		},
		{"a longer address is another", `{"ip":"10.0.0.1","text1":"at 10.0.0.12"}`, `{"ip":"192.0.2.1","text1":"text1"}`},
		{"places", `{"lat":48.137,"lon":"11.575","geo_name":"Augsburg","time_zone_id":"Europe/Berlin"}`, `{"geo_name":"name1","lat":0,"lon":"0","time_zone_id":"id1"}`},
		{
			"values by the code beside them", `{"status":[{"code":"switch_1","value":true},{"code":"work_mode","value":"colour"},{"code":"wifi_ssid","value":"fritz"}]}`,
			`{"status":[{"code":"switch_1","value":true},{"code":"work_mode","value":"colour"},{"code":"wifi_ssid","value":"name1"}]}`,
		},
		{
			"values by the key above them", `{"switch":{"switch":{"value":"on","unit":null,"timestamp":"2026-01-31T07:30:00Z"}}}`,
			`{"switch":{"switch":{"timestamp":"2026-01-31T07:30:00Z","unit":null,"value":"on"}}}`,
		},
		{
			"doubt", `{"x":"Anna","y":"Störung: keine","z":"heat_cool","v1":"PowerOn","w":"12.5","k":"","t":"07:30"}`,
			`{"k":"","t":"07:30","v1":"PowerOn","w":"12.5","x":"text1","y":"text2","z":"heat_cool"}`,
		},
		{"a device called like a type", `{"type":"Light","name":"Light","kinds":["Light"],"mode":"Light"}`, `{"kinds":["Light"],"mode":"Light","name":"name1","type":"Light"}`},
		{"random text", `{"blob":"k3J9x2Lm8Qw4Zt7Vb1Nc","hex":"54ef4410007a1b2c"}`, `{"blob":"id1","hex":"id2"}`},
		{"digits survive", `{"big":12345678901234567890,"f":1.50}`, `{"big":12345678901234567890,"f":1.50}`},
		{"units and versions", `{"unit":"m³/h","fw_version":"1.4.9_0003","hardwareVersion":"0.0.0_0027"}`, `{"fw_version":"1.4.9_0003","hardwareVersion":"0.0.0_0027","unit":"m³/h"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n := New()
			if err := n.LearnJSON([]byte(c.in)); err != nil {
				t.Fatal(err)
			}
			out, err := n.JSON([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(flat(c.want), flat(string(out))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// flat is JSON without blanks outside of texts; numbers stay as they are written.
func flat(s string) string {
	v, err := parse([]byte(s))
	if err != nil {
		return err.Error()
	}
	raw, _ := json.Marshal(v)
	return string(raw)
}

func TestWhatIsLearnedInOneDocumentGoesInAll(t *testing.T) {
	n := New()
	n.Learn(Device, "lumi.54ef4410007a1b2c")
	n.Learn(Room, "Bad")
	got := rewrite(
		t, n, `{"spaceName":"Büro / Gäste"}`,
		`{"msg1":"54EF4410007A1B2C joined","key1":"lumi_54ef4410007a1b2c_x","bad_value":"badge","r":"in Bad oben","s":"büro / gäste"}`,
	)
	want := `{"bad_value":"badge","key1":"device1_x","msg1":"text1","r":"text2","s":"name1"}`
	if got != want {
		t.Errorf("\nwant %s\ngot  %s", want, got)
	}
	if got, want := n.Sentence("aqara: lumi.54ef4410007a1b2c in BÜRO / GÄSTE at http://192.168.1.20:80/x answered 503"),
		"aqara: device1 in name1 at http://192.0.2.1/path answered 503"; got != want {
		t.Errorf("\nwant %s\ngot  %s", want, got)
	}
}

func TestOwnDocumentsAreTrusted(t *testing.T) {
	n := New()
	n.Learn(Name, "Anna", "Wohnzimmer")
	n.Keep("Power")
	n.Learn(Name, "Power")
	got, err := n.Own([]byte(`{"name":"name1","topic":"hub2mqtt/aqara/x","text":"Annas Lamp, Anna","e":"Power-on behavior","w":"Wohnzimmer"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"e":"Power-on behavior","name":"name1","text":"Annas Lamp, name1","topic":"hub2mqtt/aqara/x","w":"name2"}`
	if compact(t, got) != want {
		t.Errorf("\nwant %s\ngot  %s", want, compact(t, got))
	}
}

func TestKeysMadeOfIDs(t *testing.T) {
	n := New()
	n.Learn(ID, "auto_15b0cde_1273", "n1", "x2")
	if got, want := n.Key("scene_auto_15b0cde_1273_n1"), "scene_id1_id2"; got != want {
		t.Errorf("want %s, got %s", want, got)
	}
}

func TestClassOf(t *testing.T) {
	for key, want := range map[string]class{
		"": unknown, "value": unknown, "data": unknown, "deviceId": ident, "device_ids": ident, "DeviceID": ident, "sn": ident,
		"SerialNumber": ident, "endpointId": product, "endpointName": name, "product_name": product, "VendorName": product, "ModelValue": product,
		"FirmwareRevisionString": product, "deviceTypesList": code, "functionCode": code, "localKey": secret, "accessTokens": secret,
		"CameraRTSPURL": address, "ip": address, "WiFiSSID": name, "lat": place, "signal": unknown, "valid": unknown, "roomName": name,
	} {
		if got := classOf(key); got != want {
			t.Errorf("%q: want %d, got %d", key, want, got)
		}
	}
}

func TestNotJSON(t *testing.T) {
	for _, in := range []string{"", "<html>", `{"a":1}{"b":2}`, `{"a":`} {
		n := New()
		if n.LearnJSON([]byte(in)) == nil {
			t.Errorf("%q: want an error from LearnJSON", in)
		}
		if _, err := n.JSON([]byte(in)); err == nil || strings.Contains(err.Error(), "html") {
			t.Errorf("%q: want an error that does not quote, got %v", in, err)
		}
	}
}

// FuzzJSON: whatever a vendor answers, what stands under a name, an id or a secret is not
// in what comes out, and the rest is JSON of the same shape.
func FuzzJSON(f *testing.F) {
	f.Add(`{"x":[1,2,{"y":"z"}]}`, "Wohnzimmer")
	f.Add(`"{\"a\":\"b\"}"`, "lumi.54ef4410007a1b2c")
	f.Add(`[null,true,1e400,"\ud800"]`, "12345678")
	f.Add(`{"İ":"i̇"}`, "İstanbul Ev")
	f.Fuzz(func(t *testing.T, doc, private string) {
		if !json.Valid([]byte(doc)) || !utf8.ValidString(private) {
			return
		}
		whole, _ := json.Marshal(map[string]any{
			"rest": json.RawMessage(doc), "deviceName": private, "said": "it is " + private, "token": private, private: "key",
		})
		n := New()
		if err := n.LearnJSON(whole); err != nil {
			t.Fatal(err)
		}
		out, err := n.JSON(whole)
		if err != nil || !json.Valid(out) {
			t.Fatalf("%v: %s", err, out)
		}
		var got map[string]any
		if err := json.Unmarshal(out, &got); err != nil {
			return // numbers too large for it
		}
		if long := strings.TrimSpace(private); len(long) > 5 && !isPlain(long) {
			for _, key := range []string{"deviceName", "token"} {
				if s, _ := got[key].(string); strings.Contains(strings.ToLower(s), strings.ToLower(long)) {
					t.Errorf("%s shows %q: %s", key, private, s)
				}
			}
		}
	})
}
