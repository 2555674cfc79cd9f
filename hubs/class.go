package hubs

// Class says what is measured, seen or moved. The set is closed; the words are
// those of Home Assistant's device classes where it has one, since they are the
// field's own terms. Which of them a kind of entity may carry is decided in
// discovery.
type Class string

// The classes.
const (
	NoClass Class = ""

	// Measured.
	AbsoluteHumidity    Class = "absolute_humidity"
	ApparentPower       Class = "apparent_power"
	AirQualityIndex     Class = "aqi"
	Area                Class = "area"
	AtmosphericPressure Class = "atmospheric_pressure"
	Battery             Class = "battery" // a sensor's charge; a binary sensor's "low"
	CarbonDioxide       Class = "carbon_dioxide"
	CarbonMonoxide      Class = "carbon_monoxide"
	Conductivity        Class = "conductivity"
	Current             Class = "current"
	DataRate            Class = "data_rate"
	DataSize            Class = "data_size"
	Date                Class = "date"
	Distance            Class = "distance"
	Duration            Class = "duration"
	Energy              Class = "energy"
	EnergyStorage       Class = "energy_storage"
	Frequency           Class = "frequency"
	Gas                 Class = "gas"
	HumidityClass       Class = "humidity"
	Illuminance         Class = "illuminance"
	Irradiance          Class = "irradiance"
	Moisture            Class = "moisture"
	Monetary            Class = "monetary"
	NitrogenDioxide     Class = "nitrogen_dioxide"
	Ozone               Class = "ozone"
	PH                  Class = "ph"
	PM1                 Class = "pm1"
	PM10                Class = "pm10"
	PM25                Class = "pm25"
	Power               Class = "power"
	PowerFactor         Class = "power_factor"
	Precipitation       Class = "precipitation"
	PrecipitationRate   Class = "precipitation_intensity"
	Pressure            Class = "pressure"
	ReactiveEnergy      Class = "reactive_energy"
	ReactivePower       Class = "reactive_power"
	SignalStrength      Class = "signal_strength"
	SoundPressure       Class = "sound_pressure"
	Speed               Class = "speed"
	SulphurDioxide      Class = "sulphur_dioxide"
	Temperature         Class = "temperature"
	Timestamp           Class = "timestamp"
	VOC                 Class = "volatile_organic_compounds"
	VOCParts            Class = "volatile_organic_compounds_parts"
	Voltage             Class = "voltage"
	Volume              Class = "volume"
	VolumeFlow          Class = "volume_flow_rate"
	VolumeStorage       Class = "volume_storage"
	Water               Class = "water"
	Weight              Class = "weight"
	WindDirection       Class = "wind_direction"
	WindSpeed           Class = "wind_speed"

	// Seen, on means …
	Charging     Class = "battery_charging"
	Cold         Class = "cold"
	Connectivity Class = "connectivity" // connected
	DoorClass    Class = "door"         // open
	GarageDoor   Class = "garage_door"  // open
	GlassBreak   Class = "glass_break"
	Heat         Class = "heat"
	LightSeen    Class = "light"
	LockClass    Class = "lock" // unlocked
	MotionClass  Class = "motion"
	Moving       Class = "moving"
	Occupancy    Class = "occupancy"
	OpeningClass Class = "opening" // open
	Plug         Class = "plug"    // plugged in
	Presence     Class = "presence"
	Problem      Class = "problem"
	Running      Class = "running"
	Safety       Class = "safety" // unsafe
	Smoke        Class = "smoke"
	Sound        Class = "sound"
	Tamper       Class = "tamper"
	UpdateClass  Class = "update" // available
	Vibration    Class = "vibration"
	WindowClass  Class = "window" // open

	// Moved and switched.
	Awning       Class = "awning"
	Blind        Class = "blind"
	Curtain      Class = "curtain"
	Damper       Class = "damper"
	Garage       Class = "garage"
	Gate         Class = "gate"
	Shade        Class = "shade"
	Shutter      Class = "shutter"
	Outlet       Class = "outlet"
	SwitchClass  Class = "switch"
	Humidifies   Class = "humidifier"
	Dehumidifies Class = "dehumidifier"

	// Pressed and rung.
	ButtonClass Class = "button"
	Doorbell    Class = "doorbell"
	Identify    Class = "identify"
	Restart     Class = "restart"
	Firmware    Class = "firmware"
)
