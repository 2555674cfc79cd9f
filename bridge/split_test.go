package bridge

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// strip is a device whose news come in pieces.
func strip() hubs.Device {
	return hubs.Device{ID: "p1", Name: "Strip", Entities: []hubs.Entity{
		{Key: "lamp", Spec: hubs.Light{Dims: true}},
		{Key: "power", Class: hubs.Power, Spec: hubs.Sensor{Unit: hubs.Watt}},
		{Key: "energy", Class: hubs.Energy, Spec: hubs.Sensor{Unit: hubs.KiloWattH, Decimals: 1, Accumulates: hubs.Increasing}},
	}}
}

func piece(entity string, attr hubs.Attr, v hubs.Value) []hubs.Reading {
	return []hubs.Reading{{Device: "p1", Values: []hubs.PointValue{
		{Point: hubs.Point{Entity: entity, Attr: attr}, Value: v, At: time.Now()},
	}}}
}

// A push that is split over several messages shows its first piece at once and the
// rest together; no piece of it is lost, and none makes unknown what another told.
func TestPushSplit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newToy()
		f.devices = func(context.Context) ([]hubs.Device, error) { return []hubs.Device{strip()}, nil }
		f.poll = func(context.Context) ([]hubs.Reading, error) {
			out := piece("lamp", hubs.On, hubs.Bool(false))
			out[0].Values = append(out[0].Values, piece("power", hubs.Main, hubs.Num(0))[0].Values...)
			return out, nil
		}
		s := &streaming{toy: f, end: make(chan error)}
		r := startHub(t, HubConfig{Name: "toy", Hub: s, Push: true}, f, auth.NewMemStore())
		pass(5 * time.Second)
		began := len(r.board.history("b/toy/p1"))
		s.to().Readings(piece("lamp", hubs.On, hubs.Bool(true)))
		pass(time.Millisecond)
		if now := r.board.history("b/toy/p1"); len(now) != began+1 || !strings.Contains(now[began], `"state":"ON"`) {
			t.Fatalf("want the first piece at once, got %q", now[began:])
		}
		s.to().Readings(piece("lamp", hubs.Level, hubs.Num(50)))
		pass(10 * time.Millisecond)
		s.to().Readings(piece("power", hubs.Main, hubs.Num(7)))
		pass(10 * time.Millisecond)
		s.to().Readings(piece("energy", hubs.Main, hubs.Num(1.5)))
		pass(time.Second)
		now := r.board.history("b/toy/p1")
		if len(now) != began+2 {
			t.Fatalf("want the other pieces in one message, got %q", now[began:])
		}
		var got struct {
			Lamp struct {
				State      string
				Brightness int
			}
			Power, Energy *float64
		}
		if err := json.Unmarshal([]byte(now[began+1]), &got); err != nil {
			t.Fatal(err)
		}
		if got.Lamp.State != "ON" || got.Lamp.Brightness != 128 || got.Power == nil || *got.Power != 7 || got.Energy == nil || *got.Energy != 1.5 {
			t.Errorf("want all pieces, got %s", now[began+1])
		}
	})
}

// watchedStore tells what the manifest held when it was last saved.
type watchedStore struct {
	auth.KV
	saved string
}

func (w *watchedStore) Put(ctx context.Context, key string, val []byte, rev uint64) (uint64, error) {
	if strings.HasPrefix(key, "manifest/") {
		w.saved = string(val)
	}
	return w.KV.Put(ctx, key, val, rev)
}

// witness is a board that looks at every message as it goes out.
type witness struct {
	*board
	look func(topic string)
}

func (w *witness) Set(topic string, payload []byte) {
	if len(payload) > 0 {
		w.look(topic)
	}
	w.board.Set(topic, payload)
}

// Nothing stands on the broker that the saved manifest does not know: a kill at any
// instant leaves nothing that the next start could not take back.
func TestManifestIsSavedBeforeAnythingIsPublished(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, store := newToy(), &watchedStore{KV: auth.NewMemStore()}
		r := prepareHub(t, HubConfig{Name: "toy", Hub: f}, f, store)
		seen := map[string]bool{}
		r.out = &witness{r.board, func(topic string) {
			device := strings.Contains(topic, "/p") || strings.Contains(topic, "_p")
			if device && !strings.Contains(store.saved, `"`+topic+`"`) {
				t.Errorf("%s is published, the manifest saved then: %s", topic, store.saved)
			}
			seen[topic] = device
		}}
		r.start(t)
		pass(5 * time.Second)
		f.set(func(f *toy) { f.on["p9"] = true }) // one more
		pass(2 * time.Minute)
		for _, topic := range []string{"b/toy/p1", "b/toy/p9", "homeassistant/device/b_toy_p9/config", "b/toy/p9/availability"} {
			if !seen[topic] {
				t.Errorf("%s was never published, so nothing was tested", topic)
			}
		}
	})
}
