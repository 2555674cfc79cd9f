package discovery

import (
	"fmt"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// kind renders one Spec and reads its commands. A new one is a type with these
// methods and a line in kindOf.
type kind interface {
	// platform is Home Assistant's word for it.
	platform() string
	// config adds what the platform wants to be told, topics included.
	config(c *component)
	// state writes the entity's value, after its key.
	state(w *writer, v values)
	// command adds to the request what a message wants of one part of the entity;
	// part is empty for the entity as a whole. A part that it does not have is errNoPart.
	command(r *Request, e *hubs.Entity, part string, in input) error
}

// finisher is a kind whose parts must fit together once all of them are there.
type finisher interface {
	finish(r *Request)
}

// kindOf is the one place that lists the kinds.
func kindOf(s hubs.Spec) (kind, error) {
	switch s.(type) {
	case hubs.Switch:
		return switchKind{}, nil
	case hubs.Siren:
		return sirenKind{}, nil
	case hubs.Binary:
		return binaryKind{}, nil
	case hubs.Sensor:
		return sensorKind{}, nil
	case hubs.Number:
		return numberKind{}, nil
	case hubs.Choice:
		return choiceKind{}, nil
	case hubs.Text:
		return textKind{}, nil
	case hubs.Lock:
		return lockKind{}, nil
	case hubs.Light:
		return lightKind{}, nil
	case hubs.Cover:
		return coverKind{}, nil
	case hubs.Valve:
		return valveKind{}, nil
	case hubs.Climate:
		return climateKind{}, nil
	case hubs.WaterHeater:
		return heaterKind{}, nil
	case hubs.Fan:
		return fanKind{}, nil
	case hubs.Humidifier:
		return humidifierKind{}, nil
	case hubs.Vacuum:
		return vacuumKind{}, nil
	case hubs.Mower:
		return mowerKind{}, nil
	case hubs.Alarm:
		return alarmKind{}, nil
	case hubs.Update:
		return updateKind{}, nil
	case hubs.Button:
		return buttonKind{}, nil
	case hubs.Scene:
		return sceneKind{}, nil
	case hubs.Event:
		return eventKind{}, nil
	}
	return nil, fmt.Errorf("kind not supported: %T", s)
}

// silent tells the entities that have no value: nothing of them is in the device JSON.
func silent(s hubs.Spec) bool {
	switch s := s.(type) {
	case hubs.Switch:
		return s.WriteOnly
	case hubs.Number:
		return s.WriteOnly
	case hubs.Choice:
		return s.WriteOnly
	case hubs.Text:
		return s.WriteOnly
	case hubs.Button, hubs.Scene, hubs.Event:
		return true
	}
	return false
}

// unfit tells why an entity cannot be announced at all.
func unfit(e *hubs.Entity) error {
	if !isKey(e.Key) || hubs.Reserved(e.Key) {
		return fmt.Errorf("%q is no entity key", e.Key)
	}
	if _, err := kindOf(e.Spec); err != nil {
		return fmt.Errorf("%s: %w", e.Key, err)
	}
	switch s := e.Spec.(type) {
	case hubs.Choice:
		if len(options(s.Options)) == 0 {
			return fmt.Errorf("%s: nothing to choose from", e.Key)
		}
	case hubs.Event:
		if len(options(s.Types)) == 0 {
			return fmt.Errorf("%s: an event without types", e.Key)
		}
	}
	return nil
}
