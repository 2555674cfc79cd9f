package aqaratest

func controlDevices() []Device {
	press := enum("ButtonEvent", "P", "SinglePress=0 DoublePress=1 LongPress=2 LongPressRelease=3", nil)
	return []Device{
		product(Cube, "Würfel", "lumi.remote.cagl02", "a1-001", "Cube", battery(100, 3.05), part(2, "Cube", "Cube", function(
			"Cube", enum("CubeEvent", "P", "Flip90=0 Flip180=1 Push=2 TapTwice=3 Shake=4 Swing=5 Rotate=6 TriggeredAfter1Minute=7 PickUpHold=10", nil),
			enum("TopFace", "RP", "Face1=1 Face2=2 Face3=3 Face4=4 Face5=5 Face6=6", "3"),
			enum("TopFaceChanged", "P", "Face1=1 Face2=2 Face3=3 Face4=4 Face5=5 Face6=6", nil),
			enum("CubeWorkModeSetting", "RWP", "Scene=0 Action=1", "1"),
		))),
		product(Knob, "Drehknopf Eßtisch", "lumi.remote.rkba01", "a1-001", "Knob Button", battery(76, 2.97), part(
			2, "Knob", "Knob", function("Button", press), function(
				"Knob", enum("RotationEvent", "P", "Rotate=0 HoldToRotate=1 InvertedRotate=2", nil),
				enum("RotationDirection", "P", "Clockwise=0 CounterClockwise=1", nil),
				float("RotationAngle", "P", -3600, 3600, 0, "°", nil), integer("RotationInterval", "P", 1, 65535, 0, nil),
			),
		)),
		product(Vibration, "Erschütterung Tresor", "lumi.vibration.agl01", "a1-003", "VibrationSensor", battery(88, 2.99), part(
			2, "Vibration", "VibrationSensor", function(
				"Vibration", enum("VibrationEvent", "P", "ThreeKnocks=0 Move=1 Vibrate=2 Tilt=3 FreeFall=4", nil),
				enum("StationaryState", "RP", "InMotion=0 Stationary=1", "1"),
				enum("ObjectOrientationState", "RP", "HorizontalUp=1 HorizontalDown=2 Vertical=3 Tilted=4", "1"),
				float("StationaryTiltAngle", "RP", -180, 180, 0.01, "°", 0.52), integer("EventReportInterval", "RWP", 5, 300, 1, int64(60)),
			),
		)),
		product(Doorbell, "Klingel Straße", "lumi.bell.acn01", "b7-001", "Doorbell", mains(), part(2, "Bell", "Doorbell", function(
			"Doorbell", press, float("Volume", "RWP", 0, 100, 1, "%", 70.0),
		))),
		speakerDevice(), cameraDevice(), sirenDevice(), remoteDevice(),
	}
}

func speakerDevice() Device {
	media := function(
		"MediaPlayback", enum("TargetPlaybackState", "RWP", "Play=0 Pause=1 Stop=2 StartOver=3 Previous=6 Next=7", "2"),
		enum("CurrentPlaybackState", "RP", "Playing=0 Paused=1 Stopped=2 Buffering=3", "2"),
		text("MediaInformation", "RP", ""), enum("PlaybackMode", "RWP", "Shuffle=0 Order=1 SingleCycle=2 AllCycle=3", "1"),
		float("PlaybackDuration", "RP", 0, 7.2e6, 0, "ms", nil), float("SampledPosition", "RP", 0, 7.2e6, 0, "ms", nil),
	).with(command("Play"), command("Pause"), command("Stop"), command("Next"), command("Previous"), command("StartOver"))
	volume := function("Speaker", float("Volume", "RWP", 0, 100, 0, "%", 35.0), boolean("Mute", "RWP", false))
	volume.RepeatID = true
	return Device{ID: Speaker, Name: "Küchenradio", Types: []string{"Speaker"}, Space: "a1-002", Endpoints: []Endpoint{
		{ID: 0, Name: "DeviceObject", Type: "Root"}, part(3, "Multi-stateOutputObject", "Speaker", media, volume),
	}}
}

func cameraDevice() Device {
	return product(Camera, "Kamera Einfahrt", "lumi.camera.acn021", "b7-001", "Camera", mains(), part(
		2, "Camera", "Camera", function(
			"Camera", boolean("CameraActiveStatus", "RWP", true), text("CameraRTSPURL", "RP", ""), boolean("CameraRTSPEnable", "RWP", false),
		), function("FlameDetection", enum("FlameDetected", "P", "FlameDetected=1", nil)),
	))
}

// sirenDevice has functions of which the documentation gives the names only.
func sirenDevice() Device {
	hub := product(Siren, "Hub Dachboden", "lumi.gateway.agl002", "a1-004", "Hub", mains(), part(2, "Hub", "Hub",
		function("Ringtone", enum("RingtoneType", "RWP", "Doorbell=0 Alarm=1 Alarmclock=2", "0"), boolean("RingtoneActive", "RWP", false)),
		function("Speaker", float("Volume", "RWP", 0, 100, 10, "%", 50.0)),
		function("ZigbeeNetworkDiagnostics", integer("LQI", "RP", 0, 255, 0, int64(168)), integer("Channel", "RP", 11, 26, 0, int64(15))),
	))
	// It says that its endpoints are dynamic and then lists none: all are live.
	return hub.rooted(descriptor(int64(1), nil))
}

func remoteDevice() Device {
	return Device{ID: Remote, Name: "Fernbedienung Fernseher", Types: []string{"IRDevice"}, Space: "a1-001", Endpoints: []Endpoint{
		root("virtual.ir.tv", "", "Fernbedienung Fernseher"),
		part(2, "TV", "IRDevice", function(
			"IRControl", enum("IRKey", "W", "Power=0 VolumeUp=1 VolumeDown=2 Mute=3 Menu=4", nil),
			enum("IRType", "RWP", "AirConditioner=0 TV=1 Fan=2 TVBox=3", "1"),
		).with(command("SendIRCode", textField("IRCode", true)))),
	}}
}

func otherDevices() []Device {
	bare := product(Bare, "Neues Gerät", "", "", "Root")
	bare.Endpoints[0].Functions = nil
	away := product(Away, "Fenster Dachboden", "lumi.magnet.agl02", "a1-004", "ContactSensor", battery(3, 2.61), part(
		2, "Contact", "ContactSensor", function("Contact", boolean("ContactSensorState", "RP", true)),
	))
	return []Device{
		gatewayDevice(), lampDevice(), matterDevice(), pointsDevice(), oddDevice(), importedDevice(),
		{ID: Virtual, Name: "Virtueller Schalter", Types: []string{"OnOffSensor", "BinaryInputDevice"}, Endpoints: []Endpoint{
			part(0, "Sensor", "OnOffSensor", function("OnOffSensor", boolean("BooleanState", "RP", true))),
			part(1, "Input", "BinaryInputDevice", function("BinaryInputObject", boolean("BinaryInputPV", "RP", nil))),
		}},
		away, bare,
	}
}

func gatewayDevice() Device {
	return product(Gateway, "Hub M3 Flur", "lumi.gateway.acn012", "a1-004-2", "Hub", mains(), part(2, "Hub", "Hub",
		function("ZigbeeNetworkDiagnostics", integer("Channel", "RP", 11, 26, 0, int64(20))),
		function("Speaker", float("Volume", "RWP", 0, 100, 1, "%", 20.0)),
	)).rooted(function("Diagnostics", float("ChipTemperature", "RP", -50, 1000, 0.01, "℃", 51.25)))
}

func lampDevice() Device {
	return product(Lamp, "Kugelleuchte", "lumi.light.rgb01", "a1-001", "Light", part(
		2, "Light", "Light", onOff(true), function("LevelControl", float("CurrentLevel", "RWP", 1, 100, 1, "%", 30.0)),
		function(
			"ColorControl", enum("ColorMode", "RP", "HSV=0 ColorTemperature=2", "0"), float("Hue", "RWP", 0, 360, 0, "°", 210.0),
			float("Saturation", "RWP", 0, 100, 0, "%", 65.0), integer("ColorTemperature", "RWP", 153, 500, 1, int64(250)),
			enum("LightingDynamicSceneMode", "RWP", "Breath=0 ForwardRainbow=1 WaterFlow=2 Flicker=3", nil),
		).with(command("MoveToHueAndSaturation", rangedField("Hue", "Float", 0, 360), rangedField("Saturation", "Float", 0, 100))),
	))
}

func matterDevice() Device {
	return matter(product(Matter, "Matter-Leuchte Flur", "aqara.matter.4476_33", "a1-004-2", "Light", part(
		2, "Light", "Light", function("Output", boolean("OnOff", "RWP", false)), function("LevelControl", float("CurrentLevel", "RWP", 1, 100, 0, "%", 100.0)),
		function(
			"ColorControl", enum("ColorMode", "RP", "XY=1 ColorTemperature=2", "1"), integer("CurrentX", "RWP", 0, 65279, 0, int64(20493)),
			integer("CurrentY", "RWP", 0, 65279, 0, int64(21561)),
		),
	), part(3, "Night light", "Light", function("Output", boolean("OnOff", "RWP", nil)))), "[0,2]")
}

func pointsDevice() Device {
	return Device{ID: Points, Name: "Gebäudetechnik, Punkte 1–7", Space: "a1-005", Types: []string{
		"BinaryInputDevice", "BinaryOutputDevice", "AnalogInputDevice", "AnalogOutputDevice", "MultiStateInputDevice", "MultiStateOutputDevice",
		"CharStringValueDevice",
	}, Endpoints: []Endpoint{
		part(0, "DeviceObject", "Root"),
		part(1, "BI-1", "BinaryInputDevice", function("BinaryInputObject", boolean("BinaryInputPV", "RP", true))),
		part(2, "BO-1", "BinaryOutputDevice", function("BinaryOutputObject", boolean("BinaryOutputPV", "RWP", false))),
		part(3, "AI-1", "AnalogInputDevice", function("AnalogInputObject", unbounded("AnalogInputPV", "Float", "RP", 17.25))),
		part(4, "AO-1", "AnalogOutputDevice", function("AnalogOutputObject", unbounded("AnalogOutputPV", "Float", "RWP", 42.0))),
		part(5, "MI-1", "MultiStateInputDevice", function("MultiStateInputObject", unbounded("MultiStateInputPV", "Integer", "RP", int64(2)))),
		part(6, "MO-1", "MultiStateOutputDevice", function("MultiStateOutputObject", unbounded("MultiStateOutputPV", "Integer", "RWP", int64(1)))),
		part(7, "CSV-1", "CharStringValueDevice", function("CharacterStringValueObject", text("CharStringValuePV", "RWP", "Störung: keine"))),
	}, Nulls: true}
}

// oddDevice has nothing that any documentation names.
func oddDevice() Device {
	return Device{ID: Oddity, Name: "Aquarium", Types: []string{"Aquarium"}, Space: "a1-001", Endpoints: []Endpoint{
		root("virtual.aquarium.v7", "", "Aquarium"),
		part(2, "Tank", "Aquarium", function(
			"WaterChemistry",
			float("PH", "RP", 0, 14, 0.01, "pH", 7.14), integer("FishCount", "RWP", 0, 99, 1, int64(11)), boolean("PumpFault", "RP", false),
			enum("TankState", "RWP", "Calm=0 Feeding=1 Cleaning=2", "0"), text("Note", "RWP", "Skalar trägt Laich"),
			trait("Mixture", param("Struct", "RWP"), `{"salt":1.2,"co2":{"ppm":18}}`), trait("Feedings", param("List[Integer]", "RP"), "[7,19]"),
			trait("Image", param("Data", "RP"), "0x01AB3F"), trait("Schedule", param("List[Struct]", "RP"), nil),
		).with(command("FeedNow", optional("Portions", "Integer")))),
	}}
}

func importedDevice() Device {
	return Device{ID: Imported, Name: "Home Assistant Stehlampe", Types: []string{"Light"}, Endpoints: []Endpoint{
		part(1, "Light", "Light", function("Output", boolean("OnOff", "RWP", false)), function("LevelControl", float("CurrentLevel", "RWP", 1, 100, 0, "", nil))),
	}}
}
