package hubs

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
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
		if reservedKey(key) {
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
