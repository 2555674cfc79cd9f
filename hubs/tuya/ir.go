package tuya

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

// remote is a remote control that an infrared hub knows: a device of its own. Appliances
// do not answer: what is shown of an air conditioner is what it was told.
type remote struct {
	ID       string      `json:"id"`
	Hub      string      `json:"hub"`
	Name     string      `json:"name"`
	Category int         `json:"category"`
	Index    json.Number `json:"index"`
	Keys     []remoteKey `json:"keys"`
}

type remoteKey struct {
	Key  string `json:"key"`
	ID   int    `json:"id"`
	Name string `json:"name"`
}

const (
	remoteAC            = 5 // the category of air conditioners
	acEntity            = "climate"
	acLowest, acHighest = 16, 30
)

// infraredHub tells the categories of hubs that send infrared.
func infraredHub(category string) bool {
	return slices.Contains([]string{"wnykq", "hwktwkq", "wsdykq"}, category)
}

// acModes and acFans are in the order of the vendor's numbers.
var (
	acModes = [...]string{"cool", "heat", "auto", "fan_only", "dry"} //nolint:gochecknoglobals // a table
	acFans  = [...]string{"auto", "low", "medium", "high"}           //nolint:gochecknoglobals // a table
)

// askRemotes lists the remote controls of all infrared hubs, with their keys.
func (h *hub) askRemotes(ctx context.Context, ids []string) ([]remote, error) {
	var out []remote
	for _, id := range ids {
		path := "/v2.0/infrareds/" + url.PathEscape(id) + "/remotes"
		raw, err := h.client.do(ctx, request{name: "remote controls", path: path})
		if err != nil {
			return nil, err
		}
		list, ok := readRemotes(raw, id)
		if !ok {
			return nil, shape("remote controls", "answered without a list")
		}
		for i := range list {
			r := &list[i]
			raw, err := h.client.do(ctx, request{name: "keys", path: path + "/" + url.PathEscape(r.ID) + "/keys"})
			if err != nil && !denied(err) {
				return nil, err
			}
			if err == nil {
				r.readKeys(raw)
			}
		}
		out = append(out, list...)
	}
	return out, nil
}

func readRemotes(raw json.RawMessage, hub string) ([]remote, bool) {
	var list []struct {
		ID       loose.Text   `json:"remote_id"`
		Name     loose.Text   `json:"remote_name"`
		Category loose.Number `json:"category_id"`
		Index    loose.Text   `json:"remote_index"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	var out []remote
	for _, w := range list {
		if w.ID == "" {
			continue
		}
		name := cmp.Or(strings.TrimSpace(string(w.Name)), string(w.ID))
		out = append(out, remote{ID: string(w.ID), Hub: hub, Name: name, Category: w.Category.Whole(), Index: numeral(w.Index)})
	}
	return out, true
}

// numeral is t for JSON: remote controls are numbered, and the numbers go back as they came.
func numeral(t loose.Text) json.Number {
	if _, ok := loose.ParseNumber([]byte(t)); ok {
		return json.Number(t)
	}
	return "0"
}

// readKeys adds what the answer of the keys says.
func (r *remote) readKeys(raw json.RawMessage) {
	var w struct {
		Category loose.Number `json:"category_id"`
		Index    loose.Text   `json:"remote_index"`
		Keys     loose.List[struct {
			Key  loose.Text   `json:"key"`
			ID   loose.Number `json:"key_id"`
			Name loose.Text   `json:"key_name"`
		}] `json:"key_list"`
	}
	if json.Unmarshal(raw, &w) != nil {
		return
	}
	if w.Category.Known {
		r.Category = w.Category.Whole()
	}
	if w.Index != "" {
		r.Index = numeral(w.Index)
	}
	for _, k := range w.Keys {
		if k.Key != "" {
			r.Keys = append(r.Keys, remoteKey{string(k.Key), max(k.ID.Whole(), 0), cmp.Or(strings.TrimSpace(string(k.Name)), string(k.Key))})
		}
	}
}

// device describes the remote control; wire is its entry in the device list, if it has
// one.
func (r *remote) device(wire *device) hubs.Device {
	d := hubs.Device{ID: hubs.DeviceID(r.ID), Name: r.Name, Maker: "Tuya", Model: "Infrared remote control", Via: hubs.DeviceID(r.Hub)}
	if wire != nil {
		d.ModelID = wire.Product
		d.Name = cmp.Or(wire.Name, d.Name)
		d.Model = cmp.Or(wire.Model, d.Model)
	}
	if r.Category == remoteAC {
		d.Entities = append(d.Entities, hubs.Entity{Key: acEntity, Spec: hubs.Climate{
			Modes: append([]string{"off"}, acModes[:]...), Target: true, Min: acLowest, Max: acHighest, Step: 1, FanModes: acFans[:],
		}})
	}
	seen := map[string]bool{}
	for _, k := range r.Keys {
		if key := k.key(); !seen[key] {
			seen[key] = true
			d.Entities = append(d.Entities, hubs.Entity{Key: key, Name: k.Name, Spec: hubs.Button{}})
		}
	}
	return d
}

// key tells volume+ from volume-.
func (k *remoteKey) key() string {
	name := k.Key
	for sign, word := range map[string]string{"+": "_plus", "-": "_minus"} {
		if start, ok := strings.CutSuffix(name, sign); ok {
			name = start + word
			break
		}
	}
	return hubs.MakeKey("key_" + name)
}

// acState is what an air conditioner was told last.
type acState struct {
	on        bool
	mode, fan int
	target    float64
	known     bool
	asked     time.Time // the cloud, what it was told last
}

// acEvery is how often the cloud is asked what an air conditioner was told: somebody may
// have used the app.
const acEvery = 6 * time.Hour

// reading is the state as news.
func (s *acState) reading(id hubs.DeviceID) hubs.Reading {
	r := hubs.Reading{Device: id}
	if !s.known {
		return r
	}
	put := func(a hubs.Attr, v hubs.Value) {
		r.Values = append(r.Values, hubs.PointValue{Point: hubs.Point{Entity: acEntity, Attr: a}, Value: v})
	}
	mode := "off"
	if s.on {
		mode = acModes[s.mode]
	}
	put(hubs.Mode, hubs.Str(mode))
	put(hubs.Target, hubs.Num(s.target))
	put(hubs.FanMode, hubs.Str(acFans[s.fan]))
	return r
}

// told gives the state after cmd, which fits the entity.
func (s acState) told(cmd *hubs.Command) acState {
	if !s.known {
		s = acState{known: true, target: 24, asked: s.asked}
	}
	if v, ok := cmd.Value(hubs.On); ok {
		s.on, _ = v.Bool()
	}
	if v, ok := cmd.Value(hubs.Mode); ok {
		word, _ := v.Text()
		s.on = word != "off"
		if i := slices.Index(acModes[:], word); i >= 0 {
			s.mode = i
		}
	}
	if v, ok := cmd.Value(hubs.Target); ok {
		n, _ := v.Num()
		s.target = math.Round(n)
	}
	if v, ok := cmd.Value(hubs.FanMode); ok {
		word, _ := v.Text()
		s.fan = max(slices.Index(acFans[:], word), 0)
	}
	return s
}

// body is the state as the vendor wants to be told it: of what is off, nothing else.
func (s *acState) body() map[string]any {
	if !s.on {
		return map[string]any{"power": 0}
	}
	return map[string]any{"power": 1, "mode": s.mode, "temp": int(s.target), "wind": s.fan}
}

// readAC reads the answer of a state call.
func readAC(raw json.RawMessage) (acState, bool) {
	var w struct {
		Power loose.Number `json:"power"`
		Mode  loose.Number `json:"mode"`
		Temp  loose.Number `json:"temp"`
		Wind  loose.Number `json:"wind"`
	}
	if json.Unmarshal(raw, &w) != nil || !w.Power.Known {
		return acState{}, false
	}
	s := acState{known: true, on: w.Power.F != 0, target: min(max(w.Temp.F, acLowest), acHighest)}
	if m := w.Mode.Whole(); m >= 0 && m < len(acModes) {
		s.mode = m
	}
	if f := w.Wind.Whole(); f >= 0 && f < len(acFans) {
		s.fan = f
	}
	return s, true
}

// remote finds a remote control by its id. h.mu is held.
func (h *hub) remote(id hubs.DeviceID) *remote {
	if h.house == nil {
		return nil
	}
	for i := range h.house.Remotes.Value {
		if r := &h.house.Remotes.Value[i]; r.ID == string(id) {
			return r
		}
	}
	return nil
}

// send presses a key, or tells an air conditioner its new state.
func (h *hub) send(ctx context.Context, r *remote, cmd *hubs.Command) error {
	path := "/v2.0/infrareds/" + url.PathEscape(r.Hub)
	id := url.PathEscape(r.ID)
	if cmd.Entity == acEntity && r.Category == remoteAC {
		h.mu.Lock()
		next := h.ac[cmd.Device].told(cmd)
		h.mu.Unlock()
		err := h.order(ctx, "air conditioner", path+"/air-conditioners/"+id+"/scenes/command", next.body())
		if err == nil {
			h.mu.Lock()
			h.ac[cmd.Device] = next
			h.mu.Unlock()
		}
		return err
	}
	for _, k := range r.Keys {
		if k.key() == cmd.Entity {
			err := h.order(ctx, "key", path+"/remotes/"+id+"/raw/command", map[string]any{
				"category_id": r.Category, "remote_index": r.Index, "key": k.Key, "key_id": k.ID,
			})
			if err == nil && r.Category == remoteAC { // the key may be the one for power
				news, err := h.askRemote(ctx, r)
				h.log.Debug().Err(err).Msg("asked what a key has made of an air conditioner")
				h.tell(news)
			}
			return err
		}
	}
	return &hubs.Error{Fault: hubs.UnknownEntity, Err: fmt.Errorf("tuya: %s has no %s", cmd.Device, cmd.Entity)}
}

// readRemote gives the state of an air conditioner: what it was told by us, else what
// the cloud was told last.
func (h *hub) readRemote(ctx context.Context, r *remote) (hubs.Reading, error) {
	id := hubs.DeviceID(r.ID)
	h.mu.Lock()
	s := h.ac[id]
	h.mu.Unlock()
	if s.known || r.Category != remoteAC {
		return s.reading(id), nil
	}
	return h.askRemote(ctx, r)
}

// askRemotesNow asks for the states of air conditioners that are not known, or were asked
// for long ago. What is not answered stays as it was.
func (h *hub) askRemotesNow(ctx context.Context) {
	h.mu.Lock()
	var due []remote
	if h.house != nil {
		due = slices.DeleteFunc(slices.Clone(h.house.Remotes.Value), func(r remote) bool {
			return r.Category != remoteAC || h.now().Sub(h.ac[hubs.DeviceID(r.ID)].asked) < acEvery
		})
	}
	h.mu.Unlock()
	for i := range due {
		if _, err := h.askRemote(ctx, &due[i]); err != nil {
			h.log.Debug().Err(err).Msg("the state of an air conditioner is not known")
		}
	}
}

// tell passes on what was found out beside the stream, where one stands: with it, polls
// are rare.
func (h *hub) tell(news hubs.Reading) {
	h.mu.Lock()
	to := h.push.to
	h.mu.Unlock()
	if to != nil && len(news.Values) > 0 {
		to.Readings([]hubs.Reading{news})
	}
}

func (h *hub) askRemote(ctx context.Context, r *remote) (hubs.Reading, error) {
	id := hubs.DeviceID(r.ID)
	h.mu.Lock()
	s := h.ac[id]
	s.asked = h.now()
	h.ac[id] = s
	h.mu.Unlock()
	raw, err := h.client.do(ctx, request{
		name: "air conditioner", path: "/v2.0/infrareds/" + url.PathEscape(r.Hub) + "/remotes/" + url.PathEscape(r.ID) + "/ac/status",
	})
	if err != nil {
		return hubs.Reading{Device: id}, err
	}
	if got, ok := readAC(raw); ok {
		got.asked = s.asked
		h.mu.Lock()
		h.ac[id] = got
		h.mu.Unlock()
		return got.reading(id), nil
	}
	return hubs.Reading{Device: id}, nil
}
