package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// maxRequest is how long a request may be.
const maxRequest = 64 << 10

// verbRequest is what comes on BASE/bridge/request/VERB.
type verbRequest struct {
	Hub         string          `json:"hub"`
	Device      string          `json:"device"`
	Value       json.RawMessage `json:"value"`
	Transaction json.RawMessage `json:"transaction"`
}

// verbResponse is what goes to BASE/bridge/response/VERB.
type verbResponse struct {
	Status      string          `json:"status"` // ok, error
	Error       string          `json:"error,omitempty"`
	Data        any             `json:"data,omitempty"`
	Transaction json.RawMessage `json:"transaction,omitempty"`
}

// bridgeMessage takes what came under BASE/bridge: a request, or a command for the
// bridge's own device.
func (b *Bridge) bridgeMessage(ctx context.Context, m message) {
	if verb, ok := strings.CutPrefix(m.topic, strings.TrimSuffix(b.layout.RequestFilter(), "#")); ok {
		b.answerRequest(ctx, verb, m.payload)
		return
	}
	for _, req := range b.layout.Parse(m.topic, m.payload, b.findSelf) {
		b.ownCommand(req, time.Now())
	}
}

func (b *Bridge) answerRequest(ctx context.Context, verb string, payload []byte) {
	req, err := readRequest(payload)
	resp := verbResponse{Status: "ok", Transaction: req.Transaction}
	if err == nil {
		resp.Data, err = b.request(ctx, verb, req)
	}
	if err != nil {
		resp.Status, resp.Error = "error", strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	raw, err := json.Marshal(resp)
	if err != nil {
		b.cfg.Log.Error().Err(err).Str("request", verb).Msg("a response cannot be written")
		return
	}
	b.cfg.Log.Info().Str("request", verb).Str("hub", req.Hub).Str("device", req.Device).Str("status", resp.Status).
		Str("error", resp.Error).Msg("request")
	b.out.Event(b.layout.ResponseTopic(verb), raw)
}

func readRequest(payload []byte) (req verbRequest, err error) {
	switch {
	case len(payload) > maxRequest:
		return req, fmt.Errorf("a request of %d bytes; %d are allowed", len(payload), maxRequest)
	case !utf8.Valid(payload):
		return req, errors.New("a request must be UTF-8")
	}
	if err := json.Unmarshal(payload, &req); err != nil {
		var echo struct { // what is wrong in one member must not lose the other
			Transaction json.RawMessage `json:"transaction"`
		}
		_ = json.Unmarshal(payload, &echo)
		return verbRequest{Transaction: echo.Transaction},
			errors.New(`a request is a JSON object such as {"hub": "aqara", "device": "Lamp", "value": "Desk lamp"}, its names are texts`)
	}
	return req, nil
}

// request carries out one verb and returns the response's data.
func (b *Bridge) request(ctx context.Context, verb string, req verbRequest) (any, error) {
	switch verb {
	case "rediscover":
		return b.requestRediscover(req)
	case "log_level":
		return b.requestLogLevel(req)
	case "refresh", "device/rename", "device/area", "device/options", "device/exclude", "device/include":
	default:
		return nil, fmt.Errorf("there is no request %q; there are %s", verb, "refresh, rediscover, log_level, "+
			"device/rename, device/area, device/options, device/exclude, device/include")
	}
	h, err := b.hubOf(req.Hub)
	if err != nil {
		return nil, err
	}
	if verb == "refresh" {
		return hubAnswer{[]string{h.cfg.Name}}, h.refresh()
	}
	return h.deviceRequest(ctx, verb, req.Device, req.Value)
}

// hubAnswer is the data of the response to refresh and rediscover.
type hubAnswer struct {
	Hubs []string `json:"hubs"`
}

// hubOf finds the hub that a request names. Where there is only one, its name may be left out.
func (b *Bridge) hubOf(name string) (*hubRun, error) {
	if h, ok := b.set.of(name); ok {
		return h, nil
	}
	if name == "" && len(b.set.all()) == 1 {
		return b.set.all()[0], nil
	}
	names := make([]string, len(b.set.all()))
	for i, h := range b.set.all() {
		names[i] = h.cfg.Name
	}
	if name == "" {
		return nil, fmt.Errorf(`"hub" is missing, one of %s`, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("there is no hub %q; there are %s", name, strings.Join(names, ", "))
}

func (b *Bridge) requestRediscover(req verbRequest) (any, error) {
	list := b.set.all()
	if req.Hub != "" {
		h, err := b.hubOf(req.Hub)
		if err != nil {
			return nil, err
		}
		list = []*hubRun{h}
	}
	return b.rediscover(list, req.Hub == ""), nil
}

// rediscover announces the devices of some hubs again, those too that were deleted in
// Home Assistant, and asks for their inventories. self: the bridge's own device too.
func (b *Bridge) rediscover(list []*hubRun, self bool) hubAnswer {
	answer := hubAnswer{Hubs: []string{}}
	if self {
		config := b.layout.ConfigTopic(discovery.BridgeID)
		b.out.Republish(func(topic string) bool { return topic == config })
	}
	for _, h := range list {
		answer.Hubs = append(answer.Hubs, h.cfg.Name)
		h.rediscover()
	}
	return answer
}

func (b *Bridge) requestLogLevel(req verbRequest) (any, error) {
	var level string
	if err := json.Unmarshal(req.Value, &level); err != nil {
		return nil, fmt.Errorf(`"value" must be one of %s; "" is the setting again`, strings.Join(logLevels(), ", "))
	}
	if req.Hub != "" {
		if _, err := b.hubOf(req.Hub); err != nil {
			return nil, err
		}
	}
	if err := b.setLogLevel(req.Hub, level); err != nil {
		return nil, err
	}
	return map[string]string{"level": b.cfg.Levels.Level(req.Hub)}, nil
}

func (b *Bridge) setLogLevel(hub, level string) error {
	if b.cfg.Levels == nil {
		return errors.New("the log level cannot be changed here")
	}
	if err := b.cfg.Levels.Set(hub, level); err != nil {
		return err
	}
	b.publishSelf()
	return nil
}

// refresh has the hub asked for everything at once, unless the vendor wants to be left alone.
func (h *hubRun) refresh() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refreshLocked(time.Now())
}

func (h *hubRun) refreshLocked(now time.Time) error {
	if next := h.health.nextPoll; h.health.state == Limited && next.After(now) {
		return &hubs.Error{
			Fault: hubs.Limited,
			Err:   fmt.Errorf("the vendor wants to be left alone until %s", next.UTC().Format(time.RFC3339)),
		}
	}
	h.relist("refresh")
	return nil
}

// rediscover announces everything again, what the user deleted in Home Assistant too.
func (h *hubRun) rediscover() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rediscoverLocked(time.Now())
}

func (h *hubRun) rediscoverLocked(now time.Time) {
	h.rereadOverrides()
	topics := make(map[string]bool, len(h.manifest.Devices))
	for raw, o := range h.manifest.Devices {
		d := h.devices[raw]
		if d == nil || !d.deleted {
			topics[h.layout.ConfigTopic(o.ID)] = true
			continue
		}
		d.deleted = false
		d.untold = true
		h.laterIfSame(d, max(0, d.announcedAt.Add(announceWait).Sub(now)), func() { h.tellAgain(d, time.Now()) })
	}
	h.republish(func(topic string) bool { return topics[topic] })
	_ = h.refreshLocked(now) // a vendor that wants to be left alone is asked when its time has come
}
