package bridge

import (
	"fmt"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The bridge's own device.

const (
	bridgeVersion    = "version"
	bridgeHubCount   = "hubs"
	bridgeReconnects = "mqtt_reconnects"
	bridgeLevel      = "log_level"
)

// selfDevice describes the bridge itself.
func (b *Bridge) selfDevice() hubs.Device {
	d := hubs.Device{
		ID: hubs.Self, Name: "hub2mqtt", Maker: "hub2mqtt", Model: "Bridge", Firmware: b.cfg.Version,
		Entities: []hubs.Entity{
			{Key: bridgeVersion, Name: "Version", Role: hubs.Diagnostic, Spec: hubs.Sensor{Kind: hubs.KindText}},
			{Key: bridgeHubCount, Name: "Hubs", Role: hubs.Diagnostic, Spec: hubs.Sensor{Accumulates: hubs.Measurement}},
			{
				Key: bridgeReconnects, Name: "MQTT reconnects", Role: hubs.Diagnostic, Hidden: true,
				Spec: hubs.Sensor{Accumulates: hubs.Increasing},
			},
			{Key: selfRediscover, Name: "Rediscover", Role: hubs.Config, Icon: "mdi:magnify", Spec: hubs.Button{}},
		},
	}
	if b.cfg.Levels != nil {
		d.Entities = append(d.Entities,
			hubs.Entity{Key: bridgeLevel, Name: "Log level", Role: hubs.Config, Spec: hubs.Choice{Options: logLevels()}})
	}
	return d
}

// selfPlaced is the bridge's own device.
func (b *Bridge) selfPlaced() discovery.Placed {
	return discovery.Placed{Device: b.selfDevice(), ID: discovery.BridgeID}
}

func (b *Bridge) findSelf(id string) (discovery.Placed, bool) {
	return b.selfPlaced(), id == discovery.BridgeID
}

// announceSelf publishes the bridge's own device, before all others: they hang behind it.
func (b *Bridge) announceSelf() {
	p := b.selfPlaced()
	messages, err := b.layout.Announce(p, b.before.Components)
	if err != nil {
		b.cfg.Log.Error().Err(err).Msg("the bridge's own device cannot be announced")
	}
	for _, m := range append(messages, b.layout.Availability(p, true)) {
		if m.After > 0 { // an older version had a component more
			time.AfterFunc(m.After, func() { b.out.Set(m.Topic, m.Payload) })
			continue
		}
		b.out.Set(m.Topic, m.Payload)
	}
	b.publishSelf()
}

// publishSelf publishes the values of the bridge's own device.
func (b *Bridge) publishSelf() {
	now := map[hubs.Point]hubs.Value{}
	set := func(key string, v hubs.Value) { now[hubs.Point{Entity: key, Attr: hubs.Main}] = v }
	set(bridgeVersion, hubs.Str(b.cfg.Version))
	set(bridgeHubCount, hubs.Num(float64(len(b.set.all()))))
	set(bridgeReconnects, hubs.Num(float64(b.mqtt.Counters().Reconnects.Load())))
	if b.cfg.Levels != nil {
		set(bridgeLevel, hubs.Str(b.cfg.Levels.Level("")))
	}
	for _, m := range b.layout.State(b.selfPlaced(), now, time.Time{}) {
		b.out.Set(m.Topic, m.Payload)
	}
}

// ownCommand carries out a command for the bridge's own device.
func (b *Bridge) ownCommand(req discovery.Request, began time.Time) {
	err := req.Err
	if err == nil {
		switch {
		case req.Get:
			b.publishSelf()
			return
		case req.Entity == selfRediscover:
			b.rediscover(b.set.all(), true)
		case req.Entity == bridgeLevel:
			v, _ := req.Value(hubs.Main)
			word, _ := v.Text()
			err = b.setLogLevel("", word)
		default:
			err = &hubs.Error{Fault: hubs.ReadOnly, Err: fmt.Errorf("%s can only be read", req.Entity)}
		}
	}
	result := discovery.Result{
		Entity: req.Entity, OK: err == nil, MS: time.Since(began).Milliseconds(), Transaction: req.Transaction,
	}
	if err != nil {
		result.Error, result.Code = strings.ReplaceAll(err.Error(), "\n", "; "), resultCode(err)
	}
	m := b.layout.Result(discovery.BridgeID, result)
	b.out.Event(m.Topic, m.Payload)
}
