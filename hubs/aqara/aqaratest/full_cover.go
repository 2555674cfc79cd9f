package aqaratest

func coverDevices() []Device {
	return []Device{
		lockDevice(), plainLockDevice(),
		product(Garage, "Garagentor", "lumi.garage.acn01", "b7-001", "GarageDoor", mains(), part(
			2, "Door", "GarageDoor", function(
				"GarageDoorOpener",
				enum("TargetGarageDoorState", "RWP", "Closed=0 Open=1", "0"),
				enum("CurrentGarageDoorState", "RP",
					"Unknown=1 Open=2 Closed=3 Opening=4 Closing=5 NotFullyOpen=6 NotFullyClosed=7", garageClosed),
			).with(command("Toggle")),
		)),
		product(Valve, "Gartenwasser", "lumi.valve.agl01", "b7-002", "GeneralValve", battery(93, 6.2), part(
			2, "Valve", "GeneralValve", function(
				"ValveControl",
				enum("CurrentValveState", "RP", "Closed=0 Open=1 Transitioning=2", valveClosed),
				float("DefaultOpenDuration", "RWP", 1, 100000, 1, "s", 600.0),
				float("RemainingDuration", "RWP", 0, 100000, 1, "s", 0.0),
			).with(command("Open"), command("Close")),
		)),
		blindDevice(), jalousieDevice(), twinDevice(),
		product(Dryer, "Wäschetrockner Balkon", "lumi.airer.acn01", "a1-004", "ClotheDryingMachine Light", mains(), part(
			2, "Lifter", "ClotheDryingMachine", function(
				"Lifter", position("Current", "RP", 100), position("Target", "RWP", 100),
				float("TripTime", "RP", 1, 300, 0, "s", 14.0),
			).with(motions()[:4]...),
		), part(3, "Light", "Light", onOff(false))),
	}
}

func position(which, access string, value float64) Trait {
	return float(which+"PositionPercentage", access, 0, 100, 1, "%", value)
}

func motions() []Command {
	return []Command{
		command("StopMotion"), command("GoToMinPositionPercentage"), command("GoToMaxPositionPercentage"),
		command("GoToPositionPercentage", rangedField("PositionPercentage", "Float", 0, 100), optional("TransitionTime", "Integer")),
		command("StepPosition", rangedField("Size", "Float", -100, 100), optional("Time", "Integer")),
	}
}

func motorStatus() Trait {
	return enum("MotorOperationStatus", "RP", "Closing=0 Opening=1 Stopped=2 ObstacleStop=3 ObstacleLimitAutoRebound=4", motorStopped)
}

func covering(kind, number string, at float64, more ...Trait) Function {
	return function("WindowCovering", append([]Trait{
		position("Current", "RP", at), position("Target", "RWP", at), motorStatus(),
		enum("WindowCoveringType", "RWP", kind+"="+number, number),
		enum("ManualPullEvent", "P", "Pulled=0", nil),
	}, more...)...)
}

func blindDevice() Device {
	f := covering(
		"VenetianBlind", "1", 100,
		float("CurrentPositionRotationPercentage", "RP", 0, 100, 1, "%", 50.0),
		float("TargetPositionRotationPercentage", "RWP", 0, 100, 1, "%", 50.0),
		enum("MotorSpeedSetting", "RWP", "Low=0 Medium=1 High=2", "1"),
	).with(append(motions(), command("GoToPositionRotationPercentage", rangedField("RotationPercentage", "Float", 0, 100)))...)
	return product(Blind, "Jalousie Wohnzimmer", "lumi.blind.acn11", "a1-001", "WindowCovering", battery(58, 7.4), part(2, "Blind", "WindowCovering", f))
}

func jalousieDevice() Device {
	f := covering(
		"ExteriorVenetianBlind", "43", 0,
		float("CurrentRotationAngle", "RP", -90, 90, 1, "°", 0.0),
		float("TargetRotationAngle", "RWP", -90, 90, 1, "°", 0.0),
	).with(motions()...)
	return product(Jalousie, "Außenjalousie Küche", "lumi.blind.acn14", "a1-002", "WindowCovering", part(2, "Blind", "WindowCovering", f))
}

// twinDevice has its motors bound: the endpoints of the sides are not live.
func twinDevice() Device {
	both := covering("CentralCurtain", "46", 40, boolean("WindowCoveringMotorsBinding", "RWP", true)).with(motions()...)
	left := covering("LateralLeftCurtain", "44", 40).with(motions()...)
	right := covering("LateralRightCurtain", "45", 40).with(motions()...)
	return product(
		Twin, "Vorhänge Gästezimmer", "lumi.curtain.agl004", "a1-003", "WindowCovering", mains(),
		part(bothMotors, "Curtain", "WindowCovering", both), part(leftMotor, "Left", "WindowCovering", left),
		part(rightMotor, "Right", "WindowCovering", right),
	).rooted(descriptor(int64(1), "[0,1,2]"))
}

func lockTraits() []Trait {
	return []Trait{
		enum("LockState", "RP", "NotFullyLocked=0 Locked=1 Unlocked=2", lockLocked),
		enum("DoorState", "RP", "DoorOpen=0 DoorClosed=1 DoorJammed=2 DoorForcedOpen=3 DoorUnspecifiedError=4 DoorAjar=5", doorClosed),
		trait("LockOperation", param("Struct", "P"), nil),
		trait("LockOperationError", param("Struct", "P"), nil),
		trait("LockUserChange", param("Struct", "P"), nil),
		trait("DoorLockAlarm", param("Struct", "P"), nil),
	}
}

func lockDevice() Device {
	code := textField("Code", false)
	f := function("DoorLock", append(
		lockTraits(),
		text("SupportedRemoteFeatures", "R", "1,2"),
		boolean("EnableRemoteControl", "RWP", true),
		boolean("RemoteUnlock", "RWP", false),
		text("RemoteControlWithAuthCode", "W", nil),
	)...).with(
		command("LockDoor", code), command("UnlockDoor", code), command("UnboltDoor", code),
		command("QuietLockDoor"), command("QuietUnlockDoor"),
		command("GetUser", Field{Code: "UserIndex", Mandatory: true, Param: Param{Type: "Integer"}}),
	)
	return product(Lock, "Haustürschloss", "aqara.lock.aqgl01", "a1-004-2", "DoorLock Doorbell", battery(82, 5.9), part(2, "Lock", "DoorLock", f), part(
		3, "Bell", "Doorbell", function("Doorbell", enum("ButtonEvent", "P", "SinglePress=0", nil)),
	))
}

func plainLockDevice() Device {
	return product(PlainLock, "Gartentür-Schloß", "aqara.lock.wbzac1", "b7-002", "DoorLock", battery(36, 5.4), part(
		2, "Lock", "DoorLock", function("DoorLock", lockTraits()...),
	))
}
