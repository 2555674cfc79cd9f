package aqaratest

import "fmt"

func alarmDevices() []Device {
	expressed := func() Trait {
		return enum("ExpressedState", "RP", "Normal=0 SmokeAlarm=1 COAlarm=2 BatteryAlert=3 Testing=4 HardwareFault=5 EndOfService=6", "0")
	}
	binary := func(id, name, model, space, kind, code, trait string) Device {
		return product(id, name, model, space, kind, battery(90, 3.0), part(2, kind, kind, function(code, boolean(trait, "RP", false))))
	}
	return []Device{
		product(Smoke, "Rauchmelder Flur", "lumi.sensor_smoke.acn03", "a1-004-2", "SmokeAlarm", battery(100, 3.1), part(
			2, "Smoke", "SmokeAlarm", function(
				"Smoke", boolean("SmokeDetected", "RP", false), enum("SmokeState", "RP", "Normal=0 Warning=1 Critical=2", "0"),
				expressed(), float("SmokeDensity", "RP", 0, 5, 0.001, "OBS%/FT", 0.0), float("SmokeDensitydB", "RP", 0, 10, 0.001, "dB/m", 0.0),
				boolean("Mute", "RWP", false), boolean("SelfCheck", "RWP", false), boolean("EnableHeartbeatIndicator", "RWP", true),
			).with(command("SelfTestRequest"), command("TriggerWarning")),
		)),
		product(CO, "CO-Melder Heizraum", "lumi.sensor_co.aeu01", "a1-005", "COAlarm", battery(99, 3.1), part(
			2, "CO", "COAlarm", function("CO", boolean("CODetected", "RP", false), expressed()).with(command("SelfTestRequest")),
		)),
		product(Gas, "Gasmelder Küche", "lumi.sensor_gas.acn02", "a1-002", "NaturalGasAlarm", mains(), part(
			2, "Gas", "NaturalGasAlarm", function(
				"Gas", boolean("GasDetected", "RP", false), float("GasDensity", "RP", 0, 100, 0, "%LEL", 0.0),
				integer("CurrentSensitivityLevel", "RWP", 1, 2, 1, int64(1)), boolean("Mute", "RWP", false), boolean("SelfCheck", "RWP", false),
			),
		)),
		binary(Leak, "Wassermelder Waschküche", "lumi.flood.agl02", "a1-005", "WaterLeakSensor", "WaterLeak", "LeakState"),
		binary(Rain, "Regen", "aqara.rain.v1", "b7-002", "RainSensor", "RainSensor", "BooleanState"),
		binary(Frost, "Frost Gewächshaus", "aqara.frost.v1", "b7-002", "WaterFreezeDetector", "WaterFreezeDetector", "BooleanState"),
	}
}

func sensorDevices() []Device {
	return []Device{
		presenceDevice(), airDevice(),
		product(Sleep, "Bettsensor", "lumi.bed.acn01", "a1-004", "SleepMonitor AttitudeDetector LocationSensor", mains(), part(
			2, "Sleep", "SleepMonitor", function(
				"Sleep", boolean("OnBed", "RP", false), enum("SleepState", "RP", "Unknown=0 Awake=1 Sleep=2", "0"),
				enum("SleepStage", "RP", "LightSleep=0 DeepSleep=1 REM=2", nil), float("SleepQuality", "RP", 0, 100, 0, "", nil),
			),
		), part(3, "Attitude", "AttitudeDetector", function("AttitudeDetection", enum("AttitudeDetected", "RP", "Normal=0 FallDown=1 SuspectedFall=2", "0"))),
			part(4, "Location", "LocationSensor", function("Location", enum("MotionDetected", "P", "Enter=0 Left=1 Access=6 Away=7", nil)))),
		{
			ID: Flow, Name: "Zisterne: Pumpe", Types: []string{"Pump", "FlowSensor"}, Space: "b7-002", Endpoints: []Endpoint{
				part(1, "Pump", "Pump", function("Output", boolean("OnOff", "RWP", false))),
				part(2, "Flow", "FlowSensor", function("Flow", float("CurrentFlow", "RP", 0, 65535, 0.01, "m³/h", 0.0))),
			},
		},
		product(
			Meter, "Zähler Wärmepumpe", "lumi.meter.acn01", "a1-005", "ElectricalSensor",
			mains(), part(2, "Meter", "ElectricalSensor", metering(512.4, 3_481_220.5)),
		),
	}
}

// presenceDevice has five zones in its spec, of which the user has made two.
func presenceDevice() Device {
	presence := func(more ...Trait) Function {
		return function("HumanPresence", append([]Trait{
			enum("Presence", "RP", "Unknown=0 NoHumanDetected=1 HumanDetected=2", "1"),
		}, more...)...)
	}
	parts := []Endpoint{
		mains(),
		part(2, "Presence", "OccupancySensor", presence(
			integer("HoldTime", "RWP", 1, 600, 1, int64(15)), boolean("ActivityDetected", "P", nil),
			trait("PresenceConfiguration", param("Struct", "RWP"), `{"Mounting":"wall","Sensitivity":2}`),
		).with(command("ResetPresence"))),
		part(3, "Illuminance", "IlluminanceSensor", function(
			"Illuminance", float("CurrentIlluminance", "RP", 0, 100000, 0, "lux", 211.0),
			float("SamplingInterval", "RWP", 0.5, 3600, 0.1, "S", 10.0),
		)),
	}
	for i := 4; i < 9; i++ {
		parts = append(parts, part(i, fmt.Sprintf("Zone %d", i-3), "OccupancySensor", presence()))
	}
	return product(Presence, "Präsenz Wohnzimmer", "lumi.motion.agl001", "a1-001", "OccupancySensor IlluminanceSensor", parts...).
		rooted(descriptor(int64(1), "[0,1,2,3,4,5]"))
}

func airDevice() Device {
	return product(
		AirQuality, "Luftgüte Kinderzimmer", "aqara.air.agl02", "a1-004", "AirQualitySensor CO2Sensor ParticulateMatterSensor", mains(),
		part(2, "CO2", "CO2Sensor", function(
			"CO2", float("CO2Density", "RP", 0, 9999, 0, "ppm", 612.0), enum("CO2Level", "RP", "Excellent=0 LightPollution=1 HeavyPollution=2", "0"),
		)),
		part(3, "Air", "AirQualitySensor", function(
			"AirQuality", float("VOCDensity", "RP", 1, 9999, 0, "ppb", 87.0), enum("AirQuality", "RP", qualities, "2"), enum("VOCQuality", "RP", qualities, "1"),
		)),
		part(4, "PM", "ParticulateMatterSensor", function(
			"ParticulateMatter",
			float("PM1.0Density", "RP", 0, 65535, 0, "ug/m³", 4.0), float("PM2.5Density", "RP", 0, 1000, 0, "ug/m³", 7.0),
			float("PM10Density", "RP", 0, 65535, 0, "ug/m³", 11.0), enum("PM2.5Level", "RP", qualities, "1"),
		)),
	)
}
