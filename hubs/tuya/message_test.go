package tuya

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func TestReadNews(t *testing.T) {
	const id = "bf01"
	for name, c := range map[string]struct {
		in     string
		deed   deed
		points int
		at     int64 // milliseconds
	}{
		"properties":        {vectorPlain, reports, 1, 1700000000001},
		"query":             {`{"bizCode":"deviceQueryPropertyMessage","bizData":{"devId":"bf01","properties":[{"code":"a","value":1},{"code":"b","value":2}]},"ts":"1700000000001"}`, reports, 2, 1700000000001},
		"event":             {`{"bizCode":"deviceEventMessage","bizData":{"devId":"bf01","eventCode":"ring","outputParams":{"x":1}},"ts":1700000000001}`, reports, 1, 1700000000001},
		"online":            {`{"bizCode":"deviceOnline","bizData":{"devId":"bf01","time":1700000000},"ts":1700000000999}`, comes, 0, 1700000000000},
		"offline":           {`{"bizCode":"deviceOffline","bizData":{"devId":"bf01"},"ts":1700000000001}`, goes, 0, 1700000000001},
		"name":              {`{"bizCode":"deviceNameUpdate","bizData":{"devId":"bf01","name":"x"}}`, relists, 0, 0},
		"unbound":           {`{"bizCode":"deviceUnbindSpace","bizData":{"devId":"bf01"}}`, relists, 0, 0},
		"update":            {`{"bizCode":"deviceOtaProgress","bizData":{"devId":"bf01"}}`, noDeed, 0, 0},
		"space":             {`{"bizCode":"spaceCreate","bizData":{"spaceId":1}}`, noDeed, 0, 0},
		"older status":      {`{"dataId":"1","devId":"bf01","productKey":"p","status":[{"code":"switch_1","t":1700000000,"value":true,"1":true}]}`, reports, 1, 0},
		"older status, bad": {`{"devId":"bf01","status":[null,7,"x",{"code":"a","value":1}]}`, reports, 4, 0},
		"older online":      {`{"bizCode":"online","bizData":{"devId":"bf01","uid":"u","time":1700000000001},"devId":"bf01","ts":1700000000002}`, comes, 0, 1700000000001},
		"older offline":     {`{"bizCode":"offline","bizData":{},"devId":"bf01","ts":1700000000000}`, goes, 0, 1700000000000},
		"older removal":     {`{"bizCode":"delete","bizData":{"devId":"bf01"},"devId":"bf01"}`, leaves, 0, 0},
		"older addition":    {`{"bizCode":"bindUser","bizData":{"devId":"bf01","uid":"u"}}`, relists, 0, 0},
		"no data":           {`{"bizCode":"deviceOnline","bizData":null,"devId":"bf01"}`, comes, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := readNews([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			at := time.Time{}
			if c.at > 0 {
				at = time.UnixMilli(c.at)
			}
			if n.deed != c.deed || len(n.points) != c.points || !n.at.Equal(at) {
				t.Errorf("want deed %d, %d points, %v; got %d, %d, %v", c.deed, c.points, at, n.deed, len(n.points), n.at)
			}
			if n.deed != noDeed && n.deed != relists && name != "properties" && n.device != id {
				t.Errorf("want device %s, got %q", id, n.device)
			}
		})
	}
	for _, in := range []string{``, `null`, `[]`, `7`, `"x"`, `{}`, `{"devId":"bf01"}`, `{"status":[]}`, `{"bizCode":"online"}`, `{"bizCode":"delete","bizData":7}`} {
		if n, err := readNews([]byte(in)); !errors.Is(err, errMessage) {
			t.Errorf("%s: want errMessage, got %+v and %v", in, n, err)
		}
	}
}

func FuzzReadNews(f *testing.F) {
	f.Add([]byte(vectorPlain))
	f.Add([]byte(mqttPlain))
	f.Add([]byte(`{"bizCode":"online","bizData":{"devId":"bf01","time":"1700000000001"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := readNews(raw)
		if err != nil {
			return
		}
		if n.device == "" && (n.deed == reports || n.deed == comes || n.deed == goes || n.deed == leaves) {
			t.Errorf("deed %d of no device", n.deed)
		}
		now := time.Now()
		for _, p := range newNewest().sift(&n, now) {
			if p.At.IsZero() || p.At.After(now) {
				t.Errorf("a point at %v", p.At)
			}
		}
	})
}

// arrival is one point as it comes in, and whether it is news.
type arrival struct {
	ms     int64
	value  string
	modern bool
	news   bool
}

func TestSift(t *testing.T) {
	const at = 1700000000000
	now := time.UnixMilli(at + 3_600_000)
	for name, arrivals := range map[string][]arrival{
		"changes":                         {{at, "1", true, true}, {at + 5, "2", true, true}, {at + 9, "1", true, true}},
		"pressed twice":                   {{at, "1", true, true}, {at + 700, "1", true, true}},
		"delivered twice":                 {{at, "1", true, true}, {at, "1", true, false}},
		"late":                            {{at + 5, "2", true, true}, {at, "1", true, false}},
		"two values of one moment":        {{at, "1", true, true}, {at, "2", true, true}},
		"both families, older first":      {{at, "1", false, true}, {at + 123, "1", true, false}},
		"both families, newer first":      {{at + 123, "1", true, true}, {at, "1", false, false}},
		"both families, two presses":      {{at, "1", false, true}, {at + 100, "1", true, false}, {at, "1", false, false}, {at + 600, "1", true, true}},
		"both families, second by second": {{at, "1", false, true}, {at + 123, "1", true, false}, {at + 1000, "1", false, true}, {at + 1200, "1", true, false}},
		"from the future, then now":       {{at + 7_200_000, "1", true, true}, {at + 3_600_000, "2", true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newNewest()
			for i, a := range arrivals {
				n := news{points: []point{{Code: "c", Value: json.RawMessage(a.value), At: time.UnixMilli(a.ms)}}, modern: a.modern}
				if got := len(l.sift(&n, now)) == 1; got != a.news {
					t.Errorf("arrival %d %+v: want news %v", i, a, a.news)
				}
			}
		})
	}
}

func TestSiftGivesTimes(t *testing.T) {
	now := time.UnixMilli(1700000001000)
	n := news{at: time.UnixMilli(1700000000000), points: []point{{Code: "a", Value: json.RawMessage("1")}, {}, {DP: 7, Value: json.RawMessage("1")}}}
	got := newNewest().sift(&n, now)
	if len(got) != 2 || !got[0].At.Equal(n.at) || got[1].DP != 7 {
		t.Errorf("want two points at the message's time, got %+v", got)
	}
	n.at = time.Time{}
	if got = newNewest().sift(&n, now); !got[0].At.Equal(now) {
		t.Errorf("want now where nobody tells, got %v", got[0].At)
	}
}
