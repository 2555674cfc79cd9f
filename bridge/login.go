package bridge

import (
	"context"
	"time"
)

// loginLook is how often the store is looked at for a login of another process, while
// one is needed.
const loginLook = 2 * time.Second

// loginLoop asks the hub anew as soon as a login came, from the page, from another hub
// of the same account or from another process: nobody who just logged in wants to wait
// for the next round.
func (h *hubRun) loginLoop(ctx context.Context) {
	for ctx.Err() == nil {
		if needed := h.tokensNeedLogin(); needed && h.cfg.LookForLogin(ctx) || !needed && h.loginCame() {
			h.relist("somebody logged in")
		}
		sleep(ctx, loginLook)
	}
}

// loginCame tells, once, that a round failed for want of a login that is there now.
func (h *hubRun) loginCame() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	came := h.health.awaitsLogin
	h.health.awaitsLogin = false
	return came
}

// LoggedIn has a hub asked at once: its token was just replaced.
func (b *Bridge) LoggedIn(hub string) {
	if h, ok := b.set.of(hub); ok {
		h.relist("somebody logged in")
	}
}
