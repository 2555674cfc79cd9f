package aqara

import (
	"context"
	"encoding/json"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

var _ hubs.Dumper = (*hub)(nil)

// Raw implements hubs.Dumper. It reads with a hub that knows nothing yet: this one has
// most answers already, and would not ask again.
func (h *hub) Raw(ctx context.Context) (map[string]json.RawMessage, error) {
	ctx, tape := rest.WithTape(ctx)
	scratch := newHub(h.client, h.log)
	_, err := scratch.Devices(ctx)
	if err == nil {
		_, err = scratch.Poll(ctx)
	}
	return tape.All(), err
}
