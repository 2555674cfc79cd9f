package tuyatest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Home is what a data centre knows of the app accounts and their devices.
type Home struct {
	Accounts []Account `json:"accounts"`
	Devices  []Device  `json:"devices"`

	places map[string]int // where in Devices a device was seen last
	rows   int64          // the last number that was given to a device
}

// Account is one account of the Tuya Smart or Smart Life app.
type Account struct {
	UID     string  `json:"uid"`
	Name    string  `json:"name"`
	Country string  `json:"country"` // dialling code
	Places  []Place `json:"places"`
}

// Place is one of an account's homes, which the vendor calls home.
type Place struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name"`
	GeoName string   `json:"geoName"`
	Lat     float64  `json:"lat"`
	Lon     float64  `json:"lon"`
	Rooms   []Room   `json:"rooms"`
	Members []Member `json:"members"`
	Scenes  []Scene  `json:"scenes"`
}

// Room lists the devices that stand in it.
type Room struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name"`
	Devices []string `json:"devices"`
}

// Member is somebody who shares a place.
type Member struct {
	UID     string `json:"uid"`
	Name    string `json:"name"`
	Account string `json:"account"`
	Country string `json:"country"`
	Admin   bool   `json:"admin"`
}

// Scene is a tap-to-run scene.
type Scene struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Disabled bool     `json:"disabled"`
	Status   string   `json:"status"` // empty stands for "1", which is valid
	Actions  []Action `json:"actions"`
}

// Action is a command that a scene sends.
type Action struct {
	Device string `json:"device"`
	Code   string `json:"code"`
	Value  any    `json:"value"`
}

// Device is one physical thing, or the remote control of one.
type Device struct {
	ID          string `json:"id"`
	UUID        string `json:"uuid"`
	Name        string `json:"name"`
	Category    string `json:"category"`
	ProductID   string `json:"productId"`
	ProductName string `json:"productName"`
	Model       string `json:"model"`
	UID         string `json:"uid"`     // the account that owns it
	Place       int64  `json:"place"`   // 0: the account's first
	Shared      string `json:"shared"`  // the UID of another account that it is shared with
	Gateway     string `json:"gateway"` // a sub-device hangs on it
	Online      bool   `json:"online"`
	IP          string `json:"ip"`
	LocalKey    string `json:"localKey"`
	TimeZone    string `json:"timeZone"`
	// Active and Updated are when it was paired and when its entry changed last.
	Active  time.Time `json:"active"`
	Updated time.Time `json:"updated"`
	// Unmodelled devices are unknown to the v1.0 endpoints, which answer 2003.
	Unmodelled bool `json:"unmodelled"`
	// IssueOnly devices take commands by the thing model alone; others answer 2008.
	IssueOnly bool `json:"issueOnly"`
	// Unlisted devices are missing in the project's list of v2.0.
	Unlisted bool     `json:"unlisted"`
	Remotes  []Remote `json:"remotes"`
	DPs      []DP     `json:"dps"`

	row int64 // never changes, never comes again
}

// Mode says who may write a data point.
type Mode string

// The modes, as the thing model names them.
const (
	ReadWrite Mode = "rw"
	ReadOnly  Mode = "ro"
	WriteOnly Mode = "wr"
)

// DP is one data point.
type DP struct {
	ID   int    `json:"id"`
	Code string `json:"code"`
	Name string `json:"name"`
	Mode Mode   `json:"mode"`
	// Type and Values are what the specification says, word by word: Type may be
	// misspelt ("bool"), Values is JSON in a text, or empty.
	Type   string `json:"type"`
	Values string `json:"values"`
	// StatusType and StatusValues are for a status entry that differs; empty: as above.
	StatusType   string `json:"statusType"`
	StatusValues string `json:"statusValues"`
	// ThingOnly leaves it out of specification and status: a custom data point of a
	// device in standard mode. The thing model has it.
	ThingOnly bool `json:"thingOnly"`
	// Sum says that each report is an increment.
	Sum bool `json:"sum"`
	// Value is a bool, an int64 or a text; nil: never reported. Json is kept as text.
	Value any `json:"value"`
	// At is the time of the last report; zero: never.
	At time.Time `json:"at"`

	before   any // what a stale read gives: the value before the last command
	beforeAt time.Time
	written  bool
}

// Remote is a remote control that an infrared hub imitates. Its ID is that of the device
// that stands for it in lists.
type Remote struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	CategoryID int    `json:"categoryId"` // 1 set-top box, 2 television, 5 air conditioner, …
	BrandID    int    `json:"brandId"`
	BrandName  string `json:"brandName"`
	Index      int    `json:"index"`
	Keys       []Key  `json:"keys"`
	// AC is the state that was sent last; only for air conditioners.
	AC *AC `json:"ac"`
}

// Key is one key of a remote control.
type Key struct {
	ID       int    `json:"id"`
	Key      string `json:"key"`
	Name     string `json:"name"`
	Standard bool   `json:"standard"`
}

// AC is what an air conditioner was told: Power 0 or 1, Mode 0 cool, 1 heat, 2 auto,
// 3 fan, 4 dry, Temp in °C, Wind 0 auto to 3 high.
type AC struct {
	Power int `json:"power"`
	Mode  int `json:"mode"`
	Temp  int `json:"temp"`
	Wind  int `json:"wind"`
}

// Grow adds copies of the home's devices, with IDs and names of their own but of the
// same products, until there are n. A copied sub-device hangs on the copied gateway.
func (h *Home) Grow(n int) {
	kinds := len(h.Devices)
	h.Devices = slices.Grow(h.Devices, max(0, n-kinds))
	for i := kinds; kinds > 0 && i < n; i++ {
		round := i / kinds
		d := cloneDevice(h.Devices[i%kinds])
		d.ID = grown(d.ID, round)
		d.UUID = grown(d.UUID, round)
		if d.Gateway != "" {
			d.Gateway = grown(d.Gateway, round)
		}
		for j := range d.Remotes {
			d.Remotes[j].ID = grown(d.Remotes[j].ID, round)
		}
		d.Name = fmt.Sprintf("%s %d", strings.TrimSpace(d.Name), round+1)
		d.Active = d.Active.Add(time.Duration(i) * time.Hour)
		h.Devices = append(h.Devices, d)
	}
}

// grown keeps the length of an ID: its last characters are the number of the copy.
func grown(id string, round int) string {
	tail := fmt.Sprintf("%04x", round)
	if len(id) <= len(tail) {
		return id + tail
	}
	return id[:len(id)-len(tail)] + tail
}

func (h *Home) device(id string) *Device {
	if i, ok := h.places[id]; ok && i < len(h.Devices) && h.Devices[i].ID == id {
		return &h.Devices[i]
	}
	i := slices.IndexFunc(h.Devices, func(d Device) bool { return d.ID == id })
	if i < 0 {
		return nil
	}
	if h.places == nil {
		h.places = map[string]int{}
	}
	h.places[id] = i
	return &h.Devices[i]
}

func (h *Home) account(uid string) *Account {
	i := slices.IndexFunc(h.Accounts, func(a Account) bool { return a.UID == uid })
	if i < 0 {
		return nil
	}
	return &h.Accounts[i]
}

// place finds a place and whose it is.
func (h *Home) place(id int64) (*Place, *Account) {
	for i := range h.Accounts {
		for j := range h.Accounts[i].Places {
			if h.Accounts[i].Places[j].ID == id {
				return &h.Accounts[i].Places[j], &h.Accounts[i]
			}
		}
	}
	return nil, nil
}

func (d *Device) dp(code string) *DP {
	i := slices.IndexFunc(d.DPs, func(p DP) bool { return p.Code == code })
	if i < 0 {
		return nil
	}
	return &d.DPs[i]
}

func (d *Device) sub() bool { return d.Gateway != "" }

func (d *Device) remote(id string) *Remote {
	i := slices.IndexFunc(d.Remotes, func(r Remote) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Remotes[i]
}

func (p *DP) writable() bool { return p.Mode == ReadWrite || p.Mode == WriteOnly }
func (p *DP) reports() bool  { return p.Mode == ReadWrite || p.Mode == ReadOnly }

// setDefaults numbers the devices and gives each what every device has.
func (h *Home) setDefaults(now time.Time) {
	if len(h.Accounts) == 0 {
		h.Accounts = []Account{{UID: DefaultUID, Name: "user", Country: "49"}}
	}
	for i := range h.Devices {
		h.adopt(&h.Devices[i], now)
	}
}

func (h *Home) adopt(d *Device, now time.Time) {
	h.rows++
	d.row = h.rows
	if d.UID == "" {
		d.UID = h.Accounts[0].UID
	}
	if a := h.account(d.UID); d.Place == 0 && a != nil && len(a.Places) > 0 {
		d.Place = a.Places[0].ID
	}
	if d.Active.IsZero() {
		d.Active = now
	}
	if d.Updated.IsZero() {
		d.Updated = d.Active
	}
	for i := range d.DPs {
		if p := &d.DPs[i]; p.Value != nil && p.At.IsZero() {
			p.At = now
		}
	}
}

func cloneHome(h *Home) Home {
	out := Home{Accounts: slices.Clone(h.Accounts), Devices: make([]Device, 0, len(h.Devices))}
	for i := range out.Accounts {
		a := &out.Accounts[i]
		a.Places = slices.Clone(a.Places)
		for j := range a.Places {
			p := &a.Places[j]
			p.Rooms, p.Members, p.Scenes = slices.Clone(p.Rooms), slices.Clone(p.Members), slices.Clone(p.Scenes)
			for k := range p.Rooms {
				p.Rooms[k].Devices = slices.Clone(p.Rooms[k].Devices)
			}
		}
	}
	for _, d := range h.Devices {
		out.Devices = append(out.Devices, cloneDevice(d))
	}
	return out
}

func cloneDevice(d Device) Device {
	d.DPs, d.Remotes = slices.Clone(d.DPs), slices.Clone(d.Remotes)
	for i := range d.Remotes {
		if ac := d.Remotes[i].AC; ac != nil {
			state := *ac
			d.Remotes[i].AC = &state
		}
	}
	return d
}
