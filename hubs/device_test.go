package hubs

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestMakeKey(t *testing.T) {
	for in, want := range map[string]string{
		"switch_1":                         "switch_1",
		"switchLed1":                       "switch_led1",
		"onoff.output2":                    "onoff_output2",
		"measure_temperature":              "measure_temperature",
		"HTTPServer":                       "http_server",
		"deviceID":                         "device_id",
		"V2X":                              "v2_x",
		"PM25Value":                        "pm25_value",
		"pm2.5":                            "pm2_5",
		"CO2":                              "co2",
		"wifiRSSI":                         "wifi_rssi",
		"getHTTPSUrl2Go":                   "get_https_url2_go",
		"A":                                "a",
		"aB":                               "a_b",
		"ABc":                              "a_bc",
		"1A":                               "x1_a",
		"_1":                               "x1",
		"x1":                               "x1",
		"x":                                "x",
		"ÄB":                               "b",
		"éclairOn":                         "clair_on",
		"a\u2003b\tc\x00d":                 "a_b_c_d",
		"K\u212aelvin":                     "k_elvin", // lower case of U+212A is k, but it is no ASCII
		"Temp_Set-Point (°C)":              "temp_set_point_c",
		"main.switch/switch":               "main_switch_switch",
		"a_":                               "a",
		"__a--b  c__":                      "a_b_c",
		"1st":                              "x1st",
		"":                                 "x",
		"___":                              "x",
		"温度":                               "x",
		"Größe":                            "gr_e",
		"set":                              "set_",
		"Set":                              "set_",
		"set_":                             "set_",
		"get":                              "get_",
		"result":                           "result_",
		"availability":                     "availability_",
		"name":                             "name_",
		"area":                             "area_",
		"lastSeen":                         "last_seen_",
		"transaction":                      "transaction_",
		"value":                            "value_",
		"values":                           "values",
		strings.Repeat("a", 70):            strings.Repeat("a", 64),
		strings.Repeat("a", 63) + "_b":     strings.Repeat("a", 63),
		strings.Repeat("9", 64):            "x" + strings.Repeat("9", 63),
		strings.Repeat("9", 63):            "x" + strings.Repeat("9", 63),
		strings.Repeat("aB", 40):           strings.Repeat("a_b", 21) + "a", // …_ba_ba: B and the next a are one word
		strings.Repeat("_", 99) + "name":   "name_",
		"name" + strings.Repeat("_", 99):   "name_",
		"name" + strings.Repeat("-", 61):   "name_",
		"value_" + strings.Repeat("é", 64): "value_",
		"name" + strings.Repeat("e", 64):   "name" + strings.Repeat("e", 60),
		"Temp" + strings.Repeat("\xff", 3): "temp",
	} {
		if got := MakeKey(in); got != want {
			t.Errorf("MakeKey(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzMakeKey(f *testing.F) {
	for _, s := range []string{"", "set", "a.B-c", "1", "ÄÖ", "last_seen", strings.Repeat("aB", 40)} {
		f.Add(s)
	}
	legal := regexp.MustCompile(`^[a-z_][a-z0-9_]{0,63}$`)
	f.Fuzz(func(t *testing.T, code string) {
		key := MakeKey(code)
		if !legal.MatchString(key) {
			t.Errorf("MakeKey(%q) = %q is no key", code, key)
		}
		if Reserved(key) {
			t.Errorf("MakeKey(%q) = %q is reserved", code, key)
		}
		if again := MakeKey(key); again != key {
			t.Errorf("MakeKey(%q) = %q, and of that %q", code, key, again)
		}
		if strings.Contains(key, "__") {
			t.Errorf("MakeKey(%q) = %q: runs must collapse", code, key)
		}
	})
}

func TestEntityJSON(t *testing.T) {
	for name, c := range map[string]struct {
		entity Entity
		want   string
	}{
		"light": {
			Entity{Key: "lamp", Spec: Light{Dims: true}},
			`{"key":"lamp","spec":{"Light":{"Dims":true,"MinKelvin":0,"MaxKelvin":0,"HS":false,"XY":false,"Effects":null,"Transition":false}}}`,
		},
		"binary": {
			Entity{Key: "door", Name: "Door", Role: Diagnostic, Class: DoorClass, Hidden: true, Spec: Binary{}},
			`{"key":"door","name":"Door","role":"diagnostic","class":"door","hidden":true,"spec":{"Binary":{}}}`,
		},
		"attrs": {
			Entity{Key: "x", Attrs: []Field{{Attr: "runs", Kind: KindNumber}}, Spec: Button{}},
			`{"key":"x","attrs":[{"attr":"runs","kind":2}],"spec":{"Button":{}}}`,
		},
		"no spec": {Entity{Key: "x"}, `{"key":"x","spec":null}`},
	} {
		got, err := json.Marshal(c.entity)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: want %s, got %s, %v", name, c.want, got, err)
		}
		// Devices print the same through a pointer.
		if again, _ := json.Marshal(&c.entity); string(again) != string(got) {
			t.Errorf("%s: a pointer prints %s", name, again)
		}
	}
}

func TestFind(t *testing.T) {
	d := Device{Entities: []Entity{
		{Key: "a", Spec: Switch{}, Attrs: []Field{{Attr: "extra", Kind: KindText}, {Attr: On, Kind: KindText}}},
		{Key: "b", Spec: Button{}},
	}}
	e, ok := d.Entity("a")
	if !ok || e != &d.Entities[0] {
		t.Fatalf("got %v, %v", e, ok)
	}
	if _, ok := d.Entity("c"); ok {
		t.Error("found an entity that is not there")
	}
	if f, ok := e.Field("extra"); !ok || f.Kind != KindText {
		t.Errorf("extra: %+v, %v", f, ok)
	}
	if f, _ := e.Field(On); f.Kind != KindBool {
		t.Errorf("the Spec's own field comes first, got %+v", f)
	}
	if _, ok := e.Field(Level); ok {
		t.Error("found a field that is not there")
	}
}

// Reserved words are told from keys in topics and JSON by their trailing _, and stay
// so however often they pass.
func TestReservedKeys(t *testing.T) {
	for w := range strings.FieldsSeq("set get result availability name area last_seen transaction value") {
		for _, in := range []string{w, strings.ToUpper(w), w + "_", "_" + w, w + "!"} {
			if got := MakeKey(in); got != w+"_" {
				t.Errorf("MakeKey(%q) = %q, want %q", in, got, w+"_")
			}
		}
		if got := MakeKey(w + "s"); got != w+"s" {
			t.Errorf("MakeKey(%q) = %q", w+"s", got)
		}
	}
}

// Every Spec stands under the name of its type, with its own fields.
func TestSpecJSON(t *testing.T) {
	for _, s := range specs() {
		data, err := json.Marshal(Entity{Key: "e", Spec: s})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Key  string                     `json:"key"`
			Spec map[string]json.RawMessage `json:"spec"`
		}
		if err := json.Unmarshal(data, &got); err != nil || got.Key != "e" || len(got.Spec) != 1 {
			t.Fatalf("%s: %v", data, err)
		}
		want, err := json.Marshal(s)
		if name := reflect.TypeOf(s).Name(); err != nil || string(got.Spec[name]) != string(want) {
			t.Errorf("want %s: %s, got %s, %v", name, want, data, err)
		}
	}
}

func TestDeviceJSON(t *testing.T) {
	d := Device{ID: "1", Name: "Lamp", ModelID: "m", Via: "2", Entities: []Entity{{Key: "press", Spec: Button{}}}}
	const want = `{"id":"1","name":"Lamp","model_id":"m","via":"2","entities":[{"key":"press","spec":{"Button":{}}}]}`
	if got, err := json.Marshal(d); err != nil || string(got) != want {
		t.Errorf("want %s, got %s, %v", want, got, err)
	}
	on := true
	r := Reading{
		Device: "1", Online: &on, Full: true,
		Values: []PointValue{{Point: Point{Entity: "e", Attr: On}, Value: Bool(true)}, {Point: Point{Entity: "f", Attr: Main}}},
		Events: []Happening{{Entity: "b", Type: "press", Data: map[string]Value{"n": Num(2)}, At: time.Unix(0, 0).UTC()}},
	}
	const news = `{"device":"1","online":true,"full":true,` +
		`"values":[{"entity":"e","attr":"on","value":true},{"entity":"f","attr":"value","value":null}],` +
		`"events":[{"entity":"b","type":"press","data":{"n":2},"at":"1970-01-01T00:00:00Z"}]}`
	if got, err := json.Marshal(r); err != nil || string(got) != news {
		t.Errorf("want %s, got %s, %v", news, got, err)
	}
	if got, err := json.Marshal(Reading{}); err != nil || string(got) != `{"device":""}` {
		t.Errorf("an empty reading: %s, %v", got, err)
	}
}
