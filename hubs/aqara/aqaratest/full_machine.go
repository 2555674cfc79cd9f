package aqaratest

func machineDevices() []Device {
	return []Device{
		vacuumDevice(),
		product(Sweeper, "Wischer Keller", "lumi.sweeper.acn01", "a1-005", "SweepingRobot", battery(44, 14.1), part(
			2, "Robot", "SweepingRobot", function("Sweeper", enum("SweeperState", "RP", "Cleaning=0 Paused=1 NotCleaning=2", "2")).with(
				command("StartCleaning"), command("PauseCleaning"), command("ContinueCleaning"), command("StopCleaning"),
			),
		)),
		matter(product(Washer, "Waschmaschine", "aqara.matter.5120_2", "a1-005", "LaundryWasher", part(
			2, "Washer", "LaundryWasher", function(
				"OperationalState", enum("OperationalState", "RP", "Stopped=0 Running=1 Paused=2 Error=3", machineStopped),
				enum("OperationalError", "RP", "NoError=0 UnableToStartOrResume=1", "0"),
			).with(command("Start"), command("Stop"), command("Pause"), command("Resume")),
		)), "[0,2]"),
		matter(product(Fridge, "Kühlschrank", "aqara.matter.5121_1", "a1-002", "Refrigerator TemperatureControlledCabinet", part(
			2, "Cabinet", "TemperatureControlledCabinet", function(
				"TemperatureControl", float("SetTemperature", "RWP", 2, 9, 1, "℃", 5.0),
			).with(command("ChangeTemperature", rangedField("SetTemperature", "Float", 2, 9))), function("Temperature", temperature(5.3)),
		)), "[0,2]"),
		matter(product(Wallbox, "Wallbox Carport", "aqara.matter.5140_9", "b7-001", "ElectricVehicleSupplyEquipment", part(
			2, "EVSE", "ElectricVehicleSupplyEquipment", function(
				"EVSE",
				enum("EvseState", "RP", "NotPluggedIn=0 PluggedInNoDemand=1 PluggedInDemand=2 PluggedInCharging=3", "1"),
				enum("EvseSupplyState", "RP", "Disabled=0 ChargingEnabled=1", "1"),
				float("MaxChargeCurrent", "RP", 0, 10000, 0.001, "A", 16.0),
				text("VehicleID", "RP", nil),
			).with(command("EnableCharging"), command("DisableCharging")), metering(0, 1_204_511.2),
		)), ""), // no list of live endpoints: all of them are
	}
}

// matter gives a device the list of its live endpoints as Matter devices have it; empty
// is none.
func matter(d Device, list string) Device {
	var live any
	if list != "" {
		live = list
	}
	return d.rooted(descriptor(nil, live))
}

func vacuumDevice() Device {
	robot := battery(100, 14.8)
	robot.Functions[0].Traits = append(
		robot.Functions[0].Traits,
		enum("BatChargeState", "RP", "Unknown=0 Charging=1 Full=2 NotCharging=3 NotChargeable=4", "2"),
	)
	return matter(product(Vacuum, "Robi (Sauger)", "aqara.matter.4447_8194", "a1-001", "RoboticVacuumCleaner", robot, part(
		2, "Vacuum", "RoboticVacuumCleaner", function(
			"VacuumOperationalState",
			enum("VacuumOperationalState", "RP", "Stopped=0 Running=1 Paused=2 Error=3 SeekingCharger=64 Charging=65 Docked=66", robotDocked),
			enum("VacuumOperationalError", "RP", "NoError=0 UnableToStartOrResume=1 Stuck=65 DustBinMissing=66", "0"),
		).with(command("Start"), command("Stop"), command("Pause"), command("Resume"), command("GoHome")),
		function("Mode", enum("CurrentMode", "RP", "Auto=0 Quiet=1 DeepClean=2 Mop=3", "0")).with(
			command("ChangeToMode", rangedField("CurrentMode", "Integer", 0, 65535)),
		),
	)), "[0,1,2]")
}
