package tuya

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const (
	linkedPath  = "/v1.0/iot-01/associated-users/devices"
	accountPath = "/v1.0/users/eu1/devices"
	modelsPath  = "/v1.3/iot-03/devices"
	projectPath = "/v2.0/cloud/thing/device"
)

func wireDevice(n int) string {
	return fmt.Sprintf(`{"id":"bf%02d","uid":"eu1","name":"Plug %d","product_id":"p1","category":"cz","online":true,"status":[{"code":"switch_1","value":true}]}`, n, n)
}

func wireDevices(from, to int) string {
	var list []string
	for n := from; n < to; n++ {
		list = append(list, wireDevice(n))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// homeOf answers lists by the path, specifications with one switch, and denies all else.
func homeOf(lists map[string]func(call string) string) func(int, string) string {
	return freshTokens(func(_ int, call string) string {
		for path, say := range lists {
			if strings.HasPrefix(call, "GET "+path) {
				return say(call)
			}
		}
		switch {
		case strings.HasSuffix(call, "/specification"):
			return result(`{"category":"cz","functions":[{"code":"switch_1","type":"Boolean","values":"{}"}],"status":[{"code":"switch_1","type":"Boolean","values":"{}"}]}`)
		case strings.HasSuffix(call, "/model"):
			return result(`{"model":"{\"services\":[]}"}`)
		}
		return failure(28841105)
	})
}

func says(answer string) func(string) string { return func(string) string { return answer } }

func TestLists(t *testing.T) {
	paged := func(pages ...string) func(string) string {
		return func(call string) string {
			for i := range pages {
				key := ""
				if i > 0 {
					key = fmt.Sprintf("k%%2B%d", i) // k+1, escaped
				}
				if strings.HasSuffix(call, "last_row_key="+key+"&size=100") || strings.Contains(call, "last_row_key="+key+"&page_size") {
					return result(pages[i])
				}
			}
			return failure(1100)
		}
	}
	denied := says(failure(1106))
	for name, c := range map[string]struct {
		uid   string
		lists map[string]func(string) string
		want  int    // devices; -1: an error
		calls string // paths of the lists that were asked
		text  string // of the error
		fault hubs.Fault
	}{
		"linked accounts": {"", map[string]func(string) string{linkedPath: says(result(`{"devices":` + wireDevices(0, 3) + `,"has_more":false,"total":3}`))}, 3, linkedPath, "", 0},
		"the account's":   {"eu1", map[string]func(string) string{accountPath: says(result(wireDevices(0, 3)))}, 3, accountPath, "", 0},
		"pages": {"", map[string]func(string) string{linkedPath: paged(
			`{"devices":`+wireDevices(0, 2)+`,"has_more":true,"last_row_key":"k+1","total":5}`,
			`{"devices":`+wireDevices(1, 4)+`,"has_more":true,"last_row_key":"k+2","total":5}`,
			`{"devices":`+wireDevices(4, 5)+`,"has_more":false,"total":5}`)}, 5, linkedPath, "", 0},
		"second page missing": {"", map[string]func(string) string{linkedPath: paged(
			`{"devices":` + wireDevices(0, 2) + `,"has_more":true,"last_row_key":"k+9","total":5}`)}, -1, "", "page 2", hubs.Refused},
		"ends early": {
			"",
			map[string]func(string) string{linkedPath: says(result(`{"devices":` + wireDevices(0, 2) + `,"has_more":false,"total":5}`))},
			-1, linkedPath, "ends early: 2 of 5", hubs.Transient,
		},
		"goes round": {
			"",
			map[string]func(string) string{linkedPath: says(result(`{"devices":` + wireDevices(0, 2) + `,"has_more":true,"last_row_key":"k+1"}`))},
			-1, linkedPath, "does not go on", hubs.Transient,
		},
		"denied, so by the project": {
			"",
			map[string]func(string) string{linkedPath: denied, projectPath: says(result(wireDevices(0, 3)))},
			3, linkedPath + " " + projectPath, "", 0,
		},
		"denied, so by the linked ones": {
			"eu1",
			map[string]func(string) string{accountPath: denied, linkedPath: says(result(`{"devices":` + wireDevices(0, 3) + `,"has_more":false}`))},
			3, accountPath + " " + linkedPath, "", 0,
		},
		"only without values": {"eu1", map[string]func(string) string{
			accountPath: denied, linkedPath: denied, modelsPath: says(result(`{"list":` + wireDevices(0, 3) + `,"has_more":false}`)),
		}, 3, accountPath + " " + linkedPath + " " + modelsPath, "", 0},
		"all denied":       {"eu1", map[string]func(string) string{accountPath: denied}, -1, "", "1106", hubs.Misconfigured},
		"nothing linked":   {"", map[string]func(string) string{linkedPath: says(result(`{"devices":[],"has_more":false,"total":0}`)), projectPath: says(result(`[]`))}, -1, "", "no devices", hubs.Misconfigured},
		"code 2002":        {"eu1", map[string]func(string) string{accountPath: says(failure(2002)), linkedPath: says(failure(2002)), projectPath: says(result(`[]`))}, -1, "", "no devices", hubs.Misconfigured},
		"system error":     {"eu1", map[string]func(string) string{accountPath: says(failure(500))}, -1, accountPath, "500", hubs.Transient},
		"no list":          {"eu1", map[string]func(string) string{accountPath: says(result(`{}`))}, -1, accountPath, "without a list", hubs.Transient},
		"null":             {"eu1", map[string]func(string) string{accountPath: says(result(`null`))}, -1, accountPath, "without a list", hubs.Transient},
		"HTML":             {"eu1", map[string]func(string) string{accountPath: says(`<html>`)}, -1, accountPath, "does not", hubs.Transient},
		"without an id":    {"eu1", map[string]func(string) string{accountPath: says(result(`[{"name":"x"}]`))}, -1, accountPath, "without an id", hubs.Transient},
		"plan has ended":   {"eu1", map[string]func(string) string{accountPath: says(failure(28841002))}, -1, accountPath, "28841002", hubs.Misconfigured},
		"quota is used up": {"eu1", map[string]func(string) string{accountPath: says(failure(28841004))}, -1, accountPath, "28841004", hubs.Limited},
		"another account's apart": {"eu1", map[string]func(string) string{
			accountPath: denied, linkedPath: says(result(`{"devices":[{"id":"x1","uid":"eu2"},{"id":"x2","uid":"eu1"}],"has_more":false}`)),
		}, 1, "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{say: homeOf(c.lists)}
			r := newRig(t, s, map[string]string{"UID": c.uid})
			got, err := r.hub.Devices(t.Context())
			if c.want < 0 {
				if err == nil || len(got) > 0 || hubs.FaultOf(err) != c.fault || !strings.Contains(err.Error(), c.text) {
					t.Errorf("want %s with %q, got %d devices and %v", c.fault, c.text, len(got), err)
				}
			} else if err != nil || len(got) != c.want {
				t.Errorf("want %d devices, got %d and %v", c.want, len(got), err)
			}
			for path := range strings.FieldsSeq(c.calls) {
				if s.count(path) == 0 {
					t.Errorf("want %s asked, got %v", path, s.made())
				}
			}
		})
	}
}

// The way that works is kept: what is denied is not asked each time.
func TestVariantIsKept(t *testing.T) {
	s := &script{say: homeOf(map[string]func(string) string{
		linkedPath: says(failure(28841105)), projectPath: says(result(wireDevices(0, 3))),
		"/v1.0/iot-03/devices/status": says(result(`[{"id":"bf00","status":[{"code":"switch_1","value":false}]}]`)),
	})}
	r := newRig(t, s, nil)
	for range 3 {
		if _, err := r.hub.Devices(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.count(linkedPath); got != 1 {
		t.Errorf("want the denied list asked once, got %d", got)
	}
	news, err := r.hub.Poll(t.Context())
	if hubs.FaultOf(err) != hubs.UnknownDevice || len(news) != 3 || len(news[0].Values) != 1 {
		t.Errorf("want values from another call, and the devices named that it leaves out, got %+v and %v", news, err)
	}
}

// A home that was there once may become empty.
func TestEmptied(t *testing.T) {
	n := 2
	s := &script{}
	s.say = homeOf(map[string]func(string) string{linkedPath: func(string) string {
		return result(`{"devices":` + wireDevices(0, n) + `,"has_more":false}`)
	}})
	r := newRig(t, s, nil)
	if got, err := r.hub.Devices(t.Context()); err != nil || len(got) != 2 {
		t.Fatalf("want 2 devices, got %d, %v", len(got), err)
	}
	n = 0
	if got, err := r.hub.Devices(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("want none and no error, got %d, %v", len(got), err)
	}
}

// Products are read once, kept on disk, and read again when they report something new.
func TestProductsAreKept(t *testing.T) {
	extra := ""
	s := &script{}
	s.say = homeOf(map[string]func(string) string{linkedPath: func(string) string {
		return result(`{"devices":[` + strings.ReplaceAll(wireDevice(1), `}]}`, `}`+extra+`]}`) + `,` + wireDevice(2) + `],"has_more":false}`)
	}})
	r := newRig(t, s, nil)
	list := func() int {
		before := s.count("/specification")
		if _, err := r.hub.Devices(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.count("/specification") - before
	}
	want := func(what string, want, got int) {
		t.Helper()
		if want != got {
			t.Errorf("%s: want %d specifications read, got %d", what, want, got)
		}
	}
	want("at first, two devices of one product", 1, list())
	want("again", 0, list())
	r.open(s)
	want("after a restart", 0, list())
	extra = `,{"code":"odd","value":1}`
	want("with a code that it does not list", 1, list())
	want("which it still does not list", 0, list())
	r.open(s)
	want("after a restart", 0, list())
}

// A product that the cloud describes to nobody costs its own values, not the home.
func TestRefusedProduct(t *testing.T) {
	s := &script{say: freshTokens(func(_ int, call string) string {
		if strings.HasPrefix(call, "GET "+linkedPath) {
			return result(`{"devices":` + wireDevices(0, 2) + `,"has_more":false}`)
		}
		return failure(2009)
	})}
	r := newRig(t, s, nil)
	got, err := r.hub.Devices(t.Context())
	if err != nil || len(got) != 2 {
		t.Errorf("want 2 devices, got %d and %v", len(got), err)
	}
	if n := strings.Count(r.log.String(), "does not describe a product"); n != 1 {
		t.Errorf("want it said once, got %d", n)
	}
}

// Trouble while products are read is the inventory's, and what was read is kept.
func TestProductsInTrouble(t *testing.T) {
	trouble := true
	s := &script{say: freshTokens(func(_ int, call string) string {
		switch {
		case strings.HasPrefix(call, "GET "+linkedPath):
			return result(`{"devices":[{"id":"a","product_id":"p1"},{"id":"b","product_id":"p2"}],"has_more":false}`)
		case strings.Contains(call, "/b/") && trouble:
			return failure(1111)
		case strings.HasSuffix(call, "/specification"):
			return result(`{"functions":[],"status":[]}`)
		}
		return failure(1108)
	})}
	r := newRig(t, s, nil)
	got, err := r.hub.Devices(t.Context())
	if hubs.FaultOf(err) != hubs.Transient || got != nil {
		t.Errorf("want transient and no devices, got %v and %v", got, err)
	}
	trouble = false
	if got, err = r.hub.Devices(t.Context()); err != nil || len(got) != 2 {
		t.Errorf("want 2 devices, got %v and %v", got, err)
	}
	if n := s.count("/a/specification"); n > 2 {
		t.Errorf("want the first product read once or twice, got %d", n)
	}
}

// A store that takes nothing costs calls after a restart, and nothing else.
func TestBrokenCache(t *testing.T) {
	s := &script{say: homeOf(map[string]func(string) string{linkedPath: says(result(`{"devices":` + wireDevices(0, 2) + `,"has_more":false}`))})}
	r := newRig(t, s, nil)
	r.hub.cache.kv = brokenKV{}
	for range 2 {
		if got, err := r.hub.Devices(t.Context()); err != nil || len(got) != 2 {
			t.Errorf("want 2 devices, got %v and %v", got, err)
		}
	}
	if n := s.count("/specification"); n != 1 {
		t.Errorf("want the specification read once, got %d", n)
	}
	if n := strings.Count(r.log.String(), "cannot be kept on disk"); n != 1 {
		t.Errorf("want it said once, got %d: %s", n, r.log)
	}
}

var errDisk = errors.New("disk is full")

// brokenKV is a store whose disk is full.
type brokenKV struct{ auth.KV }

func (brokenKV) Get(context.Context, string) ([]byte, uint64, error) { return nil, 0, errDisk }

func (brokenKV) Put(context.Context, string, []byte, uint64) (uint64, error) { return 0, errDisk }
