package tuya

import (
	"context"
	"encoding/json"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

var _ hubs.Dumper = (*hub)(nil)

// Raw implements hubs.Dumper. It reads with a hub that knows nothing yet and has nothing
// on disk: this one has most answers already, and would not ask again. Somebody wants to
// see them, so that the calls count as a command's.
func (h *hub) Raw(ctx context.Context) (map[string]json.RawMessage, error) {
	ctx, tape := rest.WithTape(hubs.WithPurpose(ctx, hubs.ForCommand))
	scratch := newHub(h.cfg, h.client, hubs.Deps{Name: "scratch", Log: h.log, Cache: auth.NewMemStore()})
	scratch.page = h.page
	_, err := scratch.Devices(ctx)
	if err == nil {
		_, err = scratch.Poll(ctx)
	}
	return tape.All(), err
}
