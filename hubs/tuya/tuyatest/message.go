package tuyatest

import (
	"maps"
	"strconv"
	"time"
)

// The protocols of messages.
const (
	protoStatus    = 4    // legacy: statusReport
	protoEvent     = 20   // legacy: online, offline, nameUpdate, …
	protoProperty  = 1000 // devicePropertyMessage
	protoLifecycle = 1001 // deviceOnline, deviceOffline, …
)

// change is one value that a device reports.
type change struct {
	code  string
	value any
	was   any
}

// back is the change with the value of before, where there was one.
func (ch change) back() change {
	if ch.was != nil {
		ch.value = ch.was
	}
	return ch
}

// message is what both channels carry: the part inside that is encrypted.
type message struct {
	protocol int
	device   string
	inner    map[string]any
	at       time.Time // by the data centre's clock
}

// draft is a message that is written, and only has to be encrypted for who gets it.
type draft struct {
	message

	plain   []byte
	garbled bool // once it is encrypted
	copies  int
}

// sealed is the encrypted part as it goes out.
func (d draft) sealed(text string) string {
	if d.garbled {
		return garble(text)
	}
	return text
}

// stamp writes a time as the options want it; legacy status entries count seconds.
func (o *PushOptions) stamp(at time.Time, seconds bool) any {
	switch o.Stamp {
	case StampSeconds:
		return at.Unix()
	case StampMillis:
		return at.UnixMilli()
	case StampText:
		return strconv.FormatInt(at.UnixMilli(), 10)
	default:
	}
	if seconds {
		return at.Unix()
	}
	return at.UnixMilli()
}

// reports makes the messages about new values, one of each family that is switched on.
func (c *Cloud) reportsOf(d *Device, changes []change, at time.Time) []message {
	out := []message{}
	id := c.random(8) + "-" + c.random(4) + "-" + c.random(4)
	if c.opts.Family != FamilyLegacy {
		list := []any{}
		for _, ch := range changes {
			p := d.dp(ch.code)
			list = append(list, map[string]any{
				"code": ch.code, "dpId": p.ID, "time": c.opts.stamp(at, false), "value": c.outward(p, ch.value),
			})
		}
		out = append(out, message{protoProperty, d.ID, map[string]any{
			"bizCode": "devicePropertyMessage", "ts": at.UnixMilli(),
			"bizData": map[string]any{"dataId": id, "devId": d.ID, "productId": d.ProductID, "properties": list},
		}, at})
	}
	if c.opts.Family != FamilyNew {
		list := []any{}
		for _, ch := range changes {
			p := d.dp(ch.code)
			v := c.outward(p, ch.value)
			list = append(list, map[string]any{
				"code": ch.code, "t": c.opts.stamp(at, true), "value": v, strconv.Itoa(p.ID): v,
			})
		}
		out = append(out, message{protoStatus, d.ID, map[string]any{
			"dataId": id, "devId": d.ID, "productKey": d.ProductID, "status": list,
		}, at})
	}
	return out
}

// biz names one kind of event in both families; an empty name has none there.
type biz struct{ now, legacy string }

// The events in the life of a device.
func bizOnline(online bool) biz {
	if online {
		return biz{"deviceOnline", "online"}
	}
	return biz{"deviceOffline", "offline"}
}

func bizNamed() biz   { return biz{"deviceNameUpdate", "nameUpdate"} }
func bizBound() biz   { return biz{"deviceBindSpace", "bindUser"} }
func bizUnbound() biz { return biz{"deviceUnbindSpace", "delete"} }

// eventsOf makes the messages about an event; more goes into its bizData.
func (c *Cloud) eventsOf(d *Device, b biz, more map[string]any, at time.Time) []message {
	out := []message{}
	if c.opts.Family != FamilyLegacy {
		data := map[string]any{"devId": d.ID, "productId": d.ProductID, "time": c.opts.stamp(at, false)}
		maps.Copy(data, more)
		out = append(out, message{protoLifecycle, d.ID, map[string]any{
			"bizCode": b.now, "bizData": data, "ts": at.UnixMilli(),
		}, at})
	}
	if c.opts.Family != FamilyNew {
		data := map[string]any{"devId": d.ID, "uid": d.UID, "time": c.opts.stamp(at, false)}
		maps.Copy(data, more)
		out = append(out, message{protoEvent, d.ID, map[string]any{
			"bizCode": b.legacy, "bizData": data, "devId": d.ID, "productKey": d.ProductID, "ts": at.UnixMilli(), "uuid": d.UUID,
		}, at})
	}
	return out
}
