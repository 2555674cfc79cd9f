package bridge

import (
	"time"
)

// HubView is how a hub is at one moment, for the page. Texts are plain, times are zero
// where there is none.
type HubView struct {
	Name, Vendor      string
	State             HubState
	Error, Code, Hint string    // what is wrong, the vendor's code for it, what to do
	Since             time.Time // when that began
	LastPoll          time.Time // the last round that worked
	NextTry           time.Time // the next round
	Devices, Entities int
	Push              string // none, up, down
	LoginNeeded       bool   // a human has to act, soon if not at once
}

// Hubs tells how all hubs are, in the order in which they came.
func (b *Bridge) Hubs() []HubView {
	all := b.set.all()
	out := make([]HubView, len(all))
	for i, h := range all {
		out[i] = h.view()
	}
	return out
}

func (h *hubRun) view() HubView {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := HubView{
		Name: h.cfg.Name, Vendor: h.cfg.Vendor, State: h.health.state, Push: "none",
		LastPoll: h.health.lastPoll, NextTry: h.health.nextPoll, LoginNeeded: h.loginNeeded(),
	}
	v.Devices, v.Entities = h.counts()
	if h.push.has {
		v.Push = pushWord(h.push.up)
	}
	t := h.trouble()
	v.Error, v.Code, v.Hint, v.Since = t.text, t.code, t.hint, t.since
	return v
}

// loginNeeded tells whether a human has to act: a token that is refused early still
// works for a while. h.mu is held.
func (h *hubRun) loginNeeded() bool {
	return h.health.state == LoginNeeded || h.tokensNeedLogin()
}

func (h *hubRun) tokensNeedLogin() bool {
	for _, st := range h.tokens() {
		if st.LoginNeeded {
			return true
		}
	}
	return false
}
