package aqaratest

const presetField = "PresetHandle"

func climateDevices() []Device {
	presets := []Command{command("SetActivePreset", textField(presetField, true)), command("ClearActivePreset")}
	thermostat := product(
		Thermostat, "Thermostat Büro", "lumi.airer.w500", "a1-003", "Thermostat", mains(),
		part(2, "Thermostat", "Thermostat", function(
			"HeaterCooler",
			enum("HeaterCoolerMode", "RWP", "Cool=0 Heat=1 Auto=2 Off=12", "2"),
			temperature(20.9),
			float("CurrentHumidity", "RP", 0, 100, 0, "%", 44.0),
			float("HeatingTemperature", "RWP", 5, 30, 0.5, "℃", 20.5),
			float("CoolingTemperature", "RWP", 16, 32, 0.5, "℃", 25.0),
			float("MinHeatCoolDeadBand", "RWP", 0, 2.5, 0.1, "℃", 1.0),
			text("ActivePresetHandle", "RWP", ""),
			trait("Preset", param("List[Struct]", "RWP"), `[{"PresetHandle":"home"},{"PresetHandle":"away"}]`),
			enum("TemperatureUIDisplayMode", "RWP", "Celsius=0 Fahrenheit=1", "0"),
		).with(presets...), function("FanControl", enum("FanMode", "RWP", "Low=1 High=3 Auto=4", "4"))),
	)
	thermostat.Nulls = true
	return []Device{
		airConditionerDevice(), thermostat, radiatorDevice(),
		product(FloorHeating, "Fußbodenheizung Bad", "lumi.floor.ae01", "a1-004-1", "FloorHeating", part(
			2, "Floor", "FloorHeating", onOff(true), function(
				"HeaterCooler", temperature(23.4), float("HeatingTemperature", "RWP", 5, 35, 0.5, "℃", 24.0),
			),
		)),
		fanDevice(), purifierDevice(), ventilationDevice(),
	}
}

func airConditionerDevice() Device {
	return product(
		AirConditioner, "Klimaanlage Schlafzimmer", "lumi.aircondition.acn05", "a1-004", "AirConditioner",
		mains(metering(0, 48123.9)),
		part(2, "AC", "AirConditioner", onOff(false), function(
			"HeaterCooler",
			enum("HeaterCoolerMode", "RWP", "Cool=0 Heat=1 Auto=2 Fan=3 Dry=4", "0"),
			float("CoolingTemperature", "RWP", 16, 31, 1, "℃", 25.0),
			float("HeatingTemperature", "RWP", 16, 31, 1, "℃", 25.0),
			temperature(24.1),
		), function(
			"FanControl",
			enum("FanMode", "RWP", "Low=0 Medium=1 High=2 Auto=3", "3"), // not the numbers of the table
			enum("RockSetting", "RWP", "Off=0 RockLeftRight=1 RockUpDown=2", "0"),
		)),
	)
}

func radiatorDevice() Device {
	return product(
		Radiator, "Heizkörper Küche (Süd)", "lumi.airrtc.agl001", "a1-002", "AirConditioner",
		battery(71, 2.91),
		part(2, "Valve", "AirConditioner", onOff(true), function(
			"HeaterCooler",
			enum("HeaterCoolerMode", "RWP", "Auto=2 Manual=13 AntiFreeze=14", "13"),
			temperature(20.1),
			float("HeatingTemperature", "RWP", 5, 30, 0.5, "℃", 21.0),
			float("AntiFreezeTemperature", "RWP", 5, 15, 0.5, "℃", 5.0),
			float("CurrentTemperatureCalibration", "RWP", -5, 5, 0.1, "℃", 0.0),
		)),
	)
}

func fanDevice() Device {
	return product(
		Fan, "Deckenventilator", "lumi.fan.acn01", "a1-001", "Fan Light", mains(),
		part(2, "Fan", "Fan", onOff(false), function(
			"FanControl",
			integer("FanSpeed", "RWP", 0, 100, 1, int64(33)),
			enum("FanMode", "RWP", fanModes, "1"),
			enum("RockSetting", "RWP", "Off=0 RockLeftRight=1", "0"),
			enum("AirflowDirection", "RWP", "Forward=0 Reverse=1", "0"),
			enum("WindSetting", "RWP", "Normal=0 Sleep=1 Natural=2", "0"),
		)),
		part(3, "Light", "Light", onOff(false), function("LevelControl", float("CurrentLevel", "RWP", 1, 100, 1, "%", 80.0))),
	)
}

func purifierDevice() Device {
	filter := func(code string, condition float64) Function {
		return function(
			code,
			float("Condition", "RP", 0, 100, 1, "%", condition),
			enum("ChangeIndication", "RP", "OK=0 Warming=1 Critical=2", "0"),
		).with(command("ResetCondition"))
	}
	return product(
		Purifier, "Luftreiniger „Pollen“", "lumi.airp.acn02", "a1-004", "AirPurifier ParticulateMatterSensor", mains(),
		part(
			2, "Purifier", "AirPurifier", onOff(true), function(
				"FanControl",
				integer("FanSpeed", "RWP", 1, 100, 1, int64(40)),
				enum("FanMode", "RWP", "LowSpeed=1 MediumSpeed=2 HighSpeed=3 Auto=4 Smart=5", "4"),
			), filter("HEPAFilterMonitoring", 63), filter("ActivatedCarbonFilterMonitoring", 8),
		),
		part(3, "PM2.5", "ParticulateMatterSensor", function(
			"ParticulateMatter", float("PM2.5Density", "RP", 0, 1000, 0, "ug/m³", 9.0), enum("PM2.5Level", "RP", qualities, "1"),
		)),
	)
}

func ventilationDevice() Device {
	return product(
		Ventilation, "Lüftung Keller", "lumi.ventilation.acn01", "a1-005", "Ventilation", mains(),
		part(
			2, "Ventilation", "Ventilation", onOff(true), function("FanControl", enum("FanMode", "RWP", "LowSpeed=1 MediumSpeed=2 HighSpeed=3", "1")),
			function("FreshAirControl", enum("FreshAirMode", "RWP", "Manual=0 Auto=1 HeatExchange=3 Bypass=9", "1")),
		),
	)
}
