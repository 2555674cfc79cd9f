package aqara

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func seeds(f *testing.F, pick func(h home) []byte) {
	f.Helper()
	dirs, _ := filepath.Glob("testdata/cases/*")
	for _, dir := range dirs {
		f.Add(pick(loadHome(f, filepath.Base(dir))))
	}
	for _, s := range []string{"", "null", `""`, "[]", "[{}]", "[[]]", "{", `[{"deviceId":1}]`, `[{"deviceId":"a","endpoints":[{"endpointId":2}]}]`} {
		f.Add([]byte(s))
	}
}

// FuzzDecodeDevices holds whatever a Studio may say of its devices against what every
// home must keep, and commands every entity of it.
func FuzzDecodeDevices(f *testing.F) {
	seeds(f, func(h home) []byte { return h.Specs })
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = decodeList(data)
		_, _, _ = decodePage(data)
		_, _ = decodeSpaces(data)
		specs, err := decodeSpecs(data)
		if err != nil {
			return
		}
		for i := range specs {
			m := newModel(&specs[i], nil)
			d := m.device(&wireInfo{Name: "x"}, nil)
			checkHome(t, []hubs.Device{d}, []hubs.Reading{m.reading(m.first, truth{})})
			for i := range m.parts {
				commandAll(t, m, &m.parts[i].entity)
			}
		}
	})
}

// commandAll sends whatever the bridge would let through to one entity.
func commandAll(t *testing.T, m *model, e *hubs.Entity) {
	t.Helper()
	for _, f := range e.Spec.Fields() {
		for _, v := range []hubs.Value{hubs.Bool(true), hubs.Num(f.Min), hubs.Num(f.Max), hubs.Num(1e300), hubs.Str(strings.Join(f.Options[:min(1, len(f.Options))], ""))} {
			cmd := hubs.Command{Entity: e.Key, Set: []hubs.AttrValue{{Attr: f.Attr, Value: v}}}
			if cmd.Check(e) != nil {
				continue
			}
			items, err := m.encode(&cmd, m.first)
			if err != nil {
				if f := hubs.FaultOf(err); f != hubs.Invalid && f != hubs.Refused {
					t.Errorf("%s: %s: %v", e.Key, f, err)
				}
				continue
			}
			if _, err := json.Marshal([]any{items.items, items.orders}); err != nil {
				t.Errorf("%s: %v", e.Key, err)
			}
		}
	}
}

func FuzzDecodeValues(f *testing.F) {
	f.Add([]byte(`[{"deviceId":"lumi.54ef4410007a1b2c","endpointId":2,"functionCode":"Output","traitCode":"OnOff","value":true,"time":1761308409323}]`))
	f.Add([]byte(`[{"deviceId":"lumi.54ef4410007a1b2c","endpointId":2,"functionCode":"ColorControl","traitCode":"ColorXY","value":"1e400","time":"x"}]`))
	f.Add([]byte(`[{"deviceId":"lumi.54ef4410007a1b2c","endpointId":"2","functionCode":"LevelControl","traitCode":"CurrentLevel","value":{"a":[]}}]`))
	raw, err := os.ReadFile("testdata/cases/strip/in.json")
	if err != nil {
		f.Fatal(err)
	}
	var h home
	if err := json.Unmarshal(raw, &h); err != nil {
		f.Fatal(err)
	}
	specs, err := decodeSpecs(h.Specs)
	if err != nil {
		f.Fatal(err)
	}
	m := newModel(&specs[0], nil)
	d := m.device(&wireInfo{Name: "x"}, nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decodeValues(data)
		if err != nil {
			return
		}
		for _, v := range got {
			checkHome(t, []hubs.Device{d}, []hubs.Reading{m.reading(v, truth{})})
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	for _, s := range []string{
		`{"type":"x","code":0,"data":[]}`, `{"code":"1001"}`, `{"code":null}`, `{"code":-1,"message":{}}`,
		`{"code":400,"data":[{"deviceId":"a","code":1103,"message":"device offline"}]}`, "<html>", "", "[]", "{",
		`{"code":1000,"message":"Unexpected JSON token at offset 3: eyJhbGciOiJIUzI1NiJ9.eyJhbGciOiJIUzI1NiJ9"}`,
	} {
		for _, status := range []int{200, 400, 401, 500} {
			f.Add(status, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e, ok := parseEnvelope(body, auth.Token{})
		if !ok {
			_ = noEnvelope(status)
			return
		}
		err := classify(status, http.Header{}, e)
		if err == nil && e.Code.Whole() != 0 && status/100 == 2 {
			t.Errorf("code %v counts as success", e.Code)
		}
		if err != nil && len([]rune(err.Error())) > 200 {
			t.Errorf("too long: %q", err)
		}
	})
}

func TestSays(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"success", ""},
		{"device offline", ": device offline"},
		{"bad\ntoken eyJhbGciOiJIUzI1NiJ9.eyJhbGciOiJIUzI1NiJ9", ": bad token …"},
		{strings.Repeat("abc ", 100), ": " + strings.Repeat("abc ", 30) + "…"},
		{"token sh\"ort1 is bad", ": token [redacted] is bad"},
		{`got {"Authorization":"Bearer sh\"ort1"}`, `: got {"Authorization":"Bearer [redacted]"}`},
	} {
		if got := (&envelope{sent: []auth.Secret{"sh\"ort1"}}).says(text(c.in)); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func BenchmarkDecode1000Devices(b *testing.B) {
	var specs []json.RawMessage
	names := []string{"strip", "outlet", "climate_sensor", "door", "motion", "curtain", "switch", "button"}
	for i := range 1000 {
		var one []map[string]any
		if err := json.Unmarshal(loadHome(b, names[i%len(names)]).Specs, &one); err != nil {
			b.Fatal(err)
		}
		one[0]["deviceId"] = fmt.Sprintf("lumi.%d", i)
		raw, err := json.Marshal(one[0])
		if err != nil {
			b.Fatal(err)
		}
		specs = append(specs, raw)
	}
	data, err := json.Marshal(specs)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		specs, err := decodeSpecs(data)
		if err != nil || len(specs) != 1000 {
			b.Fatal(len(specs), err)
		}
		for i := range specs {
			m := newModel(&specs[i], nil)
			_ = m.device(&wireInfo{Name: "x"}, nil)
			_ = m.reading(m.first, truth{})
		}
	}
}
