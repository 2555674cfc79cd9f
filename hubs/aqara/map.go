package aqara

import "github.com/hub2mqtt/hub2mqtt/hubs"

// rule says what we make of a trait. Traits without a rule are published too, by
// their type alone, hidden and under a name made of their code.
type rule struct {
	name  string
	class hubs.Class
	unit  hubs.Unit // where the device names none
	adds  hubs.Accumulation
	role  hubs.Role
	// lead traits are what a device is bought for.
	lead   bool
	hidden bool
	secret bool // a text that nobody should read over a shoulder
	// on are the words of an enumeration that mean yes, off those that mean no: it
	// becomes a binary sensor. Any other word is unknown.
	on, off []string
}

var rules = map[string]rule{
	"Temperature.CurrentTemperature":               {name: "Temperature", class: hubs.Temperature, unit: hubs.Celsius, lead: true},
	"HeaterCooler.CurrentTemperature":              {name: "Temperature", class: hubs.Temperature, unit: hubs.Celsius},
	"RelativeHumidity.CurrentHumidity":             {name: "Humidity", class: hubs.HumidityClass, unit: hubs.Percent, lead: true},
	"HeaterCooler.CurrentHumidity":                 {name: "Humidity", class: hubs.HumidityClass, unit: hubs.Percent},
	"Illuminance.CurrentIlluminance":               {name: "Illuminance", class: hubs.Illuminance, unit: hubs.Lux, lead: true},
	"Pressure.CurrentPressure":                     {name: "Pressure", class: hubs.Pressure, unit: hubs.KiloPascal, lead: true},
	"CO2.CO2Density":                               {name: "Carbon dioxide", class: hubs.CarbonDioxide, unit: hubs.PPM, lead: true},
	"CO2.CO2Level":                                 {name: "Carbon dioxide level"},
	"AirQuality.VOCDensity":                        {name: "Volatile organic compounds", class: hubs.VOCParts, unit: hubs.PPB, lead: true},
	"AirQuality.AirQuality":                        {name: "Air quality"},
	"AirQuality.VOCQuality":                        {name: "VOC level"},
	"ParticulateMatter.PM1.0Density":               {name: "PM1", class: hubs.PM1, unit: hubs.MicrogramM3, lead: true},
	"ParticulateMatter.PM2.5Density":               {name: "PM2.5", class: hubs.PM25, unit: hubs.MicrogramM3, lead: true},
	"ParticulateMatter.PM10Density":                {name: "PM10", class: hubs.PM10, unit: hubs.MicrogramM3, lead: true},
	"ParticulateMatter.PM2.5Level":                 {name: "PM2.5 level"},
	"Smoke.SmokeDensity":                           {name: "Smoke density", unit: "OBS%/FT"},
	"Smoke.SmokeDensitydB":                         {name: "Smoke density in decibels", unit: "dB/m", hidden: true},
	"Smoke.SmokeDetected":                          {name: "Smoke", class: hubs.Smoke, lead: true},
	"Smoke.SmokeState":                             {name: "Smoke level"},
	"Smoke.ExpressedState":                         {name: "Alarm state"},
	"CO.ExpressedState":                            {name: "Alarm state"},
	"CO.CODetected":                                {name: "Carbon monoxide", class: hubs.CarbonMonoxide, lead: true},
	"Gas.GasDensity":                               {name: "Gas density", unit: "%LEL"},
	"Gas.GasDetected":                              {name: "Gas", class: hubs.Gas, lead: true},
	"Gas.CurrentSensitivityLevel":                  {name: "Sensitivity", role: hubs.Config},
	"WaterLeak.LeakState":                          {name: "Leak", class: hubs.Moisture, lead: true},
	"WaterFreezeDetector.BooleanState":             {name: "Freezing", class: hubs.Cold, lead: true},
	"RainSensor.BooleanState":                      {name: "Rain", class: hubs.Moisture, lead: true},
	"OnOffSensor.BooleanState":                     {name: "Contact", lead: true},
	"EnergyManagement.CurrentPower":                {name: "Power", class: hubs.Power, unit: hubs.Watt},
	"EnergyManagement.CumulativeEnergyConsumption": {name: "Energy", class: hubs.Energy, unit: hubs.WattHour, adds: hubs.Increasing},
	"EnergyManagement.CurrentVoltage":              {name: "Voltage", class: hubs.Voltage, unit: hubs.Volt},
	"EnergyManagement.CircuitCurrent":              {name: "Current", class: hubs.Current, unit: hubs.Ampere},
	"PowerSource.BatPercentRemaining":              {name: "Battery", class: hubs.Battery, unit: hubs.Percent, role: hubs.Diagnostic},
	"PowerSource.CurrentVoltage":                   {name: "Battery voltage", class: hubs.Voltage, unit: hubs.Volt, role: hubs.Diagnostic, hidden: true},
	"PowerSource.StateOfLowBat":                    {name: "Battery low", class: hubs.Battery, role: hubs.Diagnostic, on: []string{"true", "critical"}, off: []string{"false"}},
	"PowerSource.BatReplacementNeeded":             {name: "Battery to be replaced", class: hubs.Battery, role: hubs.Diagnostic},
	"PowerSource.BatChargeState":                   {name: "Charging", class: hubs.Charging, role: hubs.Diagnostic, on: []string{"charging"}, off: []string{"full", "not_charging", "not_chargeable"}},
	"PowerSource.PowerMode":                        {name: "Power source", role: hubs.Diagnostic, hidden: true},
	"PowerSource.BatQuantity":                      {name: "Number of batteries", role: hubs.Diagnostic, hidden: true},
	"EVSE.BatPercentRemaining":                     {name: "Battery", class: hubs.Battery, unit: hubs.Percent},
	"Contact.ContactSensorState":                   {name: "Contact", class: hubs.DoorClass, lead: true},
	"Contact.OpenAngle":                            {name: "Opening angle", unit: hubs.Degree},
	"OccupancySensing.Occupancy":                   {name: "Occupancy", class: hubs.Occupancy, lead: true},
	"OccupancySensing.HoldTime":                    {name: "Hold time", role: hubs.Config},
	"HumanPresence.Presence":                       {name: "Presence", class: hubs.Occupancy, lead: true, on: []string{"human_detected"}, off: []string{"no_human_detected"}},
	"HumanPresence.HoldTime":                       {name: "Hold time", role: hubs.Config},
	"DoorLock.LockState":                           {name: "Lock state"},
	"DoorLock.DoorState":                           {name: "Door state"},
	"DoorLock.EnableRemoteControl":                 {name: "Remote control", role: hubs.Config},
	"ValveControl.CurrentValveState":               {name: "Valve", class: hubs.OpeningClass, lead: true, on: []string{"open"}, off: []string{"closed"}},
	"ValveControl.RemainingDuration":               {name: "Remaining time", class: hubs.Duration, unit: hubs.Second},
	"ValveControl.DefaultOpenDuration":             {name: "Opening time", class: hubs.Duration, unit: hubs.Second, role: hubs.Config},
	"Flow.CurrentFlow":                             {name: "Flow", class: hubs.VolumeFlow, unit: hubs.CubicMeterH, lead: true},
	"BasicInformation.ChipTemperature":             {name: "Chip temperature", class: hubs.Temperature, unit: hubs.Celsius, role: hubs.Diagnostic, hidden: true},
	"NetworkCommissioning.WiFiRSSI":                {name: "Wi-Fi signal", class: hubs.SignalStrength, unit: hubs.DBm, role: hubs.Diagnostic, hidden: true},
	"Output.StartUpOnOff":                          {name: "Power-on behavior", role: hubs.Config},
	"Output.OutputNodeMode":                        {name: "Output mode", role: hubs.Config},
	"Output.OutputSwitchingType":                   {name: "Switching type", role: hubs.Config},
	"LevelControl.OnTransitionTime":                {name: "On transition time", unit: hubs.Millisecond, role: hubs.Config, hidden: true},
	"LevelControl.OffTransitionTime":               {name: "Off transition time", unit: hubs.Millisecond, role: hubs.Config, hidden: true},
	"ColorControl.StartUpColorTemperature":         {name: "Power-on color temperature", unit: hubs.Mired, role: hubs.Config, hidden: true},
	"ColorControl.LightingMusicSyncEnable":         {name: "Music sync", role: hubs.Config},
	"ColorControl.LightingMusicSyncMode":           {name: "Music sync mode", role: hubs.Config},
	"WindowCovering.WindowCoveringType":            {name: "Covering type", role: hubs.Config, hidden: true},
	"WindowCovering.MotorDirectionReversed":        {name: "Motor reversed", role: hubs.Config},
	"WindowCovering.MotorSpeedSetting":             {name: "Motor speed", role: hubs.Config},
	"WindowCovering.MotorSpeedPercentage":          {name: "Motor speed", unit: hubs.Percent, role: hubs.Config},
	"WindowCovering.WindowCoveringMotorsBinding":   {name: "Motors bound", role: hubs.Config},
	"HeaterCooler.AntiFreezeTemperature":           {name: "Frost protection temperature", class: hubs.Temperature, unit: hubs.Celsius, role: hubs.Config},
	"HeaterCooler.CurrentTemperatureCalibration":   {name: "Temperature calibration", unit: hubs.Celsius, role: hubs.Config},
	"FanControl.WindSetting":                       {name: "Wind mode"},
	"FreshAirControl.FreshAirMode":                 {name: "Fresh air mode"},
	"Speaker.Volume":                               {name: "Volume", unit: hubs.Percent},
	"Speaker.Mute":                                 {name: "Mute"},
	"MediaPlayback.TargetPlaybackState":            {name: "Playback command"},
	"MediaPlayback.CurrentPlaybackState":           {name: "Playback state"},
	"MediaPlayback.MediaInformation":               {name: "Now playing"},
	"MediaPlayback.PlaybackMode":                   {name: "Playback mode"},
	"OperationalState.OperationalState":            {name: "State", lead: true},
	"OperationalState.OperationalError":            {name: "Error", role: hubs.Diagnostic},
	"VacuumOperationalState.VacuumOperationalState": {
		name: "State", lead: true,
	},
	"VacuumOperationalState.VacuumOperationalError": {name: "Error", role: hubs.Diagnostic},
	"Sweeper.SweeperState":                          {name: "State", lead: true},
	"AttitudeDetection.AttitudeDetected":            {name: "Attitude", lead: true},
	"Sleep.SleepState":                              {name: "Sleep state", lead: true},
	"Sleep.SleepStage":                              {name: "Sleep stage"},
	"Sleep.OnBed":                                   {name: "On bed", class: hubs.Occupancy},
	"Cube.TopFace":                                  {name: "Top face"},
	"Vibration.StationaryState":                     {name: "Moving", class: hubs.Moving, on: []string{"in_motion"}, off: []string{"stationary"}},
	"Vibration.ObjectOrientationState":              {name: "Orientation"},
	"HEPAFilterMonitoring.Condition":                {name: "HEPA filter", unit: hubs.Percent, role: hubs.Diagnostic},
	"HEPAFilterMonitoring.ChangeIndication":         {name: "HEPA filter state", role: hubs.Diagnostic},
	"ActivatedCarbonFilterMonitoring.Condition":     {name: "Carbon filter", unit: hubs.Percent, role: hubs.Diagnostic},
	"ActivatedCarbonFilterMonitoring.ChangeIndication": {
		name: "Carbon filter state", role: hubs.Diagnostic,
	},
	"BinaryInputObject.BinaryInputPV":                 {name: "Input", lead: true},
	"BinaryOutputObject.BinaryOutputPV":               {name: "Output", lead: true},
	"AnalogInputObject.AnalogInputPV":                 {name: "Input", lead: true},
	"AnalogOutputObject.AnalogOutputPV":               {name: "Output", lead: true},
	"MultiStateInputObject.MultiStateInputPV":         {name: "Input", lead: true},
	"MultiStateOutputObject.MultiStateOutputPV":       {name: "Output", lead: true},
	"CharacterStringValueObject.CharStringValuePV":    {name: "Text", lead: true},
	"IRControl.IRKey":                                 {name: "Infrared key", lead: true},
	"IRControl.IRType":                                {name: "Infrared device type", role: hubs.Config},
	"PetFeeder.Feed":                                  {name: "Feeding"},
	"Camera.CameraActiveStatus":                       {name: "Camera", lead: true},
	"TemperatureControl.SetTemperature":               {name: "Target temperature", class: hubs.Temperature, unit: hubs.Celsius},
	"Button.ButtonEvent":                              {name: "Button", class: hubs.ButtonClass, lead: true},
	"Button.LocalControlDisabled":                     {name: "Local control disabled", role: hubs.Config},
	"Doorbell.ButtonEvent":                            {name: "Doorbell", class: hubs.Doorbell, lead: true},
	"Doorbell.Volume":                                 {name: "Volume", unit: hubs.Percent, role: hubs.Config},
	"Cube.CubeEvent":                                  {name: "Cube", lead: true},
	"Cube.TopFaceChanged":                             {name: "Top face changed"},
	"Vibration.VibrationEvent":                        {name: "Vibration", lead: true},
	"Knob.RotationEvent":                              {name: "Knob", lead: true},
	"Location.MotionDetected":                         {name: "Movement", lead: true},
	"WindowCovering.ManualPullEvent":                  {name: "Pulled by hand"},
	"FlameDetection.FlameDetected":                    {name: "Flame", lead: true},
	"DoorLock.LockOperation":                          {name: "Lock operation"},
	"DoorLock.LockOperationError":                     {name: "Lock operation error"},
	"DoorLock.LockUserChange":                         {name: "Lock user change"},
	"DoorLock.DoorLockAlarm":                          {name: "Lock alarm"},
	"HumanPresence.ActivityDetected":                  {name: "Activity", hidden: true},
	"DeviceAnomalyMonitoring.OverloadProtectionState": {name: "Overload", class: hubs.Problem, role: hubs.Diagnostic},
}

// structEvents are the pushed traits that hold an object: the one type of their event.
var structEvents = map[string]string{
	"DoorLock.LockOperation":      "operation",
	"DoorLock.LockOperationError": "operation_error",
	"DoorLock.LockUserChange":     "user_change",
	"DoorLock.DoorLockAlarm":      "alarm",
}

// eventData are the pushed traits that say more about an event of the same push.
var eventData = map[string]bool{
	"Knob.RotationAngle": true, "Knob.InvertedRotationAngle": true, "Knob.HoldRotationAngle": true,
	"Knob.RotationDirection": true, "Knob.RotationInterval": true, "Knob.HoldRotationInterval": true,
}

// skippedFunctions are plumbing that nobody can use; those whose names end in
// Coordination or Diagnostics are too.
var skippedFunctions = map[string]bool{
	"Descriptor": true, "EndpointLabel": true, "Identify": true, "PTZ": true, "PanTilt": true,
}

// skippedTraits are the device's own description, which is shown as such, and noise.
var skippedTraits = map[string]bool{
	"BasicInformation.ProductName": true, "BasicInformation.VendorName": true, "BasicInformation.ModelValue": true,
	"BasicInformation.HardwareVersionString": true, "BasicInformation.HardwareVersion": true,
	"BasicInformation.FirmwareRevisionString": true, "BasicInformation.FirmwareRevision": true,
	"BasicInformation.Mac": true, "BasicInformation.SerialNumber": true, "BasicInformation.DeviceID": true,
	"BasicInformation.Reachable": true, "BasicInformation.SupportedMatterRoles": true,
	"OccupancySensing.OccupancySensorType": true,
	"Camera.CameraRTSPURL":                 true, // it may hold a password
}

// enums are the words of enumerations whose list a device leaves out.
var enums = map[string]map[int]string{
	"LockState":                     {0: "NotFullyLocked", 1: "Locked", 2: "Unlocked"},
	"DoorState":                     {0: "DoorOpen", 1: "DoorClosed", 2: "DoorJammed", 3: "DoorForcedOpen", 4: "DoorUnspecifiedError", 5: "DoorAjar"},
	"ButtonEvent":                   {0: "SinglePress", 1: "DoublePress", 2: "LongPress", 3: "LongPressRelease"},
	"RotationEvent":                 {0: "Rotate", 1: "HoldToRotate", 2: "InvertedRotate"},
	"RotationDirection":             {0: "Clockwise", 1: "CounterClockwise"},
	"CubeEvent":                     {0: "Flip90", 1: "Flip180", 2: "Push", 3: "TapTwice", 4: "Shake", 5: "Swing", 6: "Rotate", 7: "TriggeredAfter1Minute", 10: "PickUpHold"},
	"VibrationEvent":                {0: "ThreeKnocks", 1: "Move", 2: "Vibrate", 3: "Tilt", 4: "FreeFall"},
	"MotionDetected":                {0: "Enter", 1: "Left", 2: "LeftIn", 3: "RightOut", 4: "RightIn", 5: "LeftOut", 6: "Access", 7: "Away"},
	"HeaterCoolerMode":              {0: "Cool", 1: "Heat", 2: "Auto", 3: "Fan", 4: "Dry", 5: "Sleep", 6: "FreshAir", 7: "FloorHeat", 8: "HeatandFloorHeat", 9: "FloorHeatandFreshAir", 10: "EmergencyHeat", 11: "Precooling", 12: "Off", 13: "Manual", 14: "AntiFreeze"},
	"FanMode":                       {0: "Off", 1: "LowSpeed", 2: "MediumSpeed", 3: "HighSpeed", 4: "Auto", 5: "Smart"},
	"RockSetting":                   {0: "Off", 1: "RockLeftRight", 2: "RockUpDown", 3: "RockRound", 4: "Swing", 5: "FixedDirection", 21: "Fixed"},
	"WindSetting":                   {0: "Normal", 1: "Sleep", 2: "Natural"},
	"AirflowDirection":              {0: "Forward", 1: "Reverse"},
	"FreshAirMode":                  {0: "Manual", 1: "Auto", 2: "Exhaust", 3: "HeatExchange", 4: "InternalCirculation", 5: "ExternalCirculation", 6: "PowerSaving", 7: "Strong", 8: "FreshAir", 9: "Bypass"},
	"MotorOperationStatus":          {0: "Closing", 1: "Opening", 2: "Stopped", 3: "ObstacleStop", 4: "ObstacleLimitAutoRebound"},
	"CurrentGarageDoorState":        {1: "Unknown", 2: "Open", 3: "Closed", 4: "Opening", 5: "Closing", 6: "NotFullyOpen", 7: "NotFullyClosed"},
	"TargetGarageDoorState":         {0: "Closed", 1: "Open"},
	"CurrentValveState":             {0: "Closed", 1: "Open", 2: "Transitioning"},
	"ColorMode":                     {0: "HSV", 1: "XY", 2: "ColorTemperature"},
	"StartUpOnOff":                  {0: "Off", 1: "On", 2: "Toggle", 3: "Hold"},
	"StateOfLowBat":                 {0: "False", 1: "True", 2: "Critical"},
	"BatChargeState":                {0: "Unknown", 1: "Charging", 2: "Full", 3: "NotCharging", 4: "NotChargeable"},
	"PowerMode":                     {0: "Unknown", 1: "Mains", 2: "Battery", 3: "DCSource", 4: "ACSource"},
	"Presence":                      {0: "Unknown", 1: "NoHumanDetected", 2: "HumanDetected"},
	"AirQuality":                    airQuality,
	"VOCQuality":                    airQuality,
	"PM2.5Level":                    airQuality,
	"CO2Level":                      {0: "Excellent", 1: "LightPollution", 2: "HeavyPollution"},
	"ExpressedState":                {0: "Normal", 1: "SmokeAlarm", 2: "COAlarm", 3: "BatteryAlert", 4: "Testing", 5: "HardwareFault", 6: "EndOfService", 7: "InterconnectSmoke", 8: "InterconnectCO"},
	"SmokeState":                    {0: "Normal", 1: "Warning", 2: "Critical"},
	"TargetPlaybackState":           {0: "Play", 1: "Pause", 2: "Stop", 3: "StartOver", 4: "FastForward", 5: "Rewind", 6: "Previous", 7: "Next", 8: "PlaySpecificList"},
	"CurrentPlaybackState":          {0: "Playing", 1: "Paused", 2: "Stopped", 3: "Buffering", 4: "FastForwarding", 5: "Rewinding"},
	"PlaybackMode":                  {0: "Shuffle", 1: "Order", 2: "SingleCycle", 3: "AllCycle"},
	"OperationalState":              {0: "Stopped", 1: "Running", 2: "Paused", 3: "Error"},
	"VacuumOperationalState":        {0: "Stopped", 1: "Running", 2: "Paused", 3: "Error", 64: "SeekingCharger", 65: "Charging", 66: "Docked"},
	"SweeperState":                  {0: "Cleaning", 1: "Paused", 2: "NotCleaning"},
	"IRType":                        {0: "AirConditioner", 1: "TV", 2: "Fan", 3: "TVBox", 4: "Projector", 5: "SettopBox", 6: "DVD", 7: "Heater", 8: "AirPurifier", 9: "Speaker", 10: "Lighting", 11: "Camera", 12: "Customize"},
	"SleepState":                    {0: "Unknown", 1: "Awake", 2: "Sleep"},
	"SleepStage":                    {0: "LightSleep", 1: "DeepSleep", 2: "REM"},
	"AttitudeDetected":              {0: "Normal", 1: "FallDown", 2: "SuspectedFall"},
	"FlameDetected":                 {1: "FlameDetected"},
	"ObjectOrientationState":        {1: "HorizontalUp", 2: "HorizontalDown", 3: "Vertical", 4: "Tilted"},
	"StationaryState":               {0: "InMotion", 1: "Stationary"},
	"LightingDynamicSceneMode":      {0: "Breath", 1: "ForwardRainbow", 2: "WaterFlow", 3: "Flicker", 4: "Jump", 5: "ReverseRainbow", 6: "Floating", 7: "Running"},
	"WindowCoveringOpenOrientation": {0: "LeftRight", 1: "LeftToRight", 2: "RightToLeft", 3: "Up", 4: "Horizontal", 5: "Vertical"},
	"WindowCoveringType": {
		0: "RollerShade", 1: "VenetianBlind", 2: "ShangrilaBlind", 3: "ZebraBlind", 4: "Curtain", 5: "VerticalVenetianBlind",
		31: "RomanShade", 32: "BalloonShade", 33: "WovenWood", 34: "PleatedShade", 35: "CellularShade", 36: "LayeredShade",
		37: "LayeredShade2D", 38: "SheerShade", 39: "TiltOnlyInteriorBlind", 40: "InteriorBlind",
		41: "VerticalBlindStripCurtain", 42: "InteriorVenetianBlind", 43: "ExteriorVenetianBlind",
		44: "LateralLeftCurtain", 45: "LateralRightCurtain", 46: "CentralCurtain", 47: "RollerShutter",
		48: "ExteriorVerticalScreen", 49: "AwningTerracePatio", 50: "AwningVerticalScreen", 51: "TiltOnlyPergola",
		52: "SwingingShutter", 53: "SlidingShutter", 255: "Unknown",
	},
	"ChangeIndication": {0: "OK", 1: "Warning", 2: "Critical"},
}

var airQuality = map[int]string{0: "Unknown", 1: "Excellent", 2: "Good", 3: "Fair", 4: "Inferior", 5: "Poor"}

// coverClasses go by the number of WindowCoveringType.
var coverClasses = map[int]hubs.Class{
	4: hubs.Curtain, 41: hubs.Curtain, 44: hubs.Curtain, 45: hubs.Curtain, 46: hubs.Curtain,
	1: hubs.Blind, 2: hubs.Blind, 5: hubs.Blind, 39: hubs.Blind, 40: hubs.Blind, 42: hubs.Blind, 43: hubs.Blind,
	0: hubs.Shade, 3: hubs.Shade, 31: hubs.Shade, 32: hubs.Shade, 33: hubs.Shade, 34: hubs.Shade, 35: hubs.Shade,
	36: hubs.Shade, 37: hubs.Shade, 38: hubs.Shade,
	47: hubs.Shutter, 52: hubs.Shutter, 53: hubs.Shutter,
	49: hubs.Awning, 50: hubs.Awning, 51: hubs.Awning,
}

// climateModes are the words of HeaterCoolerMode that are modes; the others are presets.
var climateModes = map[string]string{
	"cool": "cool", "heat": "heat", "auto": "auto", "fan": "fan_only", "dry": "dry", "off": "off",
	"floor_heat": "heat", "heatand_floor_heat": "heat", "emergency_heat": "heat", "manual": "heat",
	"cooling": "cool", "heating": "heat", "fan_only": "fan_only", "fan_wind": "fan_only", "dehumidify": "dry",
}

// fanWords are the words of FanMode in the neutral spelling.
var fanWords = map[string]string{"low_speed": "low", "medium_speed": "medium", "high_speed": "high", "middle": "medium"}
