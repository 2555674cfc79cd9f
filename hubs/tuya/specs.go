package tuya

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"time"
)

const (
	specVersion  = 1
	specLife     = 90 * 24 * time.Hour // firmware may bring something new
	refusedAgain = 24 * time.Hour      // a specification that nobody gives is asked for again after
)

// description is what is known of one product. It is stored as it is.
type description struct {
	Version int           `json:"version"`
	Read    time.Time     `json:"read"`
	Refused bool          `json:"refused,omitempty"` // the cloud describes it to nobody
	Spec    specification `json:"spec"`
	// Odd are the codes that its devices reported though it does not list them. Another
	// one means that the description has changed, by another control mode for instance.
	Odd []string `json:"odd,omitempty"`
}

// productOf names the product of a device: devices without one are their own.
func productOf(d *device) string {
	if d.Product != "" {
		return d.Product
	}
	return "device-" + d.ID
}

// readProducts sees to it that every product of the list is described. Each is kept as
// soon as it was read, so that an inventory that is cut short goes on where it was.
func (h *hub) readProducts(ctx context.Context, list []device) error {
	odd := map[string][]string{}
	sample := map[string]*device{}
	for i := range list {
		id := productOf(&list[i])
		if sample[id] == nil || !sample[id].Online.On && list[i].Online.On {
			sample[id] = &list[i]
		}
		for _, p := range list[i].Status {
			if p.Code != "" && !slices.Contains(odd[id], p.Code) {
				odd[id] = append(odd[id], p.Code)
			}
		}
	}
	for id, d := range sample {
		known, ok := h.product(ctx, id)
		if ok && !known.outdated(odd[id], h.now()) {
			continue
		}
		fresh, err := h.describe(ctx, d)
		if err != nil {
			return err
		}
		if fresh.Refused && ok && !known.Refused {
			fresh.Refused, fresh.Spec = false, known.Spec // better old than none
		}
		fresh.Odd = slices.DeleteFunc(slices.Clone(odd[id]), fresh.lists)
		h.mu.Lock()
		h.products[id] = fresh
		h.mu.Unlock()
		h.cache.put(ctx, "product/"+id, fresh)
	}
	return nil
}

// product finds what is known, in memory or on disk.
func (h *hub) product(ctx context.Context, id string) (description, bool) {
	h.mu.Lock()
	p, ok := h.products[id]
	h.mu.Unlock()
	if ok {
		return p, true
	}
	if !h.cache.get(ctx, "product/"+id, &p) || p.Version != specVersion {
		return description{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.products[id] = p
	return p, true
}

func (p *description) lists(code string) bool {
	has := func(list []codeSpec) bool {
		return slices.ContainsFunc(list, func(c codeSpec) bool { return c.Code == code })
	}
	return has(p.Spec.Functions) || has(p.Spec.Status)
}

// outdated tells whether p is to be read again, given the codes that devices report.
func (p *description) outdated(codes []string, now time.Time) bool {
	age := now.Sub(p.Read)
	if age < 0 || age > specLife || p.Refused && age > refusedAgain {
		return true
	}
	return slices.ContainsFunc(codes, func(c string) bool { return !p.lists(c) && !slices.Contains(p.Odd, c) })
}

// describe asks what the product of d is: its specification, of which there are two
// calls, and its thing model. A product that both deny is described by nothing, which
// must not cost the home.
func (h *hub) describe(ctx context.Context, d *device) (description, error) {
	p := description{Version: specVersion, Read: h.now()}
	id := url.PathEscape(d.ID)
	raw, err := h.firstOf(ctx,
		request{name: "specification", path: "/v1.0/iot-03/devices/" + id + "/specification"},
		request{name: "specification", path: "/v1.0/devices/" + id + "/specifications"})
	if err != nil && !denied(err) {
		return p, err
	}
	if err == nil && !isNull(raw) && json.Unmarshal(raw, &p.Spec) != nil {
		return p, shape("specification", "answered something else")
	}
	var t thing
	model, modelErr := h.client.do(ctx, request{name: "thing model", path: "/v2.0/cloud/thing/" + id + "/model"})
	switch {
	case modelErr != nil && !denied(modelErr):
		return p, modelErr
	case modelErr == nil && !isNull(model) && json.Unmarshal(model, &t) != nil:
		return p, shape("thing model", "answered something else")
	case modelErr == nil:
		p.Spec.add(t)
	}
	p.Refused = err != nil && modelErr != nil
	if p.Refused {
		h.log.Info().Str("product", productOf(d)).Err(err).Msg("Tuya does not describe a product: its devices are shown without values")
	}
	return p, nil
}

// firstOf makes the first call that is not denied.
func (h *hub) firstOf(ctx context.Context, calls ...request) (raw json.RawMessage, err error) {
	for _, call := range calls {
		if raw, err = h.client.do(ctx, call); err == nil || !denied(err) {
			return raw, err
		}
	}
	return nil, err
}
