package aqara

import "github.com/hub2mqtt/hub2mqtt/hubs"

// detailRules are about the settings and details of devices, most of which few people
// look at.
var detailRules = map[string]rule{
	"BasicInformation.HubConnectionStatus":               {name: "Hub connection", role: hubs.Diagnostic, hidden: true},
	"PowerSource.BatReplacementDescription":              {name: "Battery type", role: hubs.Diagnostic, hidden: true},
	"PowerSource.BatReplaceability":                      {name: "Battery replaceability", role: hubs.Diagnostic, hidden: true},
	"PowerSource.WiredPresent":                           {name: "Wired power present", role: hubs.Config, hidden: true},
	"PowerSource.Rechargeable":                           {name: "Rechargeable", role: hubs.Diagnostic, hidden: true},
	"Output.OutputInterlockFlag":                         {name: "Interlock", role: hubs.Config, hidden: true},
	"ColorControl.StartUpXYColor":                        {name: "Power-on color", role: hubs.Diagnostic, hidden: true},
	"Lighting.CurrentEffectID":                           {name: "Effect number", role: hubs.Diagnostic, hidden: true},
	"WindowCovering.WindowCoveringCategory":              {name: "Covering category", role: hubs.Diagnostic, hidden: true},
	"WindowCovering.UnconfiguredTravelControlPermission": {name: "Moves without limits", role: hubs.Diagnostic, hidden: true},
	"WindowCovering.LimitPointSetting":                   {name: "Limit setting", role: hubs.Config, hidden: true},
	"WindowCovering.LimitPointCount":                     {name: "Limits set", role: hubs.Diagnostic, hidden: true},
	"WindowCovering.ObstacleLimitMarkingBlockTime":       {name: "Obstacle block time", role: hubs.Config, hidden: true},
	"WindowCovering.ObstacleLimitMarkingEnable":          {name: "Obstacle marking", role: hubs.Config, hidden: true},
	"WindowCovering.ObstacleLimitSensitivity":            {name: "Obstacle sensitivity", role: hubs.Config},
	"WindowCovering.ObstacleLimitAutoReboundEnable":      {name: "Rebound at obstacles", role: hubs.Config},
	"WindowCovering.ManualPullStartStopEnabled":          {name: "Pull by hand", role: hubs.Config},
	"WindowCovering.ManualPullStartEnabled":              {name: "Pull to start", role: hubs.Config},
	"WindowCovering.ManualPullStopEnabled":               {name: "Pull to stop", role: hubs.Config},
	"WindowCovering.ManualPullAdaptiveSpeedEnabled":      {name: "Speed as pulled", role: hubs.Config, hidden: true},
	"WindowCovering.TripTime":                            {name: "Travel time", class: hubs.Duration, unit: hubs.Second, role: hubs.Diagnostic, hidden: true},
	"WindowCovering.TravelConfigured":                    {name: "Travel configured", role: hubs.Diagnostic, hidden: true},
	"WindowCovering.MotorControllability":                {name: "Motor ready", role: hubs.Diagnostic, hidden: true},
	"WindowCovering.WindowCoveringOpenOrientation":       {name: "Opening direction", role: hubs.Config, hidden: true},
	"Lifter.TripTime":                                    {name: "Travel time", class: hubs.Duration, unit: hubs.Second, role: hubs.Diagnostic, hidden: true},
	"HeaterCooler.Preset":                                {name: "Presets", role: hubs.Diagnostic, hidden: true},
	"HeaterCooler.PresetTypes":                           {name: "Preset types", role: hubs.Diagnostic, hidden: true},
	"HeaterCooler.NumberOfPresets":                       {name: "Number of presets", role: hubs.Config, hidden: true},
	"HeaterCooler.ActivePresetHandle":                    {name: "Active preset", role: hubs.Config, hidden: true},
	"HeaterCooler.SetBack":                               {name: "Setback", unit: hubs.Celsius, role: hubs.Config},
	"HeaterCooler.MinHeatCoolDeadBand":                   {name: "Dead band", unit: hubs.Celsius, role: hubs.Config},
	"HeaterCooler.HeaterCoolerButtonEvent":               {name: "Thermostat button", role: hubs.Diagnostic, hidden: true},
	"HeaterCooler.TemperatureUIDisplayMode":              {name: "Display unit", role: hubs.Config},
	"HeaterCooler.HeaterCoolerPolarity":                  {name: "Valve polarity", role: hubs.Config, hidden: true},
	"TemperatureControl.SetTemperatureLevel":             {name: "Temperature level"},
	"DoorLock.SupportedRemoteFeatures":                   {name: "Remote features", role: hubs.Diagnostic, hidden: true},
	"DoorLock.RemoteControlWithAuthCode":                 {name: "Remote control with code", role: hubs.Config, hidden: true, secret: true},
	"OccupancySensing.DurationOccupiedWithinOneDay":      {name: "Occupied today", class: hubs.Duration, unit: hubs.Millisecond, hidden: true},
	"OccupancySensing.DurationOccupiedWithinOneWeek":     {name: "Occupied this week", class: hubs.Duration, unit: hubs.Millisecond, hidden: true},
	"HumanPresence.PresenceConfiguration":                {name: "Presence configuration", role: hubs.Diagnostic, hidden: true},
	"Illuminance.SamplingInterval":                       {name: "Sampling interval", role: hubs.Config, hidden: true},
	"Smoke.FireProductIdentification":                    {name: "Fire product", role: hubs.Diagnostic, hidden: true},
	"Smoke.SmokeChamberContamination":                    {name: "Chamber contamination", role: hubs.Diagnostic},
	"Smoke.ContaminationState":                           {name: "Contaminated", role: hubs.Diagnostic},
	"Smoke.AlarmError":                                   {name: "Alarm error", role: hubs.Diagnostic, hidden: true},
	"Smoke.SelfCheck":                                    {name: "Self-check", role: hubs.Config},
	"Smoke.AlarmsEnabled":                                {name: "Alarms enabled", role: hubs.Config},
	"Smoke.Mute":                                         {name: "Mute", role: hubs.Config},
	"Smoke.EnableHeartbeatIndicator":                     {name: "Heartbeat light", role: hubs.Config},
	"Gas.SelfCheck":                                      {name: "Self-check", role: hubs.Config},
	"Gas.Mute":                                           {name: "Mute", role: hubs.Config},
	"Vibration.TiltAngleDeviation":                       {name: "Tilt deviation", unit: hubs.Degree},
	"Vibration.InitialTiltAngle":                         {name: "Initial tilt", unit: hubs.Degree, hidden: true},
	"Vibration.StationaryTiltAngle":                      {name: "Tilt", unit: hubs.Degree},
	"Vibration.PeakTiltAngle":                            {name: "Peak tilt", unit: hubs.Degree},
	"Vibration.EventReportInterval":                      {name: "Report interval", class: hubs.Duration, unit: hubs.Second, role: hubs.Config},
	"Vibration.ObjectOrientationEnable":                  {name: "Orientation detection", role: hubs.Config},
	"Vibration.ObjectMotionDetectionEnable":              {name: "Motion detection", role: hubs.Config},
	"Cube.CubeWorkModeSetting":                           {name: "Work mode", role: hubs.Config},
	"Speaker.StepValue":                                  {name: "Volume step", unit: hubs.Percent, role: hubs.Config, hidden: true},
	"MediaPlayback.PlaybackDuration":                     {name: "Length", class: hubs.Duration, unit: hubs.Millisecond, hidden: true},
	"MediaPlayback.SampledPosition":                      {name: "Position", class: hubs.Duration, unit: hubs.Millisecond, hidden: true},
	"MediaPlayback.PlaybackSampledPosition":              {name: "Playback position", unit: hubs.Millisecond, hidden: true},
	"MediaPlayback.LoginState":                           {name: "Login state", role: hubs.Diagnostic, hidden: true},
	"MediaPlayback.SelectedMediaOutputSource":            {name: "Output"},
	"MediaPlayback.SelectedSource":                       {name: "Source"},
	"Mode.CurrentMode":                                   {name: "Mode"},
	"Mode.ChangeToModeResponse":                          {name: "Mode change", role: hubs.Diagnostic, hidden: true},
	"Sleep.SleepQuality":                                 {name: "Sleep quality"},
	"Camera.CameraRTSPEnable":                            {name: "RTSP stream", role: hubs.Config},
	"Camera.P2PCaptureStatus":                            {name: "Capture", role: hubs.Config, hidden: true},
	"Camera.P2PCaptureEnabled":                           {name: "Capture enabled", role: hubs.Diagnostic, hidden: true},
	"EVSE.EvseState":                                     {name: "State", lead: true},
	"EVSE.EvseSupplyState":                               {name: "Supply"},
	"EVSE.EvseFaultState":                                {name: "Fault", role: hubs.Diagnostic},
	"EVSE.MinChargeCurrent":                              {name: "Lowest current", class: hubs.Current, unit: hubs.Ampere},
	"EVSE.MaxChargeCurrent":                              {name: "Highest current", class: hubs.Current, unit: hubs.Ampere},
	"EVSE.ChargingEnabledUntil":                          {name: "Charging enabled until", hidden: true},
	"EVSE.BatteryCapacity":                               {name: "Battery capacity", hidden: true},
	"EVSE.CurrentFlow":                                   {name: "Flow", hidden: true},
	"EVSE.VehicleID":                                     {name: "Vehicle", role: hubs.Diagnostic, hidden: true},
}

// ruleOf finds what is known of a trait.
func ruleOf(code string) (rule, bool) {
	r, ok := rules[code]
	if !ok {
		r, ok = detailRules[code]
	}
	return r, ok
}

// orderRules are the orders without fields that become buttons.
var orderRules = map[string]rule{
	"Smoke.SelfTestRequest":               {name: "Self-test", role: hubs.Diagnostic},
	"Smoke.TriggerWarning":                {name: "Trigger warning", role: hubs.Diagnostic, hidden: true},
	"CO.SelfTestRequest":                  {name: "Self-test", role: hubs.Diagnostic},
	"HEPAFilterMonitoring.ResetCondition": {name: "Reset HEPA filter", role: hubs.Config},
	"ActivatedCarbonFilterMonitoring.ResetCondition": {
		name: "Reset carbon filter", role: hubs.Config,
	},
	"HumanPresence.ResetPresence":    {name: "Reset presence", role: hubs.Config},
	"GarageDoorOpener.Toggle":        {name: "Toggle garage door", hidden: true},
	"WindowCovering.AutoControl":     {name: "Move on", hidden: true},
	"Lifter.AutoControl":             {name: "Move on", hidden: true},
	"HeaterCooler.ClearActivePreset": {name: "Clear preset", hidden: true},
	"MediaPlayback.Play":             {name: "Play"},
	"MediaPlayback.Pause":            {name: "Pause"},
	"MediaPlayback.Stop":             {name: "Stop"},
	"MediaPlayback.Next":             {name: "Next"},
	"MediaPlayback.Previous":         {name: "Previous"},
	"MediaPlayback.StartOver":        {name: "Start over", hidden: true},
	"MediaPlayback.Rewind":           {name: "Rewind", hidden: true},
	"MediaPlayback.FastForward":      {name: "Fast forward", hidden: true},
	"OperationalState.Start":         {name: "Start"},
	"OperationalState.Stop":          {name: "Stop"},
	"OperationalState.Pause":         {name: "Pause"},
	"OperationalState.Resume":        {name: "Resume"},
	"EVSE.EnableCharging":            {name: "Enable charging"},
	"EVSE.DisableCharging":           {name: "Disable charging"},
}

// orderFunctions are those whose orders the entities of the function give, or which
// nobody should find on a button: the bolts of a lock.
var orderFunctions = map[string]bool{
	"Output": true, "LevelControl": true, "ColorControl": true, "Lighting": true, "WindowCovering": true, "Lifter": true,
	"GarageDoorOpener": true, "ValveControl": true, "HeaterCooler": true, "TemperatureControl": true, "DoorLock": true,
	"Mode": true, "VacuumOperationalState": true, "Sweeper": true, "IRControl": true,
}
