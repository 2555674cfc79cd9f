package tuyatest

func climates() []Device {
	return []Device{
		device(
			Thermostat, "Fußboden Bad", "wk", "c3rwnqe8mk5tx1sz", "Floor thermostat",
			boolean(1, "switch", ReadWrite, true),
			enum(2, "mode", ReadWrite, "auto manual eco", "auto"),
			integer(16, "temp_set", ReadWrite, "℃", [4]int{50, 350, 1, 5}, 225),
			integer(24, "temp_current", ReadOnly, "℃", [4]int{-200, 500, 1, 1}, 213),
			boolean(40, "child_lock", ReadWrite, false),
			boolean(10, "frost", ReadWrite, false),
			enum(36, "valve_state", ReadOnly, "open close", "open"),
			integer(27, "temp_correction", ReadWrite, "℃", [4]int{-9, 9, 0, 1}, 0),
			enum(43, "sensor_choose", ReadWrite, "in al ou", "in"),
			faults(45, "e1 e2 e3"),
		),
		device(
			Radiator, "Heizkörper Gäste", "wkf", "b7ykqa2d", "TRV",
			enum(2, "mode", ReadWrite, "auto manual off", "manual"),
			integer(4, "temp_set", ReadWrite, "℃", [4]int{50, 300, 1, 5}, 190),
			integer(5, "temp_current", ReadOnly, "℃", [4]int{0, 500, 1, 1}, 186),
			boolean(7, "child_lock", ReadWrite, false),
			boolean(8, "window_check", ReadWrite, true),
			enum(14, "window_state", ReadOnly, "close open", "close"),
			percent(13, "battery_percentage", 61),
			enum(3, "work_state", ReadOnly, "opened closed", "closed"),
		).behind(Gateway),
		device(
			Heater, "Heizlüfter", "qn", "n9fxd4zq6wum8hsl", "Heater",
			boolean(1, "switch", ReadWrite, false).thingOnly(),
			integer(2, "temp_set", ReadWrite, "℃", [4]int{5, 35, 0, 1}, 21).thingOnly(),
			enum(5, "level", ReadWrite, "1 2 3", "1").thingOnly(),
		),
		device(
			Aircon, "Klimagerät", "kt", "m1yxt6ndq8ekw0vr", "移动空调 YPK",
			boolean(1, "switch", ReadWrite, false),
			integer(2, "temp_set", ReadWrite, "℃ ℉", [4]int{16, 86, 0, 1}, 23),
			integer(3, "temp_current", ReadOnly, "℃ ℉", [4]int{-7, 98, 0, 1}, 24),
			enum(4, "mode", ReadWrite, "cold hot wet wind auto", "cold"),
			enum(5, "windspeed", ReadWrite, "1 2", 1),
		),
	}
}

func air() []Device {
	return []Device{
		device(
			Fan, "Ventilator", "fs", "t8cgn3rwz7ybx5ko", "Tower fan",
			boolean(1, "switch", ReadWrite, false),
			enum(2, "mode", ReadWrite, "nature sleep fresh", "nature"),
			integer(3, "fan_speed", ReadWrite, "", [4]int{1, 12, 0, 1}, 4),
			boolean(5, "switch_horizontal", ReadWrite, false),
			enum(6, "fan_direction", ReadWrite, "forward reverse", "forward"),
			boolean(9, "light", ReadWrite, false),
			enum(22, "countdown_set", ReadWrite, "cancel 1h 2h 4h", "cancel"),
		),
		device(
			Humidifier, "Befeuchter", "jsq", "k4wzr1lv9ptm2uec", "Humidifier",
			boolean(1, "switch", ReadWrite, true),
			enum(12, "mode", ReadWrite, "auto sleep hand", "auto"),
			integer(13, "humidity_set", ReadWrite, "%", [4]int{30, 80, 0, 5}, 55),
			percent(14, "humidity_current", 47),
			enum(19, "level", ReadWrite, "level_1 level_2 level_3", "level_1"),
			enum(5, "moodlighting", ReadWrite, "1 2 3 4", 2),
			faults(22, "lack_water"),
		),
		device(
			Dehumidifier, "Entfeuchter", "cs", "e6ohb8xjd2qsy4nw", "Dehumidifier ",
			boolean(1, "switch", ReadWrite, true),
			integer(2, "dehumidify_set_value", ReadWrite, "%", [4]int{25, 80, 0, 5}, 47),
			enum(4, "fan_speed_enum", ReadWrite, "low high", "high"),
			percent(6, "humidity_indoor", 56),
			integer(7, "temp_indoor", ReadOnly, "℃", [4]int{-20, 60, 0, 1}, 21),
			boolean(10, "anion", ReadWrite, false),
			boolean(16, "child_lock", ReadWrite, false),
			enum(17, "countdown_set", ReadWrite, "cancel 1h 2h 3h", "cancel"),
			faults(19, "tankfull E1 E2"),
		),
		device(
			Purifier, "Luftreiniger", "kj", "r0vtmz7gq5axd9wl", "Air purifier",
			boolean(1, "switch", ReadWrite, true),
			enum(3, "mode", ReadWrite, "sleep auto", "normal"),
			enum(4, "fan_speed_enum", ReadWrite, "low mid high", "mid"),
			integer(2, "pm25", ReadOnly, "", [4]int{0, 999, 0, 1}, 12),
			percent(5, "filter", 71),
			boolean(11, "filter_reset", ReadWrite, false),
			boolean(7, "lock", ReadWrite, false),
			enum(22, "air_quality", ReadOnly, "great good mild severe", "good"),
			integer(8, "tvoc", ReadOnly, "ppm", [4]int{0, 9999, 2, 1}, 34),
		),
	}
}
