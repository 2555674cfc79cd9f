package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// What vendors report as increments (hubs.Sensor.Deltas) is added up here. A sum is
// saved before it is shown, so that a kill never makes it fall, and what the last
// counted increment's time was is saved with it, so that none counts twice.

const (
	sumsEvery = 5 * time.Second  // between two saves: the most that a kill can lose
	clockSlip = 10 * time.Minute // how far a vendor's clock may be ahead of ours
	sumsLimit = 5 * time.Second  // for one save
)

// tally is the sum of one entity's increments, in the vendor's unit.
type tally struct {
	Sum float64 `json:"sum"`
	// Last is the vendor's time of the last increment that was counted.
	Last time.Time `json:"last,omitzero"`
	// Ahead is that of the last one from the future: a clock was wrong. It does not keep
	// out what comes when the clock is right again.
	Ahead time.Time `json:"ahead,omitzero"`
}

// add counts an increment, unless it may have been counted before.
func (t *tally) add(by float64, at, now time.Time) bool {
	future := now.Add(clockSlip)
	healed := t.Ahead.After(future) && !at.After(future)
	if !at.After(t.Last) || !at.After(t.Ahead) && !healed {
		return false
	}
	if at.After(future) {
		t.Ahead = at
	} else {
		t.Last = at
	}
	t.Sum += by
	if tidy, ok := hubs.Num(t.Sum).Round(9).Num(); ok { // a thousand tenths are a hundred
		t.Sum = tidy
	}
	return true
}

type sumKey struct {
	device hubs.DeviceID
	entity string
}

// ledger are the sums of one hub. It is under its hubRun's lock.
type ledger struct {
	counted map[sumKey]tally
	kept    map[sumKey]tally // as the store has them: what people see
	rev     uint64
	unread  bool // the store could not be read: nothing is counted until it can
	dirty   bool
	failing bool
	untimed map[sumKey]bool // it was said that they carry no time
	wake    chan struct{}
}

func sumsKey(hub string) string { return "sums/" + hub }

// loadSums reads the sums of the last run.
func (h *hubRun) loadSums(ctx context.Context) {
	l := &h.sums
	l.counted, l.kept, l.untimed = map[sumKey]tally{}, map[sumKey]tally{}, map[sumKey]bool{}
	raw, rev, err := h.store.Get(ctx, sumsKey(h.cfg.Name))
	was := l.unread
	l.rev, l.unread = rev, err != nil && raw == nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, auth.ErrDamaged)
	all := map[hubs.DeviceID]map[string]tally{}
	if raw != nil {
		err = json.Unmarshal(raw, &all)
	}
	if l.unread {
		h.wakeSums() // to try again
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !was {
		h.log.Error().Err(err).Msg("the sums of what devices report as increments cannot be read")
	}
	for raw, entities := range all {
		for key, t := range entities {
			l.counted[sumKey{raw, key}] = t
		}
	}
	l.kept = maps.Clone(l.counted)
}

// reckon counts the increments of a reading. What a poll says only repeats the last one.
func (h *hubRun) reckon(d *device, r *hubs.Reading, from source, now time.Time) {
	if len(d.lenses) == 0 || !from.push {
		return
	}
	for _, v := range r.Values {
		if by, ok := v.Value.Num(); ok && v.Attr == hubs.Main && d.lenses[v.Entity].adds {
			h.count(d, sumKey{r.Device, v.Entity}, by, v.At, now)
		}
	}
}

func (h *hubRun) count(d *device, key sumKey, by float64, at, now time.Time) {
	l := &h.sums
	if at.IsZero() {
		if !l.untimed[key] {
			l.untimed[key] = true
			h.log.Warn().Str("device", d.placed.ID).Str("entity", key.entity).
				Msg("increments without the vendor's time cannot be told from repetitions: they are not counted")
		}
		return
	}
	e, ok := d.placed.Entity(key.entity)
	if !ok || l.unread {
		return
	}
	if s, _ := e.Spec.(hubs.Sensor); by == 0 || by < 0 && s.Accumulates != hubs.Total {
		return
	}
	t := l.counted[key]
	if !t.add(by, at, now) {
		return
	}
	l.counted[key] = t
	if at.After(d.seen) {
		d.seen, d.seenDirty = at, true
	}
	l.dirty = true
	h.wakeSums()
}

func (h *hubRun) wakeSums() {
	select {
	case h.sums.wake <- struct{}{}:
	default:
	}
}

// keepSums saves what was counted, and then shows it: the first at once, more of it
// every few seconds.
func (h *hubRun) keepSums(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.sums.wake:
		}
		h.saveSums(ctx)
		sleep(ctx, sumsEvery)
	}
}

// saveSums saves the sums, if there is news, and shows them.
func (h *hubRun) saveSums(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sumsLimit)
	defer cancel()
	h.mu.Lock()
	l := &h.sums
	if l.unread {
		h.loadSums(ctx)
		h.showAllSums()
	}
	counted, rev, dirty := maps.Clone(l.counted), l.rev, l.dirty
	l.dirty = false
	h.mu.Unlock()
	if !dirty {
		return
	}
	rev, err := putSums(ctx, h.store, h.cfg.Name, counted, rev)
	h.mu.Lock()
	defer h.mu.Unlock()
	if (err != nil) != l.failing {
		l.failing = err != nil
		if l.failing {
			h.log.Error().Err(err).Msg("sums cannot be saved: if the bridge ends now, what was added up since is lost")
		} else {
			h.log.Info().Msg("sums are saved again")
		}
	}
	if err != nil {
		l.dirty = true
		h.wakeSums()
	} else {
		l.rev = rev
	}
	l.kept = counted
	h.showAllSums()
}

func (h *hubRun) showAllSums() {
	now := time.Now()
	for _, d := range h.devices {
		if len(d.lenses) > 0 {
			h.showSums(d, now)
			h.touch(d, now)
		}
	}
}

func putSums(ctx context.Context, store auth.KV, hub string, counted map[sumKey]tally, rev uint64) (uint64, error) {
	all := map[hubs.DeviceID]map[string]tally{}
	for key, t := range counted {
		if all[key.device] == nil {
			all[key.device] = map[string]tally{}
		}
		all[key.device][key.entity] = t
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return rev, fmt.Errorf("sums of %s: %w", hub, err)
	}
	next, err := store.Put(ctx, sumsKey(hub), raw, rev)
	if errors.Is(err, auth.ErrConflict) { // as with the manifest: one process runs a hub, and ours is newer
		if _, rev, err = store.Get(ctx, sumsKey(hub)); err == nil {
			next, err = store.Put(ctx, sumsKey(hub), raw, rev)
		}
	}
	if err != nil {
		return rev, fmt.Errorf("sums of %s: %w", hub, err)
	}
	return next, nil
}

// showSums gives a device the sums that are saved. One that nothing was counted of is 0.
func (h *hubRun) showSums(d *device, now time.Time) {
	for key, l := range d.lenses {
		if !l.adds || h.sums.unread {
			continue
		}
		attr, sum := l.in(hubs.Main, hubs.Num(h.sums.kept[sumKey{d.placed.Device.ID, key}].Sum))
		d.set(hubs.Point{Entity: key, Attr: attr}, sum, now)
	}
}
