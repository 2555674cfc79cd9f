package main

import (
	"context"
	"sync"
	"time"

	"github.com/hub2mqtt/hub2mqtt/bridge"
	"github.com/hub2mqtt/hub2mqtt/bridge/web"
)

// household is the hubs of a running bridge with what belongs to each: accounts, the
// counts of calls, the door on the page. Hubs may come and go.
type household struct {
	opener
	logs    logs
	metrics *bridge.Metrics
	bridge  *bridge.Bridge
	desk    *web.Desk

	mu       sync.Mutex
	accounts map[string]*account
}

// admit opens a hub and returns what the bridge is to know of it.
func (hh *household) admit(ctx context.Context, h hubSetting) (bridge.HubConfig, *account, error) {
	hh.redact.Add(hh.s.secretsOf(h)...)
	acc, err := hh.open(ctx, h, hh.logs.of(h.name), hh.metrics.Observe(h.name))
	if err != nil {
		return bridge.HubConfig{}, nil, err
	}
	return bridge.HubConfig{
		Name: h.name, Vendor: h.vendor.Name, Hub: acc.opened, Pace: h.pace, FixedPace: h.fixed, Push: h.push, Filter: h.filter,
		Overrides: h.overrides, Reread: h.reread,
		Tokens: acc.states, LookForLogin: acc.look, Tasks: acc.tasks, Calls: acc.calls.calls, Log: acc.log,
	}, acc, nil
}

// settle gives a hub that was admitted its place, and returns who had it before.
func (hh *household) settle(h hubSetting, acc *account) (before *account) {
	hh.desk.Set(h.name, web.Door{Hub: acc.opened, Redirect: hh.s.redirect(h)})
	hh.mu.Lock()
	defer hh.mu.Unlock()
	before = hh.accounts[h.name]
	hh.accounts[h.name] = acc
	return before
}

// set runs a hub, in place of one of the same name.
func (hh *household) set(ctx context.Context, h hubSetting) error {
	cfg, acc, err := hh.admit(ctx, h)
	if err != nil {
		return err
	}
	if err := hh.bridge.SetHub(ctx, cfg); err != nil {
		_ = acc.leave(ctx)
		return err
	}
	if before := hh.settle(h, acc); before != nil {
		before.farewell(ctx)
	}
	return nil
}

// drop ends a hub and takes back what is shown of it.
func (hh *household) drop(ctx context.Context, name string) {
	hh.bridge.DropHub(ctx, name)
	hh.desk.Drop(name)
	hh.mu.Lock()
	acc := hh.accounts[name]
	delete(hh.accounts, name)
	hh.mu.Unlock()
	if acc != nil {
		acc.farewell(ctx)
	}
}

// all are the accounts now.
func (hh *household) all() []*account {
	hh.mu.Lock()
	defer hh.mu.Unlock()
	out := make([]*account, 0, len(hh.accounts))
	for _, a := range hh.accounts {
		out = append(out, a)
	}
	return out
}

// keep saves the counts of calls now and then, until ctx ends.
func (hh *household) keep(ctx context.Context) {
	t := time.NewTicker(callsEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			for _, a := range hh.all() {
				a.calls.save(ctx)
			}
		}
	}
}

// end saves what is not saved yet.
func (hh *household) end(ctx context.Context) {
	for _, a := range hh.all() {
		a.farewell(ctx)
	}
}

// farewell is leave for a hub that ran: what goes wrong is logged.
func (a *account) farewell(ctx context.Context) {
	if err := a.leave(ctx); err != nil {
		a.log.Error().Err(err).Msg("a token could not be saved at the end")
	}
}
