package tuyatest

func machines() []Device {
	return []Device{
		device(
			Vacuum, "Robo", "sd", "v4nxq9dmz7wkt1eo", "Robot vacuum",
			boolean(1, "power_go", ReadWrite, false), boolean(2, "pause", ReadWrite, false),
			boolean(3, "switch_charge", ReadWrite, false),
			enum(4, "mode", ReadWrite, "smart zone pose part chargego", "goto_charge"),
			enum(5, "status", ReadOnly, "standby zone_clean cleaning paused goto_charge charging charge_done sleep", "charge_done"),
			integer(6, "clean_time", ReadOnly, "min", [4]int{0, 9999, 0, 1}, 0),
			integer(7, "clean_area", ReadOnly, "㎡", [4]int{0, 9999, 0, 1}, 0),
			percent(8, "electricity_left", 100),
			enum(9, "suction", ReadWrite, "gentle normal strong", "strong").status(typeEnum, `{"range":["closed","gentle","normal","strong"]}`),
			enum(10, "cistern", ReadWrite, "low middle high", "middle"),
			boolean(11, "seek", ReadWrite, false),
			bytesOf(14, "path_data", ReadWrite, ""),
			integer(17, "edge_brush", ReadOnly, "min", [4]int{0, 9000, 0, 1}, 8944),
			boolean(18, "reset_edge_brush", ReadWrite, false),
			integer(21, "filter", ReadOnly, "min", [4]int{0, 9000, 0, 1}, 8956),
			boolean(22, "reset_filter", ReadWrite, false),
			faults(28, "low_power wheel_trap collision_stuck"),
			integer(31, "total_clean_count", ReadOnly, "", [4]int{0, 99999, 0, 1}, 41),
			integer(26, "volume_set", ReadWrite, "%", [4]int{0, 100, 0, 1}, 95),
		),
		device(
			Valve, "Bewässerung", "sfkzq", "x1mqw5zt", "Valve controller",
			boolean(1, "switch", ReadWrite, false), percent(7, "battery_percentage", 90),
			integer(9, "time_use", ReadOnly, "s", [4]int{0, 2592000, 0, 1}, 14025),
			enum(10, "weather_delay", ReadWrite, "cancel 24h 48h 72h", "cancle"),
			integer(11, "countdown", ReadWrite, "s", [4]int{0, 86400, 0, 1}, 600),
			enum(12, "work_state", ReadOnly, "auto manual idle", "idle"),
			integer(15, "use_time_one", ReadOnly, "s", [4]int{0, 86400, 0, 1}, 2),
		),
		device(
			Feeder, "Katzenfutter", "cwwsq", "c9zkv6xnq3wdt0mb", "Pet feeder",
			bytesOf(1, "meal_plan", ReadWrite, "fwcAAgF/EgABAQ=="),
			integer(3, "manual_feed", ReadWrite, "", [4]int{1, 20, 0, 1}, 1),
			enum(4, "feed_state", ReadOnly, "standby feeding", "standby"),
			percent(11, "battery_percentage", 90),
			boolean(12, "charge_state", ReadOnly, false),
			integer(15, "feed_report", ReadOnly, "", [4]int{0, 20, 0, 1}, 2).sum(),
			boolean(19, "light", ReadWrite, true),
		),
		device(
			Camera, "Kamera Einfahrt", "sp", "d2wnx8qvz6ktm4ya", "Security camera",
			boolean(103, "basic_flip", ReadWrite, false),
			enum(106, "motion_sensitivity", ReadWrite, "0 1 2", 1),
			text(109, "sd_storge", ReadOnly, 255, "30932992|3407872|27525120"),
			integer(110, "sd_status", ReadOnly, "", [4]int{1, 5, 0, 1}, 1),
			boolean(134, "motion_switch", ReadWrite, true),
			boolean(150, "record_switch", ReadWrite, true),
			enum(151, "record_mode", ReadWrite, "1 2", 1),
			bytesOf(154, "doorbell_pic", ReadOnly, ""),
			boolean(159, "siren_switch", ReadWrite, false),
			integer(160, "basic_device_volume", ReadWrite, "", [4]int{1, 10, 0, 1}, 4),
			boolean(162, "device_restart", ReadWrite, false),
			bytesOf(185, "alarm_message", ReadOnly, ""),
		),
	}
}

func others() []Device {
	kettle := device(
		Kettle, "Wasserkocher", "bh", "e0xqw7zmk3tdn5vc", "Kettle",
		boolean(1, "start", ReadWrite, false),
		integer(2, "temp_current", ReadOnly, "℃", [4]int{0, 100, 0, 1}, 24),
		integer(4, "temp_set", ReadWrite, "℃", [4]int{40, 100, 0, 1}, 100),
		enum(15, "status", ReadOnly, "standby heating warm", "standby"),
	)
	kettle.IssueOnly = true

	odd := device(
		Odd, " Eigenbau ", "ygsb", "t6mzx4wqk8ndv2ej", "自制",
		boolean(1, "Power-On.State", ReadWrite, nil),
		integer(2, "level", ReadWrite, "", [4]int{0, 100, 0, 1}, 30).spelt("value", `{"min":0,"max":100}`),
		enum(3, "scene", ReadWrite, "", "").spelt("enum", `{"range":[]}`),
		text(4, "note", ReadWrite, 0, "").spelt("string", ""),
		integer(5, "flow", ReadOnly, "摄氏度", [4]int{0, 1000, 1, 1}, 12).spelt("Integer", `{"unit":"摄氏度","min":`),
		boolean(6, "alert", ReadOnly, nil).spelt("Struct", "{}"),
		object(7, "settings", ReadWrite, "", `{"a":1}`).status(typeString, `{"maxlen":"255"}`),
	)
	odd.Unmodelled, odd.Unlisted, odd.TimeZone = true, true, ""

	hub := device(IRHub, "Fernbedienung Wohnzimmer", "wnykq", "h4vqz9wxm1tkd7no", "Smart IR")
	hub.Remotes = []Remote{
		{
			ID: IRAircon, Name: "Klimaanlage", CategoryID: 5, BrandID: 97, BrandName: "Gree", Index: 10727,
			Keys: []Key{{1, "power", "Power", true}, {9001, "swing", "Swing", false}},
			AC:   &AC{Temp: 24},
		},
		{
			ID: IRTelevision, Name: "Fernseher", CategoryID: 2, BrandID: 12, BrandName: "Samsung", Index: 147,
			Keys: []Key{
				{1, "power", "Power", true},
				{42, "volume+", "Volume +", true},
				{43, "volume-", "Volume -", true},
				{7, "ok", "OK", true},
				{9003, "Netflix", "Netflix", false},
			},
		},
	}
	return []Device{
		kettle, odd, hub,
		device(IRAircon, "Klimaanlage", "infrared_ac", "p8wzq2xk", "Air conditioner").behind(IRHub),
		device(IRTelevision, "Fernseher", "infrared_tv", "g3nqx6wv", "TV").behind(IRHub),
	}
}
