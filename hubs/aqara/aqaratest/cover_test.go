package aqaratest

import (
	"strings"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func TestCoverStories(t *testing.T) {
	const (
		cover  = "2 WindowCovering "
		moves  = cover + "MotorOperationStatus="
		tilt   = cover + "CurrentPositionRotationPercentage="
		at     = cover + "CurrentPositionPercentage="
		angle  = cover + "CurrentRotationAngle="
		target = cover + "TargetPositionRotationPercentage="
	)
	for name, c := range map[string]struct {
		device string
		scenes []scene
	}{
		"tilt in percent": {Blind, []scene{
			{do: "write 2 WindowCovering TargetPositionRotationPercentage=100", want: moves + "1; " + tilt + "50"},
			{wait: 500 * time.Millisecond, want: tilt + "75; " + moves + "1"},
			{wait: time.Second, want: tilt + "100; " + moves + "2; " + at + "100"},
			{do: `command 2 WindowCovering GoToPositionRotationPercentage [{"fieldCode":"RotationPercentage","value":0}]`, wait: time.Second, want: tilt + "50; " + moves + "0"},
			{do: "command 2 WindowCovering StopMotion", wait: time.Minute, want: tilt + "50; " + target + "50; " + moves + "2"},
		}},
		"tilt and lower at once": {Blind, []scene{
			{do: "write 2 WindowCovering TargetPositionPercentage=0"},
			{do: "write 2 WindowCovering TargetPositionRotationPercentage=0", wait: 2 * time.Second, want: tilt + "0; " + moves + "0; " + at + "80"},
			{wait: 9 * time.Second, want: at + "0; " + moves + "2"},
		}},
		"tilt in degrees": {Jalousie, []scene{
			{do: "write 2 WindowCovering TargetRotationAngle=-90", wait: 500 * time.Millisecond, want: angle + "-45; " + moves + "0"},
			{wait: time.Second, want: angle + "-90; " + moves + "2"},
			{do: "write 2 WindowCovering TargetRotationAngle=91", code: 400},
			{do: `command 2 WindowCovering StepPosition [{"fieldCode":"Size","value":30}]`, wait: time.Minute, want: at + "30; " + angle + "-90"},
		}},
		"lifter": {Dryer, []scene{
			{do: "command 2 Lifter GoToMinPositionPercentage", wait: 4 * time.Second, want: "2 Lifter CurrentPositionPercentage=60"},
			{do: "command 2 Lifter StopMotion", wait: time.Minute, want: "2 Lifter CurrentPositionPercentage=60; 2 Lifter TargetPositionPercentage=60"},
			{do: "write 2 Lifter TargetPositionPercentage=100", wait: time.Minute, want: "2 Lifter CurrentPositionPercentage=100"},
			{do: `command 2 Lifter GoToPositionPercentage [{"fieldCode":"PositionPercentage","value":10}]`, wait: time.Minute, want: "2 Lifter CurrentPositionPercentage=10"},
			{do: "command 2 Lifter StepPosition", code: 400},
		}},
		"two motors": {Twin, []scene{
			{do: "write 3 WindowCovering TargetPositionPercentage=0", code: 400}, // not live
			{do: "write 2 WindowCovering TargetPositionPercentage=100", wait: time.Minute, want: at + "100; 3 WindowCovering CurrentPositionPercentage=100; 4 WindowCovering CurrentPositionPercentage=100"},
			{do: "write 2 WindowCovering WindowCoveringMotorsBinding=false", want: "0 Descriptor EndpointArrayDynamic=[0,1,2,3,4]"},
			{do: "write 3 WindowCovering TargetPositionPercentage=0", wait: time.Minute, want: at + "50; " + cover + "TargetPositionPercentage=50; 3 WindowCovering CurrentPositionPercentage=0; 4 WindowCovering CurrentPositionPercentage=100"},
			{do: "command 2 WindowCovering GoToMaxPositionPercentage", wait: 5 * time.Second, want: "3 WindowCovering CurrentPositionPercentage=50"},
			{do: "command 2 WindowCovering StopMotion", wait: time.Minute, want: "3 WindowCovering CurrentPositionPercentage=50; 3 WindowCovering MotorOperationStatus=2"},
			{do: "write 2 WindowCovering WindowCoveringMotorsBinding=true", want: "0 Descriptor EndpointArrayDynamic=[0,1,2]"},
		}},
	} {
		t.Run(name, func(t *testing.T) { tell(t, Options{}, c.device, c.scenes) })
	}
}

func TestLockStories(t *testing.T) {
	const lock, enable = "2 DoorLock LockState=", "write 2 DoorLock EnableRemoteControl="
	for name, c := range map[string]struct {
		device string
		deaf   bool
		scenes []scene
	}{
		"over REST": {Lock, false, []scene{
			{do: "command 2 DoorLock UnlockDoor", want: lock + "1"},
			{wait: 3 * time.Second, want: lock + `2; 2 DoorLock LockOperation={"LockOperationType":1,"OperationSource":7}`},
			{do: `command 2 DoorLock LockDoor [{"fieldCode":"Code","value":"1234"}]`, wait: 3 * time.Second, want: lock + "1"},
			{do: "command 2 DoorLock QuietUnlockDoor"},
			{do: "command 2 DoorLock QuietLockDoor", wait: 3 * time.Second, want: lock + "1"}, // the last order counts
			{do: "command 2 DoorLock UnboltDoor", wait: 3 * time.Second, want: lock + "2"},
			{do: `write 2 DoorLock LockState="1"`, code: 400},
			{do: "command 2 DoorLock GetUser", code: 400},
			{do: `command 2 DoorLock GetUser [{"fieldCode":"UserIndex","value":1}]`},
		}},
		"by trait": {Lock, false, []scene{
			{do: "write 2 DoorLock RemoteUnlock=true", want: "2 DoorLock RemoteUnlock=false; " + lock + "1"},
			{wait: 3 * time.Second, want: lock + "2"},
			{do: "write 2 DoorLock RemoteUnlock=false", wait: 3 * time.Second, want: lock + "2"},
			{do: `write 2 DoorLock RemoteControlWithAuthCode="0000"`, wait: 3 * time.Second, want: lock + "2"},
		}},
		"forbidden": {Lock, false, []scene{
			{do: enable + "false"},
			{do: "command 2 DoorLock UnlockDoor", wait: time.Minute, code: 400, want: lock + "1"},
			{do: "write 2 DoorLock RemoteUnlock=true", wait: time.Minute, code: 400, want: lock + "1"},
			{do: enable + "true"},
			{do: "command 2 DoorLock UnlockDoor", wait: time.Minute, want: lock + "2"},
		}},
		"forbidden and deaf": {Lock, true, []scene{
			{do: enable + "false"},
			{do: "command 2 DoorLock UnlockDoor", wait: time.Minute, want: lock + "1"},
			{do: "write 2 DoorLock RemoteUnlock=true", wait: time.Minute, want: lock + "1"},
		}},
		"without remote": {PlainLock, false, []scene{
			{do: "command 2 DoorLock UnlockDoor", code: 400},
			{do: "write 2 DoorLock RemoteUnlock=true", code: 400},
			{do: "write 2 DoorLock EnableRemoteControl=true", code: 400},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, Options{FirmwareOptions: FirmwareOptions{DeafLocks: c.deaf}}, c.device, c.scenes)
		})
	}
}

func TestPersonAtLock(t *testing.T) {
	bubble(t, Options{Home: FullHome()}, func(b *bench) {
		t := b.t
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		if err := b.Turn(Lock, 2, false, 9, 3); err != nil {
			t.Fatal(err)
		}
		r := w.want("TraitValueUpdate", `{\"LockOperationType\":1,\"OperationSource\":9,\"UserSource\":1,\"UserId\":3,\"CredentialId\":3}`)
		if !strings.Contains(r.body, `"traitCode":"LockState","value":"2"`) {
			t.Errorf("want the state in the same message, got %s", r.body)
		}
		_ = b.Set(Lock, 2, "DoorLock", "DoorState", "DoorAjar")
		w.want("TraitValueUpdate", "DoorState")
		_ = b.Turn(Lock, 2, true, 1, 0)
		w.want("TraitValueUpdate", `"traitCode":"LockState","value":"0"`) // the bolt meets no frame
		if err := b.Set(Lock, 2, "DoorLock", "DoorLockAlarm", `{"AlarmCode":1}`); err != nil {
			t.Error(err)
		}
		w.want("TraitValueUpdate", `"value":"{\"AlarmCode\":1}"`)
		if r := b.call("GetDevicesRequest", `{"deviceIds":["`+Lock+`"]}`); strings.Contains(r.body, "AlarmCode") {
			t.Error("an event is not readable")
		}
		if b.Turn(Strip, 2, true, 1, 0) == nil || b.Turn("nobody", 2, true, 1, 0) == nil {
			t.Error("want errors for what is no lock")
		}
	})
}

func TestMachinesArePushed(t *testing.T) {
	bubble(t, Options{Home: FullHome(), StepTime: 5 * time.Second, TravelTime: time.Minute}, func(b *bench) {
		t := b.t
		w := b.socket()
		w.ask("SubscribeAllRequest", "")
		start := time.Now()
		after := func(d time.Duration, has string) {
			t.Helper()
			w.want("TraitValueUpdate", has)
			if got := time.Since(start); got != d {
				t.Errorf("%s: want it after %v, got %v", has, d, got)
			}
		}
		b.perform(Valve, "command 2 ValveControl Open", true)
		after(0, `"traitCode":"CurrentValveState","value":"2"`)
		after(5*time.Second, `"traitCode":"CurrentValveState","value":"1"`)
		b.perform(Garage, "command 2 GarageDoorOpener Toggle", true)
		after(5*time.Second, `"traitCode":"TargetGarageDoorState","value":"1"`)
		after(5*time.Second, `"value":"4"`)
		if err := b.Remove(Valve); err != nil { // with all it still had to do
			t.Fatal(err)
		}
		w.want("objectEvent", "DEVICE_REMOVED")
		for range 2 {
			time.Sleep(20 * time.Second) //nolint:forbidigo // in a bubble
			if r := w.ask("ping", ""); r.Type != "pong" {
				t.Errorf("want nothing in between, got %s", r.body)
			}
		}
		after(65*time.Second, `"traitCode":"CurrentGarageDoorState","value":"2"`)
	})
}

func TestDelayedAndIgnoredCommands(t *testing.T) {
	bubble(t, Options{Home: FullHome(), EffectDelay: 4 * time.Second}, func(b *bench) {
		b.Faults().Fail(fault.Fault{Match: "ExecuteCommandRequest", Kind: fault.Ignored})
		b.perform(Lock, "command 2 DoorLock UnlockDoor", true).is(b.t, 200, 0)
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble
		b.check(Lock, "2 DoorLock LockState=1")
		b.perform(Lock, "command 2 DoorLock UnlockDoor", true).is(b.t, 200, 0)
		time.Sleep(5 * time.Second) //nolint:forbidigo // in a bubble
		b.check(Lock, "2 DoorLock LockState=1")
		time.Sleep(2 * time.Second) //nolint:forbidigo // in a bubble
		b.check(Lock, "2 DoorLock LockState=2")
		b.perform(Valve, "command 2 ValveControl Open", true).is(b.t, 200, 0)
		if err := b.Remove(Valve); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble
	})
}
