package aqara

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Generation B of the API has a path for each call. It is used for what generation A
// cannot do: to give devices orders, and to start automations.

const (
	probeLife   = 6 * time.Hour   // then a Studio is asked again what it can
	probeTries  = 3               // that may fail before it counts as old for now
	triggerLife = 5 * time.Minute // nothing is pushed about automations
)

// generationB is what is known of the newer API. It is under the hub's lock.
type generationB struct {
	has    bool
	asked  time.Time       // zero: not yet, or not since the last connection
	fails  int             // of asking, in a row
	denied map[string]bool // APIs that the token may not use, and it was said
	// triggers are the automations that can be started by hand; nil: never read.
	triggers []trigger
	listed   time.Time
}

// probe finds out whether the Studio has generation B. An answer counts for six hours or
// until the next connection of the stream, since a Studio is updated without our knowing.
func (h *hub) probe(ctx context.Context) error {
	h.mu.Lock()
	age := h.now().Sub(h.rest.asked)
	due := h.rest.asked.IsZero() || age >= probeLife || age < 0
	h.mu.Unlock()
	if !due {
		return nil
	}
	_, err := h.client.restCall(ctx, "probe", apiStatistics, url.Values{"dimensions": {"deviceCount"}}, nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	b := &h.rest
	had := b.has
	switch e, _ := errors.AsType[*hubs.Error](err); {
	case err == nil, e != nil && (e.Code == "403" || e.Code == "400"): // the path is there, though not for us
		b.has = true
	case isOld(err) && (!had || !errors.Is(err, errNoEnvelope)), hubs.FaultOf(err) == hubs.Refused:
		b.has = false
	case hubs.FaultOf(err) == hubs.Transient && b.fails+1 >= probeTries:
		return nil // whatever is the matter with it, the rest of the home works
	default:
		b.fails++
		return err
	}
	b.asked, b.fails, b.denied = h.now(), 0, map[string]bool{}
	if b.has != had {
		h.staleAll()
	}
	return nil
}

// isOld tells an answer of a Studio that does not have the path: the documented ones,
// and a page where one was asked for data.
func isOld(err error) bool {
	e, ok := errors.AsType[*hubs.Error](err)
	if !ok {
		return false
	}
	switch e.Code {
	case "404", "405", "1000":
		return !errors.Is(e, errItem)
	}
	return errors.Is(e, errNoEnvelope)
}

// may tells whether an API of generation B is there for us.
func (h *hub) may(api string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rest.has && !h.rest.denied[api]
}

// without reports whether err means that we have to do without an API: the token may
// not use it, which is said once, or it is not there.
func (h *hub) without(api string, err error) bool {
	e, ok := errors.AsType[*hubs.Error](err)
	if !ok || e.Code != "403" && !isOld(err) {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.rest.denied[api] {
		h.rest.denied[api] = true
		h.log.Warn().Err(err).Str("api", api).Str("hint", e.Hint).Msg("a part of the Studio's API cannot be used, doing without")
	}
	return true
}

// staleAll has every device described again. h.mu is held.
func (h *hub) staleAll() {
	for id := range h.models {
		h.stale(id)
	}
}

// addOrders adds to specs what generation B knows: the orders that devices take, and
// what they hang on.
func (h *hub) addOrders(ctx context.Context, specs []wireSpec) error {
	if len(specs) == 0 || !h.may(apiSpecs) || !h.may(apiOrders) {
		return nil
	}
	ids := make([]string, len(specs))
	for i := range specs {
		ids[i] = string(specs[i].ID)
	}
	data, err := h.client.restCall(ctx, "device orders", apiSpecs, url.Values{"deviceIds": {strings.Join(ids, ",")}}, nil)
	if err != nil {
		if h.without(apiSpecs, err) {
			return nil
		}
		return err
	}
	more, err := decodeSpecs(data)
	if err != nil {
		return h.shape("device orders", err)
	}
	for i := range specs {
		for j := range more {
			if specs[i].ID == more[j].ID {
				specs[i].Gateway = more[j].Gateway
				specs[i].takeOrders(&more[j])
			}
		}
	}
	return nil
}

// takeOrders takes the orders over from another description of the same device.
func (s *wireSpec) takeOrders(from *wireSpec) {
	orders := map[address][]wireCommand{}
	for _, e := range from.Endpoints {
		for _, f := range e.Functions {
			orders[address{endpoint: e.ID.Whole(), function: string(f.Code)}] = f.Commands
		}
	}
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		for j := range e.Functions {
			if c := orders[address{endpoint: e.ID.Whole(), function: string(e.Functions[j].Code)}]; c != nil {
				e.Functions[j].Commands = c
			}
		}
	}
}

// give sends orders, once.
func (h *hub) give(ctx context.Context, orders []orderItem) error {
	if !h.may(apiOrders) {
		return refused("this Studio takes no orders any more")
	}
	_, err := h.client.restCall(ctx, "order", apiOrders, nil, map[string]any{"data": orders})
	if err != nil && !errors.Is(err, errItem) && h.without(apiOrders, err) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.staleAll() // what can only be ordered is not offered any more
	}
	return err
}

// trigger is an automation that can be started by hand.
type trigger struct {
	key, name        string
	automation, node string
}

// readTriggers reads which automations can be started by hand, once in a while. A list
// that was read before stands while it cannot be read.
func (h *hub) readTriggers(ctx context.Context) error {
	h.mu.Lock()
	b := &h.rest
	age := h.now().Sub(b.listed)
	fresh := b.triggers != nil && age >= 0 && age < triggerLife
	h.mu.Unlock()
	if fresh {
		return nil
	}
	if !h.may(apiTriggers) || !h.may(apiTrigger) {
		h.mu.Lock()
		defer h.mu.Unlock()
		b.triggers = nil
		return nil
	}
	data, err := h.client.restCall(ctx, "automations", apiTriggers,
		url.Values{"enabledOnly": {"true"}, "includeSpace": {"true"}}, nil)
	var list []trigger
	switch {
	case err == nil:
		if list, err = decodeTriggers(data); err != nil {
			err = h.shape("automations", err)
		}
	case h.without(apiTriggers, err):
		err = nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil && b.triggers != nil && hubs.FaultOf(err) == hubs.Transient {
		return nil
	}
	if err == nil {
		b.triggers, b.listed = list, h.now()
	}
	return err
}

// decodeTriggers reads the automations that can be started by hand.
func decodeTriggers(data json.RawMessage) ([]trigger, error) {
	raws, err := items(data)
	if err != nil {
		return nil, err
	}
	wires := make([]wireTrigger, 0, len(raws))
	count := map[text]int{}
	for _, raw := range raws {
		var w wireTrigger
		if err := json.Unmarshal(raw, &w); err != nil || w.Automation == "" {
			return nil, errShape
		}
		if !w.Enabled.Or(true) {
			continue
		}
		count[w.Automation]++
		wires = append(wires, w)
	}
	out := make([]trigger, 0, len(wires))
	keys := keyring{}
	seen := map[string]bool{}
	for _, w := range wires {
		t := trigger{automation: string(w.Automation), node: string(w.Node)}
		t.key = keys.next("scene_" + t.automation + "_" + t.node)
		t.name = triggerName(strings.TrimSpace(string(w.Rule)), strings.TrimSpace(string(w.Name)), count[w.Automation] > 1)
		if seen[strings.ToLower(t.name)] {
			t.name += " (" + t.automation + ")"
		}
		seen[strings.ToLower(t.name)] = true
		out = append(out, t)
	}
	return out, nil
}

// triggerName is the automation's own name, with the trigger's where it has several.
func triggerName(rule, name string, several bool) string {
	switch {
	case rule == "" && name == "":
		return "Automation"
	case rule == "":
		return name
	case several && name != "" && name != rule:
		return rule + ": " + name
	}
	return rule
}

// self is the hub's own device, which carries the automations. h.mu is held.
func (h *hub) self() (hubs.Device, bool) {
	if len(h.rest.triggers) == 0 {
		return hubs.Device{}, false
	}
	d := hubs.Device{ID: hubs.Self, Name: "Aqara Studio", Maker: "Aqara", Model: "Aqara Studio"}
	for _, t := range h.rest.triggers {
		d.Entities = append(d.Entities, hubs.Entity{Key: t.key, Name: t.name, Spec: hubs.Scene{}})
	}
	return d, true
}

// start runs an automation, once: it is never tried again, since it may have run.
func (h *hub) start(ctx context.Context, key string) error {
	h.mu.Lock()
	var it *trigger
	for i := range h.rest.triggers {
		if h.rest.triggers[i].key == key {
			it = &h.rest.triggers[i]
		}
	}
	h.mu.Unlock()
	if it == nil {
		return &hubs.Error{Fault: hubs.UnknownEntity, Err: errors.New("aqara: no such automation: " + key)}
	}
	_, err := h.client.restCall(ctx, "automation", apiTrigger, nil,
		map[string]string{"automationId": it.automation, "triggerNodeId": it.node})
	switch e, _ := errors.AsType[*hubs.Error](err); {
	case e == nil:
	case e.Code == "403":
		h.without(apiTrigger, err)
	case e.Code == "404":
		h.mu.Lock()
		defer h.mu.Unlock()
		h.rest.listed = time.Time{} // it is gone: the list is read again
	}
	return err
}
