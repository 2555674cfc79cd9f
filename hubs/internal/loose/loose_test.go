package loose

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDecode(t *testing.T) {
	type all struct {
		T Text
		N Number
		B Truth
		D Time
		L List[Text]
	}
	for name, c := range map[string]struct {
		in   string
		want all
	}{
		"proper":          {`{"T":"a","N":1.5,"B":true,"D":1700000000123,"L":["x","y"]}`, all{"a", Number{true, 1.5}, Truth{true, true}, at(1700000000123), List[Text]{"x", "y"}}},
		"quoted":          {`{"T":7,"N":"-2","B":"0","D":"1700000000","L":[1]}`, all{"7", Number{true, -2}, Truth{true, false}, at(1700000000000), List[Text]{"1"}}},
		"nulls":           {`{"T":null,"N":null,"B":null,"D":null,"L":null}`, all{}},
		"other types":     {`{"T":{},"N":{},"B":[],"D":"x","L":{}}`, all{}},
		"no real numbers": {`{"N":"Inf","B":2,"D":1e300,"L":"x"}`, all{}},
		"negative time":   {`{"D":-1,"N":"0x10"}`, all{}},
	} {
		t.Run(name, func(t *testing.T) {
			var got all
			if err := json.Unmarshal([]byte(c.in), &got); err != nil {
				t.Fatal(err)
			}
			want, _ := json.Marshal(c.want)
			have, _ := json.Marshal(got)
			if string(want) != string(have) {
				t.Errorf("want %s, got %s", want, have)
			}
		})
	}
}

func at(ms int64) Time { return Time{time.UnixMilli(ms).UTC()} }

func TestWholeAndOr(t *testing.T) {
	for _, c := range []struct {
		in   Number
		want int
	}{{Number{true, 3}, 3}, {Number{true, 3.5}, -1}, {Number{true, -3}, -1}, {Number{}, -1}, {Number{true, 1e12}, -1}} {
		if got := c.in.Whole(); got != c.want {
			t.Errorf("%v: want %d, got %d", c.in, c.want, got)
		}
	}
	if !(Truth{}).Or(true) || (Truth{Known: true}).Or(true) {
		t.Error("want the other value only where nothing is known")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`"1"`))
	f.Add([]byte(`1e9`))
	f.Add([]byte(`[null,{}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		var all struct {
			T Text
			N Number
			B Truth
			D Time
			L List[List[Number]]
		}
		doc := []byte(`{"T":` + string(raw) + `,"N":` + string(raw) + `,"B":` + string(raw) + `,"D":` + string(raw) + `,"L":` + string(raw) + `}`)
		if err := json.Unmarshal(doc, &all); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	})
}
