package hubs

// Classes lists all classes, NoClass apart.
func Classes() []Class {
	return []Class{
		AbsoluteHumidity, ApparentPower, AirQualityIndex, Area, AtmosphericPressure, Battery, CarbonDioxide,
		CarbonMonoxide, Conductivity, Current, DataRate, DataSize, Date, Distance, Duration, Energy, EnergyStorage,
		Frequency, Gas, HumidityClass, Illuminance, Irradiance, Moisture, Monetary, NitrogenDioxide, Ozone, PH,
		PM1, PM10, PM25, Power, PowerFactor, Precipitation, PrecipitationRate, Pressure, ReactiveEnergy,
		ReactivePower, SignalStrength, SoundPressure, Speed, SulphurDioxide, Temperature, Timestamp, VOC, VOCParts,
		Voltage, Volume, VolumeFlow, VolumeStorage, Water, Weight, WindDirection, WindSpeed, Charging, Cold,
		Connectivity, DoorClass, GarageDoor, GlassBreak, Heat, LightSeen, LockClass, MotionClass, Moving,
		Occupancy, OpeningClass, Plug, Presence, Problem, Running, Safety, Smoke, Sound, Tamper, UpdateClass,
		Vibration, WindowClass, Awning, Blind, Curtain, Damper, Garage, Gate, Shade, Shutter, Outlet, SwitchClass, Humidifies,
		Dehumidifies, ButtonClass, Doorbell, Identify, Restart, Firmware,
	}
}
