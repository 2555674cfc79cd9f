package tuyatest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listed is what the tests look at in a device of a list.
type listed struct {
	ID         string         `json:"id"`
	UID        string         `json:"uid"`
	OwnerID    string         `json:"owner_id"`
	Name       string         `json:"name"`
	Category   string         `json:"category"`
	ProductID  string         `json:"product_id"`
	LocalKey   *string        `json:"local_key"`
	IP         *string        `json:"ip"`
	Sub        bool           `json:"sub"`
	Online     bool           `json:"online"`
	Active     int64          `json:"active_time"`
	GatewayID  *string        `json:"gateway_id"`
	Status     []statusEntry  `json:"status"`
	BindSpace  string         `json:"bindSpaceId"`
	CustomName string         `json:"customName"`
	IsOnline   *bool          `json:"isOnline"`
	Raw        map[string]any `json:"-"`
}

func ids(list []listed) []string {
	out := []string{}
	for _, d := range list {
		out = append(out, d.ID)
	}
	slices.Sort(out)
	return out
}

// expected are the IDs of the default home's devices that fit.
func expected(fits func(d *Device) bool) []string {
	h := DefaultHome()
	out := []string{}
	for i := range h.Devices {
		if fits(&h.Devices[i]) {
			out = append(out, h.Devices[i].ID)
		}
	}
	slices.Sort(out)
	return out
}

func every(*Device) bool { return true }

func TestUserDevices(t *testing.T) {
	b := newBench(t, Options{})
	for query, fits := range map[string]func(*Device) bool{
		"":              every,
		"?from=home":    func(d *Device) bool { return d.ID != Guest },
		"?from=sharing": func(d *Device) bool { return d.ID == Guest },
	} {
		var got []listed
		b.get("/v1.0/users/"+DefaultUID+"/devices"+query, &got)
		if diff := cmp.Diff(expected(fits), ids(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
	var page, all []listed
	for no := 1; no < 6; no++ {
		b.get(fmt.Sprintf("/v1.0/users/%s/devices?page_no=%d&page_size=10", DefaultUID, no), &page)
		all = append(all, page...)
	}
	if diff := cmp.Diff(expected(every), ids(all)); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for target, code := range map[string]int{
		"/v1.0/users/eu0/devices":                               codePermission,
		"/v1.0/users/" + DefaultUID + "/devices?from=work":      codeIllegal,
		"/v1.0/users/" + DefaultUID + "/devices?page_no=0":      codeRange,
		"/v1.0/users/" + DefaultUID + "/devices?page_size=101":  codeRange,
		"/v1.0/users/" + DefaultUID + "/devices?page_size=many": codeType,
		"/v1.0/users/" + DefaultUID + "/devices?page_no=99":     0,
	} {
		b.wants(code, "GET", target, "")
	}
}

func TestDeviceShape(t *testing.T) {
	b := newBench(t, Options{})
	var plug, motion, odd listed
	b.get("/v1.0/devices/"+Plug, &plug)
	b.get("/v1.0/devices/"+Motion, &motion)
	b.get("/v1.0/devices/"+Odd, &odd)
	if plug.UID != DefaultUID || plug.OwnerID != "34567890" || plug.Sub || plug.LocalKey == nil || len(*plug.LocalKey) != 16 || plug.IP == nil {
		t.Errorf("want a Wi-Fi device with address and key, got %+v", plug)
	}
	if plug.Active < 1_600_000_000 || plug.Active > 2_000_000_000 {
		t.Errorf("want times in seconds, got %d", plug.Active)
	}
	if !motion.Sub || motion.LocalKey != nil || motion.IP != nil {
		t.Errorf("want a sub-device without address and key, got %+v", motion)
	}
	if odd.Name != " Eigenbau " {
		t.Errorf("want the blanks of a name kept, got %q", odd.Name)
	}
	want := []statusEntry{
		{"switch_1", true},
		{"countdown_1", 0.0},
		{"add_ele", 100.0},
		{"cur_current", 182.0},
		{"cur_power", 415.0},
		{"cur_voltage", 2302.0},
		{"relay_status", "last"},
		{"child_lock", false},
		{"fault", 0.0},
		{"cycle_time", ""},
	}
	if diff := cmp.Diff(want, plug.Status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	for _, e := range odd.Status {
		if e.Code == "Power-On.State" || e.Code == "alert" {
			t.Errorf("want no entry for what was never reported, got %+v", e)
		}
	}
	var bare map[string]any
	b.get("/v1.0/iot-03/devices/"+Plug, &bare)
	if _, has := bare["status"]; has {
		t.Error("want no status from iot-03")
	}
	var thing map[string]any
	b.get("/v2.0/cloud/thing/"+Plug, &thing)
	if thing["is_online"] != true || thing["custom_name"] != "Steckdose Waschmaschine" || thing["bind_space_id"] != "34567890" {
		t.Errorf("want snake case from v2.0, got %v", thing)
	}
}

// paged walks a list to its end, as a careful client does.
func (b *bench) paged(path, sizeName, keyName, listName string, size int) (all []listed, calls int) {
	b.t.Helper()
	key := ""
	for {
		var got struct {
			Devices []listed `json:"devices"`
			List    []listed `json:"list"`
			More    *bool    `json:"has_more"`
			Key     string   `json:"last_row_key"`
			Total   int      `json:"total"`
		}
		sep := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
		b.get(fmt.Sprintf("%s%s%s=%d&%s=%s", path, sep, sizeName, size, keyName, url.QueryEscape(key)), &got)
		calls++
		page := got.Devices
		if listName == "list" {
			page = got.List
		}
		all = append(all, page...)
		if got.More == nil || len(page) > size {
			b.t.Fatalf("want at most %d rows and has_more, got %d", size, len(page))
		}
		if !*got.More {
			return all, calls
		}
		if key == got.Key || got.Key == "" {
			b.t.Fatal("want another key for each page")
		}
		key = got.Key
	}
}

func TestPagedLists(t *testing.T) {
	for _, awkward := range []bool{false, true} {
		b := newBench(t, Options{AnswerOptions: AnswerOptions{AwkwardKeys: awkward}})
		n := len(expected(every))
		for _, size := range []int{1, 7, 20, 23, 100} {
			all, calls := b.paged("/v1.0/iot-01/associated-users/devices", "size", "last_row_key", "devices", size)
			if diff := cmp.Diff(expected(every), ids(all)); diff != "" || calls != (n+size-1)/size {
				t.Errorf("size %d: %d calls (-want +got):\n%s", size, calls, diff)
			}
		}
		for query, fits := range map[string]func(*Device) bool{
			"source_type=tuyaUser&source_id=" + DefaultUID:   func(d *Device) bool { return d.UID == DefaultUID },
			"source_type=homeApp&source_id=34567891":         func(d *Device) bool { return d.Place == Garden },
			"source_type=product&source_id=qmrw0kl5xtvb7h2e": func(d *Device) bool { return d.ID == Bulb || d.ID == Guest },
			"source_type=asset&source_id=1":                  func(*Device) bool { return false },
		} {
			all, _ := b.paged("/v1.3/iot-03/devices?"+query, "page_size", "last_row_key", "list", 9)
			if diff := cmp.Diff(expected(fits), ids(all)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
			for _, d := range all {
				if d.Status != nil || d.GatewayID == nil {
					t.Errorf("want gateway_id and no status, got %+v", d)
				}
			}
		}
	}
}

func TestThingDevices(t *testing.T) {
	b := newBench(t, Options{})
	var all []listed
	last := ""
	for {
		var page []listed
		b.get("/v2.0/cloud/thing/device?page_size=20&last_id="+last, &page)
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		last = page[len(page)-1].ID
	}
	if diff := cmp.Diff(expected(func(d *Device) bool { return d.ID != Odd }), ids(all)); diff != "" {
		t.Errorf("want all but the unlisted one (-want +got):\n%s", diff)
	}
	if all[0].IsOnline == nil || all[0].CustomName == "" || all[0].BindSpace == "" {
		t.Errorf("want camel case, got %+v", all[0])
	}
}

func TestListRules(t *testing.T) {
	b := newBench(t, Options{})
	many := strings.TrimSuffix(strings.Repeat(Plug+",", 21), ",")
	for target, code := range map[string]int{
		"/v1.0/iot-01/associated-users/devices?size=101":                     codeRange,
		"/v1.0/iot-01/associated-users/devices?size=0":                       codeRange,
		"/v1.0/iot-01/associated-users/devices?size=all":                     codeType,
		"/v1.0/iot-01/associated-users/devices?last_row_key=abc":             codeIllegal,
		"/v1.0/iot-01/associated-users/devices":                              0,
		"/v1.3/iot-03/devices?source_type=tuyaUser&source_id=eu0":            codePermission,
		"/v1.3/iot-03/devices?source_type=galaxy&source_id=1":                codeIllegal,
		"/v1.3/iot-03/devices?source_type=product":                           codeEmpty,
		"/v1.3/iot-03/devices?source_type=product&source_id=1&page_size=201": codeRange,
		"/v1.3/iot-03/devices?device_ids=" + many:                            codeRange,
		"/v1.3/iot-03/devices?device_ids=" + Plug + "," + Bulb:               0,
		"/v2.0/cloud/thing/device":                                           codeEmpty,
		"/v2.0/cloud/thing/device?page_size=21":                              codeRange,
		"/v2.0/cloud/thing/device?page_size=5&last_id=nobody":                codeIllegal,
		"/v1.0/devices":                                  codeEmpty,
		"/v1.0/devices?device_ids=nobody":                codePermission,
		"/v1.0/devices?device_ids=nobody," + Plug:        0,
		"/v1.0/devices?device_ids=" + many:               codeRange,
		"/v1.0/devices/nobody":                           codePermission,
		"/v1.0/homes/1/devices":                          codePermission,
		"/v1.0/homes/here/devices":                       codeType,
		"/v1.0/iot-03/devices/status?device_ids=" + many: codeRange,
		"/v1.0/devices/factory-infos?device_ids=" + Plug: 0,
		"/v1.0/homes/34567890/rooms/1/devices":           codePermission,
		"/v1.0/homes/45678901/rooms":                     0,
	} {
		b.wants(code, "GET", target, "")
	}
}

// A device that leaves between two pages must not hide another one.
func TestPagingWhileDevicesLeave(t *testing.T) {
	b := newBench(t, Options{})
	var first struct {
		Devices []listed `json:"devices"`
		Key     string   `json:"last_row_key"`
	}
	b.get("/v1.0/iot-01/associated-users/devices?size=10", &first)
	if err := b.Remove(first.Devices[3].ID); err != nil {
		t.Fatal(err)
	}
	if err := b.Remove(first.Devices[9].ID); err != nil {
		t.Fatal(err)
	}
	var rest struct {
		Devices []listed `json:"devices"`
	}
	b.get("/v1.0/iot-01/associated-users/devices?size=100&last_row_key="+first.Key, &rest)
	if want := len(expected(every)) - 10; len(rest.Devices) != want {
		t.Errorf("want %d on the second page, got %d", want, len(rest.Devices))
	}
}

func TestHomesAndRooms(t *testing.T) {
	b := newBench(t, Options{})
	var homes []struct {
		ID   int64  `json:"home_id"`
		Name string `json:"name"`
	}
	b.get("/v1.0/users/"+DefaultUID+"/homes", &homes)
	if len(homes) != 2 || homes[0].ID != House || homes[1].Name != "Schrebergarten" {
		t.Errorf("want two homes, got %+v", homes)
	}
	seen := map[string]bool{}
	for _, h := range homes {
		var got struct {
			Rooms []struct {
				ID   int64  `json:"room_id"`
				Name string `json:"name"`
			} `json:"rooms"`
		}
		b.get(fmt.Sprintf("/v1.0/homes/%d/rooms", h.ID), &got)
		for _, r := range got.Rooms {
			var list []listed
			b.get(fmt.Sprintf("/v1.0/homes/%d/rooms/%d/devices", h.ID, r.ID), &list)
			for _, d := range list {
				if seen[d.ID] {
					t.Errorf("%s stands in two rooms", d.Name)
				}
				seen[d.ID] = true
			}
		}
	}
	if len(seen) < 36 || !seen[Valve] {
		t.Errorf("want nearly all devices in rooms, got %d", len(seen))
	}
	var members []map[string]any
	b.get(fmt.Sprintf("/v1.0/homes/%d/members", House), &members)
	if len(members) != 2 || members[0]["admin"] != true {
		t.Errorf("want two members, got %v", members)
	}
	bare := newBench(t, Options{AnswerOptions: AnswerOptions{RoomsAsList: true}})
	var rooms []map[string]any
	bare.get(fmt.Sprintf("/v1.0/homes/%d/rooms", House), &rooms)
	if len(rooms) != 6 {
		t.Errorf("want a bare list, got %v", rooms)
	}
}

func TestSubDevices(t *testing.T) {
	b := newBench(t, Options{})
	var got []listed
	b.get("/v1.0/devices/"+Gateway+"/sub-devices", &got)
	if diff := cmp.Diff(expected(func(d *Device) bool { return d.Gateway == Gateway }), ids(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What one account has is not another's, until it is linked.
func TestLinkedAccounts(t *testing.T) {
	b := newBench(t, Options{Projects: []Project{{AccessID: AccessID, AccessSecret: AccessSecret, Linked: []string{DefaultUID}}}})
	b.wants(codePermission, "GET", "/v1.0/users/"+GuestUID+"/homes", "")
	b.wants(codePermission, "GET", "/v1.0/homes/45678901/devices", "")
	b.wants(0, "GET", "/v1.0/devices/"+Guest, "") // shared
	if err := b.Link(AccessID, GuestUID, true); err != nil {
		t.Fatal(err)
	}
	b.wants(0, "GET", "/v1.0/users/"+GuestUID+"/homes", "")
	if err := b.Link(AccessID, DefaultUID, false); err != nil {
		t.Fatal(err)
	}
	b.wants(codePermission, "GET", "/v1.0/devices/"+Plug, "")
	if b.Link("nobody", DefaultUID, true) == nil {
		t.Error("want an unknown project refused")
	}
}

func TestGrow(t *testing.T) {
	h := DefaultHome()
	h.Grow(1000)
	b := newBench(t, Options{Home: h})
	start := time.Now()
	var all []listed
	b.get("/v1.0/users/"+DefaultUID+"/devices", &all)
	unique, products := map[string]bool{}, map[string]bool{}
	for _, d := range all {
		unique[d.ID], products[d.ProductID] = true, true
	}
	own := len(expected(every))
	if len(unique) != 1000 || len(products) != own-1 {
		t.Errorf("want 1000 devices of %d products, got %d of %d", own-1, len(unique), len(products))
	}
	for _, d := range h.Devices {
		if d.Gateway != "" && h.device(d.Gateway) == nil {
			t.Fatalf("%s hangs on a gateway that is not there", d.ID)
		}
	}
	if spent := time.Since(start); spent > 5*time.Second {
		t.Errorf("a list of 1000 took %s", spent)
	}
}
