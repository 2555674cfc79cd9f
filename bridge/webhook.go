package bridge

import (
	"net/http"
	"sync"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Webhook is the handler of a hub that its vendor calls: it checks the vendor's
// signature itself. Nil: there is no such hub now, or nobody calls it.
func (b *Bridge) Webhook(hub string) http.Handler {
	if h, ok := b.set.of(hub); ok {
		return h.webhook()
	}
	return nil
}

// webhookOf makes the hub's handler at its first call.
func webhookOf(h *hubRun) func() http.Handler {
	return sync.OnceValue(func() http.Handler {
		if w, ok := h.cfg.Hub.(hubs.Webhook); ok && h.cfg.Push {
			return w.ServeWebhook(sink{h})
		}
		return nil
	})
}
