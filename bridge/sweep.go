package bridge

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// What an earlier run with other settings left on the broker is taken back here: the
// bridge's own topics under another BASE_TOPIC or DISCOVERY_PREFIX, and hubs that HUBS
// no longer names.

const (
	ownKey     = "bridge/topics"
	manifests  = "manifest/"
	ghostDelay = 3 * time.Second // after the connection: what the broker holds has come by then
)

// ownRecord is what of the bridge itself stands on the broker.
type ownRecord struct {
	Topics     []string          `json:"topics"`
	Components map[string]string `json:"components"` // of its device: key → platform
}

// ownTopics are the bridge's own retained topics.
func (b *Bridge) ownTopics() []string {
	return append(b.layout.Topics(b.selfPlaced()), b.layout.BridgeStatus(), b.layout.BridgeInfo())
}

// sweep compares what was published with what is wanted now. It comes before the connection.
func (b *Bridge) sweep(ctx context.Context) {
	log := b.cfg.Log
	now := ownRecord{Topics: b.ownTopics(), Components: b.layout.Components(b.selfPlaced())}
	raw, rev, err := b.cfg.Store.Get(ctx, ownKey)
	if raw != nil && err == nil {
		if err := json.Unmarshal(raw, &b.before); err != nil {
			log.Warn().Err(err).Msg("the list of the bridge's topics is damaged")
		}
		for _, t := range b.before.Topics {
			if !slices.Contains(now.Topics, t) {
				b.out.Set(t, nil)
			}
		}
	}
	if now, _ := json.Marshal(now); string(now) != string(raw) {
		if _, err := b.cfg.Store.Put(ctx, ownKey, now, rev); err != nil {
			log.Warn().Err(err).Msg("the list of the bridge's topics cannot be saved")
		}
	}
	for _, h := range b.set.all() {
		h.prepare(ctx)
	}
	b.findGhosts(ctx, log)
}

func (b *Bridge) findGhosts(ctx context.Context, log zerolog.Logger) {
	keys, err := b.cfg.Store.List(ctx, manifests)
	if err != nil {
		log.Warn().Err(err).Msg("hubs of earlier runs are not known, what they left stays on the broker")
		return
	}
	for _, key := range keys {
		name := strings.TrimPrefix(key, manifests)
		if _, wanted := b.set.of(name); wanted || slices.Contains(b.cfg.Resting, name) {
			continue
		}
		b.set.ghosts = append(b.set.ghosts, b.makeGhost(ctx, name))
	}
}

// connected follows each replay. Whether Home Assistant runs is not known any more: it
// says so itself, after its own connection.
func (b *Bridge) connected() {
	b.haUp.Store(false)
	time.AfterFunc(ghostDelay, func() {
		for _, h := range b.set.haunting() {
			h.spawn(h.vanish)
		}
	})
}

// vanish takes back everything of a hub that nobody wants, and its manifest once
// nothing is owed.
func (h *hubRun) vanish() {
	ctx, cancel := context.WithTimeout(context.Background(), finishLimit)
	defer cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	for raw, o := range h.manifest.Devices {
		h.takeBack(raw, o)
	}
	for _, t := range []string{h.layout.HubStatus(), h.layout.HubInfo(), h.layout.HubDevices()} {
		h.clear(t)
	}
	var err error
	if len(h.manifest.Debts) > 0 {
		err = h.manifest.save(ctx, h.store, h.cfg.Name)
	} else {
		err = h.store.Delete(ctx, manifestKey(h.cfg.Name))
	}
	if err != nil {
		h.log.Warn().Err(err).Msg("what is left of a former hub cannot be noted")
	}
}
