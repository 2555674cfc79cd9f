package aqara

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

const (
	pageSize = 200         // the most that the Studio gives
	maxPages = 100         // against a Studio that never ends
	listLife = time.Second // a poll right after an inventory need not list again
)

// inventory is the device list as it was read last.
type inventory struct {
	list []wireInfo
	read time.Time
}

// list reads all devices, and notes which are online.
func (h *hub) list(ctx context.Context) ([]wireInfo, error) {
	h.mu.Lock()
	paged, asked := h.paged, h.now()
	h.mu.Unlock()
	var list []wireInfo
	var err error
	if !paged {
		list, err = h.listAll(ctx)
		if notKnown(err) {
			paged = true
		}
	}
	if paged {
		list, err = h.listPages(ctx)
	}
	if err != nil {
		return nil, err
	}
	states := make(map[hubs.DeviceID]truth, len(list))
	for i := range list {
		states[hubs.DeviceID(list[i].ID)] = list[i].State
	}
	h.mu.Lock()
	changed := h.turned(states)
	h.paged, h.states = paged, states
	h.gone.settle(list, asked)
	sink := h.push.sink
	h.mu.Unlock()
	if sink != nil && len(changed) > 0 {
		sink.Readings(changed)
	}
	return list, nil
}

// turned tells which known devices went or came, for the stream: whether that is pushed
// is not documented, and polls are rare while push works. h.mu is held.
func (h *hub) turned(states map[hubs.DeviceID]truth) (out []hubs.Reading) {
	for _, id := range h.listed {
		if now, was := states[id], h.states[id]; now.Known && was.Known && now.On != was.On {
			out = append(out, hubs.Reading{Device: id, Online: &now.On})
		}
	}
	return out
}

// listForPoll takes the list over that an inventory has just read, once: a later poll
// wants to know who is online by then. fresh tells that it was read anew.
func (h *hub) listForPoll(ctx context.Context) (list []wireInfo, fresh bool, err error) {
	h.mu.Lock()
	was := h.fresh
	h.fresh = inventory{}
	age := h.now().Sub(was.read)
	h.mu.Unlock()
	if was.list != nil && age >= 0 && age < listLife {
		return was.list, false, nil
	}
	list, err = h.list(ctx)
	return list, true, err
}

// notKnown tells whether the Studio is too old for a message.
func notKnown(err error) bool {
	e, ok := errors.AsType[*hubs.Error](err)
	return ok && e.Fault == hubs.Refused && e.Code == strconv.Itoa(codeUnreadable)
}

func (h *hub) listAll(ctx context.Context) ([]wireInfo, error) {
	data, err := h.client.query(ctx, "device list", typeAllDevices, struct{}{})
	if err != nil {
		return nil, err
	}
	list, err := decodeList(data)
	return list, h.shape("device list", err)
}

// listPages reads the list page by page.
func (h *hub) listPages(ctx context.Context) ([]wireInfo, error) {
	return h.pages("device list", func(page int) (data []byte, err error) {
		return h.client.query(ctx, "device list", typeDevicePage, map[string]any{
			"orderBy": "createTime asc", "pageNum": page, "pageSize": pageSize,
		})
	})
}

// pages puts the pages of a list together. One that cannot be read, or a list shorter
// than announced, is an error: half a home would take the other half away.
func (h *hub) pages(name string, ask func(page int) ([]byte, error)) ([]wireInfo, error) {
	var out []wireInfo
	seen := map[text]bool{}
	for page := 1; page <= maxPages; page++ {
		data, err := ask(page)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", page, err)
		}
		list, total, err := decodePage(data)
		if err != nil {
			return nil, h.shape(name, err)
		}
		for _, d := range list {
			if !seen[d.ID] {
				seen[d.ID] = true
				out = append(out, d)
			}
		}
		switch {
		case total >= 0 && len(out) >= total, total < 0 && len(list) < pageSize:
			return out, nil
		case len(list) == 0:
			return nil, h.shape(name, errors.New("list ends early"))
		}
	}
	return nil, h.shape(name, errors.New("list does not end"))
}

// shape makes an error of an answer that was no good in itself.
func (h *hub) shape(call string, err error) error {
	if err == nil {
		return nil
	}
	e := rest.Garbage("")
	e.Err = fmt.Errorf("aqara: %s: %w", call, err)
	return e
}

// areas gives the names of rooms by id, read only if some device names no room but
// its id.
func (h *hub) areas(ctx context.Context, list []wireInfo) (map[string]string, error) {
	h.mu.Lock()
	known := h.spaces
	h.mu.Unlock()
	missing := slices.ContainsFunc(list, func(d wireInfo) bool {
		if d.Space == nil || d.Space.ID == "" || d.Space.Name != "" {
			return false
		}
		_, ok := known[string(d.Space.ID)]
		return !ok
	})
	if !missing {
		return known, nil
	}
	data, err := h.askSpaces(ctx)
	if f := hubs.FaultOf(err); err != nil && (f == hubs.Refused || f == hubs.Misconfigured) {
		h.without(apiSpaces, err)
		return known, nil // too old or not allowed: a home without rooms is a home
	}
	if err != nil {
		return nil, err
	}
	spaces, err := decodeSpaces(data)
	if err != nil {
		return nil, h.shape("rooms", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spaces = spaces
	return spaces, nil
}

// askSpaces asks in the way of generation A, and where that is not known of B.
func (h *hub) askSpaces(ctx context.Context) (json.RawMessage, error) {
	data, err := h.client.query(ctx, "rooms", typeSpaces, nil)
	if notKnown(err) && h.may(apiSpaces) {
		return h.client.restCall(ctx, "rooms", apiSpaces, url.Values{"needChildren": {"true"}}, nil)
	}
	return data, err
}

// departed are devices that the Studio said were removed. Its list may lag behind its
// own word.
type departed map[hubs.DeviceID]time.Time

const goneFor = time.Minute // after that the list is right: the device is back, or never left

// settle believes a list that was asked for long after a device was said to be gone.
func (d departed) settle(list []wireInfo, asked time.Time) {
	for id, at := range d {
		listed := slices.ContainsFunc(list, func(w wireInfo) bool { return hubs.DeviceID(w.ID) == id })
		if !listed || asked.Sub(at) >= goneFor {
			delete(d, id)
		}
	}
}

func (d departed) has(id text) bool {
	_, ok := d[hubs.DeviceID(id)]
	return ok
}
