package tuya

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// FuzzBytes feeds all decoders of bytes.
func FuzzBytes(f *testing.F) {
	for _, s := range []string{"CT0AAmAAAIU=", "AQ8I/QAUAwAEfgAAWgAEmmI=", "Ag8I/QAUAwAEfgAAWgAEmmID", "fwQAAgB/BgABAH8JAAIB", "AEQAbwBvAHI="} {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		raw := mustJSON(base64.StdEncoding.EncodeToString(b))
		if p, ok := parsePhase(b); ok {
			for _, n := range []float64{p.voltage, p.current, p.power, p.reactive, p.apparent, p.factor} {
				if math.IsNaN(n) || math.Abs(n) > 1<<24 {
					t.Errorf("%x: %v", b, n)
				}
			}
		}
		for name, text := range map[string]string{"UTF-16": wideText(raw), "meals": mealPlan(raw), "UTF-8": narrowText(raw)} {
			if !utf8.ValidString(text) {
				t.Errorf("%s of %x: %q is no text", name, b, text)
			}
		}
	})
}

// FuzzColour feeds the reader of colours; what it reads can be written and read again.
func FuzzColour(f *testing.F) {
	for _, s := range []string{`{"h":1,"s":2,"v":3}`, `"007803e801f4"`, `"00ff000078ff80"`, `"ff00000168ffff"`, `null`, `"{}"`} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, raw []byte, wide bool) {
		if !json.Valid(raw) {
			return
		}
		l := &light{colour: &datum{code: "c", st: &typed{kind: typeJSON}}, wide: wide}
		v := values{"c": sample{raw: raw}}
		c, ok := l.colourOf(v)
		if !ok {
			return
		}
		for _, part := range []struct{ n, top float64 }{{c.h, hueTop}, {c.s, 100}, {c.v, 100}} {
			if !(part.n >= 0 && part.n <= part.top) {
				t.Errorf("%s: %+v", raw, c)
			}
		}
		written := mustJSON(l.setColour(c, v).Value)
		again, ok := l.colourOf(values{"c": sample{raw: written}})
		if !ok || math.Abs(math.Remainder(again.h-c.h, hueTop)) > 0.5 || math.Abs(again.s-c.s) > 0.3 || math.Abs(again.v-c.v) > 0.3 {
			t.Errorf("%s: %+v was written as %s and came back as %+v", raw, c, written, again)
		}
	})
}

// FuzzDevice feeds whole devices: a specification and a list of points, as the cloud gives
// them. Whatever it says, what is made of it keeps all promises.
func FuzzDevice(f *testing.F) {
	for _, d := range loadOwn(f) {
		f.Add([]byte(d.Category), []byte(mustJSON(d.spec)), []byte(mustJSON(wirePoints(d.Status))))
	}
	f.Add([]byte("wk"), []byte(`{"functions":[{"code":"temp_set","type":"value","values":"{\"min\":1e308,\"max\":-1e308,\"step\":0,\"scale\":99}"}]}`), []byte(`[]`))
	f.Add([]byte("dj"), []byte(`{"functions":[{"code":"switch_led","type":"Boolean"},{"code":"work_mode","type":"Enum","values":"{\"range\":[]}"}]}`), []byte(`[{"code":"work_mode","value":1}]`))
	f.Fuzz(func(t *testing.T, category, rawSpec, rawPoints []byte) {
		var s specification
		var points []point
		if json.Unmarshal(rawSpec, &s) != nil || json.Unmarshal(rawPoints, &points) != nil || !utf8.Valid(category) {
			return
		}
		m := newModel(device{ID: "d", Name: "n", Category: string(category), Status: points}, s, withLocks())
		r := m.readings(points, false)
		checkModel(t, m, r)
		checkMessages(t, m, r)
		dev := m.device()
		checkModel(t, m, m.readings(points, true))
		for i := range dev.Entities {
			checkCommands(t, m, &dev.Entities[i], points)
		}
	})
}

// checkCommands sends what the bridge would let through: it is written, or refused in
// words, and what is written can be said in JSON.
func checkCommands(t rapid.TB, m *model, e *hubs.Entity, points []point) {
	t.Helper()
	var cmds []hubs.Command
	for _, field := range e.Spec.Fields() {
		for _, v := range choicesOf(e, field) {
			cmds = append(cmds, hubs.Command{Entity: e.Key, Set: []hubs.AttrValue{{Attr: field.Attr, Value: v}}})
		}
	}
	for _, a := range e.Spec.Actions() {
		cmds = append(cmds, hubs.Command{Entity: e.Key, Do: a})
	}
	for _, cmd := range cmds {
		if cmd.Check(e) != nil {
			continue
		}
		writes, err := m.encode(cmd, points...)
		if err != nil {
			if fault := hubs.FaultOf(err); fault != hubs.Invalid && fault != hubs.ReadOnly {
				t.Errorf("%s: %v", e.Key, err)
			}
			continue
		}
		for _, w := range writes {
			if _, err := json.Marshal(w.Value); err != nil || w.Code == "" && !w.Door {
				t.Errorf("%s: %+v: %v", e.Key, w, err)
			}
		}
	}
}

// wirePoints writes points as the cloud does.
func wirePoints(points []point) []map[string]any {
	out := make([]map[string]any, 0, len(points))
	for _, p := range points {
		out = append(out, map[string]any{"code": p.Code, "value": p.Value})
	}
	return out
}

// FuzzAnswers feeds the types that answers are read into.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"id":"d","status":[{"code":"a","1":2}],"online":true}`))
	f.Add([]byte(`{"model":"{\"services\":[{\"properties\":[{\"abilityId\":1,\"code\":\"a\",\"typeSpec\":{\"type\":\"bool\"}}]}]}"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d device
		var s specification
		var th thing
		_ = json.Unmarshal(raw, &d)
		_ = json.Unmarshal(raw, &s)
		if json.Unmarshal(raw, &th) == nil {
			s.add(th)
		}
		if d.ID == "" {
			return // the list refuses it
		}
		m := newModel(d, s)
		checkModel(t, m, m.readings(d.Status, true))
	})
}
