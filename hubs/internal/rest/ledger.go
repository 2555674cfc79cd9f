package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// ledger is what the store holds of an account: what was used in each of the last
// periods, the one that was used last at the end. More than one is kept so that a clock
// which is wrong for a while does not make the right period begin anew.
type ledger struct {
	Periods []page `json:"periods"`
}

// page is one period of a ledger.
type page struct {
	Period string `json:"period"` // 2026-01 or 2026-01-31
	// Used is calls made and those that a hub has reserved to make.
	Used int `json:"used"`
	// Hubs are the names of those who made them.
	Hubs []string `json:"hubs,omitempty"`
}

const (
	periodsKept  = 4
	storeTimeout = 3 * time.Second
	storeTries   = 20
)

// page finds a period's page, or begins it, and puts it last.
func (l *ledger) page(period string) *page {
	i := slices.IndexFunc(l.Periods, func(p page) bool { return p.Period == period })
	p := page{Period: period}
	if i >= 0 {
		p = l.Periods[i]
		l.Periods = slices.Delete(l.Periods, i, i+1)
	}
	p.Used = max(p.Used, 0)
	if n := len(l.Periods) - (periodsKept - 1); n > 0 {
		l.Periods = slices.Delete(l.Periods, 0, n)
	}
	l.Periods = append(l.Periods, p)
	return &l.Periods[len(l.Periods)-1]
}

// join notes that a hub makes calls, and tells whether that is news.
func (p *page) join(hub string) bool {
	if slices.Contains(p.Hubs, hub) {
		return false
	}
	p.Hubs = append(p.Hubs, hub)
	return true
}

// readLedger reads what is stored; what is not there, or cannot be understood, is an
// empty one, and damage says that it was the latter.
func readLedger(ctx context.Context, store auth.KV, key string) (l ledger, rev uint64, damage, err error) {
	raw, rev, err := store.Get(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ledger{}, 0, nil, nil
	case errors.Is(err, auth.ErrDamaged):
		return ledger{}, rev, err, nil
	case err != nil:
		return ledger{}, 0, nil, fmt.Errorf("read the count of calls: %w", err)
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return ledger{}, rev, errors.New("the count of calls is not what was written"), nil
	}
	return l, rev, nil, nil
}

// updateLedger lets change work on the stored ledger until nobody else has changed it
// meanwhile. change may run several times; where it reports false nothing is written.
func updateLedger(ctx context.Context, store auth.KV, key string, change func(*ledger) bool) (damage, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	for range storeTries {
		l, rev, hurt, err := readLedger(ctx, store, key)
		if hurt != nil {
			damage = hurt
		}
		if err != nil {
			return damage, err
		}
		if !change(&l) {
			return damage, nil
		}
		raw, err := json.Marshal(l)
		if err != nil {
			return damage, fmt.Errorf("write the count of calls: %w", err)
		}
		_, err = store.Put(ctx, key, raw, rev)
		if err == nil {
			return damage, nil
		}
		if !errors.Is(err, auth.ErrConflict) {
			return damage, fmt.Errorf("save the count of calls: %w", err)
		}
	}
	return damage, fmt.Errorf("save the count of calls: %w", auth.ErrConflict)
}
